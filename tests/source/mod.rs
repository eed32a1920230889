//! Stories of the source room, told from outside.

mod breaks;
mod bytes;
mod charsets;
mod engines;
mod files;
mod folder;
mod keys;
mod letters;
mod packages;
mod xlsx;

use std::path::Path;

use molisa_gateway::model::row::NULL;
use molisa_gateway::source::{Chunk, ScanEnd, Source, SourceConfig, SourceError};
use tokio::sync::mpsc;

use crate::support::databases::{Database, Server};

/// A row of a scan, as a test likes to look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    number: u64,
    key: String,
    columns: Vec<String>,
    twice: bool,
}

fn rows(chunk: &Chunk) -> Vec<Row> {
    assert!(chunk.rows.len() <= 512);
    let row = |r| Row {
        number: 0,
        key: chunk.key(r).to_owned(),
        columns: chunk.packed(r).split('\u{1f}').map(|c| if c == NULL { "NULL" } else { c }.to_owned()).collect(),
        twice: r.twice,
    };
    chunk.rows.iter().map(|r| Row { number: r.number, ..row(r) }).collect()
}

async fn open(config: &SourceConfig) -> Source {
    Source::open(config, Path::new("/")).await.expect("good settings")
}

/// Scans to the end.
async fn scan(source: &Source, key: &str, columns: &[&str]) -> Result<Vec<Row>, SourceError> {
    let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    let (out, mut chunks) = mpsc::channel(2);
    let read = async {
        let mut all = Vec::new();
        while let Some(chunk) = chunks.recv().await {
            all.extend(rows(&chunk));
        }
        all
    };
    let (end, all) = tokio::join!(source.scan(key, &columns, out), read);
    let ScanEnd { rows } = end?;
    assert_eq!(rows, all.len() as u64);
    // Rows are counted from 1; those of a sheet have its own numbers, below its header.
    let is_sheet = all.first().is_some_and(|row| row.number > 1);
    assert!(is_sheet || all.iter().enumerate().all(|(i, row)| row.number == i as u64 + 1));
    assert!(all.windows(2).all(|pair| pair[0].number < pair[1].number));
    Ok(all)
}

/// Receives one chunk, does something, and receives the rest.
async fn scan_with_pause<F: Future<Output = ()>>(
    source: &Source,
    key: &str,
    columns: &[&str],
    meanwhile: impl FnOnce() -> F,
) -> (Result<ScanEnd, SourceError>, Vec<Row>) {
    let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    let (out, mut chunks) = mpsc::channel(1);
    let read = async {
        let mut all = rows(&chunks.recv().await.expect("a first chunk"));
        meanwhile().await;
        while let Some(chunk) = chunks.recv().await {
            all.extend(rows(&chunk));
        }
        all
    };
    tokio::join!(source.scan(key, &columns, out), read)
}

/// An SQLite file made by another library.
struct File {
    directory: tempfile::TempDir,
    connection: rusqlite::Connection,
}

impl File {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = rusqlite::Connection::open(directory.path().join("tinh.db")).expect("a file");
        connection.pragma_update(None, "journal_mode", "wal").expect("wal");
        Self { directory, connection }
    }

    fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap_or_else(|e| panic!("{e}: {sql:.200}"));
    }

    fn source(&self, query: &str) -> SourceConfig {
        SourceConfig::Sqlite { path: self.directory.path().join("tinh.db"), query: query.to_owned() }
    }
}

/// The same statements on each engine that is at hand.
enum Engine {
    Sqlite(File),
    Server(Server, Database),
}

impl Engine {
    async fn all(test: &str) -> Vec<Self> {
        let mut all = vec![Self::Sqlite(File::new())];
        for server in [Server::Postgres, Server::Mariadb] {
            all.extend(Database::fresh(server, test).await.map(|d| Self::Server(server, d)));
        }
        all
    }

    async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(file) => file.run(sql),
            Self::Server(_, database) => database.run(sql).await,
        }
    }

    fn config(&self, query: &str) -> SourceConfig {
        match self {
            Self::Sqlite(file) => file.source(query),
            Self::Server(server, database) => server_source(*server, &database.url, query),
        }
    }

    async fn source(&self, query: &str) -> Source {
        open(&self.config(query)).await
    }

    fn name(&self) -> String {
        match self {
            Self::Sqlite(_) => "SQLite".to_owned(),
            Self::Server(server, _) => format!("{server:?}"),
        }
    }
}

fn server_source(server: Server, url: &str, query: &str) -> SourceConfig {
    let (url, url_file, query, ca_file) = (Some(url.into()), None, query.to_owned(), None);
    match server {
        Server::Postgres => SourceConfig::Postgres { url, url_file, query, ca_file },
        Server::Mariadb => SourceConfig::Mysql { url, url_file, query, ca_file },
    }
}

fn csv_source(path: &Path, charset: &str) -> SourceConfig {
    let (delimiter, quote) = (",".to_owned(), "\"".to_owned());
    SourceConfig::Csv { path: path.to_owned(), delimiter, quote, header: true, charset: charset.to_owned() }
}
