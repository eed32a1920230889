//! A run after a mapping changed says so, names the files, and its changes are the brake's own class.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::path::PathBuf;
use std::sync::Arc;

use molisa_gateway::mapping::Mapping;
use molisa_gateway::run::plan;

use super::failures::house;
use crate::support::world::{World, copy, mappings};

const ADDRESS: &str = "name = \"DiaChi\"\nfrom = \"dia_chi\"";

/// A copy of the mappings beside the house, with the files changed.
fn change(world: &World, edits: &[(&str, &str, &str)]) -> PathBuf {
    let changed = world.dir.path().join("mappings");
    copy(&mappings(), &changed);
    for (file, from, to) in edits {
        let file = changed.join(file);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "the mapping is laid out as this story expects: {from}");
        std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    }
    changed
}

fn load(world: &mut World, changed: &std::path::Path) {
    world.stream.mapping = Arc::new(Mapping::load(changed, "misposasoft", "doi-tuong").unwrap());
}

#[tokio::test]
async fn the_run_says_what_changed_since_which_run_and_later_runs_do_not() {
    let mut world = house(60).await;
    let first = world.sync().await.unwrap();
    assert_eq!(first.remapped, None, "a first run has nothing to compare with");
    assert_eq!(world.sync().await.unwrap().remapped, None);
    let upper = format!("{ADDRESS}\nvia = [\"upper\"]");
    let changed = change(&world, &[("misposasoft/doi-tuong.toml", ADDRESS, &upper)]);
    // A blank line more: the same rows in another text.
    let gender = changed.join("codes/gender.csv");
    std::fs::write(&gender, std::fs::read_to_string(&gender).unwrap() + "\n").unwrap();
    load(&mut world, &changed);
    let run = world.sync().await.unwrap();
    let told = run.remapped.clone().unwrap();
    assert_eq!(told.files, ["codes/gender.csv", "doi-tuong.toml"]);
    assert_eq!(told.since_run, Some(2));
    assert_eq!(told.again, run.scanned, "every row was judged again: {run:?}");
    assert_eq!((told.changed, told.held, told.freed), (run.brake.as_ref().unwrap().staged.remapped, 0, 0));
    let again = world.sync().await.unwrap();
    assert_eq!((again.remapped, again.brake.unwrap().holds), (None, vec!["remapped"]), "told once, held on");
}

#[tokio::test]
async fn who_becomes_held_or_free_by_a_mapping_is_counted() {
    let mut world = house(61).await;
    world.local().execute("update doi_tuong set dia_chi = '' where rowid in (3, 5, 8)", []).unwrap();
    let before = world.sync().await.unwrap();
    let changed = change(&world, &[("misposasoft/doi-tuong.toml", ADDRESS, &format!("{ADDRESS}\nrequired = true"))]);
    load(&mut world, &changed);
    let run = world.sync().await.unwrap();
    let told = run.remapped.unwrap();
    let more: u64 = run.held.values().sum::<u64>() - before.held.values().sum::<u64>();
    assert!((1..=3).contains(&more));
    assert_eq!((told.held, told.freed, told.changed), (more, 0, 0));
    world.stream.mapping = Arc::new(Mapping::load(&mappings(), "misposasoft", "doi-tuong").unwrap());
    let told = world.sync().await.unwrap().remapped.unwrap();
    assert_eq!((told.held, told.freed, told.changed), (0, more, 0));
    assert_eq!(told.files, ["doi-tuong.toml"]);
}

#[tokio::test]
async fn a_mapping_that_reads_other_columns_is_braked_as_a_mapping_all_the_same() {
    let mut world = house(62).await;
    world.sync().await.unwrap();
    // Two columns change places: the fingerprint of every row is another one.
    let upper = format!("{ADDRESS}\nvia = [\"upper\"]");
    let changed = change(
        &world,
        &[
            ("misposasoft/doi-tuong.toml", ADDRESS, &upper),
            (
                "misposasoft/doi-tuong.toml",
                "ma_ho_so = \"text\"\nho_ten = \"text\"",
                "ho_ten = \"text\"\nma_ho_so = \"text\"",
            ),
        ],
    );
    load(&mut world, &changed);
    let said = plan(&world.store, &world.stream, &*world.hands).await.unwrap().brake.unwrap();
    let run = world.sync().await.unwrap();
    let brake = run.brake.clone().unwrap();
    assert_eq!(said, brake, "the plan said what the brake did");
    assert_eq!((run.sent, brake.holds.as_slice(), brake.staged.changed), (0, ["remapped"].as_slice(), 0));
    assert_eq!(run.remapped.unwrap().files, ["doi-tuong.toml"]);
}

#[tokio::test]
async fn what_waits_because_of_a_mapping_does_not_slip_out_as_a_change_of_its_row() {
    let mut world = house(63).await;
    world.sync().await.unwrap();
    let upper = format!("{ADDRESS}\nvia = [\"upper\"]");
    let changed = change(&world, &[("misposasoft/doi-tuong.toml", ADDRESS, &upper)]);
    load(&mut world, &changed);
    let staged = world.sync().await.unwrap().brake.unwrap().staged;
    assert!(staged.remapped > 100, "{staged:?}");
    world.local().execute("update doi_tuong set thon_to = 'Ấp Mới' where rowid % 10 = 0", []).unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!(run.sent, 0, "{run:?}");
    assert_eq!(run.brake.unwrap().staged, staged);
    assert_eq!(world.sync_released().await.unwrap().confirmed, staged.remapped);
    world.assert_clean();
}
