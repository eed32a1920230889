//! `mappings/<system>/report.toml`: which national fields say what, by name. A system without the file has no reports of
//! its own, and its people are shown by key only.

use std::path::Path;

use crate::model::document::{Document, Section};
use crate::model::{Faults, suggest};

/// The file.
const FILE: &str = "report.toml";
/// A larger one is none.
const MOST_BYTES: u64 = 64 * 1024;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// How people are shown.
    pub person: PersonFields,
    /// The half-yearly figures.
    pub half_year: Option<HalfYear>,
    /// The payment list of a period.
    pub payments: Option<Payments>,
}

/// `[person]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonFields {
    /// The name.
    pub name: String,
    /// The birth: the first that is filled.
    pub birth: Vec<String>,
    /// The parts of the address.
    pub address: Vec<String>,
    /// The code list with the names of communes; empty for none.
    pub units: String,
}

/// `[half-year]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HalfYear {
    /// The entity whose records are counted.
    pub entity: String,
    /// The title, for people.
    pub title: String,
    /// The law that asks for it.
    pub law: String,
    /// The group.
    pub group: String,
    /// The code list of groups.
    pub groups: String,
    /// The amount a month.
    pub amount: String,
    /// The first month.
    pub from: String,
    /// The last month.
    pub until: String,
    /// By this the person draws elsewhere.
    pub moved: Mark,
    /// By this nothing is drawn for the time being.
    pub suspended: Mark,
    /// What a stop says.
    pub stop: Stop,
}

/// `{ field = …, is = […] }`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// The field.
    pub field: String,
    /// The words.
    pub is: Vec<String>,
}

/// What a stop says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stop {
    /// Its day: the first that is filled.
    pub day: Vec<String>,
    /// Its reason.
    pub reason: String,
    /// The code list of reasons.
    pub reasons: String,
}

/// `[payment-list]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payments {
    /// The entity whose records are payments.
    pub entity: String,
    /// The field with the period.
    pub period: String,
    /// The day of the month before which the list must be there.
    pub day: u64,
}

impl Settings {
    /// Reads the file of a system's profile; all mistakes are told. `fields` gives the fields of an entity: those of a write
    /// and those of a stop; `None` where it is not known.
    pub fn load(mappings: &Path, profile: &str, fields: &dyn Fn(&str) -> Option<Vec<String>>) -> Result<Self, Faults> {
        let file = mappings.join(profile).join(FILE);
        if !file.exists() {
            return Ok(Self::default());
        }
        let text = crate::codes::lists::read_bounded(&file, MOST_BYTES)?;
        Self::parse(&file, &text, fields)
    }

    /// The same from a text.
    pub fn parse(file: &Path, text: &str, fields: &dyn Fn(&str) -> Option<Vec<String>>) -> Result<Self, Faults> {
        let doc = Document::new(file, text);
        let table = doc.parse();
        let root = Section::root(&doc, &table);
        let settings = Self {
            person: root.table_if("person").map(|section| person(&section)).unwrap_or_default(),
            half_year: root.table_if("half-year").map(|section| half_year(&section, fields)),
            payments: root.table_if("payment-list").map(|section| payments(&section, fields)),
        };
        root.close();
        doc.finish()?;
        Ok(settings)
    }
}

fn person(section: &Section<'_, '_>) -> PersonFields {
    let found = PersonFields {
        name: section.text("name"),
        birth: section.texts_or("birth"),
        address: section.texts_or("address"),
        units: section.text_or("units", ""),
    };
    section.close();
    found
}

fn half_year(section: &Section<'_, '_>, fields: &dyn Fn(&str) -> Option<Vec<String>>) -> HalfYear {
    let mark = |key: &str| {
        let section = section.table_if(key)?;
        let mark = Mark { field: section.text("field"), is: section.texts("is") };
        section.close();
        Some(mark)
    };
    let stop = section.table("stop");
    let found = HalfYear {
        entity: section.text("entity"),
        title: section.text("title"),
        law: section.text_or("law", ""),
        group: section.text("group"),
        groups: section.text("groups"),
        amount: section.text("amount"),
        from: section.text("from"),
        until: section.text_or("until", ""),
        moved: mark("moved").unwrap_or_default(),
        suspended: mark("suspended").unwrap_or_default(),
        stop: Stop { day: stop.texts("day"), reason: stop.text("reason"), reasons: stop.text("reasons") },
    };
    stop.close();
    section.close();
    let all = [&found.group, &found.amount, &found.from, &found.until, &found.moved.field, &found.suspended.field];
    let all = all.into_iter().chain(&found.stop.day).chain([&found.stop.reason]);
    known(section, fields(&found.entity), all);
    found
}

fn payments(section: &Section<'_, '_>, fields: &dyn Fn(&str) -> Option<Vec<String>>) -> Payments {
    let found =
        Payments { entity: section.text("entity"), period: section.text("period"), day: section.number("day", 1..=31) };
    section.close();
    known(section, fields(&found.entity), [&found.period]);
    found
}

/// Complains of fields that the entity has not.
fn known<'f>(section: &Section<'_, '_>, has: Option<Vec<String>>, asked: impl IntoIterator<Item = &'f String>) {
    let Some(has) = has else { return };
    for field in asked.into_iter().filter(|field| !field.is_empty() && !has.contains(field)) {
        let hint = suggest::hint(field, has.iter().map(String::as_str));
        let message = format!("[{}] không có trường `{field}`{hint} / no such field", section.name());
        section.doc().fault(section.at(), message);
    }
}
