//! Lets time pass in a database of [`super::write_sqlite`]: people move, open accounts, get new numbers; some are
//! new, some stop with a decision, a few rows just vanish; and a few rows of every programme change. No change
//! touches `cap_nhat_luc`, as in the field.

use std::path::Path;

use jiff::ToSpan;
use jiff::civil::Date;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Row, Sqlite};

use super::dossiers;
use super::error::ProvinceError;
use super::identity;
use super::people::{amount, day, invent, key, month, open_account, people};
use super::person::{Field, Person};
use super::plan::{Payment, Wish};
use super::programmes::{self, TableChanges};
use super::random::Random;
use super::recipe::Recipe;
use super::sqlite::Insert;
use super::table::{Row as Line, Table};

/// The kinds of update that a recipe may weigh.
pub(super) const KINDS: [&str; 5] = ["account", "address", "name", "number", "raise"];

/// The lane of the generator that changes.
const LANE: u64 = u64::MAX - 1;
/// Running numbers of new people begin here in every district, above those of the first table.
const NEW_SERIAL: u64 = 900_000;

/// What really happened, counted from the rows that the database changed; the four counts are of `doi_tuong`. Only rows that may be sent are touched,
/// each once, and never one that an earlier change touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    /// Rows with another content to send.
    pub updated: u64,
    /// New rows, all of them to be sent.
    pub added: u64,
    /// Rows that say stopped, with reason and decision.
    pub stopped: u64,
    /// Rows that are gone.
    pub vanished: u64,
    others: [TableChanges; Table::ALL.len()],
}

impl Changes {
    /// How many records of `doi_tuong` a correct gateway sends for it: all but those that vanished.
    pub fn sendable(&self) -> u64 {
        self.updated + self.added + self.stopped
    }

    /// What happened in the table of another programme; nothing for `doi_tuong`, whose counts are here.
    pub fn of(&self, table: Table) -> TableChanges {
        self.others[table as usize]
    }
}

/// Changes so many rows in 100,000 (1,000 is 1 %), the same for the same seed. From four changes on there is at
/// least one of each kind. Fewer are changed when there are not enough rows left that may be touched.
pub async fn change_sqlite(path: &Path, recipe: &Recipe, seed: u64, share: u32) -> Result<Changes, ProvinceError> {
    let failed = |source| ProvinceError::Database { place: path.display().to_string(), source };
    let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    let mut to = options.connect().await.map_err(failed)?;
    let mut work = to.begin_with("begin immediate").await.map_err(failed)?;
    let mark = read_mark(&mut work).await.map_err(failed)?;
    let mark = match mark {
        Some(mark) if mark.recipe == recipe.fingerprint => mark,
        Some(_) => {
            let found = "another recipe made it".to_owned();
            return Err(ProvinceError::NotOurs { place: path.to_owned(), found });
        }
        None => {
            let found = "it has no mark of this program".to_owned();
            return Err(ProvinceError::NotOurs { place: path.to_owned(), found });
        }
    };
    let mut change = Change { recipe, random: Random::new(seed, LANE), done: Changes::default() };
    change.run(&mut work, &mark, seed, share).await.map_err(failed)?;
    for table in Table::ALL {
        if matches!(table, Table::DoiTuong | Table::HoSo | Table::BuocXuLy) {
            continue;
        }
        let made = (mark.seed, mark.rows);
        let done = programmes::change(&mut work, table, recipe, made, seed, share).await.map_err(failed)?;
        change.done.others[table as usize] = done;
    }
    let dossiers = dossiers::change(&mut work, recipe, (mark.seed, mark.rows), seed, share).await.map_err(failed)?;
    for (table, done) in [Table::HoSo, Table::BuocXuLy].into_iter().zip(dossiers) {
        change.done.others[table as usize] = done;
    }
    work.commit().await.map_err(failed)?;
    to.close().await.map_err(failed)?;
    Ok(change.done)
}

/// How the table was made.
pub(super) struct Mark {
    pub recipe: String,
    pub seed: u64,
    pub rows: u64,
    clean: u64,
    next: u64,
}

pub(super) async fn read_mark(from: &mut SqliteConnection) -> Result<Option<Mark>, sqlx::Error> {
    let there: i64 = sqlx::query_scalar("select count(*) from sqlite_master where name = 'tinh_gia_lap'")
        .fetch_one(&mut *from)
        .await?;
    if there == 0 {
        return Ok(None);
    }
    let Some(row) = sqlx::query(
        "select recipe, seed, rows, next, clean from tinh_gia_lap, tinh_gia_lap_bang where bang = 'doi_tuong'",
    )
    .fetch_optional(from)
    .await?
    else {
        return Ok(None);
    };
    let number = |i: usize| row.try_get::<i64, _>(i).map(|n| u64::try_from(n).unwrap_or(0));
    let seed = row.try_get::<String, _>(1)?.parse().unwrap_or(0);
    Ok(Some(Mark { recipe: row.try_get(0)?, seed, rows: number(2)?, next: number(3)?, clean: number(4)? }))
}

struct Change<'a> {
    recipe: &'a Recipe,
    random: Random,
    done: Changes,
}

impl Change<'_> {
    async fn run(&mut self, to: &mut SqliteConnection, mark: &Mark, seed: u64, share: u32) -> Result<(), sqlx::Error> {
        let rows: i64 = sqlx::query_scalar("select count(*) from doi_tuong").fetch_one(&mut *to).await?;
        let wanted = (u64::try_from(rows).unwrap_or(0) * u64::from(share) + 50_000) / 100_000;
        let part = |share: u32| ((wanted * u64::from(share) + 50) / 100).max(u64::from(wanted >= 4 && share > 0));
        let shares = &self.recipe.body.change;
        let [added, mut stopped, mut vanished] = [part(shares.added), part(shares.stopped), part(shares.vanished)];
        let mut updated = wanted.saturating_sub(added + stopped + vanished);
        let mut left = mark.clean;
        for person in people(self.recipe, mark.seed, mark.rows).filter(|p| p.damage.is_none()) {
            let wanted = updated + stopped + vanished;
            if self.random.below(left) < wanted && touch(to, person.get(Field::MaHoSo)).await? {
                let at = self.random.below(wanted);
                if at < updated {
                    updated -= 1;
                    self.update(to, person).await?;
                } else if at < updated + stopped {
                    stopped -= 1;
                    self.stop(to, person).await?;
                } else {
                    vanished -= 1;
                    self.vanish(to, &person).await?;
                }
            }
            left -= 1;
        }
        self.add(to, mark, seed, added).await
    }

    /// A day in the month of the changes, before or on their day.
    fn recently(&mut self) -> Date {
        let last = self.recipe.body.change.day;
        let first = last.first_of_month().max(self.recipe.body.province.as_of);
        let back = self.random.between(0, i64::from(last.day() - first.day().min(last.day())));
        last.saturating_sub(back.days())
    }

    async fn add(&mut self, to: &mut SqliteConnection, mark: &Mark, seed: u64, wanted: u64) -> Result<(), sqlx::Error> {
        let total: u64 = self.recipe.communes.iter().map(|c| c.weight).sum();
        let mut insert = Insert::new(Table::DoiTuong);
        for index in mark.next..mark.next + wanted {
            let mut at = self.random.below(total);
            let commune = self.recipe.communes.iter().position(|c| {
                let here = at < c.weight;
                at = at.saturating_sub(c.weight);
                here
            });
            let payment = [Payment::Cash, Payment::CashWithAccount, Payment::Account];
            let payment = payment[usize::try_from(self.random.below(3)).unwrap_or(0)];
            let serial = NEW_SERIAL + index - mark.rows;
            let wish = Wish { index, commune: commune.unwrap_or(0), serial, payment, damage: None };
            let mut person = invent(self.recipe, seed, wish);
            let decided = self.recently();
            person.set(Field::NgayQuyetDinh, decided.to_string());
            person.set(Field::TuThang, month(decided));
            person.set(Field::CapNhatLuc, format!("{decided} 09:00:00"));
            debug_assert_eq!(person.get(Field::MaHoSo), Some(&*key(self.recipe, wish.commune, serial)));
            insert.rows(to, &[person.into()]).await?;
            self.done.added += 1;
        }
        let next = i64::try_from(mark.next + wanted).unwrap_or(i64::MAX);
        sqlx::query("update tinh_gia_lap set next = ?").bind(next).execute(to).await?;
        Ok(())
    }

    async fn vanish(&mut self, to: &mut SqliteConnection, person: &Person) -> Result<(), sqlx::Error> {
        let gone = sqlx::query("delete from doi_tuong where ma_ho_so = ?").bind(person.get(Field::MaHoSo));
        self.done.vanished += gone.execute(to).await?.rows_affected();
        Ok(())
    }

    async fn stop(&mut self, to: &mut SqliteConnection, mut person: Person) -> Result<(), sqlx::Error> {
        let before = person.clone();
        let ended = self.recently();
        let decided = ended.saturating_add(self.random.between(0, 3).days()).min(self.recipe.body.change.day);
        person.set(Field::TrangThai, "Thôi hưởng");
        person.set(Field::LyDoDung, self.recipe.body.change.reasons.pick(&mut self.random));
        person.set(Field::NgayDung, day(ended));
        person.set(Field::DenThang, month(ended));
        person.set(Field::SoQdDung, format!("{}/QĐ-UBND", self.random.between(5000, 9999)));
        person.set(Field::NgayQdDung, day(decided));
        let office = person.get(Field::CoQuanQuyetDinh).unwrap_or_default().to_owned();
        person.set(Field::CoQuanQdDung, office);
        self.done.stopped += write(to, Table::DoiTuong, &before.into(), &person.into()).await?;
        Ok(())
    }

    async fn update(&mut self, to: &mut SqliteConnection, mut person: Person) -> Result<(), sqlx::Error> {
        let before = person.clone();
        let nine = person.get(Field::LoaiGiayTo) == Some("CMND");
        // Few still have nine digits, and these are whom the new number is about.
        let kind = if nine && self.random.chance(50_000) {
            "number"
        } else {
            self.recipe.body.change.updates.pick(&mut self.random)
        };
        let changed = match kind {
            "account" => self.account(&mut person),
            "name" => self.name(&mut person),
            "number" => self.number(&mut person),
            "raise" => self.raise(&mut person),
            _ => false,
        };
        if !changed {
            self.address(&mut person);
        }
        self.done.updated += write(to, Table::DoiTuong, &before.into(), &person.into()).await?;
        Ok(())
    }

    fn account(&mut self, person: &mut Person) -> bool {
        if person.get(Field::HinhThucChiTra) == Some("Tài khoản") {
            return false;
        }
        if person.get(Field::SoTaiKhoan).is_none() {
            open_account(self.recipe, &mut self.random, person);
        }
        person.set(Field::HinhThucChiTra, "Tài khoản");
        true
    }

    fn female(&self, person: &Person) -> bool {
        let sex = person.get(Field::GioiTinh);
        sex == Some("2") || sex == Some(&*self.recipe.body.words.female)
    }

    /// House numbers above 999 do not occur in the first table.
    fn address(&mut self, person: &mut Person) {
        let hamlet = person.get(Field::ThonTo).unwrap_or_default().to_owned();
        person.set(Field::DiaChi, format!("Số {}, {hamlet}", self.random.between(1000, 1999)));
    }

    /// Another last word, whatever the spelling of the name was.
    fn name(&mut self, person: &mut Person) -> bool {
        let female = self.female(person);
        let old = person.get(Field::HoTen).unwrap_or_default().to_lowercase();
        (0..8).any(|_| {
            let name = identity::name(&self.recipe.body.names, female, &mut self.random);
            let same = identity::decomposed(&name.to_lowercase()) == identity::decomposed(old.trim());
            if !same {
                person.set(Field::HoTen, name);
            }
            !same
        })
    }

    /// Nine digits become twelve and stay noted; who had no paper has one now.
    fn number(&mut self, person: &mut Person) -> bool {
        let old = person.get(Field::SoGiayTo).map(str::to_owned);
        let nine = person.get(Field::LoaiGiayTo) == Some("CMND");
        if old.is_some() && !nine {
            return false;
        }
        let Some(year) = person.get(Field::NgaySinh).and_then(year) else { return false };
        let female = self.female(person);
        let own = identity::long_number(&self.recipe.body.identity, person.index, female, year, &mut self.random);
        person.set(Field::LoaiGiayTo, "CCCD");
        person.set(Field::SoGiayTo, own);
        if let Some(old) = old {
            person.set(Field::SoCu, old);
        }
        true
    }

    /// The disability worsened: a new decision with a higher coefficient and the right amount.
    fn raise(&mut self, person: &mut Person) -> bool {
        let from = self.recipe.body.group.iter().find(|g| {
            person.get(Field::Nhom) == Some(&*g.code)
                && person.get(Field::MucDoKt).unwrap_or_default() == g.disability
                && person.get(Field::HeSo) == Some(&*format!("{:.1}", g.coefficient))
        });
        let Some(raised) = from.and_then(|g| g.raised.as_ref()) else { return false };
        let decided = self.recently();
        person.set(Field::HeSo, format!("{:.1}", raised.coefficient));
        person.set(Field::MucHuong, amount(raised.coefficient, self.recipe.body.policy.rate).to_string());
        person.set(Field::MucDoKt, raised.disability.as_str());
        person.set(Field::SoQuyetDinh, format!("{}/QĐ-UBND", self.random.between(5000, 9999)));
        person.set(Field::NgayQuyetDinh, decided.to_string());
        person.set(Field::TuThang, month(decided));
        true
    }
}

/// The year at the end or, of `yyyy-MM-dd`, at the beginning.
pub(super) fn year(birth: &str) -> Option<i16> {
    let year = if birth.as_bytes().get(4) == Some(&b'-') { birth.get(..4) } else { birth.get(birth.len() - 4..) };
    year?.parse().ok()
}

/// Notes that the row of this key is taken; false when it was taken before.
pub(super) async fn touch(to: &mut SqliteConnection, key: Option<&str>) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query("insert or ignore into tinh_gia_lap_da_sua values (?)").bind(key);
    Ok(taken.execute(to).await?.rows_affected() == 1)
}

/// Writes the columns that differ; the number of rows that the database changed.
pub(super) async fn write(
    to: &mut SqliteConnection,
    table: Table,
    before: &Line,
    after: &Line,
) -> Result<u64, sqlx::Error> {
    let mut update = QueryBuilder::<Sqlite>::new(format!("update {} set ", table.name()));
    let mut set = update.separated(", ");
    for (i, name) in table.columns().enumerate().filter(|(i, _)| before.cells[*i] != after.cells[*i]) {
        set.push(name).push_unseparated(" = ").push_bind_unseparated(after.cells[i].as_deref());
    }
    update.push(" where ma_ho_so = ").push_bind(before.key());
    Ok(update.build().execute(to).await?.rows_affected())
}
