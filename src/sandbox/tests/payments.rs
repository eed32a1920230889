//! What holds between payments: one a person and month, and what was paid stays.

use super::programmes::programme;
use super::*;

fn payment(changes: &str) -> Value {
    programme("chi-tra").record(changes)
}

#[test]
fn one_payment_a_person_and_month() {
    let mut nation = Boxed::new();
    let mut count = 0;
    let mut send = |reference: &str, action: &str, record: &Value| {
        count += 1;
        let answer = nation.send_to("chi-tra", &format!("batch-{count:04}"), &[item(reference, action, record)]);
        let line = &answer["result"][0];
        (line["KetQua"].as_str().unwrap().to_owned(), line["MaLoi"].as_str().unwrap().to_owned(), nation.kinds())
    };
    let fine = |said: (String, String, Vec<&str>)| assert_eq!((said.0.as_str(), said.2), ("0", vec![]), "{}", said.1);
    fine(send("A", "GHI", &payment("")));
    fine(send("A", "GHI", &payment("SoTien=550000")));
    fine(send("B", "GHI", &payment("Ky=202401")));
    fine(send("C", "GHI", &payment("MaThamChieuDoiTuong=DT-2")));
    // A withdrawn one, and one that moved, leave their place.
    fine(send("A", "DUNG", &json!({"NgayDung": "18/12/2023", "LyDoDung": "nhập nhầm"})));
    fine(send("D", "GHI", &payment("")));
    fine(send("B", "GHI", &payment("Ky=202402")));
    fine(send("E", "GHI", &payment("Ky=202401")));
    let (result, code, kinds) = send("A", "GHI", &payment(""));
    assert_eq!((result.as_str(), code.as_str(), kinds), ("1", "TRUNG", vec!["twice"]));
    // In one batch as well.
    let mut nation = Boxed::new();
    let both = [item("A", "GHI", &payment("")), item("B", "GHI", &payment(""))];
    assert_eq!(results(&nation.send_to("chi-tra", "batch-0001", &both)), [("A", "0"), ("B", "1")]);
    assert_eq!(nation.kinds(), ["twice"]);
}

#[test]
fn what_was_paid_stays() {
    let stopped = json!({"NgayDung": "18/12/2023", "LyDoDung": "nhập nhầm"});
    // What was written before, and whether the amount may be another then.
    let cases = [
        (vec![("GHI", payment("KetQuaChi="))], true),
        (vec![("GHI", payment("KetQuaChi=CHUA_NHAN"))], true),
        (vec![("GHI", payment("KetQuaChi=DA_CHI"))], false),
        (vec![("GHI", payment("KetQuaChi=DA_CHI")), ("GHI", payment("KetQuaChi=TRA_LAI"))], false),
        (vec![("GHI", payment("KetQuaChi=DA_CHI")), ("DUNG", stopped)], false),
    ];
    for (before, may) in cases {
        for (change, fits) in [("SoTien=540001", may), ("TruyLinh=20000 TruyLinhTu=09/2023", true)] {
            let mut nation = Boxed::new();
            for (at, (action, record)) in before.iter().enumerate() {
                let answer = nation.send_to("chi-tra", &format!("batch-{at:04}"), &[item("A", action, record)]);
                assert_eq!(results(&answer), [("A", "0")]);
            }
            let other = item("A", "GHI", &payment(&format!("KetQuaChi=DA_CHI {change}")));
            let answer = nation.send_to("chi-tra", "batch-other", &[other]);
            assert_eq!(results(&answer)[0].1, if fits { "0" } else { "1" }, "{before:?} {change}");
            assert_eq!(nation.kinds(), if fits { vec![] } else { vec!["record"] }, "{before:?} {change}");
        }
    }
}
