//! What waits for a person is closed when its cause is over, and every attempt at a record stays in view.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::time::Duration;

use molisa_gateway::sandbox::{FaultKind as K, Operation, Rule};
use molisa_gateway::store::{Place, exchange, runs};

use super::failures::{house, kinds, queue};
use crate::support::databases::{Database, Server};
use crate::support::world::{MORNING, World};

/// Somebody whom the nation has.
fn somebody(world: &World) -> String {
    world.nation().records(None, 100)[5].reference.clone()
}

fn address(world: &World, key: &str) -> String {
    let find = "select dia_chi from doi_tuong where ma_ho_so = ?1";
    world.local().query_row(find, [key], |row| row.get(0)).unwrap()
}

fn moves(world: &World, key: &str, to: &str) {
    let set = "update doi_tuong set dia_chi = ?1 where ma_ho_so = ?2";
    assert_eq!(world.local().execute(set, [to, key]).unwrap(), 1);
}

fn refuses(world: &World, key: &str) {
    world.nation().rule(key, Some(Rule::Refused { code: "E17".into(), text: "sai".into() }));
}

/// How many wait for a person for this.
async fn waits(world: &World, kind: &str) -> u64 {
    kinds(world).await.into_iter().filter(|((of, _), _)| of == kind).map(|(_, n)| n).sum()
}

fn refused(world: &World) -> u64 {
    world.count("select count(*) from ledger where refused_version is not null")
}

/// One batch is sent whose outcome nobody can tell, until a person is told.
async fn on_its_way(world: &mut World, fault: K) {
    queue(world, Operation::Send, fault, 1);
    queue(world, Operation::Ask, K::Error500Before, 8);
    world.options.patience = Duration::from_secs(30);
    while waits(world, "unknown-outcome").await == 0 {
        let run = world.sync().await.unwrap();
        assert_eq!((run.unknown, run.unreached), (1, true), "{run:?}");
        world.hands.pass(600_000);
    }
    world.nation().clear_faults();
    world.options.patience = Duration::from_hours(2);
}

#[tokio::test]
async fn a_refusal_is_over_when_the_source_goes_back_to_what_the_nation_has() {
    let world = house(30).await;
    world.sync().await.unwrap();
    let key = somebody(&world);
    let home = address(&world, &key);
    refuses(&world, &key);
    moves(&world, &key, "Ấp B");
    assert_eq!(world.sync().await.unwrap().refused["E17"], 1);
    assert_eq!((waits(&world, "refused-there").await, refused(&world)), (1, 1));
    moves(&world, &key, &home);
    let run = world.sync().await.unwrap();
    assert_eq!((run.unchanged, run.sent, run.exit_code()), (run.scanned, 0, 0), "{run:?}");
    assert_eq!((waits(&world, "refused-there").await, refused(&world)), (0, 0));
    // What was refused is said again when the source says it again.
    moves(&world, &key, "Ấp B");
    assert_eq!(world.sync().await.unwrap().refused["E17"], 1);
    world.assert_clean();
}

#[tokio::test]
async fn a_refusal_is_over_when_the_source_went_back_while_the_refused_was_on_its_way() {
    let mut world = house(31).await;
    world.sync().await.unwrap();
    let key = somebody(&world);
    let home = address(&world, &key);
    moves(&world, &key, "Ấp B");
    refuses(&world, &key);
    on_its_way(&mut world, K::CutBefore).await;
    moves(&world, &key, &home);
    let run = world.sync().await.unwrap();
    // Scan and question go side by side: the record counts once, by its last word in the run, as refused or as unchanged.
    let by_code = run.refused.get("E17").copied().unwrap_or(0);
    assert_eq!((by_code + run.unchanged, run.confirmed, run.unknown), (700, 0, 0), "{run:?}");
    assert!(run.unchanged >= 699 && run.refused.len() as u64 == by_code, "{run:?}");
    assert_eq!((waits(&world, "refused-there").await, refused(&world)), (0, 0));
    assert_eq!(waits(&world, "unknown-outcome").await, 0);
    assert_eq!(address(&world, &key), home);
    world.assert_clean();
}

#[tokio::test]
async fn an_outcome_that_turned_out_a_refusal_is_no_longer_unknown() {
    let mut world = house(32).await;
    world.sync().await.unwrap();
    let key = somebody(&world);
    moves(&world, &key, "Ấp B");
    refuses(&world, &key);
    on_its_way(&mut world, K::StoredThenSilent).await;
    let run = world.sync().await.unwrap();
    assert_eq!(run.refused["E17"], 1, "{run:?}");
    assert_eq!((waits(&world, "unknown-outcome").await, waits(&world, "refused-there").await), (0, 1));
}

#[tokio::test]
async fn an_outcome_that_turned_out_not_stored_is_no_longer_unknown() {
    // Never seen as a whole, and put off by the nation: in both nothing was stored, and then nothing has to be.
    for (fault, rule) in [(K::CutBefore, None), (K::StoredThenSilent, Some(Rule::Later { times: 1 }))] {
        let mut world = house(33).await;
        world.sync().await.unwrap();
        let key = somebody(&world);
        let home = address(&world, &key);
        moves(&world, &key, "Ấp B");
        world.nation().rule(&key, rule);
        on_its_way(&mut world, fault).await;
        // It learns what became of the batch, and does not come to send anything again.
        queue(&world, Operation::Send, K::CutBefore, 1);
        queue(&world, Operation::Send, K::Error500Before, 1000);
        world.options.patience = Duration::ZERO;
        while waits(&world, "unknown-outcome").await > 0 {
            assert!(world.hands.truth() < MORNING.0 + 24 * 3_600_000, "{fault:?}: it is told of for ever");
            let run = world.sync().await.unwrap();
            assert_eq!(run.unknown, 1, "{fault:?}: {run:?}");
            world.hands.pass(60_000);
        }
        world.nation().clear_faults();
        world.options.patience = Duration::from_hours(2);
        world.hands.pass(3_600_000);
        moves(&world, &key, &home);
        world.sync().await.unwrap();
        assert_eq!(waits(&world, "unknown-outcome").await, 0, "{fault:?}");
        world.assert_clean();
    }
}

/// The batches behind a record with what was made of them, in order of time.
async fn attempts(world: &World, key: &str) -> Vec<(String, String)> {
    let mut tx = world.store.read().await.unwrap();
    let (id, _) = runs::find_stream(&mut tx, "doi-tuong").await.unwrap().unwrap();
    let entries = exchange::of_record(&mut tx, id, key).await.unwrap();
    entries.into_iter().filter(|e| e.entry == "closed").map(|e| (e.batch_key, e.verdict)).collect()
}

/// One record is put off twice, another is poison in a batch of all.
async fn attempts_stay_in_view(world: World) {
    world.sync().await.unwrap();
    let keys: Vec<String> = world.nation().records(None, 100).iter().map(|r| r.reference.clone()).collect();
    let (later, poison) = (keys[5].as_str(), keys[9].as_str());
    assert_eq!(attempts(&world, later).await.len(), 1);
    world.nation().rule(later, Some(Rule::Later { times: 2 }));
    moves(&world, later, "Ấp B");
    assert_eq!(world.sync().await.unwrap().confirmed, 1);
    let seen = attempts(&world, later).await;
    let batches: std::collections::BTreeSet<&str> = seen.iter().map(|(batch, _)| batch.as_str()).collect();
    assert_eq!((seen.len(), batches.len()), (4, 4), "the first, and three of the change: {seen:?}");

    world.nation().rule(poison, Some(Rule::Poison));
    for key in &keys[8..12] {
        moves(&world, key, "Ấp C");
    }
    assert_eq!(world.sync().await.unwrap().refused["malformed"], 1);
    let seen = attempts(&world, poison).await;
    let malformed = seen.iter().filter(|(_, verdict)| verdict == "malformed").count();
    assert_eq!((seen.len(), malformed), (4, 3), "the first; of the change the four, the two and the one: {seen:?}");
}

#[tokio::test]
async fn every_attempt_at_a_record_stays_in_view_though_it_was_put_back_or_its_batch_was_split() {
    attempts_stay_in_view(house(34).await).await;
}

#[tokio::test]
async fn every_attempt_stays_in_view_with_the_store_on_a_server() {
    let Some(server) = Database::fresh(Server::Postgres, "every_attempt_stays_in_view").await else { return };
    let place = Place::Postgres(secrecy::SecretString::from(server.url.clone()));
    attempts_stay_in_view(World::on(tempfile::tempdir().unwrap(), place, 200, 34).await).await;
}

#[tokio::test]
async fn a_store_from_before_knows_the_batches_that_its_rows_went_in() {
    let mut world = house(35).await;
    world.sync().await.unwrap();
    let key = somebody(&world);
    let before = attempts(&world, &key).await;
    assert_eq!(before.len(), 1);
    world.store.close().await;
    let store = rusqlite::Connection::open(world.store_file()).unwrap();
    store.execute_batch("drop table outbox_batch; delete from _sqlx_migrations where version = 4").unwrap();
    drop(store);
    world.restart().await;
    assert_eq!(attempts(&world, &key).await, before);
}
