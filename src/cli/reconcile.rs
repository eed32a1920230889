//! `reconcile`: what we believe is laid against what the nation has, now.

use clap::Args;

use super::ended::Ended;
use super::{Call, Failure, output, places};
use crate::model::{Kind, Message, SystemClock};
use crate::reconcile::{self, Found, ReconcileError, Wanted};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct ReconcileArgs {
    /// Chỉ những luồng này / only these streams
    #[arg(long, value_name = "LUỒNG")]
    stream: Vec<String>,
    /// Chỉ những luồng của hệ thống này / only streams of these systems
    #[arg(long, value_name = "HỆ_THỐNG")]
    system: Vec<String>,
    /// Chỉ xã này / only this commune
    #[arg(long, value_name = "MÃ_XÃ")]
    commune: Option<String>,
    /// Liệt kê tất cả, kể cả khi mã kiểm tra khớp / list all, whatever the digests say
    #[arg(long)]
    full: bool,
    /// Làm tiếp lần đối chiếu bị dừng / go on with a round that was stopped
    #[arg(long)]
    resume: bool,
    /// Danh sách thiếu là có thật, đã xác minh / a short listing is real: somebody has made sure
    #[arg(long)]
    as_it_is: bool,
    /// Chỉ hỏi và cho biết, không mở hay đóng gì / only ask and tell
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(call: &Call, args: &ReconcileArgs) -> Result<u8, Failure> {
    let app = call.app().await?;
    let subjects = app.subjects(&args.stream, &args.system)?;
    if let Some(commune) = &args.commune {
        places::known(&app.config, &app.store, commune).await?;
    }
    let stop = super::serve::stop_on_signal();
    let wanted = Wanted {
        commune: args.commune.clone(),
        full: args.full,
        as_it_is: args.as_it_is,
        dry_run: args.dry_run,
        resume: args.resume,
        by_schedule: false,
    };
    let mut ended = Vec::new();
    for subject in &subjects {
        let result = Box::pin(reconcile::run(&app.store, subject, &SystemClock::new(), &wanted, &stop)).await;
        ended.push((subject.stream.clone(), result));
        if stop.is_cancelled() {
            break;
        }
    }
    app.store.close().await;
    Ok(show(call, ended))
}

fn show(call: &Call, ended: Vec<(String, Result<Found, ReconcileError>)>) -> u8 {
    let ended = Ended::of(ended, ReconcileError::exit_code);
    if call.json {
        say!("{}", ended.json("comparisons"));
    } else {
        ended.done.iter().for_each(show_one);
    }
    ended.close(Found::exit_code)
}

fn show_one(found: &Found) {
    let name = &found.stream;
    if let Some(holder) = &found.holder {
        say!("{}", Message::ReconcileElsewhere.with(&[("stream", name), ("holder", holder)]));
        return;
    }
    if found.method != "none" {
        say!(
            "{}",
            Message::ReconcileHead.with(&[
                ("stream", name),
                ("compared", &found.compared),
                ("agree", &found.agree),
                ("differing", &found.records_differing),
                ("moving", &found.moving),
                ("communes", &found.communes_differing),
                ("requests", &found.requests),
                ("seconds", &format!("{:.1}", found.seconds)),
            ])
        );
    }
    if !found.differences.is_empty() {
        let mut table = output::table(&[Message::HeadMeaning, Message::HeadCount, Message::HeadProposal]);
        for (kind, count) in &found.differences {
            let way_out = Kind::from_word(kind).map(Kind::way_out);
            let way_out = way_out.map(|(vi, en)| format!("{vi} / {en}")).unwrap_or_default();
            table.add_row([output::kind(kind), count.to_string(), way_out]);
        }
        say!("{table}");
    }
    for (message, count) in
        [(Message::ReconcileProbably, found.agree_probably), (Message::ReconcileNoContent, found.cannot_compare)]
    {
        if count > 0 {
            say!("{}", message.with(&[("stream", name), ("count", &count)]));
        }
    }
    if !found.incomplete.is_empty() {
        let named: Vec<&str> = found.incomplete.iter().take(20).map(String::as_str).collect();
        say!("{}", Message::ReconcileIncomplete.with(&[("stream", name), ("communes", &named.join(", "))]));
    }
    for blind in &found.cannot_see {
        let (vi, en) = blind.told();
        say!("{}", Message::ReconcileBlind.with(&[("stream", name), ("blind", &format!("{vi} ({en})"))]));
    }
    if found.waits_for_the_stream {
        say!("{}", Message::ReconcileWaits.with(&[("stream", name)]));
    }
    if found.dry_run {
        say!("{}", Message::ReconcileDry.with(&[("stream", name)]));
    }
}
