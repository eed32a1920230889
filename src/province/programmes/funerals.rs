//! `mai_tang`: the dead of the year and what was paid for their funerals.

use super::super::identity;
use super::super::people::{later, years_later};
use super::super::recipe::Recipe;
use super::super::table::{Row, Table};
use super::harm::Harm;
use super::lots::{Draft, Drafts};
use super::sheet::Sheet;

pub(super) fn rows(recipe: &Recipe, seed: u64, people: u64) -> impl Iterator<Item = Row> + Send {
    let section = &recipe.body.mai_tang;
    let fits = |harm, draft: &Draft| harm != Harm::NoAccount || draft.account;
    let drafts = Drafts::new(Table::MaiTang, recipe, (seed, people), section.by_account, &section.held, fits);
    // Those who buried have no row: their papers come after those of everybody who has one.
    let beyond = super::own_people(recipe, people);
    drafts.map(move |draft| row(recipe, seed, draft, beyond))
}

fn row(recipe: &Recipe, seed: u64, draft: Draft, beyond: u64) -> Row {
    let body = &recipe.body;
    let section = &body.mai_tang;
    let mut sheet = Sheet::new(recipe, seed, (Table::MaiTang, "MT"), &section.who, None, draft);
    if sheet.harmed(Harm::UnknownCode) {
        let word = section.unknown.pick(&mut sheet.sketch.random);
        sheet.row.set("nhom", word);
    } else if !sheet.sketch.group.code.is_empty() {
        sheet.row.set("nhom", sheet.sketch.group.code.as_str());
    }
    let died = sheet.day(section.days);
    let decided = later(died, sheet.sketch.random.between(3, 15));
    let told = if sheet.harmed(Harm::WrongOrder) { years_later(sheet.sketch.born, -1) } else { died };
    sheet.row.set("ngay_mat", told.to_string());
    let random = &mut sheet.sketch.random;
    sheet.row.set("so_trich_luc", format!("{}/TLKT-BS", random.between(1, 399)));
    let relation = section.relation.pick(random);
    sheet.row.set("quan_he", relation);
    let female = sheet.sketch.random.chance(45_000);
    let name = identity::name(&body.names, female, &mut sheet.sketch.random);
    let born = 1955 + i16::try_from(sheet.sketch.random.below(45)).unwrap_or(0);
    let paper = identity::long_number(&body.identity, draft.index + beyond, female, born, &mut sheet.sketch.random);
    sheet.row.set("giay_to_nguoi_mai_tang", paper);
    sheet.row.set("nguoi_mai_tang", name.as_str());
    let right = u64::from(section.times) * u64::from(body.policy.rate);
    let amount = if sheet.harmed(Harm::LowAmount) { section.low } else { right };
    sheet.row.set("muc_huong", amount.to_string());
    sheet.payment(&name);
    sheet.decision(decided, true);
    sheet.row
}
