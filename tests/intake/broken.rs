//! A portal that is busy, broken, too talkative or away.

use crate::support::inbox::{Mishap, Office, WITH_TOKEN, before, body};

#[tokio::test]
async fn a_window_too_large_is_halved_and_nothing_is_left_out() {
    for office in Office::on_each("intake::broken").await {
        for at in 0..100 {
            office.portal.file(before(at * 7), body(&format!("N{at:03}"), "30001", "1"));
        }
        *office.portal.most.lock().unwrap() = Some(9);
        let taken = office.pull().await;
        assert_eq!((taken.received.applications, taken.error.as_deref()), (100, None), "{taken:?}");
        assert!(taken.windows > 11);
        assert!(office.portal.times_asked() < 80, "{}", office.portal.times_asked());
        assert_eq!(office.cursor().await, "24/11/2026 09:00:00");
    }
}

#[tokio::test]
async fn a_second_that_is_too_large_is_told_and_the_cursor_stays_before_it() {
    let office = Office::new().await;
    for at in 0..10 {
        office.portal.file(before(30), body(&format!("N{at}"), "30001", "1"));
    }
    *office.portal.most.lock().unwrap() = Some(9);
    let taken = office.pull().await;
    assert!(taken.error.as_deref().is_some_and(|why| why.contains("answer-bytes")), "{taken:?}");
    assert_eq!(taken.exit_code(), 1);
    assert!(office.cursor().await.as_str() < "24/11/2026 08:30:00", "{}", office.cursor().await);
    assert!(office.texts("select error from intake_cursor").await[0].contains("answer-bytes"));
    *office.portal.most.lock().unwrap() = None;
    assert_eq!(office.pull().await.received.applications, 10);
    assert_eq!(office.texts("select error from intake_cursor").await, [""]);
}

/// One application spoils every answer in which it stands: all others come, those behind it too, and the cursor waits.
#[tokio::test]
async fn an_answer_that_cannot_be_read_is_asked_for_in_parts_and_what_is_behind_it_comes() {
    for office in Office::on_each("intake::broken").await {
        for at in 0..20 {
            office.portal.file(before(10 + at * 7), body(&format!("N{at:03}"), "30001", "1"));
        }
        *office.portal.spoilt.lock().unwrap() = Some("N010".into());
        let taken = office.pull().await;
        assert_eq!(taken.received.applications, 19, "{taken:?}");
        assert_eq!(
            (taken.gaps.len(), taken.exit_code(), taken.unreached),
            (2, 1, false),
            "both windows of its second: {taken:?}"
        );
        assert!(
            taken.error.as_deref().is_some_and(|why| why.contains("08:40") || why.contains("20261124")),
            "{taken:?}"
        );
        assert!(office.cursor().await.as_str() < "24/11/2026 07:40:00", "{}", office.cursor().await);
        assert!(!office.texts("select error from intake_cursor").await[0].is_empty());
        *office.portal.spoilt.lock().unwrap() = None;
        assert_eq!(office.pull().await.received.applications, 1);
        assert!(office.cursor().await.starts_with("24/11/2026 09:0"), "to its end: {}", office.cursor().await);
    }
}

/// Nothing can be read at all: that is no matter of single applications.
#[tokio::test]
async fn a_portal_that_spoils_everything_is_told_after_a_few_gaps() {
    let office = Office::new().await;
    *office.portal.spoilt.lock().unwrap() = Some("error_code".into());
    let taken = office.pull().await;
    assert_eq!((taken.gaps.len(), taken.exit_code(), office.cursor().await.as_str()), (5, 1, ""), "{taken:?}");
    assert!(office.portal.times_asked() < 400, "{}", office.portal.times_asked());
}

#[tokio::test]
async fn busy_and_broken_answers_are_asked_again() {
    for office in Office::on_each("intake::broken").await {
        office.portal.file(before(30), body("A", "30001", "1"));
        office.portal.next([
            Mishap::Body(r#"{"result":{"error_code":"9","message":""}}"#.into()),
            Mishap::Status(429),
            Mishap::Status(500),
            Mishap::Lost,
            Mishap::Body("<html>".into()),
            Mishap::Body(r#"{"result":{"error_code":0,"data":[{"maHoSo":"A""#.into()),
        ]);
        let taken = office.pull().await;
        assert_eq!((taken.received.applications, taken.error.as_deref(), taken.windows), (1, None, 2));
        let log = office.texts("select entry from exchange").await;
        let count = |word: &str| log.iter().filter(|entry| *entry == word).count();
        assert_eq!((count("opened"), count("closed")), (8, 8), "every attempt was opened and closed");
    }
}

#[tokio::test]
async fn a_token_that_dies_in_the_middle_is_got_anew() {
    let office = Office::changed(&WITH_TOKEN).await;
    office.portal.file(before(30), body("A", "30001", "1"));
    office.portal.next([Mishap::Body(r#"{"result":{"error_code":5,"message":""}}"#.into()), Mishap::Status(401)]);
    let taken = office.pull().await;
    assert_eq!((taken.received.applications, taken.error), (1, None));
    assert_eq!(office.portal.asked.lock().unwrap().iter().filter(|what| *what == "token").count(), 3);
}

#[tokio::test]
async fn a_portal_that_stays_away_is_told_and_the_next_run_goes_on() {
    for office in Office::on_each("intake::broken").await {
        office.portal.file(before(30 * 60), body("A", "30001", "1"));
        office.portal.file(before(30), body("B", "30001", "1"));
        // The first window comes, the second never.
        office.portal.mishaps.lock().unwrap().push_back(None);
        office.portal.next(std::iter::repeat_n(Mishap::Lost, 2000));
        let taken = office.pull().await;
        assert!(taken.unreached && taken.error.is_some(), "{taken:?}");
        assert_eq!((taken.exit_code(), taken.received.applications), (4, 1));
        assert_eq!(office.cursor().await, "24/11/2026 00:00:00", "as far as the window that was stored");
        office.portal.mishaps.lock().unwrap().clear();
        office.hands.pass(3_600_000);
        let taken = office.pull().await;
        assert_eq!((taken.received.applications, taken.error.as_deref()), (1, None));
        assert_eq!(office.versions().await, ["A/1 ready", "B/1 ready"]);
    }
}

#[tokio::test]
async fn a_refusal_is_told_without_the_portals_words() {
    let office = Office::new().await;
    office.portal.next([Mishap::Body(r#"{"result":{"error_code":"77","message":"Nguyễn Văn An"}}"#.into())]);
    let taken = office.pull().await;
    let why = taken.error.clone().unwrap_or_default();
    assert!(why.contains("77") && !why.contains("Nguyễn"), "{why}");
    assert_eq!((taken.exit_code(), office.cursor().await.as_str()), (1, ""));
}
