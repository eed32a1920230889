//! What is asked for, and when again.

use std::sync::Arc;

use molisa_gateway::intake::{Wanted, run};
use molisa_gateway::national::Window;
use tokio_util::sync::CancellationToken;

use crate::support::inbox::{Gate, Office, before, body};

const DAY: i64 = 24 * 60;

#[tokio::test]
async fn what_was_left_out_of_an_answer_comes_with_the_overlap_or_with_the_days_that_are_read_again() {
    for office in Office::on_each("intake::again").await {
        office.pull().await;
        assert_eq!(office.cursor().await, "24/11/2026 09:00:00");
        // Filed before the cursor and shown only now, within the overlap.
        office.portal.file(before(90), body("A", "30001", "1"));
        office.hands.pass(60_000);
        assert_eq!(office.pull().await.received.applications, 1);
        // Shown so late that only tomorrow's reading of the last days finds it.
        office.portal.file(before(8 * 60), body("B", "30001", "1"));
        assert_eq!(office.pull().await.received.applications, 0);
        office.hands.pass(DAY * 60_000);
        assert_eq!(office.pull().await.received.applications, 1);
        let asked = office.portal.times_asked();
        office.pull().await;
        assert_eq!(office.portal.times_asked(), asked + 1, "only once a day");
    }
}

#[tokio::test]
async fn a_span_by_hand_and_a_dry_run_move_no_cursor() {
    for office in Office::on_each("intake::again").await {
        office.portal.file(before(10 * DAY), body("A", "30001", "1"));
        office.pull().await;
        let cursor = office.cursor().await;
        let span = Some(Window { from: before(11 * DAY), to: before(9 * DAY) });
        let taken = office.pulled(&Wanted { span, dry_run: true }).await.unwrap();
        assert_eq!((taken.received.applications, taken.received.items, taken.inbox.applications), (1, 2, 0));
        assert_eq!(office.versions().await, Vec::<String>::new());
        let log = office.texts("select cast(count(*) as text) from exchange where entry = 'closed'").await;
        assert_eq!(log, [office.portal.times_asked().to_string()], "what was asked stands in the log all the same");
        let taken = office.pulled(&Wanted { span, dry_run: false }).await.unwrap();
        assert_eq!((taken.received.applications, taken.windows), (1, 2));
        assert_eq!(office.versions().await, ["A/1 ready"]);
        assert_eq!(office.cursor().await, cursor);
    }
}

#[tokio::test]
async fn two_pulls_at_once_are_one() {
    for office in Office::on_each("intake::again").await {
        office.portal.file(before(30), body("A", "30001", "1"));
        let other = office.as_another_process().await;
        let (wanted, stop) = (Wanted::default(), CancellationToken::new());
        let gate = Arc::<Gate>::default();
        *office.portal.gate.lock().unwrap() = Some(Arc::clone(&gate));
        let (one, two) =
            futures_util::future::join(run(&office.store, &office.intake, &*office.hands, &wanted, &stop), async {
                gate.reached.notified().await;
                let two = run(&other, &office.intake, &*office.hands, &wanted, &stop).await;
                gate.open.notify_one();
                two
            })
            .await;
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(one.holder.is_none() && two.holder.is_some(), "{one:?} {two:?}");
        assert_eq!(one.received.applications + two.received.applications, 1);
        assert_eq!(office.texts("select cast(seen as text) from application").await, ["1"]);
        assert_eq!(office.pull().await.holder, None, "and the lease is free again");
    }
}

#[tokio::test]
async fn pages_are_all_read_before_the_cursor_moves() {
    let paged = Office::changed(&PAGED).await;
    for number in ["A", "B", "C"] {
        paged.portal.file(before(30), body(number, "30001", "1"));
    }
    *paged.portal.page.lock().unwrap() = Some(2);
    let taken = paged.pull().await;
    assert_eq!((taken.received.applications, taken.windows, taken.error), (3, 2, None));
    // A portal that gives less at once than it was asked for.
    let capped = Office::changed(&[PAGED[0], (PAGED[1].0, &PAGED[1].1.replace("size = 2", "size = 500"))]).await;
    for number in ["A", "B", "C", "D", "E"] {
        capped.portal.file(before(30), body(number, "30001", "1"));
    }
    *capped.portal.page.lock().unwrap() = Some(2);
    let taken = capped.pull().await;
    assert_eq!((taken.received.applications, taken.error), (5, None));
    // A portal that gives its first page for ever is told, and the cursor stays.
    let deaf = Office::changed(&PAGED).await;
    for number in ["A", "B"] {
        deaf.portal.file(before(30), body(number, "30001", "1"));
    }
    let taken = deaf.pull().await;
    assert!(taken.error.as_deref().is_some_and(|why| why.contains("[pull.page]")), "{taken:?}");
    assert_eq!(deaf.versions().await.len(), 2, "what came is kept");
    assert_eq!(deaf.cursor().await, "24/11/2026 00:00:00", "the first day was read to its end");
}

/// The shipped profile has no pages.
const PAGED: [(&str, &str); 2] = [
    ("ThoiGianKetThuc = \"{to}\"\n", "ThoiGianKetThuc = \"{to}\"\nTrang = \"{page}\"\nKichThuoc = \"{size}\"\n"),
    ("[pull.answer]\n", "[pull.page]\nfirst = 1\nsize = 2\n\n[pull.answer]\n"),
];
