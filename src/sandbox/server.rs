//! The nation behind a port.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::http::{Incoming, Wire};
use super::nation::Nation;
use super::wire::Reply;

/// The nation's own clock, milliseconds since 1970. It is not the gateway's: the two may differ.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The machine's clock.
#[expect(clippy::disallowed_methods, reason = "the sandbox is the other side and shares no code, so no model::Clock")]
pub fn system_clock() -> Clock {
    Arc::new(|| jiff::Timestamp::now().as_millisecond())
}

/// Serves the nation on a listener until told to stop; then connections end wherever they are.
pub async fn serve(
    listener: TcpListener,
    nation: Arc<Mutex<Nation>>,
    clock: Clock,
    stop: CancellationToken,
) -> io::Result<()> {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // One that went away before it was taken in, or no descriptors left: a little later the next may do.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (nation, clock, stop) = (nation.clone(), clock.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = talk(stream, &nation, &clock) => {}
            }
        });
    }
}

/// One connection, request after request. Its errors are the other side's going away.
async fn talk(stream: TcpStream, nation: &Mutex<Nation>, clock: &Clock) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut wire = Wire::new(stream);
    loop {
        let (reply, keep) = match wire.read(clock).await? {
            Incoming::Closed => return Ok(()),
            Incoming::Unreadable => (Reply::json(400, r#"{"error":"not HTTP"}"#), false),
            Incoming::Oversized(path) => (lock(nation).oversized(&path), false),
            Incoming::Whole(request) => {
                let close = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
                (lock(nation).handle(&request, clock()), !close)
            }
        };
        if !wire.write(&reply, keep).await? {
            return Ok(());
        }
    }
}

/// A panic elsewhere left the nation as it was; it can still be asked what it holds.
fn lock(nation: &Mutex<Nation>) -> std::sync::MutexGuard<'_, Nation> {
    nation.lock().unwrap_or_else(PoisonError::into_inner)
}
