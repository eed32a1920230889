//! The doctor on intakes: the mapping down, and one harmless question: what was filed within the last second.

use super::check::{Doctor, from_memory, token, unreachable};
use crate::intake::Intake;
use crate::intake::clock_rules::ClockRules;
use crate::model::{Clock as _, SystemClock};
use crate::national::{PullVerdict, Window};

/// Looks at an intake; at its system's token too where no stream did.
pub(super) async fn intake(doctor: &mut Doctor, intake: &Intake, met: bool) {
    for example in intake.mapping.run_examples().iter().filter(|e| !e.passed()) {
        doctor.bad(
            2,
            format!("ví dụ ánh xạ / mapping example '{}'", example.name),
            format!("dòng/line {}: {:?}", example.line, example.differences),
        );
    }
    let clock = intake.clock.iter().flat_map(ClockRules::lists);
    let lists: Vec<_> = intake.mapping.lists().iter().chain(clock).cloned().collect();
    from_memory(doctor, &intake.name, &lists);
    if let Some(local) = &intake.local {
        let what = format!("bàn giao / hand-over '{}'", intake.name);
        match local.check().await {
            Ok(()) => doctor.good(what, local.place()),
            Err(error) => doctor.bad(4, what, error),
        }
    }
    let name = format!("hệ thống / system '{}'", intake.system.name);
    if met || token(doctor, &intake.system, &name).await {
        question(doctor, intake).await;
    }
}

async fn question(doctor: &mut Doctor, intake: &Intake) {
    let (system, clock) = (&intake.system, SystemClock::new());
    let what = format!("lấy hồ sơ / pull '{}'", intake.name);
    let Some(pull) = system.profile.pull() else {
        return doctor.bad(2, what, "hồ sơ hệ thống không có [pull] / the profile has no [pull]");
    };
    let now = clock.now();
    let Some(pass) = system.session.pass(now) else {
        return doctor.bad(4, what, "không có token / no token");
    };
    let request = pull.request(&system.province, Window { from: now.plus(-1000), to: now }, 0);
    match system.transport.exchange(request.authorized(&pass)).await {
        Err(error) => unreachable(doctor, &what, &error),
        Ok(reply) => match pull.read(&system.profile, &reply) {
            Ok(_) => doctor.good(what, "trả lời đúng / answered as it should"),
            Err(verdict) => doctor.bad(4, what, format!("HTTP {}, {}", reply.status, told(&verdict))),
        },
    }
}

/// Without the portal's own words, which may name people.
fn told(verdict: &PullVerdict) -> String {
    match verdict {
        PullVerdict::Token => "khóa hoặc token không hợp lệ / key or token not valid".to_owned(),
        PullVerdict::Busy | PullVerdict::Wait(_) => "bận / busy".to_owned(),
        PullVerdict::Refused { code, .. } => format!("từ chối với mã {code} / refused with code {code}"),
        PullVerdict::Unreadable { why } => why.clone(),
    }
}
