//! The servers hold the same rows as the generator gives. They are found by two addresses in the environment;
//! the run of all checks sets them and includes ignored tests.

use molisa_gateway::province::{COLUMNS, ProvinceError, people, write_mariadb, write_postgres};
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, MySql, Postgres, QueryBuilder, Row};

use super::{SEED, recipe};

const ROWS: u64 = 3000;

#[expect(clippy::disallowed_methods, reason = "a test asks where the servers are")]
fn address(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("set {name} to the address of a database server"))
}

/// The same server with another database.
fn with_database(url: &str, database: &str) -> String {
    let (url, rest) = url.split_once('?').map_or((url, String::new()), |(u, r)| (u, format!("?{r}")));
    let start = url.find("://").unwrap() + 3;
    let end = url[start..].find('/').map_or(url.len(), |i| start + i);
    format!("{}/{database}{rest}", &url[..end])
}

fn expected() -> Vec<Vec<String>> {
    let recipe = recipe();
    let rows = people(&recipe, SEED, ROWS);
    let mut all: Vec<_> = rows.map(|p| p.columns.map(Option::unwrap_or_default).to_vec()).collect();
    all.sort();
    all
}

/// All columns as texts, `NULL` as empty.
fn query(cast: &str) -> String {
    let columns: Vec<_> = COLUMNS.iter().map(|c| format!("coalesce(cast({c} as {cast}), '')")).collect();
    format!("select {} from doi_tuong", columns.join(", "))
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: TEST_POSTGRES_URL"]
async fn postgres_holds_what_the_generator_gives() {
    let url = address("TEST_POSTGRES_URL");
    let name = format!("tinh_{}", uuid::Uuid::new_v4().simple());
    let mut server = PgConnection::connect(&url).await.unwrap();
    QueryBuilder::<Postgres>::new(format!("create database {name}")).build().execute(&mut server).await.unwrap();
    let own = with_database(&url, &name);
    write_postgres(&own, &recipe(), SEED, ROWS).await.unwrap();
    let mut base = PgConnection::connect(&own).await.unwrap();
    let rows = QueryBuilder::<Postgres>::new(query("text")).build().fetch_all(&mut base).await.unwrap();
    let mut all: Vec<Vec<String>> = rows.iter().map(|r| (0..COLUMNS.len()).map(|i| r.get(i)).collect()).collect();
    let again = write_postgres(&own, &recipe(), SEED, 1).await;
    base.close().await.unwrap();
    QueryBuilder::<Postgres>::new(format!("drop database {name}")).build().execute(&mut server).await.unwrap();
    all.sort();
    assert_eq!(all, expected());
    assert!(matches!(again, Err(ProvinceError::Database { .. })), "a table that is there stays");
}

#[tokio::test]
#[ignore = "needs a MariaDB server: TEST_MARIADB_URL"]
async fn mariadb_holds_what_the_generator_gives() {
    let url = address("TEST_MARIADB_URL");
    let name = format!("tinh_{}", uuid::Uuid::new_v4().simple());
    let mut server = MySqlConnection::connect(&url).await.unwrap();
    QueryBuilder::<MySql>::new(format!("create database {name}")).build().execute(&mut server).await.unwrap();
    let own = with_database(&url, &name);
    write_mariadb(&own, &recipe(), SEED, ROWS).await.unwrap();
    let mut base = MySqlConnection::connect(&own).await.unwrap();
    let rows = QueryBuilder::<MySql>::new(query("char")).build().fetch_all(&mut base).await.unwrap();
    let mut all: Vec<Vec<String>> = rows.iter().map(|r| (0..COLUMNS.len()).map(|i| r.get(i)).collect()).collect();
    let again = write_mariadb(&own, &recipe(), SEED, 1).await;
    base.close().await.unwrap();
    QueryBuilder::<MySql>::new(format!("drop database {name}")).build().execute(&mut server).await.unwrap();
    all.sort();
    assert_eq!(all, expected());
    assert!(matches!(again, Err(ProvinceError::Database { .. })), "a table that is there stays");
}
