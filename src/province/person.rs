//! A row of the local table, as a province would keep it.

use super::shares::Damage;
use super::table::{Column, Kind};

macro_rules! columns {
    ($($variant:ident $name:literal $kind:ident)*) => {
        /// The columns of the table `doi_tuong`, in its order.
        #[expect(missing_docs, reason = "the columns' own names say what they hold")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Field { $($variant,)* }

        /// The names of the columns, in the table's order.
        pub const COLUMNS: [&str; 42] = [$($name,)*];

        /// The same with their types.
        pub(super) const TYPED: [Column; 42] = [$(Column { name: $name, kind: Kind::$kind },)*];
    };
}

columns! {
    MaHoSo "ma_ho_so" Key HoTen "ho_ten" Text NgaySinh "ngay_sinh" Text GioiTinh "gioi_tinh" Text
    DanToc "dan_toc" Text SoGiayTo "so_giay_to" Text LoaiGiayTo "loai_giay_to" Text SoCu "so_cu" Text
    MaTinh "ma_tinh" Text MaHuyen "ma_huyen" Text MaXa "ma_xa" Text DiaChi "dia_chi" Text ThonTo "thon_to" Text
    Nhom "nhom" Text HeSo "he_so" Decimal MucChuan "muc_chuan" Integer MucHuong "muc_huong" Money
    ChinhSach "chinh_sach" Text SoQuyetDinh "so_quyet_dinh" Text NgayQuyetDinh "ngay_quyet_dinh" Date
    CoQuanQuyetDinh "co_quan_quyet_dinh" Text TuThang "tu_thang" Text DenThang "den_thang" Text
    TrangThai "trang_thai" Text LyDoDung "ly_do_dung" Text NgayDung "ngay_dung" Text SoQdDung "so_qd_dung" Text
    NgayQdDung "ngay_qd_dung" Text CoQuanQdDung "co_quan_qd_dung" Text DangTat "dang_tat" Text
    MucDoKt "muc_do_kt" Text SoGiayXnkt "so_giay_xnkt" Text HinhThucChiTra "hinh_thuc_chi_tra" Text
    SoTaiKhoan "so_tai_khoan" Text NganHang "ngan_hang" Text ChuTaiKhoan "chu_tai_khoan" Text
    NguoiNhanThay "nguoi_nhan_thay" Text QuanHe "quan_he" Text SoTheBhyt "so_the_bhyt" Text HoNgheo "ho_ngheo" Text
    CoSoTroGiup "co_so_tro_giup" Text CapNhatLuc "cap_nhat_luc" Timestamp
}

/// One invented person: a row, and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The texts in the order of [`COLUMNS`]; `None` is `NULL` in a database and empty in a file.
    pub columns: [Option<String>; COLUMNS.len()],
    /// What the row was damaged with; `None` for a row that may be sent. Not in the table.
    pub damage: Option<Damage>,
    pub(super) index: u64,
}

impl Person {
    pub(super) fn new(index: u64, damage: Option<Damage>) -> Self {
        Self { columns: [const { None }; COLUMNS.len()], damage, index }
    }

    /// The text of a column; `None` for `NULL`.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.columns[field as usize].as_deref()
    }

    pub(super) fn set(&mut self, field: Field, text: impl Into<String>) {
        self.columns[field as usize] = Some(text.into());
    }

    pub(super) fn clear(&mut self, field: Field) {
        self.columns[field as usize] = None;
    }
}

/// The fixed word for which the row must be held; `None` when it must be sent. It comes from what the generator
/// did, not from looking at the row, so that it can prove a mapping right or wrong.
pub fn expected_held(person: &Person) -> Option<&'static str> {
    person.damage.map(Damage::held_for)
}
