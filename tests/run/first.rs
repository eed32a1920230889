//! The main job: everybody arrives once, a change alone is sent, and nothing when nothing changed.

use crate::support::world::World;
use molisa_gateway::province::{Recipe, change_sqlite, expected_held, people};

#[tokio::test]
async fn everybody_arrives_once_then_changes_then_nothing() {
    let world = World::with(3000, 7).await;
    let recipe = Recipe::built_in().unwrap();
    let damaged = people(&recipe, 7, 3000).filter(|p| expected_held(p).is_some()).count() as u64;

    let first = world.sync().await.unwrap();
    assert_eq!(first.scanned, 3000);
    assert_eq!(first.held.values().sum::<u64>(), damaged, "{:?}", first.held);
    assert_eq!(first.confirmed, 3000 - damaged);
    assert_eq!(world.nation().report().people, first.confirmed);

    let changes = change_sqlite(&world.dir.path().join("local.db"), &recipe, 8, 1000).await.unwrap();
    let delta = world.sync().await.unwrap();
    assert_eq!(delta.confirmed, changes.updated + changes.added + changes.stopped, "{delta:?}");
    assert_eq!(delta.stopped, changes.stopped);
    assert_eq!(delta.held.get("stop-candidate"), Some(&changes.vanished));

    let none = world.sync().await.unwrap();
    assert_eq!((none.sent, none.confirmed, none.unchanged), (0, 0, none.scanned));
    assert!(none.held.is_empty());
    world.assert_clean();
}
