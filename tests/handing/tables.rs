//! A table of the local system, on each engine.

use molisa_gateway::intake::hand_over::{Handing, Table, TableSettings, Trouble};
use molisa_gateway::model::Timestamp;

use super::{FIELDS, Local, Office, record, table};
use crate::support::databases::{Database, Server};
use crate::support::proxy::Proxy;
use crate::support::world::MORNING;

fn handing<'a>(key: &'a str, record: &'a str) -> Handing<'a> {
    Handing { key, number: "H20.14-240703-0002", version: 2, record, at: MORNING }
}

#[tokio::test]
async fn a_row_and_its_marker_arrive_once() {
    for local in Local::all("a_row_and_its_marker_arrive_once").await {
        let (hand_over, record) = (local.hand_over(), record("H20.14-240703-0002", "Nguyễn Văn \"Á\", 'B'"));
        hand_over.check().await.unwrap_or_else(|e| panic!("{e}"));
        let handing = handing("dvc/H20.14-240703-0002/2", &record);
        let first = hand_over.give(&handing, MORNING).await.unwrap_or_else(|e| panic!("{e}"));
        // The same again, also by somebody who knows nothing of the first.
        let later = Timestamp(MORNING.0 + 1);
        let again = hand_over.give(&handing, later).await.unwrap_or_else(|e| panic!("{e}"));
        let other = local.hand_over().give(&handing, later).await.unwrap_or_else(|e| panic!("{e}"));
        assert!(first.text.contains("inserted") && again.text.contains("before") && again == other, "{again:?}");
        assert_eq!(local.rows().await, ["H20.14-240703-0002/2"], "{}", local.name());
        assert_eq!(local.markers().await, ["dvc/H20.14-240703-0002/2"]);
        let cast = if local.name() == "Mariadb" { "char" } else { "text" };
        let values = local
            .texts(&format!(
                "select ho_ten from ho_so where ngay_sinh = '1945-02-28' and so_tien is null \
            and thanh_phan = '[{{\"duong_dan\":\"/tep/1.pdf\",\"ten\":\"Đơn {}\"A{}\"\"}}]'",
                if local.name() == "Mariadb" { "\\\\" } else { "\\" },
                if local.name() == "Mariadb" { "\\\\" } else { "\\" }
            ))
            .await;
        assert_eq!(values, ["Nguyễn Văn \"Á\", 'B'"], "{}", local.name());
        let time = local.texts(&format!("select cast(luc as {cast}) from ban_giao_ho_so")).await;
        assert!(time[0].starts_with("2026-11-24 0"), "{time:?}");
    }
}

#[tokio::test]
async fn what_is_missing_is_named_before_anything_is_inserted() {
    for local in Local::all("what_is_missing_is_named_before_anything_is_inserted").await {
        local.run("alter table ho_so drop column phien_ban; alter table ho_so add column ngay_sinhh date").await;
        local.run("alter table ho_so drop column ngay_sinh; drop table ban_giao_ho_so").await;
        let error = local.hand_over().check().await.expect_err("two columns and a table");
        assert_eq!(error.trouble, Trouble::Down);
        for part in ["'phien_ban'", "'ngay_sinh'", "ngay_sinhh", "không có bảng ban_giao_ho_so", "ho_so"] {
            assert!(error.why.contains(part), "{}: {part}: {error}", local.name());
        }
        let record = record("1", "A");
        let error = local.hand_over().give(&handing("k", &record), MORNING).await.expect_err("the same");
        assert!(error.trouble == Trouble::Down && local.texts("select ma_ho_so from ho_so").await.is_empty());
    }
}

/// The marker and the row stand or fall together only where the storage knows transactions.
#[tokio::test]
async fn a_table_without_transactions_is_refused() {
    let Some(database) = Database::fresh(Server::Mariadb, "a_table_without_transactions_is_refused").await else {
        return;
    };
    let local = Local::Server(Server::Mariadb, database);
    local.run(&format!("{} engine = MyISAM", local.table())).await;
    local.run("create table ban_giao_ho_so (ban_giao varchar(200) primary key, luc varchar(30))").await;
    let error = local.hand_over().check().await.expect_err("MyISAM");
    assert!(error.why.contains("MyISAM") && error.why.contains("InnoDB"), "{error}");
}

/// Two processes at once are kept apart by the marker's key alone.
#[tokio::test]
async fn markers_must_be_unique() {
    for local in Local::all("markers_must_be_unique").await {
        local
            .run("drop table ban_giao_ho_so; create table ban_giao_ho_so (ban_giao varchar(200), luc varchar(30))")
            .await;
        local.run("create unique index hai on ban_giao_ho_so (ban_giao, luc)").await;
        let error = local.hand_over().check().await.expect_err("no key");
        assert!(error.why.contains("khóa chính") && error.why.contains("ban_giao_ho_so"), "{}: {error}", local.name());
        local.run("create unique index mot on ban_giao_ho_so (ban_giao)").await;
        local.hand_over().check().await.unwrap_or_else(|e| panic!("{}: {e}", local.name()));
    }
}

/// A table in a schema of its own, under a name that must be quoted, with a column that has no text.
#[tokio::test]
async fn a_table_of_another_schema_is_found() {
    for local in Local::all("a_table_of_another_schema_is_found").await {
        let schema = match &local {
            Local::Sqlite(_) => "main".to_owned(),
            Local::Server(Server::Postgres, _) => {
                local
                    .run(
                        "create schema \"MotCua\"; alter table ho_so set schema \"MotCua\"; \
                    alter table \"MotCua\".ho_so alter column thanh_phan type jsonb using thanh_phan::jsonb, \
                    add column x char(3), alter column ho_ten type char(20)",
                    )
                    .await;
                "MotCua".to_owned()
            }
            Local::Server(Server::Mariadb, database) => database.url.rsplit_once('/').expect("a name").1.to_owned(),
        };
        let settings = TableSettings {
            database: local.target(),
            table: format!("{schema}.ho_so"),
            marker: "ban_giao_ho_so".into(),
        };
        let hand_over = Table::new(&settings, FIELDS.map(str::to_owned).to_vec()).expect("good settings");
        let hand_over = molisa_gateway::intake::hand_over::HandOver::Table(Box::new(hand_over));
        let record = record("1", "Á");
        hand_over.give(&handing("k", &record), MORNING).await.unwrap_or_else(|e| panic!("{}: {e}", local.name()));
        assert_eq!(
            local
                .texts(&format!(
                    "select trim(ho_ten) from {}.ho_so",
                    if schema == "MotCua" { "\"MotCua\"" } else { &schema }
                ))
                .await,
            ["Á"]
        );
    }
}

/// Markers of two numbers that a collation without regard to case takes for one: told, never taken for handed.
#[tokio::test]
async fn a_marker_that_is_only_alike_is_none() {
    let Some(database) = Database::fresh(Server::Mariadb, "a_marker_that_is_only_alike_is_none").await else { return };
    let local = Local::Server(Server::Mariadb, database);
    local.run(&local.table()).await;
    local.run("create table ban_giao_ho_so (ban_giao varchar(200) primary key, luc varchar(30))").await;
    let (hand_over, record) = (local.hand_over(), record("a", "A"));
    hand_over.give(&handing("dvc/a/1", &record), MORNING).await.unwrap_or_else(|e| panic!("{e}"));
    let error = hand_over.give(&handing("dvc/A/1", &record), MORNING).await.expect_err("another number");
    assert!(error.why.contains("utf8mb4_bin") && error.why.contains("ban_giao"), "{error}");
    assert_eq!(local.rows().await.len(), 1);
}

/// A value that does not fit is refused with its column where the engine names it, never cut and never shown; the others
/// arrive (failure 6).
#[tokio::test]
async fn one_that_does_not_fit_holds_nobody_and_is_not_cut() {
    for local in Local::all("one_that_does_not_fit_holds_nobody_and_is_not_cut").await {
        let (office, hand_over) = (Office::new().await, local.hand_over());
        let long = "Công Tằng Tôn Nữ Thị Rất Dài";
        office.version("1", 1, "ready", &record("1", "An")).await;
        office.version("2", 1, "ready", &record("2", long)).await;
        office.version("2", 2, "ready", &record("2", "Ngắn")).await;
        office.version("3", 1, "ready", &record("3", "Bình").replace("1945-02-28", "1945-02-31")).await;
        office.version("4", 1, "ready", &record("4", "Chi")).await;
        let done = office.run(&hand_over).await;
        // SQLite takes any text for a date.
        let bad_date = u64::from(local.name() != "Sqlite");
        assert_eq!(
            (done.handed, done.failed, done.down),
            (3 - bad_date, 1 + bad_date, false),
            "{}: {done:?}",
            local.name()
        );
        let rows = local.rows().await;
        assert!(rows.contains(&"1/1".to_owned()) && rows.contains(&"4/1".to_owned()), "{rows:?}");
        assert!(!rows.iter().any(|row| row.starts_with("2/")), "{}: {rows:?}", local.name());
        let why = office.texts("select why from application_version where attempts > 0 and state = 'ready'").await;
        assert!(
            !why.is_empty()
                && why.iter().all(|why| why.contains("ho_so") && !why.contains("Công") && !why.contains("02-31")),
            "{why:?}"
        );
        if local.name() != "Postgres" {
            assert!(why[0].contains("ho_ten"), "{why:?}");
        }
        // Whoever mends the record mends all.
        office.change("update application_version set record = replace(record, 'Công Tằng Tôn Nữ Thị Rất Dài', 'Dài'), next_ms = 0").await;
        office.change("update application_version set record = replace(record, '1945-02-31', '1945-02-28')").await;
        assert_eq!(office.run_out(&hand_over).await, 2 + bad_date);
        let rows = local.rows().await;
        let at = |row: &str| rows.iter().position(|r| r == row);
        assert!(rows.len() == 5 && at("2/1") < at("2/2"), "{rows:?}");
        assert_eq!(local.markers().await.len(), 5);
    }
}

#[tokio::test]
async fn a_server_that_is_gone_ends_the_round_and_nothing_is_lost() {
    for server in [Server::Postgres, Server::Mariadb] {
        let test = "a_server_that_is_gone_ends_the_round_and_nothing_is_lost";
        for local in Local::all(test).await {
            let Local::Server(of, database) = &local else { continue };
            if *of != server {
                continue;
            }
            let proxy = Proxy::before(database.host_and_port()).await;
            let url = database.through(proxy.address).into();
            let hand_over = table(match server {
                Server::Postgres => molisa_gateway::intake::hand_over::Database::Postgres(url),
                Server::Mariadb => molisa_gateway::intake::hand_over::Database::Mysql(url),
            });
            let office = Office::new().await;
            office.file(&["1"]).await;
            assert_eq!(office.run(&hand_over).await.handed, 1);
            office.file(&["2", "3", "4"]).await;
            proxy.cut();
            let done = office.run(&hand_over).await;
            assert!(
                done.down && done.handed == 0 && done.failed == 2 && done.waiting == 3,
                "a broken one, then none: {done:?}"
            );
            assert!(!done.why.unwrap_or_default().contains("mysql://"));
            proxy.mend();
            office.hands.pass(100_000);
            assert_eq!(office.run(&hand_over).await.handed, 3, "{server:?}");
            assert_eq!(local.rows().await.len(), 4);
        }
    }
}

#[test]
fn a_mapping_must_leave_the_version_alone() {
    let settings = |table: &str| TableSettings {
        database: molisa_gateway::intake::hand_over::Database::Sqlite("x.db".into()),
        table: table.into(),
        marker: "m".into(),
    };
    let told = Table::new(&settings("t"), vec!["Phien_Ban".into()]).err().expect("a mistake");
    assert!(told.contains("Phien_Ban"), "{told}");
    for wrong in ["", ".t", "a.b.c", "a."] {
        assert!(Table::new(&settings(wrong), FIELDS.map(str::to_owned).to_vec()).is_err(), "{wrong}");
    }
}

/// What a server says of one row only, by a code of its own: the rows behind it arrive in the same round.
#[tokio::test]
async fn a_row_that_the_server_refuses_in_its_own_words_starves_nobody() {
    for local in Local::all("a_row_that_the_server_refuses_in_its_own_words").await {
        match local.name().as_str() {
            "Postgres" => {
                local
                    .run(
                        "create function doc() returns trigger language plpgsql as $$ begin \
                         if new.ma_ho_so = 'H20-1' then raise exception using errcode = '54000'; end if; return new; end $$; \
                         create trigger doc before insert on ho_so for each row execute function doc()",
                    )
                    .await;
            }
            "Mariadb" => {
                local
                    .run(
                        "create trigger doc before insert on ho_so for each row \
                         if new.ma_ho_so = 'H20-1' then signal sqlstate '45000' set mysql_errno = 1526; end if",
                    )
                    .await;
            }
            _ => continue,
        }
        let office = Office::new().await;
        office.file(&["H20-1", "H20-2", "H20-3"]).await;
        let done = office.run(&local.hand_over()).await;
        assert_eq!((done.handed, done.failed, done.down), (2, 1, false), "{}: {done:?}", local.name());
        assert_eq!(office.states().await[0], "H20-1/1: ready", "surely not taken");
    }
}
