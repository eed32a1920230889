//! `[[intake]]`: applications that come down from a portal: when they are asked for, where they go, what they may bring.

use std::path::PathBuf;

use serde::Deserialize;

use super::reader::{Listed, Reader};
use super::values::Seconds;
use super::{NamedSource, SystemConfig};
use crate::model::suggest::hint;
use crate::schedule::Schedule;
use crate::source::SourceConfig;

/// `[[intake]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeConfig {
    /// Its name; what was received is remembered under it.
    pub name: String,
    /// The portal's name.
    pub system: String,
    /// The mapping down, a file in the system's folder of mappings: the portal's words to the province's.
    pub entity: String,
    /// When it runs, as a cron line in Vietnam time; only by hand where left out.
    #[serde(default)]
    pub schedule: Option<String>,
    /// The first day that is asked for, `yyyy-MM-dd`, before anything was pulled.
    pub start: jiff::civil::Date,
    /// Each pull begins so long before the end of the last one.
    #[serde(default = "overlap")]
    pub overlap: Seconds,
    /// Once a day so many days are read again, for what a portal shows late.
    #[serde(default = "reread_days")]
    pub reread_days: u16,
    /// The longest span that one request asks for.
    #[serde(default = "window")]
    pub window: Seconds,
    /// How long a run goes on without any success.
    #[serde(default)]
    pub patience: Option<Seconds>,
    /// How applications reach the local system.
    pub hand_over: HandOverConfig,
    /// A source with the one-stop office's own numbers: columns `ma_ho_so` and `so_tiep_nhan`.
    #[serde(default)]
    pub numbers: Option<String>,
    /// Files that applications bring; none are fetched where left out.
    #[serde(default)]
    pub attachments: Option<AttachmentsConfig>,
    /// Time limits of procedures.
    #[serde(default)]
    pub limits: LimitsConfig,
}

fn overlap() -> Seconds {
    Seconds(std::time::Duration::from_hours(2))
}

fn reread_days() -> u16 {
    7
}

fn window() -> Seconds {
    Seconds(std::time::Duration::from_hours(24))
}

/// `hand_over = { kind = "table", … }`
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum HandOverConfig {
    /// A row in a table of a database, with a marker in the same transaction.
    Table {
        /// `sqlite`, `postgres` or `mysql`.
        engine: Engine,
        /// The SQLite file.
        #[serde(default)]
        path: Option<PathBuf>,
        /// A file with the server's address, which holds a password.
        #[serde(default)]
        url_file: Option<PathBuf>,
        /// The table; its columns are the mapping's fields.
        table: String,
        /// The table of markers: `ban_giao` (text, primary key) and `luc` (text).
        #[serde(default = "marker")]
        marker: String,
    },
    /// A signed POST to an address of the province's own.
    Post {
        /// `http://` or `https://`.
        url: String,
        /// Files with the signing secrets (`whsec_…` or any text of 24 bytes and more), the newest first: each signs, so
        /// that a secret can be changed without losing anything.
        secret_files: Vec<PathBuf>,
        /// PEM roots beside those of the machine.
        #[serde(default)]
        ca_file: Option<PathBuf>,
        /// The answer's field with the local system's own number.
        #[serde(default)]
        number: Option<String>,
    },
    /// One JSON file for each in a folder.
    Folder {
        /// The folder.
        path: PathBuf,
    },
}

fn marker() -> String {
    "ban_giao_ho_so".to_owned()
}

/// The engine of a local database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// A file.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
}

/// `attachments = { folder = "attachments", … }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachmentsConfig {
    /// Where files are kept, by their hash.
    pub folder: PathBuf,
    /// The largest file, in MiB.
    #[serde(default = "max_mib")]
    pub max_mib: u32,
    /// The most files of one application.
    #[serde(default = "most")]
    pub most: u32,
    /// The types that are kept, told by their content.
    #[serde(default = "types")]
    pub types: Vec<String>,
    /// A virus scanner: the command and its arguments; the file's path is added. Exit code 0: clean, 1: infected.
    #[serde(default)]
    pub scan: Vec<String>,
    /// How long the scanner may take.
    #[serde(default = "scan_time")]
    pub scan_time: Seconds,
}

fn max_mib() -> u32 {
    20
}

fn most() -> u32 {
    50
}

fn types() -> Vec<String> {
    ["application/pdf", "image/jpeg", "image/png"].map(str::to_owned).into()
}

fn scan_time() -> Seconds {
    Seconds(std::time::Duration::from_mins(1))
}

/// `limits = { list = "time-limits", holidays = "holidays", at_risk_days = 2 }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// The code list of time limits: procedure, working days, from when to when.
    #[serde(default = "limits")]
    pub list: String,
    /// The code list of public holidays.
    #[serde(default = "holidays")]
    pub holidays: String,
    /// The code list of what each status does to the clock.
    #[serde(default = "statuses")]
    pub statuses: String,
    /// The code list of the moves that are a step back.
    #[serde(default = "moves")]
    pub moves: String,
    /// So many working days before the due date a dossier is at risk.
    #[serde(default = "at_risk_days")]
    pub at_risk_days: u16,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            list: limits(),
            holidays: holidays(),
            statuses: statuses(),
            moves: moves(),
            at_risk_days: at_risk_days(),
        }
    }
}

fn limits() -> String {
    "time-limits".to_owned()
}

fn holidays() -> String {
    "holidays".to_owned()
}

fn statuses() -> String {
    "dossier-clock".to_owned()
}

fn moves() -> String {
    "dossier-moves".to_owned()
}

fn at_risk_days() -> u16 {
    2
}

/// What the sections say of each other.
pub(super) fn check(
    reader: &mut Reader<'_>,
    sources: &Listed<NamedSource>,
    systems: &Listed<SystemConfig>,
    intakes: &Listed<IntakeConfig>,
) {
    super::check::names(reader, "intake", &intakes.names);
    for (nth, intake) in &intakes.read {
        let mut tell = |key: &str, message: String| {
            reader.tell_key(&format!("intake.{nth}.{key}"), format!("[[intake]] '{}': {message}", intake.name));
        };
        let named = [
            ("system", Some(intake.system.as_str()), &systems.names),
            ("numbers", intake.numbers.as_deref(), &sources.names),
        ];
        for (key, name, known) in named {
            let Some(name) = name.filter(|name| !known.iter().any(|(k, _)| k == name)) else { continue };
            let hint = hint(name, known.iter().map(|(k, _)| k.as_str()));
            tell(key, format!("không có '{name}'{hint} / there is no such {key}"));
        }
        let is_folder = |name: &str| {
            sources.read.iter().any(|(_, s)| s.name == name && matches!(s.config, SourceConfig::Folder { .. }))
        };
        if let Some(name) = intake.numbers.as_deref().filter(|name| is_folder(name)) {
            let why = "mỗi tệp chỉ được đọc một lần, số tiếp nhận phải đọc lại mãi / a folder's files are read once, and numbers \
                again and again: name a table or one file";
            tell("numbers", format!("'{name}' là thư mục nhận tệp / is a drop folder: {why}"));
        }
        if let Some(line) = &intake.schedule
            && let Err(error) = Schedule::parse(line)
        {
            tell("schedule", format!("'{line}' không phải dòng cron / is no cron line: {error}"));
        }
        if intake.window.0 < std::time::Duration::from_mins(1) {
            tell("window", "ít nhất 1m / at least 1m".to_owned());
        }
        if intake.reread_days > 366 {
            tell("reread_days", "nhiều nhất 366 / at most 366".to_owned());
        }
        hand_over(&intake.hand_over, &mut tell);
        if let Some(attachments) = &intake.attachments
            && !((1..=1024).contains(&attachments.max_mib) && (1..=1000).contains(&attachments.most))
        {
            tell(
                "attachments",
                "max_mib từ 1 đến 1024, most từ 1 đến 1000 / max_mib 1 to 1024, most 1 to 1000".to_owned(),
            );
        }
    }
}

fn hand_over(config: &HandOverConfig, tell: &mut impl FnMut(&str, String)) {
    match config {
        HandOverConfig::Table { engine, path, url_file, table, marker } => {
            let wanted = if *engine == Engine::Sqlite {
                (path.is_some(), url_file.is_none())
            } else {
                (url_file.is_some(), path.is_none())
            };
            if wanted != (true, true) {
                tell(
                    "hand_over",
                    "sqlite cần `path`, máy chủ cần `url_file` / sqlite needs `path`, a server `url_file`".to_owned(),
                );
            }
            let plain = |name: &str| {
                (1..=63).contains(&name.len())
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
            };
            if !plain(table) || !plain(marker) {
                tell(
                    "hand_over",
                    "tên bảng: chữ không dấu, số, _ / a table's name has ASCII letters, digits, _".to_owned(),
                );
            }
        }
        HandOverConfig::Post { url, secret_files, .. } => {
            if !["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
                tell(
                    "hand_over",
                    "url phải bắt đầu bằng https:// hoặc http:// / must begin with https:// or http://".to_owned(),
                );
            }
            if !(1..=4).contains(&secret_files.len()) {
                tell("hand_over", "secret_files: một đến bốn tệp / one to four files".to_owned());
            }
        }
        HandOverConfig::Folder { .. } => {}
    }
}
