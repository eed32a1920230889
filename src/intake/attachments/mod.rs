//! Files that applications name, fetched one by one under the portal's request budget. A file that fails holds neither
//! its application nor another file: it stays in view and is tried again, ever later.
//!
//! * [`part`]: a file while it comes; one that broke off goes on from there. `round`: which file is next, and what
//!   becomes of it.
//! * [`media`]: what it is, by its first bytes. [`scan`]: the operator's virus scanner.
//! * [`shelf`]: the folder, each content once.
//!
//! The order is: fetched whole and made to last → renamed → judged and scanned → put in its place → written down. A crash
//! before the renaming fetches it again; one after it goes on with what is there.

pub mod media;
pub mod part;
mod round;
pub mod scan;
pub mod shelf;

use std::path::PathBuf;

use crate::delivery::LineError;
use crate::store::StoreError;

pub use round::{Round, fetch};
pub use scan::Scanner;
pub use shelf::Shelf;

/// What may be kept, and where.
#[derive(Debug, Clone)]
pub struct Attachments {
    /// Where files are.
    pub shelf: Shelf,
    /// The portal's base address.
    pub base: String,
    /// The largest file, in bytes.
    pub most_bytes: u64,
    /// The most files of one application.
    pub most: u32,
    /// The types that are kept.
    pub types: Vec<String>,
    /// The virus scanner, where there is one.
    pub scanner: Option<Scanner>,
}

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Fetched {
    /// Files that are there now.
    pub stored: u64,
    /// Files that are not kept: too large, of another type, too many.
    pub refused: u64,
    /// Files in which the scanner found something.
    pub infected: u64,
    /// Files at another host.
    pub outside: u64,
    /// Files that could not be had, and are tried again.
    pub failed: u64,
    /// Files that are not there yet, those that failed among them.
    pub waiting: u64,
}

/// Why a round ended before its end. What was done by then stands.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The portal, or the store.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder cannot be written.
    #[error("không ghi được vào thư mục tệp {}: {why} / the folder of files cannot be written", folder.display())]
    Disk {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The portal's profile has no `[pull]`.
    #[error("hồ sơ của hệ thống không có [pull] / the system's profile has no [pull]")]
    NoPull,
}
