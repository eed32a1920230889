//! `tro_giup_dot_xuat`: households in emergency relief; budget and donated money apart.

use super::super::people::later;
use super::super::recipe::Recipe;
use super::super::table::{Row, Table};
use super::harm::Harm;
use super::lots::{Draft, Drafts};
use super::sheet::Sheet;

pub(super) fn rows(recipe: &Recipe, seed: u64, people: u64) -> impl Iterator<Item = Row> + Send {
    let section = &recipe.body.tro_giup_dot_xuat;
    let fits = |harm, draft: &Draft| harm != Harm::NoAccount || draft.account;
    let drafts = Drafts::new(Table::TroGiupDotXuat, recipe, (seed, people), section.by_account, &section.held, fits);
    drafts.map(move |draft| row(recipe, seed, draft))
}

fn row(recipe: &Recipe, seed: u64, draft: Draft) -> Row {
    let section = &recipe.body.tro_giup_dot_xuat;
    let case = &section.case[draft.part];
    let mut sheet = Sheet::new(recipe, seed, (Table::TroGiupDotXuat, "DX"), &section.who, None, draft);
    let unknown = sheet.harmed(Harm::UnknownCode);
    let told = if unknown { section.unknown.pick(&mut sheet.sketch.random) } else { &*case.cause };
    sheet.row.set("nguyen_nhan", told);
    let happened = sheet.day(section.days);
    sheet.row.set("ngay_xay_ra", happened.to_string());
    sheet.row.set("loai_ho_tro", case.help.as_str());
    sheet.row.set("so_nguoi", sheet.sketch.random.between(1, 7).to_string());
    sheet.row.set("thiet_hai", case.damage.as_str());
    // A gift can be typed with a minus by mistake; the budget's part stays, and with it the sum of the table.
    let minus = if sheet.harmed(Harm::NegativeMoney) { "-" } else { "" };
    sheet.row.set("so_tien_ngan_sach", case.budget.to_string());
    sheet.row.set("so_tien_van_dong", format!("{minus}{}", case.donated));
    let head = sheet.row.get("ho_ten").unwrap_or_default().to_owned();
    sheet.payment(&head);
    let after = sheet.sketch.random.between(2, 12);
    let decided = later(happened, if sheet.harmed(Harm::WrongOrder) { -after } else { after });
    sheet.decision(decided, true);
    sheet.row
}
