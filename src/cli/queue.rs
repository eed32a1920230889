//! `queue`: `list` and `show` tell what waits; the verbs that decide stand in `decide`.

use clap::{Args, Subcommand};

use super::hand::{chosen, id_of};
use super::{Call, Failure, decide, output};
use crate::app::App;
use crate::model::Message;
use crate::store::{decided, exchange, ledger, mismatch};

#[derive(Debug, Args)]
pub(super) struct QueueArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Những bản ghi đang chờ người xử lý / records that wait for a person
    List {
        /// Bắt đầu sau khóa này / begin after this key
        #[arg(long, default_value = "")]
        after: String,
        /// Nhiều nhất / at most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
        /// Luồng / the stream
        #[arg(long)]
        stream: Option<String>,
    },
    /// Một bản ghi và mọi lần trao đổi của nó / one record and its exchanges
    Show {
        /// Khóa / the key
        key: String,
        /// Luồng / the stream
        #[arg(long)]
        stream: Option<String>,
    },
    /// Cho phép gửi lại nội dung bị từ chối / let refused contents go again
    Retry(decide::RetryArgs),
    /// Giữ một hồ sơ chưa gửi ngoài hàng đợi / take an unsent record out of the queue, until released
    Park(decide::ParkArgs),
    /// Đưa hồ sơ trở lại hàng đợi / put a parked record back into the queue
    Release(decide::ReleaseArgs),
}

pub(super) async fn run(call: &Call, args: &QueueArgs) -> Result<u8, Failure> {
    let app = call.app().await?;
    match &args.what {
        What::List { after, limit, stream } => list(call, &app, stream.as_ref(), after, *limit).await,
        What::Show { key, stream } => show(call, &app, stream.as_ref(), key).await,
        What::Retry(args) => decide::retry(call, &app, args).await,
        What::Park(args) => decide::park(call, &app, args).await,
        What::Release(args) => decide::release(call, &app, args).await,
    }
}

async fn list(call: &Call, app: &App, stream: Option<&String>, after: &str, limit: i64) -> Result<u8, Failure> {
    let stream = chosen(app, stream)?;
    let mut tx = app.store.read().await?;
    let id = id_of(&mut tx, stream).await?;
    let rows = mismatch::list(&mut tx, id, after, limit).await?;
    if call.json {
        println!("{}", serde_json::json!({ "waiting": rows }));
    } else {
        for row in &rows {
            println!(
                "{}\t{}\t{}\t{}={:?}\t{} {}",
                output::key(&row.key),
                row.kind,
                row.reason,
                row.field,
                row.value,
                row.detail,
                row.proposal
            );
        }
    }
    Ok(if rows.is_empty() { 0 } else { 3 })
}

async fn show(call: &Call, app: &App, stream: Option<&String>, key: &str) -> Result<u8, Failure> {
    let stream = chosen(app, stream)?;
    let mut tx = app.store.read().await?;
    let id = id_of(&mut tx, stream).await?;
    let entries = ledger::find(&mut tx, id, &[key]).await?;
    let exchanges = exchange::of_record(&mut tx, id, key).await?;
    let decisions = decided::of_record(&mut tx, id, key).await?;
    let entry = entries.get(key);
    if entry.is_none() && exchanges.is_empty() && decisions.is_empty() {
        let message = Message::UnknownKey.with(&[("stream", &stream.name), ("key", &output::key(key))]);
        return Err(Failure::new(2, message));
    }
    let content = |c: Option<(crate::model::Action, crate::model::ContentHash)>| {
        c.map(|(action, version)| serde_json::json!({ "action": action.word(), "version": version.to_string() }))
    };
    let shown = serde_json::json!({
        "key": key,
        "verdict": entry.map(|e| e.verdict.clone()),
        "confirmed": content(entry.and_then(|e| e.confirmed)),
        "refused": content(entry.and_then(|e| e.refused)),
        "exchanges": exchanges,
        "decisions": decisions,
    });
    if call.json {
        println!("{shown}");
    } else {
        println!("{}", serde_json::to_string_pretty(&shown).unwrap_or_default());
    }
    Ok(0)
}
