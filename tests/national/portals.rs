//! The two portals as their shipped profiles speak to them: bytes from the contract, answers in every form, secrets
//! seen by nobody but the other end. Everything goes over a real HTTP server.

use std::path::Path;
use std::sync::Arc;

use molisa_gateway::model::{Action, Timestamp};
use molisa_gateway::national::{
    Credentials, Found, Frame, Item, Operation, Profile, Reply, Session, Settle, TokenVerdict, Verdict, Whole,
    WireRequest,
};
use secrecy::SecretString;

use super::mappings;
use super::server::{Server, http};

pub(super) const NOW: Timestamp = Timestamp(1_702_836_000_000);
/// A dossier with objects and lists inside, and with words that look like placeholders.
const DOSSIER: &str = r#"{"ChuHoSo":"Nguyễn {secret}","DanhSachLePhi":[],"DinhDanhCHS":{"LoaiDinhDanh":"1","SoDinhDanh":"087044001234"},"MaHoSo":"H20.14-240703-0002","TaiLieuNop":[{"TenTepDinhKem":"{token}"}],"TrangThaiHoSo":"1"}"#;

fn portal(name: &str) -> Profile {
    Profile::load(&mappings(), name).unwrap_or_else(|faults| panic!("{faults}"))
}

fn profile_text(name: &str) -> String {
    std::fs::read_to_string(mappings().join(name).join("system.toml")).expect("it ships")
}

pub(super) fn credentials() -> Credentials {
    let named = [("agency", "G22"), ("unit", "000.00.00.H20"), ("accept-key", "khóa \"bí\" mật")];
    Credentials {
        id: Some("tinh87".into()),
        secret: Some("mật khẩu".into()),
        named: named.map(|(name, value)| (name.to_owned(), SecretString::from(value))).into(),
    }
}

fn write(profile: &Profile, entity: &str, operation: Operation, records: &[&str]) -> WireRequest {
    let frame = Frame { province: "87", batch_key: "goi-0001", sent_at: "20231218083000" };
    let items = records.iter().map(|canonical| Item { reference: "r", version: "v", action: Action::Write, canonical });
    let encoder = profile.encoder(entity, operation).expect("offered");
    let body = encoder.body(&frame, items.clone());
    let told = encoder.frame_bytes(&frame)
        + items.clone().map(|i| encoder.item_bytes(&i)).sum::<usize>()
        + records.len().saturating_sub(1);
    assert_eq!(body.bytes.len(), told, "sizes told beforehand are those of the bytes");
    profile.request(entity, operation, body).expect("offered")
}

fn body(request: &WireRequest) -> String {
    String::from_utf8(request.body.clone()).expect("text")
}

/// What went out, its head in small letters and its body as it came.
fn seen(server: &Server) -> (String, String) {
    let all = server.requests();
    let (head, body) = all.last().expect("a request").split_once("\r\n\r\n").expect("a head");
    (head.to_lowercase(), body.to_owned())
}

fn judge(profile: &Profile, answer: &str) -> Verdict {
    profile.judge(Operation::Write, &Reply { status: 200, body: answer.into(), ..Reply::default() })
}

#[tokio::test]
async fn dvcbtxh_gets_one_flat_record_with_the_key_in_it() {
    let profile = portal("dvcbtxh");
    let record =
        r#"{"CertificateExtentData":"<ExtentData a=\"{credential:accept-key}\"/>","MaHoSo":"H20.14-240703-0002"}"#;
    let request = write(&profile, "mo-ho-so", Operation::Write, &[record]);
    let rest =
        r#","CertificateExtentData":"<ExtentData a=\"{credential:accept-key}\"/>","MaHoSo":"H20.14-240703-0002"}"#;
    assert_eq!(body(&request), format!(r#"{{"AcceptKey":"{{credential:accept-key}}"{rest}"#), "what is stored");
    assert!(!format!("{request:?}").contains("khóa"));

    let server = Server::says(http("200 OK", "", br#"{"error_code":"0","message":""}"#));
    let session = Session::new(&profile, credentials()).expect("a session");
    let pass = session.pass(NOW).expect("no token is needed");
    assert!(pass.headers.is_empty() && session.token_request().is_none());
    let reply = server.exchange(request.authorized(&pass)).await.expect("an answer");
    assert_eq!(profile.judge(Operation::Write, &reply), Verdict::Whole(Whole::Stored));
    let (head, body) = seen(&server);
    assert!(head.starts_with("post /apibtxh/dongbodvc http/1.1"), "{head}");
    assert!(!head.contains("authorization"), "{head}");
    assert_eq!(body, format!(r#"{{"AcceptKey":"khóa \"bí\" mật"{rest}"#), "only the profile's own place is filled");

    let step = write(&profile, "buoc-xu-ly", Operation::Write, &["{}"]);
    assert_eq!((step.path.as_str(), body_of_empty(&step)), ("/apiBTXH/XuLyHoSo", true));
    assert_eq!(profile.call("ho-so", Operation::Write).expect("offered").path, "/apiBTXH/DongBoDVC");
    for entity in ["mo-ho-so", "ho-so", "buoc-xu-ly"] {
        let found = profile.entity(entity).expect("it ships");
        assert_eq!((found.limits.records, found.settle), (1, Settle::Repeat), "{entity}");
        assert!(!profile.can_stop(entity), "{entity}");
    }
}

fn body_of_empty(request: &WireRequest) -> bool {
    body(request) == r#"{"AcceptKey":"{credential:accept-key}"}"#
}

#[tokio::test]
async fn dvcqg_gets_a_session_and_lists_of_bare_records() {
    let profile = portal("dvcqg");
    let server = Server::plain(|request, wire| {
        let login = request.starts_with(b"POST /dvcqg/mapi/login ");
        let answer =
            if login { r#"{"session":"s-1","error_code":0}"# } else { r#"{"error_code":0,"message":"","result":""}"# };
        wire.write_all(&http("200 OK", "", answer.as_bytes())).is_ok()
    });
    let session = Session::new(&profile, credentials()).expect("a session");
    assert!(session.pass(NOW).is_none(), "a session first");
    let reply = server.exchange(session.token_request().expect("a login")).await.expect("an answer");
    let (head, body_seen) = seen(&server);
    assert!(head.contains("\r\ndstcode: g22") && head.contains("content-type: application/json"), "{head}");
    assert_eq!(body_seen, r#"{"username":"tinh87","password":"mật khẩu"}"#);
    session.take(&reply, NOW).expect("a session");
    assert!(session.pass(NOW.plus(1_769_999)).is_some() && session.pass(NOW.plus(1_770_000)).is_none());

    let second = DOSSIER.replace("0002", "0003");
    for (entity, service, updating) in [
        ("mo-ho-so", "DongBoHoSoMC", "False"),
        ("ho-so", "DongBoHoSoMC", "True"),
        ("tien-do", "CapNhatTienDoHoSoMC", "True"),
    ] {
        let request = write(&profile, entity, Operation::Write, &[DOSSIER, &second]);
        let form = |session: &str, unit: &str| {
            format!(
                r#"{{"session":"{session}","madonvi":"{unit}","service":"{service}","isUpdating":"{updating}","data":[{DOSSIER},{second}]}}"#
            )
        };
        assert_eq!(body(&request), form("{token}", "{credential:unit}"), "what is stored and hashed");
        let pass = session.pass(NOW).expect("a pass");
        let reply = server.exchange(request.authorized(&pass)).await.expect("an answer");
        assert_eq!(profile.judge(Operation::Write, &reply), Verdict::Whole(Whole::Stored));
        let (head, body) = seen(&server);
        assert!(head.starts_with("post /dvcqg/mapi/g ") && head.contains("\r\ndstcode: g22"), "{head}");
        assert_eq!(body, form("s-1", "000.00.00.H20"));
        assert_eq!(profile.entity(entity).expect("it ships").limits.records, 10);
    }
    let question = profile.look_up("ho-so", "H20.14-\"240703\"").expect("offered");
    let pass = session.pass(NOW).expect("a pass");
    server.exchange(question.authorized(&pass)).await.expect("an answer");
    assert_eq!(
        seen(&server).1,
        r#"{"session":"s-1","madonvi":"000.00.00.H20","service":"TraCuuHoSo","mahoso":"H20.14-\"240703\""}"#
    );
    assert!(profile.look_up("tien-do", "x").is_none() && profile.ask("ho-so", "x").is_none());
    assert_eq!(
        ["mo-ho-so", "ho-so", "tien-do"].map(|e| profile.entity(e).expect("it ships").settle),
        [Settle::LookUp, Settle::LookUp, Settle::Repeat]
    );
    assert_eq!(profile.reference_of("tien-do", "khóa của ta", DOSSIER), "H20.14-240703-0002");
}

#[test]
fn a_session_is_only_taken_with_a_code_that_means_success() {
    let session = Session::new(&portal("dvcqg"), credentials()).expect("a session");
    let take = |body: &str| session.take(&Reply { status: 200, body: body.into(), ..Reply::default() }, NOW);
    assert_eq!(take(r#"{"session":"s","error_code":5}"#), Err(TokenVerdict::Refused(200)));
    assert_eq!(take(r#"{"session":"s","error_code":" -1"}"#), Err(TokenVerdict::Refused(200)));
    assert_eq!(take(r#"{"session":"s","error_code":"99"}"#), Err(TokenVerdict::Unusable(200)), "who knows why");
    assert_eq!(take(r#"{"session":"s","error_code":"9"}"#), Err(TokenVerdict::Busy { status: 200, wait: None }));
    assert_eq!(take(r#"{"session":"s"}"#), Err(TokenVerdict::Unusable(200)));
    assert!(session.pass(NOW).is_none());
    take(r#"{"session":"s","error_code":" 0 "}"#).expect("a session");
    assert!(session.pass(NOW).is_some());
}

#[test]
fn a_code_speaks_for_the_whole_call() {
    let profile = portal("dvcqg");
    for fine in [
        r#"{"error_code":0}"#,
        r#"{"error_code":" 0 ","message":"","result":["lạ"]}"#,
        r#"{"error_code":"0","result":7}"#,
    ] {
        assert_eq!(judge(&profile, fine), Verdict::Whole(Whole::Stored), "{fine}");
    }
    let refused = |code: &str| Whole::Refused { code: code.into(), message: "số H20".into() };
    for (told, code) in [("-4", "-4"), ("\"-9\"", "-9"), ("\" -4 \"", "-4"), ("-1", "-1")] {
        let answer = format!(r#"{{"error_code":{told},"message":" số H20 "}}"#);
        assert_eq!(judge(&profile, &answer), Verdict::Whole(refused(code)), "{answer}");
    }
    // Whether the record is there is what the words say: the same codes refuse other things.
    let says =
        |code: &str, message: &str| judge(&profile, &format!(r#"{{"error_code":{code},"message":"{message}"}}"#));
    for (told, code) in [("3", "3"), ("\"-3\"", "-3")] {
        for message in
            ["H20 đã tồn tại", "H20 ĐÃ  TỒN TẠI.", "H20 đa\u{303} to\u{302}\u{300}n ta\u{323}i", "H20 da ton tai"]
        {
            let exists = Whole::Exists { code: code.into(), message: message.into() };
            assert_eq!(says(told, message), Verdict::Whole(exists), "{message}");
        }
        for message in ["", "số H20", "H20: MaTTHC không hợp lệ", "H20: MaTTHC không tồn tại"] {
            let refused = Whole::Refused { code: code.into(), message: message.into() };
            assert_eq!(says(told, message), Verdict::Whole(refused), "{message}");
        }
    }
    for name in ["dvcqg", "dvcbtxh"] {
        let profile = portal(name);
        assert_eq!(judge(&profile, r#"{"error_code":5}"#), Verdict::TokenInvalid);
        // A code that nobody knows parks nothing.
        assert!(matches!(judge(&profile, r#"{"error_code":"99","message":"bảo trì"}"#), Verdict::Unlisted { .. }));
        assert_eq!(judge(&profile, r#"{"error_code":"9"}"#), Verdict::Busy { wait: None });
        for odd in
            ["", "<html>0</html>", r#"{"error_code":"0""#, r#"{"error_code":""}"#, "{}", "[]", r#"{"error_code":null}"#]
        {
            assert!(matches!(judge(&profile, odd), Verdict::Unknown { .. }), "{odd}");
        }
        let status = |status| {
            profile.judge(Operation::Write, &Reply { status, body: r#"{"error_code":0}"#.into(), ..Reply::default() })
        };
        assert!(matches!(status(500), Verdict::Unknown { .. }));
        assert_eq!(status(401), Verdict::TokenInvalid);
    }
    let told = judge(&portal("dvcbtxh"), r#"{"error_code":"7","message":"chưa có hồ sơ"}"#);
    assert_eq!(told, Verdict::Whole(Whole::Refused { code: "7".into(), message: "chưa có hồ sơ".into() }));
}

#[test]
fn a_look_up_compares_what_was_sent() {
    let profile = portal("dvcqg");
    let look = |answer: &str| {
        let reply = Reply { status: 200, body: answer.into(), ..Reply::default() };
        profile.judge_look_up("H20.14-240703-0002", DOSSIER, &reply)
    };
    let with = |record: &str| look(&format!(r#"{{"error_code":0,"message":"","result":[{record}]}}"#));
    assert_eq!(with(DOSSIER), Verdict::LookedUp(Found::Same));
    // Fewer fields, more fields, blanks, numbers for text, another order, nothing written otherwise.
    for same in [
        r#"{"MaHoSo":" H20.14-240703-0002","TrangThaiHoSo":1}"#,
        r#"{"TrangThaiHoSo":" 1 ","MaHoSo":"H20.14-240703-0002","Lạ":"x","DanhSachLePhi":null,"DinhDanhCHS":{"SoDinhDanh":"087044001234 "}}"#,
    ] {
        assert_eq!(with(same), Verdict::LookedUp(Found::Same), "{same}");
    }
    for (from, to) in [
        (r#""TrangThaiHoSo":"1""#, r#""TrangThaiHoSo":"4""#),
        (r#""SoDinhDanh":"087044001234""#, r#""SoDinhDanh":"087044001235""#),
        (r#""DanhSachLePhi":[]"#, r#""DanhSachLePhi":[{"x":"1"}]"#),
        (r#"[{"TenTepDinhKem":"{token}"}]"#, "[]"),
        (r#""ChuHoSo":"Nguyễn {secret}""#, r#""ChuHoSo":null"#),
        (r#"{"LoaiDinhDanh":"1","SoDinhDanh":"087044001234"}"#, "\"1\""),
    ] {
        assert!(DOSSIER.contains(from));
        assert_eq!(with(&DOSSIER.replace(from, to)), Verdict::LookedUp(Found::Different), "{to}");
    }
    assert_eq!(look(r#"{"error_code":" -4","message":"không có"}"#), Verdict::LookedUp(Found::Nothing));
    assert_eq!(look(r#"{"error_code":"5"}"#), Verdict::TokenInvalid);
    assert_eq!(look(r#"{"error_code":9}"#), Verdict::Busy { wait: None });
    let other = DOSSIER.replace("0002", "0003");
    for odd in [
        r#"{"error_code":0,"result":[]}"#.to_owned(),
        r#"{"error_code":0}"#.to_owned(),
        r#"{"error_code":-9}"#.to_owned(),
        r#"{"error_code":0,"result":"#.to_owned(),
        format!(r#"{{"error_code":0,"result":[{other}]}}"#),
        format!(r#"{{"error_code":0,"result":[{DOSSIER},{DOSSIER}]}}"#),
        r#"{"error_code":0,"result":[{"MaHoSo":"H20.14-240703-0002"}]}"#.to_owned(),
        r#"{"error_code":0,"result":[{"TrangThaiHoSo":"1"}]}"#.to_owned(),
        format!(r#"{{"error_code":0,"x":{}{}}}"#, "[".repeat(40), "]".repeat(40)),
    ] {
        assert!(matches!(look(&odd), Verdict::Unknown { .. }), "{odd}");
    }
    assert_eq!(look(&format!(r#"{{"error_code":0,"result":[{other},{DOSSIER}]}}"#)), Verdict::LookedUp(Found::Same));
}

/// Mistakes of the new kinds, each told with its line.
#[test]
fn mistakes_in_a_portals_profile_are_told() {
    let wrong = |name: &str, from: &str, to: &str| {
        let text = profile_text(name);
        assert!(text.contains(from), "{from}");
        let faults = Profile::parse(Path::new("s.toml"), &text.replacen(from, to, 1)).expect_err(to);
        assert!(faults.0.iter().all(|f| f.line.is_some()), "{faults}");
        faults.to_string()
    };
    for (name, from, to, word) in [
        ("dvcqg", "session = \"{token}\"\n", "", "{token}"),
        ("dvcqg", "exists = \"accepted\"", "exists = \"repeat-as-update\"", "update"),
        (
            "dvcqg",
            "[entity.ho-so.look-up]\nmethod = \"POST\"\npath = \"/dvcqg/mapi/g\"\n\n[entity.ho-so.look-up.fields]\nservice = \"TraCuuHoSo\"\nmahoso = \"{reference}\"\n",
            "",
            "look-up",
        ),
        ("dvcqg", "settle = \"repeat\"", "settle = \"ask\"", "ask"),
        ("dvcqg", "service = \"DongBoHoSoMC\"", "session = \"{secret}\"", "hai lần"),
        ("dvcqg", "service = \"DongBoHoSoMC\"", "service = \"{reference}\"", "{reference}"),
        ("dvcqg", "password = \"{secret}\"", "password = \"{token}\"", "{token}"),
        ("dvcqg", "form = \"list\"", "form = \"lisst\"", "list"),
        ("dvcqg", "list = \"data\"", "", "envelope.list"),
        ("dvcqg", "results = \"result\"", "", "answer.field.results"),
        ("dvcqg", "\"-4\" = \"not-found\"", "", "not-found"),
        ("dvcqg", "write = \"GHI\"", "write = \"GHI\"\nstop = \"DUNG\"", "words.contract.stop"),
        ("dvcbtxh", "AcceptKey = \"{credential:accept-key}\"", "", "{credential:…}"),
        ("dvcbtxh", "records = 1", "records = 2", "limits.records"),
        ("dvcbtxh", "form = \"record\"\n", "", "envelope.province"),
    ] {
        let all = wrong(name, from, to);
        assert!(all.contains(word), "{to}: {all}");
    }
    let missing = Session::new(&portal("dvcqg"), Credentials::default()).err().expect("credentials are missing");
    let missing = missing.to_string();
    for name in ["id", "secret", "agency", "unit"] {
        assert!(missing.contains(name), "{missing}");
    }
}

/// An entity may have an envelope, limits and a way to settle of its own; a record goes again by another call.
#[test]
fn an_entity_may_differ_from_its_profile() {
    let text = profile_text("dvcqg").replace("[entity.tien-do]\n", "[entity.tien-do]\nlimits = { records = 3 }\n");
    let text = text.replace(
        "[entity.tien-do.write.fields]\n",
        "[entity.tien-do.envelope]\nform = \"record\"\nfields = { phien = \"{token}\" }\n[entity.tien-do.write.fields]\n",
    );
    let faults = Profile::parse(Path::new("s.toml"), &text).expect_err("one record a call").to_string();
    assert!(faults.contains("limits.records"), "{faults}");
    let text = text.replace("records = 3", "records = 1");
    let text = text.replace("[entity.ho-so]\n", "[entity.ho-so]\nexists = \"repeat-as-update\"\n");
    let text = text.replace(
        "[entity.ho-so.look-up]\n",
        "[entity.ho-so.update]\nmethod = \"PUT\"\npath = \"/sua\"\nfields = { isUpdating = \"True\" }\n[entity.ho-so.look-up]\n",
    );
    let profile = Profile::parse(Path::new("s.toml"), &text).unwrap_or_else(|faults| panic!("{faults}"));
    let step = write(&profile, "tien-do", Operation::Write, &[r#"{"MaHoSo":"1"}"#]);
    assert_eq!(body(&step), r#"{"phien":"{token}","service":"CapNhatTienDoHoSoMC","isUpdating":"True","MaHoSo":"1"}"#);
    let update = write(&profile, "ho-so", Operation::Update, &["{}"]);
    assert_eq!((update.method.as_str(), update.path.as_str()), ("PUT", "/sua"));
    assert_eq!(body(&update), r#"{"session":"{token}","madonvi":"{credential:unit}","isUpdating":"True","data":[{}]}"#);
    let verdict = profile.judge(
        Operation::Update,
        &Reply { status: 200, body: r#"{"error_code":"-4","message":""}"#.into(), ..Reply::default() },
    );
    assert_eq!(verdict, Verdict::Whole(Whole::Refused { code: "-4".into(), message: String::new() }));
}

#[test]
fn a_new_session_fills_the_same_bytes() {
    let profile = portal("dvcqg");
    let session = Arc::new(Session::new(&profile, credentials()).expect("a session"));
    let request = write(&profile, "ho-so", Operation::Write, &[DOSSIER]);
    let take = |name: &str| {
        let body = format!(r#"{{"session":"{name}","error_code":"0"}}"#);
        session.take(&Reply { status: 200, body: body.into(), ..Reply::default() }, NOW).expect("a session");
        session.pass(NOW).expect("a pass")
    };
    let (first, second) = (take("một".replace("ộ", "o").as_str()), take("hai"));
    assert_ne!(first.generation, second.generation);
    let (a, b) = (body(&request.clone().authorized(&first)), body(&request.authorized(&second)));
    assert_eq!(a.replace("\"mot\"", "\"hai\""), b);
}
