//! `mismatch`: where the two sides differ and what waits to be settled. Here is the list; how one is shown stands in
//! `mismatch_show`, what decides in `mismatch_decide`, what groups in `mismatch_groups`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::json;

use super::mismatch_show::{table, told};
use super::person::Person;
use super::{Call, Failure, mismatch_decide, mismatch_export, mismatch_groups, mismatch_show, output, places};
use crate::app::App;
use crate::codes::CodeLists;
use crate::model::{Clock, Kind, Message, SystemClock, suggest};
use crate::store::review::Item;
use crate::store::triage::{self, Filter, Place};
use crate::store::{Tx, runs};

#[derive(Debug, Args)]
pub(super) struct MismatchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Danh sách, việc nghiêm trọng trước / the list, the gravest first
    List(ListArgs),
    /// Một chỗ khác nhau và mọi việc đã xảy ra / one mismatch and all that happened to it
    Show {
        /// Số / its number
        id: i64,
    },
    /// Theo nguyên nhân, nhiều nhất trước, và làm gì thì xong cả nhóm / by cause, the biggest first
    Groups(mismatch_groups::GroupsArgs),
    /// Nhận về mình, hoặc giao cho người khác / take it, or give it to somebody
    Assign(mismatch_decide::AssignArgs),
    /// Ghi một lời / say something
    Comment(mismatch_decide::CommentArgs),
    /// Quyết định, một hoặc nhiều / decide about one or many
    Resolve(Box<mismatch_decide::ResolveArgs>),
    /// Người thứ hai xác nhận / the second person confirms
    Confirm(mismatch_decide::OneArgs),
    /// Rút lại quyết định chưa thực hiện / take back a decision that has no effect yet
    Undo(mismatch_decide::OneArgs),
    /// Mở lại / open it again
    Reopen(mismatch_decide::OneArgs),
    /// Ghi ra tệp JSON, CSV hoặc XLSX / into a file
    Export(mismatch_export::ExportArgs),
}

/// Which mismatches.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Loại / kind
    #[arg(long)]
    pub kind: Option<String>,
    /// Nguyên nhân, như `mismatch groups` ghi / cause, as `mismatch groups` writes it
    #[arg(long)]
    pub cause: Option<String>,
    /// Mã xã / the commune's code
    #[arg(long)]
    pub commune: Option<String>,
    /// Mã huyện (danh mục 2020) / the district's code (catalogue of 2020)
    #[arg(long, conflicts_with = "commune")]
    pub district: Option<String>,
    /// Luồng / the stream
    #[arg(long)]
    pub stream: Option<String>,
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    which: Which,
    /// Tình trạng: open, in-review, decided, applied, closed; trống là mọi việc chưa xong / empty: all that is not closed
    #[arg(long)]
    state: Option<String>,
    /// Chỉ việc đã quyết định mà chờ người thứ hai / only what was decided and waits for a second person
    #[arg(long, conflicts_with = "state")]
    waits_second: bool,
    /// Chỉ việc của tôi / only mine
    #[arg(long)]
    mine: bool,
    /// Bắt đầu sau chỗ này, như dòng cuối của trang trước ghi / begin after this place
    #[arg(long)]
    after: Option<String>,
    /// Nhiều nhất bao nhiêu dòng / at most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
}

pub(super) async fn run(call: &Call, args: &MismatchArgs) -> Result<u8, Failure> {
    match &args.what {
        What::List(args) => list(call, &call.app().await?, args).await,
        What::Show { id } => mismatch_show::show(call, &call.app().await?, *id).await,
        What::Groups(args) => mismatch_groups::run(call, &call.app().await?, args).await,
        What::Assign(args) => mismatch_decide::assign(call, &call.app().await?, args).await,
        What::Comment(args) => mismatch_decide::comment(call, &call.app().await?, args).await,
        What::Resolve(args) => mismatch_decide::resolve(call, &call.app().await?, args).await,
        What::Confirm(args) => mismatch_decide::confirm(call, &call.app().await?, args).await,
        What::Undo(args) => mismatch_decide::undo(call, &call.app().await?, args).await,
        What::Reopen(args) => mismatch_decide::reopen(call, &call.app().await?, args).await,
        What::Export(args) => mismatch_export::run(call, args).await,
    }
}

/// Names of the streams and intakes under which something stands, by their ids: also those that are in the configuration no
/// longer, for what is open of them is open all the same.
pub(super) async fn streams(tx: &mut Tx, app: &App, only: Option<&String>) -> Result<BTreeMap<i64, String>, Failure> {
    let every: BTreeMap<i64, String> = runs::every(tx).await?.into_iter().collect();
    let Some(only) = only else { return Ok(every) };
    if !every.values().any(|name| name == only) {
        // One that never ran has nothing; one that nobody knows is a mistake.
        app.named(std::slice::from_ref(only))?;
    }
    Ok(every.into_iter().filter(|(_, name)| name == only).collect())
}

impl Which {
    /// Whether nothing is said of which.
    pub fn is_empty(&self) -> bool {
        self.kind.is_none() && self.cause.is_none() && self.commune.is_none() && self.district.is_none()
    }

    /// Fails where the commune is one that nobody knows.
    pub async fn known(&self, app: &App) -> Result<(), Failure> {
        match &self.commune {
            Some(commune) => places::known(&app.config, &app.store, commune).await,
            None => Ok(()),
        }
    }

    /// One filter for each commune that is asked for.
    pub fn filters(&self, app: &App, state: &str, assignee: &str) -> Result<Vec<Filter>, Failure> {
        if let Some(kind) = self.kind.as_ref().filter(|kind| Kind::from_word(kind).is_none()) {
            let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
            return Err(no_word(Message::MismatchNoKind, "kind", kind, &known));
        }
        let states = ["open", "in-review", "decided", "applied", "closed"];
        if !state.is_empty() && !states.contains(&state) {
            return Err(no_word(Message::MismatchNoState, "state", state, &states));
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let filter = |unit: String| Filter {
            kind: text(&self.kind),
            cause: text(&self.cause),
            unit,
            state: state.to_owned(),
            assignee: assignee.to_owned(),
            waits_second: false,
        };
        let Some(district) = &self.district else { return Ok(vec![filter(text(&self.commune))]) };
        let districts = Districts::of(app);
        let units: Vec<String> =
            districts.0.iter().filter(|(_, above)| *above == district).map(|(unit, _)| unit.clone()).collect();
        if units.is_empty() {
            let message = Message::MismatchNoDistrict.with(&[("district", &output::key(district))]);
            return Err(Failure::new(2, message));
        }
        Ok(units.into_iter().map(filter).collect())
    }
}

/// A word that is not among the known ones.
pub(super) fn no_word(message: Message, name: &str, word: &str, known: &[&str]) -> Failure {
    let hint = suggest::hint(word, known.iter().copied());
    Failure::new(2, message.with(&[(name, &output::key(word)), ("hint", &hint), ("known", &known.join(", "))]))
}

/// The district of each commune, by the lists of units that the streams use.
pub(super) struct Districts(pub BTreeMap<String, String>);

impl Districts {
    pub fn of(app: &App) -> Self {
        let mut lists = CodeLists::new(&app.config.mappings().join("codes"));
        let mut above = BTreeMap::new();
        for units in app.streams.iter().filter_map(|stream| stream.mapping.units()) {
            let Some(list) = lists.get(units.target_list()) else { continue };
            let Some(parent) = list.column("parent") else { continue };
            for entry in list.entries() {
                above.insert(entry.code.to_string(), entry.extra(parent).to_owned());
            }
        }
        Self(above)
    }
}

/// What is said where nothing is found: also whether the cause is one that nothing has.
async fn nothing(tx: &mut Tx, names: &BTreeMap<i64, String>, which: &Which) -> Result<String, Failure> {
    const MOST: i64 = 1000;
    let Some(cause) = &which.cause else { return Ok(Message::MismatchNone.both()) };
    let (now, mut known) = (SystemClock::new().now(), Vec::new());
    for stream in names.keys() {
        known.extend(triage::groups(tx, *stream, now, MOST).await?.into_iter().map(|group| group.cause));
    }
    if known.contains(cause) {
        return Ok(Message::MismatchNone.both());
    }
    let hint = suggest::hint(cause, known.iter().map(String::as_str));
    Ok(Message::MismatchNoCause.with(&[("cause", &output::key(cause)), ("hint", &output::key(&hint))]))
}

async fn list(call: &Call, app: &App, args: &ListArgs) -> Result<u8, Failure> {
    args.which.known(app).await?;
    let whose = if args.mine { Person::here().names() } else { [String::new()].into() };
    let state = if args.waits_second { "decided" } else { args.state.as_deref().unwrap_or_default() };
    let mut filters = Vec::new();
    for assignee in &whose {
        filters.extend(args.which.filters(app, state, assignee)?);
    }
    for filter in &mut filters {
        filter.waits_second = args.waits_second;
    }
    let after = match &args.after {
        None => Place::default(),
        Some(text) => Place::read(text)
            .ok_or_else(|| Failure::new(2, Message::MismatchBadAfter.with(&[("text", &output::key(text))])))?,
    };
    let mut tx = app.store.read().await?;
    let names = streams(&mut tx, app, args.which.stream.as_ref()).await?;
    let mut rows: Vec<Item> = Vec::new();
    for stream in names.keys() {
        for filter in &filters {
            rows.extend(triage::page(&mut tx, *stream, filter, after, args.limit).await?);
        }
    }
    let place = |item: &Item| Place(item.gravity, item.id);
    rows.sort_by_key(place);
    rows.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    let full = i64::try_from(rows.len()).is_ok_and(|n| n == args.limit);
    let next = rows.last().filter(|_| full).map(|last| place(last).to_string());
    if call.json {
        let shown: Vec<_> = rows.iter().map(|item| told(item, &names)).collect();
        say!("{}", json!({ "mismatches": shown, "after": next }));
    } else if rows.is_empty() {
        say!("{}", nothing(&mut tx, &names, &args.which).await?);
    } else {
        say!("{}", table(&rows, &names));
        if let Some(next) = next {
            say!("{}", Message::MismatchMore.with(&[("place", &next)]));
        }
    }
    Ok(if rows.iter().any(|item| item.closed_ms.is_none()) { 3 } else { 0 })
}
