//! A file of rows, whatever its format. It is read twice from one open handle: first to the end, to see that all of it
//! is sound, that its words are Vietnamese and which keys occur twice; then again, in chunks. If the bytes differ,
//! somebody wrote to it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc::Sender;
use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64;

use super::chunk::{Builder, is_missing};
use super::reading::Reading;
use super::sql::{Found, pick};
use super::syllable::Spelling;
use super::{Chunk, ScanEnd, SourceError};
use crate::model::row::SEPARATOR;

/// The longest field, in bytes.
pub(super) const LONGEST_FIELD: usize = 64 * 1024;
/// The longest record, in bytes.
pub(super) const LONGEST_RECORD: usize = 1 << 20;
/// More columns than this are refused.
pub(super) const MOST_COLUMNS: usize = 500;
/// Fewer impossible words stop no scan.
const FEW_WORDS: u64 = 20;
/// A scan stops where so many of a hundred words are impossible: of a charset that was guessed, of one that was given.
const MOST_IMPOSSIBLE: (u64, u64) = (20, 50);

/// How a file turned out to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    /// The charset's name.
    pub charset: &'static str,
    /// The operator said so.
    pub given: bool,
    /// What spoke for it, in percent, and for the next best.
    pub share: Option<u64>,
    pub next: Option<(&'static str, u64)>,
    /// Of a workbook: the sheet.
    pub sheet: Option<String>,
}

/// The rows of a file, one by one, each sound.
pub(super) trait Rows {
    /// The columns' names, in the file's order.
    fn names(&self) -> &[String];
    /// Goes on to the next row; `false` at the end.
    fn next(&mut self) -> Result<bool, SourceError>;
    /// A column of the row.
    fn field(&self, column: usize) -> &str;
    /// The number by which people find the row, and as which it is delivered.
    fn number(&self) -> u64;
    /// The line or row of the file.
    fn place_in_file(&self) -> u64;
    /// The hash of the file's bytes; asked at the end.
    fn digest(&mut self) -> Result<u128, SourceError>;
    /// How the file is written.
    fn written(&self) -> &Written;
    /// In which columns so many values are kept as numbers.
    fn numbers(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}

/// A file whose rows can be read.
pub(super) trait Book {
    /// Reads from the beginning.
    fn rows<'b>(&'b mut self) -> Result<Box<dyn Rows + 'b>, SourceError>;
}

/// A kind of file.
pub(super) trait Format: Clone + Send + Sync + 'static {
    /// Format and path for people.
    fn place(&self) -> &str;
    /// The file.
    fn path(&self) -> &Path;
    /// Looks how the file is written; it is at its beginning.
    fn book<'f>(&self, file: &'f File) -> Result<Box<dyn Book + 'f>, SourceError>;
    /// The same of another file.
    fn moved(&self, path: PathBuf) -> Self;
}

/// Opens a format's file.
pub(super) fn opened(format: &impl Format) -> Result<File, SourceError> {
    let path = format.path();
    let fault = |cause| SourceError::File { path: path.to_owned(), cause };
    // A pipe would be waited for, and cannot be read twice.
    if !std::fs::metadata(path).map_err(fault)?.is_file() {
        return Err(SourceError::Settings(format!("{}: not a regular file", path.display())));
    }
    File::open(path).map_err(fault)
}

/// Runs work that blocks where it may.
async fn blocking<F: Format, T: Send + 'static>(
    format: &F,
    work: impl FnOnce(F) -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let own = format.clone();
    tokio::task::spawn_blocking(move || work(own)).await.unwrap_or_else(|error| {
        let detail = error.to_string();
        Err(SourceError::Broken { place: format.place().to_owned(), at: "…".to_owned(), detail })
    })
}

pub(super) async fn describe(format: &impl Format) -> Result<Vec<Found>, SourceError> {
    blocking(format, |format| {
        let file = opened(&format)?;
        let mut book = format.book(&file)?;
        let rows = book.rows()?;
        Ok(found(rows.names()))
    })
    .await
}

/// Reads all of the file and tells how it was read.
pub(super) async fn reading(format: &impl Format) -> Result<Reading, SourceError> {
    blocking(format, |format| {
        let file = opened(&format)?;
        let mut book = format.book(&file)?;
        let mut rows = book.rows()?;
        let (mut spelling, mut count) = (Spelling::default(), 0);
        while rows.next()? {
            see(&*rows, &mut spelling);
            count += 1;
        }
        Ok(Reading::of(format.path(), rows.written(), rows.names(), count, &spelling, rows.numbers()))
    })
    .await
}

pub(super) async fn scan(
    format: &impl Format,
    key: &str,
    asked: &[String],
    out: Sender<Chunk>,
) -> Result<ScanEnd, SourceError> {
    let (key, asked) = (key.to_owned(), asked.to_owned());
    blocking(format, move |format| scan_now(&format, &key, &asked, &out)).await
}

pub(super) async fn find(
    format: &impl Format,
    key: &str,
    asked: &[String],
    value: &str,
) -> Result<Option<(u64, String)>, SourceError> {
    let (key, asked, value) = (key.to_owned(), asked.to_owned(), value.nfc().collect::<String>());
    blocking(format, move |format| {
        let file = opened(&format)?;
        let mut book = format.book(&file)?;
        let mut rows = book.rows()?;
        let wanted = Wanted::among(format.place(), rows.names(), &key, &asked)?;
        while rows.next()? {
            if plain(rows.field(wanted.key)) == value {
                let mut packed = String::new();
                wanted.pack(&*rows, &mut packed);
                return Ok(Some((rows.number(), packed)));
            }
        }
        Ok(None)
    })
    .await
}

fn scan_now(format: &impl Format, key: &str, asked: &[String], out: &Sender<Chunk>) -> Result<ScanEnd, SourceError> {
    let mut file = opened(format)?;
    let (twice, first) = look(format, &file, key, asked, out)?;
    file.seek(SeekFrom::Start(0)).map_err(|cause| SourceError::File { path: format.path().to_owned(), cause })?;
    match stream(format, &file, key, asked, &twice, out) {
        Ok((end, second)) if first == second => Ok(end),
        Err(SourceError::Cancelled) => Err(SourceError::Cancelled),
        Err(error @ SourceError::File { .. }) => Err(error),
        // The first look found nothing wrong with the same file.
        Ok(_) | Err(_) => Err(SourceError::Changed { path: format.path().to_owned() }),
    }
}

/// Reads everything; gives the hashes of keys that occur twice (sorted) and the hash of the bytes.
/// Eight bytes a row are kept until then.
fn look(
    format: &impl Format,
    file: &File,
    key: &str,
    asked: &[String],
    out: &Sender<Chunk>,
) -> Result<(Vec<u64>, u128), SourceError> {
    let mut book = format.book(file)?;
    let mut rows = book.rows()?;
    let wanted = Wanted::among(format.place(), rows.names(), key, asked)?;
    let (mut hashes, mut spelling, mut count) = (Vec::new(), Spelling::default(), 0_u64);
    while rows.next()? {
        let key = plain(rows.field(wanted.key));
        if !is_missing(&key) {
            hashes.push(xxh3_64(key.as_bytes()));
        }
        see(&*rows, &mut spelling);
        count += 1;
        if count % 1024 == 0 && out.is_closed() {
            return Err(SourceError::Cancelled);
        }
    }
    check_words(format.path(), rows.written(), &spelling)?;
    hashes.sort_unstable();
    let mut twice: Vec<u64> = hashes.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
    twice.dedup();
    Ok((twice, rows.digest()?))
}

fn stream(
    format: &impl Format,
    file: &File,
    key: &str,
    asked: &[String],
    twice: &[u64],
    out: &Sender<Chunk>,
) -> Result<(ScanEnd, u128), SourceError> {
    let mut book = format.book(file)?;
    let mut rows = book.rows()?;
    let wanted = Wanted::among(format.place(), rows.names(), key, asked)?;
    let mut builder = Builder::default();
    let send = |chunk: Chunk| out.blocking_send(chunk).map_err(|_| SourceError::Cancelled);
    while rows.next()? {
        let key = plain(rows.field(wanted.key));
        let is_twice = !twice.is_empty() && !is_missing(&key) && twice.binary_search(&xxh3_64(key.as_bytes())).is_ok();
        builder.add(rows.number(), &key, is_twice, |text| wanted.pack(&*rows, text)).map(send).transpose()?;
    }
    let (last, end) = builder.finish();
    last.map(send).transpose()?;
    Ok((end, rows.digest()?))
}

/// A key as it is known: the same whether letters and marks came in one piece or in several.
fn plain(key: &str) -> std::borrow::Cow<'_, str> {
    if key.is_ascii() { key.into() } else { key.nfc().collect::<String>().into() }
}

fn see(rows: &dyn Rows, spelling: &mut Spelling) {
    for column in 0..rows.names().len() {
        spelling.see(rows.field(column), rows.place_in_file());
    }
}

/// Stops before anything is sent where the words are no Vietnamese.
pub(super) fn check_words(path: &Path, written: &Written, spelling: &Spelling) -> Result<(), SourceError> {
    let limit = if written.given { MOST_IMPOSSIBLE.1 } else { MOST_IMPOSSIBLE.0 };
    if spelling.bad < FEW_WORDS || spelling.percent_bad() <= limit {
        return Ok(());
    }
    Err(SourceError::Garbled {
        path: path.to_owned(),
        row: spelling.first_bad.unwrap_or_default(),
        charset: written.charset,
        impossible: spelling.bad,
        words: spelling.good + spelling.bad,
    })
}

/// Names that occur twice are refused.
pub(super) fn check_names(place: &str, names: &[String]) -> Result<(), SourceError> {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    let mut twice: Vec<String> = sorted.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0].clone()).collect();
    twice.dedup();
    if twice.is_empty() { Ok(()) } else { Err(SourceError::Ambiguous { place: place.to_owned(), names: twice }) }
}

/// Where the asked columns stand in a row.
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

    fn pack(&self, rows: &dyn Rows, text: &mut String) {
        for (i, column) in self.columns.iter().enumerate() {
            if i > 0 {
                text.push(SEPARATOR);
            }
            text.push_str(rows.field(*column));
        }
    }
}

fn found(names: &[String]) -> Vec<Found> {
    names.iter().map(|name| Found { name: name.clone(), kind: None, native: String::new() }).collect()
}
