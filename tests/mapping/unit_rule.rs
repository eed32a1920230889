//! A commune lies in its district and its province, whatever level is left empty.

use std::path::Path;

use jiff::civil::{Date, date};
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::RawRow;

use super::{mappings, told};

const TODAY: Date = date(2023, 12, 18);

/// A mapping of nothing but three units, whose rule goes by this list.
fn judged(list: &str, with_district: bool, row: [&str; 3]) -> Vec<String> {
    let district = if with_district { "district = \"HUYEN\", " } else { "" };
    let head = format!(
        "[[rule]]\nname = \"unit\"\nwith = {{ province = \"TINH\", {district}commune = \"XA\", units = \"{list}\" }}\n\
         [mapping]\nentity = \"thu\"\nkey = \"k\"\n[columns]\nk = \"text\"\n"
    );
    let levels: Vec<&str> = ["tinh", "huyen", "xa"].into_iter().filter(|l| with_district || *l != "huyen").collect();
    let columns: Vec<String> = levels.iter().map(|level| format!("{level} = \"text\"\n")).collect();
    let code = format!("code = {{ list = \"{list}\", by = \"code\", at = \"ever\" }}");
    let field = |level: &&str| {
        let name = level.to_uppercase();
        format!("[[field]]\nname = \"{name}\"\nfrom = \"{level}\"\n{code}\n")
    };
    let fields: Vec<String> = levels.iter().map(field).collect();
    let key = "[[field]]\nname = \"K\"\nfrom = \"k\"\n";
    let text = [&head, &columns.concat(), key, &fields.concat()].concat();
    let codes = mappings().join("codes");
    let mapping = Mapping::parse(Path::new("m.toml"), &text, &codes).unwrap_or_else(|faults| panic!("{faults}"));
    let value = |name: &str| match name {
        "k" => Some("K-1"),
        "tinh" => Some(row[0]),
        "huyen" => Some(row[1]),
        _ => Some(row[2]),
    };
    let columns = mapping.columns().iter().map(|c| value(&c.name)).collect();
    told(&mapping.judge(&RawRow { number: 1, columns }, TODAY))
}

#[test]
fn with_districts_a_commune_without_its_district_is_told() {
    let told = |row| judged("units-2020", true, row);
    assert_eq!(told(["87", "866", "29869"]), [""; 0]);
    assert_eq!(told(["87", "", ""]), [""; 0], "nothing below the province is said");
    assert_eq!(told(["87", "866", ""]), [""; 0]);
    // Of 2025 it is Đạo Thạnh of the new Đồng Tháp, of 2020 a ward of Mỹ Tho.
    assert_eq!(told(["82", "", "28249"]), ["missing HUYEN"]);
    assert_eq!(told(["87", "", "29869"]), ["missing HUYEN"]);
    assert_eq!(told(["87", "", "28249"]), ["missing HUYEN"]);
    assert_eq!(told(["87", "815", "28249"]), ["unknown-code HUYEN"]);
    assert_eq!(told(["82", "815", "29869"]), ["unknown-code XA"]);
    assert_eq!(told(["82", "xx", "28249"]), ["unknown-code HUYEN"], "one complaint is enough");
}

#[test]
fn without_districts_an_empty_district_is_as_it_should_be() {
    for with_district in [true, false] {
        let told = |row| judged("units-2025", with_district, row);
        assert_eq!(told(["82", "", "28249"]), [""; 0], "{with_district}");
        let wrong = if with_district { "missing HUYEN" } else { "unknown-code XA" };
        // The rule's one list has no other province, so the province itself stands in as a commune.
        assert_eq!(told(["82", "", "82"]), [wrong], "{with_district}");
    }
}

#[test]
fn a_dossier_whose_commune_has_no_district_does_not_go_unseen() {
    for entity in ["ho-so", "mo-ho-so"] {
        let mapping = Mapping::load(mappings(), "dvcbtxh", entity).unwrap_or_else(|faults| panic!("{faults}"));
        let row = |name: &str| match name {
            "ma_ho_so" => Some("H20.31-230615-0002"),
            "ma_tthc" => Some("1.001731"),
            "ho_ten" => Some("Nguyễn Văn Ví Dụ"),
            "loai_doi_tuong" | "trang_thai" | "trang_thai_dau" => Some("1"),
            "ma_tinh" => Some("82"),
            "ma_xa" => Some("28249"),
            _ => None,
        };
        let columns = mapping.columns().iter().map(|c| row(&c.name)).collect();
        let judged = mapping.judge(&RawRow { number: 1, columns }, TODAY);
        assert!(told(&judged).contains(&"missing MaHuyen".to_owned()), "{entity}: {:?}", told(&judged));
        assert_eq!(judged.canonical, "", "{entity}");
    }
}
