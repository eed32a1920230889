//! Whatever comes, nothing panics; and nothing is judged otherwise before the day that was said.

use std::path::Path;
use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::RawRow;
use proptest::prelude::*;

use super::{SHIPPED, mappings};

static TEXT: LazyLock<String> =
    LazyLock::new(|| std::fs::read_to_string(mappings().join("misposasoft/doi-tuong.toml")).expect("it ships"));

fn parse(text: &str) {
    match Mapping::parse(Path::new("x.toml"), text, &mappings().join("codes")) {
        Ok(mapping) => drop(mapping.run_examples()),
        Err(faults) => assert!(!faults.0.is_empty() && faults.0.len() <= 1000),
    }
}

/// Values that each column may have in the field, good and bad, with dates around the boundaries.
fn column(name: &str) -> BoxedStrategy<Option<String>> {
    let texts: &[&str] = match name {
        "ma_ho_so" => &["DT-1", ""],
        "ngay_sinh" => &[
            "05/03/1941",
            "29/02/1944",
            "07/1945",
            "1945",
            "00/00/1963",
            "2021-06-30",
            "15/08/2020",
            "2019",
            "01/01/2030",
            "x",
            "",
        ],
        "gioi_tinh" => &["Nam", "2", ""],
        "so_giay_to" => &["087141000123", "87141000123", "000000001", "340123456", ""],
        "loai_giay_to" => &["CCCD", "CMND", ""],
        "ma_tinh" => &["87", "82"],
        "ma_huyen" => &["866", "877"],
        "ma_xa" => &["29869", "30253", "0"],
        "nhom" => &["5.1a", "5.3", "5.5a", "5.5b", "5.5c", "5.5d", "5.6", "5.7", "1.014027", "5.9", ""],
        "he_so" => &["1", "1.5", "2", "2,5", "3", ""],
        "muc_chuan" => &["360000", "500000", "540000", ""],
        "muc_huong" => &["360000", "540000", "720000", "900000", ""],
        "chinh_sach" => &["136/2013", "20/2021", "76/2024", "176/2025", "335/2026", ""],
        "ngay_quyet_dinh" | "ngay_dung" | "ngay_qd_dung" => {
            &["2015-02-01", "2021-07-01", "2023-03-20", "29/02/2024", "2024-06-30", "2026-10-05", "2028-01-01", "x", ""]
        }
        "tu_thang" | "den_thang" => &["02/2015", "07/2021", "12/2023", "07/2026", "01/2028", ""],
        "trang_thai" => &["Đang hưởng", "Tạm dừng", "Thôi hưởng", ""],
        "ly_do_dung" => &["a", "b", "?", ""],
        "muc_do_kt" => &["Nặng", "Đặc biệt nặng", ""],
        "hinh_thuc_chi_tra" => &["Tiền mặt", "Tài khoản", ""],
        "so_tai_khoan" => &["0071000123456", "1", ""],
        "ngan_hang" => &["VCB", "OceanBank", "970406", "Vikki Bank", "PGBank", "?", ""],
        _ => &["Một", ""],
    };
    let texts: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
    prop_oneof![9 => proptest::sample::select(texts).prop_map(Some), 1 => Just(None)].boxed()
}

fn plausible_row() -> impl Strategy<Value = Vec<Option<String>>> {
    SHIPPED.columns().iter().map(|c| column(&c.name)).collect::<Vec<_>>()
}

fn judge(row: &[Option<String>], today: Date) -> molisa_gateway::model::Judgement {
    SHIPPED.judge(&RawRow { number: 1, columns: row.iter().map(Option::as_deref).collect() }, today)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn nothing_changes_before_the_day_that_was_said(row in plausible_row(), day in 0i64..3650, part in 0.0f64..1.0) {
        let today = date(2019, 1, 1) + day.days();
        let judged = judge(&row, today);
        let until = match judged.judge_again_on {
            Some(again) => {
                prop_assert!(again > today);
                again
            }
            None => date(2060, 1, 1),
        };
        let days = i64::from((until - today).get_days());
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any day between will do")]
        let between = (days as f64 * part) as i64;
        for later in [1.min(days - 1), between.min(days - 1), days - 1] {
            prop_assert_eq!(&judge(&row, today + later.days()), &judged, "{} days later", later);
        }
    }

    #[test]
    fn any_columns_are_judged_without_panic(row in proptest::collection::vec(proptest::option::of(".{0,40}|[0-9/.,; -]{0,24}"), 0..45), day in 0i64..3650) {
        let today = date(2019, 1, 1) + day.days();
        let judged = judge(&row, today);
        prop_assert_eq!(judged.canonical.is_empty(), judged.held_for().is_some());
        prop_assert!(!judged.canonical.chars().any(char::is_control));
        let raw = RawRow { number: 1, columns: row.iter().map(Option::as_deref).collect() };
        let told: usize = SHIPPED.explain(&raw, today).iter().map(|t| t.complaints.len()).sum();
        prop_assert_eq!(told, judged.complaints.len(), "explaining tells every complaint");
    }

    #[test]
    fn any_text_is_a_mapping_or_faults(text in "(?s).{0,200}|([a-z\\[\\]{}=\"'\n., 0-9]{0,200})") {
        parse(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// The real document with a piece cut out, doubled or replaced.
    #[test]
    fn a_damaged_mapping_is_a_mapping_or_faults(at in 0.0f64..1.0, length in 0usize..200, with in "[a-z\\[\\]{}=\"\n ]{0,20}", double: bool) {
        let text = &*TEXT;
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "any place will do")]
        let start = text.floor_char_boundary((text.len() as f64 * at) as usize);
        let end = text.floor_char_boundary((start + length).min(text.len()));
        let again = if double { &text[start..end] } else { "" };
        parse(&format!("{}{with}{again}{}", &text[..start], &text[if double { start } else { end }..]));
    }
}
