//! Where a sheet's header stands, and which column is which: over one to three rows, merged or not, by the names that
//! people gave the columns.

use std::collections::BTreeMap;

use calamine::Dimensions;
use unicode_normalization::UnicodeNormalization;

use super::super::tabular::MOST_COLUMNS;

/// The header is looked for in so many rows, and is so high at most.
pub(super) const ROWS: u32 = 20;
pub(super) const HIGHEST: u32 = 3;

/// The first rows of a sheet.
#[derive(Debug, Default)]
pub(super) struct Top {
    /// Texts by row and column, from 0.
    pub cells: BTreeMap<(u32, u32), String>,
    pub merged: Vec<Dimensions>,
}

/// A header that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Sheet column and name, for columns that have one.
    pub names: Vec<(u32, String)>,
    /// The first row of data, from 0.
    pub data: u32,
}

/// What the header is looked for by.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Our name → the sheet's.
    pub columns: BTreeMap<String, String>,
    /// Names that the mapping needs.
    pub expected: Vec<String>,
    /// The header's first row as people count, where the settings say so.
    pub row: Option<u32>,
}

impl Top {
    /// Finds the header. The error lists what stands in the rows' first cells.
    pub fn find(&self, wanted: &Wanted) -> Result<Header, String> {
        let starts = wanted.row.map_or(0..ROWS, |row| row.saturating_sub(1)..row);
        let mut best: Option<(usize, Header)> = None;
        for height in 1..=HIGHEST {
            for start in starts.clone() {
                if !self.cells.range((start, 0)..(start + 1, 0)).any(|(_, text)| !text.is_empty()) {
                    continue;
                }
                let header = Header { names: self.names(start, height, wanted), data: start + height };
                let score = wanted.names().filter(|name| header.names.iter().any(|(_, n)| n == name)).count();
                if best.as_ref().is_none_or(|(most, _)| score > *most) {
                    best = Some((score, header));
                }
            }
        }
        let asks = wanted.names().next().is_some();
        match best {
            Some((score, header)) if score > 0 || !asks || wanted.row.is_some() => Ok(header),
            _ => Err(self.told()),
        }
    }

    /// The names of the columns when the header has these rows.
    fn names(&self, start: u32, height: u32, wanted: &Wanted) -> Vec<(u32, String)> {
        let mut all: Vec<(u32, String, String)> = Vec::new();
        let width = self.cells.keys().map(|(_, column)| column + 1).max().unwrap_or(0);
        for column in 0..width {
            let mut levels: Vec<&str> = Vec::new();
            for row in start..start + height {
                let text = self.text(row, column);
                if !text.is_empty() && levels.last() != Some(&text) {
                    levels.push(text);
                }
            }
            if let Some(last) = levels.last() {
                all.push((column, levels.join(" / "), (*last).to_owned()));
            }
        }
        let by_name = wanted.names().map(|own| (own, wanted.columns.get(own).map_or(own, String::as_str)));
        let mut renamed: Vec<Option<&str>> = vec![None; all.len()];
        for (own, theirs) in by_name {
            let theirs = fold(theirs);
            let which = |test: &dyn Fn(&(u32, String, String)) -> bool| -> Vec<usize> {
                all.iter().enumerate().filter(|(_, c)| test(c)).map(|(at, _)| at).collect()
            };
            let mut found = which(&|c| fold(&c.1) == theirs);
            if found.is_empty() {
                found = which(&|c| fold(&c.2) == theirs);
            }
            // Of two that are alike nobody can say which is meant: the column is then gone, and is told as such.
            if let [one] = found.as_slice() {
                renamed[*one] = Some(own);
            }
        }
        all.into_iter().zip(renamed).map(|((c, full, _), own)| (c, own.map_or(full, str::to_owned))).collect()
    }

    /// The text of a cell, or of the merged area that it is in.
    fn text(&self, row: u32, column: u32) -> &str {
        let inside = |d: &&Dimensions| d.start <= (row, column) && d.contains(row, column);
        let at = self.merged.iter().find(inside).map_or((row, column), |d| d.start);
        self.cells.get(&at).map_or("", String::as_str)
    }

    fn told(&self) -> String {
        let rows: Vec<String> = (0..ROWS)
            .filter_map(|row| {
                let texts: Vec<&str> =
                    self.cells.range((row, 0)..(row + 1, 0)).map(|(_, t)| t.as_str()).take(1).collect();
                (!texts.is_empty()).then(|| (row + 1).to_string())
            })
            .collect();
        format!(
            "không thấy hàng tiêu đề trong {ROWS} hàng đầu; ghi header = (số hàng) và columns trong [[source]] / no row \
             has the columns' names; say header = N and columns. Rows with text: {}",
            rows.join(", ")
        )
    }
}

impl Wanted {
    /// Our names: those the mapping needs, and those the settings name.
    fn names(&self) -> impl Iterator<Item = &str> {
        let named = self.columns.keys().filter(|own| !self.expected.contains(own));
        self.expected.iter().chain(named).map(String::as_str)
    }
}

/// A header's text as people compare it: NFC, single blanks, small.
fn fold(text: &str) -> String {
    tidy(text).to_lowercase()
}

/// A header's text on one line.
pub(super) fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect()
}

/// Whether a row numbers the columns, as forms do below their header: `(1) (2) (3)` or `A B 1 2 3`.
pub(super) fn is_numbering(cells: &[String]) -> bool {
    let filled: Vec<&str> =
        cells.iter().map(|c| c.trim().trim_matches(['(', ')', '[', ']'])).filter(|c| !c.is_empty()).collect();
    let numbers: Vec<u32> = filled.iter().filter_map(|c| c.parse().ok()).collect();
    let letters = filled.iter().filter(|c| c.len() == 1 && c.bytes().all(|b| b.is_ascii_alphabetic())).count();
    numbers.len() >= 3
        && numbers.len() + letters == filled.len()
        && numbers[0] <= 1
        && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// The most columns, as a sheet counts them.
pub(super) fn width() -> u32 {
    u32::try_from(MOST_COLUMNS).unwrap_or(u32::MAX)
}
