//! Tables of outcomes for people: Vietnamese first.

use std::collections::BTreeMap;

use comfy_table::{Table, presets};

use crate::model::Reason;
use crate::run::Outcome;

/// A key as it can be shown on a terminal and copied from it: without control characters.
pub(super) fn key(key: &str) -> String {
    key.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// Some keys in one line.
pub(super) fn keys(keys: &[String]) -> String {
    const SHOWN: usize = 20;
    let more = keys.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = keys.iter().take(SHOWN).map(|k| key(k)).collect();
    shown.extend((more > 0).then(|| format!("… +{more}")));
    shown.join(", ")
}

/// One row a run.
pub(super) fn outcomes<'a>(runs: impl IntoIterator<Item = &'a Outcome>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header([
        "Lượt / run",
        "Đã quét / scanned",
        "Đã gửi / sent",
        "Xác nhận / confirmed",
        "Thôi hưởng / stopped",
        "Từ chối / refused",
        "Bị giữ / held",
        "Chưa rõ / unknown",
        "Không đổi / unchanged",
        "Giây / s",
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

/// Reasons with their texts, the most first.
pub(super) fn reasons(title: &str, counts: &BTreeMap<String, u64>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header([title, "Số lượng / count", "Nghĩa / meaning"]);
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    for (word, count) in counts {
        let meaning = Reason::from_word(word).map(|r| format!("{} / {}", r.vi(), r.en())).unwrap_or_default();
        table.add_row([word.clone(), count.to_string(), meaning]);
    }
    table
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
