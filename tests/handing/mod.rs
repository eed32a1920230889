//! Stories of the hand-over and of the numbers that come back, told from outside: real databases, a real HTTP server that
//! checks signatures in its own way, real files.

mod crashes;
mod files;
mod numbers;
mod posts;
mod receiver;
mod rounds;
mod settings;
mod tables;

use std::sync::Arc;

use molisa_gateway::intake::hand_over::{Database as Target, HandOver, Handed, Table, TableSettings, run};
use molisa_gateway::store::leases::{self, Lease, Taken};
use molisa_gateway::store::{Place, Store, StoreError};
use sqlx::{Connection as _, Row as _};
use tokio_util::sync::CancellationToken;

use crate::support::databases::{Database, Server};
use crate::support::world::{Hands, MORNING};

/// The fields of the mapping in these stories.
const FIELDS: [&str; 5] = ["ma_ho_so", "ho_ten", "ngay_sinh", "so_tien", "thanh_phan"];

/// A gateway's store with applications in it, and its clock.
struct Office {
    dir: tempfile::TempDir,
    /// Where the store is a server's.
    server: Option<Database>,
    place: Place,
    store: Store,
    hands: Arc<Hands>,
    lease: Lease,
}

impl Office {
    async fn new() -> Self {
        Self::on(None).await
    }

    async fn on(server: Option<Database>) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let place = match &server {
            Some(database) => Place::Postgres(database.url.clone().into()),
            None => Place::Sqlite(dir.path().join("store.db")),
        };
        let (store, hands) = (Store::open(&place).await.expect("a store"), Hands::at(MORNING));
        let lease = taken(&store, &hands).await;
        Self { dir, server, place, store, hands, lease }
    }

    /// On each engine that a store may have.
    async fn all(test: &str) -> Vec<Self> {
        let mut all = vec![Self::new().await];
        if let Some(database) = Database::fresh(Server::Postgres, test).await {
            all.push(Self::on(Some(database)).await);
        }
        all
    }

    /// Everything in memory is gone, and the dead one's lease runs out.
    async fn restart(&mut self) {
        self.store.close().await;
        self.store = Store::open(&self.place).await.expect("a store");
        self.hands.pass(61_000);
        self.lease = taken(&self.store, &self.hands).await;
    }

    async fn run(&self, hand_over: &HandOver) -> Handed {
        self.try_run(hand_over).await.expect("a round")
    }

    async fn try_run(&self, hand_over: &HandOver) -> Result<Handed, StoreError> {
        let stop = CancellationToken::new();
        run(&self.store, "dvc", hand_over, &self.lease, &*self.hands, &stop, 10_000).await
    }

    /// Rounds until nothing waits; time passes between them.
    async fn run_out(&self, hand_over: &HandOver) -> u64 {
        let mut handed = 0;
        for _ in 0..50 {
            let done = self.run(hand_over).await;
            handed += done.handed;
            if done.waiting == 0 {
                return handed;
            }
            self.hands.pass(4_000_000);
        }
        panic!("something waits for ever");
    }

    async fn change(&self, sql: &str) {
        match &self.server {
            Some(database) => database.run(sql).await,
            None => rusqlite::Connection::open(self.dir.path().join("store.db"))
                .expect("the store's file")
                .execute_batch(sql)
                .unwrap_or_else(|e| panic!("{e}: {sql}")),
        }
    }

    /// A version of an application, as the inbox leaves it.
    async fn version(&self, number: &str, version: i64, state: &str, record: &str) {
        let quoted = |text: &str| text.replace('\'', "''");
        let (number, record) = (quoted(number), quoted(record));
        let hash = |of: i64| {
            let hex = format!("{of:064x}");
            if self.server.is_some() { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") }
        };
        let (hash, at) = (hash(version), MORNING.0);
        self.change(&format!(
            "insert into application (intake, number, version, first_ms, changed_ms) values ('dvc', '{number}', {version}, {at}, {at}) \
             on conflict (intake, number) do update set version = excluded.version; \
             insert into application_version (application_id, version, hash, core, body, at_ms, exchange_id, state, record, judged_by) \
             select id, {version}, {hash}, {hash}, '{{}}', {at}, 'x', '{state}', '{record}', {hash} from application \
             where intake = 'dvc' and number = '{number}'"
        ))
        .await;
    }

    /// So many applications, ready to go.
    async fn file(&self, numbers: &[&str]) {
        for number in numbers {
            self.version(number, 1, "ready", &record(number, "Nguyễn Văn Á")).await;
        }
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        match &self.server {
            Some(database) => texts(Server::Postgres, database, sql).await,
            None => local_texts(&self.dir.path().join("store.db"), sql),
        }
    }

    /// `number/version: state` of every version.
    async fn states(&self) -> Vec<String> {
        let sql = "select a.number || '/' || v.version || ': ' || v.state from application_version v \
            join application a on a.id = v.application_id order by a.id, v.version";
        self.texts(sql).await
    }
}

async fn taken(store: &Store, hands: &Hands) -> Lease {
    let mut tx = store.write().await.expect("a transaction");
    let now = molisa_gateway::model::Clock::now(hands);
    let taken = leases::take(&mut tx, "intake:dvc", &leases::holder(), now).await.expect("a lease");
    tx.commit().await.expect("a commit");
    match taken {
        Taken::Ours(lease) => lease,
        Taken::Theirs { holder } => panic!("{holder} has it"),
    }
}

/// A record of the province, canonical.
fn record(number: &str, name: &str) -> String {
    serde_json::json!({
        "ho_ten": name,
        "ma_ho_so": number,
        "ngay_sinh": "1945-02-28",
        "so_tien": "",
        "thanh_phan": [{"duong_dan": "/tep/1.pdf", "ten": "Đơn \"A\""}],
    })
    .to_string()
}

fn local_texts(path: &std::path::Path, sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).expect("a file");
    let mut statement = connection.prepare(sql).unwrap_or_else(|e| panic!("{e}: {sql}"));
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a text")).collect()
}

#[expect(clippy::disallowed_methods, reason = "tests read tables by texts that they write themselves")]
async fn texts(server: Server, database: &Database, sql: &str) -> Vec<String> {
    let sql = sqlx::AssertSqlSafe(sql);
    match server {
        Server::Postgres => {
            let mut connection = sqlx::PgConnection::connect(&database.url).await.expect("a connection");
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.expect("rows");
            rows.iter().map(|row| row.get_unchecked(0)).collect()
        }
        Server::Mariadb => {
            let mut connection = sqlx::MySqlConnection::connect(&database.url).await.expect("a connection");
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.expect("rows");
            rows.iter().map(|row| row.get_unchecked(0)).collect()
        }
    }
}

/// The local system's database, with its table and the markers.
enum Local {
    Sqlite(tempfile::TempDir),
    Server(Server, Database),
}

impl Local {
    /// On each engine.
    async fn all(test: &str) -> Vec<Self> {
        let mut all = vec![Self::Sqlite(tempfile::tempdir().expect("a folder"))];
        for server in [Server::Postgres, Server::Mariadb] {
            all.extend(Database::fresh(server, test).await.map(|database| Self::Server(server, database)));
        }
        for local in &all {
            local.run(&local.table()).await;
            let collation = if local.name() == "Mariadb" { " collate utf8mb4_bin" } else { "" };
            local
                .run(&format!(
                    "create table ban_giao_ho_so (ban_giao varchar(200){collation} primary key, luc timestamp)"
                ))
                .await;
        }
        all
    }

    fn table(&self) -> String {
        let check = if self.name() == "Sqlite" { " check (length(ho_ten) <= 20)" } else { "" };
        format!(
            "create table ho_so (ma_ho_so varchar(60) not null, ho_ten varchar(20){check}, ngay_sinh date, \
             so_tien numeric(12,0), thanh_phan text, phien_ban integer not null)"
        )
    }

    fn name(&self) -> String {
        match self {
            Self::Sqlite(_) => "Sqlite".to_owned(),
            Self::Server(server, _) => format!("{server:?}"),
        }
    }

    async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(dir) => rusqlite::Connection::open(dir.path().join("mot_cua.db"))
                .expect("a file")
                .execute_batch(sql)
                .unwrap_or_else(|e| panic!("{e}: {sql}")),
            Self::Server(_, database) => database.run(sql).await,
        }
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(dir) => local_texts(&dir.path().join("mot_cua.db"), sql),
            Self::Server(server, database) => texts(*server, database, sql).await,
        }
    }

    /// `number/version` of every row, in order of insertion where the engine keeps it.
    async fn rows(&self) -> Vec<String> {
        let sql = match self.name().as_str() {
            "Sqlite" => "select ma_ho_so || '/' || phien_ban from ho_so order by rowid",
            "Postgres" => "select ma_ho_so || '/' || phien_ban from ho_so order by ctid",
            _ => "select concat(ma_ho_so, '/', phien_ban) from ho_so",
        };
        self.texts(sql).await
    }

    async fn markers(&self) -> Vec<String> {
        self.texts("select ban_giao from ban_giao_ho_so order by ban_giao").await
    }

    fn target(&self) -> Target {
        match self {
            Self::Sqlite(dir) => Target::Sqlite(dir.path().join("mot_cua.db")),
            Self::Server(Server::Postgres, database) => Target::Postgres(database.url.clone().into()),
            Self::Server(Server::Mariadb, database) => Target::Mysql(database.url.clone().into()),
        }
    }

    fn hand_over(&self) -> HandOver {
        table(self.target())
    }
}

fn table(database: Target) -> HandOver {
    let settings = TableSettings { database, table: "ho_so".into(), marker: "ban_giao_ho_so".into() };
    HandOver::Table(Box::new(Table::new(&settings, FIELDS.map(str::to_owned).to_vec()).expect("good settings")))
}
