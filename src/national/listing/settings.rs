//! The profile's `[count]` and `[list]` turned into checked values.

use super::super::body::{Field, Key};
use super::super::document::Section;
use super::super::filled::{self, Places};
use super::super::settings::differ;
use super::{Asks, Blank, CountForm, ListForm};

/// Reads `[count]`.
pub(in super::super) fn count(section: &Section<'_, '_>, places: Places) -> CountForm {
    let fields = fields(&section.table("fields"), places, &[Blank::Province]);
    let answer = section.table("answer");
    let digest = answer.text_or("digest", "");
    let form = CountForm {
        fields,
        unit: answer.text("unit"),
        number: answer.text("number"),
        digest: Some(digest).filter(|name| !name.is_empty()),
    };
    differ(&answer, &[&form.unit, &form.number, form.digest.as_deref().unwrap_or_default()]);
    answer.close();
    section.close();
    form
}

/// Reads `[list]`.
pub(in super::super) fn list(section: &Section<'_, '_>, places: Places) -> ListForm {
    let needed = [Blank::Province, Blank::Unit, Blank::Page, Blank::Size];
    let fields = fields(&section.table("fields"), places, &needed);
    let small = |number: u64| u32::try_from(number).unwrap_or(1);
    let (first, size) = (small(section.number_or("first", 0..=1, 1)), small(section.number("size", 1..=10_000)));
    let answer = section.table("answer");
    let optional = |key| Some(answer.text_or(key, "")).filter(|name| !name.is_empty());
    let form = ListForm {
        fields,
        first,
        size,
        total: optional("total"),
        page: optional("page"),
        records: answer.text("records"),
        reference: answer.text("reference"),
        national_id: optional("national-id"),
        version: answer.text("version"),
        state: optional("state"),
        changed: optional("changed"),
        record: answer.text("record"),
        unit: answer.text("unit"),
        stopped: answer.texts("stopped"),
    };
    let given = |name: &Option<String>| name.clone().unwrap_or_default();
    differ(&answer, &[&given(&form.total), &given(&form.page), &form.records]);
    let beside = [given(&form.national_id), given(&form.state), given(&form.changed)];
    differ(&answer, &[&form.reference, &form.version, &form.record, &beside[0], &beside[1], &beside[2]]);
    answer.close();
    section.close();
    form
}

/// The fields of a question, in the order of the file; each of `needed` must be asked for.
fn fields(section: &Section<'_, '_>, places: Places, needed: &[Blank]) -> Vec<Asks> {
    let mut all = Vec::new();
    for entry in section.entries() {
        let Some(text) = section.as_text(entry.key, entry.value) else { continue };
        let key = Key::new(entry.key);
        let blank = Blank::WORDS.iter().find(|(word, _)| *word == text).map(|(_, blank)| *blank);
        all.push(match blank.filter(|blank| needed.contains(blank)) {
            Some(blank) => Asks::Blank(key, blank),
            None => Asks::Fixed(Field { key, value: filled::parts(section, entry.at, &text, places) }),
        });
    }
    for (word, blank) in Blank::WORDS.iter().filter(|(_, blank)| needed.contains(blank)) {
        if !section.is_absent() && !all.iter().any(|asks| matches!(asks, Asks::Blank(_, b) if b == blank)) {
            let name = section.name();
            section.doc().fault(section.at(), format!("`{name}`: không trường nào có {word} / no field has {word}"));
        }
    }
    all
}
