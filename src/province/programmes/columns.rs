//! The columns of the programmes' tables. Their names are what the mappings read.

use super::super::table::{Column, Kind};

macro_rules! columns {
    ($($table:ident: $($name:literal $kind:ident)*;)*) => {
        $(pub(in super::super) const $table: &[Column] = &[$(Column { name: $name, kind: Kind::$kind },)*];)*
    };
}

columns! {
    MAI_TANG:
        "ma_ho_so" Key "ho_ten" Text "ngay_sinh" Text "gioi_tinh" Text "so_giay_to" Text "loai_giay_to" Text
        "ma_tinh" Text "ma_huyen" Text "ma_xa" Text "dia_chi" Text "nhom" Text "ngay_mat" Date "so_trich_luc" Text
        "nguoi_mai_tang" Text "giay_to_nguoi_mai_tang" Text "quan_he" Text "muc_huong" Money "hinh_thuc_chi_tra" Text
        "so_tai_khoan" Text "ngan_hang" Text "chu_tai_khoan" Text "so_quyet_dinh" Text "ngay_quyet_dinh" Date
        "co_quan_quyet_dinh" Text "chinh_sach" Text "ngay_dung" Date "ly_do_dung" Text;

    TRO_GIUP_DOT_XUAT:
        "ma_ho_so" Key "ho_ten" Text "ngay_sinh" Text "gioi_tinh" Text "so_giay_to" Text "loai_giay_to" Text
        "ma_tinh" Text "ma_huyen" Text "ma_xa" Text "dia_chi" Text "nguyen_nhan" Text "ngay_xay_ra" Date
        "loai_ho_tro" Text "so_nguoi" Integer "thiet_hai" Text "so_tien_ngan_sach" Money "so_tien_van_dong" Money
        "hinh_thuc_chi_tra" Text "so_tai_khoan" Text "ngan_hang" Text "chu_tai_khoan" Text "so_quyet_dinh" Text
        "ngay_quyet_dinh" Date "co_quan_quyet_dinh" Text "chinh_sach" Text "ngay_dung" Date "ly_do_dung" Text;

    CHAM_SOC_KHAN_CAP:
        "ma_ho_so" Key "ho_ten" Text "ngay_sinh" Text "gioi_tinh" Text "so_giay_to" Text "loai_giay_to" Text
        "ma_tinh" Text "ma_huyen" Text "ma_xa" Text "dia_chi" Text "ly_do" Text "noi_cham_soc" Text
        "nguoi_cham_soc" Text "co_so_tro_giup" Text "tu_ngay" Date "den_ngay" Date "so_tien" Money
        "so_quyet_dinh" Text "ngay_quyet_dinh" Date "co_quan_quyet_dinh" Text "chinh_sach" Text "ngay_dung" Date
        "ly_do_dung" Text;

    CO_SO_TRO_GIUP:
        "ma_ho_so" Key "ho_ten" Text "ngay_sinh" Text "gioi_tinh" Text "so_giay_to" Text "loai_giay_to" Text
        "ma_tinh" Text "ma_huyen" Text "ma_xa" Text "dia_chi" Text "co_so_tro_giup" Text "nhom" Text
        "loai_tiep_nhan" Text "ngay_tiep_nhan" Date "ngay_ra" Date "ly_do_ra" Text "he_so" Decimal
        "muc_chuan" Integer "muc_huong" Money "tro_cap_thang" Text "so_quyet_dinh" Text "ngay_quyet_dinh" Date
        "co_quan_quyet_dinh" Text "chinh_sach" Text "ngay_dung" Date "ly_do_dung" Text;

    CHI_TRA:
        "ma_ho_so" Key "ho_ten" Text "ngay_sinh" Text "gioi_tinh" Text "so_giay_to" Text "loai_giay_to" Text
        "ma_tinh" Text "ma_huyen" Text "ma_xa" Text "dia_chi" Text "ky" Text "ma_ho_so_doi_tuong" Text "nhom" Text
        "so_tien" Money "truy_linh" Money "truy_linh_tu" Text "truy_linh_den" Text "hinh_thuc_chi_tra" Text
        "so_tai_khoan" Text "ngan_hang" Text "chu_tai_khoan" Text "ket_qua_chi" Text "ngay_chi" Date
        "so_quyet_dinh" Text "ngay_quyet_dinh" Date "co_quan_quyet_dinh" Text "chinh_sach" Text "ngay_dung" Date
        "ly_do_dung" Text;

    CHUC_THO:
        "ma_ho_so" Key "ho_ten" Text "ngay_sinh" Text "gioi_tinh" Text "so_giay_to" Text "loai_giay_to" Text
        "ma_tinh" Text "ma_huyen" Text "ma_xa" Text "dia_chi" Text "nam" Text "tuoi" Text "so_tien" Money
        "ngay_trao" Date "so_quyet_dinh" Text "ngay_quyet_dinh" Date "co_quan_quyet_dinh" Text "chinh_sach" Text
        "ngay_dung" Date "ly_do_dung" Text;
}
