//! Data that move while they are listed give no difference.

use std::sync::{Arc, Mutex};

use super::House;

/// Before each page people move to another commune, get another address, are stopped or begin, and all of it is sent and
/// confirmed while the page is on its way.
#[tokio::test]
async fn failure_31_what_moves_while_it_is_listed_is_no_difference() {
    for checksums in [true, false] {
        for mut house in House::on_each("moving", 1_000).await {
            house.world.nation().offer_checksums(checksums);
            house.in_pages_of(100);
            let mut people = house.people();
            super::Dice(7).shuffle(&mut people);
            let world = Arc::downgrade(&house.world);
            let (people, edits) = (Arc::new(people), Arc::new(Mutex::new(0_usize)));
            let counted = Arc::clone(&edits);
            house.meddle(move |nth| {
                let (world, people, edits) = (world.upgrade().unwrap(), Arc::clone(&people), Arc::clone(&edits));
                Box::pin(async move {
                    // Only in the first round.
                    if nth > 12 || (nth == 0 && *edits.lock().unwrap() > 0) {
                        return;
                    }
                    // What is sent behind the count makes communes differ that do not, and so they are listed.
                    let at = usize::try_from(nth).unwrap() * 20;
                    let keys = |from: usize, to: usize| people[at + from..at + to].join("','");
                    let other = people[0].clone();
                    world
                        .local()
                        .execute_batch(&format!(
                            "update doi_tuong set dia_chi = 'Ấp {nth}' where ma_ho_so in ('{}');
                             update doi_tuong set (ma_xa, ma_huyen) = (select ma_xa, ma_huyen from doi_tuong where ma_ho_so = '{other}')
                                where ma_ho_so in ('{}');
                             update doi_tuong set trang_thai = 'Thôi hưởng', ly_do_dung = 'a', ngay_dung = '01/11/2026', so_qd_dung = '12/QĐ',
                                ngay_qd_dung = '02/11/2026', co_quan_qd_dung = 'UBND' where ma_ho_so in ('{}');",
                            keys(0, 6),
                            keys(6, 14),
                            keys(14, 18),
                        ))
                        .unwrap();
                    let outcome = world.sync_released().await.unwrap();
                    assert!(outcome.confirmed >= 10, "{outcome:?}");
                    *edits.lock().unwrap() += usize::try_from(outcome.confirmed).unwrap();
                })
            });
            let found = house.compared(!checksums).await;
            let edits = *counted.lock().unwrap();
            assert!(edits > 100 && found.requests > 10, "{edits} while {found:?}");
            assert_eq!(found.method, if checksums { "digests" } else { "lists" });
            assert!(found.differences.is_empty() && found.incomplete.is_empty(), "{found:?}");
            assert!(house.open().await.is_empty());
            // It was no blindness: now that nothing moves both sides are the same.
            let still = house.compared(true).await;
            assert!(still.differences.is_empty() && still.moving == 0, "{still:?}");
            house.world.assert_clean();
        }
    }
}

/// What waits in the outbox is moving; what a person parked or the brake holds is not: the two sides are compared.
#[tokio::test]
async fn what_the_brake_holds_does_not_hide_a_difference() {
    for house in House::on_each("held by the brake", 400).await {
        let people = house.people();
        let (key, other) = (people[3].clone(), people[9].clone());
        house.world.local().execute_batch("update doi_tuong set dia_chi = 'Ấp Mới'").unwrap();
        let outcome = house.world.sync().await.unwrap();
        assert!(outcome.brake.is_some() && outcome.confirmed == 0, "{outcome:?}");
        house.tamper(&super::changed(&key, &[("ThonTo", "Tổ 99")]));
        house.tamper(&molisa_gateway::sandbox::Tamper { reference: other.clone(), remove: true, ..Default::default() });
        let found = house.compared(true).await;
        let open: Vec<_> = house.open().await.into_keys().map(|(key, kind, _)| (key, kind)).collect();
        let mut expected = vec![(key, "field-differs".to_owned()), (other, "missing-there".to_owned())];
        expected.sort();
        assert_eq!(open, expected, "{found:?}");
    }
}
