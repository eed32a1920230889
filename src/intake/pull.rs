//! Windows are asked for one by one; what came, the cursor and the exchange's end are one transaction.
//!
//! A window is stored once all its pages are; only then the cursor moves. A page that was stored before its window
//! broke off is met again by the next run, and known.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_util::sync::CancellationToken;

use super::judge::Judge;
use super::receive::{Arrived, Desk};
use super::window::{Cursor, Plan, Step, moved};
use super::{Intake, IntakeError, Taken, Wanted};
use crate::delivery::{Judged, Line, LineError, Opened};
use crate::model::Clock;
use crate::national::{Operation, Pull, PullVerdict, Pulled, Reply, Window};
use crate::store::leases::{self, Lease};
use crate::store::{Store, StoreError, inbox};

/// More pages of one window are asked for in parts.
const MOST_PAGES: u32 = 1000;
/// So many answers to one question that are data and cannot be read: less is asked for, to find what spoils them.
const UNREADABLE: u32 = 3;
/// A run notes so many gaps; more are no matter of single applications, and end it.
const MOST_GAPS: usize = 5;

/// What is to be done where a second holds too much.
const TOO_LARGE: &str =
    "câu trả lời vẫn quá lớn, tăng answer-bytes trong system.toml / still too large: raise answer-bytes";

/// What became of a window.
enum Ended {
    Stored,
    /// Too much came, or something that spoils it all: less is asked for.
    TooMuch(String),
    /// The run ends; whether that is because the portal was not reached.
    Failed {
        why: String,
        unreached: bool,
    },
}

struct Puller<'a> {
    store: &'a Store,
    intake: &'a Intake,
    pull: &'a Pull,
    lease: &'a Lease,
    clock: &'a dyn Clock,
    /// What a dry run has told already, eight bytes each: windows share a second, and it keeps nothing by which it
    /// would know.
    told: Option<HashSet<u64>>,
}

/// Asks for what is due, or for a span. What the portal did wrong is told in `taken`.
pub(super) async fn pull(
    store: &Store,
    intake: &Intake,
    lease: &Lease,
    clock: &dyn Clock,
    wanted: &Wanted,
    stop: &CancellationToken,
    taken: &mut Taken,
) -> Result<(), IntakeError> {
    let profile = &intake.system.profile;
    let pull = profile.pull().ok_or_else(|| IntakeError::NoPull { system: intake.system.name.clone() })?;
    let told = wanted.dry_run.then(HashSet::new);
    let mut puller = Puller { store, intake, pull, lease, clock, told };
    let mut tx = store.read().await?;
    let cursor = inbox::cursor(&mut tx, &intake.name).await?.map(|(upto, reread)| Cursor { upto, reread });
    drop(tx);
    let mut plan = match wanted.span {
        Some(span) => Plan::of(&intake.rhythm, span, clock.now()),
        None => Plan::due(&intake.rhythm, cursor, clock.now()),
    };
    let patience_ms = i64::try_from(intake.patience.as_millis()).unwrap_or(i64::MAX);
    let mut line = Line::new(store, &intake.system, lease, clock, patience_ms, stop);
    while let Some(mut step) = plan.step() {
        // What is behind a gap is taken in, and the gap is asked for again.
        step.moves &= taken.gaps.is_empty();
        if stop.is_cancelled() {
            return Err(IntakeError::Stopped);
        }
        match puller.window(&mut line, step, taken).await? {
            Ended::Stored => taken.windows += 1,
            Ended::TooMuch(_) if plan.halve(step) => {}
            Ended::TooMuch(why) => {
                let gap = format!("cửa sổ {} dài một giây / of one second: {why}", about(step.window));
                taken.error.get_or_insert_with(|| gap.clone());
                taken.gaps.push(gap);
                if taken.gaps.len() >= MOST_GAPS {
                    break;
                }
            }
            Ended::Failed { why, unreached } => {
                (taken.error, taken.unreached) = (Some(why), unreached);
                break;
            }
        }
    }
    if wanted.dry_run {
        return Ok(());
    }
    let mut tx = store.write().await?;
    leases::renew(&mut tx, lease, clock.now()).await?;
    inbox::ended(&mut tx, &intake.name, clock.now(), taken.error.as_deref().unwrap_or_default()).await?;
    if plan.rereads && taken.error.is_none() {
        inbox::reread(&mut tx, &intake.name, clock.now()).await?;
    }
    tx.commit().await?;
    Ok(())
}

impl Puller<'_> {
    /// Asks for all pages of a window.
    async fn window(&mut self, line: &mut Line<'_>, step: Step, taken: &mut Taken) -> Result<Ended, IntakeError> {
        let (pull, profile) = (self.pull, &self.intake.system.profile);
        let (mut page, mut before) = (0, Vec::new());
        loop {
            let unread = AtomicU32::new(0);
            let judge = |reply: &Reply| match pull.read(profile, reply) {
                Err(PullVerdict::Unreadable { why })
                    if is_data(reply) && unread.fetch_add(1, Ordering::Relaxed) + 1 >= UNREADABLE =>
                {
                    Judged::Done(Err(why))
                }
                read => Judged::from(read.map(Ok)),
            };
            let request = pull.request(&self.intake.system.province, step.window, page);
            let asked = line.ask(Operation::Pull, &about(step.window), &request, &judge).await;
            let (pulled, opened) = match asked {
                Ok((Ok(pulled), opened)) => (pulled, opened),
                Ok((Err(why), opened)) => {
                    let mut tx = self.store.write().await?;
                    line.close(&mut tx, &opened, "unreadable", 0).await?;
                    tx.commit().await?;
                    return Ok(Ended::TooMuch(why));
                }
                Err(LineError::Store(error)) => return Err(error.into()),
                Err(LineError::Stopped) => return Err(IntakeError::Stopped),
                Err(LineError::TooLarge { .. }) => return Ok(Ended::TooMuch(TOO_LARGE.to_owned())),
                Err(error) => {
                    let unreached = matches!(
                        error,
                        LineError::Unreached { .. } | LineError::GaveUp { .. } | LineError::Credentials(_)
                    );
                    return Ok(Ended::Failed { why: error.to_string(), unreached });
                }
            };
            let (certain, full) = (pulled.last, pulled.full);
            let arrived = self.arrived(pulled);
            // A portal that does not know pages gives the first one for ever.
            let these: Vec<Vec<u8>> = arrived.iter().map(|one| one.hashes.0.clone()).collect();
            // One that is not full is given again by a portal that has no more pages.
            let last = certain || (!full && these == before);
            let stands_still = !last && these == before;
            before = these;
            let ends = last && step.moves;
            self.keep(line, &opened, arrived, ends.then_some(step.window), taken).await?;
            if last {
                return Ok(Ended::Stored);
            }
            if stands_still {
                let why =
                    "cổng trả lời hai trang giống nhau: xem [pull.page] / two pages are the same: see [pull.page]";
                return Ok(Ended::Failed { why: why.to_owned(), unreached: false });
            }
            page += 1;
            if page >= MOST_PAGES {
                return Ok(Ended::TooMuch(format!("quá {MOST_PAGES} trang / more than {MOST_PAGES} pages")));
            }
        }
    }

    fn arrived(&self, pulled: Pulled) -> Vec<Arrived> {
        let of = |application| {
            let (number, status) = (self.pull.number_of(&application), self.pull.status_of(&application));
            let (number, status) = (number.to_owned(), status.to_owned());
            let files = self.pull.attachments(&application);
            let arrived = Arrived::of(&number, &status, application, self.pull.echo());
            Arrived { files: files.into_iter().map(|file| (file.address, file.name)).collect(), ..arrived }
        };
        let strange = pulled.strange.into_iter().map(|one| Arrived::strange(&one.raw, &one.why));
        pulled.applications.into_iter().map(of).chain(strange).collect()
    }

    /// One transaction: the rows, the exchange's end, and the cursor where this ends a window.
    async fn keep(
        &mut self,
        line: &Line<'_>,
        opened: &Opened,
        arrived: Vec<Arrived>,
        ends: Option<Window>,
        taken: &mut Taken,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let desk = Desk {
            intake: &self.intake.name,
            system: &self.intake.system.name,
            judge: Judge { mapping: &self.intake.mapping, today: now.day() },
            exchange_id: &opened.exchange_id,
            now,
        };
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, self.lease, now).await?;
        let (records, arrived) = (arrived.len(), self.untold(arrived, taken));
        let received = desk.receive(&mut tx, &arrived).await?;
        if self.told.is_some() {
            // Only looked: all of it is taken back.
            drop(tx);
            tx = self.store.write().await?;
        } else if let Some(window) = ends {
            let upto = inbox::cursor(&mut tx, &self.intake.name).await?.map(|(upto, _)| upto);
            inbox::move_cursor(&mut tx, &self.intake.name, moved(upto, window.to, now)).await?;
        }
        line.close(&mut tx, opened, "done", records).await?;
        tx.commit().await?;
        taken.received.add(&received);
        Ok(())
    }
}

impl Puller<'_> {
    /// Of a dry run only what it did not tell before; otherwise all.
    fn untold(&mut self, mut arrived: Vec<Arrived>, taken: &mut Taken) -> Vec<Arrived> {
        let Some(told) = &mut self.told else { return arrived };
        let count = arrived.len();
        arrived.retain(|one| told.insert(xxhash_rust::xxh3::xxh3_64(&one.hashes.0)));
        let again = u64::try_from(count - arrived.len()).unwrap_or(0);
        taken.received.items += again;
        taken.received.repeated += again;
        arrived
    }
}

/// Whether an answer came as it should and is no page: what spoils it is in the data.
fn is_data(reply: &Reply) -> bool {
    let start = reply.body.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&reply.body).trim_ascii_start();
    reply.status == 200 && start.first().is_some_and(|byte| *byte != b'<')
}

/// What the exchange log says of a window.
fn about(window: Window) -> String {
    format!("{}-{}", window.from.wire(), window.to.wire())
}
