//! What the sections say of each other: every mistake is told, at the key that it is about.

use std::collections::HashSet;

use super::reader::{Listed, Reader};
use super::{NamedSource, Province, StreamConfig, SystemConfig};
use crate::delivery::{DAYS, LEADS};
use crate::model::suggest::hint;
use crate::schedule::Schedule;
use crate::source::SourceConfig;

pub(super) fn check(
    reader: &mut Reader<'_>,
    province: Option<&Province>,
    sources: &Listed<NamedSource>,
    systems: &Listed<SystemConfig>,
    streams: &Listed<StreamConfig>,
) {
    if let Some(province) = province
        && !(1..=10).contains(&province.code.len()) | !province.code.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        reader.tell_key("province.code", "mã tỉnh như \"87\" / a province's code such as \"87\"");
    }
    names(reader, "source", &sources.names);
    names(reader, "system", &systems.names);
    names(reader, "stream", &streams.names);
    for (nth, system) in &systems.read {
        one_system(reader, *nth, system);
    }
    let mut folders = HashSet::new();
    for (nth, stream) in &streams.read {
        let is_folder = |name: &str| {
            sources.read.iter().any(|(_, s)| s.name == name && matches!(s.config, SourceConfig::Folder { .. }))
        };
        // Each file is taken once, and moved by whoever took it.
        if is_folder(&stream.source) && !folders.insert(stream.source.as_str()) {
            let message = "thư mục này đã có luồng khác đọc / another stream reads this folder already";
            reader.tell_key(
                &format!("stream.{nth}.source"),
                format!("luồng '{}': '{}': {message}", stream.name, stream.source),
            );
        }
        if let Some(name) = stream.decision.as_deref().filter(|name| is_folder(name)) {
            let message = "thư mục không tra được quyết định / a folder finds no decisions";
            reader.tell_key(&format!("stream.{nth}.decision"), format!("luồng '{}': '{name}': {message}", stream.name));
        }
        let decision = stream.decision.as_deref().map(|name| ("decision", name, &sources.names));
        let named = [("source", stream.source.as_str(), &sources.names), ("system", &stream.system, &systems.names)];
        for (key, name, known) in named.into_iter().chain(decision) {
            if known.iter().any(|(k, _)| k == name) {
                continue;
            }
            let known: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
            let hint = hint(name, known.iter().copied());
            let all = if known.is_empty() { "(chưa có / none)".to_owned() } else { known.join(", ") };
            reader.tell_key(
                &format!("stream.{nth}.{key}"),
                format!("luồng '{}': không có '{name}'; đang có: {all} / there is no such {key}{hint}", stream.name),
            );
        }
        after(reader, *nth, stream, &streams.read);
        if let Some(deadline) = &stream.deadline
            && !(DAYS.contains(&deadline.day) && LEADS.contains(&deadline.lead_days))
        {
            let (days, leads) = (DAYS.end(), LEADS.end());
            reader.tell_key(
                &format!("stream.{nth}.deadline"),
                format!(
                    "luồng '{}': deadline: day từ 1 đến {days}, lead_days từ 1 đến {leads} / day 1 to {days}, lead_days 1 to {leads}",
                    stream.name
                ),
            );
        }
        if let Some(line) = &stream.schedule
            && let Err(error) = Schedule::parse(line)
        {
            reader.tell_key(
                &format!("stream.{nth}.schedule"),
                format!("luồng '{}': '{line}' không phải dòng cron / is no cron line: {error}", stream.name),
            );
        }
    }
}

pub(super) fn names(reader: &mut Reader<'_>, what: &str, names: &[(String, usize)]) {
    let mut met = HashSet::new();
    for (name, at) in names {
        let fine =
            (1..=100).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !fine {
            let message = "tên chỉ có chữ không dấu, số, - _ . / a name has ASCII letters, digits, - _ .";
            reader.tell(*at, format!("[[{what}]] '{name}': {message}"));
        }
        if !met.insert(name) {
            reader.tell(*at, format!("[[{what}]] '{name}': tên đã dùng ở trên / the name stands above already"));
        }
    }
}

/// What goes before a stream is of the same system and stands above it: so nothing waits for itself.
fn after(reader: &mut Reader<'_>, nth: usize, stream: &StreamConfig, all: &[(usize, StreamConfig)]) {
    let place = all.iter().position(|(other, _)| *other == nth).unwrap_or(0);
    for (at, name) in stream.after.iter().enumerate() {
        let known = || all.iter().map(|(_, s)| s.name.as_str()).filter(|known| *known != stream.name);
        let wrong = match all.iter().position(|(_, other)| other.name == *name) {
            _ if stream.after[..at].contains(name) => "có hai lần / named twice".to_owned(),
            None => format!("không có luồng này{} / there is no such stream", hint(name, known())),
            Some(other) if all[other].1.system != stream.system => {
                format!("là của hệ thống '{}' / is of another system", all[other].1.system)
            }
            Some(other) if other >= place => "phải đứng trước trong tệp / must stand above in the file".to_owned(),
            Some(_) => continue,
        };
        reader.tell_key(&format!("stream.{nth}.after"), format!("luồng '{}': after '{name}': {wrong}", stream.name));
    }
}

fn one_system(reader: &mut Reader<'_>, nth: usize, system: &SystemConfig) {
    let mut tell = |key: &str, wrong: bool, message: &str| {
        if wrong {
            reader.tell_key(&format!("system.{nth}.{key}"), format!("hệ thống '{}': {key} {message}", system.name));
        }
    };
    let web = ["https://", "http://"].iter().any(|scheme| system.base.starts_with(scheme));
    let by_folder = system.folder.is_some();
    tell("base", !web && !by_folder, "phải bắt đầu bằng https:// / must begin with https://");
    tell("base", by_folder && !system.base.is_empty(), "không dùng cùng `folder` / is not for a system with `folder`");
    let plain = |wire: &String| !wire.is_empty() && wire.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    tell("wire", system.wire.as_ref().is_some_and(|wire| !plain(wire)), "là tên tệp, không có đuôi / is a file's name");
    tell("per_minute", system.per_minute == 0, "phải lớn hơn 0 / must be above 0");
    tell("parallel", !(1..=64).contains(&system.parallel), "phải từ 1 đến 64 / must be 1 to 64");
    tell("breaker_after", system.breaker_after == 0, "phải lớn hơn 0 / must be above 0");
    let (certificate, key) = (system.client_cert_file.is_some(), system.client_key_file.is_some());
    tell("client_cert_file", certificate && !key, "cần client_key_file / needs client_key_file");
    tell("client_key_file", key && !certificate, "cần client_cert_file / needs client_cert_file");
}
