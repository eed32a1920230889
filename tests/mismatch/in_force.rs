//! What a decision is about, and how far it reaches: these values, after these people, of this field.

use molisa_gateway::mismatch::{Asked, Decision, Right, Step};
use molisa_gateway::model::Kind;
use molisa_gateway::store::effects;
use molisa_gateway::store::mismatch::{Draft, close_at};

use super::{DAY, Desk, asked, differs, resolve, until};

/// A pair of the kind that needs a second person.
fn pair() -> Draft {
    Draft {
        place: "B".to_owned(),
        persons: ["p".to_owned(), "o".to_owned()],
        ..Draft::new("A", Kind::TwoThere, "two-running")
    }
}

#[tokio::test]
async fn a_decision_about_other_values_is_asked_again_and_leaves_the_list_of_corrections() {
    for mut desk in Desk::on_each("mismatch::in_force").await {
        desk.found(&[(differs("A", "HoTen"), Right::Registry)]).await;
        desk.does(1, "lan", resolve(Decision::TakeTheirs)).await;
        desk.apply().await;
        let open = "select cast(count(*) as text) from correction where over_ms is null";
        assert_eq!((desk.item(1).await.state.as_str(), desk.text(open).await.as_str()), ("applied", "1"));
        // The same again changes nothing.
        desk.found(&[(differs("A", "HoTen"), Right::Registry)]).await;
        assert_eq!(desk.item(1).await.state, "applied");
        let other = Draft { theirs: "khác".to_owned(), ..differs("A", "HoTen") };
        desk.found(&[(other, Right::Registry)]).await;
        let item = desk.item(1).await;
        assert_eq!(
            (item.state.as_str(), item.decision.as_str(), item.relapses),
            ("open", "take-theirs", 1),
            "{item:?}"
        );
        assert_eq!(desk.text(open).await, "0", "nobody said that this one is theirs to write");
        assert_eq!(desk.happened(1).await, ["opened", "decided", "applied", "overtaken"]);
    }
}

#[tokio::test]
async fn what_waits_for_a_second_person_settles_nothing() {
    for mut desk in Desk::on_each("mismatch::in_force").await {
        desk.found(&[(pair(), Right::Person)]).await;
        let words = Asked { words: "đã hỏi xã".to_owned(), ..asked("lan", resolve(Decision::NotSamePerson)) };
        let item = desk.ask(1, words).await.unwrap_or_else(|no| panic!("{no}"));
        assert_eq!((item.state.as_str(), item.seconded_by.as_str()), ("decided", ""));
        // One of the two stops for a while.
        let mut tx = desk.tx().await;
        close_at(&mut tx, desk.stream, (Kind::TwoThere, "B"), &["A"], desk.now).await.expect("closed");
        tx.commit().await.expect("a commit");
        assert_eq!(desk.item(1).await.state, "closed");
        desk.found(&[(pair(), Right::Person)]).await;
        assert_eq!(desk.item(1).await.state, "open", "one person's word is not enough");
        // Said by two, it stays.
        let words = Asked { words: "đã hỏi xã".to_owned(), ..asked("lan", resolve(Decision::NotSamePerson)) };
        desk.ask(1, words).await.unwrap_or_else(|no| panic!("{no}"));
        desk.does(1, "minh", Step::Second).await;
        desk.apply().await;
        desk.found(&[(pair(), Right::Person)]).await;
        assert_eq!(desk.item(1).await.state, "closed");
    }
}

#[tokio::test]
async fn what_was_accepted_and_is_over_does_not_open_on_its_day() {
    for mut desk in Desk::on_each("mismatch::in_force").await {
        let shared = || Draft { place: "shared".to_owned(), ..Draft::new("A", Kind::Account, "account-shared") };
        desk.found(&[(shared(), Right::Person)]).await;
        let day = desk.now.day().saturating_add(jiff::Span::new().days(3));
        desk.ask(1, until("lan", day, "hai mẹ con")).await.unwrap_or_else(|no| panic!("{no}"));
        desk.apply().await;
        assert_eq!(desk.item(1).await.state, "closed");
        let mut tx = desk.tx().await;
        close_at(&mut tx, desk.stream, (Kind::Account, "shared"), &["A"], desk.now).await.expect("closed");
        tx.commit().await.expect("a commit");
        desk.later(4 * DAY);
        assert_eq!((desk.apply().await.ended, desk.item(1).await.state.as_str()), (0, "closed"));
    }
}

/// Ours goes as a whole record: it would go over a name that the registry has to say.
#[tokio::test]
async fn ours_waits_while_somebody_has_another_field_of_it_in_hand() {
    for mut desk in Desk::on_each("mismatch::in_force").await {
        desk.run("insert into ledger (stream_id, key, raw, judged_by, verdict) values (1, 'A', '01', '01', 'ok')")
            .await;
        desk.found(&[(differs("A", "DiaChi"), Right::Province), (differs("A", "HoTen"), Right::Registry)]).await;
        assert_eq!((desk.apply().await.again, desk.item(1).await.state.as_str()), (0, "decided"));
        assert_eq!(first(&desk, 1).await, [2], "it is told which");
        assert!(first(&desk, 2).await.is_empty(), "what a person has to decide waits for nothing");
        desk.does(2, "lan", resolve(Decision::TakeTheirs)).await;
        assert_eq!(first(&desk, 1).await, [2]);
        let applied = desk.apply().await;
        assert_eq!((applied.again, applied.corrections), (0, 1), "it is to be corrected here first");
        desk.does(2, "lan", Step::Reopen).await;
        desk.does(2, "lan", resolve(Decision::KeepOurs)).await;
        assert!(first(&desk, 1).await.is_empty());
        assert_eq!(desk.apply().await.again, 2);
    }
}

/// What has to be settled before it.
async fn first(desk: &Desk, id: i64) -> Vec<i64> {
    effects::waits_for(&mut desk.tx().await, id).await.expect("a store")
}

#[tokio::test]
async fn a_commune_that_nobody_told_is_the_ledgers() {
    for mut desk in Desk::on_each("mismatch::in_force").await {
        desk.run("insert into ledger (stream_id, key, raw, judged_by, verdict, unit) values (1, 'A', '01', '01', 'ok', '29872')").await;
        desk.found(&[(Draft { unit: String::new(), ..differs("A", "DiaChi") }, Right::Person)]).await;
        assert_eq!(desk.item(1).await.unit, "29872");
    }
}

/// Whatever is not done, nobody types twice.
#[tokio::test]
async fn words_are_kept_where_the_step_is_not_done() {
    for mut desk in Desk::on_each("mismatch::in_force").await {
        desk.found(&[(differs("A", "HoTen"), Right::Registry)]).await;
        desk.does(1, "lan", Step::Assign("lan".to_owned())).await;
        let words = Asked { words: "gia đình nói khác".to_owned(), ..asked("minh", resolve(Decision::TakeTheirs)) };
        assert!(desk.ask(1, words).await.is_err(), "lan has it");
        let events = desk.events(1).await;
        let kept = events.iter().find(|event| event.event == "too-late").expect("kept");
        assert_eq!(
            (kept.who.as_str(), kept.what.as_str(), kept.words.as_str()),
            ("minh", "take-theirs", "gia đình nói khác")
        );
    }
}
