//! One JSON file for each version in a folder, from where the local system fetches it.
//!
//! A file may be carried away at any time, also between a crash and the next start. So it is written aside, then its
//! mark, then it is moved into its place: while the file stands aside it was not moved yet; a mark without it says that it
//! was, whether it is still there or not.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::Duration;

use super::{HandError, Handing, Receipt, Trouble, document, hash};

/// What stands aside, and the marks.
const ASIDE: &str = ".ban-giao";
/// The longest name of a number, in bytes; a longer one ends in its hash.
const LONGEST: usize = 80;
/// So many hex digits of the hash tell numbers apart that look alike once made safe.
const DIGITS: usize = 16;

/// For one file; a share that hangs is left behind by then. Less than a lease lives.
const TIME: Duration = Duration::from_secs(45);

/// A folder into which files are put.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    place: String,
    /// Held while a file is put: one that was left behind may still be at it, and no other begins before it is back.
    busy: Arc<Mutex<()>>,
    limit: Duration,
}

impl Folder {
    /// The folder itself must be there: one that is made on the way would hide that a share is not mounted.
    pub fn new(path: PathBuf) -> Self {
        let place = path.display().to_string();
        Self { path, place, busy: Arc::default(), limit: TIME }
    }

    /// With another limit for one file; it must be less than a lease lives.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) async fn check(&self) -> Result<(), HandError> {
        self.aside_of(|folder| {
            let aside = folder.aside().map_err(|e| folder.failed(Trouble::Down, &e))?;
            let tried = put(&aside.join(".thu"), b"").and_then(|()| fs::remove_file(aside.join(".thu")));
            tried.map_err(|e| folder.failed(Trouble::Down, &e))
        })
        .await
    }

    pub(super) async fn give(&self, handing: &Handing<'_>) -> Result<Receipt, HandError> {
        let name = name(handing.number, handing.version);
        let mut bytes = document(handing)?.to_string().into_bytes();
        bytes.push(b'\n');
        let file = name.clone();
        let given = self
            .aside_of(move |folder| {
                // A folder that is not there takes nobody's file, and surely not this one.
                let aside = folder.aside().map_err(|e| folder.failed(Trouble::Down, &e))?;
                folder.written(&aside, &file, &bytes).map_err(|e| folder.failed(Trouble::Unsure, &e))
            })
            .await?;
        if given {
            return Ok(Receipt { text: format!("{}/{name}", self.place), local_number: None });
        }
        let why = format!(
            "{}/{name}: đã có tệp khác nội dung; xem ai ghi vào thư mục này / another file has this name; see who writes here",
            self.place
        );
        Err(HandError::of(Trouble::Refused, why))
    }

    /// Does it on a thread that may hang, within the time; nothing else is done there meanwhile.
    async fn aside_of<T: Send + 'static>(
        &self,
        done: impl FnOnce(&Self) -> Result<T, HandError> + Send + 'static,
    ) -> Result<T, HandError> {
        let folder = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _alone = match folder.busy.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    return Err(folder.failed(Trouble::Down, &io::ErrorKind::ResourceBusy.into()));
                }
                // Whoever broke off left nothing in memory.
                Err(TryLockError::Poisoned(alone)) => alone.into_inner(),
                Ok(alone) => alone,
            };
            done(&folder)
        });
        match tokio::time::timeout(self.limit, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(broken)) => Err(self.failed(Trouble::Unsure, &io::Error::other(broken))),
            Err(_) => Err(self.failed(Trouble::Lost, &io::ErrorKind::TimedOut.into())),
        }
    }

    /// Puts the file there, unless it was put there before; `false` where another one has its name.
    fn written(&self, aside: &Path, name: &str, bytes: &[u8]) -> io::Result<bool> {
        let hash = hash(bytes);
        let (part, mark, file) = (aside.join(name), aside.join(format!("{name}.sha256")), self.path.join(name));
        match fs::read_to_string(&mark) {
            Ok(marked) if marked == hash => {
                if part.try_exists()? {
                    self.moved(&part, &file, aside)?;
                }
                sync(&self.path)?;
                return Ok(true);
            }
            // One that is shorter was cut off by a crash, before anything was moved.
            Ok(marked) if marked.len() == hash.len() => return Ok(false),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        match fs::metadata(&file) {
            Ok(there) => {
                let is_same = there.len() == bytes.len() as u64 && fs::read(&file)? == bytes;
                if is_same {
                    put(&mark, hash.as_bytes())?;
                }
                return Ok(is_same);
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        put(&part, bytes)?;
        sync(aside)?;
        put(&mark, hash.as_bytes())?;
        sync(aside)?;
        self.moved(&part, &file, aside)?;
        Ok(true)
    }

    /// Forgets a version that surely never arrived, with whatever stands here of it: the next one by its name is put anew.
    pub fn forget(&self, number: &str, version: i64) -> io::Result<()> {
        let (name, aside) = (name(number, version), self.path.join(ASIDE));
        // The mark last: what broke off in between is still known.
        for path in [self.path.join(&name), aside.join(&name), aside.join(format!("{name}.sha256"))] {
            match fs::remove_file(path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    fn moved(&self, part: &Path, file: &Path, aside: &Path) -> io::Result<()> {
        fs::rename(part, file)?;
        sync(&self.path)?;
        sync(aside)
    }

    fn aside(&self) -> io::Result<PathBuf> {
        let aside = self.path.join(ASIDE);
        match fs::create_dir(&aside) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
            _ => Ok(aside),
        }
    }

    fn failed(&self, trouble: Trouble, error: &io::Error) -> HandError {
        let why = format!("không ghi được vào thư mục {} / the folder cannot be written: {error}", self.place);
        HandError::of(trouble, why)
    }
}

/// What the file of a version is called.
fn name(number: &str, version: i64) -> String {
    format!("{}-{version}.json", safe(number))
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A number as a part of a file's name, on every file system; with its hash where that changed it.
fn safe(number: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let plain: String = number.chars().map(|c| if kept(c) { c } else { '_' }).take(LONGEST).collect();
    let plain = plain.replacen('.', "_", usize::from(plain.starts_with('.')));
    if plain == number {
        return plain;
    }
    format!("{plain}-{}", &hash(number.as_bytes())[..DIGITS])
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn a_number_that_is_changed_keeps_apart_from_all_others() {
        assert_eq!(safe("H20.14-240703-0002"), "H20.14-240703-0002");
        let names = ["../a", ".._a", "a/b", "a_b", "a\\b", "a\u{1}b", "Đ1", "Đ2", "", ".a"].map(safe);
        assert!(names.iter().all(|n| !n.starts_with('.') && n.bytes().all(|b| b.is_ascii_graphic() && b != b'/')));
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len(), "{names:?}");
        assert!(safe(&"9".repeat(300)).len() < 120);
    }
}
