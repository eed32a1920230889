//! A table as a CSV file: comma, double quotes, header, UTF-8, dates `yyyy-MM-dd`, `NULL` as an empty field.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::error::ProvinceError;
use super::recipe::Recipe;
use super::table::Table;

/// Writes one table of a province of so many people with a monthly allowance to a new file.
pub fn write_csv(path: &Path, table: Table, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), ProvinceError> {
    let half = half_done(path)?;
    let failed = |source| ProvinceError::File { path: path.to_owned(), source };
    let file = BufWriter::with_capacity(1 << 18, File::create(&half).map_err(failed)?);
    let mut out = csv::Writer::from_writer(file);
    let mut write = || -> std::io::Result<()> {
        out.write_record(table.columns())?;
        for row in table.rows(recipe, seed, rows) {
            out.write_record(row.cells.iter().map(|c| c.as_deref().unwrap_or_default()))?;
        }
        out.flush()
    };
    write().map_err(failed)?;
    drop(out);
    std::fs::rename(&half, path).map_err(failed)
}

/// Where a file is written before it takes its name, so that a province broken off is never taken for a whole one.
/// Refuses a name that is taken.
pub(super) fn half_done(path: &Path) -> Result<PathBuf, ProvinceError> {
    if path.exists() {
        return Err(ProvinceError::Taken(path.to_owned()));
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    let half = PathBuf::from(name);
    match std::fs::remove_file(&half) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(ProvinceError::File { path: half, source }),
        _ => Ok(half),
    }
}
