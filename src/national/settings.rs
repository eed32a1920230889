//! A profile's sections turned into checked values. Every mistake is noted; reading always goes on to the end.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeTable;

use super::auth;
use super::document::{Document, Section};
use super::encode::{Envelope, Key};
use super::form::{AnswerForm, CodeMeaning, FieldNames, HttpMeaning, ResultMeaning};
use super::profile::{ActionWords, Call, Limits, Operation, Profile, Settle};

const METHODS: [(&str, &str); 4] = [("GET", "GET"), ("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH")];

/// The profile of a document; usable only where the document had no mistakes.
pub fn read<'a>(doc: &Document<'a>, table: &Spanned<DeTable<'a>>) -> Profile {
    let root = Section::root(doc, table);

    let system = root.table("system");
    let name = system.text("name");
    let time = time(&system);
    system.close();

    let auth = auth::read(&root.table("auth"));
    let (wire_words, contract_words) = words(&root.table("words"));
    let limits = limits(&root.table("limits"));
    let common = root.table_if("headers").map(|h| headers(&h)).unwrap_or_default();
    let entity = root.table("entity");
    let calls = calls(&entity, &common);
    let rename = root.table_if("record").map(|r| rename(&r)).unwrap_or_default();
    let envelope = envelope(&root.table("envelope"), rename);
    let answer = answer(&root.table("answer"), &limits);

    let section = root.table("settle");
    let settle = section.word("write", &Settle::WORDS).unwrap_or(Settle::Person);
    if settle == Settle::Ask {
        for (name, calls) in calls.iter().filter(|(_, calls)| !calls.contains_key(&Operation::Ask)) {
            let has = calls.len();
            doc.fault(
                section.at(),
                format!(
                    "settle.write = \"ask\" nhưng `entity.{name}` ({has} thao tác) không có `ask` / \
                     `entity.{name}.ask` is missing: say how to ask, or settle otherwise"
                ),
            );
        }
    }
    if settle == Settle::Ask && !answer.codes.iter().any(|(_, meaning)| *meaning == CodeMeaning::NeverSeen) {
        section.doc().fault(
            section.at(),
            "settle.write = \"ask\" nhưng `answer.codes` không có mã nào nghĩa \"never-seen\": hỏi sẽ không bao giờ xong / \
             no code means \"never-seen\": asking would never end",
        );
    }
    section.close();
    root.close();

    Profile { name, time, auth, limits, wire_words, contract_words, calls, envelope, answer, settle, digest: [0; 8] }
}

/// The time's form, told in the letters that ministries use.
fn time(system: &Section<'_, '_>) -> String {
    let told = system.text("time");
    let mut form = told.clone();
    for (letters, directive) in [("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")] {
        form = form.replacen(letters, directive, 1);
    }
    let directives = form.matches('%').count();
    let letters = form.replace("%Y", "").replace("%m", "").replace("%d", "").replace("%H", "").replace("%M", "");
    let rest = letters.replace("%S", "");
    if !told.is_empty() && (directives != 6 || rest.chars().any(|c| c.is_alphabetic() && c != 'T')) {
        system.doc().fault(
            system.at(),
            format!(
                "`system.time` = \"{told}\" phải gồm yyyy, MM, dd, HH, mm, ss, mỗi thứ một lần / \
                 must hold each of them once"
            ),
        );
    }
    form
}

fn words(section: &Section<'_, '_>) -> (ActionWords, ActionWords) {
    let read = |s: &Section<'_, '_>| ActionWords { write: s.text("write"), stop: s.text("stop") };
    let wire = read(section);
    let contract_section = section.table("contract");
    let contract = read(&contract_section);
    for (words, at, name) in [(&wire, section.at(), "words"), (&contract, contract_section.at(), "words.contract")] {
        if words.write == words.stop && !words.write.is_empty() {
            section
                .doc()
                .fault(at, format!("`{name}`: `write` và `stop` giống nhau (\"{}\") / must differ", words.write));
        }
    }
    contract_section.close();
    section.close();
    (wire, contract)
}

fn limits(section: &Section<'_, '_>) -> Limits {
    let size = |key, low, high| usize::try_from(section.number(key, low..=high)).unwrap_or(usize::MAX);
    let limits = Limits {
        records: size("records", 1, 100_000),
        batch_bytes: size("batch-bytes", 1_000, 100_000_000),
        answer_bytes: size("answer-bytes", 1_000, 100_000_000),
        answer_depth: size("answer-depth", 4, 100),
        connect: Duration::from_secs(section.number("connect-seconds", 1..=600)),
        answer: Duration::from_secs(section.number("answer-seconds", 1..=3_600)),
    };
    section.close();
    limits
}

/// An open table of HTTP headers.
pub fn headers(section: &Section<'_, '_>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for entry in section.entries() {
        if !is_header_name(entry.key) {
            section.doc().fault(
                entry.at,
                format!("`{}.{}`: không phải tên header HTTP / not an HTTP header name", section.name(), entry.key),
            );
        }
        let Some(value) = section.as_text(entry.key, entry.value) else { continue };
        if value.chars().any(char::is_control) {
            section.doc().fault(
                entry.at,
                format!("`{}.{}`: có ký tự điều khiển / holds a control character", section.name(), entry.key),
            );
        }
        headers.push((entry.key.to_owned(), value));
    }
    headers
}

/// RFC 9110, 5.6.2.
pub fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// A path below the base address: a question mark or a whole address there is a mistake.
pub fn path(section: &Section<'_, '_>) -> String {
    let path = section.text("path");
    let fine = path.starts_with('/') && !path.starts_with("//");
    if !path.is_empty() && (!fine || path.contains(['?', '#', '\\', ' ']) || path.contains("/../")) {
        section.doc().fault(
            section.at(),
            format!(
                "`{}.path` = \"{path}\" phải bắt đầu bằng \"/\" và không có địa chỉ máy, `?`, `#` hay dấu cách / \
                 must be a path below the base address",
                section.name()
            ),
        );
    }
    path
}

fn calls(section: &Section<'_, '_>, common: &[(String, String)]) -> BTreeMap<String, BTreeMap<Operation, Call>> {
    let mut calls = BTreeMap::new();
    for entry in section.entries() {
        let Some(entity) = section.as_table(entry.key, entry.value) else { continue };
        let mut operations = BTreeMap::new();
        for operation in Operation::ALL {
            let found = if operation == Operation::Write {
                Some(entity.table(operation.word()))
            } else {
                entity.table_if(operation.word())
            };
            let Some(found) = found else { continue };
            let mut all = common.to_vec();
            if let Some(own) = found.table_if("headers") {
                for (name, value) in headers(&own) {
                    all.retain(|(n, _)| !n.eq_ignore_ascii_case(&name));
                    all.push((name, value));
                }
            }
            let method = found.word("method", &METHODS).unwrap_or_default().to_owned();
            operations.insert(operation, Call { method, path: path(&found), headers: all });
            found.close();
        }
        entity.close();
        calls.insert(entry.key.to_owned(), operations);
    }
    if calls.is_empty() {
        section.doc().fault(section.at(), "`entity`: chưa có đối tượng nào / names no entity");
    }
    calls
}

fn rename(section: &Section<'_, '_>) -> Vec<(String, Key)> {
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

fn envelope(section: &Section<'_, '_>, rename: Vec<(String, Key)>) -> Envelope {
    let item = section.table("item");
    let ask = section.table("ask");
    let envelope = Envelope {
        province: Key::new(&section.text("province")),
        batch_key: Key::new(&section.text("batch-key")),
        sent_at: Key::new(&section.text("sent-at")),
        list: Key::new(&section.text("list")),
        reference: Key::new(&item.text("reference")),
        version: Key::new(&item.text("version")),
        action: Key::new(&item.text("action")),
        record: Key::new(&item.text("record")),
        ask_key: Key::new(&ask.text("batch-key")),
        rename,
    };
    for (place, keys) in [
        (section, [&envelope.province, &envelope.batch_key, &envelope.sent_at, &envelope.list]),
        (&item, [&envelope.reference, &envelope.version, &envelope.action, &envelope.record]),
    ] {
        differ(place, &keys.map(Key::name));
    }
    item.close();
    ask.close();
    section.close();
    envelope
}

/// Names of one JSON object must differ.
fn differ(section: &Section<'_, '_>, names: &[&str]) {
    for (i, name) in names.iter().enumerate() {
        if !name.is_empty() && names[..i].contains(name) {
            section.doc().fault(
                section.at(),
                format!("`{}`: tên \"{name}\" dùng hai lần / the name is used twice", section.name()),
            );
        }
    }
}

fn answer(section: &Section<'_, '_>, limits: &Limits) -> AnswerForm {
    let field = section.table("field");
    let names = FieldNames {
        code: field.text("code"),
        message: field.text("message"),
        results: field.text("results"),
        reference: field.text("reference"),
        result: field.text("result"),
        national_id: field.text("national-id"),
        error_code: field.text("error-code"),
        error_text: field.text("error-text"),
    };
    differ(&field, &[&names.code, &names.message, &names.results]);
    differ(&field, &[&names.reference, &names.result, &names.national_id, &names.error_code, &names.error_text]);
    field.close();

    let codes = meanings(&section.table("codes"), &CodeMeaning::WORDS, &[CodeMeaning::Accepted]);
    let results = meanings(&section.table("results"), &ResultMeaning::WORDS, &[ResultMeaning::Accepted]);
    let (http, classes) = http(&section.table("http"));
    section.close();
    AnswerForm { names, codes, results, http, classes, depth: limits.answer_depth, results_limit: limits.records * 10 }
}

/// A table of codes; each of `needed` must be the meaning of at least one.
fn meanings<T: Copy + PartialEq>(section: &Section<'_, '_>, words: &[(&str, T)], needed: &[T]) -> Vec<(String, T)> {
    let mut meanings: Vec<(String, T)> = Vec::new();
    for entry in section.entries() {
        if entry.key.trim() != entry.key || entry.key.is_empty() {
            section.doc().fault(
                entry.at,
                format!(
                    "`{}.\"{}\"`: mã trống hoặc có dấu cách / a code without blanks around",
                    section.name(),
                    entry.key
                ),
            );
        }
        if let Some(meaning) = section.as_word(entry.key, entry.value, words) {
            meanings.push((entry.key.to_owned(), meaning));
        }
    }
    for need in needed {
        if !meanings.iter().any(|(_, m)| m == need) && !section.is_absent() {
            let word = words.iter().find(|(_, m)| m == need).map_or("", |(w, _)| w);
            section.doc().fault(
                section.at(),
                format!("`{}`: không mã nào có nghĩa \"{word}\" / no code means \"{word}\"", section.name()),
            );
        }
    }
    meanings
}

/// Statuses by number (`"401"`) or by class (`"3xx"`).
fn http(section: &Section<'_, '_>) -> (BTreeMap<u16, HttpMeaning>, BTreeMap<u16, HttpMeaning>) {
    let (mut exact, mut classes) = (BTreeMap::new(), BTreeMap::new());
    for entry in section.entries() {
        let Some(meaning) = section.as_word(entry.key, entry.value, &HttpMeaning::WORDS) else { continue };
        let class = entry.key.strip_suffix("xx").and_then(|c| c.parse::<u16>().ok());
        match (class, entry.key.parse::<u16>()) {
            (Some(class @ 1..=5), _) => drop(classes.insert(class, meaning)),
            (None, Ok(status @ 100..=599)) => drop(exact.insert(status, meaning)),
            _ => section.doc().fault(
                entry.at,
                format!(
                    "`{}.\"{}\"` không phải mã HTTP / not an HTTP status: \"401\" or \"3xx\"",
                    section.name(),
                    entry.key
                ),
            ),
        }
    }
    let reads = exact.values().chain(classes.values()).any(|m| *m == HttpMeaning::Read);
    if !reads && !section.is_absent() {
        section.doc().fault(
            section.at(),
            format!("`{}`: không mã HTTP nào là \"read\" / no status is \"read\"", section.name()),
        );
    }
    (exact, classes)
}
