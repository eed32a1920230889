//! `doi-tuong`: people with a monthly allowance, and how their receiving stops.

use super::checks;
use super::dates;
use super::entity::Entity;
use super::form::{Findings, Read, Scene, digits, want};
use super::parse::Value;
use super::record::Field::{
    ChinhSach, ChuTaiKhoan, CoQuanQuyetDinh, CoSoTroGiup, DanToc, DangTat, DanhMucDVHC, DenThang, DiaChi,
    DoChinhXacNgaySinh, GioiTinh, HeSo, HinhThucChiTra, HoNgheo, HoTen, LoaiGiayTo, LyDoDung, MaDinhDanhCu, MaHuyen,
    MaNganHang, MaTinh, MaXa, MucChuan, MucDoKhuyetTat, MucHuong, NamSinh, NgayDung, NgayQuyetDinh, NgaySinh,
    NguoiNhanThay, NhomDoiTuong, QuanHe, SoGiayTo, SoGiayXNKT, SoQuyetDinh, SoTaiKhoan, SoTheBHYT, ThonTo, TrangThai,
    TuThang,
};
use super::record::{Field, LIST};

const FIELDS: &[Field] = &[
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
];

/// The table of section 1.
pub(super) const ENTITY: Entity = Entity {
    name: "doi-tuong",
    blocks: &[FIELDS],
    required: &[HoTen],
    checks: &[
        checks::person,
        person,
        checks::place,
        checks::money,
        checks::policy,
        checks::decision,
        months,
        state,
        checks::group,
        disability,
        checks::payment,
    ],
    stop: &[NgayDung, DenThang, SoQuyetDinh, NgayQuyetDinh, CoQuanQuyetDinh, LyDoDung],
    stop_checks: &[stopped],
    unique: &[],
    settles: None,
};

const DISABILITIES: [&str; 6] = ["VAN_DONG", "NGHE_NOI", "NHIN", "THAN_KINH", "TRI_TUE", "KHAC"];

/// What only a beneficiary tells of the person.
fn person(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let ethnic = read.text(DanToc);
    let known = digits(ethnic, 2) && ("01"..="55").contains(&ethnic);
    want(ethnic.is_empty() || known, DanToc, "not a code 01 to 55", out);
    let poor = read.text(HoNgheo);
    want(matches!(poor, "" | "0" | "1" | "2"), HoNgheo, "not 0, 1 or 2", out);
}

fn months(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let starts = checks::month(read, TuThang, out);
    let ends = checks::month(read, DenThang, out);
    let backwards = matches!((starts, ends), (Some(starts), Some(ends)) if ends < starts);
    want(!backwards, DenThang, "before TuThang", out);
}

/// A reason to stop.
fn is_reason(text: &str) -> bool {
    matches!(text, "a" | "b" | "c" | "d" | "đ")
}

fn state(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    match read.text(TrangThai) {
        "DANG_HUONG" | "TAM_DUNG" | "CHUYEN_DI" => {}
        "THOI_HUONG" => want(false, TrangThai, "THOI_HUONG comes of a stop only", out),
        _ => want(false, TrangThai, "not DANG_HUONG, TAM_DUNG or CHUYEN_DI", out),
    }
    let reason = read.text(LyDoDung);
    want(reason.is_empty() || is_reason(reason), LyDoDung, "not a, b, c, d or đ", out);
}

fn disability(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    if let Some(Value::List(kinds)) = read.value(LIST) {
        let known = kinds.iter().all(|kind| DISABILITIES.contains(&kind.as_ref()));
        want(known, LIST, "a word that the list does not have", out);
        let twice = kinds.iter().enumerate().any(|(at, kind)| kinds[..at].contains(kind));
        want(!twice, LIST, "a word twice", out);
    }
    checks::one_of(read, MucDoKhuyetTat, &["", "DAC_BIET_NANG", "NANG", "NHE"], "not DAC_BIET_NANG, NANG or NHE", out);
}

/// A `DUNG` (section 6), and whether it may follow what was written before.
fn stopped(read: &Read<'_, '_>, scene: &Scene<'_>, out: &mut Findings) {
    let (day, month) = (read.text(NgayDung), read.text(DenThang));
    want(!day.is_empty() || !month.is_empty(), NgayDung, "neither NgayDung nor DenThang", out);
    let (on, until) = (checks::day(read, NgayDung, out), checks::month(read, DenThang, out));
    want(!read.text(SoQuyetDinh).is_empty(), SoQuyetDinh, "empty", out);
    want(is_reason(read.text(LyDoDung)), LyDoDung, "not a, b, c, d or đ", out);
    checks::decided(read, scene, out);
    if let Some(starts) = scene.before.and_then(|before| dates::month(before.text(read.kind, TuThang))) {
        want(on.is_none_or(|on| on >= starts), NgayDung, "before TuThang of the record", out);
        want(until.is_none_or(|until| until >= starts), DenThang, "before TuThang of the record", out);
    }
}
