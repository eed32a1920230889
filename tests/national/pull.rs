//! Applications asked for by window: the question, the answer in all forms that were seen, and what is no application.

use std::path::Path;

use molisa_gateway::model::{Given, Timestamp};
use molisa_gateway::national::{
    Credentials, Outside, Profile, Pull, PullVerdict, Pulled, Reply, Session, Wait, Window,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

/// 24 November 2026, 09:00 in Viet Nam.
const NINE: Timestamp = Timestamp(1_795_485_600_000);

fn portal() -> Profile {
    Profile::load(&super::mappings(), "dvcbtxh").expect("the shipped profile is right")
}

fn pull(profile: &Profile) -> &Pull {
    profile.pull().expect("it can be asked for applications")
}

/// The shipped profile with pieces of its text replaced; each must be there.
fn changed(replace: &[(&str, &str)]) -> Result<Profile, String> {
    let mut text = std::fs::read_to_string(super::mappings().join("dvcbtxh/system.toml")).expect("it is there");
    for (from, to) in replace {
        assert!(text.contains(from), "the profile has no {from}");
        text = text.replace(from, to);
    }
    Profile::parse(Path::new("system.toml"), &text).map_err(|faults| faults.to_string())
}

fn read(body: impl Into<Vec<u8>>) -> Result<Pulled, PullVerdict> {
    let profile = portal();
    pull(&profile).read(&profile, &Reply { status: 200, body: body.into(), ..Reply::default() })
}

/// An answer in the portal's form around items.
fn around(items: &str) -> String {
    format!(r#"{{"result":{{"error_code":0,"message":"","data":[{items}]}}}}"#)
}

#[test]
fn the_window_is_asked_for_in_vietnam_time() {
    let profile = portal();
    let window = Window { from: NINE, to: NINE.plus(3_599_000) };
    let request = pull(&profile).request("87", window, 0);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/apiBTXH/LayDanhSachHoSo"));
    assert!(!String::from_utf8_lossy(&request.body).contains("khoa"), "no secret before it goes out");
    let credentials =
        Credentials { named: [("accept-key".to_owned(), "khoa \"bi\" mat".into())].into(), ..Credentials::default() };
    let session = Session::new(&profile, credentials).expect("a session");
    let sent = request.authorized(&session.pass(NINE).expect("no token is needed"));
    let body: Value = serde_json::from_slice(&sent.body).expect("JSON");
    let expected = serde_json::json!({
        "AcceptKey": "khoa \"bi\" mat", "LoaiDuLieu": "100", "MaTinh": "87", "MaHuyen": "", "MaXa": "",
        "ThoiGianBatDau": "24/11/2026 09:00:00", "ThoiGianKetThuc": "24/11/2026 09:59:59"
    });
    assert_eq!(body, expected);
    let secret =
        |name: &str| sent.credentials.iter().find(|(n, _)| n == name).map(|(_, v)| v.expose_secret().to_owned());
    assert_eq!(secret("Authorization").as_deref(), Some("Bearer khoa \"bi\" mat"));
    assert!(!format!("{sent:?}").contains("khoa"));
}

fn one(items: &str) -> molisa_gateway::model::Application {
    let pulled = read(around(items)).expect("readable");
    assert_eq!((pulled.applications.len(), pulled.strange.len(), pulled.last), (1, 0, true), "{pulled:?}");
    pulled.applications.into_iter().next().expect("one")
}

#[test]
fn both_forms_of_the_answer_and_of_the_code_are_read() {
    let item = r#"{"maHoSo":"H20.14-240703-0002","statusId":1}"#;
    for (code, list) in [("0", "[%]"), ("\"0\"", "[%]"), ("\" 0 \"", "%"), ("0", "[%]")] {
        let (code, list) = (code.replace('\\', ""), list.replace('%', item));
        for body in [
            format!(r#"{{"result":{{"error_code":{code},"message":"","data":{list}}}}}"#),
            format!(r#"{{"error_code":{code},"message":"","data":{list}}}"#),
            format!(r#"{{"RESULT":{{"Error_Code":{code},"DATA":{list},"thua":{{"x":[1]}}}}}}"#),
            format!("\u{feff}{{\"error_code\":{code},\"data\":{list}}}"),
        ] {
            let pulled = read(body.clone()).unwrap_or_else(|verdict| panic!("{body}: {verdict:?}"));
            let profile = portal();
            let found: Vec<_> = pulled
                .applications
                .iter()
                .map(|a| (pull(&profile).number_of(a), pull(&profile).status_of(a)))
                .collect();
            assert_eq!(found, [("H20.14-240703-0002", "1")], "{body}");
        }
    }
    for nothing in ["[]", "null", "\"\"", "\" \""] {
        let body = format!(r#"{{"error_code":0,"data":{nothing}}}"#);
        assert_eq!(read(body), Ok(Pulled { last: true, ..Pulled::default() }), "{nothing}");
    }
}

/// A portal that writes both forms at once fills one of them.
#[test]
fn an_empty_list_hides_no_other() {
    let item = r#"{"maHoSo":"H20-1"}"#;
    for nothing in ["[]", "[ ]", "null", "\"\"", "\" \""] {
        for (one, other) in [(nothing.to_owned(), format!("[{item}]")), (format!("[{item}]"), nothing.to_owned())] {
            let body = format!(r#"{{"error_code":0,"data":{one},"result":{{"error_code":0,"data":{other}}}}}"#);
            let pulled = read(body.clone()).unwrap_or_else(|verdict| panic!("{body}: {verdict:?}"));
            assert_eq!(pulled.applications.len(), 1, "{body}");
        }
        let body = format!(r#"{{"error_code":0,"data":{nothing},"result":{{"data":{nothing}}}}}"#);
        assert_eq!(read(body), Ok(Pulled { last: true, ..Pulled::default() }), "{nothing}");
    }
    let both =
        |one: &str, other: &str| read(format!(r#"{{"error_code":0,"data":[{one}],"result":{{"data":[{other}]}}}}"#));
    assert_eq!(both(item, item).map(|pulled| pulled.applications.len()), Ok(1));
    let differ = both(item, r#"{"maHoSo":"H20-2"}"#);
    assert!(matches!(differ, Err(PullVerdict::Unreadable { .. })), "{differ:?}");
}

#[test]
fn letter_case_numbers_and_lists_of_one_make_no_difference() {
    let xml = |list: &str, row: &str, name: &str| {
        format!(
            "<?xml version=\\\"1.0\\\" encoding=\\\"utf-16\\\"?><{list}><{row}><{name}>\u{1ee3} &amp; 1</{name}>\
             <DuongDanTaiTepTin>/tep/1.pdf</DuongDanTaiTepTin><Trong/></{row}></{list}>"
        )
    };
    let root = |inside: String| {
        let (head, rest) = inside.split_once("?>").expect("a declaration");
        format!("{head}?><ExtentData>{rest}<DanhSachGiayToKetQua /></ExtentData>")
    };
    let dossier = |names: [&str; 3], status: &str, xml: &str| {
        let [number, name, extent] = names;
        format!(r#"{{"{number}":"H20-1","{name}":" Hoa\u0300 ","StatusId":{status},"{extent}":"{xml}","email":null}}"#)
    };
    let first = one(&dossier(
        ["maHoSo", "hoVaTen", "certificateExtentData"],
        "4",
        &root(xml("DanhsachTaiLieuNop", "TaiLieuNop", "TenTepDinhKem")),
    ));
    let other = one(&dossier(
        ["MAHOSO", "HoVaTen", "CERTIFICATEEXTENTDATA"],
        "\"4\"",
        &root(xml("DANHSACHTAILIEUNOP", "tailieunop", "tentepdinhkem")),
    ));
    assert_eq!(first, other);
    assert_eq!(first.text("HoVaTen"), "Hoà");
    let rows = first.list("CertificateExtentData.DanhSachTaiLieuNop");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get("tentepdinhkem").map(String::as_str), Some("ợ & 1"));
    // The same list of one without its wrapper, as XML and as JSON, and as an array of one.
    let bare = one(&dossier(
        ["maHoSo", "hoVaTen", "certificateExtentData"],
        "4",
        "<e:ExtentData xmlns:e='u'><DanhSachTaiLieuNop><TenTepDinhKem>ợ &#38; 1</TenTepDinhKem>\
         <DuongDanTaiTepTin><![CDATA[/tep/1.pdf]]></DuongDanTaiTepTin></DanhSachTaiLieuNop></e:ExtentData>",
    ));
    assert_eq!(first, bare);
    for json in [
        r#"{"danhsachTaiLieuNop":{"taiLieuNop":{"tenTepDinhKem":"ợ & 1","duongDanTaiTepTin":"/tep/1.pdf"}}}"#,
        r#"{"danhsachTaiLieuNop":[{"tenTepDinhKem":"ợ & 1","duongDanTaiTepTin":"/tep/1.pdf"}]}"#,
        r#"{"danhsachTaiLieuNop":{"taiLieuNop":[{"tenTepDinhKem":"ợ & 1","duongDanTaiTepTin":"/tep/1.pdf"}]}}"#,
    ] {
        let item = format!(r#"{{"maHoSo":"H20-1","hoVaTen":"Hoà","statusId":4,"certificateExtentData":{json}}}"#);
        assert_eq!(one(&item), first, "{json}");
    }
}

#[test]
fn a_list_of_several_keeps_its_order_and_names_each_file_once() {
    let row = |n: u8, address: &str| {
        format!(
            "<TaiLieuNop><TenTepDinhKem>t{n}</TenTepDinhKem><DuongDanTaiTepTin>{address}</DuongDanTaiTepTin></TaiLieuNop>"
        )
    };
    let rows = [row(1, "/a"), row(2, "/b"), row(3, "/a"), row(4, "")].concat();
    let xml = format!(
        "<ExtentData><DanhsachTaiLieuNop>{rows}</DanhsachTaiLieuNop><DanhsachGiayToKetQua><GiayToKetQua>\
         <TenGiayTo>quyết định</TenGiayTo><DuongDanTepTinKetQua>/c</DuongDanTepTinKetQua></GiayToKetQua>\
         </DanhsachGiayToKetQua></ExtentData>"
    );
    let application = one(&format!(r#"{{"maHoSo":"1","certificateExtentData":"{xml}"}}"#));
    assert_eq!(application.list("certificateextentdata.danhsachtailieunop").len(), 4);
    let profile = portal();
    let named: Vec<_> = pull(&profile).attachments(&application).into_iter().map(|n| (n.address, n.name)).collect();
    let expected = [("/a", "t1"), ("/b", "t2"), ("/c", "quyết định")].map(|(a, n)| (a.to_owned(), n.to_owned()));
    assert_eq!(named, expected);
}

#[test]
fn numbers_keep_their_digits_and_bare_lists_are_kept() {
    let application = one(
        r#"{"maHoSo":"1","soTien":12345678901234567890.10,"dung":true,"cac":[1,"hai",{"ba":{"c":3}}],"a":{"b":"x"}}"#,
    );
    assert_eq!(application.text("sotien"), "12345678901234567890.10");
    assert_eq!((application.text("dung"), application.text("a.b")), ("true", "x"));
    let Some(Given::List(rows)) = application.fields.get("cac") else { panic!("a list") };
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2].values().collect::<Vec<_>>(), ["3"]);
}

#[test]
fn what_is_no_application_is_told_and_holds_no_other() {
    let deep = format!(r#"{{"maHoSo":"1","x":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    let odd = [
        "17",
        "null",
        r#""chữ""#,
        r#"{"hoVaTen":"Hoà"}"#,
        r#"{"maHoSo":" "}"#,
        r#"{"maHoSo":"1","MAHOSO":"2"}"#,
        deep.as_str(),
    ];
    let items = odd.iter().map(|o| format!(r#"{o},{{"maHoSo":"tốt"}}"#)).collect::<Vec<_>>().join(",");
    let pulled = read(around(&items)).expect("readable");
    assert_eq!(pulled.applications.len(), odd.len());
    assert_eq!(pulled.strange.iter().map(|s| s.raw.as_str()).collect::<Vec<_>>(), odd);
    assert!(pulled.strange.iter().all(|s| !s.why.is_empty() && !s.why.contains("Hoà")));
    // The same name twice with the same word is no contradiction.
    assert_eq!(one(r#"{"maHoSo":"1","MAHOSO":"1","x":"","X":"y"}"#).text("x"), "y");
}

/// One byte that is no letter, or a control character that JSON does not allow, spoils no answer.
#[test]
fn bytes_that_are_no_letters_spoil_one_value_only() {
    let body = around(r#"{"maHoSo":"H20-1","hoVaTen":"Nguy@n #A\\"},{"maHoSo":"H20-2","hoVaTen":"B"}"#);
    let bytes: Vec<u8> = body
        .bytes()
        .map(|b| match b {
            b'@' => 0xc3,
            b'#' => 0x0b,
            b => b,
        })
        .collect();
    let pulled = read(bytes).expect("readable");
    let names: Vec<_> = pulled.applications.iter().map(|one| one.text("hovaten").to_owned()).collect();
    assert_eq!(names, ["Nguy\u{fffd}n  A\\", "B"]);
    // Blanks between values stay what they are.
    assert_eq!(read("{\r\n\t\"error_code\":0,\n\"data\":[]}").map(|pulled| pulled.last), Ok(true));
}

/// What would take minutes or gigabytes to lay out is given up and kept as it came.
#[test]
fn what_is_made_to_be_slow_is_strange_at_once() {
    let begun = std::time::Instant::now();
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let twins = format!(r#"{{"maHoSo":"1","ds":[{{{}}}]}}"#, many(30_000, &|at| format!(r#""a":"{at}""#)));
    let cells = format!(r#"{{"maHoSo":"2","ds":[{{{}}}]}}"#, many(30_000, &|at| format!(r#""a{at}":"x""#)));
    let long = "n".repeat(100_000);
    let paths =
        format!(r#"{{"maHoSo":"3","ds":[{{"x":"1","{long}":{{{}}}}}]}}"#, many(1_900, &|at| format!(r#""a{at}":"x""#)));
    let deep = format!(r#"{{"maHoSo":"4","{long}":{{{}}}}}"#, many(1_900, &|at| format!(r#""a{at}":"x""#)));
    let pulled = read(around(&[twins, cells, paths, deep].join(","))).expect("readable");
    assert_eq!(
        (pulled.applications.len(), pulled.strange.len()),
        (0, 4),
        "{:?}",
        pulled.strange.iter().map(|s| &s.why).collect::<Vec<_>>()
    );
    // As XML it stays the text that it is, and its application is kept.
    let names = (0..30_000).map(|at| format!("<a{at}>x</a{at}>")).collect::<Vec<_>>().concat();
    let attributes = (0..30_000).map(|at| format!(" a{at}='x'")).collect::<Vec<_>>().concat();
    for xml in [format!("<r>{names}</r>"), format!("<r{attributes}/>")] {
        let application = one(&format!(r#"{{"maHoSo":"5","certificateExtentData":"{xml}"}}"#));
        assert!(application.text("certificateextentdata").starts_with("<r"), "{xml:.30}");
    }
    // Many of one name are a list, and soon found to be too long.
    let list = (0..1_900).map(|at| format!("<a{at}/>")).collect::<Vec<_>>().concat() + &"<z/>".repeat(100_000);
    let pulled =
        read(around(&format!(r#"{{"maHoSo":"6","certificateExtentData":"<r>{list}</r>"}}"#))).expect("readable");
    assert_eq!(pulled.strange.len(), 1);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn xml_that_cannot_be_read_stays_as_it_came() {
    let bomb = "<!DOCTYPE x [<!ENTITY a 'aa'>]><ExtentData><DanhSachTaiLieuNop>&a;</DanhSachTaiLieuNop></ExtentData>";
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    for xml in [
        bomb,
        "<!DOCTYPE x><ExtentData><a>1</a></ExtentData>",
        "<ExtentData><a></b></ExtentData>",
        "<ExtentData>",
        &deep,
        "<a>&khong;</a>",
        "<a/><b/>",
    ] {
        let application = one(&format!(r#"{{"maHoSo":"1","certificateExtentData":"{xml}"}}"#));
        assert_eq!(application.text("certificateExtentData"), xml);
    }
}

#[test]
fn codes_mean_what_the_profile_says() {
    let said = |code: &str| read(format!(r#"{{"result":{{"error_code":{code},"message":"Lời","data":[]}}}}"#));
    assert_eq!(said("5"), Err(PullVerdict::Token));
    assert_eq!(said("\"9\""), Err(PullVerdict::Busy));
    assert_eq!(said("12"), Err(PullVerdict::Refused { code: "12".into(), message: "Lời".into() }));
    // One code that says success does not outweigh one that does not.
    assert_eq!(read(r#"{"error_code":0,"result":{"error_code":9,"data":[]}}"#), Err(PullVerdict::Busy));
    let unreadable = |body: &str| matches!(read(body), Err(PullVerdict::Unreadable { .. }));
    for body in [
        "",
        "<html>",
        "{",
        "[]",
        r#"{"error_code":0}"#,
        r#"{"data":[]}"#,
        r#"{"error_code":null,"data":[]}"#,
        r#"{"error_code":0,"data":"x"}"#,
        r#"{"error_code":0,"data":5}"#,
        r#"{"error_code":0,"data":[{"maHoSo":"1"}"#,
        r#"{"error_code":0,"data":[{"maHoSo":"1"}]} thừa"#,
        r#"{"error_code":0,"data":[],"Data":[{"maHoSo":"1"}]}"#,
        &format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)),
    ] {
        assert!(unreadable(body), "{body:.80}: {:?}", read(body));
    }
    let profile = portal();
    let status = |status, wait: Option<&str>| {
        let reply = Reply { status, retry_after: wait.map(Into::into), body: around("").into(), ..Reply::default() };
        pull(&profile).read(&profile, &reply)
    };
    assert_eq!(status(401, None), Err(PullVerdict::Token));
    let seven = Wait::For(std::time::Duration::from_secs(7));
    assert_eq!(status(503, Some("7")), Err(PullVerdict::Wait(Some(seven))));
    for odd in [302, 404, 500] {
        assert!(matches!(status(odd, None), Err(PullVerdict::Unreadable { .. })), "{odd}");
    }
}

#[test]
fn a_page_that_is_not_full_may_be_all_that_the_portal_gives_at_once() {
    let profile = changed(&[
        ("# [pull.page]\n# first = 1\n# size = 200", "[pull.page]\nfirst = 1\nsize = 2"),
        ("MaXa = \"\"", "MaXa = \"\"\nTrang = \"{page}\"\nKichThuoc = \"{size}\""),
    ])
    .expect("right");
    let window = Window { from: NINE, to: NINE };
    let body: Value = serde_json::from_slice(&pull(&profile).request("87", window, 3).body).expect("JSON");
    assert_eq!((&body["Trang"], &body["KichThuoc"]), (&"4".into(), &"2".into()));
    let page = |items: &str| {
        let reply = Reply { status: 200, body: around(items).into(), ..Reply::default() };
        let page = pull(&profile).read(&profile, &reply).expect("readable");
        (page.full, page.last)
    };
    assert_eq!(page(r#"{"maHoSo":"1"},5"#), (true, false), "what is strange counts too");
    assert_eq!((page(r#"{"maHoSo":"1"}"#), page("")), ((false, false), (false, true)));
}

#[test]
fn mistakes_in_the_section_are_told() {
    for (from, to, told) in [
        ("ThoiGianKetThuc = \"{to}\"", "ThoiGianKetThuc = \"x\"", "{to}"),
        ("MaXa = \"\"", "MaXa = \"{page}\"", "[pull.page]"),
        ("MaXa = \"\"", "MaXa = \"{timestamp}\"", "{timestamp}"),
        ("list = [\"data\", \"result.data\"]", "list = [\"data\", \"result..data\"]", "pull.answer.list"),
        ("list = [\"data\", \"result.data\"]", "", "pull.answer.list"),
        ("# time = \"yyyyMMddHHmmss\"", "time = \"yyyyMMdd\"", "pull.time"),
        ("number = \"MaHoSo\"", "numbr = \"MaHoSo\"", "numbr"),
        ("name = \"TenGiayTo\"", "nme = \"TenGiayTo\"", "nme"),
        ("Authorization = \"Bearer {credential:accept-key}\"\n# Authorization", "X-A = \"Bearer {x}\"\n# A", "{x}"),
    ] {
        let faults = changed(&[(from, to)]).expect_err(told);
        assert!(faults.contains(told), "{told}: {faults}");
    }
    let nobody = changed(&[
        ("[pull.headers]\nAuthorization = \"Bearer {credential:accept-key}\"", "[pull.headers]"),
        ("AcceptKey = \"{credential:accept-key}\"\nLoaiDuLieu", "LoaiDuLieu"),
    ]);
    assert!(nobody.expect_err("nobody").contains("`pull`"));
    assert!(super::shipped().pull().is_none(), "another system has none");
}

#[test]
fn a_token_of_the_profile_goes_into_the_header() {
    let session = "[auth]\nkind = \"session\"\npath = \"/apiBTXH/LayToken\"\n[auth.body]\nusername = \"{id}\"\npassword = \"{secret}\"\n\
                   [auth.answer]\ntoken = \"access_token\"\nlife-seconds = 300\nearly-seconds = 30\n[auth.headers]\nX-Tinh = \"87\"\nAuthorization = \"Bearer {token}\"\n";
    let profile = changed(&[
        ("[auth]\nkind = \"key-in-body\"", session),
        (
            "Authorization = \"Bearer {credential:accept-key}\"\n# Authorization = \"Bearer {token}\"",
            "authorization = \"JWT {token}\"",
        ),
    ])
    .expect("right");
    let credentials = Credentials {
        id: Some("tinh".into()),
        secret: Some("mat".into()),
        named: [("accept-key".to_owned(), "khoa".into())].into(),
    };
    let session = Session::new(&profile, credentials).expect("a session");
    session
        .take(&Reply { status: 200, body: r#"{"access_token":"tk"}"#.into(), ..Reply::default() }, NINE)
        .expect("a token");
    let window = Window { from: NINE, to: NINE };
    let sent = pull(&profile).request("87", window, 0).authorized(&session.pass(NINE).expect("a token"));
    let headers: Vec<_> = sent.credentials.iter().map(|(n, v)| (n.as_str(), v.expose_secret())).collect();
    assert_eq!(headers, [("X-Tinh", "87"), ("authorization", "JWT tk")], "its own goes before the common one");
}

#[test]
fn files_are_fetched_from_the_systems_host_only() {
    let profile = portal();
    let fetch = |base: &str, address: &str| {
        pull(&profile).fetch(base, address, 0).map(|request| (request.path, request.from_host))
    };
    let base = "https://dvc.example.vn/btxh";
    for (address, path, from_host) in [
        ("/tep/a.pdf", "/tep/a.pdf", false),
        ("tep/đơn xin.pdf?v=1#x", "/tep/%C4%91%C6%A1n%20xin.pdf?v=1", false),
        ("../../tep/a.pdf", "/tep/a.pdf", false),
        ("https://dvc.example.vn/tep/a.pdf", "/tep/a.pdf", true),
        ("HTTPS://DVC.example.vn:443/tep", "/tep", true),
        ("http://dvc.example.vn/btxh/tep", "/btxh/tep", true),
        (" //dvc.example.vn/tep ", "/tep", true),
    ] {
        assert_eq!(fetch(base, address), Ok((path.to_owned(), from_host)), "{address}");
    }
    for (address, why) in [
        ("https://example.vn/tep", Outside::OtherHost),
        ("//example.vn/tep", Outside::OtherHost),
        ("\\\\example.vn\\tep", Outside::OtherHost),
        ("/\\example.vn/tep", Outside::OtherHost),
        ("https://dvc.example.vn:8443/tep", Outside::OtherHost),
        ("https://dvc.example.vn@example.vn/tep", Outside::Credentials),
        ("file:///etc/passwd", Outside::OtherHost),
        ("C:\\tep\\a.pdf", Outside::OtherHost),
        ("javascript:1", Outside::OtherHost),
        ("", Outside::NotAnAddress),
        ("/tep\n/a", Outside::NotAnAddress),
    ] {
        assert_eq!(fetch(base, address), Err(why), "{address:?}");
    }
    assert_eq!(fetch("http://127.0.0.1:8787", "http://127.0.0.1/tep"), Err(Outside::OtherHost), "another port");
    let rest = pull(&profile).fetch(base, "/tep/a", 100).expect("a request");
    assert!(rest.headers.contains(&("Range".to_owned(), "bytes=100-".to_owned())));
    assert_eq!(rest.method, "GET");
}
