//! What a row says that the rules between programmes must know: `[facts]` of a mapping, from words to a [`Said`].

use super::compile::Compiler;
use super::field_set::FieldSet;
use super::judge::Stop;
use super::likeness::{LikeDoc, LikeUse};
use super::reader::{Section, Spot};
use crate::codes::{CodeList, FnvMap};
use crate::model::calendar::PartialDate;
use crate::model::identity::is_filler;
use crate::model::{Complaint, Fact, Said, Severity, number_digest, suggest};
use crate::rules::{CrossRules, Facts, Slot};

/// `[facts]` as it is written.
#[derive(Debug)]
pub(super) struct FactsDoc {
    programme: Spot<String>,
    person: Option<PersonDoc>,
    group: Option<Spot<String>>,
    subject: Option<Spot<String>>,
    from: Option<Spot<String>>,
    until: Option<Spot<String>>,
    flag: Option<MarkDoc>,
    over: Option<MarkDoc>,
    shown: Spot<String>,
    stopped: Vec<Spot<String>>,
    like: LikeDoc,
    pub(super) line: usize,
}

#[derive(Debug)]
struct PersonDoc {
    kind: Spot<String>,
    number: Spot<String>,
    kinds: Spot<String>,
    earlier: Option<Spot<String>>,
}

#[derive(Debug)]
pub(super) struct MarkDoc {
    field: Spot<String>,
    is: Vec<Spot<String>>,
}

pub(super) fn read(mut section: Section<'_, '_>) -> FactsDoc {
    let person = section.table("person").map(|mut s| {
        let (kind, number, kinds) = (s.required("kind"), s.required("number"), s.required("kinds"));
        let earlier = s.text("earlier");
        s.finish();
        PersonDoc { kind, number, kinds, earlier }
    });
    let (flag, over) = (section.table("flag").map(read_mark), section.table("over").map(read_mark));
    let like = super::likeness::read(&mut section);
    let doc = FactsDoc {
        programme: section.required("programme"),
        person,
        group: section.text("group"),
        subject: section.text("subject"),
        from: section.text("from"),
        until: section.text("until"),
        flag,
        over,
        shown: section.required("shown"),
        stopped: section.texts("stopped"),
        like,
        line: section.line,
    };
    section.finish();
    doc
}

pub(super) fn read_mark(mut section: Section<'_, '_>) -> MarkDoc {
    let doc = MarkDoc { field: section.required("field"), is: section.texts("is") };
    section.finish();
    doc
}

/// Compiled: fields by their places.
#[derive(Debug)]
pub(crate) struct FactUse {
    programme: String,
    person: Option<PersonUse>,
    group: Option<usize>,
    subject: Option<usize>,
    from: Option<usize>,
    until: Option<usize>,
    flag: Option<Mark>,
    over: Option<Mark>,
    shown: usize,
    /// Fields of the stop: the first that is known is the last day. Without any, a stop takes the record back.
    stopped: Vec<usize>,
    like: LikeUse,
}

#[derive(Debug)]
struct PersonUse {
    kind: usize,
    number: usize,
    earlier: Option<usize>,
    /// How many digits a kind of paper has; kinds of any form are not here.
    digits: FnvMap<usize>,
}

/// One of some words in a field.
#[derive(Debug)]
pub(super) struct Mark {
    field: usize,
    is: Vec<String>,
}

impl Mark {
    pub(super) fn holds(&self, facts: &Facts<'_, '_>) -> bool {
        facts.text(self.field).is_some_and(|text| self.is.iter().any(|is| is == text))
    }

    pub(super) fn field(&self) -> usize {
        self.field
    }

    pub(super) fn words(&self) -> &[String] {
        &self.is
    }

    pub(super) fn text<'f>(&self, facts: &Facts<'f, '_>) -> &'f str {
        facts.text(self.field).unwrap_or_default()
    }
}

impl Compiler<'_, '_> {
    pub(super) fn facts(
        &mut self,
        doc: &FactsDoc,
        write: &FieldSet,
        stop: Option<&Stop>,
        cross: Option<&CrossRules>,
    ) -> Option<FactUse> {
        if let Some(rules) = cross.filter(|rules| !rules.programmes.contains(&doc.programme.value)) {
            let hint = suggest::hint(&doc.programme.value, rules.programmes.iter().map(String::as_str));
            let message = format!(
                "{} không có chương trình `{}`{hint} / no such programme",
                super::cross::FILE,
                doc.programme.value
            );
            self.reader.fault(doc.programme.line, message);
        }
        let person = doc.person.as_ref().map(|person| self.person(person, write));
        let names = &write.names;
        let field = |name: &Option<Spot<String>>| name.as_ref().map(|name| self.field(name, names));
        let (group, subject, from, until) =
            (field(&doc.group), field(&doc.subject), field(&doc.from), field(&doc.until));
        let mark = |mark: &Option<MarkDoc>| mark.as_ref().map(|mark| self.mark(mark, write));
        let (flag, over) = (mark(&doc.flag), mark(&doc.over));
        let like = self.like(&doc.like, write, stop);
        let stopped = match stop {
            Some(stop) => doc.stopped.iter().map(|f| self.field(f, &stop.set.names)).collect::<Option<Vec<_>>>(),
            None if doc.stopped.is_empty() => Some(Vec::new()),
            None => {
                self.reader.fault(doc.line, "[facts] stopped: ánh xạ không có [stop] / there is no [stop]");
                None
            }
        };
        Some(FactUse {
            programme: doc.programme.value.clone(),
            person: super::compile::wanted(person)?,
            group: super::compile::wanted(group)?,
            subject: super::compile::wanted(subject)?,
            from: super::compile::wanted(from)?,
            until: super::compile::wanted(until)?,
            flag: super::compile::wanted(flag)?,
            over: super::compile::wanted(over)?,
            shown: self.field(&doc.shown, names)?,
            stopped: stopped?,
            like: like?,
        })
    }

    fn person(&mut self, doc: &PersonDoc, write: &FieldSet) -> Option<PersonUse> {
        let list = self.list(&doc.kinds);
        let (kind, number) = (self.field(&doc.kind, &write.names), self.field(&doc.number, &write.names));
        let earlier = doc.earlier.as_ref().map(|earlier| self.field(earlier, &write.names));
        let digits = digits(&*list?).ok_or_else(|| {
            let message = format!("danh mục `{}` thiếu cột `digits` / column is missing", doc.kinds.value);
            self.reader.fault(doc.kinds.line, message);
        });
        Some(PersonUse {
            kind: kind?,
            number: number?,
            earlier: super::compile::wanted(earlier)?,
            digits: digits.ok()?,
        })
    }

    pub(super) fn mark(&self, doc: &MarkDoc, write: &FieldSet) -> Option<Mark> {
        let field = self.field(&doc.field, &write.names)?;
        if doc.is.is_empty() {
            self.reader.fault(doc.field.line, "thiếu `is` / is missing");
        }
        if let Some(list) = write.fields.get(field).and_then(|f| f.code.as_ref()).map(|code| &code.list) {
            for word in doc.is.iter().filter(|word| list.rows(&word.value).next().is_none()) {
                let hint = list.nearest_code(&word.value).map_or(String::new(), |c| format!("; có phải `{c}`?"));
                let message = format!("danh mục `{}` không có mã `{}`{hint} / unknown code", list.name(), word.value);
                self.reader.fault(word.line, message);
            }
        }
        Some(Mark { field, is: doc.is.iter().map(|word| word.value.clone()).collect() })
    }
}

/// The kinds of paper whose number has a length of its own; whether the number is well made is a rule's matter.
fn digits(kinds: &CodeList) -> Option<FnvMap<usize>> {
    let column = kinds.column("digits")?;
    let mut digits = FnvMap::default();
    for entry in kinds.entries() {
        if let Some(n) = entry.extra(column).parse().ok().filter(|n| *n > 0) {
            digits.insert(entry.code.clone(), n);
        }
    }
    Some(digits)
}

impl FactUse {
    pub(super) fn programme(&self) -> &str {
        &self.programme
    }

    /// What a record to write says; `None` where one of the fields that say it is itself complained about.
    pub(super) fn said(&self, facts: &Facts<'_, '_>, complaints: &[Complaint]) -> Option<Box<Said>> {
        let spoilt = |field: usize| {
            facts.slots.get(field).is_some_and(|slot| slot.failed)
                || complaints.iter().any(|c| {
                    c.severity == Severity::Block && facts.names.get(field).is_some_and(|name| *name == c.field)
                })
        };
        if self.fields().any(spoilt) {
            return None;
        }
        let text = |field: Option<usize>| field.and_then(|f| facts.text(f)).unwrap_or_default();
        let date = |field: Option<usize>| field.and_then(|f| facts.date(f));
        let (person, earlier) = self.person.as_ref().map_or((None, None), |person| person.read(facts));
        let fact = Fact {
            programme: self.programme.clone(),
            group: text(self.group).to_owned(),
            earlier: earlier.filter(|earlier| Some(earlier) != person.as_ref()),
            person,
            subject: self.subject.and_then(|f| facts.text(f)).map(str::to_owned),
            from: date(self.from).map(PartialDate::earliest),
            until: date(self.until).map(PartialDate::latest),
            flag: self.flag.as_ref().is_some_and(|mark| mark.holds(facts)),
            over: self.over.as_ref().is_some_and(|mark| mark.holds(facts)),
        };
        let field = facts.names.get(self.shown).cloned().unwrap_or_default();
        let like = self.like.read(facts);
        let of_use = fact.is_of_use() || like.alike.is_some() || like.account.is_some();
        of_use.then(|| Box::new(Said { fact, field, value: text(Some(self.shown)).to_owned(), like }))
    }

    /// What a stop says: the record as its row has it, over since the stop's day. `None` where a stop takes it back.
    pub(super) fn said_at_stop(
        &self,
        record: &Facts<'_, '_>,
        stop: &[Slot<'_>],
        names: &[String],
    ) -> Option<Box<Said>> {
        if self.stopped.is_empty() {
            return None;
        }
        let stop = Facts { slots: stop, names, today: record.today };
        let mut said = self.said(record, &[]).unwrap_or_default();
        said.fact.programme.clone_from(&self.programme);
        let until = self.stopped.iter().find_map(|field| stop.date(*field)).map(PartialDate::latest);
        said.fact.until = until.or(said.fact.until);
        said.fact.over = true;
        self.like.at_stop(&mut said.like, &stop);
        Some(said)
    }

    fn fields(&self) -> impl Iterator<Item = usize> {
        let person = self.person.iter().flat_map(|p| [Some(p.kind), Some(p.number)]);
        let marks = [&self.flag, &self.over].map(|mark| mark.as_ref().map(|m| m.field));
        let dates = [self.group, self.subject, self.from, self.until];
        person.chain(marks).chain(dates).flatten().chain([self.shown])
    }
}

impl PersonUse {
    /// Digests of the number and of the earlier one. A number that is not as its kind has them says nothing.
    fn read(&self, facts: &Facts<'_, '_>) -> (Option<String>, Option<String>) {
        let whole = |number: &str, digits: usize| {
            number.len() == digits && number.bytes().all(|b| b.is_ascii_digit()) && !is_filler(number)
        };
        let person = facts.text(self.kind).zip(facts.text(self.number)).and_then(|(kind, number)| {
            self.digits.get(kind).filter(|digits| whole(number, **digits)).map(|_| number_digest(kind, number))
        });
        // An earlier number stands without its kind: it is the one kind that has so many digits.
        let earlier = self.earlier.and_then(|field| facts.text(field)).and_then(|number| {
            let mut kinds = self.digits.iter().filter(|(_, digits)| whole(number, **digits));
            let kind = kinds.next().filter(|_| kinds.next().is_none())?.0;
            Some(number_digest(kind, number))
        });
        (person, earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_does_not_show_the_number_and_knows_its_kind() {
        let one = number_digest("CCCD", "087141000123");
        assert_eq!(one.len(), 32);
        assert!(!one.contains("087141") && one != number_digest("CMND", "087141000123"));
        assert_eq!(one, number_digest("CCCD", "087141000123"));
    }
}
