//! The tables of the province's database: their names, columns and rows, so that all of them are written alike.

use super::dossiers;
use super::people::people;
use super::person::{Person, TYPED, expected_held};
use super::programmes::{self, Harm};
use super::recipe::Recipe;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The key: indexed, and compared byte by byte.
    Key,
    Text,
    /// A number with one decimal.
    Decimal,
    Integer,
    /// đồng.
    Money,
    Date,
    Timestamp,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub name: &'static str,
    pub kind: Kind,
}

/// Where a table is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
    Mariadb,
}

impl Kind {
    fn declared(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            // A key of type `text` could not be indexed in MariaDB.
            (Self::Key, Dialect::Mariadb) => "varchar(100) character set utf8mb4 collate utf8mb4_bin",
            (Self::Key | Self::Text, _) => "text",
            (Self::Decimal, _) => "numeric(4,1)",
            (Self::Money, Dialect::Postgres | Dialect::Mariadb) => "bigint",
            (Self::Integer | Self::Money, _) => "integer",
            (Self::Date, _) => "date",
            (Self::Timestamp, Dialect::Mariadb) => "datetime",
            (Self::Timestamp, _) => "timestamp",
        }
    }
}

/// A table of the province's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// `doi_tuong`: everybody who draws a monthly allowance.
    DoiTuong,
    /// `mai_tang`: support for funerals.
    MaiTang,
    /// `tro_giup_dot_xuat`: households in emergency relief.
    TroGiupDotXuat,
    /// `cham_soc_khan_cap`: people in emergency protection.
    ChamSocKhanCap,
    /// `co_so_tro_giup`: residents of facilities.
    CoSoTroGiup,
    /// `chi_tra`: the payment list of one period.
    ChiTra,
    /// `chuc_tho`: old people honoured in the year.
    ChucTho,
    /// `ho_so`: dossiers of citizens.
    HoSo,
    /// `buoc_xu_ly`: what was done with them, step by step.
    BuocXuLy,
}

impl Table {
    /// All tables, in the order in which they are written.
    pub const ALL: [Self; 9] = [
        Self::DoiTuong,
        Self::MaiTang,
        Self::TroGiupDotXuat,
        Self::ChamSocKhanCap,
        Self::CoSoTroGiup,
        Self::ChiTra,
        Self::ChucTho,
        Self::HoSo,
        Self::BuocXuLy,
    ];

    /// The table's name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::DoiTuong => "doi_tuong",
            Self::MaiTang => "mai_tang",
            Self::TroGiupDotXuat => "tro_giup_dot_xuat",
            Self::ChamSocKhanCap => "cham_soc_khan_cap",
            Self::CoSoTroGiup => "co_so_tro_giup",
            Self::ChiTra => "chi_tra",
            Self::ChucTho => "chuc_tho",
            Self::HoSo => "ho_so",
            Self::BuocXuLy => "buoc_xu_ly",
        }
    }

    pub(super) fn typed(self) -> &'static [Column] {
        match self {
            Self::DoiTuong => &TYPED,
            Self::MaiTang => programmes::columns::MAI_TANG,
            Self::TroGiupDotXuat => programmes::columns::TRO_GIUP_DOT_XUAT,
            Self::ChamSocKhanCap => programmes::columns::CHAM_SOC_KHAN_CAP,
            Self::CoSoTroGiup => programmes::columns::CO_SO_TRO_GIUP,
            Self::ChiTra => programmes::columns::CHI_TRA,
            Self::ChucTho => programmes::columns::CHUC_THO,
            Self::HoSo => dossiers::HO_SO,
            Self::BuocXuLy => dossiers::BUOC_XU_LY,
        }
    }

    /// The names of the columns, in the table's order. The first is the key.
    pub fn columns(self) -> impl ExactSizeIterator<Item = &'static str> {
        self.typed().iter().map(|c| c.name)
    }

    /// How many rows the table has in a province of so many people with a monthly allowance: its share of the full
    /// size, and at full size exactly what the recipe says.
    pub fn count(self, recipe: &Recipe, people: u64) -> u64 {
        match self {
            Self::DoiTuong | Self::ChiTra => people,
            Self::HoSo => dossiers::count(recipe, people),
            Self::BuocXuLy => dossiers::count_steps(recipe, people),
            other => programmes::count(other, recipe, people),
        }
    }

    /// The rows, one after the other; nothing is kept of those already given.
    pub fn rows(self, recipe: &Recipe, seed: u64, rows: u64) -> Box<dyn Iterator<Item = Row> + Send + '_> {
        match self {
            Self::DoiTuong => Box::new(people(recipe, seed, rows).map(Row::from)),
            Self::HoSo => Box::new(dossiers::rows(recipe, seed, rows)),
            Self::BuocXuLy => Box::new(dossiers::steps(recipe, seed, rows)),
            other => programmes::rows(other, recipe, seed, rows),
        }
    }

    /// No primary key: in the field keys are missing and occur twice.
    pub(super) fn definition(self, dialect: Dialect) -> String {
        let columns: Vec<_> = self.typed().iter().map(|c| format!("{} {}", c.name, c.kind.declared(dialect))).collect();
        let closing =
            if dialect == Dialect::Mariadb { ") default character set utf8mb4 collate utf8mb4_bin" } else { ")" };
        format!("create table {} ({}{closing}", self.name(), columns.join(", "))
    }

    pub(super) fn index(self) -> String {
        let (name, key) = (self.name(), self.typed()[0].name);
        format!("create index {name}_{key} on {name} ({key})")
    }
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    table: Table,
    /// The texts in the order of the table's columns; `None` is `NULL` in a database and empty in a file.
    pub cells: Box<[Option<String>]>,
    /// The fixed word for which the row must be held; `None` when it must be sent. It comes from what the generator
    /// did, not from looking at the row, so that it can prove a mapping right or wrong.
    pub expected_held: Option<&'static str>,
    /// What a row of a programme was damaged with, where it is the programme's own damage. Not in the table.
    pub harm: Option<Harm>,
}

impl From<Person> for Row {
    fn from(person: Person) -> Self {
        let expected_held = expected_held(&person);
        Self { table: Table::DoiTuong, cells: person.columns.into(), expected_held, harm: None }
    }
}

impl Row {
    pub(super) fn new(table: Table) -> Self {
        Self { table, cells: vec![None; table.typed().len()].into(), expected_held: None, harm: None }
    }

    /// The place of a column; `None` where the table has none of that name.
    fn place(&self, column: &str) -> Option<usize> {
        self.table.typed().iter().position(|c| c.name == column)
    }

    /// The text of a column; `None` for `NULL`.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.cells[self.place(column)?].as_deref()
    }

    pub(super) fn key(&self) -> Option<&str> {
        self.cells[0].as_deref()
    }

    pub(super) fn put(&mut self, column: &'static str, text: Option<String>) {
        let place = self.place(column);
        debug_assert!(place.is_some(), "{} has no column {column}", self.table.name());
        if let Some(place) = place {
            self.cells[place] = text;
        }
    }

    pub(super) fn set(&mut self, column: &'static str, text: impl Into<String>) {
        self.put(column, Some(text.into()));
    }

    pub(super) fn clear(&mut self, column: &'static str) {
        self.put(column, None);
    }

    /// Damages the row.
    pub(super) fn hold(&mut self, harm: Harm) {
        self.harm = Some(harm);
        self.expected_held = Some(harm.held_for());
    }
}
