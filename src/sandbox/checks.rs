//! What several entities have in common: person, place, money, decision, payment.

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::dates;
use super::form::{Findings, Read, Scene, digits, want};
use super::record::Field::{
    self, ChinhSach, DanhMucDVHC, DoChinhXacNgaySinh, GioiTinh, HeSo, HinhThucChiTra, LoaiGiayTo, MaHuyen, MaNganHang,
    MaTinh, MaXa, MucChuan, MucHuong, NamSinh, NgayMat, NgayQuyetDinh, NgaySinh, NgayXayRa, NhomDoiTuong, SoGiayTo,
    SoTaiKhoan, TuNgay, TuThang,
};

/// Rates by policy: đồng, and the days from and to which it stood (`data/rates.csv`).
const RATES: [(&str, u64, Date, Date); 5] = [
    ("136/2013", 270_000, Date::constant(2015, 1, 1), Date::constant(2021, 6, 30)),
    ("20/2021", 360_000, Date::constant(2021, 7, 1), Date::constant(2024, 6, 30)),
    ("76/2024", 500_000, Date::constant(2024, 7, 1), Date::constant(2026, 6, 30)),
    ("176/2025", 500_000, Date::constant(2025, 7, 1), Date::constant(2026, 6, 30)),
    ("335/2026", 540_000, Date::constant(2026, 7, 1), Date::constant(9999, 12, 31)),
];

/// The rate on a day, where the list has one.
pub(super) fn rate_on(day: Date) -> Option<u64> {
    RATES.iter().find(|(_, _, from, to)| (*from..=*to).contains(&day)).map(|(_, rate, ..)| *rate)
}

/// A word of a list.
pub(super) fn one_of(read: &Read<'_, '_>, field: Field, words: &[&str], what: &'static str, out: &mut Findings) {
    want(words.contains(&read.text(field)), field, what, out);
}

/// A day, or empty.
pub(super) fn day(read: &Read<'_, '_>, field: Field, out: &mut Findings) -> Option<Date> {
    let text = read.text(field);
    let day = dates::day(text);
    want(text.is_empty() || day.is_some(), field, "not a day dd/MM/yyyy", out);
    day
}

/// A month as its first day, or empty.
pub(super) fn month(read: &Read<'_, '_>, field: Field, out: &mut Findings) -> Option<Date> {
    let text = read.text(field);
    let month = dates::month(text);
    want(text.is_empty() || month.is_some(), field, "not a month MM/yyyy", out);
    month
}

/// A sum in đồng, or empty.
pub(super) fn sum(read: &Read<'_, '_>, field: Field, out: &mut Findings) -> Option<u64> {
    let text = read.text(field);
    let sum = dong(text);
    want(text.is_empty() || sum.is_some(), field, "not plain đồng", out);
    sum
}

/// The first day on which the person can have been born.
pub(super) fn born(read: &Read<'_, '_>) -> Option<Date> {
    dates::day(read.text(NgaySinh))
        .or_else(|| dates::year(read.text(NamSinh)).and_then(|year| Date::new(year, 1, 1).ok()))
}

pub(super) fn person(read: &Read<'_, '_>, scene: &Scene<'_>, out: &mut Findings) {
    let birth = read.text(NgaySinh);
    let year = dates::year(read.text(NamSinh));
    want(year.is_some(), NamSinh, "not a year", out);
    want(year.is_none_or(|year| year <= scene.latest.year()), NamSinh, "in the future", out);
    if let Some(born) = day(read, NgaySinh, out) {
        want(born <= scene.latest, NgaySinh, "in the future", out);
        want(Some(born.year()) == year, NamSinh, "another year than NgaySinh", out);
    }
    match read.text(DoChinhXacNgaySinh) {
        "NGAY" => want(!birth.is_empty(), NgaySinh, "empty, precision NGAY", out),
        "THANG" => want(birth.starts_with("01/"), NgaySinh, "not the first of a month, precision THANG", out),
        "NAM" => want(birth.is_empty(), NgaySinh, "filled, precision NAM", out),
        _ => want(false, DoChinhXacNgaySinh, "not NGAY, THANG or NAM", out),
    }
    one_of(read, GioiTinh, &["0", "1", "2"], "not 0, 1 or 2", out);
    paper(read, out);
}

fn paper(read: &Read<'_, '_>, out: &mut Findings) {
    let number = read.text(SoGiayTo);
    let filler = |number: &str| {
        matches!(number, "000000001" | "123456789")
            || number.bytes().next().is_some_and(|first| number.bytes().all(|byte| byte == first))
    };
    match read.text(LoaiGiayTo) {
        "CCCD" => want(digits(number, 12), SoGiayTo, "not 12 digits, CCCD", out),
        "CMND" => want(digits(number, 9), SoGiayTo, "not 9 digits, CMND", out),
        "GKS" => return,
        "KHONG" => return want(number.is_empty(), SoGiayTo, "filled, KHONG", out),
        _ => return want(false, LoaiGiayTo, "not CCCD, CMND, GKS or KHONG", out),
    }
    want(!filler(number), SoGiayTo, "a filler", out);
}

pub(super) fn place(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let (province, district, commune) = (read.text(MaTinh), read.text(MaHuyen), read.text(MaXa));
    want(province.is_empty() || digits(province, 2), MaTinh, "not two digits", out);
    want(district.is_empty() || digits(district, 3), MaHuyen, "not three digits", out);
    want(commune.is_empty() || digits(commune, 5), MaXa, "not five digits", out);
    match read.text(DanhMucDVHC) {
        "2020" => {}
        "2025" => want(district.is_empty(), MaHuyen, "filled, catalogue 2025", out),
        "" if province.is_empty() && district.is_empty() && commune.is_empty() => {}
        _ => want(false, DanhMucDVHC, "not 2020 or 2025", out),
    }
}

/// đồng: digits without leading zeros.
fn dong(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain && text.len() <= 15 { text.parse().ok() } else { None }
}

/// A count, or empty.
pub(super) fn is_count(text: &str) -> bool {
    text.is_empty() || (text.len() <= 6 && dong(text).is_some())
}

/// A decimal with a point, no grouping, no needless zeros.
fn coefficient(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    dong(whole)?;
    if fraction.is_some_and(|part| {
        part.is_empty() || part.len() > 9 || part.ends_with('0') || !part.bytes().all(|byte| byte.is_ascii_digit())
    }) {
        return None;
    }
    text.parse().ok()
}

/// Coefficient, rate and amount, and that they fit.
pub(super) fn money(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let factor = read.text(HeSo);
    let number = coefficient(factor);
    want(factor.is_empty() || number.is_some(), HeSo, "not a plain decimal", out);
    let (base, amount) = (sum(read, MucChuan, out), sum(read, MucHuong, out));
    if let (Some(number), Some(base), Some(amount)) = (number, base, amount) {
        let product = number
            .checked_mul(Decimal::from(base))
            .map(|product| product.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero));
        want(product == Some(Decimal::from(amount)), MucHuong, "not HeSo × MucChuan, half up", out);
    }
}

/// A policy of the list: its rate, and that it was or came in force. A province's own is not judged.
pub(super) fn policy(read: &Read<'_, '_>, scene: &Scene<'_>, out: &mut Findings) {
    let policy = read.text(ChinhSach);
    let Some((_, right, from, to)) = RATES.iter().find(|(name, ..)| *name == policy) else {
        return;
    };
    let base = dong(read.text(MucChuan));
    want(base.is_none_or(|base| base == *right), MucChuan, "not the rate of ChinhSach", out);
    want(*from <= scene.latest, ChinhSach, "not yet in force", out);
    // What is paid once follows the day for which it is paid, what is paid monthly the decision.
    let event = [NgayMat, NgayXayRa, TuNgay].iter().find_map(|&field| dates::day(read.text(field)));
    let since = event.or_else(|| dates::day(read.text(NgayQuyetDinh)).max(dates::month(read.text(TuThang))));
    want(since.is_none_or(|since| since <= *to), ChinhSach, "out of force before the decision took effect", out);
}

pub(super) fn decision(read: &Read<'_, '_>, scene: &Scene<'_>, out: &mut Findings) {
    let decided = decided(read, scene, out);
    let before = matches!((decided, born(read)), (Some(decided), Some(born)) if decided < born);
    want(!before, NgayQuyetDinh, "before birth", out);
}

/// The day of the decision, judged.
pub(super) fn decided(read: &Read<'_, '_>, scene: &Scene<'_>, out: &mut Findings) -> Option<Date> {
    let decided = day(read, NgayQuyetDinh, out);
    want(decided.is_none_or(|day| day <= scene.latest), NgayQuyetDinh, "in the future", out);
    decided
}

pub(super) fn group(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let group = read.text(NhomDoiTuong);
    want(group.is_empty() || is_group(group), NhomDoiTuong, "not a group of Điều 5 or 1.014027", out);
}

/// `5.1` to `5.8`, with the letter of a point where there is one, or the social pension. A province may have more
/// groups than the list, so only the form is judged.
fn is_group(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("5.") else {
        return text == "1.014027";
    };
    let mut characters = rest.chars();
    characters.next().is_some_and(|clause| clause.is_ascii_digit() && clause != '0')
        && characters.next().is_none_or(|point| point.is_ascii_lowercase() || point == 'đ')
        && characters.next().is_none()
}

pub(super) fn payment(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let (account, bank) = (read.text(SoTaiKhoan), read.text(MaNganHang));
    let form = (4..=30).contains(&account.len()) && account.bytes().all(|byte| byte.is_ascii_alphanumeric());
    want(account.is_empty() || form, SoTaiKhoan, "not 4 to 30 letters or digits", out);
    want(bank.is_empty() || digits(bank, 6), MaNganHang, "not six digits", out);
    match read.text(HinhThucChiTra) {
        "" | "TIEN_MAT" => {}
        "TAI_KHOAN" => {
            want(!account.is_empty(), SoTaiKhoan, "empty, paid by account", out);
            want(!bank.is_empty(), MaNganHang, "empty, paid by account", out);
        }
        _ => want(false, HinhThucChiTra, "not TIEN_MAT or TAI_KHOAN", out),
    }
}
