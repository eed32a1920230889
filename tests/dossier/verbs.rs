//! `dossier`: lists with filters, clocks by commune, one application and its story, a person's word on where it belongs.

use serde_json::Value;

use super::desk::{Desk, Row};
use super::rules;
use crate::support::databases::Server;

fn numbers(list: &Value) -> Vec<&str> {
    list["applications"].as_array().unwrap().iter().map(|one| one["number"].as_str().unwrap()).collect()
}

/// A day such that today is the `nth` working day after it.
fn received(desk: &Desk, nth: u32) -> String {
    let (rules, today) = (rules(), desk.now.day());
    let mut day = today;
    while rules.days.between(day, today) < nth {
        day = day.yesterday().unwrap();
    }
    day.strftime("%Y%m%d080000").to_string()
}

async fn filled(server: Option<Server>, test: &str) -> Option<Desk> {
    let desk = Desk::on(server, test).await?;
    let (fresh, near, late) = (received(&desk, 1), received(&desk, 9), received(&desk, 12));
    let row = |id, number, unit, received, status, versions| Row { id, number, unit, received, status, versions };
    desk.add(&[
        row(1, "H20.14-261101-0001", "29869", &fresh, "2", &["handed"]),
        row(2, "H20.14-261101-0002", "29869", &near, "2", &["handed", "ready"]),
        row(3, "H20.14-261101-0003", "29872", &late, "4", &["handed"]),
        row(4, "H20.14-261101-0004", "", &fresh, "1", &["to-be-routed"]),
        row(5, "H20.14-261101-0005", "29872", &late, "7", &["handed"]),
        row(6, "H20.14-261101-0006", "29872", &late, "5", &["handed"]),
    ])
    .await;
    // Its steps: papers were asked for on the day after the reception, and then it went on two days ago by a step that
    // came late; on the way another version of a step was superseded.
    let (asked, on) = (received(&desk, 11), desk.ago(0));
    let hash = desk.bytes("00");
    desk.sql(&format!(
        "insert into stream (id, name, system, entity) values (1, 'buoc', 'dvcbtxh', 'buoc-xu-ly'), (2, 'mo', 'dvcbtxh', 'mo-ho-so'), \
         (3, 'khac', 'dvcqg', 'tien-do');
         insert into outbox (id, stream_id, key, action, version, unit, class, run_id, state, lane, lane_at, status) values \
         (1, 2, 'm6', 'write', {hash}, '', 'new', 1, 'accepted', 'H20.14-261101-0006', '', '2'), \
         (2, 1, 'b1', 'write', {hash}, '', 'new', 1, 'accepted', 'H20.14-261101-0006', '{on}', '4'), \
         (3, 1, 'b2', 'write', {hash}, '', 'new', 1, 'late', 'H20.14-261101-0006', '{asked}', '5'), \
         (4, 1, 'b1', 'write', {hash}, '', 'new', 1, 'superseded', 'H20.14-261101-0006', '{on}', '10'), \
         (5, 3, 'q1', 'write', {hash}, '', 'new', 1, 'accepted', 'H20.14-261101-0003', '{on}', '10');
         insert into batch (id, stream_id, system, key, sent_at, state, attempts, next_ms, body_hash, body_bytes, records) values \
         (1, 1, 'dvcbtxh', 'goi-1', '', 'settled', 1, 0, {hash}, 1, 1);
         insert into outbox_batch (outbox_id, batch_id) values (2, 1);
         insert into exchange (lane, number, exchange_id, entry, system, operation, batch_key, records, at_ms, bytes, hash, status, verdict) \
         values ('d', 1, 'e1', 'opened', 'dvcbtxh', 'write', 'goi-1', 1, {now}, 1, {hash}, null, ''), \
         ('d', 2, 'e1', 'closed', 'dvcbtxh', 'write', 'goi-1', 1, {now} + 5, 1, {hash}, 200, 'accepted'), \
         ('d', 3, 'x6-1', 'opened', 'dvcbtxh', 'pull', 'keo', 1, {now} - 3600000, 1, {hash}, null, ''), \
         ('d', 4, 'x6-1', 'closed', 'dvcbtxh', 'pull', 'keo', 1, {now} - 3599999, 1, {hash}, 200, 'done');",
        now = desk.now.0,
    ))
    .await;
    Some(desk)
}

async fn lists(server: Option<Server>, test: &str) {
    let Some(desk) = filled(server, test).await else { return };
    let all = desk.told(0, &["list"]);
    assert_eq!(numbers(&all).len(), 6);
    let verdicts: Vec<&str> =
        all["applications"].as_array().unwrap().iter().map(|a| a["clock"]["verdict"].as_str().unwrap()).collect();
    // The last one lost all its days but one to papers that were asked for, by the step that came late.
    assert_eq!(verdicts, ["running", "at-risk", "late", "running", "over", "running"]);
    let (first, second) = (&all["applications"][0], &all["applications"][1]);
    assert_eq!((first["waits"].as_str(), second["waits"].as_str()), (Some("handed"), Some("ready")));
    assert_eq!(numbers(&desk.told(3, &["list", "--to-be-routed"])), ["H20.14-261101-0004"]);
    assert_eq!(numbers(&desk.told(3, &["list", "--at-risk"])), ["H20.14-261101-0002"]);
    assert_eq!(numbers(&desk.told(3, &["list", "--late"])), ["H20.14-261101-0003"]);
    assert_eq!(numbers(&desk.told(0, &["list", "--late", "--commune", "29869"])), [""; 0]);
    let page = desk.told(0, &["list", "--commune", "29872", "--limit", "2"]);
    assert_eq!(numbers(&page), ["H20.14-261101-0003", "H20.14-261101-0005"]);
    let rest = desk.told(0, &["list", "--commune", "29872", "--limit", "2", "--after", &page["next"].to_string()]);
    assert_eq!((numbers(&rest), &rest["next"]), (vec!["H20.14-261101-0006"], &Value::Null));

    let clock = desk.told(0, &["clock"]);
    let of = |unit: &str| clock["communes"].as_array().unwrap().iter().find(|c| c["commune"] == unit).unwrap().clone();
    assert_eq!((&of("29869")["running"], &of("29869")["at-risk"]), (&1.into(), &1.into()));
    assert_eq!(
        (&of("29872")["late"], &of("29872")["over"], &of("29872")["over_late"]),
        (&1.into(), &1.into(), &1.into())
    );
    assert_eq!((&of("")["to_be_routed"], &clock["all"]["running"]), (&1.into(), &3.into()));
    let people = String::from_utf8(desk.call(&["clock"]).stdout).unwrap();
    assert!(people.contains("QUÁ HẠN") && people.contains("29872"), "{people}");
}

#[tokio::test]
async fn lists_and_clocks_tell_what_waits_and_what_is_late() {
    lists(None, "dossier lists").await;
    lists(Some(Server::Postgres), "dossier lists").await;
}

#[tokio::test]
async fn a_list_goes_on_beyond_one_chunk() {
    let desk = Desk::on(None, "").await.unwrap();
    let names: Vec<String> = (0..450).map(|n| format!("H{n:03}")).collect();
    let rows: Vec<Row<'_>> = (1..)
        .zip(&names)
        .map(|(id, number)| Row {
            id,
            number,
            unit: "1",
            received: "20260101080000",
            status: "2",
            versions: &["handed"],
        })
        .collect();
    desk.add(&rows).await;
    let page = desk.told(3, &["list", "--late", "--limit", "401"]);
    assert_eq!((numbers(&page).len(), &page["next"]), (401, &401.into()));
    let rest = desk.told(3, &["list", "--late", "--after", "401"]);
    assert_eq!((numbers(&rest).len(), &rest["next"]), (49, &Value::Null));
    assert_eq!(desk.told(0, &["clock"])["all"]["late"], 450);
}

async fn story(server: Option<Server>, test: &str) {
    let Some(desk) = filled(server, test).await else { return };
    let told = desk.told(0, &["timeline", "H20.14-261101-0006"]);
    let events = told["events"].as_array().unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    let by_time = ["received", "step", "exchange", "version", "exchange", "handed", "step", "dossier"];
    // Arrival and what was written at the same moment as it may stand either way; all is there, in order of time.
    let mut sorted = (kinds.clone(), by_time);
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    assert_eq!(sorted.0, sorted.1, "{kinds:?}");
    let times: Vec<i64> = events.iter().filter_map(|event| event["at_ms"].as_i64()).collect();
    assert!(times.is_sorted() && times.len() == 7, "{times:?}");
    // The opening was never tried: it has no time, and stands at the end.
    assert_eq!((kinds[0], kinds[7]), ("received", "dossier"));
    let late = events.iter().find(|event| event["key"] == "b2").unwrap();
    assert_eq!((&late["state"], &late["status"]), (&"late".into(), &"5".into()));
    let up = events.iter().find(|event| event["operation"] == "write").unwrap();
    assert_eq!(
        (&up["http"], &up["verdict"], &up["carried"]),
        (&200.into(), &"accepted".into(), &serde_json::json!(["b1"]))
    );
    assert_eq!(events.iter().find(|event| event["kind"] == "version").unwrap()["differences"][0]["now"], "Lê Thị Canh");
    // A dossier from the counter has a story without an application.
    desk.sql("update outbox set lane = 'H20.14-261101-0900' where id = 5").await;
    let counter = desk.told(0, &["timeline", "H20.14-261101-0900"]);
    assert_eq!((&counter["application"], &counter["events"][0]["system"]), (&Value::Null, &"dvcqg".into()));
    let output = desk.call(&["timeline", "H20.14-000000-0000"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let people = String::from_utf8(desk.call(&["timeline", "H20.14-261101-0006"]).stdout).unwrap();
    assert!(people.contains("bước xử lý") && people.contains("HTTP 200 accepted"), "{people}");
    let people = String::from_utf8(desk.call(&["show", "H20.14-261101-0004"]).stdout).unwrap();
    assert!(people.contains("unknown-code") && people.contains("Xã Lạ"), "{people}");
    assert_eq!(desk.told(3, &["show", "H20.14-261101-0004"])["versions"][0]["complaints"][0]["field"], "ma_xa");
}

#[tokio::test]
async fn a_timeline_tells_all_that_happened_in_order_of_time() {
    story(None, "dossier timeline").await;
    story(Some(Server::Postgres), "dossier timeline").await;
}

#[tokio::test]
async fn a_person_says_where_an_application_belongs() {
    let desk = filled(None, "").await.unwrap();
    let (open, handed) = ("H20.14-261101-0004", "H20.14-261101-0001");
    let decisions = || -> Vec<(String, String)> {
        let store = desk.local();
        let mut rows = store.prepare("select reason, values_json from application_decision order by id").unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let refused = |args: &[&str], code: i32, says: &str| {
        let output = desk.call(args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), decisions().len()), (Some(code), 0), "{text}");
        assert!(text.contains(says), "{text}");
    };
    refused(&["route", open, "--set", "MaXaa=29869", "--reason", "x"], 2, "`MaXa`");
    refused(&["route", open, "--set", "MaXa=29869", "--reason", "  "], 2, "lý do");
    refused(&["route", handed, "--set", "MaXa=29869", "--reason", "x"], 2, "bàn giao");
    refused(&["route", "H0", "--set", "MaXa=29869", "--reason", "x"], 2, "H0");
    assert_eq!(desk.told(0, &["route", open, "--set", "maxa=29869", "--reason", "x", "--dry-run"])["decided"], false);
    let told =
        desk.told(0, &["route", open, "--set", "maxa=29869", "--set", "DonViXuLy=H20.31", "--reason", "theo địa chỉ"]);
    assert_eq!((&told["versions"], &told["set"]["MaXa"]), (&1.into(), &"29869".into()));
    let wanted = ("theo địa chỉ".to_owned(), r#"{"DonViXuLy":"H20.31","MaXa":"29869"}"#.to_owned());
    assert_eq!(decisions(), [wanted]);
    let judged = "select count(*) from application_version where judged_by = x'' and application_id = 4";
    assert_eq!(desk.local().query_row(judged, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    let others = "select count(*) from application_version where judged_by = x'' and application_id <> 4";
    assert_eq!(desk.local().query_row(others, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    // The decision stands in the story.
    let events = desk.told(0, &["timeline", open])["events"].clone();
    assert!(
        events.as_array().unwrap().iter().any(|e| e["kind"] == "decided" && e["values"]["MaXa"] == "29869"),
        "{events}"
    );
    desk.told(0, &["route", open, "--set", "MaXa=29872", "--reason", "sửa"]);
}
