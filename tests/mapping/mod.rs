//! Stories of the mapping room, told from outside.

mod cross;
mod documents;
mod dossiers;
mod down;
mod eighth;
mod extent;
mod fixtures;
mod fourth;
mod frozen;
mod judging;
mod lanes;
mod lists;
mod programmes;
mod properties;
mod rates;
mod reform;
mod reform_sent;
mod unit_rule;

use std::path::Path;
use std::sync::LazyLock;

use jiff::civil::Date;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{Judgement, RawRow};

/// The mapping that ships.
static SHIPPED: LazyLock<Mapping> =
    LazyLock::new(|| Mapping::load(mappings(), "misposasoft", "doi-tuong").unwrap_or_else(|faults| panic!("{faults}")));

fn mappings() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/mappings"))
}

/// Every entity of misposasoft that ships.
const ENTITIES: [&str; 7] =
    ["doi-tuong", "mai-tang-phi", "tro-giup-dot-xuat", "cham-soc-khan-cap", "co-so-tro-giup", "chi-tra", "chuc-tho"];

/// A mapping that ships.
fn shipped(entity: &str) -> Mapping {
    Mapping::load(mappings(), "misposasoft", entity).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A row of an old person with everything right on 18 December 2023.
const GOOD: &[(&str, &str)] = &[
    ("ma_ho_so", "DT-830-000001"),
    ("ho_ten", "Nguyễn Thị Thử"),
    ("ngay_sinh", "05/03/1941"),
    ("gioi_tinh", "Nữ"),
    ("dan_toc", "Kinh"),
    ("so_giay_to", "087141000123"),
    ("loai_giay_to", "CCCD"),
    ("ma_tinh", "87"),
    ("ma_huyen", "866"),
    ("ma_xa", "29869"),
    ("nhom", "5.5c"),
    ("he_so", "1"),
    ("muc_chuan", "360000"),
    ("muc_huong", "360000"),
    ("chinh_sach", "20/2021"),
    ("so_quyet_dinh", "15/QĐ-UBND"),
    ("ngay_quyet_dinh", "2023-03-20"),
    ("tu_thang", "03/2023"),
    ("trang_thai", "Đang hưởng"),
    ("hinh_thuc_chi_tra", "Tiền mặt"),
];

/// Judges the good row with some columns changed.
fn judge(changes: &[(&str, &str)], today: Date) -> Judgement {
    for (name, _) in changes {
        assert!(SHIPPED.columns().iter().any(|c| c.name == *name), "no column {name}");
    }
    let find = |set: &[(&str, &'static str)], name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let columns = SHIPPED
        .columns()
        .iter()
        .map(|c| changes.iter().find(|(n, _)| *n == c.name).map(|(_, v)| *v).or_else(|| find(GOOD, &c.name)))
        .collect();
    SHIPPED.judge(&RawRow { number: 1, columns }, today)
}

/// `reason field` of every complaint.
fn told(judged: &Judgement) -> Vec<String> {
    judged.complaints.iter().map(|c| format!("{} {}", c.reason, c.field)).collect()
}
