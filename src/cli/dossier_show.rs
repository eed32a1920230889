//! `dossier show|timeline`: one application, and all that happened to it. Both show personal data, to the terminal only.

use clap::Args;
use serde_json::{Value, json};

use super::dossier::{Desk, as_json, state};
use super::{Call, Failure, output};
use crate::app;
use crate::intake::clock::Reading;
use crate::intake::receive::has_number;
use crate::intake::timeline::{Event, Happened, Parts};
use crate::model::{Message, Timestamp, calendar};
use crate::store::dossiers::{self, Found};
use crate::store::{Tx, dossier_story, inbox};

/// Which application is meant.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Mã hồ sơ / the number
    #[arg(required_unless_present = "id")]
    pub number: Option<String>,
    /// Thay cho mã hồ sơ: `id` của --json, cho hồ sơ không có số / instead: the `id` of --json, for what has no number
    #[arg(long, conflicts_with = "number")]
    pub id: Option<i64>,
    /// Theo [[intake]] nào / by which [[intake]] it came
    #[arg(long)]
    pub intake: Option<String>,
}

impl Which {
    /// As it was named.
    fn named(&self) -> String {
        match (&self.number, self.id) {
            (Some(number), _) => output::key(number),
            (None, id) => format!("--id {}", id.unwrap_or_default()),
        }
    }
}

/// A number as a person can read and name it.
pub(super) fn shown(number: &str, id: i64) -> String {
    if has_number(number) { output::key(number) } else { Message::DossierNumberless.with(&[("id", &id)]) }
}

/// The number of an application, likewise.
pub(super) fn shown_number(found: &Found) -> String {
    shown(&found.number, found.id)
}

/// The application that is meant.
pub(super) async fn the_one(tx: &mut Tx, which: &Which) -> Result<Found, Failure> {
    let found = one(tx, which).await?;
    found.ok_or_else(|| Failure::new(2, Message::DossierUnknown.with(&[("number", &which.named())])))
}

async fn one(tx: &mut Tx, which: &Which) -> Result<Option<Found>, Failure> {
    let mut found = match (&which.number, which.id) {
        (Some(number), _) => dossiers::by_number(tx, number).await?,
        (None, id) => dossiers::by_id(tx, id.unwrap_or_default()).await?.into_iter().collect(),
    };
    found.retain(|one| which.intake.as_ref().is_none_or(|name| *name == one.intake));
    if found.len() > 1 {
        let known: Vec<&str> = found.iter().map(|one| one.intake.as_str()).collect();
        let (number, known) = (which.named(), known.join(", "));
        return Err(Failure::new(2, Message::DossierSeveral.with(&[("number", &number), ("known", &known)])));
    }
    Ok(found.pop())
}

/// JSON as it stands in the store.
fn stored(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

pub(super) async fn show(call: &Call, desk: &Desk, args: &Which) -> Result<u8, Failure> {
    let mut tx = desk.store.read().await?;
    let found = the_one(&mut tx, args).await?;
    let clock = desk.clocks(&mut tx, std::slice::from_ref(&found)).await?.pop().flatten();
    let versions = dossier_story::versions(&mut tx, found.id).await?;
    let decisions = dossier_story::decisions(&mut tx, found.id).await?;
    let files = dossier_story::files(&mut tx, found.id).await?;
    let then = stored(&dossiers::matches(&mut tx, found.id).await?);
    let matches = match desk.intake(&found.intake) {
        Some(intake) => app::dossiers::matches(&desk.config, intake, &mut tx, &found, desk.now).await?,
        // Of an intake that is not configured any more only what was found then is known.
        None => serde_json::from_value(then.clone()).unwrap_or_default(),
    };
    // What is no application has no record: a person looks at what came.
    let body = if has_number(&found.number) { None } else { inbox::body(&mut tx, (found.id, found.version)).await? };
    drop(tx);
    let cut = is_cut(&[versions.len(), decisions.len(), files.len()]);
    if call.json {
        let versions: Vec<Value> = versions.iter().rev().map(version_json).collect();
        let mut shown = as_json(&found, clock.as_ref());
        shown["versions"] = json!(versions);
        shown["decisions"] = json!(decisions);
        shown["files"] = json!(files);
        shown["matches"] = json!(matches);
        shown["matches_when_it_came"] = then;
        shown["cut"] = cut.into();
        if let Some(body) = &body {
            shown["body"] = stored(body);
        }
        say!("{shown}");
        return Ok(u8::from(found.to_route > 0) * 3);
    }
    say!("{}", Message::RecordHead.with(&[("key", &shown_number(&found))]));
    let line = |head: Message, value: &str| say!("  {}: {}", head.both(), output::key(value));
    line(Message::HeadProcedure, &found.procedure);
    line(Message::HeadUnit, &found.unit);
    line(Message::HeadStatus, &found.status);
    line(Message::HeadLocalNumber, &found.local_number);
    line(Message::HeadState, &Message::of_word("application", state(&found)));
    if let Some(clock) = &clock {
        show_clock(clock);
    }
    for version in versions.iter().filter(|version| version.state != "handed") {
        line(Message::HeadVersion, &version.version.to_string());
        if version.attempts > 0 || !version.why.is_empty() {
            say!("    {}: {} {}", Message::HeadAttempts.both(), version.attempts, output::key(&version.why));
        }
        for complaint in stored(&version.complaints).as_array().into_iter().flatten() {
            say!("    {}", complained(complaint));
        }
    }
    if let Some(record) = versions.first().map(|version| stored(&version.record)) {
        for (field, value) in record.as_object().into_iter().flatten() {
            say!("    {field}: {}", output::key(&plain(value)));
        }
    }
    for file in &files {
        say!(
            "  {}: {} {} {}",
            Message::EventFile.both(),
            output::key(&file.name),
            Message::of_word("file", &file.state),
            file.why
        );
    }
    for (name, value) in body.as_deref().map(stored).iter().filter_map(Value::as_object).flatten() {
        say!("    {}: {}", output::key(name), output::key(&plain(value)));
    }
    match matches {
        Some(people) => people.iter().for_each(|found| line(Message::HeadMatches, &found.told(desk.now.day()))),
        None => line(Message::HeadMatches, &Message::MatchesNotLooked.both()),
    }
    tell_cut(cut);
    Ok(u8::from(found.to_route > 0) * 3)
}

fn version_json(version: &dossier_story::Version) -> Value {
    let mut shown = json!(version);
    for name in ["differences", "complaints", "record"] {
        shown[name] = stored(shown[name].as_str().unwrap_or_default());
    }
    shown
}

fn show_clock(clock: &Reading) {
    let day = |day: Option<jiff::civil::Date>| day.map(calendar::day).unwrap_or_default();
    let limit = clock.limit.as_ref().map(|(days, law)| format!("{days} ({law})")).unwrap_or_default();
    let verdict = Message::of_word("clock", clock.verdict.word());
    say!("  {}: {verdict}", Message::HeadDue.both());
    say!("    {}: {} → {}", Message::HeadReceived.both(), day(clock.started), day(clock.due));
    say!("    {}: {} / {limit}", Message::HeadUsed.both(), clock.used);
}

/// A complaint in one line: what it means, where, and which value.
fn complained(complaint: &Value) -> String {
    let text = |name: &str| output::key(complaint[name].as_str().unwrap_or_default());
    format!(
        "{} ({}) {}: {} {}",
        text("reason"),
        output::meaning(&text("reason")),
        text("field"),
        text("value"),
        text("detail")
    )
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) async fn timeline(call: &Call, desk: &Desk, args: &Which) -> Result<u8, Failure> {
    let mut tx = desk.store.read().await?;
    let mut parts = Parts { application: one(&mut tx, args).await?, ..Parts::default() };
    // A dossier from the counter has a number and no application.
    let number = parts.application.as_ref().map(|found| found.number.clone()).or_else(|| args.number.clone());
    let number = number.unwrap_or_default();
    parts.up = dossier_story::up(&mut tx, &number).await?;
    parts.exchanges = dossier_story::exchanged(&mut tx, &number).await?;
    let mut cut = is_cut(&[parts.up.len(), parts.exchanges.len()]);
    let mut clock = None;
    if let Some(found) = &parts.application {
        let brought = dossier_story::brought(&mut tx, found.id).await?;
        cut |= is_cut(&[brought.len()]);
        parts.exchanges.extend(brought);
        parts.versions = dossier_story::versions(&mut tx, found.id).await?;
        parts.decisions = dossier_story::decisions(&mut tx, found.id).await?;
        parts.files = dossier_story::files(&mut tx, found.id).await?;
        clock = desk.clocks(&mut tx, std::slice::from_ref(found)).await?.pop().flatten();
    } else if parts.up.is_empty() {
        return Err(Failure::new(2, Message::DossierUnknown.with(&[("number", &args.named())])));
    }
    drop(tx);
    cut |= is_cut(&[parts.versions.len(), parts.decisions.len(), parts.files.len()]);
    let events = parts.timeline();
    if call.json {
        let application = parts.application.as_ref().map(|found| as_json(found, clock.as_ref()));
        say!("{}", json!({ "number": number, "application": application, "events": events, "cut": cut }));
        return Ok(0);
    }
    let head = parts.application.as_ref().map_or_else(|| args.named(), shown_number);
    say!("{}", Message::RecordHead.with(&[("key", &head)]));
    if let Some(found) = parts.application.as_ref().filter(|found| !found.local_number.is_empty()) {
        say!("  {}: {}", Message::HeadLocalNumber.both(), output::key(&found.local_number));
    }
    if let Some(clock) = &clock {
        show_clock(clock);
    }
    let mut table = output::table(&[Message::HeadTime, Message::HeadOperation, Message::HeadDetail]);
    for event in &events {
        let at = event.at_ms.map(|at| Timestamp(at).for_people()).unwrap_or_default();
        let (what, detail) = told(event);
        table.add_row([at, what.both(), output::key(&detail)]);
    }
    say!("{table}");
    tell_cut(cut);
    Ok(0)
}

/// Whether there are more rows of one kind than are shown.
fn is_cut(counts: &[usize]) -> bool {
    counts.iter().any(|count| i64::try_from(*count).is_ok_and(|count| count >= dossier_story::MOST))
}

fn tell_cut(cut: bool) {
    if cut {
        say!("{}", Message::DossierCut.with(&[("most", &dossier_story::MOST)]));
    }
}

/// An event in words.
fn told(event: &Event) -> (Message, String) {
    match &event.what {
        Happened::Filed => (Message::EventFiled, String::new()),
        Happened::Received => (Message::EventReceived, String::new()),
        Happened::Version { version, state, differences, .. } => {
            let changed = differences.as_array().into_iter().flatten().map(|one| {
                let text = |name: &str| one[name].as_str().unwrap_or_default();
                format!("{}: {} → {}", text("field"), text("before"), text("now"))
            });
            let changed: Vec<String> = changed.collect();
            let state = Message::of_word("application", state);
            (Message::EventVersion, format!("{version} ({state}) {}", changed.join("; ")))
        }
        Happened::Decided { who, reason, values } => (Message::EventDecided, format!("{values}: {reason} ({who})")),
        Happened::Handed { version, receipt } => (Message::EventHanded, format!("{version}: {receipt}")),
        Happened::NotHanded { version, attempts, why } => {
            (Message::EventNotHanded, format!("{version}: {why} (×{attempts})"))
        }
        Happened::File { state, name, bytes, why, .. } => {
            (Message::EventFile, format!("{name}: {} {bytes} B {why}", Message::of_word("file", state)))
        }
        Happened::Step { system, key, status, state, .. } => {
            (Message::EventStep, format!("{status} → {system}: {state} ({key})"))
        }
        Happened::Dossier { system, stream, status, state, .. } => {
            (Message::EventDossier, format!("{status} → {system}: {state} ({stream})"))
        }
        Happened::Exchange { system, operation, carried, http, verdict, .. } => {
            let http = http.map(|http| format!("HTTP {http}")).unwrap_or_default();
            (Message::EventExchange, format!("{system} {operation} [{}]: {http} {verdict}", carried.join(", ")))
        }
    }
}
