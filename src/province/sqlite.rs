//! The table as an SQLite database of its own.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Sqlite};

use super::error::ProvinceError;
use super::file::half_done;
use super::people::people;
use super::person::{COLUMNS, Person};
use super::recipe::Recipe;

/// No primary key: in the field keys are missing and occur twice. The declared types are what a province's
/// software declares; SQLite keeps the dates as text.
const TABLE: &str = "create table doi_tuong (
 ma_ho_so text, ho_ten text, ngay_sinh text, gioi_tinh text, dan_toc text, so_giay_to text, loai_giay_to text,
 so_cu text, ma_tinh text, ma_huyen text, ma_xa text, dia_chi text, thon_to text, nhom text, he_so numeric(4,1),
 muc_chuan integer, muc_huong integer, chinh_sach text, so_quyet_dinh text, ngay_quyet_dinh date,
 co_quan_quyet_dinh text, tu_thang text, den_thang text, trang_thai text, ly_do_dung text, ngay_dung text,
 so_qd_dung text, ngay_qd_dung text, co_quan_qd_dung text, dang_tat text, muc_do_kt text, so_giay_xnkt text,
 hinh_thuc_chi_tra text, so_tai_khoan text, ngan_hang text, chu_tai_khoan text, nguoi_nhan_thay text, quan_he text,
 so_the_bhyt text, ho_ngheo text, co_so_tro_giup text, cap_nhat_luc timestamp)";
const INDEX: &str = "create index doi_tuong_ma_ho_so on doi_tuong (ma_ho_so)";
/// What [`super::change_sqlite`] must know of how the table was made, and whom it has touched.
const MARK: &str = "create table tinh_gia_lap (recipe text, seed text, rows integer, clean integer, next integer)";
const TOUCHED: &str = "create table tinh_gia_lap_da_sua (ma_ho_so text primary key) without rowid";

/// Rows of one statement; SQLite takes 32,766 values.
const CHUNK: usize = 250;

/// Writes so many people to a new database file.
pub async fn write_sqlite(path: &Path, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), ProvinceError> {
    let half = half_done(path)?;
    let failed = |source| ProvinceError::Database { place: path.display().to_string(), source };
    // Nothing is lost when this is cut off: the file has not got its name yet.
    let options = SqliteConnectOptions::new()
        .filename(&half)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off);
    fill(options, recipe, seed, rows).await.map_err(failed)?;
    std::fs::rename(&half, path).map_err(|source| ProvinceError::File { path: path.to_owned(), source })
}

async fn fill(options: SqliteConnectOptions, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), sqlx::Error> {
    let mut to = options.disable_statement_logging().connect().await?;
    let mut work = to.begin().await?;
    for statement in [TABLE, MARK, TOUCHED] {
        sqlx::query(statement).execute(&mut *work).await?;
    }
    let mut clean = 0_u64;
    let mut all = people(recipe, seed, rows).inspect(|p| clean += u64::from(p.damage.is_none()));
    let mut insert = Insert::new();
    let mut chunk = Vec::with_capacity(CHUNK);
    loop {
        chunk.extend(all.by_ref().take(CHUNK));
        if chunk.is_empty() {
            break;
        }
        insert.rows(&mut work, &chunk).await?;
        chunk.clear();
    }
    drop(all);
    sqlx::query(INDEX).execute(&mut *work).await?;
    sqlx::query("insert into tinh_gia_lap values (?, ?, ?, ?, ?)")
        .bind(&recipe.fingerprint)
        .bind(seed.to_string())
        .bind(i64::try_from(rows).unwrap_or(i64::MAX))
        .bind(i64::try_from(clean).unwrap_or(i64::MAX))
        .bind(i64::try_from(rows).unwrap_or(i64::MAX))
        .execute(&mut *work)
        .await?;
    work.commit().await?;
    to.close().await
}

/// One statement for many rows, built once and used again.
pub(super) struct Insert(QueryBuilder<Sqlite>);

impl Insert {
    pub fn new() -> Self {
        Self(QueryBuilder::new("insert into doi_tuong "))
    }

    pub async fn rows(&mut self, to: &mut SqliteConnection, people: &[Person]) -> Result<(), sqlx::Error> {
        self.0.reset();
        self.0.push_values(people, |mut row, person| {
            debug_assert_eq!(person.columns.len(), COLUMNS.len());
            for column in &person.columns {
                row.push_bind(column.as_deref());
            }
        });
        self.0.build().execute(to).await?;
        Ok(())
    }
}
