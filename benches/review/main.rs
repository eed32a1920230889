//! How fast the first page of the review list comes with a million open mismatches, whatever is asked for.
//!
//! `cargo bench --bench review` measures on an embedded store; with GATEWAY_TEST_POSTGRES also on that server, in a database
//! named `review_bench`, which must exist and be empty. ROWS says how many rows.

use std::time::Instant;

use molisa_gateway::store::triage::{self, Filter, Place};
use molisa_gateway::store::{Place as Where, Store, Tx};
use secrecy::SecretString;

const SEED_SQLITE: &str = "with recursive n (i) as (select 1 union all select i + 1 from n where i < $1) \
    insert into mismatch (stream_id, key, kind, place, reason, cause, field, value, theirs, unit, gravity, state, assignee, opened_ms, seen_ms, run_id) \
    select 1, 'K' || i, case i % 4 when 0 then 'field-differs' when 1 then 'missing-here' when 2 then 'held-here' else 'late' end, \
    'P' || i, 'differs', 'differs F' || (i % 50), 'F', 'a', 'b', 29800 + i % 141, 1 + i % 3, \
    case when i % 1000 = 0 then 'in-review' else 'open' end, case when i % 1000 = 0 then 'lan' else '' end, i, i, 1 from n";
const SEED_POSTGRES: &str = "insert into mismatch (stream_id, key, kind, place, reason, cause, field, value, theirs, unit, gravity, state, assignee, \
    opened_ms, seen_ms, run_id) \
    select 1, 'K' || i, case i % 4 when 0 then 'field-differs' when 1 then 'missing-here' when 2 then 'held-here' else 'late' end, \
    'P' || i, 'differs', 'differs F' || (i % 50), 'F', 'a', 'b', (29800 + i % 141)::text, 1 + i % 3, \
    case when i % 1000 = 0 then 'in-review' else 'open' end, case when i % 1000 = 0 then 'lan' else '' end, i, i, 1 \
    from generate_series(1, $1) as i";

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench is told by the environment and prints")]
async fn main() -> anyhow::Result<()> {
    let rows: i64 = std::env::var("ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let dir = tempfile::tempdir()?;
    let mut places = vec![("sqlite", Where::Sqlite(dir.path().join("store.db")))];
    if let Ok(url) = std::env::var("GATEWAY_TEST_POSTGRES") {
        let start = url.rsplit_once('/').map_or(url.as_str(), |(start, _)| start);
        places.push(("postgres", Where::Postgres(SecretString::from(format!("{start}/review_bench")))));
    }
    for (name, place) in places {
        let store = Store::open(&place).await?;
        seed(&store, rows).await?;
        let text = |text: &str| text.to_owned();
        let asked = [
            ("all", Filter::default()),
            ("kind", Filter { kind: text("late"), ..Filter::default() }),
            ("kind of none", Filter { kind: text("two-there"), ..Filter::default() }),
            ("cause", Filter { kind: text("late"), cause: text("differs F7"), ..Filter::default() }),
            ("commune", Filter { unit: text("29869"), ..Filter::default() }),
            ("state", Filter { state: text("in-review"), ..Filter::default() }),
            ("mine", Filter { assignee: text("lan"), ..Filter::default() }),
        ];
        for (what, filter) in asked {
            let mut worst = std::time::Duration::ZERO;
            for _ in 0..20 {
                let began = Instant::now();
                let mut tx = store.read().await?;
                triage::page(&mut tx, 1, &filter, Place::default(), 50).await?;
                worst = worst.max(began.elapsed());
            }
            println!("{name} {rows} rows, {what}: {:.2} ms at worst", worst.as_secs_f64() * 1000.0);
        }
        store.close().await;
    }
    Ok(())
}

async fn seed(store: &Store, rows: i64) -> anyhow::Result<()> {
    const STREAM: &str = "insert into stream (name, system, entity) values ('s', 's', 'e')";
    match store.write().await? {
        Tx::Sqlite(mut tx) => {
            sqlx::query(STREAM).execute(&mut *tx).await?;
            sqlx::query(SEED_SQLITE).bind(rows).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Tx::Postgres(mut tx) => {
            sqlx::query(STREAM).execute(&mut *tx).await?;
            sqlx::query(SEED_POSTGRES).bind(rows).execute(&mut *tx).await?;
            tx.commit().await?;
            if let Store::Postgres(pool) = store {
                sqlx::query("analyze mismatch").execute(pool).await?;
            }
        }
    }
    Ok(())
}
