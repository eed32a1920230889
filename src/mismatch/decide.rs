//! What people do with a mismatch: take it, say something, decide, second, take back, open again.
//!
//! [`Step`] by [`Step`] is a pure function of the mismatch as it stands; [`decide`] puts it to the store by version. Whoever
//! comes later is told who was faster and when, and what they had typed is kept with the mismatch.

use jiff::civil::Date;

use super::{Decision, DecisionRules, Failed, No};
use crate::model::{Kind, Timestamp};
use crate::store::mismatch::{self, HELD, Noted};
use crate::store::review::{self, Item};
use crate::store::verdicts::AUTHORITY;
use crate::store::{StoreError, Tx, alias, facts};

/// A difference is not accepted for longer: by then somebody must have looked again.
const MOST_DAYS: i32 = 731;

/// One thing that a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Puts it into somebody's hands; nobody's where empty.
    Assign(String),
    /// Says something.
    Comment,
    /// Decides.
    Decide(Decision),
    /// Confirms somebody else's decision.
    Second,
    /// Takes back what was decided and has no effect yet.
    Undo,
    /// Opens again what is closed or has taken effect.
    Reopen,
}

/// What is asked, and by whom.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The step.
    pub step: Step,
    /// The version that was looked at; `None`: whichever is there.
    pub version: Option<i64>,
    /// Who.
    pub who: String,
    /// Under which other names they may have been written down before.
    pub also: Vec<String>,
    /// Why, or what is said.
    pub words: String,
    /// A reason code; empty for none.
    pub reason: String,
    /// Until which day a difference is accepted.
    pub until: Option<Date>,
}

impl Asked {
    /// Whether that is who asks, whatever the session became when either was written down.
    fn is(&self, name: &str) -> bool {
        let person = |name: &str| name.split_once(" (as ").map_or(name, |(person, _)| person).to_owned();
        std::iter::once(&self.who).chain(&self.also).any(|mine| person(mine) == person(name))
    }
}

/// Does one step. The caller commits in any case but a failure of the store: of who came too late the words are kept.
pub async fn decide(
    tx: &mut Tx,
    rules: &DecisionRules,
    id: i64,
    now: Timestamp,
    asked: &Asked,
) -> Result<Item, Failed> {
    let Some(item) = review::find(tx, id).await? else { return Err(No::Unknown(id).into()) };
    if asked.version.is_some_and(|version| version != item.version) && asked.step != Step::Comment {
        return Err(too_late(tx, &item, now, asked).await?.into());
    }
    let (changed, event) = match step(rules, &item, now, asked) {
        Ok(done) => done,
        Err(no) => return Err(not_done(tx, &item, now, asked, no).await?.into()),
    };
    unlinked(tx, &item, asked).await?;
    if let Some(changed) = &changed
        && !review::put(tx, changed).await?
    {
        let item = review::find(tx, id).await?.ok_or(No::Unknown(id))?;
        return Err(too_late(tx, &item, now, asked).await?.into());
    }
    if asked.step == Step::Reopen {
        review::lift(tx, id, now, &asked.who).await?;
        facts::touch(tx, &[&item.person, &item.other], &[]).await?;
    }
    mismatch::note(tx, now, &[event]).await?;
    Ok(review::find(tx, id).await?.ok_or(No::Unknown(id))?)
}

/// What a step would do to a mismatch: as it stands, and as it would be. The checks are those of [`decide`]; nothing is written.
pub async fn would(
    tx: &mut Tx,
    rules: &DecisionRules,
    id: i64,
    now: Timestamp,
    asked: &Asked,
) -> Result<(Item, Item), Failed> {
    let Some(item) = review::find(tx, id).await? else { return Err(No::Unknown(id).into()) };
    let (changed, _) = step(rules, &item, now, asked)?;
    unlinked(tx, &item, asked).await?;
    let after = changed.unwrap_or_else(|| item.clone());
    Ok((item, after))
}

/// Two numbers are merged only where no link leads away from the other one, and none would become a ring.
async fn unlinked(tx: &mut Tx, item: &Item, asked: &Asked) -> Result<(), Failed> {
    if asked.step != Step::Decide(Decision::MergeNumbers) {
        return Ok(());
    }
    let links = alias::links(tx, &[&item.person, &item.other]).await?;
    let away = links.iter().any(|(earlier, _)| *earlier == item.other);
    if away || alias::root(tx, &item.person).await? == item.other {
        return Err(No::Linked.into());
    }
    Ok(())
}

/// What was typed is never lost. Where another person changed it last, that is who and when.
async fn not_done(tx: &mut Tx, item: &Item, now: Timestamp, asked: &Asked, no: No) -> Result<No, StoreError> {
    if matches!(no, No::NotNow(_)) {
        let last = review::last_change(tx, item.id).await?;
        if last.is_some_and(|event| !event.who.is_empty() && !asked.is(&event.who)) {
            return too_late(tx, item, now, asked).await;
        }
    }
    if !(asked.words.trim().is_empty() && asked.reason.is_empty()) {
        keep_words(tx, item, now, asked).await?;
    }
    Ok(no)
}

/// Keeps what was typed, and says who was faster.
async fn too_late(tx: &mut Tx, item: &Item, now: Timestamp, asked: &Asked) -> Result<No, StoreError> {
    keep_words(tx, item, now, asked).await?;
    let last = review::last_change(tx, item.id).await?;
    let (who, what, at) = last.map_or_else(Default::default, |e| {
        let what = [e.event.as_str(), e.what.as_str()].join(" ");
        (e.who, what.trim().to_owned(), Timestamp(e.at_ms).for_people())
    });
    let who = if who.is_empty() { "máy / the machine".to_owned() } else { who };
    Ok(No::TooLate { id: item.id, who, what, at, version: item.version })
}

async fn keep_words(tx: &mut Tx, item: &Item, now: Timestamp, asked: &Asked) -> Result<(), StoreError> {
    let what = match &asked.step {
        Step::Decide(decision) => decision.word(),
        Step::Assign(to) => to,
        Step::Comment => "comment",
        Step::Second => "confirm",
        Step::Undo => "undo",
        Step::Reopen => "reopen",
    };
    let mine =
        Noted { who: &asked.who, what, reason: &asked.reason, words: &asked.words, ..Noted::of(item.id, "too-late") };
    mismatch::note(tx, now, &[mine]).await
}

/// The mismatch after a step, and what is written down of it; `None`: it stays as it is.
fn step<'a>(
    rules: &DecisionRules,
    item: &'a Item,
    now: Timestamp,
    asked: &'a Asked,
) -> Result<(Option<Item>, Noted<'a>), No> {
    let event =
        |event| Noted { who: &asked.who, reason: &asked.reason, words: &asked.words, ..Noted::of(item.id, event) };
    let not_now = || No::NotNow(item.state.clone());
    reason_known(rules, asked)?;
    let mut new = item.clone();
    let in_hand = matches!(item.state.as_str(), "open" | "in-review");
    Ok(match &asked.step {
        Step::Comment if asked.words.trim().is_empty() => return Err(No::ReasonNeeded),
        Step::Comment => (None, event("comment")),
        Step::Assign(_) if !in_hand => return Err(not_now()),
        Step::Assign(to) => {
            if to.is_empty() { "open" } else { "in-review" }.clone_into(&mut new.state);
            new.assignee.clone_from(to);
            (Some(new), Noted { what: to, ..event(if to.is_empty() { "given-back" } else { "taken" }) })
        }
        Step::Decide(decision) => {
            // What the file decided waits until it takes effect, and a person may still decide otherwise.
            let by_file = item.state == "decided" && item.decided_by == AUTHORITY;
            if !in_hand && !by_file {
                return Err(not_now());
            }
            if !item.assignee.is_empty() && !asked.is(&item.assignee) {
                return Err(No::Theirs(item.assignee.clone()));
            }
            allowed(rules, item, *decision, now, asked)?;
            let second = Kind::from_word(&item.kind).is_some_and(|kind| rules.needs_second(kind, *decision));
            "decided".clone_into(&mut new.state);
            decision.word().clone_into(&mut new.decision);
            new.decided_by.clone_from(&asked.who);
            new.decided_ms = Some(now.0);
            new.why = why(asked);
            new.until_day = asked.until.map_or_else(String::new, |day| day.to_string());
            if second { "" } else { "-" }.clone_into(&mut new.seconded_by);
            new.applied_ms = None;
            (Some(new), Noted { what: decision.word(), ..event("decided") })
        }
        Step::Second => {
            if item.state != "decided" || !item.seconded_by.is_empty() {
                return Err(No::NoSecond);
            }
            if asked.is(&item.decided_by) {
                return Err(No::Same(asked.who.clone()));
            }
            // Decided before that was ruled out.
            let fits = |kind| Decision::from_word(&item.decision).is_none_or(|decision| decision.fits(kind));
            if !Kind::from_word(&item.kind).is_none_or(fits) {
                return Err(No::OneNumber);
            }
            new.seconded_by.clone_from(&asked.who);
            (Some(new), Noted { what: &item.decision, ..event("seconded") })
        }
        Step::Undo if item.state != "decided" => return Err(not_now()),
        Step::Undo => {
            undecided(&mut new, asked);
            (Some(new), Noted { what: &item.decision, ..event("undone") })
        }
        Step::Reopen if !matches!(item.state.as_str(), "closed" | "applied") => return Err(not_now()),
        Step::Reopen => {
            undecided(&mut new, asked);
            (new.closed_ms, new.opened_ms) = (None, now.0);
            (Some(new), Noted { what: &item.decision, ..event("reopened") })
        }
    })
}

/// Nothing is decided any more. Who said so stays: the file does not decide about it again.
fn undecided(item: &mut Item, asked: &Asked) {
    "open".clone_into(&mut item.state);
    item.decided_by.clone_from(&asked.who);
    for text in [&mut item.assignee, &mut item.decision, &mut item.why, &mut item.until_day, &mut item.seconded_by] {
        text.clear();
    }
    (item.decided_ms, item.applied_ms) = (None, None);
}

fn why(asked: &Asked) -> String {
    let parts = [asked.reason.trim(), asked.words.trim()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}

fn reason_known(rules: &DecisionRules, asked: &Asked) -> Result<(), No> {
    let known: Vec<&str> = rules.reasons().iter().map(|(code, _)| code.as_str()).collect();
    if asked.reason.is_empty() || known.contains(&asked.reason.as_str()) {
        return Ok(());
    }
    let hint = crate::model::suggest::hint(&asked.reason, known.iter().copied());
    Err(No::NoReason { code: asked.reason.clone(), hint, known: known.join(", ") })
}

/// What may be decided about a mismatch as it stands.
pub fn choices(rules: &DecisionRules, item: &Item) -> Vec<Decision> {
    let Some(kind) = Kind::from_word(&item.kind) else { return Vec::new() };
    let fits = |decision: &Decision| decision.fits(kind) && (item.place != HELD || leaves_held(kind, *decision));
    rules.allowed(kind).iter().copied().filter(fits).collect()
}

/// Whether a decision lets what is held stay so: only its source lets it go. Of a step that another one overtook nothing can
/// be corrected any more; that it is accepted puts it out of sight until the day, and no further.
fn leaves_held(kind: Kind, decision: Decision) -> bool {
    let overtaken = matches!(kind, Kind::Late | Kind::StatusBack);
    decision == Decision::CorrectAtSource || (overtaken && decision == Decision::AcceptUntil)
}

fn allowed(rules: &DecisionRules, item: &Item, decision: Decision, now: Timestamp, asked: &Asked) -> Result<(), No> {
    let kind = Kind::from_word(&item.kind);
    if item.place == HELD && !kind.is_some_and(|kind| leaves_held(kind, decision)) {
        return Err(No::Held);
    }
    if kind.is_some_and(|kind| !decision.fits(kind)) {
        return Err(No::OneNumber);
    }
    let list = choices(rules, item);
    if !list.contains(&decision) {
        let words: Vec<&str> = list.iter().map(|decision| decision.word()).collect();
        let allowed = if words.is_empty() { "—".to_owned() } else { words.join(", ") };
        return Err(No::NotAllowed { kind: item.kind.clone(), allowed });
    }
    let today = now.day();
    match (decision, asked.until) {
        (Decision::AcceptUntil, Some(day))
            if day > today && day <= today.saturating_add(jiff::Span::new().days(MOST_DAYS)) => {}
        (Decision::AcceptUntil, _) => return Err(No::Until),
        (_, Some(_)) => return Err(No::NoUntil),
        _ => {}
    }
    if decision == Decision::AcceptUntil && why(asked).is_empty() {
        return Err(No::ReasonNeeded);
    }
    let numbers = !item.person.is_empty() && !item.other.is_empty() && item.person != item.other;
    if decision == Decision::MergeNumbers && !numbers {
        return Err(No::NoNumbers);
    }
    Ok(())
}
