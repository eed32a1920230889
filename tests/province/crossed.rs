//! The mappings hold exactly the rows that the generator damaged, and for the reason that it meant.

use std::path::Path;

use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::RawRow;
use molisa_gateway::province::Table;

use super::{SEED, recipe};

#[test]
fn every_programme_is_held_for_what_was_done_to_it() {
    let recipe = recipe();
    let mut wrong = Vec::new();
    for (table, entity) in [
        (Table::MaiTang, "mai-tang-phi"),
        (Table::TroGiupDotXuat, "tro-giup-dot-xuat"),
        (Table::ChamSocKhanCap, "cham-soc-khan-cap"),
        (Table::CoSoTroGiup, "co-so-tro-giup"),
        (Table::ChiTra, "chi-tra"),
        (Table::ChucTho, "chuc-tho"),
    ] {
        let mapping = Mapping::load(Path::new("mappings"), "misposasoft", entity).unwrap();
        assert!(table.columns().eq(mapping.columns().iter().map(|c| c.name.as_str())), "{entity}");
        for row in table.rows(&recipe, SEED, recipe.people()) {
            let columns = row.cells.iter().map(Option::as_deref).collect();
            let judged = mapping.judge(&RawRow { number: 1, columns }, "2023-12-18".parse().unwrap());
            let held = judged.held_for().map(|c| c.reason.word());
            // A key that stands twice is seen by the scan alone.
            if held != row.expected_held && row.expected_held != Some("key-twice") {
                wrong.push(format!(
                    "{entity}: {held:?}, not {:?}: {:?} {:?}",
                    row.expected_held, row.harm, judged.complaints
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
}
