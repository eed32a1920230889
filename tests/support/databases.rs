//! A fresh database on a real server for each test, gone at its end.
//!
//! The servers are named by the environment. Without them the tests say so in one line and pass;
//! where `CI` is set they fail, so that nobody believes that they ran.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _};

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Postgres,
    Mariadb,
}

impl Server {
    fn variable(self) -> (&'static str, &'static str) {
        match self {
            Self::Postgres => ("GATEWAY_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres"),
            Self::Mariadb => ("GATEWAY_TEST_MARIADB", "mysql://root@127.0.0.1:3306/test"),
        }
    }

    /// The server's address, if the environment names it.
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment where real servers are")]
    fn address(self, test: &str) -> Option<String> {
        let (variable, example) = self.variable();
        if let Ok(address) = std::env::var(variable) {
            return Some(address);
        }
        assert!(std::env::var("CI").is_err(), "{test}: {variable} is not set, and in CI this test must run");
        say(&format!("{test}: skipped; to run it: {variable}={example} cargo test"));
        None
    }

    #[expect(clippy::disallowed_methods, reason = "tests make tables out of texts that they write themselves")]
    async fn run(self, address: &str, sql: &str) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres => {
                let mut connection = sqlx::PgConnection::connect(address).await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
                connection.close().await
            }
            Self::Mariadb => {
                let mut connection = sqlx::MySqlConnection::connect(address).await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
                connection.close().await
            }
        }
    }
}

/// One line for whoever runs the tests; a passing test's own output is not shown.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database of its own; dropped when this value is.
pub struct Database {
    server: Server,
    /// The whole address, with the database's name.
    pub url: String,
    admin: String,
    name: String,
}

impl Database {
    /// Makes one, or says why not and gives `None`.
    pub async fn fresh(server: Server, test: &str) -> Option<Self> {
        let admin = server.address(test)?;
        let name = format!("gateway_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let rule = match server {
            Server::Postgres => "template template0 encoding 'UTF8'",
            // The collation that most provinces run with: no regard to case, blanks at the end do not count.
            Server::Mariadb => "character set utf8mb4 collate utf8mb4_general_ci",
        };
        server.run(&admin, &format!("create database {name} {rule}")).await.expect("the test server makes a database");
        let (start, _) = admin.rsplit_once('/').expect("an address ends with /database");
        Some(Self { server, url: format!("{start}/{name}"), admin, name })
    }

    /// Runs statements on it.
    pub async fn run(&self, sql: &str) {
        self.server.run(&self.url, sql).await.unwrap_or_else(|e| panic!("{:?}: {e}: {sql:.200}", self.server));
    }

    /// `host:port` of the server.
    pub fn host_and_port(&self) -> &str {
        let rest = self.url.split_once("://").expect("an address").1;
        let rest = rest.split('/').next().expect("a host");
        rest.rsplit('@').next().expect("a host")
    }

    /// The address, by way of another host and port.
    pub fn through(&self, address: std::net::SocketAddr) -> String {
        self.url.replace(self.host_and_port(), &address.to_string())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, admin) = (self.server, self.admin.clone());
        let force = if server == Server::Postgres { " with (force)" } else { "" };
        let sql = format!("drop database {}{force}", self.name);
        // A thread of its own, because this may run inside a runtime and during a panic.
        let done = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(server.run(&admin, &sql)).map_err(std::io::Error::other)
        });
        if !matches!(done.join(), Ok(Ok(()))) {
            say(&format!("the test database {} was left behind", self.name));
        }
    }
}
