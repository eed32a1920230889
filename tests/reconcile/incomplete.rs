//! A listing that is empty or short is one alarm: nothing is concluded of what is missing in it, and never a deletion.

use molisa_gateway::reconcile::{Blind, Found, Wanted};
use molisa_gateway::sandbox::{Fault, FaultKind, Operation, Tamper};

use super::{House, changed};

const ALARM: &str = "\u{1}listing";

/// The alarm, and besides it only what was open before.
async fn only_the_alarm(house: &House, before: &[(String, String, String)], found: &Found, about: &str) {
    assert!(!found.incomplete.is_empty() && found.cannot_see.contains(&Blind::Missing), "{about}: {found:?}");
    assert_eq!(found.exit_code(), 3);
    let mut open = house.open().await;
    let alarm = open.remove(&(ALARM.to_owned(), "missing-there".to_owned(), String::new()));
    let alarm = alarm.unwrap_or_else(|| panic!("{about}: no alarm, but {:?}", open.keys()));
    assert_eq!(alarm.reason, "incomplete-listing", "{about}");
    assert_eq!(open.into_keys().collect::<Vec<_>>(), before, "{about}: {found:?}");
}

#[tokio::test]
async fn failure_17_a_short_or_empty_listing_is_one_alarm_and_closes_nothing() {
    for house in House::on_each("short listings", 1_300).await {
        // One thing is open before: a short listing must not close it.
        let people = house.people();
        house.tamper(&Tamper { reference: people[700].clone(), remove: true, ..Tamper::default() });
        house.tamper(&changed(&people[20], &[("DiaChi", "Số 1, ấp Khác")]));
        house.compared(false).await;
        let before: Vec<_> = house.open().await.into_keys().collect();
        assert_eq!(before.len(), 2);
        let records = house.world.nation().report().records;
        let effects = house.world.nation().report().effects;

        for fault in [FaultKind::EmptyPage, FaultKind::ShortPage] {
            for checksums in [true, false] {
                house.world.nation().offer_checksums(checksums);
                house.world.nation().add_fault(Fault::new(Operation::List, fault).times(1_000)).unwrap();
                let found = house.compared(false).await;
                house.world.nation().clear_faults();
                only_the_alarm(&house, &before, &found, &format!("{fault:?}, checksums {checksums}")).await;
            }
        }
        // The nation tells of more than it shows.
        house.world.nation().add_fault(Fault::new(Operation::List, FaultKind::WrongTotal).times(1_000)).unwrap();
        let found = house.compared(true).await;
        house.world.nation().clear_faults();
        only_the_alarm(&house, &before, &found, "total").await;
        let report = house.world.nation().report();
        assert_eq!((report.records, report.effects), (records, effects), "nothing was deleted or sent there");

        // A round that lists all of it takes the alarm back.
        let well = house.compared(true).await;
        assert!(well.incomplete.is_empty(), "{well:?}");
        assert_eq!(house.open().await.into_keys().collect::<Vec<_>>(), before);
    }
}

#[tokio::test]
async fn so_much_is_missing_that_it_is_the_listing_until_a_person_says_that_it_is_real() {
    for house in House::on_each("a quarter missing", 600).await {
        let people = house.people();
        let quarter: Vec<&String> = people.iter().step_by(4).collect();
        for key in &quarter {
            house.tamper(&Tamper { reference: (*key).clone(), remove: true, ..Tamper::default() });
        }
        let found = house.compared(true).await;
        only_the_alarm(&house, &[], &found, "a quarter").await;

        let wanted = Wanted { full: true, as_it_is: true, dry_run: true, ..Wanted::default() };
        let dry = house.compare(&wanted).await.unwrap();
        assert_eq!(dry.differences["missing-there"], quarter.len() as u64, "{dry:?}");
        assert_eq!(house.open().await.len(), 1, "only looked");

        let real = house.compare(&Wanted { dry_run: false, ..wanted }).await.unwrap();
        assert!(real.incomplete.is_empty(), "{real:?}");
        let open: Vec<String> = house.open().await.into_keys().map(|(key, _, _)| key).collect();
        assert_eq!(open.len(), quarter.len(), "each of them, and the alarm is over");
        assert!(quarter.iter().all(|key| open.contains(key)));
    }
}

/// A nation that builds its index anew shows a little less of every commune, or nothing at all of what is little.
#[tokio::test]
async fn a_little_missing_of_every_commune_is_one_alarm_and_so_is_all_of_a_few() {
    for (rows, each) in [(600, 3), (15, 1)] {
        for house in House::on_each("a little of every commune", rows).await {
            for key in house.people().iter().step_by(each) {
                house.tamper(&Tamper { reference: key.clone(), remove: true, ..Tamper::default() });
            }
            for full in [false, true] {
                let found = house.compared(full).await;
                only_the_alarm(&house, &[], &found, &format!("{rows} rows, full {full}")).await;
                assert_eq!(found.sent_again, 0, "{found:?}");
            }
        }
    }
}

/// A record that moved there is missing in its old commune only.
#[tokio::test]
async fn one_commune_alone_says_nothing_of_a_record_that_stands_in_another() {
    for house in House::on_each("one commune alone", 400).await {
        let people = house.people();
        let unit = |key: &str| -> (String, String) {
            let of = "select ma_huyen, ma_xa from doi_tuong where ma_ho_so = ?1";
            house.world.local().query_row(of, [key], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
        };
        let (key, (_, old)) = (&people[3], unit(&people[3]));
        let (district, new) = people.iter().map(|other| unit(other)).find(|(_, other)| *other != old).unwrap();
        house.tamper(&changed(key, &[("MaHuyen", &district), ("MaXa", &new)]));
        let wanted = Wanted { commune: Some(old), ..Wanted::default() };
        let found = house.compare(&wanted).await.unwrap();
        assert!(found.cannot_see.contains(&Blind::OtherCommunes), "{found:?}");
        assert_eq!(house.open().await.into_keys().collect::<Vec<_>>(), [], "{found:?}");
        // One that is nowhere is found by the same question.
        house.tamper(&Tamper { reference: key.clone(), remove: true, ..Tamper::default() });
        let found = house.compare(&wanted).await.unwrap();
        let missing = (key.clone(), "missing-there".to_owned(), String::new());
        assert_eq!(house.open().await.into_keys().collect::<Vec<_>>(), [missing], "{found:?}");
    }
}
