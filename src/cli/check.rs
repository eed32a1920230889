//! `check`, the doctor: each line says what was looked at, what was found and what to do.

use super::{Call, Failure};
use crate::model::{Clock, SystemClock, Timestamp};
use crate::national::{Operation, Reply, Verdict, WireError};
use crate::run::Stream;
use crate::source::check_shape;

struct Doctor {
    lines: Vec<(bool, String, String)>,
    code: u8,
}

impl Doctor {
    fn good(&mut self, what: impl Into<String>, found: impl std::fmt::Display) {
        self.lines.push((true, what.into(), found.to_string()));
    }

    fn bad(&mut self, code: u8, what: impl Into<String>, found: impl std::fmt::Display) {
        self.code = self.code.max(code);
        self.lines.push((false, what.into(), found.to_string()));
    }
}

pub(super) async fn run(call: &Call) -> Result<u8, Failure> {
    let app = call.app().await?;
    let mut doctor = Doctor { lines: Vec::new(), code: 0 };
    doctor.good("cấu hình và ánh xạ / configuration and mappings", call.config.display());
    let tx = app.store.write().await?;
    drop(tx);
    doctor.good("kho ghi được / the store can be written", "ok");
    let mut met = Vec::new();
    for stream in &app.streams {
        source(&mut doctor, stream).await;
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
    if call.json {
        let lines: Vec<_> = doctor
            .lines
            .iter()
            .map(|(good, what, found)| serde_json::json!({ "ok": good, "what": what, "found": found }))
            .collect();
        println!("{}", serde_json::json!({ "checks": lines }));
    } else {
        for (good, what, found) in &doctor.lines {
            println!("{} {what}: {found}", if *good { "[ok]" } else { "[!!]" });
        }
    }
    Ok(doctor.code)
}

async fn source(doctor: &mut Doctor, stream: &Stream) {
    let what = format!("nguồn của luồng / source of '{}' ({})", stream.name, stream.source.place());
    match stream.source.describe().await {
        Err(error) => doctor.bad(4, what, error),
        Ok(has) => match check_shape(stream.source.place(), stream.mapping.columns(), &has) {
            Ok(()) => doctor.good(what, format!("{} cột / columns", has.len())),
            Err(error) => doctor.bad(2, what, error),
        },
    }
}

/// A token, then one harmless question: about a batch key that was never used.
async fn system(doctor: &mut Doctor, stream: &Stream) {
    let (system, clock) = (&stream.system, SystemClock::new());
    let name = format!("hệ thống / system '{}'", system.name);
    if let Some(request) = system.session.token_request() {
        let now = clock.now();
        match system.transport.exchange(request).await {
            Err(error) => return unreachable(doctor, &name, &error),
            Ok(reply) => {
                facts(doctor, &name, &reply, clock.now());
                if let Err(verdict) = system.session.take(&reply, now) {
                    return doctor.bad(4, format!("{name}: token"), verdict);
                }
                doctor.good(format!("{name}: token"), "ok");
            }
        }
    }
    let key = format!("check-{}", uuid::Uuid::now_v7());
    let Some(request) = system.profile.request(&stream.entity, Operation::Ask, system.profile.ask(&key)) else {
        return doctor.bad(2, name, "hồ sơ không có thao tác hỏi / the profile has no question");
    };
    let Some(pass) = system.session.pass(clock.now()) else {
        return doctor.bad(4, name, "không có token / no token");
    };
    match system.transport.exchange(request.authorized(&pass.headers)).await {
        Err(error) => unreachable(doctor, &name, &error),
        Ok(reply) => match system.profile.judge(Operation::Ask, &reply) {
            Verdict::NeverSeen => doctor
                .good(format!("{name}: câu hỏi vô hại / harmless question"), "trả lời đúng / answered as it should"),
            verdict => doctor.bad(
                4,
                format!("{name}: câu hỏi vô hại / harmless question"),
                format!("HTTP {}, {}", reply.status, verdict.word()),
            ),
        },
    }
}

fn unreachable(doctor: &mut Doctor, name: &str, error: &WireError) {
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
