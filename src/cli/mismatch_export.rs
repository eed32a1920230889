//! `mismatch export`: all that differs or waits, into a file for whoever works with spreadsheets.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::hand::tell;
use super::mismatch::no_word;
use super::mismatch_show::state;
use super::report::{Archive, written};
use super::rows::{Cell, Format, Head, Rows};
use super::{Call, Failure, places};
use crate::model::{Kind, Message, Reason, Timestamp};
use crate::store::reported::{self, Wanted};
use crate::store::review::Item;
use crate::store::runs;

/// Rows in one transaction.
const PAGE: i64 = 1000;
/// The states that may be asked for.
const STATES: [&str; 6] = ["open", "in-review", "decided", "applied", "closed", "all"];

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Dạng tệp / the file's form
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Chỉ một loại, như field-differs / only one kind
    #[arg(long, value_parser = known_kind)]
    kind: Option<Kind>,
    /// Chỉ một xã / only one commune
    #[arg(long, default_value = "")]
    commune: String,
    /// Chỉ một luồng / only one stream
    #[arg(long, default_value = "")]
    stream: String,
    /// Chỉ một trạng thái; bỏ trống là mọi việc chưa đóng / only one state; all that is not closed where left out
    #[arg(long, value_parser = STATES)]
    state: Option<String>,
    /// Ghi vào tệp này / into this file
    #[arg(long)]
    to: PathBuf,
}

fn known_kind(word: &str) -> Result<Kind, String> {
    Kind::from_word(word).ok_or_else(|| {
        let hint = crate::model::suggest::hint(word, Kind::ALL.iter().map(|kind| kind.word()));
        format!("không có loại '{word}'{hint} / no such kind")
    })
}

pub(super) async fn run(call: &Call, args: &ExportArgs) -> Result<u8, Failure> {
    let archive = Archive::open(call).await?;
    if !args.commune.is_empty() {
        places::known(&archive.config, &archive.store, &args.commune).await?;
    }
    let wanted = Wanted {
        kind: args.kind.map_or("", Kind::word),
        unit: &args.commune,
        stream: &args.stream,
        state: args.state.as_deref().unwrap_or_default(),
    };
    let mut tx = archive.store.read().await?;
    let names: HashMap<i64, String> = runs::every(&mut tx).await?.into_iter().collect();
    drop(tx);
    stream_known(&archive, &names, &args.stream)?;
    let mut rows = Rows::begin(&args.to, args.format, "mismatches", heads())?;
    let mut after = 0;
    loop {
        let mut tx = archive.store.read().await?;
        let page = reported::exported(&mut tx, after, wanted, PAGE).await?;
        drop(tx);
        let Some(last) = page.last() else { break };
        after = last.id;
        for one in &page {
            rows.row(&row(one, names.get(&one.stream_id).map_or("", String::as_str)))?;
        }
    }
    let count = rows.end(&[])?;
    let file = args.to.display().to_string();
    tell(call, &json!({ "file": file, "rows": count }), &written(count, &args.to));
    Ok(0)
}

/// Fails where neither the store nor `gateway.toml` has the stream.
fn stream_known(archive: &Archive, names: &HashMap<i64, String>, stream: &str) -> Result<(), Failure> {
    let configured = archive.config.stream.iter().map(|one| one.name.as_str());
    let known: BTreeSet<&str> = names.values().map(String::as_str).chain(configured).collect();
    if stream.is_empty() || known.contains(stream) {
        return Ok(());
    }
    let known: Vec<&str> = known.into_iter().collect();
    Err(no_word(Message::MismatchNoStream, "stream", stream, &known))
}

fn heads() -> Vec<Head> {
    [
        ("id", "Số", 8.0),
        ("stream", "Luồng", 14.0),
        ("key", "Khóa hồ sơ", 20.0),
        ("commune", "Xã", 10.0),
        ("kind", "Loại", 16.0),
        ("kind_vi", "Tên loại", 34.0),
        ("gravity", "Mức", 6.0),
        ("state", "Trạng thái", 12.0),
        ("state_vi", "Nghĩa của trạng thái", 24.0),
        ("reason", "Lý do", 16.0),
        ("reason_vi", "Nghĩa của lý do", 34.0),
        ("cause", "Nguyên nhân chung", 28.0),
        ("field", "Trường", 18.0),
        ("ours", "Giá trị của tỉnh", 22.0),
        ("theirs", "Giá trị bên kia", 22.0),
        ("proposal", "Đề nghị", 22.0),
        ("way_out", "Việc cần làm", 34.0),
        ("detail", "Chi tiết", 50.0),
        ("source_row", "Dòng nguồn", 10.0),
        ("opened", "Mở lúc", 18.0),
        ("seen", "Thấy lần cuối", 18.0),
        ("closed", "Đóng lúc", 18.0),
        ("occurrences", "Số lần thấy", 8.0),
        ("relapses", "Số lần tái diễn", 8.0),
        ("assignee", "Người đang xem", 16.0),
        ("decision", "Quyết định", 16.0),
        ("decided_by", "Người quyết định", 16.0),
        ("why", "Vì sao", 34.0),
    ]
    .map(|(key, text, width)| Head::new(key, text, width))
    .into()
}

fn row(one: &Item, stream: &str) -> Vec<Cell> {
    let kind = Kind::from_word(&one.kind);
    let time = |ms: i64| Timestamp(ms).for_people();
    vec![
        Cell::Number(one.id),
        stream.into(),
        one.key.as_str().into(),
        one.unit.as_str().into(),
        one.kind.as_str().into(),
        kind.map_or(one.kind.as_str(), |kind| kind.vi()).into(),
        Cell::Number(one.gravity),
        one.state.as_str().into(),
        Message::of_id(&format!("state-{}", state(one))).map_or("", Message::vi).into(),
        one.reason.as_str().into(),
        Reason::from_word(&one.reason).map_or("", Reason::vi).into(),
        one.cause.as_str().into(),
        one.field.as_str().into(),
        one.value.as_str().into(),
        one.theirs.as_str().into(),
        one.proposal.as_str().into(),
        kind.map_or("", |kind| kind.way_out().0).into(),
        one.detail.as_str().into(),
        one.source_row.map_or_else(|| "".into(), Cell::Number),
        time(one.opened_ms).into(),
        time(one.seen_ms).into(),
        one.closed_ms.map(time).unwrap_or_default().into(),
        Cell::Number(one.occurrences),
        Cell::Number(one.relapses),
        one.assignee.as_str().into(),
        one.decision.as_str().into(),
        one.decided_by.as_str().into(),
        one.why.as_str().into(),
    ]
}
