//! The record `DoiTuong` as the contract's table has it.

/// A field of the record, by its place in the table; `NgayDung` comes of a stop only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(dead_code, reason = "the places follow the table, whether or not a rule names the field")]
#[repr(u8)]
pub(super) enum Field {
    HoTen,
    NgaySinh,
    NamSinh,
    DoChinhXacNgaySinh,
    GioiTinh,
    DanToc,
    LoaiGiayTo,
    SoGiayTo,
    MaDinhDanhCu,
    MaTinh,
    MaHuyen,
    MaXa,
    DanhMucDVHC,
    DiaChi,
    ThonTo,
    NhomDoiTuong,
    HeSo,
    MucChuan,
    MucHuong,
    ChinhSach,
    SoQuyetDinh,
    NgayQuyetDinh,
    CoQuanQuyetDinh,
    TuThang,
    DenThang,
    TrangThai,
    LyDoDung,
    DangTat,
    MucDoKhuyetTat,
    SoGiayXNKT,
    HinhThucChiTra,
    SoTaiKhoan,
    MaNganHang,
    ChuTaiKhoan,
    NguoiNhanThay,
    QuanHe,
    SoTheBHYT,
    HoNgheo,
    CoSoTroGiup,
    NgayDung,
}

/// Fields in all: those of the table and `NgayDung`.
pub(super) const COUNT: usize = 40;
/// Fields of a `GHI`, the first ones.
pub(super) const WRITTEN: usize = 39;

/// The contract's names, in the order of the table.
pub(super) const NAMES: [&str; COUNT] = [
    "HoTen",
    "NgaySinh",
    "NamSinh",
    "DoChinhXacNgaySinh",
    "GioiTinh",
    "DanToc",
    "LoaiGiayTo",
    "SoGiayTo",
    "MaDinhDanhCu",
    "MaTinh",
    "MaHuyen",
    "MaXa",
    "DanhMucDVHC",
    "DiaChi",
    "ThonTo",
    "NhomDoiTuong",
    "HeSo",
    "MucChuan",
    "MucHuong",
    "ChinhSach",
    "SoQuyetDinh",
    "NgayQuyetDinh",
    "CoQuanQuyetDinh",
    "TuThang",
    "DenThang",
    "TrangThai",
    "LyDoDung",
    "DangTat",
    "MucDoKhuyetTat",
    "SoGiayXNKT",
    "HinhThucChiTra",
    "SoTaiKhoan",
    "MaNganHang",
    "ChuTaiKhoan",
    "NguoiNhanThay",
    "QuanHe",
    "SoTheBHYT",
    "HoNgheo",
    "CoSoTroGiup",
    "NgayDung",
];

/// What a `DUNG` may carry (section 6).
pub(super) const OF_A_STOP: [Field; 6] = [
    Field::NgayDung,
    Field::DenThang,
    Field::SoQuyetDinh,
    Field::NgayQuyetDinh,
    Field::CoQuanQuyetDinh,
    Field::LyDoDung,
];

/// The one field that is a list.
pub(super) const LIST: usize = Field::DangTat as usize;

/// Places of the fields in the order of their names' bytes, as `PhienBan` wants them.
pub(super) fn by_name() -> [usize; COUNT] {
    let mut order: [usize; COUNT] = std::array::from_fn(|place| place);
    order.sort_by_key(|&place| NAMES[place].as_bytes());
    order
}
