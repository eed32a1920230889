//! The records of a delimited file, one by one, each sound: bounded, as wide as the header, valid in its charset.

use std::fs::File;
use std::path::PathBuf;

use csv::{ReaderBuilder, StringRecord};
use unicode_normalization::UnicodeNormalization;

use super::SourceError;
use super::charset::{Charset, Decoded, MARK, TooLong, restore};
use super::csv::Csv;
use super::tabular::{Format as _, LONGEST_FIELD, LONGEST_RECORD, MOST_COLUMNS, Rows, Written, check_names};

const BUFFER: usize = 64 * 1024;

/// Reads records from the start of a file.
pub(super) struct Records<'f> {
    reader: csv::Reader<Decoded<&'f File>>,
    record: StringRecord,
    names: Vec<String>,
    /// Without a header the first record is data and has been read to know the width.
    pending: bool,
    number: u64,
    path: PathBuf,
    charset: Charset,
    written: Written,
}

impl<'f> Records<'f> {
    pub fn new(csv: &Csv, file: &'f File, charset: Charset, written: Written) -> Result<Self, SourceError> {
        let reader = ReaderBuilder::new()
            .delimiter(csv.delimiter)
            .quote(csv.quote)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER)
            .from_reader(Decoded::new(file, charset));
        let mut records = Self {
            reader,
            record: StringRecord::new(),
            names: Vec::new(),
            pending: false,
            number: 0,
            path: csv.path().to_owned(),
            charset,
            written,
        };
        if !records.read()? {
            return Err(records.broken(1, None, "tệp trống / the file is empty; a header line is expected".to_owned()));
        }
        records.name_columns(csv.header)?;
        Ok(records)
    }

    fn name_columns(&mut self, header: bool) -> Result<(), SourceError> {
        let width = self.record.len();
        if width > MOST_COLUMNS {
            return Err(self.broken(
                self.line(),
                None,
                format!("{width} columns; at most {MOST_COLUMNS} are possible"),
            ));
        }
        if !header {
            self.names = (1..=width).map(|i| format!("c{i}")).collect();
            self.pending = true;
            return Ok(());
        }
        self.names = self.record.iter().map(|name| name.nfc().collect()).collect();
        if let Some(at) = self.names.iter().position(|name| name.trim().is_empty()) {
            return Err(self.broken(
                self.line(),
                None,
                format!("cột {} không có tên / column {} has no name", at + 1, at + 1),
            ));
        }
        check_names(&format!("CSV {}", self.path.display()), &self.names)
    }

    /// Reads a record; `false` at the end of the file.
    fn read(&mut self) -> Result<bool, SourceError> {
        // Doubled quotes make the raw form at most twice as long.
        self.reader.get_mut().allow(2 * LONGEST_RECORD + BUFFER);
        let more = match self.reader.read_record(&mut self.record) {
            Ok(more) => more,
            Err(error) => return Err(self.failed(error)),
        };
        let open = || "dấu ngoặc kép không đóng / a quote is not closed before the end of the file".to_owned();
        let length = self.record.as_slice().len();
        let line = self.line();
        if self.reader.get_ref().wrong_at().is_some_and(|at| at < self.reader.position().byte()) {
            let column = self.record.iter().position(|field| field.contains(['\u{fffd}', '\0']) || has_controls(field));
            return Err(self.broken(
                line,
                column,
                "ký tự không hợp lệ trong bảng mã / a byte that the charset does not have; is `charset` right?"
                    .to_owned(),
            ));
        }
        if !more {
            return Err(self.broken(line, None, open()));
        }
        if self.record.len() == 1 && self.record.get(0) == Some(MARK) {
            return Ok(false);
        }
        if self.record.as_slice().trim_end_matches('\n').ends_with(MARK) {
            return Err(self.broken(line, None, open()));
        }
        if length > LONGEST_RECORD {
            return Err(self.broken(line, None, too_long("the record", LONGEST_RECORD)));
        }
        if length > LONGEST_FIELD
            && let Some(column) = self.record.iter().position(|field| field.len() > LONGEST_FIELD)
        {
            return Err(self.broken(line, Some(column), too_long("the field", LONGEST_FIELD)));
        }
        if self.charset.is_old() && !self.record.as_slice().is_ascii() {
            self.put_together();
        }
        Ok(true)
    }

    /// Letters and their marks become one; in TCVN3 capitals come back.
    fn put_together(&mut self) {
        let position = self.record.position().cloned();
        let mut whole = StringRecord::with_capacity(self.record.as_slice().len(), self.record.len());
        for field in &self.record {
            if self.charset == Charset::Tcvn3 {
                whole.push_field(&restore(field));
            } else {
                whole.push_field(&field.nfc().collect::<String>());
            }
        }
        whole.set_position(position);
        self.record = whole;
    }

    fn failed(&self, error: csv::Error) -> SourceError {
        let line = self.reader.position().line();
        match error.into_kind() {
            csv::ErrorKind::Io(error) if error.get_ref().and_then(|e| e.downcast_ref::<TooLong>()).is_some() => {
                self.broken(line, None, too_long("the record", LONGEST_RECORD))
            }
            csv::ErrorKind::Io(cause) => SourceError::File { path: self.path.clone(), cause },
            _ => self.broken(line, None, "không đọc được / not readable".to_owned()),
        }
    }

    /// The line on which the last record began.
    fn line(&self) -> u64 {
        self.record.position().map_or(1, csv::Position::line)
    }

    fn broken(&self, line: u64, column: Option<usize>, detail: String) -> SourceError {
        let column = column.map(|at| match self.names.get(at) {
            Some(name) => format!(", cột / column `{name}`"),
            None => format!(", cột / column {}", at + 1),
        });
        SourceError::Broken {
            place: format!("CSV {}", self.path.display()),
            at: format!("dòng / line {line}{}", column.unwrap_or_default()),
            detail,
        }
    }
}

impl Rows for Records<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn next(&mut self) -> Result<bool, SourceError> {
        if !std::mem::take(&mut self.pending) && !self.read()? {
            return Ok(false);
        }
        self.number += 1;
        let (expected, found) = (self.names.len(), self.record.len());
        if found != expected {
            let detail = format!(
                "{found} cột thay vì {expected} / columns instead of {expected}: a delimiter or quote is missing or too many"
            );
            return Err(self.broken(self.line(), None, detail));
        }
        Ok(true)
    }

    fn field(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default()
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn place_in_file(&self) -> u64 {
        self.line()
    }

    fn digest(&mut self) -> Result<u128, SourceError> {
        Ok(self.reader.get_ref().digest())
    }

    fn written(&self) -> &Written {
        &self.written
    }
}

fn has_controls(field: &str) -> bool {
    field.contains(|c: char| ('\u{80}'..='\u{9f}').contains(&c))
}

fn too_long(what: &str, limit: usize) -> String {
    format!("quá dài / {what} is longer than {limit} bytes; is a quote left open before it?")
}
