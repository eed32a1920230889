//! The same evaluation, step by step, for `mapping preview`.

use jiff::civil::Date;
use serde::Serialize;

use super::Mapping;
use super::steps::Watch;
use crate::model::{Action, Complaint, RawRow};

/// One step of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TraceStep {
    /// The transform, the list, or `text`, `computed`, `default`.
    pub name: String,
    /// The value after it.
    pub value: String,
}

/// How one field came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldTrace {
    /// The national field.
    pub field: String,
    /// For rules only, never in the record.
    pub internal: bool,
    /// The columns that it reads, with what the source has; `None` for `NULL`.
    pub sources: Vec<(String, Option<String>)>,
    /// Each step with its value; of a list, the steps of each part.
    pub steps: Vec<TraceStep>,
    /// The final value; parts of a list joined by `;`. Empty when unknown or refused.
    pub value: String,
    /// What was said of this field.
    pub complaints: Vec<Complaint>,
}

#[derive(Default)]
struct Recorder(Vec<Vec<TraceStep>>);

impl Watch for Recorder {
    fn begin(&mut self) {
        self.0.push(Vec::new());
    }

    fn step(&mut self, name: &str, value: &str) {
        if let Some(field) = self.0.last_mut() {
            field.push(TraceStep { name: name.to_owned(), value: value.to_owned() });
        }
    }
}

impl Mapping {
    /// How every field of a row came about, in the contract's order. Complaints about the key stand on a first entry of their own.
    pub fn explain(&self, row: &RawRow<'_>, today: Date) -> Vec<FieldTrace> {
        let mut recorder = Recorder::default();
        let judged = self.judge_watched(row, today, &mut recorder);
        let set = match (&self.stop, judged.action) {
            (Some(stop), Action::Stop) => &stop.set,
            _ => &self.write,
        };
        let slots = set.run(row, today, &mut crate::rules::Findings::default(), &mut ());
        let source = |c: usize| (self.columns[c].name.clone(), row.get(c).map(str::to_owned));
        let of =
            |name: &str| -> Vec<Complaint> { judged.complaints.iter().filter(|c| c.field == name).cloned().collect() };
        let mut traces = Vec::new();
        let of_key = of(self.key());
        if !of_key.is_empty() {
            traces.push(FieldTrace {
                field: self.key().to_owned(),
                internal: true,
                sources: vec![source(self.key)],
                steps: Vec::new(),
                value: String::new(),
                complaints: of_key,
            });
        }
        for ((field, slot), steps) in set.fields.iter().zip(slots).zip(recorder.0) {
            let mut columns = field.chain.columns();
            columns.extend(field.or.iter().flat_map(super::steps::Chain::columns));
            columns.extend(field.only_with);
            columns.dedup();
            traces.push(FieldTrace {
                field: field.name.clone(),
                internal: field.internal,
                sources: columns.into_iter().map(source).collect(),
                steps,
                value: slot.items.map_or_else(|| slot.text.clone().into_owned(), |items| items.join(";")),
                complaints: of(&field.name),
            });
        }
        traces
    }
}
