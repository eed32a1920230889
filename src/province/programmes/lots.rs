//! Decides row by row which part of a table a row belongs to, how it is paid and how it is damaged, with exact counts
//! and without a list of rows (selection sampling, as in the plan of the beneficiaries).

use std::collections::BTreeMap;

use super::super::plan::Walk;
use super::super::random::Random;
use super::super::recipe::Recipe;
use super::super::table::Table;
use super::harm::Harm;

/// A damage and on how many rows of the full size it is.
pub(in super::super) type Harms = BTreeMap<Harm, u64>;

/// Counts that are still to be given away.
pub(in super::super) struct Deal(Vec<u64>);

impl Deal {
    pub fn new(counts: Vec<u64>) -> Self {
        Self(counts)
    }

    /// What this row gets, `left` rows being still to come, this one included.
    pub fn draw(&mut self, random: &mut Random, left: u64) -> Option<usize> {
        let mut at = random.below(left);
        for (i, wanted) in self.0.iter_mut().enumerate() {
            if at < *wanted {
                *wanted -= 1;
                return Some(i);
            }
            at -= *wanted;
        }
        None
    }
}

/// Damages that are still to be done.
pub(in super::super) struct Harming {
    kinds: Vec<Harm>,
    deal: Deal,
    /// Drawn for a row that it did not fit; the next row that it fits has it.
    owed: Vec<u64>,
}

impl Harming {
    pub fn new(harms: &Harms, recipe: &Recipe, people: u64) -> Self {
        Self {
            kinds: harms.keys().copied().collect(),
            deal: Deal::new(harms.values().map(|n| recipe.scaled(*n, people)).collect()),
            owed: vec![0; harms.len()],
        }
    }

    pub fn draw(&mut self, random: &mut Random, left: u64, fits: impl Fn(Harm) -> bool) -> Option<Harm> {
        if let Some(i) = self.deal.draw(random, left) {
            self.owed[i] += 1;
        }
        let i = (0..self.kinds.len()).find(|i| self.owed[*i] > 0 && fits(self.kinds[*i]))?;
        self.owed[i] -= 1;
        Some(self.kinds[i])
    }
}

/// The lane of the generator that plans this table.
pub(in super::super) fn lane(table: Table) -> u64 {
    u64::MAX - 2 - table as u64
}

/// What is decided about a row before it is invented.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    /// Number of its person in the province.
    pub index: u64,
    pub commune: usize,
    /// Running number within the district.
    pub serial: u64,
    /// Which of the table's parts it belongs to.
    pub part: usize,
    /// Paid through an account.
    pub account: bool,
    pub harm: Option<Harm>,
}

/// The drafts of a table with people of its own.
pub(super) struct Drafts<'a> {
    walk: Walk<'a>,
    random: Random,
    first: u64,
    rows: u64,
    done: u64,
    parts: Deal,
    accounts: Deal,
    harming: Harming,
    fits: fn(Harm, &Draft) -> bool,
}

impl<'a> Drafts<'a> {
    /// `accounts` and `harms` are counts of the full size; `fits` says which rows can have a damage.
    pub fn new(
        table: Table,
        recipe: &'a Recipe,
        (seed, people): (u64, u64),
        accounts: u64,
        harms: &Harms,
        fits: fn(Harm, &Draft) -> bool,
    ) -> Self {
        let rows = super::count(table, recipe, people);
        // Each part ends where its share of the rows ends, so that the parts add up at every size.
        let (mut whole, mut given) = (0, 0);
        let mut parts = super::parts(table, recipe);
        for part in &mut parts {
            whole += *part;
            let end = recipe.scaled(whole, people);
            *part = end - given;
            given = end;
        }
        Self {
            walk: Walk::new(recipe, rows),
            random: Random::new(seed, lane(table)),
            first: super::first_index(table, recipe, people),
            rows,
            done: 0,
            parts: Deal::new(parts),
            accounts: Deal::new(vec![recipe.scaled(accounts, people).min(rows)]),
            harming: Harming::new(harms, recipe, people),
            fits,
        }
    }
}

impl Iterator for Drafts<'_> {
    type Item = Draft;

    fn next(&mut self) -> Option<Draft> {
        if self.done >= self.rows {
            return None;
        }
        let left = self.rows - self.done;
        let (commune, serial) = self.walk.settle(self.done);
        let part = self.parts.draw(&mut self.random, left).unwrap_or(0);
        let account = self.accounts.draw(&mut self.random, left).is_some();
        let mut draft = Draft { index: self.first + self.done, commune, serial, part, account, harm: None };
        let fits = self.fits;
        draft.harm = self.harming.draw(&mut self.random, left, |harm| fits(harm, &draft));
        self.done += 1;
        Some(draft)
    }
}
