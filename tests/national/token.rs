//! Tokens: asked for once, used until shortly before their end, renewed once when the nation refuses one.

use std::sync::Arc;
use std::time::Duration;

use molisa_gateway::model::Timestamp;
use molisa_gateway::national::{Credentials, Purpose, Reply, Session, TokenVerdict, Wait};
use secrecy::{ExposeSecret, SecretString};

use super::{changed, shipped};

const NOW: Timestamp = Timestamp(1_000_000);

fn credentials() -> Credentials {
    Credentials { id: Some("tinh87".into()), secret: Some("bí mật".into()), ..Credentials::default() }
}

fn session() -> Session {
    Session::new(&shipped(), credentials()).expect("all credentials are there")
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.into(), ..Reply::default() }
}

fn token(value: &str) -> Reply {
    reply(200, &format!(r#"{{"access_token":"{value}","token_type":"Bearer","expires_in":3600}}"#))
}

fn shown(headers: &[(String, SecretString)]) -> Vec<(String, String)> {
    headers.iter().map(|(n, v)| (n.clone(), v.expose_secret().to_owned())).collect()
}

#[test]
fn a_token_is_asked_for_as_the_platform_wants_it() {
    let request = session().token_request().expect("a request");
    assert_eq!((request.purpose, request.method.as_str(), request.path.as_str()), (Purpose::Token, "POST", "/token"));
    assert_eq!(request.body, b"grant_type=client_credentials");
    // printf 'tinh87:bí mật' | base64
    assert_eq!(
        shown(&request.credentials),
        [("Authorization".to_owned(), "Basic dGluaDg3OmLDrSBt4bqtdA==".to_owned())]
    );
    assert!(!format!("{request:?}").contains("dGluaDg3"));
}

#[test]
fn a_token_is_used_until_shortly_before_its_end() {
    let session = session();
    assert!(session.pass(NOW).is_none());
    session.take(&token("abc"), NOW).expect("a token");
    let pass = session.pass(NOW).expect("a pass");
    assert_eq!(shown(&pass.headers), [("Authorization".to_owned(), "Bearer abc".to_owned())]);
    assert!(session.pass(NOW.plus(3_569_999)).is_some());
    assert!(session.pass(NOW.plus(3_570_000)).is_none(), "thirty seconds early");
    // A life shorter than what is taken off: half of it is used. Text counts as a number.
    session.take(&reply(200, "\u{feff}{\"access_token\":\"d\",\"expires_in\":\" 20 \"}"), NOW).expect("a token");
    assert!(session.pass(NOW.plus(9_999)).is_some());
    assert!(session.pass(NOW.plus(10_000)).is_none());
}

#[test]
fn only_the_token_that_was_refused_is_thrown_away() {
    let session = session();
    session.take(&token("một"), NOW).expect_err("a token that no header carries is none");
    session.take(&token("mot"), NOW).expect("a token");
    let first = session.pass(NOW).expect("a pass").generation;
    session.invalidate(first);
    assert!(session.pass(NOW).is_none());
    session.take(&token("hai"), NOW).expect("a token");
    session.invalidate(first);
    let pass = session.pass(NOW).expect("the newer token stays");
    assert_eq!(pass.headers[0].1.expose_secret(), "Bearer hai");
}

#[tokio::test]
async fn many_who_want_a_token_ask_once() {
    let session = Arc::new(session());
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let all: Vec<_> = (0..50)
        .map(|_| {
            let (session, asked) = (session.clone(), asked.clone());
            tokio::spawn(async move {
                if let Some(pass) = session.pass(NOW) {
                    return pass;
                }
                let _alone = session.alone().await;
                if let Some(pass) = session.pass(NOW) {
                    return pass;
                }
                asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                tokio::task::yield_now().await;
                session.take(&token("abc"), NOW).expect("a token");
                session.pass(NOW).expect("a pass")
            })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.expect("no panic").headers[0].1.expose_secret(), "Bearer abc");
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn what_brings_no_token_is_named() {
    let session = session();
    for status in [400, 401, 403] {
        assert_eq!(session.take(&reply(status, ""), NOW), Err(TokenVerdict::Refused(status)));
    }
    let busy = Reply { retry_after: Some("7".into()), ..reply(503, "") };
    let wait = Some(Wait::For(Duration::from_secs(7)));
    assert_eq!(session.take(&busy, NOW), Err(TokenVerdict::Busy { status: 503, wait }));
    for body in
        ["", "<html>", "{}", r#"{"access_token":""}"#, r#"{"access_token":5}"#, "{\"access_token\":\"a\\nb\"}", "[[["]
    {
        assert_eq!(session.take(&reply(200, body), NOW), Err(TokenVerdict::Unusable(200)), "{body}");
    }
    let usual = |code: &str| session.take(&reply(200, &format!(r#"{{"error_code":"{code}"}}"#)), NOW);
    assert_eq!(usual("9"), Err(TokenVerdict::Busy { status: 200, wait: None }));
    assert_eq!(usual("5"), Err(TokenVerdict::Refused(200)));
    for status in [302, 404, 500] {
        assert_eq!(session.take(&reply(status, r#"{"access_token":"a"}"#), NOW), Err(TokenVerdict::Unusable(status)));
    }
    assert!(session.pass(NOW).is_none());
}

#[test]
fn other_kinds_need_no_rust() {
    let form = changed(&[(
        "kind = \"ngsp-token\"",
        "kind = \"form-client\"\nid-field = \"client_id\"\nsecret-field = \"client_secret\"",
    )]);
    let request = Session::new(&form, credentials()).expect("a session").token_request().expect("a request");
    let body = String::from_utf8(request.body).expect("text");
    assert_eq!(body, "grant_type=client_credentials&client_id=tinh87&client_secret=b%C3%AD+m%E1%BA%ADt");
    assert!(request.credentials.is_empty());

    let extra = changed(&[(
        "Authorization = \"Bearer {token}\"",
        "Authorization = \"Bearer {token}\"\nlgspaccesstoken = { base64-json = { AccessKey = \"{id}\", AppName = \"{credential:app}\" } }",
    )]);
    let missing = Session::new(&extra, credentials()).err().expect("a credential is missing").to_string();
    assert!(missing.contains("app"), "{missing}");
    let mut all = credentials();
    all.named.insert("app".into(), "btxh".into());
    let session = Session::new(&extra, all).expect("a session");
    session.take(&token("abc"), NOW).expect("a token");
    // printf '{"AccessKey":"tinh87","AppName":"btxh"}' | base64
    assert_eq!(
        shown(&session.pass(NOW).expect("a pass").headers)[1],
        ("lgspaccesstoken".to_owned(), "eyJBY2Nlc3NLZXkiOiJ0aW5oODciLCJBcHBOYW1lIjoiYnR4aCJ9".to_owned())
    );

    let text = super::shipped_text();
    let (before, rest) = text.split_once("[auth]").expect("a section");
    let (_, after) = rest.split_once("[words]").expect("a section");
    let auth = "[auth]\nkind = \"static-header\"\n[auth.headers]\nX-Authentication-Token = \"{secret}\"\n";
    let fixed = molisa_gateway::national::Profile::parse("s.toml".as_ref(), &format!("{before}{auth}[words]{after}"))
        .expect("a profile");
    let session =
        Session::new(&fixed, Credentials { secret: Some("abc".into()), ..Credentials::default() }).expect("a session");
    assert!(session.token_request().is_none());
    assert_eq!(
        shown(&session.pass(NOW).expect("a pass").headers),
        [("X-Authentication-Token".to_owned(), "abc".to_owned())]
    );
    let none = molisa_gateway::national::Profile::parse(
        "s.toml".as_ref(),
        &format!("{before}[auth]\nkind = \"none\"\n[words]{after}"),
    )
    .expect("a profile");
    let session = Session::new(&none, Credentials::default()).expect("a session");
    assert!(session.pass(NOW).expect("a pass").headers.is_empty());
}
