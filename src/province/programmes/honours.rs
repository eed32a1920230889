//! `chuc_tho`: old people honoured in the year at a round age, and all from a hundred on.

use super::super::people::later;
use super::super::recipe::Recipe;
use super::super::table::{Row, Table};
use super::harm::Harm;
use super::lots::{Draft, Drafts};
use super::sheet::Sheet;

pub(super) fn rows(recipe: &Recipe, seed: u64, people: u64) -> impl Iterator<Item = Row> + Send {
    let section = &recipe.body.chuc_tho;
    let drafts = Drafts::new(Table::ChucTho, recipe, (seed, people), 0, &section.held, |_, _| true);
    drafts.map(move |draft| row(recipe, seed, draft))
}

fn row(recipe: &Recipe, seed: u64, draft: Draft) -> Row {
    let section = &recipe.body.chuc_tho;
    let honoured = &section.age[draft.part];
    // The age within a part goes by the number, because the person is drawn only after the year of birth is known.
    let ages = u64::try_from(honoured.up_to.unwrap_or(honoured.age) - honoured.age).unwrap_or(0) + 1;
    let age = honoured.age + i16::try_from(draft.index % ages).unwrap_or(0);
    let born_in = Some(section.year - age);
    let mut sheet = Sheet::new(recipe, seed, (Table::ChucTho, "TH"), &section.who, born_in, draft);
    sheet.row.set("nam", section.year.to_string());
    let told = if sheet.harmed(Harm::WrongAge) { age + 5 } else { age };
    sheet.row.set("tuoi", told.to_string());
    let minus = if sheet.harmed(Harm::NegativeMoney) { "-" } else { "" };
    sheet.row.set("so_tien", format!("{minus}{}", honoured.amount));
    let given = sheet.day(section.days);
    sheet.row.set("ngay_trao", given.to_string());
    let before = sheet.sketch.random.between(5, 20);
    sheet.decision(later(given, -before), false);
    sheet.row
}
