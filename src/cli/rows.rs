//! Rows into a file as they come: JSON, CSV or a workbook. However many there are, memory stays the same; a file that is
//! there is replaced only once the new one is whole, and only its owner may read it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use rust_xlsxwriter::{Format as Look, Workbook, Worksheet, XlsxError};
use serde_json::Value;

use super::Failure;

/// Rows of one sheet; Excel takes 1,048,576.
const SHEET: u32 = 1_000_000;
/// Signs of a cell; Excel takes 32,767.
const CELL: usize = 32_000;
/// The largest number that a workbook keeps exactly.
const EXACT: i64 = 1 << 53;

/// What a file is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// One object with all rows.
    Json,
    /// With a byte order mark, so that Excel reads Vietnamese.
    #[default]
    Csv,
    /// A workbook.
    Xlsx,
}

/// A column: its key in JSON, and its heading for people.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub key: String,
    pub text: String,
    /// Width in a workbook, in signs.
    pub width: f64,
}

impl Head {
    pub fn new(key: &str, text: &str, width: f64) -> Self {
        Self { key: key.to_owned(), text: text.to_owned(), width }
    }
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    Number(i64),
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

enum Sink {
    Json { out: BufWriter<File>, any: bool },
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Xlsx { book: Box<Workbook>, row: u32 },
}

/// A file that is being written.
pub(super) struct Rows {
    file: PathBuf,
    part: PathBuf,
    heads: Vec<Head>,
    sink: Sink,
    count: u64,
}

fn failed(file: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::new(1, format!("không ghi được {}: {error} / cannot be written", file.display()))
}

/// Beside the file until it is whole.
pub(super) fn part_of(file: &Path) -> PathBuf {
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    PathBuf::from(part)
}

/// A new file that only its owner may read.
pub(super) fn private(part: &Path) -> io::Result<BufWriter<File>> {
    match std::fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(part).map(BufWriter::new)
}

/// Puts a whole file in its place.
pub(super) fn put(out: BufWriter<File>, part: &Path, file: &Path) -> Result<(), Failure> {
    let synced = out.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
    synced.and_then(|()| std::fs::rename(part, file)).map_err(|e| failed(file, e))
}

impl Rows {
    /// Begins a file; `name` is the key of the rows in JSON and the sheet's name.
    pub fn begin(file: &Path, format: Format, name: &str, heads: Vec<Head>) -> Result<Self, Failure> {
        let part = part_of(file);
        let sink = Self::sink(&part, format, name, &heads).map_err(|e| failed(file, e))?;
        Ok(Self { file: file.to_owned(), part, heads, sink, count: 0 })
    }

    fn sink(part: &Path, format: Format, name: &str, heads: &[Head]) -> io::Result<Sink> {
        let mut out = private(part)?;
        Ok(match format {
            Format::Json => {
                write!(out, "{{\"{name}\":[")?;
                Sink::Json { out, any: false }
            }
            Format::Csv => {
                out.write_all("\u{feff}".as_bytes())?;
                let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
                table.write_record(heads.iter().map(|head| head.text.as_str())).map_err(io::Error::other)?;
                Sink::Csv(Box::new(table))
            }
            Format::Xlsx => {
                let mut book = Workbook::new();
                // Rows that were written wait beside the file, not in a folder that others read.
                let beside = part.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
                book.set_tempdir(beside).map_err(io::Error::other)?;
                sheet(&mut book, name, heads).map_err(io::Error::other)?;
                Sink::Xlsx { book: Box::new(book), row: 1 }
            }
        })
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), Failure> {
        self.count += 1;
        let heads = &self.heads;
        let written = match &mut self.sink {
            Sink::Json { out, any } => json(out, std::mem::replace(any, true), heads, cells),
            Sink::Csv(table) => table.write_record(cells.iter().map(plain)).map_err(io::Error::other),
            Sink::Xlsx { book, row } => xlsx(book, row, heads, cells).map_err(io::Error::other),
        };
        written.map_err(|e| failed(&self.file, e))
    }

    /// Puts the whole file in its place; how many rows it has. `more` stands beside the rows in JSON.
    pub fn end(self, more: &[(&str, Value)]) -> Result<u64, Failure> {
        let file = self.file;
        let out = match self.sink {
            Sink::Json { mut out, .. } => {
                let mut tail = || {
                    write!(out, "\n]")?;
                    for (key, value) in more {
                        write!(out, ",\n\"{key}\":{value}")?;
                    }
                    writeln!(out, "}}")
                };
                tail().map_err(|e| failed(&file, e))?;
                out
            }
            Sink::Csv(table) => table.into_inner().map_err(|e| failed(&file, e))?,
            Sink::Xlsx { mut book, .. } => {
                let mut out = private(&self.part).map_err(|e| failed(&file, e))?;
                book.save_to_writer(&mut out).map_err(|e| failed(&file, e))?;
                out
            }
        };
        put(out, &self.part, &file)?;
        Ok(self.count)
    }
}

fn json(out: &mut BufWriter<File>, any: bool, heads: &[Head], cells: &[Cell]) -> io::Result<()> {
    write!(out, "{}\n{{", if any { "," } else { "" })?;
    for (nth, (head, cell)) in heads.iter().zip(cells).enumerate() {
        let value = match cell {
            Cell::Text(text) => Value::from(text.as_str()),
            Cell::Number(n) => Value::from(*n),
        };
        write!(out, "{}{}:{value}", if nth > 0 { "," } else { "" }, Value::from(head.key.as_str()))?;
    }
    write!(out, "}}")
}

/// A text of a CSV cell. A spreadsheet takes what begins with one of these signs for a formula and runs it.
fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Number(n) => n.to_string(),
        Cell::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => format!("'{text}"),
        Cell::Text(text) => text.clone(),
    }
}

fn sheet<'b>(book: &'b mut Workbook, name: &str, heads: &[Head]) -> Result<&'b mut Worksheet, XlsxError> {
    let nth = book.worksheets().len() + 1;
    let page = book.add_worksheet_with_constant_memory()?;
    page.set_name(format!("{name} {nth}"))?.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    page.set_repeat_rows(0, 0)?.set_freeze_panes(1, 0)?;
    let bold = Look::new().set_bold().set_text_wrap();
    for (column, head) in (0..).zip(heads) {
        page.set_column_width(column, head.width)?;
        page.write_string_with_format(0, column, &head.text, &bold)?;
    }
    Ok(page)
}

fn xlsx(book: &mut Workbook, row: &mut u32, heads: &[Head], cells: &[Cell]) -> Result<(), XlsxError> {
    if *row > SHEET {
        let name = book.worksheet_from_index(0)?.name();
        let name = name.rsplit_once(' ').map_or(name.clone(), |(name, _)| name.to_owned());
        sheet(book, &name, heads)?;
        *row = 1;
    }
    let last = book.worksheets().len() - 1;
    let page = book.worksheet_from_index(last)?;
    for (column, cell) in (0..).zip(cells) {
        match cell {
            Cell::Number(n) if n.abs() < EXACT => page.write(*row, column, *n)?,
            Cell::Number(n) => page.write_string(*row, column, n.to_string())?,
            // Written as text: what looks like a number or a formula is neither.
            Cell::Text(text) => {
                let end = text.char_indices().nth(CELL).map_or(text.len(), |(at, _)| at);
                page.write_string(*row, column, &text[..end])?
            }
        };
    }
    *row += 1;
    Ok(())
}
