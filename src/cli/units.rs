//! `units list|decide`: addresses in communes that were split, and to which of the new ones a person says they went.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;

use super::hand::{chosen, id_of, tell, who};
use super::{Call, Failure, output};
use crate::app::App;
use crate::mapping::Units;
use crate::model::{Clock, Message, Place, SystemClock, Timestamp};
use crate::store::units::{self, Decision, Question};

#[derive(Debug, Args)]
pub(super) struct UnitsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Những địa chỉ đang chờ quyết định / the addresses that wait for a decision
    List {
        /// Những gì đã quyết định: ai, lúc nào, vì sao / what was decided: who, when, why
        #[arg(long)]
        decided: bool,
        /// Bắt đầu sau địa chỉ này (`place` của --json) / begin after this place
        #[arg(long, value_parser = place)]
        after: Option<Place>,
        /// Nhiều nhất bao nhiêu dòng / at most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
    },
    /// Quyết định một địa chỉ thuộc xã mới nào / decide in which new commune an address lies
    Decide(DecideArgs),
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["key", "address"])))]
struct DecideArgs {
    /// Khóa của một hồ sơ ở địa chỉ ấy / the key of a record at that address
    key: Option<String>,
    /// Địa chỉ, như nguồn ghi / the address, as the source writes it
    #[arg(long, requires = "commune")]
    address: Option<String>,
    /// Mã xã cũ của địa chỉ / the old commune of the address
    #[arg(long, requires = "address")]
    commune: Option<String>,
    /// Mã xã mới / the new commune
    #[arg(long)]
    to: String,
    /// Vì sao, theo giấy tờ nào / why, by which paper
    #[arg(long)]
    reason: String,
    /// Luồng của hồ sơ / the record's stream
    #[arg(long)]
    stream: Option<String>,
    /// Chỉ xem, không ghi gì / only look, write nothing
    #[arg(long)]
    dry_run: bool,
}

fn place(text: &str) -> Result<Place, String> {
    let wrong = || "phải là 32 chữ số thập lục / must be 32 hexadecimal digits".to_owned();
    let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32).ok_or_else(wrong)?;
    Ok(Place(number.to_be_bytes()))
}

pub(super) async fn run(call: &Call, args: &UnitsArgs) -> Result<u8, Failure> {
    let app = call.app().await?;
    match &args.what {
        What::List { decided: true, limit, .. } => history(call, &app, *limit).await,
        What::List { after, limit, .. } => waiting(call, &app, *after, *limit).await,
        What::Decide(args) => decide(call, &app, args).await,
    }
}

/// The streams' ways of translating.
fn all(app: &App) -> impl Iterator<Item = &Units> {
    app.streams.iter().filter_map(|s| s.mapping.units()).filter(|u| u.translates())
}

fn named(app: &App, code: &str) -> String {
    let name = all(app).map(|u| u.name_of(code)).find(|n| !n.is_empty());
    format!("{code} {}", name.unwrap_or_default()).trim().to_owned()
}

async fn waiting(call: &Call, app: &App, after: Option<Place>, limit: i64) -> Result<u8, Failure> {
    let mut tx = app.store.read().await?;
    let rows = units::waiting(&mut tx, after, limit).await?;
    if call.json {
        say!("{}", json!({ "waiting": rows }));
    } else if rows.is_empty() {
        say!("{}", Message::UnitsNone.both());
    } else {
        let mut table = output::table(&[
            Message::UnitsWhere,
            Message::UnitsAddress,
            Message::UnitsMaybe,
            Message::UnitsRecords,
            Message::UnitsExample,
        ]);
        for row in &rows {
            let maybe: Vec<String> = row.candidates.iter().map(|code| named(app, code)).collect();
            table.add_row([
                output::key(&row.code),
                output::key(&row.address),
                maybe.join("\n"),
                row.records.to_string(),
                format!("{} ({})", output::key(&row.key), row.stream),
            ]);
        }
        say!("{table}");
        if let Some(last) = rows.last().filter(|_| i64::try_from(rows.len()).is_ok_and(|n| n == limit)) {
            say!("{}", Message::UnitsMore.with(&[("place", &last.place)]));
        }
    }
    Ok(if rows.is_empty() { 0 } else { 3 })
}

async fn history(call: &Call, app: &App, limit: i64) -> Result<u8, Failure> {
    let mut tx = app.store.read().await?;
    let rows = units::history(&mut tx, limit).await?;
    if call.json {
        say!("{}", json!({ "decided": rows }));
        return Ok(0);
    }
    let mut table = output::table(&[
        Message::HeadTime,
        Message::UnitsWhere,
        Message::UnitsAddress,
        Message::UnitsChosen,
        Message::HeadWho,
        Message::HeadWhy,
        Message::UnitsStands,
    ]);
    for row in &rows {
        table.add_row([
            Timestamp(row.at_ms).for_people(),
            output::key(&row.code),
            output::key(&row.address),
            named(app, &row.chosen),
            row.who.clone(),
            output::key(&row.reason),
            if row.stands { Message::Yes.both() } else { String::new() },
        ]);
    }
    say!("{table}");
    Ok(0)
}

async fn decide(call: &Call, app: &App, args: &DecideArgs) -> Result<u8, Failure> {
    let no = |message: Message, values: &[(&str, &dyn std::fmt::Display)]| Failure::new(2, message.with(values));
    if args.reason.trim().is_empty() {
        return Err(no(Message::ReasonNeeded, &[]));
    }
    let mut tx = if args.dry_run { app.store.read().await? } else { app.store.write().await? };
    let about = match (&args.key, &args.address, &args.commune) {
        (Some(key), ..) => {
            let stream = chosen(app, args.stream.as_ref())?;
            let id = id_of(&mut tx, stream).await?;
            let found = units::of_record(&mut tx, id, key).await?;
            found.ok_or_else(|| no(Message::UnitsNotAsked, &[("stream", &stream.name), ("key", &output::key(key))]))?
        }
        (None, Some(address), Some(code)) => {
            if !address.chars().any(char::is_alphanumeric) {
                return Err(no(Message::UnitsNoAddress, &[]));
            }
            let units = all(app).find(|u| !u.candidates(code).is_empty());
            let units = units.ok_or_else(|| no(Message::UnitsNotSplit, &[("code", &output::key(code))]))?;
            Question { place: units.place_of(code, address), code: code.clone(), address: address.clone() }
        }
        _ => return Err(no(Message::UnitsNoAddress, &[])),
    };
    let known: Vec<(String, String)> =
        all(app).map(|u| u.candidates(&about.code)).find(|c| !c.is_empty()).unwrap_or_default();
    if !known.iter().any(|(code, _)| *code == args.to) {
        let known: Vec<String> = known.iter().map(|(code, name)| format!("{code} {name}")).collect();
        let known = known.join("; ");
        return Err(no(
            Message::UnitsNoCandidate,
            &[("to", &output::key(&args.to)), ("code", &about.code), ("known", &known)],
        ));
    }
    let count = units::records_at(&mut tx, about.place).await?;
    if !args.dry_run {
        let (at, who) = (SystemClock::new().now(), who());
        let decided = Decision { chosen: &args.to, at, who: &who, reason: args.reason.trim() };
        units::decide(&mut tx, &about, &decided).await?;
        tx.commit().await?;
    }
    let message = if args.dry_run { Message::UnitsWould } else { Message::UnitsDecided };
    let (address, to) = (output::key(&about.address), named(app, &args.to));
    let values: [(&str, &dyn std::fmt::Display); 4] =
        [("code", &about.code), ("address", &address), ("to", &to), ("count", &count)];
    let told = json!({
        "place": about.place.to_string(), "code": about.code, "address": about.address, "to": args.to,
        "records": count, "decided": !args.dry_run,
    });
    tell(call, &told, &message.with(&values));
    Ok(0)
}
