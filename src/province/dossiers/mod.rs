//! Dossiers and their processing steps: one for each funeral, and one for a share of the monthly allowances (somebody
//! who starts, changes or stops). With 906 of them the province has 6,000 dossiers, of the steps that the recipe gives.
//!
//! `seat` decides who applies for what and when each step was taken, with exact counts a path; `sheet` writes it as rows
//! of the two tables; `hours` knows when offices work; `change` lets time pass; `filed` is what citizens file at a portal.

mod change;
mod filed;
pub(super) mod hours;
pub(super) mod recipe;
mod seat;
mod sheet;

pub(super) use change::change;
pub use filed::{Filed, count as count_filed, filed};
pub(super) use filed::{Filing, mistakes as filing_mistakes};
pub(super) use recipe::Stage;

use super::programmes::columns;
use super::recipe::Recipe;
use super::table::{Column, Row};

pub(super) const HO_SO: &[Column] = columns::HO_SO;
pub(super) const BUOC_XU_LY: &[Column] = columns::BUOC_XU_LY;

/// Dossiers a path: funerals, then allowances.
fn counts(recipe: &Recipe, people: u64) -> [Vec<u64>; 2] {
    let path = &recipe.body.ho_so.path;
    // Each part ends where its share of the rows ends, so that the parts add up at every size.
    let share = |counts: Vec<u64>| {
        let (mut whole, mut given) = (0, 0);
        counts
            .into_iter()
            .map(|count| {
                whole += count;
                let end = recipe.scaled(whole, people);
                end - std::mem::replace(&mut given, end)
            })
            .collect()
    };
    [share(path.iter().map(|p| p.funerals).collect()), share(path.iter().map(|p| p.allowances).collect())]
}

/// Rows of `ho_so`.
pub(super) fn count(recipe: &Recipe, people: u64) -> u64 {
    counts(recipe, people).iter().flatten().sum()
}

/// Rows of `buoc_xu_ly`.
pub(super) fn count_steps(recipe: &Recipe, people: u64) -> u64 {
    let steps = |counts: &Vec<u64>| -> u64 {
        let path = recipe.body.ho_so.path.iter();
        path.zip(counts).map(|(path, count)| path.steps.len() as u64 * count).sum()
    };
    counts(recipe, people).iter().map(steps).sum()
}

/// The rows of `ho_so`.
pub(super) fn rows(recipe: &Recipe, seed: u64, people: u64) -> impl Iterator<Item = Row> + Send {
    seat::seats(recipe, seed, people).map(|seat| sheet::dossier(recipe, &seat))
}

/// The rows of `buoc_xu_ly`.
pub(super) fn steps(recipe: &Recipe, seed: u64, people: u64) -> impl Iterator<Item = Row> + Send {
    seat::seats(recipe, seed, people)
        .flat_map(|seat| (0..seat.stages.len()).map(|at| sheet::step(recipe, &seat, at)).collect::<Vec<_>>())
}
