//! `queue retry|park|release` and `replay`: what a person decides about single records, kept with who and why.

use std::collections::BTreeSet;

use clap::{ArgGroup, Args};
use serde_json::json;

use super::hand::{Alone, chosen, id_of, tell, who};
use super::{Call, Failure, output};
use crate::app::App;
use crate::model::{Kind, Message, Reason};
use crate::run::Stream;
use crate::store::batch::{self, State};
use crate::store::decided::{self, Decision, PARKED};
use crate::store::{Tx, ledger, mismatch, outbox, runs};

/// Keys looked up at once.
const CHUNK: usize = 1000;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["keys", "code"])))]
pub(super) struct RetryArgs {
    /// Khóa / keys
    keys: Vec<String>,
    /// Tất cả những gì bị từ chối với mã này / all that was refused with this code
    #[arg(long)]
    code: Option<String>,
    /// Vì sao gửi lại / why they go again
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct ParkArgs {
    /// Khóa / the key
    key: String,
    /// Vì sao / why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// Khóa / the key
    key: String,
    /// Vì sao / why
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Mã gói tin / the batch's key
    batch: String,
    /// Vì sao / why
    #[arg(long, default_value = "")]
    reason: String,
    /// Chỉ xem, không ghi gì / only look, write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct Common {
    /// Luồng / the stream
    #[arg(long)]
    stream: Option<String>,
    /// Chỉ xem, không ghi gì / only look, write nothing
    #[arg(long)]
    dry_run: bool,
}

fn no(message: Message, values: &[(&str, &dyn std::fmt::Display)]) -> Failure {
    Failure::new(2, message.with(values))
}

/// What is known of a record, or why there is nothing to decide about.
async fn known(tx: &mut Tx, id: i64, stream: &Stream, key: &str) -> Result<Option<ledger::Entry>, Failure> {
    let entry = ledger::find(tx, id, &[key]).await?.remove(key);
    if entry.is_none() && !mismatch::is_open(tx, id, key, Kind::Parked, PARKED).await? {
        return Err(no(Message::UnknownKey, &[("stream", &stream.name), ("key", &output::key(key))]));
    }
    Ok(entry)
}

/// Which records are meant.
struct Meant {
    /// These may go again.
    keys: Vec<String>,
    /// These a person keeps out of the queue: nothing is decided about them here.
    parked: Vec<String>,
}

impl Meant {
    fn of(keys: Vec<String>, parked: &BTreeSet<String>) -> Result<Self, Failure> {
        let (parked, keys): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| parked.contains(key));
        if keys.is_empty() {
            return Err(no(Message::IsParked, &[("key", &output::keys(&parked))]));
        }
        Ok(Self { keys, parked })
    }

    /// Says as well what stays where it is.
    fn with_parked(&self, text: String) -> String {
        if self.parked.is_empty() {
            return text;
        }
        let keys = output::keys(&self.parked);
        format!("{text}\n{}", Message::StayParked.with(&[("count", &self.parked.len()), ("keys", &keys)]))
    }
}

/// Lets the refused contents go again: the next scan judges the rows anew and finds nothing refused.
async fn again(alone: &mut Alone, keys: &[String], decision: &Decision<'_>) -> Result<(), Failure> {
    let (tx, id) = (&mut alone.tx, alone.id);
    let list: Vec<&str> = keys.iter().map(String::as_str).collect();
    ledger::forget_refusals(tx, id, &list).await?;
    ledger::must_judge(tx, id, &list).await?;
    Ok(decided::add(tx, id, keys, decision).await?)
}

pub(super) async fn retry(call: &Call, app: &App, args: &RetryArgs) -> Result<u8, Failure> {
    let stream = chosen(app, args.common.stream.as_ref())?;
    let (meant, message) = if args.common.dry_run {
        let mut tx = app.store.read().await?;
        let id = id_of(&mut tx, stream).await?;
        (to_retry(&mut tx, id, stream, args).await?, Message::WouldRetry)
    } else {
        let mut alone = Alone::with(app, stream).await?;
        let meant = to_retry(&mut alone.tx, alone.id, stream, args).await?;
        let decision = Decision { verb: "retry", at: alone.now, who: &who(), reason: &args.reason, batch_key: "" };
        again(&mut alone, &meant.keys, &decision).await?;
        alone.commit().await?;
        (meant, Message::RetryGoes)
    };
    let text = message.with(&[("count", &meant.keys.len()), ("keys", &output::keys(&meant.keys))]);
    let told = json!({ "keys": meant.keys, "parked": meant.parked, "again": !args.common.dry_run });
    tell(call, &told, &meant.with_parked(text));
    Ok(0)
}

/// The records that are meant: all of them can go again, or none is touched.
async fn to_retry(tx: &mut Tx, id: i64, stream: &Stream, args: &RetryArgs) -> Result<Meant, Failure> {
    let parked = decided::parked(tx, id).await?;
    let Some(code) = &args.code else {
        let mut keys = args.keys.clone();
        keys.sort();
        keys.dedup();
        for part in keys.chunks(CHUNK) {
            let list: Vec<&str> = part.iter().map(String::as_str).collect();
            let entries = ledger::find(tx, id, &list).await?;
            for key in list {
                known(tx, id, stream, key).await?;
                if parked.contains(key) {
                    return Err(no(Message::IsParked, &[("key", &output::key(key))]));
                }
                if entries.get(key).is_none_or(|e| e.refused.is_none()) {
                    return Err(no(Message::NotRefused, &[("key", &output::key(key))]));
                }
            }
        }
        return Ok(Meant { keys, parked: Vec::new() });
    };
    let keys = decided::refused_for(tx, id, code).await?;
    if keys.is_empty() {
        let counts = mismatch::counts(tx, id).await?;
        let codes: Vec<String> = counts.into_iter().filter(|c| c.0 == "refused-there").map(|c| c.1).collect();
        let known = if codes.is_empty() { "—".to_owned() } else { codes.join(", ") };
        return Err(no(Message::NoSuchRefusal, &[("code", &output::key(code)), ("known", &known)]));
    }
    Meant::of(keys, &parked)
}

pub(super) async fn park(call: &Call, app: &App, args: &ParkArgs) -> Result<u8, Failure> {
    let (stream, key) = (chosen(app, args.common.stream.as_ref())?, args.key.as_str());
    if args.reason.trim().is_empty() {
        return Err(no(Message::ReasonNeeded, &[]));
    }
    let message = if args.common.dry_run {
        let mut tx = app.store.read().await?;
        let id = id_of(&mut tx, stream).await?;
        may_park(&mut tx, id, stream, key).await?;
        Message::WouldPark
    } else {
        let mut alone = Alone::with(app, stream).await?;
        let (tx, id, now) = (&mut alone.tx, alone.id, alone.now);
        may_park(tx, id, stream, key).await?;
        decided::park(tx, id, &[key]).await?;
        let run = runs::last(tx, id, 1).await?.first().map_or(0, |run| run.id);
        let draft = mismatch::Draft {
            detail: args.reason.clone(),
            ..mismatch::Draft::new(key, Kind::Parked, Reason::Parked.word())
        };
        mismatch::open(tx, id, run, now, &[draft]).await?;
        let decision = Decision { verb: "park", at: now, who: &who(), reason: &args.reason, batch_key: "" };
        decided::add(tx, id, std::slice::from_ref(&args.key), &decision).await?;
        alone.commit().await?;
        Message::ParkedNow
    };
    tell(call, &json!({ "key": key, "parked": !args.common.dry_run }), &message.with(&[("key", &output::key(key))]));
    Ok(0)
}

/// Only what waits unsent can be kept back: what is on its way may be stored there already.
async fn may_park(tx: &mut Tx, id: i64, stream: &Stream, key: &str) -> Result<(), Failure> {
    known(tx, id, stream, key).await?;
    let open = outbox::open(tx, id, &[key]).await?.remove(key).unwrap_or_default();
    let why_not = if mismatch::is_open(tx, id, key, Kind::Parked, PARKED).await? {
        Message::AlreadyParked
    } else if open.in_flight.is_some() {
        Message::InFlight
    } else if open.queued.is_none() {
        Message::NothingUnsent
    } else {
        return Ok(());
    };
    Err(no(why_not, &[("key", &output::key(key))]))
}

pub(super) async fn release(call: &Call, app: &App, args: &ReleaseArgs) -> Result<u8, Failure> {
    let (stream, key) = (chosen(app, args.common.stream.as_ref())?, args.key.as_str());
    let message = if args.common.dry_run {
        let mut tx = app.store.read().await?;
        let id = id_of(&mut tx, stream).await?;
        may_release(&mut tx, id, stream, key).await?;
        Message::WouldRelease
    } else {
        let mut alone = Alone::with(app, stream).await?;
        let (tx, id, now) = (&mut alone.tx, alone.id, alone.now);
        may_release(tx, id, stream, key).await?;
        decided::unpark(tx, id, key).await?;
        mismatch::close(tx, id, Kind::Parked, &[key], now).await?;
        let decision = Decision { verb: "release", at: now, who: &who(), reason: &args.reason, batch_key: "" };
        decided::add(tx, id, std::slice::from_ref(&args.key), &decision).await?;
        alone.commit().await?;
        Message::ReleasedNow
    };
    tell(call, &json!({ "key": key, "released": !args.common.dry_run }), &message.with(&[("key", &output::key(key))]));
    Ok(0)
}

async fn may_release(tx: &mut Tx, id: i64, stream: &Stream, key: &str) -> Result<(), Failure> {
    known(tx, id, stream, key).await?;
    if mismatch::is_open(tx, id, key, Kind::Parked, PARKED).await? {
        return Ok(());
    }
    Err(no(Message::NotParked, &[("key", &output::key(key))]))
}

pub(super) async fn replay(call: &Call, args: &ReplayArgs) -> Result<u8, Failure> {
    let app = call.app().await?;
    let stream = stream_of(&app, &args.batch).await?;
    let (meant, message) = if args.dry_run {
        let mut tx = app.store.read().await?;
        (to_replay(&mut tx, &args.batch).await?, Message::WouldReplay)
    } else {
        let mut alone = Alone::with(&app, stream).await?;
        let meant = to_replay(&mut alone.tx, &args.batch).await?;
        let (who, reason) = (who(), args.reason.as_str());
        let decision = Decision { verb: "replay", at: alone.now, who: &who, reason, batch_key: &args.batch };
        again(&mut alone, &meant.keys, &decision).await?;
        alone.commit().await?;
        (meant, Message::ReplayGoes)
    };
    let (count, keys) = (meant.keys.len(), output::keys(&meant.keys));
    let text = message.with(&[("count", &count), ("batch", &args.batch), ("keys", &keys)]);
    let told = json!({ "batch": args.batch, "keys": meant.keys, "parked": meant.parked, "again": !args.dry_run });
    tell(call, &told, &meant.with_parked(text));
    Ok(0)
}

/// The stream that a batch belongs to.
async fn stream_of<'a>(app: &'a App, key: &str) -> Result<&'a Stream, Failure> {
    let mut tx = app.store.read().await?;
    if let Some(batch) = batch::find(&mut tx, key).await? {
        for stream in &app.streams {
            if runs::find_stream(&mut tx, &stream.name).await?.is_some_and(|(id, _)| id == batch.stream) {
                return Ok(stream);
            }
        }
    }
    Err(no(Message::UnknownBatch, &[("batch", &output::key(key))]))
}

/// The records of a settled batch that are still refused.
async fn to_replay(tx: &mut Tx, key: &str) -> Result<Meant, Failure> {
    let shown = output::key(key);
    let batch = batch::find(tx, key).await?.ok_or_else(|| no(Message::UnknownBatch, &[("batch", &shown)]))?;
    if batch.state != State::Settled {
        return Err(no(Message::BatchUnsettled, &[("batch", &shown)]));
    }
    let keys = decided::refused_of_batch(tx, batch.id).await?;
    if keys.is_empty() {
        return Err(no(Message::BatchNotRefused, &[("batch", &shown)]));
    }
    Meant::of(keys, &decided::parked(tx, batch.stream).await?)
}
