//! What can happen to somebody, here or there, and what must be found of it.

use std::ops::RangeInclusive;

use molisa_gateway::sandbox::Tamper;
use proptest::prelude::*;

use super::people::{self, birth, key, number, other, payment};
use crate::reconcile::{changed, set};

/// List, key, kind, place.
pub type Row = (String, String, String, String);

/// One row that must be open.
pub struct Found {
    pub row: Row,
    pub reason: String,
    /// The file of authority does not end it by itself.
    pub stays: bool,
}

/// A value of the nation's that differs, and how it is called: field, value, kind, place, reason, whether it stays.
type Value = (&'static str, &'static str, &'static str, &'static str, &'static str, bool);

const F: &str = "field-differs";

/// At the nation a person's record has another value. `{year}` and `{number}` are the person's.
const VALUES: &[Value] = &[
    ("DiaChi", "Số 9, ấp Khác", F, "DiaChi", "differs", false),
    ("ThonTo", "Tổ lạ", F, "ThonTo", "differs", false),
    ("HoTen", "Trần Văn Khác", F, "HoTen", "differs", true),
    ("HoTen", "", F, "HoTen", "empty-there", true),
    ("NgaySinh", "03/05/{year}", F, "NgaySinh", "swapped", true),
    ("NgaySinh", "01/01/{year}", F, "NgaySinh", "first-of-january", true),
    ("NgaySinh", "06/03/{year}", F, "NgaySinh", "differs", true),
    ("GioiTinh", "0", F, "GioiTinh", "differs", true),
    ("DanToc", "02", F, "DanToc", "differs", true),
    ("NhomDoiTuong", "5.8", F, "NhomDoiTuong", "differs", false),
    ("MucHuong", "370000", F, "MucHuong", "wrong-amount-there", false),
    ("HeSo", "1.5", F, "HeSo", "wrong-amount-there", false),
    ("TuThang", "04/2023", F, "TuThang", "differs", false),
    ("DenThang", "12/2027", F, "DenThang", "empty-here", false),
    ("SoQuyetDinh", "16/QĐ-UBND", F, "SoQuyetDinh", "differs", false),
    ("NgayQuyetDinh", "21/03/2023", F, "NgayQuyetDinh", "differs", false),
    ("CoQuanQuyetDinh", "UBND huyện Khác", F, "CoQuanQuyetDinh", "differs", false),
    ("TrangThai", "TAM_DUNG", F, "TrangThai", "differs", true),
    ("SoTheBHYT", "DN4870000000001", F, "SoTheBHYT", "empty-here", true),
    ("HoNgheo", "1", F, "HoNgheo", "empty-here", false),
    ("MaXa", "29872", F, "MaXa", "other-unit", false),
    ("SoGiayTo", "{other}", "number-changed", "SoGiayTo", "number-changed", true),
    ("SoGiayTo", "{short}", F, "SoGiayTo", "lost-zero", true),
    ("MaDinhDanhCu", "341234567", F, "MaDinhDanhCu", "empty-here", true),
];

/// The same of a payment.
const PAID: &[Value] = &[
    ("SoTien", "1000", F, "SoTien", "differs", true),
    ("KetQuaChi", "CHUA_NHAN", F, "KetQuaChi", "differs", false),
    ("NgayChi", "16/10/2026", F, "NgayChi", "empty-here", false),
    ("HoTen", "Trần Văn Khác", F, "HoTen", "differs", true),
    ("MaNganHang", "970436", F, "MaNganHang", "empty-here", false),
];

/// Written otherwise, and the same all the same.
const SAME: &[&[(&str, &str)]] = &[
    &[("HoTen", "{nfd}")],
    &[("HoTen", "{upper}")],
    &[("DiaChi", "  {address} ")],
    &[("CoQuanQuyetDinh", "Uỷ ban nhân dân xã")],
    &[("NgaySinh", ""), ("DoChinhXacNgaySinh", "NAM")],
    &[("NgaySinh", "01/01/{year}"), ("DoChinhXacNgaySinh", "NAM")],
    &[("MaTinh", "82"), ("MaHuyen", ""), ("DanhMucDVHC", "2025")],
    &[("SoGiayTo", "{other}"), ("MaDinhDanhCu", "{number}")],
    &[("HeSo", "1.0")],
    &[("ThonTo", "KHÓM  1")],
];

/// Local values with which a record is held: what is set, kind, reason.
const HELD: &[(&str, &str, &str)] = &[
    ("ho_ten = ''", "held-here", "missing"),
    ("ngay_sinh = '31/02/1930'", "held-here", "bad-value"),
    ("ngay_sinh = '05/03/2041'", "held-here", "future-date"),
    ("ma_xa = '00001'", "held-here", "unknown-code"),
    ("dan_toc = 'Sao Hỏa'", "held-here", "unknown-code"),
    ("so_giay_to = '0871'", "held-here", "identity-length"),
    ("so_giay_to = '000000000000'", "held-here", "identity-filler"),
    ("tu_thang = '12/1900'", "held-here", "date-order"),
    ("trang_thai = 'Thôi hưởng', ngay_dung = '2026-11-01', so_qd_dung = null", "held-here", "stop-incomplete"),
    ("muc_huong = 360001", "amount-not-by-law", "amount"),
    ("he_so = '1.5'", "amount-not-by-law", "amount"),
    ("hinh_thuc_chi_tra = 'Tài khoản'", "account", "account"),
];

/// What happens to one person. The numbers stand for the lines of the tables above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twist {
    Nothing,
    // At the nation.
    Gone,
    PaymentGone,
    Stranger,
    StrangePayment,
    Value(usize),
    /// An edit that leaves the version as it was.
    Silent(usize),
    TwoFields,
    Paid(usize),
    Same(usize),
    Stopped,
    StopUndone,
    TwoThere,
    Split,
    SameSplit,
    // Here.
    Held(usize),
    OneAccount,
    TwoHere,
    Double,
    LegalDouble,
    Alike,
    PaidAfterEnd,
    PaidTwice,
    Refused,
    Unknown,
}

/// All of them, each line of each table once.
pub fn all() -> impl Iterator<Item = Twist> {
    use Twist as T;
    let plain = [
        T::Nothing,
        T::Gone,
        T::PaymentGone,
        T::Stranger,
        T::StrangePayment,
        T::TwoFields,
        T::Stopped,
        T::StopUndone,
        T::TwoThere,
        T::Split,
        T::SameSplit,
        T::OneAccount,
        T::TwoHere,
        T::Double,
        T::LegalDouble,
        T::Alike,
        T::PaidAfterEnd,
        T::PaidTwice,
        T::Refused,
        T::Unknown,
    ];
    let values = (0..VALUES.len()).flat_map(|nth| [T::Value(nth), T::Silent(nth)]);
    plain
        .into_iter()
        .chain(values)
        .chain((0..PAID.len()).map(T::Paid))
        .chain((0..SAME.len()).map(T::Same))
        .chain((0..HELD.len()).map(T::Held))
}

/// So many people, each with something that happens.
pub fn some(many: RangeInclusive<usize>) -> impl Strategy<Value = Vec<Twist>> {
    // Of each sort as often, however many lines its table has.
    let of = |all: Vec<Twist>| prop::sample::select(all);
    let (mut plain, mut lines): (Vec<Twist>, Vec<Vec<Twist>>) = (Vec::new(), vec![Vec::new(); 5]);
    for twist in all() {
        match twist {
            Twist::Value(_) => lines[0].push(twist),
            Twist::Silent(_) => lines[1].push(twist),
            Twist::Paid(_) => lines[2].push(twist),
            Twist::Same(_) => lines[3].push(twist),
            Twist::Held(_) => lines[4].push(twist),
            _ => plain.push(twist),
        }
    }
    let [values, silent, paid, same, held] = lines.try_into().unwrap();
    let one =
        prop_oneof![20 => of(plain), 8 => of(values), 3 => of(silent), 3 => of(paid), 3 => of(same), 4 => of(held)];
    proptest::collection::vec(one, many)
}

fn found(list: &str, key: &str, kind: &str, place: &str, reason: &str) -> Found {
    let row = (list.to_owned(), key.to_owned(), kind.to_owned(), place.to_owned());
    Found { row, reason: reason.to_owned(), stays: true }
}

/// That of a person's record, or of the payment.
fn person(key: &str, kind: &str, place: &str, reason: &str) -> Found {
    found("doi-tuong", key, kind, place, reason)
}

fn paid(key: &str, kind: &str, place: &str, reason: &str) -> Found {
    found("chi-tra", key, kind, place, reason)
}

impl Twist {
    /// All that must be open of the nth person.
    pub fn found(self, nth: usize) -> Vec<Found> {
        let (ours, second, payment) = (key(nth), other(nth), payment(nth));
        let by_itself = |found: Found| Found { stays: false, ..found };
        match self {
            Self::Nothing | Self::LegalDouble | Self::Same(_) | Self::SameSplit => vec![],
            Self::Gone => vec![by_itself(person(&ours, "missing-there", "", "not-there"))],
            Self::PaymentGone => vec![by_itself(paid(&payment, "missing-there", "", "not-there"))],
            Self::Stranger => vec![person(&second, "missing-here", "", "unknown-here")],
            Self::StrangePayment => vec![paid(&second, "missing-here", "", "unknown-here")],
            Self::Value(line) | Self::Silent(line) => {
                let (_, _, kind, place, reason, stays) = VALUES[line];
                vec![Found { stays, ..person(&ours, kind, place, reason) }]
            }
            Self::TwoFields => [("DiaChi", "differs"), ("HoNgheo", "empty-here")]
                .map(|(place, reason)| by_itself(person(&ours, F, place, reason)))
                .into(),
            Self::Paid(line) => {
                let (_, _, kind, place, reason, stays) = PAID[line];
                vec![Found { stays, ..paid(&payment, kind, place, reason) }]
            }
            Self::Stopped => vec![person(&ours, F, "stopped", "stopped-there")],
            Self::StopUndone => vec![person(&ours, "status-back", "", "stop-undone")],
            Self::TwoThere => vec![
                person(&ours, "two-there", &second, "several-there"),
                person(&second, "missing-here", "", "unknown-here"),
            ],
            Self::Split => vec![person(&ours, "unit-ambiguous", "MaXa", "split-unit")],
            Self::Held(line) => vec![person(&ours, HELD[line].1, "held", HELD[line].2)],
            Self::OneAccount => [&ours, &second].map(|key| person(key, "account", "shared", "account-shared")).into(),
            Self::TwoHere => vec![
                person(&second, "double-benefit", "held", "double-benefit"),
                person(&ours, "two-here", "", "double-benefit"),
            ],
            Self::Double => vec![
                person(&second, "double-benefit", "held", "double-benefit"),
                person(&ours, "double-benefit", "", "double-benefit"),
            ],
            Self::Alike => vec![person(&second, "same-person", &format!("doi-tuong/{ours}"), "alike")],
            Self::PaidAfterEnd => vec![paid(&payment, "paid-after-end", "held", "paid-after-end")],
            Self::PaidTwice => vec![
                paid(&second, "double-benefit", "held", "double-benefit"),
                paid(&payment, "double-benefit", "", "double-benefit"),
            ],
            Self::Refused => vec![person(&ours, "refused-there", "", "E17")],
            // The nation is asked again, and says so.
            Self::Unknown => vec![by_itself(person(&ours, "unknown-outcome", "", "unknown-outcome"))],
        }
    }

    /// What happens at the nation without us.
    pub fn there(self, nth: usize) -> Vec<Tamper> {
        let (ours, second, payment) = (key(nth), other(nth), payment(nth));
        let of_payment = |tamper: Tamper| vec![Tamper { entity: Some("chi-tra".into()), ..tamper }];
        let written = |text: &str| people::filled(text, nth);
        let gone = |key: String| Tamper { reference: key, remove: true, ..Tamper::default() };
        let like = |key: String, like: String| Tamper { reference: key, like: Some(like), ..Tamper::default() };
        let stranger = |like: Tamper| Tamper { set: set(&[("SoGiayTo", &number(nth, 9))]), ..like };
        let values = |fields: &[(&str, &str)]| {
            let fields: Vec<(&str, String)> = fields.iter().map(|(name, value)| (*name, written(value))).collect();
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            changed(&ours, &fields)
        };
        match self {
            Self::Gone => vec![gone(ours)],
            Self::PaymentGone => of_payment(gone(payment)),
            Self::Stranger => vec![stranger(like(second, ours))],
            Self::StrangePayment => of_payment(stranger(like(second, payment))),
            Self::Value(at) => vec![values(&[(VALUES[at].0, VALUES[at].1)])],
            Self::Silent(at) => {
                vec![Tamper { keep_version: true, ..values(&[(VALUES[at].0, VALUES[at].1)]) }]
            }
            Self::TwoFields => vec![values(&[("DiaChi", "Số 9, ấp Khác"), ("HoNgheo", "1")])],
            Self::Paid(at) => of_payment(changed(&payment, &[(PAID[at].0, PAID[at].1)])),
            Self::Same(at) => vec![values(SAME[at])],
            Self::Stopped => {
                let stop = set(&[("NgayDung", "01/11/2026"), ("SoQuyetDinh", "1/QĐ"), ("LyDoDung", "a")]);
                vec![Tamper { reference: ours, stop: Some(stop), ..Tamper::default() }]
            }
            Self::StopUndone => vec![Tamper { reference: ours, run: true, ..Tamper::default() }],
            Self::TwoThere => vec![like(second, ours)],
            // A commune of 2025: of a split one it took a part, the other one it is.
            Self::Split | Self::SameSplit => {
                vec![values(&[("MaTinh", "82"), ("MaHuyen", ""), ("MaXa", "29992"), ("DanhMucDVHC", "2025")])]
            }
            _ => vec![],
        }
    }

    /// What is written into the local list; `None`: nothing.
    pub fn here(self) -> Option<&'static str> {
        match self {
            Self::Held(line) => Some(HELD[line].0),
            Self::Refused => Some("dia_chi = 'Ấp Bị Từ Chối'"),
            _ => None,
        }
    }
}

/// The day of birth, as the mapping writes it.
pub fn born(nth: usize) -> String {
    format!("05/03/{}", birth(nth))
}
