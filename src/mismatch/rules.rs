//! What may be decided about which kind, and what needs a second person: `mappings/codes/decisions.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use super::Right;
use crate::codes::lists::read_bounded;
use crate::model::document::{Document, Section, hint};
use crate::model::{Faults, Kind, Message};

/// The file, in the folder of the code lists.
const FILE: &str = "decisions.toml";
const MAX_BYTES: u64 = 64 * 1024;
/// More reasons than this nobody chooses from.
const MAX_REASONS: usize = 200;

macro_rules! decisions {
    ($($variant:ident $word:literal $vi:literal $en:literal;)*) => {
        /// What can be decided about a mismatch. The word is the same in store, `--json`, pages and reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Decision {
            $(#[doc = $en] $variant,)*
        }

        impl Decision {
            /// All, with their words.
            pub const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)*];

            /// The fixed word.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Vietnamese, then English.
            pub fn text(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($vi, $en),)* }
            }
        }
    };
}

decisions! {
    KeepOurs "keep-ours" "giữ của tỉnh" "keep ours";
    TakeTheirs "take-theirs" "nhận của quốc gia" "take theirs";
    CorrectAtSource "correct-at-source" "sửa tại nguồn" "correct it at the source";
    NotSamePerson "not-same-person" "không phải một người" "not the same person";
    AcceptUntil "accept-until" "chấp nhận đến ngày" "accept until a day";
    MergeNumbers "merge-numbers" "hai số của một người" "merge the numbers";
}

impl Decision {
    /// Reads the fixed word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, decision)| *decision)
    }

    /// Whether it could settle a mismatch of this kind at all. Two people never have one number: that somebody is not the
    /// same person says that a number is wrong, which is mended at the source only.
    pub fn fits(self, kind: Kind) -> bool {
        !(self == Self::NotSamePerson && kind == Kind::TwoHere)
    }
}

#[derive(Debug, Default)]
struct OfKind {
    allow: Vec<Decision>,
    second: Vec<Decision>,
    right: Option<Right>,
}

/// The file, checked. Without one nobody is right but a person.
#[derive(Debug, Default)]
pub struct DecisionRules {
    kinds: BTreeMap<Kind, OfKind>,
    reasons: Vec<(String, String)>,
}

impl DecisionRules {
    /// Reads the file in the folder of code lists; all mistakes are told.
    pub fn load(codes: &Path) -> Result<Self, Faults> {
        let file = codes.join(FILE);
        let text = read_bounded(&file, MAX_BYTES)?;
        Self::parse(&file, &text)
    }

    /// The same from a text; `file` is for messages.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Faults> {
        let doc = Document::new(file, text);
        let table = doc.parse();
        let root = Section::root(&doc, &table);
        let section = root.table("kind");
        let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
        for entry in section.entries().iter().filter(|entry| !words.contains(&entry.key)) {
            let hint = hint(entry.key, &words);
            doc.fault(entry.at, format!("không có loại `{}`{hint} / no such kind", entry.key));
        }
        let kinds = Kind::ALL.iter().map(|kind| (*kind, of_kind(*kind, &section.table(kind.word())))).collect();
        let named = root.table("reason");
        let told = |entry: &crate::model::document::Entry<'_, '_>| {
            Some((entry.key.to_owned(), named.as_text(entry.key, entry.value)?))
        };
        let reasons: Vec<(String, String)> = named.entries().iter().filter_map(told).collect();
        if reasons.len() > MAX_REASONS {
            doc.fault(named.at(), format!("quá {MAX_REASONS} lý do / more than {MAX_REASONS} reasons"));
        }
        root.close();
        doc.finish()?;
        Ok(Self { kinds, reasons })
    }

    /// What may be decided about a kind.
    pub fn allowed(&self, kind: Kind) -> &[Decision] {
        self.kinds.get(&kind).map_or(&[], |of| &of.allow)
    }

    /// Whether it needs a second person.
    pub fn needs_second(&self, kind: Kind, decision: Decision) -> bool {
        self.kinds.get(&kind).is_some_and(|of| of.second.contains(&decision))
    }

    /// Who is right about a kind that is of no field, such as a record that is missing there.
    pub fn right_of(&self, kind: Kind) -> Right {
        self.kinds.get(&kind).and_then(|of| of.right).unwrap_or(Right::Person)
    }

    /// The reasons to choose from: code and text.
    pub fn reasons(&self) -> &[(String, String)] {
        &self.reasons
    }
}

fn of_kind(kind: Kind, section: &Section<'_, '_>) -> OfKind {
    let decisions = |key: &str, must: bool| -> Vec<Decision> {
        let words = if must { section.texts(key) } else { section.texts_or(key) };
        let known: Vec<&str> = Decision::WORDS.iter().map(|(word, _)| *word).collect();
        let read = |word: &String| {
            Decision::from_word(word).or_else(|| {
                let hint = hint(word, &known);
                section.doc().fault(section.at(), format!("không có quyết định `{word}`{hint} / no such decision"));
                None
            })
        };
        words.iter().filter_map(read).collect()
    };
    let (allow, second) = (decisions("allow", true), decisions("second", false));
    if allow.iter().any(|decision| !decision.fits(kind)) {
        section.doc().fault(section.at(), Message::OneNumber.both());
    }
    if let Some(odd) = second.iter().find(|decision| !allow.contains(decision)) {
        let message = format!("`second`: `{}` không có trong `allow` / is not allowed at all", odd.word());
        section.doc().fault(section.at(), message);
    }
    let right = section.word_or("right", &Right::WORDS.iter().map(|(w, r)| (*w, Some(*r))).collect::<Vec<_>>(), None);
    if let Some(decides) = right.and_then(Right::decides)
        && !allow.iter().any(|decision| decision.word() == decides)
    {
        section.doc().fault(section.at(), format!("`right`: `{decides}` không có trong `allow` / is not allowed"));
    }
    section.close();
    OfKind { allow, second, right }
}
