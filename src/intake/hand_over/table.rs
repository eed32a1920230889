//! A row in a table of the local system, and a marker in the same transaction: where the marker is, the row was
//! inserted, whether the answer to the commit arrived or not.
//!
//! Table and markers are the local system's own; nothing is made or altered here. Columns are looked up on every new
//! connection, so that one that is gone is told by its name before anything is inserted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;

use super::engine::{Column, Connection, Database, Engine};
use super::failure::failed;
use super::{HandError, Handing, Receipt, Trouble, unreadable};
use crate::model::Timestamp;
use crate::model::suggest::hint;

/// For one row, from the connection to the commit: less than a lease lives.
const TIME: Duration = Duration::from_secs(45);
/// The column with the version of the application.
const VERSION: &str = "phien_ban";
/// The table of markers: what was handed over, and when.
const MARKER: [&str; 2] = ["ban_giao", "luc"];

/// What the operator says of the table.
pub struct TableSettings {
    /// Where it is.
    pub database: Database,
    /// The table, `schema.table` where it needs one.
    pub table: String,
    /// The table of markers: `ban_giao` (text, primary key) and `luc` (text or time).
    pub marker: String,
}

/// A table, ready to be inserted into.
pub struct Table {
    engine: Engine,
    place: String,
    rows: Name,
    markers: Name,
    fields: Vec<String>,
    open: Mutex<Option<Open>>,
}

/// A table's name in its parts.
struct Name {
    schema: Option<String>,
    table: String,
}

/// A connection, and the statements made for the columns that it found.
struct Open {
    connection: Connection,
    find: String,
    mark: String,
    insert: String,
}

impl Table {
    /// Checks the settings; nothing is connected yet. `fields` are those of the mapping, each a column.
    pub fn new(settings: &TableSettings, fields: Vec<String>) -> Result<Self, String> {
        let (engine, place) = Engine::of(&settings.database)?;
        if let Some(field) = fields.iter().find(|f| engine.is_same(f, VERSION)) {
            return Err(format!(
                "ánh xạ không được có trường '{field}' / the mapping must not have this field: it is the version"
            ));
        }
        Ok(Self {
            engine,
            place: format!("{place}, {}", settings.table),
            rows: Name::of(&settings.table)?,
            markers: Name::of(&settings.marker)?,
            fields,
            open: Mutex::new(None),
        })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) async fn check(&self) -> Result<(), HandError> {
        within(&self.place, &AtomicBool::new(false), async { self.opened().await.map(|_| ()) }).await
    }

    pub(super) async fn give(&self, handing: &Handing<'_>, now: Timestamp) -> Result<Receipt, HandError> {
        let begun = AtomicBool::new(false);
        within(&self.place, &begun, async {
            let mut kept = self.open.lock().await;
            // Whatever fails or is dropped takes the connection with it, and with that the transaction.
            let mut open = match kept.take() {
                Some(open) => open,
                None => self.opened().await?,
            };
            begun.store(true, Ordering::Relaxed);
            let text = self.put(&mut open, handing, now).await?;
            *kept = Some(open);
            Ok(Receipt { text: format!("{}: {text}", self.place), local_number: None })
        })
        .await
    }

    async fn put(&self, open: &mut Open, handing: &Handing<'_>, now: Timestamp) -> Result<&'static str, HandError> {
        let failed = |e: sqlx::Error| failed(&self.place, &e);
        let connection = &mut open.connection;
        connection.begin().await.map_err(failed)?;
        if let Some(found) = connection.text(&open.find, handing.key).await.map_err(failed)? {
            connection.end("rollback").await.map_err(failed)?;
            if found.trim_end() == handing.key {
                return Ok("đã có từ trước / was there before");
            }
            let why = format!(
                "{}: cột {}.{} không phân biệt chữ hoa chữ thường; đặt collation nhị phân (utf8mb4_bin) / \
                 the column takes another marker for this one: give it a binary collation",
                self.place, self.markers.table, MARKER[0]
            );
            return Err(HandError::of(Trouble::Untaken, why));
        }
        // Only now: a marker says more of an earlier attempt than a record that fits no more.
        let values = self.values(handing)?;
        let time = now.in_vietnam().strftime("%Y-%m-%d %H:%M:%S").to_string();
        let marker = [Some(handing.key.to_owned()), Some(time)];
        connection.insert(&open.mark, &marker).await.map_err(failed)?;
        connection.insert(&open.insert, &values).await.map_err(failed)?;
        connection.end("commit").await.map_err(|e| {
            // A deferred constraint speaks at the commit; a connection that breaks here leaves it unknown.
            let error = failed(e);
            if error.trouble == Trouble::Untaken { HandError { trouble: Trouble::Unsure, ..error } } else { error }
        })?;
        Ok("đã ghi / inserted")
    }

    /// The record's values in the order of the statement, the version last. An empty text is not known: `NULL`.
    fn values(&self, handing: &Handing<'_>) -> Result<Vec<Option<String>>, HandError> {
        let mut record: serde_json::Map<String, Value> =
            serde_json::from_str(handing.record).map_err(|_| unreadable())?;
        let mut values = Vec::with_capacity(self.fields.len() + 1);
        for field in &self.fields {
            values.push(record.remove(field).and_then(|value| match value {
                Value::Null => None,
                Value::String(text) => Some(text).filter(|text| !text.is_empty()),
                other => Some(other.to_string()),
            }));
        }
        if let Some(name) = record.keys().next() {
            let why = format!(
                "{}: bản ghi có trường '{name}' mà ánh xạ hiện nay không có; ánh xạ lại hồ sơ này / \
                 the record has a field that the mapping has no more; judge it again",
                self.place
            );
            return Err(HandError::of(Trouble::Refused, why));
        }
        values.push(Some(handing.version.to_string()));
        Ok(values)
    }

    /// A connection whose tables are as they must be; without one nothing goes.
    async fn opened(&self) -> Result<Open, HandError> {
        let opened = self.connected().await;
        opened.map_err(|error| HandError { trouble: Trouble::Down, ..error })
    }

    async fn connected(&self) -> Result<Open, HandError> {
        let failed = |e: sqlx::Error| failed(&self.place, &e);
        let mut connection = self.engine.connect(&self.place).await?;
        let fields: Vec<&str> = self.fields.iter().map(String::as_str).chain([VERSION]).collect();
        let mut shapes = Vec::new();
        let mut faults = Vec::new();
        for (name, needs) in [(&self.rows, fields.as_slice()), (&self.markers, MARKER.as_slice())] {
            let schema = name.schema.as_deref();
            let has = connection.columns(schema, &name.table).await.map_err(failed)?;
            if let Some(storage) = connection.without_transactions(schema, &name.table).await.map_err(failed)? {
                faults.push(format!(
                    "bảng {}: {storage} không có giao dịch; đổi sang InnoDB / this storage knows no transactions",
                    name.table
                ));
            }
            shapes.push(self.shape(name, needs, &has, &mut faults));
        }
        let (schema, table) = (self.markers.schema.as_deref(), &self.markers.table);
        if faults.is_empty() && !connection.is_unique(schema, table, MARKER[0]).await.map_err(failed)? {
            faults.push(format!("bảng {table}: '{}' phải là khóa chính / must be the primary key", MARKER[0]));
        }
        if !faults.is_empty() {
            return Err(HandError::of(Trouble::Down, format!("{}: {}", self.place, faults.join("; "))));
        }
        let [row, marker] = shapes.as_slice() else { return Err(unreadable()) };
        let (key, table) = (self.engine.quoted(MARKER[0]), self.quoted(&self.markers));
        let kind = marker.first().and_then(|column| column.cast.as_deref());
        Ok(Open {
            connection,
            find: format!("select {key} from {table} where {key} = {}", self.engine.value(1, kind)),
            mark: self.insert(&self.markers, marker),
            insert: self.insert(&self.rows, row),
        })
    }

    /// The columns that are needed, as the database spells them; complains of those that are not there.
    fn shape(&self, name: &Name, needs: &[&str], has: &[Column], faults: &mut Vec<String>) -> Vec<Column> {
        if has.is_empty() {
            faults.push(format!("không có bảng {} / there is no such table", name.table));
            return Vec::new();
        }
        let mut columns = Vec::with_capacity(needs.len());
        for need in needs {
            if let Some(column) = has.iter().find(|column| self.engine.is_same(&column.name, need)) {
                columns.push(column.clone());
                continue;
            }
            let hint = hint(need, has.iter().map(|column| column.name.as_str()));
            faults.push(format!("bảng {} không có cột '{need}'{hint} / has no such column", name.table));
        }
        columns
    }

    fn insert(&self, name: &Name, columns: &[Column]) -> String {
        let names: Vec<String> = columns.iter().map(|column| self.engine.quoted(&column.name)).collect();
        let values: Vec<String> =
            columns.iter().enumerate().map(|(at, column)| self.engine.value(at + 1, column.cast.as_deref())).collect();
        format!("insert into {} ({}) values ({})", self.quoted(name), names.join(", "), values.join(", "))
    }

    fn quoted(&self, name: &Name) -> String {
        let parts = name.schema.iter().chain([&name.table]);
        parts.map(|part| self.engine.quoted(part)).collect::<Vec<_>>().join(".")
    }
}

impl Name {
    fn of(name: &str) -> Result<Self, String> {
        let (schema, table) = match name.split_once('.') {
            Some((schema, table)) => (Some(schema.to_owned()), table),
            None => (None, name),
        };
        if table.is_empty() || table.contains('.') || schema.as_ref().is_some_and(String::is_empty) {
            return Err(format!("'{name}' không phải tên bảng / is no table's name: table or schema.table"));
        }
        Ok(Self { schema, table: table.to_owned() })
    }
}

/// What takes too long once it has begun may have been done: the connection is gone by then, and the marker will say.
async fn within<T>(
    place: &str,
    begun: &AtomicBool,
    done: impl Future<Output = Result<T, HandError>>,
) -> Result<T, HandError> {
    tokio::time::timeout(TIME, done).await.unwrap_or_else(|_| {
        let seconds = TIME.as_secs();
        let why = format!("{place}: quá {seconds} giây không trả lời / no answer in {seconds} s");
        let trouble = if begun.load(Ordering::Relaxed) { Trouble::Unsure } else { Trouble::Down };
        Err(HandError::of(trouble, why))
    })
}
