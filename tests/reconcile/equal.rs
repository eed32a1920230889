//! Equal data give no difference, by digests and by lists, and cost as few questions as were promised.

use molisa_gateway::reconcile::{Blind, Wanted};
use molisa_gateway::sandbox::{Operation, Tamper};

use super::{House, changed};

#[tokio::test]
async fn failure_31_equal_data_give_nothing_by_digests_and_by_lists() {
    for house in House::on_each("equal data", 1_300).await {
        let found = house.compared(false).await;
        assert_eq!(found.method, "digests");
        assert_eq!((found.communes_differing, found.requests, found.records_listed), (0, 1, 0), "{found:?}");
        assert!(found.communes > 100 && found.agree > 1_200 && found.agree == found.compared, "{found:?}");
        assert!(found.differences.is_empty() && found.incomplete.is_empty(), "{found:?}");
        assert!(found.cannot_see.contains(&Blind::SilentEdits) && found.cannot_see.contains(&Blind::TwoThere));
        assert_eq!(found.exit_code(), 0);

        let full = house.compared(true).await;
        assert_eq!((full.method.as_str(), full.agree, full.agree_otherwise), ("lists", found.agree, 0), "{full:?}");
        assert!(full.differences.is_empty() && full.moving == 0 && full.incomplete.is_empty(), "{full:?}");
        assert!(!full.cannot_see.contains(&Blind::TwoThere) && !full.cannot_see.contains(&Blind::SilentEdits));
        let pages = full.records_listed / 500 + 1;
        assert_eq!(full.requests, 1 + pages, "a count, and each page once: {full:?}");

        house.world.nation().offer_checksums(false);
        let lists = house.compared(false).await;
        assert_eq!((lists.method.as_str(), lists.agree), ("lists", full.agree), "{lists:?}");
        assert!(lists.differences.is_empty(), "{lists:?}");
        assert!(house.open().await.is_empty());
        let report = house.world.nation().report();
        let asked = |operation| report.requests.get(&operation).copied().unwrap_or(0);
        assert_eq!((asked(Operation::Count), asked(Operation::List)), (3, 2 * pages), "counted by the nation itself");
        house.world.assert_clean();
    }
}

/// Keys that every collation orders otherwise, few to a page: none is missed or met twice.
#[tokio::test]
async fn failure_31_keys_are_found_whatever_their_order() {
    let odd = [
        "a", "A", "b", "B", "á", "Á", "ấ", "Ă", "đ", "Đ", "z", "Z", "9", "10", "1", "-a", "_b", "a b", "a'b", "a\"b",
        "é", "ß",
    ];
    let prepare = |world: &crate::support::world::World| {
        for (key, row) in odd.iter().zip(1..) {
            let sql = "update doi_tuong set ma_ho_so = ?1 where rowid = (select rowid from doi_tuong order by rowid limit 1 offset ?2)";
            world.local().execute(sql, (key, row * 7)).unwrap();
        }
    };
    for mut house in House::prepared_on_each("odd keys", 300, prepare).await {
        house.in_pages_of(7);
        let found = house.compared(true).await;
        assert!(found.differences.is_empty() && found.incomplete.is_empty(), "{found:?}");
        assert_eq!(found.agree, house.world.nation().report().records, "{found:?}");
        // Some are held by rules of their own.
        let there: Vec<&str> = odd.into_iter().filter(|key| house.people().iter().any(|there| there == key)).collect();
        assert!(there.len() > 15, "{there:?}");
        for key in &there {
            house.tamper(&changed(key, &[("DiaChi", "Số 1, ấp Khác")]));
        }
        let found = house.compared(false).await;
        let mut open: Vec<String> = house.open().await.into_keys().map(|(key, _, _)| key).collect();
        let mut expected: Vec<String> = there.iter().map(|key| (*key).to_owned()).collect();
        expected.sort();
        open.sort();
        assert_eq!(open, expected, "{found:?}");
    }
}

/// A system that counts without digests, one that does not count at all, and one that lists nothing.
#[tokio::test]
async fn a_system_that_offers_less_is_compared_as_far_as_it_goes() {
    for mut house in House::on_each("less offered", 400).await {
        let key = house.people()[7].clone();
        house.tamper(&changed(&key, &[("DiaChi", "Số 1, ấp Khác")]));
        let whole = std::fs::read_to_string(crate::support::world::mappings().join("misposasoft/system.toml")).unwrap();
        let counts = &whole[whole.find("[count.fields]").unwrap()..whole.find("[list]").unwrap()];
        let without = [("digest = \"MaKiemTra\"", ""), (counts, "")];
        for (nth, change) in without.iter().enumerate() {
            house.use_profile(&[*change]);
            let found = house.compare(&Wanted { dry_run: true, ..Wanted::default() }).await.unwrap();
            assert_eq!((found.method.as_str(), &found.differences["field-differs"]), ("lists", &1), "{nth}: {found:?}");
            assert_eq!(found.requests, [3, 2][nth], "{nth}: {found:?}");
        }
        house.compared(false).await;
        house.use_profile(&[
            ("/misposasoft/1.0/doi-tuong/danh-sach", "/x"),
            ("[entity.doi-tuong.list]", "[entity.doi-tuong.look-up]"),
        ]);
        let found = house.compared(false).await;
        assert_eq!((found.method.as_str(), found.requests), ("none", 0), "{found:?}");
        assert!(found.cannot_see.contains(&Blind::NoList) && house.open().await.len() == 1, "nothing is closed either");
    }
}

/// While some records still stand under the old province's code both are asked, and what stands under it is not missing.
#[tokio::test]
async fn records_under_the_old_provinces_code_are_asked_for_there() {
    for mut house in House::on_each("two provinces", 400).await {
        let people = house.people();
        for key in people.iter().take(30) {
            let province = Some("86".to_owned());
            house.tamper(&Tamper { reference: key.clone(), province, keep_version: true, ..Tamper::default() });
        }
        house.subject.provinces = vec!["87".to_owned(), "86".to_owned()];
        for full in [false, true] {
            let found = house.compared(full).await;
            assert!(found.differences.is_empty() && found.incomplete.is_empty(), "{found:?}");
            assert_eq!(found.agree, people.len() as u64, "{found:?}");
        }
        house.subject.provinces.pop();
        let found = house.compare(&Wanted { dry_run: true, ..Wanted::default() }).await.unwrap();
        assert!(
            !found.incomplete.is_empty() || found.differences["missing-there"] > 0,
            "nobody asked for 86: {found:?}"
        );
    }
}

/// One commune only: the others are left alone, and the output says so.
#[tokio::test]
async fn one_commune_by_itself() {
    for house in House::on_each("one commune", 400).await {
        let people = house.people();
        let (one, other) = (&people[0], &people[300]);
        for key in [one, other] {
            house.tamper(&changed(key, &[("DiaChi", "Số 1, ấp Khác")]));
        }
        let records = house.world.nation().records(None, 1_000);
        let document: serde_json::Value =
            serde_json::from_str(&records.iter().find(|r| r.reference == *one).unwrap().document).unwrap();
        let commune = document["MaXa"].as_str().map(str::to_owned);
        let found = house.compare(&Wanted { commune, ..Wanted::default() }).await.unwrap();
        assert!(found.cannot_see.contains(&Blind::OtherCommunes), "{found:?}");
        assert_eq!(
            house.open().await.into_keys().map(|(key, _, _)| key).collect::<Vec<_>>(),
            std::slice::from_ref(one),
            "{found:?}"
        );
        assert_eq!(found.requests, 3, "{found:?}");
    }
}
