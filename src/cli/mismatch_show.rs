//! How a mismatch is shown: a row of a list, one with all that happened to it, and as `--json` tells it.

use std::collections::BTreeMap;

use serde_json::json;

use super::mismatch::streams;
use super::{Call, Failure, output};
use crate::app::App;
use crate::mismatch::{Decision, DecisionRules, choices};
use crate::model::calendar::{self, PartialDate};
use crate::model::{Kind, Message, Timestamp};
use crate::store::mismatch::HELD;
use crate::store::review::{self, Event, Item};
use crate::store::{believed, effects};

/// As `--json` tells it.
pub(super) fn told(item: &Item, names: &BTreeMap<i64, String>) -> serde_json::Value {
    let mut told = json!(item);
    told["stream"] = json!(names.get(&item.stream_id));
    told["waits_second"] = json!(item.waits_second());
    told
}

/// What a reason means; nothing for a code of the nation's.
pub(super) fn reason(word: &str) -> String {
    let meaning = output::meaning(word);
    if meaning.is_empty() { Message::of_word("differs", word) } else { meaning }
}

/// The id in the catalogue of the state that it is in: of what is decided, whether somebody has to confirm it.
pub(super) fn state(item: &Item) -> &str {
    if item.waits_second() { "waits-second" } else { &item.state }
}

pub(super) fn table(rows: &[Item], names: &BTreeMap<i64, String>) -> comfy_table::Table {
    let mut table = output::table(&[
        Message::HeadNumber,
        Message::HeadKind,
        Message::HeadKey,
        Message::HeadWhy,
        Message::HeadField,
        Message::HeadOurs,
        Message::HeadTheirs,
        Message::HeadUnit,
        Message::HeadSeen,
        Message::HeadState,
        Message::HeadWho,
    ]);
    for item in rows {
        let state = Message::of_word("state", state(item));
        let decided = if item.decision.is_empty() { String::new() } else { format!("\n{}", item.decision) };
        let by = if item.decided_by.is_empty() { &item.assignee } else { &item.decided_by };
        let stream = names.get(&item.stream_id).map_or("", String::as_str);
        table.add_row([
            item.id.to_string(),
            format!("{}\n{stream}: {}", output::kind(&item.kind), item.kind),
            output::key(&item.key),
            reason(&item.reason),
            output::key(&item.field),
            output::key(&item.value),
            output::key(&item.theirs),
            output::key(&item.unit),
            item.occurrences.to_string(),
            format!("{state}{decided}"),
            output::key(by),
        ]);
    }
    table
}

/// A day of the store, as people write it.
fn day(text: &str) -> String {
    match PartialDate::read(text) {
        Some(PartialDate::Day(day)) => calendar::day(day),
        _ => output::key(text),
    }
}

pub(super) async fn show(call: &Call, app: &App, id: i64) -> Result<u8, Failure> {
    let rules = DecisionRules::load(&app.config.mappings().join("codes"))?;
    let mut tx = app.store.read().await?;
    let names = streams(&mut tx, app, None).await?;
    let found = review::find(&mut tx, id).await?;
    let item = found.ok_or_else(|| Failure::new(2, crate::mismatch::No::Unknown(id)))?;
    let events = review::events(&mut tx, id).await?;
    let first = effects::waits_for(&mut tx, id).await?;
    let known = believed::known(&mut tx, item.stream_id, &[&item.key]).await?;
    let keeps = item.state == "applied" && item.decision == Decision::KeepOurs.word();
    let unscanned = keeps && known.get(&item.key).is_some_and(|known| known.unjudged);
    let in_hand = matches!(item.state.as_str(), "open" | "in-review");
    let choices = if in_hand { choices(&rules, &item) } else { Vec::new() };
    if call.json {
        let mut shown = told(&item, &names);
        shown["events"] = json!(events);
        shown["waits_for"] = json!(first);
        shown["waits_for_scan"] = json!(unscanned);
        shown["allowed"] = json!(choices.iter().map(|decision| decision.word()).collect::<Vec<_>>());
        say!("{shown}");
        return Ok(0);
    }
    say!("{}", table(std::slice::from_ref(&item), &names));
    for (message, text) in told_lines(&item, &rules, &choices) {
        if !text.trim().is_empty() {
            say!("{}: {}", message.both(), text.trim());
        }
    }
    if in_hand && item.place == HELD {
        say!("{}", Message::MismatchHeld.both());
    }
    if !first.is_empty() {
        let ids: Vec<String> = first.iter().map(ToString::to_string).collect();
        say!("{}", Message::MismatchWaitsFor.with(&[("ids", &ids.join(", "))]));
    }
    if unscanned {
        say!("{}", Message::MismatchWaitsScan.both());
    }
    if item.waits_second() {
        say!("{}", Message::MismatchWaitsSecond.with(&[("id", &item.id)]));
    }
    say!("{}", history(&events));
    Ok(0)
}

fn told_lines(item: &Item, rules: &DecisionRules, choices: &[Decision]) -> [(Message, String); 8] {
    let decision =
        Decision::from_word(&item.decision).map_or_else(String::new, |d| format!("{} / {}", d.text().0, d.text().1));
    let kind = Kind::from_word(&item.kind);
    let way_out = kind.map_or(("", ""), Kind::way_out);
    let choice = |one: &Decision| {
        let second = kind.is_some_and(|kind| rules.needs_second(kind, *one));
        let second = if second { format!(" [{}]", Message::NeedsSecond.both()) } else { String::new() };
        format!("{} ({} / {}){second}", one.word(), one.text().0, one.text().1)
    };
    let (opened, last) = (Timestamp(item.opened_ms).for_people(), Timestamp(item.seen_ms).for_people());
    let seen = Message::MismatchSeen.with(&[
        ("count", &item.occurrences),
        ("opened", &opened),
        ("seen", &last),
        ("relapses", &item.relapses),
    ]);
    [
        (Message::HeadVersion, item.version.to_string()),
        (Message::HeadSeen, seen),
        (Message::HeadCause, output::key(&item.cause)),
        (Message::HeadProposal, output::key(&item.proposal)),
        (Message::HeadDetail, output::key(&item.detail)),
        (Message::HeadDecision, format!("{decision} {} {}", output::key(&item.why), day(&item.until_day))),
        (Message::HeadWayOut, format!("{} / {}", way_out.0, way_out.1)),
        (Message::HeadAllowed, choices.iter().map(choice).collect::<Vec<_>>().join(", ")),
    ]
}

fn history(events: &[Event]) -> comfy_table::Table {
    let mut table =
        output::table(&[Message::HeadTime, Message::HeadWho, Message::HeadEvent, Message::HeadWhat, Message::HeadWhy]);
    for event in events {
        let words = [event.reason.as_str(), event.words.as_str()].join(" ");
        table.add_row([
            Timestamp(event.at_ms).for_people(),
            output::key(&event.who),
            Message::of_word("happened", &event.event),
            output::key(&event.what),
            output::key(words.trim()),
        ]);
    }
    table
}
