//! A row as it was read: columns of text, not yet understood.

use std::fmt;

/// Separates the columns of a packed row: the unit separator, which no field may contain.
pub const SEPARATOR: char = '\u{1f}';
/// Stands for SQL `NULL` in a packed row, so that it differs from an empty text.
pub const NULL: &str = "\u{1}";

/// What a source column must be able to carry. A source whose column has another kind
/// stops the stream before anything is read from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    /// Any character type. Identity numbers and codes are text: as integers they lose zeros.
    Text,
    /// Whole numbers.
    Integer,
    /// Exact decimals; also satisfied by `Integer`.
    Decimal,
    /// A date without a time; also satisfied by `Text`, which is then parsed strictly.
    Date,
    /// A date with a time; also satisfied by `Text`.
    Timestamp,
    /// Truth values; also satisfied by `Integer` and `Text`.
    Boolean,
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Boolean => "boolean",
        })
    }
}

/// A column by name, with its kind; `None` where the source cannot tell (an SQLite expression, CSV).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name, exactly as the source spells it.
    pub name: String,
    /// The kind, where the source declares one.
    pub kind: Option<ColumnKind>,
}

/// One source row, borrowed from its chunk: columns in the order that the mapping asked for.
#[derive(Debug, Clone)]
pub struct RawRow<'a> {
    /// The place in the source (1 = first data row), for messages to people.
    pub number: u64,
    /// The columns' texts; `None` for `NULL`. An empty text stays an empty text.
    pub columns: Vec<Option<&'a str>>,
}

impl<'a> RawRow<'a> {
    /// Splits a packed row. `None` when it does not have exactly `width` columns, which happens
    /// only when a value contains [`SEPARATOR`].
    pub fn unpack(number: u64, packed: &'a str, width: usize) -> Option<Self> {
        let mut columns = Vec::with_capacity(width);
        columns.extend(packed.split(SEPARATOR).map(|c| (c != NULL).then_some(c)));
        (columns.len() == width).then_some(Self { number, columns })
    }

    /// The column's text; `None` for `NULL`.
    pub fn get(&self, index: usize) -> Option<&'a str> {
        self.columns.get(index).copied().flatten()
    }
}
