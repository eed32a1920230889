//! The ZIP package around a workbook, checked before anybody parses it: what its directory says of sizes must be within
//! bounds, and must hold when each part is unpacked. It is read with the library that the workbook's parser reads with,
//! so that both see the same parts. Only the plain form is taken: one disk, no ZIP64, nothing before or behind.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

use zip::result::ZipError;
use zip::{CompressionMethod, ExtraField, ZipArchive};

/// A workbook with one sheet has about a dozen.
const MOST_PARTS: u16 = 1000;
/// So many times its packed size may a part become, if it is larger than 1 MiB.
const LARGEST_RATIO: u64 = 150;
const LARGEST_DIRECTORY: u32 = 1 << 20;
/// The record at the end of a package, and what stands before it where it is ZIP64.
const END: u64 = 22;
const LOCATOR: u64 = 20;
/// So much is unpacked at a time.
const CHUNK: usize = 32 * 1024;
/// The most that is told of a part's name.
const NAME_LENGTH: usize = 60;

/// How large a package may be, in bytes.
pub struct Bounds<'b> {
    /// The file.
    pub file: u64,
    /// A part, unpacked, by its name in small letters.
    pub part: &'b dyn Fn(&str) -> u64,
    /// All parts, unpacked.
    pub whole: u64,
}

/// Sees a part while it is unpacked for the first time, and says what is wrong with it.
pub trait Watch {
    /// The next bytes.
    fn see(&mut self, bytes: &[u8]) -> Result<(), String>;
    /// All of it was seen.
    fn finish(&self) -> Result<(), String>;
}

/// Why a package is not taken.
#[derive(Debug)]
pub enum Wrong {
    /// Which part, and what is wrong with it. No content of the package but a part's name stands in it.
    Package(String),
    /// It could not be read.
    Io(io::Error),
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn wrong<T>(what: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Package(what.into()))
}

/// What the library says: the disk's fault stays that, all else is the package's.
fn fault(error: ZipError, what: String) -> Wrong {
    match error {
        ZipError::Io(error) if error.raw_os_error().is_some() => Wrong::Io(error),
        _ => Wrong::Package(what),
    }
}

/// Checks all of a package. `watch` gives, for a part's name in small letters and its declared size, who looks at it.
pub fn check(
    mut package: impl Read + Seek,
    bounds: &Bounds<'_>,
    watch: impl Fn(&str, u64) -> Option<Box<dyn Watch>>,
) -> Result<(), Wrong> {
    let length = package.seek(SeekFrom::End(0))?;
    if length > bounds.file {
        return wrong(format!("lớn hơn {0} byte / the file has {length} bytes; at most {0} are read", bounds.file));
    }
    let (count, start) = end(&mut package, length)?;
    let mut archive =
        ZipArchive::new(package).map_err(|e| fault(e, "mục lục hỏng / a damaged directory".to_owned()))?;
    if archive.has_duplicate_names() {
        return wrong("hai phần cùng tên / a part stands twice in the directory");
    }
    if archive.offset() != 0 || archive.central_directory_start() != start || archive.len() != usize::from(count) {
        return does_not_fit();
    }
    declared(&archive, bounds)?;
    for at in 0..archive.len() {
        unpack(&mut archive, at, start, &watch)?;
    }
    Ok(())
}

fn does_not_fit<T>() -> Result<T, Wrong> {
    wrong(
        "mục lục không khớp với tệp / a directory that does not fit the file (several disks, ZIP64, or bytes put before \
         or behind)",
    )
}

/// Looks at the very end, before the library looks for one: how many parts there are, and where the directory begins.
/// The library would pass over bytes before and behind, and would take a directory of any size.
fn end(package: &mut (impl Read + Seek), length: u64) -> Result<(u16, u64), Wrong> {
    let not_one = || {
        wrong("không phải tệp XLSX, hoặc có mật khẩu; hãy lưu lại dạng .xlsx / not an XLSX file, or with a password")
    };
    let Some(begin) = length.checked_sub(END + LOCATOR) else { return not_one() };
    let (mut locator, mut end) = ([0; 20], [0; 22]);
    package.seek(SeekFrom::Start(begin))?;
    package.read_exact(&mut locator)?;
    package.read_exact(&mut end)?;
    let u16_at = |at: usize| u16::from_le_bytes([end[at], end[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes([end[at], end[at + 1], end[at + 2], end[at + 3]]);
    if !end.starts_with(b"PK\x05\x06") || u16_at(20) != 0 {
        return not_one();
    }
    let (count, size, start) = (u16_at(10), u32_at(12), u64::from(u32_at(16)));
    let one_disk = u16_at(4) == 0 && u16_at(6) == 0 && u16_at(8) == count;
    if !one_disk || locator.starts_with(b"PK\x06\x07") || start + u64::from(size) != length - END {
        return does_not_fit();
    }
    if count > MOST_PARTS || size > LARGEST_DIRECTORY {
        return wrong(format!("{count} phần / parts; at most {MOST_PARTS} are read"));
    }
    Ok((count, start))
}

/// Checks what the directory says of the parts, before anything is unpacked.
fn declared<R: Read + Seek>(archive: &ZipArchive<R>, bounds: &Bounds<'_>) -> Result<(), Wrong> {
    let (mut names, mut whole) = (HashSet::new(), 0_u64);
    for at in 0..archive.len() {
        let damaged = |e| fault(e, "mục lục hỏng / a damaged directory".to_owned());
        let part = archive.by_index_data(at).map_err(damaged)?;
        let name = part.name().map_err(damaged)?;
        let (lower, name) = (name.to_ascii_lowercase(), shown(&name));
        let (packed, unpacked) = (part.compressed_size(), part.size());
        if part.encrypted() || !matches!(part.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return wrong(format!("{name}: có mật khẩu / encrypted, or packed in an unknown way"));
        }
        let most = (bounds.part)(&lower);
        whole = whole.saturating_add(unpacked);
        for (size, most) in [(unpacked, most), (whole, bounds.whole)] {
            if size > most {
                return wrong(format!(
                    "{name}: giải nén ra hơn {most} byte / {size} bytes unpacked; at most {most} are read"
                ));
            }
        }
        if unpacked > 1 << 20 && unpacked / packed.max(1) > LARGEST_RATIO {
            return wrong(format!(
                "{name}: giải nén ra hơn {LARGEST_RATIO} lần / unpacks to more than {LARGEST_RATIO} times its size"
            ));
        }
        if !names.insert(lower) {
            return wrong(format!("{name}: có hai lần / twice in the directory"));
        }
    }
    Ok(())
}

/// Unpacks a part and throws it away: it must be what the directory says, and sound to whoever watches it.
fn unpack<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    at: usize,
    directory: u64,
    watch: impl Fn(&str, u64) -> Option<Box<dyn Watch>>,
) -> Result<(), Wrong> {
    let misplaced = |name: &str| format!("{name}: không ở chỗ mục lục ghi / not where the directory says");
    let name = archive.name_for_index(at).and_then(Result::ok).unwrap_or_default().into_owned();
    let (lower, name) = (name.to_ascii_lowercase(), shown(&name));
    let told = |what: String| Wrong::Package(format!("{name}: {what}"));
    let mut part = archive.by_index(at).map_err(|e| fault(e, misplaced(&name)))?;
    if part.data_start().is_none_or(|begin| begin + part.compressed_size() > directory) {
        return wrong(misplaced(&name));
    }
    if part.extra_data_fields().any(|field| matches!(field, ExtraField::Zip64ExtendedInformation(_))) {
        return wrong(format!("{name}: ZIP64"));
    }
    let damaged = |e: io::Error| fault(ZipError::Io(e), format!("{name}: tệp XLSX hỏng / damaged"));
    let declared = part.size();
    let mut watch = watch(&lower, declared);
    let (mut left, mut chunk) = (declared, vec![0; CHUNK]);
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let count = part.read(&mut chunk[..most]).map_err(damaged)?;
        if count == 0 {
            return Err(told(format!(
                "tệp XLSX hỏng / damaged: {} bytes instead of the declared {declared}",
                declared - left
            )));
        }
        left -= count as u64;
        if let Some(watch) = &mut watch {
            watch.see(&chunk[..count]).map_err(told)?;
        }
    }
    // All that was declared is there. Here it must end, with the checksum that is declared.
    match part.read(&mut chunk[..1]) {
        Ok(0) => {}
        Err(error) if error.raw_os_error().is_some() => return Err(Wrong::Io(error)),
        _ => {
            return Err(told(format!(
                "tệp XLSX hỏng / unpacks to more than the declared {declared} bytes, or to others than were packed"
            )));
        }
    }
    watch.map_or(Ok(()), |watch| watch.finish()).map_err(told)
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(NAME_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const TEXT: &[u8; 100] = &[b'a'; 100];

    fn packed(options: SimpleFileOptions) -> Vec<u8> {
        let mut package = ZipWriter::new(Cursor::new(Vec::new()));
        package.start_file("a.xml", options.compression_method(CompressionMethod::Stored)).expect("a part");
        package.write_all(TEXT).expect("packed");
        package.finish().expect("a package").into_inner()
    }

    /// The package with other bytes so far behind the beginning of its directory.
    fn with(mut package: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
        let directory = package.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
        package[directory + at..directory + at + bytes.len()].copy_from_slice(bytes);
        package
    }

    fn checked(package: Vec<u8>, file: u64, part: u64, whole: u64) -> Result<(), Wrong> {
        check(Cursor::new(package), &Bounds { file, part: &|_| part, whole }, |_, _| None)
    }

    #[test]
    fn what_differs_from_the_directory_or_from_the_plain_form_is_refused() {
        let sound = packed(SimpleFileOptions::default());
        let length = sound.len() as u64;
        checked(sound.clone(), length, 100, 100).expect("within its bounds to the byte");
        let mut changed = sound.clone();
        let at = changed.windows(100).position(|w| w == TEXT).expect("stored");
        changed[at] = b'b';
        // The directory grows by what only ZIP64 has before the end.
        let mut locator = sound.clone();
        let (end, size) = (sound.len() - 22, u32::from_le_bytes(sound[sound.len() - 10..][..4].try_into().expect("4")));
        locator[end + 12..end + 16].copy_from_slice(&(size + 20).to_le_bytes());
        locator.splice(end..end, b"PK\x06\x07".iter().copied().chain([0; 16]));
        let cases: [(Vec<u8>, &str); 9] = [
            (with(sound.clone(), 24, &[90]), "more than the declared 90"),
            (with(sound.clone(), 24, &[110]), "100 bytes instead of the declared 110"),
            (with(sound.clone(), 8, &[1]), "encrypted"),
            (with(sound.clone(), 10, &[12]), "unknown way"),
            (with(sound.clone(), 42, &[1]), "not where the directory says"),
            (changed, "others than were packed"),
            (packed(SimpleFileOptions::default().large_file(true)), "ZIP64"),
            (locator, "does not fit"),
            ([sound.as_slice(), b"x"].concat(), "not an XLSX"),
        ];
        for (package, told) in cases {
            match checked(package, 1000, 1000, 1000) {
                Err(Wrong::Package(what)) => assert!(what.contains(told), "{told}: {what}"),
                other => panic!("{told}: {other:?}"),
            }
        }
        for (file, part, whole) in [(length - 1, 100, 100), (length, 99, 100), (length, 100, 99)] {
            assert!(
                matches!(checked(sound.clone(), file, part, whole), Err(Wrong::Package(_))),
                "{file} {part} {whole}"
            );
        }
    }
}
