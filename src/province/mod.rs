//! Invents a province from a recipe and a seed: for the demo, the tests and the benchmarks. The same recipe and
//! seed give the same bytes for ever; a person depends on seed and number only, and nothing is kept in memory.
//!
//! The way through: [`Recipe`] (with `shares` and `units`) says what the province is like; `plan` decides row by
//! row who lives where and which row is damaged, with exact counts; [`people`] invents each person with `identity`
//! and `damage`; `programmes` invents the rows of the other programmes in the same way, `dossiers` those of the
//! dossiers and their steps. A [`Table`] has a name,
//! columns and rows; [`write_sqlite`], [`write_postgres`] and [`write_mariadb`] write all of them, [`write_csv`] one;
//! [`change_sqlite`] lets time pass; [`entangle_sqlite`] makes one mismatch of each kind; [`filed`] is what citizens file at a portal, and `office` works on what is handed over. [`expected_held`] and [`Row::expected_held`] tell what a correct gateway must
//! hold, and are written without looking at the mapping. The columns are a province's own, never the nation's fields.

mod change;
mod damage;
mod dossiers;
mod entangle;
mod error;
mod file;
mod identity;
mod office;
mod people;
mod person;
mod plan;
mod programmes;
mod random;
mod recipe;
mod servers;
mod shares;
mod sqlite;
mod table;
mod units;

pub use change::{Changes, change_sqlite};
pub use dossiers::{Filed, count_filed, filed};
pub use entangle::{Entangled, entangle_sqlite, move_sqlite};
pub use error::ProvinceError;
pub use file::write_csv;
pub use office::{MARKERS, NUMBERS, RECEIVED, Worked, office_statuses, office_works, open_office};
pub use people::people;
pub use person::{COLUMNS, Field, Person, expected_held};
pub use programmes::{Harm, TableChanges};
pub use recipe::Recipe;
pub use servers::{write_mariadb, write_postgres};
pub use shares::Damage;
pub use sqlite::write_sqlite;
pub use table::{Row, Table};
