//! Applications reach the local system: each version of each application once, in order, with a receipt.
//!
//! [`HandOver`] is one of three ways: `table` inserts a row and a marker in one transaction (`engine`: how each database
//! spells it, `failure`: what one means), `post` sends a signed request (`signing`), `folder` writes a file. `round` goes
//! through what is due: it writes down that an attempt begins, gives, and writes down what came of it.
//!
//! What a crash leaves begun is given again, under the same key: the marker, the identifier of the request or the mark of
//! the file keep it from arriving twice.

mod engine;
mod failure;
mod folder;
mod post;
mod round;
mod signing;
mod table;

pub use engine::Database;
pub use folder::Folder;
pub use post::{Post, PostSettings};
pub use round::{Handed, run};
pub use signing::Signer;
pub use table::{Table, TableSettings};

use sha2::{Digest as _, Sha256};

use crate::model::{ContentHash, Timestamp};
use crate::national::Wait;

/// One version of an application, about to be given.
#[derive(Debug, Clone, Copy)]
pub struct Handing<'a> {
    /// What it is known by on both sides, for ever: intake, number and version.
    pub key: &'a str,
    /// The portal's number.
    pub number: &'a str,
    /// The version, from 1.
    pub version: i64,
    /// The province's record, canonical JSON.
    pub record: &'a str,
    /// When it came from the portal.
    pub at: Timestamp,
}

/// What the local system gave back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where it arrived, for the timeline; no personal data.
    pub text: String,
    /// The office's own number, where the answer had it.
    pub local_number: Option<String>,
}

/// What a failure says of the others that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It was surely not taken, and that is its own matter: others go on.
    Refused,
    /// It may have been taken: it is given again as it is. Others go on, unless it happens several times in a row.
    Unsure,
    /// It was surely not taken this time, for whatever reason. Others go on, unless it happens several times in a row.
    Untaken,
    /// It was surely not taken, nor will any other be now: the round ends.
    Down,
    /// It may have been taken, and no other will be now: the round ends.
    Lost,
}

/// Why a version was not taken. The text never holds values of its record.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{why}")]
pub struct HandError {
    /// What it says of the others.
    pub trouble: Trouble,
    /// What happened and what to do.
    pub why: String,
    /// How long the local system wants to be left alone.
    pub wait: Option<Wait>,
}

impl HandError {
    fn of(trouble: Trouble, why: impl Into<String>) -> Self {
        Self { trouble, why: why.into(), wait: None }
    }
}

/// The way into the local system. Nothing is connected before it is needed.
pub enum HandOver {
    /// A row in a table.
    Table(Box<Table>),
    /// A signed request.
    Post(Box<Post>),
    /// A file in a folder.
    Folder(Folder),
}

impl HandOver {
    /// Where it leads, for people; never a password.
    pub fn place(&self) -> &str {
        match self {
            Self::Table(table) => table.place(),
            Self::Post(post) => post.place(),
            Self::Folder(folder) => folder.place(),
        }
    }

    /// Whether something could be given now; gives nothing.
    pub async fn check(&self) -> Result<(), HandError> {
        match self {
            Self::Table(table) => Box::pin(table.check()).await,
            Self::Post(post) => post.check().await,
            Self::Folder(folder) => folder.check().await,
        }
    }

    /// Gives one version. Given again under the same key it has no second effect.
    pub async fn give(&self, handing: &Handing<'_>, now: Timestamp) -> Result<Receipt, HandError> {
        match self {
            Self::Table(table) => Box::pin(table.give(handing, now)).await,
            Self::Post(post) => post.give(handing, now).await,
            Self::Folder(folder) => folder.give(handing).await,
        }
    }
}

/// The document that goes into a request's body or a file: the same bytes whenever it is given again.
fn document(handing: &Handing<'_>) -> Result<serde_json::Value, HandError> {
    let record: serde_json::Value = serde_json::from_str(handing.record).map_err(|_| unreadable())?;
    Ok(serde_json::json!({
        "key": handing.key,
        "number": handing.number,
        "version": handing.version,
        "received_at": handing.at.in_vietnam().strftime("%Y-%m-%dT%H:%M:%S+07:00").to_string(),
        "record": record,
    }))
}

fn unreadable() -> HandError {
    let why = "bản ghi trong kho không đọc được; ánh xạ lại hồ sơ này / the stored record is not a JSON object; judge it again";
    HandError::of(Trouble::Refused, why)
}

/// SHA-256 in hex.
fn hash(bytes: &[u8]) -> String {
    ContentHash(Sha256::digest(bytes).into()).to_string()
}
