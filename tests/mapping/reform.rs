//! Units through the reform of 2025: 305 communes of 2020 arrive as 102, the three that were split go where people decided
//! for each address, and neither a number nor a name alone decides anything. `fixtures/units-reform.csv` has the facts.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{Decisions, Judgement, RawRow};
use serde_json::Value;

use super::{GOOD, mappings, told};

const TODAY: Date = date(2026, 11, 24);
const SPLIT: [&str; 3] = ["29995", "30079", "30157"];

/// One line of the facts.
pub(super) struct Fact {
    pub(super) province: String,
    pub(super) district: String,
    pub(super) commune: String,
    pub(super) name: String,
    pub(super) new: String,
    pub(super) split: bool,
}

pub(super) fn facts() -> Vec<Fact> {
    let mut file = csv::Reader::from_path(mappings().join("../fixtures/units-reform.csv")).unwrap();
    let rows = file.records().map(Result::unwrap);
    rows.map(|r| Fact {
        province: r[0].into(),
        district: r[1].into(),
        commune: r[2].into(),
        name: r[3].into(),
        new: r[5].into(),
        split: &r[7] == "split",
    })
    .collect()
}

/// The mapping that ships, with some of its lines changed.
pub(super) fn changed(changes: &[(&str, &str)]) -> Mapping {
    let file = mappings().join("misposasoft/doi-tuong.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    Mapping::parse(&file, &text, &mappings().join("codes")).unwrap_or_else(|faults| panic!("{faults}"))
}

pub(super) const TO_2025: (&str, &str) = ("from = \"2020\"\nto = \"2020\"", "from = \"2020\"\nto = \"2025\"");
const BY_NAME: (&str, &str) = ("\nby = \"code\"", "\nby = \"name\"");
const TELLS: [(&str, &str); 2] = [
    ("\nby = \"code\"", "\nby = \"code\"\ncolumn = \"danh_muc\""),
    ("\nma_xa = \"text\"", "\nma_xa = \"text\"\ndanh_muc = \"text\""),
];

/// The good row with other units, judged.
fn judge(mapping: &Mapping, changes: &[(&str, &str)], decided: &Decisions) -> Judgement {
    let find = |set: &[(&'static str, &'static str)], name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let value = |name: &str| changes.iter().find(|(n, _)| *n == name).map(|(_, v)| *v).or_else(|| find(GOOD, name));
    let columns = mapping.columns().iter().map(|c| value(&c.name)).collect();
    mapping.judge_decided(&RawRow { number: 1, columns }, TODAY, decided)
}

fn at<'v>(province: &'v str, district: &'v str, commune: &'v str) -> [(&'static str, &'v str); 3] {
    [("ma_tinh", province), ("ma_huyen", district), ("ma_xa", commune)]
}

/// Catalogue, province, district and commune of what would be sent.
fn sent(judged: &Judgement) -> [String; 4] {
    let held: Vec<_> = judged.held_for().into_iter().collect();
    assert!(held.is_empty(), "{held:?}");
    let record: Value = serde_json::from_str(&judged.canonical).unwrap();
    ["DanhMucDVHC", "MaTinh", "MaHuyen", "MaXa"].map(|f| record[f].as_str().unwrap().to_owned())
}

fn held(judged: &Judgement) -> (String, String, String) {
    let gravest = judged.held_for().expect("held");
    (gravest.reason.to_string(), gravest.field.clone(), gravest.proposal.clone().unwrap_or_default())
}

#[test]
fn each_of_305_becomes_what_the_resolution_says_and_three_wait() {
    let (mapping, none) = (changed(&[TO_2025]), Decisions::default());
    let (mut whole, mut news) = (BTreeSet::new(), BTreeSet::new());
    let mut split: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for fact in facts() {
        let judged = judge(&mapping, &at(&fact.province, &fact.district, &fact.commune), &none);
        if fact.split {
            let (reason, field, proposal) = held(&judged);
            assert_eq!((reason.as_str(), field.as_str()), ("unit-split", "MaXa"), "{}", fact.commune);
            assert!(proposal.contains(&fact.new), "{proposal} lacks {}", fact.new);
            assert_eq!(judged.unit, "");
            split.entry(fact.commune).or_default().push(fact.new);
        } else {
            assert_eq!(sent(&judged), ["2025", "82", "", fact.new.as_str()], "{}", fact.commune);
            assert_eq!((judged.unit.as_str(), judged.asked.is_none()), (fact.new.as_str(), true));
            whole.insert(fact.commune);
            news.insert(fact.new);
        }
    }
    assert_eq!((whole.len(), news.len()), (302, 102));
    assert_eq!(split.keys().collect::<Vec<_>>(), SPLIT);
    for (commune, candidates) in &split {
        let asked = judge(&mapping, &at("87", district(commune), commune), &none).asked.unwrap();
        assert_eq!((&asked.code, &asked.candidates, asked.decision), (commune, candidates, 0));
    }
    // On the catalogue of 2020 nothing is translated and nobody is asked.
    let before = judge(&changed(&[]), &at("87", "870", "29995"), &none);
    assert_eq!((sent(&before), before.asked), (["2020", "87", "870", "29995"].map(String::from), None));
}

fn district(commune: &str) -> &'static str {
    match commune {
        "29995" => "870",
        "30079" => "873",
        _ => "874",
    }
}

#[test]
fn the_old_place_stays_in_the_address() {
    let mapping = changed(&[TO_2025]);
    let of = |address: &str| {
        let changes = [&at("87", "866", "29869")[..], &[("dia_chi", address)]].concat();
        let judged = judge(&mapping, &changes, &Decisions::default());
        let record: Value = serde_json::from_str(&judged.canonical).unwrap();
        (record["MaXa"].as_str().unwrap().to_owned(), record["DiaChi"].as_str().unwrap().to_owned())
    };
    let old = "(trước 01/07/2025: Phường 1, Thành phố Cao Lãnh, Tỉnh Đồng Tháp)";
    let new = facts().into_iter().find(|f| f.commune == "29869").unwrap().new;
    assert_eq!(of("12 đường Ví Dụ"), (new.clone(), format!("12 đường Ví Dụ {old}")));
    assert_eq!(of(""), (new.clone(), old.to_owned()));
    assert_eq!(of("Nhà {commune}"), (new, format!("Nhà {{commune}} {old}")));
}

#[test]
fn a_number_never_tells_its_catalogue() {
    let mapping = changed(&[TO_2025, TELLS[0], TELLS[1]]);
    let none = Decisions::default();
    let of = |catalogue: &str, province, district, commune| {
        judge(&mapping, &[&at(province, district, commune)[..], &[("danh_muc", catalogue)]].concat(), &none)
    };
    // 28249 is Phường 5 of Mỹ Tho in the one and Phường Đạo Thạnh in the other; 30157 was split, and is a commune of 2025.
    assert_eq!(sent(&of("2020", "82", "815", "28252")), ["2025", "82", "", "28249"]);
    assert_eq!(sent(&of("2025", "82", "", "28249")), ["2025", "82", "", "28249"]);
    assert_eq!(held(&of("", "87", "874", "30157")).0, "unit-split");
    assert_eq!(sent(&of("Hai cấp (từ 01/07/2025)", "82", "", "30157")), ["2025", "82", "", "30157"]);
    // 77 numbers bear another name now: each goes as what its row says, once.
    let codes: BTreeSet<String> = facts().into_iter().map(|f| f.new).collect();
    for code in &codes {
        assert_eq!(sent(&of("2025", "82", "", code))[3], *code);
    }
    for (row, wanted) in [
        (of("2025", "87", "", "30157"), ("unknown-code", "MaTinh")),
        (of("2025", "82", "874", "30157"), ("unknown-code", "MaHuyen")),
        (of("2020", "82", "", "30157"), ("missing", "MaHuyen")),
        (of("2020", "82", "815", "30157"), ("unknown-code", "MaXa")),
        (of("2099", "82", "", "30157"), ("unknown-code", "DanhMucDVHC")),
        (of("2025", "82", "", "28252"), ("unknown-code", "MaXa")),
    ] {
        let (reason, field, _) = held(&row);
        assert_eq!((reason.as_str(), field.as_str()), wanted, "{:?}", told(&row));
    }
    // A target on the catalogue of 2020 has no list backwards: a row of 2025 is held, not sent as if it were of 2020.
    let back = changed(&TELLS);
    let changes = [&at("82", "", "28249")[..], &[("danh_muc", "2025")]].concat();
    assert_eq!(held(&judge(&back, &changes, &none)).0, "unknown-code");
}

#[test]
fn names_count_within_the_unit_above_only() {
    let mapping = changed(&[TO_2025, BY_NAME]);
    let none = Decisions::default();
    let of = |province, district, commune| judge(&mapping, &at(province, district, commune), &none);
    let new_of = |district: &str, name: &str| {
        let found: Vec<_> = facts().into_iter().filter(|f| f.district == district && f.name == name).collect();
        assert_eq!(found.len(), 1, "{district} {name}");
        found[0].new.clone()
    };
    // A city and a district of one name; two districts of one name in two provinces.
    for (province, district, commune, code) in [
        ("Tỉnh Đồng Tháp", "Thành phố Cao Lãnh", "Xã Mỹ Trà", "866"),
        ("tỉnh đồng tháp", "HUYỆN CAO LÃNH", "xã mỹ thọ", "873"),
        ("Tỉnh Đồng Tháp", "Thành phố Hồng Ngự", "Phường An Thạnh", "868"),
        ("Tỉnh Đồng Tháp", "Huyện Hồng Ngự", "Xã Long Thuận", "870"),
        ("Tỉnh Đồng Tháp", "Huyện Châu Thành", "Xã Tân Phú", "877"),
        ("Tỉnh Tiền Giang", "Huyện Châu Thành", "Xã Tân Hương", "821"),
    ] {
        let name = facts().into_iter().find(|f| f.name.to_lowercase() == commune.to_lowercase()).unwrap().name;
        assert_eq!(sent(&of(province, district, commune))[3], new_of(code, &name), "{district} {commune}");
    }
    for (province, district, commune, field, proposal) in [
        // Without its kind word it is both, and without the right province it is none.
        ("Tỉnh Đồng Tháp", "Cao Lãnh", "Xã Mỹ Trà", "MaHuyen", "866 Thành phố Cao Lãnh; 873 Huyện Cao Lãnh"),
        ("Tỉnh Đồng Tháp", "Hồng Ngự", "Xã Long Thuận", "MaHuyen", "868 Thành phố Hồng Ngự; 870 Huyện Hồng Ngự"),
        ("Tỉnh Đồng Tháp", "Châu Thành", "Xã Tân Phú", "MaHuyen", "877 Huyện Châu Thành"),
        ("Đồng Tháp", "Huyện Châu Thành", "Xã Tân Phú", "MaTinh", "87 Tỉnh Đồng Tháp"),
        ("Tỉnh Tiền Giang", "Huyện Cao Lãnh", "Xã Mỹ Thọ", "MaHuyen", ""),
        // A commune of the city is none of the district.
        ("Tỉnh Đồng Tháp", "Huyện Cao Lãnh", "Xã Mỹ Trà", "MaXa", ""),
        ("Tỉnh Đồng Tháp", "Huyện Cao Lãnh", "Mỹ Thọ", "MaXa", "30076 Thị trấn Mỹ Thọ; 30100 Xã Mỹ Thọ"),
    ] {
        let (reason, at, proposed) = held(&of(province, district, commune));
        assert_eq!((reason.as_str(), at.as_str()), ("unknown-code", field), "{province} {district} {commune}");
        assert_eq!(proposed, proposal, "{province} {district} {commune}");
    }
    // Split is split, by whatever it is named.
    assert_eq!(held(&of("Tỉnh Đồng Tháp", "Huyện Cao Lãnh", "Xã Gáo Giồng")).0, "unit-split");
    // Outside of [units] a name of a place is no code at all.
    let file = mappings().join("misposasoft/doi-tuong.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let plain = text.replace(
        "name = \"MaXa\"\nfrom = \"ma_xa\"",
        "name = \"MaXa\"\nfrom = \"ma_xa\"\ncode = { list = \"units-2020\", by = \"name\" }",
    );
    assert_ne!(plain, text);
    let faults = Mapping::parse(&file, &plain, &mappings().join("codes")).unwrap_err();
    assert!(faults.to_string().contains("[units]"), "{faults}");
}

#[test]
fn an_address_is_one_however_it_is_written_and_none_is_nobody_elses() {
    let mapping = changed(&[TO_2025]);
    let of = |key, address, hamlet, decided: &Decisions| {
        let more = [("ma_ho_so", key), ("dia_chi", address), ("thon_to", hamlet)];
        judge(&mapping, &[&at("87", "870", "29995")[..], &more].concat(), decided)
    };
    let none = Decisions::default();
    let place = |key, address, hamlet| of(key, address, hamlet, &none).asked.unwrap().place;
    let first = place("A", "12, đường Hòa Bình", "Ấp 1");
    assert_eq!(first, place("B", "12 ĐƯỜNG  HOÀ BÌNH", "ấp 1."));
    assert_eq!(first, mapping.units().unwrap().place_of("29995", "12 đường Hòa Bình, Ấp 1"));
    assert_ne!(first, place("A", "12, đường Hòa Bình", "Ấp 2"));
    assert_ne!(first, place("A", "1 2, đường Hòa Bình", "Ấp 1"));
    // Who has no address is asked about alone.
    assert_ne!(place("A", "", ""), place("B", "", ""));
    assert_ne!(place("A", " , ", ""), place("B", "", " . "));
    let decided = Decisions::new([(first, 7, "30154".to_owned())]);
    let judged = of("C", "12 đường hòa bình", "Ấp 1", &decided);
    assert_eq!((sent(&judged), judged.asked.unwrap().decision), (["2025", "82", "", "30154"].map(String::from), 7));
    assert_eq!(held(&of("C", "12 đường hòa bình", "Ấp 2", &decided)).0, "unit-split");
    // A decision for what is no candidate decides nothing.
    let strange = Decisions::new([(first, 8, "28249".to_owned())]);
    assert_eq!(held(&of("C", "12 đường hòa bình", "Ấp 1", &strange)).0, "unit-split");
}

#[test]
fn what_an_operator_gets_wrong_in_units_is_told_with_its_line() {
    let file = mappings().join("misposasoft/doi-tuong.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    for (from, to, wanted) in [
        ("from = \"2020\"\nto = \"2020\"", "from = \"2020\"\nto = \"2026\"", "`2026`"),
        ("to = \"2025\"\nheld", "to = \"2052\"\nheld", "`2052`"),
        ("list = \"units-2020-2025\"", "list = \"units-2020-2026\"", "units-2020-2026"),
        ("\nby = \"code\"", "\nby = \"number\"", "code, name, either"),
        ("commune = \"MaXa\"", "commune = \"MaXaa\"", "`MaXa`"),
        ("district = \"MaHuyen\"\n", "", "district"),
        ("as = \"{address} (", "as = \"{adress} (", "{address}"),
    ] {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        let faults = Mapping::parse(&file, &text.replace(from, to), &mappings().join("codes")).unwrap_err();
        assert!(faults.to_string().contains(wanted) && faults.0[0].line.is_some(), "{from}: {faults}");
    }
}

/// Each mapping that ships has but one line to change, and is whole before and after.
#[test]
fn one_line_changes_the_catalogue_of_every_programme() {
    for entity in super::ENTITIES {
        let file = mappings().join(format!("misposasoft/{entity}.toml"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.matches(TO_2025.0).count(), 1, "{entity}");
        let parse = |text: &str| {
            Mapping::parse(&file, text, &mappings().join("codes")).unwrap_or_else(|faults| panic!("{entity}: {faults}"))
        };
        let (before, after) = (parse(&text), parse(&text.replace(TO_2025.0, TO_2025.1)));
        assert_eq!(
            (before.units().unwrap().target_list(), after.units().unwrap().target_list()),
            ("units-2020", "units-2025")
        );
        for outcome in before.run_examples().into_iter().chain(after.run_examples()) {
            assert!(outcome.passed(), "{entity}: {outcome:?}");
        }
        assert!(!after.run_examples().is_empty(), "{entity}");
    }
    let (before, after) = (changed(&[]).run_examples(), changed(&[TO_2025]).run_examples());
    let names = |of: &[molisa_gateway::mapping::ExampleOutcome]| of.iter().filter(|o| o.name.contains("2025")).count();
    assert_eq!((names(&before), names(&after)), (0, 1), "an example runs for the catalogue that it was written for");
}
