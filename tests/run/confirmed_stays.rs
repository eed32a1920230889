//! What the nation has confirmed of a payment does not change its amount: the row is held, and the nation keeps what it
//! has; a correction goes as arrears.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::time::Duration;

use molisa_gateway::run::{Outcome, Stream, plan};
use molisa_gateway::sandbox::{FaultKind as K, Operation, Rule};
use molisa_gateway::store::Place;
use secrecy::SecretString;
use serde_json::Value;

use super::crossed::{ONE, change, draws, empty, held, is_paid, open, pairs, run, stream, told};
use super::failures::queue;
use crate::support::databases::{Database, Server};
use crate::support::world::World;

const AMOUNT: [(&str, u64); 1] = [("amount", 1)];

/// A house whose nation has two payments, the second not paid out yet.
async fn paid(place: Option<Place>) -> (World, Stream) {
    let world = empty(place).await;
    draws(&world, "A", ONE, "5.5c", &[]);
    run(&world, &world.stream).await;
    let payments = stream(&world, "chi-tra").await;
    is_paid(&world, "CT-1", ONE, "A", "202610");
    is_paid(&world, "CT-2", ONE, "A", "202611");
    change(&world, "chi_tra", "CT-2", "ket_qua_chi = ''");
    assert_eq!(run(&world, &payments).await.confirmed, 2, "a first push is judged against nothing");
    (world, payments)
}

/// What the nation has in a field of a payment.
fn there(world: &World, key: &str, field: &str) -> String {
    let records = world.nation().records_of("chi-tra", None, 100).unwrap();
    let record = records.into_iter().find(|r| r.reference == key).unwrap_or_else(|| panic!("no {key}"));
    serde_json::from_str::<Value>(&record.document).unwrap()[field].as_str().unwrap().to_owned()
}

/// One run in which nothing goes.
async fn nothing_goes(world: &World, payments: &Stream) -> Outcome {
    let run = run(world, payments).await;
    assert_eq!((run.sent, run.confirmed), (0, 0), "{run:?}");
    run
}

async fn an_amount_changes(place: Option<Place>) {
    let (world, payments) = paid(place).await;
    // The rate rose, and the province computed its old rows again.
    change(&world, "chi_tra", "CT-1", "so_tien = '600000', ngay_chi = '2026-11-03'");
    change(&world, "chi_tra", "CT-2", "so_tien = '600000'");
    let planned = plan(&world.store, &payments, &*world.hands).await.unwrap();
    assert_eq!((planned.held.get("amount"), planned.sends.changed), (Some(&2), 0), "{planned:?}");
    assert_eq!(held(&nothing_goes(&world, &payments).await), [("amount", 2)]);
    assert_eq!((there(&world, "CT-1", "SoTien"), there(&world, "CT-1", "NgayChi")), ("540000".into(), String::new()));
    let both = pairs(&[("CT-1", "amount-not-by-law, held"), ("CT-2", "amount-not-by-law, held")]);
    assert_eq!(told(&world, "chi-tra").await, both);
    let open = open(&world.store, "chi-tra").await;
    let first = open.iter().find(|m| m.key == "CT-1").unwrap();
    let shown = (first.field.as_str(), first.value.as_str(), first.proposal.as_str());
    assert_eq!(shown, ("SoTien", "600000", "540000"));
    assert!(first.detail.contains("540000") && first.detail.contains("TruyLinh"), "{}", first.detail);
    let again = nothing_goes(&world, &payments).await;
    assert_eq!((held(&again), again.unchanged), (vec![], 2), "nothing changed");
    // What else changed goes as soon as the amount is what it was; and the difference goes as arrears.
    change(&world, "chi_tra", "CT-1", "so_tien = '540000'");
    let arrears = "so_tien = '540000', truy_linh = '60000', truy_linh_tu = '10/2026', truy_linh_den = '10/2026', \
                   ket_qua_chi = 'Đã chi'";
    change(&world, "chi_tra", "CT-2", arrears);
    assert_eq!(run(&world, &payments).await.confirmed, 2);
    assert_eq!(
        (there(&world, "CT-1", "NgayChi"), there(&world, "CT-2", "TruyLinh")),
        ("03/11/2026".into(), "60000".into())
    );
    assert_eq!((there(&world, "CT-2", "KetQuaChi"), told(&world, "chi-tra").await), ("DA_CHI".into(), vec![]));
    // One that is taken back and said again is the same record.
    change(&world, "chi_tra", "CT-1", "ngay_dung = '2026-11-20', ly_do_dung = 'ghi nhầm'");
    assert_eq!(run(&world, &payments).await.confirmed, 1);
    change(&world, "chi_tra", "CT-1", "ngay_dung = null, ly_do_dung = null, so_tien = '600000'");
    assert_eq!(held(&nothing_goes(&world, &payments).await), AMOUNT);
    world.assert_clean();
}

#[tokio::test]
async fn an_amount_that_was_confirmed_is_held_when_it_changes_and_all_else_of_its_row_waits() {
    an_amount_changes(None).await;
}

#[tokio::test]
async fn a_store_on_a_server_keeps_the_amount_too() {
    let Some(server) = Database::fresh(Server::Postgres, "confirmed_stays").await else { return };
    an_amount_changes(Some(Place::Postgres(SecretString::from(server.url.clone())))).await;
}

fn refuses(world: &World, rule: Option<Rule>) {
    world.nation().rule_of("chi-tra", "CT-3", rule).unwrap();
}

#[tokio::test]
async fn what_was_never_confirmed_may_have_another_amount() {
    let (world, payments) = paid(None).await;
    refuses(&world, Some(Rule::Refused { code: "E17".into(), text: "sai".into() }));
    is_paid(&world, "CT-3", ONE, "A", "202609");
    assert_eq!(run(&world, &payments).await.refused["E17"], 1);
    refuses(&world, None);
    change(&world, "chi_tra", "CT-3", "so_tien = '600000'");
    assert_eq!(run(&world, &payments).await.confirmed, 1);
    assert_eq!(there(&world, "CT-3", "SoTien"), "600000");
    world.assert_clean();
}

#[tokio::test]
async fn what_may_have_arrived_keeps_its_amount_until_it_is_known_that_it_did_not() {
    for arrives in [true, false] {
        let (mut world, payments) = paid(None).await;
        is_paid(&world, "CT-3", ONE, "A", "202609");
        if !arrives {
            refuses(&world, Some(Rule::Refused { code: "E17".into(), text: "sai".into() }));
        }
        queue(&world, Operation::Send, K::StoredThenSilent, 1);
        queue(&world, Operation::Ask, K::Error500Before, 1000);
        world.options.patience = Duration::from_secs(30);
        assert_eq!(run(&world, &payments).await.unknown, 1);
        refuses(&world, None);
        change(&world, "chi_tra", "CT-3", "so_tien = '600000'");
        world.hands.pass(600_000);
        assert_eq!(held(&run(&world, &payments).await), AMOUNT, "nobody knows");
        world.nation().clear_faults();
        world.options.patience = Duration::from_hours(2);
        world.hands.pass(3_600_000);
        // Scan and question go side by side: what is held in this run for what is not known yet is judged by the next.
        run(&world, &payments).await;
        run(&world, &payments).await;
        let wanted = if arrives { ("540000", vec![("CT-3", "amount-not-by-law, held")]) } else { ("600000", vec![]) };
        assert_eq!(there(&world, "CT-3", "SoTien"), wanted.0, "{arrives}");
        assert_eq!(told(&world, "chi-tra").await, pairs(&wanted.1), "{arrives}");
        world.assert_clean();
    }
}
