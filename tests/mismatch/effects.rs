//! What decisions do: to what we believe, to the list of corrections, to numbers.

use molisa_gateway::mismatch::{Decision, Right, Step};
use molisa_gateway::model::{Action, ContentHash, Kind};
use molisa_gateway::store::mismatch::Draft;
use molisa_gateway::store::{alias, ledger};

use super::{Desk, asked, differs, resolve};

/// A record that the nation confirmed and that was judged.
async fn confirmed(desk: &Desk, key: &str, version: u8) {
    let mut tx = desk.tx().await;
    let judged =
        ledger::Judged { key: key.into(), raw: [7; 16], judge_again: None, verdict: "ok", unit: "29869".into() };
    ledger::note(&mut tx, desk.stream, [1; 8], &[judged]).await.expect("judged");
    let row = ledger::Confirmed {
        key: key.into(),
        content: (Action::Write, ContentHash([version; 32])),
        national_id: "N".into(),
    };
    ledger::confirm(&mut tx, desk.stream, "batch", desk.now, &[row]).await.expect("confirmed");
    tx.commit().await.expect("a commit");
}

async fn entry(desk: &Desk, key: &str) -> ledger::Entry {
    ledger::find(&mut desk.tx().await, desk.stream, &[key]).await.expect("a ledger").remove(key).expect("an entry")
}

#[tokio::test]
async fn ours_is_said_again_from_what_the_nation_really_has() {
    for mut desk in Desk::on_each("mismatch::effects").await {
        for key in ["A", "B", "C", "D"] {
            confirmed(&desk, key, 1).await;
        }
        let theirs = (Action::Write, ContentHash([9; 32]));
        let seen = Draft { there: Some(theirs), ..differs("A", "F") };
        let missing = Draft::new("B", Kind::MissingThere, "missing-there");
        let drafts = [(seen, Right::Province), (missing, Right::Province), (differs("C", "F"), Right::Province)];
        desk.found(&drafts).await;
        assert_eq!(desk.apply().await.again, 3);
        let (a, b, c) = (entry(&desk, "A").await, entry(&desk, "B").await, entry(&desk, "C").await);
        assert_eq!((a.confirmed, a.raw), (Some(theirs), [0; 16]));
        assert_eq!((b.confirmed, b.raw), (None, [0; 16]));
        assert_eq!((c.confirmed, c.raw), (Some((Action::Write, ContentHash([0; 32]))), [0; 16]));
        let d = entry(&desk, "D").await;
        assert_eq!((d.confirmed, d.raw), (Some((Action::Write, ContentHash([1; 32]))), [7; 16]), "nobody touched it");
    }
}

/// Failure 16: what the file decides goes round twice at most; then a person decides.
#[tokio::test]
async fn failure_16_the_file_decides_twice_and_then_a_person_must() {
    for mut desk in Desk::on_each("mismatch::effects").await {
        let draft = [(differs("A", "F"), Right::Province)];
        confirmed(&desk, "A", 1).await;
        for time in 0..4_i64 {
            desk.found(&draft).await;
            let item = desk.item(1).await;
            assert_eq!(item.relapses, time.min(2), "{time}");
            assert_eq!(item.state, if time < 2 { "decided" } else { "open" }, "{time}");
            let again = desk.apply().await.again;
            assert_eq!(again, u64::from(time < 2), "{time}");
            // Nothing is concluded before the row was scanned.
            desk.found(&draft).await;
            assert_eq!(desk.item(1).await.state, if time < 2 { "applied" } else { "open" }, "{time}");
            confirmed(&desk, "A", 1).await;
        }
        assert_eq!(desk.does(1, "lan", resolve(Decision::TakeTheirs)).await.decided_by, "lan");
    }
}

#[tokio::test]
async fn what_is_on_its_way_is_settled_before_a_decision_takes_effect() {
    for mut desk in Desk::on_each("mismatch::effects").await {
        confirmed(&desk, "A", 1).await;
        desk.run(
            "insert into outbox (stream_id, key, action, version, unit, class, run_id, state) \
            select stream_id, key, 'write', confirmed_version, '', 'changed', 1, 'sent' from ledger",
        )
        .await;
        desk.found(&[(differs("A", "F"), Right::Province)]).await;
        assert_eq!(desk.apply().await.again, 0);
        desk.run("update outbox set state = 'accepted'").await;
        assert_eq!(desk.apply().await.again, 1);
    }
}

#[tokio::test]
async fn a_refused_record_goes_again_as_by_retry() {
    for mut desk in Desk::on_each("mismatch::effects").await {
        confirmed(&desk, "A", 1).await;
        let mut tx = desk.tx().await;
        ledger::refuse(&mut tx, desk.stream, "A", (Action::Write, ContentHash([2; 32]))).await.expect("refused");
        tx.commit().await.expect("a commit");
        desk.found(&[(Draft::new("A", Kind::RefusedThere, "E07"), Right::Person)]).await;
        desk.does(1, "lan", resolve(Decision::KeepOurs)).await;
        assert_eq!(desk.apply().await.again, 1);
        let entry = entry(&desk, "A").await;
        assert_eq!((entry.refused, entry.raw), (None, [0; 16]));
        assert_eq!(entry.confirmed, Some((Action::Write, ContentHash([1; 32]))), "what it has confirmed stands");
        assert_eq!(desk.text("select verb || ' ' || who from decision").await, "retry lan");
    }
}

/// Failure 18: a chain of numbers, at most one confirmed link away from a number, no ring, and all of it can be taken back.
#[tokio::test]
async fn failure_18_numbers_are_merged_and_apart_again() {
    for mut desk in Desk::on_each("mismatch::effects").await {
        let pair = |key: &str, person: &str, other: &str| {
            let persons = [person.to_owned(), other.to_owned()];
            (Draft { persons, ..Draft::new(key, Kind::SamePerson, "alike") }, Right::Person)
        };
        let drafts = [pair("A", "n2", "n1"), pair("B", "n3", "n2"), pair("C", "n4", "n1"), pair("D", "n1", "n3")];
        desk.found(&drafts).await;
        for id in [1, 2] {
            desk.does(id, "lan", resolve(Decision::MergeNumbers)).await;
            desk.does(id, "minh", Step::Second).await;
        }
        assert_eq!(desk.apply().await.merged, 2);
        let root = |desk: &Desk| {
            let store = desk.store.clone();
            async move { alias::root(&mut store.read().await.expect("a store"), "n1").await.expect("a chain") }
        };
        assert_eq!(root(&desk).await, "n3", "the chain leads to the number that counts now");
        // Another link away from n1, and one that closes the ring.
        for id in [3, 4] {
            assert!(desk.ask(id, asked("lan", resolve(Decision::MergeNumbers))).await.is_err(), "{id}");
        }
        desk.does(1, "hoa", Step::Reopen).await;
        assert_eq!(root(&desk).await, "n1", "the link is over");
        assert_eq!(desk.text("select over_who from person_alias where over_ms is not null").await, "hoa");
        desk.does(3, "lan", resolve(Decision::MergeNumbers)).await;
        desk.does(3, "minh", Step::Second).await;
        // Decided before another link was made: it comes back to a person with the words why.
        desk.does(1, "lan", resolve(Decision::MergeNumbers)).await;
        desk.does(1, "minh", Step::Second).await;
        assert_eq!(desk.apply().await.merged, 1);
        let open: Vec<_> = [desk.item(1).await, desk.item(3).await].into_iter().filter(|i| i.state == "open").collect();
        assert_eq!(open.len(), 1);
        assert!(desk.events(open[0].id).await.last().is_some_and(|e| e.event == "reopened" && !e.words.is_empty()));
    }
}
