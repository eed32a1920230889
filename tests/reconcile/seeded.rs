//! What differs is found, with its kind and its cause, and nothing else is.

use std::collections::BTreeMap;

use molisa_gateway::reconcile::Blind;
use molisa_gateway::sandbox::Tamper;

use super::{Dice, House, changed, set};

/// Begins the keys that nobody sent.
const STRANGER: &str = "KHONG-AI-GUI-";

/// Key, kind and place → reason.
type Expected = BTreeMap<(String, String, String), String>;

#[tokio::test]
async fn one_difference_of_each_kind_is_found_by_the_communes_that_differ() {
    for house in House::on_each("one of each", 1_300).await {
        let people = house.people();
        let key = |nth: usize| people[nth * 40].clone();
        house.tamper(&Tamper { reference: key(0), remove: true, ..Tamper::default() });
        house.tamper(&changed(&key(1), &[("DiaChi", "Số 1, ấp Bình Hòa")]));
        house.tamper(&stranger("KHONG-AI-GUI-1", &key(2), 1));
        let found = house.compared(false).await;
        assert_eq!((found.method.as_str(), found.communes_differing), ("digests", 3), "{found:?}");
        let open: Vec<_> = house.open().await.into_keys().collect();
        let mut expected = [
            ("KHONG-AI-GUI-1".to_owned(), "missing-here".to_owned(), String::new()),
            (key(0), "missing-there".to_owned(), String::new()),
            (key(1), "field-differs".to_owned(), "DiaChi".to_owned()),
        ];
        expected.sort();
        assert_eq!(open, expected, "{found:?}");
        assert_eq!(found.requests, 1 + 3 + 3, "a count, and each commune twice: {found:?}");
        assert_eq!(found.exit_code(), 3);

        // No second row, whatever was decided by the file meanwhile.
        house.compared(false).await;
        assert_eq!(house.open().await.len(), 3);

        // What nobody sent is gone there: it closes by itself.
        house.tamper(&Tamper { reference: "KHONG-AI-GUI-1".into(), remove: true, ..Tamper::default() });
        let less = house.compared(false).await;
        assert_eq!(less.differences.get("missing-here"), None, "{less:?}");
        assert_eq!(house.open().await.len(), 2);
    }
}

/// The nation has one person twice: only a complete listing can tell, and says so where it cannot.
#[tokio::test]
async fn two_running_records_of_one_person_are_found_by_a_complete_listing_and_closed_by_another() {
    for house in House::on_each("two there", 300).await {
        let records = house.world.nation().records(None, 1_000);
        let with_card = |record: &&molisa_gateway::sandbox::RecordView| {
            let document: serde_json::Value = serde_json::from_str(&record.document).unwrap();
            document["LoaiGiayTo"] == "CCCD" && record.state == "DANG_HUONG" && document["NhomDoiTuong"] == "5.5a"
        };
        let key = records.iter().find(with_card).unwrap().reference.clone();
        let other = format!("{STRANGER}2");
        house.tamper(&Tamper { reference: other.clone(), like: Some(key.clone()), ..Tamper::default() });
        let pair = (key.clone(), "two-there".to_owned(), other.clone());
        let found = house.compared(false).await;
        assert!(found.cannot_see.contains(&Blind::TwoThere) && !house.open().await.contains_key(&pair), "{found:?}");
        let found = house.compared(true).await;
        assert_eq!(found.differences["two-there"], 1, "{found:?}");
        assert_eq!(house.open().await[&pair].reason, "several-there");
        assert_eq!(house.open().await.len(), 2, "and the record that is not ours");

        house.tamper(&Tamper { reference: other, remove: true, ..Tamper::default() });
        let found = house.compared(true).await;
        assert!(found.differences.is_empty() && house.open().await.is_empty(), "{found:?}");
    }
}

/// A record that nobody sent, of somebody whom nobody knows.
fn stranger(key: &str, like: &str, nth: usize) -> Tamper {
    let number = format!("0871990{nth:05}");
    Tamper {
        reference: key.to_owned(),
        like: Some(like.to_owned()),
        set: set(&[("LoaiGiayTo", "CCCD"), ("SoGiayTo", &number), ("MaDinhDanhCu", "")]),
        ..Tamper::default()
    }
}

/// Makes differences of every kind, each at other people.
fn seed(house: &House, dice: &mut Dice, round: usize, some: usize, but: &Expected) -> Expected {
    let mut expected = Expected::new();
    // Everybody once: what was decided by the file goes again, and is left alone until then.
    let met: std::collections::HashSet<&String> = but.keys().map(|(key, _, _)| key).collect();
    let fresh = |key: &String| !met.contains(key) && !key.starts_with(STRANGER);
    let mut people: Vec<String> = house.people().into_iter().filter(fresh).collect();
    dice.shuffle(&mut people);
    let mut people = people.into_iter();
    let mut next = || people.next().unwrap();
    let mut expect = |key: &str, kind: &str, place: &str, reason: &str| {
        let row = (key.to_owned(), kind.to_owned(), place.to_owned());
        assert!(expected.insert(row, reason.to_owned()).is_none(), "two of one");
    };
    for nth in 0..some {
        let key = next();
        house.tamper(&Tamper { reference: key.clone(), remove: true, ..Tamper::default() });
        expect(&key, "missing-there", "", "not-there");

        let key = next();
        house.tamper(&changed(&key, &[("DiaChi", &format!("Số {nth}, ấp Mới {round}"))]));
        expect(&key, "field-differs", "DiaChi", "");

        // Two fields of one person.
        let key = next();
        house.tamper(&changed(
            &key,
            &[("DiaChi", &format!("Số {nth}, ấp Hai {round}")), ("ThonTo", &format!("Tổ {nth}-{round}"))],
        ));
        expect(&key, "field-differs", "DiaChi", "");
        expect(&key, "field-differs", "ThonTo", "");

        // An edit that leaves the version alone.
        let key = next();
        let edit = changed(&key, &[("ThonTo", &format!("Tổ lặng {nth}-{round}"))]);
        house.tamper(&Tamper { keep_version: true, ..edit });
        expect(&key, "field-differs", "ThonTo", "");

        let key = next();
        let stop = set(&[("NgayDung", "01/11/2026"), ("SoQuyetDinh", "1/QĐ"), ("LyDoDung", "a")]);
        house.tamper(&Tamper { reference: key.clone(), stop: Some(stop), ..Tamper::default() });
        expect(&key, "field-differs", "stopped", "stopped-there");

        let key = format!("{STRANGER}{round}-{nth}");
        house.tamper(&stranger(&key, &next(), round * 10_000 + nth));
        expect(&key, "missing-here", "", "unknown-here");
    }
    expected
}

/// Some people are stopped here, with success, and run again there.
async fn stops_undone(house: &House, some: usize) -> Expected {
    let people: Vec<String> = house.people().into_iter().take(some).collect();
    let keys = people.join("','");
    let stop = format!(
        "update doi_tuong set trang_thai = 'Thôi hưởng', ly_do_dung = 'a', ngay_dung = '01/11/2026', so_qd_dung = '12/QĐ', \
         ngay_qd_dung = '02/11/2026', co_quan_qd_dung = 'UBND' where ma_ho_so in ('{keys}')"
    );
    house.world.local().execute_batch(&stop).unwrap();
    let outcome = house.world.sync_released().await.unwrap();
    assert_eq!(outcome.stopped, some as u64, "{outcome:?}");
    let mut expected = Expected::new();
    for key in people {
        house.tamper(&Tamper { reference: key.clone(), run: true, ..Tamper::default() });
        expected.insert((key, "status-back".to_owned(), String::new()), "stop-undone".to_owned());
    }
    expected
}

/// Round upon round of seeded differences, the stops by digests: each is found with its kind, and nothing else is.
/// Thousands of every kind: [`super::every_kind`].
#[tokio::test]
async fn failure_31_every_seeded_difference_is_found_and_nothing_else() {
    for house in House::on_each("seeded", 1_800).await {
        let mut dice = Dice(31);
        let mut expected = stops_undone(&house, 50).await;
        // Here a digest suffices: nothing was edited in silence.
        let found = house.compared(false).await;
        check(&house, &expected, "stops").await;
        assert_eq!(found.differences["status-back"], 50, "{found:?}");
        for round in 0..3 {
            let fresh = seed(&house, &mut dice, round, 40, &expected);
            expected.extend(fresh);
            let found = house.compared(true).await;
            check(&house, &expected, &format!("round {round}: {found:?}")).await;
            assert!(found.incomplete.is_empty(), "{found:?}");
        }
        assert!(expected.len() > 600, "{}", expected.len());
        house.world.assert_clean();
    }
}

async fn check(house: &House, expected: &Expected, about: &str) {
    let open = house.open().await;
    let missed: Vec<_> = expected.keys().filter(|row| !open.contains_key(*row)).collect();
    let invented: Vec<_> = open.keys().filter(|row| !expected.contains_key(*row)).collect();
    assert!(missed.is_empty(), "{about}: {} missed: {:?}", missed.len(), &missed[..missed.len().min(5)]);
    assert!(invented.is_empty(), "{about}: {} invented: {:?}", invented.len(), &invented[..invented.len().min(5)]);
    for (row, reason) in expected.iter().filter(|(_, reason)| !reason.is_empty()) {
        assert_eq!(&open[row].reason, reason, "{row:?}");
    }
}
