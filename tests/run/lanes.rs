//! A dossier goes up in order: its opening, its steps by time, its present status; what is late or a step back is held.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use molisa_gateway::delta::brake::Limit;
use molisa_gateway::mismatch::{self, Asked, Decision, DecisionRules, Step, decide};
use molisa_gateway::model::Clock as _;
use molisa_gateway::run::{Outcome, Quiet, SyncOptions, plan, sync};
use molisa_gateway::store::review::Item;
use molisa_gateway::store::triage::{self, Filter};
use molisa_gateway::store::{Place, runs};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::support::databases::{Database, Server};
use crate::support::dossiers::{House, at};
use crate::support::world::Doomed;

/// Dossiers with three steps each, whose keys run against time.
fn some(house: &House, count: u32) {
    for n in 1..=count {
        let lane = format!("H{n:03}");
        house.dossier(&lane, "1", "9");
        for (key, minute, status) in [("c", 10, "2"), ("b", 20, "4"), ("a", 30, "9")] {
            house.step(&format!("{key}{n:03}"), &lane, minute + n, status);
        }
    }
}

fn words(house: &House, lane: &str) -> Vec<String> {
    house.portal.of(lane).into_iter().map(|(role, key)| format!("{role} {key}")).collect()
}

fn nothing_waits(runs: &[Outcome; 3]) {
    for run in runs {
        assert_eq!((run.unknown, run.unreached, &run.waits_for), (0, false, &None), "{run:?}");
    }
}

fn held(run: &Outcome, reason: &str) -> u64 {
    run.held.get(reason).copied().unwrap_or(0)
}

async fn in_order(house: House) {
    some(&house, 11);
    let runs = house.sync().await;
    nothing_waits(&runs);
    assert_eq!(runs.each_ref().map(|r| (r.confirmed, r.exit_code())), [(11, 0), (33, 0), (11, 0)]);
    for n in 1..=11 {
        let lane = format!("H{n:03}");
        let wanted = [format!("mo {lane}"), format!("buoc c{n:03}"), format!("buoc b{n:03}"), format!("buoc a{n:03}")];
        assert_eq!(words(&house, &lane), [&wanted[..], &[format!("nay {lane}")]].concat());
    }
    house.portal.assert_clean();
    let again = house.sync().await;
    assert_eq!(again.each_ref().map(|r| (r.sent, r.unchanged)), [(0, 11), (0, 33), (0, 11)]);

    // A late one and a step back, on the same dossier and on another, and a present status that went back.
    house.step("late", "H001", 15, "4");
    house.step("back", "H002", 50, "4");
    house.step("next", "H001", 51, "10");
    house.sql("update ho_so set nay = '4' where ma = 'H003'; update ho_so set nay = '10' where ma = 'H001'");
    for stream in 0..3 {
        house.plan_says(stream).await;
    }
    let before = house.portal.0.lock().unwrap().log.len();
    let runs = house.sync_with(true).await;
    nothing_waits(&runs);
    assert_eq!((held(&runs[1], "late"), held(&runs[1], "step-back"), runs[1].confirmed), (1, 1, 1), "{:?}", runs[1]);
    assert_eq!((held(&runs[2], "step-back"), runs[2].confirmed), (1, 1), "{:?}", runs[2]);
    assert_eq!(runs.each_ref().map(Outcome::exit_code), [0, 3, 3]);
    assert_eq!(house.portal.0.lock().unwrap().log.len(), before + 2, "only what may go");
    let value = |from: &str, to: &str| format!("{from} → {to}");
    let row = |key: &str, kind: &str, reason: &str, value: String| (key.into(), kind.into(), reason.into(), value);
    assert_eq!(
        house.open("buoc").await,
        [
            row("back", "status-back", "step-back", value("9", "4")),
            row("late", "late", "late", value(&at(31), &at(15)))
        ]
    );
    assert_eq!(house.open("nay").await, [row("H003", "status-back", "step-back", value("9", "4"))]);

    // Met again as they are, they stay; a late one whose time was written wrongly goes when it is mended.
    let again = house.sync().await;
    assert_eq!(again.each_ref().map(|r| (r.sent, r.unchanged)), [(0, 11), (0, 36), (0, 11)]);
    assert_eq!(house.open("buoc").await.len(), 2);
    // Out of sight until a day, they are held all the same.
    house.accepts("buoc").await;
    let again = house.sync_with(true).await;
    assert_eq!(again.each_ref().map(|r| (r.sent, r.unchanged)), [(0, 11), (0, 36), (0, 11)]);
    assert_eq!((house.open("buoc").await.len(), house.in_sight("buoc").await.len()), (2, 0));
    house.sql("update buoc set luc = '20261120095900', tt = '10' where khoa in ('late', 'back'); update ho_so set nay = '9' where ma = 'H003'");
    let runs = house.sync_with(true).await;
    assert_eq!((runs[1].confirmed, runs[2].confirmed, runs[2].unchanged), (2, 0, 11), "{runs:?}");
    assert_eq!((house.open("buoc").await, house.open("nay").await), (vec![], vec![]));
    house.portal.assert_clean();
}

#[tokio::test]
async fn opening_steps_present_and_what_is_late_or_back_is_held_on_sqlite() {
    in_order(House::new().await).await;
}

#[tokio::test]
async fn opening_steps_present_and_what_is_late_or_back_is_held_on_postgres() {
    let Some(database) = Database::fresh(Server::Postgres, "lanes").await else { return };
    let place = Place::Postgres(SecretString::from(database.url.clone()));
    in_order(House::on(tempfile::tempdir().unwrap(), place).await).await;
}

impl House {
    /// What people have to look at.
    async fn in_sight(&self, role: &str) -> Vec<Item> {
        let mut tx = self.store.read().await.unwrap();
        let (id, _) = runs::find_stream(&mut tx, role).await.unwrap().unwrap();
        triage::page(&mut tx, id, &Filter::default(), triage::Place::default(), 100).await.unwrap()
    }

    /// A person has seen all of it, and accepts it for ten days.
    async fn accepts(&self, role: &str) {
        let rules = DecisionRules::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings/codes")).unwrap();
        let all = self.in_sight(role).await;
        let (now, mut tx) = (self.hands.now(), self.store.write().await.unwrap());
        for item in &all {
            let asked = Asked {
                step: Step::Decide(Decision::AcceptUntil),
                version: None,
                who: "lan".to_owned(),
                also: Vec::new(),
                words: "đã xem".to_owned(),
                reason: String::new(),
                until: Some(now.day().saturating_add(jiff::Span::new().days(10))),
            };
            decide(&mut tx, &rules, item.id, now, &asked).await.unwrap_or_else(|no| panic!("{no}"));
        }
        mismatch::apply(&mut tx, all[0].stream_id, now).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A plan's figures add up as a run's do.
    async fn plan_says(&self, stream: usize) -> molisa_gateway::run::Plan {
        let said = plan(&self.store, &self.streams[stream], &*self.hands).await.unwrap();
        let sends = said.sends.new + said.sends.changed + said.sends.remapped + said.sends.stopped;
        assert_eq!(said.scanned, sends + said.held.values().sum::<u64>() + said.unchanged, "{said:?}");
        said
    }
}

#[tokio::test]
async fn a_refused_step_does_not_hold_up_those_after_it() {
    let house = House::new().await;
    some(&house, 2);
    house.portal.0.lock().unwrap().refuses.insert("c001".into());
    let runs = house.sync().await;
    nothing_waits(&runs);
    assert_eq!((runs[1].confirmed, runs[1].refused.get("E9")), (5, Some(&1)));
    assert_eq!(words(&house, "H001"), ["mo H001", "buoc b001", "buoc a001", "nay H001"]);
    house.portal.assert_clean();
}

#[tokio::test]
async fn a_step_that_is_wanted_later_is_waited_for() {
    let house = House::new().await;
    some(&house, 3);
    house.portal.0.lock().unwrap().puts_off.insert("c001".into(), 3);
    let runs = house.sync().await;
    nothing_waits(&runs);
    assert_eq!(words(&house, "H001"), ["mo H001", "buoc c001", "buoc b001", "buoc a001", "nay H001"]);
    let log = house.portal.0.lock().unwrap().log.clone();
    let place = |key: &str| log.iter().position(|e| e.key == key).unwrap();
    assert!(place("a003") < place("c001"), "others did not wait for it");
    house.portal.assert_clean();
}

#[tokio::test]
async fn nothing_passes_what_another_stream_has_on_the_wire() {
    let mut house = House::new().await;
    some(&house, 2);
    house.sync().await;
    // The present status of one is on its way, and nobody knows what became of it.
    house.sql("update ho_so set nay = '10' where ma = 'H001'");
    house.patience = Duration::from_secs(1);
    {
        let mut book = house.portal.0.lock().unwrap();
        (book.down_after, book.loses) = (Some(1), 1);
    }
    let run = house.sync_one(&house.streams[2], true, &BTreeSet::new()).await;
    assert_eq!((run.unknown, run.unreached), (1, true));
    {
        let mut book = house.portal.0.lock().unwrap();
        (book.down, book.down_after, book.loses) = (false, None, 0);
    }
    house.patience = Duration::from_hours(2);
    house.hands.pass(3_600_000);
    house.step("d001", "H001", 70, "10");
    house.step("d002", "H002", 70, "10");
    let run = house.sync_one(&house.streams[1], true, &BTreeSet::new()).await;
    assert_eq!((run.confirmed, held(&run, "waits-for"), run.unknown, run.unreached), (1, 1, 0, false), "{run:?}");
    assert_eq!(house.open("buoc").await, [], "it goes by itself");
    house.sync().await;
    let runs = house.sync().await;
    nothing_waits(&runs);
    assert_eq!(words(&house, "H001")[5..], ["nay H001", "buoc d001"]);
    house.portal.assert_clean();
}

#[tokio::test]
async fn when_most_of_what_goes_before_waits_the_rest_is_not_held_one_by_one() {
    let mut house = House::new().await;
    some(&house, 2);
    house.sync().await;
    house.streams[1].brake.new = Limit { percent: None, number: Some(0) };
    house.sql(
        "with recursive n (n) as (select 1 union all select n + 1 from n where n < 500) \
         insert into buoc select 'm' || n, 'H001', '2026112200' || (1000 + n), '10' from n; update ho_so set nay = '10'",
    );
    let runs = house.sync().await;
    assert_eq!((held(&runs[1], "brake"), runs[2].waits_for.as_deref(), runs[2].scanned), (500, Some("buoc"), 0));
    let runs = house.sync_with(true).await;
    nothing_waits(&runs);
    assert_eq!((runs[1].confirmed, runs[2].confirmed), (500, 2), "{runs:?}");
    house.portal.assert_clean();
}

#[tokio::test]
async fn without_its_opening_nothing_of_a_dossier_goes() {
    let house = House::new().await;
    some(&house, 3);
    house.portal.0.lock().unwrap().refuses.insert("H002".into());
    let runs = house.sync().await;
    assert_eq!((held(&runs[1], "waits-for"), held(&runs[2], "waits-for")), (3, 1), "{runs:?}");
    assert!(words(&house, "H002").is_empty());
    assert_eq!(house.open("buoc").await[0].1, "held-here");
    assert_eq!(house.plan_says(1).await.held["waits-for"], 3);
    // Judged again at every scan; once it may go, it goes.
    let runs = house.sync().await;
    assert_eq!((held(&runs[1], "waits-for"), runs[1].unchanged), (3, 6));
    house.portal.0.lock().unwrap().refuses.clear();
    house.sql("update ho_so set ghi_chu = 'đã sửa' where ma = 'H002'");
    let runs = house.sync_with(true).await;
    nothing_waits(&runs);
    assert_eq!(words(&house, "H002"), ["mo H002", "buoc c002", "buoc b002", "buoc a002", "nay H002"]);
    assert_eq!((house.open("buoc").await, house.open("nay").await), (vec![], vec![]));
    house.portal.assert_clean();
}

#[tokio::test]
async fn a_portal_that_goes_down_in_the_middle_makes_the_rest_wait_and_no_mismatches() {
    let mut house = House::new().await;
    some(&house, 12);
    house.patience = Duration::from_secs(30);
    // Four batches of openings, and three of steps.
    house.portal.0.lock().unwrap().down_after = Some(7);
    let runs = house.sync().await;
    assert_eq!((runs[0].confirmed, runs[1].unreached, runs[1].confirmed), (12, true, 9), "{runs:?}");
    assert_eq!((runs[2].waits_for.as_deref(), runs[2].scanned, runs[2].exit_code()), (Some("buoc"), 0, 4));
    assert_eq!((house.open("buoc").await, house.open("nay").await), (vec![], vec![]));
    {
        let mut book = house.portal.0.lock().unwrap();
        (book.down, book.down_after) = (false, None);
    }
    house.hands.pass(3_600_000);
    let runs = house.sync().await;
    nothing_waits(&runs);
    assert_eq!(house.portal.0.lock().unwrap().log.len(), 12 + 36 + 12);
    house.portal.assert_clean();
}

#[tokio::test]
async fn what_was_opened_once_is_never_opened_again() {
    let house = House::new().await;
    some(&house, 4);
    house.sync().await;
    house.sql("update ho_so set dau = '2', ghi_chu = 'khác'");
    let runs = house.sync_with(true).await;
    assert_eq!((runs[0].sent, runs[0].unchanged, runs[2].confirmed), (0, 4, 4), "{runs:?}");
    house.portal.assert_clean();
}

#[tokio::test]
async fn an_opening_that_changes_while_its_answer_is_lost_is_still_opened_once() {
    let mut house = House::new().await;
    some(&house, 3);
    house.patience = Duration::from_secs(1);
    house.portal.0.lock().unwrap().loses = 1;
    house.portal.0.lock().unwrap().down_after = Some(1);
    let runs = house.sync().await;
    assert_eq!((runs[0].unknown, runs[0].unreached), (3, true), "{runs:?}");
    assert_eq!(runs[1].waits_for.as_deref(), Some("mo"));
    house.sql("update ho_so set ghi_chu = 'khác'");
    {
        let mut book = house.portal.0.lock().unwrap();
        (book.down, book.down_after, book.loses) = (false, None, 0);
    }
    house.patience = Duration::from_hours(2);
    house.hands.pass(3_600_000);
    let runs = house.sync().await;
    nothing_waits(&runs);
    assert_eq!((runs[0].confirmed, &runs[0].brake, runs[1].confirmed), (3, &None, 9), "{runs:?}");
    house.portal.assert_clean();
    assert_eq!(house.sync().await.each_ref().map(|r| r.sent), [0, 0, 0]);
}

#[tokio::test]
async fn what_the_brake_holds_of_a_dossier_holds_what_comes_after() {
    let mut house = House::new().await;
    some(&house, 5);
    house.sync().await;
    house.streams[1].brake.new = Limit { percent: None, number: Some(0) };
    house.step("d001", "H001", 55, "10");
    house.sql("update ho_so set nay = '10' where ma = 'H001'");
    let runs = house.sync().await;
    assert_eq!((held(&runs[1], "brake"), held(&runs[2], "waits-for")), (1, 1), "{runs:?}");
    assert_eq!(house.plan_says(2).await.held["waits-for"], 1);
    let runs = house.sync_with(true).await;
    nothing_waits(&runs);
    assert_eq!(words(&house, "H001")[5..], ["buoc d001", "nay H001"]);
    house.portal.assert_clean();
}

#[tokio::test]
async fn nothing_is_scanned_before_the_first_run_of_what_goes_before() {
    let house = House::new().await;
    some(&house, 2);
    let run = house.sync_one(&house.streams[2], false, &BTreeSet::new()).await;
    assert_eq!((run.waits_for.as_deref(), run.exit_code()), (Some("mo"), 4));
    assert!(house.portal.0.lock().unwrap().log.is_empty());
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            let other = usize::try_from(self.roll(at as u64 + 1)).unwrap();
            all.swap(at, other);
        }
    }
}

#[tokio::test]
async fn a_crash_at_any_await_keeps_the_order_and_repeats_nothing() {
    let mut crashes = 0;
    for polls in (1..400_u32).step_by(37) {
        for stream in 0..3 {
            let mut house = House::new().await;
            some(&house, 6);
            house.portal.0.lock().unwrap().loses = u64::from(polls % 3) * 2;
            for before in 0..stream {
                house.sync_one(&house.streams[before], false, &BTreeSet::new()).await;
            }
            let options = SyncOptions { release_brake: None, patience: house.patience, stalled: BTreeSet::new() };
            let stop = CancellationToken::new();
            let run = sync(&house.store, &house.streams[stream], &*house.hands, &options, &Quiet, &stop);
            let died = Doomed::from(|| true, polls, run).await.is_none();
            crashes += u32::from(died);
            house.restart().await;
            let runs = house.sync().await;
            nothing_waits(&runs);
            house.portal.assert_clean();
            let log = house.portal.0.lock().unwrap().log.len();
            assert_eq!(log, 6 + 18 + 6, "polls {polls}, stream {stream}");
        }
    }
    assert!(crashes > 10, "{crashes}");
}

#[tokio::test]
async fn however_steps_arrive_each_is_confirmed_in_order_or_stands_as_late() {
    for seed in 1..=12 {
        let mut dice = Dice(seed);
        let house = House::new().await;
        let mut steps: Vec<(String, String, u32)> = Vec::new();
        for lane in 0..4 {
            house.dossier(&format!("H{lane}"), "4", "4");
            steps.extend((0..8).map(|n| {
                (
                    format!("k{:02}", dice.roll(1000) * 100 + lane * 10 + n),
                    format!("H{lane}"),
                    u32::try_from(n).unwrap(),
                )
            }));
        }
        dice.shuffle(&mut steps);
        house.portal.0.lock().unwrap().loses = dice.roll(4);
        let mut newest: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
        let (mut late, mut rest) = (BTreeSet::new(), steps.as_slice());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(usize::try_from(1 + dice.roll(9)).unwrap().min(rest.len()));
            rest = later;
            for (key, lane, minute) in now {
                house.step(key, lane, *minute, ["4", "5", "6"][usize::try_from(dice.roll(3)).unwrap()]);
                if newest.get(lane).is_some_and(|n| n > minute) {
                    late.insert(key.clone());
                }
            }
            for (_, lane, minute) in now {
                let n = newest.entry(lane.clone()).or_default();
                *n = (*n).max(*minute);
            }
            let runs = house.sync_with(true).await;
            nothing_waits(&runs);
        }
        house.portal.assert_clean();
        let open = house.open("buoc").await;
        assert!(
            open.iter().all(|(_, kind, reason, _)| (kind.as_str(), reason.as_str()) == ("late", "late")),
            "{open:?}"
        );
        assert_eq!(open.into_iter().map(|(key, ..)| key).collect::<BTreeSet<_>>(), late, "seed {seed}");
        let book = house.portal.0.lock().unwrap();
        let confirmed: BTreeSet<String> = book.log.iter().filter(|e| e.role == "buoc").map(|e| e.key.clone()).collect();
        assert_eq!(confirmed.len() + late.len(), steps.len(), "seed {seed}: each is one of the two");
        assert!(confirmed.is_disjoint(&late) && !late.is_empty());
    }
}
