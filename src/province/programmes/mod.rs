//! The other programmes of the province, one table each: funerals, emergency relief, emergency protection, residents
//! of facilities, the payment list of a period, old people honoured.
//!
//! As with the beneficiaries: `lots` deals out exact counts row by row, `sheet` invents the person that every row
//! begins with, and each table adds its own columns. A row depends on recipe, seed and number only. The people are
//! others than those of `doi_tuong`, but for the payment list (all of them) and the residents who draw (some of them).

mod care;
mod change;
pub(super) mod columns;
mod facilities;
mod funerals;
mod harm;
mod honours;
mod lots;
mod payments;
pub(super) mod recipe;
mod relief;
mod sheet;

pub use change::TableChanges;
pub(super) use change::change;
pub use harm::Harm;
pub(super) use lots::{Deal, Harming, Harms, lane};

use super::recipe::Recipe;
use super::table::{Row, Table};

/// The tables with people of their own, in the order of these people's numbers.
const OWN: [Table; 5] =
    [Table::MaiTang, Table::TroGiupDotXuat, Table::ChamSocKhanCap, Table::CoSoTroGiup, Table::ChucTho];

/// Rows at full size, part by part: what must come out exactly, not only in the sum.
fn parts(table: Table, recipe: &Recipe) -> Vec<u64> {
    let body = &recipe.body;
    match table {
        Table::DoiTuong | Table::ChiTra | Table::HoSo | Table::BuocXuLy => vec![body.province.people],
        Table::MaiTang => vec![body.mai_tang.count],
        Table::TroGiupDotXuat => body.tro_giup_dot_xuat.case.iter().map(|c| c.count).collect(),
        Table::ChamSocKhanCap => {
            let care = &body.cham_soc_khan_cap;
            vec![care.nameless, care.count.saturating_sub(care.nameless)]
        }
        Table::CoSoTroGiup => {
            let facilities = &body.co_so_tro_giup.facility;
            facilities.iter().flat_map(|f| [f.residents.saturating_sub(f.drawing), f.drawing]).collect()
        }
        Table::ChucTho => body.chuc_tho.age.iter().map(|a| a.count).collect(),
    }
}

/// Rows of the table in a province of so many people with a monthly allowance.
pub(super) fn count(table: Table, recipe: &Recipe, people: u64) -> u64 {
    recipe.scaled(parts(table, recipe).iter().sum(), people)
}

/// Number of the first person of a table, in a count that goes on after the people of `doi_tuong` and those whom
/// the changes add, so that nobody has somebody else's papers or account.
fn first_index(table: Table, recipe: &Recipe, people: u64) -> u64 {
    let before = OWN.iter().take_while(|t| **t != table).map(|t| count(*t, recipe, people)).sum::<u64>();
    people + people / 4 + 100_000 + before
}

/// How many people all the tables have of their own.
fn own_people(recipe: &Recipe, people: u64) -> u64 {
    OWN.iter().map(|t| count(*t, recipe, people)).sum()
}

/// The rows of a programme.
pub(super) fn rows(table: Table, recipe: &Recipe, seed: u64, people: u64) -> Box<dyn Iterator<Item = Row> + Send + '_> {
    match table {
        Table::DoiTuong | Table::HoSo | Table::BuocXuLy => Box::new(std::iter::empty()),
        Table::MaiTang => Box::new(funerals::rows(recipe, seed, people)),
        Table::TroGiupDotXuat => Box::new(relief::rows(recipe, seed, people)),
        Table::ChamSocKhanCap => Box::new(care::rows(recipe, seed, people)),
        Table::CoSoTroGiup => Box::new(facilities::rows(recipe, seed, people)),
        Table::ChiTra => Box::new(payments::rows(recipe, seed, people)),
        Table::ChucTho => Box::new(honours::rows(recipe, seed, people)),
    }
}
