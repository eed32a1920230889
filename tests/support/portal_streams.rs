//! The office's two tables, and the three streams of them to a portal as it ships: openings, steps, present statuses.

#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use molisa_gateway::delivery::System;
use molisa_gateway::delta::Brake;
use molisa_gateway::delta::brake::Limit;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::Clock;
use molisa_gateway::run::{Outcome, Quiet, Stream, SyncOptions, sync};
use molisa_gateway::source::{Source, SourceConfig};
use molisa_gateway::store::{Store, mismatch, runs};
use tokio_util::sync::CancellationToken;

use super::world::mappings;

/// The entities of a portal, in the order in which they go.
fn entities(portal: &str) -> [&'static str; 3] {
    ["mo-ho-so", if portal == "dvcqg" { "tien-do" } else { "buoc-xu-ly" }, "ho-so"]
}

/// The office and its streams.
pub struct Lines {
    /// Openings, steps, present statuses.
    pub streams: Vec<Stream>,
    file: std::path::PathBuf,
    /// How long to go on without any success.
    pub patience: Duration,
}

impl Lines {
    /// With empty tables in that folder.
    pub async fn to(dir: &Path, portal: &str, system: &Arc<System>) -> Self {
        let file = dir.join("office.db");
        let load =
            |entity: &str| Mapping::load(&mappings(), portal, entity).unwrap_or_else(|faults| panic!("{faults}"));
        let local = rusqlite::Connection::open(&file).unwrap();
        let loaded = entities(portal).map(|entity| (entity, load(entity)));
        for (table, of) in [("ho_so", [0, 2]), ("buoc", [1, 1])] {
            let columns = of.into_iter().flat_map(|nth: usize| loaded[nth].1.columns());
            let mut columns: BTreeSet<&str> = columns.map(|column| column.name.as_str()).collect();
            // One portal asks for what the other does not.
            columns.extend(["ma_tinh", "ma_huyen"]);
            let columns: Vec<String> = columns.iter().map(|name| format!("{name} text not null default ''")).collect();
            local.execute_batch(&format!("create table {table} ({})", columns.join(", "))).unwrap();
        }
        let mut streams = Vec::new();
        for (nth, (entity, mapping)) in loaded.into_iter().enumerate() {
            let table = if nth == 1 { "buoc" } else { "ho_so" };
            let names: Vec<&str> = mapping.columns().iter().map(|column| column.name.as_str()).collect();
            let query = format!("select {} from {table}", names.join(", "));
            let config = SourceConfig::Sqlite { path: file.clone(), query };
            streams.push(Stream {
                name: format!("{portal}-{entity}"),
                source: Source::open(&config, dir).await.unwrap(),
                mapping: Arc::new(mapping),
                system: Arc::clone(system),
                entity: entity.into(),
                brake: Brake { new: Limit::percent(10_000), changed: Limit::percent(10_000), ..Brake::default() },
                decision: None,
                once: nth == 0,
                after: streams.iter().map(|s: &Stream| s.name.clone()).collect(),
            });
        }
        Self { streams, file, patience: Duration::from_hours(2) }
    }

    pub fn sql(&self, sql: &str) {
        rusqlite::Connection::open(&self.file).unwrap().execute_batch(sql).unwrap();
    }

    /// A dossier of somebody here, received at eight; its first status and its present one, in the office's words.
    pub fn dossier(&self, number: &str, first: &str, present: &str) {
        self.sql(&format!(
            "insert into ho_so (ma_ho_so, ma_tthc, loai_doi_tuong, ho_ten, ngay_tiep_nhan, ma_tinh, ma_huyen, ma_xa, trang_thai_dau, trang_thai) \
             values ('{number}', '1.001776', '1', 'Lê Văn Kín', '2026-11-23 08:00:00', '87', '866', '29869', '{first}', '{present}')"
        ));
    }

    /// A step on that minute after nine of yesterday, and the present status that follows of it.
    pub fn step(&self, number: &str, minute: u32, status: &str) {
        self.sql(&format!(
            "insert into buoc (ma_buoc, ma_ho_so, nguoi_xu_ly, thoi_diem, trang_thai) values \
             ('{number}/{minute}', '{number}', 'Trần Thị Bước', '2026-11-23 09:{minute:02}:00', '{status}'); \
             update ho_so set trang_thai = '{status}' where ma_ho_so = '{number}'"
        ));
    }

    /// One sync of all three, as the command line runs it.
    pub async fn sync(&self, store: &Store, clock: &dyn Clock) -> Vec<Outcome> {
        let (mut stalled, mut ended) = (BTreeSet::new(), Vec::new());
        for stream in &self.streams {
            let options = SyncOptions { release_brake: None, patience: self.patience, stalled: stalled.clone() };
            let run = sync(store, stream, clock, &options, &Quiet, &CancellationToken::new()).await.unwrap();
            assert_eq!(run.taken, None);
            if run.stalled() {
                stalled.insert(stream.name.clone());
            }
            ended.push(run);
        }
        ended
    }

    /// The open mismatches of all three: kind, key, value.
    pub async fn open(&self, store: &Store) -> Vec<(String, String, String)> {
        let mut tx = store.read().await.unwrap();
        let mut all = Vec::new();
        for stream in &self.streams {
            let Some((id, _)) = runs::find_stream(&mut tx, &stream.name).await.unwrap() else { continue };
            let rows = mismatch::list(&mut tx, id, "", 1000).await.unwrap();
            all.extend(rows.into_iter().map(|m| (m.kind, m.key, m.value)));
        }
        all
    }
}
