//! A file while it is fetched: its bytes go to the disk as they come, and one that broke off goes on from there.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::national::{Declined, Head, Sink};
use crate::store::attachment::Noted;

/// Why the bytes were not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Larger than is allowed.
    TooLarge,
    /// Not the rest of what is there: it must be fetched from the beginning.
    NotTheRest,
    /// The disk.
    Disk(String),
}

/// What is there of a file, open for more.
#[derive(Debug)]
pub struct Part {
    file: File,
    /// So many bytes are there.
    pub length: u64,
    /// The ETag of the version whose bytes they are; empty where the rest cannot be asked for.
    pub etag: String,
    /// Why the last bytes were not taken.
    pub refusal: Option<Refusal>,
    /// The size of the whole, where it was told.
    total: Option<u64>,
    most: u64,
}

impl Part {
    /// Opens it with what was noted of it. Without an ETag nobody could say that the rest belongs to it, so it begins anew;
    /// what stands behind the bytes that were made to last may be anything after a crash, and is cut off.
    pub fn open(path: &Path, (etag, kept): (&str, u64), most: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o640).open(path)?;
        let there = file.metadata()?.len();
        let kept = if etag.is_empty() || there < kept { 0 } else { kept };
        if kept < there {
            file.set_len(kept)?;
        }
        let etag = if kept == 0 { "" } else { etag };
        let length = file.seek(io::SeekFrom::End(0))?;
        Ok(Self { file, length, etag: etag.to_owned(), refusal: None, total: None, most })
    }

    /// Forgets what is there.
    pub fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        (self.length, self.total) = (0, None);
        self.etag.clear();
        Ok(())
    }

    /// What the store is to know of it, once it was made to last.
    pub fn noted(&self) -> Noted {
        Noted { etag: self.etag.clone(), bytes: self.length }
    }

    /// Makes it last.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Whether as many bytes are there as were told.
    pub fn is_whole(&self) -> bool {
        self.total.is_none_or(|total| total == self.length)
    }

    fn refuse(&mut self, refusal: Refusal) -> Declined {
        let why = match &refusal {
            Refusal::TooLarge => format!("lớn hơn {} byte / larger than {} bytes", self.most, self.most),
            Refusal::NotTheRest => "không phải phần còn lại của tệp / not the rest of the file".to_owned(),
            Refusal::Disk(why) => why.clone(),
        };
        self.refusal = Some(refusal);
        Declined { why }
    }
}

/// An ETag by which the rest of a file can be asked for; a weak one says nothing of bytes.
fn strong(etag: Option<&String>) -> String {
    let fits =
        |etag: &&String| etag.starts_with('"') && etag.len() <= 200 && etag.bytes().all(|b| (0x21..0x7f).contains(&b));
    etag.filter(fits).cloned().unwrap_or_default()
}

impl Sink for Part {
    fn begin(&mut self, head: &Head) -> Result<(), Declined> {
        self.refusal = None;
        let etag = strong(head.etag.as_ref());
        if head.status == 206 {
            let fits =
                head.range.is_some_and(|range| range.from == self.length) && etag == self.etag && self.length > 0;
            if !fits {
                return Err(self.refuse(Refusal::NotTheRest));
            }
            self.total = head.range.and_then(|range| range.total);
        } else {
            // The whole comes, whatever was asked for.
            if let Err(error) = self.clear() {
                return Err(self.refuse(Refusal::Disk(error.to_string())));
            }
            (self.etag, self.total) = (etag, head.length);
        }
        if self.total.is_some_and(|total| total > self.most) {
            return Err(self.refuse(Refusal::TooLarge));
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Declined> {
        if self.length + bytes.len() as u64 > self.most {
            return Err(self.refuse(Refusal::TooLarge));
        }
        if let Err(error) = self.file.write_all(bytes) {
            return Err(self.refuse(Refusal::Disk(error.to_string())));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }
}
