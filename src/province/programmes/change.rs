//! Lets time pass in the programmes' tables: bills and results come in, residents leave, a few rows turn out to have
//! been written in error and are withdrawn. Only rows that may be sent are touched, each once.

use jiff::civil::Date;
use sqlx::sqlite::SqliteConnection;

use super::super::change::{touch, write};
use super::super::random::Random;
use super::super::recipe::Recipe;
use super::super::table::{Row, Table};
use super::lots::Deal;
use super::sheet::ACCOUNT;

/// What really happened in a programme's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableChanges {
    /// Rows with another content to send.
    pub updated: u64,
    /// Rows that say withdrawn, with day and reason.
    pub withdrawn: u64,
    /// New rows: dossiers, and steps of dossiers.
    pub added: u64,
    /// New steps that come too late: older than one that was there before. They are shown, not sent.
    pub late: u64,
}

impl TableChanges {
    /// How many records a correct gateway sends for it.
    pub fn sendable(&self) -> u64 {
        self.updated + self.withdrawn + self.added
    }
}

/// Changes so many rows in 100,000 of the table, and at least one where there is one that may be touched.
pub(in super::super) async fn change(
    to: &mut SqliteConnection,
    table: Table,
    recipe: &Recipe,
    (made_by, people): (u64, u64),
    seed: u64,
    share: u32,
) -> Result<TableChanges, sqlx::Error> {
    let clean: i64 = sqlx::query_scalar("select clean from tinh_gia_lap_bang where bang = ?")
        .bind(table.name())
        .fetch_one(&mut *to)
        .await?;
    let mut left = u64::try_from(clean).unwrap_or(0);
    let rows = table.count(recipe, people);
    let mut wanted = ((rows * u64::from(share) + 50_000) / 100_000).max(u64::from(share > 0)).min(left);
    let withdrawn = (wanted * u64::from(recipe.body.change.withdrawn) + 50) / 100;
    let mut kinds = Deal::new(vec![withdrawn, wanted - withdrawn]);
    let mut random = Random::new(seed, u64::MAX - 20 - table as u64);
    let mut done = TableChanges::default();
    for before in table.rows(recipe, made_by, people).filter(|r| r.expected_held.is_none()) {
        if wanted == 0 {
            break;
        }
        if random.below(left) < wanted && touch(to, before.key()).await? {
            let mut after = before.clone();
            let kind = kinds.draw(&mut random, wanted);
            wanted -= 1;
            if kind == Some(0) {
                after.set("ngay_dung", recipe.body.change.day.to_string());
                after.set("ly_do_dung", recipe.body.change.errors.pick(&mut random));
                done.withdrawn += write(to, table, &before, &after).await?;
            } else {
                update(&mut after, table, recipe, &mut random);
                done.updated += write(to, table, &before, &after).await?;
            }
        }
        left -= 1;
    }
    Ok(done)
}

/// What changes in such a row in the field; always to something else than it was.
fn update(row: &mut Row, table: Table, recipe: &Recipe, random: &mut Random) {
    let day: Date = recipe.body.change.day;
    match table {
        // House numbers above 999 do not occur in the first tables.
        Table::DoiTuong | Table::MaiTang | Table::TroGiupDotXuat | Table::HoSo | Table::BuocXuLy => {
            row.set("dia_chi", format!("Số {}, {}", random.between(1000, 1999), recipe.name()));
        }
        // A bill that came late.
        Table::ChamSocKhanCap => {
            let sum = row.get("so_tien").and_then(|s| s.parse().ok()).unwrap_or(0_u64);
            row.set("so_tien", (sum + recipe.body.cham_soc_khan_cap.per_day).to_string());
        }
        Table::CoSoTroGiup => {
            row.set("ngay_ra", day.to_string());
            row.set("ly_do_ra", recipe.body.co_so_tro_giup.left.pick(random));
        }
        // A result comes in or is taken back; the amount never changes.
        Table::ChiTra => {
            let section = &recipe.body.chi_tra;
            if row.get("ket_qua_chi") == Some(&*section.paid) {
                let account = row.get("hinh_thuc_chi_tra") == Some(ACCOUNT);
                row.set("ket_qua_chi", if account { &*section.returned } else { &*section.waiting });
                row.clear("ngay_chi");
            } else {
                row.set("ket_qua_chi", section.paid.as_str());
                row.set("ngay_chi", day.to_string());
            }
        }
        Table::ChucTho => row.set("ngay_trao", day.to_string()),
    }
}
