//! misposasoft through X-Road: headers, order, the same nation, faults.

use super::*;

const ID: &str = "0191d0f0-0000-7000-8000-0000000000";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A record in the order of the table, as `person` has it.
fn fields(record: &Value) -> String {
    let one = |(name, value): (&String, &Value)| {
        let inner = match value {
            Value::Array(list) => list.iter().flat_map(|word| ["<item>", word.as_str().unwrap(), "</item>"]).collect(),
            value => escaped(value.as_str().unwrap()),
        };
        format!("<{name}>{inner}</{name}>")
    };
    record.as_object().unwrap().iter().map(one).collect()
}

fn soap_item(reference: &str, action: &str, record: &Value) -> String {
    format!(
        "<item><MaThamChieu>{reference}</MaThamChieu><PhienBan>{}</PhienBan><ThaoTac>{action}</ThaoTac><DoiTuong>{}</DoiTuong></item>",
        version(action, record),
        fields(record)
    )
}

fn envelope(inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">\n <s:Header/><s:Body>{inner}</s:Body></s:Envelope>"
    )
}

fn sending(key: &str, items: &str) -> String {
    envelope(&format!(
        "<m:DongBoDoiTuong xmlns:m=\"urn:x\"><m:MaTinh>87</m:MaTinh><MaGoiTin>{key}</MaGoiTin><ThoiGianGui>20261118083000</ThoiGianGui><DanhSach>{items}</DanhSach></m:DongBoDoiTuong>"
    ))
}

fn asking(key: &str) -> String {
    envelope(&format!("<TraCuuGoiTin><MaGoiTin>{key}</MaGoiTin></TraCuuGoiTin>"))
}

struct Road {
    nation: Nation,
    count: u32,
    headers: Vec<(String, String)>,
}

impl Road {
    fn new() -> Self {
        let headers = [
            ("Content-Type", "text/xml; charset=utf-8"),
            ("SOAPAction", "\"\""),
            ("X-Road-Client", "VN/GOV/0087/GATEWAY"),
            ("X-Road-Issue", "GT-1"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { nation: Nation::default(), count: 9, headers }
    }

    fn with_id(&mut self, id: &str, body: &str) -> (u16, String) {
        let mut headers = self.headers.clone();
        headers.push(("X-Road-Id".to_owned(), id.to_owned()));
        let request = Request {
            method: "POST".to_owned(),
            path: "/xroad".to_owned(),
            headers,
            body: body.into(),
            arrived_ms: None,
        };
        let reply = self.nation.handle(&request, NOW);
        (reply.status, String::from_utf8(reply.bytes(1_000_000)).unwrap())
    }

    fn say(&mut self, body: &str) -> (u16, String) {
        self.count += 1;
        let id = format!("{ID}{}", self.count);
        self.with_id(&id, body)
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.nation.report().violations_by_kind.into_keys().collect()
    }
}

#[test]
fn the_same_nation_by_the_other_form() {
    let mut road = Road::new();
    let mut other = person("Lê Thị <Hoà> & \"B\"");
    other["DangTat"] = json!([]);
    let items = soap_item("A", "GHI", &person("Nguyễn Văn A")) + &soap_item("B", "GHI", &other);
    let (status, answer) = road.say(&sending("batch-0001", &items));
    assert_eq!(status, 200, "{answer}");
    let result = |reference: &str, number: &str| {
        format!(
            "<item><MaThamChieu>{reference}</MaThamChieu><KetQua>0</KetQua><MaDoiTuong>{number}</MaDoiTuong><MaLoi></MaLoi><ThongBao></ThongBao></item>"
        )
    };
    let results = result("A", "QG0000000001") + &result("B", "QG0000000002");
    let said = format!(
        "<DongBoDoiTuongResponse><error_code>0</error_code><message></message><result>{results}</result></DongBoDoiTuongResponse>"
    );
    assert!(answer.contains(&said), "{answer}");
    let (_, asked) = road.say(&asking("batch-0001"));
    assert!(asked.contains("<TraCuuGoiTinResponse><error_code>0<") && asked.contains(&results), "{asked}");
    assert!(road.say(&asking("batch-none")).1.contains("<error_code>4</error_code>"));
    let kept = road.nation.records(None, 9);
    assert_eq!(serde_json::from_str::<Value>(&kept[0].document).unwrap(), person("Nguyễn Văn A"));
    assert_eq!(serde_json::from_str::<Value>(&kept[1].document).unwrap(), other);
    // A stop, in the order of the table and in that of section 6.
    let stop =
        json!({"NgayDung": "18/12/2023", "SoQuyetDinh": "99/QĐ", "NgayQuyetDinh": "18/12/2023", "LyDoDung": "a"});
    assert_eq!(road.say(&sending("batch-0002", &soap_item("A", "DUNG", &stop))).0, 200);
    let stop = json!({"DenThang": "12/2023", "SoQuyetDinh": "99/QĐ", "LyDoDung": "a"});
    assert_eq!(road.say(&sending("batch-0003", &soap_item("B", "DUNG", &stop))).0, 200);
    let report = road.nation.report();
    assert_eq!((report.people, report.records, report.effects, road.kinds()), (0, 2, 4, vec![]));
}

#[test]
fn a_refused_batch_is_a_fault_and_breaches_are_counted() {
    let item = soap_item("A", "GHI", &person("A"));
    let right = sending("batch-0001", &item);
    let doctype = right.replace("<s:Envelope", "<!DOCTYPE a><s:Envelope");
    let entity = right.replace("<HoTen>A", "<HoTen>&b;");
    let deep = envelope(&format!("<DongBoDoiTuong>{}{}</DongBoDoiTuong>", "<a>".repeat(30), "</a>".repeat(30)));
    let order = right.replace("<HoTen>A</HoTen>", "").replace("<GioiTinh>", "<HoTen>A</HoTen><GioiTinh>");
    let outer = right.replace("<m:MaTinh>87</m:MaTinh>", "").replace("<DanhSach>", "<MaTinh>87</MaTinh><DanhSach>");
    let wrong = [
        (doctype, "envelope"),
        (entity, "envelope"),
        (deep, "envelope"),
        (order, "order"),
        (outer, "order"),
        (right.replace("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope"), "envelope"),
        (right.replace("</s:Envelope>", ""), "envelope"),
        (right.replace("DongBoDoiTuong", "XoaDoiTuong"), "envelope"),
        (
            right
                .replace("<item><MaThamChieu>", "<dong><MaThamChieu>")
                .replace("</DoiTuong></item>", "</DoiTuong></dong>"),
            "envelope",
        ),
        (right.replace("<DanhSach>", "chữ<DanhSach>"), "envelope"),
        (right.replace(">87<", ">x<"), "envelope"),
        (right.replace("<m:MaTinh>87</m:MaTinh>", "<m:MaTinh>87</m:MaTinh><MaTinh>87</MaTinh>"), "envelope"),
    ];
    for (body, kind) in wrong {
        let mut road = Road::new();
        let (status, answer) = road.say(&body);
        assert_eq!((status, road.kinds()), (500, vec![kind]), "{body}");
        assert!(answer.contains("<faultcode>Client.BadRequest</faultcode>"), "{answer}");
        assert_eq!(road.nation.report().effects, 0);
    }
    // One record that is wrong is refused by itself.
    let mut road = Road::new();
    let (status, answer) = road.say(&sending("batch-0001", &item.replace("<GioiTinh>2", "<GioiTinh>3")));
    assert!(status == 200 && answer.contains("<KetQua>1</KetQua>"), "{answer}");
    assert_eq!(road.kinds(), ["record", "version"]);
    for (name, value) in [
        ("SOAPAction", ""),
        ("SOAPAction", "\"x\""),
        ("X-Road-Client", "VN/GOV/0087"),
        ("X-Road-Client", "VN/GOV//GATEWAY"),
        ("Content-Type", "application/json"),
        ("X-Road-Issue", ""),
    ] {
        let mut road = Road::new();
        road.headers.iter_mut().filter(|header| header.0 == name).for_each(|header| value.clone_into(&mut header.1));
        assert_eq!((road.say(&right).0, road.kinds()), (500, vec!["xroad-header"]), "{name} {value}");
    }
    let mut road = Road::new();
    assert_eq!((road.with_id("exchange-1", &right).0, road.kinds()), (500, vec!["xroad-header"]));
}

#[test]
fn an_id_stands_for_the_same_bytes() {
    let mut road = Road::new();
    let id = format!("{ID}99");
    let right = sending("batch-0001", &soap_item("A", "GHI", &person("A")));
    assert_eq!(road.with_id(&id, &right).0, 200);
    assert!(road.with_id(&id, &right).1.contains("<error_code>3</error_code>"));
    assert_eq!(road.kinds(), [""; 0]);
    road.with_id(&id, &asking("batch-0001"));
    assert_eq!(road.kinds(), ["xroad-id"]);
    // The same batch with other bytes.
    let mut road = Road::new();
    road.say(&right);
    road.say(&right.replace("\n <s:Header/>", ""));
    assert_eq!(road.kinds(), ["key"]);
}

#[test]
fn faults_of_the_server_leave_the_outcome_unknown() {
    for stored in [true, false] {
        let right = sending("batch-0001", &soap_item("A", "GHI", &person("A")));
        let mut road = Road::new();
        road.nation.add_fault(Fault { stored: Some(stored), ..send_fault(FaultKind::ServerFault) }).unwrap();
        let (status, answer) = road.say(&right);
        assert!(status == 500 && answer.contains("<faultcode>Server."), "{answer}");
        assert_eq!(road.nation.report().effects, u64::from(stored));
        road.say(&right);
        assert_eq!(road.kinds(), ["not-asked"]);
        let mut road = Road::new();
        road.nation.add_fault(Fault { stored: Some(stored), ..send_fault(FaultKind::ServerFault) }).unwrap();
        road.say(&right);
        road.say(&asking("batch-0001"));
        road.say(&right);
        assert_eq!((road.kinds(), road.nation.report().effects), (vec![], 1));
    }
    let mut road = Road::new();
    road.nation.add_fault(send_fault(FaultKind::MinusOne)).unwrap();
    road.nation.add_fault(send_fault(FaultKind::Busy9)).unwrap();
    let right = sending("batch-0001", &soap_item("A", "GHI", &person("A")));
    assert!(road.say(&right).1.contains("Client.BadRequest"));
    assert!(road.say(&right).1.contains("<DongBoDoiTuongResponse><error_code>9</error_code>"));
    assert_eq!((road.say(&right).0, road.kinds()), (200, vec![]));
}
