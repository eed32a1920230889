//! One payment a record and month: the later of two is held before anything of it goes out, whoever it is paid to.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::sync::Arc;

use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::Action;
use molisa_gateway::run::{Outcome, Stream, plan};
use molisa_gateway::store::Place;
use secrecy::SecretString;

use super::crossed::{ONE, OTHER, change, draws, empty, held, is_paid, open, pairs, run, stream, there, told};
use crate::support::databases::{Database, Server};
use crate::support::world::{World, mappings};

const TWICE: [(&str, u64); 1] = [("double-benefit", 1)];

/// A house that pays, with two people who draw.
async fn paying(place: Option<Place>) -> (World, Stream) {
    let world = empty(place).await;
    draws(&world, "A", ONE, "5.5c", &[]);
    draws(&world, "B", OTHER, "5.5c", &[]);
    run(&world, &world.stream).await;
    let payments = stream(&world, "chi-tra").await;
    (world, payments)
}

async fn is_there(world: &World, key: &str) -> bool {
    there(world, "chi-tra", key).await.is_some()
}

/// The nation takes the second only once the first has left its month.
async fn lets_go(world: &World, payments: &Stream, key: &str) -> Outcome {
    run(world, payments).await;
    let last = run(world, payments).await;
    assert!(is_there(world, key).await, "{key}");
    assert_eq!(told(world, "chi-tra").await, []);
    world.assert_clean();
    last
}

async fn two_of_a_month(place: Option<Place>) {
    let (world, payments) = paying(place).await;
    is_paid(&world, "CT-1", ONE, "A", "202611");
    is_paid(&world, "CT-2", ONE, "A", "202611");
    is_paid(&world, "CT-3", ONE, "A", "202610");
    is_paid(&world, "CT-4", OTHER, "B", "202611");
    let first = run(&world, &payments).await;
    assert_eq!((first.confirmed, held(&first)), (3, TWICE.to_vec()), "{first:?}");
    let both = pairs(&[("CT-1", "double-benefit"), ("CT-2", "double-benefit, held")]);
    assert_eq!(told(&world, "chi-tra").await, both);
    let open = open(&world.store, "chi-tra").await;
    let second = open.iter().find(|m| m.key == "CT-2").unwrap();
    assert_eq!((second.field.as_str(), second.value.as_str()), ("Ky", "202611"));
    assert!(second.detail.contains("chi-tra, CT-1."), "{}", second.detail);
    let again = run(&world, &payments).await;
    assert_eq!((held(&again), again.unchanged), (vec![], 4), "nothing changed");
    // It was another month's.
    change(&world, "chi_tra", "CT-2", "ky = '202609'");
    assert_eq!(run(&world, &payments).await.confirmed, 1);
    assert_eq!(told(&world, "chi-tra").await, []);
    // The one that comes is the later one, whatever its key.
    is_paid(&world, "CT-0", ONE, "A", "202611");
    assert_eq!(held(&run(&world, &payments).await), TWICE);
    assert_eq!((is_there(&world, "CT-0").await, is_there(&world, "CT-1").await), (false, true));
    world.assert_clean();
    // The first was an error and is withdrawn.
    change(&world, "chi_tra", "CT-1", "ngay_dung = '2026-11-20', ly_do_dung = 'ghi nhầm'");
    lets_go(&world, &payments, "CT-0").await;
    assert_eq!(there(&world, "chi-tra", "CT-1").await, Some(Action::Stop));
}

#[tokio::test]
async fn of_two_payments_of_a_month_the_later_is_held_until_the_first_makes_room() {
    two_of_a_month(None).await;
}

#[tokio::test]
async fn a_store_on_a_server_pays_once_too() {
    let Some(server) = Database::fresh(Server::Postgres, "paid_twice").await else { return };
    two_of_a_month(Some(Place::Postgres(SecretString::from(server.url.clone())))).await;
}

#[tokio::test]
async fn a_first_one_that_is_corrected_lets_the_second_go() {
    let (world, payments) = paying(None).await;
    is_paid(&world, "CT-2", ONE, "A", "202611");
    run(&world, &payments).await;
    // Judged before the one that makes room, and after it.
    for key in ["CT-1", "CT-3"] {
        is_paid(&world, key, ONE, "A", "202611");
        assert_eq!(held(&run(&world, &payments).await), TWICE);
        change(&world, "chi_tra", "CT-2", "ky = '202610'");
        lets_go(&world, &payments, key).await;
        change(&world, "chi_tra", key, "ky = '202609', ma_ho_so_doi_tuong = ma_ho_so");
        run(&world, &payments).await;
        change(&world, "chi_tra", "CT-2", "ky = '202611'");
        run(&world, &payments).await;
    }
    world.assert_clean();
}

#[tokio::test]
async fn money_that_came_back_leaves_its_record_in_the_month() {
    let (world, payments) = paying(None).await;
    is_paid(&world, "CT-1", ONE, "A", "202611");
    change(&world, "chi_tra", "CT-1", "ket_qua_chi = 'Trả lại'");
    run(&world, &payments).await;
    is_paid(&world, "CT-2", ONE, "A", "202611");
    assert_eq!(held(&run(&world, &payments).await), TWICE);
    let both = pairs(&[("CT-1", "double-benefit"), ("CT-2", "double-benefit, held")]);
    assert_eq!(told(&world, "chi-tra").await, both);
    world.assert_clean();
}

#[tokio::test]
async fn the_legal_double_is_paid_for_both_records_and_nobody_needs_a_number_to_be_paid_once() {
    let world = empty(None).await;
    let payments = stream(&world, "chi-tra").await;
    draws(&world, "A", ONE, "5.4", &[]);
    draws(&world, "B", ONE, "5.5c", &[]);
    draws(&world, "C", "", "5.5c", &[]);
    assert_eq!(run(&world, &world.stream).await.confirmed, 3);
    is_paid(&world, "CT-1", ONE, "A", "202611");
    is_paid(&world, "CT-2", ONE, "B", "202611");
    is_paid(&world, "CT-3", "", "C", "202611");
    is_paid(&world, "CT-4", "", "C", "202611");
    let paid = run(&world, &payments).await;
    assert_eq!((paid.confirmed, held(&paid)), (3, TWICE.to_vec()), "{paid:?}");
    assert!(!is_there(&world, "CT-4").await);
    world.assert_clean();
}

#[tokio::test]
async fn two_lists_of_one_system_pay_once_and_two_systems_each() {
    let (world, payments) = paying(None).await;
    let another = Stream { name: "chi-tra-2".into(), ..stream(&world, "chi-tra").await };
    let (elsewhere, _wire) = world.second_stream().await;
    let elsewhere = Stream { name: "second".into(), system: elsewhere.system, ..stream(&world, "chi-tra").await };
    is_paid(&world, "CT-1", ONE, "A", "202611");
    assert_eq!(run(&world, &payments).await.confirmed, 1);
    world.local().execute("update chi_tra set ma_ho_so = 'CT-9'", []).unwrap();
    assert_eq!(held(&run(&world, &another).await), TWICE);
    assert_eq!(run(&world, &elsewhere).await.confirmed, 1);
    world.assert_clean();
}

/// The stream of payments as it was before anybody wrote that a month is paid once.
async fn without_the_rule(world: &World) -> Stream {
    let folder = world.dir.path().join("before");
    for part in ["codes", "misposasoft"] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
        for file in std::fs::read_dir(mappings().join(part)).unwrap().flatten().filter(|f| f.path().is_file()) {
            std::fs::copy(file.path(), folder.join(part).join(file.file_name())).unwrap();
        }
    }
    let file = folder.join("codes/cross.toml");
    let rules = std::fs::read_to_string(&file).unwrap();
    let kept: Vec<&str> =
        rules.split("\n\n").filter(|block| !block.contains("other = { programme = \"payment\"")).collect();
    assert!(kept.len() < rules.split("\n\n").count(), "there is such a rule");
    std::fs::write(&file, kept.join("\n\n")).unwrap();
    let mapping = Arc::new(Mapping::load(&folder, "misposasoft", "chi-tra").unwrap());
    Stream { mapping, ..stream(world, "chi-tra").await }
}

#[tokio::test]
async fn two_that_went_before_the_rule_was_written_are_told() {
    let (world, payments) = paying(None).await;
    is_paid(&world, "CT-1", ONE, "A", "202611");
    is_paid(&world, "CT-2", ONE, "A", "202611");
    is_paid(&world, "CT-3", ONE, "A", "202610");
    let before = run(&world, &without_the_rule(&world).await).await;
    assert_eq!((before.confirmed, before.refused.get("TRUNG")), (2, Some(&1)), "the nation alone stood in the way");
    run(&world, &payments).await;
    let mut told = told(&world, "chi-tra").await;
    told.retain(|(_, kind)| kind == "double-benefit");
    assert_eq!(told, pairs(&[("CT-1", "double-benefit"), ("CT-2", "double-benefit")]));
}

#[tokio::test]
async fn a_plan_holds_the_same_in_one_scan() {
    let (world, payments) = paying(None).await;
    for at in 0..40 {
        is_paid(&world, &format!("CT-{at:02}"), ONE, &format!("X{}", at / 2), "202611");
    }
    let planned = plan(&world.store, &payments, &*world.hands).await.unwrap();
    assert_eq!((planned.sends.new, planned.held.get("double-benefit")), (20, Some(&20)), "{planned:?}");
    let paid = run(&world, &payments).await;
    assert_eq!((paid.confirmed, paid.held.get("double-benefit")), (20, Some(&20)));
    world.assert_clean();
}
