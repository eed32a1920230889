//! From the outbox to the nation and back: batches under keys chosen beforehand, several in flight, every record's
//! outcome written down.
//!
//! * `courier`: the loop: settle what came back, open what may go, wait.
//! * `returns`: closes an exchange and applies its answer.
//! * `jobs`: forms batches and chooses what is due: a question first, then what surely was not stored, then new.
//! * `landing`: what an answer means for its batch; `settle`: for each record.
//! * `pace`: request budget, windows, silence that was asked for, breaker. Pure.
//!
//! The wire is only reached after a commit that says so. What a crash leaves open is unknown, and is asked about.

mod courier;
mod jobs;
mod landing;
mod pace;
mod returns;
mod settle;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

pub use courier::{Courier, Delivered, Ended};
pub use pace::{Gate, PaceSettings, Window};

use crate::national::{Profile, Session, Transport};
use crate::outbox::Retry;
use crate::store::StoreError;

/// A national system as it is spoken to from here; shared by all streams to it.
pub struct System {
    /// Its name in our configuration.
    pub name: String,
    /// How it is spoken to.
    pub profile: Arc<Profile>,
    /// Its token.
    pub session: Session,
    /// The wire.
    pub transport: Arc<dyn Transport>,
    /// The province's code in the envelope.
    pub province: String,
    /// How fast.
    pub pace: PaceSettings,
    /// Waits after failures.
    pub retry: Retry,
    /// Requests on the wire now, of all streams of this process.
    pub in_flight: AtomicI64,
}

/// Why delivery stopped. What was not settled stays in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The store failed: nothing may be sent that cannot be written down first.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The profile has no such call.
    #[error(
        "hồ sơ hệ thống không có thao tác '{operation}' cho '{entity}' / the profile has no operation '{operation}' for '{entity}'"
    )]
    NoCall {
        /// The entity.
        entity: String,
        /// The operation.
        operation: &'static str,
    },
    /// A record that alone is larger than a batch may be.
    #[error(
        "một bản ghi lớn hơn giới hạn {limit} byte của một gói / a record is larger than a batch may be ({limit} bytes)"
    )]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}
