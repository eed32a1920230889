//! What a person says of a hand-over that does not end by itself, of a version that can never be handed over, and of
//! files that were given up.

use serde_json::Value;

use super::desk::{Desk, Row};
use crate::cli::program;
use crate::support::databases::Server;

const ONE: &str = "H20.14-261101-0001";

async fn filled(server: Option<Server>, versions: &[&str]) -> Option<Desk> {
    let desk = Desk::on(server, "dossier settle").await?;
    let row = |id, number, versions| Row { id, number, unit: "29869", received: "", status: "2", versions };
    desk.add(&[row(1, ONE, versions), row(2, "H20.14-261101-0002", &["ready"])]).await;
    desk.sql("update application_version set attempts = 3, why = 'HTTP 500' where application_id = 1").await;
    Some(desk)
}

fn refused(desk: &Desk, code: i32, args: &[&str], says: &str) {
    let output = desk.call(&[&["settle", ONE, "--reason", "đã hỏi"], args].concat());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(code) && text.contains(says), "{args:?}: {text}");
}

async fn ended(server: Option<Server>) {
    let Some(desk) = filled(server, &["underway", "ready"]).await else { return };
    let stuck = desk.told(3, &["list", "--stuck"]);
    assert_eq!(stuck["applications"].as_array().unwrap().len(), 1, "{stuck}");
    assert_eq!(stuck["applications"][0]["number"], ONE);
    refused(&desk, 2, &["--version", "1"], "--taken");
    refused(&desk, 2, &["--version", "1", "--overtaken"], "--taken");
    refused(&desk, 2, &["--version", "2", "--taken"], "chờ bàn giao");
    refused(&desk, 2, &["--version", "9", "--taken"], "phiên bản 9");
    refused(&desk, 2, &["--version", "1", "--not-taken", "--number", "5"], "--taken");
    // Somebody runs the intake: an attempt may be on its way.
    let until = desk.now.0 + 60_000;
    desk.sql(&format!("insert into lease (name, holder, epoch, until_ms) values ('intake:nop', 'x', 1, {until})"))
        .await;
    refused(&desk, 1, &["--version", "1", "--taken"], "nop");
    desk.sql("update lease set until_ms = 0").await;

    let told = desk.told(0, &["settle", ONE, "--version", "1", "--taken", "--number", " TN-7 ", "--reason", "đã hỏi"]);
    assert_eq!(told["settled"], "taken");
    let shown = desk.told(0, &["show", ONE]);
    assert_eq!((&shown["versions"][0]["state"], &shown["local_number"]), (&"handed".into(), &"TN-7".into()), "{shown}");
    assert!(shown["versions"][0]["receipt"].as_str().unwrap().contains("đã hỏi"), "{shown}");
    assert!(shown["decisions"][0]["reason"].as_str().unwrap().contains("version 1, taken: đã hỏi"), "{shown}");
    let events = desk.told(0, &["timeline", ONE])["events"].clone();
    assert!(events.as_array().unwrap().iter().any(|event| event["kind"] == "decided"), "{events}");
    desk.sql("update application_version set attempts = 0").await;
    assert_eq!(desk.told(0, &["list", "--stuck"])["applications"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_hand_over_without_an_end_is_seen_and_a_person_says_that_it_arrived() {
    ended(None).await;
    ended(Some(Server::Postgres)).await;
}

async fn again(server: Option<Server>) {
    let Some(desk) = filled(server, &["underway", "ready"]).await else { return };
    // What a folder remembers of the attempt is forgotten with it.
    let aside = desk.dir.path().join("ra/.ban-giao");
    std::fs::create_dir_all(&aside).unwrap();
    let mark = aside.join(format!("{ONE}-1.json.sha256"));
    std::fs::write(&mark, "0").unwrap();
    desk.told(0, &["settle", ONE, "--version", "1", "--not-taken", "--reason", "chưa có"]);
    assert!(!mark.exists());
    let shown = desk.told(0, &["show", ONE]);
    let first = &shown["versions"][0];
    assert_eq!((&first["state"], &first["attempts"]), (&"ready".into(), &0.into()), "{shown}");
    // Nothing is given before it is judged by what was decided meanwhile; then a newer one may take its place.
    desk.told(0, &["settle", ONE, "--version", "1", "--overtaken", "--reason", "công dân đã sửa"]);
    let shown = desk.told(0, &["show", ONE]);
    assert_eq!(shown["versions"][0]["state"], "overtaken", "{shown}");
    assert_eq!(shown["decisions"].as_array().unwrap().len(), 2);
    refused(&desk, 2, &["--version", "2", "--overtaken"], "mới hơn");
}

#[tokio::test]
async fn what_surely_did_not_arrive_is_given_again_or_passed_over_for_a_newer_one() {
    again(None).await;
    again(Some(Server::Postgres)).await;
}

async fn files(server: Option<Server>) {
    let Some(desk) = filled(server, &["handed"]).await else { return };
    assert_eq!(desk.told(0, &["files"])["files"].as_array().unwrap().len(), 0);
    desk.sql(&format!(
        "insert into attachment (id, application_id, address, name, state, why, first_ms) values \
         (1, 1, '/1', 'a.pdf', 'refused', 'loại', {now}), (2, 1, '/2', '', 'stored', '', {now}), \
         (3, 1, '/3', '', 'wanted', '', {now}), (4, 2, '/4', '', 'infected', '', {now}), \
         (5, 2, '…+7', '', 'refused', 'quá nhiều', {now})",
        now = desk.now.0
    ))
    .await;
    let missing = |told: &Value| -> Vec<i64> {
        told["files"].as_array().unwrap().iter().map(|file| file["id"].as_i64().unwrap()).collect()
    };
    // This intake fetches no files, so that one that is only noted is not awaited.
    assert_eq!(missing(&desk.told(3, &["files"])), [1, 4, 5]);
    assert_eq!(missing(&desk.told(3, &["files", ONE])), [1]);
    assert_eq!(desk.told(3, &["list", "--files"])["applications"].as_array().unwrap().len(), 2);
    assert_eq!(desk.told(0, &["files", ONE, "--again", "--reason", "đã tăng giới hạn"])["again"], 1);
    assert_eq!(desk.told(0, &["files", "--again", "--reason", "quét nhầm"])["again"], 1);
    assert_eq!(missing(&desk.told(3, &["files"])), [5], "what has no address is not fetched");
    let shown = desk.told(0, &["show", ONE]);
    assert_eq!(shown["decisions"].as_array().unwrap().len(), 1, "{shown}");
    assert!(shown["decisions"][0]["reason"].as_str().unwrap().contains("đã tăng giới hạn"));
}

#[tokio::test]
async fn files_that_were_given_up_are_seen_and_fetched_again_when_a_person_says_so() {
    files(None).await;
    files(Some(Server::Postgres)).await;
}

#[tokio::test]
async fn what_has_no_number_is_named_by_its_id() {
    let desk = filled(None, &["handed"]).await.unwrap();
    desk.sql("update application set number = char(1) || 'abc' where id = 2").await;
    desk.sql(r#"update application_version set state = 'to-be-routed', body = '{"?":"[1]","?why":"lạ"}' where application_id = 2"#)
        .await;
    let people = String::from_utf8(desk.call(&["list"]).stdout).unwrap();
    assert!(people.contains("--id 2") && !people.contains("\\u{1}"), "{people}");
    assert_eq!(desk.told(3, &["show", "--id", "2"])["body"]["?why"], "lạ");
    let people = String::from_utf8(desk.call(&["show", "--id", "2"]).stdout).unwrap();
    assert!(people.contains("?why: lạ"), "{people}");
    desk.told(0, &["route", "--id", "2", "--set", "MaHoSo=H20.14-261101-0077", "--reason", "theo giấy"]);
    let events = desk.told(0, &["timeline", "--id", "2"])["events"].clone();
    assert!(events.as_array().unwrap().iter().any(|event| event["kind"] == "decided"), "{events}");
}

#[tokio::test]
async fn what_is_cut_says_so() {
    let desk = filled(None, &["handed"]).await.unwrap();
    assert_eq!(desk.told(0, &["show", ONE])["cut"], false);
    desk.sql(
        "insert into application_decision (application_id, at_ms, who, reason, values_json) \
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 1001) \
         select 1, 1, 'a', 'b', '{}' from n",
    )
    .await;
    assert_eq!(desk.told(0, &["show", ONE])["cut"], true);
    assert_eq!(desk.told(0, &["timeline", ONE])["cut"], true);
    let people = String::from_utf8(desk.call(&["timeline", ONE]).stdout).unwrap();
    assert!(people.contains("1000"), "{people}");
}

/// `status` speaks of the way down: what was read, what went wrong, what waits for whom.
#[tokio::test]
async fn status_tells_how_an_intake_stands() {
    let desk = filled(None, &["underway", "ready"]).await.unwrap();
    std::fs::write(desk.dir.path().join("khoa"), "khoa").unwrap();
    let text = std::fs::read_to_string(&desk.config).unwrap();
    let text = text.replace("127.0.0.1:9\"\n", "127.0.0.1:9\"\ncredential_files = { accept-key = \"khoa\" }\n");
    std::fs::write(&desk.config, text).unwrap();
    let status = |code: i32| {
        let output = program::run(&["--config", desk.config.to_str().unwrap(), "status", "--json"]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        program::json(&output)["intakes"][0].clone()
    };
    let told = status(3);
    assert_eq!((&told["intake"], &told["inbox"]["stuck"], &told["pulled"]), (&"nop".into(), &2.into(), &Value::Null));
    desk.sql("update application_version set attempts = 0").await;
    assert_eq!(status(0)["inbox"]["waiting"], 3);
    desk.sql("insert into intake_cursor (intake, upto_ms, pulled_ms, error) values ('nop', 1795485600000, 1795485600000, 'hỏng')").await;
    let told = status(3);
    assert_eq!((&told["upto"], &told["error"]), (&"24/11/2026 09:00:00".into(), &"hỏng".into()));
    let people = program::run(&["--config", desk.config.to_str().unwrap(), "status"]);
    let people = String::from_utf8(people.stdout).unwrap();
    assert!(people.contains("24/11/2026 09:00:00") && people.contains("hỏng"), "{people}");
}
