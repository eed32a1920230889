//! How one entity's SOAP elements or file columns stand in a profile.

use super::document::Section;
use super::files::{FileForm, FileKind};
use super::soap::SoapForm;

/// Excel's own limit for a sheet's name, and what may not stand in it.
const SHEET: (usize, &[char]) = (31, &['[', ']', ':', '*', '?', '/', '\\', '\'']);

/// Reads `[entity.….soap]`; a file needs no question.
pub(super) fn soap(section: &Section<'_, '_>, asks: bool) -> SoapForm {
    let form = SoapForm {
        namespace: section.text("namespace"),
        write: element(section, "write"),
        ask: if asks { element(section, "ask") } else { String::new() },
        item: element(section, "item"),
        write_order: section.texts("write-order"),
        stop_order: section.texts_or("stop-order"),
    };
    section.close();
    form
}

/// Reads `[entity.….file]`.
pub(super) fn file(section: &Section<'_, '_>) -> FileForm {
    let kind = section.word("kind", &FileKind::WORDS).unwrap_or_default();
    let mut form = FileForm { kind, ..FileForm::default() };
    if kind == FileKind::Xml {
        form.xml = soap(&section.table("xml"), false);
    } else {
        form.columns = section.texts("columns");
    }
    if kind == FileKind::Xlsx {
        form.sheet = section.text("sheet");
        let (most, signs) = SHEET;
        if form.sheet.chars().count() > most || form.sheet.contains(signs) {
            section.doc().fault(
                section.at(),
                format!(
                    "`{}.sheet`: tên trang tính nhiều nhất {most} ký tự, không có [ ] : * ? / \\ ' / not a sheet's name",
                    section.name()
                ),
            );
        }
    }
    section.close();
    form
}

/// A name that XML takes as an element's (XML 1.0, 2.3), kept to what anybody uses.
fn element(section: &Section<'_, '_>, key: &str) -> String {
    let name = section.text(key);
    let fine = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if !name.is_empty() && !fine {
        section.doc().fault(
            section.at(),
            format!("`{}.{key}` = \"{name}\" không phải tên phần tử XML / not an element's name", section.name()),
        );
    }
    name
}
