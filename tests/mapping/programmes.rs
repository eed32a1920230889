//! The programmes beside the monthly allowance: the contract's fields, and one row that is held or told for every rule.

use std::path::Path;

use jiff::civil::{Date, date};
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{Judgement, RawRow, Severity};
use molisa_gateway::national::{Operation, Profile};

use super::{ENTITIES, mappings, shipped, told};

const TODAY: Date = date(2023, 12, 18);

const PERSON: &str = "HoTen NgaySinh NamSinh DoChinhXacNgaySinh GioiTinh LoaiGiayTo SoGiayTo MaTinh MaHuyen MaXa DanhMucDVHC \
                      DiaChi";
const PAYMENT: &str = "HinhThucChiTra SoTaiKhoan MaNganHang ChuTaiKhoan";
const DECISION: &str = "SoQuyetDinh NgayQuyetDinh CoQuanQuyetDinh ChinhSach";

/// The table of national-systems, section 6: what stands between person and decision; `*` is never empty.
const BETWEEN: [(&str, &str); 6] = [
    ("mai-tang-phi", "NhomDoiTuong *NgayMat SoTrichLucKhaiTu NguoiMaiTang GiayToNguoiMaiTang QuanHe *MucHuong payment"),
    ("tro-giup-dot-xuat", "*NguyenNhan *NgayXayRa *LoaiHoTro SoNguoi ThietHai *SoTienNganSach *SoTienVanDong payment"),
    ("cham-soc-khan-cap", "*LyDo *NoiChamSoc NguoiChamSoc CoSoTroGiup *TuNgay DenNgay SoTien"),
    (
        "co-so-tro-giup",
        "*CoSoTroGiup NhomDoiTuong *LoaiTiepNhan *NgayTiepNhan NgayRa LyDoRa HeSo MucChuan MucHuong *TroCapThang",
    ),
    (
        "chi-tra",
        "*Ky *MaThamChieuDoiTuong NhomDoiTuong *SoTien TruyLinh TruyLinhTu TruyLinhDen payment KetQuaChi NgayChi",
    ),
    ("chuc-tho", "*Nam *Tuoi *SoTien NgayTrao"),
];

#[test]
fn every_mapping_is_without_faults_and_its_examples_pass() {
    for entity in ENTITIES {
        let faults = Mapping::check(mappings(), "misposasoft", entity);
        assert!(faults.0.is_empty(), "{faults}");
        let mapping = shipped(entity);
        assert!(mapping.run_examples().len() >= 5, "{entity}");
        assert_eq!((mapping.entity(), mapping.key()), (entity, "ma_ho_so"));
    }
}

#[test]
fn the_records_have_the_contracts_fields_in_order() {
    for (entity, between) in BETWEEN {
        let wanted = format!("{PERSON} {between} {DECISION}").replace('*', "").replace("payment", PAYMENT);
        assert_eq!(shipped(entity).layout().names().join(" "), wanted, "{entity}");
    }
}

#[test]
fn the_profile_speaks_of_every_programme_at_its_own_path() {
    let profile = Profile::load(mappings(), "misposasoft").unwrap_or_else(|faults| panic!("{faults}"));
    for entity in ENTITIES {
        for (operation, path) in [
            (Operation::Write, "dong-bo"),
            (Operation::Ask, "tra-cuu-goi-tin"),
            (Operation::Count, "thong-ke"),
            (Operation::List, "danh-sach"),
        ] {
            let call = profile.call(entity, operation);
            let call = call.unwrap_or_else(|| panic!("{entity} {operation:?} is not offered"));
            assert_eq!(
                (call.method.as_str(), call.path.as_str()),
                ("POST", &*format!("/misposasoft/1.0/{entity}/{path}"))
            );
        }
    }
}

/// The first row of the entity's fixture, with which nothing is wrong, and some columns changed.
fn judge(mapping: &Mapping, changes: &[(&str, &str)], today: Date) -> Judgement {
    for (name, _) in changes {
        assert!(mapping.columns().iter().any(|c| c.name == *name), "{}: no column {name}", mapping.entity());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(mapping.entity()).join("rows.csv");
    let mut rows = csv::Reader::from_path(path).expect("the fixture");
    let headers = rows.headers().expect("headers").clone();
    let row = rows.records().next().expect("a row").expect("a row");
    let columns = mapping
        .columns()
        .iter()
        .map(|c| {
            let other = changes.iter().find(|(name, _)| *name == c.name).map(|(_, value)| *value);
            other.or_else(|| row.get(headers.iter().position(|h| h == c.name).expect("every column")))
        })
        .collect();
    mapping.judge(&RawRow { number: 1, columns }, today)
}

/// Entity, columns and their new values, what is told of them.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

const CASES: &[Case] = &[
    ("mai-tang-phi", &[("muc_huong", "7199999")], &["amount MucHuong"]),
    ("mai-tang-phi", &[("muc_huong", "7200001")], &[]),
    ("mai-tang-phi", &[("muc_huong", "")], &["missing MucHuong"]),
    ("mai-tang-phi", &[("ngay_mat", "")], &["missing NgayMat"]),
    ("mai-tang-phi", &[("ngay_mat", "08/10/1942")], &["date-order NgayMat"]),
    ("mai-tang-phi", &[("ngay_mat", "16/11/2023")], &["date-order NgayQuyetDinh"]),
    ("mai-tang-phi", &[("ngay_mat", "19/12/2023")], &["future-date NgayMat", "date-order NgayQuyetDinh"]),
    ("mai-tang-phi", &[("chinh_sach", "")], &["missing ChinhSach"]),
    ("mai-tang-phi", &[("chinh_sach", "136/2013")], &["unknown-code ChinhSach"]),
    ("mai-tang-phi", &[("nhom", "1.014027")], &["unknown-code NhomDoiTuong"]),
    ("mai-tang-phi", &[("ngan_hang", "")], &["account MaNganHang"]),
    ("tro-giup-dot-xuat", &[("nguyen_nhan", "")], &["missing NguyenNhan"]),
    ("tro-giup-dot-xuat", &[("nguyen_nhan", "Sao chổi")], &["unknown-code NguyenNhan"]),
    ("tro-giup-dot-xuat", &[("loai_ho_tro", "")], &["missing LoaiHoTro"]),
    ("tro-giup-dot-xuat", &[("ngay_xay_ra", "")], &["missing NgayXayRa"]),
    ("tro-giup-dot-xuat", &[("ngay_xay_ra", "16/11/2023")], &["date-order NgayQuyetDinh"]),
    ("tro-giup-dot-xuat", &[("ngay_xay_ra", "19/12/2023"), ("ngay_quyet_dinh", "")], &["future-date NgayXayRa"]),
    (
        "tro-giup-dot-xuat",
        &[("ngay_xay_ra", "01/01/1942"), ("ngay_quyet_dinh", "08/10/1942")],
        &["date-order NgayQuyetDinh", "late-record NgayQuyetDinh"],
    ),
    ("tro-giup-dot-xuat", &[("so_tien_ngan_sach", "-1")], &["bad-value SoTienNganSach"]),
    ("tro-giup-dot-xuat", &[("so_nguoi", "năm")], &["bad-value SoNguoi"]),
    ("tro-giup-dot-xuat", &[("chinh_sach", "76/2024")], &["unknown-code ChinhSach"]),
    ("tro-giup-dot-xuat", &[("so_tai_khoan", "")], &["account SoTaiKhoan"]),
    ("cham-soc-khan-cap", &[("den_ngay", "02/12/2023")], &["date-order DenNgay"]),
    ("cham-soc-khan-cap", &[("den_ngay", "")], &[]),
    ("cham-soc-khan-cap", &[("den_ngay", "31/08/2023")], &["date-order DenNgay"]),
    ("cham-soc-khan-cap", &[("tu_ngay", "30/11/2022"), ("den_ngay", "28/02/2023")], &[]),
    ("cham-soc-khan-cap", &[("tu_ngay", "30/11/2022"), ("den_ngay", "01/03/2023")], &["date-order DenNgay"]),
    ("cham-soc-khan-cap", &[("tu_ngay", "08/10/1942"), ("den_ngay", "")], &["date-order TuNgay"]),
    ("cham-soc-khan-cap", &[("tu_ngay", "")], &["missing TuNgay"]),
    ("cham-soc-khan-cap", &[("ho_ten", "")], &["missing HoTen"]),
    ("cham-soc-khan-cap", &[("ho_ten", ""), ("ly_do", "Khác")], &["missing HoTen"]),
    ("cham-soc-khan-cap", &[("ho_ten", ""), ("ly_do", "Bị bỏ rơi")], &[]),
    ("cham-soc-khan-cap", &[("ly_do", "")], &["missing LyDo"]),
    ("cham-soc-khan-cap", &[("noi_cham_soc", "")], &["missing NoiChamSoc"]),
    ("cham-soc-khan-cap", &[("chinh_sach", "136/2013")], &["unknown-code ChinhSach"]),
    ("co-so-tro-giup", &[("muc_huong", "1440001")], &["amount MucHuong"]),
    ("co-so-tro-giup", &[("he_so", "3"), ("muc_huong", "1080000")], &["amount HeSo"]),
    ("co-so-tro-giup", &[("muc_chuan", "270000"), ("muc_huong", "1080000")], &["amount MucChuan"]),
    ("co-so-tro-giup", &[("he_so", "5"), ("muc_huong", "1800000")], &["age-group (nuôi dưỡng)"]),
    ("co-so-tro-giup", &[("he_so", "")], &["missing HeSo"]),
    ("co-so-tro-giup", &[("chinh_sach", "")], &["missing ChinhSach"]),
    (
        "co-so-tro-giup",
        &[("chinh_sach", "76/2024"), ("muc_chuan", ""), ("he_so", ""), ("muc_huong", "")],
        &["unknown-code ChinhSach"],
    ),
    ("co-so-tro-giup", &[("ngay_ra", "15/11/2023")], &["date-order NgayRa"]),
    ("co-so-tro-giup", &[("ngay_tiep_nhan", "08/10/1942")], &["date-order NgayTiepNhan"]),
    ("co-so-tro-giup", &[("ngay_tiep_nhan", "")], &["missing NgayTiepNhan"]),
    ("co-so-tro-giup", &[("co_so_tro_giup", "")], &["missing CoSoTroGiup"]),
    ("co-so-tro-giup", &[("loai_tiep_nhan", "")], &["missing LoaiTiepNhan"]),
    ("co-so-tro-giup", &[("tro_cap_thang", "")], &["missing TroCapThang"]),
    ("chi-tra", &[("ky", "202310")], &["date-order Ky"]),
    ("chi-tra", &[("ky", "11/2023")], &[]),
    ("chi-tra", &[("ky", "202313")], &["bad-value Ky"]),
    ("chi-tra", &[("ky", "")], &["missing Ky"]),
    ("chi-tra", &[("ma_ho_so_doi_tuong", "")], &["missing MaThamChieuDoiTuong"]),
    ("chi-tra", &[("so_tien", "")], &["missing SoTien"]),
    ("chi-tra", &[("truy_linh_tu", "")], &["missing TruyLinhTu"]),
    ("chi-tra", &[("truy_linh_den", "")], &["missing TruyLinhDen"]),
    ("chi-tra", &[("truy_linh", "")], &["missing TruyLinh"]),
    ("chi-tra", &[("truy_linh", "0"), ("truy_linh_tu", "")], &["missing TruyLinh"]),
    ("chi-tra", &[("truy_linh", "0"), ("truy_linh_den", "")], &["missing TruyLinh"]),
    ("chi-tra", &[("truy_linh", "0"), ("truy_linh_tu", ""), ("truy_linh_den", "")], &[]),
    ("chi-tra", &[("truy_linh_tu", "12/2023")], &["date-order TruyLinhDen"]),
    ("chi-tra", &[("chinh_sach", "")], &["missing ChinhSach"]),
    ("chi-tra", &[("chinh_sach", "136/2013")], &["unknown-code ChinhSach"]),
    ("chi-tra", &[("nhom", "1.014027")], &["unknown-code NhomDoiTuong"]),
    ("chi-tra", &[("ngan_hang", "")], &["account MaNganHang"]),
    ("chi-tra", &[("so_tai_khoan", "12")], &["account SoTaiKhoan"]),
    ("chi-tra", &[("ket_qua_chi", "?")], &["unknown-code KetQuaChi"]),
    ("chi-tra", &[("ngay_quyet_dinh", "2015-02-01")], &[]),
    ("chuc-tho", &[("tuoi", "85")], &["bad-value Tuoi"]),
    ("chuc-tho", &[("tuoi", "82")], &["unknown-code Tuoi"]),
    ("chuc-tho", &[("tuoi", "")], &["missing Tuoi"]),
    ("chuc-tho", &[("nam", "")], &["missing Nam"]),
    ("chuc-tho", &[("so_tien", "")], &["missing SoTien"]),
    ("chuc-tho", &[("chinh_sach", "76/2024")], &["unknown-code ChinhSach"]),
];

/// What holds for every programme: columns and their new values, one complaint that must be among those told.
const COMMON: &[(&[(&str, &str)], &str)] = &[
    (&[("ma_ho_so", "")], "key-missing ma_ho_so"),
    (&[("ngay_sinh", "")], "missing NamSinh"),
    (&[("ngay_sinh", "31/02/1942")], "bad-value NgaySinh"),
    (&[("ngay_sinh", "19/12/2023")], "future-date NgaySinh"),
    (&[("so_giay_to", "87042000777")], "identity-length SoGiayTo"),
    (&[("so_giay_to", "000000001")], "identity-filler SoGiayTo"),
    (&[("so_giay_to", "087142000777")], "identity-sex GioiTinh"),
    (&[("so_giay_to", "")], "no-paper LoaiGiayTo"),
    (&[("ngay_sinh", "1942")], "year-only DoChinhXacNgaySinh"),
    (&[("ma_xa", "30253")], "unknown-code MaXa"),
    (&[("ma_tinh", "")], "missing MaTinh"),
    (&[("ma_huyen", "")], "missing MaHuyen"),
    (&[("ngay_quyet_dinh", "2023-12-19")], "future-date NgayQuyetDinh"),
    (&[("ngay_quyet_dinh", "1942-10-08")], "date-order NgayQuyetDinh"),
    (&[("ngay_dung", "2023-12-19"), ("ly_do_dung", "Ghi nhầm")], "future-date NgayDung"),
    (&[("ngay_dung", "2023-12-18")], "stop-incomplete LyDoDung"),
    (&[("ly_do_dung", "Ghi nhầm")], "stop-incomplete NgayDung"),
];

/// What of [`CASES`] and [`COMMON`] does not come out as it says.
fn differences(mapping: &Mapping) -> Vec<String> {
    let entity = mapping.entity();
    let mut wrong = Vec::new();
    for (_, changes, wanted) in CASES.iter().filter(|(of, ..)| *of == entity) {
        let judged = judge(mapping, changes, TODAY);
        if told(&judged) != *wanted || judged.canonical.is_empty() != judged.held_for().is_some() {
            wrong.push(format!("{entity} {changes:?}: {wanted:?}, not {:?}", told(&judged)));
        }
    }
    for (changes, wanted) in COMMON {
        let got = told(&judge(mapping, changes, TODAY));
        if !got.iter().any(|t| t == wanted) {
            wrong.push(format!("{entity} {changes:?}: {wanted}, not {got:?}"));
        }
    }
    // A decision is late after a year; a payment's is as old as the benefit.
    let late = told(&judge(mapping, &[], date(2025, 6, 1))).iter().any(|t| t == "late-record NgayQuyetDinh");
    if late == (entity == "chi-tra") {
        wrong.push(format!("{entity}: late {late}"));
    }
    wrong
}

#[test]
fn each_mistake_is_held_or_told_under_its_reason() {
    for (entity, _) in BETWEEN {
        let mapping = shipped(entity);
        assert_eq!(told(&judge(&mapping, &[], TODAY)), Vec::<String>::new(), "{entity}");
        let wrong = differences(&mapping);
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

/// What the contract says is never empty is held when the source has nothing, unless nothing is written `0`.
#[test]
fn what_is_never_empty_is_held_or_zero() {
    for (entity, between) in BETWEEN {
        let mapping = shipped(entity);
        let empty: Vec<(&str, &str)> =
            mapping.columns().iter().map(|c| (c.name.as_str(), "")).filter(|(n, _)| !n.starts_with("ma_")).collect();
        let judged = judge(&mapping, &empty, TODAY);
        for field in between.split(' ').filter_map(|f| f.strip_prefix('*')) {
            let held = told(&judged).contains(&format!("missing {field}"));
            let by_default = ["SoTienNganSach", "SoTienVanDong"].contains(&field);
            let by_key = field == "MaThamChieuDoiTuong";
            assert_ne!(held, by_default || by_key, "{entity} {field}");
        }
    }
    let none = [("so_tien_ngan_sach", ""), ("so_tien_van_dong", "")];
    let judged = judge(&shipped("tro-giup-dot-xuat"), &none, TODAY);
    let record: serde_json::Value = serde_json::from_str(&judged.canonical).expect("a record");
    assert_eq!((&record["SoTienNganSach"], &record["SoTienVanDong"]), (&"0".into(), &"0".into()));
}

/// Each rule is taken out of its mapping in turn: some case above must then come out otherwise.
#[test]
fn no_rule_of_a_programme_stands_there_for_nothing() {
    for (entity, _) in BETWEEN {
        let file = mappings().join(format!("misposasoft/{entity}.toml"));
        let text = std::fs::read_to_string(&file).expect("it ships");
        let starts: Vec<usize> =
            ["[[rule]]", "[[stop.rule]]"].iter().flat_map(|s| text.match_indices(s)).map(|(at, _)| at).collect();
        assert!(starts.len() >= 10, "{entity}");
        for start in starts {
            let end = text[start..].find("\n\n").map_or(text.len(), |n| start + n);
            let without = format!("{}{}", &text[..start], &text[end..]);
            let mapping = Mapping::parse(&file, &without, &mappings().join("codes"));
            let mapping = mapping.unwrap_or_else(|faults| panic!("{faults}"));
            assert!(!differences(&mapping).is_empty(), "{entity}: no case needs {}", &text[start..end]);
        }
    }
}

#[test]
fn a_funeral_pays_by_the_rate_of_the_day_of_death() {
    let mapping = shipped("mai-tang-phi");
    let with = |died: &str, decided: &str, policy: &str, amount: &str| {
        let changes = [("ngay_mat", died), ("ngay_quyet_dinh", decided), ("chinh_sach", policy), ("muc_huong", amount)];
        let judged = judge(&mapping, &changes, date(2026, 11, 24));
        judged.held_for().map(|c| format!("{} {}", c.reason, c.field))
    };
    let low = Some("amount MucHuong".to_owned());
    assert_eq!(
        with("30/06/2024", "05/07/2024", "76/2024", "7200000"),
        None,
        "the rate rose on the day after the death"
    );
    assert_eq!(with("30/06/2024", "05/07/2024", "76/2024", "7199999"), low);
    assert_eq!(with("01/07/2024", "05/07/2024", "76/2024", "9999999"), low);
    assert_eq!(with("01/07/2024", "05/07/2024", "76/2024", "10000000"), None);
    assert_eq!(with("30/06/2021", "01/07/2021", "20/2021", "5400000"), None, "what 136/2013 paid");
    assert_eq!(with("30/06/2021", "01/07/2021", "20/2021", "5399999"), low);
    assert_eq!(with("01/08/2026", "05/08/2026", "335/2026", "10799999"), low);
    // Of a policy for which the list has no factor nothing is known.
    assert_eq!(with("01/05/2012", "05/05/2012", "13/2010", "1"), None);
}

#[test]
fn the_age_that_the_years_give_is_proposed() {
    let judged = judge(&shipped("chuc-tho"), &[("tuoi", "85")], TODAY);
    assert_eq!(judged.complaints[0].proposal.as_deref(), Some("80"));
    assert_eq!(judged.complaints[0].severity, Severity::Block);
    let judged = judge(&shipped("chuc-tho"), &[("nam", "1940"), ("tuoi", "80")], TODAY);
    assert_eq!(judged.complaints[0].proposal, None, "nobody is proposed an age below nought");
}

#[test]
fn what_an_operator_gets_wrong_in_the_new_rules_is_told() {
    let wrong = |from: &str, to: &str| {
        let file = mappings().join("misposasoft/mai-tang-phi.toml");
        let text = std::fs::read_to_string(&file).expect("it ships");
        assert!(text.contains(from), "{from}");
        let text = text.replacen(from, to, 1);
        Mapping::parse(Path::new("m.toml"), &text, &mappings().join("codes")).expect_err(to).to_string()
    };
    assert!(wrong("\"funeral_times\"", "\"funeral_time\"").contains("did you mean `funeral_times`"));
    assert!(wrong("times = \"funeral_times\"", "times = \"source\"").contains("must be numbers"));
    assert!(wrong("\"ngay_dung\", \"ly_do_dung\"]", "\"ngay_dun\"]").contains("did you mean `ngay_dung`"));
    assert!(wrong("filled = [\"ngay_dung\", \"ly_do_dung\"]", "column = \"ngay_dung\"").contains("`filled`"));
    assert!(wrong("then = \"NgayMat\"", "then = \"NgayMat\", field = \"NgayMa\"").contains("did you mean `NgayMat`"));
    let both = wrong("filled = [\"ngay_dung\",", "is = [\"x\"], filled = [\"ngay_dung\",");
    assert!(both.contains("`is`"), "{both}");
}
