//! How an operator names a source in the settings.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::SourceError;

/// Where the rows are. Relative paths start at the directory of the settings file.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SourceConfig {
    /// An SQLite database file.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// The `SELECT` that delivers the rows.
        query: String,
    },
    /// A PostgreSQL database.
    Postgres {
        /// `postgres://user:password@host:port/database?sslmode=…`; give this or `url_file`.
        url: Option<SecretString>,
        /// A file whose only content is the address.
        url_file: Option<PathBuf>,
        /// The `SELECT` that delivers the rows.
        query: String,
        /// Certificates (PEM) that the server's must come from. With it and no `sslmode`, certificate and name are verified.
        ca_file: Option<PathBuf>,
    },
    /// A MySQL or MariaDB database.
    Mysql {
        /// `mysql://user:password@host:port/database?ssl-mode=…`; give this or `url_file`.
        url: Option<SecretString>,
        /// A file whose only content is the address.
        url_file: Option<PathBuf>,
        /// The `SELECT` that delivers the rows.
        query: String,
        /// Certificates (PEM) that the server's must come from. With it and no `ssl-mode`, certificate and name are verified.
        ca_file: Option<PathBuf>,
    },
    /// A text file with delimited columns.
    Csv {
        /// The file.
        path: PathBuf,
        /// What stands between two columns: one ASCII character, `\t` for a tab.
        #[serde(default = "comma")]
        delimiter: String,
        /// What stands around a column that holds a delimiter: one ASCII character, doubled inside.
        #[serde(default = "quote")]
        quote: String,
        /// Whether the first line has the columns' names. If not, they are `c1`, `c2`, … by place.
        #[serde(default = "yes")]
        header: bool,
        /// `utf-8` (with or without byte order mark), `utf-16le`, `utf-16be` or `windows-1258`.
        #[serde(default = "utf8")]
        charset: String,
    },
}

fn comma() -> String {
    ",".to_owned()
}

fn quote() -> String {
    "\"".to_owned()
}

fn yes() -> bool {
    true
}

fn utf8() -> String {
    "utf-8".to_owned()
}

/// The longest address that is accepted, in bytes.
const LONGEST_ADDRESS: u64 = 4096;

/// The address of a database, out of its two possible places.
pub(super) async fn address(
    url: Option<&SecretString>,
    file: Option<&Path>,
    base: &Path,
) -> Result<SecretString, SourceError> {
    match (url, file) {
        (Some(url), None) => Ok(url.clone()),
        (None, Some(file)) => {
            let path = base.join(file);
            let text = read_small(&path).await?;
            Ok(SecretString::from(text.trim()))
        }
        _ => Err(SourceError::Settings("give either `url` or `url_file`, one of the two".to_owned())),
    }
}

async fn read_small(path: &Path) -> Result<String, SourceError> {
    let fault = |cause| SourceError::File { path: path.to_owned(), cause };
    if tokio::fs::metadata(path).await.map_err(fault)?.len() > LONGEST_ADDRESS {
        return Err(SourceError::Settings(format!("{}: longer than {LONGEST_ADDRESS} bytes", path.display())));
    }
    tokio::fs::read_to_string(path).await.map_err(fault)
}

/// Refuses parameters of an address that the driver would pass over: a misspelt `sslmode` must not
/// quietly mean a connection without TLS.
pub(super) fn check_parameters(address: &SecretString, schemes: &[&str], known: &[&str]) -> Result<(), SourceError> {
    let address = address.expose_secret();
    if !schemes.iter().any(|scheme| address.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("://"))) {
        return Err(SourceError::Settings(format!("the address must begin with {}://", schemes.join(":// or "))));
    }
    let Some((_, parameters)) = address.split_once('?') else { return Ok(()) };
    for parameter in parameters.split('&') {
        let name = parameter.split('=').next().unwrap_or_default();
        if !known.contains(&name) && !known.iter().any(|k| k.ends_with('[') && name.starts_with(k)) {
            // The name might be half a password with an unescaped `?`: it is not shown.
            return Err(SourceError::Settings(format!(
                "the address has an unknown parameter after `?`; known are {} (a `?` inside a password is written %3F)",
                known.join(", ")
            )));
        }
    }
    Ok(())
}

/// Whether the address says itself how TLS is to be used.
pub(super) fn says_tls(address: &SecretString) -> Option<String> {
    let (_, parameters) = address.expose_secret().split_once('?')?;
    parameters.split('&').find_map(|p| {
        let (name, value) = p.split_once('=')?;
        matches!(name, "sslmode" | "ssl-mode").then(|| value.to_ascii_lowercase())
    })
}

/// With a CA file the server is verified; an address that says otherwise contradicts it.
/// `Ok(true)` where the strictest way is to be set.
pub(super) fn must_verify(address: &SecretString, ca_file: Option<&Path>) -> Result<bool, SourceError> {
    match (ca_file, says_tls(address).as_deref()) {
        (Some(_), None) => Ok(true),
        (Some(_), Some(mode @ ("disable" | "disabled" | "allow" | "prefer" | "preferred"))) => {
            Err(SourceError::Settings(format!("`ca_file` is given, but the address has sslmode {mode}; take one out")))
        }
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_from_settings_and_unknown_keys_are_refused() {
        let read = |text: &str| toml::from_str::<SourceConfig>(text);
        let csv = read("kind = 'csv'\npath = 'a.csv'").expect("defaults");
        assert!(matches!(csv, SourceConfig::Csv { header: true, ref delimiter, .. } if delimiter == ","));
        let postgres = read("kind = 'postgres'\nurl = 'postgres://u:Matkhau9@h/d'\nquery = 'select 1'").expect("url");
        assert!(!format!("{postgres:?}").contains("Matkhau9"));
        let told = read("kind = 'sqlite'\npath = 'a'\nquery = 'select 1'\nquerry = 'x'").expect_err("unknown key");
        assert!(told.to_string().contains("querry"), "{told}");
    }

    #[test]
    fn a_misspelt_parameter_of_the_address_is_refused_and_not_shown() {
        let check = |a: &str| check_parameters(&SecretString::from(a), &["mysql"], &["ssl-mode"]);
        assert!(check("mysql://h/d?ssl-mode=REQUIRED").is_ok());
        let told = check("mysql://u:half?Bimat2@h/d?sslmod=REQUIRED").expect_err("misspelt").to_string();
        assert!(told.contains("ssl-mode") && !told.contains("Bimat2"), "{told}");
        assert!(check("postgres://h/d").is_err());
    }
}
