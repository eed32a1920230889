//! What was decided, and what a comparison concludes of it later: nothing goes round, nothing is undone, all of it ends.

use molisa_gateway::mismatch::{self, Decision, Step};
use molisa_gateway::reconcile::{Found, Wanted};
use molisa_gateway::sandbox::{Rule, Tamper};
use molisa_gateway::store::leases::{self, Taken};
use tokio_util::sync::CancellationToken;

use super::absent::{change, does, happened, item, sync};
use super::{House, changed, set};

type Row = (String, String, String);

fn row(key: &str, kind: &str, place: &str) -> Row {
    (key.to_owned(), kind.to_owned(), place.to_owned())
}

async fn rows(house: &House) -> Vec<Row> {
    house.open().await.into_keys().collect()
}

/// What a record has there in some fields.
fn there(house: &House, key: &str, fields: &[&str]) -> Vec<(String, String)> {
    let records = house.world.nation().records(None, 1_000_000);
    let record = records.into_iter().find(|one| one.reference == key).expect("it is there");
    let document: serde_json::Value = serde_json::from_str(&record.document).unwrap();
    fields.iter().map(|field| ((*field).to_owned(), document[*field].as_str().unwrap().to_owned())).collect()
}

fn back(key: &str, fields: Vec<(String, String)>) -> Tamper {
    Tamper { reference: key.to_owned(), set: fields.into_iter().collect(), ..Tamper::default() }
}

/// Ours was to go again, and then the commune took over what the nation has: nothing goes, and both sides agree.
#[tokio::test]
async fn what_was_decided_ends_where_nothing_had_to_be_sent() {
    for house in House::on_each("nothing had to be sent", 200).await {
        let key = house.people()[30].clone();
        house.tamper(&changed(&key, &[("DiaChi", "Số 1, ấp Khác")]));
        let found = house.compared(true).await;
        assert_eq!(
            (found.sent_again, rows(&house).await),
            (1, vec![row(&key, "field-differs", "DiaChi")]),
            "{found:?}"
        );
        let waits = house.compared(true).await;
        assert_eq!((waits.moving, rows(&house).await.len()), (1, 1), "it goes with the next scan: {waits:?}");

        let local = "update doi_tuong set dia_chi = 'Số 1, ấp Khác' where ma_ho_so = ?1";
        assert_eq!(house.world.local().execute(local, [&key]).unwrap(), 1);
        let run = house.world.sync().await.unwrap();
        assert_eq!(run.sent, 0, "{run:?}");
        let found = house.compared(true).await;
        assert_eq!((found.moving, rows(&house).await), (0, vec![]), "{found:?}");
    }
}

/// A decision that waited knows less than what was confirmed since.
#[tokio::test]
async fn a_decision_that_waited_overwrites_no_newer_confirmation() {
    for house in House::on_each("a decision that waited", 200).await {
        let key = house.people()[30].clone();
        house.tamper(&changed(&key, &[("DiaChi", "Số 1, ấp Khác")]));
        let (store, hands, lease) = (&house.world.store, &house.world.hands, house.world.stream.lease());
        let mut tx = store.write().await.unwrap();
        let taken = leases::take(&mut tx, &lease, "somebody else", molisa_gateway::model::Clock::now(&**hands)).await;
        let Taken::Ours(held) = taken.unwrap() else { panic!("nobody has it") };
        tx.commit().await.unwrap();
        let found = house.compared(true).await;
        assert!(found.waits_for_the_stream && found.sent_again == 0, "{found:?}");
        let mut tx = store.write().await.unwrap();
        leases::free(&mut tx, &held).await.unwrap();
        tx.commit().await.unwrap();

        hands.pass(60_000);
        let local = "update doi_tuong set dia_chi = 'Số 2, ấp Mới' where ma_ho_so = ?1";
        assert_eq!(house.world.local().execute(local, [&key]).unwrap(), 1);
        assert_eq!(house.world.sync().await.unwrap().confirmed, 1);
        let effect = mismatch::take_effect(store, &house.subject.stream, &lease, &**hands).await.unwrap();
        assert_eq!(effect.map(|effect| effect.again), Some(1), "it is done, and had nothing to do");
        let run = house.world.sync().await.unwrap();
        assert_eq!((run.sent, run.unchanged), (0, run.scanned), "{run:?}");
        house.world.assert_clean();
        let found = house.compared(true).await;
        assert_eq!((found.differences.len(), rows(&house).await), (0, vec![]), "{found:?}");
    }
}

/// A commune that was split is for a person; once both sides say the same place it is over.
#[tokio::test]
async fn an_ambiguous_unit_closes_when_both_sides_agree() {
    for house in House::on_each("an ambiguous unit", 1_000).await {
        let people = house.people();
        let local = house.world.local();
        let mut split = local.prepare("select ma_ho_so from doi_tuong where ma_xa = '29995' order by 1").unwrap();
        let keys: Vec<String> = split.query_map([], |row| row.get(0)).unwrap().flatten().collect();
        let key = keys.into_iter().find(|key| people.contains(key)).expect("somebody lives there");
        let before = there(&house, &key, &["MaTinh", "MaHuyen", "MaXa", "DanhMucDVHC"]);
        house.tamper(&changed(&key, &[("MaTinh", "82"), ("MaHuyen", ""), ("MaXa", "29992"), ("DanhMucDVHC", "2025")]));
        house.compared(true).await;
        assert_eq!(rows(&house).await, [row(&key, "unit-ambiguous", "MaXa")]);
        house.tamper(&back(&key, before));
        // Its commune is listed though its digest agrees now.
        let found = house.compared(false).await;
        assert_eq!(rows(&house).await, [], "{found:?}");
    }
}

/// A pair stands where it stood, whoever of the two is ours meanwhile, and stays as it is while one of them is on its way.
#[tokio::test]
async fn a_pair_stays_where_it_stands() {
    for house in House::on_each("a pair stays", 200).await {
        let people = house.people();
        let number = ("SoGiayTo", "087155999001");
        for (key, like) in [("NGOAI-A", &people[5]), ("NGOAI-B", &people[6])] {
            let person = set(&[("LoaiGiayTo", "CCCD"), number, ("MaDinhDanhCu", ""), ("NhomDoiTuong", "5.5c")]);
            let stranger = Tamper { reference: key.into(), like: Some(like.clone()), set: person, ..Tamper::default() };
            house.tamper(&stranger);
        }
        house.compared(true).await;
        let pair = row("NGOAI-A", "two-there", "NGOAI-B");
        assert!(rows(&house).await.contains(&pair), "{:?}", rows(&house).await);

        // The second one is ours from now on, and on its way while all is listed.
        let local = house.world.local();
        let copy = "insert into doi_tuong select * from doi_tuong where ma_ho_so = ?1";
        local.execute_batch("create temp table ban_sao as select * from doi_tuong limit 0").unwrap();
        local.execute(&copy.replacen("doi_tuong", "ban_sao", 1), [&people[6]]).unwrap();
        local
            .execute_batch("update ban_sao set ma_ho_so = 'NGOAI-B'; insert into doi_tuong select * from ban_sao")
            .unwrap();
        house.world.sync_released().await.unwrap();
        house.tamper(&changed("NGOAI-B", &[number, ("MaDinhDanhCu", "")]));
        let found = house.compared(true).await;
        let pairs: Vec<Row> = rows(&house).await.into_iter().filter(|(_, kind, _)| kind == "two-there").collect();
        assert_eq!(pairs, [pair], "{found:?}");
    }
}

/// The schedule goes on with its own rounds, not with what a person began for a reason of their own.
#[tokio::test]
async fn the_schedule_goes_on_with_no_round_of_a_persons() {
    for mut house in House::on_each("the schedule goes on", 300).await {
        house.in_pages_of(10);
        house.tamper(&changed(&house.people()[3], &[("DiaChi", "Số 1, ấp Khác")]));
        let mut left = Vec::new();
        let special = [
            Wanted { full: true, dry_run: true, ..Wanted::default() },
            Wanted { full: true, as_it_is: true, ..Wanted::default() },
            Wanted::default(),
            Wanted { full: true, ..Wanted::default() },
        ];
        for wanted in special {
            let stop = CancellationToken::new();
            let cancel = stop.clone();
            let mut stopped = House { subject: super::subject(&house.world), ..house };
            stopped.in_pages_of(10);
            stopped.meddle(move |nth| {
                // Behind its count a round has nothing yet to go on with.
                if nth > 0 {
                    cancel.cancel();
                }
                Box::pin(async {})
            });
            let (world, subject) = (&stopped.world, &stopped.subject);
            let run = molisa_gateway::reconcile::run(&world.store, subject, &*world.hands, &wanted, &stop);
            assert!(Box::pin(run).await.is_err(), "{wanted:?}");
            house = House { subject: super::subject(&stopped.world), ..stopped };
            let by_itself = Wanted { full: true, resume: true, by_schedule: true, ..Wanted::default() };
            let found: Found = house.compare(&by_itself).await.unwrap();
            left.push((found.resumed, found.dry_run));
        }
        assert_eq!(left, [(false, false), (false, false), (false, false), (true, false)], "only its own kind of round");
    }
}

/// What was let go again and is refused once more is open again with its history, until it is taken; what is to be
/// corrected at the source stays decided, whatever else of the record is refused.
#[tokio::test]
async fn a_refusal_that_comes_again_opens_again_unless_the_source_is_to_be_corrected() {
    for house in House::on_each("refused again", 200).await {
        let key = &house.people()[30];
        let refused = Rule::Refused { code: "E17".into(), text: "sai".into() };
        house.world.nation().rule(key, Some(refused));
        change(&house, key, "dia_chi = 'Ấp Một'");
        sync(&house).await;
        let id = item(&house, key).await.id;
        for time in 0..3 {
            let open = item(&house, key).await;
            assert_eq!((open.kind.as_str(), open.state.as_str(), open.relapses), ("refused-there", "open", time));
            let decision = if time < 2 { Decision::KeepOurs } else { Decision::CorrectAtSource };
            does(&house, id, Step::Decide(decision)).await;
            house.compared(true).await;
            assert_eq!(item(&house, key).await.state, "applied");
            sync(&house).await;
        }
        change(&house, key, "thon_to = 'Khóm 9'");
        sync(&house).await;
        assert_eq!(item(&house, key).await.state, "applied", "it is on the list of corrections");
        house.world.nation().rule(key, None);
        change(&house, key, "dia_chi = 'Ấp Hai'");
        sync(&house).await;
        let told = happened(&house, id).await;
        assert_eq!(told.iter().filter(|event| *event == "reopened").count(), 2, "{told:?}");
        assert_eq!(told.last().map(String::as_str), Some("closed"), "it was taken: {told:?}");
        assert!(rows(&house).await.is_empty());
        house.world.assert_clean();
    }
}

/// Ours was said again and refused: the nation still has its own, so the difference stays, beside the refusal.
#[tokio::test]
async fn what_was_refused_when_it_was_said_again_does_not_agree() {
    for house in House::on_each("refused when said again", 200).await {
        let people = house.people();
        let (differs, missing) = (&people[30], &people[31]);
        house.tamper(&changed(differs, &[("DiaChi", "Số 1, ấp Khác")]));
        house.tamper(&Tamper { reference: missing.clone(), remove: true, ..Tamper::default() });
        house.compared(true).await;
        for key in [differs, missing] {
            let refused = Rule::Refused { code: "E17".into(), text: "sai".into() };
            house.world.nation().rule(key, Some(refused));
        }
        sync(&house).await;
        let mut expected = vec![
            row(differs, "field-differs", "DiaChi"),
            row(differs, "refused-there", ""),
            row(missing, "missing-there", ""),
            row(missing, "refused-there", ""),
        ];
        expected.sort();
        for _ in 0..2 {
            house.compared(true).await;
            assert_eq!(rows(&house).await, expected);
        }
    }
}
