//! The folder: `out/` with numbered files for upload, `results/` with what came back, and `.written/` with a mark for
//! every file that was ever written, so that a file may be carried away after its upload and is still not written twice.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::model::ContentHash;

/// Files for upload stand here.
const OUT: &str = "out";
/// Result files are put here, under the number that the uploaded file begins with.
const RESULTS: &str = "results";
/// One small file for each that was written, with the hash of its bytes.
const MARKS: &str = ".written";
/// Held while a number is taken, across processes.
const LOCK: &str = ".lock";
/// The digits of a file's number, at least.
const DIGITS: usize = 6;
/// The endings of what is still being copied or downloaded.
const UNFINISHED: [&str; 5] = [".part", ".tmp", ".crdownload", ".filepart", ".partial"];

/// The folder.
#[derive(Debug)]
pub struct Folder(PathBuf);

/// A batch that was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    /// The number of its file.
    pub number: u64,
    /// The hash of its bytes.
    pub hash: String,
}

/// What `results/` has for a number.
#[derive(Debug, Default)]
pub struct Results {
    /// Its result files, by name.
    pub files: Vec<PathBuf>,
    /// A file there whose name begins with no number at all.
    pub nameless: Option<String>,
}

/// The hash of a file's bytes.
pub fn hash(bytes: &[u8]) -> String {
    ContentHash(Sha256::digest(bytes).into()).to_string()
}

impl Folder {
    /// Opens the folder and makes its parts.
    pub fn open(folder: &Path) -> io::Result<Self> {
        for part in [OUT, RESULTS, MARKS] {
            fs::create_dir_all(folder.join(part))?;
        }
        Ok(Self(folder.to_owned()))
    }

    /// Whether a batch's file was written before, under whatever number.
    pub fn written(&self, name: &str) -> io::Result<Option<Written>> {
        if let Some((number, mark)) = self.named(MARKS, name)? {
            return Ok(Some(Written { number, hash: fs::read_to_string(mark)? }));
        }
        // A crash left the file without its mark.
        let Some((number, file)) = self.named(OUT, name)? else { return Ok(None) };
        let written = Written { number, hash: hash(&fs::read(&file)?) };
        put(&self.0.join(MARKS), &numbered(number, name), written.hash.as_bytes())?;
        Ok(Some(written))
    }

    /// Writes a file under the next number.
    pub fn write(&self, name: &str, body: &[u8]) -> io::Result<()> {
        let lock = File::create(self.0.join(LOCK))?;
        lock.lock()?;
        let mut last = 0;
        for part in [OUT, MARKS] {
            for entry in fs::read_dir(self.0.join(part))? {
                last = last.max(apart(&entry?.file_name().to_string_lossy()).map_or(0, |(number, _)| number));
            }
        }
        let file = numbered(last + 1, name);
        put(&self.0.join(OUT), &file, body)?;
        put(&self.0.join(MARKS), &file, hash(body).as_bytes())
    }

    /// The result files of a number: those whose name begins with it, with or without its zeros.
    pub fn results(&self, number: u64) -> io::Result<Results> {
        let mut found = Results::default();
        for entry in fs::read_dir(self.0.join(RESULTS))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let hidden = name.starts_with(['.', '~']);
            if hidden || UNFINISHED.iter().any(|ending| name.to_ascii_lowercase().ends_with(ending)) || !path.is_file()
            {
                continue;
            }
            let digits = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits == 0 {
                found.nameless = Some(name);
            } else if name[..digits].parse() == Ok(number) {
                found.files.push(path);
            }
        }
        found.files.sort();
        Ok(found)
    }

    fn named(&self, part: &str, name: &str) -> io::Result<Option<(u64, PathBuf)>> {
        for entry in fs::read_dir(self.0.join(part))? {
            let entry = entry?;
            if let Some((number, rest)) = apart(&entry.file_name().to_string_lossy())
                && rest == name
            {
                return Ok(Some((number, entry.path())));
            }
        }
        Ok(None)
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

fn numbered(number: u64, name: &str) -> String {
    format!("{number:0DIGITS$}-{name}")
}

/// A file's number and the rest of its name.
fn apart(name: &str) -> Option<(u64, &str)> {
    let (digits, rest) = name.split_once('-')?;
    let number = digits.len() >= DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    number.then(|| digits.parse().ok()).flatten().map(|number| (number, rest))
}

/// Written aside, flushed, then named: nobody uploads half a file.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let aside = folder.join(format!(".{name}.part"));
    let mut file = File::create(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&aside, folder.join(name))?;
    File::open(folder)?.sync_all()
}
