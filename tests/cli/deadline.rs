//! A monthly deadline with the real program: who goes first, and what `status` says of it.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::path::Path;

use molisa_gateway::delivery::Deadline;
use molisa_gateway::model::{Clock as _, SystemClock};
use molisa_gateway::province::{Recipe, write_sqlite};

use super::program::{Sandbox, configure, json, run};

/// Two streams to one system, each with half of the people; the second one has the deadline.
async fn two_streams(dir: &Path, sandbox: &Sandbox, deadline: &str) {
    write_sqlite(&dir.join("local.db"), &Recipe::built_in().unwrap(), 25, 300).await.unwrap();
    configure(dir, &sandbox.address);
    let file = dir.join("gateway.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("select * from doi_tuong", "select * from doi_tuong where rowid % 2 = 0");
    let second = format!(
        "[[source]]\nname = \"hai\"\nkind = \"sqlite\"\npath = \"local.db\"\nquery = \"select * from doi_tuong where rowid % 2 = 1\"\n\
         [[stream]]\nname = \"hai\"\nsource = \"hai\"\nsystem = \"misposasoft\"\nentity = \"doi-tuong\"\ndeadline = {deadline}\n"
    );
    std::fs::write(&file, text + &second).unwrap();
}

/// A day of the month whose deadline is near now, or none is.
fn day(near: bool) -> i8 {
    let today = SystemClock::new().now().day();
    let of = |day| Deadline { day, lead_days: 8, ..Deadline::default() };
    (1..=28).find(|day| of(*day).is_near(today) == near).unwrap()
}

/// The streams in the order in which they began, and what the status says of the second one.
async fn order(near: bool) -> (Vec<String>, serde_json::Value) {
    let (dir, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(&[]));
    let deadline = format!("{{ day = {}, lead_days = 8, holidays = \"holidays\" }}", day(near));
    two_streams(dir.path(), &sandbox, &deadline).await;
    let config = dir.path().join("gateway.toml");
    let shown = json(&run(&["--config", config.to_str().unwrap(), "sync", "--json"]));
    let names: Vec<&str> = shown["runs"].as_array().unwrap().iter().filter_map(|run| run["name"].as_str()).collect();
    assert_eq!(names, ["doi-tuong", "hai"], "told in the order of the file: {shown}");
    let store = rusqlite::Connection::open(dir.path().join("store.db")).unwrap();
    let mut asked =
        store.prepare("select s.name from run r join stream s on s.id = r.stream_id order by r.id").unwrap();
    let began = asked.query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<String>, _>>().unwrap();
    let status = json(&run(&["--config", config.to_str().unwrap(), "status", "--json"]));
    assert_eq!(status["streams"][0]["deadline"], serde_json::Value::Null);
    (began, status["streams"][1].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn near_its_deadline_a_stream_is_run_first_and_status_says_what_is_left() {
    let (began, status) = order(true).await;
    assert_eq!(began, ["hai", "doi-tuong"]);
    let told = &status["deadline"];
    assert_eq!(told["goes_first_now"], true, "{status}");
    let left = &told["not_confirmed"];
    let held = status["waits_for_a_person"].as_array().unwrap();
    // All that waits in this story is held here, under whatever kind.
    let held: u64 = held.iter().filter_map(|one| one["count"].as_u64()).sum();
    assert_eq!((&left["held"], &left["ready"], &left["underway"]), (&held.into(), &0.into(), &0.into()), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn far_from_it_the_order_is_that_of_the_file() {
    let (began, status) = order(false).await;
    assert_eq!(began, ["doi-tuong", "hai"]);
    assert_eq!(status["deadline"]["goes_first_now"], false, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_no_month_has_is_a_mistake_with_its_line() {
    for (wrong, said) in [
        ("{ day = 31, lead_days = 5 }", "lead_days"),
        ("{ day = 25, lead_days = 40 }", "lead_days"),
        ("{ day = 25, lead_days = 5, holidays = \"khong-co\" }", "khong-co"),
    ] {
        let (dir, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(&[]));
        two_streams(dir.path(), &sandbox, wrong).await;
        let output = run(&["--config", dir.path().join("gateway.toml").to_str().unwrap(), "status"]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), text.contains(said)), (Some(2), true), "{wrong}: {text}");
    }
}
