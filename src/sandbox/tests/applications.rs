//! dvcbtxh: citizens' applications: filed, changed, pulled, and the status that comes back to them.

use super::btxh::{dossier, kinds, post, step};
use super::portals::plain;
use super::*;

const PULL: &str = "/apiBTXH/LayDanhSachHoSo";
pub const FILED: &str = "20261110083000";

fn application(number: &str, status: &str) -> Value {
    let mut body = dossier(number, status);
    let fields = body.as_object_mut().unwrap();
    fields.remove("AcceptKey");
    fields.insert("MaXa".to_owned(), json!("29869"));
    fields.insert("SoTaiKhoan".to_owned(), json!("0123456789"));
    body
}

fn file(nation: &mut Nation, at: &str, body: &Value) {
    nation.file(at, body, 0).unwrap();
}

fn asking(from: &str, to: &str) -> Value {
    json!({"AcceptKey": "sandbox", "LoaiDuLieu": "100", "MaTinh": "87", "MaHuyen": "", "MaXa": "",
        "ThoiGianBatDau": from, "ThoiGianKetThuc": to})
}

fn november() -> Value {
    asking("01/11/2026 00:00:00", "30/11/2026 23:59:59")
}

fn reply(nation: &mut Nation, body: &Value) -> Reply {
    nation.handle(&Request::post(PULL, "sandbox", body.to_string()), NOW)
}

fn pull(nation: &mut Nation, body: &Value) -> Value {
    serde_json::from_slice(&reply(nation, body).bytes(10_000_000)).unwrap()
}

/// The numbers of an answer, sorted.
fn numbers(answer: &Value) -> Vec<String> {
    let items = answer["result"]["data"].as_array().unwrap();
    let mut numbers: Vec<String> = items.iter().map(|item| item["maHoSo"].as_str().unwrap().to_owned()).collect();
    numbers.sort();
    numbers
}

fn fault(nation: &mut Nation, kind: FaultKind) {
    nation.add_fault(Fault::new(Operation::Pull, kind).of(System::Dvcbtxh)).unwrap();
}

fn code(answer: &Value) -> String {
    plain(&answer["result"]["error_code"])
}

#[test]
fn names_are_spelt_as_dotnet_does() {
    let mut nation = Nation::default();
    file(&mut nation, FILED, &application("A", "1"));
    let answer = pull(&mut nation, &november());
    assert_eq!(code(&answer), "0");
    let item = &answer["result"]["data"][0];
    for (name, value) in [
        ("maHoSo", "A"),
        ("maTTHC", "1.001776"),
        ("hoVaTen", "Lê Văn Kín"),
        ("statusId", "1"),
        ("gioiTinhId", "1034"),
        ("maXa", "29869"),
        ("soTaiKhoan", "0123456789"),
        ("cmnd", ""),
        ("cmnD_NgayCap", ""),
        ("hktT_MaXa", ""),
        ("nohT_ChiTiet", ""),
    ] {
        assert_eq!(item[name], json!(value), "{name} of {item}");
    }
    assert!(item.get("acceptKey").is_none() && item["ngayHenTra"].is_null());
    assert!(item.as_object().unwrap().contains_key("ngayKetThucXuLy_ThucTe"));
    let extent = item["certificateExtentData"].as_str().unwrap();
    assert!(extent.starts_with("<ExtentData><DanhsachTaiLieuNop><TaiLieuNop><TepDinhKemId>1<"), "{extent}");
    assert!(extent.contains("Đơn &amp; giấy.pdf") && extent.ends_with("<DanhsachGiayToKetQua/></ExtentData>"));
    // The code is a number and a text in turn, what is not there null and an empty text.
    let again = pull(&mut nation, &november());
    assert_ne!(answer["result"]["error_code"], again["result"]["error_code"]);
    assert_eq!(again["result"]["data"][0]["ngayHenTra"], json!(""));
    assert_eq!(kinds(&nation), [""; 0]);
}

#[test]
fn a_window_has_both_its_ends() {
    let mut nation = Nation::default();
    for (number, at) in [("A", "20261110083000"), ("B", "20261110083001"), ("C", "20261110083002")] {
        file(&mut nation, at, &application(number, "1"));
    }
    let ask = |nation: &mut Nation, from, to| {
        numbers(&pull(nation, &asking(&format!("10/11/2026 {from}"), &format!("10/11/2026 {to}"))))
    };
    assert_eq!(ask(&mut nation, "08:30:00", "08:30:01"), ["A", "B"]);
    assert_eq!(ask(&mut nation, "08:30:02", "08:30:02"), ["C"]);
    assert_eq!(ask(&mut nation, "08:30:03", "09:00:00"), [""; 0]);
    for (name, code, found) in [("MaTinh", "82", 0), ("MaXa", "29869", 3), ("MaXa", "29870", 0)] {
        let mut body = november();
        body[name] = json!(code);
        assert_eq!(numbers(&pull(&mut nation, &body)).len(), found, "{name} {code}");
    }
}

#[test]
fn a_change_is_shown_at_both_its_times() {
    let mut nation = Nation::default();
    let (first, mut second) = (application("A", "1"), application("A", ""));
    second["SoDienThoai"] = json!("0277 3851 000");
    file(&mut nation, FILED, &first);
    file(&mut nation, "20261112100000", &second);
    for day in ["10", "12"] {
        let ask = asking(&format!("{day}/11/2026 00:00:00"), &format!("{day}/11/2026 23:59:59"));
        let answer = pull(&mut nation, &ask);
        assert_eq!(answer["result"]["data"][0]["soDienThoai"], json!("0277 3851 000"), "{day}");
        assert_eq!(answer["result"]["data"][0]["statusId"], json!("1"));
    }
    // Back to what it was: no further body.
    file(&mut nation, "20261113100000", &first);
    let seen = nation.applications(None, 9).remove(0);
    assert_eq!((seen.versions, seen.versions_given, seen.times_pulled), (2, 1, 2));
    fault(&mut nation, FaultKind::OlderBodies);
    assert_eq!(numbers(&pull(&mut nation, &november())), ["A", "A"]);
    let seen = nation.applications(None, 9).remove(0);
    assert_eq!((seen.versions, seen.versions_given, seen.times_pulled), (2, 2, 3));
    let report = nation.report().portals["dvcbtxh"].clone();
    assert_eq!((report.applications, report.application_versions, report.application_versions_given), (1, 2, 2));
    assert_eq!((report.pulls, report.seeded, report.requests[&Operation::Pull]), (3, 1, 3));
}

#[test]
fn the_status_that_we_send_comes_back() {
    let mut nation = Nation::default();
    file(&mut nation, FILED, &application("A", "1"));
    assert_eq!(post(&mut nation, "/apiBTXH/XuLyHoSo", &step("A", "12/11/2026 09:00:00", "4")), "0");
    // It counts as a change when it came, which is the 18th.
    let today = asking("18/11/2026 00:00:00", "18/11/2026 23:59:59");
    assert_eq!(pull(&mut nation, &today)["result"]["data"][0]["statusId"], json!("4"));
    assert_eq!(pull(&mut nation, &november())["result"]["data"][0]["statusId"], json!("4"));
    // A citizen's correction leaves it, a withdrawal does not, and the portal knows.
    file(&mut nation, "20261119100000", &application("A", ""));
    assert_eq!(nation.applications(None, 1)[0].status, "4");
    file(&mut nation, "20261120100000", &application("A", "7"));
    assert_eq!(pull(&mut nation, &november())["result"]["data"][0]["statusId"], json!("7"));
    assert_eq!(post(&mut nation, "/apiBTXH/XuLyHoSo", &step("A", "21/11/2026 09:00:00", "5")), "8");
    assert_eq!(nation.applications(None, 1)[0].status, "7");
    // What has no second effect is no change.
    file(&mut nation, FILED, &application("B", "1"));
    let mut ours = dossier("B", "2");
    assert_eq!(post(&mut nation, "/apiBTXH/DongBoDVC", &ours), "0");
    ours["StatusId"] = json!("2");
    nation.file("20261119100000", &application("B", "3"), 0).unwrap();
    assert_eq!(post(&mut nation, "/apiBTXH/XuLyHoSo", &step("B", "21/11/2026 09:00:00", "4")), "8");
    assert_eq!(nation.applications(Some("A"), 1)[0].status, "3");
    // dvcqg knows nothing of it.
    assert_eq!((nation.report().portals["dvcqg"].dossiers, kinds(&nation)), (0, vec![]));
}

#[test]
fn what_is_hidden_comes_late() {
    let mut nation = Nation::default();
    nation.file(FILED, &application("A", "1"), 2).unwrap();
    // A pull of another window does not count.
    assert_eq!(numbers(&pull(&mut nation, &asking("11/11/2026 00:00:00", "12/11/2026 00:00:00"))), [""; 0]);
    for expected in [&[][..], &[], &["A"]] {
        assert_eq!(numbers(&pull(&mut nation, &november())), expected);
    }
    let mut changed = application("A", "1");
    changed["Email"] = json!("a@b.vn");
    nation.file("20261115083000", &changed, 1).unwrap();
    for expected in ["", "a@b.vn"] {
        assert_eq!(pull(&mut nation, &november())["result"]["data"][0]["email"], json!(expected));
    }
}

#[test]
fn faults_of_content() {
    let mut nation = Nation::default();
    let all: Vec<String> = (0..9).map(|at| format!("N{at}")).collect();
    for number in &all {
        file(&mut nation, FILED, &application(number, "1"));
    }
    let answer = pull(&mut nation, &november());
    let order = |answer: &Value| answer["result"]["data"].as_array().unwrap()[0]["maHoSo"].clone();
    assert_eq!(numbers(&answer), all);
    let other = (0..9).any(|_| order(&pull(&mut nation, &november())) != order(&answer));
    assert!(other, "always the same order");
    fault(&mut nation, FaultKind::Omit);
    assert_eq!(numbers(&pull(&mut nation, &november())).len(), 6);
    fault(&mut nation, FaultKind::Doubled);
    let mut doubled = numbers(&pull(&mut nation, &november()));
    assert_eq!(doubled.len(), 12);
    doubled.dedup();
    assert_eq!(doubled, all);
    fault(&mut nation, FaultKind::Strange);
    let strange = pull(&mut nation, &november());
    let strange = strange["result"]["data"].as_array().unwrap();
    assert_eq!((strange.len(), strange[10].is_string(), strange[9].get("maHoSo")), (11, true, None));
    fault(&mut nation, FaultKind::Numbers);
    let answer = pull(&mut nation, &november());
    let item = &answer["result"]["data"][0];
    assert_eq!((&item["statusId"], &item["soTaiKhoan"]), (&json!(1), &json!("0123456789")));
    fault(&mut nation, FaultKind::MisCased);
    let answer = pull(&mut nation, &november());
    let item = answer["result"]["data"][0].as_object().unwrap();
    assert!(!item.contains_key("maHoSo") && item.keys().any(|name| name.eq_ignore_ascii_case("mahoso")), "{item:?}");
    let extent = item.iter().find(|(name, _)| name.eq_ignore_ascii_case("certificateextentdata")).unwrap();
    let extent = extent.1.as_str().unwrap();
    assert!(!extent.contains("DanhsachTaiLieuNop") && extent.to_lowercase().contains("<danhsachtailieunop>"));
    assert_eq!(kinds(&nation), [""; 0]);
}

#[test]
fn what_the_wire_does_to_a_pull() {
    let mut nation = Nation::default();
    file(&mut nation, FILED, &application("A", "1"));
    fault(&mut nation, FaultKind::Busy9);
    let busy = pull(&mut nation, &november());
    assert_eq!((code(&busy), busy.get("error_code"), &busy["result"]["data"]), ("9".to_owned(), None, &Value::Null));
    fault(&mut nation, FaultKind::StoredThenCut);
    assert_eq!(reply(&mut nation, &november()).play, Play::CutBeforeHeaders);
    fault(&mut nation, FaultKind::Truncated);
    assert!(matches!(reply(&mut nation, &november()).play, Play::CutInBody(_)));
    // Neither arrived.
    assert_eq!(nation.applications(None, 1)[0].times_pulled, 0);
    fault(&mut nation, FaultKind::Deep);
    assert!(
        reply(&mut nation, &november()).bytes(99).starts_with(br#"{"result":{"error_code":"0","message":"","data":[["#)
    );
    fault(&mut nation, FaultKind::Huge);
    assert!(reply(&mut nation, &november()).length() > 1 << 30);
    fault(&mut nation, FaultKind::Unavailable503);
    assert_eq!(reply(&mut nation, &november()).status, 503);
    assert_eq!((code(&pull(&mut nation, &november())).as_str(), kinds(&nation)), ("0", vec![]));
}

#[test]
fn what_a_pull_must_be() {
    for (name, value) in [
        ("LoaiDuLieu", json!("1")),
        ("LoaiDuLieu", json!(100)),
        ("MaTinh", json!("")),
        ("MaXa", json!("2986")),
        ("MaHuyen", json!(null)),
        ("ThoiGianBatDau", json!("2026-11-01 00:00:00")),
        ("ThoiGianBatDau", json!("01/12/2026 00:00:00")),
        ("ThoiGianKetThuc", json!("30/11/2026")),
        ("Trang", json!("1")),
        ("AcceptKey", json!("")),
    ] {
        let mut nation = Nation::default();
        let mut body = november();
        body[name] = value.clone();
        assert_eq!(code(&pull(&mut nation, &body)), "-1", "{name} {value}");
        assert_eq!(kinds(&nation), ["envelope"], "{name} {value}");
    }
    let mut nation = Nation::default();
    let mut body = november();
    body["AcceptKey"] = json!("khác");
    assert_eq!((code(&pull(&mut nation, &body)).as_str(), kinds(&nation)), ("5", vec![]));
    let mut bare = |token: &str| {
        let reply = nation.handle(&Request::post(PULL, token, november().to_string()), NOW);
        (code(&serde_json::from_slice(&reply.bytes(10_000)).unwrap()), reply.status)
    };
    let refused = [bare("khác"), bare("khác")];
    assert!(refused.iter().all(|(code, _)| code == "5") && refused[0].1 + refused[1].1 == 601, "{refused:?}");
    assert_eq!(bare("").0, "5");
    assert_eq!(kinds(&nation), ["token"]);
    // A token of LayToken does as well, as long as it lives.
    let given = json!({"username": "sandbox", "password": "sandbox"}).to_string();
    let given = nation.handle(&Request::post("/apiBTXH/LayToken", "", given), NOW).bytes(1_000);
    let token = serde_json::from_slice::<Value>(&given).unwrap()["access_token"].as_str().unwrap().to_owned();
    let mut ask = || {
        let reply = nation.handle(&Request::post(PULL, &token, november().to_string()), NOW);
        let answer = code(&serde_json::from_slice(&reply.bytes(10_000)).unwrap());
        fault(&mut nation, FaultKind::TokenDies);
        answer
    };
    assert_eq!([ask(), ask(), ask()], ["0", "5", "5"]);
}

#[test]
fn the_side_door() {
    let mut nation = Nation::default();
    let mut put = |body: Value| {
        let reply = nation.handle(&Request::post("/_sandbox/applications", "", body.to_string()), NOW);
        (reply.status, String::from_utf8(reply.bytes(1_000)).unwrap())
    };
    let filing = |number: &str, at: &str| json!({"at": at, "body": {"MaHoSo": number, "MaTinh": "87"}});
    assert_eq!(put(json!([filing("A", FILED), filing("B", FILED)])).0, 200);
    assert_eq!(put(json!({"at": FILED, "body": {"MaHoSo": "A", "Email": "a@b.vn"}, "hide_pulls": 0})).0, 200);
    for wrong in [
        json!({"at": "10/11/2026", "body": {"MaHoSo": "C"}}),
        json!({"at": FILED, "body": {"MaTinh": "87"}}),
        json!({"at": FILED, "body": {"MaHoSo": "C", "Mau": "xanh"}}),
        json!({"at": FILED, "body": {"MaHoSo": "C", "Email": []}}),
        json!([filing("C", FILED), filing("", FILED)]),
    ] {
        assert_eq!(put(wrong.clone()).0, 400, "{wrong}");
    }
    let request = Request { method: "GET".to_owned(), ..Request::post("/_sandbox/applications?limit=9", "", "") };
    let lines = String::from_utf8(nation.handle(&request, NOW).bytes(10_000)).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = |number: &str, versions: u64| json!({"MaHoSo": number, "StatusId": "1", "versions": versions, "versions_given": 0, "times_pulled": 0});
    assert_eq!(lines, [line("A", 2), line("B", 1)]);
    for (operation, kind, system) in [
        (Operation::Send, FaultKind::Omit, System::Dvcbtxh),
        (Operation::Pull, FaultKind::Omit, System::Dvcqg),
        (Operation::Pull, FaultKind::Partial, System::Dvcbtxh),
        (Operation::Pull, FaultKind::Slow, System::Misposasoft),
        (Operation::Fetch, FaultKind::Numbers, System::Dvcbtxh),
        (Operation::Send, FaultKind::Doubled, System::Dvcbtxh),
    ] {
        assert!(nation.add_fault(Fault::new(operation, kind).of(system)).is_err(), "{operation:?} {kind:?} {system:?}");
    }
}
