//! A profile's entities turned into checked values: calls, envelope, limits, and how their outcome is settled.

use std::collections::BTreeMap;

use super::body::{Field, Key};
use super::document::Section;
use super::entity::{Call, Entity, Exists};
use super::envelope::{BatchNames, Envelope};
use super::files::FileForm;
use super::filled::{self, Part, Places};
use super::form::{AnswerForm, AnswerKind};
use super::profile::{Limits, Operation, Settle};
use super::settings::{differ, headers, path};
use super::settings_form;
use super::soap::SoapForm;

pub(super) const METHODS: [(&str, &str); 4] = [("GET", "GET"), ("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH")];

/// The forms of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Batch,
    Soap,
    File,
    Record,
    List,
}

const FORMS: [(&str, Form); 5] = [
    ("batch", Form::Batch),
    ("soap", Form::Soap),
    ("file", Form::File),
    ("record", Form::Record),
    ("list", Form::List),
];

/// What an entity has where it does not say otherwise.
pub(super) struct Common<'f> {
    pub headers: Vec<(String, String)>,
    pub envelope: Option<Envelope>,
    pub limits: Limits,
    pub settle: Settle,
    /// Where the profile's own way to settle stands.
    pub settle_at: usize,
    pub answer: &'f AnswerForm,
    pub places: Places,
    /// Whether it is the bodies of calls that say who we are.
    pub in_body: bool,
}

/// Reads `[entity]`.
pub(super) fn read(section: &Section<'_, '_>, common: &Common<'_>) -> BTreeMap<String, Entity> {
    let mut entities = BTreeMap::new();
    for entry in section.entries() {
        let Some(one) = section.as_table(entry.key, entry.value) else { continue };
        if let Some(entity) = entity(&one, common) {
            entities.insert(entry.key.to_owned(), entity);
        }
        one.close();
    }
    if section.entries().is_empty() {
        section.doc().fault(section.at(), "`entity`: chưa có đối tượng nào / names no entity");
    }
    entities
}

fn entity(section: &Section<'_, '_>, common: &Common<'_>) -> Option<Entity> {
    let own = section.table_if("envelope").map(|s| envelope(&s, common.places));
    let calls = calls(section, common);
    let limits = section.table_if("limits").map_or(common.limits, |s| limits(&s, common.limits));
    let settle = section.word_or("settle", &Settle::WORDS, common.settle);
    let exists = section.word_or("exists", &Exists::WORDS, Exists::Refused);
    let reference = Some(section.text_or("reference", "")).filter(|name| !name.is_empty());
    let Some(mut envelope) = own.or_else(|| common.envelope.clone()) else {
        section.doc().fault(
            section.at(),
            format!(
                "`{}`: thiếu `envelope`, ở đây hay chung / has no envelope, nor is there one for all",
                section.name()
            ),
        );
        return None;
    };
    match &mut envelope {
        Envelope::Soap { form, .. } => *form = settings_form::soap(&section.table("soap"), true),
        Envelope::File { form, .. } => *form = settings_form::file(&section.table("file")),
        _ => {}
    }
    let entity = Entity { calls, envelope, limits, settle, exists, reference };
    check(section, common, &entity);
    Some(entity)
}

/// What the settings of one entity say of each other.
fn check(section: &Section<'_, '_>, common: &Common<'_>, entity: &Entity) {
    let fault = |at, told: String| section.doc().fault(at, told);
    let (name, has) = (section.name(), entity.calls.len());
    let missing = |operation| !entity.calls.contains_key(&operation);
    if entity.settle == Settle::Ask && missing(Operation::Ask) {
        fault(
            common.settle_at,
            format!(
                "settle.write = \"ask\" nhưng `{name}` ({has} thao tác) không có `ask` / \
                 `{name}.ask` is missing: say how to ask, or settle otherwise"
            ),
        );
    }
    if entity.settle == Settle::LookUp && (missing(Operation::LookUp) || common.answer.found.is_none()) {
        fault(
            section.at(),
            format!(
                "`{name}`: settle = \"look-up\" cần `{name}.look-up` và `answer.look-up` / needs both of them: \
                 say how to look up, or settle otherwise"
            ),
        );
    }
    if entity.exists == Exists::RepeatAsUpdate && missing(Operation::Update) {
        fault(
            section.at(),
            format!("`{name}`: exists = \"repeat-as-update\" cần `{name}.update` / needs to know how to update"),
        );
    }
    match &entity.envelope {
        Envelope::Batch(_) | Envelope::Soap { .. } | Envelope::File { .. }
            if entity.calls.values().any(|call| !call.fields.is_empty()) =>
        {
            fault(section.at(), format!("`{name}`: một gói tin không có `fields` / a batch has no further fields"));
        }
        Envelope::Soap { .. } if common.answer.kind != AnswerKind::Soap => fault(
            section.at(),
            format!("`{name}`: envelope.form = \"soap\" cần answer.form = \"soap\" / its answers are SOAP too"),
        ),
        Envelope::File { .. } if entity.settle != Settle::Ask || common.answer.kind != AnswerKind::Results => fault(
            section.at(),
            format!(
                "`{name}`: giao bằng tệp cần settle = \"ask\" và answer.form = \"results\" / \
                 a file's outcome is asked for, and a result file has results"
            ),
        ),
        Envelope::Record { .. } if entity.limits.records != 1 => fault(
            section.at(),
            format!("`{name}`: form = \"record\" mỗi lần gọi một hồ sơ: limits.records = 1 / one record a call"),
        ),
        Envelope::Record { .. } | Envelope::List { .. } if entity.settle == Settle::Ask => fault(
            section.at(),
            format!("`{name}`: settle = \"ask\" cần mã gói tin trong gói / only a batch has a key to ask for"),
        ),
        _ => {}
    }
    for call in entity.calls.values() {
        let mut names: Vec<&str> = entity.envelope.fields().iter().chain(&call.fields).map(|f| f.key.name()).collect();
        if let Envelope::List { list, .. } = &entity.envelope {
            names.push(list.name());
        }
        differ(section, &names);
    }
}

fn calls(entity: &Section<'_, '_>, common: &Common<'_>) -> BTreeMap<Operation, Call> {
    let mut operations = BTreeMap::new();
    for operation in Operation::OF_ENTITIES {
        let found = if operation == Operation::Write {
            Some(entity.table(operation.word()))
        } else {
            entity.table_if(operation.word())
        };
        let Some(found) = found else { continue };
        let mut all = common.headers.clone();
        if let Some(own) = found.table_if("headers") {
            for (name, value) in headers(&own) {
                all.retain(|(n, _)| !n.eq_ignore_ascii_case(&name));
                all.push((name, value));
            }
        }
        let places = Places { reference: operation == Operation::LookUp, ..common.places };
        let fields = found.table_if("fields").map(|s| fields(&s, places)).unwrap_or_default();
        let method = found.word("method", &METHODS).unwrap_or_default().to_owned();
        operations.insert(operation, Call { method, path: path(&found), headers: all, fields });
        found.close();
    }
    operations
}

fn limits(section: &Section<'_, '_>, common: Limits) -> Limits {
    let size = |key, low, high, default: usize| {
        let told = section.number_or(key, low..=high, u64::try_from(default).unwrap_or(high));
        usize::try_from(told).unwrap_or(default)
    };
    let limits = Limits {
        records: size("records", 1, 100_000, common.records),
        batch_bytes: size("batch-bytes", 1_000, 100_000_000, common.batch_bytes),
        ..common
    };
    section.close();
    limits
}

/// Fields with their values, in the order of the file.
fn fields(section: &Section<'_, '_>, places: Places) -> Vec<Field> {
    let all = filled::texts(section, places);
    all.into_iter().map(|(name, value)| Field { key: Key::new(&name), value }).collect()
}

/// Reads `[envelope]`, the profile's or an entity's.
pub(super) fn envelope(section: &Section<'_, '_>, places: Places) -> Envelope {
    let form = section.word_or("form", &FORMS, Form::Batch);
    let envelope = match form {
        Form::Batch => Envelope::Batch(Box::new(batch(section))),
        // The entity tells its elements or columns.
        Form::Soap => Envelope::Soap { names: Box::new(batch(section)), form: SoapForm::default() },
        Form::File => Envelope::File { names: Box::new(batch(section)), form: FileForm::default() },
        Form::Record => {
            Envelope::Record { fields: section.table_if("fields").map(|s| fields(&s, places)).unwrap_or_default() }
        }
        Form::List => {
            let fields = section.table_if("fields").map(|s| fields(&s, places)).unwrap_or_default();
            Envelope::List { fields, list: Key::new(&section.text("list")) }
        }
    };
    section.close();
    envelope
}

fn batch(section: &Section<'_, '_>) -> BatchNames {
    let item = section.table("item");
    let ask = section.table("ask");
    let names = BatchNames {
        province: Key::new(&section.text("province")),
        batch_key: Key::new(&section.text("batch-key")),
        sent_at: Key::new(&section.text("sent-at")),
        list: Key::new(&section.text("list")),
        reference: Key::new(&item.text("reference")),
        version: Key::new(&item.text("version")),
        action: Key::new(&item.text("action")),
        record: Key::new(&item.text("record")),
        ask_key: Key::new(&ask.text("batch-key")),
    };
    for (place, keys) in [
        (section, [&names.province, &names.batch_key, &names.sent_at, &names.list]),
        (&item, [&names.reference, &names.version, &names.action, &names.record]),
    ] {
        differ(place, &keys.map(Key::name));
    }
    item.close();
    ask.close();
    names
}

/// Reads `[record]`.
pub(super) fn rename(section: &Section<'_, '_>) -> Vec<(String, Key)> {
    let mut renames: Vec<(String, Key)> = Vec::new();
    if let Some(table) = section.table_if("rename") {
        let mut seen: Vec<String> = Vec::new();
        for entry in table.entries() {
            let Some(to) = table.as_text(entry.key, entry.value) else { continue };
            if seen.contains(&to) {
                table.doc().fault(
                    entry.at,
                    format!("`record.rename`: hai trường cùng tên mới \"{to}\" / two fields get the same name"),
                );
            }
            renames.push((entry.key.to_owned(), Key::new(&to)));
            seen.push(to);
        }
    }
    section.close();
    renames
}

/// Where no header says who we are, every body must.
pub(super) fn who_we_are(section: &Section<'_, '_>, entities: &BTreeMap<String, Entity>, place: &str) {
    for (name, entity) in entities {
        for (operation, call) in &entity.calls {
            let mut parts = entity.envelope.fields().iter().chain(&call.fields).flat_map(|field| &field.value);
            let says = |part: &Part| match part {
                Part::Token => true,
                Part::Id | Part::Secret | Part::Basic | Part::Named(_) => !place.contains("token"),
                _ => false,
            };
            if !parts.any(says) {
                section.doc().fault(
                    section.at(),
                    format!(
                        "`entity.{name}.{}`: không header hay trường nào cho biết ta là ai, cần {place} trong `fields` / \
                         neither header nor field says who we are",
                        operation.word()
                    ),
                );
            }
        }
    }
}
