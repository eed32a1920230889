//! Who may be one person though no number says so, and whose account is shared. A function of the store: pages of what is
//! due, each in a transaction of its own, so that a crash between two loses nothing. Nothing is held because of it, and what
//! was not compared is a mismatch of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Stream;
use crate::model::{Clock, Kind, Likeness, Reason, Timestamp};
use crate::rules::CrossRules;
use crate::rules::suspects::{SamePerson, is_numbered_as_one};
use crate::store::facts::Stored;
use crate::store::leases::{self, Lease};
use crate::store::suspects::{self, Found, What};
use crate::store::{Store, StoreError, Tx, facts, mismatch, related};

/// Digests compared in one transaction.
const PAGE: i64 = 50;
/// More sharers than this of an account are told as one, where the rules do not say.
const MOST: i32 = 20;
/// The place of what is told of an account.
const SHARED: &str = "shared";

/// Compares whatever is due, of whatever stream.
pub async fn suspects(
    store: &Store,
    stream: &Stream,
    lease: &Lease,
    run: i64,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    if stream.mapping.programme().is_none() {
        return Ok(());
    }
    loop {
        let now = clock.now();
        let mut tx = store.write().await?;
        leases::renew(&mut tx, lease, now).await?;
        facts::lock(&mut tx).await?;
        let due = suspects::due(&mut tx, PAGE).await?;
        for (what, digest) in &due {
            let group = Group { rules: stream.mapping.cross(), what: *what, digest, run, now };
            group.compare(&mut tx).await?;
            suspects::done(&mut tx, *what, digest).await?;
        }
        tx.commit().await?;
        if due.is_empty() {
            return Ok(());
        }
    }
}

/// All that share something.
struct Group<'g> {
    rules: &'g CrossRules,
    what: What,
    digest: &'g str,
    run: i64,
    now: Timestamp,
}

/// A running record of the group.
struct One {
    stored: Stored,
    like: Likeness,
}

impl One {
    /// How another's mismatch names it.
    fn place(&self) -> String {
        format!("{}/{}", self.stored.name, self.stored.key)
    }

    fn unit(&self) -> String {
        self.like.unit.split_once('/').map(|(_, code)| code.to_owned()).unwrap_or_default()
    }

    fn pair(&self) -> (&crate::model::Fact, &Likeness) {
        (&self.stored.fact, &self.like)
    }
}

/// A mismatch of a stream.
type Told = (i64, mismatch::Draft);

impl Group<'_> {
    async fn compare(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let told = self.told(tx).await?;
        let kind = if self.what == What::Alike { Kind::SamePerson } else { Kind::Account };
        let wanted: BTreeSet<Found> =
            told.iter().map(|(stream, draft)| (*stream, draft.key.clone(), draft.place.clone())).collect();
        let gave_up = self.what == What::Alike && told.iter().any(|(_, draft)| draft.place == self.digest);
        for (stream, key, place) in suspects::found(tx, (self.what, self.digest)).await? {
            // Of too many nobody compared the pairs: those that were found before stand as they are.
            let compared = place == self.digest || !gave_up;
            if compared && !wanted.contains(&(stream, key.clone(), place.clone())) {
                mismatch::close_at(tx, stream, (kind, place.as_str()), &[&key], self.now).await?;
            }
        }
        suspects::note(tx, (self.what, self.digest), &wanted.into_iter().collect::<Vec<_>>()).await?;
        let mut by_stream: BTreeMap<i64, Vec<mismatch::Draft>> = BTreeMap::new();
        for (stream, draft) in told {
            by_stream.entry(stream).or_default().push(draft);
        }
        for (stream, drafts) in by_stream {
            mismatch::open(tx, stream, self.run, self.now, &drafts).await?;
        }
        Ok(())
    }

    async fn told(&self, tx: &mut Tx) -> Result<Vec<Told>, StoreError> {
        let same = self.rules.same_person.as_ref();
        let most = same.map_or(MOST, |same| same.most);
        let programmes: Vec<&str> = match self.what {
            What::Alike if same.is_none() => Vec::new(),
            What::Alike => self.rules.exclusive(),
            What::Account => self.rules.programmes.iter().map(String::as_str).collect(),
        };
        let today = self.now.day().to_string();
        let group = (self.what, self.digest);
        let found = suspects::sharers(tx, group, &today, &programmes, i64::from(most) + 1).await?;
        if found.len() < 2 {
            return Ok(Vec::new());
        }
        let many = i64::try_from(found.len()).unwrap_or(i64::MAX) > i64::from(most);
        let keys: Vec<&str> = found.iter().map(|one| one.key.as_str()).collect();
        let mut stored: HashMap<(i64, String), Stored> =
            related::by_key(tx, &keys).await?.into_iter().map(|s| ((s.stream, s.key.clone()), s)).collect();
        let all: Vec<One> = found
            .into_iter()
            .filter_map(|one| Some(One { stored: stored.remove(&(one.stream, one.key))?, like: one.like }))
            .collect();
        if many {
            let count = suspects::count(tx, group, &today, &programmes).await?;
            return Ok(all.first().map(|first| self.gave_up(first, count)).into_iter().collect());
        }
        match (self.what, same) {
            (What::Alike, Some(same)) => self.pairs(tx, same, &all).await,
            (What::Alike, None) => Ok(Vec::new()),
            (What::Account, _) => Ok(shared(&all)),
        }
    }

    /// Too many to be compared one by one: told once, with how many they are.
    fn gave_up(&self, first: &One, count: u64) -> Told {
        metrics::counter!("gateway_suspects_given_up_total").increment(count);
        let (kind, reason, place, vi, en) = match self.what {
            What::Alike => (
                Kind::SamePerson,
                Reason::TooManyAlike,
                self.digest,
                "hồ sơ đang chạy cùng họ tên và năm sinh, chưa so từng cặp",
                "running records of the same name and year of birth were not compared with one another",
            ),
            What::Account => (
                Kind::Account,
                Reason::AccountShared,
                SHARED,
                "hồ sơ đang chạy dùng chung tài khoản này, chỉ báo ở hồ sơ đầu tiên",
                "running records share this account, told of the first one only",
            ),
        };
        let draft = mismatch::Draft {
            place: place.to_owned(),
            theirs: count.to_string(),
            detail: format!("{count} {vi} / {count} {en}"),
            unit: first.unit(),
            ..mismatch::Draft::new(&first.stored.key, kind, reason.word())
        };
        (first.stored.stream, draft)
    }

    async fn pairs(&self, tx: &mut Tx, same: &SamePerson, all: &[One]) -> Result<Vec<Told>, StoreError> {
        let mut known: BTreeSet<Found> = BTreeSet::new();
        for stream in all.iter().map(|one| one.stored.stream).collect::<BTreeSet<_>>() {
            let keys: Vec<&str> =
                all.iter().filter(|one| one.stored.stream == stream).map(|one| one.stored.key.as_str()).collect();
            known.extend(suspects::found_of(tx, stream, &keys).await?);
        }
        let mut told = Vec::new();
        for (nth, one) in all.iter().enumerate() {
            for other in all.iter().skip(nth + 1).filter(|other| other.stored.system == one.stored.system) {
                // Two that may run beside each other are no harm, whoever they are.
                if self.rules.between(&one.stored.fact, &other.stored.fact, self.now.day()).is_none() {
                    continue;
                }
                let Some(score) = same.between(one.pair(), other.pair()) else { continue };
                if one.stored.fact.person.is_some()
                    && other.stored.fact.person.is_some()
                    && tied(tx, one, other).await?
                {
                    continue;
                }
                // Whoever was the later of the two once stays so: a decision about them is found again.
                let is_known =
                    |of: &One, with: &One| known.contains(&(of.stored.stream, of.stored.key.clone(), with.place()));
                let turned = is_known(one, other) || (!is_known(other, one) && one.stored.since > other.stored.since);
                let (later, earlier) = if turned { (one, other) } else { (other, one) };
                let (vi, en) = score.told(same.threshold);
                let (stream, key) = (&earlier.stored.name, &earlier.stored.key);
                let draft = mismatch::Draft {
                    place: earlier.place(),
                    cause: format!("{} {}", Reason::Alike.word(), score.words()),
                    theirs: key.clone(),
                    detail: format!("hồ sơ kia: {stream}, {key}. {vi} / the other record: {stream}, {key}. {en}"),
                    unit: later.unit(),
                    persons: [later, earlier].map(|one| one.stored.fact.person.clone().unwrap_or_default()),
                    ..mismatch::Draft::new(&later.stored.key, Kind::SamePerson, Reason::Alike.word())
                };
                told.push((later.stored.stream, draft));
            }
        }
        Ok(told)
    }
}

/// Whether a third record ties the numbers of two, or a person merged them.
async fn tied(tx: &mut Tx, one: &One, other: &One) -> Result<bool, StoreError> {
    fn numbers(one: &One) -> Vec<&str> {
        [&one.stored.fact.person, &one.stored.fact.earlier].into_iter().flatten().map(String::as_str).collect()
    }
    let (own, others) = (numbers(one), numbers(other));
    let reach = related::reach(tx, &own, 0, &[]).await?;
    if reach.values().flatten().any(|number| others.contains(&number.as_str())) {
        return Ok(true);
    }
    suspects::are_merged(tx, &own, &others).await
}

/// Every record of an account that more than one person has.
fn shared(all: &[One]) -> Vec<Told> {
    let people = people(all);
    if people < 2 {
        return Vec::new();
    }
    let told = |one: &One| {
        let others: Vec<String> = all
            .iter()
            .filter(|other| (other.stored.stream, &other.stored.key) != (one.stored.stream, &one.stored.key))
            .map(|other| format!("{}, {}", other.stored.name, other.stored.key))
            .collect();
        let (records, others) = (all.len(), others.join("; "));
        let detail = format!(
            "{records} hồ sơ của {people} người dùng chung một tài khoản; hồ sơ khác: {others} / \
             {records} records of {people} people share one account; the others: {others}"
        );
        let draft = mismatch::Draft {
            place: SHARED.to_owned(),
            theirs: records.to_string(),
            detail,
            unit: one.unit(),
            ..mismatch::Draft::new(&one.stored.key, Kind::Account, Reason::AccountShared.word())
        };
        (one.stored.stream, draft)
    };
    all.iter().map(told).collect()
}

/// How many people these are. Records of one number, or of one name and year of birth, are of one: that they may be two
/// is told by itself.
fn people(all: &[One]) -> usize {
    let same = |a: &One, b: &One| {
        is_numbered_as_one(&a.stored.fact, &b.stored.fact) || (a.like.alike.is_some() && a.like.alike == b.like.alike)
    };
    let mut person: Vec<usize> = (0..all.len()).collect();
    for (nth, one) in all.iter().enumerate() {
        for (before, other) in all.iter().enumerate().take(nth) {
            if same(one, other) {
                let (old, new) = (person[nth], person[before]);
                person.iter_mut().filter(|p| **p == old).for_each(|p| *p = new);
            }
        }
    }
    person.into_iter().collect::<BTreeSet<_>>().len()
}
