//! The other programmes (section 6): funeral support, emergency relief, emergency care, residents of facilities,
//! payments, honouring the old. Each is a person, fields of its own, and a decision.

use jiff::ToSpan;

use super::checks::{self, day, month, one_of, sum};
use super::dates;
use super::entity::{Entity, Settles};
use super::form::{Findings, Read, Scene, want};
use super::record::Field::{
    self, ChinhSach, ChuTaiKhoan, CoQuanQuyetDinh, CoSoTroGiup, DanhMucDVHC, DenNgay, DiaChi, DoChinhXacNgaySinh,
    GiayToNguoiMaiTang, GioiTinh, HeSo, HinhThucChiTra, HoTen, KetQuaChi, Ky, LoaiGiayTo, LoaiHoTro, LoaiTiepNhan,
    LyDo, LyDoDung, LyDoRa, MaHuyen, MaNganHang, MaThamChieuDoiTuong, MaTinh, MaXa, MucChuan, MucHuong, Nam, NamSinh,
    NgayChi, NgayDung, NgayMat, NgayQuyetDinh, NgayRa, NgaySinh, NgayTiepNhan, NgayTrao, NgayXayRa, NguoiChamSoc,
    NguoiMaiTang, NguyenNhan, NhomDoiTuong, NoiChamSoc, QuanHe, SoGiayTo, SoNguoi, SoQuyetDinh, SoTaiKhoan, SoTien,
    SoTienNganSach, SoTienVanDong, SoTrichLucKhaiTu, ThietHai, TroCapThang, TruyLinh, TruyLinhDen, TruyLinhTu, TuNgay,
    Tuoi,
};

const PERSON: &[Field] = &[
    HoTen,
    NgaySinh,
    NamSinh,
    DoChinhXacNgaySinh,
    GioiTinh,
    LoaiGiayTo,
    SoGiayTo,
    MaTinh,
    MaHuyen,
    MaXa,
    DanhMucDVHC,
    DiaChi,
];
const PAYMENT: &[Field] = &[HinhThucChiTra, SoTaiKhoan, MaNganHang, ChuTaiKhoan];
const DECISION: &[Field] = &[SoQuyetDinh, NgayQuyetDinh, CoQuanQuyetDinh, ChinhSach];

/// What they share: a record written in error is withdrawn, with a free text as its reason.
const PROGRAMME: Entity = Entity {
    name: "",
    blocks: &[],
    required: &[],
    checks: &[],
    stop: &[NgayDung, LyDoDung],
    stop_checks: &[withdrawn],
    unique: &[],
    settles: None,
};

pub(super) const FUNERALS: Entity = Entity {
    name: "mai-tang-phi",
    blocks: &[
        PERSON,
        &[NhomDoiTuong, NgayMat, SoTrichLucKhaiTu, NguoiMaiTang, GiayToNguoiMaiTang, QuanHe, MucHuong],
        PAYMENT,
        DECISION,
    ],
    required: &[HoTen, NgayMat, MucHuong],
    checks: &[checks::person, checks::place, checks::group, funeral, checks::payment, checks::policy, checks::decision],
    ..PROGRAMME
};

pub(super) const RELIEF: Entity = Entity {
    name: "tro-giup-dot-xuat",
    blocks: &[
        PERSON,
        &[NguyenNhan, NgayXayRa, LoaiHoTro, SoNguoi, ThietHai, SoTienNganSach, SoTienVanDong],
        PAYMENT,
        DECISION,
    ],
    required: &[HoTen, NguyenNhan, NgayXayRa, LoaiHoTro, SoTienNganSach, SoTienVanDong],
    checks: &[checks::person, checks::place, relief, checks::payment, checks::policy, checks::decision],
    ..PROGRAMME
};

pub(super) const CARE: Entity = Entity {
    name: "cham-soc-khan-cap",
    blocks: &[PERSON, &[LyDo, NoiChamSoc, NguoiChamSoc, CoSoTroGiup, TuNgay, DenNgay, SoTien], DECISION],
    // No HoTen: a foundling may have none.
    required: &[LyDo, NoiChamSoc, TuNgay],
    checks: &[checks::person, checks::place, care, checks::policy, checks::decision],
    ..PROGRAMME
};

pub(super) const RESIDENTS: Entity = Entity {
    name: "co-so-tro-giup",
    blocks: &[
        PERSON,
        &[CoSoTroGiup, NhomDoiTuong, LoaiTiepNhan, NgayTiepNhan, NgayRa, LyDoRa, HeSo, MucChuan, MucHuong, TroCapThang],
        DECISION,
    ],
    required: &[HoTen, CoSoTroGiup, LoaiTiepNhan, NgayTiepNhan, TroCapThang],
    checks: &[checks::person, checks::place, checks::group, resident, checks::money, checks::policy, checks::decision],
    ..PROGRAMME
};

pub(super) const PAYMENTS: Entity = Entity {
    name: "chi-tra",
    blocks: &[
        PERSON,
        &[Ky, MaThamChieuDoiTuong, NhomDoiTuong, SoTien, TruyLinh, TruyLinhTu, TruyLinhDen],
        PAYMENT,
        &[KetQuaChi, NgayChi],
        DECISION,
    ],
    required: &[HoTen, Ky, MaThamChieuDoiTuong, SoTien],
    checks: &[
        checks::person,
        checks::place,
        checks::group,
        paid,
        arrears,
        checks::payment,
        checks::policy,
        checks::decision,
    ],
    unique: &[MaThamChieuDoiTuong, Ky],
    settles: Some(Settles { when: (KetQuaChi, "DA_CHI"), keeps: &[SoTien] }),
    ..PROGRAMME
};

pub(super) const HONOURS: Entity = Entity {
    name: "chuc-tho",
    blocks: &[PERSON, &[Nam, Tuoi, SoTien, NgayTrao], DECISION],
    required: &[HoTen, Nam, Tuoi, SoTien],
    checks: &[checks::person, checks::place, honoured, checks::policy, checks::decision],
    ..PROGRAMME
};

fn withdrawn(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    want(!read.text(NgayDung).is_empty(), NgayDung, "empty", out);
    day(read, NgayDung, out);
    want(!read.text(LyDoDung).is_empty(), LyDoDung, "empty", out);
}

fn funeral(read: &Read<'_, '_>, scene: &Scene<'_>, out: &mut Findings) {
    let amount = sum(read, MucHuong, out);
    let Some(died) = day(read, NgayMat, out) else { return };
    want(died <= scene.latest, NgayMat, "in the future", out);
    want(checks::born(read).is_none_or(|born| born <= died), NgayMat, "before birth", out);
    let least = checks::rate_on(died).map(|rate| 20 * rate);
    let enough = !matches!((amount, least), (Some(amount), Some(least)) if amount < least);
    want(enough, MucHuong, "less than 20 times the rate on NgayMat", out);
}

fn relief(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let causes = ["THIEN_TAI", "HOA_HOAN", "TAI_NAN", "DICH_BENH", "KHAC"];
    one_of(read, NguyenNhan, &causes, "not a cause of the list", out);
    let kinds = ["LUONG_THUC", "BI_THUONG", "MAI_TANG", "NHA_O", "KHAC"];
    one_of(read, LoaiHoTro, &kinds, "not a kind of relief of the list", out);
    day(read, NgayXayRa, out);
    want(checks::is_count(read.text(SoNguoi)), SoNguoi, "not a plain count", out);
    sum(read, SoTienNganSach, out);
    sum(read, SoTienVanDong, out);
}

fn care(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let reasons = ["BO_ROI", "BAO_LUC", "XAM_HAI", "MUA_BAN", "LANG_THANG", "KHAC"];
    one_of(read, LyDo, &reasons, "not a reason of the list", out);
    let nameless = read.text(HoTen).is_empty() && read.text(LyDo) != "BO_ROI";
    want(!nameless, HoTen, "empty, and not a foundling", out);
    one_of(read, NoiChamSoc, &["HO_GIA_DINH", "CO_SO"], "not HO_GIA_DINH or CO_SO", out);
    sum(read, SoTien, out);
    if let (Some(from), Some(to)) = (day(read, TuNgay, out), day(read, DenNgay, out)) {
        want(to >= from, DenNgay, "before TuNgay", out);
        want(to <= from.saturating_add(3.months()), DenNgay, "more than three months after TuNgay", out);
    }
}

fn resident(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let kinds = ["BAT_BUOC", "TU_NGUYEN", "KHAN_CAP"];
    one_of(read, LoaiTiepNhan, &kinds, "not BAT_BUOC, TU_NGUYEN or KHAN_CAP", out);
    one_of(read, TroCapThang, &["0", "1"], "not 0 or 1", out);
    if let (Some(came), Some(left)) = (day(read, NgayTiepNhan, out), day(read, NgayRa, out)) {
        want(left >= came, NgayRa, "before NgayTiepNhan", out);
    }
}

fn paid(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let period = dates::period(read.text(Ky));
    want(period.is_some(), Ky, "not a month yyyyMM", out);
    let decided = dates::day(read.text(NgayQuyetDinh)).map(jiff::civil::Date::first_of_month);
    let before = matches!((period, decided), (Some(period), Some(decided)) if period < decided);
    want(!before, Ky, "a month before the decision", out);
    let reference = read.text(MaThamChieuDoiTuong);
    want(reference.chars().count() <= 100, MaThamChieuDoiTuong, "more than 100 characters", out);
    let number = read.text(SoGiayTo);
    want(number.is_empty() || reference != number, MaThamChieuDoiTuong, "an identity number", out);
    sum(read, SoTien, out);
    let results = ["", "DA_CHI", "CHUA_NHAN", "TRA_LAI"];
    one_of(read, KetQuaChi, &results, "not DA_CHI, CHUA_NHAN or TRA_LAI", out);
    day(read, NgayChi, out);
}

fn arrears(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let owed = sum(read, TruyLinh, out);
    let (from, to) = (month(read, TruyLinhTu, out), month(read, TruyLinhDen, out));
    if owed.is_some_and(|owed| owed > 0) {
        for field in [TruyLinhTu, TruyLinhDen] {
            want(!read.text(field).is_empty(), field, "empty, with arrears", out);
        }
    }
    let backwards = matches!((from, to), (Some(from), Some(to)) if to < from);
    want(!backwards, TruyLinhDen, "before TruyLinhTu", out);
}

fn honoured(read: &Read<'_, '_>, _: &Scene<'_>, out: &mut Findings) {
    let year = dates::year(read.text(Nam));
    want(year.is_some(), Nam, "not a year", out);
    let text = read.text(Tuoi);
    let age = text.parse::<i16>().ok().filter(|age| age.to_string() == text);
    let honours = age.is_some_and(|age| matches!(age, 70 | 75 | 80 | 85 | 90 | 95 | 100..=150));
    want(honours, Tuoi, "not 70, 75, 80, 85, 90, 95, or 100 and over", out);
    if let (Some(year), Some(age), Some(born)) = (year, age, dates::year(read.text(NamSinh))) {
        want(year - born == age, Tuoi, "not Nam less NamSinh", out);
    }
    sum(read, SoTien, out);
    day(read, NgayTrao, out);
}
