//! The servers hold the same rows as the generator gives.

use molisa_gateway::province::{ProvinceError, Table, write_mariadb, write_postgres};
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, MySql, Postgres, QueryBuilder, Row};

use super::{SEED, recipe};
use crate::support::databases::{Database, Server};

const ROWS: u64 = 3000;

fn expected(table: Table) -> Vec<Vec<String>> {
    let recipe = recipe();
    let rows = table.rows(&recipe, SEED, ROWS);
    let mut all: Vec<Vec<_>> = rows.map(|r| r.cells.into_iter().map(Option::unwrap_or_default).collect()).collect();
    all.sort();
    all
}

/// All columns as texts, `NULL` as empty.
fn query(table: Table, cast: &str) -> String {
    let columns: Vec<_> = table.columns().map(|c| format!("coalesce(cast({c} as {cast}), '')")).collect();
    format!("select {} from {}", columns.join(", "), table.name())
}

#[tokio::test]
async fn postgres_holds_what_the_generator_gives() {
    let test = "province::servers::postgres_holds_what_the_generator_gives";
    let Some(own) = Database::fresh(Server::Postgres, test).await else { return };
    write_postgres(&own.url, &recipe(), SEED, ROWS).await.unwrap();
    let mut base = PgConnection::connect(&own.url).await.unwrap();
    for table in Table::ALL {
        let rows = QueryBuilder::<Postgres>::new(query(table, "text")).build().fetch_all(&mut base).await.unwrap();
        let width = table.columns().len();
        let mut all: Vec<Vec<String>> = rows.iter().map(|r| (0..width).map(|i| r.get(i)).collect()).collect();
        all.sort();
        assert!(all == expected(table), "{} differs", table.name());
    }
    let again = write_postgres(&own.url, &recipe(), SEED, 1).await;
    base.close().await.unwrap();
    assert!(matches!(again, Err(ProvinceError::Database { .. })), "a table that is there stays");
}

#[tokio::test]
async fn mariadb_holds_what_the_generator_gives() {
    let test = "province::servers::mariadb_holds_what_the_generator_gives";
    let Some(own) = Database::fresh(Server::Mariadb, test).await else { return };
    write_mariadb(&own.url, &recipe(), SEED, ROWS).await.unwrap();
    let mut base = MySqlConnection::connect(&own.url).await.unwrap();
    for table in Table::ALL {
        let rows = QueryBuilder::<MySql>::new(query(table, "char")).build().fetch_all(&mut base).await.unwrap();
        let width = table.columns().len();
        let mut all: Vec<Vec<String>> = rows.iter().map(|r| (0..width).map(|i| r.get(i)).collect()).collect();
        all.sort();
        assert!(all == expected(table), "{} differs", table.name());
    }
    let again = write_mariadb(&own.url, &recipe(), SEED, 1).await;
    base.close().await.unwrap();
    assert!(matches!(again, Err(ProvinceError::Database { .. })), "a table that is there stays");
}
