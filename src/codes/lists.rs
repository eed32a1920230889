//! The folder of code lists: each is read once, when it is first asked for.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::CodeList;
use crate::model::{Fault, Faults, suggest};

/// A list larger than this is no code list.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Faults beyond this number tell nothing more.
const MAX_FAULTS: usize = 200;

/// The lists of `mappings/codes`, read on demand.
#[derive(Debug)]
pub struct CodeLists {
    folder: PathBuf,
    read: BTreeMap<String, Option<Arc<CodeList>>>,
    faults: Vec<Fault>,
}

impl CodeLists {
    /// The folder that holds the CSV files; nothing is read yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), read: BTreeMap::new(), faults: Vec::new() }
    }

    /// The list of that name. `None` if there is no such file (the caller names the place that asked for it) or if the file has
    /// faults, which [`CodeLists::faults`] then holds.
    pub fn get(&mut self, name: &str) -> Option<Arc<CodeList>> {
        if let Some(known) = self.read.get(name) {
            return known.clone();
        }
        let list = match self.load(name) {
            Ok(list) => Some(Arc::new(list)),
            Err(faults) => {
                self.faults.extend(faults.0);
                None
            }
        };
        self.read.insert(name.to_owned(), list.clone());
        let elsewhere = list.as_ref().and_then(|l| l.successor_list().map(str::to_owned));
        if let (Some(list), Some(other)) = (&list, elsewhere) {
            self.check_successors(list, &other);
        }
        list
    }

    /// The folder in which they are.
    pub fn folder(&self) -> std::path::PathBuf {
        self.folder.clone()
    }

    /// Whether a file of that name is there.
    pub fn exists(&self, name: &str) -> bool {
        is_name(name) && self.folder.join(format!("{name}.csv")).is_file()
    }

    /// The names of all files in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .filter_map(|e| e.ok()?.file_name().into_string().ok())
            .filter_map(|n| n.strip_suffix(".csv").map(str::to_owned))
            .collect();
        names.sort();
        names
    }

    /// The faults of the lists read so far.
    pub fn faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }

    /// The lists read so far, by name.
    pub fn used(&self) -> impl Iterator<Item = &Arc<CodeList>> {
        self.read.values().flatten()
    }

    fn load(&self, name: &str) -> Result<CodeList, Faults> {
        let file = self.folder.join(format!("{name}.csv"));
        if !self.exists(name) {
            let hint = suggest::hint(name, self.names().iter().map(String::as_str));
            let message = format!("không có danh mục này{hint} / there is no such code list");
            return Err(Fault::of(file, message).into());
        }
        let text = read_bounded(&file, MAX_BYTES)?;
        CodeList::parse(name, &file, text)
    }

    fn check_successors(&mut self, list: &CodeList, other: &str) {
        let Some(other) = self.get(other) else { return };
        for entry in list.entries() {
            for code in entry.successors.iter().filter(|c| other.rows(c).next().is_none()) {
                let message =
                    format!("mã kế tiếp `{code}` không có trong danh mục `{}` / unknown successor", other.name());
                self.faults.push(Fault::at(list.file(), entry.line, message));
                if self.faults.len() >= MAX_FAULTS {
                    return;
                }
            }
        }
    }
}

/// A name that cannot lead out of the folder.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Reads a text file of bounded size; a byte order mark does not count.
pub fn read_bounded(file: &Path, limit: u64) -> Result<String, Fault> {
    let opened =
        std::fs::File::open(file).map_err(|e| Fault::of(file, format!("không mở được / cannot be opened: {e}")))?;
    let mut bytes = Vec::new();
    opened
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Fault::of(file, format!("không đọc được / cannot be read: {e}")))?;
    if bytes.len() as u64 > limit {
        return Err(Fault::of(file, format!("lớn hơn {limit} byte / larger than {limit} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = good.split(|b| *b == b'\n').count();
        Fault::at(file, line, "không phải UTF-8: hãy lưu lại bằng UTF-8 / not UTF-8: save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
