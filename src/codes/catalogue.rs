//! A new catalogue as a CSV file: its rows under our names, or all that is wrong with it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use super::import::Given;
use crate::model::calendar::PartialDate;
use crate::model::{Fault, Faults, suggest};

const MAX_ROWS: usize = 100_000;
const MAX_COLUMNS: usize = 40;
const MAX_CODE: usize = 100;
const MAX_NAME: usize = 500;
const MAX_FAULTS: usize = 200;

/// A row of the file.
pub(super) struct Row {
    pub(super) line: usize,
    /// By our names; columns that the file does not have are not there.
    pub(super) cells: BTreeMap<String, String>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
}

impl Row {
    pub(super) fn get(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// Reads the file, or tells all that is wrong with it: each with its row and column.
pub(super) fn read(headers: &[String], given: &Given<'_>) -> Result<Vec<Row>, Faults> {
    let file = given.file;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(given.text.as_bytes());
    let theirs: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(|h| h.trim().to_owned()).collect(),
        Err(e) => return Err(Fault::at(file, 1, format!("không đọc được dòng tiêu đề / no header: {e}")).into()),
    };
    let mut faults = Vec::new();
    let ours = columns(headers, &theirs, given, &mut faults);
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    let mut rows: Vec<Row> = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                let line = e.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
                faults.push(Fault::at(file, line, format!("dòng CSV hỏng / broken CSV row: {e}")));
                break;
            }
        };
        let line = record.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
        if rows.len() == MAX_ROWS || faults.len() >= MAX_FAULTS {
            let message = format!("dừng ở {MAX_ROWS} dòng hoặc {MAX_FAULTS} lỗi / too many rows or faults");
            faults.push(Fault::at(file, line, message));
            break;
        }
        if record.len() != theirs.len() {
            let (cells, wanted) = (record.len(), theirs.len());
            faults.push(Fault::at(file, line, format!("có {cells} ô, tiêu đề có {wanted} / cells and headers differ")));
            continue;
        }
        let cells: BTreeMap<String, String> = ours
            .iter()
            .zip(&record)
            .map(|(ours, cell)| (ours.clone(), crate::model::text::nfc(cell.trim()).into_owned()))
            .collect();
        let of = |column: &'static str| ours.iter().position(|o| o == column).map_or(column, |at| theirs[at].as_str());
        let mut row = Row { line, cells, from: None, to: None };
        for (column, most) in [("code", MAX_CODE), ("name", MAX_NAME)] {
            let count = row.get(column).chars().count();
            if count == 0 || count > most || row.get(column).contains(|c: char| c.is_control() || c == ';') {
                let message =
                    format!("cột `{}`: 1 đến {most} ký tự, không có `;` / 1 to {most} characters, no `;`", of(column));
                faults.push(Fault::at(file, line, message));
            }
        }
        for (column, to) in [("valid_from", false), ("valid_to", true)] {
            let text = row.get(column);
            let day = match PartialDate::read(text) {
                Some(PartialDate::Day(day)) => Some(day),
                _ if text.is_empty() => None,
                _ => {
                    let message = format!(
                        "cột `{}`: `{text}` không phải ngày yyyy-MM-dd hoặc dd/MM/yyyy / not a date",
                        of(column)
                    );
                    faults.push(Fault::at(file, line, message));
                    None
                }
            };
            if to { row.to = day } else { row.from = day }
        }
        if let (Some(from), Some(to)) = (row.from, row.to)
            && from > to
        {
            let message = format!("cột `{}`: {from} sau {to} / starts after its end", of("valid_from"));
            faults.push(Fault::at(file, line, message));
        }
        rows.push(row);
    }
    check(&rows, &ours, &theirs, file, &mut faults);
    faults.truncate(MAX_FAULTS);
    if faults.is_empty() { Ok(rows) } else { Err(Faults(faults)) }
}

/// Our name of each column of the file.
fn columns(headers: &[String], theirs: &[String], given: &Given<'_>, faults: &mut Vec<Fault>) -> Vec<String> {
    let mut fault = |message: String| faults.push(Fault::at(given.file, 1, message));
    if theirs.len() > MAX_COLUMNS {
        fault(format!("quá {MAX_COLUMNS} cột / more than {MAX_COLUMNS} columns"));
        return Vec::new();
    }
    for (ours, named) in given.columns {
        if !theirs.contains(named) {
            let hint = suggest::hint(named, theirs.iter().map(String::as_str));
            fault(format!("--column {ours}={named}: tệp không có cột `{named}`{hint} / no such column"));
        }
    }
    let mut found: Vec<String> = Vec::new();
    for header in theirs {
        let mapped = given.columns.iter().find(|(_, named)| named == header).map(|(ours, _)| ours.clone());
        // Agencies write `valid-from`; we write `valid_from`.
        let ours = mapped.unwrap_or_else(|| header.replace('-', "_").to_lowercase());
        let ours = headers.iter().find(|h| **h == ours || h == &header).cloned().unwrap_or(ours);
        if !headers.contains(&ours) {
            let hint = suggest::hint(&ours, headers.iter().map(String::as_str));
            let known = headers.join(", ");
            fault(format!(
                "danh mục không có cột `{header}`{hint}; đang có: {known}; dùng --column của_ta={header} hoặc bỏ cột / unknown column: name it or take it out"
            ));
        }
        if found.contains(&ours) {
            fault(format!("cột `{ours}` có hai lần / column twice"));
        }
        found.push(ours);
    }
    for needed in ["code", "name"] {
        if !found.iter().any(|f| f == needed) {
            fault(format!("thiếu cột `{needed}`: thêm --column {needed}=TÊN_CỘT / column is missing: name it"));
        }
    }
    found
}

/// What can only be seen with all rows: doubles and parents.
fn check(rows: &[Row], ours: &[String], theirs: &[String], file: &Path, faults: &mut Vec<Fault>) {
    let column = |name: &str| ours.iter().position(|o| o == name).map_or("", |at| &theirs[at]);
    let mut by_code: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let earlier = by_code.entry(row.get("code")).or_default();
        if let Some(double) = earlier.iter().find(|e| overlap((e.from, e.to), (row.from, row.to))) {
            let message = format!(
                "cột `{}`: mã `{}` trùng thời gian với dòng {} / overlaps with that row",
                column("code"),
                row.get("code"),
                double.line
            );
            faults.push(Fault::at(file, row.line, message));
        }
        earlier.push(row);
    }
}

pub(super) fn overlap(a: (Option<Date>, Option<Date>), b: (Option<Date>, Option<Date>)) -> bool {
    let before_end = |from: Option<Date>, to: Option<Date>| from.zip(to).is_none_or(|(from, to)| from <= to);
    before_end(a.0, b.1) && before_end(b.0, a.1)
}
