//! A whole way: a token, a batch, a token that dies, the same bytes again, a question.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use molisa_gateway::model::{Action, Timestamp};
use molisa_gateway::national::{
    Credentials, Frame, Item, Operation, Profile, Session, Transport, Verdict, WireRequest, match_results,
};

use super::server::{Server, http, open};
use super::shipped;

const NOW: Timestamp = Timestamp(1_702_836_000_000);

/// What delivery does, without its pace and log.
async fn exchange(
    transport: &dyn Transport,
    session: &Session,
    profile: &Profile,
    request: WireRequest,
) -> (Verdict, u64) {
    let pass = if let Some(pass) = session.pass(NOW) {
        pass
    } else {
        let _alone = session.alone().await;
        let reply = transport.exchange(session.token_request().expect("a token")).await.expect("an answer");
        session.take(&reply, NOW).expect("a token");
        session.pass(NOW).expect("a pass")
    };
    let operation = match request.purpose {
        molisa_gateway::national::Purpose::Operation(operation) => operation,
        molisa_gateway::national::Purpose::Token => panic!("not a token"),
    };
    let reply = transport.exchange(request.authorized(&pass)).await.expect("an answer");
    (profile.judge(operation, &reply), pass.generation)
}

#[tokio::test]
async fn a_batch_goes_out_again_with_the_same_bytes_after_its_token_died() {
    let tokens = Arc::new(AtomicUsize::new(0));
    let server = Server::plain(move |request, wire| {
        let request = String::from_utf8_lossy(request);
        let answer = if request.starts_with("POST /token ") {
            let n = tokens.fetch_add(1, Ordering::SeqCst);
            format!(r#"{{"access_token":"t{n}","expires_in":3600}}"#)
        } else if request.contains("Bearer t0") {
            r#"{"error_code":"5"}"#.to_owned()
        } else if request.starts_with("POST /misposasoft/1.0/doi-tuong/tra-cuu-goi-tin ") {
            r#"{"error_code":"4"}"#.to_owned()
        } else {
            r#"{"error_code":"0","result":[{"MaThamChieu":"DT-2","KetQua":"1","MaLoi":"E1"},{"MaThamChieu":"DT-1","KetQua":"0","MaDoiTuong":"Q"}]}"#.to_owned()
        };
        wire.write_all(&http("200 OK", "", answer.as_bytes())).is_ok()
    });
    let profile = shipped();
    let credentials = Credentials { id: Some("a".into()), secret: Some("b".into()), ..Credentials::default() };
    let session = Session::new(&profile, credentials).expect("a session");
    let transport: Arc<dyn Transport> = Arc::new(open(&server.base()));

    let items =
        ["DT-1", "DT-2"].map(|reference| Item { reference, version: "00", action: Action::Write, canonical: "{}" });
    let frame = Frame { province: "87", batch_key: "goi-0001", sent_at: &profile.wire_time(NOW) };
    let batch = profile.encoder("doi-tuong", Operation::Write).expect("offered").body(&frame, items);
    let request = profile.request("doi-tuong", Operation::Write, batch).expect("offered");
    let (first, generation) = exchange(&*transport, &session, &profile, request.clone()).await;
    assert_eq!(first, Verdict::TokenInvalid);
    session.invalidate(generation);
    let (second, _) = exchange(&*transport, &session, &profile, request).await;
    let Verdict::Stored { results, kept: false } = second else { panic!("stored, not {second:?}") };
    let matched = match_results(&["DT-1", "DT-2"], results);
    assert_eq!(matched.accepted, [(0, Some("Q".to_owned()))]);
    assert_eq!(matched.refused, [(1, "E1".to_owned(), String::new())]);

    let question = profile.ask("doi-tuong", "goi-0002").expect("offered");
    assert_eq!(exchange(&*transport, &session, &profile, question).await.0, Verdict::NeverSeen);

    let seen = server.requests();
    let bodies: Vec<&str> = seen.iter().filter_map(|r| r.split_once("\r\n\r\n").map(|(_, body)| body)).collect();
    assert_eq!(seen.iter().filter(|r| r.starts_with("POST /token ")).count(), 2);
    assert_eq!(bodies[1], bodies[3], "the same bytes");
    assert_eq!(bodies[4], r#"{"MaGoiTin":"goi-0002"}"#);
}
