//! A drop folder: files that others put there, each taken once, in the order of their names.
//!
//! A file is taken when it is finished: length and time of change are the same in two looks some seconds apart, or
//! `NAME.done` stands beside it. The run that took it moves it to `taken/` with a receipt; one that cannot be read goes
//! to `refused/` with the reason. Who is known by content is the caller's to say: this room has no memory.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::Sender;

use super::config::FolderOptions;
use super::csv::Csv;
use super::sql::Found;
use super::tabular::{self, Book, Format};
use super::xlsx::Xlsx;
use super::{Chunk, Reading, ScanEnd, SourceError};

/// More files than this are not looked through.
const MOST_FILES: usize = 10_000;

/// A finished file of a drop folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its name.
    pub name: String,
    /// SHA-256 of its content, in hexadecimal digits.
    pub hash: String,
    path: PathBuf,
}

/// Whether a source has something to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// It always has.
    Always,
    /// A drop folder with a finished file, the next in order.
    File(Delivery),
    /// A drop folder without one.
    Nothing,
}

/// How the folder's files are read.
#[derive(Debug, Clone)]
pub(super) enum Table {
    Csv(Csv),
    Xlsx(Box<Xlsx>),
}

impl Format for Table {
    fn place(&self) -> &str {
        match self {
            Self::Csv(csv) => csv.place(),
            Self::Xlsx(xlsx) => xlsx.place(),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Csv(csv) => csv.path(),
            Self::Xlsx(xlsx) => xlsx.path(),
        }
    }

    fn book<'f>(&self, file: &'f File) -> Result<Box<dyn Book + 'f>, SourceError> {
        match self {
            Self::Csv(csv) => csv.book(file),
            Self::Xlsx(xlsx) => xlsx.book(file),
        }
    }

    fn moved(&self, path: PathBuf) -> Self {
        match self {
            Self::Csv(csv) => Self::Csv(csv.moved(path)),
            Self::Xlsx(xlsx) => Self::Xlsx(Box::new(xlsx.moved(path))),
        }
    }
}

/// The folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    place: String,
    table: Table,
    options: FolderOptions,
    /// The file that is being read.
    current: Mutex<Option<Delivery>>,
}

/// Length and time of change: what a writer changes.
type Look = (PathBuf, String, u64, Option<SystemTime>);

impl Folder {
    pub fn open(path: PathBuf, table: Table, options: FolderOptions) -> Result<Self, SourceError> {
        if options.settle > Duration::from_secs(30) {
            return Err(SourceError::Settings("settle_seconds: 0 … 30".to_owned()));
        }
        if !path.is_dir() {
            return Err(SourceError::Settings(format!("{}: không phải thư mục / not a folder", path.display())));
        }
        let place = format!("thư mục / folder {}", path.display());
        Ok(Self { path, place, table, options, current: Mutex::new(None) })
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn expect(&mut self, names: Vec<String>) {
        if let Table::Xlsx(xlsx) = &mut self.table {
            xlsx.expect(names);
        }
    }

    /// Whether who is not in a file is gone.
    pub fn is_complete(&self) -> bool {
        self.options.complete
    }

    fn fault(&self, cause: std::io::Error) -> SourceError {
        SourceError::File { path: self.path.clone(), cause }
    }

    /// The next finished file, which is then the one that is read.
    pub async fn ready(&self) -> Result<Ready, SourceError> {
        self.hold(None);
        let mut first = self.look()?;
        if first.is_empty() {
            return Ok(Ready::Nothing);
        }
        if !self.options.marked {
            tokio::time::sleep(self.options.settle).await;
            let second = self.look()?;
            // In order: a file behind one that is still being written waits with it.
            let settled = first.first().is_some_and(|file| second.first() == Some(file));
            if !settled {
                return Ok(Ready::Nothing);
            }
        }
        let (path, name, length, changed) = first.swap_remove(0);
        let hash = hash_of(&path).await?;
        let now = std::fs::metadata(&path).map_err(|cause| SourceError::File { path: path.clone(), cause })?;
        if now.len() != length || now.modified().ok() != changed {
            return Ok(Ready::Nothing);
        }
        let delivery = Delivery { name, hash, path };
        self.hold(Some(delivery.clone()));
        Ok(Ready::File(delivery))
    }

    fn hold(&self, delivery: Option<Delivery>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = delivery;
    }

    fn held(&self) -> Option<Delivery> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The files that may be taken, by name.
    fn look(&self) -> Result<Vec<Look>, SourceError> {
        let mut found = Vec::new();
        for (nth, entry) in std::fs::read_dir(&self.path).map_err(|e| self.fault(e))?.enumerate() {
            if nth >= MOST_FILES {
                let told = format!("{}: hơn / more than {MOST_FILES} files", self.path.display());
                return Err(SourceError::Settings(told));
            }
            let entry = entry.map_err(|e| self.fault(e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !self.is_ours(&name) {
                continue;
            }
            // A file that went away meanwhile is none; a link is no file of this folder.
            let Ok(about) = std::fs::symlink_metadata(entry.path()) else { continue };
            let marked = !self.options.marked || marker(&entry.path()).is_file();
            if about.is_file() && marked {
                found.push((entry.path(), name, about.len(), about.modified().ok()));
            }
        }
        found.sort_by(|a, b| a.1.cmp(&b.1));
        Ok(found)
    }

    fn is_ours(&self, name: &str) -> bool {
        let lower = name.to_lowercase();
        let half = ["~$", ".", "~"].iter().any(|start| lower.starts_with(start))
            || [".tmp", ".part", ".crdownload", ".done", "~"].iter().any(|end| lower.ends_with(end));
        !half && matches(&self.options.pattern.to_lowercase(), &lower)
    }

    /// The file that is read now; where none is, the next one.
    async fn table(&self) -> Result<(Table, Delivery), SourceError> {
        let held = match self.held() {
            Some(held) => held,
            None => match self.ready().await? {
                Ready::File(file) => file,
                _ => return Err(SourceError::Waiting { path: self.path.clone() }),
            },
        };
        Ok((self.table.moved(held.path.clone()), held))
    }

    pub async fn describe(&self) -> Result<Vec<Found>, SourceError> {
        tabular::describe(&self.table().await?.0).await
    }

    pub async fn reading(&self) -> Result<Reading, SourceError> {
        tabular::reading(&self.table().await?.0).await
    }

    pub async fn find(&self, key: &str, asked: &[String], value: &str) -> Result<Option<(u64, String)>, SourceError> {
        tabular::find(&self.table().await?.0, key, asked, value).await
    }

    pub async fn scan(&self, key: &str, asked: &[String], out: Sender<Chunk>) -> Result<ScanEnd, SourceError> {
        let (table, held) = self.table().await?;
        let end = tabular::scan(&table, key, asked, out).await?;
        // What was read is what is written down as taken.
        if hash_of(&held.path).await? == held.hash { Ok(end) } else { Err(SourceError::Changed { path: held.path }) }
    }

    /// Moves a file that was taken, with its receipt.
    pub async fn settle(&self, file: &Delivery, receipt: &serde_json::Value) -> Result<PathBuf, SourceError> {
        self.put_away(file, "taken", "receipt.json", receipt).await
    }

    /// Moves a file that cannot be read, with the reason.
    pub async fn refuse(&self, file: &Delivery, reason: &serde_json::Value) -> Result<PathBuf, SourceError> {
        self.put_away(file, "refused", "reason.json", reason).await
    }

    async fn put_away(
        &self,
        file: &Delivery,
        folder: &str,
        ending: &str,
        told: &serde_json::Value,
    ) -> Result<PathBuf, SourceError> {
        let folder = self.path.join(folder);
        std::fs::create_dir_all(&folder).map_err(|e| self.fault(e))?;
        let own = format!("{}-{}", file.hash.get(..12).unwrap_or_default(), file.name);
        let target = folder.join(&own);
        // The same content again: what was said of it the first time stays.
        let said = if target.exists() { format!("{own}.again.{ending}") } else { format!("{own}.{ending}") };
        let half = folder.join(format!(".{said}.tmp"));
        // What was laid there under the same name since it was read is another file: it stays, and is read in its turn.
        let is_other = hash_of(&file.path).await? != file.hash;
        let write = || -> std::io::Result<()> {
            let mut receipt = File::create(&half)?;
            receipt.write_all(serde_json::to_string_pretty(told)?.as_bytes())?;
            receipt.write_all(b"\n")?;
            receipt.sync_all()?;
            std::fs::rename(&half, folder.join(&said))?;
            if !is_other {
                std::fs::rename(&file.path, &target)?;
            }
            if self.options.marked && (!is_other || is_older(&marker(&file.path), &file.path)?) {
                std::fs::remove_file(marker(&file.path))?;
            }
            File::open(&folder)?.sync_all()
        };
        write().map_err(|cause| SourceError::File { path: file.path.clone(), cause })?;
        self.hold(None);
        Ok(if is_other { folder.join(said) } else { target })
    }
}

fn marker(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".done");
    name.into()
}

/// Whether a marker stood there before the file did that lies beside it now: it says nothing about that one.
fn is_older(marker: &Path, file: &Path) -> std::io::Result<bool> {
    Ok(marker.metadata()?.modified()? < file.metadata()?.modified()?)
}

async fn hash_of(path: &Path) -> Result<String, SourceError> {
    let own = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let (mut file, mut hash, mut block) = (File::open(own)?, Sha256::new(), vec![0; 64 * 1024]);
        loop {
            match file.read(&mut block)? {
                0 => {
                    let mut text = String::with_capacity(64);
                    for byte in hash.finalize() {
                        text.extend(
                            [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16).unwrap_or('0')),
                        );
                    }
                    return Ok(text);
                }
                count => hash.update(&block[..count]),
            }
        }
    });
    let hashed = hashed.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    hashed.map_err(|cause| SourceError::File { path: path.to_owned(), cause })
}

/// `*` stands for any letters, `?` for one.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if p < pattern.len() && (pattern[p] == '?' || pattern[p] == name[n]) && pattern[p] != '*' {
            (p, n) = (p + 1, n + 1);
        } else if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, n));
            p += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, n) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_of_the_whole_name() {
        for (pattern, name, wanted) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.bak", false),
            ("h??-*.csv", "h01-lap-vo.csv", true),
            ("h??-*.csv", "h1-lap-vo.csv", false),
            ("*a*b*", "xxaxxbab", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), wanted, "{pattern} {name}");
        }
    }
}
