//! The communes of the catalogue of 2020 and how many people live in each.

use std::path::Path;

use serde::Deserialize;

use super::recipe::District;
use crate::model::{Fault, Faults};

/// A commune with its place in the districts of the recipe.
#[derive(Debug, Clone)]
pub(super) struct Commune {
    pub district: usize,
    pub code: String,
    pub name: String,
    pub weight: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    district: String,
    code: String,
    name: String,
    weight: u32,
}

/// Reads the list; mistakes go to `faults`.
pub(super) fn read(path: &Path, text: &str, districts: &[District], faults: &mut Faults) -> Vec<Commune> {
    let mut communes: Vec<Commune> = Vec::new();
    for (i, line) in csv::Reader::from_reader(text.as_bytes()).deserialize::<Line>().enumerate() {
        let mut fault = |message: String| faults.0.push(Fault::at(path, i + 2, message));
        let line = match line {
            Ok(line) => line,
            Err(e) => {
                fault(format!("{e}; the columns are district, code, name, weight"));
                continue;
            }
        };
        let Some(district) = districts.iter().position(|d| d.code == line.district) else {
            fault(format!("district {} is not in the recipe", line.district));
            continue;
        };
        if line.weight == 0 {
            fault(format!("commune {} has no weight; give a number above 0", line.code));
        }
        if communes.last().is_some_and(|last| (last.district, last.code.as_str()) >= (district, line.code.as_str())) {
            fault(format!("commune {} stands out of order: sort by district and code, each once", line.code));
        }
        communes.push(Commune { district, code: line.code, name: line.name, weight: u64::from(line.weight) });
    }
    if communes.is_empty() && faults.0.is_empty() {
        faults.0.push(Fault::of(path, "no commune"));
    }
    communes
}
