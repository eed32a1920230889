//! Spoils rows as they are spoilt in the field.

use super::identity;
use super::people::{Sketch, month};
use super::person::{Field, Person};
use super::shares::Damage;

/// Born before: the years of which often no more than the year is known.
const OLD: i16 = 1964;

/// What is odd and is sent all the same.
pub(super) fn oddities(sketch: &mut Sketch<'_>, person: &mut Person) {
    name(sketch, person);
    birth(sketch, person);
    let told = &sketch.recipe.body.told;
    let words = &sketch.recipe.body.words;
    let random = &mut sketch.random;
    let female = if random.chance(told.sex_against_number) { !sketch.female } else { sketch.female };
    if random.chance(told.sex_empty) {
        person.set(Field::GioiTinh, "");
    } else if random.chance(told.sex_digit) {
        person.set(Field::GioiTinh, if female { "2" } else { "1" });
    } else {
        person.set(Field::GioiTinh, if female { &*words.female } else { &*words.male });
    }
    let word = random.chance(told.no_paper_word);
    if word || random.chance(told.no_paper_blank) {
        person.set(Field::LoaiGiayTo, if word { "KHONG" } else { "" });
        person.clear(Field::SoGiayTo);
        person.clear(Field::SoCu);
    }
}

fn name(sketch: &mut Sketch<'_>, person: &mut Person) {
    let names = &sketch.recipe.body.names;
    let told = &sketch.recipe.body.told;
    let random = &mut sketch.random;
    let mut name = person.get(Field::HoTen).unwrap_or_default().to_owned();
    if random.chance(names.tone_moved)
        && let Some(moved) = identity::tones_moved(names, &name)
    {
        name = moved;
    }
    if random.chance(told.upper_case_name) {
        name = name.to_uppercase();
    }
    if random.chance(told.decomposed_name) {
        name = identity::decomposed(&name);
    }
    if random.chance(told.blanks_around_name) {
        name = if random.chance(50_000) { format!(" {name}") } else { format!("{name}  ") };
    }
    person.set(Field::HoTen, name);
}

fn birth(sketch: &mut Sketch<'_>, person: &mut Person) {
    let told = &sketch.recipe.body.told;
    let random = &mut sketch.random;
    let born = sketch.born;
    if born.year() < OLD && random.chance(told.year_only) {
        let year = born.year();
        person.set(Field::NgaySinh, if random.chance(60_000) { format!("{year}") } else { format!("00/00/{year}") });
    } else if born.year() < OLD && random.chance(told.month_only) {
        person.set(Field::NgaySinh, month(born));
    } else if random.chance(told.iso_birth) {
        person.set(Field::NgaySinh, born.to_string());
    }
}

/// Makes the row one that must be held, for one reason and no other.
pub(super) fn spoil(sketch: &mut Sketch<'_>, person: &mut Person, damage: Damage) {
    let body = &sketch.recipe.body;
    let held = &body.held;
    let random = &mut sketch.random;
    match damage {
        Damage::MissingName => person.clear(Field::HoTen),
        Damage::LongNumberLostZero => {
            let index = sketch.wish.index;
            let number = identity::long_number(&body.identity, index, sketch.female, sketch.born.year(), random);
            person.set(Field::LoaiGiayTo, "CCCD");
            person.set(Field::SoGiayTo, number.trim_start_matches('0'));
        }
        Damage::ShortNumberLostZero => {
            let number = identity::short_number(&body.identity.old_zero_prefix, sketch.wish.index);
            person.set(Field::LoaiGiayTo, "CMND");
            person.set(Field::SoGiayTo, &number[1..]);
            person.clear(Field::SoCu);
        }
        Damage::Filler => {
            let filler = held.fillers.pick(random);
            person.set(Field::LoaiGiayTo, if filler.len() == 9 { "CMND" } else { "CCCD" });
            person.set(Field::SoGiayTo, filler);
        }
        Damage::ImpossibleBirth => {
            let start = held.births.pick(random);
            person.set(Field::NgaySinh, format!("{start}{}", sketch.born.year()));
        }
        Damage::UnknownBank => person.set(Field::NganHang, held.banks.pick(random)),
        Damage::UnknownEthnic => person.set(Field::DanToc, held.ethnics.pick(random)),
        Damage::UnknownCommune => person.set(Field::MaXa, held.communes.pick(random)),
        Damage::WrongAmount => {
            // Typing errors that were seen: a digit too few, the rate of the decree before, a thousand too much.
            let right: u64 = person.get(Field::MucHuong).and_then(|m| m.parse().ok()).unwrap_or(0);
            let wrong = [right / 10, right / 4 * 3, right + 1000][usize::try_from(random.below(3)).unwrap_or(0)];
            person.set(Field::MucHuong, wrong.to_string());
        }
        Damage::AccountWithoutBank => person.clear(Field::NganHang),
        Damage::NoKey => {
            if random.chance(50_000) {
                person.clear(Field::MaHoSo);
            } else {
                person.set(Field::MaHoSo, "");
            }
        }
        // Both rows of the pair were given the same key when they were planned.
        Damage::KeyTwice => {}
    }
}
