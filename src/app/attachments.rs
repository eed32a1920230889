//! Where the files of an intake are kept, and which.

use std::path::Path;

use crate::config::{Config, IntakeConfig};
use crate::intake::attachments::{Attachments, Scanner, Shelf, media};
use crate::model::{Fault, Faults, suggest};

/// Builds it; `None` where none are fetched. `file` is the configuration, for what is told.
pub fn open(file: &Path, config: &Config, intake: &IntakeConfig) -> Result<Option<Attachments>, Faults> {
    let Some(files) = &intake.attachments else { return Ok(None) };
    let unknown = files.types.iter().filter(|kept| !media::known().any(|known| known == *kept));
    let told = unknown.map(|kept| {
        let (name, hint, known) = (&intake.name, suggest::hint(kept, media::known()), media::known());
        let known = known.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ");
        let message = format!(
            "[[intake]] '{name}': attachments.types: không nhận ra được loại '{kept}'{hint}; nhận ra: {known} / \
             this type cannot be told by a file's content"
        );
        Fault::of(file, message)
    });
    let told: Vec<Fault> = told.collect();
    if !told.is_empty() {
        return Err(Faults(told));
    }
    let system = config.system.iter().find(|system| system.name == intake.system);
    let scanner = files.scan.split_first().map(|(program, arguments)| Scanner {
        program: program.clone(),
        arguments: arguments.to_vec(),
        limit: files.scan_time.0,
    });
    Ok(Some(Attachments {
        shelf: Shelf::new(config.path(&files.folder)),
        base: system.map(|system| system.base.clone()).unwrap_or_default(),
        most_bytes: u64::from(files.max_mib) * 1024 * 1024,
        most: files.most,
        types: files.types.clone(),
        scanner,
    }))
}
