//! What is a version and what is not.

use std::sync::Arc;

use molisa_gateway::delta::Class;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{Action, ContentHash, Lane};
use molisa_gateway::store::{outbox, runs};
use serde_json::json;

use crate::support::inbox::{Office, before, body};
use crate::support::world::mappings;

/// The province sends these statuses of a number, as its streams do.
async fn send(office: &Office, number: &str, statuses: &[&str]) {
    let mut tx = office.store.write().await.unwrap();
    let (stream, _) = runs::stream(&mut tx, "buoc", "dvcbtxh", "buoc-xu-ly").await.unwrap();
    let run = runs::begin(&mut tx, stream, false, office.now()).await.unwrap();
    let draft = |status: &&str| outbox::Draft {
        key: format!("{number}-{status}"),
        action: Action::Write,
        version: ContentHash::of("GHI", status),
        payload: "{}".into(),
        unit: String::new(),
        class: Class::New,
        lane: Some(Lane { name: number.into(), at: "20261124090000".into(), status: (*status).into() }),
    };
    let drafts: Vec<_> = statuses.iter().map(draft).collect();
    outbox::add(&mut tx, stream, run, true, &drafts).await.unwrap();
    tx.commit().await.unwrap();
    office.run_sql("update outbox set state = 'sent'").await;
}

#[tokio::test]
async fn an_application_is_kept_once_however_often_and_however_spelt_it_comes() {
    for office in Office::on_each("intake::versions").await {
        office.portal.file(before(30), body("H20.14-261124-0001", "30001", "1"));
        assert_eq!(office.pull().await.received.applications, 1);
        // Read again by the overlap; then mis-cased, in another order, a number for a text, with blanks and NFD.
        let told = office.pull().await.received;
        assert_eq!((told.versions, told.repeated), (0, 1));
        let odd = json!({ "STATUSID": 1, "maxa": "30001 ", "HOVATEN": "Nguye\u{302}\u{303}n Văn An", "email": null,
            "MaTthc": "1.001776.000.00.00.H20", "MAHOSO": "H20.14-261124-0001" });
        office.portal.file(before(20), odd.clone());
        office.portal.file(before(20), odd);
        let told = office.pull().await.received;
        assert_eq!((told.items, told.versions, told.repeated), (3, 0, 3));
        assert_eq!(office.versions().await, ["H20.14-261124-0001/1 ready"]);
        assert_eq!(office.texts("select cast(seen as text) from application").await, ["5"]);
        assert_eq!(office.texts("select procedure || ' ' || unit from application").await, ["1.001776 30001"]);
    }
}

#[tokio::test]
async fn another_body_is_a_version_with_its_differences_and_the_first_body_again_is_none() {
    for office in Office::on_each("intake::versions").await {
        office.portal.file(before(30), body("A", "30001", "1"));
        office.pull().await;
        let mut changed = body("A", "30002", "1");
        changed["email"] = "an@example.vn".into();
        *office.portal.book.lock().unwrap() = vec![(before(20), changed)];
        let told = office.pull().await.received;
        assert_eq!((told.applications, told.versions), (0, 1));
        *office.portal.book.lock().unwrap() = vec![(before(10), body("A", "30001", "1"))];
        let told = office.pull().await.received;
        assert_eq!((told.versions, told.repeated), (0, 1), "A, B, A");
        assert_eq!(office.versions().await, ["A/1 ready", "A/2 ready"]);
        let differences = office.texts("select differences from application_version order by version").await;
        assert_eq!(differences[0], "[]");
        assert_eq!(
            differences[1],
            r#"[{"field":"email","before":"","now":"an@example.vn"},{"field":"maxa","before":"30001","now":"30002"}]"#
        );
        assert_eq!(office.texts("select unit from application").await, ["30002"], "the newest version's");
    }
}

#[tokio::test]
async fn two_bodies_of_one_number_in_one_answer_are_two_versions() {
    for office in Office::on_each("intake::versions").await {
        for commune in ["30001", "30002", "30001"] {
            office.portal.file(before(30), body("A", commune, "1"));
        }
        let told = office.pull().await.received;
        assert_eq!((told.applications, told.versions, told.repeated), (1, 2, 1));
        assert_eq!(office.versions().await, ["A/1 ready", "A/2 ready"]);
    }
}

#[tokio::test]
async fn our_own_status_coming_back_is_an_echo_and_a_withdrawal_is_a_version() {
    for office in Office::on_each("intake::versions").await {
        for number in ["A", "B"] {
            office.portal.file(before(30), body(number, "30001", "1"));
        }
        office.pull().await;
        send(&office, "A", &["2", "4"]).await;
        *office.portal.book.lock().unwrap() = vec![
            (before(20), body("A", "30001", "4")),
            // Nobody sent anything for this one: the portal itself, or the citizen, changed it.
            (before(20), body("B", "30001", "4")),
        ];
        for _ in 0..3 {
            office.pull().await;
        }
        assert_eq!(office.versions().await, ["A/1 ready", "B/1 ready", "B/2 ready"]);
        assert_eq!(office.texts("select cast(echoes as text) from application order by number").await, ["3", "0"]);
        assert_eq!(office.status().await, ["4", "4"]);
        // The citizen withdraws; and a correction with a status of ours is still a correction.
        *office.portal.book.lock().unwrap() =
            vec![(before(10), body("A", "30001", "7")), (before(10), body("A", "30002", "4"))];
        let told = office.pull().await.received;
        assert_eq!((told.versions, told.echoes), (2, 0));
        assert_eq!(office.versions().await.len(), 5);
    }
}

/// Routed while the portal named an unknown commune; then the citizen corrects it, and comes back with the unknown one.
#[tokio::test]
async fn a_decision_is_laid_over_what_it_was_made_for_and_over_no_correction() {
    for office in Office::on_each("intake::versions").await {
        office.portal.file(before(30), body("A", "99999", "1"));
        office.pull().await;
        office.decide("A", &[("MAXA", "30001")]).await;
        office.portal.file(before(20), body("A", "30002", "1"));
        let mut back = body("A", "99999", "1");
        back["email"] = "an@example.vn".into();
        office.portal.file(before(10), back);
        office.pull().await;
        let communes = office.texts("select record from application_version order by version").await;
        let of = |record: &String| serde_json::from_str::<serde_json::Value>(record).unwrap()["ma_xa"].clone();
        assert_eq!(communes.iter().map(of).collect::<Vec<_>>(), ["30001", "30002", "30001"]);
        // A person may decide again over the same word, and what was decided before all this counts as it did.
        office.decide("A", &[("MaXa", "30002")]).await;
        office.pull().await;
        let communes = office.texts("select record from application_version order by version").await;
        assert_eq!(communes.iter().map(of).collect::<Vec<_>>(), ["30002", "30002", "30002"]);
        office
            .run_sql(
                "insert into application_decision (application_id, at_ms, who, reason, values_json) \
                 select id, 1, '', '', '{\"MaXa\":\"30001\"}' from application",
            )
            .await;
        office.run_sql("update application_version set judged_by = hash").await;
        office.pull().await;
        let communes = office.texts("select record from application_version order by version").await;
        assert_eq!(communes.iter().map(of).collect::<Vec<_>>(), ["30001", "30001", "30001"]);
    }
}

/// Nobody was looked for is not the same as nobody is there; and it is looked again whenever it is judged again.
#[tokio::test]
async fn who_the_applicant_may_be_is_looked_up_again_with_every_judgement() {
    for mut office in Office::on_each("intake::versions").await {
        let mut application = body("A", "30001", "1");
        application["ngayThangNamSinh"] = "1941-03-05T00:00:00".into();
        office.portal.file(before(30), application);
        office.pull().await;
        assert_eq!(office.texts("select matches from application").await, ["null"], "the mapping knows no person");
        let shipped = Mapping::load(&mappings(), "dvcbtxh", "tiep-nhan").unwrap_or_else(|faults| panic!("{faults}"));
        office.intake.mapping = Arc::new(shipped);
        assert_eq!(office.pull().await.judged_again, 1);
        assert_eq!(office.texts("select matches from application").await, ["[]"], "looked for, and not found");
    }
}

/// The portal's bytes were no letters: a person reads the paper, and lays the name over it.
#[tokio::test]
async fn a_damaged_value_goes_to_a_person() {
    for office in Office::on_each("intake::versions").await {
        let mut damaged = body("A", "30001", "1");
        damaged["hoVaTen"] = "Nguy\u{fffd}n Văn An".into();
        office.portal.file(before(30), damaged);
        office.pull().await;
        assert_eq!(office.versions().await, ["A/1 to-be-routed"]);
        assert_eq!(office.texts("select record from application_version").await, [""]);
        assert!(office.texts("select complaints from application_version").await[0].contains("bad-value"));
        office.decide("A", &[("HoVaTen", "Nguyễn Văn An")]).await;
        office.pull().await;
        assert_eq!(office.versions().await, ["A/1 ready"]);
    }
}

/// Noted whether or not files are fetched; what is too much to be noted is told with its count.
#[tokio::test]
async fn files_are_noted_before_anybody_fetches_them_and_none_is_dropped_in_silence() {
    let office = Office::new().await;
    assert!(office.intake.files.is_none());
    let files: Vec<_> =
        (0..1003).map(|at| json!({ "TenTepDinhKem": "a", "DuongDanTaiTepTin": format!("/tep/{at}") })).collect();
    let mut application = body("A", "30001", "1");
    application["certificateExtentData"] = json!({ "DanhSachTaiLieuNop": files });
    office.portal.file(before(30), application);
    office.pull().await;
    assert_eq!(office.texts("select cast(count(*) as text) from attachment where state = 'wanted'").await, ["1000"]);
    let rest = office.texts("select address || ' ' || why from attachment where state = 'refused'").await;
    assert!(rest.len() == 1 && rest[0].starts_with("…+3 ") && rest[0].contains("1000"), "{rest:?}");
}

#[tokio::test]
async fn what_lacks_a_commune_or_a_number_is_kept_for_a_person_and_a_decision_makes_it_ready() {
    for mut office in Office::on_each("intake::versions").await {
        office.portal.file(before(30), body("A", "99999", "1"));
        office.portal.file(before(30), json!({ "hoVaTen": "Không Số" }));
        office.portal.file(before(30), json!(["không phải hồ sơ"]));
        office.portal.file(before(30), body("B", "30001", "1"));
        let taken = office.pull().await;
        assert_eq!((taken.received.applications, taken.received.to_be_routed), (4, 3));
        assert_eq!((taken.inbox.to_be_routed, taken.inbox.waiting, taken.exit_code()), (3, 1, 3));
        let reasons = office.texts("select complaints from application_version where state = 'to-be-routed'").await;
        assert_eq!(reasons.iter().filter(|told| told.contains("key-missing")).count(), 2, "{reasons:?}");
        assert_eq!(reasons.iter().filter(|told| told.contains("unknown-code")).count(), 1, "{reasons:?}");
        let told = office.pull().await.received;
        assert_eq!((told.versions, told.repeated), (0, 4), "the same strange item is the same");

        office.decide("A", &[("maxa", "30002")]).await;
        let taken = office.pull().await;
        assert_eq!((taken.judged_again, taken.inbox.to_be_routed), (1, 2));
        assert!(office.versions().await.contains(&"A/1 ready".to_owned()));
        let record = office.texts("select record from application_version where record like '%\"A\"%'").await;
        assert!(record[0].contains(r#""ma_xa":"30002""#), "{record:?}");
        // The decision stays with the application: the next version is laid under it as well.
        let mut changed = body("A", "99999", "1");
        changed["email"] = "an@example.vn".into();
        office.portal.file(before(20), changed);
        office.pull().await;
        assert!(office.versions().await.contains(&"A/2 ready".to_owned()));
        // A new row in the code list is enough for others.
        office.portal.file(before(10), body("C", "77777", "1"));
        assert_eq!(office.pull().await.inbox.to_be_routed, 3);
        Office::communes(office.dir.path(), &["30001", "30002", "77777"]);
        office.map_again();
        assert_eq!(office.pull().await.inbox.to_be_routed, 2);
    }
}
