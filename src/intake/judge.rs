//! What the mapping down makes of an application: the province's record, or what a person must say first. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::mapping::Mapping;
use crate::model::{Application, Complaint, Decisions, Judgement, RawRow, Reason, Said, Severity};
use crate::store::inbox::{self, Shown};
use crate::store::routed::{Laid, Values};

/// Judges applications as of a day.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// The portal's words to the province's.
    pub mapping: &'a Mapping,
    /// The day.
    pub today: Date,
}

/// What was made of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may be handed over; otherwise a person must say where it belongs.
    pub ready: bool,
    /// All complaints, as JSON; where it is to be routed, at least one of them blocks.
    pub complaints: String,
    /// The province's record, canonical JSON; empty where it is to be routed.
    pub record: String,
    /// For lists and clocks; as far as it is known where it is to be routed.
    pub shown: Shown,
    /// What is known of the person, for matching.
    pub said: Option<Box<Said>>,
}

/// What the portal says of these columns in these bodies, canonical JSON; `None` where one of them is no body.
pub fn said<'a>(
    bodies: &[String],
    columns: impl IntoIterator<Item = &'a str>,
) -> Option<BTreeMap<&'a str, BTreeSet<String>>> {
    let applications: Vec<Application> = bodies.iter().map(|body| Application::read(body)).collect::<Option<_>>()?;
    let of = |column| applications.iter().map(|one| one.column(column).unwrap_or_default()).collect();
    Some(columns.into_iter().map(|column| (column, of(column))).collect())
}

impl Judge<'_> {
    /// By what is judged here: the mapping with its lists, and the day, on which a code may begin or end.
    pub fn by(&self) -> [u8; 8] {
        let mut all = self.mapping.digest().to_vec();
        all.extend_from_slice(self.today.to_string().as_bytes());
        xxhash_rust::xxh3::xxh3_64(&all).to_be_bytes()
    }

    /// Judges an application, with what people decided laid over what the portal said, while it still says that. Column
    /// names find the portal's names in any letter case.
    pub fn judge(&self, application: &Application, decided: &Values) -> Verdict {
        let value = |name: &str| {
            let (said, lower) = (application.column(name), name.to_lowercase());
            let now = said.as_deref().unwrap_or_default();
            let counts = |laid: &&Laid| laid.over.as_ref().is_none_or(|over| over.iter().any(|before| before == now));
            let laid = decided.iter().rev().filter(|laid| laid.column.to_lowercase() == lower).find(counts);
            laid.map_or(said.clone(), |laid| Some(laid.value.clone()))
        };
        let texts: Vec<Option<String>> = self.mapping.columns().iter().map(|column| value(&column.name)).collect();
        let row = RawRow { number: 1, columns: texts.iter().map(Option::as_deref).collect() };
        let judged = self.mapping.judge(&row, self.today);
        let complaints = self.damaged(&texts).chain(judged.complaints.iter().cloned());
        let complaints: Vec<Complaint> = complaints.collect();
        let ready = complaints.iter().all(|complaint| complaint.severity != Severity::Block);
        let about = self.mapping.about(&row, self.today, &Decisions::default());
        let shown = Shown {
            procedure: about.procedure,
            office: about.office,
            unit: about.unit,
            filed_at: about.filed_at,
            received_at: about.received_at,
        };
        let complaints = serde_json::json!(complaints).to_string();
        let Judgement { canonical, said, .. } = judged;
        let record = if ready { canonical } else { String::new() };
        Verdict { ready, complaints, record, shown, said }
    }
}

impl Judge<'_> {
    /// What the portal's bytes did not say: a person reads the paper, and lays the value over it.
    fn damaged<'t>(&'t self, texts: &'t [Option<String>]) -> impl Iterator<Item = Complaint> + 't {
        let columns = self.mapping.columns().iter().zip(texts);
        columns.filter_map(|(column, text)| {
            let text = text.as_ref().filter(|text| text.contains(char::REPLACEMENT_CHARACTER))?;
            Some(Complaint {
                reason: Reason::BadValue,
                severity: Severity::Block,
                field: column.name.clone(),
                value: text.clone(),
                proposal: None,
                detail: "cổng gửi byte không phải chữ / the portal sent bytes that are no letters".to_owned(),
            })
        })
    }
}

impl Verdict {
    /// As the store keeps it.
    pub fn kept<'a>(&'a self, by: &'a [u8]) -> inbox::Judged<'a> {
        inbox::Judged { ready: self.ready, complaints: &self.complaints, record: &self.record, judged_by: by }
    }
}
