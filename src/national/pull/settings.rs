//! The profile's `[pull]` turned into checked values.

use std::time::Duration;

use super::super::body::{Field, Key};
use super::super::document::Section;
use super::super::filled::{self, Part, Places};
use super::super::settings::{path, time_form};
use super::super::settings_entity::{Common, METHODS};
use super::{AttachmentForm, Pages, Pull, Slot};

/// The largest answer where the profile does not say otherwise.
const ANSWER_BYTES: u64 = 20_000_000;

/// Reads `[pull]`; `time` is the system's own form.
pub(in super::super) fn read(section: &Section<'_, '_>, common: &Common<'_>, time: &str) -> Pull {
    let places = Places { pull: true, ..common.places };
    let own = section.table_if("headers").map(|s| filled::table(&s, common.places, true)).unwrap_or_default();
    let is_own = |name: &str| own.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let headers = common.headers.iter().filter(|(name, _)| !is_own(name)).cloned().collect();
    let fields = section.table_if("fields").map(|s| fields(&s, places)).unwrap_or_default();
    let page = section.table_if("page").map(|s| pages(&s));
    let answer = section.table("answer");
    let (code, message, list) = (paths(&answer, "code"), paths(&answer, "message"), paths(&answer, "list"));
    answer.close();
    let attachments = attachments(section);
    let mut lists = lower(section.texts_or("lists"));
    lists.extend(attachments.iter().map(|form| form.list.clone()));
    let fetch = section.table_if("fetch");
    let headers_of = |s: &Section<'_, '_>| s.table_if("headers").map(|s| filled::table(&s, common.places, true));
    let fetch_proofs = fetch.as_ref().and_then(headers_of).unwrap_or_default();
    let fetch_seconds = fetch.as_ref().map_or(300, |s| s.number_or("seconds", 1..=3_600, 300));
    if let Some(fetch) = fetch {
        fetch.close();
    }
    let told = section.text_or("time", "");
    let limits = section.table_if("limits");
    let number = |key, range, default| limits.as_ref().map_or(default, |s| s.number_or(key, range, default));
    let answer_limit = number("answer-bytes", 1_000..=100_000_000, ANSWER_BYTES);
    let seconds = number("answer-seconds", 1..=3_600, common.limits.answer.as_secs());
    if let Some(limits) = &limits {
        limits.close();
    }
    let pull = Pull {
        method: section.word("method", &METHODS).unwrap_or_default().to_owned(),
        path: path(section),
        headers,
        proofs: own,
        fields,
        time: if told.is_empty() { time.to_owned() } else { time_form(section, &told) },
        page,
        code,
        message,
        list,
        number: section.text("number"),
        status: section.text("status"),
        echo: section.texts_or("echo"),
        xml: lower(section.texts_or("xml")),
        lists,
        attachments,
        fetch_proofs,
        fetch_time: Duration::from_secs(fetch_seconds),
        time_limit: Duration::from_secs(seconds),
        answer_limit: usize::try_from(answer_limit).unwrap_or(usize::MAX),
        depth: common.limits.answer_depth,
    };
    check(section, common, &pull);
    section.close();
    pull
}

/// What the settings say of each other.
fn check(section: &Section<'_, '_>, common: &Common<'_>, pull: &Pull) {
    let asks_for = |slot| pull.fields.iter().flat_map(|f| &f.value).any(|part| *part == Part::Pull(slot));
    for slot in [Slot::From, Slot::To] {
        if !asks_for(slot) {
            section.doc().fault(
                section.at(),
                format!(
                    "`pull.fields`: không trường nào có {0} / no field has {0}: the window must be asked for",
                    slot.written()
                ),
            );
        }
    }
    let paged = asks_for(Slot::Page);
    if paged != pull.page.is_some() {
        section.doc().fault(
            section.at(),
            "`pull`: {page} trong `fields` và phần `[pull.page]` phải có cùng nhau / {page} and `[pull.page]` go together",
        );
    }
    let proves = |part: &Part| !part.needs().is_empty() || *part == Part::Token;
    let in_fields = pull.fields.iter().flat_map(|f| &f.value).any(proves);
    let in_headers = pull.proofs.iter().flat_map(|(_, filled)| filled.parts()).any(proves);
    if common.in_body && !in_fields && !in_headers {
        section.doc().fault(
            section.at(),
            "`pull`: không header hay trường nào cho biết ta là ai, cần {credential:…} hoặc {token} / neither header nor \
             field says who we are",
        );
    }
}

fn fields(section: &Section<'_, '_>, places: Places) -> Vec<Field> {
    let mut all = Vec::new();
    for entry in section.entries() {
        // Unlike elsewhere an empty text is one: it asks for all.
        let value = match entry.value.get_ref().as_str() {
            Some("") => Vec::new(),
            _ => match section.as_text(entry.key, entry.value) {
                Some(text) => filled::parts(section, entry.at, &text, places),
                None => continue,
            },
        };
        all.push(Field { key: Key::new(entry.key), value });
    }
    all
}

fn pages(section: &Section<'_, '_>) -> Pages {
    let small = |key, range, default| u32::try_from(section.number_or(key, range, default)).unwrap_or(1);
    let pages =
        Pages { first: small("first", 0..=1, 1), size: u32::try_from(section.number("size", 1..=10_000)).unwrap_or(1) };
    section.close();
    pages
}

/// Places in an answer, in the order in which they are looked at.
fn paths(section: &Section<'_, '_>, key: &str) -> Vec<Vec<String>> {
    let told = lower(section.texts(key));
    let split = |path: &String| -> Vec<String> { path.split('.').map(str::to_owned).collect() };
    if told.iter().any(|path| path.split('.').any(|name| name.trim() != name || name.is_empty())) {
        section.doc().fault(
            section.at(),
            format!(
                "`{}.{key}`: đường dẫn là các tên nối bằng dấu chấm / a path is names with points between",
                section.name()
            ),
        );
    }
    if told.is_empty() && !section.is_absent() {
        section.doc().fault(section.at(), format!("`{}.{key}`: trống / is empty", section.name()));
    }
    told.iter().map(split).collect()
}

fn attachments(section: &Section<'_, '_>) -> Vec<AttachmentForm> {
    let forms = section.tables_or("attachments").into_iter().map(|one| {
        let form = AttachmentForm {
            list: one.text("list").to_lowercase(),
            address: one.text("address").to_lowercase(),
            name: one.text_or("name", "").to_lowercase(),
        };
        one.close();
        form
    });
    forms.collect()
}

fn lower(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().map(|text| text.to_lowercase()).collect()
}
