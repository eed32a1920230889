//! `cham_soc_khan_cap`: people who needed protection at once, in a household or a facility.

use super::super::identity;
use super::super::people::{days, later};
use super::super::recipe::Recipe;
use super::super::table::{Row, Table};
use super::harm::Harm;
use super::lots::{Draft, Drafts};
use super::sheet::Sheet;

/// The part of the foundlings, of whom nobody knows a name.
const NAMELESS: usize = 0;

pub(super) fn rows(recipe: &Recipe, seed: u64, people: u64) -> impl Iterator<Item = Row> + Send {
    let section = &recipe.body.cham_soc_khan_cap;
    let fits = |_, draft: &Draft| draft.part != NAMELESS;
    let drafts = Drafts::new(Table::ChamSocKhanCap, recipe, (seed, people), 0, &section.held, fits);
    drafts.map(move |draft| row(recipe, seed, draft))
}

fn row(recipe: &Recipe, seed: u64, draft: Draft) -> Row {
    let body = &recipe.body;
    let section = &body.cham_soc_khan_cap;
    let nameless = draft.part == NAMELESS;
    let who = if nameless { &section.who[..1] } else { &section.who };
    let mut sheet = Sheet::new(recipe, seed, (Table::ChamSocKhanCap, "KC"), who, None, draft);
    if nameless {
        for column in ["ho_ten", "so_giay_to", "loai_giay_to"] {
            sheet.row.clear(column);
        }
        sheet.row.set("ly_do", section.foundling.as_str());
    } else {
        let unknown = sheet.harmed(Harm::UnknownCode);
        let words = if unknown { &section.unknown } else { &section.reasons };
        let word = words.pick(&mut sheet.sketch.random);
        sheet.row.set("ly_do", word);
    }
    if sheet.sketch.random.chance(section.in_household) {
        sheet.row.set("noi_cham_soc", "Hộ gia đình");
        let female = sheet.sketch.random.chance(70_000);
        let carer = identity::name(&body.names, female, &mut sheet.sketch.random);
        sheet.row.set("nguoi_cham_soc", carer);
    } else {
        sheet.row.set("noi_cham_soc", "Cơ sở");
        let facilities = &body.co_so_tro_giup.facility;
        let at = sheet.sketch.random.below(facilities.len() as u64);
        let facility = usize::try_from(at).ok().and_then(|at| facilities.get(at));
        sheet.row.put("co_so_tro_giup", facility.map(|f| f.code.clone()));
    }
    let from = sheet.day(section.days);
    sheet.row.set("tu_ngay", from.to_string());
    let lasted = if sheet.harmed(Harm::TooLong) {
        sheet.sketch.random.between(100, 140)
    } else if sheet.harmed(Harm::WrongOrder) {
        -sheet.sketch.random.between(2, 20)
    } else {
        sheet.sketch.random.between(4, 85)
    };
    let until = later(from, lasted);
    // Who is still cared for has no end and no bill yet.
    if until <= body.province.as_of || sheet.draft.harm.is_some() {
        sheet.row.set("den_ngay", until.to_string());
        let bill = u64::try_from(days(from, until).abs()).unwrap_or(0) * section.per_day;
        let minus = if sheet.harmed(Harm::NegativeMoney) { "-" } else { "" };
        sheet.row.set("so_tien", format!("{minus}{bill}"));
    }
    sheet.decision(from, true);
    sheet.row
}
