//! Code lists, units, rates: what a ministry changes by letter, with validity dates.
//!
//! A list is a CSV file in `mappings/codes/`: `code,name,other_names,valid_from,valid_to,successor,checked` and any further
//! columns that rules ask for by name (a coefficient, an amount, an age). `read` turns the file into a [`CodeList`] or into
//! all its faults; [`CodeList::find`] answers for a code or a name at a date; [`CodeLists`] is the folder, each list read once.
//! Names are compared after [`fold`](fold::fold): composed, without case, blanks collapsed, wherever the tone mark stands.

pub mod fold;
mod hash;
pub mod list;
pub mod lists;
mod read;

pub use fold::fold;
pub use hash::FnvMap;
pub use list::{At, By, CodeList, Entry, Found};
pub use lists::CodeLists;
