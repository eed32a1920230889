//! `codes list|import`: what the lists have, and how a new catalogue is taken in.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::json;

use super::{Call, Failure, output};
use crate::codes::lists::read_bounded;
use crate::codes::{Change, CodeList, CodeLists, Given, import, replace};
use crate::config::{Config, StoreConfig};
use crate::mapping::{Mapping, Units};
use crate::model::{Clock, Faults, Message, SystemClock, suggest};
use crate::store::{Store, runs, units};

/// A catalogue larger than this is none.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// Changes beyond this number are counted, not shown.
const SHOWN: usize = 200;

#[derive(Debug, Args)]
pub(super) struct CodesArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Các danh mục, hoặc một danh mục với các dòng phải kiểm tra / the lists, or one with its rows to be checked
    List {
        /// Danh mục / the list
        list: Option<String>,
    },
    /// Nhập một danh mục mới, giữ lịch sử / take in a new catalogue, keeping history
    Import(ImportArgs),
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// Danh mục, tên tệp không có .csv / the list: its file's name without .csv
    list: String,
    /// Tệp CSV, UTF-8: code, name, parent, valid-from, valid-to / the CSV file
    file: PathBuf,
    /// Cột của ta = cột trong tệp / our column = the file's, such as --column code=MaDVHC
    #[arg(long, value_parser = pair)]
    column: Vec<(String, String)>,
    /// Ngày đầu của danh mục mới; hôm nay nếu bỏ trống / its first day; today where left out
    #[arg(long)]
    from: Option<Date>,
    /// Tệp chỉ là một phần: mã không có trong tệp thì giữ nguyên / only a part: other codes are left alone
    #[arg(long)]
    part: bool,
    /// Danh mục chưa có, tạo mới / the list is not there yet: make it
    #[arg(long)]
    new: bool,
    /// Chỉ xem, không ghi gì / only look, write nothing
    #[arg(long)]
    dry_run: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (ours, theirs) = text.split_once('=').ok_or("phải là của_ta=trong_tệp / must be ours=theirs")?;
    Ok((ours.trim().to_owned(), theirs.trim().to_owned()))
}

pub(super) async fn run(call: &Call, args: &CodesArgs) -> Result<u8, Failure> {
    let config = Config::load(&call.config)?;
    match &args.what {
        What::List { list: None } => lists(call, &config),
        What::List { list: Some(name) } => one(call, &config, name),
        What::Import(args) => take_in(call, &config, args).await,
    }
}

fn folder(config: &Config) -> PathBuf {
    config.base.join(&config.mappings).join("codes")
}

/// The list of that name, or why not.
fn open(lists: &mut CodeLists, name: &str) -> Result<std::sync::Arc<CodeList>, Failure> {
    let list = lists.get(name);
    let faults = lists.faults();
    match list {
        Some(list) if faults.is_empty() => Ok(list),
        _ => Err(Faults(faults).into()),
    }
}

/// Rows, in force, ended, not begun, from memory.
fn counts(list: &CodeList, today: Date) -> [usize; 5] {
    let count = |so: &dyn Fn(&crate::codes::Entry) -> bool| list.entries().iter().filter(|e| so(e)).count();
    [
        list.entries().len(),
        count(&|e| e.is_valid(today)),
        count(&|e| e.valid_to.is_some_and(|to| to < today)),
        count(&|e| e.valid_from.is_some_and(|from| from > today)),
        count(&|e| !e.checked),
    ]
}

fn told(list: &CodeList, today: Date) -> serde_json::Value {
    let [rows, now, ended, future, memory] = counts(list, today);
    json!({ "list": list.name(), "rows": rows, "in_force": now, "ended": ended, "not_begun": future, "memory": memory })
}

fn lists(call: &Call, config: &Config) -> Result<u8, Failure> {
    let (mut lists, today) = (CodeLists::new(&folder(config)), SystemClock::new().now().day());
    let mut table = output::table(&[
        Message::CodesHead,
        Message::CodesRows,
        Message::CodesNow,
        Message::CodesPast,
        Message::CodesFuture,
        Message::CodesMemory,
    ]);
    let (mut shown, mut broken) = (Vec::new(), Vec::new());
    for name in lists.names() {
        match lists.get(&name) {
            Some(list) => {
                let counts = counts(&list, today).map(|n| n.to_string());
                let row: Vec<String> = std::iter::once(name).chain(counts).collect();
                table.add_row(row);
                shown.push(told(&list, today));
            }
            None => broken.extend(lists.faults()),
        }
    }
    broken.extend(lists.faults());
    if !broken.is_empty() {
        return Err(Faults(broken).into());
    }
    if call.json {
        say!("{}", json!({ "lists": shown }));
    } else {
        say!("{table}");
    }
    Ok(0)
}

fn one(call: &Call, config: &Config, name: &str) -> Result<u8, Failure> {
    let mut lists = CodeLists::new(&folder(config));
    let (list, today) = (open(&mut lists, name)?, SystemClock::new().now().day());
    let memory: Vec<_> = list.entries().iter().filter(|e| !e.checked).collect();
    if call.json {
        let rows: Vec<_> =
            memory.iter().map(|e| json!({ "code": &*e.code, "name": &*e.name, "line": e.line })).collect();
        let mut all = told(&list, today);
        all["memory_rows"] = json!(rows);
        say!("{all}");
        return Ok(0);
    }
    let [rows, now, ended, future, _] = counts(&list, today);
    for (head, count) in [
        (Message::CodesRows, rows),
        (Message::CodesNow, now),
        (Message::CodesPast, ended),
        (Message::CodesFuture, future),
        (Message::CodesMemory, memory.len()),
    ] {
        say!("{}: {count}", head.both());
    }
    if !memory.is_empty() {
        let mut table = output::table(&[Message::HeadLine, Message::HeadKey, Message::HeadValue]);
        for entry in memory {
            table.add_row([entry.line.to_string(), output::key(&entry.code), output::key(&entry.name)]);
        }
        say!("{table}");
    }
    Ok(0)
}

async fn take_in(call: &Call, config: &Config, args: &ImportArgs) -> Result<u8, Failure> {
    let (folder, name) = (folder(config), args.list.as_str());
    let mut lists = CodeLists::new(&folder);
    let list = if lists.exists(name) {
        Some(open(&mut lists, name)?)
    } else if args.new && is_name(name) {
        None
    } else {
        let names = lists.names();
        let hint = suggest::hint(name, names.iter().map(String::as_str));
        let message = format!(
            "không có danh mục '{name}'{hint}; tạo mới thì thêm --new, tên chỉ có chữ không dấu, số, - _ / no such list; --new makes one"
        );
        return Err(Failure::new(2, message));
    };
    let text = read_bounded(&args.file, MAX_BYTES).map_err(Faults::from)?;
    let from = args.from.unwrap_or_else(|| SystemClock::new().now().day());
    let given = Given { file: &args.file, text: &text, columns: &args.column, from, part: args.part };
    let file = folder.join(format!("{name}.csv"));
    let change = import(list.as_deref(), name, &file, &given)?;
    let records = carried(config, name, &change).await?;
    if !change.is_empty() && !args.dry_run {
        let unwritten = |e: &dyn std::fmt::Display| {
            Failure::new(1, format!("{}: không ghi được / cannot be written: {e}", file.display()))
        };
        if let Some(list) = &list
            && read_bounded(&file, MAX_BYTES).map_err(|e| unwritten(&e))? != list.text()
        {
            return Err(unwritten(&"người khác vừa sửa tệp, chạy lại / somebody has just edited it: run again"));
        }
        replace(&file, &change.text).map_err(|e| unwritten(&e))?;
    }
    tell(call, args, &change, &records);
    Ok(0)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Records of a stream that carry a code which ends.
#[derive(Debug, serde::Serialize)]
struct Carried {
    stream: String,
    code: String,
    records: u64,
}

/// How many records carry codes that would end: the ledger knows of each record its commune, in the catalogue that
/// leaves. A stream on another catalogue has the same numbers for other places, and is not counted.
async fn carried(config: &Config, list: &str, change: &Change) -> Result<Vec<Carried>, Failure> {
    let there = match &config.store {
        StoreConfig::Sqlite { path } => config.base.join(path).exists(),
        StoreConfig::Postgres { .. } => true,
    };
    let mappings = config.base.join(&config.mappings);
    let mut streams = Vec::new();
    for stream in config.stream.iter().filter(|_| there && !change.ended.is_empty()) {
        let system = config.system.iter().find(|s| s.name == stream.system);
        let profile = system.and_then(|s| s.profile.as_deref()).unwrap_or(&stream.system);
        let mapping = Mapping::load(&mappings, profile, &stream.entity)?;
        if mapping.units().is_some_and(|u: &Units| u.target_list() == list) {
            streams.push(stream.name.clone());
        }
    }
    if streams.is_empty() {
        return Ok(Vec::new());
    }
    let store = Store::open(&crate::app::place(config)?).await?;
    let mut tx = store.read().await?;
    let mut carried = Vec::new();
    for stream in streams {
        let Some((id, _)) = runs::find_stream(&mut tx, &stream).await? else { continue };
        for (code, records) in units::records_by_unit(&mut tx, id).await? {
            if change.ended.iter().any(|e| e.code == code) {
                carried.push(Carried { stream: stream.clone(), code, records });
            }
        }
    }
    drop(tx);
    store.close().await;
    Ok(carried)
}

fn tell(call: &Call, args: &ImportArgs, change: &Change, records: &[Carried]) {
    if call.json {
        let written = !args.dry_run && !change.is_empty();
        say!("{}", json!({ "list": args.list, "written": written, "change": change, "records": records }));
        return;
    }
    let named = |what: Message, rows: &[crate::codes::Named]| -> Vec<[String; 4]> {
        rows.iter()
            .map(|r| [what.both(), r.code.clone(), r.name.clone(), r.day.map_or(String::new(), |d| d.to_string())])
            .collect()
    };
    let altered = |what: Message, rows: &[crate::codes::Altered]| -> Vec<[String; 4]> {
        rows.iter().map(|r| [what.both(), r.code.clone(), format!("{} → {}", r.old, r.new), String::new()]).collect()
    };
    let rows = [
        named(Message::CodesAdded, &change.added),
        named(Message::CodesEnded, &change.ended),
        altered(Message::CodesRenamed, &change.renamed),
        altered(Message::CodesMoved, &change.moved),
        altered(Message::CodesAmended, &change.amended),
    ]
    .concat();
    if change.is_empty() {
        say!("{}", Message::CodesNothing.with(&[("list", &args.list)]));
        return;
    }
    let mut table = output::table(&[Message::CodesChange, Message::HeadKey, Message::HeadValue, Message::HeadDay]);
    for row in rows.iter().take(SHOWN) {
        table.add_row(row.iter().map(|cell| output::key(cell)));
    }
    if rows.len() > SHOWN {
        table.add_row([format!("… +{}", rows.len() - SHOWN)]);
    }
    say!("{table}");
    for one in records {
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("stream", &one.stream), ("count", &one.records), ("code", &one.code)];
        say!("{}", Message::CodesRecords.with(&values));
    }
    let message = if args.dry_run { Message::CodesWould } else { Message::CodesWritten };
    say!("{}", message.with(&[("list", &args.list), ("count", &rows.len()), ("same", &change.same)]));
}
