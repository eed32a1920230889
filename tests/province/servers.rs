//! The servers hold the same rows as the generator gives.

use molisa_gateway::province::{COLUMNS, ProvinceError, people, write_mariadb, write_postgres};
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, MySql, Postgres, QueryBuilder, Row};

use super::{SEED, recipe};
use crate::support::databases::{Database, Server};

const ROWS: u64 = 3000;

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
async fn postgres_holds_what_the_generator_gives() {
    let test = "province::servers::postgres_holds_what_the_generator_gives";
    let Some(own) = Database::fresh(Server::Postgres, test).await else { return };
    write_postgres(&own.url, &recipe(), SEED, ROWS).await.unwrap();
    let mut base = PgConnection::connect(&own.url).await.unwrap();
    let rows = QueryBuilder::<Postgres>::new(query("text")).build().fetch_all(&mut base).await.unwrap();
    let mut all: Vec<Vec<String>> = rows.iter().map(|r| (0..COLUMNS.len()).map(|i| r.get(i)).collect()).collect();
    let again = write_postgres(&own.url, &recipe(), SEED, 1).await;
    base.close().await.unwrap();
    all.sort();
    assert_eq!(all, expected());
    assert!(matches!(again, Err(ProvinceError::Database { .. })), "a table that is there stays");
}

#[tokio::test]
async fn mariadb_holds_what_the_generator_gives() {
    let test = "province::servers::mariadb_holds_what_the_generator_gives";
    let Some(own) = Database::fresh(Server::Mariadb, test).await else { return };
    write_mariadb(&own.url, &recipe(), SEED, ROWS).await.unwrap();
    let mut base = MySqlConnection::connect(&own.url).await.unwrap();
    let rows = QueryBuilder::<MySql>::new(query("char")).build().fetch_all(&mut base).await.unwrap();
    let mut all: Vec<Vec<String>> = rows.iter().map(|r| (0..COLUMNS.len()).map(|i| r.get(i)).collect()).collect();
    let again = write_mariadb(&own.url, &recipe(), SEED, 1).await;
    base.close().await.unwrap();
    all.sort();
    assert_eq!(all, expected());
    assert!(matches!(again, Err(ProvinceError::Database { .. })), "a table that is there stays");
}
