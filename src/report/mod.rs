//! What reports are made of: which national fields say what, and the figures that come of records. Pure; the verbs in
//! `cli/report` read the store and write the files.
//!
//! * [`settings`] reads `mappings/<system>/report.toml`.
//! * [`half_year`] makes of a record's history spells of drawing, and figures by group that add up.
//! * `once` counts a person with several records once.
//! * [`person`] says how a person is shown.

pub mod half_year;
mod once;
pub mod person;
pub mod settings;

pub use half_year::{Figures, Line, Period, Version};
pub use settings::{HalfYear, Mark, Payments, PersonFields, Settings, Stop};
