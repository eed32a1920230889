//! The examples that a mapping carries: a source row and what must become of it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use super::Mapping;
use crate::model::{Action, Fault, Judgement, RawRow, Reason, Severity};

/// A compiled example.
#[derive(Debug)]
pub(crate) struct Example {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) today: Date,
    /// By column; columns that the example does not name are `NULL`.
    pub(super) row: Vec<Option<String>>,
    /// The fields that are not empty, with their values and lines; `None` when the record is not looked at.
    pub(super) record: Option<BTreeMap<String, (Vec<String>, usize)>>,
    pub(super) stop: bool,
    pub(super) held: Vec<Reason>,
    pub(super) warn: Vec<Reason>,
}

/// What became of an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleOutcome {
    /// The example's name.
    pub name: String,
    /// Its line in the mapping.
    pub line: usize,
    /// What differs from what it expects, each with its line; empty when all is right.
    pub differences: Vec<(usize, String)>,
}

impl ExampleOutcome {
    /// Whether the example came out as it says.
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }

    pub(super) fn faults(&self, file: &Path) -> Vec<Fault> {
        let of =
            |(line, text): &(usize, String)| Fault::at(file, *line, format!("ví dụ / example `{}`: {text}", self.name));
        self.differences.iter().map(of).collect()
    }
}

impl Mapping {
    /// Runs every example of the mapping.
    pub fn run_examples(&self) -> Vec<ExampleOutcome> {
        self.examples.iter().map(|e| self.run_example(e)).collect()
    }

    fn run_example(&self, example: &Example) -> ExampleOutcome {
        let row = RawRow { number: 1, columns: example.row.iter().map(Option::as_deref).collect() };
        let judged = self.judge(&row, example.today);
        let mut differences = Vec::new();
        if (judged.action == Action::Stop) != example.stop {
            differences.push((example.line, format!("stop = {}, ra / got {}", example.stop, !example.stop)));
        }
        for (key, severity, wanted) in
            [("held", Severity::Block, &example.held), ("warn", Severity::Warn, &example.warn)]
        {
            let got = reasons(&judged, severity);
            if got != *wanted {
                differences.push((
                    example.line,
                    format!("{key}: cần / wanted [{}], ra / got [{}]", words(wanted), words(&got)),
                ));
            }
        }
        if let Some(record) = example.record.as_ref().filter(|_| judged.held_for().is_none()) {
            self.compare(record, &judged, example.line, &mut differences);
        }
        ExampleOutcome { name: example.name.clone(), line: example.line, differences }
    }

    fn compare(
        &self,
        record: &BTreeMap<String, (Vec<String>, usize)>,
        judged: &Judgement,
        line: usize,
        differences: &mut Vec<(usize, String)>,
    ) {
        let got: BTreeMap<String, serde_json::Value> = serde_json::from_str(&judged.canonical).unwrap_or_default();
        let set = match (&self.stop, judged.action) {
            (Some(stop), Action::Stop) => &stop.set,
            _ => &self.write,
        };
        for name in set.layout.names() {
            let got = texts(got.get(name));
            let (wanted, line) = record.get(name).map_or((&[][..], line), |(w, l)| (w.as_slice(), *l));
            if got != wanted {
                differences
                    .push((line, format!("{name}: cần / wanted `{}`, ra / got `{}`", wanted.join(";"), got.join(";"))));
            }
        }
    }
}

/// A value as texts; empty texts and keys that are not there are no texts.
fn texts(value: Option<&serde_json::Value>) -> Vec<String> {
    match value {
        Some(serde_json::Value::Array(items)) => items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect(),
        Some(serde_json::Value::String(text)) if !text.is_empty() => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// The reasons of that severity, in order, each once.
fn reasons(judged: &Judgement, severity: Severity) -> Vec<Reason> {
    let mut reasons: Vec<Reason> =
        judged.complaints.iter().filter(|c| c.severity == severity).map(|c| c.reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

fn words(reasons: &[Reason]) -> String {
    reasons.iter().map(|r| r.word()).collect::<Vec<_>>().join(", ")
}
