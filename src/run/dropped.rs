//! Files of a drop folder: what a run reads, and what becomes of the file afterwards.
//!
//! The store knows a content once its rows are staged; only then the file is moved. A crash between the two leaves a
//! file whose content is known: it is moved, and not taken again.

use serde_json::json;

use super::{Outcome, RunError, Stream};
use crate::model::Clock;
use crate::source::{Delivery, Ready, SourceError};
use crate::store::leases::{self, Lease};
use crate::store::{Store, taken};

/// What a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// A source that can always be read.
    Scan,
    /// A file.
    File(Delivery),
    /// Nothing waits to be read: only what is left of earlier runs is delivered.
    Rest,
}

/// Finds what this run reads. Files whose content was taken before are put away and told.
pub(super) async fn turn(
    store: &Store,
    stream: &Stream,
    id: i64,
    lease: &Lease,
    clock: &dyn Clock,
    outcome: &mut Outcome,
) -> Result<Turn, RunError> {
    let failed = |error| RunError::Source { stream: stream.name.clone(), error };
    loop {
        let file = match stream.source.ready().await.map_err(failed)? {
            Ready::Always => return Ok(Turn::Scan),
            Ready::Nothing => return Ok(Turn::Rest),
            Ready::File(file) => file,
        };
        let mut tx = store.write().await?;
        leases::renew(&mut tx, lease, clock.now()).await?;
        let known = taken::known(&mut tx, id, &file.hash).await?;
        tx.commit().await?;
        let Some(known) = known else { return Ok(Turn::File(file)) };
        let receipt = json!({
            "file": file.name, "sha256": file.hash, "at": clock.now().for_people(),
            "result": "nội dung đã nhận trước đây, không nhận lại / the content was taken before, and is not taken again",
            "taken": { "file": known.name, "rows": known.rows, "run": known.run, "at_ms": known.at_ms },
        });
        stream.source.settle(&file, &receipt).await.map_err(failed)?;
        tracing::info!(stream = %stream.name, file = %file.name, run = known.run, "tệp đã nhận trước đây / taken before");
        outcome.repeated.push(file.name);
    }
}

/// Puts the file away once the run has ended: taken, or refused where the file itself is at fault. What could not be
/// read for another reason stays where it is.
pub(super) async fn put_away(
    stream: &Stream,
    turn: &Turn,
    run: i64,
    clock: &dyn Clock,
    outcome: &Outcome,
    error: Option<&RunError>,
) -> Result<(), SourceError> {
    let Turn::File(file) = turn else { return Ok(()) };
    let told = json!({
        "file": file.name, "sha256": file.hash, "run": run, "at": clock.now().for_people(),
        "rows": outcome.scanned, "result": outcome, "error": error.map(ToString::to_string),
    });
    if outcome.file.is_some() {
        return stream.source.settle(file, &told).await;
    }
    let Some(RunError::Source { error, .. }) = error else { return Ok(()) };
    // The source of decisions fails with the same kinds of errors: a second look tells whether it is the file.
    let at_fault = error.is_of_content()
        && match stream.source.reading().await {
            Ok(reading) => reading.is_some_and(|reading| reading.stops),
            Err(error) => error.is_of_content(),
        };
    if at_fault { stream.source.refuse(file, &told).await } else { Ok(()) }
}
