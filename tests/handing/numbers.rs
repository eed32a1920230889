//! The one-stop office's own numbers come back from a source of the local system.

use std::path::Path;

use molisa_gateway::intake::numbers::{Numbers, read};
use molisa_gateway::source::{Source, SourceConfig};

use super::{Local, Office};
use crate::support::databases::Server;
use crate::support::world::MORNING;

async fn source(local: &Local) -> Source {
    let query = "select ma_ho_so, so_tiep_nhan from tiep_nhan".to_owned();
    let config = match local {
        Local::Sqlite(dir) => SourceConfig::Sqlite { path: dir.path().join("mot_cua.db"), query },
        Local::Server(Server::Postgres, database) => {
            SourceConfig::Postgres { url: Some(database.url.clone().into()), url_file: None, query, ca_file: None }
        }
        Local::Server(Server::Mariadb, database) => {
            SourceConfig::Mysql { url: Some(database.url.clone().into()), url_file: None, query, ca_file: None }
        }
    };
    Source::open(&config, Path::new("/")).await.expect("good settings")
}

async fn numbers(office: &Office, local: &Local) -> Numbers {
    read(&office.store, "dvc", &source(local).await, &office.lease, &*office.hands).await.expect("numbers")
}

#[tokio::test]
async fn numbers_are_kept_where_they_differ() {
    for office in Office::all("numbers_are_kept_where_they_differ").await {
        for local in Local::all("numbers_are_kept_where_they_differ").await {
            office.change("delete from application_version; delete from application").await;
            local.run("create table tiep_nhan (ma_ho_so varchar(60), so_tiep_nhan varchar(300))").await;
            let filed: Vec<String> = (0..1300).map(|n| format!("H20-{n:04}")).collect();
            let rows: Vec<String> = filed.iter().map(|n| format!("('{n}', 'TN-{n}')")).collect();
            local.run(&format!("insert into tiep_nhan values {}", rows.join(","))).await;
            for number in ["H20-0000", "H20-0700", "H20-1299", "H20-9999"] {
                office.version(number, 1, "ready", "{}").await;
            }
            office.change("update application set local_number = 'giữ' where number = 'H20-9999'").await;
            let done = numbers(&office, &local).await;
            assert_eq!((done.read, done.written, done.ambiguous), (1300, 3, 0), "{}", local.name());
            let known = "select number || ' ' || local_number from application order by number";
            let wanted = ["H20-0000 TN-H20-0000", "H20-0700 TN-H20-0700", "H20-1299 TN-H20-1299", "H20-9999 giữ"];
            assert_eq!(office.texts(known).await, wanted);
            assert_eq!(numbers(&office, &local).await.written, 0, "nothing differs");
            // One is corrected, one is emptied, one has a row for each version, one has two that contradict each other.
            local
                .run(
                    "update tiep_nhan set so_tiep_nhan = ' TN/7 ' where ma_ho_so = 'H20-0700'; \
                update tiep_nhan set so_tiep_nhan = null where ma_ho_so = 'H20-0000'; \
                insert into tiep_nhan values ('H20-9999', 'TN-9'), ('H20-9999', null), ('H20-9999', 'TN-9'), \
                ('H20-1299', 'TN-khac'), (null, 'x'), ('H20-9998', 'y')",
                )
                .await;
            local.run(&format!("insert into tiep_nhan values ('H20-9997', '{}')", "9".repeat(200))).await;
            let done = numbers(&office, &local).await;
            let wanted = Numbers { read: 1307, written: 2, ambiguous: 1, unreadable: 1, given_up: 0 };
            assert_eq!(done, wanted, "{}", local.name());
            let wanted = ["H20-0000 TN-H20-0000", "H20-0700 TN/7", "H20-1299 TN-H20-1299", "H20-9999 TN-9"];
            assert_eq!(office.texts(known).await, wanted);
        }
    }
}

#[tokio::test]
async fn a_source_that_lacks_the_column_is_told() {
    let (office, local) = (Office::new().await, Local::Sqlite(tempfile::tempdir().expect("a folder")));
    local.run("create table tiep_nhan (ma_ho_so text, so_tiep_nhan text)").await;
    let source = source(&local).await;
    local.run("alter table tiep_nhan rename column so_tiep_nhan to so").await;
    let error = read(&office.store, "dvc", &source, &office.lease, &*office.hands).await.expect_err("no column");
    assert!(error.to_string().contains("so_tiep_nhan"), "{error}");
}

/// A reading of many numbers, none of which is new, is a long one all the same.
#[tokio::test]
async fn the_lease_lives_while_numbers_are_read() {
    for office in Office::all("the_lease_lives_while_numbers_are_read").await {
        let local = Local::Sqlite(tempfile::tempdir().expect("a folder"));
        local
            .run("create table tiep_nhan (ma_ho_so text, so_tiep_nhan text); insert into tiep_nhan values ('1', '2')")
            .await;
        office.hands.pass(50_000);
        assert_eq!(numbers(&office, &local).await.written, 0);
        let until = office.texts("select cast(until_ms as text) from lease where name = 'intake:dvc'").await;
        assert_eq!(until, [(MORNING.0 + 50_000 + 60_000).to_string()]);
    }
}
