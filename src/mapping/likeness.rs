//! By what a record's person is recognised without a number: `alike` and what else `[facts]` says to whoever looks for
//! people. A name is compared as code lists compare names; nothing but digests of it leaves the row.

use sha2::{Digest, Sha256};

use super::compile::{Compiler, wanted};
use super::fact::{Mark, MarkDoc, read_mark};
use super::field_set::FieldSet;
use super::judge::Stop;
use super::reader::{Section, Spot};
use crate::codes::fold;
use crate::model::calendar::PartialDate;
use crate::model::{Likeness, Says};
use crate::rules::Facts;

/// These keys of `[facts]` as they are written.
#[derive(Debug)]
pub(super) struct LikeDoc {
    says: Option<Spot<String>>,
    place: Option<Spot<String>>,
    died: Option<MarkDoc>,
    alike: Option<AlikeDoc>,
    account: Option<AccountDoc>,
    line: usize,
}

#[derive(Debug)]
struct AlikeDoc {
    name: Spot<String>,
    birth: Spot<String>,
    sex: Option<MarkDoc>,
    unit: Option<Spot<String>>,
}

#[derive(Debug)]
struct AccountDoc {
    number: Spot<String>,
    bank: Option<Spot<String>>,
    on_behalf: Option<Spot<String>>,
}

/// Reads them out of `[facts]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> LikeDoc {
    let alike = section.table("alike").map(|mut s| {
        let (name, birth) = (s.required("name"), s.required("birth"));
        let doc = AlikeDoc { name, birth, sex: s.table("sex").map(read_mark), unit: s.text("unit") };
        s.finish();
        doc
    });
    let account = section.table("account").map(|mut s| {
        let doc = AccountDoc { number: s.required("number"), bank: s.text("bank"), on_behalf: s.text("on_behalf") };
        s.finish();
        doc
    });
    LikeDoc {
        says: section.text("says"),
        place: section.text("place"),
        died: section.table("died").map(read_mark),
        alike,
        account,
        line: section.line,
    }
}

/// Compiled: fields by their places.
#[derive(Debug)]
pub(super) struct LikeUse {
    says: Says,
    place: Option<usize>,
    /// Of the stop: by this the person has died.
    died: Option<Mark>,
    alike: Option<AlikeUse>,
    account: Option<AccountUse>,
}

#[derive(Debug)]
struct AccountUse {
    number: usize,
    bank: Option<usize>,
    /// Who receives in the person's place: then the account is not the person's.
    on_behalf: Option<usize>,
}

#[derive(Debug)]
struct AlikeUse {
    name: usize,
    birth: usize,
    /// The codes by which a sex is known.
    sex: Option<Mark>,
    unit: Option<usize>,
    /// The catalogue of the commune's code.
    catalogue: Option<String>,
}

impl Compiler<'_, '_> {
    /// Resolves them; `None` when a fault was written.
    pub(super) fn like(&mut self, doc: &LikeDoc, write: &FieldSet, stop: Option<&Stop>) -> Option<LikeUse> {
        let says = self.word(doc.says.as_ref(), "says", &Says::WORDS);
        let place = doc.place.as_ref().map(|place| self.field(place, &write.names));
        let died = doc.died.as_ref().map(|died| {
            if stop.is_none() {
                self.reader.fault(doc.line, "[facts] died: ánh xạ không có [stop] / there is no [stop]");
            }
            self.mark(died, &stop?.set)
        });
        let alike = doc.alike.as_ref().map(|alike| self.alike(alike, write));
        let account = doc.account.as_ref().map(|account| self.account(account, write));
        Some(LikeUse {
            says: says?,
            place: wanted(place)?,
            died: wanted(died)?,
            alike: wanted(alike)?,
            account: wanted(account)?,
        })
    }

    fn account(&mut self, doc: &AccountDoc, write: &FieldSet) -> Option<AccountUse> {
        let number = self.field(&doc.number, &write.names);
        let bank = doc.bank.as_ref().map(|bank| self.field(bank, &write.names));
        let on_behalf = doc.on_behalf.as_ref().map(|name| self.field(name, &write.names));
        Some(AccountUse { number: number?, bank: wanted(bank)?, on_behalf: wanted(on_behalf)? })
    }

    fn alike(&mut self, doc: &AlikeDoc, write: &FieldSet) -> Option<AlikeUse> {
        let (name, birth) = (self.field(&doc.name, &write.names), self.field(&doc.birth, &write.names));
        let sex = doc.sex.as_ref().map(|sex| self.mark(sex, write));
        let unit = doc.unit.as_ref().map(|unit| self.field(unit, &write.names));
        let catalogue = write.units.as_ref().map(|units| units.target_code().to_owned());
        Some(AlikeUse { name: name?, birth: birth?, sex: wanted(sex)?, unit: wanted(unit)?, catalogue })
    }
}

impl LikeUse {
    /// What a record says; a field that could not be read is not known.
    pub(super) fn read(&self, facts: &Facts<'_, '_>) -> Likeness {
        let place = self.place.and_then(|at| facts.text(at)).unwrap_or_default().to_owned();
        let account = self.account.as_ref().and_then(|account| account.read(facts));
        let mut like = Likeness { says: self.says, place, account, ..Likeness::default() };
        let Some(alike) = &self.alike else { return like };
        if let Some(sex) = alike.sex.as_ref().filter(|sex| sex.holds(facts)) {
            sex.text(facts).clone_into(&mut like.sex);
        }
        if let (Some(catalogue), Some(code)) = (&alike.catalogue, alike.unit.and_then(|at| facts.text(at))) {
            like.unit = format!("{catalogue}/{code}");
        }
        let (Some(name), Some(birth)) = (facts.text(alike.name), facts.date(alike.birth)) else { return like };
        let name = fold(name);
        like.alike = Some(digest(&name, &birth.year().to_string()));
        if let PartialDate::Day(day) = birth {
            like.born = Some(digest(&name, &day.to_string()));
        }
        like
    }

    /// The same of a stop.
    pub(super) fn at_stop(&self, like: &mut Likeness, stop: &Facts<'_, '_>) {
        if self.died.as_ref().is_some_and(|died| died.holds(stop)) {
            like.says = Says::Dead;
        }
    }
}

impl AccountUse {
    fn read(&self, facts: &Facts<'_, '_>) -> Option<String> {
        if self.on_behalf.is_some_and(|field| !facts.is_empty(field)) {
            return None;
        }
        let bank = self.bank.and_then(|field| facts.text(field)).unwrap_or_default();
        facts.text(self.number).map(|number| digest(bank, number))
    }
}

fn digest(name: &str, birth: &str) -> String {
    let mut hash = Sha256::new();
    for part in [name, birth] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    // Enough to tell millions apart; every byte is written once a record, in an order that is nobody's.
    crate::model::fact::hex(&hash.finalize()[..8])
}
