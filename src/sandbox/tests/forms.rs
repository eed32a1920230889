//! What is judged in a record and in an envelope.

use super::*;

#[test]
fn every_form_is_judged_and_no_value_is_told() {
    let cases: &[(&str, Value)] = &[
        ("HoTen", json!("")),
        ("HoTen", json!("Ho\u{61}\u{300}")),
        ("HoTen", json!(" A")),
        ("DiaChi", json!("a\nb")),
        ("HoTen", Value::Null),
        ("NgaySinh", json!("29/02/1941")),
        ("NgaySinh", json!("01/01/1941")),
        ("NamSinh", json!("")),
        ("NamSinh", json!("2031")),
        ("DoChinhXacNgaySinh", json!("NGAY")),
        ("GioiTinh", json!("")),
        ("GioiTinh", json!(1)),
        ("DanToc", json!("1")),
        ("DanToc", json!("56")),
        ("LoaiGiayTo", json!("")),
        ("LoaiGiayTo", json!("KHONG")),
        ("SoGiayTo", json!("87141000123")),
        ("SoGiayTo", json!("111111111111")),
        ("MaXa", json!("2986")),
        ("DanhMucDVHC", json!("2025")),
        ("NhomDoiTuong", json!("5.9x1")),
        ("HeSo", json!("1.50")),
        ("HeSo", json!("1,5")),
        ("MucChuan", json!("360.000")),
        ("MucChuan", json!("270000")),
        ("MucHuong", json!("539999")),
        ("ChinhSach", json!("136/2013")),
        ("NgayQuyetDinh", json!("2021-12-18")),
        ("NgayQuyetDinh", json!("18/12/2031")),
        ("NgayQuyetDinh", json!("18/12/1939")),
        ("TuThang", json!("1/2022")),
        ("DenThang", json!("12/2021")),
        ("TrangThai", json!("THOI_HUONG")),
        ("TrangThai", json!("")),
        ("LyDoDung", json!("e")),
        ("DangTat", json!("NHIN")),
        ("DangTat", json!(["MAT"])),
        ("DangTat", json!(["NHIN", "NHIN"])),
        ("MucDoKhuyetTat", json!("VUA")),
        ("HinhThucChiTra", json!("TAI_KHOAN")),
        ("SoTaiKhoan", json!("12-34")),
        ("MaNganHang", json!("97042")),
        ("HoNgheo", json!("3")),
        ("NgayDung", json!("")),
        ("MaQuocGia", json!("")),
    ];
    for (field, value) in cases {
        let mut nation = Boxed::new();
        let mut record = person("Nguyễn Thị Bí Mật");
        record[*field] = value.clone();
        let mut sent = item("A", "GHI", &record);
        if *field == "MaQuocGia" {
            sent["PhienBan"] = json!(version("GHI", &person("Nguyễn Thị Bí Mật"))); // the hash is not what is wrong
        }
        let answer = nation.send("batch-0001", &[sent]);
        assert_eq!(results(&answer), [("A", "1")], "{field} {value}");
        let report = nation.nation.report();
        assert_eq!(report.violations_by_kind.keys().next(), Some(&"record"), "{field} {value}: {report:?}");
        assert_eq!(report.records, 0);
        let told = format!("{report:?}{answer}");
        assert!(!told.contains("Bí Mật") && !told.contains("087141000123"), "{told}");
    }
    let mut nation = Boxed::new();
    let mut record = person("A");
    record.as_object_mut().unwrap().remove("ThonTo");
    assert_eq!(results(&nation.send("batch-0001", &[item("A", "GHI", &record)])), [("A", "1")]);
    let mut wrong = item("A", "GHI", &person("A"));
    wrong["PhienBan"] = json!(version("DUNG", &person("A")));
    assert_eq!(nation.send("batch-0002", &[wrong])["result"][0]["MaLoi"], "SAI_PHIEN_BAN");
    let number = item("087141000123", "GHI", &person("A"));
    assert_eq!(results(&nation.send("batch-0003", &[number])), [("087141000123", "1")]);
    assert_eq!(nation.kinds(), ["record", "reference", "version"]);
}

#[test]
fn what_may_be_is_not_judged() {
    let changes: &[&[(&str, Value)]] = &[
        &[("NgaySinh", json!("01/03/1941")), ("DoChinhXacNgaySinh", json!("THANG"))],
        &[("NgaySinh", json!("28/02/1941")), ("DoChinhXacNgaySinh", json!("NGAY"))],
        &[("LoaiGiayTo", json!("KHONG")), ("SoGiayTo", json!(""))],
        &[("LoaiGiayTo", json!("CMND")), ("SoGiayTo", json!("341000123"))],
        &[
            ("HeSo", json!("1")),
            ("MucChuan", json!("500000")),
            ("MucHuong", json!("500000")),
            ("ChinhSach", json!("76/2024")),
        ],
        &[
            ("HeSo", json!("1.5")),
            ("MucChuan", json!("400001")),
            ("MucHuong", json!("600002")),
            ("ChinhSach", json!("10/2022/NQ-HĐND")),
        ],
        &[("HinhThucChiTra", json!("TAI_KHOAN")), ("SoTaiKhoan", json!("0123ABC")), ("MaNganHang", json!("970405"))],
        &[("SoTaiKhoan", json!("0123456")), ("MaNganHang", json!("970405"))],
        &[("TrangThai", json!("TAM_DUNG"))],
        &[("TrangThai", json!("CHUYEN_DI"))],
        &[("DangTat", json!([]))],
        &[("DangTat", json!(["VAN_DONG", "KHAC"]))],
        &[
            ("NhomDoiTuong", json!("")),
            ("HeSo", json!("")),
            ("MucChuan", json!("")),
            ("MucHuong", json!("")),
            ("ChinhSach", json!("")),
        ],
        &[("NhomDoiTuong", json!("5.1đ"))],
        &[("DanhMucDVHC", json!("2025")), ("MaHuyen", json!("")), ("MaTinh", json!("82"))],
    ];
    for change in changes {
        let mut record = person("Đặng Hoà \\ \"Bé\"");
        change.iter().for_each(|(field, value)| record[*field] = value.clone());
        let mut nation = Boxed::new();
        nation.send("batch-0001", &[item("A", "GHI", &record)]);
        let report = nation.nation.report();
        assert_eq!((report.violations, report.people), (0, 1), "{change:?} {:?}", report.violation_texts);
        let held = nation.nation.records(None, 1).remove(0);
        assert_eq!(serde_json::from_str::<Value>(&held.document).unwrap(), record);
    }
}

#[test]
fn envelopes_are_judged() {
    let one = item("A", "GHI", &person("A"));
    let whole = json!({"MaTinh": "87", "MaGoiTin": "batch-0001", "ThoiGianGui": "20261118083000", "DanhSach": [one]});
    let with = |change: &dyn Fn(&mut Map<String, Value>)| {
        let mut envelope = whole.clone();
        change(envelope.as_object_mut().unwrap());
        envelope.to_string()
    };
    let bodies = [
        "{".to_owned(),
        "[]".to_owned(),
        whole.to_string().replace("\"MaTinh\":\"87\"", "\"MaTinh\":\"87\",\"MaTinh\":\"87\""),
        with(&|e| e["MaTinh"] = json!("087")),
        with(&|e| e["MaGoiTin"] = json!("short")),
        with(&|e| e["ThoiGianGui"] = json!("20261318083000")),
        with(&|e| e["DanhSach"] = json!([])),
        with(&|e| e["DanhSach"] = json!([one, one])),
        with(&|e| e["DanhSach"] = json!(vec![&one; 501])),
        with(&|e| e["DanhSach"][0]["ThaoTac"] = json!("XOA")),
        with(&|e| e["DanhSach"][0]["MaThamChieu"] = json!(" A")),
        with(&|e| e["DanhSach"][0]["Them"] = json!("")),
        with(&|e| e["DanhSach"][0]["DoiTuong"] = json!("")),
        with(&|e| drop(e.remove("MaTinh"))),
        with(&|e| drop(e.insert("Them".to_owned(), json!("")))),
        with(&|e| e["DanhSach"][0]["DoiTuong"]["DiaChi"] = json!("x".repeat(5_000_000))),
    ];
    for body in bodies {
        let mut nation = Boxed::new();
        let start: String = body.chars().take(200).collect();
        let reply = nation.reply(SEND, body.into_bytes());
        let answer: Value = serde_json::from_slice(&reply.bytes(10_000)).unwrap();
        assert_eq!((reply.status, answer["error_code"].as_str()), (200, Some("-1")), "{start}");
        assert_eq!((nation.kinds(), nation.nation.report().effects), (vec!["envelope"], 0), "{start}");
    }
}
