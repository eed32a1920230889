//! `queue`: `list` and `show` tell what waits; the verbs that decide stand in `decide`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::hand::{chosen, id_of};
use super::{Call, Failure, decide, output};
use crate::app::App;
use crate::delta::Content;
use crate::model::{Message, Timestamp};
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
        /// Khoảng bao nhiêu dòng; khóa cuối luôn đủ dòng / about so many rows; all rows of the last key are shown
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
        say!("{}", json!({ "waiting": rows }));
    } else if rows.is_empty() {
        say!("{}", Message::NothingWaits.both());
    } else {
        say!("{}", waiting(&rows));
        if let Some(last) = rows.last().filter(|_| i64::try_from(rows.len()).is_ok_and(|n| n >= limit)) {
            say!("{}", Message::MoreInQueue.with(&[("key", &output::key(&last.key))]));
        }
    }
    Ok(if rows.is_empty() { 0 } else { 3 })
}

fn waiting(rows: &[mismatch::Shown]) -> comfy_table::Table {
    let mut table = output::table(&[
        Message::HeadKey,
        Message::WaitsForAPerson,
        Message::HeadWhy,
        Message::HeadMeaning,
        Message::HeadField,
        Message::HeadValue,
        Message::HeadProposal,
        Message::HeadDetail,
        Message::HeadRow,
        Message::HeadSeen,
    ]);
    for row in rows {
        table.add_row([
            output::key(&row.key),
            output::kind(&row.kind),
            output::key(&row.reason),
            output::meaning(&row.reason),
            output::key(&row.field),
            output::key(&row.value),
            output::key(&row.proposal),
            output::key(&row.detail),
            row.source_row.map(|n| n.to_string()).unwrap_or_default(),
            row.occurrences.to_string(),
        ]);
    }
    table
}

/// All that the store knows of one record.
struct Known {
    entry: Option<ledger::Entry>,
    exchanges: Vec<exchange::Shown>,
    decisions: Vec<decided::Shown>,
}

async fn show(call: &Call, app: &App, stream: Option<&String>, key: &str) -> Result<u8, Failure> {
    let stream = chosen(app, stream)?;
    let mut tx = app.store.read().await?;
    let id = id_of(&mut tx, stream).await?;
    let entry = ledger::find(&mut tx, id, &[key]).await?.remove(key);
    let exchanges = exchange::of_record(&mut tx, id, key).await?;
    let decisions = decided::of_record(&mut tx, id, key).await?;
    if entry.is_none() && exchanges.is_empty() && decisions.is_empty() {
        let message = Message::UnknownKey.with(&[("stream", &stream.name), ("key", &output::key(key))]);
        return Err(Failure::new(2, message));
    }
    let known = Known { entry, exchanges, decisions };
    if call.json {
        say!("{}", known.json(key));
    } else {
        known.show(key);
    }
    Ok(0)
}

impl Known {
    fn json(&self, key: &str) -> serde_json::Value {
        let content = |content: Option<Content>| {
            content.map(|(action, version)| json!({ "action": action.word(), "version": version.to_string() }))
        };
        json!({
            "key": key,
            "verdict": self.entry.as_ref().map(|e| e.verdict.clone()),
            "confirmed": content(self.entry.as_ref().and_then(|e| e.confirmed)),
            "refused": content(self.entry.as_ref().and_then(|e| e.refused)),
            "exchanges": self.exchanges,
            "decisions": self.decisions,
        })
    }

    fn show(&self, key: &str) {
        say!("{}", Message::RecordHead.with(&[("key", &output::key(key))]));
        let verdict = self.entry.as_ref().map(|e| Message::of_word("verdict", &e.verdict));
        let verdict = verdict.unwrap_or_else(|| Message::Nothing.both());
        say!("  {}: {verdict}", Message::RecordVerdict.both());
        for (message, content) in [
            (Message::RecordConfirmed, self.entry.as_ref().and_then(|e| e.confirmed)),
            (Message::RecordRefused, self.entry.as_ref().and_then(|e| e.refused)),
        ] {
            let said = |(action, version): Content| format!("{} {version}", Message::of_word("action", action.word()));
            say!("  {}: {}", message.both(), content.map_or_else(|| Message::Nothing.both(), said));
        }
        if self.exchanges.is_empty() {
            say!("{}", Message::NoExchanges.both());
        } else {
            say!("{}", self.exchanges());
        }
        if !self.decisions.is_empty() {
            say!("{}", self.decisions());
        }
    }

    /// One row an exchange: its two entries stand together.
    fn exchanges(&self) -> comfy_table::Table {
        let mut table = output::table(&[
            Message::HeadBegan,
            Message::HeadEnded,
            Message::HeadOperation,
            Message::HeadBatch,
            Message::HeadAnswer,
        ]);
        let time = |entry: &exchange::Shown| Timestamp(entry.at_ms).for_people();
        for opened in self.exchanges.iter().filter(|e| e.entry == "opened") {
            let closed = self.exchanges.iter().find(|e| e.entry == "closed" && e.exchange_id == opened.exchange_id);
            let answer = closed.map(|c| match c.status {
                Some(status) => format!("HTTP {status}, {}", c.verdict),
                None => c.verdict.clone(),
            });
            table.add_row([
                time(opened),
                closed.map(time).unwrap_or_default(),
                opened.operation.clone(),
                output::key(&opened.batch_key),
                answer.unwrap_or_default(),
            ]);
        }
        table
    }

    fn decisions(&self) -> comfy_table::Table {
        let mut table = output::table(&[
            Message::HeadTime,
            Message::HeadOperation,
            Message::HeadWho,
            Message::HeadWhy,
            Message::HeadBatch,
        ]);
        for decision in &self.decisions {
            table.add_row([
                Timestamp(decision.at_ms).for_people(),
                Message::of_word("verb", &decision.verb),
                decision.who.clone(),
                output::key(&decision.reason),
                output::key(&decision.batch_key),
            ]);
        }
        table
    }
}
