//! `gateway.toml`: one struct a section, unknown keys refused, every mistake told with its line.
//!
//! The file is read first, so that mistakes have lines; then `GATEWAY__SECTION__KEY` from the environment is laid over
//! it. Secrets stand in files (or systemd credentials), never in the file itself, and are never shown.

mod check;
mod values;

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use crate::model::{Fault, Faults};
use crate::source::SourceConfig;
pub use values::{LimitText, Seconds, WindowText};

/// The largest configuration that is read.
const MAX_BYTES: u64 = 1024 * 1024;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[province]`
    pub province: Province,
    /// `[store]`
    pub store: StoreConfig,
    /// The folder of mappings, relative to the file.
    #[serde(default = "mappings")]
    pub mappings: PathBuf,
    /// `[[source]]`
    #[serde(default)]
    pub source: Vec<NamedSource>,
    /// `[[system]]`
    #[serde(default)]
    pub system: Vec<SystemConfig>,
    /// `[[stream]]`
    #[serde(default)]
    pub stream: Vec<StreamConfig>,
    /// `[brake]`
    #[serde(default)]
    pub brake: BrakeConfig,
    /// `[metrics]`
    #[serde(default)]
    pub metrics: Option<Metrics>,
    /// The folder of the file: relative paths begin there.
    #[serde(skip)]
    pub base: PathBuf,
}

fn mappings() -> PathBuf {
    "mappings".into()
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
    /// Base address.
    pub base: String,
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
    /// Limits of its own.
    #[serde(default)]
    pub brake: Option<BrakeConfig>,
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

impl Config {
    /// Reads and checks the file.
    pub fn load(file: &Path) -> Result<Self, Faults> {
        let size = std::fs::metadata(file)
            .map_err(|e| {
                Fault::of(
                    file,
                    format!("không đọc được: {e}; tạo bằng `init` / cannot be read: {e}; make one with `init`"),
                )
            })?
            .len();
        if size > MAX_BYTES {
            return Err(Fault::of(file, "lớn hơn 1 MiB / larger than 1 MiB").into());
        }
        let text = std::fs::read_to_string(file).map_err(|e| Fault::of(file, format!("không phải UTF-8 / {e}")))?;
        Self::read(file, &text, &environment())
    }

    /// The same from a text, with what the environment lays over it.
    pub fn read(file: &Path, text: &str, over: &[(Vec<String>, String)]) -> Result<Self, Faults> {
        let plain: Result<Self, toml::de::Error> = toml::from_str(text);
        let mut table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return Err(values::fault(file, text, &error).into()),
        };
        if let (true, Err(error)) = (over.is_empty(), &plain) {
            return Err(values::fault(file, text, error).into());
        }
        let mut config = if over.is_empty() {
            plain.map_err(|e| values::fault(file, text, &e))?
        } else {
            let mut faults = Vec::new();
            for (path, value) in over {
                if !values::lay_over(&mut table, path, value) {
                    let name = format!("GATEWAY__{}", path.join("__").to_uppercase());
                    let message =
                        format!("{name}: không có mục như vậy trong tệp cấu hình / names no section of the file");
                    faults.push(Fault::of(file, message));
                }
            }
            if !faults.is_empty() {
                return Err(Faults(faults));
            }
            serde_path_to_error::deserialize(toml::Value::Table(table))
                .map_err(|e| Fault::of(file, format!("{}: {}", e.path(), e.inner().message())))?
        };
        config.base = file.parent().map(Path::to_path_buf).unwrap_or_default();
        check::check(file, text, &config)?;
        Ok(config)
    }

    /// A path of the file, made absolute.
    pub fn path(&self, path: &Path) -> PathBuf {
        // The name alone may be that of a systemd credential.
        if let (Some(dir), true) = (credentials_directory(), path.components().count() == 1) {
            let there = dir.join(path);
            if there.exists() {
                return there;
            }
        }
        self.base.join(path)
    }

    /// The content of a secret's file, without blanks around.
    pub fn secret(&self, path: &Path) -> Result<SecretString, Fault> {
        let path = self.path(path);
        let text = std::fs::read_to_string(&path).map_err(|e| {
            Fault::of(&path, format!("không đọc được tệp bí mật / the secret's file cannot be read: {e}"))
        })?;
        let text = text.trim();
        if text.is_empty() {
            return Err(Fault::of(&path, "tệp bí mật rỗng / the secret's file is empty"));
        }
        Ok(SecretString::from(text))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the room that reads the environment")]
fn credentials_directory() -> Option<PathBuf> {
    std::env::var("CREDENTIALS_DIRECTORY").ok().map(PathBuf::from)
}

fn environment() -> Vec<(Vec<String>, String)> {
    let mut over: Vec<_> = std::env::vars()
        .filter_map(|(name, value)| {
            let path = name.strip_prefix("GATEWAY__")?;
            Some((path.split("__").map(str::to_lowercase).collect(), value))
        })
        .collect();
    over.sort();
    over
}
