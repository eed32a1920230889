//! Versions that were not handed over are judged again where a person decided, the mapping changed, or another day came.

use super::judge::Judge;
use super::{Intake, IntakeError, matching};
use crate::model::{Application, Clock};
use crate::store::leases::{self, Lease};
use crate::store::routed::Values;
use crate::store::{Store, StoreError, inbox, routed};

/// So many in one transaction.
const TOGETHER: i64 = 200;

/// Judges again what is to be; how many versions that were.
pub(super) async fn judge_again(
    store: &Store,
    intake: &Intake,
    lease: &Lease,
    clock: &dyn Clock,
) -> Result<u64, IntakeError> {
    let judge = Judge { mapping: &intake.mapping, today: clock.now().day() };
    let (by, none) = (judge.by(), Values::new());
    let (mut after, mut count) = ((0, 0), 0);
    loop {
        let mut tx = store.write().await?;
        leases::renew(&mut tx, lease, clock.now()).await?;
        let open = routed::open(&mut tx, &intake.name, &by, after, TOGETHER).await?;
        let Some(last) = open.last() else { return Ok(count) };
        after = (last.id, last.version);
        let ids: Vec<i64> = open.iter().map(|one| one.id).collect();
        let decided = routed::decisions(&mut tx, &ids).await?;
        for one in &open {
            let application = Application::read(&one.body).ok_or(StoreError::Unexpected("application_version.body"))?;
            let verdict = judge.judge(&application, decided.get(&one.id).unwrap_or(&none));
            let place = (one.id, one.version);
            routed::judged(&mut tx, place, &verdict.kept(&by)).await?;
            inbox::show(&mut tx, place, &verdict.shown).await?;
            // Whoever was not in the ledger when it came may be there by now.
            let matches = matching::kept(&mut tx, verdict.said.as_deref()).await?;
            inbox::matches(&mut tx, place, &matches).await?;
            count += 1;
        }
        tx.commit().await?;
    }
}
