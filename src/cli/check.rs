//! `check`, the doctor: each line says what was looked at, what was found and what to do.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use super::{Call, Failure, check_intake};
use crate::codes::CodeList;
use crate::config::Config;
use crate::delivery::System;
use crate::mismatch::{Authority, DecisionRules};
use crate::model::{Clock, Message, SystemClock, Timestamp};
use crate::national::{Found, Operation, Purpose, Reply, Verdict, WireError};
use crate::run::Stream;
use crate::source::{Ready, check_shape};

/// How a line stands: as it should, to be looked at by a person some time, or to be mended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Good,
    Note,
    Bad,
}

pub(super) struct Doctor {
    lines: Vec<(Mark, String, String)>,
    code: u8,
}

impl Doctor {
    pub(super) fn good(&mut self, what: impl Into<String>, found: impl std::fmt::Display) {
        self.lines.push((Mark::Good, what.into(), found.to_string()));
    }

    /// Nothing is broken, and the exit code says nothing of it.
    fn note(&mut self, what: impl Into<String>, found: impl std::fmt::Display) {
        self.lines.push((Mark::Note, what.into(), found.to_string()));
    }

    pub(super) fn bad(&mut self, code: u8, what: impl Into<String>, found: impl std::fmt::Display) {
        self.code = self.code.max(code);
        self.lines.push((Mark::Bad, what.into(), found.to_string()));
    }
}

pub(super) async fn run(call: &Call) -> Result<u8, Failure> {
    let app = call.app().await?;
    let mut doctor = Doctor { lines: Vec::new(), code: 0 };
    doctor.good(Message::CheckConfig.both(), call.config.display());
    let tx = app.store.write().await?;
    drop(tx);
    doctor.good(Message::CheckStore.both(), "ok");
    secrets(&mut doctor, &app.config);
    authorities(&mut doctor, &app.config);
    let mut met = Vec::new();
    for stream in &app.streams {
        source(&mut doctor, stream).await;
        from_memory(&mut doctor, &stream.name, stream.mapping.lists());
        for example in stream.mapping.run_examples().iter().filter(|e| !e.passed()) {
            doctor.bad(
                2,
                format!("ví dụ ánh xạ / mapping example '{}'", example.name),
                format!("dòng/line {}: {:?}", example.line, example.differences),
            );
        }
        if !met.contains(&stream.system.name) {
            met.push(stream.system.name.clone());
            system(&mut doctor, stream).await;
        }
    }
    for intake in &app.intakes {
        let known = met.contains(&intake.system.name);
        check_intake::intake(&mut doctor, intake, known).await;
        met.push(intake.system.name.clone());
    }
    if call.json {
        let lines: Vec<_> = doctor
            .lines
            .iter()
            .map(|(mark, what, found)| serde_json::json!({ "ok": *mark != Mark::Bad, "note": *mark == Mark::Note, "what": what, "found": found }))
            .collect();
        say!("{}", serde_json::json!({ "checks": lines }));
    } else {
        for (mark, what, found) in &doctor.lines {
            let mark = match mark {
                Mark::Good => "[ok]",
                Mark::Note => "[??]",
                Mark::Bad => "[!!]",
            };
            say!("{mark} {what}: {found}");
        }
    }
    Ok(doctor.code)
}

/// Secrets are for the gateway's user and its group.
fn secrets(doctor: &mut Doctor, config: &Config) {
    let mut closed = 0;
    for file in config.secret_files() {
        let what = Message::CheckSecret.with(&[("file", &file.display())]);
        match std::fs::metadata(&file) {
            Ok(found) if found.permissions().mode() & 0o007 != 0 => {
                let mode = format!("{:04o}", found.permissions().mode() & 0o7777);
                doctor.bad(3, what, Message::CheckSecretOpen.with(&[("mode", &mode)]));
            }
            Ok(_) => closed += 1,
            Err(error) => doctor.bad(2, what, error),
        }
    }
    if closed > 0 {
        doctor.good(Message::CheckSecrets.both(), Message::CheckSecretsClosed.with(&[("count", &closed)]));
    }
}

/// Who is right where the two sides differ, and what may be decided about it.
fn authorities(doctor: &mut Doctor, config: &Config) {
    let mappings = config.mappings();
    if let Err(faults) = DecisionRules::load(&mappings.join("codes")) {
        doctor.bad(2, Message::CheckDecisions.both(), faults);
    }
    for system in &config.system {
        let what = Message::CheckAuthority.with(&[("system", &system.name)]);
        match Authority::load(&mappings, system.profile(), &system.name) {
            Err(faults) => doctor.bad(2, what, faults),
            Ok(authority) if authority.is_empty() => doctor.good(what, Message::CheckAuthorityNone.both()),
            Ok(authority) if authority.from_memory() == 0 => doctor.good(what, Message::CheckMemoryNone.both()),
            Ok(authority) => {
                let count = authority.from_memory();
                doctor.note(what, Message::CheckAuthorityMemory.with(&[("count", &count)]));
            }
        }
    }
}

/// Rows of code lists that somebody wrote down from memory decide about people's money: the operator must verify them.
/// Tells which rows of the lists that a stream or an intake uses nobody has checked against their source.
pub(super) fn from_memory(doctor: &mut Doctor, name: &str, lists: &[Arc<CodeList>]) {
    let lists = lists.iter();
    let doubtful: Vec<(&str, usize)> = lists
        .map(|list| (list.name(), list.entries().iter().filter(|entry| !entry.checked).count()))
        .filter(|(_, rows)| *rows > 0)
        .collect();
    let what = Message::CheckMemory.with(&[("stream", &name)]);
    if doubtful.is_empty() {
        return doctor.good(what, Message::CheckMemoryNone.both());
    }
    let count: usize = doubtful.iter().map(|(_, rows)| rows).sum();
    let names: Vec<String> = doubtful.iter().map(|(name, rows)| format!("{name} ({rows})")).collect();
    doctor.note(what, Message::CheckMemoryRows.with(&[("count", &count), ("lists", &names.join(", "))]));
}

async fn source(doctor: &mut Doctor, stream: &Stream) {
    let what = format!("nguồn của luồng / source of '{}' ({})", stream.name, stream.source.place());
    match stream.source.ready().await {
        Ok(Ready::Nothing) => return doctor.note(what, "chưa có tệp mới đã ghi xong / no finished file waits"),
        Ok(Ready::Always | Ready::File(_)) => {}
        Err(error) => return doctor.bad(4, what, error),
    }
    match stream.source.describe().await {
        Err(error) => doctor.bad(4, what, error),
        Ok(has) => match check_shape(stream.source.place(), stream.mapping.columns(), &has) {
            Ok(()) => {
                doctor.good(what, format!("{} cột / columns", has.len()));
                reading(doctor, stream).await;
            }
            Err(error) => doctor.bad(2, what, error),
        },
    }
}

/// A file is read to its end: a charset that was guessed wrong, and zeros that were lost, are seen before anything is sent.
async fn reading(doctor: &mut Doctor, stream: &Stream) {
    let what = format!("tệp của luồng / file of '{}'", stream.name);
    match stream.source.reading().await {
        Ok(None) => {}
        Ok(Some(reading)) => {
            let reading = reading.for_columns(stream.mapping.columns());
            match (reading.stops, reading.is_doubtful()) {
                (true, _) => doctor.bad(2, what.clone(), reading.told()),
                (false, true) => doctor.note(what.clone(), reading.told()),
                (false, false) => doctor.good(what.clone(), reading.told()),
            }
            if let Some(numbers) = reading.told_of_numbers() {
                doctor.note(what, numbers);
            }
        }
        Err(error) => doctor.bad(2, what, error),
    }
}

/// A token; whether there is one, or none is needed.
pub(super) async fn token(doctor: &mut Doctor, system: &System, name: &str) -> bool {
    let clock = SystemClock::new();
    let Some(request) = system.session.token_request() else { return true };
    let now = clock.now();
    match system.transport.exchange(request).await {
        Err(error) => {
            unreachable(doctor, name, &error);
            false
        }
        Ok(reply) => {
            facts(doctor, name, &reply, clock.now());
            if let Err(verdict) = system.session.take(&reply, now) {
                doctor.bad(4, format!("{name}: token"), verdict);
                return false;
            }
            doctor.good(format!("{name}: token"), "ok");
            true
        }
    }
}

/// A token, then one harmless question: about a batch key that was never used.
async fn system(doctor: &mut Doctor, stream: &Stream) {
    let (system, clock) = (&stream.system, SystemClock::new());
    let name = format!("hệ thống / system '{}'", system.name);
    if !token(doctor, system, &name).await {
        return;
    }
    // Neither a batch of this key nor a record of this number was ever sent.
    let (profile, key) = (&system.profile, format!("check-{}", uuid::Uuid::now_v7()));
    let question = profile.ask(&stream.entity, &key).or_else(|| profile.look_up(&stream.entity, &key));
    let harmless = format!("{name}: câu hỏi vô hại / harmless question");
    let Some(request) = question else {
        let told = "hệ thống không có câu hỏi vô hại, chưa thử tới cùng / the system has none: not tried to the end";
        return doctor.note(harmless, told);
    };
    let Some(pass) = system.session.pass(clock.now()) else {
        return doctor.bad(4, name, "không có token / no token");
    };
    let looked_up = request.purpose == Purpose::Operation(Operation::LookUp);
    match system.transport.exchange(request.authorized(&pass)).await {
        Err(error) => unreachable(doctor, &name, &error),
        Ok(reply) => {
            let verdict = if looked_up {
                profile.judge_look_up(&key, "{}", &reply)
            } else {
                profile.judge(Operation::Ask, &reply)
            };
            match verdict {
                Verdict::NeverSeen | Verdict::LookedUp(Found::Nothing) => {
                    doctor.good(harmless, "trả lời đúng / answered as it should");
                }
                verdict => doctor.bad(4, harmless, format!("HTTP {}, {}", reply.status, verdict.word())),
            }
        }
    }
}

pub(super) fn unreachable(doctor: &mut Doctor, name: &str, error: &WireError) {
    doctor.bad(4, name.to_owned(), error);
}

/// The answer's certificate and clock.
fn facts(doctor: &mut Doctor, name: &str, reply: &Reply, now: Timestamp) {
    if let Some(until) = reply.certificate_until {
        let days = (until.0 - now.0).div_euclid(86_400_000);
        let what = format!("{name}: chứng thư máy chủ / server certificate");
        let found = format!("còn {days} ngày, đến {} / {days} days left", until.for_people());
        if days < 30 { doctor.bad(3, what, found) } else { doctor.good(what, found) }
    }
    if let Some(theirs) = reply.server_time() {
        let skew = (now.0 - theirs.0) / 1000;
        let what = format!("{name}: đồng hồ / clock");
        if skew.abs() > 60 {
            doctor.bad(3, what, format!("lệch {skew} giây so với hệ thống, chỉnh NTP / {skew} s off: set the clock"));
        } else {
            doctor.good(what, format!("lệch {skew} giây / {skew} s off"));
        }
    }
}
