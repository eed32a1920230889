//! The comparison knows the language, the calendar, the reform and the law: only what really differs is found.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jiff::civil::{Date, date};
use molisa_gateway::mapping::Mapping;
use molisa_gateway::mismatch::{Authority, Difference, Right};
use molisa_gateway::model::Kind;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;

fn mappings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings")
}

static SHIPPED: LazyLock<Authority> =
    LazyLock::new(|| Authority::load(&mappings(), "misposasoft", "nation").unwrap_or_else(|faults| panic!("{faults}")));

const TODAY: Date = date(2026, 11, 30);

fn record(fields: &Value) -> Map<String, Value> {
    fields.as_object().expect("an object").clone()
}

fn compare_on(today: Date, ours: &Value, theirs: &Value) -> Vec<Difference> {
    SHIPPED.compare("doi-tuong", &record(ours), &record(theirs), today)
}

fn compare(ours: &Value, theirs: &Value) -> Vec<Difference> {
    compare_on(TODAY, ours, theirs)
}

#[track_caller]
fn agree(ours: &Value, theirs: &Value) {
    assert_eq!(compare(ours, theirs), [], "{ours} {theirs}");
    assert_eq!(compare(theirs, ours), [], "{theirs} {ours}");
}

/// The one difference between two records, the same whichever side has which, but for its words.
#[track_caller]
fn one(ours: &Value, theirs: &Value) -> Difference {
    let mut all = compare(ours, theirs);
    assert_eq!(all.len(), 1, "{ours} {theirs}: {all:?}");
    assert_eq!(compare(theirs, ours).len(), 1, "{theirs} {ours}");
    all.remove(0)
}

#[track_caller]
fn reason(ours: &Value, theirs: &Value) -> String {
    one(ours, theirs).reason
}

/// Failure 20: canonical-equivalent names are never a mismatch: every vowel with every tone, composed, taken apart and with
/// its marks in the other order, in both cases, with the mark on either vowel of a syllable.
#[test]
fn failure_20_the_whole_alphabet_however_it_is_spelt() {
    let tones = ["", "\u{300}", "\u{301}", "\u{309}", "\u{303}", "\u{323}"];
    let vowels = ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"];
    let name = |name: &str| json!({ "HoTen": name });
    let mut seen: Vec<String> = Vec::new();
    for vowel in vowels {
        for tone in tones {
            let composed: String = format!("Ngh{vowel}{tone}ng").nfc().collect();
            let apart: String = composed.nfd().collect();
            let marks: Vec<char> = apart.chars().collect();
            let turned: String = match marks.iter().position(|c| unicode_normalization::char::is_combining_mark(*c)) {
                // Two marks on one letter that do not touch each other may stand in either order.
                Some(at) if marks.len() > at + 1 && ['\u{323}', '\u{31b}'].contains(&marks[at]) => {
                    let mut marks = marks.clone();
                    if unicode_normalization::char::is_combining_mark(marks[at + 1]) {
                        marks.swap(at, at + 1);
                    }
                    marks.into_iter().collect()
                }
                _ => apart.clone(),
            };
            for spelling in [&apart, &turned, &composed.to_uppercase(), &composed.to_lowercase()] {
                agree(&name(&composed), &name(spelling));
            }
            for other in &seen {
                let found = one(&name(&composed), &name(other));
                assert_eq!((found.reason.as_str(), found.kind), ("tones", Kind::FieldDiffers), "{composed} {other}");
            }
            // Of one vowel only: what differs in more than its marks is another name.
            if seen.first().is_some_and(|first| !first.contains(vowel.nfd().next().expect("a letter"))) {
                seen.clear();
            }
            seen.push(composed);
        }
        seen.clear();
    }
    for [a, b] in [
        ["Nguyễn Thị Hòa", "NGUYỄN THỊ HOÀ"],
        ["Trần  Văn\u{a0}Khoẻ", " Trần Văn Khỏe "],
        ["Lê Thuý", "Lê Thúy"],
        ["Đỗ Thuỷ Tiên", "đỗ thủy tiên"],
        ["Phạm Quý", "Phạm Qúy"],
        ["Đặng Thị Đào", "Ðặng Thị Ðào"],
    ] {
        agree(&name(a), &name(b));
    }
    for [a, b] in [["Hòa", "Hóa"], ["Hoa", "Hòa"], ["Đào", "Dao"], ["Mười", "Mươi"], ["Ông", "Ong"]] {
        assert_eq!(reason(&name(a), &name(b)), "tones", "{a} {b}");
    }
    assert_eq!(reason(&name("Nguyễn Văn An"), &name("Nguyễn Văn Anh")), "differs");
}

/// Failure 31: null, missing and empty are one; precision and the order of a list are no difference.
#[test]
fn failure_31_null_precision_and_order() {
    agree(&json!({ "ThonTo": null, "DiaChi": "" }), &json!({}));
    agree(&json!({ "ThonTo": "" }), &json!({ "ThonTo": "  " }));
    agree(&json!({ "HeSo": "1.50" }), &json!({ "HeSo": "1.5" }));
    agree(&json!({ "HeSo": "1,5" }), &json!({ "HeSo": 1.5 }));
    agree(&json!({ "MucHuong": "540.000" }), &json!({ "MucHuong": 540_000 }));
    agree(&json!({ "DangTat": ["NHIN", "VAN_DONG"] }), &json!({ "DangTat": ["VAN_DONG", "NHIN", "NHIN"] }));
    agree(&json!({ "DangTat": [] }), &json!({ "DangTat": null }));
    agree(&json!({ "NgayQuyetDinh": "05/03/2021" }), &json!({ "NgayQuyetDinh": "2021-03-05" }));
    agree(&json!({ "DenThang": "12/2024" }), &json!({ "DenThang": "01/12/2024" }));
    agree(&json!({ "SoTaiKhoan": "0011 0023 45" }), &json!({ "SoTaiKhoan": "0011002345" }));
    agree(&json!({ "HoNgheo": "0" }), &json!({ "HoNgheo": "" }));
    assert_eq!(reason(&json!({ "DangTat": ["NHIN"] }), &json!({ "DangTat": ["VAN_DONG"] })), "differs");
    assert_eq!(reason(&json!({ "SoTaiKhoan": "0011002345" }), &json!({ "SoTaiKhoan": "11002345" })), "differs");
    assert_eq!(reason(&json!({ "ThonTo": "Ấp 1" }), &json!({})), "empty-there");
    assert_eq!(reason(&json!({ "ThonTo": null }), &json!({ "ThonTo": "Ấp 1" })), "empty-here");
    assert_eq!(reason(&json!({ "NgayQuyetDinh": "05/03/2021" }), &json!({ "NgayQuyetDinh": "03/05/2021" })), "swapped");
}

#[test]
fn births_agree_as_far_as_both_are_known() {
    let birth = |day: &str, year: &str, precision: &str| json!({ "NgaySinh": day, "NamSinh": year, "DoChinhXacNgaySinh": precision });
    let (full, by_month, by_year) =
        (birth("05/03/1941", "1941", "NGAY"), birth("01/03/1941", "1941", "THANG"), birth("", "1941", "NAM"));
    for (a, b) in [(&full, &by_month), (&full, &by_year), (&by_month, &by_year)] {
        agree(a, b);
        assert_eq!(
            SHIPPED.doubts("doi-tuong", &record(a), &record(b), TODAY),
            [],
            "known less exactly is nothing to doubt"
        );
    }
    // 01/01 against the bare year agrees, and can be asked for.
    let filled = birth("01/01/1941", "1941", "NGAY");
    agree(&filled, &by_year);
    let doubts = SHIPPED.doubts("doi-tuong", &record(&filled), &record(&by_year), TODAY);
    assert_eq!(doubts.iter().map(|d| (d.reason.as_str(), d.probable)).collect::<Vec<_>>(), [("less-exact", true)]);
    // Against another day it differs, probably in nothing.
    let found = one(&filled, &full);
    assert_eq!((found.reason.as_str(), found.probable, found.field.as_str()), ("first-of-january", true, "NgaySinh"));
    assert_eq!(reason(&full, &birth("03/05/1941", "1941", "NGAY")), "swapped");
    for other in [birth("06/03/1941", "1941", "NGAY"), birth("", "1942", "NAM"), birth("01/04/1941", "1941", "THANG")] {
        let found = one(&full, &other);
        assert_eq!(
            (found.reason.as_str(), found.probable, found.right),
            ("differs", false, Right::Registry),
            "{other}"
        );
    }
    assert_eq!(reason(&full, &birth("", "", "")), "empty-there");
    assert_eq!(
        one(&full, &birth("30/02/1941", "1941", "NGAY")).reason,
        "differs",
        "no such day, and its year is not enough"
    );
}

#[test]
fn a_new_number_that_names_the_old_one_is_the_same_person() {
    let paper = |kind: &str, number: &str, earlier: &str| json!({ "LoaiGiayTo": kind, "SoGiayTo": number, "MaDinhDanhCu": earlier });
    let (new, old) = (paper("CCCD", "087141000123", "340123457"), paper("CMND", "340123457", ""));
    agree(&new, &old);
    agree(&new, &paper("CCCD", "087 141 000 123", "340123457"));
    agree(&paper("KHONG", "", ""), &paper("", "", ""));
    let found = one(&paper("CCCD", "087141000123", ""), &old);
    assert_eq!(
        (found.kind, found.reason.as_str(), found.field.as_str()),
        (Kind::NumberChanged, "number-changed", "SoGiayTo")
    );
    assert_eq!(
        (found.right, found.cause.as_str()),
        (Right::Registry, "number-changed SoGiayTo"),
        "no number in the cause"
    );
    assert_eq!(one(&new, &paper("CCCD", "087141000124", "340123457")).kind, Kind::NumberChanged);
    for (other, wanted) in [
        (paper("CCCD", "87141000123", ""), "lost-zero"),
        (paper("CCCD", "000000000001", ""), "filler"),
        (paper("KHONG", "", ""), "empty-there"),
        (paper("GKS", "12/2015", ""), "differs"),
    ] {
        let found = one(&new, &other);
        assert_eq!((found.reason.as_str(), found.kind), (wanted, Kind::FieldDiffers), "{other}");
    }
    assert_eq!(one(&new, &paper("CCCD", "087141000123", "340123999")).field, "MaDinhDanhCu");
    assert_eq!(one(&new, &paper("CMND", "087141000123", "340123457")).field, "LoaiGiayTo");
}

#[test]
fn old_and_new_codes_of_one_place_agree() {
    let unit = |catalogue: &str, province: &str, district: &str, commune: &str| json!({ "DanhMucDVHC": catalogue, "MaTinh": province, "MaHuyen": district, "MaXa": commune });
    let old = unit("2020", "87", "866", "29869");
    agree(&old, &unit("2025", "82", "", "29869"));
    agree(&old, &unit("2020", "87", "", "29869"));
    // The same code in another catalogue is another place.
    let found = one(&unit("2020", "82", "815", "28252"), &unit("2025", "82", "", "28261"));
    assert_eq!((found.field.as_str(), found.reason.as_str()), ("MaXa", "other-unit"));
    assert_eq!(found.cause, "other-unit MaXa 28252 ≠ 28261");
    agree(&unit("2020", "82", "815", "28252"), &unit("2025", "82", "", "28249"));
    // One that was split can be any of its parts: only a person or the address can tell.
    let split = record(&unit("2020", "87", "", "29995"));
    let list = std::fs::read_to_string(mappings().join("codes/units-2020-2025.csv")).expect("the list");
    let row = list.lines().find(|line| line.starts_with("29995,")).expect("the split commune");
    let parts: Vec<&str> = row.split(',').nth(2).expect("its parts").split(';').collect();
    assert!(parts.len() > 1);
    for part in parts {
        let new = unit("2025", "82", "", part);
        let found = SHIPPED.compare("doi-tuong", &split, &record(&new), TODAY);
        let told: Vec<_> = found.iter().map(|d| (d.kind, d.reason.as_str(), d.right)).collect();
        assert_eq!(told, [(Kind::UnitAmbiguous, "split-unit", Right::Person)]);
    }
    assert_eq!(one(&old, &unit("2020", "87", "866", "29870")).field, "MaXa");
    assert_eq!(one(&old, &unit("2020", "87", "867", "29869")).field, "MaHuyen");
    assert_eq!(one(&old, &unit("1999", "87", "866", "29869")).field, "DanhMucDVHC", "no list leads there");
}

/// Each amount is right in the time of its own rate; what differs is one cause, never three differences.
#[test]
fn amounts_compare_on_the_date_they_hold_for() {
    let drawn = |coefficient: &str, rate: &str, amount: &str, policy: &str| json!({ "HeSo": coefficient, "MucChuan": rate, "MucHuong": amount, "ChinhSach": policy, "TuThang": "03/2023" });
    let (new, old) = (drawn("1.5", "540000", "810000", "335/2026"), drawn("1.5", "500000", "750000", "76/2024"));
    agree(&new, &drawn("1.50", "540.000", "810000", "Nghị định 335/2026/NĐ-CP"));
    let found = one(&new, &old);
    assert_eq!((found.reason.as_str(), found.field.as_str()), ("older-rate-there", "MucHuong"));
    assert_eq!(found.cause, "older-rate-there MucHuong 335/2026 ≠ 76/2024");
    assert_eq!((found.ours.as_str(), found.right), ("810000; MucChuan 540000; ChinhSach 335/2026", Right::Province));
    assert_eq!(one(&old, &new).reason, "older-rate-here");
    // Before the new rate is in force both are right, each for its own months.
    assert_eq!(compare_on(date(2026, 6, 30), &new, &old), []);
    assert_eq!(compare_on(date(2026, 7, 1), &new, &old).len(), 1);
    assert_eq!(reason(&new, &drawn("1.5", "540000", "800000", "335/2026")), "wrong-amount-there");
    assert_eq!(one(&drawn("1.5", "540000", "800000", "335/2026"), &new).reason, "wrong-amount-here");
    assert_eq!(reason(&new, &drawn("2.0", "540000", "1080000", "335/2026")), "differs");
    let later = json!({ "HeSo": "1.5", "MucChuan": "540000", "MucHuong": "810000", "ChinhSach": "335/2026", "TuThang": "04/2023" });
    assert_eq!(one(&new, &later).field, "TuThang");
    assert_eq!(
        one(&new, &drawn("1.5", "540000", "nhiều", "335/2026")).field,
        "MucHuong",
        "what cannot be read differs"
    );
    assert_eq!(one(&json!({ "MucHuong": "7200000" }), &json!({ "MucHuong": "7000000" })).field, "MucHuong");
}

#[test]
fn a_stop_that_the_nation_does_not_have_went_backwards() {
    let status = |word: &str| json!({ "TrangThai": word });
    let found = one(&status("THOI_HUONG"), &status("DANG_HUONG"));
    assert_eq!((found.kind, found.right), (Kind::StatusBack, Right::Person));
    assert_eq!(one(&status("DANG_HUONG"), &status("THOI_HUONG")).kind, Kind::FieldDiffers);
    assert_eq!(one(&status("DANG_HUONG"), &status("TAM_DUNG")).kind, Kind::FieldDiffers);
}

#[test]
fn what_the_file_forgot_is_compared_and_nobody_is_right_about_it() {
    let found = one(&json!({ "TruongMoi": "a" }), &json!({ "TruongMoi": "b" }));
    assert_eq!((found.right, found.law.as_str()), (Right::Person, ""));
    agree(&json!({ "TruongMoi": "Hòa" }), &json!({ "TruongMoi": "HOÀ" }));
}

/// Whether every field of every entity is in the file, so that nothing is left to a person by oversight.
#[test]
fn every_field_of_the_seven_entities_is_in_the_file() {
    let entities = [
        "doi-tuong",
        "mai-tang-phi",
        "tro-giup-dot-xuat",
        "cham-soc-khan-cap",
        "co-so-tro-giup",
        "chi-tra",
        "chuc-tho",
    ];
    for entity in entities {
        let mapping = Mapping::load(&mappings(), "misposasoft", entity).unwrap_or_else(|faults| panic!("{faults}"));
        for name in mapping.layout().names() {
            assert!(SHIPPED.names(entity, name), "{entity}: {name} stands in no [[compare]]");
        }
    }
    assert!(!SHIPPED.names("doi-tuong", "HoTenn"));
}

#[test]
fn a_person_is_known_by_a_usable_number_only() {
    let person = |kind: &str, number: &str, earlier: &str, group: &str, status: &str| {
        let fields = json!({ "LoaiGiayTo": kind, "SoGiayTo": number, "MaDinhDanhCu": earlier, "NhomDoiTuong": group, "TrangThai": status });
        SHIPPED.person("doi-tuong", &record(&fields)).expect("a person's record")
    };
    let one = person("CCCD", "087141000123", "340123457", "5.4", "DANG_HUONG");
    assert_eq!(one.person, person("CCCD", "087141000123", "", "5.6", "TAM_DUNG").person);
    assert_eq!(one.earlier, person("CMND", "340123457", "", "", "").person, "the earlier number is the other's number");
    for (kind, number) in
        [("KHONG", ""), ("CCCD", ""), ("CCCD", "000000000001"), ("CCCD", "87141000123"), ("GKS", "12/2015")]
    {
        assert_eq!(person(kind, number, "", "", "").person, None, "{kind} {number}");
    }
    assert!(one.runs && !person("CCCD", "087141000123", "", "", "THOI_HUONG").runs);
    let of = |group: &str| person("CCCD", "087141000123", "", group, "DANG_HUONG");
    let may = |a: &str, b: &str| SHIPPED.may_both("doi-tuong", &of(a), &of(b));
    assert!(
        may("5.4", "5.6") && may("5.5c", "5.4") && !may("5.5c", "5.6") && !may("5.4", "5.4") && !may("5.40", "5.6")
    );
    assert_eq!(SHIPPED.person("khac", &Map::new()), None);
}

proptest! {
    /// Equal data gives nothing, whatever stands in it; and what one side says the other hears the same way.
    #[test]
    fn failure_31_equal_data_never_differs(values in proptest::collection::vec("[A-Za-zÀ-ỹ0-9/., -]{0,12}", 40), today in 0_i32..4000) {
        let mapping = Mapping::load(&mappings(), "misposasoft", "doi-tuong").expect("the mapping");
        let fields = mapping.layout().names().iter().zip(&values).map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        let ours: Map<String, Value> = fields.collect();
        let apart = ours.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str().unwrap_or_default().nfd().collect::<String>())));
        let today = date(2020, 1, 1).saturating_add(jiff::Span::new().days(today));
        prop_assert_eq!(SHIPPED.compare("doi-tuong", &ours, &ours, today), []);
        prop_assert_eq!(SHIPPED.compare("doi-tuong", &ours, &apart.collect(), today), []);
    }
}
