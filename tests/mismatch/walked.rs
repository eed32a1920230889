//! What pages, comparisons and weeks read with very many open mismatches: one walk along one index each, on both engines.

use molisa_gateway::store::{Tx, listed, reported, triage};
use sqlx::{AssertSqlSafe, Row as _};

use super::Desk;

const MANY: &str = "insert into stream (name, system, entity) values ('khac', 'nation', 'khac'); \
    insert into mismatch (stream_id, key, kind, place, reason, unit, gravity, state, opened_ms, seen_ms, closed_ms, run_id) \
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000) \
    select 1 + i % 2, 'K' || i, case i % 4 when 0 then 'field-differs' when 1 then 'missing-there' when 2 then 'held-here' else 'late' end, \
    case when i % 4 = 2 then 'held' else '' end, 'differs', cast(29800 + i % 141 as text), 1 + i % 3, 'open', i, i, \
    case when i % 5 = 0 then i else null end, 1 from n; \
    insert into mismatch_event (mismatch_id, at_ms, event) select id, id * 1000000, 'opened' from mismatch; \
    insert into mismatch_event (mismatch_id, at_ms, event) select id, id * 1000000, 'comment' from mismatch;";

#[derive(Clone, Copy)]
enum Bound {
    Number(i64),
    Text(&'static str),
}
use Bound::{Number, Text};

/// How the engine would do it.
#[expect(clippy::disallowed_methods, reason = "the statements are the program's own")]
async fn plan(desk: &Desk, sql: &str, bound: &[Bound]) -> String {
    macro_rules! told {
        ($tx:expr, $explain:literal, $column:literal) => {{
            let sql = format!("{} {sql}", $explain);
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for one in bound {
                query = match *one {
                    Number(number) => query.bind(number),
                    Text(text) => query.bind(text),
                };
            }
            let rows = query.fetch_all(&mut **$tx).await.expect("a plan");
            rows.iter().map(|row| row.get::<String, _>($column)).collect::<Vec<_>>().join("\n")
        }};
    }
    match &mut desk.tx().await {
        Tx::Sqlite(tx) => told!(tx, "explain query plan", 3),
        Tx::Postgres(tx) => told!(tx, "explain", 0),
    }
}

#[tokio::test]
async fn each_is_one_walk_along_one_index() {
    for desk in Desk::on_each("mismatch::walked").await {
        let embedded = matches!(desk.tx().await, Tx::Sqlite(_));
        let reason = Text("incomplete-listing");
        let open = if embedded { listed::OPEN_SQLITE } else { listed::OPEN_POSTGRES };
        let walks = [
            (reported::OF_UNIT, "mismatch_of_unit", vec![Number(1), Text("29869"), Text("K5"), Number(7), Number(500)]),
            (open, "mismatch_compared", vec![Number(1), Number(7), Number(100), Number(500), reason]),
            (
                triage::OPENED,
                "mismatch_event_opened",
                vec![Number(1), Number(20_000_000_000), Number(10_000_000), Number(8)],
            ),
        ];
        desk.run(MANY).await;
        // An embedded store may have no figures to plan by.
        for analyzed in if embedded { vec![false, true] } else { vec![true] } {
            if analyzed {
                desk.run("analyze").await;
            }
            for (sql, index, bound) in &walks {
                let plan = plan(&desk, sql, bound).await;
                // Rows of a mismatch that is known by its number are no walk.
                let by =
                    |line: &&str| !line.contains(index) && !line.contains("PRIMARY KEY") && !line.contains("_pkey");
                let reads = |line: &&str| {
                    let reads = [" on mismatch", "SEARCH m", "SCAN m", "SEARCH e", "SCAN e"];
                    reads.iter().any(|how| line.contains(how)) && !line.contains("Bitmap Heap Scan")
                };
                let others: Vec<&str> = plan.lines().filter(reads).filter(by).collect();
                assert!(plan.contains(index) && others.is_empty(), "{analyzed} {others:?}\n{plan}");
            }
        }
    }
}
