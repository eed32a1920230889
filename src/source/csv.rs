//! A file with delimited columns: how it is written. Reading it is `tabular`'s, record by record from `records`.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::SourceError;
use super::charset::{Charset, guess};
use super::records::Records;
use super::tabular::{Book, Format, Rows, Written};

/// A text file and how it is written.
#[derive(Debug, Clone)]
pub(super) struct Csv {
    path: PathBuf,
    place: String,
    pub delimiter: u8,
    pub quote: u8,
    pub header: bool,
    /// `None`: found by evidence, each time that the file is read.
    charset: Option<Charset>,
}

impl Csv {
    pub fn open(path: PathBuf, delimiter: &str, quote: &str, header: bool, charset: &str) -> Result<Self, SourceError> {
        let (delimiter, quote) = (one_byte("delimiter", delimiter)?, one_byte("quote", quote)?);
        if delimiter == quote {
            return Err(SourceError::Settings("`delimiter` and `quote` are the same character".to_owned()));
        }
        let charset = Charset::by_name(charset).map_err(SourceError::Settings)?;
        Ok(Self { place: format!("CSV {}", path.display()), path, delimiter, quote, header, charset })
    }

    fn written(&self, file: &File) -> Result<(Charset, Written), SourceError> {
        let mut written = Written { given: self.charset.is_some(), ..Written::default() };
        let charset = if let Some(charset) = self.charset {
            charset
        } else {
            let found = guess(file).map_err(|cause| SourceError::File { path: self.path.clone(), cause })?;
            let found = found.map_err(|scores| SourceError::Charset { path: self.path.clone(), scores })?;
            written.share = found.share;
            written.next = found.next.map(|(charset, share)| (charset.word(), share));
            found.charset
        };
        written.charset = charset.word();
        Ok((charset, written))
    }
}

impl Format for Csv {
    fn place(&self) -> &str {
        &self.place
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn book<'f>(&self, file: &'f File) -> Result<Box<dyn Book + 'f>, SourceError> {
        Ok(Box::new(CsvBook { csv: self.clone(), file }))
    }

    fn moved(&self, path: PathBuf) -> Self {
        Self { place: format!("CSV {}", path.display()), path, ..self.clone() }
    }
}

struct CsvBook<'f> {
    csv: Csv,
    file: &'f File,
}

impl Book for CsvBook<'_> {
    fn rows<'b>(&'b mut self) -> Result<Box<dyn Rows + 'b>, SourceError> {
        let (charset, written) = self.csv.written(self.file)?;
        Ok(Box::new(Records::new(&self.csv, self.file, charset, written)?))
    }
}

/// `\t` or one ASCII character that can stand between columns.
fn one_byte(setting: &str, text: &str) -> Result<u8, SourceError> {
    match if text == "\\t" { b"\t" } else { text.as_bytes() } {
        [byte] if byte.is_ascii_punctuation() || matches!(byte, b'\t' | b' ') => Ok(*byte),
        _ => Err(SourceError::Settings(format!(
            "{setting} = {text:?}: phải là một ký tự ASCII / must be one ASCII punctuation character, or \\t"
        ))),
    }
}
