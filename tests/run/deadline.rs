//! Near its deadline a stream goes first: the others of its system leave it the request budget, and never for ever.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use molisa_gateway::delivery::{Deadline, PaceSettings, Precedence};
use molisa_gateway::national::Profile;
use molisa_gateway::run::{Outcome, Quiet, Stream, SyncOptions, sync};
use molisa_gateway::source::{Source, SourceConfig};
use tokio_util::sync::CancellationToken;

use crate::support::world::{World, copy, mappings};

const DAY: i64 = 86_400_000;

/// A house with two streams to one system on a small budget, in small batches: each has every other of the rows. The
/// payment list must be through before the 25th; it is the morning of 24 November.
async fn house() -> (World, Stream) {
    let mut world = World::with(400, 25).await;
    let changed = world.dir.path().join("mappings");
    copy(&mappings(), &changed);
    let file = changed.join("misposasoft/system.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\nrecords = 500\n"), "the profile is laid out as this story expects");
    std::fs::write(&file, text.replace("\nrecords = 500\n", "\nrecords = 10\n")).unwrap();
    let deadline = Deadline { day: 25, lead_days: 5, ..Deadline::default() };
    let system = Arc::get_mut(&mut world.stream.system).unwrap();
    system.profile = Arc::new(Profile::load(&changed, "misposasoft").unwrap());
    system.pace = PaceSettings {
        per_minute: 6,
        first: vec![Precedence { stream: "payments".into(), deadline }],
        ..PaceSettings::default()
    };
    world.stream.name = "others".into();
    world.stream.source = half(&world, 0).await;
    let payments = Stream {
        once: false,
        after: Vec::new(),
        name: "payments".into(),
        source: half(&world, 1).await,
        mapping: Arc::clone(&world.stream.mapping),
        system: Arc::clone(&world.stream.system),
        entity: world.stream.entity.clone(),
        brake: world.stream.brake,
        decision: None,
    };
    (world, payments)
}

async fn half(world: &World, rest: u8) -> Source {
    let query = format!("select * from doi_tuong where rowid % 2 = {rest}");
    let config = SourceConfig::Sqlite { path: world.dir.path().join("local.db"), query };
    Source::open(&config, world.dir.path()).await.unwrap()
}

async fn run(world: &World, stream: &Stream, patience: Duration) -> Outcome {
    let options = SyncOptions { release_brake: None, patience, stalled: std::collections::BTreeSet::default() };
    sync(&world.store, stream, &*world.hands, &options, &Quiet, &CancellationToken::new()).await.unwrap()
}

/// The first and the last moment at which the nation confirmed something of a stream.
fn confirmed(world: &World, stream: &str) -> (u64, u64) {
    let of = |what: &str| {
        world.count(&format!(
            "select coalesce({what}(confirmed_ms), 0) from ledger l join stream s on s.id = l.stream_id where s.name = '{stream}'"
        ))
    };
    (of("min"), of("max"))
}

/// The payment list could not be delivered yesterday: it is all ready when both runs begin.
async fn in_vain(world: &World, payments: &Stream) {
    world.wire.down.store(true, Ordering::SeqCst);
    assert!(run(world, payments, Duration::from_secs(30)).await.unreached);
    world.wire.down.store(false, Ordering::SeqCst);
}

#[tokio::test]
async fn near_its_deadline_the_payment_list_is_confirmed_before_anything_else_begins() {
    let (world, payments) = house().await;
    in_vain(&world, &payments).await;
    world.hands.pass(3_600_000);
    let long = Duration::from_hours(2);
    let (first, second) =
        futures_util::future::join(run(&world, &payments, long), run(&world, &world.stream, long)).await;
    assert!(first.confirmed > 150 && second.confirmed > 150, "{first:?} {second:?}");
    assert_eq!((first.unknown, second.unknown, second.unreached), (0, 0, false));
    let (last, next) = (confirmed(&world, "payments").1, confirmed(&world, "others").0);
    assert!(last <= next, "the payment list was through at {last}, the others began at {next}");
    world.assert_clean();
}

#[tokio::test]
async fn far_from_the_deadline_both_share_the_budget() {
    let (world, payments) = house().await;
    in_vain(&world, &payments).await;
    world.hands.pass(4 * DAY);
    let long = Duration::from_hours(2);
    let (first, second) =
        futures_util::future::join(run(&world, &payments, long), run(&world, &world.stream, long)).await;
    assert_eq!((first.unknown, second.unknown), (0, 0));
    let (last, next) = (confirmed(&world, "payments").1, confirmed(&world, "others").0);
    assert!(next < last, "the payment list was through at {last}, the others began at {next}");
    world.assert_clean();
}

#[tokio::test]
async fn a_stream_that_only_waits_for_its_turn_loses_no_patience() {
    let (world, payments) = house().await;
    in_vain(&world, &payments).await;
    world.hands.pass(3_600_000);
    // Twenty batches at one in twelve seconds take longer than this patience.
    let (long, short) = (Duration::from_hours(2), Duration::from_mins(1));
    let (_, second) = futures_util::future::join(run(&world, &payments, long), run(&world, &world.stream, short)).await;
    assert_eq!((second.unreached, second.unknown), (false, 0), "{second:?}");
}

#[tokio::test]
async fn what_a_dead_run_left_ready_holds_nobody_up() {
    let (world, payments) = house().await;
    in_vain(&world, &payments).await;
    world.hands.pass(3_600_000);
    // Rows are ready, but no run of theirs lives.
    let others = run(&world, &world.stream, Duration::from_mins(10));
    let others = tokio::time::timeout(Duration::from_mins(1), others).await.expect("it waits for nobody");
    assert!(others.confirmed > 150 && others.unknown == 0, "{others:?}");
    assert_eq!(confirmed(&world, "payments"), (0, 0));
    assert!(run(&world, &payments, Duration::from_hours(2)).await.confirmed > 150);
    world.assert_clean();
}
