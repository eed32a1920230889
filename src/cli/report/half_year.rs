//! `report half-year`: who drew, came, went and whose amount changed in half a year, by group.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Archive, written};
use crate::cli::hand::tell;
use crate::cli::paper::{self, Paper};
use crate::cli::rows::{Cell, Format, Head, Rows};
use crate::cli::{Call, Failure};
use crate::codes::CodeLists;
use crate::model::{Action, Message, calendar};
use crate::report::person::record;
use crate::report::{Figures, HalfYear, Line, Period, Version};
use crate::store::reported::{self, Accepted};
use crate::store::several;

/// Records in one transaction.
const PAGE: i64 = 500;
/// Groups told apart; a source that invents them makes no table without end.
const MOST_GROUPS: usize = 1000;

#[derive(Debug, Args)]
pub(in crate::cli) struct HalfYearArgs {
    /// Năm / the year
    #[arg(long, value_parser = clap::value_parser!(i16).range(2000..=2200))]
    year: i16,
    /// Sáu tháng đầu hay cuối / the first or the second half
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=2))]
    half: u8,
    /// Luồng; bỏ trống là luồng mà report.toml nêu / the stream; that of report.toml where left out
    #[arg(long)]
    stream: Option<String>,
    /// Dạng tệp / the file's form
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// Ghi vào tệp này / into this file
    #[arg(long)]
    to: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Form {
    Json,
    Csv,
    Xlsx,
    #[default]
    Html,
}

pub(in crate::cli) async fn run(call: &Call, archive: &Archive, args: &HalfYearArgs) -> Result<u8, Failure> {
    let entity = |settings: &crate::report::Settings| settings.half_year.as_ref().map(|fields| fields.entity.clone());
    let kept = archive.of(args.stream.as_ref(), entity).await?;
    let fields = kept.settings.half_year.unwrap_or_default();
    let period = Period::half(args.year, args.half);
    let figures = figures(archive, kept.stream.id, &fields, period).await?;
    let table = Table::of(archive, &fields, &figures);
    let count = match args.format {
        Form::Html => print(archive, args, &fields, period, &figures, &table)?,
        Form::Json => rows(&args.to, Format::Json, &table, &figures, period)?,
        Form::Csv => rows(&args.to, Format::Csv, &table, &figures, period)?,
        Form::Xlsx => rows(&args.to, Format::Xlsx, &table, &figures, period)?,
    };
    let total = figures.total();
    let json = json!({ "file": args.to.display().to_string(), "from": period.first.to_string(), "to": period.last.to_string(),
        "groups": figures.groups.len(), "total": total, "without_content": figures.without_content,
        "without_start": figures.without_start, "in_two_groups": figures.in_two() });
    tell(call, &json, &written(count, &args.to));
    Ok(0)
}

async fn figures(archive: &Archive, stream: i64, fields: &HalfYear, period: Period) -> Result<Figures, Failure> {
    let (mut figures, mut after) = (Figures::default(), String::new());
    let shared = several::whose(&archive.store, stream).await?;
    loop {
        let mut tx = archive.store.read().await?;
        let keys = reported::confirmed(&mut tx, stream, &after, PAGE).await?;
        let Some(last) = keys.last() else { return Ok(figures) };
        after.clone_from(last);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let accepted = reported::accepted(&mut tx, stream, &keys).await?;
        drop(tx);
        let with: BTreeSet<&str> = accepted.iter().map(|one| one.key.as_str()).collect();
        figures.without_content += keys.iter().filter(|key| !with.contains(*key)).count() as u64;
        for history in accepted.chunk_by(|one, other| one.key == other.key) {
            let versions: Vec<Version> = history.iter().map(version).collect();
            match shared.get(&history[0].key) {
                Some(person) => figures.count_of(person, fields, period, &versions),
                None => figures.count(fields, period, &versions),
            }
        }
        if figures.groups.len() > MOST_GROUPS {
            let message = format!(
                "quá {MOST_GROUPS} nhóm: trường nhóm trong report.toml có đúng không? / more groups than there can be"
            );
            return Err(Failure::new(2, message));
        }
    }
}

fn version(one: &Accepted) -> Version {
    Version {
        action: if one.action == Action::Stop.word() { Action::Stop } else { Action::Write },
        sent: one.sent_at.get(..8).and_then(|day| Date::strptime("%Y%m%d", day).ok()),
        record: record(&one.payload),
    }
}

/// The figures as a table: a row a group, and one for all.
struct Table {
    heads: Vec<Head>,
    rows: Vec<(String, String, Vec<i64>)>,
}

impl Table {
    fn of(archive: &Archive, fields: &HalfYear, figures: &Figures) -> Self {
        let mut lists = archive.lists();
        let total = figures.total();
        let reasons: Vec<&String> = total.stopped.keys().collect();
        let mut heads = vec![Head::new("group", "Nhóm", 10.0), Head::new("name", "Tên nhóm", 40.0)];
        let mut both = |key: &str, text: &str| {
            heads.push(Head::new(key, &format!("{text} (người)"), 12.0));
            heads.push(Head::new(&format!("{key}_amount"), &format!("{text} (đồng/tháng)"), 18.0));
        };
        both("start", "Đầu kỳ");
        both("new", "Mới hưởng");
        both("from_group", "Từ nhóm khác sang");
        both("stopped", "Thôi hưởng");
        for reason in &reasons {
            let name = reason_name(archive, &mut lists, fields, reason);
            both(&format!("stopped_{reason}"), &format!("trong đó {name}"));
        }
        both("moved", "Chuyển đi");
        both("to_group", "Sang nhóm khác");
        both("changed", "Đổi mức hưởng");
        both("end", "Cuối kỳ");
        heads.push(Head::new("suspended", "trong đó tạm dừng (người)", 12.0));
        let mut rows: Vec<(String, String, Vec<i64>)> = figures
            .groups
            .iter()
            .map(|(group, line)| {
                let name = archive.name_of(&mut lists, &fields.groups, group);
                (group.clone(), name, numbers(line, &reasons))
            })
            .collect();
        rows.push((String::new(), "Tổng cộng".to_owned(), numbers(&total, &reasons)));
        Self { heads, rows }
    }
}

fn reason_name(archive: &Archive, lists: &mut CodeLists, fields: &HalfYear, reason: &str) -> String {
    if reason.is_empty() {
        return "hết thời hạn hưởng".to_owned();
    }
    format!("{reason}: {}", archive.name_of(lists, &fields.stop.reasons, reason))
}

fn people(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn numbers(line: &Line, reasons: &[&String]) -> Vec<i64> {
    let by_reason = reasons.iter().map(|reason| line.stopped.get(*reason).copied().unwrap_or_default());
    let counts = [line.start, line.new, line.from_group, line.all_stopped()].into_iter().chain(by_reason);
    let counts = counts.chain([line.moved, line.to_group, line.changed, line.end]);
    counts.flat_map(|count| [people(count.people), count.amount]).chain([people(line.suspended)]).collect()
}

/// How many are in two groups, and once in the total.
fn in_two(figures: &Figures) -> Option<String> {
    let count = figures.in_two();
    (count > 0).then(|| Message::HalfYearInTwo.with(&[("count", &count)]))
}

fn rows(file: &Path, format: Format, table: &Table, figures: &Figures, period: Period) -> Result<u64, Failure> {
    let mut rows = Rows::begin(file, format, "groups", table.heads.clone())?;
    for (group, name, numbers) in &table.rows {
        let cells: Vec<Cell> = [group.as_str().into(), name.as_str().into()]
            .into_iter()
            .chain(numbers.iter().map(|n| Cell::Number(*n)))
            .collect();
        rows.row(&cells)?;
    }
    // What is a table and nothing else says so in a line of its own.
    if let Some(note) = in_two(figures).filter(|_| format != Format::Json) {
        let blank = table.heads.iter().skip(2).map(|_| Cell::from(""));
        rows.row(&["".into(), note.as_str().into()].into_iter().chain(blank).collect::<Vec<_>>())?;
    }
    rows.end(&[
        ("from", Value::from(period.first.to_string())),
        ("to", Value::from(period.last.to_string())),
        ("without_content", Value::from(figures.without_content)),
        ("without_start", Value::from(figures.without_start)),
        ("in_two_groups", Value::from(figures.in_two())),
    ])
}

fn print(
    archive: &Archive,
    args: &HalfYearArgs,
    fields: &HalfYear,
    period: Period,
    figures: &Figures,
    table: &Table,
) -> Result<u64, Failure> {
    let half = if args.half == 1 { "đầu" } else { "cuối" };
    let title = format!("{}, sáu tháng {half} năm {}", fields.title, args.year);
    let (first, last) = (calendar::day(period.first), calendar::day(period.last));
    let under = [
        format!("Từ {first} đến {last}; theo những gì hệ thống quốc gia đã xác nhận đến {}.", archive.today()),
        fields.law.clone(),
    ];
    let mut page = Paper::begin(&args.to, &archive.province(), &archive.day(), &title, &under)?;
    let sums = figures.total();
    let all = || figures.groups.iter().map(|(group, line)| (group.as_str(), line)).chain([("", &sums)]);
    let names = || table.rows.iter().map(|(_, name, _)| name.as_str());
    page.table(&[
        ("Nhóm", 20),
        ("Đầu kỳ", 9),
        ("Mới hưởng", 9),
        ("Từ nhóm khác sang", 9),
        ("Thôi hưởng", 9),
        ("Chuyển đi", 9),
        ("Sang nhóm khác", 9),
        ("Đổi mức hưởng", 9),
        ("Cuối kỳ", 10),
        ("Trong đó tạm dừng", 7),
    ])?;
    for ((group, line), name) in all().zip(names()) {
        let group = format!("{group} {name}");
        let counts = [
            line.start,
            line.new,
            line.from_group,
            line.all_stopped(),
            line.moved,
            line.to_group,
            line.changed,
            line.end,
        ];
        let mut cells = vec![paper::Cell::Text(group.trim())];
        cells.extend(counts.map(|count| paper::Cell::Counted(people(count.people), count.amount)));
        cells.push(paper::Cell::Number(people(line.suspended)));
        page.row(&cells)?;
    }
    page.end_table()?;
    page.line("Mỗi ô: số người; dưới là đồng/tháng.")?;
    if let Some(note) = in_two(figures) {
        page.line(&note)?;
    }
    if !sums.stopped.is_empty() {
        let mut lists = archive.lists();
        page.heading("Thôi hưởng theo lý do")?;
        page.table(&[("Nhóm", 40), ("Lý do", 40), ("Số người, đồng/tháng", 20)])?;
        for ((group, line), name) in all().zip(names()) {
            let group = format!("{group} {name}");
            for (reason, count) in &line.stopped {
                let reason = reason_name(archive, &mut lists, fields, reason);
                let count = paper::Cell::Counted(people(count.people), count.amount);
                page.row(&[paper::Cell::Text(group.trim()), paper::Cell::Text(&reason), count])?;
            }
        }
        page.end_table()?;
    }
    page.line("Đầu kỳ + mới hưởng + từ nhóm khác sang = thôi hưởng + chuyển đi + sang nhóm khác + cuối kỳ; số tiền cộng thêm phần đổi mức.")?;
    if figures.without_content + figures.without_start > 0 {
        page.line(&format!(
            "Không tính được {} hồ sơ vì kho không giữ nội dung; {} hồ sơ không có tháng bắt đầu, tính là hưởng từ trước kỳ.",
            figures.without_content, figures.without_start
        ))?;
    }
    page.end(&["Người lập biểu", "Thủ trưởng đơn vị"])?;
    Ok(table.rows.len() as u64)
}
