//! `[units]` as it is written, and its names resolved.

use std::sync::Arc;

use super::catalogue::Catalogue;
use super::compile::{Compiler, wanted};
use super::field_set::FieldSet;
use super::reader::{Section, Spot};
use super::units::Units;
use crate::codes::{By, CodeList};

/// The words that `keep` may name.
const WORDS: [&str; 4] = ["{address}", "{commune}", "{district}", "{province}"];

#[derive(Debug)]
pub(super) struct UnitsDoc {
    from: Spot<String>,
    to: Spot<String>,
    pub(super) column: Option<Spot<String>>,
    by: Option<Spot<String>>,
    catalogues: Spot<String>,
    list: Option<Spot<String>>,
    province: Spot<String>,
    district: Option<Spot<String>>,
    commune: Spot<String>,
    catalogue: Option<Spot<String>>,
    address: Vec<Spot<String>>,
    keep: Option<(Spot<String>, Spot<String>)>,
    line: usize,
}

pub(super) fn read_units(mut section: Section<'_, '_>) -> UnitsDoc {
    let keep = section.table("keep").map(|mut s| {
        let keep = (s.required("field"), s.required("as"));
        s.finish();
        keep
    });
    let doc = UnitsDoc {
        from: section.required("from"),
        to: section.required("to"),
        column: section.text("column"),
        by: section.text("by"),
        catalogues: section.required("catalogues"),
        list: section.text("list"),
        province: section.required("province"),
        district: section.text("district"),
        commune: section.required("commune"),
        catalogue: section.text("catalogue"),
        address: section.texts("address"),
        keep,
        line: section.line,
    };
    section.finish();
    doc
}

impl Compiler<'_, '_> {
    /// Resolves `[units]`; `None` when a fault was written.
    pub(super) fn units(
        &mut self,
        doc: &UnitsDoc,
        entity: &str,
        key: Option<usize>,
        write: &FieldSet,
    ) -> Option<Units> {
        let names = &write.names;
        let optional = |this: &Self, name: &Option<Spot<String>>| name.as_ref().map(|n| this.field(n, names));
        let (province, commune) = (self.field(&doc.province, names), self.field(&doc.commune, names));
        let (district, says) = (optional(self, &doc.district), optional(self, &doc.catalogue));
        let column = doc.column.as_ref().map(|c| self.column(c));
        let address: Vec<usize> = doc.address.iter().filter_map(|f| self.field(f, names)).collect();
        let keep = doc.keep.as_ref().map(|(field, pattern)| (self.field(field, names), self.pattern(pattern)));
        let by = self.word(doc.by.as_ref(), "by", &[("code", By::Code), ("name", By::Name), ("either", By::Either)]);
        let known = self.list(&doc.catalogues)?;
        let mut catalogues = vec![self.catalogue(&known, &doc.from)?];
        let mut became = None;
        if doc.to.value != doc.from.value {
            let target = self.catalogue(&known, &doc.to)?;
            became = Some(self.became(doc, &catalogues[0], &target)?);
            catalogues.push(target);
        } else if let Some(list) = &doc.list
            && !self.lists.exists(&list.value)
        {
            self.list(list);
        }
        if let (Some(deep), None) = (catalogues.iter().find(|c| c.deep), &doc.district) {
            let message = format!("[units] danh mục {} có cấp huyện: thiếu `district` / it has districts", deep.code);
            self.reader.fault(doc.line, message);
            return None;
        }
        if address.is_empty() && became.is_some() {
            let message = "[units] thiếu `address`: xã bị chia được quyết định theo địa chỉ / is missing";
            self.reader.fault(doc.line, message);
            return None;
        }
        // Each `?` below stands for a fault that was written above.
        Some(Units {
            entity: entity.to_owned(),
            key: key?,
            catalogues,
            known,
            column: wanted(column)?,
            by: by?,
            became,
            province: province?,
            district: wanted(district)?,
            commune: commune?,
            says: wanted(says)?,
            address,
            keep: match keep {
                None => None,
                Some((field, pattern)) => Some((field?, pattern?)),
            },
        })
    }

    fn pattern(&self, pattern: &Spot<String>) -> Option<String> {
        let bare = WORDS.iter().fold(pattern.value.clone(), |text, word| text.replace(word, ""));
        let right = pattern.value.matches(WORDS[0]).count() == 1 && !bare.contains(['{', '}']);
        if !right {
            let words = WORDS.join(", ");
            self.reader.fault(
                pattern.line,
                format!("[units.keep] `as`: {{address}} đúng một lần, và chỉ / once, and only {words}"),
            );
        }
        right.then(|| pattern.value.clone())
    }

    fn catalogue(&mut self, known: &CodeList, code: &Spot<String>) -> Option<Catalogue> {
        let Some(entry) = known.rows(&code.value).next() else {
            let hint =
                known.nearest_code(&code.value).map_or(String::new(), |c| format!("; có phải / did you mean `{c}`?"));
            let message = format!("danh mục `{}` không có `{}`{hint} / unknown catalogue", known.name(), code.value);
            self.reader.fault(code.line, message);
            return None;
        };
        let (Some(list), Some(levels)) = (known.column("list"), known.column("levels")) else {
            let message = format!("danh mục `{}` thiếu cột `list`, `levels` / columns are missing", known.name());
            self.reader.fault(code.line, message);
            return None;
        };
        let list = self.list(&Spot { value: entry.extra(list).to_owned(), line: code.line })?;
        let Some(parent) = list.column("parent") else {
            let message = format!("danh mục `{}` thiếu cột `parent` / column is missing", list.name());
            self.reader.fault(code.line, message);
            return None;
        };
        let deep = entry.extra(levels) == "3";
        Some(Catalogue { code: code.value.clone(), list, parent, deep, from: entry.valid_from, to: entry.valid_to })
    }

    /// The list between two catalogues: its codes are the one's, their successors the other's.
    fn became(&mut self, doc: &UnitsDoc, from: &Catalogue, to: &Catalogue) -> Option<Arc<CodeList>> {
        let Some(name) = &doc.list else {
            let message = format!("[units] thiếu `list`: danh mục chuyển {} → {} / is missing", from.code, to.code);
            self.reader.fault(doc.line, message);
            return None;
        };
        let list = self.list(name)?;
        if list.successor_list() != Some(to.list.name()) {
            let message = format!(
                "danh mục `{}` phải có cột `successor@{}` / the column is missing",
                list.name(),
                to.list.name()
            );
            self.reader.fault(name.line, message);
            return None;
        }
        let strange = list.entries().iter().find(|e| from.list.rows(&e.code).next().is_none());
        if let Some(entry) = strange {
            let message = format!(
                "danh mục `{}` dòng {}: `{}` không có trong `{}` / unknown code",
                list.name(),
                entry.line,
                entry.code,
                from.list.name()
            );
            self.reader.fault(name.line, message);
            return None;
        }
        Some(list)
    }
}
