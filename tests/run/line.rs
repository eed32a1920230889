//! One question at a time: pace, token, waits and log of those who ask a system and deliver nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::civil::time;
use molisa_gateway::delivery::{LineError, Window as Sending};
use molisa_gateway::model::Clock;
use molisa_gateway::national::{Cause, Reply, WireError};
use molisa_gateway::store::StoreError;
use molisa_gateway::store::leases::{self, Taken};

use crate::support::portal::shipped;
use crate::support::question::{FINE, House, TOKEN, lost, plain, reply};
use crate::support::world::{Doomed, MORNING};

#[tokio::test]
async fn a_token_is_got_and_renewed_at_once_when_it_is_refused() {
    let house = House::with(shipped("dvcbtxh", &TOKEN), |word, nth| match (word, nth) {
        ("token", _) => reply(200, r#"{"access_token":"t"}"#),
        (_, 2) => reply(200, r#"{"error_code":"5"}"#),
        _ => reply(200, FINE),
    })
    .await;
    let mut line = house.line();
    assert_eq!(house.asked(&mut line).await.unwrap().applications.len(), 1);
    house.asked(&mut line).await.unwrap();
    assert_eq!(house.words(), ["token", "pull", "pull", "token", "pull"]);
    assert_eq!(house.hands.truth(), MORNING.0, "a new token needs no wait");
    assert_eq!(
        house.log(),
        [
            "token opened ",
            "token closed token",
            "pull opened ",
            "pull closed stored",
            "pull opened ",
            "pull closed token-invalid",
            "token opened ",
            "token closed token",
            "pull opened ",
            "pull closed stored",
        ]
    );
    assert_eq!(
        house.sql(
            "select about from (select batch_key as about, hash from exchange where operation = 'token' and \
        (batch_key <> '' or length(hash) > 0))"
        ),
        [""; 0],
        "nothing of a secret is kept"
    );
    assert_eq!(house.sql("select cast(records as text) from exchange where verdict = 'stored'"), ["1", "1"]);
}

#[tokio::test]
async fn credentials_that_are_refused_end_it_at_once() {
    let house = House::with(shipped("dvcbtxh", &TOKEN), |_, _| reply(401, "")).await;
    let told = house.ask(&mut house.line()).await.unwrap_err();
    assert!(matches!(told, LineError::Credentials(_)), "{told:?}");
    assert_eq!(house.words(), ["token"]);
    assert!(house.state().await.alarm.contains("id hoặc secret"));
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_waits_and_is_a_failure() {
    let house = House::with(shipped("dvcbtxh", &TOKEN), |word, nth| match (word, nth) {
        ("token", _) => reply(200, r#"{"access_token":"t"}"#),
        (_, ..4) => reply(401, ""),
        _ => reply(200, FINE),
    })
    .await;
    house.asked(&mut house.line()).await.unwrap();
    assert_eq!(house.words().iter().filter(|w| **w == "token").count(), 4);
    let waited = house.hands.truth() - MORNING.0;
    assert!((2_400..=3_600).contains(&waited), "1 s, then 2 s: {waited}");
}

#[tokio::test]
async fn a_wait_that_was_told_is_obeyed_and_shared() {
    let house = House::with(plain(), |_, nth| match nth {
        1 => Ok(Reply { status: 503, retry_after: Some("17".into()), ..Reply::default() }),
        2 => reply(200, r#"{"error_code":9}"#),
        _ => reply(200, FINE),
    })
    .await;
    house.asked(&mut house.line()).await.unwrap();
    let times = house.times();
    assert!((17_000..18_000).contains(&times[1]), "{times:?}");
    assert!(times[2] - times[1] >= 800, "busy without a told wait grows by our own list: {times:?}");
    assert_eq!(house.log()[1], "pull closed busy");
    assert_eq!(house.state().await.failures, 0, "being busy is no failure");
    // Another process sees it too.
    let house =
        House::with(plain(), |_, _| Ok(Reply { status: 429, retry_after: Some("3000".into()), ..Reply::default() }))
            .await;
    let told = house.ask(&mut house.line()).await.unwrap_err();
    assert!(matches!(told, LineError::Unreached { .. }), "longer than our patience: {told:?}");
    assert_eq!((house.words().len(), house.hands.truth()), (1, MORNING.0), "it is told at once");
    assert_eq!(house.state().await.not_before, MORNING.plus(3_000_000));
    assert!(house.ask(&mut house.line()).await.is_err());
    assert_eq!(house.words().len(), 1, "another line asks nothing meanwhile");
}

#[tokio::test]
async fn what_is_unknown_is_asked_again_with_growing_waits_within_patience() {
    let house = House::with(plain(), |_, nth| match nth {
        1 => lost(),
        2 => Err(WireError::NotSent { cause: Cause::Connect, why: "refused".into() }),
        3 => reply(500, "<html>"),
        _ => reply(200, FINE),
    })
    .await;
    house.asked(&mut house.line()).await.unwrap();
    let closed = house.sql("select verdict from exchange where entry = 'closed' order by number");
    assert_eq!(closed, ["unknown: time-out", "not-sent: refused", "unreadable", "stored"]);
    let waits: Vec<i64> = house.times().windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits[0] >= 800 && waits[1] >= 1_600 && waits[2] >= 4_000, "{waits:?}");
    let state = house.state().await;
    assert_eq!((state.failures, state.alarm.as_str()), (0, ""), "success is noted when it is closed");

    let mut house = House::with(plain(), |_, _| lost()).await;
    house.patience_ms = 60_000;
    let told = house.ask(&mut house.line()).await.unwrap_err();
    assert!(matches!(&told, LineError::Unreached { why } if why == "time-out"), "{told:?}");
    assert!(house.hands.truth() - MORNING.0 <= 60_000);
    assert!(house.state().await.alarm.starts_with("breaker"));
    let asked = house.words().len();
    assert!((5..12).contains(&asked), "{asked}");
    assert_eq!(house.log().len(), asked * 2, "every attempt is closed");
}

#[tokio::test]
async fn one_question_may_be_given_up_while_others_go_on() {
    let house = House::with(plain(), |_, nth| if nth <= 2 { lost() } else { reply(200, FINE) }).await;
    let mut line = house.line().at_most(2);
    let told = house.ask(&mut line).await.unwrap_err();
    assert!(matches!(told, LineError::GaveUp { .. }), "{told:?}");
    assert_eq!(house.words().len(), 2);
    house.asked(&mut line).await.unwrap();
}

#[tokio::test]
async fn too_large_and_refused_are_told_at_once_and_are_no_failure() {
    let house = House::with(plain(), |_, nth| match nth {
        1 => Err(WireError::TooLarge { status: 200, limit: 1_000 }),
        2 => reply(200, r#"{"error_code":12,"message":"Lê Văn A"}"#),
        _ => reply(200, FINE),
    })
    .await;
    let mut line = house.line();
    assert!(matches!(house.ask(&mut line).await, Err(LineError::TooLarge { limit: 1_000 })));
    let refused = house.ask(&mut line).await.unwrap_err();
    assert!(matches!(&refused, LineError::Refused { code, .. } if code == "12"), "{refused:?}");
    assert!(!refused.to_string().contains("Lê"), "the system's words may name people");
    house.asked(&mut line).await.unwrap();
    assert_eq!((house.hands.truth(), house.state().await.failures), (MORNING.0, 0));
    let closed = house.sql("select verdict from exchange where entry = 'closed' order by number");
    assert!(closed[0].starts_with("too-large: ") && closed[1] == "refused", "{closed:?}");
}

#[tokio::test]
async fn what_a_crash_leaves_open_is_in_the_log_and_is_asked_again() {
    let house = House::with(plain(), |_, _| reply(200, FINE)).await;
    let wire = Arc::clone(&house.wire);
    let mut line = house.line();
    let on_the_wire = move || !wire.seen.lock().unwrap().is_empty();
    assert!(Doomed::from(on_the_wire, 0, house.ask(&mut line)).await.is_none(), "it died");
    assert_eq!(house.log(), ["pull opened "], "opened before the wire, and nobody knows");
    assert_eq!(house.system.in_flight.load(Ordering::SeqCst), 0, "it no longer counts against others");
    // Answered, and dead before the answer was stored.
    let (_, opened) = house.ask(&mut line).await.unwrap();
    let mut tx = house.store.write().await.unwrap();
    line.close(&mut tx, &opened, "stored", 1).await.unwrap();
    drop(tx);
    assert_eq!(house.log(), ["pull opened ", "pull opened "]);
    house.asked(&mut line).await.unwrap();
    assert_eq!(house.log().last().unwrap(), "pull closed stored");
}

#[tokio::test]
async fn the_budget_and_the_windows_are_those_of_the_system() {
    let mut house = House::with(plain(), |_, _| reply(200, FINE)).await;
    house.system.pace.per_minute = 6;
    let mut line = house.line();
    for _ in 0..20 {
        house.asked(&mut line).await.unwrap();
    }
    let times = house.times();
    for from in &times {
        let in_minute = times.iter().filter(|at| (*from..from + 60_000).contains(*at)).count();
        assert!(in_minute <= 6, "{times:?}");
    }
    let mut house = House::with(plain(), |_, _| reply(200, FINE)).await;
    house.system.pace.windows = vec![Sending { from: time(9, 5, 0, 0), to: time(10, 0, 0, 0) }];
    house.asked(&mut house.line()).await.unwrap();
    assert!(house.hands.truth() - MORNING.0 >= 300_000, "not before its window");
    let mut house = House::with(plain(), |_, _| reply(200, FINE)).await;
    house.system.pace.windows = vec![Sending { from: time(22, 0, 0, 0), to: time(23, 0, 0, 0) }];
    let told = house.ask(&mut house.line()).await.unwrap_err();
    assert!(matches!(&told, LineError::Unreached { why } if why == "window"), "{told:?}");
    assert_eq!(house.words(), [""; 0]);
}

#[tokio::test]
async fn it_stops_when_asked_and_when_the_lease_is_lost() {
    let house = House::with(plain(), |_, _| lost()).await;
    house.stop.cancel();
    assert!(matches!(house.ask(&mut house.line()).await, Err(LineError::Stopped)));
    assert_eq!((house.words().len(), house.log().len()), (0, 0));

    let house = House::with(plain(), |_, _| reply(200, FINE)).await;
    let mut line = house.line();
    let (_, opened) = house.ask(&mut line).await.unwrap();
    let mut tx = house.store.write().await.unwrap();
    let later = house.hands.now().plus(100_000);
    assert!(matches!(leases::take(&mut tx, "intake:i", "other", later).await.unwrap(), Taken::Ours(_)));
    tx.commit().await.unwrap();
    let mut tx = house.store.write().await.unwrap();
    let closed = line.close(&mut tx, &opened, "stored", 1).await;
    assert!(matches!(closed, Err(StoreError::LostLease(_))), "another one stores now: {closed:?}");
    drop(tx);
    let told = house.ask(&mut line).await.unwrap_err();
    assert!(matches!(told, LineError::Store(StoreError::LostLease(_))), "{told:?}");
    assert_eq!(house.words().len(), 1, "nothing more goes out");
}

#[tokio::test]
async fn the_lease_lives_while_an_answer_is_long_in_coming() {
    let house = House::with(plain(), |_, _| reply(200, FINE)).await;
    house.wire.slow_ms.store(200_000, Ordering::SeqCst);
    // Not closed: closing renews the lease too.
    let (_, _opened) = house.ask(&mut house.line()).await.unwrap();
    let until = house.sql("select cast(until_ms as text) from lease where name = 'intake:i'");
    assert!(until[0].parse::<i64>().unwrap() > house.hands.truth(), "nobody else may take it");
}
