//! `mismatch assign|comment|resolve|confirm|undo|reopen`: what people do, one by one or many at once.

use std::collections::BTreeSet;

use clap::Args;
use jiff::civil::Date;
use serde_json::json;

use super::hand::tell;
use super::mismatch::{Which, no_word, streams};
use super::mismatch_look::Look;
use super::mismatch_show::told;
use super::person::{Person, Users};
use super::{Call, Failure, output};
use crate::app::App;
use crate::mismatch::{Asked, Decision, DecisionRules, Failed, Step, decide};
use crate::model::calendar::PartialDate;
use crate::model::{Clock, Message, SystemClock};
use crate::store::review::{self, Item};
use crate::store::triage::{self, Filter, Place};

/// More at once is no decision.
const MOST: usize = 100_000;
/// So many in one transaction.
const CHUNK: usize = 200;

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Số / its number
    id: i64,
    /// Vì sao / why
    #[arg(long, default_value = "")]
    reason: String,
    /// Bản đang xem; ai đổi trước thì được báo / the version that was looked at
    #[arg(long)]
    version: Option<i64>,
}

#[derive(Debug, Args)]
pub(super) struct AssignArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Cho ai; trống ("") là trả lại; không ghi là nhận về mình / to whom; empty gives it back; left out: to me
    #[arg(long)]
    to: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct CommentArgs {
    /// Số / its number
    id: i64,
    /// Lời / what is said
    text: String,
}

#[derive(Debug, Args)]
pub(super) struct ResolveArgs {
    /// Những số / their numbers
    ids: Vec<i64>,
    /// keep-ours, take-theirs, correct-at-source, not-same-person, accept-until, merge-numbers
    #[arg(long)]
    decision: String,
    /// Mã lý do, trong mappings/codes/decisions.toml / a reason code
    #[arg(long, default_value = "")]
    reason_code: String,
    /// Vì sao / why
    #[arg(long, default_value = "")]
    reason: String,
    /// Của accept-until: đến ngày / until which day
    #[arg(long)]
    until: Option<String>,
    /// Bản đang xem / the version that was looked at
    #[arg(long)]
    version: Option<i64>,
    #[command(flatten)]
    which: Which,
    /// Chỉ xem, không ghi gì / only look, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Dấu mà --dry-run in ra: đúng những chỗ ấy, đúng bản ấy / the mark that --dry-run prints: exactly what was shown
    #[arg(long)]
    expect: Option<String>,
}

fn rules(app: &App) -> Result<DecisionRules, Failure> {
    Ok(DecisionRules::load(&app.config.mappings().join("codes"))?)
}

fn failure(failed: Failed) -> Failure {
    match failed {
        Failed::No(no) => Failure::new(2, no),
        Failed::Store(error) => error.into(),
    }
}

/// One step; what was typed is kept even where somebody was faster.
async fn one(call: &Call, app: &App, id: i64, asked: &Asked) -> Result<u8, Failure> {
    let rules = rules(app)?;
    let mut tx = app.store.write().await?;
    let names = streams(&mut tx, app, None).await?;
    let result = decide(&mut tx, &rules, id, SystemClock::new().now(), asked).await;
    if !matches!(result, Err(Failed::Store(_))) {
        tx.commit().await?;
    }
    let item = result.map_err(failure)?;
    tell(call, &told(&item, &names), &done(&item));
    Ok(0)
}

fn done(item: &Item) -> String {
    if item.waits_second() {
        return Message::MismatchWaitsSecond.with(&[("id", &item.id)]);
    }
    let state = Message::of_word("state", &item.state);
    Message::MismatchDone.with(&[("id", &item.id), ("state", &state), ("version", &item.version)])
}

fn asked(step: Step, version: Option<i64>, words: &str) -> Asked {
    let Person { acts, also, .. } = Person::here();
    Asked { step, version, who: acts, also, words: words.to_owned(), reason: String::new(), until: None }
}

pub(super) async fn assign(call: &Call, app: &App, args: &AssignArgs) -> Result<u8, Failure> {
    let given = args.to.as_deref().map(str::trim);
    if given == Some("") && args.to.as_deref() != Some("") {
        return Err(Failure::new(2, Message::MismatchBlankTo.both()));
    }
    // As the person is written down when they act: else it would be in nobody's hands, and kept from everybody.
    let (to, known) = match given {
        None => (Person::here().name, true),
        Some("") => (String::new(), true),
        Some(name) => Users::here().meant(name).map_or_else(|| (name.to_owned(), false), |name| (name, true)),
    };
    if !known {
        complain!("{}", Message::MismatchUnknownTo.with(&[("name", &output::key(&to))]));
    }
    one(call, app, args.one.id, &asked(Step::Assign(to), args.one.version, &args.one.reason)).await
}

pub(super) async fn comment(call: &Call, app: &App, args: &CommentArgs) -> Result<u8, Failure> {
    one(call, app, args.id, &asked(Step::Comment, None, &args.text)).await
}

pub(super) async fn confirm(call: &Call, app: &App, args: &OneArgs) -> Result<u8, Failure> {
    one(call, app, args.id, &asked(Step::Second, args.version, &args.reason)).await
}

pub(super) async fn undo(call: &Call, app: &App, args: &OneArgs) -> Result<u8, Failure> {
    one(call, app, args.id, &asked(Step::Undo, args.version, &args.reason)).await
}

pub(super) async fn reopen(call: &Call, app: &App, args: &OneArgs) -> Result<u8, Failure> {
    one(call, app, args.id, &asked(Step::Reopen, args.version, &args.reason)).await
}

pub(super) async fn resolve(call: &Call, app: &App, args: &ResolveArgs) -> Result<u8, Failure> {
    let Some(decision) = Decision::from_word(&args.decision) else {
        let known: Vec<&str> = Decision::WORDS.iter().map(|(word, _)| *word).collect();
        return Err(no_word(Message::MismatchNoDecision, "decision", &args.decision, &known));
    };
    let asked = Asked {
        until: args.until.as_deref().map(day).transpose()?,
        reason: args.reason_code.clone(),
        ..asked(Step::Decide(decision), args.version, &args.reason)
    };
    if let ([id], true, false) = (args.ids.as_slice(), args.which.is_empty(), args.dry_run) {
        return one(call, app, *id, &asked).await;
    }
    let chosen = chosen(app, args).await?;
    let (count, mark) = (chosen.len(), mark(&chosen));
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("decision", &decision.word()), ("count", &count), ("mark", &mark)];
    if args.dry_run {
        let names = streams(&mut app.store.read().await?, app, None).await?;
        let look = Look::at(app, &rules(app)?, &chosen, &asked).await?;
        let mut told = look.json(&names);
        told["chosen"] = json!(count);
        told["expect"] = json!(mark);
        told["mismatches"] = chosen.iter().map(|(id, version)| json!({ "id": id, "version": version })).collect();
        tell(call, &told, &look.text(&values));
        return Ok(0);
    }
    match &args.expect {
        None => return Err(Failure::new(2, Message::MismatchExpect.with(&values))),
        Some(expected) if *expected != mark => {
            let values: [(&str, &dyn std::fmt::Display); 2] = [("mark", &mark), ("expected", &output::key(expected))];
            return Err(Failure::new(2, Message::MismatchNotExpected.with(&values)));
        }
        Some(_) => {}
    }
    many(call, app, &chosen, &asked).await
}

/// What stands for a choice: how many, and which version of which. Whoever looked at it decides about that and nothing else.
fn mark(chosen: &[(i64, Option<i64>)]) -> String {
    let mut all: Vec<String> = chosen.iter().map(|(id, version)| format!("{id}:{}", version.unwrap_or(0))).collect();
    all.sort_unstable();
    format!("{}-{:08x}", all.len(), xxhash_rust::xxh3::xxh3_64(all.join(" ").as_bytes()) >> 32)
}

fn day(text: &str) -> Result<Date, Failure> {
    match PartialDate::read(text) {
        Some(PartialDate::Day(day)) => Ok(day),
        _ => Err(Failure::new(2, Message::MismatchBadUntil.with(&[("text", &output::key(text))]))),
    }
}

/// Number and version of all that are meant, as they stand now.
async fn chosen(app: &App, args: &ResolveArgs) -> Result<Vec<(i64, Option<i64>)>, Failure> {
    if args.ids.is_empty() == args.which.is_empty() {
        return Err(Failure::new(2, Message::MismatchWhich.both()));
    }
    args.which.known(app).await?;
    let mut tx = app.store.read().await?;
    if !args.ids.is_empty() {
        let mut all = Vec::new();
        for id in args.ids.iter().collect::<BTreeSet<_>>() {
            all.push((*id, review::find(&mut tx, *id).await?.map(|item| item.version)));
        }
        return Ok(all);
    }
    let names = streams(&mut tx, app, args.which.stream.as_ref()).await?;
    drop(tx);
    let mut all = Vec::new();
    for state in ["open", "in-review"] {
        for filter in args.which.filters(app, state, "")? {
            for stream in names.keys() {
                gather(app, *stream, &filter, &mut all).await?;
            }
        }
    }
    Ok(all)
}

async fn gather(app: &App, stream: i64, filter: &Filter, all: &mut Vec<(i64, Option<i64>)>) -> Result<(), Failure> {
    let mut after = Place::default();
    loop {
        let mut tx = app.store.read().await?;
        let page = triage::versions(&mut tx, stream, filter, after, 1000).await?;
        let Some((gravity, id, _)) = page.last() else { return Ok(()) };
        after = Place(*gravity, *id);
        all.extend(page.iter().map(|(_, id, version)| (*id, Some(*version))));
        if all.len() > MOST {
            return Err(Failure::new(2, Message::MismatchTooMany.with(&[("most", &MOST)])));
        }
    }
}

/// Decides about all of them; what changed since it was chosen, or may not be decided so, is skipped and told.
async fn many(call: &Call, app: &App, chosen: &[(i64, Option<i64>)], asked: &Asked) -> Result<u8, Failure> {
    let (rules, clock) = (rules(app)?, SystemClock::new());
    let (mut done, mut skipped) = (0_usize, Vec::new());
    for part in chosen.chunks(CHUNK) {
        let mut tx = app.store.write().await?;
        for (id, version) in part {
            let asked = Asked { version: *version, ..asked.clone() };
            match decide(&mut tx, &rules, *id, clock.now(), &asked).await {
                Ok(_) => done += 1,
                Err(Failed::No(no)) => skipped.push((*id, no.to_string())),
                Err(Failed::Store(error)) => return Err(error.into()),
            }
        }
        tx.commit().await?;
    }
    let lines: Vec<String> = skipped.iter().map(|(id, why)| format!("{id} ({why})")).collect();
    let told = json!({
        "decided": done,
        "skipped": skipped.iter().map(|(id, why)| json!({ "id": id, "why": why })).collect::<Vec<_>>(),
    });
    let text =
        Message::MismatchBulk.with(&[("done", &done), ("skipped", &lines.len()), ("ids", &output::keys(&lines))]);
    tell(call, &told, &text);
    Ok(if skipped.is_empty() { 0 } else { 3 })
}
