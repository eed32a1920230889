//! `queue list|show` tells what waits; `replay` sends a refused record again.

use clap::{Args, Subcommand};

use super::{Call, Failure};
use crate::app::App;
use crate::run::Stream;
use crate::store::{exchange, ledger, mismatch, runs};

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
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Khóa / the key
    key: String,
    /// Luồng / the stream
    #[arg(long)]
    stream: Option<String>,
    /// Chỉ xem / only look
    #[arg(long)]
    dry_run: bool,
}

fn chosen<'a>(app: &'a App, stream: Option<&String>) -> Result<&'a Stream, Failure> {
    let names: Vec<String> = stream.cloned().into_iter().collect();
    app.named(&names)?.first().copied().ok_or_else(|| Failure::new(2, "không có luồng nào / no stream"))
}

async fn id_of(app: &App, stream: &Stream) -> Result<i64, Failure> {
    let mut tx = app.store.read().await?;
    let found = runs::find_stream(&mut tx, &stream.name).await?;
    found.map(|(id, _)| id).ok_or_else(|| Failure::new(1, "luồng chưa chạy lần nào / the stream never ran"))
}

pub(super) async fn run(call: &Call, args: &QueueArgs) -> Result<u8, Failure> {
    let app = call.app().await?;
    match &args.what {
        What::List { after, limit, stream } => {
            let id = id_of(&app, chosen(&app, stream.as_ref())?).await?;
            let mut tx = app.store.read().await?;
            let rows = mismatch::list(&mut tx, id, after, *limit).await?;
            if call.json {
                println!("{}", serde_json::json!({ "waiting": rows }));
            } else {
                for row in &rows {
                    println!(
                        "{}\t{}\t{}\t{}={:?}\t{} {}",
                        row.key.escape_default(),
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
        What::Show { key, stream } => {
            let id = id_of(&app, chosen(&app, stream.as_ref())?).await?;
            let mut tx = app.store.read().await?;
            let entries = ledger::find(&mut tx, id, &[key.as_str()]).await?;
            let exchanges = exchange::of_record(&mut tx, id, key).await?;
            let entry = entries.get(key);
            let content = |c: Option<(crate::model::Action, crate::model::ContentHash)>| {
                c.map(
                    |(action, version)| serde_json::json!({ "action": action.word(), "version": version.to_string() }),
                )
            };
            let shown = serde_json::json!({
                "key": key,
                "verdict": entry.map(|e| e.verdict.clone()),
                "confirmed": content(entry.and_then(|e| e.confirmed)),
                "refused": content(entry.and_then(|e| e.refused)),
                "exchanges": exchanges,
            });
            if call.json {
                println!("{shown}");
            } else {
                println!("{}", serde_json::to_string_pretty(&shown).unwrap_or_default());
            }
            Ok(0)
        }
    }
}

pub(super) async fn replay(call: &Call, args: &ReplayArgs) -> Result<u8, Failure> {
    let app = call.app().await?;
    let id = id_of(&app, chosen(&app, args.stream.as_ref())?).await?;
    let mut tx = app.store.write().await?;
    let entries = ledger::find(&mut tx, id, &[args.key.as_str()]).await?;
    let refused = entries.get(&args.key).is_some_and(|e| e.refused.is_some());
    if !refused {
        return Err(Failure::new(
            1,
            format!("'{}' không có nội dung bị từ chối / has nothing that was refused", args.key),
        ));
    }
    if !args.dry_run {
        ledger::forget_refusal(&mut tx, id, &args.key).await?;
        ledger::must_judge(&mut tx, id, &args.key).await?;
        tx.commit().await?;
    }
    if call.json {
        println!("{}", serde_json::json!({ "key": args.key, "again": !args.dry_run }));
    } else {
        println!("'{}' sẽ được gửi lại ở lần sync tới / goes again with the next sync", args.key);
    }
    Ok(0)
}
