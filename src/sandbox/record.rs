//! The words of the contract's records: every field of every entity, spelt as on the wire.

macro_rules! vocabulary {
    ($($field:ident)+) => {
        /// A field of a record. Which record has it, and where, is told by the [`super::entity`] tables.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Field {
            $($field,)+
        }

        const NAMES: &[&str] = &[$(stringify!($field)),+];
    };
}

vocabulary! {
    HoTen NgaySinh NamSinh DoChinhXacNgaySinh GioiTinh DanToc LoaiGiayTo SoGiayTo MaDinhDanhCu
    MaTinh MaHuyen MaXa DanhMucDVHC DiaChi ThonTo
    NhomDoiTuong HeSo MucChuan MucHuong ChinhSach
    SoQuyetDinh NgayQuyetDinh CoQuanQuyetDinh TuThang DenThang TrangThai LyDoDung NgayDung
    DangTat MucDoKhuyetTat SoGiayXNKT
    HinhThucChiTra SoTaiKhoan MaNganHang ChuTaiKhoan NguoiNhanThay QuanHe SoTheBHYT HoNgheo CoSoTroGiup
    NgayMat SoTrichLucKhaiTu NguoiMaiTang GiayToNguoiMaiTang
    NguyenNhan NgayXayRa LoaiHoTro SoNguoi ThietHai SoTienNganSach SoTienVanDong
    LyDo NoiChamSoc NguoiChamSoc TuNgay DenNgay SoTien
    LoaiTiepNhan NgayTiepNhan NgayRa LyDoRa TroCapThang
    Ky MaThamChieuDoiTuong TruyLinh TruyLinhTu TruyLinhDen KetQuaChi NgayChi
    Nam Tuoi NgayTrao
}

/// Words in all.
pub(super) const WORDS: usize = NAMES.len();

/// The one field that is a list.
pub(super) const LIST: Field = Field::DangTat;

impl Field {
    /// The contract's name.
    pub(super) fn name(self) -> &'static str {
        NAMES[self as usize]
    }
}
