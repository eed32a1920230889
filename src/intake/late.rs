//! Applications whose time has run out are told of, each once, until they are decided. All clocks are looked at once a day,
//! for a day makes them late; in between only those of applications that changed or are told of already.

use super::clock::{Reading, Verdict};
use super::clocks;
use super::{Intake, IntakeError};
use crate::model::{Clock, Kind, Reason, Timestamp, calendar};
use crate::store::dossiers::{self, Found};
use crate::store::leases::{self, Lease};
use crate::store::mismatch::{self, Draft};
use crate::store::{Store, runs};

/// Applications in one transaction.
const PAGE: i64 = 200;
/// The place of what is told of a clock.
const CLOCK: &str = "clock";

/// Opens and closes what there is to tell.
pub(super) async fn tell(store: &Store, intake: &Intake, lease: &Lease, clock: &dyn Clock) -> Result<(), IntakeError> {
    let Some(rules) = &intake.clock else { return Ok(()) };
    let began = clock.now();
    let today = began.day().to_string();
    let mut tx = store.write().await?;
    leases::renew(&mut tx, lease, began).await?;
    // What is told stands under a name that no stream has.
    let (stream, _) = runs::stream(&mut tx, &intake.lease(), &intake.system.name, &intake.name).await?;
    let (day, since) = dossiers::clocked(&mut tx, &intake.name).await?;
    tx.commit().await?;
    let since = if day == today { since } else { 0 };
    let mut after = 0;
    loop {
        let now = clock.now();
        let mut tx = store.write().await?;
        leases::renew(&mut tx, lease, now).await?;
        let found = dossiers::to_clock(&mut tx, (&intake.name, stream), after, since, PAGE).await?;
        let all: Vec<&Found> = found.iter().collect();
        let readings = clocks::read(&mut tx, &intake.system.name, rules, &all, now).await?;
        let (late, over): (Vec<_>, Vec<_>) =
            found.iter().zip(&readings).partition(|(_, reading)| reading.verdict == Verdict::Late);
        let over: Vec<&str> = over.iter().map(|(found, _)| found.number.as_str()).collect();
        mismatch::close_at(&mut tx, stream, (Kind::Late, CLOCK), &over, now).await?;
        // What was only looked at to be closed is not seen once more by that.
        let seen = |found: &Found| found.changed_ms > since;
        let drafts: Vec<Draft> =
            late.iter().filter(|(found, _)| seen(found)).map(|(found, reading)| draft(found, reading)).collect();
        mismatch::open(&mut tx, stream, 0, now, &drafts).await?;
        let done = i64::try_from(found.len()).is_ok_and(|count| count < PAGE);
        if done {
            dossiers::note_clocked(&mut tx, &intake.name, &today, began).await?;
        }
        tx.commit().await?;
        let Some(last) = found.last().filter(|_| !done) else { return Ok(()) };
        after = last.id;
    }
}

fn draft(found: &Found, reading: &Reading) -> Draft {
    let due = reading.due.map(calendar::day).unwrap_or_default();
    let (limit, law) = reading.limit.clone().unwrap_or_default();
    let since = Timestamp(found.first_ms).day();
    let started = calendar::day(reading.started.unwrap_or(since));
    let used = reading.used;
    Draft {
        place: CLOCK.to_owned(),
        cause: format!("{} {}", Reason::Overdue.word(), found.procedure),
        value: due.clone(),
        detail: format!(
            "nhận {started}, hạn {due} ({limit} ngày làm việc, {law}), đã dùng {used} ngày / received {started}, due {due} ({limit} working days), {used} used"
        ),
        unit: found.unit.clone(),
        ..Draft::new(&found.number, Kind::Late, Reason::Overdue.word())
    }
}
