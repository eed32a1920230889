//! A sheet of an XLSX workbook, row by row.
//!
//! * [`crate::package`] takes the file apart once before it is parsed, so that nothing in it can be larger than it says;
//!   `part` watches each XML part meanwhile. `header`: which column is which. `cells`: values as text.
//!
//! Formulas give the value that was saved with them. What cannot be a value (`#N/A`, a number of more than fifteen
//! digits) is delivered with a control character and the cell's name, so that mapping holds the row for it.

mod cells;
mod header;
mod part;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx as Workbook, XlsxCellReader, XlsxError};
use xxhash_rust::xxh3::Xxh3;

use super::SourceError;
use super::charset::Charset;
use super::config::{SheetName, XlsxOptions};
use super::tabular::{Book, Format, LONGEST_FIELD, LONGEST_RECORD, Rows, Written, check_names};
use crate::package::{self, Bounds, Wrong};
use cells::{Value, cell_name, value};
use header::{HIGHEST, Header, Top, Wanted, is_numbering, tidy};

/// A workbook, and which sheet of it is read how.
#[derive(Debug, Clone)]
pub(super) struct Xlsx {
    path: PathBuf,
    place: String,
    sheet: Option<SheetName>,
    wanted: Wanted,
    font: Option<Charset>,
    strings: u64,
}

/// The largest file, and the largest sum of its parts, unpacked.
const LARGEST_FILE: u64 = 64 << 20;
const LARGEST_WHOLE: u64 = 768 << 20;

type Bytes<'f> = BufReader<&'f File>;

impl Xlsx {
    pub fn open(path: PathBuf, options: &XlsxOptions) -> Result<Self, SourceError> {
        let font = match options.font.as_str() {
            "unicode" => None,
            "tcvn3" => Some(Charset::Tcvn3),
            "vni" => Some(Charset::Vni),
            other => {
                return Err(SourceError::Settings(format!("font = {other:?}: unicode, tcvn3, vni")));
            }
        };
        if options.header == Some(0) || options.header.is_some_and(|row| row > 1000) {
            return Err(SourceError::Settings("header: hàng 1 đến 1000 / a row from 1 to 1000".to_owned()));
        }
        if !(1..=512).contains(&options.shared_strings_mib) {
            return Err(SourceError::Settings("shared_strings_mib: 1 … 512".to_owned()));
        }
        let wanted = Wanted { columns: options.columns.clone(), expected: Vec::new(), row: options.header };
        let (sheet, strings) = (options.sheet.clone(), options.shared_strings_mib << 20);
        Ok(Self { place: format!("XLSX {}", path.display()), path, sheet, wanted, font, strings })
    }

    /// Names that the header must have: it is found by them.
    pub fn expect(&mut self, names: Vec<String>) {
        self.wanted.expected = names;
    }

    fn broken(&self, at: impl Into<String>, detail: impl Into<String>) -> SourceError {
        SourceError::Broken { place: self.place.clone(), at: at.into(), detail: detail.into() }
    }

    /// No text of the file is in the message: it might be a person's.
    fn unread(&self, at: impl Into<String>, error: &XlsxError) -> SourceError {
        let detail = match error {
            XlsxError::Io(error) => error.to_string(),
            XlsxError::XmlEof(what) => format!("{what}: ends early"),
            XlsxError::UnexpectedNode(what) => format!("{what}: something else"),
            XlsxError::Zip(_) => "gói ZIP hỏng / a damaged ZIP package".to_owned(),
            _ => "nội dung hỏng / damaged content".to_owned(),
        };
        self.broken(at, detail)
    }

    fn sheet_of(&self, book: &Workbook<Bytes<'_>>) -> Result<String, SourceError> {
        let sheets = book.sheets_metadata();
        let tables: Vec<&str> =
            sheets.iter().filter(|s| s.typ == SheetType::WorkSheet).map(|s| s.name.as_str()).collect();
        let shown = sheets.iter().find(|s| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible);
        let found = match &self.sheet {
            None => shown.map(|s| s.name.as_str()),
            Some(SheetName::Number(number)) => number.checked_sub(1).and_then(|at| tables.get(at)).copied(),
            Some(SheetName::Name(name)) => tables.iter().find(|t| tidy(t) == tidy(name)).copied(),
        };
        found.map(str::to_owned).ok_or_else(|| {
            let names = tables.join(", ");
            SourceError::Settings(format!(
                "{}: không có trang tính / no such sheet; có / there are: {names}",
                self.place
            ))
        })
    }
}

impl Format for Xlsx {
    fn place(&self) -> &str {
        &self.place
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn book<'f>(&self, file: &'f File) -> Result<Box<dyn Book + 'f>, SourceError> {
        let bounds =
            Bounds { file: LARGEST_FILE, part: &|name| part::largest(name, self.strings), whole: LARGEST_WHOLE };
        package::check(BufReader::new(file), &bounds, part::watch).map_err(|wrong| match wrong {
            Wrong::Io(cause) => SourceError::File { path: self.path.clone(), cause },
            Wrong::Package(detail) => self.broken("gói / package", detail),
        })?;
        let mut book = Workbook::new(BufReader::new(file)).map_err(|e| self.unread("mục lục / workbook", &e))?;
        let sheet = self.sheet_of(&book)?;
        let header = self.header(&mut book, &sheet)?;
        let names: Vec<String> = header.names.iter().map(|(_, name)| name.clone()).collect();
        check_names(&self.place, &names)?;
        let written = Written {
            charset: self.font.map_or("unicode", Charset::word),
            given: self.font.is_some(),
            sheet: Some(sheet.clone()),
            ..Written::default()
        };
        Ok(Box::new(XlsxBook { format: self.clone(), file, book, sheet, header, names, written }))
    }

    fn moved(&self, path: PathBuf) -> Self {
        Self { place: format!("XLSX {}", path.display()), path, ..self.clone() }
    }
}

impl Xlsx {
    fn header(&self, book: &mut Workbook<Bytes<'_>>, sheet: &str) -> Result<Header, SourceError> {
        let at = || format!("trang / sheet {sheet}");
        let rows = self.wanted.row.unwrap_or(0).max(header::ROWS) + HIGHEST;
        let mut top = Top::default();
        let mut cells = book.worksheet_cells_reader(sheet).map_err(|e| self.unread(at(), &e))?;
        while let Some(cell) = cells.next_cell().map_err(|e| self.unread(at(), &e))? {
            let (row, column) = cell.get_position();
            if row >= rows {
                break;
            }
            let text = tidy(&value(cell.get_value(), row, column, self.font).text);
            if !text.is_empty() {
                if column >= header::width() {
                    return Err(self.broken(at(), format!("hơn / more than {} columns", header::width())));
                }
                top.cells.insert((row, column), text.chars().take(300).collect());
            }
        }
        drop(cells);
        top.merged = book.merge_cells_by_sheet_name(sheet).map_err(|e| self.unread(at(), &e))?;
        top.merged.retain(|area| area.start.0 < rows);
        top.find(&self.wanted).map_err(|detail| self.broken(at(), detail))
    }
}

struct XlsxBook<'f> {
    format: Xlsx,
    file: &'f File,
    book: Workbook<Bytes<'f>>,
    sheet: String,
    header: Header,
    names: Vec<String>,
    written: Written,
}

impl Book for XlsxBook<'_> {
    fn rows<'b>(&'b mut self) -> Result<Box<dyn Rows + 'b>, SourceError> {
        let cells = self
            .book
            .worksheet_cells_reader(&self.sheet)
            .map_err(|e| self.format.unread(format!("trang / sheet {}", self.sheet), &e))?;
        let last = self.header.names.last().map_or(0, |(column, _)| *column as usize);
        let mut columns = vec![None; last + 1];
        for (at, (column, _)) in self.header.names.iter().enumerate() {
            columns[*column as usize] = Some(at);
        }
        Ok(Box::new(SheetRows {
            format: &self.format,
            file: self.file,
            cells,
            columns,
            names: &self.names,
            data: self.header.data,
            written: &self.written,
            ahead: None,
            row: 0,
            current: vec![String::new(); self.names.len()],
            numbers: vec![0; self.names.len()],
            begun: false,
            ended: false,
        }))
    }
}

struct SheetRows<'b, 'f> {
    format: &'b Xlsx,
    file: &'f File,
    cells: XlsxCellReader<'b, Bytes<'f>>,
    /// By the sheet's column: which of the names it is.
    columns: Vec<Option<usize>>,
    names: &'b [String],
    data: u32,
    written: &'b Written,
    /// The first cell of the next row.
    ahead: Option<(u32, u32, Value)>,
    /// The row, as people count.
    row: u32,
    current: Vec<String>,
    numbers: Vec<u64>,
    begun: bool,
    /// The sheet has no more cells.
    ended: bool,
}

impl SheetRows<'_, '_> {
    /// The next cell that has a value and stands below the header.
    fn cell(&mut self) -> Result<Option<(u32, u32, Value)>, SourceError> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        while !self.ended {
            let cell = match self.cells.next_cell() {
                Ok(Some(cell)) => cell,
                Ok(None) => break,
                Err(error) => return Err(self.format.unread(format!("sau hàng / after row {}", self.row), &error)),
            };
            let (row, column) = cell.get_position();
            if row + 1 < self.row || column >= 16_384 || row >= 1_048_576 {
                let at = format!("sau hàng / after row {}", self.row);
                return Err(self.format.broken(at, "ô không đúng thứ tự / cells that are not in their order"));
            }
            if row >= self.data && !matches!(cell.get_value(), DataRef::Empty) {
                let value = value(cell.get_value(), row, column, self.format.font);
                if value.text.len() > LONGEST_FIELD {
                    let at = format!("ô / cell {}", cell_name(row, column));
                    return Err(self.format.broken(at, format!("longer than {LONGEST_FIELD} bytes")));
                }
                return Ok(Some((row, column, value)));
            }
        }
        self.ended = true;
        Ok(None)
    }

    /// Fills the current row; `false` at the end. Where the row's columns are all blank it says so.
    fn fill(&mut self, kinds: &mut Vec<usize>) -> Result<Option<bool>, SourceError> {
        let Some((row, mut column, mut value)) = self.cell()? else { return Ok(None) };
        self.row = row + 1;
        self.current.iter_mut().for_each(String::clear);
        let (mut filled, mut length) = (false, 0);
        loop {
            if let Some(at) = self.columns.get(column as usize).copied().flatten() {
                filled |= !value.text.trim().is_empty();
                length += value.text.len();
                if value.is_number {
                    kinds.push(at);
                }
                self.current[at] = value.text;
            }
            if length > LONGEST_RECORD {
                return Err(self
                    .format
                    .broken(format!("hàng / row {}", self.row), format!("longer than {LONGEST_RECORD} bytes")));
            }
            match self.cell()? {
                Some((next, at, found)) if next == row => (column, value) = (at, found),
                rest => {
                    self.ahead = rest;
                    return Ok(Some(filled));
                }
            }
        }
    }
}

impl Rows for SheetRows<'_, '_> {
    fn names(&self) -> &[String] {
        self.names
    }

    fn next(&mut self) -> Result<bool, SourceError> {
        let mut kinds = Vec::new();
        loop {
            kinds.clear();
            match self.fill(&mut kinds)? {
                None => return Ok(false),
                Some(false) => continue,
                Some(true) => {}
            }
            if !std::mem::replace(&mut self.begun, true) && is_numbering(&self.current) {
                continue;
            }
            for at in &kinds {
                self.numbers[*at] += 1;
            }
            return Ok(true);
        }
    }

    fn field(&self, column: usize) -> &str {
        self.current.get(column).map_or("", String::as_str)
    }

    fn number(&self) -> u64 {
        u64::from(self.row)
    }

    fn place_in_file(&self) -> u64 {
        u64::from(self.row)
    }

    fn digest(&mut self) -> Result<u128, SourceError> {
        let fault = |cause| SourceError::File { path: self.format.path.clone(), cause };
        let (mut file, mut hash, mut block) = (self.file, Xxh3::new(), vec![0; 64 * 1024]);
        file.seek(SeekFrom::Start(0)).map_err(fault)?;
        loop {
            match file.read(&mut block).map_err(fault)? {
                0 => return Ok(hash.digest128()),
                count => hash.update(&block[..count]),
            }
        }
    }

    fn written(&self) -> &Written {
        self.written
    }

    fn numbers(&self) -> BTreeMap<String, u64> {
        self.names.iter().cloned().zip(self.numbers.iter().copied()).filter(|(_, count)| *count > 0).collect()
    }
}
