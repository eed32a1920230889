//! How many records each commune has on both sides, and what is to be listed because of that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Blind, ReconcileError, Round, content, looks};
use crate::delivery::{Judged, Line};
use crate::national::{CountForm, Counted, Operation, Reply};
use crate::store::compared::{self, Scope};
use crate::store::{StoreError, believed, listed};

/// Rows of the ledger in one reading transaction.
const PAGE: i64 = 2_000;

/// Number of records and digest over them.
type Sum = (u64, u64);

/// What one province's code has, by commune.
type Theirs = Vec<(String, Vec<Counted>)>;

impl Round<'_> {
    /// Counts, and plans the first look.
    pub(super) async fn count(&mut self, line: &mut Line<'_>) -> Result<(), ReconcileError> {
        let theirs = self.ask_counts(line).await?;
        let ours = self.ours().await?;
        let profile = &self.subject.system.profile;
        let form = profile.counts(&self.subject.entity);
        let empty_or_digest = |one: &Counted| one.digest.is_some() || one.number == 0;
        let offers = form.is_some_and(CountForm::has_digests)
            && theirs.iter().flat_map(|(_, counts)| counts).all(empty_or_digest);
        let differing = self.differing(&ours, &theirs, offers);
        let by_digests = offers && !self.wanted.full && !differing.contains("");
        let mut tx = self.write().await?;
        let scopes = if let Some(commune) = self.wanted.commune.clone() {
            self.found.cannot_see.extend([Blind::OtherCommunes, Blind::TwoThere]);
            self.communes(&theirs, [commune])
        } else if by_digests {
            let open = listed::open_units(&mut tx, self.stream).await?;
            if open.iter().any(String::is_empty) {
                // It has no commune, so only a complete listing can tell what became of it.
                self.provinces(&theirs)
            } else {
                let units: BTreeSet<String> = differing.iter().cloned().chain(open).collect();
                self.found.cannot_see.extend([Blind::SilentEdits, Blind::TwoThere]);
                self.agree_by_digest(&ours, &units);
                self.communes(&theirs, units)
            }
        } else {
            self.provinces(&theirs)
        };
        self.found.cannot_see.insert(Blind::FieldsOfStopped);
        let descends = by_digests && scopes.iter().all(|scope| !scope.unit.is_empty());
        (if descends { "digests" } else { "lists" }).clone_into(&mut self.found.method);
        let counts: Vec<(String, String, i64)> = theirs
            .iter()
            .flat_map(|(province, counts)| counts.iter().map(move |one| (province, one)))
            .map(|(province, one)| (province.clone(), one.unit.clone(), whole(one.number)))
            .collect();
        compared::counted(&mut tx, self.id, &counts).await?;
        compared::plan(&mut tx, self.id, looks::FIRST, &scopes).await?;
        compared::move_on(&mut tx, self.id, "listing", &self.found.kept()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// One question for each province's code. A system that does not count is only listed.
    async fn ask_counts(&mut self, line: &mut Line<'_>) -> Result<Theirs, ReconcileError> {
        let (profile, entity) = (&self.subject.system.profile, &self.subject.entity);
        let mut theirs = Vec::new();
        for province in &self.subject.provinces {
            let Some(request) = profile.count_request(entity, province) else { break };
            let judge = |reply: &Reply| Judged::from(profile.read_counts(reply));
            let asked = line.ask(Operation::Count, province, &request, &judge).await;
            let (counts, opened) = asked.map_err(|error| self.lost(error))?;
            self.found.requests += 1;
            let mut tx = self.write().await?;
            line.close(&mut tx, &opened, "done", counts.len()).await?;
            tx.commit().await?;
            theirs.push((province.clone(), counts));
        }
        Ok(theirs)
    }

    /// What we believe, by commune.
    pub(super) async fn ours(&self) -> Result<HashMap<String, Sum>, StoreError> {
        let (mut sums, mut after) = (HashMap::<String, Sum>::new(), String::new());
        loop {
            let mut tx = self.store.read().await?;
            let page = believed::page(&mut tx, self.stream, &after, PAGE).await?;
            drop(tx);
            let Some(last) = page.last() else { return Ok(sums) };
            last.key.clone_into(&mut after);
            for one in &page {
                let add = content::digest(&one.key, &one.version);
                let sum = sums.entry(one.unit.clone()).or_default();
                *sum = (sum.0 + 1, sum.1 ^ add);
            }
        }
    }

    /// The communes in which the two sides differ.
    fn differing(&mut self, ours: &HashMap<String, Sum>, theirs: &Theirs, digests: bool) -> BTreeSet<String> {
        let mut there: BTreeMap<&str, Sum> = BTreeMap::new();
        for one in theirs.iter().flat_map(|(_, counts)| counts) {
            let sum = there.entry(one.unit.as_str()).or_default();
            *sum = (sum.0.saturating_add(one.number), sum.1 ^ one.digest.unwrap_or(0));
        }
        let units: BTreeSet<&str> = ours.keys().map(String::as_str).chain(there.keys().copied()).collect();
        let differs = |unit: &&str| {
            let (one, other) =
                (ours.get(*unit).copied().unwrap_or_default(), there.get(unit).copied().unwrap_or_default());
            one.0 != other.0 || (digests && one.1 != other.1)
        };
        let differing: BTreeSet<String> = units.iter().copied().filter(differs).map(str::to_owned).collect();
        let count = |set: usize| u64::try_from(set).unwrap_or(u64::MAX);
        // A system that does not count has told nothing of any commune.
        if !theirs.is_empty() {
            (self.found.communes, self.found.communes_differing) = (count(units.len()), count(differing.len()));
        }
        differing
    }

    fn agree_by_digest(&mut self, ours: &HashMap<String, Sum>, listed: &BTreeSet<String>) {
        let agree: u64 = ours.iter().filter(|(unit, _)| !listed.contains(*unit)).map(|(_, sum)| sum.0).sum();
        self.found.compared += agree;
        self.found.agree += agree;
    }

    /// Communes, each under the provinces' codes that have something there.
    pub(super) fn communes(&self, theirs: &Theirs, units: impl IntoIterator<Item = String>) -> Vec<Scope> {
        let mut scopes = Vec::new();
        for unit in units {
            let told = |counts: &[Counted]| counts.iter().find(|one| one.unit == unit).map(|one| one.number);
            let before = scopes.len();
            for (province, counts) in theirs {
                if let Some(number) = told(counts).filter(|number| *number > 0) {
                    scopes.push(self.scope(scopes.len(), province, &unit, Some(number)));
                }
            }
            if scopes.len() > before {
                continue;
            }
            // Nobody has something there, or nobody counts.
            let (asked, counted) = if theirs.is_empty() { (usize::MAX, None) } else { (1, Some(0)) };
            for province in self.subject.provinces.iter().take(asked) {
                scopes.push(self.scope(scopes.len(), province, &unit, counted));
            }
        }
        scopes
    }

    /// All records of each province's code.
    pub(super) fn provinces(&self, theirs: &Theirs) -> Vec<Scope> {
        let mut scopes = Vec::new();
        for (nth, province) in self.subject.provinces.iter().enumerate() {
            let counts = theirs.iter().find(|(code, _)| code == province).map(|(_, counts)| counts);
            let number = counts.map(|counts| counts.iter().fold(0_u64, |sum, one| sum.saturating_add(one.number)));
            // A further code under which nothing stands any more costs no question.
            if nth == 0 || number != Some(0) {
                scopes.push(self.scope(scopes.len(), province, "", number));
            }
        }
        scopes
    }

    #[expect(clippy::unused_self, reason = "beside the two that plan")]
    fn scope(&self, number: usize, province: &str, unit: &str, counted: Option<u64>) -> Scope {
        Scope {
            number: i64::try_from(number).unwrap_or(i64::MAX),
            province: province.to_owned(),
            unit: unit.to_owned(),
            counted: counted.map(whole),
            state: "open".to_owned(),
            ..Scope::default()
        }
    }

    /// What the nation counted, as it was kept with the round.
    pub(super) async fn counted(&self) -> Result<Theirs, StoreError> {
        let mut tx = self.store.read().await?;
        let mut theirs: Theirs = Vec::new();
        for (province, unit, number) in compared::counts(&mut tx, self.id).await? {
            let one = Counted { unit, number: u64::try_from(number).unwrap_or(0), digest: None };
            match theirs.iter_mut().find(|(code, _)| *code == province) {
                Some((_, counts)) => counts.push(one),
                None => theirs.push((province, vec![one])),
            }
        }
        Ok(theirs)
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
