//! Whether a batch and its records keep to the contract, and what is to be said of a record for other reasons.

use jiff::civil::Date;

use super::book::{Book, Verdict};
use super::breach::Breaches;
use super::control::Rule;
use super::dates;
use super::faults::{Fault, FaultKind};
use super::form;
use super::parse::{Envelope, Item, Value};
use super::record::Field;
use super::version;

/// Bytes of one batch.
const MOST_BYTES: usize = 5_000_000;
/// Records of one batch.
const MOST_RECORDS: usize = 500;

/// The text of what came, if it is one.
pub(super) fn text<'v>(value: Option<&'v Value<'_>>) -> Option<&'v str> {
    value.and_then(Value::text)
}

/// The first thing that is wrong with an envelope; what is in it is never quoted.
pub(super) fn wrong(envelope: &Envelope<'_>, bytes: usize, actions: [&str; 2]) -> Option<String> {
    let tidy = |value: &str, most: usize| {
        let count = value.chars().count();
        count > 0 && count <= most && form::untidy(value).is_none()
    };
    let Some(items) = &envelope.items else { return Some("DanhSach is not there".to_owned()) };
    let first = if envelope.odd_keys > 0 {
        "a key that the envelope does not have, or a key twice"
    } else if !text(envelope.province.as_ref()).is_some_and(|province| form::digits(province, 2)) {
        "MaTinh is not two digits"
    } else if !text(envelope.key.as_ref()).is_some_and(|key| key.chars().count() >= 8 && tidy(key, 100)) {
        "MaGoiTin is not a text of 8 to 100 characters"
    } else if text(envelope.formed.as_ref()).and_then(dates::moment).is_none() {
        "ThoiGianGui is not yyyyMMddHHmmss"
    } else if items.is_empty() {
        "DanhSach is empty"
    } else if items.len() > MOST_RECORDS {
        "more than 500 records"
    } else if bytes > MOST_BYTES {
        "more than 5,000,000 bytes"
    } else {
        ""
    };
    if !first.is_empty() {
        return Some(first.to_owned());
    }
    items.iter().zip(1..).find_map(|(item, number)| {
        let what = if item.odd_keys > 0 {
            "a key that an item does not have, or a key twice"
        } else if !text(item.reference.as_ref()).is_some_and(|reference| tidy(reference, 100)) {
            "MaThamChieu is not a text of 1 to 100 characters"
        } else if text(item.version.as_ref()).is_none() {
            "PhienBan is not there"
        } else if !text(item.action.as_ref()).is_some_and(|action| actions.contains(&action)) {
            "ThaoTac is neither GHI nor DUNG"
        } else if item.values.is_none() {
            "DoiTuong is not there"
        } else {
            return None;
        };
        Some(format!("item {number}: {what}"))
    })
}

/// One record, to be judged.
pub(super) struct Case<'v, 'a> {
    pub item: &'v Item<'a>,
    pub read: form::Read<'v, 'a>,
    /// `GHI`, else `DUNG`.
    pub write: bool,
    pub entry: u32,
    /// `PhienBan` as it should be.
    pub version: &'v [u8; 32],
    /// The last day that is not in the future.
    pub latest: Date,
}

/// Breaches of one record, counted; the reason of its refusal if there is any.
pub(super) fn judge(
    case: &Case<'_, '_>,
    book: &mut Book,
    breaches: &mut Breaches,
    place: impl Fn() -> String,
) -> Option<u16> {
    let Case { item, read, .. } = case;
    let scene = form::Scene { latest: case.latest, before: book.written(case.entry) };
    let known = scene.before.is_some();
    let mut findings = Vec::new();
    if case.write {
        form::written(read, &scene, &mut findings);
    } else {
        form::stopped(read, &scene, &mut findings);
    }
    for form::Finding(field, what) in &findings {
        breaches.add("record", || format!("{}: {field}: {what}", place()));
    }
    let reference = text(item.reference.as_ref()).unwrap_or_default();
    let is_number = [Field::SoGiayTo, Field::MaDinhDanhCu].iter().any(|&field| read.text(field) == reference);
    let is_twin = case.write && findings.is_empty() && book.has_twin(read, case.entry);
    let given = text(item.version.as_ref()).unwrap_or_default();
    let others = [
        (item.odd_fields > 0, "record", "SAI_DANG", "a key that the record does not have, or a key twice"),
        (
            !version::is_hex_of(given, case.version),
            "version",
            "SAI_PHIEN_BAN",
            "PhienBan is not the hash of the record",
        ),
        (is_number, "reference", "SAI_DANG", "MaThamChieu is an identity number"),
        (is_twin, "twice", "TRUNG", "another record stands for the same already"),
        (!case.write && !known, "stop", "CHUA_CO", "a stop of a record that was never written"),
    ];
    let mut reason = findings.first().map(|form::Finding(field, what)| {
        let text = format!("{field}: {what}");
        book.reason("SAI_DANG", &text)
    });
    for (holds, kind, code, what) in others {
        if holds {
            breaches.add(kind, || format!("{}: {what}", place()));
            reason = reason.or_else(|| Some(book.reason(code, what)));
        }
    }
    reason
}

/// What was told to be said of a record.
pub(super) fn told_to(book: &mut Book, item: &Item<'_>, fault: Option<&Fault>, at: usize) -> Option<Verdict> {
    let reference = text(item.reference.as_ref()).unwrap_or_default();
    match book.rules.get_mut(reference) {
        Some(Rule::Refused { code, text }) => {
            let (code, text) = (code.clone(), text.clone());
            return Some(Verdict::Refused(book.reason(&code, &text)));
        }
        Some(Rule::Later { times }) => {
            *times = times.saturating_sub(1);
            if *times == 0 {
                book.rules.remove(reference);
            }
            return Some(Verdict::Later(book.reason("THU_LAI", "Đề nghị gửi lại sau")));
        }
        _ => {}
    }
    match fault.map(|fault| fault.fault) {
        Some(FaultKind::Partial) if at.is_multiple_of(3) => {
            Some(Verdict::Later(book.reason("THU_LAI", "Đề nghị gửi lại sau")))
        }
        Some(FaultKind::MissingNotStored) if at.is_multiple_of(3) => Some(Verdict::Unmentioned),
        _ => None,
    }
}
