//! A row of the local table, as a province would keep it.

use super::shares::Damage;

macro_rules! columns {
    ($($variant:ident $name:literal)*) => {
        /// The columns of the table `doi_tuong`, in its order.
        #[expect(missing_docs, reason = "the columns' own names say what they hold")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Field { $($variant,)* }

        /// The names of the columns, in the table's order.
        pub const COLUMNS: [&str; 42] = [$($name,)*];
    };
}

columns! {
    MaHoSo "ma_ho_so" HoTen "ho_ten" NgaySinh "ngay_sinh" GioiTinh "gioi_tinh" DanToc "dan_toc"
    SoGiayTo "so_giay_to" LoaiGiayTo "loai_giay_to" SoCu "so_cu" MaTinh "ma_tinh" MaHuyen "ma_huyen" MaXa "ma_xa"
    DiaChi "dia_chi" ThonTo "thon_to" Nhom "nhom" HeSo "he_so" MucChuan "muc_chuan" MucHuong "muc_huong"
    ChinhSach "chinh_sach" SoQuyetDinh "so_quyet_dinh" NgayQuyetDinh "ngay_quyet_dinh"
    CoQuanQuyetDinh "co_quan_quyet_dinh" TuThang "tu_thang" DenThang "den_thang" TrangThai "trang_thai"
    LyDoDung "ly_do_dung" NgayDung "ngay_dung" SoQdDung "so_qd_dung" NgayQdDung "ngay_qd_dung"
    CoQuanQdDung "co_quan_qd_dung" DangTat "dang_tat" MucDoKt "muc_do_kt" SoGiayXnkt "so_giay_xnkt"
    HinhThucChiTra "hinh_thuc_chi_tra" SoTaiKhoan "so_tai_khoan" NganHang "ngan_hang"
    ChuTaiKhoan "chu_tai_khoan" NguoiNhanThay "nguoi_nhan_thay" QuanHe "quan_he" SoTheBhyt "so_the_bhyt"
    HoNgheo "ho_ngheo" CoSoTroGiup "co_so_tro_giup" CapNhatLuc "cap_nhat_luc"
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
