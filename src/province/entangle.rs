//! Entangles a few people of a database of [`super::write_sqlite`], each in one of the ways that a comparison has a word
//! for: twice in the lists, dead on paper and paid all the same, a dossier that went back. Others are only chosen, and
//! left for the nation's side to be made different.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::change::{Mark, read_mark, touch, write};
use super::dossiers::Stage;
use super::error::ProvinceError;
use super::people::{key, people};
use super::person::{Field, Person};
use super::recipe::Recipe;
use super::sqlite::Insert;
use super::table::Table;

/// Running numbers of those who are there twice begin here in every district, above those of all others.
const TWIN_SERIAL: u64 = 990_000;
/// So many people are chosen for the nation's side.
const CHOSEN: usize = 40;

/// The communes of 2020 that were split in 2025 (national-systems, section 4),
/// each with one that took a part of it.
const SPLIT: [(&str, &str); 3] = [("29995", "29992"), ("30079", "30025"), ("30157", "30130")];

/// Who was entangled, by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entangled {
    /// Another record of somebody, without a number.
    pub alike: String,
    /// Another record under somebody's number.
    pub twice: String,
    /// Two people with one account.
    pub one_account: [String; 2],
    /// Stopped from before the month that was paid.
    pub ended: String,
    /// The dossier that went back.
    pub back: String,
    /// Who is to move ([`move_sqlite`]), so that something goes out that the nation refuses.
    pub refused: String,
    /// The same, whose outcome stays unknown.
    pub unclear: Vec<String>,
    /// Unchanged here: for the nation's side.
    pub chosen: Vec<String>,
    /// The same, in a commune that was split.
    pub split: String,
    /// A commune of 2025 that took a part of that one.
    pub part: String,
}

/// Entangles them; the same people for the same database. Only rows are taken that may be sent and that no change touched.
pub async fn entangle_sqlite(path: &Path, recipe: &Recipe) -> Result<Entangled, ProvinceError> {
    let failed = |source| ProvinceError::Database { place: path.display().to_string(), source };
    let odd = |found: &str| ProvinceError::NotOurs { place: path.to_owned(), found: found.to_owned() };
    let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    let mut to = options.connect().await.map_err(failed)?;
    let mut work = to.begin_with("begin immediate").await.map_err(failed)?;
    let Some(mark) = read_mark(&mut work).await.map_err(failed)?.filter(|m| m.recipe == recipe.fingerprint) else {
        return Err(odd("it has no mark of this program"));
    };
    let done = entangle(&mut work, recipe, &mark).await.map_err(failed)?;
    work.commit().await.map_err(failed)?;
    to.close().await.map_err(failed)?;
    done.ok_or_else(|| odd("too few people"))
}

/// These people move; how many did. House numbers above 1999 do not occur otherwise.
pub async fn move_sqlite(path: &Path, keys: &[String]) -> Result<u64, ProvinceError> {
    let failed = |source| ProvinceError::Database { place: path.display().to_string(), source };
    let mut to =
        SqliteConnectOptions::new().filename(path).disable_statement_logging().connect().await.map_err(failed)?;
    let mut moved = 0;
    for key in keys {
        let update =
            sqlx::query("update doi_tuong set dia_chi = 'Số 2000, ' || coalesce(thon_to, '') where ma_ho_so = ?");
        moved += update.bind(key).execute(&mut to).await.map_err(failed)?.rows_affected();
    }
    to.close().await.map_err(failed)?;
    Ok(moved)
}

/// `None` where there are too few people.
async fn entangle(to: &mut SqliteConnection, recipe: &Recipe, mark: &Mark) -> Result<Option<Entangled>, sqlx::Error> {
    let mut done = Entangled::default();
    let (mut payees, mut others) = (Vec::new(), Vec::new());
    // Whoever may be mistaken for somebody has a whole birth date and a number of their own.
    let plain = |p: &Person| p.damage.is_none() && p.get(Field::LoaiGiayTo) == Some("CCCD") && is_day(p);
    for person in people(recipe, mark.seed, mark.rows).filter(plain) {
        let part = SPLIT.iter().find(|(old, _)| person.get(Field::MaXa) == Some(old)).map(|(_, part)| *part);
        let split = part.is_some();
        let wanted =
            others.len() < CHOSEN + 8 || (split && done.split.is_empty()) || (payees.len() < 2 && pays_alone(&person));
        if !wanted || !touch(to, person.get(Field::MaHoSo)).await? {
            continue;
        }
        if payees.len() < 2 && pays_alone(&person) {
            payees.push(person);
        } else if split && done.split.is_empty() {
            done.split = of(&person);
            part.unwrap_or_default().clone_into(&mut done.part);
        } else {
            others.push(person);
        }
        if payees.len() == 2 && !done.split.is_empty() && others.len() >= CHOSEN + 8 {
            break;
        }
    }
    let [first, second] = &payees[..] else { return Ok(None) };
    let mut others = others.into_iter();
    let (Some(alike), Some(twice), Some(ended), Some(refused)) =
        (others.next(), others.next(), others.next(), others.next())
    else {
        return Ok(None);
    };
    done.one_account = [of(first), of(second)];
    one_account(to, first, second.clone()).await?;
    done.alike = twin(to, recipe, alike, 0, |twin| {
        twin.set(Field::LoaiGiayTo, "KHONG");
        twin.clear(Field::SoGiayTo);
        twin.clear(Field::SoCu);
    })
    .await?;
    done.twice = twin(to, recipe, twice, 1, |_| {}).await?;
    done.ended = of(&ended);
    end(to, ended).await?;
    done.refused = of(&refused);
    done.unclear = others.by_ref().take(4).map(|person| of(&person)).collect();
    done.chosen = others.map(|person| of(&person)).collect();
    done.back = goes_back(to, recipe).await?;
    Ok(Some(done).filter(|done| !done.chosen.is_empty() && !done.back.is_empty()))
}

fn of(person: &Person) -> String {
    person.get(Field::MaHoSo).unwrap_or_default().to_owned()
}

fn is_day(person: &Person) -> bool {
    person.get(Field::NgaySinh).is_some_and(|born| born.len() == 10 && !born.starts_with("00"))
}

/// Draws by an account that nobody else receives for them.
fn pays_alone(person: &Person) -> bool {
    person.get(Field::HinhThucChiTra) == Some("Tài khoản") && person.get(Field::NguoiNhanThay).is_none()
}

/// The second one is paid to the account of the first.
async fn one_account(to: &mut SqliteConnection, first: &Person, mut second: Person) -> Result<(), sqlx::Error> {
    let before = second.clone();
    for field in [Field::SoTaiKhoan, Field::NganHang, Field::ChuTaiKhoan] {
        second.set(field, first.get(field).unwrap_or_default());
    }
    write(to, Table::DoiTuong, &before.into(), &second.into()).await.map(drop)
}

/// Another record of the same person; its key.
async fn twin(
    to: &mut SqliteConnection,
    recipe: &Recipe,
    mut person: Person,
    nth: u64,
    change: impl Fn(&mut Person),
) -> Result<String, sqlx::Error> {
    let commune = recipe.communes.iter().position(|c| person.get(Field::MaXa) == Some(&*c.code)).unwrap_or(0);
    let key = key(recipe, commune, TWIN_SERIAL + nth);
    person.set(Field::MaHoSo, key.clone());
    change(&mut person);
    Insert::new(Table::DoiTuong).rows(to, &[person.into()]).await?;
    Ok(key)
}

/// Stopped since a day before the month that was paid.
async fn end(to: &mut SqliteConnection, mut person: Person) -> Result<(), sqlx::Error> {
    let before = person.clone();
    let office = person.get(Field::CoQuanQuyetDinh).unwrap_or_default().to_owned();
    let said = [
        (Field::TrangThai, "Thôi hưởng"),
        (Field::LyDoDung, "a"),
        (Field::NgayDung, "20/11/2023"),
        (Field::DenThang, "11/2023"),
        (Field::SoQdDung, "9001/QĐ-UBND"),
        (Field::NgayQdDung, "22/11/2023"),
        (Field::CoQuanQdDung, office.as_str()),
    ];
    for (field, text) in said {
        person.set(field, text);
    }
    write(to, Table::DoiTuong, &before.into(), &person.into()).await.map(drop)
}

/// A dossier whose result was returned is being worked on again; its number, empty where there is none.
async fn goes_back(to: &mut SqliteConnection, recipe: &Recipe) -> Result<String, sqlx::Error> {
    let word = |stage: Stage| recipe.body.ho_so.words.get(&stage).map_or("", String::as_str);
    let over = "select ma_ho_so from ho_so where trang_thai = ? order by ma_ho_so limit 1";
    let over = sqlx::query(over).bind(word(Stage::Returned)).fetch_optional(&mut *to).await?;
    let Some(row) = over else { return Ok(String::new()) };
    let number: String = row.try_get(0)?;
    let again = sqlx::query("update ho_so set trang_thai = ? where ma_ho_so = ?");
    again.bind(word(Stage::Working)).bind(&number).execute(to).await?;
    Ok(number)
}
