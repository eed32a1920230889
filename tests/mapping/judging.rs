//! What is held, what is told, and when it is judged again (national-systems, section 7).

use jiff::civil::{Date, date};
use molisa_gateway::model::{Action, RawRow, Reason};

use super::{SHIPPED, judge, told};

/// Columns and their new values.
type Changes = &'static [(&'static str, &'static str)];

const TODAY: Date = date(2023, 12, 18);

fn field(canonical: &str, name: &str) -> String {
    let record: serde_json::Value = serde_json::from_str(canonical).expect("canonical is JSON");
    record[name].as_str().unwrap_or_else(|| panic!("{name} is not a text")).to_owned()
}

#[test]
fn each_mistake_is_held_or_told_under_its_reason() {
    let cases: &[(Changes, &[&str])] = &[
        (&[], &[]),
        (&[("ma_ho_so", " ")], &["key-missing ma_ho_so"]),
        (&[("ma_ho_so", " DT-1")], &["bad-value ma_ho_so"]),
        (&[("ho_ten", "")], &["missing HoTen"]),
        (&[("ho_ten", "A\u{7}B")], &["bad-value HoTen"]),
        (&[("ngay_sinh", "31/02/1941")], &["bad-value NgaySinh"]),
        (&[("ngay_sinh", "1941-03-04T17:00:00Z")], &["bad-value NgaySinh"]),
        (&[("ngay_sinh", "")], &["missing NamSinh"]),
        (&[("ngay_sinh", "1941")], &["year-only DoChinhXacNgaySinh"]),
        (&[("dan_toc", "Sao Hỏa")], &["unknown-code DanToc"]),
        (&[("so_giay_to", "87141000123")], &["identity-length SoGiayTo"]),
        (&[("loai_giay_to", "CMND"), ("so_giay_to", "34012345")], &["identity-length SoGiayTo"]),
        (&[("so_giay_to", "340123457")], &["identity-length SoGiayTo"]),
        (&[("so_giay_to", "08714100012O")], &["identity-length SoGiayTo"]),
        (&[("so_giay_to", "000000001")], &["identity-filler SoGiayTo"]),
        (&[("so_giay_to", "111111111111")], &["identity-filler SoGiayTo"]),
        (&[("so_giay_to", "087041000123")], &["identity-sex GioiTinh"]),
        (&[("so_giay_to", "087142000123")], &["identity-year NamSinh"]),
        (&[("so_giay_to", "003141000123")], &["identity-province SoGiayTo"]),
        (&[("so_giay_to", "")], &["no-paper LoaiGiayTo"]),
        (&[("ma_xa", "30253")], &["unknown-code MaXa"]),
        (&[("ma_huyen", "815")], &["unknown-code MaHuyen"]),
        (&[("ma_tinh", "866")], &["unknown-code MaTinh"]),
        (&[("ma_xa", "12345")], &["unknown-code MaXa"]),
        (&[("ngay_quyet_dinh", "2023-12-19")], &["future-date NgayQuyetDinh"]),
        (&[("ngay_quyet_dinh", "2022-12-17")], &["late-record NgayQuyetDinh"]),
        (&[("ngay_quyet_dinh", "2022-12-18")], &[]),
        (&[("tu_thang", "02/1941")], &["date-order TuThang"]),
        (&[("den_thang", "02/2023")], &["date-order DenThang"]),
        (&[("muc_huong", "360001")], &["amount MucHuong"]),
        (&[("muc_huong", "-360000")], &["bad-value MucHuong"]),
        (&[("muc_huong", "")], &["missing MucHuong"]),
        (&[("chinh_sach", "")], &["missing ChinhSach"]),
        (&[("he_so", "")], &["missing HeSo"]),
        (&[("muc_chuan", "270000"), ("muc_huong", "270000")], &["amount MucChuan"]),
        (&[("he_so", "1.5"), ("muc_huong", "540000")], &["amount HeSo"]),
        (&[("chinh_sach", "136/2013"), ("muc_chuan", "270000"), ("muc_huong", "270000")], &["unknown-code ChinhSach"]),
        (&[("chinh_sach", "99/2021")], &["unknown-code ChinhSach"]),
        (&[("ngay_sinh", "19/12/1943"), ("so_giay_to", "087143000123")], &["age-group NhomDoiTuong"]),
        (&[("ngay_sinh", "18/12/1943"), ("so_giay_to", "087143000123")], &[]),
        (&[("hinh_thuc_chi_tra", "Tài khoản")], &["account SoTaiKhoan", "account MaNganHang"]),
        (&[("hinh_thuc_chi_tra", "Tài khoản"), ("so_tai_khoan", "12"), ("ngan_hang", "VCB")], &["account SoTaiKhoan"]),
        (
            &[("hinh_thuc_chi_tra", "Tài khoản"), ("so_tai_khoan", "1234"), ("ngan_hang", "Không Có")],
            &["unknown-code MaNganHang"],
        ),
        (&[("so_tai_khoan", "0071000123"), ("ngan_hang", "VCB")], &[]),
        (&[("trang_thai", "")], &["missing TrangThai"]),
        (&[("nhom", "1.014027")], &["unknown-code NhomDoiTuong"]),
    ];
    for (changes, wanted) in cases {
        let judged = judge(changes, TODAY);
        assert_eq!(told(&judged), *wanted, "{changes:?}");
        assert_eq!(judged.canonical.is_empty(), judged.held_for().is_some(), "{changes:?}");
    }
}

#[test]
fn the_gravest_reason_counts_and_a_lost_zero_is_proposed() {
    let judged = judge(&[("so_giay_to", "87141000123"), ("muc_huong", "1"), ("dan_toc", "?")], TODAY);
    assert_eq!(judged.held_for().unwrap().reason, Reason::UnknownCode);
    let length = judged.complaints.iter().find(|c| c.reason == Reason::IdentityLength).unwrap();
    assert_eq!((length.value.as_str(), length.proposal.as_deref()), ("87141000123", Some("087141000123")));
    let amount = judged.complaints.iter().find(|c| c.reason == Reason::Amount).unwrap();
    assert_eq!(amount.proposal.as_deref(), Some("360000"));
    // Nothing is proposed where no single zero is missing.
    let judged = judge(&[("so_giay_to", "7141000123")], TODAY);
    assert_eq!(judged.complaints[0].proposal, None);
}

#[test]
fn a_decision_draws_by_a_policy_in_force_or_one_that_replaced_it() {
    let with = |decided: &str, policy: &str, rate: &str, today: Date| {
        let judged = judge(
            &[
                ("ngay_quyet_dinh", decided),
                ("tu_thang", ""),
                ("chinh_sach", policy),
                ("muc_chuan", rate),
                ("muc_huong", rate),
            ],
            today,
        );
        judged.held_for().map(|c| c.field.clone())
    };
    let held = Some("ChinhSach".to_owned());
    let now = date(2026, 11, 24);
    assert_eq!(with("2015-06-01", "20/2021", "360000", now), None);
    assert_eq!(with("2015-06-01", "335/2026", "540000", now), None);
    assert_eq!(with("2015-06-01", "136/2013", "270000", now), None);
    assert_eq!(with("2006-06-01", "335/2026", "540000", now), None);
    assert_eq!(with("2022-06-01", "136/2013", "270000", now), held);
    // A policy that has not started replaces nothing yet; the verdict is asked for again on the day it starts.
    assert_eq!(with("2015-06-01", "76/2024", "500000", date(2024, 6, 30)), held);
    assert_eq!(with("2015-06-01", "76/2024", "500000", date(2024, 7, 1)), None);
    let early = judge(&[("chinh_sach", "76/2024"), ("muc_chuan", "500000"), ("muc_huong", "500000")], date(2024, 6, 1));
    assert_eq!(early.judge_again_on, Some(date(2024, 7, 1)));
    // The later of decision and start month counts.
    let later = judge(
        &[
            ("ngay_quyet_dinh", "2021-06-01"),
            ("tu_thang", "08/2021"),
            ("chinh_sach", "136/2013"),
            ("muc_chuan", "270000"),
            ("muc_huong", "270000"),
        ],
        now,
    );
    assert_eq!(later.held_for().unwrap().field, "ChinhSach");
}

#[test]
fn the_social_pension_is_a_fixed_amount() {
    let with = |changes: &[(&str, &str)]| {
        let mut all = vec![
            ("nhom", "1.014027"),
            ("he_so", ""),
            ("muc_chuan", "500000"),
            ("muc_huong", "500000"),
            ("chinh_sach", "176/2025"),
            ("ngay_quyet_dinh", "2025-09-01"),
            ("tu_thang", "09/2025"),
        ];
        all.retain(|(n, _)| !changes.iter().any(|(c, _)| c == n));
        all.extend(changes);
        told(&judge(&all, date(2025, 12, 1)))
    };
    assert_eq!(with(&[]), Vec::<String>::new());
    assert_eq!(with(&[("muc_huong", "400000")]), ["amount MucHuong"]);
    assert_eq!(with(&[("ngay_sinh", "01/01/1960"), ("so_giay_to", "087160000123")]), ["age-group NhomDoiTuong"]);
}

#[test]
fn age_is_asked_again_on_the_birthday_that_changes_the_verdict() {
    let child = |born: &str, coefficient: &str, amount: &str, today: Date| {
        judge(
            &[
                ("ngay_sinh", born),
                ("so_giay_to", ""),
                ("nhom", "5.1a"),
                ("he_so", coefficient),
                ("muc_huong", amount),
                ("ngay_quyet_dinh", "2023-12-01"),
            ],
            today,
        )
    };
    let young = child("05/01/2020", "2.5", "900000", TODAY);
    assert_eq!(told(&young), ["no-paper LoaiGiayTo"]);
    assert_eq!(young.judge_again_on, Some(date(2024, 1, 5)));
    let older = child("05/01/2020", "2.5", "900000", date(2024, 1, 5));
    assert_eq!(told(&older), ["no-paper LoaiGiayTo", "age-group NhomDoiTuong"]);
    // Known by year only, the child may still be three until the end of the year in which it turns four.
    let by_year = child("2020", "2.5", "900000", date(2024, 12, 30));
    assert_eq!(told(&by_year), ["no-paper LoaiGiayTo", "year-only DoChinhXacNgaySinh", "late-record NgayQuyetDinh"]);
    assert_eq!(by_year.judge_again_on, Some(date(2024, 12, 31)));
}

#[test]
fn the_level_of_disability_gives_the_coefficient() {
    let with = |level: &str, coefficient: &str, amount: &str| {
        told(&judge(
            &[
                ("nhom", "5.6"),
                ("ngay_sinh", "05/03/1981"),
                ("so_giay_to", "087181000123"),
                ("muc_do_kt", level),
                ("he_so", coefficient),
                ("muc_huong", amount),
            ],
            TODAY,
        ))
    };
    assert!(with("Nặng", "1.5", "540000").is_empty());
    assert!(with("Đặc biệt nặng", "2", "720000").is_empty());
    assert!(with("", "1.5", "540000").is_empty());
    assert_eq!(with("Nặng", "2", "720000"), ["age-group NhomDoiTuong"]);
    assert_eq!(with("Nặng", "2.5", "900000"), ["amount HeSo"]);
    assert_eq!(with("Đặc biệt nặng", "1.5", "540000"), ["amount HeSo"]);
}

#[test]
fn a_future_date_is_judged_again_when_it_comes() {
    let judged = judge(&[("ngay_quyet_dinh", "2024-02-01")], TODAY);
    assert_eq!(judged.judge_again_on, Some(date(2024, 2, 1)));
    let judged = judge(&[], TODAY);
    assert_eq!(judged.judge_again_on, Some(date(2024, 3, 21)), "a year and a day after the decision it is late");
}

#[test]
fn both_tone_placements_and_both_compositions_are_one_word() {
    let composed = judge(&[("ho_ten", "Lê Thị Hòa"), ("trang_thai", "tạm dừng")], TODAY);
    let apart = judge(
        &[("ho_ten", "Le\u{302} Thi\u{323} Ho\u{300}a"), ("trang_thai", "TA\u{323}M  DU\u{31b}\u{300}NG")],
        TODAY,
    );
    assert_eq!(composed.canonical, apart.canonical);
    assert_eq!(field(&composed.canonical, "TrangThai"), "TAM_DUNG");
}

#[test]
fn a_stop_carries_only_what_it_knows_and_is_held_only_for_itself() {
    let stop = |changes: &[(&str, &str)]| {
        let mut all = vec![
            ("trang_thai", "Thôi hưởng"),
            ("ly_do_dung", "a"),
            ("ngay_dung", "18/12/2023"),
            ("so_qd_dung", "12/QĐ-UBND \"A\""),
        ];
        all.retain(|(n, _)| !changes.iter().any(|(c, _)| c == n));
        all.extend(changes);
        judge(&all, TODAY)
    };
    let clean = stop(&[("muc_huong", "x"), ("ho_ten", ""), ("so_giay_to", "1"), ("ngay_sinh", "?"), ("tu_thang", "x")]);
    assert_eq!(clean.action, Action::Stop);
    assert_eq!(clean.complaints, []);
    assert_eq!(clean.canonical, r#"{"LyDoDung":"a","NgayDung":"18/12/2023","SoQuyetDinh":"12/QĐ-UBND \"A\""}"#);
    assert_eq!(clean.unit, "29869");
    for (changes, wanted) in [
        (&[("so_qd_dung", "")][..], &["stop-incomplete SoQuyetDinh"][..]),
        (&[("ly_do_dung", "")], &["stop-incomplete LyDoDung"]),
        (&[("ly_do_dung", "xyz")], &["unknown-code LyDoDung"]),
        (&[("ngay_dung", "")], &["stop-incomplete NgayDung"]),
        (&[("ngay_dung", ""), ("den_thang", "12/2023")], &[]),
        (&[("ngay_dung", "01/01/2024")], &["future-date NgayDung"]),
        (&[("ngay_dung", "01/01/2024"), ("ly_do_dung", "b")], &[]),
        (&[("ngay_dung", "28/02/2023")], &["date-order NgayDung"]),
        (&[("ngay_qd_dung", "2024-01-01")], &["future-date NgayQuyetDinh"]),
        (&[("ma_ho_so", "")], &["key-missing ma_ho_so"]),
    ] {
        assert_eq!(told(&stop(changes)), wanted, "{changes:?}");
    }
}

#[test]
fn a_row_that_lacks_columns_is_judged_like_one_of_nulls() {
    let all = SHIPPED.judge(&RawRow { number: 1, columns: vec![None; SHIPPED.columns().len()] }, TODAY);
    let none = SHIPPED.judge(&RawRow { number: 1, columns: Vec::new() }, TODAY);
    assert_eq!(all, none);
    assert_eq!(all.held_for().unwrap().reason, Reason::KeyMissing);
}

#[test]
fn explaining_shows_every_step() {
    let columns = SHIPPED
        .columns()
        .iter()
        .map(|c| match c.name.as_str() {
            "ma_ho_so" => Some("DT-1"),
            "dan_toc" => Some(" 1 "),
            "ngay_sinh" => Some("1941"),
            "dang_tat" => Some("Nhìn; ?"),
            _ => None,
        })
        .collect();
    let traces = SHIPPED.explain(&RawRow { number: 1, columns }, TODAY);
    let of = |name: &str| traces.iter().find(|t| t.field == name).unwrap();
    let steps: Vec<_> = of("DanToc").steps.iter().map(|s| (s.name.as_str(), s.value.as_str())).collect();
    assert_eq!(steps, [("text", "1"), ("pad", "01"), ("ethnic-groups", "01")]);
    assert_eq!(of("DanToc").sources, [("dan_toc".to_owned(), Some(" 1 ".to_owned()))]);
    assert_eq!(of("LoaiGiayTo").value, "KHONG");
    assert_eq!(of("NgaySinh").value, "");
    assert_eq!(of("NamSinh").value, "1941");
    assert_eq!(of("DangTat").complaints[0].reason, Reason::UnknownCode);
    assert!(of("(ngày sinh)").internal);
    let fields = traces.iter().filter(|t| !t.internal).map(|t| t.field.clone());
    assert!(fields.eq(SHIPPED.layout().names().iter().cloned()), "in the contract's order");
}
