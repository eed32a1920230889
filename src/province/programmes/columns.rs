//! The columns of the programmes' tables, and of the dossiers'. Their names are what the mappings read.

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

    HO_SO:
        "ma_ho_so" Key "so_bien_nhan" Text "ma_tthc" Text "linh_vuc" Text "kenh" Text "noi_nop" Text
        "hinh_thuc_tra" Text "loai_doi_tuong" Text "trang_thai_dau" Text "trang_thai" Text
        "ngay_nop" Timestamp "ngay_tiep_nhan" Timestamp "ngay_hen_tra" Timestamp "ngay_ket_thuc" Timestamp
        "ngay_tra" Timestamp "thong_tin_tra" Text "ngay_tu_choi" Timestamp "ngay_yeu_cau_bo_sung" Timestamp
        "don_vi" Text "ho_ten" Text "ngay_sinh" Text "gioi_tinh" Text "dan_toc" Text "so_giay_to" Text
        "loai_giay_to" Text "ngay_cap" Date "noi_cap" Text "so_dien_thoai" Text "email" Text "ma_tinh" Text
        "ma_huyen" Text "ma_xa" Text "hktt_ma_tinh" Text "hktt_ma_huyen" Text "hktt_ma_xa" Text
        "hktt_thon" Text "noht_ma_tinh" Text "noht_ma_huyen" Text "noht_ma_xa" Text "noht_thon" Text
        "noht_chi_tiet" Text "trich_yeu" Text "ghi_chu" Text "loai_ket_qua" Text "so_quyet_dinh" Text
        "co_quan_ban_hanh" Text "trich_yeu_ket_qua" Text "ngay_ban_hanh" Date "so_hoa" Text "vneid" Text
        "truc_tuyen" Text "tai_lieu_nop" Text "giay_to_ket_qua" Text "duong_dan" Text "thong_tin_khac" Text
        "ma_doi_tuong" Text;

    BUOC_XU_LY:
        "ma_buoc" Key "ma_ho_so" Text "tai_khoan" Text "nguoi_xu_ly" Text "chuc_danh" Text
        "thoi_diem" Timestamp "don_vi" Text "noi_dung" Text "trang_thai" Text "ngay_bat_dau" Timestamp
        "han_xu_ly" Timestamp;
}
