//! A row in the province's words becomes a record in the nation's.
//!
//! The way through: `reader` walks a TOML file and knows every line; `document` is the file as it is written;
//! `compile` checks it against columns, lists, transforms and rules and makes a [`Mapping`], or tells all its faults;
//! `judge` runs it over a row, `lane` says which dossier the record is of. `field` evaluates one field, `transform` holds the named transforms, `expression` the
//! computed ones; `nested` makes objects, lists of objects and XML. A mapping may lean on a `base`. `units` knows of which
//! catalogue a code is and what it becomes in another. `explain` shows the same evaluation step by step, `fields` tells
//! what each field is made of, `example` runs the examples that a mapping carries.
//!
//! `likeness` is by what its person is found without a number. `about` is what lists of applications show of a record that came down. `fact` is what a record says to the rules between programmes, `cross` reads those rules. `frozen` is what never changes once it is confirmed.
//!
//! A mapping is compiled to indices once; judging a row looks nothing up by name but codes.

mod about;
mod base;
mod catalogue;
mod compile;
mod compile_field;
mod compile_nested;
mod compile_stop;
mod cross;
mod document;
mod document_example;
mod example;
mod example_compile;
mod explain;
mod expression;
mod fact;
mod field;
mod field_set;
mod fields;
mod frozen;
mod judge;
mod lane;
mod likeness;
mod nested;
mod reader;
mod steps;
mod transform;
mod transform_date;
mod transform_time;
mod units;
mod units_compile;

use std::path::Path;
use std::sync::Arc;

pub use about::About;
pub use example::ExampleOutcome;
pub use explain::{FieldTrace, TraceStep};
pub use fields::FieldTold;
pub use lane::LaneUse;
pub use transform::TRANSFORMS;
pub use units::Units;

use crate::codes::{CodeList, CodeLists};
use crate::model::{Column, Fault, Faults, Layout};

/// Counted up whenever judging the same row with the same files could give another result.
pub(crate) const ENGINE_VERSION: u32 = 4;

/// A document larger than this is no mapping.
const MAX_BYTES: u64 = 1024 * 1024;

/// A compiled mapping: checked, and unable to be wrong later.
#[derive(Debug)]
pub struct Mapping {
    pub(crate) entity: String,
    pub(crate) file: std::path::PathBuf,
    pub(crate) columns: Vec<Column>,
    pub(crate) key: usize,
    /// The field whose value is the commune, in the write set.
    pub(crate) unit: Option<usize>,
    pub(crate) write: field_set::FieldSet,
    pub(crate) stop: Option<judge::Stop>,
    pub(crate) lane: Option<LaneUse>,
    /// What a record says to the rules between programmes.
    pub(crate) facts: Option<fact::FactUse>,
    /// What a record never changes once the nation has confirmed it.
    pub(crate) frozen: Vec<frozen::Frozen>,
    /// What lists of applications show of it.
    pub(crate) about: Option<about::AboutUse>,
    pub(crate) cross: Arc<crate::rules::CrossRules>,
    pub(crate) examples: Vec<example::Example>,
    /// The code lists that it uses, by name.
    pub(crate) lists: Vec<Arc<CodeList>>,
    pub(crate) digest: [u8; 8],
    pub(crate) parts: Vec<(String, [u8; 8])>,
}

impl Mapping {
    /// Reads `<mappings>/<system>/<entity>.toml` and the lists in `<mappings>/codes` that it names.
    /// Everything is checked but the examples ([`Mapping::check`] runs those too); all faults are told.
    pub fn load(mappings: &Path, system: &str, entity: &str) -> Result<Self, Faults> {
        let file = mappings.join(system).join(format!("{entity}.toml"));
        Self::load_file(&file, &mappings.join("codes"))
    }

    /// The same from a file of any place and a folder of lists.
    pub fn load_file(file: &Path, codes: &Path) -> Result<Self, Faults> {
        let text = crate::codes::lists::read_bounded(file, MAX_BYTES)?;
        Self::parse(file, &text, codes)
    }

    /// The same from a text and a folder of lists; `file` is for messages, and a base is looked for beside it.
    pub fn parse(file: &Path, text: &str, codes: &Path) -> Result<Self, Faults> {
        if text.len() as u64 > MAX_BYTES {
            let message = format!("lớn hơn {MAX_BYTES} byte / larger than {MAX_BYTES} bytes");
            return Err(Fault::of(file, message).into());
        }
        compile::compile(file, text, &mut CodeLists::new(codes))
    }

    /// All that is wrong with a mapping, failing examples included; empty when nothing is.
    pub fn check(mappings: &Path, system: &str, entity: &str) -> Faults {
        match Self::load(mappings, system, entity) {
            Ok(mapping) => Faults(mapping.run_examples().iter().flat_map(|o| o.faults(&mapping.file)).collect()),
            Err(faults) => faults,
        }
    }

    /// The entity's name, as in `[mapping]`.
    pub fn entity(&self) -> &str {
        &self.entity
    }

    /// The source columns that are needed, with their kinds, in the order in which a row has them.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The key column's name.
    pub fn key(&self) -> &str {
        &self.columns[self.key].name
    }

    /// How its records are put in order within a dossier, where they are.
    pub fn lane(&self) -> Option<&LaneUse> {
        self.lane.as_ref()
    }

    /// The record's fields in the contract's order.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.write.layout
    }

    /// The names of all national fields: those of a write, then those of a stop.
    pub fn national_names(&self) -> Vec<String> {
        let stop = self.stop.as_ref().map(|stop| stop.set.layout.names()).unwrap_or_default();
        self.write.layout.names().iter().chain(stop).cloned().collect()
    }

    /// Whether some rows are stops.
    pub fn can_stop(&self) -> bool {
        self.stop.is_some()
    }

    /// What its units mean and become; `None` where the mapping does not say.
    pub fn units(&self) -> Option<&Units> {
        self.write.units.as_ref()
    }

    /// The code lists that judge its rows, by name.
    pub fn lists(&self) -> &[Arc<CodeList>] {
        &self.lists
    }

    /// What the digest is made of, each by itself: the mapping's file, every list that it uses, this engine.
    pub fn parts(&self) -> &[(String, [u8; 8])] {
        &self.parts
    }

    /// The rules between programmes; empty ones where the mapping has no `[facts]`.
    pub fn cross(&self) -> &crate::rules::CrossRules {
        &self.cross
    }

    /// Its programme, as the rules between programmes call it; `None` where the mapping has no `[facts]`.
    pub fn programme(&self) -> Option<&str> {
        self.facts.as_ref().map(fact::FactUse::programme)
    }

    /// A digest of all that judges: mapping, the lists it uses, and the version of this engine.
    pub fn digest(&self) -> [u8; 8] {
        self.digest
    }
}
