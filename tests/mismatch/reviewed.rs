//! The life of a mismatch in people's hands, and that the machine never undoes what they decided.

use jiff::Span;
use molisa_gateway::mismatch::{Asked, Decision, DecisionRules, Failed, No, Right, Step, decide};
use molisa_gateway::model::{Kind, Reason};
use molisa_gateway::store::Store;
use molisa_gateway::store::mismatch::Draft;

use super::{DAY, Desk, asked, differs, resolve, until};

fn no(result: Result<molisa_gateway::store::review::Item, Failed>) -> No {
    match result {
        Err(Failed::No(no)) => no,
        other => panic!("it should not be done: {other:?}"),
    }
}

#[tokio::test]
async fn from_open_to_closed_and_open_again_with_its_history() {
    for mut desk in Desk::on_each("mismatch::reviewed").await {
        let draft = [(differs("A", "HoTen"), Right::Registry)];
        desk.found(&draft).await;
        desk.found(&draft).await;
        let item = desk.item(1).await;
        assert_eq!((item.state.as_str(), item.occurrences, item.version), ("open", 2, 1));
        assert_eq!(desk.does(1, "lan", Step::Assign("lan".into())).await.state, "in-review");
        assert_eq!(no(desk.ask(1, asked("minh", resolve(Decision::TakeTheirs))).await), No::Theirs("lan".into()));
        let item = desk.does(1, "lan", resolve(Decision::TakeTheirs)).await;
        assert_eq!((item.state.as_str(), item.decided_by.as_str(), item.seconded_by.as_str()), ("decided", "lan", "-"));
        assert_eq!(desk.apply().await.corrections, 1);
        assert_eq!(desk.item(1).await.state, "applied");
        assert_eq!(desk.text("select key || ' ' || field || ' ' || ours || ' ' || theirs || ' ' || unit from correction where over_ms is null").await, "A HoTen ta họ 29869");
        // The next comparison still finds it: the line stands, and nothing is asked again.
        desk.found(&draft).await;
        assert_eq!(desk.item(1).await.state, "applied");
        desk.agree(&["A"]).await;
        assert_eq!(desk.item(1).await.state, "closed");
        assert_eq!(desk.text("select cast(count(over_ms) as text) from correction").await, "1");
        desk.found(&draft).await;
        let item = desk.item(1).await;
        assert_eq!((item.state.as_str(), item.relapses, item.occurrences, item.closed_ms), ("open", 1, 1, None));
        assert_eq!(desk.happened(1).await, ["opened", "taken", "decided", "applied", "closed", "reopened"]);
    }
}

/// Failure 32: the later one is told who was faster, what they did and when; what they typed is kept.
#[tokio::test]
async fn failure_32_two_reviewers_one_item() {
    for mut desk in Desk::on_each("mismatch::reviewed").await {
        desk.found(&[(differs("A", "HoTen"), Right::Registry)]).await;
        let seen = desk.item(1).await.version;
        let of = |who: &str, decision, words: &str| Asked {
            version: Some(seen),
            words: words.to_owned(),
            ..asked(who, resolve(decision))
        };
        let first = desk.ask(1, of("lan", Decision::KeepOurs, "đã xem giấy")).await.unwrap_or_else(|no| panic!("{no}"));
        assert_eq!(first.version, seen + 1);
        let told = no(desk.ask(1, of("minh", Decision::TakeTheirs, "gia đình nói khác")).await);
        let at = molisa_gateway::model::Timestamp(first.decided_ms.unwrap_or_default()).for_people();
        let wanted = No::TooLate { id: 1, who: "lan".into(), what: "decided keep-ours".into(), at, version: seen + 1 };
        assert_eq!(told, wanted);
        let item = desk.item(1).await;
        assert_eq!((item.decision.as_str(), item.decided_by.as_str(), item.version), ("keep-ours", "lan", seen + 1));
        let events = desk.events(1).await;
        let kept = events.last().expect("the words of who came later");
        assert_eq!(
            (kept.event.as_str(), kept.who.as_str(), kept.what.as_str(), kept.words.as_str()),
            ("too-late", "minh", "take-theirs", "gia đình nói khác")
        );
        // A comment never comes too late.
        let comment = Asked { version: Some(1), words: "xem lại".into(), ..asked("minh", Step::Comment) };
        assert_eq!(desk.ask(1, comment).await.unwrap_or_else(|no| panic!("{no}")).version, seen + 1);
        // A value that changed under the reader is a new version.
        let before = desk.item(1).await.version;
        desk.found(&[(Draft { theirs: "khác".into(), ..differs("A", "HoTen") }, Right::Registry)]).await;
        let late = Asked { version: Some(before), ..asked("lan", Step::Undo) };
        assert!(matches!(no(desk.ask(1, late).await), No::TooLate { .. }));
    }
}

/// Both looked before either had written: exactly one decides. On an embedded store only one can be at it; on a server the
/// later one waits for the row, and must not write over what it then finds.
#[tokio::test(flavor = "multi_thread")]
async fn failure_32_at_the_very_same_time() {
    for mut desk in Desk::on_each("mismatch::reviewed").await {
        desk.found(&[(differs("A", "HoTen"), Right::Registry)]).await;
        let (now, rules) = (desk.now.plus(5), DecisionRules::load(&super::mappings().join("codes")).expect("rules"));
        let of = |who: &str| asked(who, resolve(Decision::KeepOurs));
        let mut first = desk.tx().await;
        assert!(decide(&mut first, &desk.rules, 1, now, &of("lan")).await.is_ok());
        let (store, minh) = (desk.store.clone(), of("minh"));
        let second = tokio::spawn(async move {
            let mut tx = store.write().await.expect("a transaction");
            let result = decide(&mut tx, &rules, 1, now, &minh).await;
            tx.commit().await.expect("a commit");
            result
        });
        if let Store::Postgres(pool) = &desk.store {
            const WAITS: &str =
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
            while sqlx::query_scalar::<_, i64>(WAITS).fetch_one(pool).await.expect("activity") == 0 {
                tokio::task::yield_now().await;
            }
        }
        first.commit().await.expect("a commit");
        let told = no(second.await.expect("the other one"));
        assert!(matches!(&told, No::TooLate { who, .. } if who == "lan"), "{told}");
        let mut happened = desk.happened(1).await;
        happened.sort();
        assert_eq!(happened, ["decided", "opened", "too-late"], "what was typed is kept");
        assert_eq!(desk.item(1).await.decided_by, "lan");
    }
}

#[tokio::test]
async fn some_kinds_need_a_second_person() {
    for mut desk in Desk::on_each("mismatch::reviewed").await {
        let numbers = |a: &str, b: &str| Draft {
            persons: [a.to_owned(), b.to_owned()],
            ..Draft::new("A", Kind::NumberChanged, "number-changed")
        };
        desk.found(&[(numbers("now", ""), Right::Registry)]).await;
        assert_eq!(no(desk.ask(1, asked("lan", resolve(Decision::MergeNumbers))).await), No::NoNumbers);
        desk.found(&[(numbers("now", "then"), Right::Registry)]).await;
        desk.does(1, "lan", resolve(Decision::MergeNumbers)).await;
        assert_eq!(desk.apply().await.merged, 0, "nobody seconded it");
        assert_eq!(no(desk.ask(1, asked("lan", Step::Second)).await), No::Same("lan".into()));
        desk.does(1, "minh", Step::Second).await;
        assert_eq!(no(desk.ask(1, asked("hoa", Step::Second)).await), No::NoSecond);
        assert_eq!(desk.apply().await.merged, 1);
        assert_eq!(desk.item(1).await.state, "closed");
        // The same two numbers are no mismatch any more; another number is.
        desk.found(&[(numbers("now", "then"), Right::Registry)]).await;
        assert_eq!(desk.item(1).await.state, "closed");
        desk.found(&[(numbers("now", "other"), Right::Registry)]).await;
        assert_eq!(desk.item(1).await.state, "open");
    }
}

/// Whoever was written down by a number, or after `sudo`, is the same person: what they have is theirs, and they do not
/// confirm what they decided.
#[tokio::test]
async fn one_person_under_several_names() {
    for mut desk in Desk::on_each("mismatch::reviewed").await {
        desk.found(&[(differs("A", "HoTen"), Right::Registry)]).await;
        let lan = |step| Asked { also: vec!["uid 1001".into()], ..asked("lan (as root)", step) };
        for had in ["uid 1001", "uid 1001 (as 0)", "lan"] {
            desk.does(1, "minh", Step::Assign(had.into())).await;
            desk.ask(1, lan(resolve(Decision::KeepOurs))).await.unwrap_or_else(|no| panic!("{had}: {no}"));
            desk.does(1, "minh", Step::Undo).await;
        }
        desk.does(1, "minh", Step::Assign("uid 1002".into())).await;
        assert_eq!(no(desk.ask(1, lan(resolve(Decision::KeepOurs))).await), No::Theirs("uid 1002".into()));
        let persons = ["now".to_owned(), "then".to_owned()];
        let draft = Draft { persons, ..Draft::new("B", Kind::NumberChanged, "number-changed") };
        desk.found(&[(draft, Right::Registry)]).await;
        desk.does(2, "uid 1001 (as 998)", resolve(Decision::MergeNumbers)).await;
        assert!(matches!(no(desk.ask(2, lan(Step::Second)).await), No::Same(_)));
        desk.does(2, "uid 10010", Step::Second).await;
    }
}

#[tokio::test]
async fn an_accepted_difference_opens_again_on_its_day() {
    for mut desk in Desk::on_each("mismatch::reviewed").await {
        let draft = [(differs("A", "HoTen"), Right::Registry)];
        desk.found(&draft).await;
        let today = desk.now.day();
        let day = today.saturating_add(Span::new().days(30));
        assert_eq!(no(desk.ask(1, until("lan", day, "")).await), No::ReasonNeeded);
        assert_eq!(no(desk.ask(1, until("lan", today, "chờ")).await), No::Until);
        let far = today.saturating_add(Span::new().days(800));
        assert_eq!(no(desk.ask(1, until("lan", far, "chờ")).await), No::Until);
        let odd = Asked { until: Some(day), ..asked("lan", resolve(Decision::KeepOurs)) };
        assert_eq!(no(desk.ask(1, odd).await), No::NoUntil);
        desk.ask(1, until("lan", day, "chờ giấy khai sinh")).await.unwrap_or_else(|no| panic!("{no}"));
        assert_eq!(desk.apply().await.closed, 1);
        desk.later(29 * DAY);
        desk.found(&draft).await;
        assert_eq!(desk.item(1).await.state, "closed", "it is still accepted");
        // Another difference was never accepted.
        let mut apart = Desk::embedded().await;
        apart.found(&draft).await;
        let until_then = apart.now.day().saturating_add(Span::new().days(30));
        apart.ask(1, until("lan", until_then, "chờ")).await.unwrap_or_else(|no| panic!("{no}"));
        apart.apply().await;
        let other = Draft { theirs: "Tên thứ ba".into(), ..draft[0].0.clone() };
        apart.found(&[(other, Right::Registry)]).await;
        let item = apart.item(1).await;
        assert_eq!((item.state.as_str(), item.theirs.as_str(), item.relapses), ("open", "Tên thứ ba", 1));
        desk.later(DAY);
        assert_eq!(desk.apply().await.ended, 1);
        let item = desk.item(1).await;
        assert_eq!((item.state.as_str(), item.relapses, item.decided_by.as_str()), ("open", 1, "lan"));
        assert!(desk.happened(1).await.contains(&"accepted-ended".to_owned()));
        // What agreed in the meantime does not open on its day.
        let day = desk.now.day().saturating_add(Span::new().days(3));
        desk.ask(1, until("lan", day, "chờ")).await.unwrap_or_else(|no| panic!("{no}"));
        desk.apply().await;
        desk.agree(&["A"]).await;
        desk.later(4 * DAY);
        assert_eq!(desk.apply().await.ended, 0);
        assert_eq!(desk.item(1).await.state, "closed");
    }
}

#[tokio::test]
async fn what_is_decided_can_be_taken_back_until_it_takes_effect() {
    for mut desk in Desk::on_each("mismatch::reviewed").await {
        let draft = [(differs("A", "HoHo"), Right::Province)];
        desk.found(&draft).await;
        let item = desk.item(1).await;
        assert_eq!(
            (item.state.as_str(), item.decision.as_str(), item.decided_by.as_str()),
            ("decided", "keep-ours", "authority")
        );
        desk.does(1, "lan", Step::Undo).await;
        // The file does not decide again over a person who took it back.
        desk.found(&draft).await;
        assert_eq!(desk.item(1).await.state, "open");
        assert_eq!(desk.apply().await.again, 0);
        desk.does(1, "lan", resolve(Decision::CorrectAtSource)).await;
        desk.apply().await;
        assert!(matches!(no(desk.ask(1, asked("lan", Step::Undo)).await), No::NotNow(_)), "it took effect");
        desk.does(1, "lan", Step::Reopen).await;
        assert_eq!(desk.item(1).await.state, "open");
        assert_eq!(desk.text("select cast(count(over_ms) as text) from correction").await, "1", "its line is over");
    }
}

#[tokio::test]
async fn what_a_kind_does_not_allow_is_not_done() {
    for mut desk in Desk::on_each("mismatch::reviewed").await {
        let held = Draft::held("A", Reason::Amount);
        desk.found(&[(held, Right::Person)]).await;
        for decision in [Decision::KeepOurs, Decision::NotSamePerson] {
            assert_eq!(no(desk.ask(1, asked("lan", resolve(decision))).await), No::Held);
        }
        desk.found(&[(Draft::new("B", Kind::MissingHere, "unknown"), Right::Person)]).await;
        let refused = no(desk.ask(2, asked("lan", resolve(Decision::KeepOurs))).await);
        assert!(refused.to_string().contains("take-theirs, correct-at-source, accept-until"), "{refused}");
        let odd = Asked { reason: "paper-sen".into(), ..asked("lan", resolve(Decision::TakeTheirs)) };
        let refused = no(desk.ask(2, odd).await).to_string();
        assert!(refused.contains("paper-seen") && refused.contains("family-asked"), "{refused}");
        assert_eq!(no(desk.ask(99, asked("lan", Step::Comment)).await), No::Unknown(99));
        assert_eq!(no(desk.ask(2, asked("lan", Step::Comment)).await), No::ReasonNeeded);
        assert!(matches!(no(desk.ask(2, asked("lan", Step::Reopen)).await), No::NotNow(_)));
    }
}

/// A step that another one overtook: nothing of it can be corrected, so it may be put out of sight. It stays held.
#[tokio::test]
async fn what_is_held_may_be_out_of_sight_until_a_day_and_stays_held() {
    for mut desk in Desk::on_each("mismatch::reviewed").await {
        let held = |key: &str, reason| Draft { value: "1 → 2".into(), ..Draft::held(key, reason) };
        let all = [held("A", Reason::Late), held("B", Reason::StepBack), held("C", Reason::Amount)];
        let drafts = all.map(|draft| (draft, Right::Person));
        desk.found(&drafts).await;
        let day = desk.now.day().saturating_add(Span::new().days(3));
        for id in [1, 2] {
            for decision in [Decision::KeepOurs, Decision::TakeTheirs, Decision::MergeNumbers] {
                assert_eq!(no(desk.ask(id, asked("lan", resolve(decision))).await), No::Held);
            }
            desk.ask(id, until("lan", day, "đã xem")).await.unwrap_or_else(|no| panic!("{no}"));
        }
        assert_eq!(no(desk.ask(3, until("lan", day, "đã xem")).await), No::Held);
        let applied = desk.apply().await;
        assert_eq!((applied.closed, applied.again, applied.corrections), (2, 0, 0));
        assert_eq!((desk.item(1).await.state.as_str(), desk.held().await), ("closed", 3), "it is held as before");
        desk.found(&drafts).await;
        assert_eq!((desk.item(1).await.state.as_str(), desk.held().await), ("closed", 3), "it is still accepted");
        desk.later(3 * DAY);
        assert_eq!((desk.apply().await.ended, desk.item(1).await.state.as_str()), (2, "open"));
        // What is held no more does not open on any day.
        let day = desk.now.day().saturating_add(Span::new().days(3));
        desk.ask(1, until("lan", day, "đã xem")).await.unwrap_or_else(|no| panic!("{no}"));
        desk.apply().await;
        desk.goes("A").await;
        assert_eq!((desk.item(1).await.until_day.as_str(), desk.held().await), ("", 2));
        desk.later(4 * DAY);
        assert_eq!((desk.apply().await.ended, desk.item(1).await.state.as_str()), (0, "closed"));
    }
}

/// Two people never have one number: no decision, and no file, makes two records of it good.
#[tokio::test]
async fn one_number_of_two_people_is_corrected_at_the_source() {
    for mut desk in Desk::on_each("mismatch::reviewed").await {
        desk.found(&[(Draft::new("A", Kind::TwoHere, "double-benefit"), Right::Person)]).await;
        desk.found(&[(Draft::held("B", Reason::DoubleBenefit), Right::Person)]).await;
        let asks = asked("lan", resolve(Decision::NotSamePerson));
        assert_eq!(no(desk.ask(1, asks.clone()).await), No::OneNumber);
        assert_eq!(no(desk.ask(2, asks).await), No::Held);
        for id in [1, 2] {
            assert_eq!(desk.does(id, "lan", resolve(Decision::CorrectAtSource)).await.state, "decided");
        }
        assert_eq!(desk.apply().await.corrections, 2);
        assert_eq!(desk.item(2).await.closed_ms, None, "it stays held until the source says otherwise");
    }
    let file = std::fs::read_to_string(super::mappings().join("codes/decisions.toml")).expect("the file");
    let two_here = "[kind.two-here]\nallow = [\"correct-at-source\"";
    assert!(file.contains(two_here));
    let wrong = file.replace(two_here, &format!("{two_here}, \"not-same-person\""));
    let told = DecisionRules::parse(std::path::Path::new("decisions.toml"), &wrong).expect_err("no file allows it");
    assert!(told.to_string().contains("hai người không thể chung một số giấy tờ"), "{told}");
}
