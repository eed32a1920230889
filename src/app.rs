//! The application: settings, store, systems and streams, built once and checked.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use crate::config::{Config, StoreConfig, StreamConfig, SystemConfig};
use crate::delivery::{PaceSettings, System};
use crate::delta::Brake;
use crate::mapping::Mapping;
use crate::model::{Fault, Faults};
use crate::national::{Credentials, HttpTransport, Identity, Profile, Session, TransportOptions};
use crate::outbox::Retry;
use crate::run::Stream;
use crate::source::Source;
use crate::store::{Place, Store, StoreError};

/// How long a run goes on without any success, where the stream does not say.
const PATIENCE: Duration = Duration::from_mins(10);

/// Everything a verb needs.
pub struct App {
    /// The configuration.
    pub config: Config,
    /// The store.
    pub store: Store,
    /// The streams, in the order of the file.
    pub streams: Vec<Stream>,
}

/// Why the application could not be built.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Mistakes in files.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Builds everything from a configuration file; all mistakes are told together.
    pub async fn open(file: &Path) -> Result<Self, AppError> {
        Self::of(file, Config::load(file)?).await
    }

    /// The same from a configuration that was read.
    pub async fn of(file: &Path, config: Config) -> Result<Self, AppError> {
        // The store comes last: nothing is made before all is right.
        let (streams, place) = (streams(file, &config).await, place(&config));
        let (streams, place) = match (streams, place) {
            (Ok(streams), Ok(place)) => (streams, place),
            (streams, place) => {
                let faults = streams.err().into_iter().chain(place.err()).flat_map(|f| f.0);
                return Err(Faults(faults.collect()).into());
            }
        };
        let store = Store::open(&place).await?;
        Ok(Self { config, store, streams })
    }

    /// The streams of these names; all where none is named.
    pub fn named(&self, names: &[String]) -> Result<Vec<&Stream>, Faults> {
        if names.is_empty() {
            return Ok(self.streams.iter().collect());
        }
        names
            .iter()
            .map(|name| {
                self.streams.iter().find(|s| s.name == *name).ok_or_else(|| {
                    let known: Vec<&str> = self.streams.iter().map(|s| s.name.as_str()).collect();
                    let message =
                        format!("không có luồng '{name}'; đang có: {} / there is no such stream", known.join(", "));
                    Fault::of("gateway.toml", message).into()
                })
            })
            .collect()
    }

    /// How long a run of this stream goes on without any success.
    pub fn patience(&self, stream: &str) -> Duration {
        let config = self.config.stream.iter().find(|s| s.name == stream);
        config.and_then(|s| s.patience).map_or(PATIENCE, |p| p.0)
    }
}

/// Where the store is.
pub fn place(config: &Config) -> Result<Place, Faults> {
    Ok(match &config.store {
        StoreConfig::Sqlite { path } => Place::Sqlite(config.base.join(path)),
        StoreConfig::Postgres { url_file } => Place::Postgres(config.secret(url_file)?),
    })
}

async fn streams(file: &Path, config: &Config) -> Result<Vec<Stream>, Faults> {
    let mut faults = Vec::new();
    let mut systems: Vec<Arc<System>> = Vec::new();
    for one in &config.system {
        match system(file, config, one) {
            Ok(system) => systems.push(Arc::new(system)),
            Err(error) => faults.extend(error.0),
        }
    }
    let mappings = config.base.join(&config.mappings);
    let mut streams = Vec::new();
    for one in &config.stream {
        let profile = config.system.iter().find(|s| s.name == one.system).map_or(one.system.as_str(), profile_name);
        let mapping = match Mapping::load(&mappings, profile, &one.entity) {
            Ok(mapping) => Arc::new(mapping),
            Err(error) => {
                faults.extend(error.0);
                continue;
            }
        };
        let Some(system) = systems.iter().find(|s| s.name == one.system) else { continue };
        if system.profile.call(&one.entity, crate::national::Operation::Write).is_none() {
            let known: Vec<&str> = system.profile.entities().collect();
            let message = format!(
                "luồng '{}': hồ sơ không có entity '{}'; đang có: {} / the profile has no such entity",
                one.name,
                one.entity,
                known.join(", ")
            );
            faults.push(Fault::of(file, message));
            continue;
        }
        match stream(file, config, one, mapping, Arc::clone(system)).await {
            Ok(stream) => streams.push(stream),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(streams) } else { Err(Faults(faults)) }
}

fn profile_name(system: &SystemConfig) -> &str {
    system.profile.as_deref().unwrap_or(&system.name)
}

async fn stream(
    file: &Path,
    config: &Config,
    one: &StreamConfig,
    mapping: Arc<Mapping>,
    system: Arc<System>,
) -> Result<Stream, Fault> {
    let mut sources = Vec::new();
    for name in std::iter::once(&one.source).chain(&one.decision) {
        // Checked with the configuration.
        if let Some(named) = config.source.iter().find(|s| s.name == *name) {
            let opened = Source::open(&config.source_settings(named), &config.base).await;
            sources.push(opened.map_err(|e| Fault::of(file, format!("nguồn '{name}': {e}")))?);
        }
    }
    let mut sources = sources.into_iter();
    let source = sources
        .next()
        .ok_or_else(|| Fault::of(file, format!("luồng '{}' không có nguồn / has no source", one.name)))?;
    let mut brake = Brake::default();
    for limits in std::iter::once(&config.brake).chain(&one.brake) {
        for (mine, given) in [
            (&mut brake.new, limits.new),
            (&mut brake.changed, limits.changed),
            (&mut brake.remapped, limits.remapped),
            (&mut brake.stopped, limits.stopped),
        ] {
            if let Some(given) = given {
                *mine = given.0;
            }
        }
    }
    Ok(Stream {
        name: one.name.clone(),
        source,
        mapping,
        system,
        entity: one.entity.clone(),
        brake,
        decision: sources.next(),
    })
}

fn system(file: &Path, config: &Config, one: &SystemConfig) -> Result<System, Faults> {
    let mut faults = Vec::new();
    let profile = Profile::load(&config.base.join(&config.mappings), profile_name(one))
        .map_err(|told| faults.extend(told.0))
        .ok();
    let mut secret = |path: &Path| config.secret(path).map_err(|fault| faults.push(fault)).ok();
    let mut credentials = Credentials {
        id: one.id_file.as_deref().and_then(&mut secret),
        secret: one.secret_file.as_deref().and_then(&mut secret),
        ..Credentials::default()
    };
    for (name, path) in &one.credential_files {
        credentials.named.extend(secret(path).map(|value| (name.clone(), value)));
    }
    let Some(profile) = profile.filter(|_| faults.is_empty()) else { return Err(Faults(faults)) };
    let whole = |e: &dyn std::fmt::Display| Fault::of(file, format!("hệ thống '{}': {e}", one.name));
    let session = Session::new(&profile, credentials).map_err(|e| whole(&e))?;
    let mut options = TransportOptions::new(one.base.clone(), profile.limits().connect);
    options.extra_ca = one.ca_file.as_ref().map(|p| config.path(p));
    options.proxy.clone_from(&one.proxy);
    if let (Some(certificate), Some(key)) = (&one.client_cert_file, &one.client_key_file) {
        options.identity = Some(Identity { certificate: config.path(certificate), key: config.path(key) });
    }
    let transport = HttpTransport::open(&options).map_err(|e| whole(&e))?;
    Ok(System {
        name: one.name.clone(),
        session,
        transport: Arc::new(transport),
        province: config.province.code.clone(),
        pace: PaceSettings {
            per_minute: one.per_minute,
            parallel: one.parallel,
            windows: one.windows.iter().map(|w| w.0).collect(),
            breaker_after: one.breaker_after,
            ..PaceSettings::default()
        },
        retry: Retry::new(one.retry.iter().map(|s| s.0).collect()),
        in_flight: AtomicI64::new(0),
        profile: Arc::new(profile),
    })
}
