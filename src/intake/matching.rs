//! Whether an applicant is in the ledger already: by number, by an earlier number, then by name, birth, sex and commune,
//! each with what agrees, what differs and what nobody knows. It informs, and never decides; where there are too many to
//! show, that is an entry of its own.

use std::fmt::Write as _;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::model::{Likeness, Said, Says, scoped};
use crate::store::alike::{self, Near};
use crate::store::{StoreError, Tx};

/// Records of one kind that are looked at.
const LOOKED_AT: usize = 200;
/// Records that a person is shown.
const SHOWN: usize = 20;

/// By what a record was found, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The same number.
    Number,
    /// A number that the same person had, as a record or the application says.
    EarlierNumber,
    /// Name and year of birth.
    Likeness,
}

/// What two records of a person are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trait {
    /// Name and year of birth.
    Name,
    /// The day of birth.
    Birth,
    /// The sex.
    Sex,
    /// The commune.
    Commune,
}

/// A record of somebody who may be the applicant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// By what it was found.
    pub by: By,
    /// The record's stream.
    pub stream: String,
    /// Its key.
    pub key: String,
    /// Its programme and group, in the mapping's words.
    pub programme: String,
    /// The group; empty for none.
    pub group: String,
    /// What it says.
    pub says: Says,
    /// In which facility.
    pub place: String,
    /// First day, `yyyy-MM-dd`; empty where not known.
    pub from: String,
    /// Last day, or that of the death.
    pub until: String,
    /// No longer running.
    pub over: bool,
    /// Held here: the nation does not know it in this form.
    pub held: bool,
    /// What agrees.
    pub agree: Vec<Trait>,
    /// What differs.
    pub differ: Vec<Trait>,
    /// What one of the two does not tell.
    pub unknown: Vec<Trait>,
}

/// One entry of what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Match {
    /// Somebody who may be the applicant.
    Person(Box<Person>),
    /// There are more than can be shown: nobody compared these.
    GaveUp {
        /// By what they were found.
        by: By,
        /// How many are not shown, as far as they were counted.
        more: u64,
    },
}

/// Who may be the applicant, as the store keeps it: JSON, `null` where nobody could be looked for. It informs staff;
/// nothing is decided by it.
pub async fn kept(tx: &mut Tx, said: Option<&Said>) -> Result<String, StoreError> {
    let Some(said) = said else { return Ok("null".to_owned()) };
    Ok(serde_json::json!(of(tx, said).await?).to_string())
}

/// What the ledger knows of an applicant. Bounded look-ups by indexes; every give-up is an entry, and counted.
pub async fn of(tx: &mut Tx, said: &Said) -> Result<Vec<Match>, StoreError> {
    let systems = alike::systems(tx).await?;
    let in_all = |number: &Option<String>| -> Vec<String> {
        number.iter().flat_map(|number| systems.iter().map(|system| scoped(system, number))).collect()
    };
    let (own, earlier) = (in_all(&said.fact.person), in_all(&said.fact.earlier));
    let numbers: Vec<&str> = own.iter().chain(&earlier).map(String::as_str).collect();
    let most = i64::try_from(LOOKED_AT).unwrap_or(i64::MAX);
    let by_number = alike::by_number(tx, &numbers, most).await?;
    let mut uncounted = 0;
    let by_alike = match &said.like.alike {
        None => Vec::new(),
        Some(digest) => {
            let found = alike::by_alike(tx, digest, most).await?;
            if found.len() == LOOKED_AT {
                let all = alike::count_alike(tx, digest).await?;
                uncounted = u64::try_from(all).unwrap_or(0).saturating_sub(found.len() as u64);
            }
            found
        }
    };
    let found = compare(&said.like, &own, by_number, by_alike, uncounted);
    for one in &found {
        if let Match::GaveUp { more, .. } = one {
            metrics::counter!("gateway_matches_given_up_total").increment(*more);
        }
    }
    Ok(found)
}

/// Compares the applicant with what was found; `own` are the digests of the applicant's number, `uncounted` so many more
/// of the same name and year of birth were not even looked at.
pub fn compare(
    applicant: &Likeness,
    own: &[String],
    by_number: Vec<Near>,
    by_alike: Vec<Near>,
    uncounted: u64,
) -> Vec<Match> {
    let mut people: Vec<Person> = Vec::new();
    let same = |near: &Near| near.person.as_ref().is_some_and(|person| own.contains(person));
    let by = |near: &Near| if same(near) { By::Number } else { By::EarlierNumber };
    let numbered = by_number.into_iter().map(|near| (by(&near), near));
    for (by, near) in numbered.chain(by_alike.into_iter().map(|near| (By::Likeness, near))) {
        if people.iter().any(|known| (&known.stream, &known.key) == (&near.stream, &near.key)) {
            continue;
        }
        let person = person(by, applicant, near);
        // A name and a year are shared by many: where two of day, sex and commune differ, it is somebody else.
        if by != By::Likeness || person.differ.len() < 2 {
            people.push(person);
        }
    }
    people.sort_by_key(|person| (person.by, person.differ.len(), usize::MAX - person.agree.len()));
    let mut found = Vec::new();
    for by in [By::Number, By::EarlierNumber, By::Likeness] {
        let of_kind: Vec<&Person> = people.iter().filter(|person| person.by == by).collect();
        let mut more = of_kind.len().saturating_sub(SHOWN) as u64;
        if by == By::Likeness {
            more += uncounted;
        }
        found.extend(of_kind.into_iter().take(SHOWN).cloned().map(|person| Match::Person(Box::new(person))));
        if more > 0 {
            found.push(Match::GaveUp { by, more });
        }
    }
    found
}

fn person(by: By, applicant: &Likeness, near: Near) -> Person {
    let (mut agree, mut differ, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    // Codes of two catalogues say nothing of each other.
    let catalogue = |unit: &str| unit.split_once('/').map(|(catalogue, _)| catalogue.to_owned());
    let comparable = catalogue(&applicant.unit) == catalogue(&near.like.unit);
    let unit = |like: &Likeness| known(&like.unit).filter(|_| comparable);
    for (what, ours, theirs) in [
        (Trait::Name, applicant.alike.clone(), near.like.alike.clone()),
        // Digests of name and day: they say something of the day only where the name is the same.
        (Trait::Birth, applicant.born.clone(), near.like.born.clone().filter(|_| applicant.alike == near.like.alike)),
        (Trait::Sex, known(&applicant.sex), known(&near.like.sex)),
        (Trait::Commune, unit(applicant), unit(&near.like)),
    ] {
        match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours == theirs => agree.push(what),
            (Some(_), Some(_)) => differ.push(what),
            _ => unknown.push(what),
        }
    }
    Person {
        by,
        stream: near.stream,
        key: near.key,
        programme: near.programme,
        group: near.group,
        says: near.like.says,
        place: near.like.place,
        from: near.from,
        until: near.until,
        over: near.over,
        held: !near.live,
        agree,
        differ,
        unknown,
    }
}

impl Match {
    /// One line for people, Vietnamese first.
    pub fn told(&self, today: Date) -> String {
        let person = match self {
            Self::Person(person) => person,
            Self::GaveUp { by, more } => {
                let (vi, en) = by.words();
                return format!("còn {more} người nữa ({vi}) chưa được so / {more} more ({en}) were not compared");
            }
        };
        let (vi, en) = person.says(today);
        let (by_vi, by_en) = person.by.words();
        let (mut vi, mut en) = (format!("{vi}; {by_vi}"), format!("{en}; {by_en}"));
        for (head_vi, head_en, traits) in [
            ("giống", "agree", &person.agree),
            ("khác", "differ", &person.differ),
            ("không rõ", "not known", &person.unknown),
        ] {
            let of = |pick: fn(&Trait) -> &'static str| traits.iter().map(pick).collect::<Vec<_>>().join(", ");
            if !traits.is_empty() {
                // Writing to a String cannot fail.
                let _ = write!(vi, "; {head_vi}: {}", of(|t| t.words().0));
                let _ = write!(en, "; {head_en}: {}", of(|t| t.words().1));
            }
        }
        format!("{} {}: {vi} / {en}", person.stream, person.key)
    }
}

impl Person {
    fn says(&self, today: Date) -> (String, String) {
        let ended = self.over || (!self.until.is_empty() && self.until < today.to_string());
        let what = if self.group.is_empty() { &self.programme } else { &self.group };
        let (mut vi, mut en) = match (self.says, ended) {
            (Says::Dead, _) => ("đã mất".to_owned(), "deceased".to_owned()),
            (Says::Facility, false) => (format!("ở cơ sở {}", self.place), format!("in facility {}", self.place)),
            (Says::Facility, true) => {
                (format!("từng ở cơ sở {}", self.place), format!("was in facility {}", self.place))
            }
            (Says::Draws, false) => (format!("đang hưởng {what}"), format!("draws {what}")),
            (Says::Draws, true) => (format!("đã thôi hưởng {what}"), format!("no longer draws {what}")),
            (Says::Nothing, _) => (format!("có hồ sơ {what}"), format!("has a record {what}")),
        };
        for (head_vi, head_en, day) in [("từ", "from", &self.from), ("đến", "until", &self.until)] {
            if !day.is_empty() {
                let dead = self.says == Says::Dead;
                let (head_vi, head_en) = if dead && head_en == "until" { ("ngày", "on") } else { (head_vi, head_en) };
                if !(dead && head_en == "from") {
                    let _ = write!(vi, " {head_vi} {day}");
                    let _ = write!(en, " {head_en} {day}");
                }
            }
        }
        if self.held {
            vi.push_str(" (hồ sơ đang bị giữ)");
            en.push_str(" (held here)");
        }
        (vi, en)
    }
}

impl By {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Number => ("cùng số giấy tờ", "the same number"),
            Self::EarlierNumber => ("cùng người qua số cũ", "by an earlier number"),
            Self::Likeness => ("cùng họ tên và năm sinh", "the same name and year of birth"),
        }
    }
}

impl Trait {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Name => ("họ tên và năm sinh", "name and year of birth"),
            Self::Birth => ("ngày sinh", "day of birth"),
            Self::Sex => ("giới tính", "sex"),
            Self::Commune => ("xã", "commune"),
        }
    }
}
