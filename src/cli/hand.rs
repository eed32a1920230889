//! What every verb by which a person decides needs: who it is, which records are meant, and the stream to itself.

use super::person::Person;
use super::{Call, Failure};
use crate::app::App;
use crate::model::{Clock, SystemClock, Timestamp};
use crate::run::Stream;
use crate::store::leases::{self, Lease, Taken};
use crate::store::{Tx, runs};

/// Who is at the keyboard, as it is written down.
pub(super) fn who() -> String {
    Person::here().acts
}

/// The stream that is meant: the named one, or the only one that there is.
pub(super) fn chosen<'a>(app: &'a App, name: Option<&String>) -> Result<&'a Stream, Failure> {
    match (name, app.streams.as_slice()) {
        (Some(name), _) => {
            let found = app.named(std::slice::from_ref(name))?;
            found.first().copied().ok_or_else(|| Failure::new(2, "không có luồng nào / no stream"))
        }
        (None, [only]) => Ok(only),
        (None, []) => Err(Failure::new(2, "không có luồng nào / no stream")),
        (None, several) => {
            let known: Vec<&str> = several.iter().map(|s| s.name.as_str()).collect();
            let known = known.join(", ");
            Err(Failure::new(2, format!("có nhiều luồng ({known}): thêm --stream / several streams: add --stream")))
        }
    }
}

/// The stream's id in the store.
pub(super) async fn id_of(tx: &mut Tx, stream: &Stream) -> Result<i64, Failure> {
    let found = runs::find_stream(tx, &stream.name).await?;
    found.map(|(id, _)| id).ok_or_else(|| {
        let message = format!(
            "luồng '{}' chưa chạy lần nào: chạy `sync` trước / the stream never ran: run `sync` first",
            stream.name
        );
        Failure::new(2, message)
    })
}

/// A writing transaction with the stream to itself: no run begins before it is committed, and none is going on.
pub(super) struct Alone {
    pub tx: Tx,
    pub id: i64,
    pub now: Timestamp,
    lease: Lease,
}

impl Alone {
    pub async fn with(app: &App, stream: &Stream) -> Result<Self, Failure> {
        let mut tx = app.store.write().await?;
        let id = id_of(&mut tx, stream).await?;
        let now = SystemClock::new().now();
        match leases::take(&mut tx, &stream.lease(), &leases::holder(), now).await? {
            Taken::Ours(lease) => Ok(Self { tx, id, now, lease }),
            Taken::Theirs { holder } => {
                let message = format!(
                    "luồng '{}' đang chạy ở tiến trình khác, không làm gì; thử lại khi lượt đó xong / the stream is running in \
                     another process, nothing done; try again when that run has ended ({holder})",
                    stream.name
                );
                Err(Failure::new(1, message))
            }
        }
    }

    pub async fn commit(mut self) -> Result<(), Failure> {
        leases::free(&mut self.tx, &self.lease).await?;
        Ok(self.tx.commit().await?)
    }
}

/// How a decision is told.
pub(super) fn tell(call: &Call, json: &serde_json::Value, text: &str) {
    if call.json {
        say!("{json}");
    } else {
        say!("{text}");
    }
}
