//! dvcbtxh: attachments, whole and in parts, and what is counted of them.

use super::btxh::kinds;
use super::*;

fn get(nation: &mut Nation, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request { method: "GET".to_owned(), ..Request::post(path, "sandbox", "") };
    request.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    nation.handle(&request, NOW)
}

fn counted(nation: &Nation) -> AttachmentsReport {
    nation.report().portals["dvcbtxh"].attachments
}

fn fault(nation: &mut Nation, kind: FaultKind) {
    nation.add_fault(Fault::new(Operation::Fetch, kind).of(System::Dvcbtxh)).unwrap();
}

fn all(reply: &Reply) -> Vec<u8> {
    reply.bytes(usize::MAX)
}

#[test]
fn every_address_has_its_content() {
    let mut nation = Nation::default();
    let mut sizes = std::collections::HashSet::new();
    for at in 0..50 {
        let reply = get(&mut nation, &format!("/tep/h%E1%BB%93-s%C6%A1/{at}.pdf"), &[]);
        let bytes = all(&reply);
        assert!(bytes.starts_with(b"%PDF-1.7\n") && bytes.ends_with(b"%%EOF\n"));
        assert!((1 << 10..=200 << 10).contains(&bytes.len()), "{}", bytes.len());
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/pdf")));
        sizes.insert(bytes.len());
    }
    assert!(sizes.len() > 40);
    assert_eq!(all(&get(&mut nation, "/tep/lon/a", &[])).len(), 30 << 20);
    assert!(all(&get(&mut nation, "/tep/html/a", &[])).starts_with(b"<!DOCTYPE html>"));
    assert!(String::from_utf8_lossy(&all(&get(&mut nation, "/tep/virus/a", &[]))).contains("EICAR-THU"));
    assert_eq!(all(&get(&mut nation, "/tep/chung/a", &[])), all(&get(&mut nation, "/tep/chung/b", &[])));
    assert_ne!(all(&get(&mut nation, "/tep/a", &[])), all(&get(&mut nation, "/tep/b", &[])));
    assert_eq!((counted(&nation).paths, counted(&nation).repeated, kinds(&nation)), (57, 0, vec![]));
}

#[test]
fn parts() {
    let mut nation = Nation::default();
    let whole = get(&mut nation, "/tep/a", &[]);
    let (bytes, tag) = (all(&whole), whole.header("etag").unwrap().to_owned());
    let length = bytes.len();
    let rest = get(&mut nation, "/tep/a", &[("Range", "bytes=500-"), ("If-Range", &tag)]);
    assert_eq!((rest.status, all(&rest).as_slice()), (206, &bytes[500..]));
    let told = format!("bytes 500-{}/{length}", length - 1);
    assert_eq!((rest.header("content-range"), rest.header("etag")), (Some(told.as_str()), Some(tag.as_str())));
    assert_eq!(all(&get(&mut nation, "/tep/a", &[("Range", "bytes=5-9")])), &bytes[5..10]);
    let beyond = get(&mut nation, "/tep/a", &[("Range", &format!("bytes={length}-"))]);
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some(format!("bytes */{length}").as_str())));
    for headers in [[("Range", "bytes=500-"), ("If-Range", "\"x\"")], [("Range", "bytes=a-"), ("x", "")]] {
        assert_eq!(get(&mut nation, "/tep/a", &headers).status, 200);
    }
    let again = (length - 500 + 5 + 2 * length) as u64;
    assert_eq!((counted(&nation).repeated, counted(&nation).resumed, counted(&nation).paths), (again, 2, 1));
}

#[test]
fn a_resumed_download_repeats_nothing() {
    let mut nation = Nation::default();
    fault(&mut nation, FaultKind::CutAfterHeaders);
    assert_eq!(get(&mut nation, "/tep/a", &[]).play, Play::CutAfterHeaders);
    assert_eq!(counted(&nation).bytes, 0);
    fault(&mut nation, FaultKind::Truncated);
    let Play::CutInBody(half) = get(&mut nation, "/tep/a", &[]).play else { panic!("not cut") };
    let rest = get(&mut nation, "/tep/a", &[("Range", &format!("bytes={half}-"))]);
    let length = (half + all(&rest).len()) as u64;
    let before = counted(&nation);
    assert_eq!((before.requests, before.resumed, before.bytes, before.repeated), (3, 1, length, 0));
    get(&mut nation, "/tep/a", &[]);
    assert_eq!(counted(&nation).repeated, length);
}

#[test]
fn who_may_and_how() {
    let mut nation = Nation::default();
    let bare = Request { method: "GET".to_owned(), ..Request::post("/tep/a", "", "") };
    assert_eq!((nation.handle(&bare, NOW).status, kinds(&nation)), (401, vec!["token"]));
    let mut nation = Nation::default();
    let other = Request { method: "GET".to_owned(), ..Request::post("/tep/a", "khác", "") };
    assert_eq!((nation.handle(&other, NOW).status, kinds(&nation)), (401, vec![]));
    assert_eq!((nation.handle(&Request::post("/tep/a", "sandbox", ""), NOW).status), 405);
    assert_eq!((kinds(&nation), counted(&nation).paths), (vec!["method"], 0));
    for (kind, status) in [
        (FaultKind::TokenDies, 401),
        (FaultKind::Html200, 200),
        (FaultKind::Other4xx, 404),
        (FaultKind::Error502, 502),
        (FaultKind::Redirect, 302),
        (FaultKind::Huge, 200),
        (FaultKind::TooMany429, 429),
    ] {
        fault(&mut nation, kind);
        assert_eq!(get(&mut nation, "/tep/a", &[]).status, status, "{kind:?}");
    }
    assert_eq!(counted(&nation).bytes, 0);
    let mut later = Request { method: "GET".to_owned(), ..Request::post("/tep/a", "sandbox", "") };
    later.arrived_ms = Some(NOW + 500);
    nation.handle(&later, NOW + 500);
    assert_eq!(kinds(&nation), ["method", "retry-after"]);
}
