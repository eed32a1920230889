//! A signed request to an address of the province's own.

use std::sync::Arc;

use molisa_gateway::intake::hand_over::{HandOver, Post, PostSettings, Signer};

use super::Office;
use super::receiver::Receiver;
use crate::national::server::http;
use crate::support::world::Hands;

/// In base64, as the scheme writes them, and the bytes.
pub const OLD: (&str, &[u8]) = ("whsec_a2hvYSBjdSBjdWEgbW90IGN1YSBkaWVuIHR1", b"khoa cu cua mot cua dien tu");
pub const NEW: (&str, &[u8]) = ("khóa mới của một cửa điện tử", "khóa mới của một cửa điện tử".as_bytes());

pub fn post(url: &str, secrets: &[&str]) -> HandOver {
    let secrets: Vec<_> = secrets.iter().map(|s| (*s).into()).collect();
    let signer = Signer::new(&secrets).expect("secrets");
    let settings = PostSettings { url: url.to_owned(), signer, ca_file: None, number: Some("ket_qua.so".into()) };
    HandOver::Post(Box::new(Post::open(settings).expect("an address")))
}

async fn office(numbers: &[&str]) -> (Office, Receiver, HandOver) {
    let office = Office::new().await;
    office.file(numbers).await;
    let receiver = Receiver::new(&[OLD.1], &office.hands);
    let hand_over = post(&receiver.url(), &[OLD.0]);
    (office, receiver, hand_over)
}

fn hands(office: &Office) -> &Arc<Hands> {
    &office.hands
}

#[tokio::test]
async fn a_signed_request_arrives_and_the_offices_number_is_kept() {
    let (office, receiver, hand_over) = office(&["H20-1"]).await;
    hand_over.check().await.expect("somebody answers");
    let done = office.run(&hand_over).await;
    assert_eq!((done.handed, done.waiting, done.failed), (1, 0, 0), "{done:?}");
    assert!(receiver.unsigned().is_empty());
    let seen = receiver.seen();
    let body: serde_json::Value = serde_json::from_str(&seen[0].body).expect("JSON");
    assert_eq!(body["type"], "application.received");
    assert_eq!((&body["application"]["key"], &body["application"]["version"]), (&"dvc/H20-1/1".into(), &1.into()));
    assert_eq!(body["application"]["record"]["thanh_phan"][0]["duong_dan"], "/tep/1.pdf");
    assert_eq!(body["timestamp"], "2026-11-24T09:00:00+07:00");
    assert_eq!(office.texts("select local_number from application").await, ["TN-001"]);
    let receipt = office.texts("select receipt from application_version").await;
    assert!(
        receipt[0].contains("HTTP 201") && receipt[0].contains(&seen[0].id) && !receipt[0].contains("kenh"),
        "{receipt:?}"
    );
}

/// Failure 34: signed afresh at each attempt; while a secret is changed both ends go on.
#[tokio::test]
async fn every_attempt_is_signed_afresh_and_secrets_can_change() {
    let (office, receiver, before) = office(&["H20-1"]).await;
    receiver.next(false, http("500 Internal Server Error", "", b""));
    receiver.next(false, Vec::new());
    for _ in 0..3 {
        office.run(&before).await;
        hands(&office).pass(600_000);
    }
    let seen = receiver.seen();
    assert_eq!(seen.len(), 3, "{seen:?}");
    for pair in seen.windows(2) {
        assert_eq!((&pair[0].id, &pair[0].body), (&pair[1].id, &pair[1].body));
        assert!(pair[0].time < pair[1].time && pair[0].signature != pair[1].signature);
    }
    // The sender has both, the receiver the old one, then both, then the new one; then the sender drops the old one.
    let both = post(&receiver.url(), &[NEW.0, OLD.0]);
    for (at, keys) in [vec![OLD.1], vec![OLD.1, NEW.1], vec![NEW.1]].iter().enumerate() {
        receiver.knows(keys);
        office.file(&[&format!("H20-2{at}")]).await;
        assert_eq!(office.run(&both).await.handed, 1, "{at}");
    }
    office.file(&["H20-3"]).await;
    assert_eq!(office.run(&post(&receiver.url(), &[NEW.0])).await.handed, 1);
    assert!(receiver.unsigned().is_empty() && receiver.taken().len() == 5);
    // Whoever has the wrong one only is told so, and nothing is taken.
    office.file(&["H20-4"]).await;
    let done = office.run(&before).await;
    assert!(done.handed == 0 && done.why.as_ref().is_some_and(|why| why.contains("secret_files")), "{done:?}");
    assert_eq!(receiver.taken().len(), 5);
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_effect() {
    let (office, receiver, hand_over) = office(&["H20-1", "H20-2"]).await;
    receiver.next(true, Vec::new());
    receiver.next(true, http("502 Bad Gateway", "", b"<html>"));
    let done = office.run(&hand_over).await;
    assert_eq!((done.handed, done.failed, done.down), (0, 2, false), "{done:?}");
    assert_eq!(office.states().await, ["H20-1/1: underway", "H20-2/1: underway"], "it may have been taken");
    assert_eq!(office.run_out(&hand_over).await, 2);
    assert_eq!((receiver.taken().len(), receiver.seen().len()), (2, 4));
    let receipts = office.texts("select receipt from application_version").await;
    assert!(receipts.iter().all(|r| r.contains("HTTP 409")), "{receipts:?}");
}

/// Failure 8, for the local system: in seconds or as a date, kept over a restart, bounded.
#[tokio::test]
async fn an_address_that_asks_for_silence_gets_it() {
    let (mut office, receiver, hand_over) = office(&["H20-1", "H20-2"]).await;
    receiver.next(false, http("429 Too Many Requests", "Retry-After: 900\r\n", b""));
    let done = office.run(&hand_over).await;
    assert!(done.down && done.failed == 1 && done.waiting == 2, "{done:?}");
    office.restart().await;
    office.hands.pass(700_000);
    office.file(&["H20-3"]).await;
    let done = office.run(&hand_over).await;
    assert!(done.down && done.failed == 0 && receiver.seen().len() == 1, "{done:?}");
    office.hands.pass(200_000);
    receiver.next(false, http("503 Service Unavailable", "Retry-After: 999999999\r\n", b""));
    assert!(office.run(&hand_over).await.down);
    office.hands.pass(3_500_000);
    assert!(office.run(&hand_over).await.down && receiver.seen().len() == 2);
    office.hands.pass(200_000);
    assert_eq!(office.run(&hand_over).await.handed, 3);
    assert_eq!(receiver.taken().len(), 3);
}

#[tokio::test]
async fn a_redirect_and_a_poison_are_no_receipts_and_a_flood_is_one() {
    let (office, receiver, hand_over) = office(&["1", "2", "3", "4"]).await;
    receiver.next(false, http("422 Unprocessable Entity", "", b"{}"));
    receiver.next(true, http("200 OK", "", &vec![b' '; 100_000]));
    receiver.next(true, http("200 OK", "", b"not JSON"));
    receiver.next(false, http("307 Temporary Redirect", "Location: /elsewhere\r\n", b""));
    let done = office.run(&hand_over).await;
    assert_eq!((done.handed, done.failed, done.down), (2, 2, true), "{done:?}");
    // A long answer is a receipt like any other, but no number is read from it.
    assert_eq!(office.states().await, ["1/1: ready", "2/1: handed", "3/1: handed", "4/1: ready"]);
    assert_eq!(office.run_out(&hand_over).await, 2);
    assert_eq!(receiver.taken().len(), 4);
}

/// One that always fails, in whatever way, waits ever longer; those behind it are soon handed over.
#[tokio::test]
async fn one_that_always_fails_starves_nobody() {
    for answer in [
        http("503 Service Unavailable", "", b""),
        http("503 Service Unavailable", "Retry-After: 3600\r\n", b""),
        http("429 Too Many Requests", "", b""),
        http("429 Too Many Requests", "Retry-After: 3600\r\n", b""),
        http("500 Internal Server Error", "", b""),
    ] {
        let (office, receiver, hand_over) = office(&["H20-1", "H20-2", "H20-3", "H20-4"]).await;
        receiver.always("dvc/H20-1/1", answer.clone());
        for _ in 0..3 {
            office.run(&hand_over).await;
            office.hands.pass(3_601_000);
        }
        let others: Vec<String> = office.states().await.into_iter().filter(|state| state.ends_with("handed")).collect();
        assert_eq!(
            others,
            ["H20-2/1: handed", "H20-3/1: handed", "H20-4/1: handed"],
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
}

/// An address at which nothing gets a clear answer is left alone after a few; the next round begins with others.
#[tokio::test]
async fn an_address_that_only_breaks_ends_the_round_soon() {
    let numbers: Vec<String> = (0..9).map(|n| format!("H20-{n}")).collect();
    let (office, receiver, hand_over) = office(&numbers.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for _ in 0..3 {
        receiver.next(false, Vec::new());
    }
    let done = office.run(&hand_over).await;
    assert_eq!((done.handed, done.failed, done.down), (0, 3, true), "{done:?}");
    // The three wait; the others do not.
    let done = office.run(&hand_over).await;
    assert_eq!((done.handed, done.waiting), (6, 3), "{done:?}");
    assert_eq!(office.run_out(&hand_over).await, 3);
}

#[tokio::test]
async fn nobody_there_ends_the_round_at_once() {
    let (office, _, _) = office(&["H20-1", "H20-2"]).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/x", listener.local_addr().expect("an address"));
    drop(listener);
    let nobody = post(&url, &[OLD.0]);
    assert!(nobody.check().await.is_err());
    let done = office.run(&nobody).await;
    assert_eq!((done.handed, done.failed, done.down, done.waiting), (0, 1, true, 2), "{done:?}");
    assert_eq!(office.states().await, ["H20-1/1: ready", "H20-2/1: ready"], "surely not taken");
}
