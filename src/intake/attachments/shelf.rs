//! The folder of files: each content once, at `<hh>/<hash>`; by `ho-so/<intake>/<number>/<nn>-<name>` the office finds it. What is
//! being fetched stands in `.part`. Whatever is renamed or linked was made to last first.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::media;
use crate::store::attachment::Wanted;

/// The longest name of a file, in bytes; file systems take 255.
const LONGEST: usize = 120;
/// So many hex digits of the hash tell numbers apart that look alike once made safe.
const DIGITS: usize = 16;

/// The folder.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
}

/// What a whole file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// SHA-256, hex.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
    /// Its type, by its first bytes.
    pub media: &'static str,
}

impl Shelf {
    /// Its folder need not be there yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder; others on the machine do not see into it.
    pub fn prepare(&self) -> io::Result<()> {
        make(&self.folder.join(".part"))
    }

    /// Where a file stands while it is fetched, and once it is whole. The name says nothing of the citizen.
    pub fn parts(&self, intake: &str, wanted: &Wanted) -> (PathBuf, PathBuf) {
        let mut digest = Sha256::new();
        for text in [intake, &wanted.number, &wanted.address] {
            digest.update(text);
            digest.update([0]);
        }
        let name = hex(&digest.finalize());
        let folder = self.folder.join(".part");
        (folder.join(&name), folder.join(format!("{name}.whole")))
    }

    /// Where a content stands.
    pub fn place(&self, hash: &str) -> PathBuf {
        self.folder.join(&hash[..2]).join(hash)
    }

    /// Puts a whole file in its place, unless the same content is there, and links it for the office.
    pub fn keep(&self, whole: &Path, intake: &str, wanted: &Wanted, looked: &Looked) -> io::Result<()> {
        let place = self.place(&looked.hash);
        if let Some(folder) = place.parent() {
            make(folder)?;
        }
        if !link(whole, &place)? && fs::metadata(&place)?.len() != looked.bytes {
            return Err(io::Error::other(format!("{}: nội dung bị hỏng / the content is damaged", place.display())));
        }
        let dossier = self.folder.join("ho-so").join(folder(intake)).join(folder(&wanted.number));
        make(&dossier)?;
        let named = dossier.join(format!("{:02}-{}", wanted.place, name(wanted, looked.media)));
        if link(&place, &named)? || is_same(&place, &named)? {
            return Ok(());
        }
        // What stands there under its name is what it was before: the office must not open another file for this one.
        let aside = whole.with_extension("link");
        match fs::remove_file(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::hard_link(&place, &aside)?;
        fs::rename(&aside, &named)?;
        File::open(&dossier)?.sync_all()
    }
}

/// The name with the ending of what the file really is.
fn name(wanted: &Wanted, media: &str) -> String {
    let ending = media::ending(media);
    let name = safe(if wanted.name.is_empty() { "tep" } else { &wanted.name });
    let same = name.rsplit_once('.').is_some_and(|(_, own)| {
        own.eq_ignore_ascii_case(ending) || (ending == "jpg" && own.eq_ignore_ascii_case("jpeg"))
    });
    if same { name } else { format!("{name}.{ending}") }
}

/// A folder with those above it, closed to others.
fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o750).create(folder)
}

/// Links a file to another name that lasts; `false` where the name is there already, as it may be from before a crash.
fn link(from: &Path, to: &Path) -> io::Result<bool> {
    let is_new = match fs::hard_link(from, to) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(error),
    };
    to.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
    Ok(is_new)
}

/// Whether two names are of one file.
fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (fs::metadata(one)?, fs::metadata(other)?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

/// A text as the name of a folder, with its hash where that changed it: two of them are never one.
fn folder(text: &str) -> String {
    let safe = safe(text);
    if safe == text { safe } else { format!("{safe}-{}", &hex(&Sha256::digest(text))[..DIGITS]) }
}

/// Reads a whole file through.
pub fn look(whole: &Path) -> io::Result<Looked> {
    let (mut file, mut digest, mut bytes) = (File::open(whole)?, Sha256::new(), 0_u64);
    let (mut head, mut chunk) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        let missing = media::HEAD.saturating_sub(head.len()).min(read);
        head.extend_from_slice(&chunk[..missing]);
        digest.update(&chunk[..read]);
        bytes += read as u64;
    }
    Ok(Looked { hash: hex(&digest.finalize()), bytes, media: media::of(&head) })
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A name that no file system takes for anything else: letters, digits, `.`, `-`, `_`, no point in front, not too long.
fn safe(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let name: String = name.trim_start_matches('.').chars().map(plain).collect();
    let mut end = name.len().min(LONGEST);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    // The ending is at the end: what is too long loses its beginning.
    let mut start = name.len() - end;
    while !name.is_char_boundary(start) {
        start += 1;
    }
    let name = name[start..].trim_start_matches('.');
    if name.is_empty() { "_".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_never_share_a_folder() {
        let names = ["a/b", "a_b", "a\\b", "../a_b", ".a_b", "\u{1}a", "_a"].map(folder);
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len(), "{names:?}");
        assert!(names.iter().all(|name| !name.contains(['/', '\\']) && !name.starts_with('.')));
    }

    #[test]
    fn names_lead_nowhere() {
        assert_eq!(safe("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(safe("..."), "_");
        assert_eq!(safe("Giấy khai sinh (1).pdf"), "Giấy_khai_sinh__1_.pdf");
        let long = safe(&format!("{}.pdf", "ấ".repeat(100)));
        assert!(long.len() <= LONGEST);
        assert_eq!(long.rsplit_once('.').unwrap().1, "pdf");
    }
}
