//! `status`: the last runs, what waits, how each system stands; of the way down, `status_intakes`.

use serde_json::{Value, json};

use super::{Call, Failure, output, status_intakes};
use crate::app::certificates;
use crate::delivery::{Deadline, NEXT_RUN};
use crate::delta::{Class, Tally};
use crate::model::{Clock as _, Kind, Message, SystemClock, Timestamp, calendar};
use crate::run::Stream;
use crate::store::system::SystemState;
use crate::store::{Store, batch, mismatch, outbox, runs, system};

/// How many runs are told of.
const RUNS: i64 = 5;
/// How many batches without a result are told of on a screen.
const AWAITING: usize = 20;

/// How a stream stands that ran at least once.
struct Standing {
    runs: Vec<runs::Shown>,
    open: Vec<(String, String, u64)>,
    held: u64,
    staged: Tally,
    ready: u64,
    underway: u64,
    awaits: Vec<batch::PutOff>,
    system: SystemState,
}

pub(super) async fn run(call: &Call) -> Result<u8, Failure> {
    let app = call.app().await?;
    let (mut waits, mut shown) = (false, Vec::new());
    for stream in &app.streams {
        let standing = standing(&app.store, stream).await?;
        waits |= standing.as_ref().is_some_and(|s| !s.open.is_empty() || !s.awaits.is_empty());
        if call.json {
            let mut told = as_json(stream, standing.as_ref());
            if let Some(deadline) = deadline_json(stream, standing.as_ref()) {
                told["deadline"] = deadline;
            }
            shown.push(told);
        } else {
            let (name, system) = (&stream.name, &stream.system.name);
            say!("{}", Message::StreamHead.with(&[("stream", name), ("system", system)]));
            if let Some(line) = deadline_line(stream, standing.as_ref()) {
                say!("{line}");
            }
            match standing {
                Some(standing) => standing.show(stream),
                None => say!("{}", Message::NeverRan.both()),
            }
        }
    }
    let certificates = certificates::known(&app, SystemClock::new().now()).await?;
    waits |= certificates.iter().any(|one| one.warning.is_some());
    let intakes = status_intakes::standings(&app).await?;
    waits |= intakes.iter().any(status_intakes::Standing::waits);
    if call.json {
        let intakes: Vec<Value> = intakes.iter().map(status_intakes::Standing::as_json).collect();
        let certificates: Vec<Value> = certificates.iter().map(certificate_json).collect();
        say!("{}", json!({ "streams": shown, "intakes": intakes, "certificates": certificates }));
    } else {
        intakes.iter().for_each(status_intakes::Standing::show);
        for one in certificates.iter().filter(|one| one.warning.is_some()) {
            say!("{}", output::certificate(one));
        }
    }
    Ok(if waits { 3 } else { 0 })
}

async fn standing(store: &Store, stream: &Stream) -> Result<Option<Standing>, Failure> {
    let mut tx = store.read().await?;
    let Some((id, _)) = runs::find_stream(&mut tx, &stream.name).await? else { return Ok(None) };
    Ok(Some(Standing {
        runs: runs::last(&mut tx, id, RUNS).await?,
        open: mismatch::counts(&mut tx, id).await?,
        held: mismatch::held(&mut tx, id).await?,
        staged: outbox::tally(&mut tx, id).await?,
        ready: outbox::ready(&mut tx, id).await?,
        underway: outbox::underway(&mut tx, id).await?,
        awaits: batch::put_off(&mut tx, id, NEXT_RUN).await?,
        system: system::look(&mut tx, &stream.system.name).await?,
    }))
}

/// What the nation has not confirmed yet.
#[derive(serde::Serialize)]
struct Unconfirmed {
    underway: u64,
    ready: u64,
    staged: u64,
    held: u64,
    refused: u64,
}

/// The stream's deadline, where it has one.
fn deadline(stream: &Stream) -> Option<&Deadline> {
    stream.system.pace.first.iter().find(|one| one.stream == stream.name).map(|one| &one.deadline)
}

/// The deadline that comes next, from when on the stream goes first, and what is not confirmed.
fn deadline_line(stream: &Stream, standing: Option<&Standing>) -> Option<String> {
    let deadline = deadline(stream)?;
    let today = SystemClock::new().now().day();
    let (due, from) = (calendar::day(deadline.due(today)), calendar::day(deadline.from(today)));
    let mut line = Message::DeadlineStands.with(&[("due", &due), ("from", &from)]);
    if let Some(left) = standing.map(Standing::unconfirmed) {
        let values: [(&str, &dyn std::fmt::Display); 5] = [
            ("underway", &left.underway),
            ("ready", &left.ready),
            ("staged", &left.staged),
            ("held", &left.held),
            ("refused", &left.refused),
        ];
        line = format!("{line}\n{}", Message::DeadlineLeft.with(&values));
    }
    Some(line)
}

fn deadline_json(stream: &Stream, standing: Option<&Standing>) -> Option<Value> {
    let deadline = deadline(stream)?;
    let today = SystemClock::new().now().day();
    Some(json!({
        "before": deadline.due(today).to_string(), "goes_first_from": deadline.from(today).to_string(),
        "goes_first_now": deadline.is_near(today), "not_confirmed": standing.map(Standing::unconfirmed),
    }))
}

fn certificate_json(one: &certificates::Known) -> Value {
    json!({ "system": one.system, "whose": one.whose, "until": one.until.for_people(), "days": one.days, "warning": one.warning })
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
        "awaits_results": standing.awaits,
        "system": {
            "name": stream.system.name, "alarm": system.alarm, "failures_in_a_row": system.failures,
            "silent_until": set(system.not_before), "breaker_open_until": set(system.open_until),
        },
    })
}

impl Standing {
    /// What of the stream the nation has not confirmed: on its way, ready, held by the brake, by reasons, or refused.
    fn unconfirmed(&self) -> Unconfirmed {
        let of = |kind: &str| self.open.iter().filter(|(known, ..)| known == kind).map(|(.., count)| count).sum();
        let staged = Class::ALL.into_iter().map(|class| self.staged.of(class)).sum();
        let (held, refused) = (self.held, of(Kind::RefusedThere.word()));
        Unconfirmed { underway: self.underway, ready: self.ready, staged, held, refused }
    }

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
        say!("{table}");
        for run in self.runs.iter().filter(|run| !run.error.is_empty()) {
            say!("  {}: {}", run.id, run.error);
        }
        if self.open.is_empty() {
            say!("{}", Message::NothingWaits.both());
        } else {
            let mut table =
                output::table(&[Message::WaitsForAPerson, Message::HeadWhy, Message::HeadCount, Message::HeadMeaning]);
            for (kind, reason, count) in &self.open {
                let (kind, reason) = (output::kind(kind), output::key(reason));
                let meaning = output::meaning(&reason);
                table.add_row([kind, reason, count.to_string(), meaning]);
            }
            say!("{table}");
        }
        let staged = self.staged.new + self.staged.changed + self.staged.remapped + self.staged.stopped;
        say!("{}", Message::QueueStands.with(&[("ready", &self.ready), ("staged", &staged)]));
        for one in self.awaits.iter().take(AWAITING) {
            let (batch, sent_at, records, why) = (&one.batch, &one.sent_at, &one.records, &one.why);
            say!(
                "{}",
                Message::AwaitsResult.with(&[
                    ("batch", batch),
                    ("sent_at", sent_at),
                    ("records", records),
                    ("why", why)
                ])
            );
        }
        if let Some(count @ 1..) = self.awaits.len().checked_sub(AWAITING) {
            say!("{}", Message::AwaitMore.with(&[("count", &count)]));
        }
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
            say!("{line}");
        }
    }
}
