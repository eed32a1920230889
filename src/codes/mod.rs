//! Code lists, units, rates: what a ministry changes by letter, with validity dates.
//!
//! A list is a CSV file in `mappings/codes/`: `code,name,other_names,valid_from,valid_to,successor,checked` and any further
//! columns that rules ask for by name (a coefficient, an amount, an age). `read` turns the file into a [`CodeList`] or into
//! all its faults; [`CodeList::find`] answers for a code or a name at a date; [`CodeLists`] is the folder, each list read once.
//! [`import()`] lays a new catalogue over a list and keeps its history; [`replace()`] puts the new file in the old one's place.
//! [`working_days()`] reads the list of public holidays.
//! Names are compared after [`fold`](fold::fold): composed, without case, blanks collapsed, wherever the tone mark stands.

mod catalogue;
pub mod fold;
mod hash;
mod holidays;
mod import;
pub mod list;
pub mod lists;
mod read;
mod replace;

pub use fold::fold;
pub use hash::FnvMap;
pub use holidays::working_days;
pub use import::{Altered, Change, Given, Named, import};
pub use list::{At, By, CodeList, Entry, Found};
pub use lists::CodeLists;
pub use replace::replace;
