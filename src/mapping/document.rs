//! A mapping as it is written, every value with its line; nothing is resolved yet.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::about::AboutDoc;
use super::document_example;
use super::fact::FactsDoc;
use super::frozen::FrozenDoc;
use super::lane::LaneDoc;
use super::reader::{Reader, Section, Spot};
use super::units_compile::{UnitsDoc, read_units};
use crate::rules::{Given, Param};

/// More of anything than this is no mapping.
const MAX_ITEMS: usize = 200;
const MAX_STEPS: usize = 20;

#[derive(Debug)]
pub(super) struct Document {
    pub(super) entity: Spot<String>,
    pub(super) key: Spot<String>,
    pub(super) unit: Option<Spot<String>>,
    pub(super) units: Option<UnitsDoc>,
    pub(super) columns: Vec<(Spot<String>, Spot<String>)>,
    /// How many of the columns, from the first, are taken from a base: these need not be used.
    pub(super) inherited: usize,
    pub(super) set: SetDoc,
    pub(super) stop: Option<StopDoc>,
    pub(super) lane: Option<LaneDoc>,
    pub(super) about: Option<AboutDoc>,
    pub(super) facts: Option<FactsDoc>,
    pub(super) frozen: Vec<FrozenDoc>,
    pub(super) examples: Vec<ExampleDoc>,
}

/// Fields and the rules over them.
#[derive(Debug)]
pub(super) struct SetDoc {
    pub(super) fields: Vec<FieldDoc>,
    pub(super) rules: Vec<RuleDoc>,
    pub(super) line: usize,
}

#[derive(Debug)]
pub(super) struct StopDoc {
    pub(super) when: WhenDoc,
    pub(super) need: Vec<Vec<Spot<String>>>,
    pub(super) set: SetDoc,
}

/// Which rows are stops: those with one of some words in a column, or those where one of some columns is filled.
#[derive(Debug)]
pub(super) enum WhenDoc {
    Word { column: Spot<String>, list: Option<Spot<String>>, is: Vec<Spot<String>> },
    Filled(Vec<Spot<String>>),
}

#[derive(Debug)]
pub(super) struct FieldDoc {
    pub(super) name: Spot<String>,
    pub(super) chain: ChainDoc,
    /// What an object is made of; the chain is empty then.
    pub(super) parts: Vec<FieldDoc>,
    /// The root of an XML document that the object becomes.
    pub(super) xml: Option<Spot<String>>,
    pub(super) rows: Option<RowsDoc>,
    /// Transforms after the code list.
    pub(super) then: Vec<StepDoc>,
    pub(super) or: Option<ChainDoc>,
    pub(super) code: Option<CodeDoc>,
    pub(super) split: Option<Spot<String>>,
    pub(super) default: Option<String>,
    pub(super) only_with: Option<Spot<String>>,
    pub(super) required: bool,
    pub(super) internal: bool,
    /// The law or letter that asks for the field, for people.
    pub(super) law: Option<String>,
}

/// A list of objects out of a column that holds JSON.
#[derive(Debug)]
pub(super) struct RowsDoc {
    pub(super) fields: Vec<FieldDoc>,
    pub(super) most: Option<Spot<i64>>,
    /// Keys of the JSON that no field takes.
    pub(super) ignore: Vec<Spot<String>>,
    /// The name of a row's element in XML.
    pub(super) item: Option<Spot<String>>,
    pub(super) line: usize,
}

/// Where a value comes from and through what it goes.
#[derive(Debug)]
pub(super) struct ChainDoc {
    pub(super) from: Option<Spot<String>>,
    pub(super) constant: Option<Spot<String>>,
    pub(super) computed: Option<Spot<String>>,
    pub(super) via: Vec<StepDoc>,
    pub(super) line: usize,
}

#[derive(Debug)]
pub(super) struct StepDoc {
    pub(super) name: Spot<String>,
    pub(super) argument: Argument,
}

/// What a transform is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    None,
    Text(String),
    Number(i64),
    Pairs(Vec<(String, String)>),
}

#[derive(Debug)]
pub(super) struct CodeDoc {
    pub(super) list: Spot<String>,
    pub(super) by: Option<Spot<String>>,
    pub(super) at: Option<Spot<String>>,
    pub(super) take: Option<Spot<String>>,
    pub(super) unknown: Option<Spot<String>>,
}

#[derive(Debug)]
pub(super) struct RuleDoc {
    pub(super) name: Spot<String>,
    pub(super) severity: Option<Spot<String>>,
    pub(super) with: BTreeMap<String, Param>,
    pub(super) line: usize,
}

#[derive(Debug)]
pub(super) struct ExampleDoc {
    pub(super) name: Spot<String>,
    pub(super) today: Spot<String>,
    pub(super) to: Option<Spot<String>>,
    pub(super) row: Vec<(Spot<String>, Spot<String>)>,
    pub(super) record: Option<Vec<(Spot<String>, Spot<Value>)>>,
    pub(super) stop: bool,
    pub(super) held: Vec<Spot<String>>,
    pub(super) warn: Vec<Spot<String>>,
}

/// Reads the whole document; what does not belong becomes a fault of the reader. What a document `leans` on a base
/// for need not stand in it.
pub(super) fn read<'r>(reader: &'r Reader<'_>, table: &'r DeTable<'r>, leans: bool) -> Document {
    let mut root = Section::new(reader, "", table, reader.line(&(0..0)));
    let mut head = section(&mut root, reader, table, "mapping");
    let entity = head.required("entity");
    let nothing = |line| Spot { value: String::new(), line };
    let key = if leans { head.text("key").unwrap_or(nothing(head.line)) } else { head.required("key") };
    let unit = head.text("unit");
    if leans {
        head.value("base");
    } else if let Some(base) = head.text("base") {
        reader.fault(base.line, "[mapping] base: tệp làm gốc không được có gốc khác / a base has no base of its own");
    }
    head.finish();
    let units = root.table("units").map(read_units);
    let columns = if leans {
        root.table("columns").map(Section::all_texts).unwrap_or_default()
    } else {
        section(&mut root, reader, table, "columns").all_texts()
    };
    limit(&root, "columns", columns.len());
    let set = read_set(&mut root);
    let stop = root.table("stop").map(read_stop);
    let facts = root.table("facts").map(super::fact::read);
    let frozen: Vec<FrozenDoc> = root.tables("frozen").into_iter().map(super::frozen::read).collect();
    limit(&root, "frozen", frozen.len());
    let lane = root.table("lane").map(super::lane::read);
    let about = root.table("about").map(super::about::read);
    let examples: Vec<ExampleDoc> = root.tables("example").into_iter().map(document_example::read).collect();
    limit(&root, "example", examples.len());
    root.finish();
    Document { entity, key, unit, units, columns, inherited: 0, set, stop, lane, about, facts, frozen, examples }
}

/// A top-level table that must be there.
fn section<'r, 'd>(
    root: &mut Section<'r, 'd>,
    reader: &'r Reader<'d>,
    empty: &'r DeTable<'r>,
    key: &'static str,
) -> Section<'r, 'd> {
    root.table(key).unwrap_or_else(|| {
        reader.fault(1, format!("thiếu bảng [{key}] / table is missing"));
        // An empty stand-in: its keys are all told as missing.
        let mut stand_in = Section::new(reader, key, empty, 1);
        stand_in.clear();
        stand_in
    })
}

fn limit(section: &Section<'_, '_>, what: &str, count: usize) {
    if count > MAX_ITEMS {
        section.fault(section.line, format!("quá {MAX_ITEMS} `{what}` / more than {MAX_ITEMS}"));
    }
}

fn read_set(section: &mut Section<'_, '_>) -> SetDoc {
    let fields: Vec<FieldDoc> = section.tables("field").into_iter().map(read_field).collect();
    let rules: Vec<RuleDoc> = section.tables("rule").into_iter().map(read_rule).collect();
    limit(section, "field", fields.len());
    limit(section, "rule", rules.len());
    SetDoc { fields, rules, line: section.line }
}

fn read_stop(mut section: Section<'_, '_>) -> StopDoc {
    let mut when = WhenDoc::Filled(Vec::new());
    match section.table("when") {
        Some(table) => when = read_when(table),
        None => section.fault(section.line, "[stop] thiếu `when` / is missing"),
    }
    let mut need = Vec::new();
    for item in section.list("need") {
        let one = |value: &DeValue<'_>| match value {
            DeValue::String(text) => Some(Spot { value: text.to_string(), line: item.line }),
            _ => None,
        };
        let group: Vec<_> = match item.value {
            DeValue::Array(names) => names.iter().filter_map(|n| one(n.get_ref())).collect(),
            other => one(other).into_iter().collect(),
        };
        if group.is_empty() {
            section.fault(item.line, "[stop] need: tên trường hoặc danh sách tên trường / a field or a list of fields");
        } else {
            need.push(group);
        }
    }
    let set = read_set(&mut section);
    section.finish();
    StopDoc { when, need, set }
}

fn read_when(mut section: Section<'_, '_>) -> WhenDoc {
    let filled = section.texts("filled");
    let when = if filled.is_empty() {
        let (column, list, is) = (section.required("column"), section.text("list"), section.texts("is"));
        if is.is_empty() {
            section.fault(section.line, "[stop.when] thiếu `is` (hoặc `filled`) / is missing (or `filled`)");
        }
        WhenDoc::Word { column, list, is }
    } else {
        WhenDoc::Filled(filled)
    };
    section.finish();
    when
}

fn read_field(mut section: Section<'_, '_>) -> FieldDoc {
    let name = section.required("name");
    let parts: Vec<FieldDoc> = section.tables("part").into_iter().map(read_field).collect();
    limit(&section, "part", parts.len());
    let rows = section.table("rows").map(read_rows);
    let chain = read_chain(&mut section);
    let or = section.table("or").map(|mut s| {
        let chain = read_chain(&mut s);
        s.finish();
        chain
    });
    let code = section.table("code").map(|mut s| {
        let code = CodeDoc {
            list: s.required("list"),
            by: s.text("by"),
            at: s.text("at"),
            take: s.text("take"),
            unknown: s.text("unknown"),
        };
        s.finish();
        code
    });
    let split = section.table("list").and_then(|mut s| {
        let split = s.required("split");
        s.finish();
        Some(split).filter(|s| !s.value.is_empty())
    });
    let field = FieldDoc {
        name,
        chain,
        parts,
        xml: section.text("xml"),
        rows,
        then: read_steps(&mut section, "then"),
        or,
        code,
        split,
        default: section.text("default").map(|s| s.value),
        only_with: section.text("only_with"),
        required: section.flag("required"),
        internal: section.flag("internal"),
        law: section.text("law").map(|s| s.value),
    };
    section.finish();
    field
}

fn read_rows(mut section: Section<'_, '_>) -> RowsDoc {
    let fields: Vec<FieldDoc> = section.tables("field").into_iter().map(read_field).collect();
    limit(&section, "field", fields.len());
    let (most, ignore, item) = (section.number("most"), section.texts("ignore"), section.text("item"));
    let line = section.line;
    section.finish();
    RowsDoc { fields, most, ignore, item, line }
}

fn read_chain(section: &mut Section<'_, '_>) -> ChainDoc {
    let (from, constant, computed) = (section.text("from"), section.text("constant"), section.text("computed"));
    let via = read_steps(section, "via");
    ChainDoc { from, constant, computed, via, line: section.line }
}

fn read_steps(section: &mut Section<'_, '_>, key: &'static str) -> Vec<StepDoc> {
    let mut steps = Vec::new();
    for item in section.list(key) {
        match read_step(item.value) {
            Some((name, argument)) => steps.push(StepDoc { name: Spot { value: name, line: item.line }, argument }),
            None => section.fault(
                item.line,
                format!("{key}: \"tên\" hoặc {{ tên = chuỗi | số | bảng chuỗi }} / a name, or {{ name = text, number or table of texts }}"),
            ),
        }
    }
    if steps.len() > MAX_STEPS {
        section.fault(section.line, format!("{key}: quá {MAX_STEPS} bước / more than {MAX_STEPS} steps"));
    }
    steps
}

fn read_step(value: &DeValue<'_>) -> Option<(String, Argument)> {
    match value {
        DeValue::String(name) => Some((name.to_string(), Argument::None)),
        DeValue::Table(table) if table.len() == 1 => {
            let (name, argument) = table.iter().next()?;
            let argument = match argument.get_ref() {
                DeValue::String(text) => Argument::Text(text.to_string()),
                DeValue::Integer(n) => Argument::Number(i64::from_str_radix(n.as_str(), n.radix()).ok()?),
                DeValue::Table(pairs) => {
                    let pair =
                        |(k, v): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| match v
                            .get_ref()
                        {
                            DeValue::String(text) => Some((k.get_ref().to_string(), text.to_string())),
                            _ => None,
                        };
                    Argument::Pairs(pairs.iter().map(pair).collect::<Option<_>>()?)
                }
                _ => return None,
            };
            Some((name.get_ref().to_string(), argument))
        }
        _ => None,
    }
}

fn read_rule(mut section: Section<'_, '_>) -> RuleDoc {
    let (name, severity, line) = (section.required("name"), section.text("severity"), section.line);
    let mut with = BTreeMap::new();
    if let Some(params) = section.table("with") {
        for (key, value) in params.all() {
            match read_given(value.value) {
                Some(given) => {
                    with.insert(key.value, Param { given, line: value.line });
                }
                None => section.fault(
                    value.line,
                    format!("with `{}`: chuỗi, số hoặc danh sách chuỗi / text, number or texts", key.value),
                ),
            }
        }
    }
    section.finish();
    RuleDoc { name, severity, with, line }
}

fn read_given(value: &DeValue<'_>) -> Option<Given> {
    match value {
        DeValue::String(text) => Some(Given::Text(text.to_string())),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(Given::Number),
        DeValue::Array(items) => {
            let text = |item: &toml::Spanned<DeValue<'_>>| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            };
            items.iter().map(text).collect::<Option<_>>().map(Given::Texts)
        }
        _ => None,
    }
}
