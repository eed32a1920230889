//! What holds between records of one person: which programmes and groups exclude each other, which pairs are legal,
//! what ends what. Which they are stands in `mappings/cross.toml`; here is only how two facts are compared.

use jiff::civil::Date;

use super::suspects::SamePerson;
pub use crate::model::fact::is_under;
use crate::model::{Fact, Kind, Reason};

/// The kinds of mismatch in which such records stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossKind {
    /// Two that exclude each other.
    DoubleBenefit,
    /// Twice the same.
    TwoHere,
    /// A payment after the end.
    PaidAfterEnd,
}

impl CrossKind {
    /// All.
    pub const ALL: [Self; 3] = [Self::DoubleBenefit, Self::TwoHere, Self::PaidAfterEnd];

    /// The fixed word.
    pub fn word(self) -> &'static str {
        match self {
            Self::DoubleBenefit => "double-benefit",
            Self::TwoHere => "two-here",
            Self::PaidAfterEnd => "paid-after-end",
        }
    }

    /// The kind of mismatch that it is.
    pub fn of(self) -> Kind {
        match self {
            Self::DoubleBenefit => Kind::DoubleBenefit,
            Self::TwoHere => Kind::TwoHere,
            Self::PaidAfterEnd => Kind::PaidAfterEnd,
        }
    }

    /// Reads the fixed word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// How such a pair is spelt, and by what law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// For what the later record is held.
    pub reason: Reason,
    /// The kind of mismatch of the one that stays.
    pub kind: CrossKind,
    /// The law, for people.
    pub law: String,
}

/// One side of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The programme.
    pub programme: String,
    /// Its groups, each with the points under it; all where none is named.
    pub groups: Vec<String>,
    /// Only with, or only without the mapping's flag.
    pub flag: Option<bool>,
}

impl Side {
    fn covers(&self, fact: &Fact) -> bool {
        self.programme == fact.programme
            && self.flag.is_none_or(|flag| flag == fact.flag)
            && (self.groups.is_empty() || self.groups.iter().any(|group| is_under(group, &fact.group)))
    }
}

/// Two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The one.
    pub one: Side,
    /// The other.
    pub other: Side,
}

impl Pair {
    fn covers(&self, a: &Fact, b: &Fact) -> bool {
        (self.one.covers(a) && self.other.covers(b)) || (self.one.covers(b) && self.other.covers(a))
    }
}

/// Two that must not run at the same time; of two that name the same record, two for the same month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Which.
    pub pair: Pair,
    /// What makes two of them a pair.
    pub tie: Tie,
    /// Only where both are in the same group.
    pub same_group: bool,
    /// Whether the later one is held; else only the pair's `other` is told of.
    pub holds: bool,
    /// How it is spelt.
    pub verdict: Verdict,
}

/// By what two records belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// The same person.
    Person,
    /// A payment names the record; two payments name the same one.
    Subject,
}

/// A record whose last day ends payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The programme whose records end something.
    pub ends: String,
    /// The programme of the payments.
    pub paid: String,
    /// What ties them.
    pub tie: Tie,
    /// How it is spelt.
    pub verdict: Verdict,
}

/// The programmes whose records can stand against those of one programme.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Against<'r> {
    /// Records of the same person.
    pub person: Vec<&'r str>,
    /// The record that is named.
    pub named: Vec<&'r str>,
    /// Records that name the same one.
    pub subject: Vec<&'r str>,
}

/// All rules between programmes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CrossRules {
    /// The programmes that there are.
    pub programmes: Vec<String>,
    /// Pairs that may run together; they go before exclusions.
    pub legal: Vec<Pair>,
    /// In order: the first that covers a pair counts.
    pub exclusions: Vec<Exclusion>,
    /// What ends payments.
    pub ends: Vec<End>,
    /// When two records without a number in common are suspected to be of one person.
    pub same_person: Option<SamePerson>,
    /// Digest of the file: when it changes, all records are compared again.
    pub digest: [u8; 8],
}

impl CrossRules {
    /// Why two records of one person must not both run from `today` on.
    pub fn between(&self, a: &Fact, b: &Fact, today: Date) -> Option<&Exclusion> {
        if !a.runs(today) || !b.runs(today) || self.legal.iter().any(|pair| pair.covers(a, b)) {
            return None;
        }
        self.exclusion(Tie::Person, a, b).filter(|_| share_a_month(a, b))
    }

    /// Why two records must not both name the same record for the same month. Whether the money came back says nothing
    /// here: the month is free once one of them is withdrawn, and what is withdrawn says nothing any more.
    pub fn twice(&self, a: &Fact, b: &Fact) -> Option<&Exclusion> {
        let (one, other) = (a.subject.as_deref()?, b.subject.as_deref()?);
        let same = one == other && month(a.from?) == month(b.from?);
        let legal = || self.legal.iter().any(|pair| pair.covers(a, b));
        (same && !legal()).then(|| self.exclusion(Tie::Subject, a, b)).flatten()
    }

    fn exclusion(&self, tie: Tie, a: &Fact, b: &Fact) -> Option<&Exclusion> {
        let covers = |rule: &&Exclusion| rule.pair.covers(a, b) && (!rule.same_group || a.group == b.group);
        self.exclusions.iter().filter(|rule| rule.tie == tie).find(covers)
    }

    /// Why a payment comes after an end. An end counts from the month after it.
    pub fn after_end(&self, paid: &Fact, end: &Fact, tie: Tie) -> Option<&End> {
        let (from, until) = (paid.from?, end.until?);
        let rule = self.ends.iter().find(|e| e.tie == tie && e.paid == paid.programme && e.ends == end.programme)?;
        (!paid.over && month(from) > month(until)).then_some(rule)
    }

    /// The programmes that can stand against records of this one: by exclusion or by an end of the same person, by an
    /// end of the record that they name, and by naming the same record.
    pub fn against(&self, programme: &str) -> Against<'_> {
        let partners = |tie| {
            let pairs = self.exclusions.iter().filter(move |rule| rule.tie == tie).map(|rule| &rule.pair);
            pairs.flat_map(move |pair| {
                let one = (pair.one.programme == programme).then_some(pair.other.programme.as_str());
                let other = (pair.other.programme == programme).then_some(pair.one.programme.as_str());
                one.into_iter().chain(other)
            })
        };
        let ends = |tie| self.ends.iter().filter(move |e| e.tie == tie && e.paid == programme).map(|e| e.ends.as_str());
        let mut against = Against {
            person: partners(Tie::Person).chain(ends(Tie::Person)).collect(),
            named: ends(Tie::Subject).collect(),
            subject: partners(Tie::Subject).collect(),
        };
        for list in [&mut against.person, &mut against.named, &mut against.subject] {
            list.sort_unstable();
            list.dedup();
        }
        against
    }

    /// The programmes of which two records of one person may exclude each other.
    pub fn exclusive(&self) -> Vec<&str> {
        let of_person = self.exclusions.iter().filter(|rule| rule.tie == Tie::Person);
        let pairs = of_person.flat_map(|rule| [&rule.pair.one, &rule.pair.other]);
        let mut all: Vec<&str> = pairs.map(|side| side.programme.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether records of this programme end others.
    pub fn ends_others(&self, programme: &str) -> bool {
        self.ends.iter().any(|end| end.ends == programme)
    }

    /// Whether two records of this programme can exclude each other, by this tie.
    pub fn excludes_itself(&self, programme: &str, tie: Tie) -> bool {
        let is = |side: &Side| side.programme == programme;
        self.exclusions.iter().any(|rule| rule.tie == tie && is(&rule.pair.one) && is(&rule.pair.other))
    }
}

/// Whether a whole month belongs to both. A benefit is given and ended by months: who enters a facility on the 15th has
/// the allowance of that month all the same.
fn share_a_month(a: &Fact, b: &Fact) -> bool {
    let first = a.from.into_iter().chain(b.from).map(first_whole).max();
    let last = a.until.into_iter().chain(b.until).map(last_whole).min();
    first.zip(last).is_none_or(|(first, last)| first <= last)
}

fn month(day: Date) -> i32 {
    i32::from(day.year()) * 12 + i32::from(day.month()) - 1
}

fn first_whole(from: Date) -> i32 {
    month(from) + i32::from(from.day() > 1)
}

fn last_whole(until: Date) -> i32 {
    month(until) - i32::from(until != until.last_of_month())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn fact(programme: &str, group: &str) -> Fact {
        Fact { programme: programme.into(), group: group.into(), ..Fact::default() }
    }

    fn side(programme: &str, groups: &[&str], flag: Option<bool>) -> Side {
        Side { programme: programme.into(), groups: groups.iter().map(ToString::to_string).collect(), flag }
    }

    fn rules() -> CrossRules {
        let verdict = |kind| Verdict { reason: Reason::DoubleBenefit, kind, law: String::new() };
        let pair = |one, other| Pair { one, other };
        let exclusion = |pair, same_group, kind| {
            let tie = Tie::Person;
            Exclusion { pair, tie, same_group, holds: true, verdict: verdict(kind) }
        };
        let one_a_month = Exclusion {
            tie: Tie::Subject,
            ..exclusion(pair(side("p", &[], None), side("p", &[], None)), false, CrossKind::DoubleBenefit)
        };
        let all = || side("a", &[], None);
        CrossRules {
            programmes: vec!["a".into(), "c".into(), "p".into()],
            legal: vec![pair(side("a", &["5.4"], None), side("a", &["5.5", "5.6"], None))],
            exclusions: vec![
                one_a_month,
                exclusion(pair(all(), side("c", &[], Some(false))), false, CrossKind::DoubleBenefit),
                exclusion(pair(all(), all()), true, CrossKind::TwoHere),
                exclusion(pair(all(), all()), false, CrossKind::DoubleBenefit),
            ],
            ends: vec![End {
                ends: "a".into(),
                paid: "p".into(),
                tie: Tie::Subject,
                verdict: verdict(CrossKind::PaidAfterEnd),
            }],
            same_person: None,
            digest: [0; 8],
        }
    }

    const TODAY: Date = date(2023, 12, 18);

    #[test]
    fn a_group_has_its_points_under_it_and_no_others() {
        assert!(is_under("5.5", "5.5") && is_under("5.5", "5.5đ") && is_under("5.5c", "5.5c"));
        assert!(
            !is_under("5.5", "5.50") && !is_under("5.1", "5.1.2") && !is_under("5.5c", "5.5") && !is_under("5.5", "")
        );
    }

    #[test]
    fn the_legal_double_is_legal_both_ways_and_the_only_one() {
        let rules = rules();
        let kind = |a: &str, b: &str| {
            let (a, b) = (fact("a", a), fact("a", b));
            let seen = rules.between(&a, &b, TODAY).map(|rule| rule.verdict.kind);
            assert_eq!(seen, rules.between(&b, &a, TODAY).map(|rule| rule.verdict.kind));
            seen
        };
        assert_eq!((kind("5.4", "5.5c"), kind("5.4", "5.6")), (None, None));
        assert_eq!(kind("5.5c", "5.6"), Some(CrossKind::DoubleBenefit));
        assert_eq!(kind("5.4", "5.1a"), Some(CrossKind::DoubleBenefit));
        assert_eq!((kind("5.4", "5.4"), kind("5.6", "5.6")), (Some(CrossKind::TwoHere), Some(CrossKind::TwoHere)));
    }

    #[test]
    fn the_flag_lets_both_run() {
        let (a, mut c) = (fact("a", "5.6"), fact("c", ""));
        assert!(rules().between(&a, &c, TODAY).is_some());
        c.flag = true;
        assert!(rules().between(&a, &c, TODAY).is_none());
    }

    #[test]
    fn only_what_runs_in_the_same_whole_month_excludes() {
        let rules = rules();
        let (mut a, mut b) = (fact("a", "5.6"), fact("a", "5.6"));
        let clash = |a: &Fact, b: &Fact| rules.between(a, b, TODAY).is_some();
        a.until = Some(date(2023, 11, 30));
        assert!(!clash(&a, &b), "the one is over");
        a.until = Some(date(2023, 12, 31));
        assert!(clash(&a, &b), "it runs to the end of this month");
        b.from = Some(date(2024, 1, 1));
        assert!(!clash(&a, &b), "the other begins after it");
        b.from = Some(date(2023, 12, 1));
        assert!(clash(&a, &b));
        b.from = Some(date(2023, 12, 15));
        assert!(!clash(&a, &b), "no whole month of both");
        b.from = None;
        a.over = true;
        assert!(!clash(&a, &b), "stopped");
    }

    #[test]
    fn a_month_of_one_record_is_named_once() {
        let rules = rules();
        let paid = |subject: &str, from| Fact {
            person: Some("x".into()),
            subject: Some(subject.into()).filter(|s: &String| !s.is_empty()),
            from,
            ..fact("p", "")
        };
        let (november, later) = (Some(date(2023, 11, 1)), Some(date(2023, 11, 20)));
        let twice = |a: &Fact, b: &Fact| rules.twice(a, b).is_some();
        assert!(twice(&paid("A", november), &paid("A", later)));
        let back = Fact { over: true, ..paid("A", november) };
        assert!(twice(&back, &paid("A", november)), "paid back is still a record");
        for other in [paid("B", november), paid("A", Some(date(2024, 11, 1))), paid("A", None), paid("", november)] {
            assert!(!twice(&paid("A", november), &other), "{other:?}");
        }
        assert!(!twice(&paid("", november), &paid("", november)), "empty never equals empty");
        assert!(rules.between(&paid("A", november), &paid("A", november), TODAY).is_none(), "no matter of the person");
        assert_eq!((rules.exclusive(), rules.against("p").subject), (vec!["a", "c"], vec!["p"]));
    }

    #[test]
    fn an_end_counts_from_the_month_after_it() {
        let rules = rules();
        let (mut paid, mut end) = (fact("p", ""), fact("a", "5.6"));
        end.until = Some(date(2023, 11, 3));
        let late = |paid: &Fact, end: &Fact| rules.after_end(paid, end, Tie::Subject).is_some();
        for (from, is) in [(date(2023, 11, 1), false), (date(2023, 12, 1), true), (date(2024, 1, 1), true)] {
            paid.from = Some(from);
            assert_eq!(late(&paid, &end), is, "{from}");
        }
        assert!(rules.after_end(&paid, &end, Tie::Person).is_none(), "another tie");
        paid.over = true;
        assert!(!late(&paid, &end), "paid back");
        (paid.over, end.until) = (false, None);
        assert!(!late(&paid, &end), "no end");
    }
}
