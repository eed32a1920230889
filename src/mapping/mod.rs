//! A row in the province's words becomes a record in the nation's.
//!
//! The way through: `reader` walks a TOML file and knows every line; `document` is the file as it is written;
//! `compile` checks it against columns, lists, transforms and rules and makes a [`Mapping`], or tells all its faults;
//! `judge` runs it over a row. `field` evaluates one field, `transform` holds the named transforms, `expression` the
//! computed ones. `explain` shows the same evaluation step by step, `fields` tells
//! what each field is made of, `example` runs the examples that a mapping carries.
//!
//! A mapping is compiled to indices once; judging a row looks nothing up by name but codes.

mod compile;
mod compile_stop;
mod document;
mod example;
mod example_compile;
mod explain;
mod expression;
mod field;
mod field_set;
mod fields;
mod judge;
mod reader;
mod steps;
mod transform;
mod transform_date;

use std::path::Path;
use std::sync::Arc;

pub use example::ExampleOutcome;
pub use explain::{FieldTrace, TraceStep};
pub use fields::FieldTold;
pub use transform::TRANSFORMS;

use crate::codes::{CodeList, CodeLists};
use crate::model::{Column, Fault, Faults, Layout};

/// Counted up whenever judging the same row with the same files could give another result.
pub(crate) const ENGINE_VERSION: u32 = 2;

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
    pub(crate) examples: Vec<example::Example>,
    /// The code lists that it uses, by name.
    pub(crate) lists: Vec<Arc<CodeList>>,
    pub(crate) digest: [u8; 8],
}

impl Mapping {
    /// Reads `<mappings>/<system>/<entity>.toml` and the lists in `<mappings>/codes` that it names.
    /// Everything is checked but the examples ([`Mapping::check`] runs those too); all faults are told.
    pub fn load(mappings: &Path, system: &str, entity: &str) -> Result<Self, Faults> {
        let file = mappings.join(system).join(format!("{entity}.toml"));
        let text = crate::codes::lists::read_bounded(&file, MAX_BYTES)?;
        Self::parse(&file, &text, &mappings.join("codes"))
    }

    /// The same from a text and a folder of lists; `file` is for messages only.
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

    /// The record's fields in the contract's order.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.write.layout
    }

    /// The code lists that judge its rows, by name.
    pub fn lists(&self) -> &[Arc<CodeList>] {
        &self.lists
    }

    /// A digest of all that judges: mapping, the lists it uses, and the version of this engine.
    pub fn digest(&self) -> [u8; 8] {
        self.digest
    }
}
