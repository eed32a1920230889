//! Whatever the machine finds, and in whichever order: a decision that a person made stands until a person changes it, or
//! until both sides agree.

use molisa_gateway::mismatch::{Decision, Right, Step};
use molisa_gateway::store::mismatch::Draft;
use proptest::prelude::*;

use super::{DAY, Desk, asked, differs, resolve, until};

/// What the machine does.
#[derive(Debug, Clone, Copy)]
enum Move {
    Found(Right),
    FoundOther,
    Agree,
    Apply,
    Scanned,
    Wait,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        prop_oneof![Just(Right::Province), Just(Right::Nation), Just(Right::Person)].prop_map(Move::Found),
        Just(Move::FoundOther),
        Just(Move::Agree),
        Just(Move::Apply),
        Just(Move::Scanned),
        Just(Move::Wait),
    ];
    proptest::collection::vec(one, 1..14)
}

async fn go(desk: &mut Desk, one: Move) {
    match one {
        Move::Found(right) => desk.found(&[(differs("A", "F"), right)]).await,
        Move::FoundOther => {
            let other = Draft { theirs: "khác".into(), ..differs("A", "F") };
            desk.found(&[(other, Right::Province)]).await;
        }
        Move::Agree => desk.agree(&["A"]).await,
        Move::Apply => drop(desk.apply().await),
        Move::Scanned => desk.run("update ledger set raw = judged_by").await,
        Move::Wait => desk.later(DAY),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_persons_decision_is_never_undone_by_the_machine(before in moves(), after in moves(), which in 0_usize..4) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            // The same statements run on both engines elsewhere; here many orders on the embedded one.
            let mut desk = Desk::embedded().await;
            desk.run("insert into ledger (stream_id, key, raw, judged_by, verdict) values (1, 'A', x'01', x'01', 'ok')").await;
            desk.found(&[(differs("A", "F"), Right::Person)]).await;
            for one in before {
                go(&mut desk, one).await;
            }
            let item = desk.item(1).await;
            if matches!(item.state.as_str(), "closed" | "applied") {
                desk.does(1, "lan", Step::Reopen).await;
            }
            let decision = [Decision::KeepOurs, Decision::TakeTheirs, Decision::CorrectAtSource, Decision::AcceptUntil][which];
            let day = desk.now.day().saturating_add(jiff::Span::new().days(60));
            let step = if which == 3 { until("lan", day, "chờ") } else { asked("lan", resolve(decision)) };
            desk.ask(1, step).await.unwrap_or_else(|no| panic!("{no}"));
            let (mut agreed, mut another) = (false, false);
            for one in after {
                let before = desk.item(1).await;
                go(&mut desk, one).await;
                agreed |= matches!(one, Move::Agree);
                let item = desk.item(1).await;
                // What was decided was about one difference; the nation's value became another.
                let in_force = match before.state.as_str() {
                    "closed" => decision == Decision::AcceptUntil && before.applied_ms.is_some(),
                    state => matches!(state, "decided" | "applied"),
                };
                another |= in_force && item.theirs != before.theirs;
                // The file never decides over it, whatever comes.
                assert_eq!((item.decision.as_str(), item.decided_by.as_str()), (decision.word(), "lan"), "{one:?}");
                let relapsed = item.state == "open" && item.applied_ms.is_some() && decision == Decision::KeepOurs;
                let stands = matches!(item.state.as_str(), "decided" | "applied")
                    || (item.state == "closed" && (agreed || decision == Decision::AcceptUntil));
                assert!(stands || relapsed || agreed || another, "{one:?}: {item:?}");
                if decision == Decision::AcceptUntil && item.applied_ms.is_some() && !agreed {
                    assert_eq!(item.state, if another { "open" } else { "closed" }, "{one:?}");
                }
            }
        });
    }
}
