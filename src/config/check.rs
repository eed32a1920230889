//! What the sections say of each other: every mistake is told.

use std::collections::HashSet;
use std::path::Path;

use super::Config;
use super::values::line_of;
use crate::model::{Fault, Faults};

pub(super) fn check(file: &Path, text: &str, config: &Config) -> Result<(), Faults> {
    let mut faults = Vec::new();
    let mut tell = |value: &str, message: String| {
        let quoted = format!("\"{value}\"");
        let line = text.find(&quoted).map(|at| line_of(text, at));
        faults.push(Fault { file: file.to_path_buf(), line, message });
    };
    let sources: Vec<&str> = config.source.iter().map(|s| s.name.as_str()).collect();
    let systems: Vec<&str> = config.system.iter().map(|s| s.name.as_str()).collect();
    let streams: Vec<&str> = config.stream.iter().map(|s| s.name.as_str()).collect();
    for (what, names) in [("source", &sources), ("system", &systems), ("stream", &streams)] {
        let mut met = HashSet::new();
        for name in names {
            if name.is_empty()
                || name.len() > 100
                || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            {
                tell(
                    name,
                    format!(
                        "[[{what}]] tên '{name}' chỉ được có chữ không dấu, số, - _ . / a name has ASCII letters, digits, - _ ."
                    ),
                );
            }
            if !met.insert(*name) {
                tell(name, format!("[[{what}]] tên '{name}' có hai lần / the name stands twice"));
            }
        }
    }
    for stream in &config.stream {
        let wanted = std::iter::once(("source", stream.source.as_str(), &sources))
            .chain(std::iter::once(("system", stream.system.as_str(), &systems)))
            .chain(stream.decision.as_deref().map(|d| ("decision", d, &sources)));
        for (key, name, known) in wanted {
            if !known.contains(&name) {
                let known = if known.is_empty() { "(không có / none)".to_owned() } else { known.join(", ") };
                tell(
                    name,
                    format!(
                        "luồng '{}': {key} = '{name}' không có; đang có: {known} / there is no such {key}",
                        stream.name
                    ),
                );
            }
        }
        if let Some(line) = &stream.schedule
            && let Err(error) = crate::schedule::Schedule::parse(line)
        {
            tell(line, format!("luồng '{}': schedule '{line}' không đọc được: {error} / is no cron line", stream.name));
        }
    }
    for system in &config.system {
        if !(system.base.starts_with("https://") || system.base.starts_with("http://")) {
            tell(
                &system.base,
                format!("hệ thống '{}': base phải bắt đầu bằng https:// / must begin with https://", system.name),
            );
        }
        if system.per_minute == 0 || system.parallel == 0 || system.parallel > 64 || system.breaker_after == 0 {
            let message = "per_minute, parallel (1–64), breaker_after phải lớn hơn 0 / must be above 0";
            tell(&system.name, format!("hệ thống '{}': {message}", system.name));
        }
        if system.client_cert_file.is_some() != system.client_key_file.is_some() {
            let message = "client_cert_file và client_key_file đi cùng nhau / go together";
            tell(&system.name, format!("hệ thống '{}': {message}", system.name));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
}
