//! `dossier files`: files that applications name and that are not there; with `--again` those that were given up are
//! fetched once more.

use clap::Args;
use serde_json::json;

use super::dossier::Desk;
use super::dossier_show::{Which, shown, the_one};
use super::hand::{tell, who};
use super::{Call, Failure, output};
use crate::model::Message;
use crate::store::attachment::{self, Missing};

#[derive(Debug, Args)]
pub(super) struct FilesArgs {
    /// Mã hồ sơ; bỏ trống là tất cả / the number; all where none is named
    number: Option<String>,
    /// `id` của --json / the `id` of --json
    #[arg(long, conflicts_with = "number")]
    id: Option<i64>,
    /// Theo [[intake]] nào / by which [[intake]] it came
    #[arg(long)]
    intake: Option<String>,
    /// Tải lại những tệp đã bị từ chối / fetch again what was refused, infected or elsewhere: after a setting was changed
    #[arg(long, requires = "reason")]
    again: bool,
    /// Vì sao / why
    #[arg(long)]
    reason: Option<String>,
    /// Bắt đầu sau số này / begin after this file
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// Nhiều nhất bao nhiêu dòng / at most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
}

pub(super) async fn files(call: &Call, desk: &Desk, args: &FilesArgs) -> Result<u8, Failure> {
    let mut tx = if args.again { desk.store.write().await? } else { desk.store.read().await? };
    let application = if args.number.is_some() || args.id.is_some() {
        let which = Which { number: args.number.clone(), id: args.id, intake: args.intake.clone() };
        the_one(&mut tx, &which).await?.id
    } else {
        0
    };
    if args.again {
        let reason = args.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        let reason = reason.ok_or_else(|| Failure::new(2, Message::ReasonNeeded.both()))?;
        let because = format!("tải lại tệp / files again: {reason}");
        let count = attachment::again(&mut tx, application, desk.now, (&who(), &because)).await?;
        tx.commit().await?;
        tell(call, &json!({ "again": count }), &Message::FilesAgain.with(&[("count", &count)]));
        return Ok(0);
    }
    let limit = usize::from(args.limit);
    let mut missing = attachment::missing(&mut tx, application, args.after, i64::from(args.limit) + 1).await?;
    drop(tx);
    // Where an intake fetches none, none is awaited.
    let fetches = |one: &Missing| desk.intake(&one.intake).is_some_and(|intake| intake.attachments.is_some());
    let next = (missing.len() > limit).then(|| missing[limit - 1].id);
    missing.truncate(limit);
    missing.retain(|one| one.state != "wanted" || fetches(one));
    if call.json {
        say!("{}", json!({ "files": missing, "next": next }));
    } else if missing.is_empty() {
        say!("{}", Message::FilesAllThere.both());
    } else {
        say!("{}", table(&missing));
        if let Some(id) = next {
            say!("{}", Message::DossierMore.with(&[("id", &id)]));
        }
    }
    Ok(if missing.is_empty() { 0 } else { 3 })
}

fn table(missing: &[Missing]) -> comfy_table::Table {
    let mut table = output::table(&[
        Message::HeadDossier,
        Message::EventFile,
        Message::HeadState,
        Message::HeadAttempts,
        Message::HeadWhy,
    ]);
    for one in missing {
        table.add_row([
            shown(&one.number, one.application_id),
            output::key(if one.name.is_empty() { &one.address } else { &one.name }),
            Message::of_word("file", &one.state),
            one.attempts.to_string(),
            output::key(&one.why),
        ]);
    }
    table
}
