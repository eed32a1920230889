//! The other programmes' tables have the published counts and sums, and exactly the damage that the recipe says.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use molisa_gateway::province::{Field, Harm, Recipe, Row, Table, change_sqlite, people, write_csv, write_sqlite};

use super::{SEED, recipe, text};

const PROGRAMMES: [Table; 6] =
    [Table::MaiTang, Table::TroGiupDotXuat, Table::ChamSocKhanCap, Table::CoSoTroGiup, Table::ChiTra, Table::ChucTho];

fn full(table: Table) -> Vec<Row> {
    let recipe = recipe();
    table.rows(&recipe, SEED, recipe.people()).collect()
}

fn get<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).unwrap_or_default()
}

fn sum(rows: &[Row], column: &str) -> i64 {
    rows.iter().filter_map(|r| r.get(column)).map(|m| m.parse::<i64>().unwrap()).sum()
}

fn harms(rows: &[Row]) -> BTreeMap<Harm, usize> {
    let mut seen = BTreeMap::new();
    for harm in rows.iter().filter_map(|r| r.harm) {
        *seen.entry(harm).or_default() += 1;
    }
    seen
}

fn held(rows: &[Row]) -> BTreeMap<&'static str, usize> {
    let mut seen = BTreeMap::new();
    for word in rows.iter().filter_map(|r| r.expected_held) {
        *seen.entry(word).or_default() += 1;
    }
    seen
}

/// The year of a birth in any of the spellings of the field.
fn born(row: &Row) -> i16 {
    let text = get(row, "ngay_sinh");
    let year = if text.as_bytes().get(4) == Some(&b'-') { &text[..4] } else { &text[text.len() - 4..] };
    year.parse().unwrap()
}

#[test]
fn the_dead_of_the_year_are_5094_and_their_funerals_cost_what_is_published() {
    let rows = full(Table::MaiTang);
    assert_eq!(rows.len(), 5094);
    assert_eq!(sum(&rows, "muc_huong"), 36_651_600_000);
    assert_eq!(rows.iter().filter(|r| get(r, "hinh_thuc_chi_tra") == "Tài khoản").count(), 1810);
    assert_eq!(
        harms(&rows),
        BTreeMap::from([
            (Harm::MissingName, 2),
            (Harm::NumberLostZero, 26),
            (Harm::Filler, 11),
            (Harm::UnknownCode, 5),
            (Harm::LowAmount, 14),
            (Harm::NoAccount, 9),
            (Harm::WrongOrder, 4),
        ])
    );
    for row in rows.iter().filter(|r| r.expected_held.is_none()) {
        assert_eq!(get(row, "muc_huong"), "7200000");
        let (died, decided) = (get(row, "ngay_mat"), get(row, "ngay_quyet_dinh"));
        assert!(died.starts_with("2023-") && died < decided && decided < "2023-12-18", "{died} {decided}");
        assert!(born(row) < 2007);
    }
    for row in rows.iter().filter(|r| r.harm == Some(Harm::WrongOrder)) {
        assert_eq!(get(row, "ngay_mat")[..4].parse::<i16>().unwrap(), born(row) - 1);
    }
}

#[test]
fn relief_adds_up_to_the_published_parts() {
    let rows = full(Table::TroGiupDotXuat);
    assert_eq!(rows.len(), 114);
    assert_eq!(sum(&rows, "so_tien_ngan_sach"), 2_300_000_000);
    assert_eq!(sum(&rows, "so_tien_van_dong"), 295_000_000);
    assert_eq!(
        held(&rows),
        BTreeMap::from([("account", 1), ("date-order", 1), ("identity-length", 1), ("unknown-code", 1)])
    );
    for row in rows.iter().filter(|r| r.harm != Some(Harm::WrongOrder)) {
        assert!(get(row, "ngay_xay_ra") < get(row, "ngay_quyet_dinh"));
    }
}

#[test]
fn protection_lasts_three_months_at_most() {
    let rows = full(Table::ChamSocKhanCap);
    assert_eq!(rows.len(), 36);
    assert_eq!(held(&rows), BTreeMap::from([("date-order", 2), ("identity-length", 1), ("unknown-code", 1)]));
    let nameless: Vec<_> = rows.iter().filter(|r| r.get("ho_ten").is_none()).collect();
    assert!(nameless.len() == 3 && nameless.iter().all(|r| get(r, "ly_do") == "Bỏ rơi" && r.expected_held.is_none()));
    let days = |row: &Row| {
        let day = |column| row.get(column).map(|d| d.parse::<jiff::civil::Date>().unwrap());
        Some(day("tu_ngay")?.until(day("den_ngay")?).unwrap().get_days())
    };
    for row in &rows {
        let good = days(row).is_none_or(|d| (0..=85).contains(&d));
        assert_eq!(good, !matches!(row.harm, Some(Harm::WrongOrder | Harm::TooLong)), "{:?}", row.harm);
        assert_ne!(row.get("nguoi_cham_soc").is_some(), row.get("co_so_tro_giup").is_some());
    }
    assert!(rows.iter().any(|r| days(r).is_none()), "somebody is still cared for");
}

#[test]
fn residents_are_243_of_whom_25_draw_as_people_of_the_province() {
    let rows = full(Table::CoSoTroGiup);
    let mut facilities = BTreeMap::<&str, (u32, u32)>::new();
    for row in &rows {
        let counts = facilities.entry(get(row, "co_so_tro_giup")).or_default();
        counts.0 += 1;
        counts.1 += u32::from(get(row, "tro_cap_thang") == "1");
    }
    assert_eq!(facilities.into_values().collect::<Vec<_>>(), [(108, 0), (32, 25), (86, 0), (17, 0)]);
    assert_eq!(
        held(&rows),
        BTreeMap::from([
            ("amount", 2),
            ("date-order", 1),
            ("identity-filler", 1),
            ("identity-length", 2),
            ("unknown-code", 1)
        ])
    );
    let recipe = recipe();
    let who = |number: &str, name: &str, commune: &str| (number.to_owned(), name.to_owned(), commune.to_owned());
    let all: HashSet<_> = people(&recipe, SEED, recipe.people())
        .filter(|p| p.damage.is_none())
        .map(|p| who(text(&p, Field::SoGiayTo), text(&p, Field::HoTen), text(&p, Field::MaXa)))
        .collect();
    let mut drawing = HashSet::new();
    for row in rows.iter().filter(|r| get(r, "tro_cap_thang") == "1") {
        let one = who(get(row, "so_giay_to"), get(row, "ho_ten"), get(row, "ma_xa"));
        assert!(all.contains(&one), "somebody draws who is not in the table of those who draw");
        assert!(drawing.insert(one), "somebody lives in a facility twice");
        assert_eq!(row.expected_held, None);
    }
    for row in rows.iter().filter(|r| r.harm != Some(Harm::LowAmount)) {
        let right = if get(row, "he_so") == "5.0" { 1_800_000 } else { 1_440_000 };
        assert_eq!(get(row, "muc_huong").parse(), Ok(right));
    }
}

#[test]
fn everybody_who_draws_is_on_the_payment_list_once() {
    let (rows, recipe) = (full(Table::ChiTra), recipe());
    assert_eq!(rows.len(), 70_458);
    let through = |r: &&Row| get(r, "hinh_thuc_chi_tra") == "Tài khoản";
    assert_eq!(rows.iter().filter(through).count(), 14_400);
    let no_account = rows.iter().filter(|r| r.harm == Some(Harm::NoAccount)).count();
    assert_eq!(rows.iter().filter(|r| r.get("so_tai_khoan").is_some()).count() + no_account, 36_329);
    let late = |r: &&Row| r.get("truy_linh").is_some();
    assert_eq!(rows.iter().filter(late).count(), 1260);
    for row in rows.iter().filter(late).filter(|r| r.harm.is_none()) {
        let month = |column| {
            let (month, year) = get(row, column).split_once('/').unwrap();
            year.parse::<i64>().unwrap() * 12 + month.parse::<i64>().unwrap()
        };
        let months = month("truy_linh_den") - month("truy_linh_tu") + 1;
        assert!((1..=5).contains(&months) && get(row, "truy_linh_den") == "11/2023", "{months}");
        let [monthly, all] = ["so_tien", "truy_linh"].map(|c| get(row, c).parse::<i64>().unwrap());
        assert_eq!(all, monthly * months);
    }
    assert_eq!(
        harms(&rows),
        BTreeMap::from([
            (Harm::UnknownCode, 18),
            (Harm::NegativeMoney, 3),
            (Harm::NoAccount, 24),
            (Harm::HalfArrears, 16)
        ])
    );
    for row in rows.iter().filter(|r| r.harm == Some(Harm::HalfArrears)) {
        assert!(row.get("truy_linh_tu").is_some() && row.get("truy_linh_den").is_none());
    }
    let mut everybody = 0_i64;
    let mut keys = HashMap::<String, u32>::new();
    for (row, person) in rows.iter().zip(people(&recipe, SEED, recipe.people())) {
        assert_eq!(get(row, "ma_ho_so_doi_tuong"), text(&person, Field::MaHoSo));
        assert_eq!(
            get(row, "so_tai_khoan").is_empty(),
            text(&person, Field::SoTaiKhoan).is_empty() || row.harm == Some(Harm::NoAccount)
        );
        *keys.entry(get(row, "ma_ho_so").to_owned()).or_default() += 1;
        everybody += text(&person, Field::HeSo).replace('.', "").parse::<i64>().unwrap() * 36_000;
    }
    assert_eq!(sum(&rows, "so_tien"), everybody);
    let twice = keys.values().filter(|n| **n > 1).count();
    assert_eq!(twice * 2, held(&rows)["key-twice"]);
}

#[test]
fn the_honoured_are_23058_and_as_old_as_they_are_said_to_be() {
    let rows = full(Table::ChucTho);
    assert_eq!(rows.len(), 23_058);
    assert_eq!(
        harms(&rows),
        BTreeMap::from([
            (Harm::MissingName, 4),
            (Harm::NumberLostZero, 92),
            (Harm::Filler, 51),
            (Harm::UnknownCode, 12),
            (Harm::NegativeMoney, 2),
            (Harm::WrongAge, 31),
        ])
    );
    let mut ages = BTreeSet::new();
    for row in &rows {
        let age: i16 = get(row, "tuoi").parse().unwrap();
        assert_eq!(2023 - born(row) == age, row.harm != Some(Harm::WrongAge));
        if row.harm.is_none() {
            ages.insert(age.min(100));
        }
    }
    assert_eq!(ages.into_iter().collect::<Vec<_>>(), [70, 75, 80, 85, 90, 95, 100]);
}

/// Papers and keys are one's own, whatever table one is in: else the rules across programmes would find doubles.
#[test]
fn nobody_has_the_papers_of_somebody_else() {
    let recipe = recipe();
    let (mut numbers, mut keys) = (HashSet::new(), HashSet::new());
    let fillers = [Some("identity-filler"), Some("key-twice")];
    // Payments and dossiers are about people of the other tables.
    let of_others = [Table::ChiTra, Table::HoSo, Table::BuocXuLy];
    for table in Table::ALL.into_iter().filter(|t| !of_others.contains(t)) {
        for row in table.rows(&recipe, SEED, recipe.people()).filter(|r| !fillers.contains(&r.expected_held)) {
            assert!(get(&row, "ma_ho_so").is_empty() || keys.insert(get(&row, "ma_ho_so").to_owned()));
            let own = matches!(get(&row, "loai_giay_to"), "CCCD" | "CMND") && get(&row, "tro_cap_thang") != "1";
            assert!(!own || numbers.insert(get(&row, "so_giay_to").to_owned()), "a number twice, {}", table.name());
        }
    }
}

#[test]
fn a_share_of_the_people_has_its_share_of_every_table() {
    let recipe = recipe();
    let count = |people| PROGRAMMES.map(|t| t.rows(&recipe, SEED, people).count());
    assert_eq!(count(0), [0; 6]);
    assert_eq!(count(7046), [509, 11, 4, 24, 7046, 2306]);
    for people in [0_u64, 1, 50, 1234, 7046, 200_000] {
        for table in PROGRAMMES {
            assert_eq!(table.rows(&recipe, SEED, people).count() as u64, table.count(&recipe, people), "{people}");
        }
    }
    let drawing = Table::CoSoTroGiup.rows(&recipe, SEED, 35_229).filter(|r| get(r, "tro_cap_thang") == "1").count();
    assert!((12..=13).contains(&drawing), "{drawing} of half a province");
}

#[test]
fn the_same_seed_gives_the_same_rows_and_another_seed_others() {
    let recipe = recipe();
    for table in PROGRAMMES {
        let list = |seed| table.rows(&recipe, seed, 20_000).collect::<Vec<_>>();
        let (first, again, other) = (list(1), list(1), list(2));
        assert_eq!(first, again);
        assert_eq!(first.len(), other.len());
        let same = first.iter().zip(&other).filter(|(a, b)| get(a, "ho_ten") == get(b, "ho_ten")).count();
        assert!(same * 5 < first.len().max(25), "{}: {same} names are the same", table.name());
    }
}

#[test]
fn a_programme_that_does_not_fit_is_told_with_its_line() {
    let good = std::fs::read_to_string("fixtures/dong-thap.toml").unwrap();
    let bad = good
        .replace("by_account = 1810", "by_account = 6000")
        .replace("too_long = 1 ", "half_arrears = 1 ")
        .replace("drawing = 25", "drawing = 33")
        .replace("low = 5_400_000", "low = 7_200_000")
        .replace("period = \"2023-12-01\"", "period = \"2023-11-01\"");
    let told = Recipe::read(Path::new("r.toml"), &bad, |_| Ok(String::new())).unwrap_err().to_string();
    let line = |start: &str| 1 + good.lines().position(|l| l.starts_with(start)).unwrap();
    for part in [
        format!("r.toml:{}: by_account is more than count", line("[mai_tang]")),
        format!("r.toml:{}: low is not below", line("low =")),
        format!("r.toml:{}: held: the table cham_soc_khan_cap cannot have HalfArrears", line("[cham_soc_khan_cap]")),
        format!("r.toml:{}: drawing is more than residents", line("[[co_so_tro_giup.facility]]")),
        format!("r.toml:{}: period must come after as_of", line("period =")),
    ] {
        assert!(told.contains(&part), "`{part}` is not in: {told}");
    }
}

fn read(path: &Path, table: Table) -> HashMap<String, Vec<String>> {
    let base = rusqlite::Connection::open(path).unwrap();
    let columns: Vec<_> = table.columns().map(|c| format!("ifnull(cast({c} as text), '')")).collect();
    let mut query = base.prepare(&format!("select {} from {}", columns.join(", "), table.name())).unwrap();
    let width = columns.len();
    let rows = query.query_map([], |r| (0..width).map(|i| r.get(i)).collect::<Result<Vec<String>, _>>()).unwrap();
    rows.map(|r| r.unwrap()).map(|r| (r[0].clone(), r)).collect()
}

#[tokio::test]
async fn the_database_and_the_files_hold_every_table() {
    let (recipe, dir) = (recipe(), tempfile::tempdir().unwrap());
    let base = dir.path().join("a.db");
    write_sqlite(&base, &recipe, SEED, 3000).await.unwrap();
    for table in PROGRAMMES {
        let path = dir.path().join(table.name());
        write_csv(&path, table, &recipe, SEED, 3000).unwrap();
        let mut lines = csv::Reader::from_path(&path).unwrap();
        assert!(lines.headers().unwrap().iter().eq(table.columns()));
        let rows = read(&base, table);
        let at = table.columns().position(|c| c == "he_so");
        let mut count = 0;
        for line in lines.records().map(Result::unwrap) {
            let row = &rows[&line[0]];
            // Two payments have one key: only the later is in the map.
            if table == Table::ChiTra && row[1] != line[1] {
                continue;
            }
            count += 1;
            for (i, (in_file, in_base)) in line.iter().zip(row).enumerate() {
                let in_file = if at == Some(i) { in_file.trim_end_matches(".0") } else { in_file };
                assert_eq!(in_file, in_base);
            }
        }
        assert_eq!(count, rows.len());
    }
}

#[tokio::test]
async fn a_few_rows_of_every_programme_change_once() {
    let (recipe, dir) = (recipe(), tempfile::tempdir().unwrap());
    let [first, second] = ["1.db", "2.db"].map(|name| dir.path().join(name));
    write_sqlite(&first, &recipe, SEED, 10_000).await.unwrap();
    std::fs::copy(&first, &second).unwrap();
    let before = PROGRAMMES.map(|t| read(&first, t));
    let clean = PROGRAMMES.map(|t| {
        let rows = t.rows(&recipe, SEED, 10_000).filter(|r| r.expected_held.is_none());
        rows.map(|r| get(&r, "ma_ho_so").to_owned()).collect::<HashSet<_>>()
    });
    let done = change_sqlite(&first, &recipe, 7, 1000).await.unwrap();
    assert_eq!(PROGRAMMES.map(|t| done.of(t).sendable()), [7, 1, 1, 1, 100, 33]);
    assert_eq!((done.of(Table::ChiTra).withdrawn, done.of(Table::ChucTho).withdrawn), (15, 5));
    assert_eq!(done.of(Table::DoiTuong).sendable(), 0);
    let after = PROGRAMMES.map(|t| read(&first, t));
    for (i, table) in PROGRAMMES.into_iter().enumerate() {
        let [stop, amount] = ["ngay_dung", "so_tien"].map(|c| table.columns().position(|n| n == c));
        let changed: Vec<_> = after[i].iter().filter(|(key, row)| before[i][*key] != **row).collect();
        let withdrawn = changed.iter().filter(|(_, row)| !row[stop.unwrap()].is_empty()).count() as u64;
        assert_eq!(withdrawn, done.of(table).withdrawn, "{}", table.name());
        assert_eq!(changed.len() as u64, done.of(table).sendable(), "{}", table.name());
        assert!(changed.iter().all(|(key, _)| clean[i].contains(*key)), "a damaged row was touched");
        if let (Table::ChiTra, Some(amount)) = (table, amount) {
            assert!(changed.iter().all(|(key, row)| before[i][*key][amount] == row[amount]), "an amount changed");
        }
    }
    assert_eq!(change_sqlite(&second, &recipe, 7, 1000).await.unwrap(), done);
    assert_eq!(PROGRAMMES.map(|t| read(&second, t)), after, "the same seed makes the same changes");
    change_sqlite(&first, &recipe, 8, 1000).await.unwrap();
    for (i, table) in PROGRAMMES.into_iter().enumerate() {
        let last = read(&first, table);
        let twice = after[i].iter().filter(|(key, row)| before[i][*key] != **row && last[*key] != **row).count();
        assert_eq!(twice, 0, "{}: a row was touched twice", table.name());
    }
}
