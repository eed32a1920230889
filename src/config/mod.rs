//! `gateway.toml`: one struct a section, unknown keys refused, every mistake told with its line.
//!
//! * `over`: `GATEWAY__SECTION__KEY` from the environment, laid over the file.
//! * `reader`: section after section, so that one mistake does not hide another. `check`: what sections say of each other.
//! * `secrets`: where secrets really are, and their content. `values`: how spans, windows and limits are written.
//!
//! Secrets stand in files (or systemd credentials), never in the file itself, and are never shown.

mod check;
mod intake;
mod over;
mod reader;
mod reconcile;
mod secrets;
mod values;

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::{Fault, Faults};
use crate::source::SourceConfig;
pub use intake::{AttachmentsConfig, Engine, HandOverConfig, IntakeConfig, LimitsConfig};
pub use over::Over;
use reader::Reader;
pub use reconcile::ReconcileConfig;
pub use values::{LimitText, Seconds, WindowText};

/// The largest configuration that is read.
const MAX_BYTES: u64 = 1024 * 1024;

/// The whole file.
#[derive(Debug)]
pub struct Config {
    /// `[province]`
    pub province: Province,
    /// `[store]`
    pub store: StoreConfig,
    /// The folder of mappings, relative to the file.
    pub mappings: PathBuf,
    /// `[[source]]`
    pub source: Vec<NamedSource>,
    /// `[[system]]`
    pub system: Vec<SystemConfig>,
    /// `[[stream]]`
    pub stream: Vec<StreamConfig>,
    /// `[[intake]]`
    pub intake: Vec<IntakeConfig>,
    /// `[reconcile]`
    pub reconcile: ReconcileConfig,
    /// `[brake]`
    pub brake: BrakeConfig,
    /// `[metrics]`
    pub metrics: Option<Metrics>,
    /// `[log]`
    pub log: LogConfig,
    /// The folder of the file: relative paths begin there.
    pub base: PathBuf,
}

/// `[province]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Province {
    /// The province's code in the national envelopes, such as `87`.
    pub code: String,
    /// Its name, for people.
    #[serde(default)]
    pub name: String,
}

/// `[store]`
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreConfig {
    /// A file of our own.
    Sqlite {
        /// Its path.
        path: PathBuf,
    },
    /// A PostgreSQL server.
    Postgres {
        /// A file with the address, which holds a password.
        url_file: PathBuf,
    },
}

/// `[[source]]`
#[derive(Debug, Deserialize)]
pub struct NamedSource {
    /// Its name.
    pub name: String,
    /// Where its rows are.
    #[serde(flatten)]
    pub config: SourceConfig,
}

/// `[[system]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemConfig {
    /// Its name here.
    pub name: String,
    /// The profile: the folder under `mappings` with its `system.toml`; the name where left out.
    #[serde(default)]
    pub profile: Option<String>,
    /// The way to speak to it: a file beside `system.toml`, without its ending, such as `xroad`.
    #[serde(default)]
    pub wire: Option<String>,
    /// Base address; none where files are carried by hand.
    #[serde(default)]
    pub base: String,
    /// The folder that stands for the system where batches are files.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// A file with the client's id.
    #[serde(default)]
    pub id_file: Option<PathBuf>,
    /// A file with the client's secret.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Further credentials that the profile names: name → file.
    #[serde(default)]
    pub credential_files: std::collections::BTreeMap<String, PathBuf>,
    /// PEM roots beside those of the machine.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// PEM client certificate.
    #[serde(default)]
    pub client_cert_file: Option<PathBuf>,
    /// PEM key of it.
    #[serde(default)]
    pub client_key_file: Option<PathBuf>,
    /// An HTTP proxy.
    #[serde(default)]
    pub proxy: Option<String>,
    /// Requests in any minute.
    #[serde(default = "per_minute")]
    pub per_minute: u32,
    /// Requests in flight.
    #[serde(default = "parallel")]
    pub parallel: u32,
    /// When sending is allowed, `HH:mm-HH:mm`, Vietnam time.
    #[serde(default)]
    pub windows: Vec<WindowText>,
    /// Failures in a row that open the breaker.
    #[serde(default = "breaker_after")]
    pub breaker_after: u32,
    /// Growing waits after failures.
    #[serde(default)]
    pub retry: Vec<Seconds>,
}

impl SystemConfig {
    /// The folder under `mappings`.
    pub fn profile(&self) -> &str {
        self.profile.as_deref().unwrap_or(&self.name)
    }

    /// The profile's file in it, without its ending.
    pub fn wire(&self) -> &str {
        self.wire.as_deref().unwrap_or("system")
    }
}

fn per_minute() -> u32 {
    60
}

fn parallel() -> u32 {
    4
}

fn breaker_after() -> u32 {
    5
}

/// `[[stream]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamConfig {
    /// Its name.
    pub name: String,
    /// The source's name.
    pub source: String,
    /// The system's name.
    pub system: String,
    /// The entity: mapping and calls of the profile.
    pub entity: String,
    /// When it runs, as a cron line in Vietnam time; only by hand where left out.
    #[serde(default)]
    pub schedule: Option<String>,
    /// The source that finds decisions about people who are gone.
    #[serde(default)]
    pub decision: Option<String>,
    /// How long a run goes on without any success.
    #[serde(default)]
    pub patience: Option<Seconds>,
    /// The day of each month before which it must be through.
    #[serde(default)]
    pub deadline: Option<DeadlineConfig>,
    /// Limits of its own.
    #[serde(default)]
    pub brake: Option<BrakeConfig>,
    /// What the nation confirmed once is never written again, whatever changes.
    #[serde(default)]
    pub once: bool,
    /// Streams of the same system that go before this one, record by record of a dossier.
    #[serde(default)]
    pub after: Vec<String>,
}

/// `deadline = { day = 25, lead_days = 5, holidays = "holidays" }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineConfig {
    /// The day of the month.
    pub day: i8,
    /// For so many calendar days before it the stream goes before the others of its system.
    pub lead_days: i8,
    /// The code list of days off: a deadline on one stands on the last working day before. Weekends only where left out.
    #[serde(default)]
    pub holidays: Option<String>,
}

/// `[brake]`: `"2%"`, `"50"` or `"2%, 50"` (the smaller holds).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrakeConfig {
    /// New records.
    #[serde(default)]
    pub new: Option<LimitText>,
    /// Changes.
    #[serde(default)]
    pub changed: Option<LimitText>,
    /// Changes that come of a mapping.
    #[serde(default)]
    pub remapped: Option<LimitText>,
    /// Stops.
    #[serde(default)]
    pub stopped: Option<LimitText>,
}

/// `[metrics]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Where health and metrics are served.
    pub listen: std::net::SocketAddr,
}

/// `[log]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// What is told, such as `info` or `warn,molisa_gateway=debug`; `RUST_LOG` comes before it.
    #[serde(default)]
    pub level: Option<String>,
    /// How.
    #[serde(default)]
    pub format: LogFormat,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The sections that there are.
const SECTIONS: [&str; 11] =
    ["mappings", "province", "store", "source", "system", "stream", "intake", "reconcile", "brake", "metrics", "log"];

impl Config {
    /// Reads and checks the file, with what the environment lays over it.
    pub fn load(file: &Path) -> Result<Self, Faults> {
        Self::read(file, &text(file)?, &environment())
    }

    /// The same from a text, with only what is given laid over it.
    pub fn read(file: &Path, text: &str, over: &[Over]) -> Result<Self, Faults> {
        let base = file.parent().map(Path::to_path_buf).unwrap_or_default();
        Reader::new(file, text, over).read(|reader, root| {
            let mappings = reader.path(root, "mappings", "mappings");
            let province = reader.needed(root, "province");
            let store = reader.needed(root, "store");
            let sources = reader.list::<NamedSource>(root, "source");
            let systems = reader.list::<SystemConfig>(root, "system");
            let streams = reader.list::<StreamConfig>(root, "stream");
            let intakes = reader.list::<IntakeConfig>(root, "intake");
            let reconcile: ReconcileConfig = reader.section(root, "reconcile").unwrap_or_default();
            let brake = reader.section(root, "brake").unwrap_or_default();
            let metrics = reader.section(root, "metrics");
            let log = reader.section(root, "log").unwrap_or_default();
            reader.close(root, &SECTIONS);
            check::check(reader, province.as_ref(), &sources, &systems, &streams);
            intake::check(reader, &sources, &systems, &intakes);
            reconcile::check(reader, &streams, &reconcile);
            let (source, system, stream) = (sources.values(), systems.values(), streams.values());
            Some(Self {
                province: province?,
                store: store?,
                mappings,
                source,
                system,
                stream,
                intake: intakes.values(),
                reconcile,
                brake,
                metrics,
                log,
                base,
            })
        })
    }

    /// Only `[log]`, before anything else is read: mistakes are told by whoever reads the whole.
    pub fn log_of(file: &Path) -> LogConfig {
        let only = |text: &str| {
            let over = environment();
            Reader::new(file, text, &over).read(|reader, root| reader.section(root, "log")).ok()
        };
        text(file).ok().and_then(|text| only(&text)).unwrap_or_default()
    }

    /// The folder of mappings, where it really is.
    pub fn mappings(&self) -> PathBuf {
        self.base.join(&self.mappings)
    }

    /// A path of the file, made absolute.
    pub fn path(&self, path: &Path) -> PathBuf {
        secrets::credential(path).unwrap_or_else(|| self.base.join(path))
    }
}

fn environment() -> Vec<Over> {
    // A name or value that is no UTF-8 is none of ours.
    let ours = |(name, value): (std::ffi::OsString, std::ffi::OsString)| Over::of(name.to_str()?, value.to_str()?);
    let mut over: Vec<Over> = std::env::vars_os().filter_map(ours).collect();
    over.sort_by(|a, b| a.name.cmp(&b.name));
    over
}

fn text(file: &Path) -> Result<String, Fault> {
    let unread = |e: std::io::Error| {
        Fault::of(file, format!("không đọc được, tạo bằng `init` / cannot be read, make one with `init`: {e}"))
    };
    if std::fs::metadata(file).map_err(unread)?.len() > MAX_BYTES {
        return Err(Fault::of(file, "lớn hơn 1 MiB / larger than 1 MiB"));
    }
    std::fs::read_to_string(file).map_err(unread)
}
