//! One stage after the other, over whatever is there: each does what earlier runs left as well, and one that cannot come
//! to its end holds up none of the others.

use tokio_util::sync::CancellationToken;

use super::attachments::{self, FetchError, Round};
use super::numbers::{self, NumbersError};
use super::{Intake, IntakeError, Taken, Wanted, again, hand_over, late, pull};
use crate::delivery::LineError;
use crate::model::Clock;
use crate::store::leases::Lease;
use crate::store::{Store, inbox};

/// So many versions are handed over in one run at most; the next one goes on.
const MOST_HANDED: u64 = 100_000;
/// So many files are fetched in one run at most, so that the next pull is not late.
const MOST_FILES: u64 = 2_000;
/// And no longer than this, for the same reason.
const LONGEST_FILES_MS: i64 = 5 * 60_000;

/// What every stage needs.
pub(super) struct Stages<'a> {
    pub store: &'a Store,
    pub intake: &'a Intake,
    pub lease: &'a Lease,
    pub clock: &'a dyn Clock,
    pub stop: &'a CancellationToken,
}

impl Stages<'_> {
    pub(super) async fn run(&self, wanted: &Wanted, taken: &mut Taken) -> Result<(), IntakeError> {
        let Self { store, intake, lease, clock, stop } = self;
        pull::pull(store, intake, lease, *clock, wanted, stop, taken).await?;
        if !wanted.dry_run {
            taken.judged_again = again::judge_again(store, intake, lease, *clock).await?;
            self.hand_over(taken).await?;
            self.numbers(taken).await?;
            self.files(taken).await?;
            late::tell(store, intake, lease, *clock).await?;
        }
        let mut tx = store.read().await?;
        taken.inbox = inbox::counts(&mut tx, &intake.name).await?;
        let cursor = inbox::cursor(&mut tx, &intake.name).await?;
        taken.upto = cursor.map(|(upto, _)| upto.for_people()).unwrap_or_default();
        Ok(())
    }

    async fn hand_over(&self, taken: &mut Taken) -> Result<(), IntakeError> {
        let Some(local) = &self.intake.local else { return Ok(()) };
        let (name, clock) = (&self.intake.name, self.clock);
        let handed = hand_over::run(self.store, name, local, self.lease, clock, self.stop, MOST_HANDED).await?;
        taken
            .troubles
            .extend(handed.why.iter().filter(|_| handed.failed > 0).map(|why| format!("bàn giao / hand-over: {why}")));
        taken.handed = Some(handed);
        if self.stop.is_cancelled() { Err(IntakeError::Stopped) } else { Ok(()) }
    }

    async fn numbers(&self, taken: &mut Taken) -> Result<(), IntakeError> {
        let Some(source) = &self.intake.numbers else { return Ok(()) };
        match numbers::read(self.store, &self.intake.name, source, self.lease, self.clock).await {
            Ok(numbers) => taken.numbers = Some(numbers),
            Err(NumbersError::Store(error)) => return Err(error.into()),
            Err(NumbersError::Source(error)) => taken.troubles.push(format!("số của Một cửa / own numbers: {error}")),
        }
        Ok(())
    }

    async fn files(&self, taken: &mut Taken) -> Result<(), IntakeError> {
        let Some(files) = &self.intake.files else { return Ok(()) };
        let round = Round {
            store: self.store,
            intake: &self.intake.name,
            system: &self.intake.system,
            lease: self.lease,
            clock: self.clock,
            stop: self.stop,
            patience_ms: i64::try_from(self.intake.patience.as_millis()).unwrap_or(i64::MAX),
            longest_ms: LONGEST_FILES_MS,
        };
        match attachments::fetch(files, round, MOST_FILES).await {
            Ok(fetched) => taken.files = Some(fetched),
            Err(FetchError::Store(error) | FetchError::Line(LineError::Store(error))) => return Err(error.into()),
            Err(FetchError::Line(LineError::Stopped)) => return Err(IntakeError::Stopped),
            Err(error) => taken.troubles.push(format!("tệp đính kèm / files: {error}")),
        }
        Ok(())
    }
}
