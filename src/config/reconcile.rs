//! `[reconcile]`: when both sides are compared, of which streams, under which provinces' codes.

use serde::Deserialize;

use super::StreamConfig;
use super::reader::{Listed, Reader};
use super::values::Seconds;
use crate::model::suggest::hint;
use crate::schedule::Schedule;

/// `[reconcile]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReconcileConfig {
    /// When it runs, as a cron line in Vietnam time; only by hand where left out.
    #[serde(default)]
    pub schedule: Option<String>,
    /// When all is listed, whatever the digests say, as a cron line.
    #[serde(default)]
    pub full_schedule: Option<String>,
    /// The streams; all that their system lists where left out.
    #[serde(default)]
    pub streams: Vec<String>,
    /// Further provinces' codes under which records still stand, besides that of `[province]`.
    #[serde(default)]
    pub provinces: Vec<String>,
    /// When more than so many in a hundred are missing in a listing …
    #[serde(default = "short_percent")]
    pub short_percent: u8,
    /// … and more than so many records, it is the listing that is incomplete.
    #[serde(default = "short_records")]
    pub short_records: u64,
    /// How long a round goes on without any success.
    #[serde(default = "patience")]
    pub patience: Seconds,
}

impl Default for ReconcileConfig {
    fn default() -> Self {
        Self {
            schedule: None,
            full_schedule: None,
            streams: Vec::new(),
            provinces: Vec::new(),
            short_percent: short_percent(),
            short_records: short_records(),
            patience: patience(),
        }
    }
}

fn short_percent() -> u8 {
    20
}

fn short_records() -> u64 {
    20
}

fn patience() -> Seconds {
    Seconds(std::time::Duration::from_mins(10))
}

/// What the section says of others and of itself.
pub(super) fn check(reader: &mut Reader<'_>, streams: &Listed<StreamConfig>, config: &ReconcileConfig) {
    let mut tell = |key: &str, message: String| {
        reader.tell_key(&format!("reconcile.{key}"), format!("[reconcile] {key}: {message}"));
    };
    for (key, line) in [("schedule", &config.schedule), ("full_schedule", &config.full_schedule)] {
        if let Some(line) = line
            && let Err(error) = Schedule::parse(line)
        {
            tell(key, format!("'{line}' không phải dòng cron / is no cron line: {error}"));
        }
    }
    let known = || streams.names.iter().map(|(name, _)| name.as_str());
    for name in config.streams.iter().filter(|name| !known().any(|known| known == *name)) {
        let hint = hint(name, known());
        tell("streams", format!("không có luồng '{name}'{hint} / there is no such stream"));
    }
    for code in &config.provinces {
        if !(1..=10).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
            tell("provinces", format!("'{code}': mã tỉnh như \"87\" / a province's code such as \"87\""));
        }
    }
    if config.provinces.len() > 10 {
        tell("provinces", "nhiều nhất 10 mã / at most 10 codes".to_owned());
    }
    if config.short_percent > 100 {
        tell("short_percent", "từ 0 đến 100 / 0 to 100".to_owned());
    }
}
