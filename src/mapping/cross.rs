//! Reads the rules between programmes, which stand beside the code lists. Every word is checked, every mistake told.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::reader::{Reader, Section, Spot};
use crate::codes::{CodeList, CodeLists};
use crate::model::{Fault, Reason, suggest};
use crate::rules::CrossRules;
use crate::rules::cross::{CrossKind, End, Exclusion, Pair, Side, Tie, Verdict, is_under};
use crate::rules::suspects::{Points, SamePerson};

/// The file, in the folder of the code lists.
pub(super) const FILE: &str = "cross.toml";
const MAX_BYTES: u64 = 256 * 1024;
/// More rules than this are no rules between programmes.
const MAX_RULES: usize = 500;

/// Reads the file in this folder; `None` and faults where it is not right.
pub(super) fn load(folder: &Path, lists: &mut CodeLists, faults: &mut Vec<Fault>) -> Option<CrossRules> {
    let file = folder.join(FILE);
    match crate::codes::lists::read_bounded(&file, MAX_BYTES) {
        Ok(text) => parse(&file, &text, lists, faults),
        Err(fault) => {
            faults.push(fault);
            None
        }
    }
}

fn parse(file: &Path, text: &str, lists: &mut CodeLists, faults: &mut Vec<Fault>) -> Option<CrossRules> {
    let reader = Reader::new(file, text, 0);
    let (table, errors) = toml::de::DeTable::parse_recoverable(text);
    for error in errors.iter().take(20) {
        let line = error.span().map_or(1, |s| reader.line(&s));
        reader.fault(line, format!("TOML sai cú pháp / bad syntax: {}", error.message()));
    }
    let rules = errors.is_empty().then(|| rules(&reader, Section::new(&reader, "", table.get_ref(), 1), text, lists));
    let mine = reader.take_faults();
    let right = mine.is_empty();
    faults.extend(mine);
    rules.filter(|_| right)
}

fn rules(reader: &Reader<'_>, mut root: Section<'_, '_>, text: &str, lists: &mut CodeLists) -> CrossRules {
    let list = root.required("groups");
    let groups = lists.exists(&list.value).then(|| lists.get(&list.value)).flatten();
    if groups.is_none() && !list.value.is_empty() && !lists.exists(&list.value) {
        let names = lists.names();
        let hint = suggest::hint(&list.value, names.iter().map(String::as_str));
        reader.fault(list.line, format!("không có danh mục `{}`{hint} / no such code list", list.value));
    }
    let programmes: Vec<String> = root.texts("programmes").into_iter().map(|p| p.value).collect();
    let words = Words { reader, programmes: &programmes, groups: groups.as_deref() };
    let legal = root.tables("legal").into_iter().map(|s| words.legal(s)).collect::<Vec<_>>();
    let exclusions = root.tables("exclude").into_iter().map(|s| words.exclusion(s)).collect::<Vec<_>>();
    let ends = root.tables("end").into_iter().map(|s| words.end(s)).collect::<Vec<_>>();
    if legal.len() + exclusions.len() + ends.len() > MAX_RULES {
        reader.fault(1, format!("quá {MAX_RULES} quy tắc / more than {MAX_RULES} rules"));
    }
    let same_person = root.table("same_person").map(same_person);
    root.finish();
    let mut digest = [0; 8];
    digest.copy_from_slice(&Sha256::digest(text.as_bytes())[..8]);
    CrossRules { programmes, legal, exclusions, ends, same_person, digest }
}

/// `[same_person]`: from how many points on two records are one mismatch, and what gives how many.
fn same_person(mut section: Section<'_, '_>) -> SamePerson {
    let mut number = |key, least, most| {
        let Some(found) = section.number(key) else {
            section.fault(section.line, format!("[same_person] thiếu `{key}` / is missing"));
            return 0;
        };
        i32::try_from(found.value).ok().filter(|n| (least..=most).contains(n)).unwrap_or_else(|| {
            section.fault(found.line, format!("[same_person] `{key}`: {least} … {most}"));
            0
        })
    };
    let mut points = |key| number(key, -1000, 1000);
    let points = Points {
        name: points("name"),
        birth: points("birth"),
        other_birth: points("other_birth"),
        sex: points("sex"),
        other_sex: points("other_sex"),
        commune: points("commune"),
        other_commune: points("other_commune"),
        no_number: points("no_number"),
        two_numbers: points("two_numbers"),
    };
    let same = SamePerson { threshold: number("threshold", 1, 10_000), most: number("most", 2, 200), points };
    section.finish();
    same
}

/// The words that may stand in the file. What is wrong is told, and a stand-in goes on.
struct Words<'w, 'd> {
    reader: &'w Reader<'d>,
    programmes: &'w [String],
    groups: Option<&'w CodeList>,
}

impl Words<'_, '_> {
    fn legal(&self, mut section: Section<'_, '_>) -> Pair {
        let pair = self.pair(&mut section);
        self.law(&mut section);
        section.finish();
        pair
    }

    fn exclusion(&self, mut section: Section<'_, '_>) -> Exclusion {
        let pair = self.pair(&mut section);
        let tie = section.text("tie").map_or(Tie::Person, |tie| self.tie(&tie));
        let same_group = section.flag("same_group");
        let holds = section.flag_or("holds", true);
        let verdict = self.verdict(&mut section);
        section.finish();
        Exclusion { pair, tie, same_group, holds, verdict }
    }

    fn end(&self, mut section: Section<'_, '_>) -> End {
        let (ends, paid) = (section.required("ends"), section.required("paid"));
        for programme in [&ends, &paid] {
            self.programme(programme);
        }
        let tie = self.tie(&section.required("tie"));
        let verdict = self.verdict(&mut section);
        section.finish();
        End { ends: ends.value, paid: paid.value, tie, verdict }
    }

    fn tie(&self, word: &Spot<String>) -> Tie {
        match word.value.as_str() {
            "subject" => Tie::Subject,
            "person" => Tie::Person,
            other => {
                self.reader.fault(word.line, format!("tie `{other}`: person | subject"));
                Tie::Person
            }
        }
    }

    fn pair(&self, section: &mut Section<'_, '_>) -> Pair {
        let mut side = |key| {
            let Some(table) = section.table(key) else {
                section.fault(section.line, format!("thiếu `{key}` = {{ programme = … }} / is missing"));
                return Side { programme: String::new(), groups: Vec::new(), flag: None };
            };
            self.side(table)
        };
        Pair { one: side("one"), other: side("other") }
    }

    fn side(&self, mut section: Section<'_, '_>) -> Side {
        let programme = section.required("programme");
        self.programme(&programme);
        let groups = section.texts("groups");
        for group in &groups {
            let known = |list: &CodeList| list.entries().iter().any(|e| is_under(&group.value, &e.code));
            if let Some(list) = self.groups.filter(|list| !known(list)) {
                let hint = list.nearest_code(&group.value).map_or(String::new(), |c| format!("; có phải `{c}`?"));
                let message =
                    format!("danh mục `{}` không có nhóm `{}`{hint} / no such group", list.name(), group.value);
                self.reader.fault(group.line, message);
            }
        }
        let flag = section.optional_flag("flag");
        section.finish();
        Side { programme: programme.value, groups: groups.into_iter().map(|g| g.value).collect(), flag }
    }

    fn programme(&self, word: &Spot<String>) {
        if !word.value.is_empty() && !self.programmes.contains(&word.value) {
            let hint = suggest::hint(&word.value, self.programmes.iter().map(String::as_str));
            let message = format!("`programmes` không có `{}`{hint} / no such programme", word.value);
            self.reader.fault(word.line, message);
        }
    }

    fn law(&self, section: &mut Section<'_, '_>) -> String {
        let (law, checked) = (section.required("law"), section.required("checked"));
        if !["source", "memory", ""].contains(&checked.value.as_str()) {
            self.reader.fault(checked.line, format!("checked `{}`: source | memory", checked.value));
        }
        law.value
    }

    fn verdict(&self, section: &mut Section<'_, '_>) -> Verdict {
        let (reason, kind) = (section.required("reason"), section.required("kind"));
        let known = Reason::from_word(&reason.value);
        if known.is_none() && !reason.value.is_empty() {
            let hint = suggest::hint(&reason.value, Reason::ALL.iter().map(|r| r.word()));
            self.reader.fault(reason.line, format!("không có lý do `{}`{hint} / no such reason", reason.value));
        }
        let found = CrossKind::from_word(&kind.value);
        if found.is_none() && !kind.value.is_empty() {
            let words = CrossKind::ALL.map(CrossKind::word).join(" | ");
            self.reader.fault(kind.line, format!("kind `{}`: {words}", kind.value));
        }
        let (reason, kind) = (known.unwrap_or(Reason::DoubleBenefit), found.unwrap_or(CrossKind::DoubleBenefit));
        Verdict { reason, kind, law: self.law(section) }
    }
}
