//! The form of every field of a `GHI` (sections 1, 6, 7). Whatever is found here is a breach of the contract: a gateway
//! holds such a record, it never sends it.

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::dates;
use super::parse::{Value, Values};
use super::record::{COUNT, Field, LIST, NAMES, WRITTEN};

/// What is wrong with one field; the text never holds the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Finding(pub &'static str, pub &'static str);

/// Rates by policy: đồng, and the days from and to which it stood (`data/rates.csv`).
const RATES: [(&str, u64, Date, Date); 5] = [
    ("136/2013", 270_000, Date::constant(2015, 1, 1), Date::constant(2021, 6, 30)),
    ("20/2021", 360_000, Date::constant(2021, 7, 1), Date::constant(2024, 6, 30)),
    ("76/2024", 500_000, Date::constant(2024, 7, 1), Date::constant(2026, 6, 30)),
    ("176/2025", 500_000, Date::constant(2025, 7, 1), Date::constant(2026, 6, 30)),
    ("335/2026", 540_000, Date::constant(2026, 7, 1), Date::constant(9999, 12, 31)),
];
const DISABILITIES: [&str; 6] = ["VAN_DONG", "NGHE_NOI", "NHIN", "THAN_KINH", "TRI_TUE", "KHAC"];

/// Values of a record as plain texts, absent as empty.
pub(super) struct Read<'v, 'a>(pub &'v Values<'a>);

impl Read<'_, '_> {
    pub(super) fn text(&self, field: Field) -> &str {
        self.0[field as usize].as_ref().and_then(Value::text).unwrap_or_default()
    }
}

/// Judges a `GHI`. `today` is the nation's day in Viet Nam.
pub(super) fn written(values: &Values<'_>, today: Date, out: &mut Vec<Finding>) {
    for place in 0..COUNT {
        match (&values[place], place < WRITTEN) {
            (None, true) => out.push(Finding(NAMES[place], "the key is not there")),
            (Some(_), false) => out.push(Finding(NAMES[place], "a key of a stop only")),
            (Some(value), true) => plain(place, value, out),
            (None, false) => {}
        }
    }
    if !out.is_empty() {
        return;
    }
    let read = Read(values);
    let latest = today.tomorrow().unwrap_or(today);
    person(&read, latest, out);
    place(&read, out);
    money(&read, latest, out);
    decision(&read, latest, out);
    state(&read, values, out);
}

/// A value as section 6 wants every one: text, NFC, no blanks around, no control characters.
pub(super) fn plain(place: usize, value: &Value<'_>, out: &mut Vec<Finding>) {
    let name = NAMES[place];
    match value {
        Value::Text(text) if place != LIST => tidy(name, text, out),
        Value::List(texts) if place == LIST => texts.iter().for_each(|text| tidy(name, text, out)),
        Value::Text(_) => out.push(Finding(name, "a text where a list belongs")),
        Value::List(_) => out.push(Finding(name, "a list where a text belongs")),
        Value::Number(_) => out.push(Finding(name, "a number where a text belongs")),
        Value::Wrong(what) => out.push(Finding(name, what)),
    }
}

fn tidy(name: &'static str, text: &str, out: &mut Vec<Finding>) {
    if let Some(what) = untidy(text) {
        out.push(Finding(name, what));
    }
}

/// What is untidy about a text.
pub(super) fn untidy(text: &str) -> Option<&'static str> {
    let ascii = text.is_ascii();
    if text.trim().len() != text.len() {
        return Some("blanks around it");
    }
    if text.chars().any(char::is_control) {
        return Some("a control character");
    }
    let composed = ascii
        || match is_nfc_quick(text.chars()) {
            IsNormalized::Yes => true,
            IsNormalized::No => false,
            IsNormalized::Maybe => text.nfc().eq(text.chars()),
        };
    if composed { None } else { Some("not NFC") }
}

pub(super) fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Adds a finding unless the condition holds.
pub(super) fn want(holds: bool, field: Field, what: &'static str, out: &mut Vec<Finding>) {
    if !holds {
        out.push(Finding(NAMES[field as usize], what));
    }
}

fn person(read: &Read<'_, '_>, latest: Date, out: &mut Vec<Finding>) {
    want(!read.text(Field::HoTen).is_empty(), Field::HoTen, "empty", out);
    let birth = read.text(Field::NgaySinh);
    let year = dates::year(read.text(Field::NamSinh));
    want(year.is_some(), Field::NamSinh, "not a year", out);
    want(year.is_none_or(|year| year <= latest.year()), Field::NamSinh, "in the future", out);
    let born = dates::day(birth);
    want(birth.is_empty() || born.is_some(), Field::NgaySinh, "not a day dd/MM/yyyy", out);
    if let Some(born) = born {
        want(born <= latest, Field::NgaySinh, "in the future", out);
        want(Some(born.year()) == year, Field::NamSinh, "another year than NgaySinh", out);
    }
    match read.text(Field::DoChinhXacNgaySinh) {
        "NGAY" => want(!birth.is_empty(), Field::NgaySinh, "empty, precision NGAY", out),
        "THANG" => want(birth.starts_with("01/"), Field::NgaySinh, "not the first of a month, precision THANG", out),
        "NAM" => want(birth.is_empty(), Field::NgaySinh, "filled, precision NAM", out),
        _ => want(false, Field::DoChinhXacNgaySinh, "not NGAY, THANG or NAM", out),
    }
    want(matches!(read.text(Field::GioiTinh), "0" | "1" | "2"), Field::GioiTinh, "not 0, 1 or 2", out);
    let ethnic = read.text(Field::DanToc);
    let known = digits(ethnic, 2) && ("01"..="55").contains(&ethnic);
    want(ethnic.is_empty() || known, Field::DanToc, "not a code 01 to 55", out);
    paper(read, out);
    let poor = read.text(Field::HoNgheo);
    want(matches!(poor, "" | "0" | "1" | "2"), Field::HoNgheo, "not 0, 1 or 2", out);
}

fn paper(read: &Read<'_, '_>, out: &mut Vec<Finding>) {
    let number = read.text(Field::SoGiayTo);
    let filler = |number: &str| {
        matches!(number, "000000001" | "123456789")
            || number.bytes().next().is_some_and(|first| number.bytes().all(|byte| byte == first))
    };
    match read.text(Field::LoaiGiayTo) {
        "CCCD" => want(digits(number, 12), Field::SoGiayTo, "not 12 digits, CCCD", out),
        "CMND" => want(digits(number, 9), Field::SoGiayTo, "not 9 digits, CMND", out),
        "GKS" => return,
        "KHONG" => return want(number.is_empty(), Field::SoGiayTo, "filled, KHONG", out),
        _ => return want(false, Field::LoaiGiayTo, "not CCCD, CMND, GKS or KHONG", out),
    }
    want(!filler(number), Field::SoGiayTo, "a filler", out);
}

fn place(read: &Read<'_, '_>, out: &mut Vec<Finding>) {
    let (province, district, commune) = (read.text(Field::MaTinh), read.text(Field::MaHuyen), read.text(Field::MaXa));
    want(province.is_empty() || digits(province, 2), Field::MaTinh, "not two digits", out);
    want(district.is_empty() || digits(district, 3), Field::MaHuyen, "not three digits", out);
    want(commune.is_empty() || digits(commune, 5), Field::MaXa, "not five digits", out);
    match read.text(Field::DanhMucDVHC) {
        "2020" => {}
        "2025" => want(district.is_empty(), Field::MaHuyen, "filled, catalogue 2025", out),
        "" if province.is_empty() && district.is_empty() && commune.is_empty() => {}
        _ => want(false, Field::DanhMucDVHC, "not 2020 or 2025", out),
    }
}

/// đồng: digits without leading zeros.
fn dong(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain && text.len() <= 15 { text.parse().ok() } else { None }
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

fn money(read: &Read<'_, '_>, latest: Date, out: &mut Vec<Finding>) {
    let (factor, rate, amount) = (read.text(Field::HeSo), read.text(Field::MucChuan), read.text(Field::MucHuong));
    let (number, base, sum) = (coefficient(factor), dong(rate), dong(amount));
    want(factor.is_empty() || number.is_some(), Field::HeSo, "not a plain decimal", out);
    want(rate.is_empty() || base.is_some(), Field::MucChuan, "not plain đồng", out);
    want(amount.is_empty() || sum.is_some(), Field::MucHuong, "not plain đồng", out);
    if let (Some(number), Some(base), Some(sum)) = (number, base, sum) {
        let product = number
            .checked_mul(Decimal::from(base))
            .map(|product| product.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero));
        want(product == Some(Decimal::from(sum)), Field::MucHuong, "not HeSo × MucChuan, half up", out);
    }
    let policy = read.text(Field::ChinhSach);
    let Some((_, right, from, to)) = RATES.iter().find(|(name, ..)| *name == policy) else {
        return;
    };
    want(base.is_none_or(|base| base == *right), Field::MucChuan, "not the rate of ChinhSach", out);
    want(*from <= latest, Field::ChinhSach, "not yet in force", out);
    let since = dates::day(read.text(Field::NgayQuyetDinh)).max(dates::month(read.text(Field::TuThang)));
    want(since.is_none_or(|since| since <= *to), Field::ChinhSach, "out of force before the decision took effect", out);
}

fn decision(read: &Read<'_, '_>, latest: Date, out: &mut Vec<Finding>) {
    let decided = decided(read, latest, out);
    let born = dates::day(read.text(Field::NgaySinh))
        .or_else(|| dates::year(read.text(Field::NamSinh)).and_then(|year| Date::new(year, 1, 1).ok()));
    let before = matches!((decided, born), (Some(decided), Some(born)) if decided < born);
    want(!before, Field::NgayQuyetDinh, "before birth", out);
    let (from, to) = (read.text(Field::TuThang), read.text(Field::DenThang));
    let (starts, ends) = (dates::month(from), dates::month(to));
    want(from.is_empty() || starts.is_some(), Field::TuThang, "not a month MM/yyyy", out);
    want(to.is_empty() || ends.is_some(), Field::DenThang, "not a month MM/yyyy", out);
    let backwards = matches!((starts, ends), (Some(starts), Some(ends)) if ends < starts);
    want(!backwards, Field::DenThang, "before TuThang", out);
}

/// The day of the decision, judged.
pub(super) fn decided(read: &Read<'_, '_>, latest: Date, out: &mut Vec<Finding>) -> Option<Date> {
    let text = read.text(Field::NgayQuyetDinh);
    let day = dates::day(text);
    want(text.is_empty() || day.is_some(), Field::NgayQuyetDinh, "not a day dd/MM/yyyy", out);
    want(day.is_none_or(|day| day <= latest), Field::NgayQuyetDinh, "in the future", out);
    day
}

/// A reason to stop.
pub(super) fn is_reason(text: &str) -> bool {
    matches!(text, "a" | "b" | "c" | "d" | "đ")
}

fn state(read: &Read<'_, '_>, values: &Values<'_>, out: &mut Vec<Finding>) {
    match read.text(Field::TrangThai) {
        "DANG_HUONG" | "TAM_DUNG" | "CHUYEN_DI" => {}
        "THOI_HUONG" => want(false, Field::TrangThai, "THOI_HUONG comes of a stop only", out),
        _ => want(false, Field::TrangThai, "not DANG_HUONG, TAM_DUNG or CHUYEN_DI", out),
    }
    let reason = read.text(Field::LyDoDung);
    want(reason.is_empty() || is_reason(reason), Field::LyDoDung, "not a, b, c, d or đ", out);
    let group = read.text(Field::NhomDoiTuong);
    want(group.is_empty() || is_group(group), Field::NhomDoiTuong, "not a group of Điều 5 or 1.014027", out);
    if let Some(Value::List(kinds)) = &values[LIST] {
        let known = kinds.iter().all(|kind| DISABILITIES.contains(&kind.as_ref()));
        want(known, Field::DangTat, "a word that the list does not have", out);
        let twice = kinds.iter().enumerate().any(|(at, kind)| kinds[..at].contains(kind));
        want(!twice, Field::DangTat, "a word twice", out);
    }
    let degree = read.text(Field::MucDoKhuyetTat);
    let known = matches!(degree, "" | "DAC_BIET_NANG" | "NANG" | "NHE");
    want(known, Field::MucDoKhuyetTat, "not DAC_BIET_NANG, NANG or NHE", out);
    let (account, bank) = (read.text(Field::SoTaiKhoan), read.text(Field::MaNganHang));
    let form = (4..=30).contains(&account.len()) && account.bytes().all(|byte| byte.is_ascii_alphanumeric());
    want(account.is_empty() || form, Field::SoTaiKhoan, "not 4 to 30 letters or digits", out);
    want(bank.is_empty() || digits(bank, 6), Field::MaNganHang, "not six digits", out);
    match read.text(Field::HinhThucChiTra) {
        "" | "TIEN_MAT" => {}
        "TAI_KHOAN" => {
            want(!account.is_empty(), Field::SoTaiKhoan, "empty, paid by account", out);
            want(!bank.is_empty(), Field::MaNganHang, "empty, paid by account", out);
        }
        _ => want(false, Field::HinhThucChiTra, "not TIEN_MAT or TAI_KHOAN", out),
    }
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
