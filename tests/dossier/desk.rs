//! Applications put into a store by hand, and the program's verbs called on it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use molisa_gateway::model::{Clock as _, SystemClock, Timestamp};
use molisa_gateway::store::{Place, Store};
use secrecy::SecretString;
use serde_json::Value;

use crate::cli::program;
use crate::support::databases::{Database, Server};

/// A mapping down of a few columns.
const DOWN: &str = r#"
[mapping]
entity = "tiep-nhan"
key = "MaHoSo"
[columns]
MaHoSo = "text"
MaXa = "text"
DonViXuLy = "text"
[[field]]
name = "ma_ho_so"
from = "MaHoSo"
[[field]]
name = "ma_xa"
from = "MaXa"
[[field]]
name = "don_vi"
from = "DonViXuLy"
"#;

/// One application of a few versions.
pub struct Row<'a> {
    pub id: i64,
    pub number: &'a str,
    pub unit: &'a str,
    pub received: &'a str,
    pub status: &'a str,
    /// The state of each version, the first first.
    pub versions: &'a [&'a str],
}

/// A configuration with one intake from `dvcbtxh`, and its store.
pub struct Desk {
    pub dir: tempfile::TempDir,
    pub config: PathBuf,
    pub server: Option<Database>,
    pub now: Timestamp,
}

impl Desk {
    /// `None` where the server is not there.
    pub async fn on(server: Option<Server>, test: &str) -> Option<Self> {
        let server = match server {
            Some(server) => Some(Database::fresh(server, test).await?),
            None => None,
        };
        let dir = tempfile::tempdir().unwrap();
        let place = server.as_ref().map_or_else(
            || Place::Sqlite(dir.path().join("store.db")),
            |server| Place::Postgres(SecretString::from(server.url.clone())),
        );
        Store::open(&place).await.unwrap().close().await;
        let mappings = dir.path().join("mappings");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
        std::fs::create_dir_all(mappings.join("dvcbtxh")).unwrap();
        std::os::unix::fs::symlink(shipped.join("codes"), mappings.join("codes")).unwrap();
        std::fs::copy(shipped.join("dvcbtxh/system.toml"), mappings.join("dvcbtxh/system.toml")).unwrap();
        std::fs::write(mappings.join("dvcbtxh/tiep-nhan.toml"), DOWN).unwrap();
        let mut lines = String::from("mappings = \"mappings\"\n[province]\ncode = \"87\"\n");
        match &server {
            Some(server) => {
                std::fs::write(dir.path().join("store-url"), &server.url).unwrap();
                lines += "[store]\nkind = \"postgres\"\nurl_file = \"store-url\"\n";
            }
            None => lines += "[store]\nkind = \"sqlite\"\npath = \"store.db\"\n",
        }
        lines += "[[system]]\nname = \"dvcbtxh\"\nbase = \"http://127.0.0.1:9\"\n\
            [[intake]]\nname = \"nop\"\nsystem = \"dvcbtxh\"\nentity = \"tiep-nhan\"\nstart = \"2026-01-01\"\n\
            hand_over = { kind = \"folder\", path = \"ra\" }\n";
        let config = dir.path().join("gateway.toml");
        std::fs::write(&config, lines).unwrap();
        // A day that ends while a story is told makes another one of it: clocks count days.
        let now = || SystemClock::new().now();
        while now().day() != now().plus(60_000).day() {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        Some(Self { dir, config, server, now: now() })
    }

    pub async fn sql(&self, sql: &str) {
        match &self.server {
            Some(server) => server.run(sql).await,
            None => self.local().execute_batch(sql).unwrap_or_else(|e| panic!("{e}: {sql:.300}")),
        }
    }

    /// The store's file.
    pub fn local(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("store.db")).unwrap()
    }

    /// Bytes as the engine writes them.
    pub fn bytes(&self, hex: &str) -> String {
        if self.server.is_some() { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") }
    }

    pub fn ago(&self, days: i64) -> String {
        self.now.plus(-days * 86_400_000).wire()
    }

    pub async fn add(&self, rows: &[Row<'_>]) {
        let mut sql = String::from("begin;");
        for row in rows {
            let (id, now) = (row.id, self.now.0);
            write!(
                sql,
                "insert into application (id, intake, number, version, status, procedure, unit, received_at, first_ms, changed_ms) \
                 values ({id}, 'nop', '{}', {}, '{}', '1.001776', '{}', '{}', {now}, {now});",
                row.number,
                row.versions.len(),
                row.status,
                row.unit,
                row.received
            )
            .unwrap();
            for (version, state) in (1..).zip(row.versions) {
                let (hash, handed) = (self.bytes(&format!("{version:02x}")), if *state == "handed" { now } else { 0 });
                let complaints = if *state == "to-be-routed" {
                    r#"[{"reason":"unknown-code","severity":"block","field":"ma_xa","value":"Xã Lạ"}]"#
                } else {
                    "[]"
                };
                write!(
                    sql,
                    "insert into application_version (application_id, version, hash, core, body, differences, at_ms, exchange_id, \
                     state, complaints, record, judged_by, receipt, handed_ms) values ({id}, {version}, {hash}, {hash}, '{{}}', \
                     '[{{\"field\":\"hovaten\",\"before\":\"\",\"now\":\"Lê Thị Canh\"}}]', {}, 'x{id}-{version}', '{state}', \
                     '{complaints}', '', {hash}, 'đã nhận', nullif({handed}, 0));",
                    now - 3_600_000 + version
                )
                .unwrap();
            }
        }
        self.sql(&(sql + "commit;")).await;
    }

    pub fn call(&self, args: &[&str]) -> Output {
        program::run(&[&["--config", self.config.to_str().unwrap(), "dossier"], args].concat())
    }

    /// The JSON of a call, which must end with this code.
    pub fn told(&self, code: i32, args: &[&str]) -> Value {
        let output = self.call(&[args, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", program::json(&output));
        program::json(&output)
    }
}
