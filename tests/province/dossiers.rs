//! Dossiers and their steps: exact counts, steps forward in working hours, and held for what was done to them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use jiff::civil::{DateTime, Weekday};
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::RawRow;
use molisa_gateway::province::{Harm, Row, Table, change_sqlite, write_sqlite};

use super::{SEED, recipe};

const WORDS: [&str; 10] = [
    "Mới đăng ký",
    "Đã tiếp nhận",
    "Không tiếp nhận",
    "Đang xử lý",
    "Yêu cầu bổ sung",
    "Chờ nộp phí",
    "Rút hồ sơ",
    "Dừng xử lý",
    "Đã xử lý xong",
    "Đã trả kết quả",
];

fn full(table: Table) -> Vec<Row> {
    let recipe = recipe();
    table.rows(&recipe, SEED, recipe.people()).collect()
}

fn get<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).unwrap_or_default()
}

/// The place in the list of section 3, which the generator does not know.
fn status(row: &Row) -> usize {
    1 + WORDS.iter().position(|w| *w == get(row, "trang_thai")).expect("a word of the list")
}

fn time(row: &Row) -> DateTime {
    get(row, "thoi_diem").parse().expect("a time")
}

/// Section 3 once more.
fn is_back(from: usize, to: usize) -> bool {
    from != to
        && (to == 1 || (matches!(to, 2 | 3) && from != 1) || (from == 9 && to != 10) || matches!(from, 3 | 7 | 8 | 10))
}

fn by_dossier(steps: &[Row]) -> HashMap<&str, Vec<&Row>> {
    let mut all: HashMap<&str, Vec<&Row>> = HashMap::new();
    for step in steps {
        all.entry(get(step, "ma_ho_so")).or_default().push(step);
    }
    all
}

#[test]
fn there_are_6000_dossiers_and_their_steps_go_forward_while_offices_work() {
    let (dossiers, steps) = (full(Table::HoSo), full(Table::BuocXuLy));
    assert_eq!((dossiers.len(), steps.len()), (6000, 27_395));
    let keys: HashSet<_> = dossiers.iter().map(|d| get(d, "ma_ho_so")).collect();
    assert_eq!(keys.len(), 6000, "a dossier's number stands twice");
    assert_eq!(steps.iter().map(|s| get(s, "ma_buoc")).collect::<HashSet<_>>().len(), steps.len());
    let of = by_dossier(&steps);
    let mut ends = BTreeMap::<usize, u32>::new();
    let mut fro = 0;
    for dossier in &dossiers {
        let own = &of[get(dossier, "ma_ho_so")];
        assert!((1..=8).contains(&own.len()));
        assert_eq!(get(own[0], "trang_thai"), get(dossier, "trang_thai_dau"));
        for pair in own.windows(2) {
            assert!(time(pair[0]) < time(pair[1]), "time stands still");
            let back = pair[1].harm == Some(Harm::StepBack);
            assert_eq!(is_back(status(pair[0]), status(pair[1])), back, "{} to {}", status(pair[0]), status(pair[1]));
        }
        let last = own[own.len() - 1];
        if last.harm != Some(Harm::StepBack) {
            assert_eq!(get(last, "trang_thai"), get(dossier, "trang_thai"));
        }
        *ends.entry(status(dossier)).or_default() += 1;
        fro += u32::from(own.iter().any(|s| status(s) == 5) && status(dossier) == 10);
        let needs = status(dossier) > 1;
        assert_eq!(dossier.get("ngay_tiep_nhan").is_some(), needs);
    }
    assert_eq!(ends, BTreeMap::from([(1, 40), (3, 60), (4, 430), (5, 60), (7, 45), (8, 45), (10, 5320)]));
    assert_eq!(fro, 250);
    for step in &steps {
        let at = time(step);
        assert!(!matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday), "{at}");
        let minute = i32::from(at.hour()) * 60 + i32::from(at.minute());
        assert!((450..690).contains(&minute) || (810..1020).contains(&minute), "{at}");
        assert!(
            at.date() < "2023-12-18".parse().expect("a day") && at.date() >= "2023-01-03".parse().expect("a day"),
            "{at}"
        );
        for holiday in ["2023-01-23", "2023-05-01", "2023-09-04"] {
            assert_ne!(at.date().to_string(), holiday);
        }
    }
    let due = |d: &&Row| d.get("ngay_hen_tra").is_some_and(|due| due <= get(d, "ngay_tiep_nhan"));
    assert_eq!(dossiers.iter().filter(due).count(), 0);
}

#[test]
fn both_portals_hold_the_rows_that_were_damaged_and_no_others() {
    let (dossiers, steps) = (full(Table::HoSo), full(Table::BuocXuLy));
    for (system, entity, table) in [
        ("dvcqg", "ho-so", Table::HoSo),
        ("dvcqg", "mo-ho-so", Table::HoSo),
        ("dvcqg", "tien-do", Table::BuocXuLy),
        ("dvcbtxh", "ho-so", Table::HoSo),
        ("dvcbtxh", "mo-ho-so", Table::HoSo),
        ("dvcbtxh", "buoc-xu-ly", Table::BuocXuLy),
    ] {
        let mapping = Mapping::load(Path::new("mappings"), system, entity).unwrap_or_else(|f| panic!("{f}"));
        let mut held = BTreeMap::<&str, usize>::new();
        for row in if table == Table::HoSo { &dossiers } else { &steps } {
            let column = |name: &str| {
                assert!(table.columns().any(|c| c == name), "{} has no column {name}", table.name());
                row.get(name)
            };
            let columns = mapping.columns().iter().map(|c| column(&c.name)).collect();
            let judged = mapping.judge(&RawRow { number: 1, columns }, "2023-12-18".parse().expect("a day"));
            let got = judged.held_for().map(|c| c.reason.word());
            // A step back shows only beside the steps before it.
            let wanted = row.expected_held.filter(|word| *word != "step-back");
            assert_eq!(got, wanted, "{system}/{entity}: {:?} {:?}", row.harm, judged.complaints);
            if let Some(word) = row.expected_held {
                *held.entry(word).or_default() += 1;
            }
        }
        let wanted = if table == Table::HoSo {
            BTreeMap::from([("bad-value", 9), ("missing", 4), ("unknown-code", 7)])
        } else {
            BTreeMap::from([("missing", 3), ("step-back", 1)])
        };
        assert_eq!(held, wanted, "{system}/{entity}");
    }
}

#[test]
fn a_share_of_the_people_has_its_share_of_the_dossiers() {
    let recipe = recipe();
    for people in [0_u64, 1, 50, 1234, 7046, 100_000] {
        for table in [Table::HoSo, Table::BuocXuLy] {
            assert_eq!(table.rows(&recipe, SEED, people).count() as u64, table.count(&recipe, people), "{people}");
        }
    }
    assert_eq!(Table::HoSo.count(&recipe, 7046), 600);
    let list = |seed| Table::BuocXuLy.rows(&recipe, seed, 3000).collect::<Vec<_>>();
    assert_eq!(list(1), list(1));
    assert_ne!(list(1), list(2));
}

fn table(path: &Path, table: Table) -> HashMap<String, Vec<String>> {
    let base = rusqlite::Connection::open(path).unwrap();
    let columns: Vec<_> = table.columns().map(|c| format!("ifnull(cast({c} as text), '')")).collect();
    let mut query = base.prepare(&format!("select {} from {}", columns.join(", "), table.name())).unwrap();
    let width = columns.len();
    let rows = query.query_map([], |r| (0..width).map(|i| r.get(i)).collect::<Result<Vec<String>, _>>()).unwrap();
    rows.map(|r| r.unwrap()).map(|r| (r[0].clone(), r)).collect()
}

#[tokio::test]
async fn running_dossiers_go_on_new_ones_come_and_one_step_is_late() {
    let (recipe, dir) = (recipe(), tempfile::tempdir().unwrap());
    let [first, second] = ["1.db", "2.db"].map(|name| dir.path().join(name));
    write_sqlite(&first, &recipe, SEED, 35_229).await.unwrap();
    std::fs::copy(&first, &second).unwrap();
    let before = [Table::HoSo, Table::BuocXuLy].map(|t| table(&first, t));
    let done = change_sqlite(&first, &recipe, 7, 1000).await.unwrap();
    let (dossiers, steps) = (done.of(Table::HoSo), done.of(Table::BuocXuLy));
    assert_eq!((dossiers.updated, dossiers.added, dossiers.sendable()), (18, 12, 30));
    assert_eq!((steps.added, steps.late, steps.updated), (30, 1, 0));
    let after = [Table::HoSo, Table::BuocXuLy].map(|t| table(&first, t));
    let at = |table: Table, column: &str| table.columns().position(|c| c == column).unwrap();
    let (status, owner, moment) =
        (at(Table::HoSo, "trang_thai"), at(Table::BuocXuLy, "ma_ho_so"), at(Table::BuocXuLy, "thoi_diem"));
    assert_eq!(after[0].iter().filter(|(key, _)| !before[0].contains_key(*key)).count(), 12);
    let changed: Vec<_> = after[0].iter().filter(|(key, row)| before[0].get(*key).is_some_and(|b| b != *row)).collect();
    assert_eq!(changed.len(), 18);
    for (key, row) in changed {
        assert_ne!(before[0][key][status], row[status]);
        let newest = after[1].values().filter(|s| s[owner] == *key).max_by_key(|s| s[moment].clone()).unwrap();
        assert_eq!(newest[at(Table::BuocXuLy, "trang_thai")], row[status], "the present status is the last step's");
    }
    let fresh: Vec<_> = after[1].iter().filter(|(key, _)| !before[1].contains_key(*key)).collect();
    assert_eq!(fresh.len(), 31);
    let late = fresh.iter().filter(|(_, s)| before[1].values().any(|b| b[owner] == s[owner] && b[moment] > s[moment]));
    assert_eq!(late.count(), 1);
    assert!(before[1].iter().all(|(key, row)| after[1][key] == *row), "a step that was written down changed");
    assert_eq!(change_sqlite(&second, &recipe, 7, 1000).await.unwrap(), done);
    assert_eq!([Table::HoSo, Table::BuocXuLy].map(|t| table(&second, t)), after);
    let again = change_sqlite(&first, &recipe, 8, 1000).await.unwrap();
    assert_eq!((again.of(Table::HoSo).updated, again.of(Table::HoSo).added), (18, 12));
}
