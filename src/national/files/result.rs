//! A result file that the system gave to whoever uploaded a batch: CSV or XLSX with one row a record.

use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};

use super::super::answer::{TEXT_LIMIT, without_mark};
use super::super::form::AnswerForm;
use crate::package::{self, Bounds, Wrong};

/// The names stand in one of the first rows.
const HEAD_WITHIN: usize = 20;
/// The most columns that are read.
const MOST_COLUMNS: usize = 256;
/// So many times its own limit a workbook may be, unpacked.
const UNPACKED: u64 = 4;

/// The results of a file, as the profile's answer would hold them; at most so many bytes are read. Errors name row and
/// column, never a value. A row without a result is one that the system did not come to yet.
pub fn read(file: &Path, form: &AnswerForm, limit: usize) -> Result<Vec<Value>, String> {
    let size = std::fs::metadata(file).map_err(|e| e.to_string())?.len();
    if size > limit as u64 {
        return Err(format!("lớn hơn {limit} byte / larger than {limit} bytes"));
    }
    let bytes = std::fs::read(file).map_err(|e| e.to_string())?;
    let ending = file.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let mut table = Table { form, head: None, results: Vec::new() };
    match ending.as_str() {
        "csv" | "txt" => csv_rows(&bytes, &mut table)?,
        "xlsx" => xlsx_rows(bytes, limit, &mut table)?,
        _ => return Err("phải là .csv hoặc .xlsx / must be .csv or .xlsx".to_owned()),
    }
    if table.head.is_none() { Err(table.no_head()) } else { Ok(table.results) }
}

/// Where the columns stand.
struct Head {
    reference: usize,
    result: usize,
    more: Vec<(String, usize)>,
}

/// Rows as they come; only results are kept.
struct Table<'f> {
    form: &'f AnswerForm,
    head: Option<Head>,
    results: Vec<Value>,
}

impl Table<'_> {
    fn no_head(&self) -> String {
        let names = &self.form.names;
        format!(
            "{HEAD_WITHIN} dòng đầu không có cột {} và {} / the first rows do not have these columns",
            names.reference, names.result
        )
    }

    /// A row by its number in the file, from 1.
    fn row(&mut self, number: usize, cells: &[String]) -> Result<(), String> {
        let Some(head) = &self.head else {
            self.head = self.head_of(number, cells)?;
            return if self.head.is_none() && number >= HEAD_WITHIN { Err(self.no_head()) } else { Ok(()) };
        };
        let cell = |at: usize| -> String {
            cells.get(at).map(|cell| cell.trim().chars().take(TEXT_LIMIT).collect()).unwrap_or_default()
        };
        let (reference, result) = (cell(head.reference), cell(head.result));
        if result.is_empty() {
            return Ok(());
        }
        let at = |column| format!("dòng {number}, cột {} / row, column", letters(column));
        if reference.is_empty() {
            return Err(format!("{}: thiếu mã tham chiếu / no reference", at(head.reference)));
        }
        if !self.form.results.iter().any(|(code, _)| *code == result) {
            let codes: Vec<&str> = self.form.results.iter().map(|(code, _)| code.as_str()).collect();
            return Err(format!("{}: kết quả phải là {} / must be one of them", at(head.result), codes.join(", ")));
        }
        if self.results.len() >= self.form.results_limit {
            return Err(format!("hơn {0} kết quả / more than {0} results", self.form.results_limit));
        }
        let mut one = serde_json::Map::new();
        one.extend(head.more.iter().map(|(name, at)| (name.clone(), json!(cell(*at)))));
        one.insert(self.form.names.reference.clone(), json!(reference));
        one.insert(self.form.names.result.clone(), json!(result));
        self.results.push(Value::Object(one));
        Ok(())
    }

    /// The columns, where a row names them.
    fn head_of(&self, number: usize, cells: &[String]) -> Result<Option<Head>, String> {
        let names = &self.form.names;
        let find = |name: &str| -> Result<Option<usize>, String> {
            let mut all = (0..).zip(cells).filter(|(_, cell)| cell.trim().eq_ignore_ascii_case(name));
            let (first, second) = (all.next(), all.next());
            match second {
                Some(_) => Err(format!("dòng {number}: cột {name} hai lần / row: the column stands there twice")),
                None => Ok(first.map(|(at, _)| at)),
            }
        };
        let (Some(reference), Some(result)) = (find(&names.reference)?, find(&names.result)?) else { return Ok(None) };
        let mut more = Vec::new();
        for name in [&names.national_id, &names.error_code, &names.error_text] {
            more.extend(find(name)?.map(|at| (name.clone(), at)));
        }
        Ok(Some(Head { reference, result, more }))
    }
}

/// A column as spreadsheets call it.
fn letters(column: usize) -> String {
    let (more, last) = (column / 26, column % 26);
    let letter = char::from(b'A' + u8::try_from(last).unwrap_or(0));
    if more == 0 { letter.to_string() } else { format!("{}{letter}", letters(more - 1)) }
}

fn csv_rows(bytes: &[u8], table: &mut Table<'_>) -> Result<(), String> {
    let text = without_mark(bytes);
    let count = |sign: u8| text.split(|b| *b == b'\n').take(HEAD_WITHIN).flatten().filter(|b| **b == sign).count();
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(|sign| count(*sign)).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(&*text);
    let mut row = csv::ByteRecord::new();
    let mut line = 1;
    while reader.read_byte_record(&mut row).map_err(|_| format!("dòng {line}: không phải CSV / not CSV"))? {
        // A record begins behind the empty lines that the reader passes over.
        let number = row.position().map_or(line, |begin| {
            let rest = usize::try_from(begin.byte()).ok().and_then(|at| text.get(at..)).unwrap_or_default();
            let empty = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).filter(|b| **b == b'\n').count();
            begin.line() + empty as u64
        });
        line = number + 1;
        // Codes and references are ASCII; a message in an old charset may lose letters, but no result does.
        let cells: Vec<String> =
            row.iter().take(MOST_COLUMNS).map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        table.row(usize::try_from(number).unwrap_or(usize::MAX), &cells)?;
    }
    Ok(())
}

fn xlsx_rows(bytes: Vec<u8>, limit: usize, table: &mut Table<'_>) -> Result<(), String> {
    let bad = |_| "không đọc được XLSX / an XLSX that cannot be read".to_owned();
    let most = limit as u64 * UNPACKED;
    let bounds = Bounds { file: limit as u64, part: &|_| most, whole: most };
    package::check(Cursor::new(&bytes), &bounds, |_, _| None).map_err(|wrong| match wrong {
        Wrong::Package(why) => why,
        Wrong::Io(error) => error.to_string(),
    })?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(bad)?;
    let sheet = book.sheet_names().first().cloned().ok_or("không có trang tính nào / there is no sheet")?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(bad)?;
    let (mut number, mut row) = (0, Vec::new());
    while let Some(cell) = cells.next_cell().map_err(bad)? {
        let (at, column) = cell.get_position();
        let (at, column) = (at as usize + 1, column as usize);
        if at < number {
            return Err(format!("dòng {at} đứng sau dòng {number} / a row stands behind a later one"));
        }
        if at > number {
            table.row(number, &row)?;
            (number, row) = (at, Vec::new());
        }
        if column < MOST_COLUMNS {
            if row.len() <= column {
                row.resize(column + 1, String::new());
            }
            row[column] = match Data::from(cell.get_value().clone()) {
                Data::Float(whole) if whole.fract() == 0.0 && whole.abs() < 1e15 => format!("{whole:.0}"),
                other => other.to_string(),
            };
        }
    }
    table.row(number, &row)
}
