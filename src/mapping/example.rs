//! The examples that a mapping carries: a source row and what must become of it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use serde_json::Value;

use super::Mapping;
use crate::model::{Action, Fault, Judgement, RawRow, Reason, Severity};

/// A compiled example.
#[derive(Debug)]
pub(crate) struct Example {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) today: Date,
    /// The target's catalogue of units for which it was written; `None` for any.
    pub(super) to: Option<String>,
    /// By column; columns that the example does not name are `NULL`.
    pub(super) row: Vec<Option<String>>,
    /// The fields that are not empty, with their values and lines; `None` when the record is not looked at.
    pub(super) record: Option<BTreeMap<String, (Value, usize)>>,
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
    /// Runs the examples of the mapping; those that were written for another catalogue of units wait until it is the target.
    pub fn run_examples(&self) -> Vec<ExampleOutcome> {
        let target = self.units().map(super::Units::target_code);
        let meant = |e: &&Example| e.to.is_none() || e.to.as_deref() == target;
        self.examples.iter().filter(meant).map(|e| self.run_example(e)).collect()
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
        record: &BTreeMap<String, (Value, usize)>,
        judged: &Judgement,
        line: usize,
        differences: &mut Vec<(usize, String)>,
    ) {
        let got: BTreeMap<String, Value> = serde_json::from_str(&judged.canonical).unwrap_or_default();
        let set = match (&self.stop, judged.action) {
            (Some(stop), Action::Stop) => &stop.set,
            _ => &self.write,
        };
        for name in set.layout.names() {
            let got = known(got.get(name));
            let (wanted, line) = record.get(name).map_or((None, line), |(w, l)| (known(Some(w)), *l));
            if got != wanted {
                let (wanted, got) = (shown(wanted.as_ref()), shown(got.as_ref()));
                differences.push((line, format!("{name}: cần / wanted `{wanted}`, ra / got `{got}`")));
            }
        }
    }
}

/// A value without the keys in it that say nothing; `None` when nothing is left. Rows stay, even empty ones: they count.
fn known(value: Option<&Value>) -> Option<Value> {
    match value? {
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => {
            Some(Value::Array(items.iter().map(|i| known(Some(i)).unwrap_or(Value::Null)).collect()))
        }
        Value::Object(pairs) => {
            let pair = |(name, value): (&String, &Value)| known(Some(value)).map(|value| (name.clone(), value));
            let pairs: serde_json::Map<_, _> = pairs.iter().filter_map(pair).collect();
            (!pairs.is_empty()).then_some(Value::Object(pairs))
        }
        other => Some(other.clone()),
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";")
        }
        Some(other) => other.to_string(),
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
