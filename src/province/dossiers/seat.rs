//! Who applies for what, and when each step was taken.

use jiff::civil::{Date, DateTime};

use super::super::identity;
use super::super::people::{day, days, invent, later};
use super::super::person::{Field, Person};
use super::super::plan::{Plan, Wish};
use super::super::programmes::{self, Deal, Harm, Harming};
use super::super::random::Random;
use super::super::recipe::Recipe;
use super::super::table::{Row, Table};
use super::hours;
use super::recipe::Stage;

/// Where the random choices of the dossiers begin: beside those of people and payments.
const LANES: u64 = 3 << 61;

/// The applicant's columns: those of the table, with what stands in them.
pub(super) type Applicant = Vec<(&'static str, Option<String>)>;

/// A dossier as it is decided, before it is written.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    /// The running number behind the date.
    pub running: u64,
    pub commune: usize,
    pub procedure: String,
    pub subject: String,
    pub applicant: Applicant,
    pub telephone: String,
    pub decision: Option<String>,
    pub decided: Option<Date>,
    pub handlers: [String; 2],
    pub title: String,
    pub stages: Vec<Stage>,
    pub times: Vec<DateTime>,
    pub harm: Option<Harm>,
}

impl Seat {
    pub fn is_running(&self) -> bool {
        self.stages.last().is_some_and(|last| !last.is_over())
    }
}

/// All dossiers: those of the funerals, then those of the allowances.
pub(super) fn seats(recipe: &Recipe, seed: u64, people: u64) -> impl Iterator<Item = Seat> + Send {
    let [funerals, allowances] = super::counts(recipe, people);
    let (first, rest): (u64, u64) = (funerals.iter().sum(), allowances.iter().sum());
    let mut plan = Planned {
        random: Random::new(seed, programmes::lane(Table::HoSo)),
        harming: Harming::new(&recipe.body.ho_so.held, recipe, people),
        left: first + rest,
    };
    let mut paths = Deal::new(funerals);
    let mut number = 0;
    let dead = programmes::rows(Table::MaiTang, recipe, seed, people).map(move |row| {
        number += 1;
        (number - 1, row)
    });
    let (mut left, mut wanted, mut owed, mut given) = (people, rest, 0, 0);
    let mut draw = Random::new(seed, programmes::lane(Table::BuocXuLy));
    let mut other = Deal::new(allowances);
    // Selection sampling among everybody who draws; the place of somebody whose row is damaged goes to the next one.
    let drawing = Plan::new(recipe, seed, people).filter_map(move |wish| {
        if draw.below(left) < wanted {
            wanted -= 1;
            owed += 1;
        }
        left -= 1;
        let taken = owed > 0 && wish.damage.is_none();
        owed -= u64::from(taken);
        given += u64::from(taken);
        taken.then_some((given - u64::from(taken), wish))
    });
    let mut paths_left = first;
    let mut others_left = rest;
    let start: Box<dyn Iterator<Item = Source> + Send + '_> = Box::new(
        dead.map(|(n, row)| Source::Funeral(n, Box::new(row))).chain(drawing.map(|(n, w)| Source::Allowance(n, w))),
    );
    start.filter_map(move |source| {
        let (dealt, remaining) = if matches!(source, Source::Funeral(..)) {
            (&mut paths, &mut paths_left)
        } else {
            (&mut other, &mut others_left)
        };
        let path = &recipe.body.ho_so.path[dealt.draw(&mut plan.random, *remaining)?];
        *remaining -= 1;
        let fits = |harm| harm != Harm::StepBack || (path.is_running() && path.steps.len() > 1);
        let harm = plan.harming.draw(&mut plan.random, plan.left, fits);
        plan.left -= 1;
        Some(match source {
            Source::Funeral(n, row) => funeral(recipe, seed, n, &row, &path.steps, harm),
            Source::Allowance(n, wish) => {
                let running = path.is_running();
                allowance(recipe, seed, (n, wish), &path.steps, harm, |random| filed(recipe, running, random))
            }
        })
    })
}

struct Planned {
    random: Random,
    harming: Harming,
    left: u64,
}

enum Source {
    Funeral(u64, Box<Row>),
    Allowance(u64, Wish),
}

/// First and last day of an allowance's dossier: a running one is recent.
fn filed(recipe: &Recipe, running: bool, random: &mut Random) -> [Date; 2] {
    let [first, last] = recipe.body.ho_so.days;
    if running {
        let start = later(last, -random.between(2, 9));
        return [start, later(start, random.between(1, 6)).min(last)];
    }
    let start = later(first, random.between(0, days(first, last).max(0)));
    [start, later(start, random.between(5, 14)).min(recipe.body.change.day)]
}

/// Whoever buried applies; the result is the decision that the row of the funeral has.
fn funeral(recipe: &Recipe, seed: u64, n: u64, row: &Row, stages: &[Stage], harm: Option<Harm>) -> Seat {
    let section = &recipe.body.ho_so;
    let mut random = Random::new(seed, LANES + 2 * n);
    let get = |column: &str| row.get(column).map(str::to_owned);
    let read = |column: &str| row.get(column).and_then(|d| d.parse::<Date>().ok());
    let decided = read("ngay_quyet_dinh").unwrap_or(recipe.body.province.as_of);
    let close = |died: &Date| *died < decided && days(*died, decided) < 60;
    let start = later(read("ngay_mat").filter(close).unwrap_or(later(decided, -3)), 1);
    let paper = get("giay_to_nguoi_mai_tang").unwrap_or_default();
    let digit = |at: usize| paper.get(at..=at).and_then(|d| d.parse::<i16>().ok()).unwrap_or(0);
    let born = Date::new(1900 + 100 * (digit(3) / 2) + 10 * digit(4) + digit(5), 1, 1).unwrap_or(decided);
    let born = later(born, random.between(0, 364));
    let words = &recipe.body.words;
    let sex = if digit(3) % 2 == 1 { &words.female } else { &words.male };
    let applicant = vec![
        ("ho_ten", get("nguoi_mai_tang")),
        ("ngay_sinh", Some(day(born))),
        ("gioi_tinh", Some(sex.clone())),
        ("dan_toc", words.ethnic.words().first().cloned()),
        ("so_giay_to", Some(paper)),
        ("loai_giay_to", Some("CCCD".to_owned())),
        ("ma_tinh", get("ma_tinh")),
        ("ma_huyen", get("ma_huyen")),
        ("ma_xa", get("ma_xa")),
        ("noht_chi_tiet", get("dia_chi")),
    ];
    let code = row.get("ma_xa").unwrap_or_default();
    let commune = recipe.communes.iter().position(|c| c.code == code).unwrap_or(0);
    let times = hours::spread(start, decided, stages.len(), &section.holidays, &mut random);
    let what = (section.funeral.clone(), "Hỗ trợ chi phí mai táng".to_owned());
    let result = (get("so_quyet_dinh"), Some(decided));
    seat(recipe, random, 2 * n, commune, what, applicant, result, (stages, times), harm)
}

/// Somebody who draws applies.
pub(super) fn allowance(
    recipe: &Recipe,
    seed: u64,
    (n, wish): (u64, Wish),
    stages: &[Stage],
    harm: Option<Harm>,
    when: impl FnOnce(&mut Random) -> [Date; 2],
) -> Seat {
    let section = &recipe.body.ho_so;
    let mut random = Random::new(seed, LANES + 2 * n + 1);
    let person = invent(recipe, seed, wish);
    let [from, to] = when(&mut random);
    let times = hours::spread(from, to, stages.len(), &section.holidays, &mut random);
    let what = (section.allowance.clone(), "Trợ cấp xã hội hàng tháng".to_owned());
    let number = format!("{}/QĐ-UBND", random.between(5000, 9999));
    seat(recipe, random, 2 * n + 1, wish.commune, what, who(&person), (Some(number), None), (stages, times), harm)
}

fn who(person: &Person) -> Applicant {
    [
        ("ho_ten", Field::HoTen),
        ("ngay_sinh", Field::NgaySinh),
        ("gioi_tinh", Field::GioiTinh),
        ("dan_toc", Field::DanToc),
        ("so_giay_to", Field::SoGiayTo),
        ("loai_giay_to", Field::LoaiGiayTo),
        ("ma_tinh", Field::MaTinh),
        ("ma_huyen", Field::MaHuyen),
        ("ma_xa", Field::MaXa),
        ("noht_chi_tiet", Field::DiaChi),
    ]
    .map(|(column, field)| (column, person.get(field).map(str::to_owned)))
    .into()
}

#[expect(clippy::too_many_arguments, reason = "what the two kinds of dossier have decided before; used here only")]
fn seat(
    recipe: &Recipe,
    mut random: Random,
    running: u64,
    commune: usize,
    (procedure, subject): (String, String),
    applicant: Applicant,
    (decision, decided): (Option<String>, Option<Date>),
    (stages, times): (&[Stage], Vec<DateTime>),
    harm: Option<Harm>,
) -> Seat {
    let section = &recipe.body.ho_so;
    let handlers = [false, true].map(|female| identity::name(&recipe.body.names, female, &mut random));
    let title = section.titles.pick(&mut random).to_owned();
    let telephone = format!("09{:08}", random.below(100_000_000));
    let mut seat = Seat {
        running: running % 100_000,
        commune,
        procedure,
        subject,
        applicant,
        telephone,
        decision,
        decided,
        handlers,
        title,
        stages: stages.to_vec(),
        times,
        harm,
    };
    match harm {
        Some(Harm::UnknownCode) => section.unknown.pick(&mut random).clone_into(&mut seat.procedure),
        Some(Harm::BadTelephone) => section.telephones.pick(&mut random).clone_into(&mut seat.telephone),
        Some(Harm::MissingName) => {
            seat.applicant.iter_mut().filter(|(column, _)| *column == "ho_ten").for_each(|(_, name)| *name = None);
        }
        _ => {}
    }
    seat
}
