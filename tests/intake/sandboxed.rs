//! Against the sandbox: it leaves out, doubles, mis-cases, shows older bodies and breaks off, while citizens change what
//! they filed. At the end every application and every version that it gave is there once.

use std::collections::BTreeMap;

use molisa_gateway::sandbox::{Fault, FaultKind, Operation, System};
use serde_json::json;

use crate::support::inbox::{Office, before};

const FAULTS: [FaultKind; 12] = [
    FaultKind::Omit,
    FaultKind::Doubled,
    FaultKind::MisCased,
    FaultKind::OlderBodies,
    FaultKind::Busy9,
    FaultKind::TooMany429,
    FaultKind::Truncated,
    FaultKind::Html200,
    FaultKind::Huge,
    FaultKind::Deep,
    FaultKind::Numbers,
    FaultKind::Bom,
];

fn number(at: i64) -> String {
    format!("H20.14-261123-{at:04}")
}

#[tokio::test]
async fn whatever_the_portal_does_every_version_that_it_gave_is_there_once() {
    for mut office in Office::on_each("intake::sandboxed").await {
        let wire = office.join_sandbox();
        // The oldest were filed three days before the last pull.
        office.intake.rhythm.reread_days = 3;
        let file = |office: &Office, at: i64, round: usize, hide: u32| {
            let commune = if at % 17 == 0 { "99999" } else { "30001" };
            let body = json!({ "MaHoSo": number(at), "MaTTHC": "1.001776", "HoVaTen": "Lê Văn Kín", "MaXa": commune,
                "StatusId": "1", "SoDienThoai": format!("090{round:07}") });
            let filed = if round == 0 { before(at * 4) } else { office.now() };
            wire.nation.lock().unwrap().file(&filed.wire(), &body, hide).unwrap();
        };
        for at in 1..=250 {
            file(&office, at, 0, u32::from(at % 11 == 0) * 2);
        }
        for (round, kind) in (1..).zip(FAULTS) {
            let fault = Fault::new(Operation::Pull, kind).of(System::Dvcbtxh).times(2);
            wire.nation.lock().unwrap().add_fault(fault).unwrap();
            let taken = office.pull().await;
            assert!(taken.error.is_none(), "{kind:?}: {taken:?}");
            wire.nation.lock().unwrap().clear_faults();
            office.hands.pass(60_000);
            for at in 1..=250 {
                if (at + i64::try_from(round).unwrap()) % 13 == 0 {
                    file(&office, at, round, 0);
                }
            }
            office.hands.pass(20 * 60_000);
        }
        // What was left out or hidden comes by the overlap, or when the last days are read again.
        // Some stay hidden from two pulls of their window.
        office.pull().await;
        office.hands.pass(20 * 3_600_000);
        office.pull().await;
        office.hands.pass(24 * 3_600_000);
        let taken = office.pull().await;
        assert_eq!(taken.error, None);
        let (strange, kept): (Vec<_>, Vec<_>) =
            office.versions().await.into_iter().partition(|line| line.starts_with('\u{1}'));
        assert_eq!(strange.len(), 1, "what lay too deep has no number, and is kept all the same");
        let mut versions: BTreeMap<&str, u64> = BTreeMap::new();
        for line in &kept {
            *versions.entry(line.split('/').next().unwrap()).or_default() += 1;
        }
        let filed = wire.nation.lock().unwrap().applications(None, 1000);
        let given: BTreeMap<&str, u64> = filed.iter().map(|one| (one.number.as_str(), one.versions_given)).collect();
        let differ = versions.iter().filter(|(number, count)| given.get(**number) != Some(*count));
        let differ: Vec<_> = differ.collect();
        assert!(differ.is_empty(), "in the inbox, otherwise at the portal: {differ:?}");
        let missing = filed.iter().filter(|one| !versions.contains_key(one.number.as_str()));
        let missing: Vec<_> = missing.collect();
        assert!(missing.is_empty(), "at the portal, not in the inbox: {missing:?}");
        assert_eq!(filed.len(), 250);
        assert!(kept.len() > 400, "many changed: {}", kept.len());
        let routed = kept.iter().filter(|line| line.ends_with("to-be-routed")).count();
        assert_eq!(u64::try_from(routed + strange.len()).unwrap(), taken.inbox.to_be_routed);
        assert!(routed >= 14, "an unknown commune drops nothing: {routed}");
        assert_eq!(wire.nation.lock().unwrap().report().violations, 0);
    }
}
