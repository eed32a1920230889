//! The authority file: every mistake is told with its line, and what it says holds in its time.

use std::path::{Path, PathBuf};

use jiff::civil::date;
use molisa_gateway::mismatch::{Authority, Right};
use serde_json::{Map, Value};

fn mappings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings")
}

const HEAD: &str = "[lists]\npapers = \"paper-kinds\"\nrates = \"rates\"\n\n[entity.e]\nkind = \"K\"\nnumber = \"N\"\n";

fn parse(blocks: &str) -> Result<Authority, Vec<String>> {
    let text = format!("{HEAD}{blocks}");
    let parsed = Authority::parse(Path::new("a.toml"), &text, &mappings().join("codes"), "nation");
    parsed.map_err(|faults| faults.0.iter().map(ToString::to_string).collect())
}

fn block(fields: &str, rest: &str) -> String {
    format!("[[compare]]\nfields = [{fields}]\nas = \"text\"\nlaw = \"l\"\nchecked = \"source\"\n{rest}")
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let wrong = "\
[[compare]]
fields = [\"A\"]
as = \"txt\"
right = \"provnce\"
law = \"\"
checked = \"seen\"
[[compare]]
fields = [\"B\", \"B\"]
as = \"text\"
right = \"province\"
law = \"l\"
checked = \"memory\"
entities = [\"f\"]
from = \"2025-13-01\"
extra = 1
[[compare]]
as = \"birth\"
date = \"D\"
right = \"person\"
law = \"l\"
checked = \"source\"
";
    let faults = parse(wrong).expect_err("full of mistakes");
    for (line, part) in [
        (10, "`compare.as` = \"txt\""),
        (10, "did you mean \"text\""),
        (11, "did you mean \"province\""),
        (12, "`compare.law`"),
        (13, "`compare.checked` = \"seen\""),
        (15, "\"B\" hai lần"),
        (14, "không có [entity.f]"),
        (14, "2025-13-01"),
        (22, "không biết khóa `compare.extra`"),
        (23, "thiếu `compare.year`"),
        (23, "thiếu `compare.by_year`"),
    ] {
        let there = faults.iter().any(|f| f.starts_with(&format!("a.toml:{line}: ")) && f.contains(part));
        assert!(there, "{line} {part}: {faults:#?}");
    }
    let unknown = Authority::parse(
        Path::new("a.toml"),
        "[lists]\npapers = \"paper-kind\"\nrates = \"rates\"\n[entity]\n",
        &mappings().join("codes"),
        "nation",
    );
    let told = unknown.expect_err("no such list").to_string();
    assert!(told.contains("a.toml:1: không có danh mục `paper-kind`") && told.contains("paper-kinds"), "{told}");
}

#[test]
fn one_field_has_one_word_at_one_time() {
    let (early, late) =
        ("right = \"province\"\nuntil = \"2025-06-30\"\n", "right = \"nation\"\nfrom = \"2025-07-01\"\n");
    let authority = parse(&(block("\"A\"", early) + &block("\"A\"", late))).expect("one after the other");
    let side = |text: &str| Map::from_iter([("A".to_owned(), Value::from(text))]);
    let right = |day| authority.compare("e", &side("a"), &side("b"), day).first().map(|d| d.right);
    assert_eq!(right(date(2025, 6, 30)), Some(Right::Province));
    assert_eq!(right(date(2025, 7, 1)), Some(Right::Nation));
    let twice = parse(&(block("\"A\"", "right = \"province\"\n") + &block("\"A\"", late))).expect_err("twice");
    assert!(twice[0].contains("trường `A` có hai lần"), "{twice:?}");
    // What is said of one entity goes before what is said of all.
    let own = block("\"A\"", "right = \"person\"\nentities = [\"e\"]\n");
    let authority = parse(&(block("\"A\"", "right = \"province\"\n") + &own)).expect("no overlap");
    let right = |entity| authority.compare(entity, &side("a"), &side("b"), date(2025, 7, 1))[0].right;
    assert_eq!((right("e"), right("other")), (Right::Person, Right::Province));
}

#[test]
fn a_system_without_a_file_compares_words_and_asks_a_person() {
    let none = Authority::load(&mappings(), "dvcqg", "portal").expect("no file is no mistake");
    assert!(none.is_empty());
    let shipped = Authority::load(&mappings(), "misposasoft", "nation").expect("the shipped file");
    assert!(!shipped.is_empty() && shipped.from_memory() > 10);
}

/// A month, an event, a stay: two records of one person about two of them are no pair.
#[test]
fn two_matters_of_one_person_are_no_pair() {
    let shipped = Authority::load(&mappings(), "misposasoft", "nation").expect("the shipped file");
    let of = |entity: &str, more: &[(&str, &str)]| {
        let mut record = serde_json::json!({ "LoaiGiayTo": "CCCD", "SoGiayTo": "087141000123" });
        for (field, value) in more {
            record[*field] = (*value).into();
        }
        shipped.person(entity, record.as_object().expect("an object")).expect("of one person")
    };
    for (entity, one, other) in [
        ("chi-tra", [("Ky", "202610"), ("MaThamChieuDoiTuong", "A")], [("Ky", "202611"), ("MaThamChieuDoiTuong", "A")]),
        ("chi-tra", [("Ky", "202610"), ("MaThamChieuDoiTuong", "A")], [("Ky", "202610"), ("MaThamChieuDoiTuong", "B")]),
        ("chuc-tho", [("Nam", "2021"), ("Tuoi", "70")], [("Nam", "2026"), ("Tuoi", "75")]),
        (
            "tro-giup-dot-xuat",
            [("NgayXayRa", "01/10/2026"), ("NguyenNhan", "THIEN_TAI")],
            [("NgayXayRa", "09/11/2026"), ("NguyenNhan", "THIEN_TAI")],
        ),
    ] {
        assert_eq!(of(entity, &one).person, of(entity, &one).person, "{entity}");
        assert_ne!(of(entity, &one).person, of(entity, &other).person, "{entity}");
        assert!(of(entity, &one).person.is_some() && of(entity, &one).runs);
    }
    assert!(of("co-so-tro-giup", &[("NgayRa", "")]).runs && !of("co-so-tro-giup", &[("NgayRa", "01/11/2026")]).runs);
    assert_eq!(of("mai-tang-phi", &[]).person, of("mai-tang-phi", &[("NgayMat", "01/11/2026")]).person);
}
