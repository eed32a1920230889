//! How a file was read, for people to look at before anything is sent. No value of a row is in it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::syllable::Spelling;
use super::tabular::{self, Written};
use crate::model::{Column, ColumnKind};

/// How a file was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The file.
    pub file: String,
    /// Of a workbook: the sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The charset that it was read in.
    pub charset: &'static str,
    /// Whether the settings say so; otherwise it was found by evidence.
    pub given: bool,
    /// Percent of the sample's words with marks that are Vietnamese in that charset; not told where bytes alone tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u64>,
    /// The next best charset and the same share of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_best: Option<(&'static str, u64)>,
    /// The columns' names as they were read.
    pub columns: Vec<String>,
    /// So many rows.
    pub rows: u64,
    /// Words with marks that are Vietnamese syllables.
    pub recognised: u64,
    /// Words with marks that no Vietnamese word can be.
    pub impossible: u64,
    /// The row in which the first of those stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_impossible: Option<u64>,
    /// A scan would stop: too many words are impossible.
    pub stops: bool,
    /// Columns whose values are kept as numbers, with how many of them: leading zeros are lost there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, u64>,
}

/// Of a hundred words with marks this many may be foreign without a word about it.
const FOREIGN: u64 = 2;

impl Reading {
    pub(super) fn of(
        path: &Path,
        written: &Written,
        columns: &[String],
        rows: u64,
        spelling: &Spelling,
        numbers: BTreeMap<String, u64>,
    ) -> Self {
        Self {
            file: path.display().to_string(),
            sheet: written.sheet.clone(),
            charset: written.charset,
            given: written.given,
            confidence: written.share,
            next_best: written.next,
            columns: columns.to_vec(),
            rows,
            recognised: spelling.good,
            impossible: spelling.bad,
            first_impossible: spelling.first_bad,
            stops: tabular::check_words(path, written, spelling).is_err(),
            numbers,
        }
    }

    /// Whether a person should look at how the file was read.
    pub fn is_doubtful(&self) -> bool {
        self.impossible * 100 > FOREIGN * (self.recognised + self.impossible)
    }

    /// Charset, evidence, header and words, for people.
    pub fn told(&self) -> String {
        let how = if self.given {
            "cấu hình ghi / as configured".to_owned()
        } else {
            match (self.confidence, self.next_best) {
                (Some(share), Some((next, behind))) => {
                    format!(
                        "tự nhận ra, tin cậy {share} % / found by evidence, confidence {share} %; {next} {behind} %"
                    )
                }
                _ if self.sheet.is_some() => "theo XLSX / as XLSX has it".to_owned(),
                _ => "tự nhận ra theo byte / found by its bytes".to_owned(),
            }
        };
        let first =
            self.first_impossible.map_or_else(String::new, |row| format!(" (dòng đầu tiên / first in row {row})"));
        let columns = self.columns.join(" | ");
        let sheet = self.sheet.as_ref().map_or_else(String::new, |name| format!(" [{name}]"));
        format!(
            "{}{sheet}: {} ({how}); {} dòng / rows; {} âm tiết đúng, {} sai{first} / words recognised, impossible; \
             cột / columns: {columns}",
            self.file, self.charset, self.rows, self.recognised, self.impossible
        )
    }

    /// Forgets the numbers in columns that need no text: only codes and numbers like an identity's begin with a zero.
    #[must_use]
    pub fn for_columns(mut self, needs: &[Column]) -> Self {
        let is_text = |name: &str| needs.iter().any(|c| c.name == name && c.kind == Some(ColumnKind::Text));
        self.numbers.retain(|name, _| is_text(name));
        self
    }

    /// What is kept as numbers and should be text.
    pub fn told_of_numbers(&self) -> Option<String> {
        let columns: Vec<String> = self.numbers.iter().map(|(name, n)| format!("`{name}` ({n})")).collect();
        (!columns.is_empty()).then(|| {
            format!(
                "cột lưu dạng số, có thể mất số 0 đứng đầu / kept as numbers, leading zeros may be lost: {}",
                columns.join(", ")
            )
        })
    }
}
