//! The entities are apart: references, batches, counts, faults, rulings; and their addresses have words of their own.

use super::programmes::{PROGRAMMES, programme};
use super::*;

fn all() -> Vec<(&'static str, Value)> {
    let others = PROGRAMMES.iter().map(|one| (one.name, one.record("")));
    std::iter::once(("doi-tuong", person("A"))).chain(others).collect()
}

#[test]
fn the_same_reference_is_another_record_in_each() {
    let mut nation = Boxed::new();
    let mut numbers = Vec::new();
    for (at, (entity, record)) in all().iter().enumerate() {
        let answer = nation.send_to(entity, &format!("batch-{at:04}"), &[item("A", "GHI", record)]);
        assert_eq!(results(&answer), [("A", "0")], "{entity}");
        numbers.push(answer["result"][0]["MaDoiTuong"].as_str().unwrap().to_owned());
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 7);
    let report = nation.nation.report();
    assert_eq!((report.records, report.people, report.effects, report.violations), (7, 1, 7, 0));
    let json = serde_json::to_value(&report).unwrap();
    for (entity, record) in all() {
        assert_eq!(json["entities"][entity], json!({"records": 1, "stopped": 0}));
        let root = format!("/misposasoft/1.0/{entity}");
        let counted = nation.post(&format!("{root}/thong-ke"), &json!({"MaTinh": "87", "Nhom": "MaXa"}));
        let hash = Sha256::digest(format!("A|{}", version("GHI", &record)).as_bytes());
        let check = hex(&hash[..8]);
        assert_eq!(counted["result"], json!([{"MaXa": "29869", "SoLuong": 1, "MaKiemTra": check}]), "{entity}");
        let page = nation.post(&format!("{root}/danh-sach"), &json!({"MaTinh": "87", "Trang": 1, "KichThuoc": 500}));
        let held = &page["result"]["DanhSach"][0];
        assert_eq!((&page["result"]["TongSo"], &held["DoiTuong"]), (&json!(1), &record), "{entity}");
        let state = if entity == "doi-tuong" { "DANG_HUONG" } else { "" };
        assert_eq!(held["TrangThai"], state);
        let request = Request {
            method: "GET".to_owned(),
            ..Request::post(&format!("/_sandbox/records?entity={entity}"), "", "")
        };
        let lines = nation.nation.handle(&request, NOW).bytes(10_000);
        let line: Value = serde_json::from_slice(&lines).unwrap();
        assert_eq!((&line["MaThamChieu"], &line["DoiTuong"]), (&json!("A"), &record), "{entity}");
    }
    let request = Request { method: "GET".to_owned(), ..Request::post("/_sandbox/records?entity=xe-lan", "", "") };
    assert_eq!(nation.nation.handle(&request, NOW).status, 400);
    assert_eq!(nation.kinds(), [""; 0]);
    assert_eq!(nation.reply("/misposasoft/1.0/xe-lan/dong-bo", Vec::new()).status, 404);
}

#[test]
fn a_batch_is_of_one_entity() {
    let mut nation = Boxed::new();
    let record = programme("chuc-tho").record("");
    nation.fault(send_fault(FaultKind::StoredThenSilent));
    let body = batch("batch-0001", "20261118083000", &[item("A", "GHI", &record)]);
    nation.reply("/misposasoft/1.0/chuc-tho/dong-bo", body);
    // The reference of the unsettled record is free in another entity.
    nation.send("batch-0002", &[item("A", "GHI", &person("A"))]);
    assert_eq!(nation.kinds(), [""; 0]);
    assert_eq!(nation.ask("batch-0001")["error_code"], "4");
    assert_eq!(nation.kinds(), ["question"]);
    let asked = nation.post("/misposasoft/1.0/chuc-tho/tra-cuu-goi-tin", &json!({"MaGoiTin": "batch-0001"}));
    assert_eq!(results(&asked), [("A", "0")]);
    nation.send("batch-0001", &[item("A", "GHI", &person("B"))]);
    assert_eq!(nation.kinds(), ["key", "question"]);
    // One clock for the whole system.
    let old = batch("batch-0003", "20261117083000", &[item("B", "GHI", &record)]);
    nation.reply("/misposasoft/1.0/chuc-tho/dong-bo", old);
    assert_eq!(nation.kinds(), ["key", "question", "time"]);
}

#[test]
fn faults_and_rulings_may_be_of_one_entity() {
    let mut nation = Boxed::new();
    let relief = programme("tro-giup-dot-xuat").record("");
    let relief = [item("A", "GHI", &relief)];
    let people = [item("A", "GHI", &person("A"))];
    nation.fault(send_fault(FaultKind::MinusOne).at("tro-giup-dot-xuat"));
    assert_eq!(nation.send("batch-0001", &people)["error_code"], "0");
    assert_eq!(nation.send_to("tro-giup-dot-xuat", "batch-0002", &relief)["error_code"], "-1");
    nation.fault(send_fault(FaultKind::Poison));
    assert_eq!(nation.send_to("tro-giup-dot-xuat", "batch-0003", &relief)["error_code"], "-1");
    assert_eq!(nation.send("batch-0004", &people)["error_code"], "0");
    nation.nation.rule_of("tro-giup-dot-xuat", "A", None).unwrap();
    assert_eq!(nation.send_to("tro-giup-dot-xuat", "batch-0005", &relief)["error_code"], "0");
    let ruling = json!({"entity": "tro-giup-dot-xuat", "references": ["A"], "as": "refused"}).to_string();
    assert_eq!(nation.nation.handle(&Request::post("/_sandbox/refuse", "", ruling), NOW).status, 200);
    assert_eq!(results(&nation.send("batch-0006", &people)), [("A", "0")]);
    assert_eq!(results(&nation.send_to("tro-giup-dot-xuat", "batch-0007", &relief)), [("A", "1")]);
    assert_eq!(nation.kinds(), [""; 0]);
    let ruling = json!({"entity": "xe-lan", "references": ["A"], "as": "refused"}).to_string();
    assert_eq!(nation.nation.handle(&Request::post("/_sandbox/refuse", "", ruling), NOW).status, 400);
    assert!(nation.nation.rule_of("xe-lan", "A", None).is_err());
    assert!(nation.nation.add_fault(send_fault(FaultKind::MinusOne).at("xe-lan")).is_err());
    assert!(nation.nation.add_fault(Fault::new(Operation::Token, FaultKind::Slow).at("chi-tra")).is_err());
}

#[test]
fn paths_are_renamed_for_all_or_for_beneficiaries() {
    let words = Words::from_toml(
        "[paths]\nsend = '/{entity}/push'\nask = '/people/ask'\n[entities]\nchi-tra = 'payments'\n[record]\nSoTien = 'Amount'\n",
    );
    let mut nation = Boxed::with(Settings::default(), words.unwrap());
    for (at, (entity, record)) in all().iter().enumerate() {
        let key = format!("batch-{at:04}");
        let mut sent = item("A", "GHI", record);
        let fields = sent["DoiTuong"].as_object_mut().unwrap();
        if let Some(amount) = fields.remove("SoTien") {
            fields.insert("Amount".to_owned(), amount);
        }
        let word = if *entity == "chi-tra" { "payments" } else { entity };
        let body = batch(&key, "20261118083000", &[sent]);
        let answer: Value =
            serde_json::from_slice(&nation.reply(&format!("/{word}/push"), body).bytes(10_000)).unwrap();
        assert_eq!(results(&answer), [("A", "0")], "{entity}");
        let ask = match *entity {
            "doi-tuong" => "/people/ask".to_owned(),
            _ => format!("/misposasoft/1.0/{word}/tra-cuu-goi-tin"),
        };
        assert_eq!(nation.post(&ask, &json!({"MaGoiTin": key}))["error_code"], "0", "{entity}");
        let held = nation.nation.records_of(entity, None, 1).unwrap().remove(0);
        assert_eq!(serde_json::from_str::<Value>(&held.document).unwrap(), *record);
    }
    assert_eq!(nation.kinds(), [""; 0]);
    for (wrong, twice) in [
        ("[paths]\nsend = '/{entity}'\nask = '/{entity}'\n", true),
        ("[paths]\nsend = '/misposasoft/1.0/chi-tra/dong-bo'\n", true),
        ("[entities]\nchi-tra = 'chuc-tho'\n", true),
        ("[record]\nSoTien = 'TruyLinh'\n", true),
        ("[entities]\nxe-lan = 'x'\n", false),
    ] {
        let error = Words::from_toml(wrong).unwrap_err();
        assert_eq!(matches!(error, WordsError::Twice { .. }), twice, "{wrong}");
        assert_eq!(matches!(error, WordsError::UnknownEntity(_)), !twice, "{wrong}");
    }
}
