//! The same table in three databases and a file: the same chunks, the same shape.

use molisa_gateway::model::ColumnKind::{Boolean, Date, Decimal, Integer, Text, Timestamp};
use molisa_gateway::model::{Column, ColumnKind};
use molisa_gateway::source::{SourceError, check_shape};

use super::{Engine, Row, csv_source, open, scan, scan_with_pause};

const TABLE: &str = "create table doi_tuong (ma_ho_so varchar(40) not null, ho_ten varchar(200), so_giay_to text, \
    muc_huong bigint, he_so numeric(12,3), ngay date, luc timestamp null, co boolean)";

/// MariaDB's `timestamp` is an instant; a date with a time is `datetime` there.
fn table(engine: &Engine) -> String {
    if engine.name() == "Mariadb" { TABLE.replace("timestamp", "datetime") } else { TABLE.to_owned() }
}

const ROWS: &str = "insert into doi_tuong values \
    ('DT-830-000002', 'Trần Thị Bưởi', '012345678901', 540000, 1.5, '2021-07-01', '2023-12-18 01:02:03', true), \
    ('DT-830-000001', 'Nguyễn Văn \"Á\", ''B''', '000000001', 0, 2.0, '1945-02-28', null, false), \
    ('DT-830-000010', '', null, -12, 0.125, null, '2024-01-01 00:00:00', null), \
    ('DT-830-00001', 'dòng\nhai', ' đầu ', 9007199254740993, 100.000, '2024-02-29', null, null)";

const COLUMNS: [&str; 8] = ["ho_ten", "ma_ho_so", "so_giay_to", "muc_huong", "he_so", "ngay", "luc", "co"];

fn expected() -> Vec<Vec<&'static str>> {
    vec![
        vec!["Nguyễn Văn \"Á\", 'B'", "DT-830-000001", "000000001", "0", "2", "1945-02-28", "NULL", "0"],
        vec![
            "Trần Thị Bưởi",
            "DT-830-000002",
            "012345678901",
            "540000",
            "1.5",
            "2021-07-01",
            "2023-12-18 01:02:03",
            "1",
        ],
        vec!["dòng\nhai", "DT-830-00001", " đầu ", "9007199254740993", "100", "2024-02-29", "NULL", "NULL"],
        vec!["", "DT-830-000010", "NULL", "-12", "0.125", "NULL", "2024-01-01 00:00:00", "NULL"],
    ]
}

fn check(name: &str, rows: &[Row]) {
    let columns: Vec<&Vec<String>> = rows.iter().map(|r| &r.columns).collect();
    assert_eq!(columns, expected().iter().collect::<Vec<_>>(), "{name}");
    assert!(rows.iter().all(|r| r.key == r.columns[1] && !r.twice), "{name}");
}

#[tokio::test]
async fn the_same_rows_give_the_same_texts_everywhere() {
    for engine in Engine::all("the_same_rows_give_the_same_texts_everywhere").await {
        engine.run(&table(&engine)).await;
        engine.run(ROWS).await;
        let source = engine.source("select * from doi_tuong;").await;
        check(&engine.name(), &scan(&source, "ma_ho_so", &COLUMNS).await.expect("a scan"));
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("doi_tuong.csv");
    let mut file = csv::Writer::from_path(&path).expect("a file");
    file.write_record(COLUMNS).expect("the header");
    for row in expected() {
        file.write_record(row).expect("a row");
    }
    drop(file);
    check("CSV", &scan(&open(&csv_source(&path, "utf-8")).await, "ma_ho_so", &COLUMNS).await.expect("a scan"));
}

#[tokio::test]
async fn columns_are_described_with_their_kinds() {
    for engine in Engine::all("columns_are_described_with_their_kinds").await {
        engine.run(&table(&engine)).await;
        let columns = engine.source("select * from doi_tuong").await.describe().await.expect("columns");
        let kinds: Vec<(&str, Option<ColumnKind>)> = columns.iter().map(|c| (c.name.as_str(), c.kind)).collect();
        let wanted = [
            ("ma_ho_so", Text),
            ("ho_ten", Text),
            ("so_giay_to", Text),
            ("muc_huong", Integer),
            ("he_so", Decimal),
            ("ngay", Date),
            ("luc", Timestamp),
            ("co", Boolean),
        ];
        assert_eq!(kinds, wanted.map(|(name, kind)| (name, Some(kind))), "{}", engine.name());
    }
}

#[tokio::test]
async fn a_column_gone_renamed_or_retyped_is_named() {
    let need = |name: &str, kind| Column { name: name.to_owned(), kind: Some(kind) };
    let needs = [need("ma_ho_so", Text), need("so_giay_to", Text), need("ho_ten", Text), need("quan_he", Text)];
    for engine in Engine::all("a_column_gone_renamed_or_retyped_is_named").await {
        engine.run("create table t (ma_ho_so varchar(40), so_giay_to bigint, ho_va_ten varchar(200))").await;
        let source = engine.source("select * from t").await;
        let has = source.describe().await.expect("columns");
        let told = check_shape("tinh", &needs, &has).expect_err("three faults").to_string();
        for part in [
            "tinh: cột / column `so_giay_to`: cần / expected text, thấy / found integer",
            "`ho_ten`, kind text: không có / is gone; có thể đã đổi tên thành `ho_va_ten`",
            "`quan_he`, kind text: không có / is gone",
        ] {
            assert!(told.contains(part), "{}: {told}", engine.name());
        }
        // A scan that asks for it all the same reads nothing.
        let error = scan(&source, "ma_ho_so", &["ma_ho_so", "ho_ten"]).await.expect_err("no such column");
        assert!(matches!(error, SourceError::Shape { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_scan_sees_one_state_while_others_write() {
    for engine in Engine::all("a_scan_sees_one_state_while_others_write").await {
        engine.run("create table t (k varchar(40) primary key, v bigint)").await;
        let values: Vec<String> = (0..6000).map(|i| format!("('k{i:05}', 0)")).collect();
        engine.run(&format!("insert into t values {}", values.join(","))).await;
        let source = engine.source("select k, v from t").await;
        let (end, rows) = scan_with_pause(&source, "k", &["k", "v"], || async {
            engine.run("update t set v = 1").await;
            engine.run("delete from t where k > 'k03000'").await;
            engine.run("insert into t values ('k99999', 1)").await;
        })
        .await;
        assert_eq!(end.unwrap_or_else(|e| panic!("{}: {e}", engine.name())).rows, 6000);
        assert!(rows.iter().enumerate().all(|(i, r)| r.columns == [format!("k{i:05}"), "0".to_owned()]));
        let rows = scan(&source, "k", &["k", "v"]).await.expect("a second scan");
        assert!(rows.len() == 3002 && rows.iter().all(|r| r.columns[1] == "1"), "{}", engine.name());
    }
}

#[tokio::test]
async fn one_row_is_found_by_its_key_with_its_number() {
    for engine in Engine::all("one_row_is_found_by_its_key_with_its_number").await {
        engine.run("create table t (k varchar(40), v integer)").await;
        engine.run("insert into t values ('b', 2), ('a', 1), ('B', 3), (null, 4), ('it''s', 5)").await;
        let source = engine.source("select k, v from t").await;
        let columns = ["v".to_owned()];
        let find = async |key: &str| source.find("k", &columns, key).await.expect("an answer");
        assert_eq!(find("b").await, Some((4, "2".to_owned())), "{}", engine.name());
        assert_eq!(find("B").await, Some((2, "3".to_owned())), "{}", engine.name());
        assert_eq!(find("it's").await, Some((5, "5".to_owned())), "{}", engine.name());
        assert_eq!(find("' or 1=1 --").await, None, "{}", engine.name());
    }
}

#[tokio::test]
async fn floating_numbers_are_written_out() {
    for engine in Engine::all("floating_numbers_are_written_out").await {
        engine.run("create table t (k varchar(9), v double precision)").await;
        engine
            .run("insert into t values ('a', 1e20), ('b', 0.00000015), ('c', 1.5), ('d', 0.1), ('e', 2), ('f', -0.25)")
            .await;
        let rows = scan(&engine.source("select * from t").await, "k", &["v"]).await.expect("a scan");
        let mut values: Vec<String> = rows.into_iter().map(|r| r.columns[0].clone()).collect();
        // SQLite writes the exact value of the double where 15 digits are not enough.
        values[1].truncate("0.00000015".len());
        assert_eq!(values, ["100000000000000000000", "0.00000015", "1.5", "0.1", "2", "-0.25"], "{}", engine.name());
    }
}

#[tokio::test]
async fn wide_tables_and_odd_names_are_read() {
    for engine in Engine::all("wide_tables_and_odd_names_are_read").await {
        let quote = if engine.name() == "Mariadb" { '`' } else { '"' };
        let names: Vec<String> = (0..180).map(|i| format!("Cột {i} '\\ x")).collect();
        let columns: Vec<String> = names.iter().map(|n| format!("{quote}{n}{quote} text")).collect();
        let values: Vec<String> =
            (0..180).map(|i| if i % 3 == 0 { "''".to_owned() } else { format!("'{i}'") }).collect();
        engine.run(&format!("create table t ({})", columns.join(","))).await;
        engine.run(&format!("insert into t values ({})", values.join(","))).await;
        let asked: Vec<&str> = names.iter().map(String::as_str).collect();
        let rows = scan(&engine.source("select * from t -- all").await, &names[1], &asked).await.expect("a scan");
        let wanted: Vec<String> = (0..180).map(|i| if i % 3 == 0 { String::new() } else { i.to_string() }).collect();
        assert_eq!(rows[0].columns, wanted, "{}", engine.name());
    }
}

#[tokio::test]
async fn instants_are_told_in_vietnam_time() {
    for engine in Engine::all("instants_are_told_in_vietnam_time").await {
        let (kind, instant) = match engine.name().as_str() {
            "Postgres" => ("timestamptz", "2023-12-17 18:30:00.25+00"),
            // The test's own session is in UTC.
            "Mariadb" => ("timestamp(6)", "2023-12-17 18:30:00.25"),
            _ => continue,
        };
        engine.run(&format!("create table t (k varchar(9), luc {kind})")).await;
        engine.run(&format!("insert into t values ('a', '{instant}')")).await;
        let rows = scan(&engine.source("select * from t").await, "k", &["luc"]).await.expect("a scan");
        assert_eq!(rows[0].columns, ["2023-12-18 01:30:00.25"], "{}", engine.name());
    }
}
