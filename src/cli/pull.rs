//! `pull`: applications that citizens filed come down, now.

use clap::Args;
use jiff::ToSpan as _;
use jiff::civil::Date;
use tokio_util::sync::CancellationToken;

use super::ended::Ended;
use super::{Call, Failure, output};
use crate::intake::window::first_moment;
use crate::intake::{self, Intake, IntakeError, Taken, Wanted};
use crate::mismatch;
use crate::model::{Clock, Message, SystemClock};
use crate::national::Window;
use crate::store::Store;

#[derive(Debug, Args)]
pub(super) struct PullArgs {
    /// Tên [[intake]]; bỏ trống là tất cả / which intake; all where none is named
    name: Option<String>,
    /// Lấy lại từ ngày này, yyyy-MM-dd; con trỏ không đổi / read again from this day; moves no cursor
    #[arg(long, value_name = "NGÀY", requires = "to")]
    from: Option<Date>,
    /// đến hết ngày này / to the end of this day
    #[arg(long, value_name = "NGÀY", requires = "from")]
    to: Option<Date>,
    /// Chỉ hỏi và cho biết sẽ nhận gì / only ask and tell what would be taken in
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(call: &Call, args: &PullArgs) -> Result<u8, Failure> {
    let span = span(args)?;
    let app = call.app().await?;
    let stop = super::serve::stop_on_signal();
    let wanted = Wanted { span, dry_run: args.dry_run };
    let mut ended = Vec::new();
    for intake in app.intakes_of(args.name.as_deref())? {
        let result = Box::pin(once(&app.store, intake, &SystemClock::new(), &wanted, &stop)).await;
        ended.push((intake.name.clone(), result));
    }
    app.store.close().await;
    Ok(show(call, ended))
}

/// One pull. What people decided about its late applications takes effect before; where the intake is running, then.
pub(super) async fn once(
    store: &Store,
    intake: &Intake,
    clock: &dyn Clock,
    wanted: &Wanted,
    stop: &CancellationToken,
) -> Result<Taken, IntakeError> {
    if !wanted.dry_run {
        // What is told of an intake stands under its lease's name.
        mismatch::take_effect(store, &intake.lease(), &intake.lease(), clock).await?;
    }
    Box::pin(intake::run(store, intake, clock, wanted, stop)).await
}

/// Whole days of Viet Nam, both included.
fn span(args: &PullArgs) -> Result<Option<Window>, Failure> {
    let (Some(from), Some(to)) = (args.from, args.to) else { return Ok(None) };
    if from > to {
        return Err(Failure::new(2, format!("--from {from} sau --to {to} / --from is after --to")));
    }
    let end = first_moment(to.saturating_add(1.days())).plus(-1000);
    Ok(Some(Window { from: first_moment(from), to: end }))
}

fn show(call: &Call, ended: Vec<(String, Result<Taken, IntakeError>)>) -> u8 {
    let ended = Ended::of(ended, IntakeError::exit_code);
    if call.json {
        say!("{}", ended.json("pulls"));
    } else {
        table(&ended.done);
    }
    ended.close(Taken::exit_code)
}

fn table(taken: &[Taken]) {
    let mut table = output::table(&[
        Message::HeadIntake,
        Message::HeadItems,
        Message::HeadApplications,
        Message::HeadVersions,
        Message::HeadRepeated,
        Message::HeadEchoes,
        Message::HeadRouted,
        Message::HeadUpto,
    ]);
    for one in taken.iter().filter(|one| one.holder.is_none()) {
        let (came, routed) =
            (&one.received, if one.dry_run { one.received.to_be_routed } else { one.inbox.to_be_routed });
        let numbers = [came.items, came.applications, came.versions, came.repeated, came.echoes, routed];
        let row = std::iter::once(one.name.clone()).chain(numbers.map(|n| n.to_string()));
        table.add_row(row.chain([one.upto.clone()]));
    }
    if taken.iter().any(|one| one.holder.is_none()) {
        say!("{table}");
    }
    for one in taken {
        let name = &one.name;
        if let Some(holder) = &one.holder {
            say!("{}", Message::PullElsewhere.with(&[("intake", name), ("holder", holder)]));
        }
        if one.dry_run {
            say!("{}", Message::PullDry.with(&[("intake", name)]));
        } else if one.inbox.to_be_routed > 0 {
            say!("{}", Message::PullRouted.with(&[("intake", name), ("count", &one.inbox.to_be_routed)]));
        }
        for told in one.error.iter().chain(&one.troubles) {
            say!("{name}: {told}");
        }
    }
}
