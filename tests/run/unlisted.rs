//! A portal in maintenance answers everything with a code of its own; and one record meets such a code alone, for ever.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use molisa_gateway::delivery::{PaceSettings, System};
use molisa_gateway::national::{Credentials, Exchange, Reply, Session, Transport, WireRequest};
use molisa_gateway::outbox::Retry;
use molisa_gateway::run::Outcome;
use molisa_gateway::sandbox::{self, Nation, Settings, Words};
use molisa_gateway::store::{Place, Store};
use secrecy::SecretString;

use crate::support::portal::shipped;
use crate::support::portal_streams::Lines;
use crate::support::world::{Hands, MORNING, Wire};

/// The portal, as its maintenance and its quirks let it through.
struct Gate {
    wire: Arc<Wire>,
    hands: Arc<Hands>,
    /// Until then it answers with code 99 whatever comes, logins apart.
    until: AtomicI64,
    /// Whatever names this is answered so for ever.
    strange: Mutex<String>,
    /// Requests that were answered so.
    turned: AtomicI64,
}

impl Transport for Gate {
    fn exchange(&self, request: WireRequest) -> Exchange<'_> {
        let strange = self.strange.lock().unwrap().clone();
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let closed = self.hands.truth() < self.until.load(Ordering::SeqCst);
        let met = !strange.is_empty() && body.contains(&strange);
        if request.purpose.word() == "token" || !(closed || met) {
            return self.wire.exchange(request);
        }
        self.turned.fetch_add(1, Ordering::SeqCst);
        let body = r#"{"error_code":"99","message":"Hệ thống bảo trì"}"#.into();
        Box::pin(async move { Ok(Reply { status: 200, body, ..Reply::default() }) })
    }
}

struct House {
    portal: &'static str,
    store: Store,
    hands: Arc<Hands>,
    gate: Arc<Gate>,
    lines: Lines,
    _dir: tempfile::TempDir,
}

fn number(at: u32) -> String {
    format!("H20.14-261123-{at:04}")
}

impl House {
    async fn of(portal: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let hands = Hands::at(MORNING);
        let nation = Arc::new(Mutex::new(Nation::new(Settings::default(), Words::default())));
        let gate = Arc::new(Gate {
            wire: Wire::to(nation, &hands),
            hands: Arc::clone(&hands),
            until: AtomicI64::new(0),
            strange: Mutex::default(),
            turned: AtomicI64::new(0),
        });
        let profile = shipped(portal, &[]);
        let named = [("agency", "G22"), ("unit", "H20"), ("accept-key", "sandbox")];
        let secret = || Some(SecretString::from("sandbox"));
        let named = named.map(|(n, v)| (n.to_owned(), SecretString::from(v))).into();
        let system = Arc::new(System {
            name: portal.into(),
            session: Session::new(&profile, Credentials { id: secret(), secret: secret(), named }).unwrap(),
            profile: Arc::new(profile),
            transport: Arc::<Gate>::clone(&gate) as Arc<dyn Transport>,
            province: "87".into(),
            pace: PaceSettings { per_minute: 6000, ..PaceSettings::default() },
            retry: Retry::default(),
            in_flight: AtomicI64::new(0),
        });
        let lines = Lines::to(dir.path(), portal, &system).await;
        let store = Store::open(&Place::Sqlite(dir.path().join("store.db"))).await.unwrap();
        Self { portal, store, hands, gate, lines, _dir: dir }
    }

    fn dossiers(&self, numbers: std::ops::RangeInclusive<u32>) {
        for at in numbers {
            self.lines.dossier(&number(at), "Được tiếp nhận", "Được tiếp nhận");
            self.lines.step(&number(at), 10, "Đang xử lý");
            self.lines.step(&number(at), 20, "Đã xử lý xong");
        }
    }

    /// Nothing was parked, whatever else a run did.
    async fn sync(&self) -> Vec<Outcome> {
        let runs = self.lines.sync(&self.store, &*self.hands).await;
        assert!(runs.iter().all(|run| run.refused.is_empty()), "{}: {runs:?}", self.portal);
        runs
    }

    /// The numbers of finished dossiers at the portal, each with both of its steps in order.
    fn arrived(&self) -> BTreeSet<String> {
        let nation = self.gate.wire.nation.lock().unwrap();
        let report = nation.report();
        let portal = &report.portals[self.portal];
        assert_eq!(
            (portal.violations, portal.status_backs, portal.late_steps, portal.effects_repeated),
            (0, 0, 0, 0),
            "{portal:?}"
        );
        let system = if self.portal == "dvcqg" { sandbox::System::Dvcqg } else { sandbox::System::Dvcbtxh };
        let all = nation.dossiers(system, None, 1000).unwrap();
        let done = all
            .into_iter()
            .filter(|one| one.status == 9 && one.steps.iter().map(|step| step.status).collect::<Vec<_>>() == [4, 9]);
        done.map(|one| one.number).collect()
    }
}

#[tokio::test]
async fn a_portal_in_maintenance_parks_nothing_and_everything_arrives_in_order() {
    for portal in ["dvcbtxh", "dvcqg"] {
        // It begins before anything went, between openings and steps, and while a run has less patience than it lasts.
        for (first, patience) in [(0, 120), (5, 120), (0, 5)] {
            let mut house = House::of(portal).await;
            house.lines.patience = Duration::from_mins(patience);
            if first > 0 {
                house.dossiers(1..=first);
                house.sync().await;
                assert_eq!(house.arrived().len(), first as usize);
            }
            house.dossiers(first + 1..=30);
            house.gate.until.store(house.hands.truth() + 20 * 60_000, Ordering::SeqCst);
            for _ in 0..4 {
                house.sync().await;
                house.hands.pass(7 * 60_000);
            }
            assert!(house.gate.turned.load(Ordering::SeqCst) > 5);
            for _ in 0..3 {
                house.sync().await;
            }
            assert_eq!(house.arrived(), (1..=30).map(number).collect(), "{portal}");
            assert_eq!(house.lines.open(&house.store).await, [], "{portal}");
        }
    }
}

#[tokio::test]
async fn a_record_that_alone_meets_a_strange_code_starves_nobody_and_is_told() {
    for portal in ["dvcbtxh", "dvcqg"] {
        let house = House::of(portal).await;
        *house.gate.strange.lock().unwrap() = number(3);
        house.dossiers(1..=12);
        let others: BTreeSet<String> = (1..=12).filter(|at| *at != 3).map(number).collect();
        let runs = house.sync().await;
        assert!(runs.iter().all(|run| !run.unreached), "{portal}: {runs:?}");
        assert_eq!(house.arrived(), others, "{portal}");
        let told = house.lines.open(&house.store).await;
        assert!(told.iter().any(|(kind, key, _)| kind == "unknown-outcome" && *key == number(3)), "{portal}: {told:?}");
        // Each later run asks it a few times at most, and what is new goes on as ever.
        for at in 13..=20 {
            house.dossiers(at..=at);
            let (started, turned) = (house.hands.truth(), house.gate.turned.load(Ordering::SeqCst));
            let runs = house.sync().await;
            assert!(runs.iter().all(|run| !run.unreached), "{portal}: {runs:?}");
            assert!(house.arrived().contains(&number(at)), "{portal} {at}");
            assert!(house.gate.turned.load(Ordering::SeqCst) - turned <= 2, "{portal}");
            assert!(house.hands.truth() - started < 10 * 60_000, "{portal}: {}", house.hands.truth() - started);
        }
        // Once the portal takes it, all of it goes.
        house.gate.strange.lock().unwrap().clear();
        for _ in 0..3 {
            house.sync().await;
        }
        assert_eq!(house.arrived(), (1..=20).map(number).collect(), "{portal}");
        assert_eq!(house.lines.open(&house.store).await, [], "{portal}");
    }
}
