//! Scans that break off, settings that are wrong, and secrets that stay secret.

use std::path::Path;

use molisa_gateway::source::{Source, SourceConfig, SourceError};
use tokio::sync::mpsc;

use super::{Engine, File, open, scan, scan_with_pause, server_source};
use crate::support::databases::{Database, Server};
use crate::support::proxy::Proxy;

#[tokio::test]
async fn a_database_that_goes_away_in_the_middle_ends_no_scan() {
    for server in [Server::Postgres, Server::Mariadb] {
        let test = "a_database_that_goes_away_in_the_middle_ends_no_scan";
        let Some(database) = Database::fresh(server, test).await else { continue };
        database.run("create table t (k varchar(40), v text)").await;
        let numbers = if server == Server::Postgres { "generate_series(1, 30000) as s(seq)" } else { "seq_1_to_30000" };
        database
            .run(&format!("insert into t select concat('k', seq + 100000), repeat('x', 2000) from {numbers}"))
            .await;
        let proxy = Proxy::before(database.host_and_port()).await;
        let source = open(&server_source(server, &database.through(proxy.address), "select * from t")).await;
        let (end, rows) = scan_with_pause(&source, "k", &["v"], || async { proxy.cut() }).await;
        let error = end.expect_err("the connection was cut");
        assert!(error.is_unreachable() && matches!(error, SourceError::Broken { .. }), "{server:?}: {error}");
        assert!(!rows.is_empty() && rows.len() < 30_000, "{server:?}: {} rows", rows.len());
        assert!(error.to_string().contains("row "), "{error}");
        // The server is gone for the next one.
        let error = scan(&source, "k", &["v"]).await.expect_err("nobody listens");
        assert!(error.is_unreachable(), "{error}");
    }
}

#[tokio::test]
async fn a_receiver_that_leaves_ends_the_scan() {
    for engine in Engine::all("a_receiver_that_leaves_ends_the_scan").await {
        engine.run("create table t (k varchar(40))").await;
        let values: Vec<String> = (0..3000).map(|i| format!("('k{i:05}')")).collect();
        engine.run(&format!("insert into t values {}", values.join(","))).await;
        let source = engine.source("select * from t").await;
        let (out, mut chunks) = mpsc::channel(1);
        let columns = ["k".to_owned()];
        let leave = async {
            chunks.recv().await.expect("a first chunk");
            drop(chunks);
        };
        let (end, ()) = tokio::join!(source.scan("k", &columns, out), leave);
        assert!(matches!(end, Err(SourceError::Cancelled)), "{}", engine.name());
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_breaks_the_scan_and_names_row_and_column() {
    let file = File::new();
    file.run("create table t (k text, a text, b text)");
    file.run("insert into t values ('1', 'x', 'y'), ('2', 'x', cast(x'4e677579ff' as text))");
    let error = scan(&open(&file.source("select * from t")).await, "k", &["k", "a", "b"]).await.expect_err("bad bytes");
    assert!(error.to_string().contains("row 2, cột / column `b`"), "{error}");
}

#[tokio::test]
async fn a_giant_row_breaks_the_scan() {
    for engine in Engine::all("a_giant_row_breaks_the_scan").await {
        let long = if engine.name() == "Mariadb" { "longtext" } else { "text" };
        engine.run(&format!("create table t (k varchar(40), v {long})")).await;
        engine.run(&format!("insert into t values ('a', ''), ('b', '{}')", "x".repeat(2 << 20))).await;
        let error = scan(&engine.source("select * from t").await, "k", &["v"]).await.expect_err("too long");
        assert!(error.to_string().contains("row 2 "), "{}: {error}", engine.name());
    }
}

#[tokio::test]
async fn no_value_of_a_row_is_in_an_error() {
    for engine in Engine::all("no_value_of_a_row_is_in_an_error").await {
        engine.run("create table t (k varchar(40), v varchar(40))").await;
        engine.run("insert into t values ('1', 'Canary-Nguyen')").await;
        let query = match engine.name().as_str() {
            "SQLite" => "select k, json_extract(v, '$') as v from t",
            "Postgres" => "select k, v::integer as v from t",
            _ => "select k, extractvalue(v, concat('//', v, '[')) as v from t",
        };
        let error = scan(&engine.source(query).await, "k", &["v"]).await.expect_err("a bad value");
        assert!(!format!("{error} {error:?}").contains("Canary"), "{}: {error}", engine.name());
    }
}

#[tokio::test]
async fn nothing_can_be_written() {
    for engine in Engine::all("nothing_can_be_written").await {
        engine.run("create table t (k varchar(40))").await;
        engine.run("insert into t values ('1')").await;
        let two = Source::open(&engine.config("select * from t; delete from t"), Path::new("/")).await;
        assert!(matches!(two, Err(SourceError::Settings(_))), "{}", engine.name());
        let function = match engine.name().as_str() {
            "Postgres" => "create function away() returns integer language sql as 'delete from t; select 1'",
            "Mariadb" => "create function away() returns integer modifies sql data begin delete from t; return 1; end",
            _ => continue,
        };
        engine.run(function).await;
        let error =
            scan(&engine.source("select k, away() as a from t").await, "k", &["a"]).await.expect_err("read-only");
        assert!(matches!(error, SourceError::Query { .. }), "{}: {error}", engine.name());
        assert_eq!(scan(&engine.source("select k from t").await, "k", &["k"]).await.expect("a scan").len(), 1);
    }
}

#[tokio::test]
async fn a_password_is_in_no_error_and_no_debug() {
    for (server, url) in [
        (Server::Postgres, "postgres://u:Matkhau9@127.0.0.1:1/d"),
        (Server::Mariadb, "mysql://u:Matkhau9@127.0.0.1:1/d"),
    ] {
        let config = server_source(server, url, "select 1 as k");
        let source = open(&config).await;
        let error = source.describe().await.expect_err("nobody listens on port 1");
        assert!(error.is_unreachable() && error.to_string().contains("127.0.0.1:1/d"), "{error}");
        assert!(!format!("{config:?} {error} {error:?}").contains("Matkhau9"));
        let bad = server_source(server, &url.replace(":1/", ":99999/"), "select 1 as k");
        let error = Source::open(&bad, Path::new("/")).await.expect_err("no such port");
        assert!(!format!("{error} {error:?}").contains("Matkhau9"));
    }
}

#[tokio::test]
async fn an_address_comes_from_a_file_beside_the_settings() {
    let Some(database) = Database::fresh(Server::Postgres, "an_address_comes_from_a_file_beside_the_settings").await
    else {
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("address"), format!("{}\n", database.url)).expect("a file");
    let config = SourceConfig::Postgres {
        url: None,
        url_file: Some("address".into()),
        query: "select '1' as k".to_owned(),
        ca_file: None,
    };
    let source = Source::open(&config, directory.path()).await.expect("good settings");
    assert_eq!(scan(&source, "k", &["k"]).await.expect("a scan").len(), 1);
    assert!(Source::open(&config, Path::new("/nowhere")).await.is_err());
}

#[tokio::test]
async fn a_query_that_is_wrong_is_told_with_the_databases_words() {
    for engine in Engine::all("a_query_that_is_wrong_is_told_with_the_databases_words").await {
        engine.run("create table t (k varchar(40))").await;
        let error = engine.source("select khong_co from t").await.describe().await.expect_err("no such column");
        assert!(error.to_string().contains("khong_co"), "{}: {error}", engine.name());
        let mark = if engine.name() == "Postgres" { "$1" } else { "?" };
        let error = engine.source(&format!("select k from t where k = {mark}")).await.describe().await;
        assert!(error.expect_err("a parameter").to_string().contains("parameters"), "{}", engine.name());
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let config = SourceConfig::Sqlite { path: "khong-co.db".into(), query: "select 1 as k".to_owned() };
    let error = Source::open(&config, Path::new("/nowhere")).await.expect_err("no file");
    assert!(error.to_string().contains("/nowhere/khong-co.db"), "{error}");
}
