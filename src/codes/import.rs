//! A new catalogue from outside, laid over a list: what is new is added, what changed gets a new row, and what ended keeps
//! its row with its last day. No row is ever taken away, so a code that stood in an old record can still be read.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;

use super::catalogue::{Row, overlap, read};
use super::list::CodeList;
use crate::model::{Fault, Faults};

const MAX_FAULTS: usize = 200;

/// A new catalogue as it was given.
#[derive(Debug, Clone, Copy)]
pub struct Given<'g> {
    /// The file, for messages.
    pub file: &'g Path,
    /// Its text.
    pub text: &'g str,
    /// Our columns by the names that the file has for them.
    pub columns: &'g [(String, String)],
    /// The first day of the new catalogue, where a row does not say.
    pub from: Date,
    /// Only a part: what the file does not have is left alone.
    pub part: bool,
}

/// A code whose name or parent becomes another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Altered {
    /// The code.
    pub code: String,
    /// What stands now.
    pub old: String,
    /// What comes.
    pub new: String,
}

/// What the new catalogue changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Codes that the list did not have, or not any more.
    pub added: Vec<Named>,
    /// Codes that end, with their last day.
    pub ended: Vec<Named>,
    /// Other names.
    pub renamed: Vec<Altered>,
    /// Other parents.
    pub moved: Vec<Altered>,
    /// Only other dates, or other values in further columns.
    pub amended: Vec<Altered>,
    /// Rows that stay as they are.
    pub same: usize,
    /// The list's file as it would be; empty where nothing changes.
    #[serde(skip)]
    pub text: String,
}

/// A code with its name and the day on which it begins or ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// First day, or last.
    pub day: Option<Date>,
}

impl Change {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// A row of the list on its way to the new file.
struct Kept {
    cells: Vec<String>,
    from: Option<Date>,
    to: Option<Date>,
    /// The line of the file that speaks of it.
    line: Option<usize>,
    met: bool,
}

/// Lays a catalogue over a list; `None` for a list that is not there yet.
pub fn import(list: Option<&CodeList>, name: &str, file: &Path, given: &Given<'_>) -> Result<Change, Faults> {
    let headers = headers(list);
    if headers.iter().any(|h| h == "condition") {
        let message =
            format!("danh mục `{name}` có cột `condition`: sửa bằng tay / its rows are told apart by it: edit by hand");
        return Err(Fault::of(file, message).into());
    }
    let rows = read(&headers, given)?;
    let mut overlay = Overlay { headers, kept: Vec::new(), change: Change::default(), faults: Vec::new(), given };
    overlay.keep(list);
    overlay.lay(&rows);
    if !given.part {
        overlay.end_the_absent(&rows);
    }
    let old = overlay.rows_of(list);
    overlay.finish(&old, name, file)
}

/// The list's headers, with those that a history needs.
fn headers(list: Option<&CodeList>) -> Vec<String> {
    let own = list.and_then(|l| csv::Reader::from_reader(l.text().as_bytes()).headers().ok().cloned());
    let mut headers: Vec<String> = own.map_or_else(
        || ["code", "name", "parent"].map(str::to_owned).to_vec(),
        |own| own.iter().map(|h| h.trim().to_owned()).collect(),
    );
    for needed in ["valid_from", "valid_to", "checked"] {
        if !headers.iter().any(|h| h == needed) {
            headers.push(needed.to_owned());
        }
    }
    headers
}

struct Overlay<'o> {
    headers: Vec<String>,
    kept: Vec<Kept>,
    change: Change,
    faults: Vec<Fault>,
    given: &'o Given<'o>,
}

impl Overlay<'_> {
    fn at(&self, column: &str) -> Option<usize> {
        self.headers.iter().position(|h| h == column)
    }

    fn cell<'k>(&self, kept: &'k Kept, column: &str) -> &'k str {
        self.at(column).map_or("", |at| &kept.cells[at])
    }

    /// The list's rows under the new headers.
    fn rows_of(&self, list: Option<&CodeList>) -> Vec<Vec<String>> {
        let Some(list) = list else { return Vec::new() };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(list.text().as_bytes());
        let rows = reader.records().filter_map(Result::ok);
        rows.map(|row| {
            let mut cells: Vec<String> = row.iter().map(|c| c.trim().to_owned()).collect();
            cells.resize(self.headers.len(), String::new());
            cells
        })
        .collect()
    }

    fn keep(&mut self, list: Option<&CodeList>) {
        let rows = self.rows_of(list);
        let entries = list.map_or(&[][..], CodeList::entries);
        self.kept = rows
            .into_iter()
            .zip(entries)
            .map(|(cells, e)| Kept { cells, from: e.valid_from, to: e.valid_to, line: None, met: false })
            .collect();
    }

    /// The first day of a row that does not say: that of the catalogue, unless the row has ended before.
    fn starts(&self, row: &Row) -> Option<Date> {
        row.from.or(Some(self.given.from).filter(|from| row.to.is_none_or(|to| *from <= to)))
    }

    fn lay(&mut self, rows: &[Row]) {
        for row in rows {
            let code = row.get("code");
            let span = (self.starts(row), row.to);
            let says_parent = row.cells.contains_key("parent");
            let of_code: Vec<usize> =
                (0..self.kept.len()).filter(|i| self.cell(&self.kept[*i], "code") == code).collect();
            let same = of_code.iter().copied().find(|i| {
                let kept = &self.kept[*i];
                self.cell(kept, "name") == row.get("name")
                    && (!says_parent || self.cell(kept, "parent") == row.get("parent"))
                    && overlap((kept.from, kept.to), span)
            });
            match same {
                Some(at) => self.amend(at, row),
                None => self.add(row, &of_code),
            }
        }
    }

    /// The same unit under the same name: dates and further columns as the file has them.
    fn amend(&mut self, at: usize, row: &Row) {
        let old = self.kept[at].cells.clone();
        let (from, to) = (
            row.from.or(self.kept[at].from),
            if row.cells.contains_key("valid_to") { row.to } else { self.kept[at].to },
        );
        let ends = to.is_some() && self.kept[at].to.is_none();
        for (column, value) in &row.cells {
            if let Some(place) = self.at(column).filter(|_| !column.starts_with("valid_")) {
                self.kept[at].cells[place].clone_from(value);
            }
        }
        let day = |d: Option<Date>| d.map_or(String::new(), |d| d.to_string());
        for (column, value) in [("valid_from", day(from)), ("valid_to", day(to))] {
            if let Some(place) = self.at(column) {
                self.kept[at].cells[place] = value;
            }
        }
        let kept = &mut self.kept[at];
        (kept.from, kept.to, kept.line, kept.met) = (from, to, Some(row.line), true);
        let new = kept.cells.clone();
        if old == new {
            self.change.same += 1;
        } else if ends {
            self.change.ended.push(Named { code: row.get("code").into(), name: row.get("name").into(), day: to });
        } else {
            let differ = |of: &[String], other: &[String]| -> String {
                let all = self.headers.iter().zip(of.iter().zip(other)).filter(|(_, (a, b))| a != b);
                all.map(|(header, (value, _))| format!("{header}={value}")).collect::<Vec<_>>().join(", ")
            };
            let altered = Altered { code: row.get("code").into(), old: differ(&old, &new), new: differ(&new, &old) };
            self.change.amended.push(altered);
        }
    }

    /// A row that the list does not have; what stood for the code at that time ends the day before.
    fn add(&mut self, row: &Row, of_code: &[usize]) {
        let code = row.get("code");
        let standing = of_code.iter().copied().find(|i| {
            let kept = &self.kept[*i];
            !kept.met && overlap((kept.from, kept.to), (self.starts(row), row.to))
        });
        let mut from = self.starts(row);
        let mut cells = vec![String::new(); self.headers.len()];
        if let Some(at) = standing {
            if self.kept[at].from.is_some_and(|f| from.is_none_or(|from| f >= from)) {
                from = Some(self.given.from).filter(|from| row.to.is_none_or(|to| *from <= to));
            }
            let last = from
                .and_then(|from| from.yesterday().ok())
                .filter(|last| self.kept[at].from.is_none_or(|f| f <= *last));
            let Some(last) = last else {
                let message = format!(
                    "cột `valid_from`: mã `{code}` đổi trước khi dòng hiện có bắt đầu; dùng --from muộn hơn / changes before the present row begins: use a later --from"
                );
                self.faults.push(Fault::at(self.given.file, row.line, message));
                return;
            };
            cells.clone_from(&self.kept[at].cells);
            let (old_name, old_parent) =
                (self.cell(&self.kept[at], "name").to_owned(), self.cell(&self.kept[at], "parent").to_owned());
            self.end(at, last);
            let altered = |old: &str, new: &str| Altered { code: code.into(), old: old.into(), new: new.into() };
            if old_name != row.get("name") {
                self.change.renamed.push(altered(&old_name, row.get("name")));
            }
            if row.cells.contains_key("parent") && old_parent != row.get("parent") {
                self.change.moved.push(altered(&old_parent, row.get("parent")));
            }
        } else {
            let day = (row.from.is_some() || !self.kept.is_empty()).then_some(from).flatten();
            self.change.added.push(Named { code: code.into(), name: row.get("name").into(), day });
        }
        for (column, value) in &row.cells {
            if let Some(place) = self.at(column) {
                cells[place].clone_from(value);
            }
        }
        for (column, value) in [
            ("valid_from", from.map_or(String::new(), |d| d.to_string())),
            ("valid_to", row.to.map_or(String::new(), |d| d.to_string())),
            ("checked", "source".to_owned()),
        ] {
            if let Some(place) = self.at(column) {
                cells[place] = value;
            }
        }
        let new = Kept { cells, from, to: row.to, line: Some(row.line), met: true };
        match standing {
            Some(at) => self.kept.insert(at + 1, new),
            None => self.kept.push(new),
        }
    }

    fn end(&mut self, at: usize, last: Date) {
        if let Some(place) = self.at("valid_to") {
            self.kept[at].cells[place] = last.to_string();
        }
        self.kept[at].to = Some(last);
        self.kept[at].met = true;
    }

    /// Of a whole catalogue: what it does not have ends the day before it begins.
    fn end_the_absent(&mut self, rows: &[Row]) {
        let given: BTreeSet<&str> = rows.iter().map(|r| r.get("code")).collect();
        let Ok(last) = self.given.from.yesterday() else { return };
        for at in 0..self.kept.len() {
            let kept = &self.kept[at];
            let (code, name) = (self.cell(kept, "code").to_owned(), self.cell(kept, "name").to_owned());
            if given.contains(code.as_str()) || kept.to.is_some_and(|to| to <= last) {
                continue;
            }
            if kept.from.is_some_and(|from| from > last) {
                let message = format!(
                    "thiếu mã `{code}`, bắt đầu từ {}: dùng --from muộn hơn hoặc --part / the file lacks a code that begins later: use a later --from, or --part",
                    kept.from.map_or(String::new(), |d| d.to_string())
                );
                self.faults.push(Fault::of(self.given.file, message));
                continue;
            }
            self.end(at, last);
            self.change.ended.push(Named { code, name, day: Some(last) });
        }
    }

    fn finish(mut self, old: &[Vec<String>], name: &str, file: &Path) -> Result<Change, Faults> {
        self.parents();
        self.faults.truncate(MAX_FAULTS);
        if !self.faults.is_empty() {
            return Err(Faults(self.faults));
        }
        if self.kept.iter().map(|k| &k.cells).eq(old.iter()) {
            return Ok(self.change);
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        let broken = |e: &dyn std::fmt::Display| {
            Faults::from(Fault::of(file, format!("không viết được CSV / cannot be written: {e}")))
        };
        writer.write_record(&self.headers).map_err(|e| broken(&e))?;
        for kept in &self.kept {
            writer.write_record(&kept.cells).map_err(|e| broken(&e))?;
        }
        let bytes = writer.into_inner().map_err(|e| broken(&e))?;
        let text = String::from_utf8(bytes).map_err(|e| broken(&e))?;
        // What is written must be read again: the list's own reader has the last word.
        CodeList::parse(name, file, text.clone())?;
        self.change.text = text;
        Ok(self.change)
    }

    /// Every unit that does not end lies in one that is there.
    fn parents(&mut self) {
        let Some(parent) = self.at("parent") else { return };
        let open = |k: &&Kept| k.to.is_none_or(|to| to >= self.given.from);
        let codes: BTreeSet<&str> = self.kept.iter().filter(open).map(|k| self.cell(k, "code")).collect();
        let orphans = self
            .kept
            .iter()
            .filter(open)
            .filter(|k| !k.cells[parent].is_empty() && !codes.contains(k.cells[parent].as_str()));
        let told: Vec<Fault> = orphans
            .map(|k| {
                let message = format!(
                    "cột `parent`: mã `{}` thuộc `{}`, mã này không có hoặc đã hết / the parent is not there, or ends",
                    self.cell(k, "code"),
                    k.cells[parent]
                );
                k.line.map_or_else(
                    || Fault::of(self.given.file, &message),
                    |line| Fault::at(self.given.file, line, &message),
                )
            })
            .collect();
        self.faults.extend(told);
    }
}
