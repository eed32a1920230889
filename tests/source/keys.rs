//! Keys: missing, twice, alike but for case; and what the separator inside a value does.

use molisa_gateway::source::SourceError;

use super::{Engine, csv_source, open, scan};

#[tokio::test]
async fn a_key_that_occurs_twice_is_marked_on_all_its_rows_across_chunks() {
    for engine in Engine::all("a_key_that_occurs_twice_is_marked_on_all_its_rows_across_chunks").await {
        engine.run("create table t (k varchar(40), v integer)").await;
        let mut values: Vec<String> = (1..=1100).map(|i| format!("('k{i:05}', {i})")).collect();
        values.push("('k00512', 0)".to_owned());
        values.push("('k00512', 0)".to_owned());
        values.push("('k01100', 0)".to_owned());
        engine.run(&format!("insert into t values {}", values.join(","))).await;
        let rows = scan(&engine.source("select * from t").await, "k", &["k"]).await.expect("a scan");
        let twice: Vec<u64> = rows.iter().filter(|r| r.twice).map(|r| r.number).collect();
        assert_eq!(twice, [512, 513, 514, 1102, 1103], "{}", engine.name());
    }
}

#[tokio::test]
async fn keys_are_told_apart_by_their_bytes() {
    for engine in Engine::all("keys_are_told_apart_by_their_bytes").await {
        engine.run("create table t (k varchar(40))").await;
        engine.run("insert into t values ('b'),('a'),('A'),('á'),('a '),('B'),('A'),(null),(''),('  '),('đ')").await;
        let rows = scan(&engine.source("select k from t").await, "k", &["k"]).await.expect("a scan");
        let keys: Vec<(&str, bool)> = rows.iter().map(|r| (r.key.as_str(), r.twice)).collect();
        let missing = ("", false);
        let wanted = [
            missing,
            missing,
            missing,
            ("A", true),
            ("A", true),
            ("B", false),
            ("a", false),
            ("a ", false),
            ("b", false),
            ("á", false),
            ("đ", false),
        ];
        assert_eq!(keys, wanted, "{}", engine.name());
        assert_eq!(rows[0].columns, ["NULL"], "{}", engine.name());
    }
}

#[tokio::test]
async fn keys_in_a_linguistic_collation_are_sorted_by_bytes() {
    for engine in Engine::all("keys_in_a_linguistic_collation_are_sorted_by_bytes").await {
        let collation = match engine.name().as_str() {
            "SQLite" => "collate nocase",
            "Postgres" => "collate \"vi-x-icu\"",
            _ => "collate utf8mb4_vietnamese_ci",
        };
        engine.run(&format!("create table t (k varchar(40) {collation} primary key, n integer)")).await;
        engine.run("insert into t values ('a1', 1), ('B2', 2), ('ă3', 3), ('Z4', 4), ('đ5', 5), ('d6', 6)").await;
        let rows = scan(&engine.source("select * from t").await, "k", &["n"]).await.expect("a scan");
        let keys: Vec<&str> = rows.iter().map(|r| r.key.as_str()).collect();
        assert_eq!(keys, ["B2", "Z4", "a1", "d6", "ă3", "đ5"], "{}", engine.name());
    }
}

#[tokio::test]
async fn a_number_as_key_is_sorted_as_text() {
    for engine in Engine::all("a_number_as_key_is_sorted_as_text").await {
        engine.run("create table t (k integer)").await;
        engine.run("insert into t values (2), (10), (1), (100)").await;
        let rows = scan(&engine.source("select k from t").await, "k", &["k"]).await.expect("a scan");
        assert_eq!(rows.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["1", "10", "100", "2"]);
    }
}

#[tokio::test]
async fn a_value_with_the_separator_is_delivered_and_can_be_seen() {
    for engine in Engine::all("a_value_with_the_separator_is_delivered_and_can_be_seen").await {
        engine.run("create table t (k varchar(40), v varchar(40))").await;
        engine.run("insert into t values ('a', 'x\u{1f}y'), ('b\u{1f}', 'z')").await;
        let rows = scan(&engine.source("select * from t").await, "k", &["k", "v"]).await.expect("a scan");
        assert_eq!(rows.iter().map(|r| r.columns.len()).collect::<Vec<_>>(), [3, 3], "{}", engine.name());
        assert_eq!(rows[1].key, "b\u{1f}", "{}", engine.name());
    }
}

#[tokio::test]
async fn columns_of_one_name_are_refused() {
    for engine in Engine::all("columns_of_one_name_are_refused").await {
        engine.run("create table t (k varchar(40), v integer)").await;
        let source = engine.source("select a.k, b.v, b.k from t a join t b on a.k = b.k").await;
        let error = source.describe().await.expect_err("two columns k");
        assert!(
            matches!(&error, SourceError::Ambiguous { names, .. } if names == &["k"]),
            "{}: {error}",
            engine.name()
        );
    }
}

#[tokio::test]
async fn the_key_need_not_be_among_the_columns() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.csv");
    std::fs::write(&path, "k,v\nb,1\na,2\nb,3\n ,4\n").expect("a file");
    let rows = scan(&open(&csv_source(&path, "utf-8")).await, "k", &["v"]).await.expect("a scan");
    let seen: Vec<(&str, &str, bool)> = rows.iter().map(|r| (r.key.as_str(), r.columns[0].as_str(), r.twice)).collect();
    assert_eq!(seen, [("b", "1", true), ("a", "2", false), ("b", "3", true), ("", "4", false)]);
}
