//! dvcbtxh: dossiers, steps, the XML inside a text, the key.

use super::portals::plain;
use super::*;

const DOSSIER: &str = "/apiBTXH/DongBoDVC";
const STEP: &str = "/apiBTXH/XuLyHoSo";
const EXTENT: &str = "<ExtentData><DanhSachTaiLieuNop><TaiLieuNop><TepDinhKemId>1</TepDinhKemId>\
    <TenTepDinhKem>Đơn &amp; giấy.pdf</TenTepDinhKem><IsDeleted>0</IsDeleted><DuocTaiSuDung>2</DuocTaiSuDung></TaiLieuNop>\
    </DanhSachTaiLieuNop><DanhSachGiayToKetQua/></ExtentData>";

pub fn dossier(number: &str, status: &str) -> Value {
    let names = "TenTTHC MaLinhVuc TenLinhVuc KenhThucHien NoiNopHoSo HinhThucTra LoaiDoiTuong SubmitedDate UrlDetail \
        DonViXuLy CMND CMND_NgayCap CMND_NoiCap LoaiDinhDanh SoDinhDanh SoDienThoai Email MaHuyen MaXa HKTT_MaTinh \
        HKTT_MaHuyen HKTT_MaXa HKTT_MaThon NOHT_MaTinh NOHT_MaHuyen NOHT_MaXa NOHT_MaThon NOHT_ChiTiet LoaiKetQua \
        SoQuyetDinh CoQuanBanHanh TrichYeu NgayBanHanh HoSoCoThanhPhanSoHoa TaiKhoanDuocXacThucVoiVNeID \
        DuocThanhToanTrucTuyen";
    let mut record = json!({"AcceptKey": "sandbox", "LoaiDuLieu": "100", "MaCSDL": "1", "MaHoSo": number,
        "MaTTHC": "1.001776", "StatusId": status, "HoVaTen": "Lê Văn Kín", "NgayTiepNhan": "18/12/2023 08:30:00",
        "NgayThangNamSinh": "01/02/1941", "GioiTinhId": "1034", "DanTocId": "1", "MaTinh": "87",
        "CertificateExtentData": EXTENT});
    for name in names.split_whitespace() {
        record[name] = json!("");
    }
    record
}

pub fn step(number: &str, at: &str, status: &str) -> Value {
    json!({"AcceptKey": "sandbox", "MaHoSo": number, "TaiKhoanXuLy": "", "NguoiXuLy": "Cán bộ", "ChucDanh": "",
        "ThoiDiemXuLy": at, "DonViXuLy": "", "NoiDungXuLy": "", "StatusId": status, "NgayBatDau": "18/12/2023",
        "NgayKetThucTheoQuyDinh": "27/12/2023 17:00:00"})
}

pub fn post(nation: &mut Nation, path: &str, body: &Value) -> String {
    let reply = nation.handle(&Request::post(path, "", body.to_string()), NOW);
    plain(&serde_json::from_slice::<Value>(&reply.bytes(10_000)).unwrap_or_default()["error_code"])
}

pub fn kinds(nation: &Nation) -> Vec<&'static str> {
    nation.report().violations_by_kind.into_keys().collect()
}

#[test]
fn a_dossiers_life() {
    let mut nation = Nation::default();
    assert_eq!(post(&mut nation, STEP, &step("A", "18/12/2023 09:00:00", "4")), "7");
    assert_eq!(post(&mut nation, DOSSIER, &dossier("A", "1")), "0");
    assert_eq!(post(&mut nation, STEP, &step("A", "18/12/2023 09:00:00", "4")), "0");
    assert_eq!(post(&mut nation, STEP, &step("A", "02/01/2024 09:00:00", "9")), "0");
    assert_eq!(post(&mut nation, STEP, &step("A", "03/01/2024 09:00:00", "4")), "8");
    assert_eq!(post(&mut nation, DOSSIER, &dossier("A", "4")), "8");
    assert_eq!(post(&mut nation, DOSSIER, &dossier("A", "9")), "0");
    let report = nation.report().portals["dvcbtxh"].clone();
    assert_eq!((report.dossiers, report.steps, report.statuses), (1, 2, [(9, 1)].into()));
    assert_eq!((report.effects, report.status_backs, report.unknown_numbers, report.violations), (4, 2, 1, 0));
    // What comes once more has no effect, and is counted.
    assert_eq!(post(&mut nation, STEP, &step("A", "18/12/2023 09:00:00", "4")), "0");
    assert_eq!(post(&mut nation, DOSSIER, &dossier("A", "9")), "0");
    let report = nation.report().portals["dvcbtxh"].clone();
    assert_eq!((report.effects, report.effects_repeated, report.steps), (4, 2, 2));
    assert_eq!(nation.dossiers(System::Dvcbtxh, None, 9).unwrap()[0].steps[1].at, "20240102090000");
}

#[test]
fn after_an_unknown_outcome_the_same_bytes_come_again() {
    for same in [true, false] {
        let mut nation = Nation::default();
        for kind in [FaultKind::StoredThenCut, FaultKind::Error502] {
            nation.add_fault(Fault::new(Operation::Send, kind).of(System::Dvcbtxh)).unwrap();
        }
        post(&mut nation, DOSSIER, &dossier("A", "1"));
        post(&mut nation, DOSSIER, &dossier("A", "1"));
        assert_eq!(post(&mut nation, DOSSIER, &dossier("A", if same { "1" } else { "2" })), "0");
        assert_eq!(kinds(&nation), if same { vec![] } else { vec!["not-repeated"] });
        let report = nation.report().portals["dvcbtxh"].clone();
        assert_eq!((report.sent_again, report.effects_repeated, report.dossiers), (u64::from(same), 0, 1));
    }
}

#[test]
fn a_busy_portal_leaves_the_outcome_unknown() {
    let mut nation = Nation::default();
    nation.add_fault(Fault::new(Operation::Send, FaultKind::Error500After).of(System::Dvcbtxh)).unwrap();
    post(&mut nation, DOSSIER, &dossier("A", "1"));
    let ruling = json!({"system": "dvcbtxh", "references": ["A"], "as": "later"});
    nation.handle(&Request::post("/_sandbox/refuse", "", ruling.to_string()), NOW);
    assert_eq!(post(&mut nation, DOSSIER, &dossier("A", "1")), "9");
    assert_eq!(post(&mut nation, DOSSIER, &dossier("A", "2")), "0");
    assert_eq!(kinds(&nation), ["not-repeated"]);
}

#[test]
fn what_breaks_the_contract() {
    let wrong = [
        ("LoaiDuLieu", json!("101")),
        ("MaCSDL", json!("")),
        ("StatusId", json!("0")),
        ("HoVaTen", json!("")),
        ("MaTinh", json!("087")),
        ("HKTT_MaXa", json!("2986")),
        ("NgayTiepNhan", json!("18/12/2023")),
        ("NgayTiepNhan", json!("")),
        ("NgayTiepNhan", json!("18/12/2023 24:00:00")),
        ("NgayThangNamSinh", json!("01/02/1941 00:00:00")),
        ("NgayThangNamSinh", json!("1941")),
        ("GioiTinhId", json!("1")),
        ("DanTocId", json!("01")),
        ("LoaiDinhDanh", json!("1")),
        ("SoDinhDanh", json!("087141000123")),
        ("SoDienThoai", json!("0277 abc")),
        ("HoSoCoThanhPhanSoHoa", json!("2")),
        ("UrlDetail", json!(null)),
        ("hoVaTen", json!("x")),
        ("CertificateExtentData", json!("không")),
        ("CertificateExtentData", json!(EXTENT.replace("</ExtentData>", ""))),
        ("CertificateExtentData", json!(EXTENT.replace("ExtentData", "Extent"))),
        ("CertificateExtentData", json!(EXTENT.replace("IsDeleted", "Deleted"))),
        ("CertificateExtentData", json!(EXTENT.replace("IsDeleted", "TepDinhKemId"))),
        ("CertificateExtentData", json!(EXTENT.replace('2', "3"))),
        ("CertificateExtentData", json!(EXTENT.replace("&amp;", "&nbsp;"))),
        ("CertificateExtentData", json!(format!("<!DOCTYPE a [<!ENTITY b 'c'>]>{EXTENT}"))),
        ("CertificateExtentData", json!(format!("{}{}", "<ExtentData>".repeat(20), "</ExtentData>".repeat(20)))),
    ];
    for (name, value) in wrong {
        let mut nation = Nation::default();
        let mut record = dossier("A", "4");
        record[name] = value.clone();
        assert_eq!(post(&mut nation, DOSSIER, &record), "-1", "{name} {value}");
        assert_eq!(
            (kinds(&nation), nation.report().portals["dvcbtxh"].dossiers),
            (vec!["record"], 0),
            "{name} {value}"
        );
    }
    let right = [
        ("CertificateExtentData", ""),
        ("CertificateExtentData", "<ExtentData/>"),
        ("NgayThangNamSinh", ""),
        ("SubmitedDate", "15/12/2023"),
        ("SubmitedDate", "15/12/2023 07:00:00"),
        ("DanTocId", "55"),
    ];
    for (name, value) in right {
        let mut record = dossier("A", "4");
        record[name] = json!(value);
        assert_eq!(post(&mut Nation::default(), DOSSIER, &record), "0", "{name} {value}");
    }
    let mut nation = Nation::default();
    post(&mut nation, DOSSIER, &dossier("A", "1"));
    for (name, value) in [("ThoiDiemXuLy", "18/12/2023"), ("NguoiXuLy", ""), ("NgayBatDau", "20231218")] {
        let mut wrong = step("A", "18/12/2023 09:00:00", "4");
        wrong[name] = json!(value);
        assert_eq!(post(&mut nation, STEP, &wrong), "-1", "{name}");
    }
    assert_eq!(nation.report().violations_by_kind, [("record", 3)].into());
}

#[test]
fn the_key_and_the_token() {
    let mut nation = Nation::default();
    let mut record = dossier("A", "1");
    record["AcceptKey"] = json!("khác");
    assert_eq!((post(&mut nation, DOSSIER, &record), kinds(&nation)), ("5".to_owned(), vec![]));
    record.as_object_mut().unwrap().remove("AcceptKey");
    assert_eq!((post(&mut nation, DOSSIER, &record), kinds(&nation)), ("-1".to_owned(), vec!["envelope"]));
    let given = json!({"username": "sandbox", "password": "sandbox"});
    let reply = nation.handle(&Request::post("/apiBTXH/LayToken", "", given.to_string()), NOW);
    let answer: Value = serde_json::from_slice(&reply.bytes(1_000)).unwrap();
    assert!(answer["access_token"].is_string() && answer["expires_in"] == json!(3_600), "{answer}");
    let wrong = json!({"username": "sandbox", "password": "x"});
    assert_eq!(post(&mut nation, "/apiBTXH/LayToken", &wrong), "5");
}
