//! How an operator names a source in the settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::SourceError;
use super::csv::Csv;
use super::folder::Table;
use super::xlsx::Xlsx;

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
        /// `auto` finds it by evidence; `utf-8` (with or without byte order mark), `utf-16le`, `utf-16be`,
        /// `windows-1258`, `tcvn3` or `vni` says it.
        #[serde(default = "auto")]
        charset: String,
    },
    /// A sheet of an XLSX workbook.
    Xlsx {
        /// The file.
        path: PathBuf,
        /// The sheet's name, or its number from 1; the first that is shown where left out.
        sheet: Option<SheetName>,
        /// The header's first row; found by the columns' names in the first twenty where left out.
        header: Option<u32>,
        /// Our name → the header's text; `Above / below` where a header has several rows.
        #[serde(default)]
        columns: BTreeMap<String, String>,
        /// `tcvn3` or `vni` where texts were typed in fonts such as .VnTime or VNI-Times.
        #[serde(default = "unicode")]
        font: String,
        /// So much may the workbook's table of texts take, unpacked.
        #[serde(default = "shared_strings_mib")]
        shared_strings_mib: u64,
    },
    /// A folder into which others put files; each is taken once.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Which names are meant, with `*` and `?`; `*.csv` or `*.xlsx` where left out.
        pattern: Option<String>,
        /// How the files are written.
        file: FileKind,
        /// A file is the whole list: who is not in it is gone. Otherwise it speaks of its own rows only.
        #[serde(default = "yes")]
        complete: bool,
        /// A file is finished when it has not changed for so many seconds.
        #[serde(default = "settle_seconds")]
        settle_seconds: u64,
        /// A file is finished when `NAME.done` stands beside it.
        #[serde(default)]
        done_files: bool,
        /// As of a CSV file.
        #[serde(default = "comma")]
        delimiter: String,
        /// As of a CSV file.
        #[serde(default = "quote")]
        quote: String,
        /// As of a CSV file.
        #[serde(default = "auto")]
        charset: String,
        /// Whether the first line has names (CSV), or the header's first row (XLSX).
        header: Option<HeaderSetting>,
        /// As of a workbook.
        sheet: Option<SheetName>,
        /// As of a workbook.
        #[serde(default)]
        columns: BTreeMap<String, String>,
        /// As of a workbook.
        #[serde(default = "unicode")]
        font: String,
        /// As of a workbook.
        #[serde(default = "shared_strings_mib")]
        shared_strings_mib: u64,
    },
}

/// How the files of a folder are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// Delimited text.
    Csv,
    /// Workbooks.
    Xlsx,
}

/// `true` or `false` for delimited text, a row for workbooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum HeaderSetting {
    /// Whether the first line has the names.
    Is(bool),
    /// The first row of the header.
    Row(u32),
}

/// What is said of a folder besides its path and the files' form.
#[derive(Debug, Clone)]
pub(super) struct FolderOptions {
    pub pattern: String,
    pub complete: bool,
    pub settle: std::time::Duration,
    pub marked: bool,
}

/// How the files of a folder are read, and which are taken.
pub(super) fn folder(config: &SourceConfig, base: &Path) -> Result<(Table, FolderOptions), SourceError> {
    let SourceConfig::Folder {
        path,
        pattern,
        file,
        complete,
        settle_seconds,
        done_files,
        delimiter,
        quote,
        charset,
        header,
        sheet,
        columns,
        font,
        shared_strings_mib,
    } = config
    else {
        return Err(SourceError::Settings("kind = \"folder\"".to_owned()));
    };
    let path = base.join(path);
    let table = match (file, header) {
        (FileKind::Csv, None) => Table::Csv(Csv::open(path, delimiter, quote, true, charset)?),
        (FileKind::Csv, Some(HeaderSetting::Is(is))) => Table::Csv(Csv::open(path, delimiter, quote, *is, charset)?),
        (FileKind::Xlsx, None | Some(HeaderSetting::Row(_))) => {
            let row = header.and_then(|h| if let HeaderSetting::Row(row) = h { Some(row) } else { None });
            let (sheet, columns, font) = (sheet.clone(), columns.clone(), font.clone());
            let options = XlsxOptions { sheet, header: row, columns, font, shared_strings_mib: *shared_strings_mib };
            Table::Xlsx(Box::new(Xlsx::open(path, &options)?))
        }
        (FileKind::Csv, Some(HeaderSetting::Row(_))) => {
            return Err(SourceError::Settings("header: true hoặc / or false (csv)".to_owned()));
        }
        (FileKind::Xlsx, Some(HeaderSetting::Is(_))) => {
            return Err(SourceError::Settings("header: số hàng / a row number (xlsx)".to_owned()));
        }
    };
    let usual = if *file == FileKind::Csv { "*.csv" } else { "*.xlsx" };
    let options = FolderOptions {
        pattern: pattern.clone().unwrap_or_else(|| usual.to_owned()),
        complete: *complete,
        settle: std::time::Duration::from_secs(*settle_seconds),
        marked: *done_files,
    };
    Ok((table, options))
}

fn settle_seconds() -> u64 {
    10
}

/// A sheet by name or by number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum SheetName {
    /// From 1.
    Number(usize),
    /// Its name.
    Name(String),
}

/// What is said of a workbook besides its path.
#[derive(Debug, Clone)]
pub(super) struct XlsxOptions {
    pub sheet: Option<SheetName>,
    pub header: Option<u32>,
    pub columns: BTreeMap<String, String>,
    pub font: String,
    pub shared_strings_mib: u64,
}

fn unicode() -> String {
    "unicode".to_owned()
}

fn shared_strings_mib() -> u64 {
    64
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

fn auto() -> String {
    "auto".to_owned()
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
