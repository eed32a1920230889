//! Page after page of what is to be listed, each kept with its cursor in one transaction.

use super::{ReconcileError, Round, looks};
use crate::delivery::{Judged, Line};
use crate::national::{ListPage, Operation, Reply};
use crate::store::compared::{self, Scope};
use crate::store::{StoreError, Tx, believed};

/// More pages of one scope are a system that does not know when to end.
const MOST_PAGES: i64 = 100_000;

impl Round<'_> {
    /// Lists what is open of a look.
    pub(super) async fn list(&mut self, line: &mut Line<'_>, look: i64) -> Result<(), ReconcileError> {
        let mut tx = self.store.read().await?;
        let scopes = compared::scopes(&mut tx, self.id, look).await?;
        drop(tx);
        for mut scope in scopes.into_iter().filter(|scope| scope.state == "open") {
            let mut before: Vec<String> = Vec::new();
            while scope.state == "open" {
                let (page, opened) = self.ask_page(line, &scope).await?;
                let these: Vec<String> = page.records.iter().map(|one| one.reference.clone()).collect();
                // A system that does not know pages gives the first one for ever.
                let stands_still = !page.last && these == before;
                before = these;
                let mut tx = self.write().await?;
                self.met(&mut tx, look, &page).await?;
                scope.pages += 1;
                scope.records += count(page.records.len());
                scope.strange += i64::try_from(page.strange).unwrap_or(i64::MAX);
                scope.total = page.total.map(|total| i64::try_from(total).unwrap_or(i64::MAX)).or(scope.total);
                if page.last || stands_still || scope.pages >= MOST_PAGES {
                    let odd = !page.last || scope.strange > 0;
                    let short = !self.wanted.as_it_is && (odd || self.is_short(&mut tx, &scope).await?);
                    (if short { "short" } else { "done" }).clone_into(&mut scope.state);
                }
                compared::keep_scope(&mut tx, self.id, look, &scope).await?;
                let state = if look == looks::FIRST { "listing" } else { "again" };
                compared::move_on(&mut tx, self.id, state, &self.found.kept()).await?;
                line.close(&mut tx, &opened, "done", page.records.len()).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    async fn ask_page(
        &mut self,
        line: &mut Line<'_>,
        scope: &Scope,
    ) -> Result<(ListPage, crate::delivery::Opened), ReconcileError> {
        let (profile, entity) = (&self.subject.system.profile, &self.subject.entity);
        let page = u32::try_from(scope.pages).unwrap_or(u32::MAX);
        let unit = Some(scope.unit.as_str()).filter(|unit| !unit.is_empty());
        // A round is begun only where there is such a call.
        let request =
            profile.list_request(entity, &scope.province, unit, page).ok_or(StoreError::Unexpected("a call"))?;
        let judge = |reply: &Reply| Judged::from(profile.read_list(reply, page));
        let about =
            format!("{}/{}/{}", scope.province, if scope.unit.is_empty() { "*" } else { &scope.unit }, page + 1);
        let asked = line.ask(Operation::List, &about, &request, &judge).await;
        let answered = asked.map_err(|error| self.lost(error))?;
        self.found.requests += 1;
        self.found.records_listed += u64::try_from(answered.0.records.len()).unwrap_or(0);
        Ok(answered)
    }

    /// Whether fewer came than count or total said, and that is more than what moved meanwhile.
    async fn is_short(&self, tx: &mut Tx, scope: &Scope) -> Result<bool, StoreError> {
        let expected = scope.counted.max(scope.total).unwrap_or(0);
        let lack = expected - scope.records;
        Ok(lack > 0 && lack > believed::moved_since(tx, self.stream, self.started).await?)
    }
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
