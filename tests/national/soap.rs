//! The SOAP form through an X-Road security server: the same content as JSON, the contract's document, answers and faults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use molisa_gateway::model::{Action, Timestamp};
use molisa_gateway::national::{
    Credentials, Frame, Item, Operation, Profile, Reply, ResultOutcome, Session, Verdict, Wait, WireRequest,
};
use proptest::prelude::*;
use serde_json::Value;

use super::server::{Server, http};
use super::{mappings, shipped};
use crate::support::xml::{self, Of};

static XROAD: LazyLock<Profile> = LazyLock::new(profile);

fn profile() -> Profile {
    Profile::load_wire(&mappings(), "misposasoft", "xroad").unwrap_or_else(|faults| panic!("{faults}"))
}

const FRAME: Frame<'static> =
    Frame { province: "87", batch_key: "018c7d3e-0000-7000-8000-000000000001", sent_at: "20231218083000" };

fn body(profile: &Profile, items: &[Item<'_>]) -> String {
    let encoder = profile.encoder("doi-tuong", Operation::Write).expect("offered");
    let bytes = encoder.body(&FRAME, items.iter().copied()).bytes;
    let sizes: usize = items.iter().map(|i| encoder.item_bytes(i)).sum();
    assert!(bytes.len() <= encoder.frame_bytes(&FRAME) + sizes + items.len(), "the size is known beforehand");
    String::from_utf8(bytes).expect("UTF-8")
}

fn item<'a>(version: &'a str, canonical: &'a str, action: Action) -> Item<'a> {
    Item { reference: "DT-<&>\"'-1", version, action, canonical }
}

/// The names of a record, as the contract's table has them.
fn names(action: Action) -> Vec<String> {
    let text = std::fs::read_to_string(mappings().join("misposasoft/xroad.toml")).expect("it ships");
    let table: toml::Table = text.parse().expect("TOML");
    let order = if action == Action::Write { "write-order" } else { "stop-order" };
    let order = table["entity"]["doi-tuong"]["soap"][order].as_array().expect("a list");
    order.iter().map(|n| n.as_str().expect("a text").to_owned()).collect()
}

/// A text that the contract allows: no control characters, nothing around it.
fn text() -> impl Strategy<Value = String> {
    let odd = "[&<>\"'\\\\;\\]\\[A-Za-z0-9 ạắềỗữỵĐđ\u{1F9D3}\u{a0}\u{200b}]{0,24}";
    prop_oneof![odd, "\\PC{0,24}", Just("]]>".to_owned()), Just("&amp;lt;".to_owned()), Just("<!--".to_owned())]
        .prop_filter_map("what cleaning leaves", |text| {
            molisa_gateway::model::text::clean(&text).ok().map(std::borrow::Cow::into_owned)
        })
}

fn record(action: Action) -> impl Strategy<Value = BTreeMap<String, Of>> {
    let names = names(action);
    let count = names.len();
    (proptest::collection::vec(text(), count), proptest::collection::vec("[A-Z_]{1,12}", 0..4)).prop_map(
        move |(texts, list)| {
            let one = |(name, text): (&String, String)| match name.as_str() {
                "DangTat" => (name.clone(), Of::List(list.clone())),
                _ => (name.clone(), Of::One(text)),
            };
            names.iter().zip(texts).map(one).collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Whoever receives either form computes the hash that travels with it.
    #[test]
    fn json_and_soap_of_any_record_have_the_same_hash(
        (action, record) in prop_oneof![Just(Action::Write), Just(Action::Stop)].prop_flat_map(|a| (Just(a), record(a)))
    ) {
        let word = if action == Action::Write { "GHI" } else { "DUNG" };
        let canonical = xml::canonical(&record);
        let hash = xml::version(word, &canonical);
        let items = [item(&hash, &canonical, action)];

        let batch = xml::parse(&body(&XROAD, &items));
        let list = batch.child("Body").child("DongBoDoiTuong").child("DanhSach");
        let one = list.child("item");
        prop_assert_eq!(&one.child("MaThamChieu").text, items[0].reference);
        let read = xml::record(one.child("DoiTuong"), &["DangTat"]);
        prop_assert_eq!(&read, &record);
        prop_assert_eq!(xml::version(&one.child("ThaoTac").text, &xml::canonical(&read)), one.child("PhienBan").text.clone());

        let batch: Value = serde_json::from_str(&body(&shipped(), &items)).expect("JSON");
        let same = &batch["DanhSach"][0];
        prop_assert_eq!(same["PhienBan"].as_str(), Some(one.child("PhienBan").text.as_str()));
        let read: BTreeMap<String, Of> = same["DoiTuong"].as_object().expect("a record").iter().map(|(name, value)| {
            let of = match value {
                Value::Array(all) => Of::List(all.iter().map(|t| t.as_str().expect("a text").to_owned()).collect()),
                other => Of::One(other.as_str().expect("a text").to_owned()),
            };
            (name.clone(), of)
        }).collect();
        prop_assert_eq!(xml::version(word, &xml::canonical(&read)), hash);
    }

    #[test]
    fn no_answer_makes_it_panic(body in "(?s).{0,200}|(<[/?!]?[A-Za-z:&;\"]{0,9}/?>|[ -~]){0,60}") {
        drop(judge(Operation::Write, 200, &body));
    }
}

/// The documents of the fixture as items of a batch.
fn documents() -> Vec<(String, String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/doi-tuong");
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("a fixture");
    let expected: Value = serde_json::from_str(&text).expect("JSON");
    let sent = expected["documents"].as_array().expect("a list").iter().filter(|d| d["DoiTuong"].is_object());
    let word = |document: &Value, name: &str| document[name].as_str().expect("a text").to_owned();
    // serde_json keeps the keys sorted and escapes what occurs here as the contract does.
    sent.map(|d| (word(d, "MaThamChieu"), word(d, "PhienBan"), word(d, "ThaoTac"), d["DoiTuong"].to_string())).collect()
}

fn batch_of_documents() -> String {
    let documents = documents();
    let items: Vec<Item<'_>> = documents
        .iter()
        .map(|(reference, version, action, canonical)| {
            let action = if action == "DUNG" { Action::Stop } else { Action::Write };
            Item { reference, version, action, canonical }
        })
        .collect();
    body(&XROAD, &items)
}

#[test]
fn a_batch_is_the_document_of_the_contract_element_by_element_in_order() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/doi-tuong/expected.xml");
    let expected = xml::parse(&std::fs::read_to_string(file).expect("a fixture"));
    let batch = xml::parse(&batch_of_documents());
    let list = |root: &xml::Node| root.child("Body").child("DongBoDoiTuong").child("DanhSach").children.clone();
    for (got, wanted) in list(&batch).iter().zip(&list(&expected)) {
        assert_eq!(got, wanted);
    }
    assert_eq!(batch, expected);
    assert!(
        list(&expected).len() >= 4 && batch_of_documents().contains("<DenThang/>"),
        "empty values are empty elements"
    );
}

fn question() -> String {
    let request = XROAD.ask("doi-tuong", FRAME.batch_key).expect("offered");
    String::from_utf8(request.body).expect("UTF-8")
}

#[test]
fn batch_and_question_are_valid_against_the_schema_that_is_kept_beside_the_profile() {
    if Command::new("xmllint").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "xmllint is missing: install libxml2-utils");
        eprintln!("skipped: xmllint is missing");
        return;
    }
    let schema = mappings().join("misposasoft/xroad/envelope.xsd");
    let dir = tempfile::tempdir().expect("a folder");
    let valid = |text: &str| {
        let file: PathBuf = dir.path().join("document.xml");
        std::fs::write(&file, text).expect("written");
        let output = Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(&schema).arg(&file).output();
        let output = output.expect("it ran");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for text in [batch_of_documents(), question()] {
        let (fine, told) = valid(&text);
        assert!(fine, "{told}");
    }
    for (from, to) in [
        ("<GioiTinh>1</GioiTinh><DanToc>01</DanToc>", "<DanToc>01</DanToc><GioiTinh>1</GioiTinh>"),
        ("<HoTen>", "<Ten>"),
        ("<ThaoTac>GHI<", "<ThaoTac>X<"),
        ("<DenThang/>", ""),
    ] {
        let text = batch_of_documents();
        assert!(text.contains(from), "{from}");
        let text = text.replacen(from, to, 1).replacen(&from.replace('<', "</"), &to.replace('<', "</"), 1);
        assert!(!valid(&text).0, "the schema takes {to:?} in place of {from:?}");
    }
}

fn judge(operation: Operation, status: u16, body: &str) -> Verdict {
    XROAD.judge(operation, &Reply { status, body: body.into(), ..Reply::default() })
}

fn answer(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><!-- x --><S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Header>\
         <id:service xmlns:id=\"urn:id\"><error_code>9</error_code></id:service></S:Header><S:Body>\
         <m:DongBoDoiTuongResponse xmlns:m=\"urn:x\">{inside}</m:DongBoDoiTuongResponse></S:Body></S:Envelope>\n"
    )
}

fn fault(code: &str) -> String {
    format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><e:Fault><faultcode>{code}</faultcode>\
         <faultstring>sai ở DT-1 &amp; DT-2</faultstring><detail><error_code>0</error_code></detail></e:Fault></e:Body></e:Envelope>"
    )
}

const RESULTS: &str = "<m:error_code> 0 </m:error_code><message/><result>\
    <item><MaThamChieu>DT-&#49;</MaThamChieu><KetQua>0</KetQua><MaDoiTuong>Q7</MaDoiTuong><MaLoi/><ThongBao/></item>\
    <item><la><MaThamChieu>khác</MaThamChieu></la><KetQua>1</KetQua><MaThamChieu>DT-2</MaThamChieu><MaLoi>E05</MaLoi>\
    <ThongBao><![CDATA[sai <số>]]></ThongBao></item><item><MaThamChieu>DT-3</MaThamChieu><KetQua>2</KetQua></item></result>";

fn outcomes(verdict: &Verdict) -> Vec<(&str, &str)> {
    let Verdict::Stored { results, .. } = verdict else { panic!("{verdict:?}") };
    let said = |outcome| match outcome {
        &ResultOutcome::Accepted { national_id: Some(ref id) } => id.as_str(),
        ResultOutcome::Accepted { .. } => "accepted",
        ResultOutcome::Refused { message, .. } => message.as_str(),
        ResultOutcome::Later { .. } => "later",
        _ => "?",
    };
    results.iter().map(|r| (r.reference.as_str(), said(&r.outcome))).collect()
}

#[test]
fn an_answer_is_read_whatever_its_prefixes() {
    let expected = [("DT-1", "Q7"), ("DT-2", "sai <số>"), ("DT-3", "later")];
    let text = answer(RESULTS);
    for operation in [Operation::Write, Operation::Ask] {
        assert_eq!(outcomes(&judge(operation, 200, &text)), expected);
    }
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let reply = Reply { status: 200, body: utf16, ..Reply::default() };
    assert_eq!(outcomes(&XROAD.judge(Operation::Write, &reply)), expected);
    assert_eq!(outcomes(&judge(Operation::Write, 500, &text)), expected, "HTTP 500 may carry an answer");
    let code = |code: &str| answer(&format!("<error_code>{code}</error_code><message>bận</message><result/>"));
    assert_eq!(judge(Operation::Ask, 200, &code("4")), Verdict::NeverSeen);
    assert_eq!(judge(Operation::Write, 200, &code("9")), Verdict::Busy { wait: None });
    assert_eq!(judge(Operation::Write, 200, &code("-1")), Verdict::Malformed { message: "bận".into() });
    let wait = XROAD.judge(Operation::Write, &Reply { status: 503, retry_after: Some("7".into()), ..Reply::default() });
    assert_eq!(wait, Verdict::Busy { wait: Some(Wait::For(std::time::Duration::from_secs(7))) });
    assert!(matches!(judge(Operation::Write, 302, ""), Verdict::NotStored { .. }), "redirects are never followed");
}

#[test]
fn a_fault_says_whose_mistake_it_was_and_nothing_more_is_known() {
    let told = "sai ở DT-1 & DT-2".to_owned();
    for status in [200, 500] {
        for prefix in ["", "e:", "SOAP-ENV:"] {
            let write = |code: &str| judge(Operation::Write, status, &fault(&format!("{prefix}{code}")));
            assert_eq!(write("Client.BadRequest"), Verdict::Malformed { message: told.clone() });
            assert_eq!(write("Client.BadRequest.Field"), Verdict::Malformed { message: told.clone() });
            assert!(matches!(write("Client"), Verdict::NotStored { .. }));
            assert!(matches!(write("Client.UnknownService"), Verdict::NotStored { .. }));
            for code in ["Server.ServerProxy.AccessDenied", "Server", "Clients", "X"] {
                let Verdict::Unknown { why } = write(code) else { panic!("{code} leaves the outcome unknown") };
                assert!(!why.contains("DT-1"), "the fault's words may name people: {why}");
            }
        }
        let asked = judge(Operation::Ask, status, &fault("Client.BadRequest"));
        assert!(matches!(asked, Verdict::Unknown { .. }), "a question that fails says nothing of the batch: {asked:?}");
    }
    assert!(matches!(judge(Operation::Write, 502, &fault("Client")), Verdict::Unknown { .. }));
    assert!(matches!(judge(Operation::Write, 500, &fault("")), Verdict::Unknown { .. }), "a fault without a code");
}

#[test]
fn what_is_not_an_answer_leaves_the_outcome_unknown() {
    let good = answer(RESULTS);
    let inside = |text: &str| answer(&format!("<error_code>0</error_code><result>{text}</result>"));
    let both = good.replace("</S:Body>", "<S:Fault><faultcode>Client</faultcode></S:Fault></S:Body>");
    let fault_first = fault("Client").replace("</e:Body>", "<r><error_code>0</error_code></r></e:Body>");
    let entity = "<!DOCTYPE x [<!ENTITY a \"0\">]>".to_owned() + good.split_once("?>").expect("a declaration").1;
    let many = "<item><MaThamChieu>a</MaThamChieu><KetQua>0</KetQua></item>".repeat(5_001);
    let cases = [
        ("", "nothing"),
        ("<!DOCTYPE html><html><body>500</body></html>", "a page"),
        ("<html><body>500</body></html>", "a page without a type"),
        (&good[..good.len() - 30], "cut"),
        (&good.replace("</result>", "</results>"), "not well-formed"),
        (&good.replace("DT-&#49;", "&xxe;"), "an entity of its own"),
        (&entity, "a document type"),
        (&good.replace("<message/>", "<error_code>9</error_code>"), "two codes"),
        (&good.replace("<KetQua>0</KetQua>", "<KetQua>0</KetQua><KetQua>1</KetQua>"), "two results in one"),
        (&both, "an answer and a fault"),
        (&fault_first, "a fault and an answer"),
        (&fault("Client").replace("<detail>", "<faultcode>Server</faultcode><detail>"), "two fault codes"),
        (&format!("{good}x"), "text behind it"),
        (&format!("{good}{good}"), "two documents"),
        (&inside(&("<a>".repeat(40) + &"</a>".repeat(40))), "too deep"),
        (&inside(&many), "too many results"),
        (&inside("không"), "no list"),
        (&answer("<result/>"), "no code"),
        (&answer(RESULTS).replace("Envelope", "Envelop"), "no envelope"),
        (r#"{"error_code":"0"}"#, "JSON"),
    ];
    for (body, what) in cases {
        for status in [200, 500] {
            let verdict = judge(Operation::Write, status, body);
            assert!(matches!(verdict, Verdict::Unknown { .. }), "{what}: {verdict:?}");
        }
    }
    let fine = inside(&"<item><MaThamChieu>a</MaThamChieu><KetQua>0</KetQua></item>".repeat(5_000));
    assert_eq!(outcomes(&judge(Operation::Write, 200, &fine)).len(), 5_000);
    let long = inside(&format!(
        "<item><MaThamChieu>a</MaThamChieu><KetQua>1</KetQua><ThongBao>{}</ThongBao></item>",
        "ă".repeat(100_000)
    ));
    assert_eq!(outcomes(&judge(Operation::Write, 200, &long))[0].1.chars().count(), 1_000);
}

fn pass() -> Session {
    let named = [("xroad-client", "VN/GOV/87/BTXH"), ("xroad-user", "so-lao-dong"), ("xroad-issue", "12/CV-SYT")];
    let named = named.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    Session::new(&XROAD, Credentials { named, ..Credentials::default() }).expect("a session")
}

#[tokio::test]
async fn every_exchange_has_the_headers_of_the_protocol_and_an_id_of_its_own_bytes() {
    let server = Server::plain(|_, wire| wire.write_all(&http("200 OK", "", answer(RESULTS).as_bytes())).is_ok());
    let write = |text: &str| -> WireRequest {
        XROAD.request("doi-tuong", Operation::Write, text.as_bytes().to_vec()).expect("offered")
    };
    let ask = || XROAD.ask("doi-tuong", FRAME.batch_key).expect("offered");
    let session = pass();
    for request in [write("<a/>"), write("<a/>"), write("<b/>"), ask()] {
        let pass = session.pass(Timestamp(1_702_836_000_000)).expect("a pass");
        server.exchange(request.authorized(&pass)).await.expect("an answer");
    }
    let requests = server.requests();
    let header = |request: &str, name: &str| {
        let line = request.lines().find_map(|l| l.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name}: {request}")).to_owned()
    };
    for request in &requests {
        assert!(request.starts_with("POST /xroad "), "{request}");
        for (name, value) in [
            ("content-type", "text/xml; charset=utf-8"),
            ("soapaction", "\"\""),
            ("x-road-client", "VN/GOV/87/BTXH"),
            ("x-road-userid", "so-lao-dong"),
        ] {
            assert_eq!(header(request, name), value);
        }
        assert!(request.contains("x-road-issue: ") && !request.to_lowercase().contains("authorization"), "{request}");
    }
    let ids: Vec<uuid::Uuid> = requests.iter().map(|r| header(r, "x-road-id").parse().expect("a UUID")).collect();
    assert_eq!(ids[0], ids[1], "the very same bytes again");
    assert!(ids[0] != ids[2] && ids[0] != ids[3] && ids[2] != ids[3], "{ids:?}");
}

/// The id is made of the bytes, so it cannot stand in them; and both ends of a profile must speak SOAP.
#[test]
fn a_profile_that_cannot_work_is_refused() {
    let text = std::fs::read_to_string(mappings().join("misposasoft/xroad.toml")).expect("it ships");
    for (from, to, told) in [
        ("[answer]\nform = \"soap\"", "[answer]\nform = \"results\"", "answer.form = \"soap\""),
        ("write = \"DongBoDoiTuong\"", "write = \"Dong Bo\"", "Dong Bo"),
        ("\"HoTen\", \"NgaySinh\"", "\"HoTen\", \"HoTen\"", "HoTen"),
        ("SOAPAction = ", "SOAPAction2 = {}\nX = ", "SOAPAction2"),
        ("\"Client\" = \"not-stored\"", "\"Client\" = \"stored\"", "stored"),
    ] {
        assert!(text.contains(from), "{from}");
        let faults = Profile::parse(Path::new("x.toml"), &text.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(faults.contains(told), "{to}: {faults}");
    }
}
