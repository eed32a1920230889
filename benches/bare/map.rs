//! The mapping of a row in plain Rust: the same 39 fields, the same checks, none of it configurable.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use anyhow::Result;
use jiff::civil::Date;
use molisa_gateway::model::{Clock, SystemClock};
use rusqlite::Row;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Everything as text, in key order.
pub const QUERY: &str = "select ma_ho_so, ho_ten, ngay_sinh, gioi_tinh, dan_toc, so_giay_to, loai_giay_to, so_cu,
 ma_tinh, ma_huyen, ma_xa, dia_chi, thon_to, nhom, cast(he_so as text), cast(muc_chuan as text),
 cast(muc_huong as text), chinh_sach, so_quyet_dinh, ngay_quyet_dinh, co_quan_quyet_dinh, tu_thang, den_thang,
 trang_thai, ly_do_dung, ngay_dung, so_qd_dung, ngay_qd_dung, co_quan_qd_dung, dang_tat, muc_do_kt, so_giay_xnkt,
 hinh_thuc_chi_tra, so_tai_khoan, ngan_hang, chu_tai_khoan, nguoi_nhan_thay, quan_he, so_the_bhyt, ho_ngheo,
 co_so_tro_giup from doi_tuong order by ma_ho_so";

/// What became of a row.
pub enum Mapped {
    Held,
    Send { stop: bool, json: String },
}

pub struct Mapper {
    ethnic: HashMap<&'static str, &'static str>,
    banks: HashMap<&'static str, &'static str>,
    disabilities: HashMap<&'static str, &'static str>,
    groups: HashMap<&'static str, &'static [u64]>,
    communes: HashSet<(String, String)>,
    today: Date,
}

const CHILD: &[u64] = &[15, 25];

impl Mapper {
    pub fn new() -> Result<Self> {
        let mut list = csv::Reader::from_reader(&include_bytes!("../../fixtures/dong-thap-communes.csv")[..]);
        let mut communes = HashSet::new();
        for line in list.records() {
            let line = line?;
            communes.insert((line[0].to_owned(), line[1].to_owned()));
        }
        Ok(Self {
            ethnic: HashMap::from([
                ("Kinh", "01"),
                ("Tày", "02"),
                ("Thái", "03"),
                ("Hoa", "04"),
                ("Khơ-me", "05"),
                ("Khmer", "05"),
                ("Mường", "06"),
                ("Nùng", "07"),
                ("Chăm", "17"),
                ("01", "01"),
            ]),
            banks: HashMap::from([
                ("Agribank", "970405"),
                ("LienVietPostBank", "970449"),
                ("LPBank", "970449"),
                ("BIDV", "970418"),
                ("VietinBank", "970415"),
                ("Vietcombank", "970436"),
                ("Sacombank", "970403"),
                ("KienLongBank", "970452"),
                ("DongABank", "970406"),
                ("MBBank", "970422"),
                ("VBSP", "999888"),
                ("970405", "970405"),
                ("970449", "970449"),
            ]),
            disabilities: HashMap::from([
                ("Vận động", "VAN_DONG"),
                ("Nghe, nói", "NGHE_NOI"),
                ("Nhìn", "NHIN"),
                ("Thần kinh, tâm thần", "THAN_KINH"),
                ("Trí tuệ", "TRI_TUE"),
                ("Khác", "KHAC"),
            ]),
            groups: HashMap::from([
                ("5.1a", CHILD),
                ("5.1b", CHILD),
                ("5.1c", CHILD),
                ("5.1d", CHILD),
                ("5.1đ", CHILD),
                ("5.1e", CHILD),
                ("5.1g", CHILD),
                ("5.1h", CHILD),
                ("5.1i", CHILD),
                ("5.1k", CHILD),
                ("5.1l", CHILD),
                ("5.2", &[15]),
                ("5.3", &[20, 25]),
                ("5.4", &[10]),
                ("5.5a", &[15, 20]),
                ("5.5b", &[10]),
                ("5.5c", &[10]),
                ("5.5d", &[30]),
                ("5.6", &[15, 20, 25]),
                ("5.7", &[15]),
                ("5.8", &[15]),
            ]),
            communes,
            today: SystemClock::new().now().day(),
        })
    }

    /// The row's key and what became of it.
    pub fn map(&mut self, row: &Row<'_>) -> Result<(String, Mapped)> {
        let mut columns = [""; 41];
        for (i, column) in columns.iter_mut().enumerate() {
            *column = row.get_ref(i)?.as_str_or_null()?.unwrap_or_default();
        }
        let mapped = self.record(&columns).map_or(Mapped::Held, |(stop, json)| Mapped::Send { stop, json });
        Ok((columns[0].to_owned(), mapped))
    }

    /// `None` where the row must be held.
    #[expect(clippy::too_many_lines, reason = "one row from top to bottom, as bare as it goes")]
    fn record(&self, columns: &[&str; 41]) -> Option<(bool, String)> {
        let [
            ma_ho_so,
            ho_ten,
            ngay_sinh,
            gioi_tinh,
            dan_toc,
            so_giay_to,
            loai_giay_to,
            so_cu,
            ma_tinh,
            ma_huyen,
            ma_xa,
            dia_chi,
            thon_to,
            nhom,
            he_so,
            muc_chuan,
            muc_huong,
            chinh_sach,
            so_quyet_dinh,
            ngay_quyet_dinh,
            co_quan_quyet_dinh,
            tu_thang,
            den_thang,
            trang_thai,
            ly_do_dung,
            ngay_dung,
            so_qd_dung,
            ngay_qd_dung,
            co_quan_qd_dung,
            dang_tat,
            muc_do_kt,
            so_giay_xnkt,
            hinh_thuc,
            so_tai_khoan,
            ngan_hang,
            chu_tai_khoan,
            nguoi_nhan_thay,
            quan_he,
            so_the_bhyt,
            ho_ngheo,
            co_so,
        ] = *columns;
        if ma_ho_so.is_empty() {
            return None;
        }
        let mut json = String::with_capacity(1200);
        if trang_thai == "Thôi hưởng" {
            if ly_do_dung.is_empty() || so_qd_dung.is_empty() {
                return None;
            }
            let ended = day(ngay_dung)?;
            let decided = day(ngay_qd_dung)?;
            (ended <= self.today && decided <= self.today).then_some(())?;
            json.push('{');
            field(&mut json, "CoQuanQuyetDinh", co_quan_qd_dung);
            field(&mut json, "LyDoDung", ly_do_dung);
            field(&mut json, "NgayDung", &day_text(ended));
            field(&mut json, "NgayQuyetDinh", &day_text(decided));
            field(&mut json, "SoQuyetDinh", so_qd_dung);
            json.push('}');
            return Some((true, json));
        }
        let state = match trang_thai {
            "Đang hưởng" => "DANG_HUONG",
            "Tạm dừng" => "TAM_DUNG",
            "Chuyển đi" => "CHUYEN_DI",
            _ => return None,
        };
        let name = tidy(ho_ten);
        let birth = Birth::read(ngay_sinh)?;
        let decided = day(ngay_quyet_dinh)?;
        let ordered = birth.year <= decided.year() && birth.year <= self.today.year() && decided <= self.today;
        let paper = paper(loai_giay_to, so_giay_to)?;
        let tenths = he_so.split_once('.').map_or((he_so, "0"), |(a, b)| (a, b));
        let tenths: u64 = tenths.0.parse::<u64>().ok()? * 10 + tenths.1.parse::<u64>().ok()?;
        let rate: u64 = muc_chuan.parse().ok()?;
        let amount: u64 = muc_huong.parse().ok()?;
        let right = rate == 360_000 && chinh_sach == "20/2021" && tenths * rate == amount * 10;
        let paid = hinh_thuc == "Tài khoản";
        let bank = if ngan_hang.is_empty() { "" } else { *self.banks.get(ngan_hang)? };
        let account = !paid || (!bank.is_empty() && (4..=30).contains(&so_tai_khoan.len()));
        let known = self.groups.get(nhom)?.contains(&tenths)
            && self.communes.contains(&(ma_huyen.to_owned(), ma_xa.to_owned()));
        if name.is_empty() || !ordered || !right || !account || !known {
            return None;
        }
        let level = match muc_do_kt {
            "" => "",
            "Đặc biệt nặng" => "DAC_BIET_NANG",
            "Nặng" => "NANG",
            "Nhẹ" => "NHE",
            _ => return None,
        };
        json.push('{');
        field(&mut json, "ChinhSach", chinh_sach);
        field(&mut json, "ChuTaiKhoan", chu_tai_khoan);
        field(&mut json, "CoQuanQuyetDinh", co_quan_quyet_dinh);
        field(&mut json, "CoSoTroGiup", co_so);
        field(&mut json, "DanToc", if dan_toc.is_empty() { "" } else { self.ethnic.get(dan_toc)? });
        self.disabilities(&mut json, dang_tat)?;
        field(&mut json, "DanhMucDVHC", "2020");
        field(&mut json, "DenThang", den_thang);
        field(&mut json, "DiaChi", dia_chi);
        field(&mut json, "DoChinhXacNgaySinh", birth.precision);
        field(&mut json, "GioiTinh", sex(gioi_tinh)?);
        field(&mut json, "HeSo", he_so.trim_end_matches(".0"));
        field(&mut json, "HinhThucChiTra", if paid { "TAI_KHOAN" } else { "TIEN_MAT" });
        field(&mut json, "HoNgheo", ho_ngheo);
        field(&mut json, "HoTen", &name);
        field(&mut json, "LoaiGiayTo", paper);
        field(&mut json, "LyDoDung", ly_do_dung);
        field(&mut json, "MaDinhDanhCu", so_cu);
        field(&mut json, "MaHuyen", ma_huyen);
        field(&mut json, "MaNganHang", bank);
        field(&mut json, "MaTinh", ma_tinh);
        field(&mut json, "MaXa", ma_xa);
        field(&mut json, "MucChuan", muc_chuan);
        field(&mut json, "MucDoKhuyetTat", level);
        field(&mut json, "MucHuong", muc_huong);
        field(&mut json, "NamSinh", &birth.year.to_string());
        field(&mut json, "NgayQuyetDinh", &day_text(decided));
        field(&mut json, "NgaySinh", &birth.day);
        field(&mut json, "NguoiNhanThay", nguoi_nhan_thay);
        field(&mut json, "NhomDoiTuong", nhom);
        field(&mut json, "QuanHe", quan_he);
        field(&mut json, "SoGiayTo", so_giay_to);
        field(&mut json, "SoGiayXNKT", so_giay_xnkt);
        field(&mut json, "SoQuyetDinh", so_quyet_dinh);
        field(&mut json, "SoTaiKhoan", so_tai_khoan);
        field(&mut json, "SoTheBHYT", so_the_bhyt);
        field(&mut json, "ThonTo", thon_to);
        field(&mut json, "TrangThai", state);
        field(&mut json, "TuThang", tu_thang);
        json.push('}');
        Some((false, json))
    }

    fn disabilities(&self, json: &mut String, words: &str) -> Option<()> {
        json.push_str(",\"DangTat\":[");
        for (i, word) in words.split(';').map(str::trim).filter(|w| !w.is_empty()).enumerate() {
            json.push_str(if i > 0 { ",\"" } else { "\"" });
            json.push_str(self.disabilities.get(word)?);
            json.push('"');
        }
        json.push(']');
        Some(())
    }
}

fn sex(word: &str) -> Option<&'static str> {
    match word {
        "Nam" | "1" => Some("1"),
        "Nữ" | "2" => Some("2"),
        "" => Some("0"),
        _ => None,
    }
}

fn paper<'a>(kind: &'a str, number: &str) -> Option<&'a str> {
    let digits = |len| number.len() == len && number.bytes().all(|b| b.is_ascii_digit());
    let filler = || {
        let alike = number.bytes().all(|b| Some(b) == number.bytes().next());
        alike || number == "000000001" || number == "123456789"
    };
    match kind {
        "CCCD" => (digits(12) && !filler()).then_some(kind),
        "CMND" => (digits(9) && !filler()).then_some(kind),
        "GKS" => Some(kind),
        "KHONG" | "" => Some("KHONG"),
        _ => None,
    }
}

struct Birth {
    day: String,
    year: i16,
    precision: &'static str,
}

impl Birth {
    fn read(text: &str) -> Option<Self> {
        let part = text.strip_prefix("00/00/").unwrap_or(text);
        if part.len() == 4 {
            return Some(Self { day: String::new(), year: part.parse().ok()?, precision: "NAM" });
        }
        if let Some((month, year)) = part.split_once('/').filter(|_| part.len() == 7) {
            let date = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
            return Some(Self { day: day_text(date), year: date.year(), precision: "THANG" });
        }
        let date = day(part)?;
        Some(Self { day: day_text(date), year: date.year(), precision: "NGAY" })
    }
}

/// `dd/MM/yyyy` or `yyyy-MM-dd`.
fn day(text: &str) -> Option<Date> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    let (year, month, day) = if text.as_bytes().get(4) == Some(&b'-') {
        (part(0..4)?, part(5..7)?, part(8..10)?)
    } else {
        (part(6..10)?, part(3..5)?, part(0..2)?)
    };
    if text.len() != 10 {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn day_text(date: Date) -> String {
    format!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year())
}

/// NFC without blanks around and without control characters.
fn tidy(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        if text.contains(char::is_control) { text.replace(char::is_control, " ").into() } else { text.into() }
    } else {
        text.nfc().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().into()
    }
}

fn field(json: &mut String, name: &str, value: &str) {
    if !json.ends_with('{') {
        json.push(',');
    }
    json.push('"');
    json.push_str(name);
    json.push_str("\":\"");
    for (i, part) in tidy(value).split(['"', '\\']).enumerate() {
        if i > 0 {
            json.push('\\');
            json.push(escaped(value, i));
        }
        json.push_str(part);
    }
    json.push('"');
}

/// The `i`th quotation mark or backslash.
fn escaped(value: &str, i: usize) -> char {
    value.chars().filter(|c| matches!(c, '"' | '\\')).nth(i - 1).unwrap_or('"')
}
