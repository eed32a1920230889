//! Keys, effects, stops, and what has to be asked about first.

use super::*;

#[test]
fn the_vector_of_the_contract() {
    let record = json!({"LyDoDung": "a", "NgayDung": "18/12/2023", "SoQuyetDinh": "12/QĐ-UBND \"A\""});
    let expected = "cb557ffd5e67b9d4079f54e38e63b762f4a69adc715b064b1543685a9ac99fad";
    assert_eq!(version("DUNG", &record), expected);
    let mut nation = Boxed::new();
    nation.send("batch-0001", &[item("A", "GHI", &person("Lê Thị Hoà"))]);
    let mut one = item("A", "DUNG", &record);
    one["PhienBan"] = json!(expected);
    assert_eq!(results(&nation.send("batch-0002", &[one])), [("A", "0")]);
    assert_eq!(nation.kinds(), [""; 0]);
}

#[test]
fn a_batch_is_stored_once_and_answers_again() {
    let mut nation = Boxed::new();
    let items = [item("A", "GHI", &person("Nguyễn Văn A")), item("B", "GHI", &person("Nguyễn Văn \"B\""))];
    let first = nation.send("batch-0001", &items);
    assert_eq!((first["error_code"].as_str(), results(&first)), (Some("0"), vec![("A", "0"), ("B", "0")]));
    let again = nation.send("batch-0001", &items);
    assert_eq!(again["error_code"], "3");
    assert_eq!(again["result"], first["result"]);
    assert_eq!(nation.ask("batch-0001")["result"], first["result"]);
    assert_eq!(nation.ask("batch-none")["error_code"], "4");
    let report = nation.nation.report();
    assert_eq!((report.effects, report.people, report.batches, report.batches_again), (2, 2, 1, 1));
    assert_eq!(report.violations, 0, "{:?}", report.violation_texts);
    // Other bytes under the same key: the stored answer, and a breach.
    let other = nation.send("batch-0001", &items[..1]);
    assert_eq!((other["error_code"].as_str(), results(&other).len()), (Some("3"), 2));
    assert_eq!(nation.kinds(), ["key"]);
}

#[test]
fn effects_that_repeat_or_come_out_of_order_are_counted() {
    let mut nation = Boxed::new();
    let (a, b) = (item("A", "GHI", &person("A")), item("A", "GHI", &person("B")));
    nation.send("batch-0001", std::slice::from_ref(&a));
    nation.send("batch-0002", std::slice::from_ref(&a));
    assert_eq!(nation.nation.report().effects_repeated, 1);
    nation.reply(SEND, batch("batch-0003", "20261118082959", &[b]));
    nation.send("batch-0004", &[a]);
    let report = nation.nation.report();
    assert_eq!((report.effects, report.effects_repeated, report.effects_out_of_order), (4, 1, 1));
    assert_eq!(nation.kinds(), ["time"]);
    // One batch overtook another: no breach within the longest wait.
    for (formed, count) in [("20261118073000", 1), ("20261118063000", 2)] {
        let record = item(formed, "GHI", &person("C"));
        nation.reply(SEND, batch(&format!("batch-{formed}"), formed, &[record]));
        assert_eq!(nation.nation.report().violations, count);
    }
}

#[test]
fn a_stop_is_laid_over_the_record() {
    let mut nation = Boxed::new();
    let refused = nation.send("batch-0001", &[item("A", "DUNG", &stop())]);
    assert_eq!(refused["result"][0]["MaLoi"], "CHUA_CO");
    assert_eq!(nation.kinds(), ["stop"]);
    let written = nation.send("batch-0002", &[item("A", "GHI", &person("A"))]);
    let stopped = nation.send("batch-0003", &[item("A", "DUNG", &stop())]);
    assert_eq!(stopped["result"][0]["MaDoiTuong"], written["result"][0]["MaDoiTuong"]);
    let held = nation.nation.records(None, 10).remove(0);
    assert_eq!((held.state.as_str(), held.version), ("THOI_HUONG", version("DUNG", &stop())));
    let mut expected = person("A");
    for (key, value) in stop().as_object().unwrap() {
        expected[key] = value.clone();
    }
    expected["TrangThai"] = json!("THOI_HUONG");
    assert_eq!(serde_json::from_str::<Value>(&held.document).unwrap(), expected);
    let report = nation.nation.report();
    assert_eq!((report.people, report.records, report.violations), (0, 1, 1));
    // The same stop again is an effect repeated; a new write starts the person again, without the stop's fields.
    nation.send("batch-0004", &[item("A", "DUNG", &stop())]);
    nation.send("batch-0005", &[item("A", "GHI", &person("A"))]);
    let report = nation.nation.report();
    assert_eq!((report.people, report.effects_repeated), (1, 1));
    let held = nation.nation.records(None, 10).remove(0);
    assert_eq!(serde_json::from_str::<Value>(&held.document).unwrap(), person("A"));
}

#[test]
fn an_unknown_outcome_has_to_be_asked_about() {
    let unknown = [
        (FaultKind::StoredThenSilent, true),
        (FaultKind::StoredThenCut, true),
        (FaultKind::CutAfterHeaders, true),
        (FaultKind::CutBefore, false),
        (FaultKind::Error500Before, false),
        (FaultKind::Error500After, true),
        (FaultKind::Error502, false),
        (FaultKind::Error504, true),
        (FaultKind::Huge, true),
        (FaultKind::Deep, true),
        (FaultKind::Malformed, true),
        (FaultKind::Truncated, true),
        (FaultKind::Html200, false),
        (FaultKind::Other4xx, false),
    ];
    for (kind, stored) in unknown {
        let (a, b) = (item("A", "GHI", &person("A")), item("A", "GHI", &person("B")));
        let body = batch("batch-0001", "20261118083000", &[a]);
        // As it should be: asked, and where never seen sent again.
        let mut nation = Boxed::new();
        nation.fault(send_fault(kind));
        nation.reply(SEND, body.clone());
        assert_eq!(nation.nation.report().effects, u64::from(stored), "{kind:?}");
        let code = nation.ask("batch-0001")["error_code"].clone();
        assert_eq!(code, if stored { "0" } else { "4" }, "{kind:?}");
        if !stored {
            nation.reply(SEND, body.clone());
        }
        nation.send("batch-0002", std::slice::from_ref(&b));
        let report = nation.nation.report();
        assert_eq!((report.violations, report.effects), (0, 2), "{kind:?} {:?}", report.violation_texts);
        // Not asked, the same again.
        let mut nation = Boxed::new();
        nation.fault(send_fault(kind));
        nation.reply(SEND, body.clone());
        nation.reply(SEND, body.clone());
        assert_eq!(nation.kinds(), ["not-asked"], "{kind:?}");
        // Not asked, its record in another batch.
        let mut nation = Boxed::new();
        nation.fault(send_fault(kind));
        nation.reply(SEND, body);
        nation.send("batch-0002", &[b]);
        assert_eq!(nation.kinds(), ["unsettled"], "{kind:?}");
    }
}

#[test]
fn what_is_known_goes_again_with_the_same_key() {
    for kind in
        [FaultKind::Busy9, FaultKind::TooMany429, FaultKind::Unavailable503, FaultKind::TokenDies, FaultKind::Redirect]
    {
        let items = [item("A", "GHI", &person("A"))];
        let body = batch("batch-0001", "20261118083000", &items);
        let mut nation = Boxed::new();
        nation.fault(send_fault(kind));
        nation.reply(SEND, body.clone());
        nation.now += 1_000;
        nation.token = nation.fresh_token();
        nation.reply(SEND, body.clone());
        let report = nation.nation.report();
        assert_eq!((report.violations, report.effects), (0, 1), "{kind:?} {:?}", report.violation_texts);
        let mut nation = Boxed::new();
        nation.fault(send_fault(kind));
        nation.reply(SEND, body);
        nation.now += 1_000;
        nation.token = nation.fresh_token();
        nation.send("batch-0002", &items);
        assert_eq!(nation.kinds(), ["unsettled"], "{kind:?}");
    }
}
