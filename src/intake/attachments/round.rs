//! One file after another: fetched, judged, scanned, put in its place, written down.

use std::fs;
use std::io;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::media;
use super::part::{Part, Refusal};
use super::scan::Scanned;
use super::shelf::{self, Looked};
use super::{Attachments, FetchError, Fetched};
use crate::delivery::{Judged, Line, LineError, System};
use crate::model::{Clock, Timestamp};
use crate::national::{Pull, Reply};
use crate::store::attachment::{self, Noted, Wanted};
use crate::store::leases::{self, Lease};
use crate::store::{Store, Tx};

/// How long a file waits after its first, second, … failure; after more, as after the last.
const WAITS_MS: [i64; 6] = [60_000, 300_000, 900_000, 3_600_000, 6 * 3_600_000, 24 * 3_600_000];
/// How often one file goes on from where it broke off, in one round.
const RESUMES: u32 = 5;
/// While a scanner works, the lease is renewed so often.
const SIGN_OF_LIFE: std::time::Duration = std::time::Duration::from_secs(15);

/// By what a round is made.
#[derive(Clone, Copy)]
pub struct Round<'a> {
    /// The store.
    pub store: &'a Store,
    /// The intake's name.
    pub intake: &'a str,
    /// The portal.
    pub system: &'a System,
    /// The intake's lease.
    pub lease: &'a Lease,
    /// The time.
    pub clock: &'a dyn Clock,
    /// To end early.
    pub stop: &'a CancellationToken,
    /// How long to go on without any answer.
    pub patience_ms: i64,
    /// After so long it ends with the file that it is at.
    pub longest_ms: i64,
}

/// What became of one file.
enum End {
    Stored,
    Refused(String),
    Infected,
    Outside(String),
    /// Again later; with the part that is there.
    Failed(String, Noted),
}

/// Fetches the files that are due, at most so many, for a few minutes. A portal that is down, or a folder that cannot be written, ends the
/// round at once and is no failure of a file.
pub async fn fetch(files: &Attachments, round: Round<'_>, most: u64) -> Result<Fetched, FetchError> {
    let pull = round.system.profile.pull().ok_or(FetchError::NoPull)?;
    files.shelf.prepare().map_err(|error| files.disk(&error))?;
    let mut line =
        Line::new(round.store, round.system, round.lease, round.clock, round.patience_ms, round.stop).at_most(2);
    // What fails in this round is not due again in it, however long the round takes.
    let (mut fetched, due) = (Fetched::default(), round.clock.now());
    let until = round.clock.monotonic().saturating_add(round.longest_ms);
    for _ in 0..most {
        if round.stop.is_cancelled() || round.clock.monotonic() >= until {
            break;
        }
        let mut tx = round.store.read().await?;
        let next = attachment::next(&mut tx, round.intake, due).await?;
        drop(tx);
        let Some(wanted) = next else { break };
        let end = one(files, &round, pull, &mut line, &wanted).await?;
        write_down(&round, &wanted, &end, &mut fetched).await?;
        // Only now may what the store speaks of go: a crash before finds it again.
        files.tidy(round.intake, &wanted, &end).map_err(|error| files.disk(&error))?;
    }
    let mut tx = round.store.read().await?;
    (fetched.waiting, _) = attachment::waiting(&mut tx, round.intake).await?;
    Ok(fetched)
}

async fn write_down(round: &Round<'_>, wanted: &Wanted, end: &End, fetched: &mut Fetched) -> Result<(), FetchError> {
    let (mut tx, now) = held(round).await?;
    match end {
        // Written down by itself, with what it is.
        End::Stored => fetched.stored += 1,
        End::Refused(why) => {
            attachment::ended(&mut tx, wanted.id, "refused", why).await?;
            fetched.refused += 1;
        }
        End::Infected => {
            attachment::ended(&mut tx, wanted.id, "infected", "").await?;
            fetched.infected += 1;
        }
        End::Outside(why) => {
            attachment::ended(&mut tx, wanted.id, "outside", why).await?;
            fetched.outside += 1;
        }
        End::Failed(why, part) => {
            let nth = usize::try_from(wanted.attempts).unwrap_or(usize::MAX).min(WAITS_MS.len() - 1);
            attachment::failed(&mut tx, wanted.id, now.plus(WAITS_MS[nth]), why, part).await?;
            fetched.failed += 1;
        }
    }
    Ok(tx.commit().await?)
}

/// A writing transaction under the lease, renewed.
async fn held(round: &Round<'_>) -> Result<(Tx, Timestamp), FetchError> {
    let (mut tx, now) = (round.store.write().await?, round.clock.now());
    leases::renew(&mut tx, round.lease, now).await?;
    Ok((tx, now))
}

async fn one(
    files: &Attachments,
    round: &Round<'_>,
    pull: &Pull,
    line: &mut Line<'_>,
    wanted: &Wanted,
) -> Result<End, FetchError> {
    if wanted.place > i64::from(files.most) {
        return Ok(End::Refused(format!("quá {} tệp / more than {} files", files.most, files.most)));
    }
    let (part, whole) = files.shelf.parts(round.intake, wanted);
    if !whole.exists()
        && let Some(end) = download(files, round, pull, line, wanted, &part, &whole).await?
    {
        return Ok(end);
    }
    let looked = {
        let whole = whole.clone();
        let looked = tokio::task::spawn_blocking(move || shelf::look(&whole)).await;
        looked.map_err(io::Error::other).flatten().map_err(|error| files.disk(&error))?
    };
    if looked.media == media::PAGE {
        fs::remove_file(&whole).map_err(|error| files.disk(&error))?;
        let why = "một trang HTML thay cho tệp / a page where a file should be";
        return Ok(End::Failed(why.to_owned(), Noted::default()));
    }
    if !files.types.iter().any(|kept| kept == looked.media) {
        return Ok(End::Refused(format!("loại tệp {} không được nhận / the type is not kept", looked.media)));
    }
    match scanned(files, round, &whole).await? {
        Scanned::Clean => {}
        Scanned::Infected => return Ok(End::Infected),
        Scanned::Failed(why) => return Ok(End::Failed(why, Noted::default())),
    }
    files.shelf.keep(&whole, round.intake, wanted, &looked).map_err(|error| files.disk(&error))?;
    let Looked { hash, bytes, media } = &looked;
    let (mut tx, now) = held(round).await?;
    attachment::stored(&mut tx, wanted.id, (hash, *bytes, media), now).await?;
    tx.commit().await?;
    Ok(End::Stored)
}

/// Fetches a file until it is whole; an end where it does not become so.
async fn download(
    files: &Attachments,
    round: &Round<'_>,
    pull: &Pull,
    line: &mut Line<'_>,
    wanted: &Wanted,
    path: &Path,
    whole: &Path,
) -> Result<Option<End>, FetchError> {
    let disk = |error: io::Error| files.disk(&error);
    let mut part =
        Part::open(path, (&wanted.etag, wanted.part_bytes.unsigned_abs()), files.most_bytes).map_err(disk)?;
    // The log tells which file it was, not what it is called.
    let about = format!("attachment:{}", wanted.id);
    let judge = |reply: &Reply| Judged::from(pull.judge_fetch(&round.system.profile, reply));
    for _ in 0..=RESUMES {
        let from = part.length;
        let mut request = match pull.fetch(&files.base, &wanted.address, from) {
            Ok(request) => request,
            Err(outside) => return Ok(Some(End::Outside(outside.to_string()))),
        };
        if from > 0 {
            request.headers.push(("If-Range".to_owned(), part.etag.clone()));
        }
        request.answer_limit = usize::try_from(files.most_bytes).unwrap_or(usize::MAX);
        let error = match line.download(&about, &request, &mut part, &judge).await {
            Ok((_, opened)) => {
                part.sync().map_err(disk)?;
                if part.is_whole() {
                    fs::rename(path, whole).map_err(disk)?;
                }
                let mut tx = round.store.write().await?;
                line.close(&mut tx, &opened, if part.is_whole() { "done" } else { "part" }, 1).await?;
                tx.commit().await?;
                if part.is_whole() {
                    return Ok(None);
                }
                LineError::Broken { why: "thiếu một phần / a part is missing".to_owned() }
            }
            Err(error) => error,
        };
        match failed(error, &mut part, from).map_err(disk)? {
            After::GoOn => {}
            After::End(end) => return Ok(Some(end)),
            After::Stop(error) => {
                if !part.etag.is_empty() {
                    let mut tx = round.store.write().await?;
                    attachment::noted(&mut tx, wanted.id, &part.noted()).await?;
                    tx.commit().await?;
                }
                return Err(error);
            }
        }
    }
    Ok(Some(End::Failed("đứt nhiều lần / it broke off too often".to_owned(), part.noted())))
}

/// What follows of a download that brought no whole file.
enum After {
    /// The rest is asked for, or all of it again.
    GoOn,
    /// Nothing more of this file for now.
    End(End),
    /// Nothing more at all.
    Stop(FetchError),
}

fn failed(error: LineError, part: &mut Part, from: u64) -> io::Result<After> {
    match (error, part.refusal.take()) {
        (LineError::Declined { .. }, Some(Refusal::Disk(why))) => Err(io::Error::other(why)),
        (LineError::Declined { why }, Some(Refusal::TooLarge)) => Ok(After::End(End::Refused(why))),
        (error @ LineError::TooLarge { .. }, _) => Ok(After::End(End::Refused(error.to_string()))),
        (LineError::Declined { .. }, _) => {
            part.clear()?;
            Ok(After::GoOn)
        }
        // The rest of a file that is no longer so long.
        (LineError::Refused { code, .. }, _) if from > 0 && code.ends_with(" 416") => {
            part.clear()?;
            Ok(After::GoOn)
        }
        (error, _) => {
            // What is there must last before anything says that it is there.
            part.sync()?;
            Ok(match error {
                LineError::Broken { .. } if part.length > from && !part.etag.is_empty() => After::GoOn,
                LineError::Broken { why } | LineError::GaveUp { why } => After::later(why, part),
                refused @ LineError::Refused { .. } => After::later(refused.to_string(), part),
                other => After::Stop(other.into()),
            })
        }
    }
}

impl After {
    fn later(why: String, part: &Part) -> Self {
        Self::End(End::Failed(why, part.noted()))
    }
}

/// What the scanner says; clean where there is none.
async fn scanned(files: &Attachments, round: &Round<'_>, whole: &Path) -> Result<Scanned, FetchError> {
    let Some(scanner) = &files.scanner else { return Ok(Scanned::Clean) };
    let mut scan = std::pin::pin!(scanner.scan(whole));
    loop {
        tokio::select! {
            said = &mut scan => return Ok(said),
            () = round.stop.cancelled() => return Err(LineError::Stopped.into()),
            () = tokio::time::sleep(SIGN_OF_LIFE) => held(round).await?.0.commit().await?,
        }
    }
}

impl Attachments {
    fn disk(&self, error: &io::Error) -> FetchError {
        FetchError::Disk { folder: self.shelf.folder().to_owned(), why: error.to_string() }
    }

    /// Removes what was fetched, where it is in its place or is not kept.
    fn tidy(&self, intake: &str, wanted: &Wanted, end: &End) -> io::Result<()> {
        if matches!(end, End::Failed(..)) {
            return Ok(());
        }
        let (part, whole) = self.shelf.parts(intake, wanted);
        for file in [part, whole] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}
