//! Many mismatches of one cause, and what would close all of them at once.

use crate::model::{Kind, Message, Reason};

/// A sentence for people: Vietnamese, then English.
pub fn closing(kind: &str, reason: &str, cause: &str, count: i64) -> String {
    // A cause is the reason, the field, then what is particular about it.
    let mut parts = cause.splitn(3, ' ').skip(1);
    let (field, code) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let message = match reason {
        _ if reason == Reason::UnknownCode.word() && !code.is_empty() => Message::CloseUnknownCode,
        _ if reason == Reason::Brake.word() => Message::CloseBrake,
        _ if reason == Reason::Missing.word() => Message::CloseMissing,
        "older-rate-there" => Message::CloseOlderRateThere,
        "older-rate-here" => Message::CloseOlderRateHere,
        "tones" => Message::CloseTones,
        "empty-there" => Message::CloseEmptyThere,
        "empty-here" => Message::CloseEmptyHere,
        _ if kind == Kind::RefusedThere.word() => Message::CloseRefused,
        _ => {
            let (vi, en) = Kind::from_word(kind).map(Kind::way_out).unwrap_or_default();
            return format!("{count} hồ sơ: {vi} / {count} records: {en}");
        }
    };
    message.with(&[("count", &count), ("field", &field), ("code", &code), ("reason", &reason)])
}
