//! The application: settings, store, systems, streams and intakes, built once and checked.

mod intake;
mod reconcile;

pub mod attachments;
pub mod certificates;
pub mod dossiers;
pub mod hand_over;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use crate::codes::{CodeLists, working_days};
use crate::config::{Config, StoreConfig, StreamConfig, SystemConfig};
use crate::delivery::{Deadline, PaceSettings, Precedence, System};
use crate::delta::Brake;
use crate::intake::Intake;
use crate::mapping::Mapping;
use crate::model::{Fault, Faults};
use crate::national::{
    Credentials, FolderTransport, HttpTransport, Identity, Profile, Session, Transport, TransportOptions,
};
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
    /// The intakes, in the order of the file.
    pub intakes: Vec<Intake>,
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
        let mut faults = Vec::new();
        let systems = systems(file, &config, &mut faults);
        let told = streams(file, &config, &systems).await.map_err(|told| faults.extend(told.0));
        let down = intake::intakes(file, &config, &systems).await.map_err(|told| faults.extend(told.0));
        let place = place(&config).map_err(|told| faults.extend(told.0));
        let (Ok(streams), Ok(intakes), Ok(place), true) = (told, down, place, faults.is_empty()) else {
            return Err(Faults(faults).into());
        };
        let store = Store::open(&place).await?;
        Ok(Self { config, store, streams, intakes })
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

    /// The profile by which a stream's system is spoken to: the folder of its mappings.
    pub fn profile_of(&self, stream: &str) -> &str {
        let system = self.config.stream.iter().find(|s| s.name == stream).map_or("", |s| s.system.as_str());
        self.config.system.iter().find(|s| s.name == system).map_or(system, SystemConfig::profile)
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

fn systems(file: &Path, config: &Config, faults: &mut Vec<Fault>) -> Vec<Arc<System>> {
    let opened = config.system.iter().map(|one| system(file, config, one));
    let good = |one: Result<System, Faults>| one.map_err(|told| faults.extend(told.0)).ok().map(Arc::new);
    opened.filter_map(good).collect()
}

async fn streams(file: &Path, config: &Config, systems: &[Arc<System>]) -> Result<Vec<Stream>, Faults> {
    let mut faults = Vec::new();
    let mappings = config.base.join(&config.mappings);
    let mut streams = Vec::new();
    for one in &config.stream {
        let profile =
            config.system.iter().find(|s| s.name == one.system).map_or(one.system.as_str(), SystemConfig::profile);
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
        let odd = fits(&system.profile, &one.entity, &mapping, one.decision.is_some());
        if !odd.is_empty() {
            faults.extend(odd.into_iter().map(|told| Fault::of(file, format!("luồng '{}': {told}", one.name))));
            continue;
        }
        if one.deadline.is_some() && mapping.lane().is_some() {
            // Such streams share one lease and run in the order of the file, whatever the day.
            let message = format!(
                "luồng '{}': deadline không dùng được với ánh xạ có [lane] / a stream with a [lane] has no deadline",
                one.name
            );
            faults.push(Fault::of(file, message));
            continue;
        }
        if let Some(fault) = without_lane(file, one, &mapping, &streams) {
            faults.push(fault);
            continue;
        }
        match stream(file, config, one, mapping, Arc::clone(system)).await {
            Ok(stream) => streams.push(stream),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(streams) } else { Err(Faults(faults)) }
}

/// What profile and mapping of an entity say against each other.
fn fits(profile: &Profile, entity: &str, mapping: &Mapping, decides: bool) -> Vec<String> {
    let mut odd = Vec::new();
    if (mapping.can_stop() || decides) && !profile.can_stop(entity) {
        odd.push(format!(
            "hệ thống không có thao tác dừng cho '{entity}': bỏ [stop] trong ánh xạ và `decision` của luồng / \
             the system has no stop: take out [stop] and `decision`"
        ));
    }
    for name in mapping.layout().names().iter().filter(|name| profile.adds(entity, name)) {
        odd.push(format!(
            "trường '{name}' có cả trong ánh xạ '{entity}' và trong `fields` của system.toml / \
             the field is in the mapping and in the profile"
        ));
    }
    odd
}

/// Only streams with lanes can go one after another: nothing else says what of one belongs to what of the other.
fn without_lane(file: &Path, one: &StreamConfig, mapping: &Mapping, before: &[Stream]) -> Option<Fault> {
    if one.after.is_empty() {
        return None;
    }
    let other = before.iter().find(|s| one.after.contains(&s.name) && s.mapping.lane().is_none());
    let entity = match (mapping.lane(), other) {
        (None, _) => &one.entity,
        (_, Some(other)) => &other.entity,
        _ => return None,
    };
    let message = format!(
        "luồng '{}' có `after`, nhưng ánh xạ '{entity}' không có [lane] / has `after`, but the mapping has no [lane]",
        one.name
    );
    Some(Fault::of(file, message))
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
        source: source.expecting(mapping.columns()),
        mapping,
        system,
        entity: one.entity.clone(),
        brake,
        decision: sources.next(),
        once: one.once,
        after: one.after.clone(),
    })
}

fn system(file: &Path, config: &Config, one: &SystemConfig) -> Result<System, Faults> {
    let mut faults = Vec::new();
    let profile = Profile::load_wire(&config.base.join(&config.mappings), one.profile(), one.wire())
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
    let first = precedences(file, config, one)?;
    let whole = |e: &dyn std::fmt::Display| Fault::of(file, format!("hệ thống '{}': {e}", one.name));
    let session = Session::new(&profile, credentials).map_err(|e| whole(&e))?;
    let transport =
        transport(config, one, &profile).map_err(|why| Fault::of(file, format!("hệ thống '{}': {why}", one.name)))?;
    Ok(System {
        name: one.name.clone(),
        session,
        transport,
        province: config.province.code.clone(),
        pace: PaceSettings {
            per_minute: one.per_minute,
            // Files are numbered in the order in which their batches were formed.
            parallel: if profile.is_by_file() { 1 } else { one.parallel },
            windows: one.windows.iter().map(|w| w.0).collect(),
            breaker_after: one.breaker_after,
            first,
            ..PaceSettings::default()
        },
        retry: Retry::new(one.retry.iter().map(|s| s.0).collect()),
        in_flight: AtomicI64::new(0),
        profile: Arc::new(profile),
    })
}

/// The streams of a system that have a deadline.
fn precedences(file: &Path, config: &Config, system: &SystemConfig) -> Result<Vec<Precedence>, Faults> {
    let mut lists = CodeLists::new(&config.mappings().join("codes"));
    let mut first = Vec::new();
    for stream in config.stream.iter().filter(|stream| stream.system == system.name) {
        let Some(given) = &stream.deadline else { continue };
        let mut deadline = Deadline { day: given.day, lead_days: given.lead_days, ..Deadline::default() };
        if let Some(name) = &given.holidays {
            let Some(list) = lists.exists(name).then(|| lists.get(name)).flatten() else {
                let message = format!(
                    "luồng '{}': deadline.holidays: không có danh mục '{name}' / no such code list",
                    stream.name
                );
                let mut faults = lists.faults();
                faults.push(Fault::of(file, message));
                return Err(Faults(faults));
            };
            deadline.days = working_days(&list)?;
        }
        first.push(Precedence { stream: stream.name.clone(), deadline });
    }
    Ok(first)
}

/// The way to a system: HTTP, or a folder whose files somebody carries.
fn transport(config: &Config, one: &SystemConfig, profile: &Profile) -> Result<Arc<dyn Transport>, String> {
    match (&one.folder, profile.is_by_file()) {
        (Some(folder), true) => {
            let folder = config.path(folder);
            let opened = FolderTransport::open(&folder, profile.answer_form().clone());
            return match opened {
                Ok(transport) => Ok(Arc::new(transport)),
                Err(e) => Err(format!("không mở được thư mục {} / the folder cannot be used: {e}", folder.display())),
            };
        }
        (None, true) => {
            return Err("hồ sơ giao bằng tệp cần `folder` / a profile that writes files needs `folder`".into());
        }
        (Some(_), false) => {
            return Err("`folder` chỉ dùng với hồ sơ giao bằng tệp / is only for a profile that writes files".into());
        }
        (None, false) => {}
    }
    let mut options = TransportOptions::new(one.base.clone(), profile.limits().connect);
    options.extra_ca = one.ca_file.as_ref().map(|p| config.path(p));
    options.proxy.clone_from(&one.proxy);
    if let (Some(certificate), Some(key)) = (&one.client_cert_file, &one.client_key_file) {
        options.identity = Some(Identity { certificate: config.path(certificate), key: config.path(key) });
    }
    Ok(Arc::new(HttpTransport::open(&options).map_err(|e| e.to_string())?))
}
