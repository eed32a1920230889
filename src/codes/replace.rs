//! A list's file is replaced whole or not at all.

use std::io::Write as _;
use std::path::Path;

/// Writes beside the file, makes it last, and puts it in the file's place in one step.
pub fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    // Does not end in `.csv`: it is never read as a list.
    let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
    let written = write(&beside, file, text).and_then(|()| std::fs::rename(&beside, file));
    if written.is_err() {
        // Best effort: the error that matters is the first one.
        let _ = std::fs::remove_file(&beside);
    }
    written?;
    std::fs::File::open(folder)?.sync_all()
}

fn write(beside: &Path, like: &Path, text: &str) -> std::io::Result<()> {
    let mut out = std::fs::File::create(beside)?;
    out.write_all(text.as_bytes())?;
    if let Ok(old) = std::fs::metadata(like) {
        out.set_permissions(old.permissions())?;
    }
    out.sync_all()
}
