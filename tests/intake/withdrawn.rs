//! What the citizen does at the portal stands above what the office says afterwards: a dossier that was withdrawn there is
//! not finished from here.

use std::sync::Arc;

use molisa_gateway::sandbox::System;
use serde_json::json;

use crate::support::inbox::{Office, before};
use crate::support::portal_streams::Lines;
use crate::support::world::Wire;

const NUMBER: &str = "H20.14-261123-0001";

/// An application as the citizen has it at the portal.
fn file(wire: &Wire, at: i64, status: &str) {
    let body = json!({ "MaHoSo": NUMBER, "MaTTHC": "1.001776", "HoVaTen": "Lê Văn Kín", "MaXa": "30001",
        "StatusId": status });
    wire.nation.lock().unwrap().file(&before(at).wire(), &body, 0).unwrap();
}

fn there(wire: &Wire) -> u8 {
    let nation = wire.nation.lock().unwrap();
    nation.dossiers(System::Dvcbtxh, None, 10).unwrap()[0].status
}

/// The portal saw no step back and nothing else that is wrong.
fn assert_clean(wire: &Wire) {
    let report = wire.nation.lock().unwrap().report();
    let portal = &report.portals["dvcbtxh"];
    assert_eq!((portal.status_backs, portal.violations, portal.effects_repeated), (0, 0, 0), "{portal:?}");
}

async fn office(office: &mut Office) -> (Arc<Wire>, Lines) {
    let wire = office.join_sandbox();
    let lines = Lines::to(office.dir.path(), "dvcbtxh", &office.intake.system).await;
    file(&wire, 60, "1");
    office.pull().await;
    lines.dossier(NUMBER, "Mới đăng ký", "Đang xử lý");
    lines.step(NUMBER, 10, "Đang xử lý");
    let runs = lines.sync(&office.store, &*office.hands).await;
    assert_eq!(runs.iter().map(|run| run.confirmed).collect::<Vec<_>>(), [1, 1, 1], "{runs:?}");
    assert_eq!(there(&wire), 4);
    (wire, lines)
}

#[tokio::test]
async fn what_was_withdrawn_at_the_portal_is_held_and_not_gone_over() {
    for mut place in Office::on_each("intake::withdrawn").await {
        let (wire, lines) = office(&mut place).await;
        file(&wire, 30, "7");
        assert_eq!(place.pull().await.received.versions, 1);
        // The office has not seen it, and goes on.
        lines.step(NUMBER, 20, "Đã xử lý xong");
        let runs = lines.sync(&place.store, &*place.hands).await;
        assert_eq!(runs.iter().map(|run| run.sent).sum::<u64>(), 0, "{runs:?}");
        let held = |key: String| ("status-back".to_owned(), key, "7 → 9".to_owned());
        assert_eq!(lines.open(&place.store).await, [held(format!("{NUMBER}/20")), held(NUMBER.into())]);
        assert_eq!(there(&wire), 7);
        assert_clean(&wire);
        // It stays so in whatever order the portal shows its bodies.
        let fault = molisa_gateway::sandbox::Fault::new(
            molisa_gateway::sandbox::Operation::Pull,
            molisa_gateway::sandbox::FaultKind::OlderBodies,
        );
        wire.nation.lock().unwrap().add_fault(fault.of(System::Dvcbtxh).times(3)).unwrap();
        for minute in 30..33 {
            place.hands.pass(60_000);
            let taken = place.pull().await;
            assert!(taken.received.items > 1, "the older body too: {taken:?}");
            lines.step(NUMBER, minute, "Đã xử lý xong");
            lines.sync(&place.store, &*place.hands).await;
        }
        assert_eq!(there(&wire), 7);
        assert_clean(&wire);
        // Once the office has taken it over, both say the same.
        lines.step(NUMBER, 40, "Công dân yêu cầu rút hồ sơ");
        let runs = lines.sync(&place.store, &*place.hands).await;
        assert_eq!((runs[1].confirmed, runs[2].confirmed), (1, 1), "{runs:?}");
        assert_eq!(there(&wire), 7);
        assert_clean(&wire);
    }
}

/// The withdrawal is in the portal's answers in every place among older bodies, some of which nobody saw before.
#[tokio::test]
async fn an_older_body_after_a_newer_one_takes_nothing_away() {
    let bodies = ["1", "2", "7"];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let office = Office::new().await;
        let (mut place, sent) = (office, "dvcbtxh");
        let portal = Arc::clone(&place.portal);
        for nth in order {
            let body = json!({ "maHoSo": NUMBER, "maTTHC": "1.001776", "hoVaTen": "Lê Văn Kín", "maXa": "30001",
                "statusId": bodies[nth] });
            *portal.book.lock().unwrap() = vec![(before(20), body)];
            assert_eq!(place.pull().await.received.versions, 1);
        }
        let wire = place.join_sandbox();
        let lines = Lines::to(place.dir.path(), sent, &place.intake.system).await;
        lines.dossier(NUMBER, "Được tiếp nhận", "Đang xử lý");
        lines.sync(&place.store, &*place.hands).await;
        let open = lines.open(&place.store).await;
        assert!(open.contains(&("status-back".into(), NUMBER.into(), "7 → 2".into())), "{order:?}: {open:?}");
        assert!(wire.nation.lock().unwrap().dossiers(System::Dvcbtxh, None, 1).unwrap().is_empty(), "{order:?}");
    }
}

/// What one portal showed says nothing of the other one.
#[tokio::test]
async fn a_withdrawal_at_one_portal_holds_nothing_on_its_way_to_another() {
    let mut place = Office::new().await;
    let wire = place.join_sandbox();
    file(&wire, 60, "1");
    file(&wire, 30, "7");
    place.pull().await;
    let mut other = Office::new().await;
    std::mem::swap(&mut other.store, &mut place.store);
    let there = other.join_sandbox();
    Arc::get_mut(&mut other.intake.system).unwrap().name = "cong-khac".into();
    let lines = Lines::to(other.dir.path(), "dvcbtxh", &other.intake.system).await;
    lines.dossier(NUMBER, "Mới đăng ký", "Đang xử lý");
    lines.step(NUMBER, 10, "Đang xử lý");
    lines.sync(&other.store, &*other.hands).await;
    assert_eq!(lines.open(&other.store).await, []);
    assert_eq!(self::there(&there), 4);
}
