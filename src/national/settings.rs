//! A profile's sections turned into checked values. Every mistake is noted; reading always goes on to the end.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeTable;

use super::auth;
use super::document::{Document, Section};
use super::form::{
    AnswerForm, AnswerKind, CodeMeaning, FaultMeaning, FieldNames, FoundForm, HttpMeaning, ResultMeaning,
};
use super::profile::{ActionWords, Limits, Profile, Settle};
use super::settings_entity::{self, Common};

/// The profile of a document; usable only where the document had no mistakes.
pub fn read<'a>(doc: &Document<'a>, table: &Spanned<DeTable<'a>>) -> Profile {
    let root = Section::root(doc, table);

    let system = root.table("system");
    let name = system.text("name");
    let time = time_form(&system, &system.text("time"));
    system.close();

    let auth = auth::read(&root.table("auth"));
    let limits = limits(&root.table("limits"));
    let settle_section = root.table("settle");
    let settle = settle_section.word("write", &Settle::WORDS).unwrap_or(Settle::Person);
    let answer = answer(&root.table("answer"), &limits);
    let common = Common {
        headers: root.table_if("headers").map(|h| headers(&h)).unwrap_or_default(),
        envelope: root.table_if("envelope").map(|e| settings_entity::envelope(&e, auth.places())),
        limits,
        settle,
        settle_at: settle_section.at(),
        answer: &answer,
        places: auth.places(),
        in_body: auth.in_body.is_some(),
    };
    let pull = root.table_if("pull").map(|s| super::pull::settings(&s, &common, &time));
    let count = root.table_if("count").map(|s| super::listing::count_settings(&s, auth.places()));
    let list = root.table_if("list").map(|s| super::listing::list_settings(&s, auth.places()));
    let entity = root.table("entity");
    let entities = settings_entity::read(&entity, &common);
    let rename = root.table_if("record").map(|r| settings_entity::rename(&r)).unwrap_or_default();
    let batches = entities.values().any(|e| e.envelope.batch().is_some());
    let (wire_words, contract_words) = words(&root.table("words"), batches);

    let asks = settle == Settle::Ask || entities.values().any(|e| e.settle == Settle::Ask);
    if asks && !answer.codes.iter().any(|(_, meaning)| *meaning == CodeMeaning::NeverSeen) {
        doc.fault(
            settle_section.at(),
            "settle.write = \"ask\" nhưng `answer.codes` không có mã nào nghĩa \"never-seen\": hỏi sẽ không bao giờ xong / \
             no code means \"never-seen\": asking would never end",
        );
    }
    by_file(doc, &entity, &entities, &answer);
    if let Some(place) = auth.in_body.filter(|_| !entities.is_empty()) {
        settings_entity::who_we_are(&entity, &entities, place);
    }
    settle_section.close();
    root.close();

    let digest = [0; 8];
    Profile {
        name,
        time,
        auth,
        limits,
        wire_words,
        contract_words,
        entities,
        rename,
        answer,
        settle,
        pull,
        count,
        list,
        digest,
    }
}

/// A folder stands for the whole system: either all of its entities are files or none is.
fn by_file(
    doc: &Document<'_>,
    section: &Section<'_, '_>,
    entities: &BTreeMap<String, super::entity::Entity>,
    answer: &AnswerForm,
) {
    let files = entities.values().filter(|e| matches!(e.envelope, super::envelope::Envelope::File { .. })).count();
    if files > 0 && files < entities.len() {
        doc.fault(
            section.at(),
            "`entity`: tất cả giao bằng tệp, hoặc không loại nào / all entities are files, or none is",
        );
    }
    if files > 0 && !answer.codes.iter().any(|(_, meaning)| *meaning == CodeMeaning::Pending) {
        doc.fault(
            section.at(),
            "`answer.codes`: không mã nào có nghĩa \"pending\", cần khi giao bằng tệp / a file waits for its result: \
             no code means \"pending\"",
        );
    }
}

/// The form of `time`, told in the letters that ministries use.
pub(super) fn time_form(system: &Section<'_, '_>, told: &str) -> String {
    let mut form = told.to_owned();
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
                "`{}.time` = \"{told}\" phải gồm yyyy, MM, dd, HH, mm, ss, mỗi thứ một lần / \
                 must hold each of them once",
                system.name()
            ),
        );
    }
    form
}

/// The actions' words; only a batch needs them on the wire, and only what can be stopped needs a word for that.
fn words(section: &Section<'_, '_>, batches: bool) -> (ActionWords, ActionWords) {
    let contract_section = section.table("contract");
    let (wire, contract) = if batches {
        let read = |s: &Section<'_, '_>| ActionWords { write: s.text("write"), stop: s.text("stop") };
        (read(section), read(&contract_section))
    } else {
        let contract = ActionWords { write: contract_section.text("write"), stop: String::new() };
        (ActionWords::default(), contract)
    };
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

/// Names of one JSON object must differ.
pub(super) fn differ(section: &Section<'_, '_>, names: &[&str]) {
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
    let kind = section.word_or("form", &AnswerKind::WORDS, AnswerKind::Results);
    let found = section.table_if("look-up").map(|s| found(&s));
    let field = section.table("field");
    let of_each = |key| if kind == AnswerKind::Code { String::new() } else { field.text(key) };
    let names = FieldNames {
        code: field.text("code"),
        message: field.text("message"),
        results: if kind != AnswerKind::Code || found.is_some() { field.text("results") } else { String::new() },
        reference: of_each("reference"),
        result: of_each("result"),
        national_id: of_each("national-id"),
        error_code: of_each("error-code"),
        error_text: of_each("error-text"),
    };
    differ(&field, &[&names.code, &names.message, &names.results]);
    differ(&field, &[&names.reference, &names.result, &names.national_id, &names.error_code, &names.error_text]);
    field.close();

    let codes = meanings(&section.table("codes"), &CodeMeaning::WORDS, &[CodeMeaning::Accepted]);
    let believes = codes.iter().any(|(_, meaning)| *meaning == CodeMeaning::Exists);
    let exists_words = if believes { section.texts("exists-words") } else { section.texts_or("exists-words") };
    let results = match kind {
        AnswerKind::Results | AnswerKind::Soap => {
            meanings(&section.table("results"), &ResultMeaning::WORDS, &[ResultMeaning::Accepted])
        }
        AnswerKind::Code => Vec::new(),
    };
    let faults = section.table_if("faults").map(|s| meanings(&s, &FaultMeaning::WORDS, &[])).unwrap_or_default();
    let partial = section.flag_or("partial", false);
    let (http, classes) = http(&section.table("http"));
    section.close();
    let (depth, results_limit) = (limits.answer_depth, limits.records * 10);
    AnswerForm {
        kind,
        found,
        names,
        codes,
        exists_words,
        results,
        faults,
        partial,
        http,
        classes,
        depth,
        results_limit,
    }
}

fn found(section: &Section<'_, '_>) -> FoundForm {
    let codes = meanings(&section.table("codes"), &[("not-found", ())], &[()]);
    let not_found = codes.into_iter().map(|(code, ())| code).collect();
    let form = FoundForm { reference: section.text("reference"), status: section.text("status"), not_found };
    section.close();
    form
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
