//! A round that is stopped or killed goes on where it was.

use std::sync::Arc;

use molisa_gateway::reconcile::{ReconcileError, Wanted};
use molisa_gateway::sandbox::{Operation, Tamper};
use tokio_util::sync::CancellationToken;

use super::{House, changed, subject};
use crate::support::world::Doomed;

/// Differences in the first and in the last page; how many.
fn differ(house: &House) -> usize {
    let people = house.people();
    for key in [&people[1], &people[people.len() - 2]] {
        house.tamper(&changed(key, &[("DiaChi", "Số 1, ấp Khác")]));
    }
    house.tamper(&Tamper { reference: people[people.len() / 2].clone(), remove: true, ..Tamper::default() });
    3
}

#[tokio::test]
async fn failure_11_a_round_that_was_stopped_goes_on_at_its_page() {
    for mut house in House::on_each("stopped", 400).await {
        let differences = differ(&house);
        house.in_pages_of(10);
        let stop = CancellationToken::new();
        let cancel = stop.clone();
        house.meddle(move |nth| {
            if nth == 20 {
                cancel.cancel();
            }
            Box::pin(async {})
        });
        let wanted = Wanted { full: true, resume: true, ..Wanted::default() };
        let run =
            molisa_gateway::reconcile::run(&house.world.store, &house.subject, &*house.world.hands, &wanted, &stop);
        let stopped = Box::pin(run).await;
        assert!(matches!(stopped, Err(ReconcileError::Stopped)), "{stopped:?}");
        assert!(house.open().await.is_empty(), "nothing is concluded of half a listing");
        let found = house.compare(&wanted).await.unwrap();
        assert!(found.resumed, "{found:?}");
        assert_eq!(house.open().await.len(), differences, "{found:?}");
        let pages = house.world.nation().report().records / 10 + 1;
        let second = found.requests - 1 - pages;
        assert!(second <= 3, "{found:?}");
        assert!(house.lists() <= pages + second + 1, "{} of {pages}: {found:?}", house.lists());
    }
}

#[tokio::test]
async fn failure_11_a_round_that_is_killed_anywhere_goes_on_and_finds_the_same() {
    for mut house in House::on_each("killed", 300).await {
        let differences = differ(&house);
        house.in_pages_of(20);
        let wanted = Wanted { full: true, resume: true, ..Wanted::default() };
        // Where it dies: after so many lists, and so many polls more.
        for (lists, polls) in [(1, 0), (3, 1), (6, 3), (9, 2), (14, 5), (16, 0), (17, 7), (18, 30)] {
            let seen = house.world.seen(Operation::List, lists);
            let stop = CancellationToken::new();
            let run = Box::pin(molisa_gateway::reconcile::run(
                &house.world.store,
                &house.subject,
                &*house.world.hands,
                &wanted,
                &stop,
            ));
            let died = Doomed::from(seen, polls, run).await.is_none();
            if died {
                let system = Arc::clone(&house.subject.system);
                Arc::get_mut(&mut house.world).unwrap().restart().await;
                house.subject = subject(&house.world);
                house.subject.system = system;
            }
        }
        let found = house.compare(&wanted).await.unwrap();
        assert_eq!(house.open().await.len(), differences, "{found:?}");
        let pages = house.world.nation().report().records / 20 + 1;
        assert!(
            house.lists() <= 2 * (pages + 3) + 8,
            "each death costs one page at most: {} of {pages}",
            house.lists()
        );
        let twice = house.open().await.values().filter(|one| one.occurrences > 2).count();
        assert_eq!(twice, 0);
        house.world.assert_clean();
    }
}
