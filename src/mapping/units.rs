//! Units of a record: of which catalogue its codes are, whether they lie in each other, and what they became.
//!
//! The same code means different places in two catalogues, so nothing is ever concluded from a number: the mapping (or a
//! column of the source) says which catalogue a row is in. What is in the target's catalogue already stays; what is in the
//! other is translated by the list between the two. A unit that was split goes where a person decided for its address,
//! and is held until somebody has. Names count only within the unit above them: cities and districts share them.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::catalogue::{Catalogue, Unfound};
use super::field::Context;
use super::field_set::FieldSet;
use super::steps::Watch;
use crate::codes::{At, By, CodeList, Entry, Found, fold};
use crate::model::{Asked, Decisions, Place, RawRow, Reason, text};
use crate::rules::{Facts, Findings, Slot};

/// The units of a mapping.
#[derive(Debug)]
pub struct Units {
    pub(super) entity: String,
    pub(super) key: usize,
    /// That of the source's codes first, then the target's where it is another one.
    pub(super) catalogues: Vec<Catalogue>,
    /// The list of catalogues, by which a column's words are understood.
    pub(super) known: Arc<CodeList>,
    /// The column that tells a row's catalogue; where it is empty, the first.
    pub(super) column: Option<usize>,
    pub(super) by: By,
    /// What a code of the first catalogue became in the last.
    pub(super) became: Option<Arc<CodeList>>,
    pub(super) province: usize,
    pub(super) district: Option<usize>,
    pub(super) commune: usize,
    /// The field that says which catalogue the record's codes are of.
    pub(super) says: Option<usize>,
    /// Together they are the address that is asked about.
    pub(super) address: Vec<usize>,
    /// The field that keeps the old place in words, and how.
    pub(super) keep: Option<(usize, String)>,
}

type Scene<'s, 'v> = (&'s RawRow<'v>, Date, &'s Decisions);

impl Units {
    /// Whether codes become others here.
    pub fn translates(&self) -> bool {
        self.catalogues.len() > 1
    }

    /// The catalogue of the codes that leave.
    pub(super) fn target_code(&self) -> &str {
        &self.target().code
    }

    /// Whether there is such a catalogue, target or not.
    pub(super) fn knows(&self, catalogue: &str) -> bool {
        self.known.rows(catalogue).next().is_some()
    }

    /// The list in which the codes that leave stand.
    pub fn target_list(&self) -> &str {
        self.target().list.name()
    }

    /// The list of the catalogue in which the source's codes stand, unless a row says otherwise.
    pub fn source_list(&self) -> &str {
        self.catalogues.first().map_or("", |c| c.list.name())
    }

    /// The units among which one was split, with their names; empty where it was not.
    pub fn candidates(&self, code: &str) -> Vec<(String, String)> {
        let rows = self.became.iter().flat_map(|list| list.rows(code)).take(1);
        let several = rows.filter(|e| e.successors.len() > 1).flat_map(|e| e.successors.iter());
        several.map(|code| (code.to_string(), self.name_of(code))).collect()
    }

    /// The name of a unit of the target's catalogue.
    pub fn name_of(&self, code: &str) -> String {
        self.target().list.rows(code).last().map_or(String::new(), |e| e.name.to_string())
    }

    /// The place of an address in a unit that was split.
    pub fn place_of(&self, code: &str, address: &str) -> Place {
        self.place(code, &plain(address))
    }

    fn place(&self, code: &str, what: &str) -> Place {
        let mut hash = Sha256::new();
        for part in [self.became.as_ref().map_or("", |l| l.name()), code, what] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut place = [0; 16];
        place.copy_from_slice(&hash.finalize()[..16]);
        Place(place)
    }

    fn target(&self) -> &Catalogue {
        &self.catalogues[self.catalogues.len() - 1]
    }

    /// The list by which a field is understood, for `mapping fields`.
    pub(super) fn list_of(&self, field: usize) -> Option<&str> {
        let ours = [Some(self.province), self.district, Some(self.commune)].contains(&Some(field));
        ours.then(|| self.source_list())
    }

    /// The commune of a stop, by these units alone. Nothing is complained about.
    pub(super) fn alone(&self, scene: Scene<'_, '_>, set: &FieldSet, unit: usize) -> String {
        let (mut slots, out) = (vec![Slot::default(); set.fields.len()], &mut Findings::default());
        let fields = [Some(self.province), self.district, Some(self.commune)];
        for at in fields.into_iter().flatten().chain(self.address.iter().copied()) {
            let context = Context { row: scene.0, today: scene.1, earlier: &[] };
            slots[at] = set.fields[at].run(&context, out, &mut ()).0;
        }
        self.settle(scene, &mut slots, &set.names, out, &mut ());
        slots[unit].text.clone().into_owned()
    }

    /// Looks the units up, translates them, and says in the record which catalogue they are of.
    pub(super) fn settle<'v>(
        &'v self,
        (row, today, decided): Scene<'_, 'v>,
        slots: &mut [Slot<'v>],
        names: &[String],
        out: &mut Findings,
        watch: &mut impl Watch,
    ) {
        let refuse = |slots: &mut [Slot<'v>], out: &mut Findings, field: usize, reason, why: Unfound| {
            out.propose(&Facts { slots, names, today }, field, reason, &why.detail, why.proposal);
            slots[field].failed = true;
            slots[field].text = Cow::Borrowed("");
        };
        let catalogue = match self.catalogue_of(row) {
            Ok(catalogue) => catalogue,
            Err(why) => {
                let field = self.says.unwrap_or(self.commune);
                slots[field].source = self.column.and_then(|c| row.get(c));
                refuse(slots, out, field, Reason::UnknownCode, why);
                slots[self.commune].failed = true;
                slots[self.commune].text = Cow::Borrowed("");
                return;
            }
        };
        let day = catalogue.day(today);
        let found = match self.path(catalogue, slots, day) {
            Ok(found) => found,
            Err((field, reason, why)) => return refuse(slots, out, field, reason, why),
        };
        for entry in found.iter().flatten().filter(|_| day == today) {
            let change = catalogue.list.changes_after(&entry.code, By::Code, today);
            out.again_on(change.filter(|d| catalogue.to.is_none_or(|to| *d <= to)), today);
        }
        let mut set = |slots: &mut [Slot<'v>], field: Option<usize>, code: &'v str, list: &str| {
            if let Some(field) = field.filter(|f| !slots[*f].failed && slots[*f].text != code) {
                slots[field].text = Cow::Borrowed(code);
                watch.step_of(field, list, code);
            }
        };
        let (list, target) = (catalogue.list.name(), self.target());
        for (field, entry) in [Some(self.province), self.district, Some(self.commune)].into_iter().zip(&found) {
            if let Some(entry) = entry {
                set(slots, field, &entry.code, list);
            }
        }
        set(slots, self.says, &target.code, self.known.name());
        let Some(became) = self.became.as_ref().filter(|_| !std::ptr::eq(catalogue, target)) else { return };
        let [province, _, commune] = found;
        let Some(old) = commune.or(province) else { return };
        let new = match self.successor(became, old, (row, decided), slots, out) {
            Ok(new) => new,
            Err((reason, why)) => {
                let field = if commune.is_some() { self.commune } else { self.province };
                return refuse(slots, out, field, reason, why);
            }
        };
        self.keep_old(slots, &found);
        // From the innermost outwards, as the target's catalogue has it.
        let at = target.day(today);
        let up = |entry: Option<&'v Entry>| entry.and_then(|e| target.row(target.parent_of(e), at));
        let inner = target.row(new, at);
        let (province, district, commune) = match (commune.is_some(), target.deep) {
            (false, _) => (inner, None, None),
            (true, true) => (up(up(inner)), up(inner), inner),
            (true, false) => (up(inner), None, inner),
        };
        for (field, entry) in
            [(Some(self.province), province), (self.district, district), (Some(self.commune), commune)]
        {
            set(slots, field, entry.map_or("", |e| &e.code), became.name());
        }
    }

    /// The catalogue of a row: what the column says, else that of the source.
    fn catalogue_of(&self, row: &RawRow<'_>) -> Result<&Catalogue, Unfound> {
        let said = self.column.and_then(|c| row.get(c)).map(text::clean);
        let Some(said) = said.transpose().unwrap_or(Some(Cow::Borrowed("\u{fffd}"))).filter(|s| !s.is_empty()) else {
            return Ok(&self.catalogues[0]);
        };
        let code = match self.known.find(&said, By::Either, At::Ever) {
            Found::Entry(entry) => Some(&*entry.code),
            _ => None,
        };
        self.catalogues.iter().find(|c| code == Some(&c.code)).ok_or_else(|| Unfound {
            detail: format!(
                "danh mục đơn vị của dòng không phải là: {} / the row's catalogue of units is none of these",
                self.catalogues.iter().map(|c| c.code.as_str()).collect::<Vec<_>>().join(", ")
            ),
            proposal: None,
        })
    }

    /// Province, district and commune as entries, each in the one above; a level that is empty, or failed, ends it.
    fn path<'v>(
        &'v self,
        catalogue: &'v Catalogue,
        slots: &[Slot<'v>],
        day: Date,
    ) -> Result<[Option<&'v Entry>; 3], (usize, Reason, Unfound)> {
        let mut levels: Vec<(usize, Vec<&'v Entry>)> = Vec::new();
        let nothing = |detail: &str| Unfound { detail: detail.to_owned(), proposal: None };
        if let Some(district) = self.district.filter(|d| !catalogue.deep && !slots[*d].text.is_empty()) {
            let detail = "danh mục này không có cấp huyện / this catalogue has no districts";
            return Err((district, Reason::UnknownCode, nothing(detail)));
        }
        let mut above: Option<Vec<&Entry>> = Some(Vec::new());
        for field in
            [Some(self.province), self.district.filter(|_| catalogue.deep), Some(self.commune)].into_iter().flatten()
        {
            let slot = &slots[field];
            if slot.failed {
                return Ok([None; 3]);
            }
            if slot.text.is_empty() {
                if Some(field) == self.district && !slots[self.commune].text.is_empty() {
                    return Err((field, Reason::Missing, nothing("")));
                }
                if field == self.province {
                    above = None;
                    continue;
                }
                break;
            }
            let found = catalogue.find(&slot.text, self.by, above.as_deref(), day);
            let found = found.map_err(|why| (field, Reason::UnknownCode, why))?;
            above = Some(found.clone());
            levels.push((field, found));
        }
        let Some((field, innermost)) = levels.last() else { return Ok([None; 3]) };
        let &[inner] = innermost.as_slice() else {
            let detail =
                "tên này chỉ nhiều nơi, cần mã hoặc đủ tên cấp trên / several places have this name".to_owned();
            let why = Unfound { detail, proposal: Catalogue::told(innermost) };
            return Err((*field, Reason::UnknownCode, why));
        };
        let mut found = [None; 3];
        let mut entry = Some(inner);
        for (field, level) in levels.iter().rev() {
            let place = if *field == self.province { 0 } else { 1 + usize::from(*field == self.commune) };
            found[place] = entry.filter(|e| level.iter().any(|l| l.code == e.code));
            entry = entry.and_then(|e| catalogue.row(catalogue.parent_of(e), day));
        }
        Ok(found)
    }

    /// What a unit became: the one that there is, or the one that was decided for the address.
    fn successor<'v>(
        &'v self,
        became: &'v CodeList,
        old: &Entry,
        (row, decided): (&RawRow<'_>, &Decisions),
        slots: &[Slot<'v>],
        out: &mut Findings,
    ) -> Result<&'v str, (Reason, Unfound)> {
        let successors = became.rows(&old.code).next().map_or(&[][..], |e| e.successors.as_slice());
        match successors {
            [one] => return Ok(one),
            [] => {
                let detail = format!("danh mục {} không có mã này / the list does not have it", became.name());
                return Err((Reason::UnknownCode, Unfound { detail, proposal: None }));
            }
            _ => {}
        }
        let parts: Vec<&str> = self.address.iter().map(|f| slots[*f].text.as_ref()).filter(|t| !t.is_empty()).collect();
        let (address, read) = (parts.join(", "), plain(&parts.join(", ")));
        // Without an address nobody else lives at the same one: the record is decided by itself.
        let alone = || format!("\u{1}{}/{}", self.entity, row.get(self.key).unwrap_or(""));
        let place = self.place(&old.code, if read.is_empty() { alone() } else { read }.as_str());
        let (decision, chosen) = decided.of(place).map_or((0, None), |(id, chosen)| (id, Some(chosen)));
        // An address that could not be read has its own complaint, and would be asked about as another one.
        if !self.address.iter().any(|f| slots[*f].failed) {
            let candidates = successors.iter().map(ToString::to_string).collect();
            out.asked = Some(Asked { place, code: old.code.to_string(), address, candidates, decision });
        }
        if let Some(one) = chosen.and_then(|chosen| successors.iter().find(|c| ***c == *chosen)) {
            return Ok(one);
        }
        let named: Vec<String> = successors.iter().map(|c| format!("{c} {}", self.name_of(c))).collect();
        let detail = match chosen {
            None => format!(
                "{} ({}) đã bị chia; quyết định bằng `units decide` / it was split: decide with `units decide`",
                old.name, old.code
            ),
            Some(chosen) => format!(
                "quyết định {chosen} không còn trong danh mục {}, hãy quyết định lại / the decision is not in the list any more, decide again",
                became.name()
            ),
        };
        Err((Reason::UnitSplit, Unfound { detail, proposal: Some(named.join("; ")) }))
    }

    /// Writes the old place into the address, in words.
    fn keep_old(&self, slots: &mut [Slot<'_>], found: &[Option<&Entry>; 3]) {
        let Some((field, pattern)) = self.keep.as_ref().filter(|(f, _)| !slots[*f].failed) else { return };
        let name = |at: usize| found[at].map_or("", |e| &*e.name);
        let mut kept = pattern.clone();
        for (word, value) in [("{province}", name(0)), ("{district}", name(1)), ("{commune}", name(2))] {
            kept = kept.replace(word, value);
        }
        // Last, for an address may have braces of its own.
        let kept = kept.replacen("{address}", &slots[*field].text, 1);
        slots[*field].text = Cow::Owned(kept.trim().to_owned());
    }
}

/// An address as it is compared: case, tone marks' places, blanks and punctuation do not count.
fn plain(address: &str) -> String {
    let soft = |c: char| if matches!(c, ',' | '.' | ';' | ':' | '(' | ')' | '"') { ' ' } else { c };
    fold(&address.chars().map(soft).collect::<String>())
}
