//! `status`: the last runs, what waits, how each system stands.

use serde_json::{Value, json};

use super::{Call, Failure, output};
use crate::delta::Tally;
use crate::model::{Message, Timestamp};
use crate::run::Stream;
use crate::store::system::SystemState;
use crate::store::{Store, mismatch, outbox, runs, system};

/// How many runs are told of.
const RUNS: i64 = 5;

/// How a stream stands that ran at least once.
struct Standing {
    runs: Vec<runs::Shown>,
    open: Vec<(String, String, u64)>,
    staged: Tally,
    ready: u64,
    system: SystemState,
}

pub(super) async fn run(call: &Call) -> Result<u8, Failure> {
    let app = call.app().await?;
    let (mut waits, mut shown) = (false, Vec::new());
    for stream in &app.streams {
        let standing = standing(&app.store, stream).await?;
        waits |= standing.as_ref().is_some_and(|s| !s.open.is_empty());
        if call.json {
            shown.push(as_json(stream, standing.as_ref()));
        } else {
            let (name, system) = (&stream.name, &stream.system.name);
            println!("{}", Message::StreamHead.with(&[("stream", name), ("system", system)]));
            match standing {
                Some(standing) => standing.show(stream),
                None => println!("{}", Message::NeverRan.both()),
            }
        }
    }
    if call.json {
        println!("{}", json!({ "streams": shown }));
    }
    Ok(if waits { 3 } else { 0 })
}

async fn standing(store: &Store, stream: &Stream) -> Result<Option<Standing>, Failure> {
    let mut tx = store.read().await?;
    let Some((id, _)) = runs::find_stream(&mut tx, &stream.name).await? else { return Ok(None) };
    Ok(Some(Standing {
        runs: runs::last(&mut tx, id, RUNS).await?,
        open: mismatch::counts(&mut tx, id).await?,
        staged: outbox::tally(&mut tx, id).await?,
        ready: outbox::ready(&mut tx, id).await?,
        system: system::look(&mut tx, &stream.system.name).await?,
    }))
}

/// A time that is set.
fn set(time: Timestamp) -> Option<String> {
    (time.0 > 0).then(|| time.for_people())
}

fn outcome(run: &runs::Shown) -> Value {
    serde_json::from_str(&run.outcome).unwrap_or_default()
}

fn as_json(stream: &Stream, standing: Option<&Standing>) -> Value {
    let Some(standing) = standing else { return json!({ "stream": stream.name, "runs": [] }) };
    let open: Vec<Value> = standing
        .open
        .iter()
        .map(|(kind, reason, count)| json!({ "kind": kind, "reason": reason, "count": count }))
        .collect();
    let run = |run: &runs::Shown| {
        json!({
            "run": run.id, "state": run.state, "error": run.error,
            "started": Timestamp(run.started_ms).for_people(),
            "finished": run.finished_ms.map(|t| Timestamp(t).for_people()),
            "outcome": outcome(run),
        })
    };
    let (runs, system): (Vec<Value>, _) = (standing.runs.iter().map(run).collect(), &standing.system);
    json!({
        "stream": stream.name, "runs": runs, "waits_for_a_person": open, "staged": standing.staged, "ready": standing.ready,
        "system": {
            "name": stream.system.name, "alarm": system.alarm, "failures_in_a_row": system.failures,
            "silent_until": set(system.not_before), "breaker_open_until": set(system.open_until),
        },
    })
}

impl Standing {
    fn show(&self, stream: &Stream) {
        let mut table = output::table(&[
            Message::HeadRun,
            Message::HeadState,
            Message::HeadBegan,
            Message::HeadEnded,
            Message::HeadScanned,
            Message::HeadConfirmed,
            Message::HeadRefused,
            Message::HeadHeld,
            Message::HeadUnknown,
        ]);
        for run in &self.runs {
            let outcome = outcome(run);
            let number = |key: &str| outcome[key].as_u64().map(|n| n.to_string()).unwrap_or_default();
            let sum = |key: &str| {
                let counts = outcome[key].as_object();
                counts.map(|c| c.values().filter_map(Value::as_u64).sum::<u64>().to_string()).unwrap_or_default()
            };
            table.add_row([
                run.id.to_string(),
                Message::of_word("state", &run.state),
                Timestamp(run.started_ms).for_people(),
                run.finished_ms.map(|t| Timestamp(t).for_people()).unwrap_or_default(),
                number("scanned"),
                number("confirmed"),
                sum("refused"),
                sum("held"),
                number("unknown"),
            ]);
        }
        println!("{table}");
        for run in self.runs.iter().filter(|run| !run.error.is_empty()) {
            println!("  {}: {}", run.id, run.error);
        }
        if self.open.is_empty() {
            println!("{}", Message::NothingWaits.both());
        } else {
            let mut table =
                output::table(&[Message::WaitsForAPerson, Message::HeadWhy, Message::HeadCount, Message::HeadMeaning]);
            for (kind, reason, count) in &self.open {
                let (kind, reason) = (Message::of_word("kind", kind), output::key(reason));
                let meaning = output::meaning(&reason);
                table.add_row([kind, reason, count.to_string(), meaning]);
            }
            println!("{table}");
        }
        let staged = self.staged.new + self.staged.changed + self.staged.remapped + self.staged.stopped;
        println!("{}", Message::QueueStands.with(&[("ready", &self.ready), ("staged", &staged)]));
        self.show_system(&stream.system.name);
    }

    fn show_system(&self, name: &str) {
        let state = &self.system;
        let mut lines = Vec::new();
        if !state.alarm.is_empty() {
            lines.push(Message::SystemAlarm.with(&[("system", &name), ("alarm", &state.alarm)]));
        }
        if state.failures > 0 {
            lines.push(Message::SystemFailures.with(&[("system", &name), ("count", &state.failures)]));
        }
        for (message, until) in [(Message::SystemSilent, state.not_before), (Message::SystemBreaker, state.open_until)]
        {
            lines.extend(set(until).map(|until| message.with(&[("system", &name), ("until", &until)])));
        }
        if lines.is_empty() {
            lines.push(Message::SystemFine.with(&[("system", &name)]));
        }
        for line in lines {
            println!("{line}");
        }
    }
}
