//! When a row is a stop, and what a stop needs.

use super::compile::{Compiler, wanted};
use super::document::{StopDoc, WhenDoc};
use super::judge::{Stop, When};
use crate::codes::fold;

impl Compiler<'_, '_> {
    /// Resolves the stop; `None` when a fault was written.
    pub(super) fn stop(&mut self, doc: StopDoc) -> Option<Stop> {
        let when = self.when(doc.when);
        let set = self.set(doc.set);
        let mut need = Vec::new();
        for group in doc.need {
            let fields: Vec<usize> = group.iter().filter_map(|f| self.field(f, &set.names)).collect();
            if fields.len() == group.len() {
                need.push(fields);
            }
        }
        Some(Stop { when: when?, need, set })
    }

    fn when(&mut self, doc: WhenDoc) -> Option<When> {
        let (column, list, words) = match doc {
            WhenDoc::Filled(columns) => {
                let found: Vec<_> = columns.iter().map(|c| self.column(c)).collect();
                return found.into_iter().collect::<Option<_>>().map(When::Filled);
            }
            WhenDoc::Word { column, list, is } => (self.column(&column), list.map(|l| self.list(&l)), is),
        };
        let mut is = Vec::new();
        for word in words {
            match &list {
                Some(Some(list)) if list.rows(&word.value).next().is_none() => {
                    let hint = list
                        .nearest_code(&word.value)
                        .map_or(String::new(), |c| format!("; có phải / did you mean `{c}`?"));
                    let message = format!(
                        "[stop.when] danh mục `{}` không có mã `{}`{hint} / unknown code",
                        list.name(),
                        word.value
                    );
                    self.reader.fault(word.line, message);
                }
                Some(_) => is.push(word.value),
                None => is.push(fold(&word.value)),
            }
        }
        Some(When::Word { column: column?, list: wanted(list)?, is })
    }
}
