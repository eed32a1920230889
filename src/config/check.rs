//! What the sections say of each other: every mistake is told, at the key that it is about.

use std::collections::HashSet;

use super::reader::{Listed, Reader};
use super::{NamedSource, Province, StreamConfig, SystemConfig};
use crate::model::suggest::hint;
use crate::schedule::Schedule;

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
    for (nth, stream) in &streams.read {
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

fn names(reader: &mut Reader<'_>, what: &str, names: &[(String, usize)]) {
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

fn one_system(reader: &mut Reader<'_>, nth: usize, system: &SystemConfig) {
    let mut tell = |key: &str, wrong: bool, message: &str| {
        if wrong {
            reader.tell_key(&format!("system.{nth}.{key}"), format!("hệ thống '{}': {key} {message}", system.name));
        }
    };
    let web = ["https://", "http://"].iter().any(|scheme| system.base.starts_with(scheme));
    tell("base", !web, "phải bắt đầu bằng https:// / must begin with https://");
    tell("per_minute", system.per_minute == 0, "phải lớn hơn 0 / must be above 0");
    tell("parallel", !(1..=64).contains(&system.parallel), "phải từ 1 đến 64 / must be 1 to 64");
    tell("breaker_after", system.breaker_after == 0, "phải lớn hơn 0 / must be above 0");
    let (certificate, key) = (system.client_cert_file.is_some(), system.client_key_file.is_some());
    tell("client_cert_file", certificate && !key, "cần client_key_file / needs client_key_file");
    tell("client_key_file", key && !certificate, "cần client_cert_file / needs client_cert_file");
}
