//! What citizens file at a portal: applications of people whom the province knows already and of others, some with
//! values that nobody's list has, some corrected or withdrawn later.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};
use serde::Deserialize;

use super::super::people::{days, later};
use super::super::plan::{Payment, Plan, Wish};
use super::super::random::Random;
use super::super::recipe::{Body, Recipe};
use super::super::table::Row;
use super::recipe::Stage;
use super::seat::allowance;
use super::sheet;

/// Running numbers of what is filed, above those of the table of dossiers; two apart.
const FIRST: u64 = 25_000;
/// More would meet the numbers from the start again.
const MOST: u64 = 24_000;
/// People of the applications who are not in the table: above those of every change.
const STRANGERS: u64 = 900_000;
/// The lane of the generator.
const LANE: u64 = u64::MAX - 60;

/// `[don]`: counts are of the full size.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Filing {
    /// How many.
    pub count: u64,
    /// First and last day.
    pub days: [Date; 2],
    /// Of a hundred applicants so many draw an allowance already.
    pub known: u32,
    /// Of a hundred applications so many bring files.
    pub with_files: u64,
    /// The office's word for an application that the citizen took back.
    pub taken_back: String,
    /// Filed with values that no list has.
    pub strange: Vec<Laid>,
    /// Filed again with other values.
    pub corrected: Vec<Laid>,
}

/// Values laid over what the portal would have, by the portal's own names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Laid {
    /// How many applications.
    pub count: u64,
    /// By the portal's name.
    pub set: BTreeMap<String, String>,
}

/// An application: the row that the local table would have, with what is laid over it in the portal's words.
#[derive(Debug, Clone)]
pub struct Filed {
    /// In the province's words.
    pub row: Row,
    /// When it was filed.
    pub at: DateTime,
    /// The portal's values that are otherwise.
    pub over: Vec<(String, String)>,
    /// When it is filed again, and with what.
    pub again: Option<(DateTime, Vec<(String, String)>)>,
}

/// What does not fit together.
pub(in super::super) fn mistakes(body: &Body) -> Vec<(&'static str, String)> {
    let don = &body.don;
    let mut out = Vec::new();
    if don.count > MOST {
        out.push(("[don]", format!("count: at most {MOST}")));
    }
    if don.days[0] > don.days[1] {
        out.push(("[don]", "days: the first comes after the last".to_owned()));
    }
    let laid: u64 = don.strange.iter().chain(&don.corrected).map(|laid| laid.count).sum();
    if laid > don.count {
        out.push(("[don]", "more are strange or corrected than filed".to_owned()));
    }
    out
}

/// How many are filed in a province of so many people with a monthly allowance; at least one.
pub fn count(recipe: &Recipe, people: u64) -> u64 {
    recipe.scaled(recipe.body.don.count, people).clamp(1, MOST)
}

/// So many applications, at most 24,000, in order of their numbers; the same for the same seed.
pub fn filed(recipe: &Recipe, seed: u64, people: u64, count: u64) -> impl Iterator<Item = Filed> + Send {
    let don = &recipe.body.don;
    let count = count.clamp(1, MOST);
    let mut random = Random::new(seed, LANE);
    let step = usize::try_from((people / count.max(1)).max(1)).unwrap_or(1);
    let mut known = Plan::new(recipe, seed, people).filter(|wish| wish.damage.is_none()).step_by(step);
    let mut strange = dealt(&don.strange, don.count, count);
    let mut corrected = dealt(&don.corrected, don.count, count);
    let mut owed = 0;
    (0..count).map(move |n| {
        owed += u64::from(don.known);
        let own = if owed >= 100 {
            owed -= 100;
            known.next()
        } else {
            None
        };
        let wish = own.unwrap_or_else(|| stranger(recipe, people, n, &mut random));
        let span = days(don.days[0], don.days[1]).max(0);
        let day = later(don.days[0], random.between(0, span));
        let seat = allowance(recipe, seed, (FIRST + n, wish), &[Stage::New], None, |_| [day, day]);
        let at = seat.times.first().copied().unwrap_or_else(|| day.to_datetime(jiff::civil::Time::midnight()));
        let over = strange.next();
        // What cannot be routed is not corrected by the citizen as well.
        let again = if over.is_none() { corrected.next() } else { None };
        let again = again.map(|set| (at.saturating_add(random.between(1, 26).hours()), set));
        let mut row = sheet::dossier(recipe, &seat);
        if n * 37 % 100 >= don.with_files {
            row.clear("tai_lieu_nop");
        }
        Filed { row, at, over: over.unwrap_or_default(), again }
    })
}

/// Each as often as its share of them, at least once.
fn dealt(all: &[Laid], of: u64, count: u64) -> impl Iterator<Item = Vec<(String, String)>> + Send + '_ {
    all.iter().flat_map(move |laid| {
        let times = usize::try_from((laid.count * count / of.max(1)).max(1)).unwrap_or(1);
        let set: Vec<_> = laid.set.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        std::iter::repeat_n(set, times)
    })
}

/// Somebody of a commune by its weight.
fn stranger(recipe: &Recipe, people: u64, n: u64, random: &mut Random) -> Wish {
    let total: u64 = recipe.communes.iter().map(|c| c.weight).sum();
    let mut at = random.below(total);
    let commune = recipe.communes.iter().position(|c| {
        let here = at < c.weight;
        at = at.saturating_sub(c.weight);
        here
    });
    let index = 2 * people + STRANGERS + n;
    Wish { index, commune: commune.unwrap_or(0), serial: 0, payment: Payment::Cash, damage: None }
}
