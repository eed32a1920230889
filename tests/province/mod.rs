//! The invented province is what the published figures say, the same for the same seed, and dirty as told.

#![expect(clippy::unwrap_used, reason = "a test that panics says where")]

mod crossed;
mod dossiers;
mod entangled;
mod programmes;
mod same;
mod servers;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use molisa_gateway::province::{
    COLUMNS, Damage, Field, Person, ProvinceError, Recipe, Table, change_sqlite, expected_held, people, write_csv,
    write_sqlite,
};
use unicode_normalization::is_nfc;

const SEED: u64 = 2023;

fn recipe() -> Recipe {
    Recipe::built_in().unwrap()
}

fn text(person: &Person, field: Field) -> &str {
    person.get(field).unwrap_or_default()
}

fn money(person: &Person) -> u64 {
    text(person, Field::MucHuong).parse().unwrap()
}

#[test]
fn full_size_has_the_published_totals() {
    let recipe = recipe();
    let (mut rows, mut accounts, mut sum, mut paid_sum, mut held) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let mut districts = BTreeMap::<String, u64>::new();
    let mut communes = HashSet::new();
    let mut numbers = HashSet::new();
    for person in people(&recipe, SEED, recipe.people()) {
        rows += 1;
        accounts += u64::from(person.get(Field::SoTaiKhoan).is_some());
        sum += money(&person);
        if text(&person, Field::HinhThucChiTra) == "Tài khoản" {
            paid_sum += money(&person);
        }
        held += u64::from(expected_held(&person).is_some());
        *districts.entry(text(&person, Field::MaHuyen).to_owned()).or_default() += 1;
        if person.damage != Some(Damage::UnknownCommune) {
            communes.insert(text(&person, Field::MaXa).to_owned());
        }
        assert_eq!(text(&person, Field::TrangThai), "Đang hưởng");
        let number = text(&person, Field::SoGiayTo);
        if matches!(text(&person, Field::LoaiGiayTo), "CCCD" | "CMND") && person.damage != Some(Damage::Filler) {
            assert!(numbers.insert(number.to_owned()), "a number stands twice");
        }
    }
    assert_eq!((rows, accounts), (70_458, 36_329));
    let year = recipe.year_total();
    assert!((sum * 12).abs_diff(year) < year / 100, "{sum} a month");
    assert!((7_000_000_000..7_200_000_000).contains(&paid_sum), "{paid_sum} through accounts");
    assert_eq!((districts.len(), communes.len()), (12, 141));
    assert!(districts.values().all(|n| *n > 2000), "{districts:?}");
    assert!((rows / 100..rows / 50).contains(&held), "{held} rows to be held");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let recipe = recipe();
    let list = |seed| people(&recipe, seed, 3000).collect::<Vec<_>>();
    assert_eq!(list(1), list(1));
    let same = list(1).iter().zip(list(2)).filter(|(a, b)| text(a, Field::HoTen) == text(b, Field::HoTen)).count();
    assert!(same < 300, "{same} names are the same for another seed");
}

#[test]
fn any_number_of_rows_keeps_the_proportions() {
    let recipe = recipe();
    for rows in [0_u64, 1, 7, 1000, 5000] {
        let list: Vec<_> = people(&recipe, SEED, rows).collect();
        assert_eq!(list.len() as u64, rows);
        let accounts = list.iter().filter(|p| p.get(Field::SoTaiKhoan).is_some()).count() as u64;
        assert_eq!(accounts, recipe.with_account(rows));
        if rows >= 1000 {
            let communes: HashSet<_> = list.iter().map(|p| text(p, Field::MaHuyen).to_owned()).collect();
            assert_eq!(communes.len(), 12);
        }
    }
}

#[test]
fn keys_ascend_and_are_unique_but_for_the_rows_damaged_so() {
    let recipe = recipe();
    let mut last = String::new();
    let mut damaged = HashMap::<String, u32>::new();
    for person in people(&recipe, SEED, recipe.people()) {
        let key = text(&person, Field::MaHoSo).to_owned();
        match person.damage {
            Some(Damage::NoKey) => assert_eq!(key, ""),
            Some(Damage::KeyTwice) => {
                assert!(key >= last);
                *damaged.entry(key.clone()).or_default() += 1;
                last = key;
            }
            _ => {
                assert!(key > last, "{key} after {last}");
                last = key;
            }
        }
    }
    assert!(!damaged.is_empty() && damaged.values().all(|n| *n == 2), "{damaged:?}");
}

/// Looks at the rows, not at what the generator says of them, wherever a row can show it.
#[test]
fn every_kind_of_dirt_is_there_at_full_size() {
    let recipe = recipe();
    let mut seen = BTreeMap::<&str, u64>::new();
    let mut damages = HashMap::<Damage, u64>::new();
    for person in people(&recipe, SEED, recipe.people()) {
        if let Some(damage) = person.damage {
            *damages.entry(damage).or_default() += 1;
        }
        let mut note = |is: bool, what: &'static str| *seen.entry(what).or_default() += u64::from(is);
        let (name, born) = (text(&person, Field::HoTen), text(&person, Field::NgaySinh));
        let (kind, number) = (text(&person, Field::LoaiGiayTo), text(&person, Field::SoGiayTo));
        let amount: u64 = money(&person);
        let right = text(&person, Field::HeSo).replace('.', "").parse::<u64>().unwrap() * 36_000;
        note(name.is_empty(), "no name");
        note(name != name.trim(), "blanks around the name");
        note(!is_nfc(name), "name in NFD");
        note(name.len() > 4 && name.to_uppercase() == name, "name in capitals");
        note(name.contains("Hòa") || name.contains("Thủy"), "tone on the first vowel");
        note(name.contains("Hoà") || name.contains("Thuỷ"), "tone on the second vowel");
        note(born.len() == 4, "year only");
        note(born.starts_with("00/00/"), "year with zeros");
        note(born.len() == 7, "month and year");
        note(born.len() == 10 && born.as_bytes()[4] == b'-', "ISO birth");
        note(born.starts_with("31/02/") || born.starts_with("30/02/"), "impossible birth");
        note(kind == "CMND" && number.len() == 9, "nine digits");
        note(kind == "CMND" && number.len() == 8, "eight digits");
        note(kind == "CCCD" && number.len() == 11, "eleven digits");
        note(kind == "GKS" && number.contains('/'), "birth certificate");
        note(kind == "KHONG" && number.is_empty(), "said to have no paper");
        note(kind.is_empty() && number.is_empty(), "no paper");
        note(number == "000000001" || number == "123456789", "filler");
        note(number.len() > 8 && number.bytes().all(|b| b == number.as_bytes()[0]), "filler of one digit");
        note(!text(&person, Field::SoCu).is_empty(), "earlier number");
        note(amount != right, "wrong amount");
        note(text(&person, Field::NganHang) == "LienVietPostBank", "bank by its old name");
        note(text(&person, Field::NganHang) == "LPBank", "bank by its new name");
        note(text(&person, Field::NganHang) == "970405", "bank by number");
        note(
            text(&person, Field::HinhThucChiTra) == "Tiền mặt" && person.get(Field::SoTaiKhoan).is_some(),
            "cash all the same",
        );
        note(text(&person, Field::GioiTinh).is_empty(), "no sex");
        note(matches!(text(&person, Field::GioiTinh), "1" | "2"), "sex as a digit");
        let odd = kind == "CCCD" && number.len() == 12 && text(&person, Field::GioiTinh) == "Nữ";
        note(odd && number.as_bytes()[3].is_multiple_of(2), "sex against the number");
    }
    assert!(seen.values().all(|n| *n > 0), "{seen:#?}");
    for damage in Damage::ALL {
        assert!(damages.get(&damage).is_some_and(|n| *n >= 4), "{damage:?}: {damages:?}");
    }
    assert_eq!(damages[&Damage::Filler], 211, "300 in 100,000 of 70,458");
}

/// What the tag says is what the row shows: the two must not drift apart, or held counts prove nothing.
#[test]
fn a_row_without_damage_is_in_order() {
    let recipe = recipe();
    for person in people(&recipe, SEED, 20_000).filter(|p| p.damage.is_none()) {
        let (kind, number) = (text(&person, Field::LoaiGiayTo), text(&person, Field::SoGiayTo));
        match kind {
            "CCCD" => assert_eq!(number.len(), 12),
            "CMND" => assert_eq!(number.len(), 9),
            "GKS" => assert!(!number.is_empty()),
            _ => assert!(number.is_empty()),
        }
        assert!(!text(&person, Field::HoTen).trim().is_empty());
        let tenths: u64 = text(&person, Field::HeSo).replace('.', "").parse().unwrap();
        assert_eq!(money(&person), tenths * 36_000);
        let paid = text(&person, Field::HinhThucChiTra) == "Tài khoản";
        assert!(!paid || (person.get(Field::SoTaiKhoan).is_some() && person.get(Field::NganHang).is_some()));
        let born = text(&person, Field::NgaySinh);
        let decided = text(&person, Field::NgayQuyetDinh);
        let year = if born.as_bytes().get(4) == Some(&b'-') { &born[..4] } else { &born[born.len() - 4..] };
        assert!(year <= &decided[..4] && *decided <= *"2023-11-30", "born {year}, decided {decided}");
        assert_eq!(text(&person, Field::TuThang), format!("{}/{}", &decided[5..7], &decided[..4]));
    }
}

#[tokio::test]
async fn the_file_and_the_database_hold_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, db) = (dir.path().join("a.csv"), dir.path().join("a.db"));
    write_csv(&csv, Table::DoiTuong, &recipe(), SEED, 2000).unwrap();
    write_sqlite(&db, &recipe(), SEED, 2000).await.unwrap();
    let mut lines = csv::Reader::from_path(&csv).unwrap();
    assert_eq!(lines.headers().unwrap().iter().collect::<Vec<_>>(), COLUMNS);
    let rows = table(&db);
    assert_eq!(rows.len(), 2000);
    let he_so = Field::HeSo as usize;
    for (line, row) in lines.records().zip(&rows) {
        for (i, (in_file, in_base)) in line.unwrap().iter().zip(row).enumerate() {
            // A decimal column of SQLite keeps 1.0 as 1.
            let in_file = if i == he_so { in_file.trim_end_matches(".0") } else { in_file };
            assert_eq!(in_file, in_base, "{}", COLUMNS[i]);
        }
    }
    assert!(matches!(write_sqlite(&db, &recipe(), 1, 1).await, Err(ProvinceError::Taken(_))));
    assert!(matches!(write_csv(&csv, Table::DoiTuong, &recipe(), 1, 1), Err(ProvinceError::Taken(_))));
}

/// All rows in order, `NULL` as empty.
fn table(path: &Path) -> Vec<Vec<String>> {
    let db = rusqlite::Connection::open(path).unwrap();
    let columns: Vec<_> = COLUMNS.iter().map(|c| format!("ifnull(cast({c} as text), '')")).collect();
    let mut query = db.prepare(&format!("select {} from doi_tuong order by rowid", columns.join(", "))).unwrap();
    let rows =
        query.query_map([], |r| (0..COLUMNS.len()).map(|i| r.get(i)).collect::<Result<Vec<String>, _>>()).unwrap();
    rows.map(Result::unwrap).collect()
}

fn by_key(path: &Path) -> HashMap<String, Vec<String>> {
    table(path).into_iter().map(|row| (row[0].clone(), row)).collect()
}

#[tokio::test]
async fn changes_are_what_they_say_and_touch_clean_rows_only() {
    let recipe = recipe();
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("1.db"), dir.path().join("2.db"));
    write_sqlite(&first, &recipe, SEED, 10_000).await.unwrap();
    std::fs::copy(&first, &second).unwrap();
    let before = by_key(&first);
    let clean: HashSet<_> = people(&recipe, SEED, 10_000)
        .filter(|p| p.damage.is_none())
        .map(|p| text(&p, Field::MaHoSo).to_owned())
        .collect();

    let done = change_sqlite(&first, &recipe, 7, 1000).await.unwrap();
    assert_eq!((done.updated, done.added, done.stopped, done.vanished), (70, 15, 12, 3));
    assert_eq!(done.sendable(), 97);

    let after = by_key(&first);
    let column = |field: Field| field as usize;
    let (mut updated, mut stopped, mut added) = (0, 0, 0);
    let mut kinds = HashSet::new();
    for (key, row) in &after {
        let Some(old) = before.get(key) else {
            added += 1;
            continue;
        };
        if old == row {
            continue;
        }
        assert!(clean.contains(key), "a damaged row was touched");
        assert_eq!(old[column(Field::CapNhatLuc)], row[column(Field::CapNhatLuc)], "a timestamp was touched");
        if row[column(Field::TrangThai)] == "Thôi hưởng" {
            stopped += 1;
            for field in [Field::LyDoDung, Field::NgayDung, Field::SoQdDung, Field::NgayQdDung, Field::CoQuanQdDung] {
                assert_ne!(row[column(field)], "", "a stop without {}", COLUMNS[column(field)]);
            }
        } else {
            updated += 1;
            kinds.extend((0..COLUMNS.len()).filter(|i| old[*i] != row[*i]));
        }
    }
    assert_eq!((updated, stopped, added), (70, 12, 15));
    assert_eq!(before.keys().filter(|k| !after.contains_key(*k)).count(), 3);
    for field in [Field::HoTen, Field::DiaChi, Field::SoTaiKhoan, Field::HeSo, Field::SoCu, Field::LoaiGiayTo] {
        assert!(kinds.contains(&column(field)), "nothing happened to {}", COLUMNS[column(field)]);
    }

    assert_eq!(change_sqlite(&second, &recipe, 7, 1000).await.unwrap(), done);
    assert_eq!(table(&first), table(&second), "the same seed makes the same changes");

    // Another seed: other rows, none of them a second time.
    let again = change_sqlite(&first, &recipe, 8, 1000).await.unwrap();
    assert_eq!((again.updated, again.added, again.stopped, again.vanished), (70, 15, 12, 3));
    let last = by_key(&first);
    let touched_twice = before
        .iter()
        .filter(|(key, old)| after.get(*key).is_some_and(|a| a != *old && last.get(*key) != Some(a)))
        .count();
    assert_eq!(touched_twice, 0);
    assert_eq!(last.len(), after.len() + 15 - 3);
}

#[tokio::test]
async fn a_small_province_has_a_change_of_each_kind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.db");
    write_sqlite(&path, &recipe(), SEED, 1000).await.unwrap();
    let done = change_sqlite(&path, &recipe(), 1, 1000).await.unwrap();
    assert!(done.updated > 0 && done.added > 0 && done.stopped > 0 && done.vanished > 0, "{done:?}");
}

#[tokio::test]
async fn a_database_of_somebody_else_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("theirs.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("create table doi_tuong (ma_ho_so text)").unwrap();
    let refused = change_sqlite(&path, &recipe(), 1, 1000).await;
    assert!(matches!(refused, Err(ProvinceError::NotOurs { .. })), "{refused:?}");
}

#[test]
fn all_mistakes_of_a_recipe_are_told_with_their_lines() {
    let good = std::fs::read_to_string("fixtures/dong-thap.toml").unwrap();
    let bad = good
        .replace("with_account = 36329", "with_account = 99999999")
        .replace("share = 45600", "share = 45601")
        .replace("[\"account\", 25]", "[\"acount\", 25]");
    let told = Recipe::read(Path::new("r.toml"), &bad, |_| Ok("district,code,name,weight\n999,1,a,1\n".to_owned()));
    let told = told.unwrap_err().to_string();
    for part in ["r.toml:9: with_account", "100001", "acount", "dong-thap-communes.csv:2: district 999"] {
        assert!(told.contains(part), "`{part}` is not in: {told}");
    }
    let told = Recipe::read(Path::new("r.toml"), &good.replace("rate = 360_000", "rat = 1"), |_| Ok(String::new()));
    assert!(told.unwrap_err().to_string().starts_with("r.toml:17: unknown field `rat`"));
}
