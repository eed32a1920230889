//! `chi_tra`: the payment list of one period, a row for everybody of `doi_tuong`. It is printed from the same records,
//! so what is wrong with a person there is wrong here too, where the list has the column.

use jiff::ToSpan as _;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::people::{amount, days, invent, later, month};
use super::super::person::{Field, Person};
use super::super::plan::{Payment, Plan, Wish};
use super::super::random::Random;
use super::super::recipe::Recipe;
use super::super::shares::Damage;
use super::super::table::{Row, Table};
use super::harm::Harm;
use super::lots::{Deal, Harming, lane};
use super::sheet::{ACCOUNT, copy_person};

/// Where the random choices of the list begin: beside those of the people themselves.
const LANES: u64 = 1 << 62;

pub(super) fn rows(recipe: &Recipe, seed: u64, people: u64) -> impl Iterator<Item = Row> + Send {
    let section = &recipe.body.chi_tra;
    let mut random = Random::new(seed, lane(Table::ChiTra));
    let mut arrears = Deal::new(vec![recipe.scaled(section.arrears, people)]);
    let mut harming = Harming::new(&section.held, recipe, people);
    Plan::new(recipe, seed, people).map(move |wish| {
        let left = people - wish.index;
        let late = arrears.draw(&mut random, left).is_some();
        let harm = harming.draw(&mut random, left, |harm| fits(harm, &wish, late));
        row(recipe, seed, wish, late, harm)
    })
}

/// A row has one damage: its person's, or one of its own.
fn fits(harm: Harm, wish: &Wish, late: bool) -> bool {
    wish.damage.is_none()
        && match harm {
            Harm::NoAccount => wish.payment == Payment::Account,
            Harm::HalfArrears | Harm::NegativeMoney => late,
            _ => true,
        }
}

/// What a person's damage means here; `None` where the list does not show it.
fn inherited(damage: Damage) -> Option<&'static str> {
    match damage {
        // The list has no ethnic group, and pays what the decision says.
        Damage::UnknownEthnic | Damage::WrongAmount => None,
        // The row has a number of its own; whom it pays is missing.
        Damage::NoKey => Some("missing"),
        other => Some(other.held_for()),
    }
}

fn row(recipe: &Recipe, seed: u64, wish: Wish, late: bool, harm: Option<Harm>) -> Row {
    let body = &recipe.body;
    let section = &body.chi_tra;
    let mut random = Random::new(seed, LANES + wish.index);
    let person = invent(recipe, seed, wish);
    let mut row = Row::new(Table::ChiTra);
    row.expected_held = wish.damage.and_then(inherited);
    let period = format!("{:04}{:02}", section.period.year(), section.period.month());
    let district = &body.district[recipe.communes[wish.commune].district].code;
    row.set("ma_ho_so", format!("CT-{period}-{district}-{:06}", wish.serial));
    copy_person(&mut row, &person);
    row.set("ky", period);
    row.put("ma_ho_so_doi_tuong", person.get(Field::MaHoSo).filter(|key| !key.is_empty()).map(str::to_owned));
    let coefficient: Decimal = person.get(Field::HeSo).and_then(|h| h.parse().ok()).unwrap_or_default();
    let monthly = amount(coefficient, body.policy.rate);
    row.set("so_tien", monthly.to_string());
    if late {
        arrears(&mut row, &mut random, section.period, &person, monthly);
    }
    for (column, field) in [
        ("nhom", Field::Nhom),
        ("hinh_thuc_chi_tra", Field::HinhThucChiTra),
        ("so_tai_khoan", Field::SoTaiKhoan),
        ("ngan_hang", Field::NganHang),
        ("chu_tai_khoan", Field::ChuTaiKhoan),
        ("so_quyet_dinh", Field::SoQuyetDinh),
        ("ngay_quyet_dinh", Field::NgayQuyetDinh),
        ("co_quan_quyet_dinh", Field::CoQuanQuyetDinh),
        ("chinh_sach", Field::ChinhSach),
    ] {
        row.put(column, person.get(field).map(str::to_owned));
    }
    let account = person.get(Field::HinhThucChiTra) == Some(ACCOUNT);
    let words = if account { &section.results_account } else { &section.results_cash };
    let result = words.pick(&mut random);
    row.set("ket_qua_chi", result);
    if result == section.paid {
        let [first, last] = section.days;
        let width = days(first, last).max(0);
        row.set("ngay_chi", later(first, random.between(0, width)).to_string());
    }
    if let Some(harm) = harm {
        row.hold(harm);
        match harm {
            Harm::NoAccount => row.clear("so_tai_khoan"),
            Harm::HalfArrears => row.clear("truy_linh_den"),
            Harm::NegativeMoney => row.put("truy_linh", row.get("truy_linh").map(|sum| format!("-{sum}"))),
            _ => row.set("ket_qua_chi", section.unknown.pick(&mut random)),
        }
    }
    row
}

/// Months up to the period that were not paid in their time: apart from the monthly amount.
fn arrears(row: &mut Row, random: &mut Random, period: Date, person: &Person, monthly: u64) {
    let to = period.saturating_sub(1.month());
    let back = random.between(0, 4);
    let since = person.get(Field::NgayQuyetDinh).and_then(|d| d.parse::<Date>().ok()).unwrap_or(to).first_of_month();
    let from = to.saturating_sub(back.months()).max(since);
    let months = (to.year() - from.year()) * 12 + i16::from(to.month()) - i16::from(from.month()) + 1;
    row.set("truy_linh", (monthly * u64::try_from(months).unwrap_or(0)).to_string());
    row.set("truy_linh_tu", month(from));
    row.set("truy_linh_den", month(to));
}
