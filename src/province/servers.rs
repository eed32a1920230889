//! The table in a PostgreSQL or MariaDB database, as proof that the four kinds of source give the same payloads.

use std::fmt::Write as _;

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, MySql, QueryBuilder};

use super::error::ProvinceError;
use super::people::people;
use super::recipe::Recipe;

const POSTGRES: &str = "create table doi_tuong (
 ma_ho_so text, ho_ten text, ngay_sinh text, gioi_tinh text, dan_toc text, so_giay_to text, loai_giay_to text,
 so_cu text, ma_tinh text, ma_huyen text, ma_xa text, dia_chi text, thon_to text, nhom text, he_so numeric(4,1),
 muc_chuan integer, muc_huong bigint, chinh_sach text, so_quyet_dinh text, ngay_quyet_dinh date,
 co_quan_quyet_dinh text, tu_thang text, den_thang text, trang_thai text, ly_do_dung text, ngay_dung text,
 so_qd_dung text, ngay_qd_dung text, co_quan_qd_dung text, dang_tat text, muc_do_kt text, so_giay_xnkt text,
 hinh_thuc_chi_tra text, so_tai_khoan text, ngan_hang text, chu_tai_khoan text, nguoi_nhan_thay text, quan_he text,
 so_the_bhyt text, ho_ngheo text, co_so_tro_giup text, cap_nhat_luc timestamp)";

/// The key is compared byte by byte, as in the other databases; a key of type `text` could not be indexed.
const MARIADB: &str = "create table doi_tuong (
 ma_ho_so varchar(100) character set utf8mb4 collate utf8mb4_bin, ho_ten text, ngay_sinh text, gioi_tinh text,
 dan_toc text, so_giay_to text, loai_giay_to text, so_cu text, ma_tinh text, ma_huyen text, ma_xa text, dia_chi text,
 thon_to text, nhom text, he_so numeric(4,1), muc_chuan integer, muc_huong bigint, chinh_sach text,
 so_quyet_dinh text, ngay_quyet_dinh date, co_quan_quyet_dinh text, tu_thang text, den_thang text, trang_thai text,
 ly_do_dung text, ngay_dung text, so_qd_dung text, ngay_qd_dung text, co_quan_qd_dung text, dang_tat text,
 muc_do_kt text, so_giay_xnkt text, hinh_thuc_chi_tra text, so_tai_khoan text, ngan_hang text, chu_tai_khoan text,
 nguoi_nhan_thay text, quan_he text, so_the_bhyt text, ho_ngheo text, co_so_tro_giup text, cap_nhat_luc datetime
 ) default character set utf8mb4 collate utf8mb4_bin";

const INDEX: &str = "create index doi_tuong_ma_ho_so on doi_tuong (ma_ho_so)";

/// Rows of one statement; the servers take 65,535 values.
const CHUNK: usize = 500;
/// Bytes of one message of a copy.
const COPY: usize = 1 << 18;

/// Makes the table in the database at this address and writes so many people to it. A table that is there stays,
/// and is an error.
pub async fn write_postgres(url: &str, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), ProvinceError> {
    let failed = |source| ProvinceError::Database { place: "PostgreSQL".to_owned(), source };
    postgres(url, recipe, seed, rows).await.map_err(failed)
}

/// The same in MariaDB or MySQL.
pub async fn write_mariadb(url: &str, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), ProvinceError> {
    let failed = |source| ProvinceError::Database { place: "MariaDB".to_owned(), source };
    mariadb(url, recipe, seed, rows).await.map_err(failed)
}

async fn postgres(url: &str, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), sqlx::Error> {
    let mut to = PgConnection::connect(url).await?;
    let mut work = to.begin().await?;
    sqlx::query(POSTGRES).execute(&mut *work).await?;
    let mut copy = work.copy_in_raw("copy doi_tuong from stdin").await?;
    let mut lines = String::with_capacity(COPY + 4096);
    for person in people(recipe, seed, rows) {
        for (i, column) in person.columns.iter().enumerate() {
            if i > 0 {
                lines.push('\t');
            }
            match column {
                None => lines.push_str("\\N"),
                Some(text) => text.chars().for_each(|c| match c {
                    '\\' => lines.push_str("\\\\"),
                    c if c.is_control() => {
                        let _ = write!(lines, "\\x{:02x}", u32::from(c));
                    }
                    c => lines.push(c),
                }),
            }
        }
        lines.push('\n');
        if lines.len() >= COPY {
            copy.send(lines.as_bytes()).await?;
            lines.clear();
        }
    }
    copy.send(lines.as_bytes()).await?;
    copy.finish().await?;
    sqlx::query(INDEX).execute(&mut *work).await?;
    work.commit().await?;
    to.close().await
}

async fn mariadb(url: &str, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), sqlx::Error> {
    let mut to = MySqlConnection::connect(url).await?;
    // Definitions of tables end a transaction here: first the table, then the rows in one.
    sqlx::query(MARIADB).execute(&mut to).await?;
    sqlx::query(INDEX).execute(&mut to).await?;
    let mut work = to.begin().await?;
    let mut insert = QueryBuilder::<MySql>::new("insert into doi_tuong ");
    let mut all = people(recipe, seed, rows).peekable();
    while all.peek().is_some() {
        insert.reset();
        insert.push_values(all.by_ref().take(CHUNK), |mut row, person| {
            for column in &person.columns {
                row.push_bind(column.as_deref());
            }
        });
        insert.build().execute(&mut *work).await?;
    }
    work.commit().await?;
    to.close().await
}
