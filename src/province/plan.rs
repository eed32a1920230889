//! Decides row by row who lives where, who has an account and which row is damaged, so that the counts are exact
//! at any number of rows without a list of them: each wish is granted with the probability *still wanted / rows
//! still to come* (selection sampling, Knuth, volume 2, algorithm S).

use super::random::Random;
use super::recipe::Recipe;
use super::shares::Damage;

/// The lane of the generator that plans; people have the lanes of their numbers.
const LANE: u64 = u64::MAX;

/// How money reaches a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payment {
    /// No account.
    Cash,
    /// An account was opened, the money is still drawn in cash.
    CashWithAccount,
    /// Paid into the account.
    Account,
}

/// What is decided about a row before the person is invented.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// Number of the person in the province, from 0.
    pub index: u64,
    /// Place in the recipe's list of communes.
    pub commune: usize,
    /// Running number within the district; with the district it is the key.
    pub serial: u64,
    pub payment: Payment,
    pub damage: Option<Damage>,
}

/// Walks through the communes in their order: each has its share of the rows by weight.
pub(super) struct Walk<'a> {
    recipe: &'a Recipe,
    rows: u64,
    commune: usize,
    /// Weight of the communes up to and including the present one.
    weight: u64,
    total_weight: u64,
    district: Option<usize>,
    serial: u64,
}

impl<'a> Walk<'a> {
    pub fn new(recipe: &'a Recipe, rows: u64) -> Self {
        Self {
            recipe,
            rows,
            commune: 0,
            weight: recipe.communes.first().map_or(0, |c| c.weight),
            total_weight: recipe.communes.iter().map(|c| c.weight).sum(),
            district: None,
            serial: 0,
        }
    }

    /// Commune and running number of the next row, whose number this is.
    pub fn settle(&mut self, index: u64) -> (usize, u64) {
        while self.commune + 1 < self.recipe.communes.len() && !self.here(index) {
            self.commune += 1;
            self.weight += self.recipe.communes[self.commune].weight;
        }
        let district = self.recipe.communes[self.commune].district;
        if self.district.replace(district) != Some(district) {
            self.serial = 0;
        }
        self.serial += 1;
        (self.commune, self.serial)
    }

    /// The row with this number lives in the present commune, or in one before it.
    fn here(&self, index: u64) -> bool {
        u128::from(index) * u128::from(self.total_weight) < u128::from(self.rows) * u128::from(self.weight)
    }
}

pub(super) struct Plan<'a> {
    walk: Walk<'a>,
    random: Random,
    rows: u64,
    index: u64,
    accounts: u64,
    paid: u64,
    damage: [u64; Damage::ALL.len()],
    /// Drawn for a row that it did not fit; the next row that it fits has it.
    owed: [u64; Damage::ALL.len()],
    /// The row before was the first of a pair with one key.
    pair: Option<u64>,
}

impl<'a> Plan<'a> {
    pub fn new(recipe: &'a Recipe, seed: u64, rows: u64) -> Self {
        let damage = Damage::ALL.map(|d| (u128::from(recipe.body.held.share(d)) * u128::from(rows) + 50_000) / 100_000);
        Self {
            walk: Walk::new(recipe, rows),
            random: Random::new(seed, LANE),
            rows,
            index: 0,
            accounts: recipe.with_account(rows),
            paid: recipe.paid_by_account(rows),
            damage: damage.map(|d| u64::try_from(d).unwrap_or(u64::MAX)),
            owed: [0; Damage::ALL.len()],
            pair: None,
        }
    }

    /// Rows still to come, this one included.
    fn left(&self) -> u64 {
        self.rows - self.index
    }

    fn payment(&mut self) -> Payment {
        if self.random.below(self.left()) >= self.accounts {
            return Payment::Cash;
        }
        let paid = self.random.below(self.accounts) < self.paid;
        self.accounts -= 1;
        if paid {
            self.paid -= 1;
            Payment::Account
        } else {
            Payment::CashWithAccount
        }
    }

    /// The next row is in the same commune, so that it can share this row's key.
    fn has_neighbour(&self) -> bool {
        let next = self.index + 1;
        next < self.rows && self.walk.here(next)
    }

    fn damage(&mut self, payment: Payment) -> Option<Damage> {
        let neighbour = self.has_neighbour();
        let fits = |d: Damage| match d {
            Damage::KeyTwice => neighbour,
            d => !d.needs_payment() || payment == Payment::Account,
        };
        let mut at = self.random.below(self.left());
        for (i, wanted) in self.damage.iter_mut().enumerate() {
            if at < *wanted {
                *wanted -= 1;
                self.owed[i] += 1;
                break;
            }
            at -= *wanted;
        }
        let (i, damage) = Damage::ALL.into_iter().enumerate().find(|(i, d)| self.owed[*i] > 0 && fits(*d))?;
        self.owed[i] -= 1;
        Some(damage)
    }
}

impl Iterator for Plan<'_> {
    type Item = Wish;

    fn next(&mut self) -> Option<Wish> {
        if self.index >= self.rows {
            return None;
        }
        let (commune, own) = self.walk.settle(self.index);
        let payment = self.payment();
        let (serial, damage) = if let Some(serial) = self.pair.take() {
            (serial, Some(Damage::KeyTwice))
        } else {
            let damage = self.damage(payment);
            self.pair = (damage == Some(Damage::KeyTwice)).then_some(own);
            (own, damage)
        };
        let wish = Wish { index: self.index, commune, serial, payment, damage };
        self.index += 1;
        Some(wish)
    }
}
