//! Invents one person after the other.

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::damage;
use super::identity;
use super::person::{Field, Person};
use super::plan::{Payment, Plan, Wish};
use super::random::Random;
use super::recipe::{Group, Recipe};

/// The people of the province: exactly `rows` of them, each depending on recipe, seed and number only.
/// Nothing is kept of those already given.
pub fn people(recipe: &Recipe, seed: u64, rows: u64) -> impl Iterator<Item = Person> {
    Plan::new(recipe, seed, rows).map(move |wish| invent(recipe, seed, wish))
}

/// What must agree between the columns of one person.
pub(super) struct Sketch<'a> {
    pub recipe: &'a Recipe,
    pub random: Random,
    pub wish: Wish,
    pub group: &'a Group,
    pub female: bool,
    pub born: Date,
    pub decided: Date,
}

/// The key of a person's dossier: district and running number.
pub(super) fn key(recipe: &Recipe, commune: usize, serial: u64) -> String {
    format!("DT-{}-{serial:06}", recipe.body.district[recipe.communes[commune].district].code)
}

/// `dd/MM/yyyy`.
pub(super) fn day(date: Date) -> String {
    format!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year())
}

/// `MM/yyyy`.
pub(super) fn month(date: Date) -> String {
    format!("{:02}/{:04}", date.month(), date.year())
}

/// coefficient × rate in đồng; whole, since coefficients have one decimal and rates are whole tens.
pub(super) fn amount(coefficient: Decimal, rate: u32) -> u64 {
    (coefficient * Decimal::from(rate)).round().to_u64().unwrap_or(0)
}

/// Days from one date to another.
pub(super) fn days(from: Date, to: Date) -> i64 {
    i64::from(from.until(to).map_or(0, |span| span.get_days()))
}

pub(super) fn later(date: Date, days: i64) -> Date {
    date.saturating_add(jiff::Span::new().days(days.clamp(-100_000, 100_000)))
}

/// The same day `years` later; 29 February becomes 28.
pub(super) fn years_later(date: Date, years: i16) -> Date {
    date.saturating_add(jiff::Span::new().years(years))
}

pub(super) fn invent(recipe: &Recipe, seed: u64, wish: Wish) -> Person {
    let mut sketch = Sketch::draw(recipe, &recipe.body.group, Random::new(seed, wish.index), wish);
    let mut person = Person::new(wish.index, wish.damage);
    person.set(Field::MaHoSo, key(recipe, wish.commune, wish.serial));
    sketch.who(&mut person);
    sketch.where_from(&mut person);
    sketch.what(&mut person);
    sketch.disability(&mut person);
    sketch.paid(&mut person);
    sketch.helped(&mut person);
    damage::oddities(&mut sketch, &mut person);
    if let Some(damage) = wish.damage {
        damage::spoil(&mut sketch, &mut person, damage);
    }
    person
}

impl<'a> Sketch<'a> {
    /// Somebody of one of these groups; there is at least one.
    pub fn draw(recipe: &'a Recipe, groups: &'a [Group], mut random: Random, wish: Wish) -> Self {
        let body = &recipe.body;
        let mut at = random.below(100_000);
        let mut group = &groups[0];
        for candidate in groups {
            group = candidate;
            match at.checked_sub(u64::from(candidate.share)) {
                Some(rest) => at = rest,
                None => break,
            }
        }
        let female = random.chance(group.female);
        let today = body.province.as_of;
        let [from, to] = group.ages;
        // Two months past the lowest age, so that there is time for a decision.
        let latest = later(years_later(today, -from), -61);
        let earliest = later(years_later(today, -(to + 1)), 1);
        let born = later(earliest, random.between(0, days(earliest, latest).max(0)));
        let eligible = later(years_later(born, from), 20);
        let policy = &body.policy;
        let old = random.chance(policy.older) && eligible < policy.since;
        let (first, last) = if old { (policy.oldest, later(policy.since, -1)) } else { (policy.since, today) };
        let first = first.max(eligible);
        let decided = later(first, random.between(0, days(first, last).max(0)));
        Self { recipe, random, wish, group, female, born, decided }
    }

    /// Whole years at the recipe's day.
    pub fn age(&self) -> i16 {
        let today = self.recipe.body.province.as_of;
        today.year() - self.born.year() - i16::from((today.month(), today.day()) < (self.born.month(), self.born.day()))
    }

    pub fn who(&mut self, person: &mut Person) {
        let body = &self.recipe.body;
        let random = &mut self.random;
        person.set(Field::HoTen, identity::name(&body.names, self.female, random));
        person.set(Field::NgaySinh, day(self.born));
        person.set(Field::GioiTinh, if self.female { &*body.words.female } else { &*body.words.male });
        person.set(Field::DanToc, body.words.ethnic.pick(random));
        let long = identity::long_number(&body.identity, self.wish.index, self.female, self.born.year(), random);
        let short = identity::short_number(&body.identity.old_prefix, self.wish.index);
        let adult = self.born.year() < 2002;
        let age = self.age();
        if age < 14 && self.random.chance(body.identity.birth_certificate) {
            person.set(Field::LoaiGiayTo, "GKS");
            person.set(Field::SoGiayTo, format!("{}/{}", self.random.between(1, 399), self.born.year()));
        } else if adult && self.random.chance(body.identity.nine_digits) {
            person.set(Field::LoaiGiayTo, "CMND");
            person.set(Field::SoGiayTo, short);
        } else {
            person.set(Field::LoaiGiayTo, "CCCD");
            person.set(Field::SoGiayTo, long);
            if adult && self.random.chance(body.identity.earlier_number) {
                person.set(Field::SoCu, short);
            }
        }
    }

    pub fn where_from(&mut self, person: &mut Person) {
        let body = &self.recipe.body;
        let commune = &self.recipe.communes[self.wish.commune];
        let district = &body.district[commune.district];
        let town = !commune.name.starts_with("Xã");
        person.set(Field::MaTinh, body.province.code.as_str());
        person.set(Field::MaHuyen, district.code.as_str());
        person.set(Field::MaXa, commune.code.as_str());
        let hamlet = if town { &body.words.hamlet_town } else { &body.words.hamlet }.pick(&mut self.random);
        person.set(Field::ThonTo, hamlet);
        let number = self.random.between(1, 999);
        let address = if town {
            format!("Số {number}, đường {}, {}", body.words.street.pick(&mut self.random), commune.name)
        } else {
            format!("Số {number}, {hamlet}, {}, {}", commune.name, district.name)
        };
        person.set(Field::DiaChi, address);
    }

    fn what(&mut self, person: &mut Person) {
        let body = &self.recipe.body;
        let district = &body.district[self.recipe.communes[self.wish.commune].district];
        let coefficient = self.group.coefficient;
        person.set(Field::Nhom, self.group.code.as_str());
        person.set(Field::HeSo, format!("{coefficient:.1}"));
        person.set(Field::MucChuan, body.policy.rate.to_string());
        person.set(Field::MucHuong, amount(coefficient, body.policy.rate).to_string());
        person.set(Field::ChinhSach, body.policy.name.as_str());
        person.set(Field::SoQuyetDinh, format!("{}/QĐ-UBND", self.random.between(1, 4999)));
        person.set(Field::NgayQuyetDinh, self.decided.to_string());
        person.set(Field::CoQuanQuyetDinh, format!("UBND {}", district.name));
        person.set(Field::TuThang, month(self.decided));
        person.set(Field::TrangThai, "Đang hưởng");
        let time = self.random.between(0, 9 * 3600);
        let touched = later(self.decided, self.random.between(0, 60)).min(body.province.as_of);
        let (hour, minute, second) = (8 + time / 3600, time / 60 % 60, time % 60);
        person.set(Field::CapNhatLuc, format!("{touched} {hour:02}:{minute:02}:{second:02}"));
    }

    fn disability(&mut self, person: &mut Person) {
        if self.group.disability.is_empty() {
            return;
        }
        let words = &self.recipe.body.words;
        let first = words.disability.pick(&mut self.random).to_owned();
        let second = words.disability.pick(&mut self.random);
        let both = second != first && self.random.chance(words.second_disability);
        person.set(Field::DangTat, if both { format!("{first}; {second}") } else { first });
        person.set(Field::MucDoKt, self.group.disability.as_str());
        person.set(Field::SoGiayXnkt, format!("{:05}/KT", self.wish.index % 100_000));
    }

    fn paid(&mut self, person: &mut Person) {
        let account = self.wish.payment == Payment::Account;
        person.set(Field::HinhThucChiTra, if account { "Tài khoản" } else { "Tiền mặt" });
        if self.wish.payment != Payment::Cash {
            open_account(self.recipe, &mut self.random, person);
        }
    }

    fn helped(&mut self, person: &mut Person) {
        let words = &self.recipe.body.words;
        let child = self.age() < 16;
        if child
            || ((self.age() >= 60 || !self.group.disability.is_empty()) && self.random.chance(words.collected_by_other))
        {
            let relation = if child { &words.relation_parent } else { &words.relation_child }.pick(&mut self.random);
            let female = self.random.chance(60_000);
            person.set(Field::NguoiNhanThay, identity::name(&self.recipe.body.names, female, &mut self.random));
            person.set(Field::QuanHe, relation);
        }
        if self.random.chance(words.insured) {
            let tail = (self.wish.index * 7_000_003 + 1_618_033) % 10_000_000_000;
            person.set(Field::SoTheBhyt, format!("BT2{}{tail:010}", self.recipe.body.province.code));
        }
        let poor = words.poor.pick(&mut self.random);
        person.set(Field::HoNgheo, if self.group.poor { "1" } else { poor });
    }
}

/// Opens an account in the person's own name.
pub(super) fn open_account(recipe: &Recipe, random: &mut Random, person: &mut Person) {
    let number = identity::account(person.index, random);
    person.set(Field::SoTaiKhoan, number);
    person.set(Field::NganHang, recipe.body.banks.names.pick(random));
    let holder = person.get(Field::HoTen).unwrap_or_default().to_owned();
    person.set(Field::ChuTaiKhoan, holder);
}
