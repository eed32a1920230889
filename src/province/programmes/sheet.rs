//! What the programmes' rows have in common: the person at the beginning, payment and decision towards the end.

use jiff::civil::Date;

use super::super::damage;
use super::super::identity;
use super::super::people::{Sketch, days, later};
use super::super::person::{Field, Person};
use super::super::plan::{Payment, Wish};
use super::super::random::Random;
use super::super::recipe::{Group, Recipe};
use super::super::table::{Row, Table};
use super::harm::Harm;
use super::lots::Draft;

/// How money reaches people, as the province writes it.
pub(super) const ACCOUNT: &str = "Tài khoản";
const CASH: &str = "Tiền mặt";

/// A row in the making.
pub(super) struct Sheet<'a> {
    pub recipe: &'a Recipe,
    pub draft: Draft,
    pub sketch: Sketch<'a>,
    pub row: Row,
}

/// The columns that every programme has of a person, and where they come from.
const PERSON: [(&str, Field); 9] = [
    ("ho_ten", Field::HoTen),
    ("ngay_sinh", Field::NgaySinh),
    ("gioi_tinh", Field::GioiTinh),
    ("so_giay_to", Field::SoGiayTo),
    ("loai_giay_to", Field::LoaiGiayTo),
    ("ma_tinh", Field::MaTinh),
    ("ma_huyen", Field::MaHuyen),
    ("ma_xa", Field::MaXa),
    ("dia_chi", Field::DiaChi),
];

/// Takes over who somebody is and where they live.
pub(super) fn copy_person(row: &mut Row, person: &Person) {
    for (column, field) in PERSON {
        row.put(column, person.get(field).map(str::to_owned));
    }
}

impl<'a> Sheet<'a> {
    /// A row about somebody of one of these groups; born in that year, where it is given.
    pub fn new(
        recipe: &'a Recipe,
        seed: u64,
        (table, prefix): (Table, &str),
        groups: &'a [Group],
        born_in: Option<i16>,
        draft: Draft,
    ) -> Self {
        let Draft { index, commune, serial, .. } = draft;
        // How the person is paid is the row's own matter: nothing here asks the wish for it.
        let wish = Wish { index, commune, serial, payment: Payment::Cash, damage: None };
        let mut sketch = Sketch::draw(recipe, groups, Random::new(seed, index), wish);
        if let Some(year) = born_in {
            let first = Date::new(year, 1, 1).unwrap_or(sketch.born);
            sketch.born = later(first, sketch.random.between(0, 364));
        }
        let mut person = Person::new(index, None);
        sketch.who(&mut person);
        sketch.where_from(&mut person);
        damage::oddities(&mut sketch, &mut person);
        let mut row = Row::new(table);
        if let Some(harm) = draft.harm {
            row.hold(harm);
            if let Some(damage) = harm.of_person(table) {
                damage::spoil(&mut sketch, &mut person, damage);
            }
        }
        let district = &recipe.body.district[recipe.communes[commune].district].code;
        row.set("ma_ho_so", format!("{prefix}-{district}-{serial:06}"));
        copy_person(&mut row, &person);
        Self { recipe, draft, sketch, row }
    }

    pub fn harmed(&self, harm: Harm) -> bool {
        self.draft.harm == Some(harm)
    }

    /// A day between the two, both included.
    pub fn day(&mut self, [first, last]: [Date; 2]) -> Date {
        later(first, self.sketch.random.between(0, days(first, last).max(0)))
    }

    /// How the money reached whom.
    pub fn payment(&mut self, holder: &str) {
        if !self.draft.account {
            self.row.set("hinh_thuc_chi_tra", CASH);
            return;
        }
        self.row.set("hinh_thuc_chi_tra", ACCOUNT);
        let number = identity::account(self.draft.index, &mut self.sketch.random);
        self.row.put("so_tai_khoan", (!self.harmed(Harm::NoAccount)).then_some(number));
        let bank = self.recipe.body.banks.names.pick(&mut self.sketch.random);
        self.row.set("ngan_hang", bank);
        self.row.set("chu_tai_khoan", holder);
    }

    /// Who decided what follows which policy, and when; without one where no decree sets the amount.
    pub fn decision(&mut self, on: Date, policy: bool) {
        let body = &self.recipe.body;
        let district = &body.district[self.recipe.communes[self.draft.commune].district];
        self.row.set("so_quyet_dinh", format!("{}/QĐ-UBND", self.sketch.random.between(1, 4999)));
        self.row.set("ngay_quyet_dinh", on.to_string());
        self.row.set("co_quan_quyet_dinh", format!("UBND {}", district.name));
        if policy {
            self.row.set("chinh_sach", body.policy.name.as_str());
        }
    }
}
