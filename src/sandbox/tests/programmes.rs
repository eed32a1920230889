//! The six programmes beside the beneficiaries: their fields, what is never empty, what has to fit.

use super::*;

const PERSON: &str = "HoTen=Trần Văn Bí Mật NgaySinh= NamSinh=1941 DoChinhXacNgaySinh=NAM GioiTinh=1 LoaiGiayTo=CCCD \
    SoGiayTo=087041000123 MaTinh=87 MaHuyen=866 MaXa=29869 DanhMucDVHC=2020 DiaChi=ấp 1";
const PAYMENT: &str = "HinhThucChiTra=TIEN_MAT SoTaiKhoan= MaNganHang= ChuTaiKhoan=";
const DECISION: &str = "SoQuyetDinh=12/QĐ-UBND NgayQuyetDinh=20/11/2023 CoQuanQuyetDinh=UBND huyện ChinhSach=20/2021";

/// An entity as section 6 has it: its own fields, filled, in order; `*` are never empty. `|` is the payment block.
pub struct Programme {
    pub name: &'static str,
    own: &'static str,
    wrong: &'static [&'static str],
    right: &'static [&'static str],
}

pub const PROGRAMMES: &[Programme] = &[
    Programme {
        name: "mai-tang-phi",
        own: "NhomDoiTuong=5.5c *NgayMat=10/11/2023 SoTrichLucKhaiTu=15/TLKT NguoiMaiTang=Trần Văn Con \
            GiayToNguoiMaiTang=087070000456 QuanHe=con *MucHuong=7200000 |",
        wrong: &[
            "HoTen=",
            "NhomDoiTuong=5c",
            "NgayMat=2023-11-10",
            "NgayMat=31/11/2023",
            "NgayMat=20/11/2026 MucHuong=10800000 ChinhSach=335/2026",
            "NgayMat=31/12/1940",
            "MucHuong=7199999",
            "MucHuong=7.200.000",
            "MucHuong=-1",
            "NgayMat=01/07/2024 ChinhSach=76/2024",
            "NgayQuyetDinh=20/11/2027",
            "ChinhSach=136/2013",
            "HinhThucChiTra=CHUYEN_KHOAN",
            "HinhThucChiTra=TAI_KHOAN MaNganHang=970405",
            "SoTaiKhoan=12-34",
        ],
        right: &[
            "MucHuong=7200001",
            "NhomDoiTuong=",
            "NhomDoiTuong=1.014027",
            "NgayMat=30/06/2024 NgayQuyetDinh=05/07/2024",
            "NgayMat=01/07/2024 MucHuong=10000000 ChinhSach=76/2024",
            "NgayMat=30/06/2021 MucHuong=5400000 ChinhSach=136/2013",
            "NgayMat=01/07/2026 MucHuong=10800000 ChinhSach=335/2026",
            "HinhThucChiTra=TAI_KHOAN SoTaiKhoan=0123456 MaNganHang=970405",
            "NamSinh=2023 NgaySinh=10/11/2023 DoChinhXacNgaySinh=NGAY LoaiGiayTo=KHONG SoGiayTo=",
        ],
    },
    Programme {
        name: "tro-giup-dot-xuat",
        own: "*NguyenNhan=THIEN_TAI *NgayXayRa=01/10/2023 *LoaiHoTro=NHA_O SoNguoi=4 ThietHai=nhà sập \
            *SoTienNganSach=40000000 *SoTienVanDong=0 |",
        wrong: &[
            "HoTen=",
            "NguyenNhan=LU_LUT",
            "NgayXayRa=10/2023",
            "LoaiHoTro=TIEN",
            "SoNguoi=04",
            "SoNguoi=bốn",
            "SoTienNganSach=40,000,000",
            "SoTienVanDong=00",
            "SoTienVanDong=1.5",
            "MaNganHang=97",
            "ChinhSach=136/2013",
        ],
        right: &["SoTienNganSach=0 SoTienVanDong=5000000", "SoNguoi=", "NguyenNhan=DICH_BENH LoaiHoTro=BI_THUONG"],
    },
    Programme {
        name: "cham-soc-khan-cap",
        own: "*LyDo=BO_ROI *NoiChamSoc=HO_GIA_DINH NguoiChamSoc=Lê Thị Ba CoSoTroGiup= *TuNgay=30/11/2022 \
            DenNgay=28/02/2023 SoTien=1080000",
        wrong: &[
            "LyDo=DOI",
            "LyDo=BAO_LUC HoTen=",
            "NoiChamSoc=NHA",
            "TuNgay=11/2022",
            "DenNgay=01/03/2023",
            "DenNgay=29/11/2022",
            "DenNgay=x",
            "SoTien=1e6",
            "ChinhSach=136/2013",
        ],
        right: &["HoTen=", "DenNgay=", "DenNgay=30/11/2022", "SoTien=", "NoiChamSoc=CO_SO CoSoTroGiup=CS01"],
    },
    Programme {
        name: "co-so-tro-giup",
        own: "*CoSoTroGiup=CS01 NhomDoiTuong=5.5c *LoaiTiepNhan=BAT_BUOC *NgayTiepNhan=01/02/2022 NgayRa= LyDoRa= HeSo=4 \
            MucChuan=360000 MucHuong=1440000 *TroCapThang=0",
        wrong: &[
            "HoTen=",
            "NhomDoiTuong=5.0",
            "LoaiTiepNhan=KHAC",
            "NgayTiepNhan=1/2/2022",
            "NgayRa=31/01/2022",
            "HeSo=4.0",
            "MucChuan=500000 MucHuong=2000000",
            "MucHuong=1440001",
            "TroCapThang=2",
            "NgayQuyetDinh=01/07/2024",
        ],
        right: &[
            "TroCapThang=1",
            "NgayRa=01/02/2022 LyDoRa=về nhà",
            "HeSo= MucChuan= MucHuong= NhomDoiTuong= ChinhSach=",
            "MucChuan=400000 MucHuong=1600000 ChinhSach=10/2022/NQ-HĐND",
        ],
    },
    Programme {
        name: "chi-tra",
        own: "*Ky=202312 *MaThamChieuDoiTuong=DT-1 NhomDoiTuong=5.5c *SoTien=540000 TruyLinh=1080000 TruyLinhTu=10/2023 \
            TruyLinhDen=11/2023 | KetQuaChi= NgayChi=",
        wrong: &[
            "HoTen=",
            "Ky=12/2023",
            "Ky=202313",
            "Ky=20231",
            "Ky=202310",
            "MaThamChieuDoiTuong=087041000123",
            "MaThamChieuDoiTuong=DT-1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "ChinhSach=136/2013",
            "NhomDoiTuong=6",
            "SoTien=540.000",
            "TruyLinh=x",
            "TruyLinhTu=",
            "TruyLinhDen=",
            "TruyLinhTu=2023",
            "TruyLinhTu=12/2023",
            "KetQuaChi=XONG",
            "NgayChi=2023",
            "HinhThucChiTra=TAI_KHOAN SoTaiKhoan=0123456",
        ],
        right: &[
            "Ky=202311",
            "TruyLinh= TruyLinhTu= TruyLinhDen=",
            "TruyLinh=0 TruyLinhTu= TruyLinhDen=",
            "TruyLinhTu=11/2023",
            "KetQuaChi=DA_CHI NgayChi=15/12/2023",
            "KetQuaChi=CHUA_NHAN",
            "KetQuaChi=TRA_LAI",
        ],
    },
    Programme {
        name: "chuc-tho",
        own: "*Nam=2021 *Tuoi=80 *SoTien=500000 NgayTrao=",
        wrong: &[
            "HoTen=",
            "Nam=21",
            "Nam=2022",
            "Tuoi=85",
            "Tuoi=81 NamSinh=1940",
            "Tuoi=65 NamSinh=1956",
            "Tuoi=080",
            "Tuoi=+80",
            "SoTien=500 000",
            "NgayTrao=2021",
            "ChinhSach=136/2013",
            "NamSinh=1942",
        ],
        right: &[
            "NgayTrao=01/10/2021",
            "Tuoi=70 NamSinh=1951",
            "Tuoi=95 NamSinh=1926",
            "Tuoi=100 NamSinh=1921",
            "Tuoi=103 NamSinh=1918",
        ],
    },
];

/// What is wrong in the person and the decision of any of them.
const ALIKE_WRONG: &[&str] =
    &["GioiTinh=", "SoGiayTo=1234", "MaXa=2986", "NgayQuyetDinh=01/01/1900", "NgayQuyetDinh=x"];

/// `A=x y B=z` as pairs: a value reaches to the next word with `=`.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for word in text.split_whitespace() {
        match (word.split_once('='), pairs.last_mut()) {
            (Some((field, value)), _) => pairs.push((field.to_owned(), value.to_owned())),
            (None, Some((_, value))) => *value = format!("{value} {word}"),
            (None, None) => panic!("{text}"),
        }
    }
    pairs
}

impl Programme {
    /// A record that nothing is wrong with, but for the changes.
    pub fn record(&self, changes: &str) -> Value {
        let own = self.own.replace('|', PAYMENT).replace('*', "");
        let whole = pairs(&format!("{PERSON} {own} {DECISION}"));
        let mut record: Map<String, Value> = whole.into_iter().map(|(field, value)| (field, json!(value))).collect();
        for (field, value) in pairs(changes) {
            assert!(record.contains_key(&field), "{field}");
            record[&field] = json!(value);
        }
        Value::Object(record)
    }

    fn required(&self) -> Vec<&str> {
        self.own.split_whitespace().filter_map(|word| word.strip_prefix('*')?.split('=').next()).collect()
    }
}

pub fn programme(name: &str) -> &'static Programme {
    PROGRAMMES.iter().find(|one| one.name == name).unwrap()
}

/// Sends one record to a nation of its own: its result, and the kinds of breaches.
fn judged(entity: &str, record: &Value) -> (String, Vec<&'static str>, Nation) {
    let mut nation = Boxed::new();
    let answer = nation.send_to(entity, "batch-0001", &[item("A", "GHI", record)]);
    let kinds = nation.kinds();
    let told = format!("{answer}{:?}", nation.nation.report());
    assert!(!told.contains("Bí Mật") && !told.contains("087041000123"), "{told}");
    (results(&answer)[0].1.to_owned(), kinds, nation.nation)
}

#[test]
fn a_record_of_every_programme_is_kept_as_it_came() {
    let mut wrong = Vec::new();
    for one in PROGRAMMES {
        for change in std::iter::once(&"").chain(one.right) {
            let record = one.record(change);
            let (result, _, nation) = judged(one.name, &record);
            let report = nation.report();
            if (result.as_str(), report.violations) != ("0", 0) {
                wrong.push((one.name, change, report.violation_texts));
                continue;
            }
            let held = nation.records_of(one.name, None, 10).unwrap().remove(0);
            assert_eq!((held.version.as_str(), held.state.as_str()), (version("GHI", &record).as_str(), ""));
            // The fields in the order of the contract, not only the same ones.
            assert_eq!(held.document, record.to_string(), "{}", one.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_does_not_fit_is_a_breach() {
    let mut wrong = Vec::new();
    for one in PROGRAMMES {
        for change in one.wrong.iter().chain(ALIKE_WRONG) {
            let (result, kinds, nation) = judged(one.name, &one.record(change));
            let report = nation.report();
            // One breach each, so it is the one that the change makes.
            if (result.as_str(), kinds, report.violations, report.records) != ("1", vec!["record"], 1, 0) {
                wrong.push((one.name, change, report.violation_texts));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_key_is_there_and_no_other_and_some_are_never_empty() {
    for one in PROGRAMMES {
        let whole = one.record("");
        let names: Vec<String> = whole.as_object().unwrap().keys().cloned().collect();
        for name in &names {
            let mut record = whole.clone();
            record.as_object_mut().unwrap().remove(name);
            assert_eq!(judged(one.name, &record).0, "1", "{} without {name}", one.name);
            for value in [Value::Null, json!(1), json!(["x"]), json!(" x")] {
                let mut record = whole.clone();
                record[name] = value.clone();
                assert_eq!(judged(one.name, &record).0, "1", "{} {name} {value}", one.name);
            }
        }
        let required = one.required();
        assert!(!required.is_empty());
        for name in required {
            assert_eq!(judged(one.name, &one.record(&format!("{name}="))).0, "1", "{} {name} empty", one.name);
        }
        for name in ["DanToc", "TrangThai", "NgayDung", "LyDoDung", "MaQuocGia"] {
            let mut record = whole.clone();
            record[name] = json!("");
            let mut sent = item("A", "GHI", &record);
            if !matches!(name, "NgayDung" | "LyDoDung") {
                sent["PhienBan"] = json!(version("GHI", &whole)); // the hash is not what is wrong
            }
            let mut nation = Boxed::new();
            let answer = nation.send_to(one.name, "batch-0001", &[sent]);
            assert_eq!((results(&answer)[0].1, nation.kinds()), ("1", vec!["record"]), "{} {name}", one.name);
        }
    }
}

#[test]
fn a_stop_withdraws_with_a_free_text() {
    let withdrawn = json!({"NgayDung": "18/12/2023", "LyDoDung": "nhập nhầm \"hai lần\""});
    for one in PROGRAMMES {
        let mut nation = Boxed::new();
        let early = nation.send_to(one.name, "batch-0001", &[item("A", "DUNG", &withdrawn)]);
        assert_eq!(early["result"][0]["MaLoi"], "CHUA_CO");
        nation.send_to(one.name, "batch-0002", &[item("A", "GHI", &one.record(""))]);
        let wrong = [
            json!({"NgayDung": "18/12/2023"}),
            json!({"NgayDung": "18/12/2023", "LyDoDung": ""}),
            json!({"LyDoDung": "nhập nhầm"}),
            json!({"NgayDung": "12/2023", "LyDoDung": "nhập nhầm"}),
            json!({"NgayDung": "18/12/2023", "LyDoDung": "nhập nhầm", "SoQuyetDinh": "9"}),
        ];
        for (at, stop) in wrong.iter().enumerate() {
            let answer = nation.send_to(one.name, &format!("batch-1{at:04}"), &[item("A", "DUNG", stop)]);
            assert_eq!(results(&answer), [("A", "1")], "{} {stop}", one.name);
        }
        assert_eq!(nation.kinds(), ["record", "stop"]);
        let breaches = nation.nation.report().violations;
        let answer = nation.send_to(one.name, "batch-0003", &[item("A", "DUNG", &withdrawn)]);
        assert_eq!((results(&answer), nation.nation.report().violations), (vec![("A", "0")], breaches));
        let held = nation.nation.records_of(one.name, None, 10).unwrap().remove(0);
        assert_eq!((held.state.as_str(), held.version), ("THOI_HUONG", version("DUNG", &withdrawn)));
        let mut expected = one.record("");
        expected["NgayDung"] = withdrawn["NgayDung"].clone();
        expected["LyDoDung"] = withdrawn["LyDoDung"].clone();
        assert_eq!(held.document, expected.to_string());
        let report = nation.nation.report();
        let held = report.entities[one.name];
        assert_eq!((held.records, held.stopped, report.records, report.people), (1, 1, 1, 0));
        nation.send_to(one.name, "batch-0004", &[item("A", "GHI", &one.record(""))]);
        assert_eq!(nation.nation.report().entities[one.name].stopped, 0);
    }
}
