//! What lists and clocks show of an application: `[about]` of a mapping down. It is known of a row that is held as well,
//! as far as it could be read, for somebody must see what waits.

use jiff::civil::Date;

use super::Mapping;
use super::compile::{Compiler, wanted};
use super::reader::{Section, Spot};
use super::transform_time;
use crate::model::{Decisions, RawRow};
use crate::rules::Findings;

/// An application in the province's words; what is not known is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// The procedure.
    pub procedure: String,
    /// The office that decides.
    pub office: String,
    /// The commune.
    pub unit: String,
    /// When it was filed, `yyyyMMddHHmmss`, Vietnam time.
    pub filed_at: String,
    /// When it was received, the same way.
    pub received_at: String,
}

/// `[about]` as it is written.
#[derive(Debug)]
pub(super) struct AboutDoc {
    procedure: Option<Spot<String>>,
    office: Option<Spot<String>>,
    filed: Option<Spot<String>>,
    received: Option<Spot<String>>,
}

pub(super) fn read(mut section: Section<'_, '_>) -> AboutDoc {
    let doc = AboutDoc {
        procedure: section.text("procedure"),
        office: section.text("office"),
        filed: section.text("filed"),
        received: section.text("received"),
    };
    section.finish();
    doc
}

/// The compiled section: fields by their places.
#[derive(Debug)]
pub(crate) struct AboutUse {
    procedure: Option<usize>,
    office: Option<usize>,
    filed: Option<usize>,
    received: Option<usize>,
}

impl Compiler<'_, '_> {
    pub(super) fn about(&mut self, doc: &AboutDoc, names: &[String]) -> Option<AboutUse> {
        let field = |name: &Option<Spot<String>>| name.as_ref().map(|name| self.field(name, names));
        let (procedure, office) = (field(&doc.procedure), field(&doc.office));
        let (filed, received) = (field(&doc.filed), field(&doc.received));
        Some(AboutUse {
            procedure: wanted(procedure)?,
            office: wanted(office)?,
            filed: wanted(filed)?,
            received: wanted(received)?,
        })
    }
}

impl Mapping {
    /// What lists show of a row, held or not; empty where the mapping has no `[about]`.
    pub fn about(&self, row: &RawRow<'_>, today: Date, decided: &Decisions) -> About {
        let Some(places) = &self.about else { return About::default() };
        let slots = self.write.run((row, today, decided), &mut Findings::default(), &mut ());
        let text = |at: Option<usize>| at.and_then(|at| slots.get(at)).map_or("", |slot| &*slot.text);
        let stamp = |at| transform_time::read(text(at)).map(transform_time::stamp).unwrap_or_default();
        About {
            procedure: text(places.procedure).to_owned(),
            office: text(places.office).to_owned(),
            unit: text(self.unit).to_owned(),
            filed_at: stamp(places.filed),
            received_at: stamp(places.received),
        }
    }
}
