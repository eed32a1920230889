//! The same evaluation, step by step, for `mapping preview`.

use jiff::civil::Date;
use serde::Serialize;

use super::Mapping;
use super::field::Field;
use super::nested::Shape;
use super::steps::Watch;
use crate::model::{Action, Complaint, Decisions, FieldValue, RawRow};
use crate::rules::Slot;

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
    /// The final value; parts of a list joined by `;`, objects as JSON. Empty when unknown or refused.
    pub value: String,
    /// The same over several lines, for people, where the value is an object, a list of objects or XML.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
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

    fn step_of(&mut self, field: usize, name: &str, value: &str) {
        if let Some(field) = self.0.get_mut(field) {
            field.push(TraceStep { name: name.to_owned(), value: value.to_owned() });
        }
    }
}

/// A nested value or an XML document over several lines; nothing for a plain value and for one that was refused.
fn lines(field: &Field, slot: &Slot<'_>, slots: &[Slot<'_>]) -> Vec<String> {
    if slot.failed {
        return Vec::new();
    }
    let mut out = Vec::new();
    match (&field.shape, &slot.nested) {
        (Shape::Parts(parts), None) => {
            let root = parts.xml.as_deref().unwrap_or_default();
            let text = parts.document(root, slots, true).unwrap_or_default();
            out.extend(text.lines().map(str::to_owned));
        }
        (_, Some(nested)) => spread(&mut out, 0, "", nested),
        _ => {}
    }
    out
}

fn spread(out: &mut Vec<String>, depth: usize, name: &str, value: &FieldValue) {
    let indent = "  ".repeat(depth);
    let deeper = depth + usize::from(!name.is_empty());
    let is_row = matches!(value, FieldValue::Object(_) | FieldValue::Rows(_));
    if is_row && !name.is_empty() {
        out.push(format!("{indent}{name}"));
    }
    match value {
        FieldValue::Text(text) => out.push(format!("{indent}{name} = {text}")),
        FieldValue::List(items) => out.push(format!("{indent}{name} = {}", items.join(";"))),
        FieldValue::Object(pairs) => pairs.iter().for_each(|(name, value)| spread(out, deeper, name, value)),
        FieldValue::Rows(rows) => {
            (1..).zip(rows).for_each(|(at, row): (usize, _)| spread(out, deeper, &format!("[{at}]"), row));
        }
    }
}

impl Mapping {
    /// How every field of a row came about, in the contract's order. Complaints about the key stand on a first entry of their own.
    pub fn explain(&self, row: &RawRow<'_>, today: Date) -> Vec<FieldTrace> {
        self.explain_decided(row, today, &Decisions::default())
    }

    /// The same, with what people decided about addresses in units that were split.
    pub fn explain_decided(&self, row: &RawRow<'_>, today: Date, decided: &Decisions) -> Vec<FieldTrace> {
        let mut recorder = Recorder::default();
        let judged = self.judge_watched(row, today, decided, &mut recorder);
        let set = match (&self.stop, judged.action) {
            (Some(stop), Action::Stop) => &stop.set,
            _ => &self.write,
        };
        let slots = set.run((row, today, decided), &mut crate::rules::Findings::default(), &mut ());
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
                lines: Vec::new(),
                complaints: of_key,
            });
        }
        for ((field, slot), steps) in set.fields.iter().zip(&slots).zip(recorder.0) {
            let mut columns = field.chain.columns();
            columns.extend(field.or.iter().flat_map(super::steps::Chain::columns));
            columns.extend(field.only_with);
            columns.dedup();
            traces.push(FieldTrace {
                field: field.name.clone(),
                internal: field.internal,
                sources: columns.into_iter().map(source).collect(),
                steps,
                value: match (&slot.nested, &slot.items) {
                    (Some(nested), _) => nested.canonical(),
                    (None, Some(items)) => items.join(";"),
                    (None, None) => slot.text.clone().into_owned(),
                },
                lines: lines(field, slot, &slots),
                complaints: of(&field.name),
            });
        }
        traces
    }
}
