//! `report payment-list`: which payments of a period the province has and the nation has not, and why.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Archive, written};
use crate::cli::hand::tell;
use crate::cli::rows::{Cell, Format, Head, Rows};
use crate::cli::{Call, Failure, output};
use crate::model::{Kind, Reason, calendar};
use crate::report::person::{Person, record, text};
use crate::report::{Payments, PersonFields};
use crate::store::reported::{self, Absent, Why};

/// Records in one transaction.
const PAGE: i64 = 500;

#[derive(Debug, Args)]
pub(in crate::cli) struct PaymentArgs {
    /// Kỳ, yyyyMM / the period
    #[arg(long, value_parser = period)]
    period: String,
    /// Luồng; bỏ trống là luồng mà report.toml nêu / the stream; that of report.toml where left out
    #[arg(long)]
    stream: Option<String>,
    /// Dạng tệp / the file's form
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Ghi danh sách vào tệp này; bỏ trống thì chỉ đếm / the list, into this file; only counted where left out
    #[arg(long)]
    to: Option<PathBuf>,
}

fn period(text: &str) -> Result<String, String> {
    let is = text.len() == 6 && Date::strptime("%Y%m%d", format!("{text}01")).is_ok();
    if is { Ok(text.to_owned()) } else { Err(format!("'{text}' không phải kỳ yyyyMM / is no period yyyyMM")) }
}

pub(in crate::cli) async fn run(call: &Call, archive: &Archive, args: &PaymentArgs) -> Result<u8, Failure> {
    let entity = |settings: &crate::report::Settings| settings.payments.as_ref().map(|fields| fields.entity.clone());
    let kept = archive.of(args.stream.as_ref(), entity).await?;
    let fields = kept.settings.payments.clone().unwrap_or_default();
    let list =
        List { archive, stream: kept.stream.id, fields: &fields, person: &kept.settings.person, period: &args.period };
    let mut rows = match &args.to {
        Some(file) => Some(Rows::begin(file, args.format, "absent", heads())?),
        None => None,
    };
    let (counts, unknown) = list.read(&mut rows).await?;
    let absent: u64 = counts.values().sum();
    let month = format!("{}-{}", &args.period[..4], &args.period[4..]);
    let mut tx = archive.store.read().await?;
    let there = reported::in_month(&mut tx, kept.stream.id, &month).await?;
    drop(tx);
    let due = due(&args.period, fields.day);
    let more = [("period", Value::from(args.period.as_str())), ("due", Value::from(due.as_str()))];
    let file = args.to.as_ref().map(|file| file.display().to_string());
    let count = match rows {
        Some(rows) => rows.end(&more)?,
        None => 0,
    };
    let reasons: Vec<Value> = sorted(&counts).iter().map(|(why, n)| json!({ "why": why, "count": n })).collect();
    let json = json!({ "period": args.period, "due": due, "absent": absent, "there": there, "period_unknown": unknown, "reasons": reasons, "file": file });
    tell(call, &json, &shown(args, &counts, (absent, there, unknown), &due));
    if let (Some(file), false) = (&args.to, call.json) {
        say!("{}", written(count, file));
    }
    // A list that is not there yet is not complete.
    Ok(if absent > 0 || there == 0 { 3 } else { 0 })
}

/// The day before which the list must be there, as people write it.
fn due(period: &str, day: u64) -> String {
    let first = Date::strptime("%Y%m%d", format!("{period}01")).ok();
    let day = i8::try_from(day).unwrap_or(1);
    let due = first.map(|first| first.with().day(day.min(first.days_in_month())).build().unwrap_or(first));
    due.map(calendar::day).unwrap_or_default()
}

fn sorted(counts: &BTreeMap<String, u64>) -> Vec<(&String, &u64)> {
    let mut all: Vec<_> = counts.iter().collect();
    all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    all
}

fn shown(
    args: &PaymentArgs,
    counts: &BTreeMap<String, u64>,
    (absent, there, unknown): (u64, i64, u64),
    due: &str,
) -> String {
    let period = &args.period;
    if absent == 0 && there == 0 {
        return format!(
            "kỳ {period}: tỉnh chưa có khoản chi nào, phải có trước {due} / the province has no payment of this period, due before that day"
        );
    }
    if absent == 0 {
        return format!(
            "kỳ {period}: hệ thống quốc gia có đủ {there} khoản chi / the nation has all {there} payments of this period"
        );
    }
    let mut text = format!(
        "kỳ {period}: {absent} khoản chi chưa có ở hệ thống quốc gia, phải có trước {due} / payments that the nation has not, due before that day; đã có / it has: {there}"
    );
    if unknown > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  trong đó {unknown} khoản chưa rõ kỳ / of these, the period is not known");
    }
    for (why, count) in sorted(counts) {
        let _ = write!(text, "\n  {count:>6}  {}  {}", output::key(why), meaning(why));
    }
    text
}

/// What a reason means: a kind, a reason, or a state of our own.
fn meaning(why: &str) -> String {
    let both = |(vi, en): (&str, &str)| format!("{vi} / {en}");
    let (head, rest) = why.split_once(' ').unwrap_or((why, ""));
    if let Some(reason) = Reason::from_word(if rest.is_empty() { head } else { rest }) {
        return both((reason.vi(), reason.en()));
    }
    if let Some(kind) = Kind::from_word(head) {
        return both((kind.vi(), kind.en()));
    }
    match head {
        "waiting" => both(("đang chờ gửi", "waits to be sent")),
        "in-flight" => both(("đã gửi, chưa rõ kết quả", "sent, the outcome is not known yet")),
        _ => both(("chưa gửi lần nào", "never sent")),
    }
}

fn heads() -> Vec<Head> {
    [
        ("key", "Khóa hồ sơ", 22.0),
        ("name", "Họ tên", 28.0),
        ("birth", "Ngày sinh", 12.0),
        ("commune", "Xã", 10.0),
        ("period", "Kỳ", 8.0),
        ("why", "Vì sao chưa có", 26.0),
        ("meaning", "Nghĩa", 40.0),
        ("detail", "Chi tiết", 50.0),
    ]
    .map(|(key, text, width)| Head::new(key, text, width))
    .into()
}

struct List<'l> {
    archive: &'l Archive,
    stream: i64,
    fields: &'l Payments,
    person: &'l PersonFields,
    period: &'l str,
}

impl List<'_> {
    /// Counts by reason, and how many of them are of no known period.
    async fn read(&self, rows: &mut Option<Rows>) -> Result<(BTreeMap<String, u64>, u64), Failure> {
        let (mut counts, mut unknown, mut after) = (BTreeMap::new(), 0, String::new());
        loop {
            let mut tx = self.archive.store.read().await?;
            let page = reported::absent(&mut tx, self.stream, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok((counts, unknown)) };
            after.clone_from(&last.key);
            let keys: Vec<&str> = page.iter().map(|one| one.key.as_str()).collect();
            let newest = reported::newest(&mut tx, self.stream, &keys).await?;
            let said = reported::said(&mut tx, self.stream, &keys).await?;
            let why = reported::why(&mut tx, self.stream, &keys).await?;
            drop(tx);
            let mut reasons: HashMap<&str, Vec<&Why>> = HashMap::new();
            for one in &why {
                reasons.entry(&one.key).or_default().push(one);
            }
            for one in &page {
                let known = newest.get(&one.key);
                let record = said.get(&one.key).map(|said| record(said)).unwrap_or_default();
                let of = period_of(one, &text(&record, &self.fields.period));
                // A record whose period nobody can tell may well be of this one.
                if !of.is_empty() && of != self.period {
                    continue;
                }
                unknown += u64::from(of.is_empty());
                let waits = reasons.get(one.key.as_str()).map(Vec::as_slice).unwrap_or_default();
                let (why, detail) = because(waits, known.map(|(state, _)| state.as_str()));
                if let Some(rows) = rows {
                    let person = Person::of(&record, self.person);
                    let (meaning, key) = (meaning(&why), output::key(&one.key));
                    let texts = [key, person.name, person.birth, one.unit.clone(), of, why.clone(), meaning, detail];
                    rows.row(&texts.map(Cell::Text))?;
                }
                *counts.entry(why).or_default() += 1;
            }
        }
    }
}

/// The period of a record: by its content, or by the first day of what it is about; empty where nobody can tell.
fn period_of(one: &Absent, told: &str) -> String {
    if !told.is_empty() {
        return told.to_owned();
    }
    let digits: String = one.from_day.chars().filter(char::is_ascii_digit).collect();
    digits.get(..6).unwrap_or_default().to_owned()
}

/// Why the nation has it not: what is open of it, else how far it came on its way.
fn because(waits: &[&Why], state: Option<&str>) -> (String, String) {
    let of = |kind: Kind| waits.iter().find(|one| one.kind == kind.word());
    let held = waits.iter().find(|one| one.place == crate::store::mismatch::HELD);
    let found = of(Kind::RefusedThere).or_else(|| of(Kind::UnknownOutcome)).or(held);
    if let Some(one) = found.or_else(|| of(Kind::Parked)).or_else(|| of(Kind::MissingThere)) {
        let why = if one.kind == one.reason { one.kind.clone() } else { format!("{} {}", one.kind, one.reason) };
        return (why, one.detail.clone());
    }
    let why = match state {
        Some("sent") => "in-flight".to_owned(),
        Some("staged") => Reason::Brake.word().to_owned(),
        Some("ready") => "waiting".to_owned(),
        _ => "not-sent".to_owned(),
    };
    (why, String::new())
}
