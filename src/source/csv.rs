//! A file with delimited columns. It is read twice from one open handle: first to the end, to see that all of it
//! is sound and which keys occur twice; then again, in chunks. If the bytes differ, somebody wrote to it.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use tokio::sync::mpsc::Sender;
use xxhash_rust::xxh3::xxh3_64;

use super::chunk::{Builder, is_missing};
use super::records::Records;
use super::sql::{Found, pick};
use super::{Chunk, ScanEnd, SourceError, charset};
use crate::model::row::SEPARATOR;

/// A text file and how it is written.
#[derive(Debug, Clone)]
pub(super) struct Csv {
    path: PathBuf,
    place: String,
    pub delimiter: u8,
    pub quote: u8,
    pub header: bool,
    pub encoding: &'static Encoding,
}

impl Csv {
    pub fn open(
        base: &Path,
        path: &Path,
        delimiter: &str,
        quote: &str,
        header: bool,
        charset: &str,
    ) -> Result<Self, SourceError> {
        let path = base.join(path);
        let (delimiter, quote) = (one_byte("delimiter", delimiter)?, one_byte("quote", quote)?);
        if delimiter == quote {
            return Err(SourceError::Settings("`delimiter` and `quote` are the same character".to_owned()));
        }
        let encoding = charset::by_name(charset).map_err(SourceError::Settings)?;
        let csv = Self { place: format!("CSV {}", path.display()), path, delimiter, quote, header, encoding };
        csv.file()?;
        Ok(csv)
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    fn fault(&self, cause: std::io::Error) -> SourceError {
        SourceError::File { path: self.path.clone(), cause }
    }

    fn file(&self) -> Result<File, SourceError> {
        // A pipe would be waited for, and cannot be read twice.
        if !std::fs::metadata(&self.path).map_err(|e| self.fault(e))?.is_file() {
            return Err(SourceError::Settings(format!("{}: not a regular file", self.path.display())));
        }
        File::open(&self.path).map_err(|e| self.fault(e))
    }

    /// Runs work that blocks where it may.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(Self) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let csv = self.clone();
        tokio::task::spawn_blocking(move || work(csv)).await.unwrap_or_else(|error| {
            let detail = error.to_string();
            Err(SourceError::Broken { place: self.place.clone(), at: "…".to_owned(), detail })
        })
    }

    pub async fn describe(&self) -> Result<Vec<Found>, SourceError> {
        self.blocking(|csv| {
            let file = csv.file()?;
            Ok(found(Records::new(&csv, &csv.path, &file)?.names()))
        })
        .await
    }

    pub async fn scan(&self, key: &str, asked: &[String], out: Sender<Chunk>) -> Result<ScanEnd, SourceError> {
        let (key, asked) = (key.to_owned(), asked.to_owned());
        self.blocking(move |csv| csv.scan_now(&key, &asked, &out)).await
    }

    pub async fn find(&self, key: &str, asked: &[String], value: &str) -> Result<Option<(u64, String)>, SourceError> {
        let (key, asked, value) = (key.to_owned(), asked.to_owned(), value.to_owned());
        self.blocking(move |csv| {
            let file = csv.file()?;
            let mut records = Records::new(&csv, &csv.path, &file)?;
            let wanted = Wanted::among(&csv.place, records.names(), &key, &asked)?;
            while let Some(record) = records.next()? {
                if record.get(wanted.key) == Some(&value) {
                    let mut packed = String::new();
                    wanted.pack(record, &mut packed);
                    return Ok(Some((records.number(), packed)));
                }
            }
            Ok(None)
        })
        .await
    }

    fn scan_now(&self, key: &str, asked: &[String], out: &Sender<Chunk>) -> Result<ScanEnd, SourceError> {
        let mut file = self.file()?;
        let (twice, first) = self.look(&file, key, asked, out)?;
        file.seek(SeekFrom::Start(0)).map_err(|e| self.fault(e))?;
        match self.stream(&file, key, asked, &twice, out) {
            Ok((end, second)) if first == second => Ok(end),
            Err(SourceError::Cancelled) => Err(SourceError::Cancelled),
            Err(error @ SourceError::File { .. }) => Err(error),
            // The first look found nothing wrong with the same file.
            Ok(_) | Err(_) => Err(SourceError::Changed { path: self.path.clone() }),
        }
    }

    /// Reads everything; gives the hashes of keys that occur twice (sorted) and the hash of the bytes.
    /// Eight bytes a row are kept until then.
    fn look(
        &self,
        file: &File,
        key: &str,
        asked: &[String],
        out: &Sender<Chunk>,
    ) -> Result<(Vec<u64>, u128), SourceError> {
        let mut records = Records::new(self, &self.path, file)?;
        let wanted = Wanted::among(&self.place, records.names(), key, asked)?;
        let mut hashes = Vec::new();
        while let Some(record) = records.next()? {
            let key = record.get(wanted.key).unwrap_or_default();
            if !is_missing(key) {
                hashes.push(xxh3_64(key.as_bytes()));
            }
            if records.number() % 1024 == 0 && out.is_closed() {
                return Err(SourceError::Cancelled);
            }
        }
        hashes.sort_unstable();
        let mut twice: Vec<u64> = hashes.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
        twice.dedup();
        Ok((twice, records.digest()))
    }

    fn stream(
        &self,
        file: &File,
        key: &str,
        asked: &[String],
        twice: &[u64],
        out: &Sender<Chunk>,
    ) -> Result<(ScanEnd, u128), SourceError> {
        let mut records = Records::new(self, &self.path, file)?;
        let wanted = Wanted::among(&self.place, records.names(), key, asked)?;
        let mut builder = Builder::default();
        let send = |chunk: Chunk| out.blocking_send(chunk).map_err(|_| SourceError::Cancelled);
        while let Some(record) = records.next()? {
            let key = record.get(wanted.key).unwrap_or_default();
            let is_twice =
                !twice.is_empty() && !is_missing(key) && twice.binary_search(&xxh3_64(key.as_bytes())).is_ok();
            builder.add(key, is_twice, |text| wanted.pack(record, text)).map(send).transpose()?;
        }
        let (last, end) = builder.finish();
        last.map(send).transpose()?;
        Ok((end, records.digest()))
    }
}

/// Where the asked columns stand in a record.
struct Wanted {
    key: usize,
    columns: Vec<usize>,
}

impl Wanted {
    fn among(place: &str, names: &[String], key: &str, asked: &[String]) -> Result<Self, SourceError> {
        pick(place, &found(names), key, asked)?;
        let at = |name: &str| names.iter().position(|n| n == name).unwrap_or(usize::MAX);
        Ok(Self { key: at(key), columns: asked.iter().map(|a| at(a)).collect() })
    }

    fn pack(&self, record: &csv::StringRecord, text: &mut String) {
        for (i, column) in self.columns.iter().enumerate() {
            if i > 0 {
                text.push(SEPARATOR);
            }
            text.push_str(record.get(*column).unwrap_or_default());
        }
    }
}

fn found(names: &[String]) -> Vec<Found> {
    names.iter().map(|name| Found { name: name.clone(), kind: None, native: String::new() }).collect()
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
