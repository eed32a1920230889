//! A batch as a file: one row a record, in the system's columns.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use serde_json::{Map, Value};

use super::super::encode::{Item, members};
use super::super::soap::{Names, SoapForm};

/// Without it, spreadsheets read UTF-8 as something else.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// What is between the entries of a list in one cell.
const BETWEEN: &str = ";";

/// The kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileKind {
    /// A workbook with one sheet; every cell is text, so that no zero is lost.
    #[default]
    Xlsx,
    /// Comma separated, UTF-8 with a byte order mark, which spreadsheets need to see.
    Csv,
    /// The SOAP form's element without its envelope.
    Xml,
}

impl FileKind {
    /// The words of the profile, which are the files' endings too.
    pub const WORDS: [(&'static str, Self); 3] = [("xlsx", Self::Xlsx), ("csv", Self::Csv), ("xml", Self::Xml)];

    /// The file's ending.
    pub fn ending(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("xlsx", |(word, _)| word)
    }
}

/// What the profile says of one entity's files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileForm {
    /// The kind of file.
    pub kind: FileKind,
    /// The sheet's name.
    pub sheet: String,
    /// The record's fields in the order of the columns, by the contract's names.
    pub columns: Vec<String>,
    /// For XML: its elements.
    pub xml: SoapForm,
}

impl FileForm {
    /// The file of a batch; the same rows always give the same bytes. Empty where a workbook cannot hold it (a text of
    /// more than 32,767 characters).
    pub fn write(
        &self,
        names: Names<'_>,
        (province, batch_key, sent_at): (&str, &str, &str),
        items: &[(Item<'_>, &str)],
    ) -> Vec<u8> {
        match self.kind {
            FileKind::Xml => self.xml(names, (province, batch_key, sent_at), items),
            FileKind::Csv => csv(&self.table(names, batch_key, items)),
            // A workbook that cannot be written is no bytes at all: delivery refuses to send those.
            FileKind::Xlsx => self.workbook(&self.table(names, batch_key, items)).unwrap_or_default(),
        }
    }

    /// What a person sees of a file: a workbook's table as CSV.
    pub fn shown(&self, names: Names<'_>, batch_key: &str, items: &[(Item<'_>, &str)]) -> Vec<u8> {
        csv(&self.table(names, batch_key, items)).split_off(BYTE_ORDER_MARK.len())
    }

    fn table(&self, names: Names<'_>, batch_key: &str, items: &[(Item<'_>, &str)]) -> Vec<Vec<String>> {
        let records: Vec<Map<String, Value>> = items.iter().map(|(item, _)| members(item.canonical)).collect();
        // A field without a column of its own gets one at the end: nothing is left out.
        let mut columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        for name in records.iter().flat_map(Map::keys) {
            if !columns.contains(&name.as_str()) {
                columns.push(name);
            }
        }
        let wire = |name: &str| -> String {
            let renamed = names.rename.iter().find(|(from, _)| from == name);
            renamed.map_or_else(|| name.to_owned(), |(_, to)| to.name().to_owned())
        };
        let fixed = [
            names.batch.batch_key.name(),
            names.batch.reference.name(),
            names.batch.version.name(),
            names.batch.action.name(),
        ];
        let head: Vec<String> = fixed.iter().map(|n| (*n).to_owned()).chain(columns.iter().map(|n| wire(n))).collect();
        let rows = items.iter().zip(&records).map(|((item, word), record)| {
            let own = [batch_key, item.reference, item.version, word].map(str::to_owned);
            own.into_iter().chain(columns.iter().map(|name| record.get(*name).map_or_else(String::new, cell))).collect()
        });
        std::iter::once(head).chain(rows).collect()
    }

    /// The name of a batch's file, but for its number.
    pub fn file_name(&self, path: &str, batch_key: &str) -> String {
        format!("{}-{batch_key}.{}", path.trim_matches('/').replace('/', "-"), self.kind.ending())
    }

    fn xml(
        &self,
        names: Names<'_>,
        (province, batch_key, sent_at): (&str, &str, &str),
        items: &[(Item<'_>, &str)],
    ) -> Vec<u8> {
        let mut out = self.xml.bare_head(names, province, batch_key, sent_at);
        for (item, word) in items {
            out.push_str(&self.xml.item(names, word, item));
        }
        out.push_str(&self.xml.bare_tail(names));
        out.into_bytes()
    }

    fn workbook(&self, table: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        // Any day will do, as long as it is always the same.
        let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let sheet = book.add_worksheet();
        sheet.set_name(&self.sheet)?;
        let (head, text) = (Format::new().set_bold().set_num_format("@"), Format::new().set_num_format("@"));
        for (row, cells) in (0..).zip(table) {
            for (column, value) in (0..).zip(cells) {
                sheet.write_string_with_format(row, column, value, if row == 0 { &head } else { &text })?;
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        book.save_to_buffer()
    }
}

/// A value as one cell: lists with semicolons, objects as JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(BETWEEN)
        }
        other => other.to_string(),
    }
}

fn csv(table: &[Vec<String>]) -> Vec<u8> {
    let mut out = BYTE_ORDER_MARK.to_vec();
    for row in table {
        for (at, value) in row.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            // RFC 4180, 2.6 and 2.7.
            if value.contains([',', '"', '\r', '\n']) {
                out.push(b'"');
                out.extend_from_slice(value.replace('"', "\"\"").as_bytes());
                out.push(b'"');
            } else {
                out.extend_from_slice(value.as_bytes());
            }
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}
