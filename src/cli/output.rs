//! What several verbs print for people: tables with headings in both languages, Vietnamese first.

use std::collections::BTreeMap;

use comfy_table::{Table, presets};

use crate::app::certificates::{Known, Whose};
use crate::model::{Kind, Message, Reason};
use crate::run::Outcome;

/// An empty table with these headings.
pub(super) fn table(heads: &[Message]) -> Table {
    titled(heads.iter().map(|head| head.both()))
}

/// The same with headings that are no messages.
pub(super) fn titled(heads: impl IntoIterator<Item = String>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(heads);
    table
}

/// A text as a terminal can show it: without control characters.
pub(super) fn key(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// Some keys in one line.
pub(super) fn keys(keys: &[String]) -> String {
    const SHOWN: usize = 20;
    let more = keys.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = keys.iter().take(SHOWN).map(|k| key(k)).collect();
    shown.extend((more > 0).then(|| format!("… +{more}")));
    shown.join(", ")
}

/// What a fixed word means; nothing for a code of the nation's.
pub(super) fn meaning(word: &str) -> String {
    Reason::from_word(word).map(|r| format!("{} / {}", r.vi(), r.en())).unwrap_or_default()
}

/// What a kind of mismatch means.
pub(super) fn kind(word: &str) -> String {
    Kind::from_word(word).map_or_else(|| word.to_owned(), |kind| format!("{} / {}", kind.vi(), kind.en()))
}

/// A certificate that runs out, or has.
pub(super) fn certificate(one: &Known) -> String {
    let message = match (one.whose, one.days < 0) {
        (Whose::Ours, false) => Message::OursRunsOut,
        (Whose::Ours, true) => Message::OursRanOut,
        (Whose::Theirs, false) => Message::TheirsRunsOut,
        (Whose::Theirs, true) => Message::TheirsRanOut,
    };
    message.with(&[("system", &one.system), ("days", &one.days), ("until", &one.until.for_people())])
}

/// One row a run.
pub(super) fn outcomes<'a>(runs: impl IntoIterator<Item = &'a Outcome>) -> Table {
    let mut table = table(&[
        Message::HeadRun,
        Message::HeadScanned,
        Message::HeadSent,
        Message::HeadConfirmed,
        Message::HeadStopped,
        Message::HeadRefused,
        Message::HeadHeld,
        Message::HeadUnknown,
        Message::HeadUnchanged,
        Message::HeadSeconds,
    ]);
    for run in runs {
        table.add_row([
            run.name.clone(),
            run.scanned.to_string(),
            run.sent.to_string(),
            run.confirmed.to_string(),
            run.stopped.to_string(),
            run.refused.values().sum::<u64>().to_string(),
            run.held.values().sum::<u64>().to_string(),
            run.unknown.to_string(),
            run.unchanged.to_string(),
            format!("{:.2}", run.seconds),
        ]);
    }
    table
}

/// The most first.
fn sorted(counts: &BTreeMap<String, u64>) -> Vec<(&String, &u64)> {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    counts
}

/// Reasons with their texts, the most first.
pub(super) fn reasons(title: &str, counts: &BTreeMap<String, u64>) -> Table {
    let mut table = titled([title.to_owned(), Message::HeadCount.both(), Message::HeadMeaning.both()]);
    for (word, count) in sorted(counts) {
        table.add_row([key(word), count.to_string(), meaning(word)]);
    }
    table
}

/// What a run only tells, in one line: nobody has to do anything about it. `None` where it tells nothing.
pub(super) fn told(run: &Outcome) -> Option<String> {
    let one = |(word, count): (&String, &u64)| {
        let meaning = Reason::from_word(word).map_or_else(String::new, |reason| format!(" ({})", reason.vi()));
        format!("{word} {count}{meaning}")
    };
    let all: Vec<String> = sorted(&run.told).into_iter().map(one).collect();
    (!all.is_empty()).then(|| Message::ToldOnly.with(&[("run", &run.name), ("reasons", &all.join(" · "))]))
}

/// What a changed mapping did, in one line; `None` where nothing was judged again because of one.
pub(super) fn remapped(run: &Outcome) -> Option<String> {
    let told = run.remapped.as_ref()?;
    let since = told.since_run.map_or_else(|| "?".to_owned(), |since| since.to_string());
    let files = if told.files.is_empty() { "?".to_owned() } else { told.files.join(", ") };
    Some(Message::Remapped.with(&[
        ("run", &run.name),
        ("since", &since),
        ("files", &files),
        ("changed", &told.changed),
        ("held", &told.held),
        ("freed", &told.freed),
        ("again", &told.again),
    ]))
}

/// What the brake says, in one line; `None` where it holds nothing.
pub(super) fn brake(run: &Outcome) -> Option<String> {
    let brake = run.brake.as_ref()?;
    let staged = serde_json::to_string(&brake.staged).unwrap_or_default();
    Some(format!(
        "PHANH / BRAKE {}: {} chờ xác nhận, {staged} trên {} người đã được xác nhận; cho đi bằng: sync {} --release-brake --reason \"…\"",
        run.name,
        brake.holds.join(", "),
        brake.confirmed,
        run.name,
    ))
}
