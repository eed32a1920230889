//! `status`: the last runs, what waits, how each system stands.

use super::{Call, Failure};
use crate::model::Timestamp;
use crate::store::{mismatch, outbox, runs, system};

pub(super) async fn run(call: &Call) -> Result<u8, Failure> {
    let app = call.app().await?;
    let mut waits = false;
    let mut shown = Vec::new();
    for stream in &app.streams {
        let mut tx = app.store.read().await?;
        let Some((id, _)) = runs::find_stream(&mut tx, &stream.name).await? else {
            shown.push(serde_json::json!({ "stream": stream.name, "runs": [] }));
            continue;
        };
        let last = runs::last(&mut tx, id, 5).await?;
        let open = mismatch::counts(&mut tx, id).await?;
        let staged = outbox::tally(&mut tx, id).await?;
        let (ready, _) = outbox::waiting(&mut tx, id).await?;
        let state = system::look(&mut tx, &stream.system.name).await?;
        waits |= !open.is_empty();
        let open: Vec<_> = open
            .into_iter()
            .map(|(kind, reason, count)| serde_json::json!({ "kind": kind, "reason": reason, "count": count }))
            .collect();
        let runs: Vec<_> = last
            .iter()
            .map(|run| {
                serde_json::json!({
                    "run": run.id, "state": run.state, "error": run.error,
                    "started": Timestamp(run.started_ms).for_people(),
                    "finished": run.finished_ms.map(|t| Timestamp(t).for_people()),
                    "outcome": serde_json::from_str::<serde_json::Value>(&run.outcome).unwrap_or_default(),
                })
            })
            .collect();
        shown.push(serde_json::json!({
            "stream": stream.name, "runs": runs, "waits_for_a_person": open, "staged": staged, "ready": ready,
            "system": {
                "name": stream.system.name, "alarm": state.alarm, "failures_in_a_row": state.failures,
                "silent_until": (state.not_before.0 > 0).then(|| state.not_before.for_people()),
                "breaker_open_until": (state.open_until.0 > 0).then(|| state.open_until.for_people()),
            },
        }));
    }
    if call.json {
        println!("{}", serde_json::json!({ "streams": shown }));
    } else {
        for stream in &shown {
            println!("{}", serde_json::to_string_pretty(stream).unwrap_or_default());
        }
    }
    Ok(if waits { 3 } else { 0 })
}
