//! A CSV file becomes a list, or all its faults.

use std::collections::HashMap;
use std::path::Path;

use jiff::civil::Date;

use super::fold::fold;
use super::hash::Places;
use super::list::{CodeList, Entry};
use crate::model::{Fault, Faults, suggest};

const MAX_ROWS: usize = 100_000;
const MAX_COLUMNS: usize = 40;
const MAX_FAULTS: usize = 200;
const REQUIRED: [&str; 2] = ["code", "name"];
const KNOWN: [&str; 7] = ["code", "name", "other_names", "valid_from", "valid_to", "successor", "checked"];

impl CodeList {
    /// Reads a list's text. `file` is for messages only.
    pub fn parse(name: &str, file: &Path, text: String) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let headers: Vec<String> = match reader.headers() {
            Ok(headers) => headers.iter().map(|h| h.trim().to_owned()).collect(),
            Err(e) => return Err(Fault::at(file, 1, format!("không đọc được dòng tiêu đề / no header: {e}")).into()),
        };
        let mut shape = Shape::read(file, &headers, &mut faults);
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let mut entries = Vec::new();
        for row in reader.records() {
            let row = match row {
                Ok(row) => row,
                Err(e) => {
                    let line = e.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
                    faults.push(Fault::at(file, line, format!("dòng CSV hỏng / broken CSV row: {e}")));
                    break;
                }
            };
            let line = row.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
            if entries.len() == MAX_ROWS || faults.len() >= MAX_FAULTS {
                faults.push(Fault::at(
                    file,
                    line,
                    format!("dừng ở {MAX_ROWS} dòng hoặc {MAX_FAULTS} lỗi / too many rows or faults"),
                ));
                break;
            }
            shape.entry(file, line, &row, &mut entries, &mut faults);
        }
        let mut list = Self {
            name: name.to_owned(),
            file: file.to_owned(),
            entries,
            extra_columns: shape.extras.iter().map(|i| headers[*i].clone()).collect(),
            successor_list: shape.successor_list,
            text,
            by_code: Places::default(),
            by_name: Places::default(),
            by_folded: Places::default(),
        };
        list.index(shape.other_names);
        list.check(&mut faults);
        faults.sort_by_key(|f| f.line);
        faults.truncate(MAX_FAULTS);
        if faults.is_empty() { Ok(list) } else { Err(Faults(faults)) }
    }

    fn index(&mut self, other_names: Vec<Vec<String>>) {
        for (i, (entry, others)) in self.entries.iter().zip(other_names).enumerate() {
            let Ok(place) = u32::try_from(i) else { break };
            let add = |map: &mut Places, key: &str| {
                let places = map.entry(key.into()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            };
            add(&mut self.by_code, &entry.code);
            add(&mut self.by_folded, &fold(&entry.code));
            for name in others.iter().map(String::as_str).chain([&*entry.name]) {
                add(&mut self.by_name, name);
                add(&mut self.by_folded, &fold(name));
            }
        }
    }

    /// What can only be seen with all rows: doubles and successors.
    fn check(&self, faults: &mut Vec<Fault>) {
        let condition = self.column("condition");
        let mut by_code: HashMap<&str, Vec<&Entry>> = HashMap::new();
        for entry in &self.entries {
            let earlier = by_code.entry(&entry.code).or_default();
            let double = earlier.iter().find(|e| {
                let differ = condition.is_some_and(|c| e.extras[c] != entry.extras[c]);
                !differ && overlap(e, entry)
            });
            if let Some(double) = double {
                let message = format!(
                    "mã `{}` trùng với dòng {} trong cùng thời gian: hãy sửa valid_from, valid_to / the same code at the same time",
                    entry.code, double.line
                );
                faults.push(Fault::at(&self.file, entry.line, message));
            }
            earlier.push(entry);
        }
        if self.successor_list.is_some() {
            return;
        }
        for entry in &self.entries {
            for code in entry.successors.iter().filter(|c| !self.by_code.contains_key(*c)) {
                let hint = suggest::hint(code, self.entries.iter().map(|e| &*e.code));
                let message = format!("mã kế tiếp `{code}` không có trong danh mục{hint} / unknown successor");
                faults.push(Fault::at(&self.file, entry.line, message));
            }
        }
    }
}

fn overlap(a: &Entry, b: &Entry) -> bool {
    let starts_before_end = |x: &Entry, y: &Entry| match (x.valid_from, y.valid_to) {
        (Some(from), Some(to)) => from <= to,
        _ => true,
    };
    starts_before_end(a, b) && starts_before_end(b, a)
}

/// Which column is what.
struct Shape {
    at: [Option<usize>; 7],
    extras: Vec<usize>,
    width: usize,
    successor_list: Option<String>,
    other_names: Vec<Vec<String>>,
}

impl Shape {
    fn read(file: &Path, headers: &[String], faults: &mut Vec<Fault>) -> Self {
        let mut shape = Self {
            at: [None; 7],
            extras: Vec::new(),
            width: headers.len(),
            successor_list: None,
            other_names: Vec::new(),
        };
        if headers.len() > MAX_COLUMNS {
            faults.push(Fault::at(file, 1, format!("quá {MAX_COLUMNS} cột / more than {MAX_COLUMNS} columns")));
            return shape;
        }
        for (i, header) in headers.iter().enumerate() {
            // `successor@units-2025`: the successors are codes of another list.
            let name = match header.split_once('@') {
                Some(("successor", list)) => {
                    shape.successor_list = Some(list.to_owned());
                    "successor"
                }
                _ => header,
            };
            if headers[..i].contains(header) {
                faults.push(Fault::at(file, 1, format!("cột `{header}` có hai lần / column twice")));
            }
            match KNOWN.iter().position(|k| *k == name) {
                Some(k) => shape.at[k] = Some(i),
                None => shape.extras.push(i),
            }
        }
        for required in REQUIRED {
            if !headers.iter().any(|h| h == required) {
                let hint = suggest::hint(required, headers.iter().map(String::as_str));
                faults.push(Fault::at(file, 1, format!("thiếu cột `{required}`{hint} / column is missing")));
            }
        }
        shape
    }

    fn entry(
        &mut self,
        file: &Path,
        line: usize,
        row: &csv::StringRecord,
        entries: &mut Vec<Entry>,
        faults: &mut Vec<Fault>,
    ) {
        if row.len() != self.width {
            let message = format!(
                "có {} ô, tiêu đề có {} / {} cells under {} headers",
                row.len(),
                self.width,
                row.len(),
                self.width
            );
            faults.push(Fault::at(file, line, message));
            return;
        }
        let cell = |k: usize| self.at[k].and_then(|i| row.get(i)).unwrap_or("").trim();
        let (code, name) = (cell(0), cell(1));
        if code.is_empty() || name.is_empty() {
            faults.push(Fault::at(file, line, "thiếu code hoặc name / code or name is empty"));
        }
        let split = |text: &str| -> Vec<String> {
            text.split(';').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect()
        };
        let date = |k: usize, faults: &mut Vec<Fault>| -> Option<Date> {
            let text = cell(k);
            if text.is_empty() {
                return None;
            }
            let read = text.parse::<Date>().ok().filter(|_| text.len() == 10);
            if read.is_none() {
                faults.push(Fault::at(
                    file,
                    line,
                    format!("{} `{text}` không phải ngày yyyy-MM-dd / not a date", KNOWN[k]),
                ));
            }
            read
        };
        let (valid_from, valid_to) = (date(3, faults), date(4, faults));
        if let (Some(from), Some(to)) = (valid_from, valid_to)
            && from > to
        {
            faults.push(Fault::at(file, line, format!("valid_from {from} sau valid_to {to} / starts after its end")));
        }
        let checked = match cell(6) {
            "source" | "" => true,
            "memory" => false,
            other => {
                let message = format!("checked `{other}`: chỉ source hoặc memory / must be source or memory");
                faults.push(Fault::at(file, line, message));
                false
            }
        };
        self.other_names.push(split(cell(2)));
        entries.push(Entry {
            code: code.into(),
            name: name.into(),
            valid_from,
            valid_to,
            successors: split(cell(5)).into_iter().map(String::into_boxed_str).collect(),
            checked,
            line,
            extras: self.extras.iter().map(|i| row.get(*i).unwrap_or("").trim().into()).collect(),
        });
    }
}

impl Entry {
    /// The text of a further column, by its place ([`CodeList::column`]).
    pub fn extra(&self, column: usize) -> &str {
        self.extras.get(column).map_or("", |e| e)
    }
}
