//! A commune that is named on the command line: one that nobody knows is a slip of the hand, not a place with nothing in it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Failure, output};
use crate::codes::{CodeLists, fold};
use crate::config::{Config, SystemConfig};
use crate::mapping::Mapping;
use crate::model::{Message, suggest};
use crate::store::{Store, triage};

/// Fails where no list of units of the streams has this commune, and nothing stands under it in the store. Nothing else is
/// opened for it: reports are made while sources and systems are away.
pub(super) async fn known(config: &Config, store: &Store, commune: &str) -> Result<(), Failure> {
    let communes = communes(config);
    // Without any list there is nothing to compare with.
    if communes.is_empty() || communes.contains_key(commune) {
        return Ok(());
    }
    let mut tx = store.read().await?;
    if triage::knows_unit(&mut tx, commune).await? {
        return Ok(());
    }
    let hint = hint(commune, &communes);
    Err(Failure::new(2, Message::MismatchNoCommune.with(&[("commune", &output::key(commune)), ("hint", &hint)])))
}

/// All communes of the lists that the streams use, old and new ones: what no other unit lies in.
fn communes(config: &Config) -> BTreeMap<String, String> {
    let mut lists = CodeLists::new(&config.mappings().join("codes"));
    let mut names: BTreeSet<String> = BTreeSet::new();
    for stream in &config.stream {
        let system = config.system.iter().find(|one| one.name == stream.system);
        let profile = system.map_or(stream.system.as_str(), SystemConfig::profile);
        // A mapping with mistakes is told by every verb that uses it.
        let Ok(mapping) = Mapping::load(&config.mappings(), profile, &stream.entity) else { continue };
        names
            .extend(mapping.units().into_iter().flat_map(|u| [u.target_list().to_owned(), u.source_list().to_owned()]));
    }
    let (mut all, mut above) = (BTreeMap::new(), BTreeSet::new());
    for list in names.iter().filter_map(|name| lists.get(name)) {
        let parent = list.column("parent");
        for entry in list.entries() {
            all.insert(entry.code.to_string(), entry.name.to_string());
            above.extend(parent.map(|parent| entry.extra(parent).to_owned()));
        }
    }
    all.retain(|code, _| !above.contains(code));
    all
}

/// The nearest code; where a name was written, the code of the nearest name.
fn hint(commune: &str, communes: &BTreeMap<String, String>) -> String {
    let by_name = || {
        let folded: Vec<(String, &String)> = communes.iter().map(|(code, name)| (fold(name), code)).collect();
        let wanted = fold(commune);
        // Hardly anybody writes the `Xã` or `Phường` before it.
        let whole = folded.iter().find(|(name, _)| name.ends_with(&format!(" {wanted}"))).map(|(_, code)| *code);
        let near = || {
            let near = suggest::nearest(&wanted, folded.iter().map(|(name, _)| name.as_str()))?;
            folded.iter().find(|(name, _)| name == near).map(|(_, code)| *code)
        };
        whole.or_else(near)
    };
    let found = if commune.bytes().any(|b| b.is_ascii_digit()) {
        suggest::nearest(commune, communes.keys().map(String::as_str)).and_then(|code| communes.get_key_value(code))
    } else {
        by_name().and_then(|code| communes.get_key_value(code))
    };
    found.map_or_else(String::new, |(code, name)| format!("; có phải `{code}` ({name})? / did you mean `{code}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_commune_is_named_by_code_or_by_name() {
        let all = [("28249", "Phường Đạo Thạnh"), ("29869", "Xã Cao Lãnh")];
        let all = all.into_iter().map(|(code, name)| (code.to_owned(), name.to_owned())).collect();
        assert!(hint("28294", &all).contains("`28249` (Phường Đạo Thạnh)"));
        assert!(hint("cao lãnh", &all).contains("`29869`"), "{}", hint("cao lãnh", &all));
        assert!(hint("Xã Cao Lảnh", &all).contains("`29869`"));
        assert_eq!(hint("zzzzzzzz", &all), "");
    }
}
