//! Secrets stand in files, or are credentials of systemd: where they really are, and what they hold.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::{Config, HandOverConfig, NamedSource, StoreConfig};
use crate::model::Fault;
use crate::source::SourceConfig;

/// The largest file with a secret that is read.
const MAX_BYTES: u64 = 64 * 1024;

impl Config {
    /// A source's settings, with the file of its address where it really is: it may be a systemd credential too.
    pub fn source_settings(&self, source: &NamedSource) -> SourceConfig {
        let mut config = source.config.clone();
        if let SourceConfig::Postgres { url_file: Some(file), .. } | SourceConfig::Mysql { url_file: Some(file), .. } =
            &mut config
            && let Some(there) = credential(file)
        {
            *file = there;
        }
        config
    }

    /// Every file with a secret that the configuration names, where it really is.
    pub fn secret_files(&self) -> Vec<PathBuf> {
        let mut named: Vec<&PathBuf> = Vec::new();
        if let StoreConfig::Postgres { url_file } = &self.store {
            named.push(url_file);
        }
        for source in &self.source {
            if let SourceConfig::Postgres { url_file, .. } | SourceConfig::Mysql { url_file, .. } = &source.config {
                named.extend(url_file);
            }
        }
        for system in &self.system {
            named.extend([&system.id_file, &system.secret_file, &system.client_key_file].into_iter().flatten());
            named.extend(system.credential_files.values());
        }
        for intake in &self.intake {
            match &intake.hand_over {
                HandOverConfig::Table { url_file, .. } => named.extend(url_file),
                HandOverConfig::Post { secret_files, .. } => named.extend(secret_files),
                HandOverConfig::Folder { .. } => {}
            }
        }
        let mut files: Vec<PathBuf> = named.into_iter().map(|path| self.path(path)).collect();
        files.sort();
        files.dedup();
        files
    }

    /// The content of a secret's file, without blanks around.
    pub fn secret(&self, path: &Path) -> Result<SecretString, Fault> {
        let path = self.path(path);
        let unread = |e: std::io::Error| {
            Fault::of(&path, format!("không đọc được tệp bí mật / the secret's file cannot be read: {e}"))
        };
        if std::fs::metadata(&path).map_err(unread)?.len() > MAX_BYTES {
            return Err(Fault::of(&path, "tệp bí mật lớn hơn 64 KiB / the secret's file is larger than 64 KiB"));
        }
        let text = std::fs::read_to_string(&path).map_err(unread)?;
        let text = text.trim();
        if text.is_empty() {
            return Err(Fault::of(&path, "tệp bí mật rỗng / the secret's file is empty"));
        }
        Ok(SecretString::from(text))
    }
}

/// The file of a systemd credential: a name alone may be one.
pub(super) fn credential(path: &Path) -> Option<PathBuf> {
    let there = credentials_directory().filter(|_| path.components().count() == 1)?.join(path);
    there.exists().then_some(there)
}

#[expect(clippy::disallowed_methods, reason = "this is the room that reads the environment")]
fn credentials_directory() -> Option<PathBuf> {
    std::env::var("CREDENTIALS_DIRECTORY").ok().map(PathBuf::from)
}
