//! Kinds of authentication that no shipped profile uses yet, over a real HTTP server that sees what went out.

use std::path::Path;

use molisa_gateway::model::Timestamp;
use molisa_gateway::national::{Credentials, Profile, Session};

use super::portals::{NOW, credentials};
use super::server::{Server, http};

/// A profile of misposasoft with another `[auth]`, and a server that sees what goes out.
async fn over_the_wire(auth: &str, credentials: Credentials, at: Timestamp) -> (String, String) {
    let text = super::shipped_text();
    let (before, rest) = text.split_once("[auth]").expect("a section");
    let (_, after) = rest.split_once("[words]").expect("a section");
    let text = format!("{before}{auth}\n[words]{after}");
    let profile = Profile::parse(Path::new("s.toml"), &text).unwrap_or_else(|faults| panic!("{faults}"));
    let session = Session::new(&profile, credentials).expect("a session");
    let server = Server::plain(|request, wire| {
        let token = request.starts_with(b"POST /apiBTXH/LayToken ") || request.starts_with(b"POST /token ");
        let answer = if token { r#"{"access_token":"t-1","expires_in":"60"}"# } else { "{}" };
        wire.write_all(&http("200 OK", "", answer.as_bytes())).is_ok()
    });
    if let Some(request) = session.token_request() {
        let reply = server.exchange(request).await.expect("an answer");
        session.take(&reply, at).expect("a token");
        assert!(session.pass(at.plus(29_999)).is_some() && session.pass(at.plus(30_000)).is_none(), "the told life");
    }
    let request = profile.ask("doi-tuong", "goi-0001").expect("offered");
    server.exchange(request.authorized(&session.pass(at).expect("a pass"))).await.expect("an answer");
    let all = server.requests();
    (all.first().expect("a request").clone(), all.last().expect("a request").clone())
}

#[tokio::test]
async fn an_optional_token_of_dvcbtxh_is_got_by_user_and_password() {
    let auth = "[auth]\nkind = \"session\"\npath = \"/apiBTXH/LayToken\"\n[auth.body]\nusername = \"{id}\"\npassword = \"{secret}\"\n\
        [auth.answer]\ntoken = \"access_token\"\nexpires = \"expires_in\"\nlife-seconds = 300\nearly-seconds = 30\n\
        [auth.headers]\nAuthorization = \"Bearer {token}\"\n";
    let (login, call) = over_the_wire(auth, credentials(), NOW).await;
    assert!(login.starts_with("POST /apiBTXH/LayToken "), "{login}");
    assert!(login.ends_with("\r\n\r\n{\"username\":\"tinh87\",\"password\":\"mật khẩu\"}"), "{login}");
    assert!(call.contains("\r\nauthorization: Bearer t-1\r\n"), "{call}");
}

#[tokio::test]
async fn xroad_basic_hashes_the_time_of_every_attempt() {
    let auth = "[auth]\nkind = \"xroad-basic\"\naddress = \"{credential:address}\"\n[auth.headers]\n\
        Timestamp = \"{timestamp}\"\nAuthorization = \"Basic {basic-hash}\"\nApiKey = \"{credential:api-key}\"\n";
    let mut all = credentials();
    all.secret = Some("matkhau".into());
    all.named.insert("address".into(), "10.0.0.5".into());
    all.named.insert("api-key".into(), "k-9".into());
    let (_, first) = over_the_wire(auth, all.clone(), NOW).await;
    // printf '10.0.0.5tinh871702836000000matkhau' | sha256sum; printf 'tinh87:<hash>' | base64 -w0
    let header = "\r\nauthorization: Basic dGluaDg3OjBhMTUxMTQ0MmM4NzVlNjNiMjk3NjRkYTYwMTNlOGViZmE2YjQwMTI2OWM4YWYxNGJiMmE3OGY0M2ZhZWQxOWM=\r\n";
    assert!(first.contains(header), "{first}");
    assert!(first.contains("\r\ntimestamp: 1702836000000\r\n") && first.contains("\r\napikey: k-9\r\n"), "{first}");
    let (_, second) = over_the_wire(auth, all, NOW.plus(1)).await;
    assert!(second.contains("\r\ntimestamp: 1702836000001\r\n") && !second.contains(header), "{second}");
}

#[tokio::test]
async fn lgspaccesstoken_carries_all_five_keys() {
    let auth = "[auth]\nkind = \"ngsp-token\"\npath = \"/token\"\n[auth.form]\ngrant_type = \"client_credentials\"\n[auth.answer]\n\
        token = \"access_token\"\nexpires = \"expires_in\"\nlife-seconds = 300\nearly-seconds = 30\n[auth.headers]\n\
        Authorization = \"Bearer {token}\"\nlgspaccesstoken = { base64-json = { AccessKey = \"{id}\", SecretKey = \"{secret}\", \
        AppName = \"{credential:app}\", PartnerCode = \"{credential:partner}\", PartnerCodeCus = \"{credential:partner-cus}\" } }\n";
    let mut all = credentials();
    for (name, value) in [("app", "btxh"), ("partner", "P1"), ("partner-cus", "P2")] {
        all.named.insert(name.into(), value.into());
    }
    let (token, call) = over_the_wire(auth, all, NOW).await;
    assert!(token.contains("\r\nauthorization: Basic dGluaDg3Om3huq10IGto4bqpdQ==\r\n"), "{token}");
    // printf '{"AccessKey":"tinh87","SecretKey":"mật khẩu","AppName":"btxh","PartnerCode":"P1","PartnerCodeCus":"P2"}' | base64 -w0
    assert!(call.contains("\r\nlgspaccesstoken: eyJBY2Nlc3NLZXkiOiJ0aW5oODciLCJTZWNyZXRLZXkiOiJt4bqtdCBraOG6qXUiLCJBcHBOYW1lIjoiYnR4aCIsIlBhcnRuZXJDb2RlIjoiUDEiLCJQYXJ0bmVyQ29kZUN1cyI6IlAyIn0=\r\n"), "{call}");
    assert!(call.contains("\r\nauthorization: Bearer t-1\r\n"), "{call}");
}
