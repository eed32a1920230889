//! What is compared: streams with the authority file of their system.

use std::sync::Arc;

use super::App;
use crate::config::SystemConfig;
use crate::mismatch::{Authority, DecisionRules};
use crate::model::{Fault, Faults};
use crate::reconcile::{Short, Subject};
use crate::run::Stream;

impl App {
    /// Streams to be compared: those named, or those of the systems named, or those of `[reconcile]`, or all.
    pub fn subjects(&self, streams: &[String], systems: &[String]) -> Result<Vec<Subject>, Faults> {
        let config = &self.config.reconcile;
        if let Some(unknown) =
            systems.iter().find(|name| !self.config.system.iter().any(|system| system.name == **name))
        {
            let known: Vec<&str> = self.config.system.iter().map(|system| system.name.as_str()).collect();
            let message =
                format!("không có hệ thống '{unknown}'; đang có: {} / there is no such system", known.join(", "));
            return Err(Fault::of("gateway.toml", message).into());
        }
        let named = if streams.is_empty() && systems.is_empty() { &config.streams[..] } else { streams };
        let chosen = self.named(named)?;
        let of_systems = |stream: &&&Stream| systems.is_empty() || systems.contains(&stream.system.name);
        let mut faults = Vec::new();
        let mut subjects = Vec::new();
        for stream in chosen.iter().filter(of_systems) {
            match self.subject(stream) {
                Ok(subject) => subjects.push(subject),
                Err(told) => faults.extend(told.0),
            }
        }
        if faults.is_empty() { Ok(subjects) } else { Err(Faults(faults)) }
    }

    fn subject(&self, stream: &Stream) -> Result<Subject, Faults> {
        let config = &self.config.reconcile;
        let name = &stream.system.name;
        let system = self.config.system.iter().find(|system| system.name == *name);
        let profile = system.map_or(name.as_str(), SystemConfig::profile);
        let authority = Authority::load(&self.config.mappings(), profile, name)?;
        let mut provinces = vec![stream.system.province.clone()];
        for code in &config.provinces {
            if !provinces.contains(code) {
                provinces.push(code.clone());
            }
        }
        Ok(Subject {
            stream: stream.name.clone(),
            entity: stream.entity.clone(),
            system: Arc::clone(&stream.system),
            authority: Arc::new(authority),
            decisions: Arc::new(DecisionRules::load(&self.config.mappings().join("codes"))?),
            provinces,
            stream_lease: stream.lease(),
            short: Short { percent: config.short_percent, records: config.short_records },
            patience: config.patience.0,
        })
    }
}
