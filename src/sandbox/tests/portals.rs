//! dvcqg: sessions, dossiers, progress, questions, and what is a breach. The dossier's life and the faults of both.

use super::*;

const LOGIN: &str = "/dvcqg/mapi/login";
const CALL: &str = "/dvcqg/mapi/g";

pub fn dossier(number: &str, status: &str) -> Value {
    json!({"MaHoSo": number, "MaTTHC": "1.001776.000.00.00.H20", "TenTTHC": "Trợ cấp hằng tháng", "MaLinhVuc": "",
        "TenLinhVuc": "", "SoBienNhan": "", "ChuHoSo": "Nguyễn Thị Bí Mật", "LoaiDoiTuong": "1", "MaDoiTuong": "",
        "ThongTinKhac": "", "Email": "", "Fax": "", "SoDienThoai": "+84 277.3851-000", "TrichYeuHoSo": "",
        "NgayTiepNhan": "20231218083000", "NgayHenTra": "", "TrangThaiHoSo": status, "NgayTra": "", "ThongTinTra": "",
        "HinhThuc": "", "NgayKetThucXuLy": "", "DonViXuLy": "", "GhiChu": "", "KenhThucHien": "",
        "NgayNopHoSo": "20231215235959", "NgayTuChoi": "", "NgayYeuCauBoSung": "",
        "DinhDanhCHS": {"LoaiDinhDanh": "1", "SoDinhDanh": "087141000123"}, "TaiLieuNop": [], "DanhSachLePhi": [],
        "DanhSachTepDinhKemKhac": [], "DanhSachHoSoBoSung": [], "DanhSachGiayToKetQua": []})
}

pub fn progress(number: &str, at: &str, status: &str) -> Value {
    json!({"MaHoSo": number, "NguoiXuLy": "Trần Văn Cán Bộ", "ChucDanh": "", "ThoiDiemXuLy": at, "PhongBanXuLy": "",
        "NoiDungXuLy": "", "TrangThai": status, "NgayBatDau": "", "NgayKetThucTheoQuyDinh": ""})
}

struct Gate {
    nation: Nation,
    session: String,
    now: i64,
}

impl Gate {
    fn new() -> Self {
        let mut gate = Self { nation: Nation::default(), session: String::new(), now: NOW };
        gate.session = gate.enter();
        gate
    }

    fn enter(&mut self) -> String {
        let reply = self.raw(LOGIN, &json!({"username": "sandbox", "password": "sandbox"}));
        let answer: Value = serde_json::from_slice(&reply.bytes(1_000)).unwrap();
        answer["session"].as_str().unwrap_or_default().to_owned()
    }

    fn raw(&mut self, path: &str, body: &Value) -> Reply {
        let mut request = Request::post(path, "", body.to_string());
        request.headers.push(("dstcode".to_owned(), "H20".to_owned()));
        self.nation.handle(&request, self.now)
    }

    fn call(&mut self, service: &str, more: &Value) -> Value {
        let mut body = json!({"session": self.session, "madonvi": "H20", "service": service});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let reply = self.raw(CALL, &body);
        serde_json::from_slice(&reply.bytes(1_000_000)).unwrap_or_default()
    }

    fn code(&mut self, service: &str, more: &Value) -> String {
        plain(&self.call(service, more)["error_code"])
    }

    fn create(&mut self, records: &[Value]) -> String {
        self.code("DongBoHoSoMC", &json!({"isUpdating": "False", "data": records}))
    }

    fn update(&mut self, records: &[Value]) -> String {
        self.code("DongBoHoSoMC", &json!({"isUpdating": "True", "data": records}))
    }

    fn progress(&mut self, records: &[Value]) -> String {
        self.code("CapNhatTienDoHoSoMC", &json!({ "data": records }))
    }

    fn look_up(&mut self, number: &str) -> Value {
        self.call("TraCuuHoSo", &json!({ "mahoso": number }))
    }

    fn report(&self) -> PortalReport {
        self.nation.report().portals["dvcqg"].clone()
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.report().violations_by_kind.into_keys().collect()
    }

    fn fault(&mut self, operation: Operation, kind: FaultKind) {
        self.nation.add_fault(Fault::new(operation, kind).of(System::Dvcqg)).unwrap();
    }
}

/// A code as text, however it came.
pub fn plain(code: &Value) -> String {
    code.as_str().map_or_else(|| code.to_string(), |code| code.trim().to_owned())
}

#[test]
fn a_dossiers_life() {
    let mut gate = Gate::new();
    assert_eq!(gate.create(&[dossier("A", "1"), dossier("B", "1")]), "0");
    let steps = [progress("A", "20231218083000", "2"), progress("A", "20231218093000", "4")];
    assert_eq!(gate.progress(&steps), "0");
    assert_eq!(gate.progress(&[progress("A", "20231219093000", "9")]), "0");
    let answer = gate.look_up("A");
    assert_eq!(
        (answer["result"][0]["TrangThaiHoSo"].as_str(), answer["result"].as_array().unwrap().len()),
        (Some("9"), 1)
    );
    assert_eq!(gate.update(&[dossier("A", "10")]), "0");
    // Nothing happened in between: the first write after the creation is its due.
    assert_eq!(gate.update(&[dossier("B", "1")]), "0");
    let mut expected = dossier("A", "10");
    expected["TrangThaiHoSo"] = json!("10");
    assert_eq!(gate.look_up("A")["result"][0], expected);
    assert_eq!(plain(&gate.look_up("C")["error_code"]), "-4");
    let report = gate.report();
    assert_eq!((report.dossiers, report.steps, report.statuses), (2, 3, [(1, 1), (10, 1)].into()));
    assert_eq!((report.effects, report.effects_repeated, report.effects_out_of_order, report.violations), (6, 0, 0, 0));
    let listed = gate.nation.dossiers(System::Dvcqg, None, 1).unwrap();
    assert_eq!((listed[0].number.as_str(), listed[0].status), ("A", 10));
    let steps: Vec<_> = listed[0].steps.iter().map(|step| (step.at.as_str(), step.status)).collect();
    assert_eq!(steps, [("20231218083000", 2), ("20231218093000", 4), ("20231219093000", 9)]);
    assert_eq!(gate.nation.dossiers(System::Dvcqg, Some("A"), 9).unwrap()[0].number, "B");
}

#[test]
fn a_call_is_all_or_nothing_and_names_the_number() {
    let mut gate = Gate::new();
    assert_eq!(gate.create(&[dossier("A", "4")]), "0");
    let create = |records: &[Value]| json!({"isUpdating": "False", "data": records});
    let answer = gate.call("DongBoHoSoMC", &create(&[dossier("B", "1"), dossier("A", "4")]));
    assert_eq!((plain(&answer["error_code"]), answer["message"].as_str()), ("3".into(), Some("Mã hồ sơ A đã tồn tại")));
    assert_eq!(gate.create(&[dossier("C", "1"), dossier("C", "1")]), "3");
    gate.fault(Operation::Send, FaultKind::ExistsMinus3);
    assert_eq!(gate.create(&[dossier("A", "4")]), "-3");
    assert_eq!(gate.update(&[dossier("A", "4"), dossier("B", "4")]), "-4");
    assert_eq!(gate.update(&[dossier("A", "2")]), "-9");
    assert_eq!(gate.progress(&[progress("A", "20231218083000", "5"), progress("B", "20231218083000", "5")]), "-4");
    assert_eq!(gate.progress(&[progress("A", "20231218083000", "9"), progress("A", "20231218083001", "4")]), "-9");
    let report = gate.report();
    assert_eq!((report.dossiers, report.steps, report.effects, report.statuses), (1, 0, 1, [(4, 1)].into()));
    assert_eq!((report.existed, report.unknown_numbers, report.status_backs), (3, 2, 2));
    assert_eq!((report.effects_out_of_order, gate.kinds()), (2, vec![]));
}

#[test]
fn every_move_of_section_3() {
    let allowed = |from: u8, to: u8| match (from, to) {
        (from, to) if from == to => true,
        (_, 1) | (3 | 7 | 8 | 10, _) => false,
        (from, 2 | 3) => from == 1,
        (9, to) => to == 10,
        _ => true,
    };
    for from in 1..=10 {
        for to in 1..=10 {
            let mut gate = Gate::new();
            gate.create(&[dossier("A", &from.to_string())]);
            let code = gate.progress(&[progress("A", "20231218083000", &to.to_string())]);
            assert_eq!(code == "0", allowed(from, to), "{from} to {to}: {code}");
        }
    }
}

#[test]
fn late_and_repeated_steps_are_counted() {
    let mut gate = Gate::new();
    gate.create(&[dossier("A", "1")]);
    let (first, second) = (progress("A", "20231218083000", "4"), progress("A", "20231219083000", "5"));
    assert_eq!(gate.progress(std::slice::from_ref(&second)), "0");
    assert_eq!(gate.progress(std::slice::from_ref(&first)), "0");
    let report = gate.report();
    assert_eq!((report.late_steps, report.effects_out_of_order, report.effects_repeated), (1, 1, 0));
    assert_eq!(gate.progress(&[first]), "0");
    assert_eq!((gate.report().effects_repeated, gate.report().steps), (1, 2));
    // After an unknown outcome progress comes again, and that is as it should be.
    gate.fault(Operation::Send, FaultKind::StoredThenCut);
    let third = progress("A", "20231220083000", "9");
    gate.progress(std::slice::from_ref(&third));
    assert_eq!(gate.progress(&[third]), "0");
    let report = gate.report();
    assert_eq!((report.effects_repeated, report.sent_again, report.steps, report.violations), (1, 1, 3, 0));
}

#[test]
fn an_unknown_dossier_is_looked_up_first() {
    for (kind, stored) in [(FaultKind::StoredThenCut, true), (FaultKind::CutBefore, false), (FaultKind::Html200, false)]
    {
        let mut gate = Gate::new();
        gate.fault(Operation::Send, kind);
        gate.create(&[dossier("A", "1")]);
        let known = plain(&gate.look_up("A")["error_code"]);
        assert_eq!(known, if stored { "0" } else { "-4" });
        assert_eq!(gate.create(&[dossier("A", "1")]), if stored { "3" } else { "0" });
        assert_eq!(gate.kinds(), [""; 0]);
        let mut gate = Gate::new();
        gate.fault(Operation::Send, kind);
        gate.create(&[dossier("A", "1")]);
        // An answer that is lost tells nothing.
        gate.fault(Operation::Ask, FaultKind::StoredThenSilent);
        gate.look_up("A");
        gate.create(&[dossier("A", "1")]);
        assert_eq!(gate.kinds(), ["not-asked"], "{kind:?}");
    }
}

#[test]
fn what_breaks_the_contract() {
    let mut long = dossier("A", "4");
    long["TrichYeuHoSo"] = json!("x".repeat(1_001));
    let set = |name: &str, value: Value| {
        let mut record = dossier("A", "4");
        record[name] = value;
        record
    };
    let mut without = dossier("A", "4");
    without.as_object_mut().unwrap().remove("GhiChu");
    let wrong = [
        long,
        without,
        set("MaHoSo", json!("")),
        set("MaHoSo", json!("H20 1")),
        set("MaTTHC", json!("1776")),
        set("ChuHoSo", json!("")),
        set("ChuHoSo", json!(" A")),
        set("ChuHoSo", json!("Nguye\u{302}\u{303}n")),
        set("GhiChu", json!("a\nb")),
        set("GhiChu", json!(null)),
        set("GhiChu", json!(7)),
        set("LoaiDoiTuong", json!("5")),
        set("TrangThaiHoSo", json!("04")),
        set("TrangThaiHoSo", json!("11")),
        set("NgayTiepNhan", json!("")),
        set("NgayTiepNhan", json!("18/12/2023")),
        set("NgayHenTra", json!("20231318083000")),
        set("SoDienThoai", json!("12345")),
        set("DinhDanhCHS", json!({"LoaiDinhDanh": "2", "SoDinhDanh": "087141000123"})),
        set("DinhDanhCHS", json!({"LoaiDinhDanh": "", "SoDinhDanh": "087141000123"})),
        set("DinhDanhCHS", json!({"LoaiDinhDanh": "1"})),
        set("TaiLieuNop", json!("")),
        set("TaiLieuNop", json!([{"Ma": 1}])),
        set("Them", json!("")),
    ];
    for record in wrong {
        let mut gate = Gate::new();
        assert_eq!(gate.create(&[dossier("B", "1"), record.clone()]), "-1", "{record}");
        assert_eq!((gate.kinds(), gate.report().dossiers), (vec!["record"], 0), "{record}");
        assert!(!gate.nation.report().violation_texts[0].contains("Bí Mật"));
    }
    let mut first = dossier("A", "1");
    first["NgayTiepNhan"] = json!("");
    first["DinhDanhCHS"] = json!({"LoaiDinhDanh": "", "SoDinhDanh": ""});
    first["TaiLieuNop"] = json!([{"Ten": "Đơn"}]);
    assert_eq!(Gate::new().create(&[first]), "0");
    let mut gate = Gate::new();
    gate.create(&[dossier("A", "1")]);
    let steps =
        |count: usize| (0..count).map(|at| progress("A", &format!("202312180830{at:02}"), "4")).collect::<Vec<_>>();
    assert_eq!((gate.progress(&steps(11)), gate.kinds()), ("-1".to_owned(), vec!["envelope"]));
    assert_eq!(gate.progress(&steps(10)), "0");
    let mut named = progress("A", "20231219083000", "4");
    named["NguoiXuLy"] = json!("ă".repeat(51));
    let answer = gate.call("CapNhatTienDoHoSoMC", &json!({ "data": [named] }));
    assert!(answer["message"].as_str().unwrap().contains("Hồ sơ A: "), "{answer}");
    let before = gate.report().violations;
    for more in [
        json!({"isUpdating": true, "data": [dossier("C", "1")]}),
        json!({"isUpdating": "False", "data": []}),
        json!({"isUpdating": "False", "data": [dossier("C", "1")], "x": ""}),
        json!({"data": [dossier("C", "1")]}),
    ] {
        assert_eq!(gate.code("DongBoHoSoMC", &more), "-1", "{more}");
    }
    assert_eq!(gate.code("XoaHoSo", &json!({})), "-1");
    assert_eq!(gate.report().violations, before + 5);
    let bare =
        Request::post(CALL, "", json!({"session": gate.session, "madonvi": "H20", "service": "LayThuTuc"}).to_string());
    let reply = gate.nation.handle(&bare, NOW);
    assert!(String::from_utf8(reply.bytes(1_000)).unwrap().contains("dstcode"));
    assert_eq!(gate.nation.report().violations, before + 6);
}

#[test]
fn sessions_catalogues_and_codes_in_turn() {
    let mut gate = Gate::new();
    let counts: Vec<_> = ["LayDanhMucCoQuan", "LayDanhMucLinhVuc", "LayThuTuc"]
        .map(|service| gate.call(service, &json!({}))["result"].as_array().unwrap().len())
        .into();
    assert_eq!(counts, [1, 1, 6]);
    let codes: Vec<_> = (0..2).map(|_| gate.look_up("A")["error_code"].clone()).collect();
    assert!(codes.contains(&json!(-4)) && codes.contains(&json!("-4")), "{codes:?}");
    gate.fault(Operation::Ask, FaultKind::Numbers);
    gate.fault(Operation::Ask, FaultKind::Numbers);
    let codes: Vec<_> = (0..2).map(|_| gate.look_up("A")["error_code"].clone()).collect();
    assert!(codes.contains(&json!(-4)) && codes.contains(&json!(" -4  ")), "{codes:?}");
    gate.now += 3_600_000;
    assert_eq!(plain(&gate.look_up("A")["error_code"]), "5");
    gate.session = gate.enter();
    gate.fault(Operation::Send, FaultKind::TokenDies);
    assert_eq!(gate.create(&[dossier("A", "1")]), "5");
    assert_eq!(gate.create(&[dossier("A", "1")]), "5");
    gate.session = gate.enter();
    assert_eq!(gate.create(&[dossier("A", "1")]), "0");
    let wrong = gate.raw(LOGIN, &json!({"username": "sandbox", "password": "x"}));
    let wrong: Value = serde_json::from_slice(&wrong.bytes(1_000)).unwrap();
    assert_eq!((plain(&wrong["error_code"]), wrong.get("session")), ("5".to_owned(), None));
    assert_eq!(gate.kinds(), [""; 0]);
}

#[test]
fn others_dossiers_waiting_and_rulings() {
    let mut gate = Gate::new();
    gate.fault(Operation::Send, FaultKind::ExistsElsewhere);
    assert_eq!(gate.create(&[dossier("A", "1")]), "3");
    assert_eq!(gate.update(&[dossier("A", "1")]), "0");
    gate.nation.seed(System::Dvcqg, "B", 4, &[("ChuHoSo", "Ai đó")]).unwrap();
    assert_eq!(gate.look_up("B")["result"], json!([{"ChuHoSo": "Ai đó", "MaHoSo": "B", "TrangThaiHoSo": "4"}]));
    assert_eq!(gate.create(&[dossier("B", "1")]), "3");
    assert_eq!((gate.report().dossiers, gate.report().seeded), (2, 2));
    let ruling =
        json!({"system": "dvcqg", "references": ["C"], "as": "refused", "MaLoi": "12", "ThongBao": "Sai cơ quan"});
    gate.nation.handle(&Request::post("/_sandbox/refuse", "", ruling.to_string()), NOW);
    let answer = gate.call("DongBoHoSoMC", &json!({"isUpdating": "False", "data": [dossier("C", "1")]}));
    assert_eq!((plain(&answer["error_code"]), answer["message"].as_str()), ("12".into(), Some("Sai cơ quan: C")));
    assert_eq!(gate.kinds(), [""; 0]);
    gate.nation
        .add_fault(Fault {
            seconds: 30,
            ..Fault::new(Operation::Send, FaultKind::TooMany429).of(System::Dvcqg).at("tien-do")
        })
        .unwrap();
    gate.create(&[dossier("D", "1")]);
    let refused = gate.raw(CALL, &json!({"session": gate.session, "madonvi": "H20", "service": "CapNhatTienDoHoSoMC", "data": [progress("D", "20231218083000", "4")]}));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("30")));
    // The other systems do not wait.
    gate.nation.handle(&Request::post("/token", "", ""), NOW + 1_000);
    assert_eq!(gate.nation.report().violations_by_kind.get("retry-after"), None);
    gate.now += 1_000;
    gate.look_up("A");
    assert_eq!(gate.kinds(), ["retry-after"]);
    for (fault, fits) in [
        (Fault::new(Operation::Send, FaultKind::Partial).of(System::Dvcqg), false),
        (Fault::new(Operation::Send, FaultKind::ExistsMinus3), false),
        (Fault::new(Operation::Send, FaultKind::ServerFault).of(System::Dvcbtxh), false),
        (Fault::new(Operation::Send, FaultKind::Slow).of(System::Dvcqg).at("doi-tuong"), false),
        (Fault::new(Operation::Send, FaultKind::Slow).of(System::Dvcbtxh).at("buoc-xu-ly"), true),
    ] {
        assert_eq!(gate.nation.add_fault(fault.clone()).is_ok(), fits, "{fault:?}");
    }
    gate.nation.reset();
    assert_eq!(gate.nation.report(), Nation::default().report());
}
