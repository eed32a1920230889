//! One national field: its chain, its code list at a date, its default.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::civil::Date;

use super::nested::Shape;
use super::steps::{Chain, Watch, through};
use super::transform::{Refusal, Transform};
use crate::codes::{At, By, CodeList, Entry, Found};
use crate::model::calendar::PartialDate;
use crate::model::{Complaint, RawRow, Reason, Severity};
use crate::rules::{Findings, Slot};

/// A list longer than this is a mistake of the source.
const MAX_LIST: usize = 64;

/// Which date a code list is asked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtDate {
    Ever,
    Today,
    Field(usize),
    Column(usize),
}

/// What is taken of the entry found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    Code,
    Name,
    Successor,
}

/// A code list and how it is asked.
#[derive(Debug)]
pub(super) struct CodeUse {
    pub(super) list: Arc<CodeList>,
    pub(super) by: By,
    pub(super) at: AtDate,
    pub(super) take: Take,
    /// What the list does not have is told, and stays as it is.
    pub(super) keep: bool,
    /// Whether any entry has dates: otherwise the day makes no difference.
    pub(super) dated: bool,
}

/// A compiled field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) chain: Chain,
    pub(super) shape: Shape,
    /// Transforms after the code list.
    pub(super) then: Vec<Transform>,
    pub(super) or: Option<Chain>,
    pub(super) code: Option<CodeUse>,
    pub(super) split: Option<char>,
    pub(super) default: Option<String>,
    /// The value is taken only when this column is not empty.
    pub(super) only_with: Option<usize>,
    pub(super) required: bool,
    /// For rules only: never in the record, never complained about.
    pub(super) internal: bool,
    /// Stands in the record within another field only.
    pub(super) part: bool,
    /// The law or letter that asks for it, for people.
    pub(super) law: Option<String>,
}

/// The row and what is known of it so far.
pub(super) struct Context<'c, 'v> {
    pub(super) row: &'c RawRow<'v>,
    pub(super) today: Date,
    pub(super) earlier: &'c [Slot<'v>],
}

impl Field {
    /// Evaluates the field. On a refusal the slot is marked as failed and the refusal returned beside it.
    pub(super) fn run<'v>(
        &'v self,
        context: &Context<'_, 'v>,
        out: &mut Findings,
        watch: &mut impl Watch,
    ) -> (Slot<'v>, Option<Refusal>) {
        let source = self.source_column(context.row).and_then(|c| context.row.get(c));
        let mut slot = Slot { source, items: self.split.map(|_| Vec::new()), ..Slot::default() };
        if let Err(refusal) = self.fill(context, &mut slot, out, watch) {
            slot.failed = true;
            slot.text = Cow::Borrowed("");
            slot.items = slot.items.map(|_| Vec::new());
            slot.nested = None;
            return (slot, Some(refusal));
        }
        if slot.text.is_empty()
            && let Some(default) = &self.default
        {
            slot.text = Cow::Borrowed(default);
            watch.step("default", default);
        }
        if self.required && slot.is_empty() {
            slot.failed = true;
            return (
                slot,
                Some(Refusal { reason: Reason::Missing, detail: Cow::Borrowed(""), proposal: None, value: None }),
            );
        }
        (slot, None)
    }

    /// The column that staff would correct: that of `or` when the first is empty.
    pub(super) fn source_column(&self, row: &RawRow<'_>) -> Option<usize> {
        let first = self.chain.source_column();
        let empty = first.and_then(|c| row.get(c)).is_none_or(|t| t.trim().is_empty());
        match &self.or {
            Some(or) if empty => or.source_column().filter(|c| row.get(*c).is_some()).or(first),
            _ => first,
        }
    }

    /// The one column that the value is, as it stands; a computed field has none.
    pub(super) fn plain_column(&self, row: &RawRow<'_>) -> Option<usize> {
        self.source_column(row).filter(|_| matches!(self.chain.origin, super::steps::Origin::Column(_)))
    }

    fn fill<'v>(
        &'v self,
        context: &Context<'_, 'v>,
        slot: &mut Slot<'v>,
        out: &mut Findings,
        watch: &mut impl Watch,
    ) -> Result<(), Refusal> {
        if self.only_with.is_some_and(|c| context.row.get(c).is_none_or(|t| t.trim().is_empty())) {
            return Ok(());
        }
        if let Shape::Parts(parts) = &self.shape {
            match &parts.xml {
                Some(root) => slot.text = Cow::Owned(parts.document(root, context.earlier, false)?),
                None => slot.nested = Some(parts.value(context.earlier)),
            }
            return Ok(());
        }
        let mut chain = &self.chain;
        let mut raw = chain.raw(context.row, watch)?;
        if raw.is_empty()
            && let Some(or) = &self.or
        {
            chain = or;
            raw = chain.raw(context.row, watch)?;
        }
        if let Shape::Rows(rows) = &self.shape {
            slot.nested = Some(rows.value(&raw, context.today, out)?);
            return Ok(());
        }
        let Some(separator) = self.split else {
            slot.text = self.finish(chain, raw, context, out, watch)?;
            return Ok(());
        };
        let mut items: Vec<Cow<'v, str>> = Vec::new();
        for part in raw.split(separator) {
            // A part is borrowed from the row only when the whole was.
            let part: Cow<'v, str> = match &raw {
                Cow::Borrowed(whole) => Cow::Borrowed(part_of(whole, part)),
                Cow::Owned(_) => Cow::Owned(part.trim().to_owned()),
            };
            if part.is_empty() {
                continue;
            }
            let item = self.finish(chain, part, context, out, watch)?;
            if items.len() == MAX_LIST {
                return Err(Refusal::bad("danh sách quá dài / the list is too long"));
            }
            if !item.is_empty() && !items.contains(&item) {
                items.push(item);
            }
        }
        slot.items = Some(items);
        Ok(())
    }

    fn finish<'v>(
        &'v self,
        chain: &'v Chain,
        raw: Cow<'v, str>,
        context: &Context<'_, 'v>,
        out: &mut Findings,
        watch: &mut impl Watch,
    ) -> Result<Cow<'v, str>, Refusal> {
        let value = chain.transform(raw, watch)?;
        let Some(code) = self.code.as_ref().filter(|_| !value.is_empty()) else {
            return through(&self.then, value, watch);
        };
        let found = match code.look_up(&value, context, out) {
            Err(refusal) if code.keep => {
                if !self.internal {
                    out.complaints.push(Complaint {
                        reason: refusal.reason,
                        severity: Severity::Warn,
                        field: self.name.clone(),
                        value: value.clone().into_owned(),
                        proposal: refusal.proposal,
                        detail: refusal.detail.into_owned(),
                    });
                }
                return through(&self.then, value, watch);
            }
            found => found?,
        };
        watch.step(code.list.name(), found);
        through(&self.then, Cow::Borrowed(found), watch)
    }
}

/// The same part with the lifetime of the whole, trimmed.
fn part_of<'v>(whole: &'v str, part: &str) -> &'v str {
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    whole[start..start + part.len()].trim()
}

impl CodeUse {
    fn day(&self, context: &Context<'_, '_>) -> (At, bool) {
        let by_today = (At::Day(context.today), self.dated);
        let read = |text: &str| PartialDate::read(text).map(|d| (At::Day(d.earliest()), false));
        match self.at {
            AtDate::Ever => (At::Ever, false),
            AtDate::Today => by_today,
            AtDate::Field(field) => match context.earlier.get(field) {
                // The date itself was complained about: the code only has to be in the list.
                Some(slot) if slot.failed => (At::Ever, false),
                Some(slot) => read(&slot.text).unwrap_or(by_today),
                None => by_today,
            },
            AtDate::Column(column) => context.row.get(column).and_then(|t| read(t.trim())).unwrap_or(by_today),
        }
    }

    fn look_up<'v>(&'v self, value: &str, context: &Context<'_, 'v>, out: &mut Findings) -> Result<&'v str, Refusal> {
        let (at, again) = self.day(context);
        if again {
            out.again_on(self.list.changes_after(value, self.by, context.today), context.today);
        }
        let unknown = |detail: String, proposal: Option<String>| Refusal {
            reason: Reason::UnknownCode,
            detail: Cow::Owned(detail),
            proposal,
            value: None,
        };
        let list = self.list.name();
        match self.list.find(value, self.by, at) {
            Found::Entry(entry) => self.take_of(entry),
            Found::NotThen(entry) => {
                let proposal = match entry.successors.as_slice() {
                    [one] => Some(one.to_string()),
                    _ => None,
                };
                Err(unknown(
                    format!("danh mục {list} không có mã này tại ngày đó / not in the list at that date"),
                    proposal,
                ))
            }
            Found::Ambiguous => {
                Err(unknown(format!("tên này chỉ nhiều mã trong danh mục {list} / several codes have this name"), None))
            }
            Found::Nothing => Err(unknown(format!("không có trong danh mục {list} / not in the list"), None)),
        }
    }

    fn take_of<'v>(&'v self, entry: &'v Entry) -> Result<&'v str, Refusal> {
        match (self.take, entry.successors.as_slice()) {
            (Take::Code, _) => Ok(&entry.code),
            (Take::Name, _) => Ok(&entry.name),
            (Take::Successor, [one]) => Ok(one),
            (Take::Successor, []) => Err(Refusal {
                reason: Reason::UnknownCode,
                detail: Cow::Borrowed("mã này không có mã kế tiếp / the code has no successor"),
                proposal: None,
                value: None,
            }),
            (Take::Successor, several) => Err(Refusal {
                reason: Reason::UnitSplit,
                detail: Cow::Owned(format!("có thể là / may be: {}", several.join("; "))),
                proposal: None,
                value: None,
            }),
        }
    }
}
