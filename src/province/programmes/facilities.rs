//! `co_so_tro_giup`: residents of the facilities. Some draw the monthly allowance all the same: they are people of
//! `doi_tuong`, with the same papers.

use jiff::civil::Date;

use super::super::people::{amount, invent, later};
use super::super::person::{Field, Person};
use super::super::plan::Plan;
use super::super::recipe::Recipe;
use super::super::table::{Row, Table};
use super::harm::Harm;
use super::lots::{Draft, Drafts};
use super::sheet::{Sheet, copy_person};

/// Facilities have two parts each: those who do not draw, and those who do.
fn draws(draft: &Draft) -> bool {
    draft.part % 2 == 1
}

pub(super) fn rows(recipe: &Recipe, seed: u64, people: u64) -> impl Iterator<Item = Row> + Send {
    let section = &recipe.body.co_so_tro_giup;
    // Those who draw are counted by the figures, so nothing is wrong with them.
    let fits = |_, draft: &Draft| !draws(draft);
    let drafts = Drafts::new(Table::CoSoTroGiup, recipe, (seed, people), 0, &section.held, fits);
    let drawing = section.facility.iter().map(|f| f.drawing).sum::<u64>();
    let mut found = Found {
        plan: Plan::new(recipe, seed, people),
        recipe,
        seed,
        people,
        drawing: recipe.scaled(drawing, people),
        given: 0,
    };
    drafts.map(move |draft| {
        let person = if draws(&draft) { found.next() } else { None };
        row(recipe, seed, draft, person.as_ref())
    })
}

/// Finds people of `doi_tuong` for the residents who draw, evenly over the province.
struct Found<'a> {
    plan: Plan<'a>,
    recipe: &'a Recipe,
    seed: u64,
    people: u64,
    drawing: u64,
    given: u64,
}

impl Iterator for Found<'_> {
    type Item = Person;

    fn next(&mut self) -> Option<Person> {
        let from = u128::from(self.people) * u128::from(self.given) / u128::from(self.drawing.max(1));
        self.given += 1;
        let (recipe, seed) = (self.recipe, self.seed);
        self.plan
            .by_ref()
            .filter(|wish| u128::from(wish.index) >= from && wish.damage.is_none())
            .map(|wish| invent(recipe, seed, wish))
            .find(fits_care)
    }
}

/// Severely disabled, or old and alone; and old enough for the coefficient of those from four years on.
fn fits_care(person: &Person) -> bool {
    let born = person.get(Field::NgaySinh).and_then(super::super::change::year);
    matches!(person.get(Field::Nhom), Some("5.5a" | "5.5d" | "5.6")) && born.is_some_and(|year| year < 2014)
}

fn row(recipe: &Recipe, seed: u64, draft: Draft, person: Option<&Person>) -> Row {
    let body = &recipe.body;
    let section = &body.co_so_tro_giup;
    let facility = &section.facility[draft.part / 2];
    // Whoever draws is a grown-up of the last of the groups, until the person takes the place.
    let who = if person.is_some() { &section.who[section.who.len() - 1..] } else { &section.who };
    let mut sheet = Sheet::new(recipe, seed, (Table::CoSoTroGiup, "CS"), who, None, draft);
    let group = sheet.sketch.group;
    sheet.row.set("nhom", group.code.as_str());
    let mut first = section.days[0].max(later(sheet.sketch.born, 30));
    if let Some(person) = person {
        copy_person(&mut sheet.row, person);
        sheet.row.put("nhom", person.get(Field::Nhom).map(str::to_owned));
        first = section.days[0].max(Date::constant(2018, 1, 1));
    }
    sheet.row.set("co_so_tro_giup", facility.code.as_str());
    let words = if sheet.harmed(Harm::UnknownCode) { &section.unknown } else { &section.admission };
    let word = words.pick(&mut sheet.sketch.random);
    sheet.row.set("loai_tiep_nhan", word);
    let admitted = sheet.day([first, section.days[1]]);
    sheet.row.set("ngay_tiep_nhan", admitted.to_string());
    if sheet.harmed(Harm::WrongOrder) {
        let left = later(admitted, -sheet.sketch.random.between(5, 60));
        sheet.row.set("ngay_ra", left.to_string());
        sheet.row.set("ly_do_ra", section.left.pick(&mut sheet.sketch.random));
    }
    let right = amount(group.coefficient, body.policy.rate);
    sheet.row.set("he_so", format!("{:.1}", group.coefficient));
    sheet.row.set("muc_chuan", body.policy.rate.to_string());
    let wrong = right - u64::from(body.policy.rate) / 2;
    sheet.row.set("muc_huong", if sheet.harmed(Harm::LowAmount) { wrong } else { right }.to_string());
    sheet.row.set("tro_cap_thang", if person.is_some() { "1" } else { "0" });
    let before = sheet.sketch.random.between(0, 7);
    sheet.decision(later(admitted, -before), true);
    sheet.row
}
