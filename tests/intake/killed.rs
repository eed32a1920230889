//! The process dies between the question, the answer and the store: nothing is lost, nothing is twice.

use crate::support::inbox::{Mishap, Office, before, body};

/// Dies at every step of a run in turn, each time a little later, until a run comes through.
#[tokio::test]
async fn a_run_that_dies_anywhere_leaves_the_cursor_with_its_rows() {
    for mut office in Office::on_each("intake::killed").await {
        for at in 0..3 {
            office.portal.file(before(30 * 60 + at), body(&format!("A{at}"), "30001", "1"));
            office.portal.file(before(30 + at), body(&format!("B{at}"), "30001", "1"));
        }
        let (mut polls, mut deaths) = (0, 0);
        while office.dies(office.portal.times_asked() + 1, polls).await {
            deaths += 1;
            polls += 1;
            let (cursor, versions) = (office.cursor().await, office.versions().await);
            let kept = |begin: &str| versions.iter().filter(|v| v.starts_with(begin)).count();
            match cursor.as_str() {
                "" => assert_eq!(versions.len(), 0, "rows and cursor are one transaction"),
                "24/11/2026 00:00:00" => assert_eq!((kept("A"), kept("B")), (3, 0)),
                _ => assert_eq!((kept("A"), kept("B")), (3, 3), "{cursor}"),
            }
        }
        assert!(deaths > 3, "it died {deaths} times only");
        assert_eq!(office.versions().await.len(), 6);
        assert!(office.versions().await.iter().all(|v| v.ends_with("/1 ready")));
        let open = office
            .texts(
                "select exchange_id from exchange o where entry = 'opened' and operation = 'pull' and not exists \
                 (select 1 from exchange c where c.exchange_id = o.exchange_id and c.entry = 'closed')",
            )
            .await;
        assert!(!open.is_empty(), "a question that nobody saw answered stays open in the log");
    }
}

/// Answered, and dead before anything was stored.
#[tokio::test]
async fn an_answer_that_was_not_stored_is_asked_for_again() {
    for mut office in Office::on_each("intake::killed").await {
        office.portal.file(before(30), body("A", "30001", "1"));
        assert!(office.dies(2, 0).await, "it died with the second window's answer in its hands");
        assert_eq!(office.cursor().await, "24/11/2026 00:00:00");
        assert_eq!(office.versions().await, Vec::<String>::new());
        // Nobody loses it even if the portal stumbles at once.
        office.portal.next([Mishap::Lost]);
        assert_eq!(office.pull().await.received.applications, 1);
        assert_eq!(office.versions().await, ["A/1 ready"]);
    }
}
