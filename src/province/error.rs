//! What can go wrong while a province is invented.

use std::path::PathBuf;

use crate::model::Faults;

/// Why no province was made. No message holds personal data; all of it is invented, and the rule holds all the same.
#[derive(Debug, thiserror::Error)]
pub enum ProvinceError {
    /// The recipe cannot be used; all of its mistakes.
    #[error("{0}")]
    Recipe(#[from] Faults),
    /// A file could not be made or read.
    #[error("{path}: {source}; check that the directory exists, that it may be written and that the disk has space")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The place is taken: a province is never written over something that is there.
    #[error("{0} exists already; name another place or remove it first")]
    Taken(PathBuf),
    /// A database refused.
    #[error("{place}: {source}")]
    Database {
        /// Which database, without its address (it may hold a password).
        place: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// The database was not made by this room, or by another recipe.
    #[error("{place} was not made from this recipe ({found}); make it anew before changing it")]
    NotOurs {
        /// The database.
        place: PathBuf,
        /// What was found instead.
        found: String,
    },
}
