//! Stories of the mapping room, told from outside.

use std::path::Path;

use molisa_gateway::mapping::Mapping;

fn mappings() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/mappings"))
}

#[test]
fn the_mapping_that_ships_is_without_faults() {
    let faults = Mapping::check(mappings(), "misposasoft", "doi-tuong");
    assert!(faults.0.is_empty(), "{faults}");
}
