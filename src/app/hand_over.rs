//! The way into the local system, out of the settings of an intake.

use std::path::Path;

use crate::config::{Config, Engine, HandOverConfig, IntakeConfig};
use crate::intake::hand_over::{Database, Folder, HandOver, Post, PostSettings, Signer, Table, TableSettings};
use crate::model::{Fault, Faults};

/// Builds it; nothing is connected yet. `fields` are the fields of the intake's mapping, in any order; `file` is the
/// configuration, for what is told.
pub fn open(file: &Path, config: &Config, intake: &IntakeConfig, fields: &[String]) -> Result<HandOver, Faults> {
    let told = |why: String| Faults::from(Fault::of(file, format!("[[intake]] '{}': hand_over: {why}", intake.name)));
    Ok(match &intake.hand_over {
        HandOverConfig::Table { engine, path, url_file, table, marker } => {
            let database = match (engine, path, url_file) {
                (Engine::Sqlite, Some(path), None) => Database::Sqlite(config.path(path)),
                (Engine::Postgres, None, Some(file)) => Database::Postgres(config.secret(file)?),
                (Engine::Mysql, None, Some(file)) => Database::Mysql(config.secret(file)?),
                // Refused when the configuration was read.
                _ => return Err(told("path, url_file".to_owned())),
            };
            let settings = TableSettings { database, table: table.clone(), marker: marker.clone() };
            HandOver::Table(Box::new(Table::new(&settings, fields.to_vec()).map_err(told)?))
        }
        HandOverConfig::Post { url, secret_files, ca_file, number } => {
            let (mut secrets, mut faults) = (Vec::new(), Vec::new());
            for file in secret_files {
                match config.secret(file) {
                    Ok(secret) => secrets.push(secret),
                    Err(fault) => faults.push(fault),
                }
            }
            if !faults.is_empty() {
                return Err(Faults(faults));
            }
            let settings = PostSettings {
                url: url.clone(),
                signer: Signer::new(&secrets).map_err(told)?,
                ca_file: ca_file.as_ref().map(|path| config.path(path)),
                number: number.clone(),
            };
            HandOver::Post(Box::new(Post::open(settings).map_err(told)?))
        }
        HandOverConfig::Folder { path } => HandOver::Folder(Folder::new(config.path(path))),
    })
}
