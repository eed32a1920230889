//! Stories of who is who: the same person suspected, accounts that several people share, applications that are late.

mod accounts;
mod late;
mod suspected;

use molisa_gateway::model::Kind;
use molisa_gateway::store::{Place, Tx};
use secrecy::SecretString;

use crate::run::crossed::empty;
use crate::support::databases::{Database, Server};
use crate::support::world::World;

/// A house with empty tables on each engine whose server there is.
pub async fn on_each(test: &str) -> Vec<(World, Option<Database>)> {
    let mut worlds = vec![(empty(None).await, None)];
    if let Some(server) = Database::fresh(Server::Postgres, test).await {
        let place = Place::Postgres(SecretString::from(server.url.clone()));
        worlds.push((empty(Some(place)).await, Some(server)));
    }
    worlds
}

/// What stands in the store of a kind: key, place, reason, what is told, times it came back; only what is open.
async fn open(world: &World, kind: Kind) -> Vec<(String, String, String, String, i64)> {
    let sql = "select key, place, reason, detail, relapses from mismatch where kind = $1 and closed_ms is null order by stream_id, key, place";
    let mut tx = world.store.read().await.expect("a transaction");
    match &mut tx {
        Tx::Sqlite(tx) => sqlx::query_as(sql).bind(kind.word()).fetch_all(&mut **tx).await.expect("rows"),
        Tx::Postgres(tx) => sqlx::query_as(sql).bind(kind.word()).fetch_all(&mut **tx).await.expect("rows"),
    }
}

/// One statement.
pub async fn execute(world: &World, sql: &'static str) {
    let mut tx = world.store.write().await.expect("a transaction");
    match &mut tx {
        Tx::Sqlite(tx) => drop(sqlx::query(sql).execute(&mut **tx).await.expect("a statement")),
        Tx::Postgres(tx) => drop(sqlx::query(sql).execute(&mut **tx).await.expect("a statement")),
    }
    tx.commit().await.expect("a commit");
}

/// Key and place of what is open.
async fn pairs(world: &World, kind: Kind) -> Vec<(String, String)> {
    open(world, kind).await.into_iter().map(|(key, place, ..)| (key, place)).collect()
}

fn told(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(key, place)| ((*key).to_owned(), (*place).to_owned())).collect()
}
