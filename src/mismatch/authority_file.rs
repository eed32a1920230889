//! The authority file as it is written: every word is checked, every mistake told with its line.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::authority::{Authority, EntityUse, Right};
use super::compare::{Amount, Became, Birth, Block, By, Each, How, Identity, Papers, Status, Unit};
use crate::codes::{CodeList, CodeLists, lists::read_bounded};
use crate::model::calendar::PartialDate;
use crate::model::document::{Document, Section, hint};
use crate::model::{Fault, Faults};

/// The rules between programmes, where the legal double stands.
const CROSS: &str = "cross.toml";
const MAX_BLOCKS: usize = 500;

#[derive(Debug, Clone, Copy)]
enum As {
    Each(By),
    Status,
    Birth,
    Unit,
    Identity,
    Amount,
}

const AS: &[(&str, As)] = &[
    ("name", As::Each(By::Text)),
    ("text", As::Each(By::Text)),
    ("code", As::Each(By::Code)),
    ("number", As::Each(By::Number)),
    ("money", As::Each(By::Money)),
    ("date", As::Each(By::Date)),
    ("month", As::Each(By::Month)),
    ("list", As::Each(By::List)),
    ("paper", As::Each(By::Paper)),
    ("ignore", As::Each(By::Ignore)),
    ("status", As::Status),
    ("birth", As::Birth),
    ("unit", As::Unit),
    ("identity", As::Identity),
    ("amount", As::Amount),
];

/// Compiles the file, or tells all that is wrong with it and with the lists that it names.
pub(super) fn compile(file: &Path, text: &str, lists: &mut CodeLists) -> Result<Authority, Faults> {
    let doc = Document::new(file, text);
    let table = doc.parse();
    let root = Section::root(&doc, &table);
    let mut made = Maker { doc: &doc, lists, from_memory: 0 };
    let authority = made.all(&root);
    root.close();
    let from_memory = made.from_memory;
    let mut faults = doc.finish().err().unwrap_or_default().0;
    faults.extend(lists.faults());
    if faults.is_empty() { Ok(Authority { from_memory, ..authority }) } else { Err(Faults(faults)) }
}

struct Maker<'m, 'd, 'a> {
    doc: &'d Document<'a>,
    lists: &'m mut CodeLists,
    from_memory: usize,
}

impl<'d, 'a> Maker<'_, 'd, 'a> {
    fn all(&mut self, root: &Section<'d, 'a>) -> Authority {
        let named = root.table("lists");
        let papers = self.list(&named, "papers");
        let rates = self.list(&named, "rates");
        let became = named.tables_or("units").iter().filter_map(|section| self.became(section)).collect::<Vec<_>>();
        named.close();
        let column = |list: &Option<Arc<CodeList>>, name: &str| {
            let found = list.as_ref().and_then(|list| list.column(name));
            if let (Some(list), None) = (list, found) {
                let message = format!("danh mục `{}` thiếu cột `{name}` / column is missing", list.name());
                self.doc.fault(named.at(), message);
            }
            found
        };
        let (_, rate_column) = (column(&papers, "digits"), column(&rates, "amount"));
        let digits = || papers.as_deref().and_then(Papers::of).unwrap_or_default();
        let entities = root.table("entity");
        let entities: Vec<EntityUse> = entities
            .entries()
            .iter()
            .filter_map(|entry| Some((entry.key, entities.as_table(entry.key, entry.value)?)))
            .map(|(name, section)| self.entity(name, &section))
            .collect();
        let mut blocks: Vec<(Block, usize)> = Vec::new();
        for section in root.tables_or("compare") {
            let amount = rates.clone().zip(rate_column);
            let made = how(&section, amount, &became, digits());
            let block = self.block(&section, made, &entities);
            section.close();
            for (other, _) in &blocks {
                self.overlap(&section, &block, other);
            }
            blocks.push((block, section.at()));
        }
        if blocks.len() > MAX_BLOCKS {
            self.doc.fault(0, format!("quá {MAX_BLOCKS} mục [[compare]] / more than {MAX_BLOCKS}"));
        }
        let blocks = blocks.into_iter().map(|(block, _)| block).collect();
        Authority { blocks, entities, papers: digits(), ..Authority::default() }
    }

    fn list(&mut self, section: &Section<'d, 'a>, key: &str) -> Option<Arc<CodeList>> {
        let name = section.text(key);
        if name.is_empty() {
            return None;
        }
        if !self.lists.exists(&name) {
            let names = self.lists.names();
            let hint = hint(&name, &names.iter().map(String::as_str).collect::<Vec<_>>());
            self.doc.fault(section.at(), format!("không có danh mục `{name}`{hint} / no such code list"));
            return None;
        }
        self.lists.get(&name)
    }

    fn became(&mut self, section: &Section<'d, 'a>) -> Option<Became> {
        let (from, to) = (section.text("from"), section.text("to"));
        let list = self.list(section, "list");
        section.close();
        Some(Became { from, to, list: list? })
    }

    /// `from` and `until` as days.
    fn day(&self, section: &Section<'d, 'a>, key: &str) -> Option<Date> {
        let text = section.text_or(key, "");
        match PartialDate::read(&text) {
            Some(PartialDate::Day(day)) => Some(day),
            _ if text.is_empty() => None,
            _ => {
                self.doc.fault(section.at(), format!("`{key}` = \"{text}\": phải là yyyy-MM-dd / must be a day"));
                None
            }
        }
    }

    fn block(&mut self, section: &Section<'d, 'a>, how: How, known: &[EntityUse]) -> Block {
        let entities = section.texts_or("entities");
        let names: Vec<&str> = known.iter().map(|e| e.name.as_str()).collect();
        for entity in entities.iter().filter(|e| !names.contains(&e.as_str())) {
            let hint = hint(entity, &names);
            self.doc.fault(section.at(), format!("không có [entity.{entity}]{hint} / no such entity"));
        }
        let right = section.word("right", Right::WORDS).unwrap_or(Right::Person);
        let law = section.text("law");
        if section.word("checked", &[("source", false), ("memory", true)]) == Some(true) {
            self.from_memory += 1;
        }
        let (from, until) = (self.day(section, "from"), self.day(section, "until"));
        if from.zip(until).is_some_and(|(from, until)| from > until) {
            self.doc.fault(section.at(), "`from` sau `until` / starts after its end");
        }
        Block { how, entities, from, until, right, law }
    }

    /// Two blocks must not both speak of one field at one time, unless one of them is of named entities alone.
    fn overlap(&self, section: &Section<'d, 'a>, block: &Block, other: &Block) {
        let same_entities = block.entities.is_empty() == other.entities.is_empty()
            && (block.entities.is_empty() || block.entities.iter().any(|e| other.entities.contains(e)));
        let before = |a: &Block, b: &Block| a.until.zip(b.from).is_some_and(|(until, from)| until < from);
        if !same_entities || before(block, other) || before(other, block) {
            return;
        }
        let theirs = other.how.fields();
        for field in block.how.fields().into_iter().filter(|field| !field.is_empty() && theirs.contains(field)) {
            self.doc.fault(section.at(), format!("trường `{field}` có hai lần cho cùng thời gian / field twice"));
        }
    }

    fn entity(&mut self, name: &str, section: &Section<'d, 'a>) -> EntityUse {
        let optional = |key: &str| Some(section.text_or(key, "")).filter(|text| !text.is_empty());
        let over = section.table_if("over").map(|over| {
            let made = (over.text("field"), over.texts("is"));
            over.close();
            made
        });
        let programme = optional("programme");
        let made = EntityUse {
            name: name.to_owned(),
            kind: section.text("kind"),
            number: section.text("number"),
            earlier: optional("earlier"),
            group: optional("group"),
            over,
            matter: section.texts_or("matter"),
            ended: optional("ended"),
            legal: programme.map(|programme| self.legal(&programme)).unwrap_or_default(),
        };
        section.close();
        made
    }

    /// The legal double out of the rules between programmes, which the mappings check; here only its groups count.
    fn legal(&self, programme: &str) -> Vec<[Vec<String>; 2]> {
        let file = self.lists.folder().join(CROSS);
        let text = match read_bounded(&file, 256 * 1024) {
            Ok(text) => text,
            Err(Fault { message, .. }) => {
                self.doc.fault(0, format!("{}: {message}", file.display()));
                return Vec::new();
            }
        };
        let doc = Document::new(&file, &text);
        let table = doc.parse();
        let mut legal = Vec::new();
        for pair in Section::root(&doc, &table).tables_or("legal") {
            let sides: BTreeMap<&str, Section<'_, '_>> = ["one", "other"].map(|key| (key, pair.table(key))).into();
            if sides.values().all(|side| side.text("programme") == programme) {
                legal.push(["one", "other"].map(|key| sides[key].texts("groups")));
            }
        }
        legal
    }
}

fn how(section: &Section<'_, '_>, rates: Option<(Arc<CodeList>, usize)>, became: &[Became], papers: Papers) -> How {
    let Some(by) = section.word("as", AS) else { return How::Each(section.texts("fields"), Each::text()) };
    let text = |key: &str| section.text(key);
    let words = |key: &str| section.texts_or(key);
    match by {
        As::Each(by) => How::Each(section.texts("fields"), Each { by, unknown: words("unknown") }),
        As::Status => How::Status(Status { field: text("field"), over: section.texts("over") }),
        As::Birth => How::Birth(Birth {
            date: text("date"),
            year: text("year"),
            precision: text("precision"),
            by_month: section.texts("by_month"),
            by_year: section.texts("by_year"),
        }),
        As::Unit => How::Unit(Unit {
            province: text("province"),
            district: text("district"),
            commune: text("commune"),
            catalogue: text("catalogue"),
            became: became
                .iter()
                .map(|b| Became { from: b.from.clone(), to: b.to.clone(), list: Arc::clone(&b.list) })
                .collect(),
        }),
        As::Identity => How::Identity(Identity {
            kind: text("kind"),
            number: text("number"),
            earlier: text("earlier"),
            unknown: words("unknown"),
            papers,
        }),
        As::Amount => {
            let fields = [text("coefficient"), text("rate"), text("amount"), text("policy"), text("month")];
            let [coefficient, rate, sum, policy, from] = fields;
            match rates {
                Some((rates, column)) => {
                    How::Amount(Box::new(Amount { coefficient, rate, sum, policy, from, rates, column }))
                }
                // The missing list has been told.
                None => How::Each(vec![sum, rate, coefficient, policy, from], Each::text()),
            }
        }
    }
}
