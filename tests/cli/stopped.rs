//! SIGTERM while batches are on the wire: what is there is waited for and settled, nothing more goes out; and where the
//! wait is cut short, the next run asks.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::time::{Duration, Instant};

use super::program::until;
use super::sending::{SENT, Sending, ended, tell};

const SLOW: &str = r#""slow","delay_ms":2000"#;
const SILENT: &str = r#""stored-then-silent""#;

/// Batches of the store whose records are not settled.
fn unsettled(sending: &Sending) -> u32 {
    let store = rusqlite::Connection::open(sending.dir.path().join("store.db")).unwrap();
    store.query_row("select count(*) from batch where state <> 'settled'", [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_told_to_stop_settles_what_is_on_the_wire_and_sends_no_more() {
    let sending = Sending::new(None).await;
    sending.fault(SLOW);
    let mut gateway = sending.start(&["sync"]);
    sending.under_way();
    tell(&gateway, "-TERM");
    let status = ended(&mut gateway);
    assert_eq!(status.code(), Some(1), "{}", sending.said());
    assert!(sending.said().contains("đã dừng theo yêu cầu"), "{}", sending.said());
    assert_eq!((sending.requests("send"), unsettled(&sending)), (SENT, 0));
    sending.arrives_whole();
    assert_eq!(sending.requests("ask"), 0, "nothing was left to be asked about");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_told_to_stop_settles_what_is_on_the_wire_and_sends_no_more() {
    let sending = Sending::new(None).await;
    sending.fault(SLOW);
    let mut gateway = sending.start(&["serve", "--drain-seconds", "60"]);
    sending.under_way();
    tell(&gateway, "-TERM");
    let status = ended(&mut gateway);
    assert_eq!(status.code(), Some(0), "{}", sending.said());
    let said = sending.said();
    assert!(said.contains("stopped on request") && !said.contains("ERROR"), "{said}");
    assert_eq!((sending.requests("send"), unsettled(&sending)), (SENT, 0), "{said}");
    sending.arrives_whole();
    assert_eq!(sending.requests("ask"), 0, "nothing was left to be asked about");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_does_not_wait_longer_than_its_limit_and_the_next_run_asks() {
    let sending = Sending::new(None).await;
    sending.fault(SILENT);
    let mut gateway = sending.start(&["serve", "--drain-seconds", "1"]);
    sending.under_way();
    let told = Instant::now();
    tell(&gateway, "-TERM");
    let status = ended(&mut gateway);
    let said = sending.said();
    assert_eq!(status.code(), Some(0), "{said}");
    // An answer is waited for a minute elsewhere.
    assert!(told.elapsed() < Duration::from_secs(30) && said.contains("out of time"), "{:?}: {said}", told.elapsed());
    assert_eq!((sending.requests("send"), unsettled(&sending)), (SENT, 2), "{said}");
    sending.arrives_whole();
    assert!(sending.requests("ask") >= 2, "what was on the wire is asked about");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_and_the_next_run_asks() {
    let sending = Sending::new(None).await;
    sending.fault(SILENT);
    let mut gateway = sending.start(&["sync"]);
    sending.under_way();
    tell(&gateway, "-TERM");
    until("the first signal to be heard", || sending.said().contains("stopping"));
    let told = Instant::now();
    tell(&gateway, "-TERM");
    assert_eq!(ended(&mut gateway).code(), Some(1), "{}", sending.said());
    assert!(told.elapsed() < Duration::from_secs(30), "{:?}", told.elapsed());
    assert_eq!((sending.requests("send"), unsettled(&sending)), (SENT, 2));
    sending.arrives_whole();
    assert!(sending.requests("ask") >= 2, "what was on the wire is asked about");
}
