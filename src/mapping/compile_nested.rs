//! Objects, lists of objects and XML of a document, resolved.

use super::compile::Compiler;
use super::document::{FieldDoc, RowsDoc};
use super::nested::{Part, Parts, Rows, Shape};

/// Rows of a list where the mapping does not say.
const USUAL_ROWS: i64 = 100;
/// More are a mistake of the mapping.
const MAX_ROWS: i64 = 1000;

/// A field in the one list in which parts stand before what they are part of, under `Whole.Part`.
pub(super) struct Flat {
    pub(super) doc: FieldDoc,
    pub(super) parts: Vec<PartDoc>,
    /// It is a part itself.
    pub(super) part: bool,
}

/// A part: its own name, that in the list, and the element of its rows in XML.
pub(super) struct PartDoc {
    own: String,
    full: String,
    item: Option<String>,
}

/// Puts parts before their wholes.
pub(super) fn flatten(docs: Vec<FieldDoc>) -> Vec<Flat> {
    let mut flat = Vec::new();
    for doc in docs {
        push(&mut flat, doc, false);
    }
    flat
}

fn push(flat: &mut Vec<Flat>, mut doc: FieldDoc, part: bool) {
    let mut parts = Vec::new();
    for mut inner in std::mem::take(&mut doc.parts) {
        let own = std::mem::take(&mut inner.name.value);
        inner.name.value = format!("{}.{own}", doc.name.value);
        inner.internal |= doc.internal;
        let item = inner.rows.as_ref().and_then(|rows| rows.item.as_ref()).map(|item| item.value.clone());
        parts.push(PartDoc { own, full: inner.name.value.clone(), item });
        push(flat, inner, true);
    }
    flat.push(Flat { doc, parts, part });
}

/// Whether XML allows it as the name of an element, without a prefix.
fn is_element(name: &str) -> bool {
    let start = |c: char| c.is_alphabetic() || c == '_';
    name.starts_with(start) && name.chars().all(|c| start(c) || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

impl Compiler<'_, '_> {
    /// The shape of a field whose parts were compiled before it; `None` when a fault was written.
    pub(super) fn shape(&mut self, doc: &mut FieldDoc, parts: &[PartDoc], earlier: &[String]) -> Option<Shape> {
        let name = doc.name.clone();
        let nested = !parts.is_empty() || doc.rows.is_some();
        let chain = &doc.chain;
        let sourced = chain.from.is_some() || chain.constant.is_some() || chain.computed.is_some();
        let plain = doc.code.is_some() || doc.split.is_some() || doc.default.is_some() || doc.or.is_some();
        for (wrong, message) in [
            (nested && plain, "part và rows không đi cùng code, list, default, or / part and rows go without these"),
            (
                nested && !(chain.via.is_empty() && doc.then.is_empty()),
                "part và rows không có via, then / part and rows have no via and no then",
            ),
            (
                !parts.is_empty() && (sourced || doc.rows.is_some()),
                "part không đi cùng from, constant, computed, rows / part goes without these",
            ),
            (doc.xml.is_some() && parts.is_empty(), "xml cần [[field.part]] / xml needs parts"),
        ] {
            if wrong {
                self.reader.fault(name.line, format!("`{}`: {message}", name.value));
                return None;
            }
        }
        if let Some(rows) = doc.rows.take() {
            return self.rows(rows, &name.value).map(Shape::Rows);
        }
        if parts.is_empty() {
            return Some(Shape::Plain);
        }
        if let Some(root) = &doc.xml {
            self.element(&root.value, root.line);
            for part in parts {
                self.element(&part.own, name.line);
            }
        }
        let of = |part: &PartDoc| {
            let at = earlier.iter().position(|e| *e == part.full)?;
            Some(Part { name: part.own.clone(), at, item: part.item.clone() })
        };
        let parts = parts.iter().map(of).collect::<Option<_>>()?;
        Some(Shape::Parts(Parts { parts, xml: doc.xml.as_ref().map(|root| root.value.clone()) }))
    }

    fn element(&self, name: &str, line: usize) {
        if !is_element(name) {
            self.reader.fault(line, format!("`{name}` không là tên phần tử XML / no name of an XML element"));
        }
    }

    fn rows(&mut self, doc: RowsDoc, whole: &str) -> Option<Rows> {
        let most = doc.most.as_ref().map_or(USUAL_ROWS, |most| most.value);
        if !(1..=MAX_ROWS).contains(&most) {
            let message = format!("rows.most = {most}: từ 1 đến {MAX_ROWS} / from 1 to {MAX_ROWS}");
            self.reader.fault(doc.line, message);
        }
        if doc.fields.is_empty() {
            self.reader.fault(doc.line, format!("`{whole}`: rows không có field / has no field"));
        }
        if let Some(item) = &doc.item {
            self.element(&item.value, item.line);
            doc.fields.iter().filter(|f| !f.internal).for_each(|f| self.element(&f.name.value, f.name.line));
        }
        let mut keys: Vec<String> = Vec::new();
        for field in &doc.fields {
            let or = field.or.as_ref().and_then(|or| or.from.as_ref());
            for key in [field.chain.from.as_ref(), or, field.only_with.as_ref()].into_iter().flatten() {
                if !keys.contains(&key.value) {
                    keys.push(key.value.clone());
                }
            }
            if field.rows.is_some() || !field.parts.is_empty() || field.split.is_some() {
                let message = format!("`{}`: trong rows chỉ có chuỗi / only texts stand in rows", field.name.value);
                self.reader.fault(field.name.line, message);
            }
        }
        for ignored in doc.ignore.iter().filter(|i| keys.contains(&i.value)) {
            let message = format!("rows.ignore: `{}` có trường đọc nó / a field reads it", ignored.value);
            self.reader.fault(ignored.line, message);
        }
        let columns = std::mem::replace(&mut self.columns, keys.clone());
        let used = std::mem::replace(&mut self.used, vec![false; keys.len()]);
        let names: Vec<String> = doc.fields.iter().map(|f| f.name.value.clone()).collect();
        let mut fields = Vec::new();
        for (at, field) in doc.fields.into_iter().enumerate() {
            if names[..at].contains(&field.name.value) {
                let message = format!("trường `{}` có hai lần / field twice", field.name.value);
                self.reader.fault(field.name.line, message);
            }
            fields.push(self.one_field(Flat { doc: field, parts: Vec::new(), part: false }, &names[..at]));
        }
        self.columns = columns;
        self.used = used;
        Some(Rows {
            keys,
            ignore: doc.ignore.into_iter().map(|i| i.value).collect(),
            fields: fields.into_iter().collect::<Option<_>>()?,
            most: usize::try_from(most).ok()?,
        })
    }
}
