//! Rows in chunks: one text for many rows, with the twins of a key marked across chunk borders.

use std::ops::Range;

/// At most so many rows are in a chunk.
pub const CHUNK_ROWS: usize = 512;
/// A chunk is closed once its text is so long, in bytes.
const CHUNK_TEXT: usize = 1 << 20;

/// Up to [`CHUNK_ROWS`] rows, all in one text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chunk {
    /// Keys and packed rows, one after the other.
    pub text: String,
    /// Where each row stands in the text.
    pub rows: Vec<ChunkRow>,
}

impl Chunk {
    /// The row's key; empty if it has none.
    pub fn key(&self, row: &ChunkRow) -> &str {
        self.text.get(row.key.clone()).unwrap_or_default()
    }

    /// The row's columns, joined by [`crate::model::row::SEPARATOR`].
    pub fn packed(&self, row: &ChunkRow) -> &str {
        self.text.get(row.packed.clone()).unwrap_or_default()
    }
}

/// One row of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkRow {
    /// By which people find the row. In a table or delimited file: its place among the rows, from 1; in a sheet: the
    /// sheet's own number; in a database: its place in key order.
    pub number: u64,
    /// The key in the chunk's text; an empty range if it is null, empty or blank.
    pub key: Range<usize>,
    /// The columns in the chunk's text.
    pub packed: Range<usize>,
    /// The key occurs more than once in this scan; set on all its rows. Never set where the key is missing.
    pub twice: bool,
}

/// A scan that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanEnd {
    /// So many rows were delivered.
    pub rows: u64,
}

/// The keys did not come in the order of their bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfOrder;

/// Fills chunks. A chunk is handed out only when the row after it is known, so that a key
/// that occurs twice is marked on all its rows.
#[derive(Debug, Default)]
pub(super) struct Builder {
    chunk: Chunk,
    rows: u64,
    last: String,
}

impl Builder {
    /// Adds a row of a source that delivers keys in the order of their bytes (`NULL` first).
    pub fn add_ordered(&mut self, key: Option<&str>, packed: &str) -> Result<Option<Chunk>, OutOfOrder> {
        let key = key.unwrap_or_default();
        let mut twice = false;
        if self.rows > 0 {
            match key.cmp(&self.last) {
                std::cmp::Ordering::Less => return Err(OutOfOrder),
                std::cmp::Ordering::Equal if !is_missing(key) => {
                    twice = true;
                    if let Some(before) = self.chunk.rows.last_mut() {
                        before.twice = true;
                    }
                }
                _ => {}
            }
        }
        self.last.clear();
        self.last.push_str(key);
        Ok(self.add(self.rows + 1, key, twice, |text| text.push_str(packed)))
    }

    /// Adds a row whose twins are known beforehand; `pack` appends its columns.
    pub fn add(&mut self, number: u64, key: &str, twice: bool, pack: impl FnOnce(&mut String)) -> Option<Chunk> {
        let full = self.is_full().then(|| self.take());
        self.rows += 1;
        let text = &mut self.chunk.text;
        let start = text.len();
        if !is_missing(key) {
            text.push_str(key);
        }
        let middle = text.len();
        pack(text);
        let packed = middle..text.len();
        self.chunk.rows.push(ChunkRow { number, key: start..middle, packed, twice });
        full
    }

    /// So many rows were added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The last chunk, if it has rows, and the number of rows of all.
    pub fn finish(mut self) -> (Option<Chunk>, ScanEnd) {
        let last = (!self.chunk.rows.is_empty()).then(|| self.take());
        (last, ScanEnd { rows: self.rows })
    }

    fn is_full(&self) -> bool {
        self.chunk.rows.len() >= CHUNK_ROWS || self.chunk.text.len() >= CHUNK_TEXT
    }

    fn take(&mut self) -> Chunk {
        let next = Chunk {
            text: String::with_capacity(self.chunk.text.len().min(CHUNK_TEXT)),
            rows: Vec::with_capacity(CHUNK_ROWS),
        };
        std::mem::replace(&mut self.chunk, next)
    }
}

/// Whether a key says nothing: empty, or blanks only.
pub(super) fn is_missing(key: &str) -> bool {
    key.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(keys: &[Option<&str>]) -> Vec<Chunk> {
        let mut builder = Builder::default();
        let mut chunks = Vec::new();
        for key in keys {
            chunks.extend(builder.add_ordered(*key, "x").expect("in order"));
        }
        let (last, end) = builder.finish();
        chunks.extend(last);
        assert_eq!(end.rows, keys.len() as u64);
        chunks
    }

    #[test]
    fn twins_are_marked_across_a_chunk_border() {
        let keys: Vec<String> = (0..1030).map(|i| format!("{i:05}")).collect();
        let mut asked: Vec<Option<&str>> = keys.iter().map(|k| Some(k.as_str())).collect();
        asked[512] = asked[511];
        let chunks = scan(&asked);
        assert_eq!(chunks.iter().map(|c| c.rows.len()).collect::<Vec<_>>(), [512, 512, 6]);
        let twice: Vec<u64> = chunks.iter().flat_map(|c| &c.rows).filter(|r| r.twice).map(|r| r.number).collect();
        assert_eq!(twice, [512, 513]);
    }

    #[test]
    fn missing_keys_are_no_twins_and_have_an_empty_range() {
        let chunks = scan(&[None, Some(""), Some(" "), Some(" "), Some("a")]);
        assert!(chunks[0].rows.iter().all(|r| !r.twice));
        assert!(chunks[0].rows[..4].iter().all(|r| r.key.is_empty() && chunks[0].packed(r) == "x"));
        assert_eq!(chunks[0].key(&chunks[0].rows[4]), "a");
    }

    #[test]
    fn a_smaller_key_breaks_the_scan() {
        let mut builder = Builder::default();
        builder.add_ordered(Some("b"), "").expect("first");
        assert_eq!(builder.add_ordered(Some("B"), "").err(), Some(OutOfOrder));
    }

    #[test]
    fn a_long_text_closes_a_chunk() {
        let long = "x".repeat(CHUNK_TEXT);
        let mut builder = Builder::default();
        assert!(builder.add_ordered(Some("a"), &long).expect("first").is_none());
        assert!(builder.add_ordered(Some("b"), &long).expect("second").is_some());
    }
}
