//! The province: its people, each with a payment of October 2026, and what happens to some of them in its lists.

use rusqlite::params_from_iter;
use unicode_normalization::UnicodeNormalization as _;

use super::twist::{Twist, born};
use crate::support::world::World;

/// The person's key.
pub fn key(nth: usize) -> String {
    format!("D{nth:05}")
}

/// That of another record which has to do with the person.
pub fn other(nth: usize) -> String {
    format!("E{nth:05}")
}

/// That of the payment.
pub fn payment(nth: usize) -> String {
    format!("C{nth:05}")
}

/// Old enough for the allowance of the oldest.
pub fn birth(nth: usize) -> usize {
    1905 + nth % 37
}

fn is_woman(nth: usize) -> bool {
    nth.is_multiple_of(2)
}

/// The person's number; of a series above 0 it is somebody else's.
pub fn number(nth: usize, series: usize) -> String {
    format!("087{}{:02}{series}{nth:05}", u8::from(is_woman(nth)), birth(nth) % 100)
}

/// No two have one name and one year.
fn name(nth: usize) -> String {
    const GIVEN: [&str; 20] = [
        "An", "Bình", "Chiến", "Dũng", "Đào", "Giang", "Hòa", "Khoa", "Lựu", "Mừng", "Ngọc", "Oanh", "Phước", "Quỳnh",
        "Sơn", "Thúy", "Út", "Vượng", "Xuyến", "Yến",
    ];
    let middle = if is_woman(nth) { "Thị" } else { "Văn" };
    format!("Nguyễn {middle} {} {}", GIVEN[nth / 20 % 20], GIVEN[nth % 20])
}

fn address(nth: usize) -> String {
    format!("Số {nth}, đường Hòa Bình")
}

/// A text in which things of the person stand in braces.
pub fn filled(text: &str, nth: usize) -> String {
    let name = name(nth);
    text.replace("{year}", &birth(nth).to_string())
        .replace("{number}", &number(nth, 0))
        .replace("{other}", &number(nth, 8))
        .replace("{short}", number(nth, 0).trim_start_matches('0'))
        .replace("{nfd}", &name.nfd().collect::<String>())
        .replace("{upper}", &name.to_uppercase())
        .replace("{address}", &address(nth))
}

type Fields = Vec<(&'static str, String)>;

fn draws(twist: Twist, nth: usize) -> Fields {
    // The split communes, and one that another took whole.
    let (district, commune) = match twist {
        Twist::Split => ("870", "29995"),
        Twist::SameSplit => ("870", "29992"),
        _ => ("866", "29869"),
    };
    let row = [
        ("ma_ho_so", &*key(nth)),
        ("ho_ten", &name(nth)),
        ("ngay_sinh", &born(nth)),
        ("gioi_tinh", if is_woman(nth) { "Nữ" } else { "Nam" }),
        ("dan_toc", "Kinh"),
        ("so_giay_to", &number(nth, 0)),
        ("ma_tinh", "87"),
        ("ma_huyen", district),
        ("ma_xa", commune),
        ("dia_chi", &address(nth)),
        ("thon_to", "Khóm 1"),
        ("nhom", "5.5c"),
        ("he_so", "1"),
        ("muc_chuan", "360000"),
        ("muc_huong", "360000"),
        ("chinh_sach", "20/2021"),
        ("so_quyet_dinh", "15/QĐ-UBND"),
        ("ngay_quyet_dinh", "2023-03-20"),
        ("co_quan_quyet_dinh", "Ủy ban nhân dân xã"),
        ("tu_thang", "03/2023"),
        ("trang_thai", "Đang hưởng"),
        ("hinh_thuc_chi_tra", "Tiền mặt"),
    ];
    row.into_iter().map(|(column, value)| (column, value.to_owned())).collect()
}

fn is_paid(nth: usize) -> Fields {
    let row = [
        ("ma_ho_so", &*payment(nth)),
        ("ho_ten", &name(nth)),
        ("ngay_sinh", &born(nth)),
        ("gioi_tinh", if is_woman(nth) { "Nữ" } else { "Nam" }),
        ("so_giay_to", &number(nth, 0)),
        ("ma_tinh", "87"),
        ("ma_huyen", "866"),
        ("ma_xa", "29869"),
        ("ky", "202610"),
        ("ma_ho_so_doi_tuong", &key(nth)),
        ("nhom", "5.5c"),
        ("so_tien", "540000"),
        ("hinh_thuc_chi_tra", "Tiền mặt"),
        ("ket_qua_chi", "Đã chi"),
        ("so_quyet_dinh", "15/QĐ-UBND"),
        ("ngay_quyet_dinh", "2023-03-20"),
        ("co_quan_quyet_dinh", "Ủy ban nhân dân xã"),
        ("chinh_sach", "335/2026"),
    ];
    row.into_iter().map(|(column, value)| (column, value.to_owned())).collect()
}

fn with(mut row: Fields, more: &[(&'static str, &str)]) -> Fields {
    for (column, value) in more {
        row.retain(|(other, _)| other != column);
        row.push((column, (*value).to_owned()));
    }
    row
}

/// Rows of both tables in one transaction.
fn insert(world: &World, rows: &[(&str, Fields)]) {
    let mut local = world.local();
    let work = local.transaction().unwrap();
    for (table, row) in rows {
        let names: Vec<&str> = row.iter().map(|(name, _)| *name).collect();
        let marks = vec!["?"; names.len()].join(",");
        let sql = format!("insert into {table} ({}) values ({marks})", names.join(","));
        work.execute(&sql, params_from_iter(row.iter().map(|(_, value)| value))).unwrap();
    }
    work.commit().unwrap();
}

fn update(world: &World, changes: &[(String, String)]) {
    let mut local = world.local();
    let work = local.transaction().unwrap();
    for (key, set) in changes {
        let sql = format!("update doi_tuong set {set} where ma_ho_so = ?");
        assert_eq!(work.execute(&sql, [key]).unwrap(), 1, "{key}");
    }
    work.commit().unwrap();
}

/// Everybody, as it was before anything happened.
pub fn write(world: &World, twists: &[Twist]) {
    let mut rows = Vec::new();
    for (nth, twist) in twists.iter().enumerate() {
        rows.push(("doi_tuong", draws(*twist, nth)));
        if *twist != Twist::PaidAfterEnd {
            rows.push(("chi_tra", is_paid(nth)));
        }
        if *twist == Twist::OneAccount {
            let another = [
                ("ma_ho_so", &*other(nth)),
                ("ho_ten", &format!("Lê{}", &name(nth)[8..])),
                ("so_giay_to", &number(nth, 1)),
            ];
            rows.push(("doi_tuong", with(draws(*twist, nth), &another)));
        }
    }
    insert(world, &rows);
}

/// What both sides agree about before anything differs.
pub fn first(world: &World, twists: &[Twist]) {
    let stop = |day: &str| {
        format!("trang_thai = 'Thôi hưởng', ly_do_dung = 'b', ngay_dung = '{day}', so_qd_dung = '9/QĐ-UBND'")
    };
    let change = |(nth, twist): (usize, &Twist)| match twist {
        Twist::StopUndone => Some((key(nth), stop("2026-11-01"))),
        Twist::PaidAfterEnd => Some((key(nth), stop("2026-09-10"))),
        _ => None,
    };
    update(world, &twists.iter().enumerate().filter_map(change).collect::<Vec<_>>());
}

/// What happens in the province's lists.
pub fn here(world: &World, twists: &[Twist]) {
    let (mut rows, mut changes) = (Vec::new(), Vec::new());
    for (nth, twist) in twists.iter().enumerate() {
        let (ours, second) = (key(nth), other(nth));
        let mut draws_too = |more: &[(&'static str, &str)]| {
            let more = [&[("ma_ho_so", &*second)], more].concat();
            rows.push(("doi_tuong", with(draws(*twist, nth), &more)));
        };
        match twist {
            Twist::TwoHere => draws_too(&[]),
            Twist::Double => draws_too(&[("nhom", "5.8"), ("he_so", "1.5"), ("muc_huong", "540000")]),
            Twist::LegalDouble => draws_too(&[("nhom", "5.4")]),
            Twist::Alike => draws_too(&[("so_giay_to", "")]),
            Twist::PaidAfterEnd => rows.push(("chi_tra", is_paid(nth))),
            Twist::PaidTwice => rows.push(("chi_tra", with(is_paid(nth), &[("ma_ho_so", &second)]))),
            Twist::OneAccount => {
                for key in [ours, second] {
                    let account = format!("0071{nth:09}");
                    let set = format!(
                        "hinh_thuc_chi_tra = 'Tài khoản', so_tai_khoan = '{account}', ngan_hang = 'Vietcombank'"
                    );
                    changes.push((key, set));
                }
            }
            _ => changes.extend(twist.here().map(|set| (ours, set.to_owned()))),
        }
    }
    insert(world, &rows);
    update(world, &changes);
}

/// Those of whom nobody will know what became.
pub fn unclear(world: &World, twists: &[Twist]) {
    let some = twists.iter().enumerate().filter(|(_, twist)| **twist == Twist::Unknown);
    update(world, &some.map(|(nth, _)| (key(nth), "dia_chi = 'Ấp Xa'".to_owned())).collect::<Vec<_>>());
}
