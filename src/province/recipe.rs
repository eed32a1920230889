//! The recipe: totals, units, groups, names and shares of dirt, read from `fixtures/` and checked as a whole.

use std::path::Path;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use super::dossiers::recipe::{Dossiers, mistakes as dossier_mistakes};
use super::dossiers::{Filing, filing_mistakes};
use super::error::ProvinceError;
use super::programmes::recipe::{Care, Facilities, Funerals, Honours, Payments, Relief, mistakes};
use super::random::Choice;
use super::shares::{Change, Held, Told};
use super::units::{self, Commune};
use crate::model::{Fault, Faults};

/// A recipe is a page or two; more is a mistake.
const MAX_BYTES: u64 = 1 << 20;

/// A checked recipe.
#[derive(Debug, Clone)]
pub struct Recipe {
    pub(super) body: Body,
    pub(super) communes: Vec<Commune>,
    /// Of the recipe's texts: tells a database made from another recipe.
    pub(super) fingerprint: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    pub province: Province,
    pub policy: Policy,
    pub identity: Identity,
    pub district: Vec<District>,
    pub group: Vec<Group>,
    pub names: Names,
    pub words: Words,
    pub banks: Banks,
    pub held: Held,
    pub told: Told,
    pub change: Change,
    pub mai_tang: Funerals,
    pub tro_giup_dot_xuat: Relief,
    pub cham_soc_khan_cap: Care,
    pub co_so_tro_giup: Facilities,
    pub chi_tra: Payments,
    pub chuc_tho: Honours,
    pub ho_so: Dossiers,
    pub don: Filing,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Province {
    pub code: String,
    pub name: String,
    pub people: u64,
    pub with_account: u64,
    pub paid_by_account: u64,
    pub communes: String,
    pub as_of: Date,
    pub year_total: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub name: String,
    pub rate: u32,
    pub since: Date,
    pub older: u32,
    pub oldest: Date,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub own: String,
    pub elsewhere: u32,
    pub others: Vec<String>,
    pub further: Vec<String>,
    pub old_prefix: String,
    pub old_zero_prefix: String,
    pub nine_digits: u32,
    pub earlier_number: u32,
    pub birth_certificate: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct District {
    pub code: String,
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub code: String,
    pub share: u32,
    pub ages: [i16; 2],
    #[serde(deserialize_with = "decimal")]
    pub coefficient: Decimal,
    pub female: u32,
    #[serde(default)]
    pub poor: bool,
    #[serde(default)]
    pub disability: String,
    pub raised: Option<Raised>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raised {
    #[serde(deserialize_with = "decimal")]
    pub coefficient: Decimal,
    pub disability: String,
}

/// Coefficients stand in quotes, because a TOML number would be a float.
fn decimal<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|e| serde::de::Error::custom(format!("`{text}` is no decimal such as \"1.5\": {e}")))
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    pub family: Choice,
    pub tones: Vec<[String; 2]>,
    pub tone_moved: u32,
    pub male: Parts,
    pub female: Parts,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    pub middle: Choice,
    pub given: Choice,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub male: String,
    pub female: String,
    pub ethnic: Choice,
    pub hamlet: Choice,
    pub hamlet_town: Choice,
    pub street: Choice,
    pub disability: Choice,
    pub second_disability: u32,
    pub relation_parent: Choice,
    pub relation_child: Choice,
    pub collected_by_other: u32,
    pub insured: u32,
    pub poor: Choice,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Banks {
    pub names: Choice,
}

impl Recipe {
    /// The recipe that ships with the gateway: Đồng Tháp at the end of 2023.
    pub fn built_in() -> Result<Self, ProvinceError> {
        let recipe = include_str!("../../fixtures/dong-thap.toml");
        let communes = include_str!("../../fixtures/dong-thap-communes.csv");
        Self::read(Path::new("fixtures/dong-thap.toml"), recipe, |name| {
            if name == "dong-thap-communes.csv" {
                Ok(communes.to_owned())
            } else {
                Err(Faults::from(Fault::of(name, "is not built in")).into())
            }
        })
    }

    /// Reads a recipe and the list of communes that it names beside itself.
    pub fn load(path: &Path) -> Result<Self, ProvinceError> {
        let text = bounded(path)?;
        let beside = path.parent().unwrap_or(Path::new(""));
        Self::read(path, &text, |name| bounded(&beside.join(name)))
    }

    /// Reads a recipe from its text; `beside` reads a file that it names. All mistakes are told at once.
    pub fn read(
        path: &Path,
        text: &str,
        beside: impl FnOnce(&str) -> Result<String, ProvinceError>,
    ) -> Result<Self, ProvinceError> {
        let body: Body = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |s| text.get(..s.start).map_or(1, |t| t.matches('\n').count() + 1));
            Faults::from(Fault::at(path, line, e.message()))
        })?;
        let listed = beside(&body.province.communes)?;
        let mut faults = Faults::default();
        let communes = units::read(&path.with_file_name(&body.province.communes), &listed, &body.district, &mut faults);
        for (needle, message) in body.mistakes() {
            let line = text.lines().position(|l| l.trim_start().starts_with(needle)).map_or(1, |i| i + 1);
            faults.0.push(Fault::at(path, line, message));
        }
        if !faults.0.is_empty() {
            return Err(faults.into());
        }
        let fingerprint = format!("{:016x}{:016x}", xxh3_64(text.as_bytes()), xxh3_64(listed.as_bytes()));
        Ok(Self { body, communes, fingerprint })
    }

    /// The province's name, for headings.
    pub fn name(&self) -> &str {
        &self.body.province.name
    }

    /// How many people the province has at full size.
    pub fn people(&self) -> u64 {
        self.body.province.people
    }

    /// How many of so many rows have an account.
    pub fn with_account(&self, rows: u64) -> u64 {
        self.scaled(self.body.province.with_account, rows)
    }

    /// How many of so many rows are paid through their account.
    pub fn paid_by_account(&self, rows: u64) -> u64 {
        self.scaled(self.body.province.paid_by_account, rows).min(self.with_account(rows))
    }

    /// What all people together are paid in a year at full size, in đồng, within 1 %.
    pub fn year_total(&self) -> u64 {
        self.body.province.year_total
    }

    /// A count of the full size, for so many rows; rounded.
    pub(super) fn scaled(&self, count: u64, rows: u64) -> u64 {
        let people = u128::from(self.people().max(1));
        u64::try_from((u128::from(count) * u128::from(rows) + people / 2) / people).unwrap_or(u64::MAX)
    }
}

impl Body {
    /// What does not fit together: the start of the line to point at, and the sentence.
    fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        let mut no = |wrong: bool, line, message: String| {
            if wrong {
                out.push((line, message));
            }
        };
        let p = &self.province;
        no(p.people == 0, "people", "people must be above 0".to_owned());
        no(p.with_account > p.people, "with_account", format!("with_account is more than people ({})", p.people));
        no(
            p.paid_by_account > p.with_account,
            "paid_by_account",
            format!("paid_by_account is more than with_account ({})", p.with_account),
        );
        no(self.district.is_empty(), "[[district]]", "no district".to_owned());
        no(
            p.as_of < self.policy.since,
            "as_of",
            format!("as_of lies before the policy starts ({})", self.policy.since),
        );
        no(self.policy.oldest > self.policy.since, "oldest", "oldest lies after since".to_owned());
        no(self.change.day <= p.as_of, "day", format!("the day of the changes must come after as_of ({})", p.as_of));
        let changed = self.change.added + self.change.stopped + self.change.vanished;
        no(changed > 100, "added", format!("added, stopped and vanished are {changed} in 100 together"));
        for word in self.change.updates.words() {
            no(
                !super::change::KINDS.contains(&word.as_str()),
                "updates",
                format!("no kind of update is called `{word}`; there are {}", super::change::KINDS.join(", ")),
            );
        }
        let digits = |text: &String, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        no(!digits(&self.identity.own, 3), "own", "own must have three digits".to_owned());
        no(
            self.identity.others.is_empty()
                || self
                    .identity
                    .others
                    .iter()
                    .chain(&self.identity.further)
                    .any(|o| !digits(o, 3) || *o == self.identity.own),
            "others",
            "others and further must be codes of three digits, without own".to_owned(),
        );
        no(!digits(&self.identity.old_prefix, 2), "old_prefix", "old_prefix must have two digits".to_owned());
        no(
            !digits(&self.identity.old_zero_prefix, 2) || !self.identity.old_zero_prefix.starts_with('0'),
            "old_zero_prefix",
            "old_zero_prefix must have two digits, the first a zero".to_owned(),
        );
        no(self.change.withdrawn > 100, "withdrawn", "withdrawn is a share in 100".to_owned());
        out.extend(group_mistakes("[[group]]", &self.group));
        out.extend(mistakes(self));
        out.extend(dossier_mistakes(self));
        out.extend(filing_mistakes(self));
        out
    }
}

/// What does not fit together in a list of groups: at which line to point, and the sentence.
pub(super) fn group_mistakes(line: &'static str, groups: &[Group]) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let shares: u64 = groups.iter().map(|g| u64::from(g.share)).sum();
    if shares != 100_000 {
        out.push((line, format!("the shares of the groups add up to {shares}, not to 100000")));
    }
    for group in groups {
        let [from, to] = group.ages;
        if !(0..=120).contains(&from) || !(from..=120).contains(&to) {
            out.push((line, format!("group {}: ages {from} to {to} are no range between 0 and 120", group.code)));
        }
        let factor = group.coefficient;
        if factor <= Decimal::ZERO || factor > Decimal::from(20) || factor.scale() > 1 {
            let sentence = "is not above 0, at most 20, with one decimal";
            out.push((line, format!("group {}: coefficient {factor} {sentence}", group.code)));
        }
    }
    out
}

fn bounded(path: &Path) -> Result<String, ProvinceError> {
    let file = |source| ProvinceError::File { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(file)?.len();
    if size > MAX_BYTES {
        return Err(Faults::from(Fault::of(path, format!("has {size} bytes; a recipe has at most {MAX_BYTES}"))).into());
    }
    std::fs::read_to_string(path).map_err(file)
}
