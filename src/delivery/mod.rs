//! From the outbox to the nation and back: batches under keys chosen beforehand, several in flight, every record's
//! outcome written down.
//!
//! * `courier`: the loop: settle what came back, open what may go, wait.
//! * `opening`: opens what may go, in the log and in its batch, before it goes.
//! * `returns`: closes an exchange and applies its answer.
//! * `jobs`: forms batches and chooses what is due: a question first, then what surely was not stored, then new.
//! * `lanes`: the order within one dossier.
//! * `landing`: what an answer means for its batch; `settle`: for each record; `whole`: where a code speaks for the call.
//! * `unlisted`: a code that the profile does not list.
//! * `looked_up`: settles an unknown outcome by looking the records up; and what only a person can settle.
//! * `pace`: request budget, windows, silence that was asked for, breaker; `deadline`: when a stream goes first.
//!   Both pure; `turn` asks the store whether it has anything to send.
//! * `line`: one question at a time, for those who ask and do not deliver; `line_wire`: its attempts, opened and closed.
//!
//! The wire is only reached after a commit that says so. What a crash leaves open is unknown, and is asked about.

mod courier;
mod deadline;
mod jobs;
mod landing;
mod lanes;
mod line;
mod line_wire;
mod looked_up;
mod opening;
mod pace;
mod returns;
mod settle;
mod turn;
mod unlisted;
mod whole;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

pub use courier::{Courier, Delivered, Ended};
pub use deadline::{DAYS, Deadline, LEADS, Precedence};
pub use landing::NEXT_RUN;
pub use lanes::{Lanes, Order};
pub use line::{Judged, Line, LineError, Opened};
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
    /// A stop for records that cannot be stopped there.
    #[error(
        "hệ thống không có thao tác dừng cho '{entity}', không gửi gì: bỏ phần [stop] của ánh xạ và `decision` của luồng / there is no stop for '{entity}'"
    )]
    NoStop {
        /// The entity.
        entity: String,
    },
    /// A batch that cannot be written in the system's form.
    #[error("luồng '{entity}': không ghi được gói ra tệp: một ô dài quá 32.767 ký tự / a file cannot hold the batch")]
    NoBody {
        /// The entity.
        entity: String,
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
