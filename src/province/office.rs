//! The local one-stop office: takes in what the gateway handed over, gives each application a number of its own and works
//! on it step by step, in the tables of dossiers and steps that the gateway reads.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, QueryBuilder, Row as _, Sqlite};

use super::dossiers::{Stage, hours};
use super::error::ProvinceError;
use super::random::Random;
use super::recipe::Recipe;
use super::sqlite::Insert;
use super::table::{Row, Table};

/// What is handed over: a row a version.
pub const RECEIVED: &str = "tiep_nhan";
/// The office's own numbers.
pub const NUMBERS: &str = "so_mot_cua";
/// Markers of what was handed over.
pub const MARKERS: &str = "ban_giao_ho_so";

/// The lane of the generator.
const LANE: u64 = u64::MAX - 70;
/// Of ten dossiers, the one whose clerk writes two days at once, and the one whose clerk forgets a step.
const HASTY: u64 = 3;
const FORGETFUL: u64 = 4;
/// Stands for the steps of a dossier that the citizen took back: it has no next one.
const TAKEN_BACK: i64 = 1_000;
/// How many dossiers are worked on at once.
const CHUNK: i64 = 500;

/// What an office did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Worked {
    /// Applications taken in.
    pub taken: u64,
    /// Corrections of such that were taken in before.
    pub corrected: u64,
    /// Steps written.
    pub steps: u64,
}

/// Makes the tables of the office in a province's database; `columns` are those of the record that is handed over.
pub async fn open_office(path: &Path, columns: &[String]) -> Result<(), ProvinceError> {
    let mut to = connect(path).await?;
    let named: Vec<String> = columns.iter().map(|c| format!("\"{c}\" text")).collect();
    let named = named.join(", ");
    let statements = [
        format!("create table {RECEIVED} ({named}, phien_ban integer not null, primary key (ma_ho_so, phien_ban))"),
        format!("create table {MARKERS} (ban_giao text primary key, luc text not null)"),
        format!(
            "create table {NUMBERS} (ma_ho_so text primary key, so_tiep_nhan text not null, phien_ban integer not null, buoc integer not null)"
        ),
    ];
    for statement in statements {
        QueryBuilder::<Sqlite>::new(statement).build().execute(&mut to).await.map_err(failed(path))?;
    }
    to.close().await.map_err(failed(path))
}

/// A day's work: new applications are taken in, corrections noted, and every running dossier takes its next step.
pub async fn office_works(path: &Path, recipe: &Recipe, seed: u64) -> Result<Worked, ProvinceError> {
    let mut to = connect(path).await?;
    let mut work = to.begin_with("begin immediate").await.map_err(failed(path))?;
    let office = Office { recipe, seed };
    let worked = office.day(&mut work).await.map_err(failed(path))?;
    work.commit().await.map_err(failed(path))?;
    to.close().await.map_err(failed(path))?;
    Ok(worked)
}

fn text(at: DateTime) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

async fn connect(path: &Path) -> Result<SqliteConnection, ProvinceError> {
    let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    options.connect().await.map_err(failed(path))
}

fn failed(path: &Path) -> impl Fn(sqlx::Error) -> ProvinceError {
    move |source| ProvinceError::Database { place: path.display().to_string(), source }
}

struct Office<'r> {
    recipe: &'r Recipe,
    seed: u64,
}

/// A dossier of the office: its number, version, steps so far, and what was handed over.
struct Open {
    number: String,
    version: i64,
    steps: i64,
    columns: BTreeMap<String, Option<String>>,
}

const OPEN: &str = "select t.*, coalesce(n.buoc, 0) as buoc_da_lam, coalesce(n.phien_ban, 0) as phien_ban_da_nhan \
    from tiep_nhan t left join so_mot_cua n on n.ma_ho_so = t.ma_ho_so \
    where t.ma_ho_so > ? and t.phien_ban = (select max(o.phien_ban) from tiep_nhan o where o.ma_ho_so = t.ma_ho_so) \
    order by t.ma_ho_so limit ?";

impl Office<'_> {
    async fn day(&self, to: &mut SqliteConnection) -> Result<Worked, sqlx::Error> {
        let (mut worked, mut after) = (Worked::default(), String::new());
        loop {
            let rows = sqlx::query(OPEN).bind(&after).bind(CHUNK).fetch_all(&mut *to).await?;
            let Some(last) = rows.last() else { return Ok(worked) };
            after = last.try_get("ma_ho_so")?;
            for row in &rows {
                let mut columns = BTreeMap::new();
                for column in Table::HoSo.columns() {
                    if let Ok(text) = row.try_get::<Option<String>, _>(column) {
                        columns.insert(column.to_owned(), text);
                    }
                }
                let (number, version) = (row.try_get("ma_ho_so")?, row.try_get("phien_ban")?);
                let open = Open { number, version, steps: row.try_get("buoc_da_lam")?, columns };
                self.one(to, open, row.try_get("phien_ban_da_nhan")?, &mut worked).await?;
            }
        }
    }

    async fn one(
        &self,
        to: &mut SqliteConnection,
        open: Open,
        known: i64,
        worked: &mut Worked,
    ) -> Result<(), sqlx::Error> {
        let withdrawn = open
            .columns
            .get("trang_thai")
            .and_then(Option::as_deref)
            .is_some_and(|word| word == self.recipe.body.don.taken_back);
        if open.steps == 0 {
            self.take_in(to, &open).await?;
            worked.taken += 1;
        } else if known < open.version {
            let mut set = QueryBuilder::<Sqlite>::new("update ho_so set so_dien_thoai = ");
            let text = |column: &str| open.columns.get(column).cloned().flatten();
            set.push_bind(text("so_dien_thoai")).push(", email = ").push_bind(text("email"));
            set.push(" where ma_ho_so = ").push_bind(&open.number).build().execute(&mut *to).await?;
            worked.corrected += 1;
        }
        let path = self.path(&open, withdrawn);
        let mut steps = open.steps;
        // The first day has two: filed, and looked at. Some clerks write two days at once, the later one first.
        let hasty = self.own_number(&open.number) % 10 == HASTY;
        let due = if steps == 0 || (hasty && steps == 3) { 2 } else { 1 };
        let mut today: Vec<usize> = (0..due).filter_map(|more| usize::try_from(steps + more).ok()).collect();
        today.retain(|at| *at < path.len());
        if hasty {
            today.reverse();
        }
        for at in &today {
            self.step(
                to,
                &open,
                &path,
                *at,
                *at + 1 == path.len().min(usize::try_from(steps).unwrap_or(0) + today.len()),
            )
            .await?;
        }
        if self.own_number(&open.number) % 10 == FORGETFUL && steps == 3 {
            self.forgotten(to, &open).await?;
            worked.steps += 1;
        }
        let ended = today.iter().any(|at| path[*at] == Stage::Withdrawn);
        steps = if ended { TAKEN_BACK } else { steps + i64::try_from(today.len()).unwrap_or(0) };
        worked.steps += today.len() as u64;
        let own = format!("{:05}/TN-2023", self.own_number(&open.number) % 100_000);
        sqlx::query(
            "insert into so_mot_cua values (?, ?, ?, ?) on conflict (ma_ho_so) do update set phien_ban = excluded.phien_ban, buoc = excluded.buoc",
        )
        .bind(&open.number)
        .bind(own)
        .bind(open.version)
        .bind(steps)
        .execute(to)
        .await?;
        Ok(())
    }

    fn own_number(&self, number: &str) -> u64 {
        Random::new(self.seed, LANE ^ xxhash_rust::xxh3::xxh3_64(number.as_bytes())).next()
    }

    /// How this dossier goes; it depends on the number only, so that every day knows it.
    fn path(&self, open: &Open, withdrawn: bool) -> Vec<Stage> {
        use Stage::{Done, Halted, New, Papers, Received, Returned, Withdrawn, Working};
        let usual: &[Stage] = match self.own_number(&open.number) % 10 {
            0 => &[New, Received, Working, Papers, Working, Done, Returned],
            2 => &[New, Received, Working, Halted],
            _ => &[New, Received, Working, Done, Returned],
        };
        let done = usize::try_from(open.steps).unwrap_or(0).clamp(2, usual.len());
        if withdrawn && !usual[..done].last().is_some_and(|last| last.is_over()) {
            let mut path = usual[..done].to_vec();
            path.push(Withdrawn);
            return path;
        }
        usual.to_vec()
    }

    fn word(&self, stage: Stage) -> &str {
        self.recipe.body.ho_so.words.get(&stage).map_or("", String::as_str)
    }

    fn filed(open: &Open) -> Option<DateTime> {
        let text = open.columns.get("ngay_nop").cloned().flatten()?;
        text.replace(' ', "T").parse().ok()
    }

    /// When a step was: after the one before, on working days.
    fn time(&self, open: &Open, at: usize) -> DateTime {
        let filed = Self::filed(open)
            .unwrap_or_else(|| self.recipe.body.province.as_of.to_datetime(jiff::civil::Time::midnight()));
        if at == 0 {
            return filed;
        }
        let day = hours::later(filed.date(), at, &self.recipe.body.ho_so.holidays);
        let mut random = Random::new(self.seed, LANE ^ self.own_number(&open.number) ^ at as u64);
        hours::at(day, at.min(7), &mut random)
    }

    async fn take_in(&self, to: &mut SqliteConnection, open: &Open) -> Result<(), sqlx::Error> {
        let mut row = Row::new(Table::HoSo);
        for column in Table::HoSo.columns() {
            row.put(column, open.columns.get(column).cloned().flatten());
        }
        row.set("trang_thai_dau", self.word(Stage::New));
        row.set("trang_thai", self.word(Stage::New));
        Insert::new(Table::HoSo).rows(to, &[row]).await
    }

    /// A step that nobody had written down: it is a minute after the second one, and turns up days later.
    async fn forgotten(&self, to: &mut SqliteConnection, open: &Open) -> Result<(), sqlx::Error> {
        let row = self.row(open, "x", self.time(open, 1).saturating_add(1.minutes()), Stage::Working);
        Insert::new(Table::BuocXuLy).rows(to, &[row]).await
    }

    fn row(&self, open: &Open, key: &str, when: DateTime, stage: Stage) -> Row {
        let mut row = Row::new(Table::BuocXuLy);
        row.set("ma_buoc", format!("{}/{key}", open.number));
        row.set("ma_ho_so", open.number.as_str());
        row.set("tai_khoan", "cb.motcua");
        row.set("nguoi_xu_ly", "Bộ phận Một cửa");
        row.set("chuc_danh", "Công chức");
        row.set("thoi_diem", text(when));
        row.put("don_vi", open.columns.get("don_vi").cloned().flatten());
        row.set("trang_thai", self.word(stage));
        row.set("noi_dung", self.word(stage));
        row
    }

    /// Writes a step; where it is the last so far, the dossier has its status.
    async fn step(
        &self,
        to: &mut SqliteConnection,
        open: &Open,
        path: &[Stage],
        at: usize,
        last: bool,
    ) -> Result<(), sqlx::Error> {
        let (when, stage) = (self.time(open, at), path[at]);
        let mut row = self.row(open, &(at + 1).to_string(), when, stage);
        row.set("ngay_bat_dau", text(self.time(open, at.saturating_sub(1))));
        Insert::new(Table::BuocXuLy).rows(to, &[row]).await?;
        let mut set = QueryBuilder::<Sqlite>::new("update ho_so set trang_thai = ");
        if last {
            set.push_bind(self.word(stage));
        } else {
            set.push("trang_thai");
        }
        if path[..=at].iter().filter(|stage| **stage != Stage::New).count() == 1 {
            let due = hours::later(when.date(), self.recipe.body.ho_so.deadline, &self.recipe.body.ho_so.holidays);
            let due = due.to_datetime(jiff::civil::Time::midnight()).saturating_add(17.hours());
            set.push(", ngay_tiep_nhan = ").push_bind(text(when)).push(", ngay_hen_tra = ").push_bind(text(due));
        }
        for (stages, column) in [
            (&[Stage::Done, Stage::Refused, Stage::Withdrawn, Stage::Halted][..], "ngay_ket_thuc"),
            (&[Stage::Returned][..], "ngay_tra"),
            (&[Stage::Refused][..], "ngay_tu_choi"),
            (&[Stage::Papers][..], "ngay_yeu_cau_bo_sung"),
        ] {
            if stages.contains(&stage) {
                set.push(format!(", {column} = ")).push_bind(text(when));
            }
        }
        set.push(" where ma_ho_so = ").push_bind(&open.number).build().execute(to).await?;
        Ok(())
    }
}

/// The office's word for how each of its dossiers stands, by number.
pub async fn office_statuses(path: &Path) -> Result<Vec<(String, String)>, ProvinceError> {
    let mut from = connect(path).await?;
    let all = sqlx::query_as(
        "select h.ma_ho_so, h.trang_thai from ho_so h join so_mot_cua n on n.ma_ho_so = h.ma_ho_so order by h.ma_ho_so",
    );
    let all = all.fetch_all(&mut from).await.map_err(failed(path))?;
    from.close().await.map_err(failed(path))?;
    Ok(all)
}
