//! Ours was to be said again, and the source has the record no more: a person is asked, once, and nothing agrees by that.

use molisa_gateway::delta::brake::Limit;
use molisa_gateway::mismatch::{self, Asked, Decision, Step};
use molisa_gateway::run::Outcome;
use molisa_gateway::sandbox::{Rule, Tamper};
use molisa_gateway::store::review::{self, Event, Item};
use molisa_gateway::store::{believed, triage};

use super::{House, changed, set};

/// What is open or decided of a record, but for what is held.
async fn items(house: &House, key: &str) -> Vec<Item> {
    let mut tx = house.world.store.read().await.unwrap();
    let stream = house.stream(&mut tx).await;
    let all = triage::Filter::default();
    let page = triage::page(&mut tx, stream, &all, triage::Place::default(), 1_000).await.unwrap();
    page.into_iter().filter(|item| item.key == key && item.place != "held").collect()
}

pub(super) async fn item(house: &House, key: &str) -> Item {
    let mut all = items(house, key).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

async fn events(house: &House, id: i64) -> Vec<Event> {
    review::events(&mut house.world.store.read().await.unwrap(), id).await.unwrap()
}

pub(super) async fn happened(house: &House, id: i64) -> Vec<String> {
    events(house, id).await.into_iter().map(|event| event.event).collect()
}

pub(super) async fn does(house: &House, id: i64, step: Step) {
    let [words, reason] = <[String; 2]>::default();
    let asked = Asked { step, version: None, who: "lan".into(), also: Vec::new(), words, reason, until: None };
    let mut tx = house.world.store.write().await.unwrap();
    let now = molisa_gateway::model::Clock::now(&*house.world.hands);
    mismatch::decide(&mut tx, &house.subject.decisions, id, now, &asked).await.unwrap_or_else(|no| panic!("{no}"));
    tx.commit().await.unwrap();
}

/// The source has the record no more; it is put aside.
fn take_out(house: &House, key: &str) {
    let local = house.world.local();
    local.execute("create table if not exists ban_sao as select * from doi_tuong limit 0", []).unwrap();
    assert_eq!(local.execute("insert into ban_sao select * from doi_tuong where ma_ho_so = ?1", [key]).unwrap(), 1);
    local.execute("delete from doi_tuong where ma_ho_so = ?1", [key]).unwrap();
}

/// It has it again.
fn put_back(house: &House, key: &str) {
    let local = house.world.local();
    assert_eq!(local.execute("insert into doi_tuong select * from ban_sao where ma_ho_so = ?1", [key]).unwrap(), 1);
    local.execute("delete from ban_sao where ma_ho_so = ?1", [key]).unwrap();
}

pub(super) fn change(house: &House, key: &str, what: &str) {
    let sql = format!("update doi_tuong set {what} where ma_ho_so = ?1");
    assert_eq!(house.world.local().execute(&sql, [key]).unwrap(), 1);
}

pub(super) async fn sync(house: &House) -> Outcome {
    house.world.hands.pass(60_000);
    house.world.sync_released().await.unwrap()
}

fn removed(key: &str) -> Tamper {
    Tamper { reference: key.to_owned(), remove: true, ..Tamper::default() }
}

const STOPPED: &str = "trang_thai = 'Thôi hưởng', ly_do_dung = 'a', ngay_dung = '01/11/2026', so_qd_dung = '12/QĐ', \
    ngay_qd_dung = '02/11/2026', co_quan_qd_dung = 'UBND'";

/// The file decided, or a person did; the source loses the record, later it has it again.
#[tokio::test]
async fn ours_goes_back_to_a_person_once_its_record_is_gone_and_is_sent_once_it_is_there_again() {
    for house in House::on_each("ours is absent", 200).await {
        let people = house.people();
        let (differs, missing, stopped, back) = (&people[30], &people[31], &people[32], &people[33]);
        change(&house, back, STOPPED);
        assert_eq!(sync(&house).await.stopped, 1);
        house.tamper(&changed(differs, &[("DiaChi", "Số 1, ấp Khác")]));
        house.tamper(&removed(missing));
        let stop = set(&[("NgayDung", "01/11/2026"), ("SoQuyetDinh", "1/QĐ"), ("LyDoDung", "a")]);
        house.tamper(&Tamper { reference: stopped.clone(), stop: Some(stop), ..Tamper::default() });
        house.tamper(&Tamper { reference: back.clone(), run: true, ..Tamper::default() });
        house.compared(true).await;
        for key in [stopped, back] {
            does(&house, item(&house, key).await.id, Step::Decide(Decision::KeepOurs)).await;
        }
        house.compared(true).await;
        let all = [differs, missing, stopped, back];
        for key in all {
            assert_eq!(item(&house, key).await.state, "applied", "{key}");
            take_out(&house, key);
        }
        let kinds = ["field-differs", "missing-there", "field-differs", "status-back"];

        for round in 0..3 {
            sync(&house).await;
            let found = house.compared(true).await;
            assert_eq!(found.moving, 0, "{round}: {found:?}");
            assert_eq!(found.differences.values().sum::<u64>(), 4, "nothing agrees by it: {round}: {found:?}");
            for (key, kind) in all.into_iter().zip(kinds) {
                let item = item(&house, key).await;
                assert_eq!((item.state.as_str(), item.kind.as_str()), ("open", kind), "{round}: {key}");
                let happened = happened(&house, item.id).await;
                assert_eq!(happened, ["opened", "decided", "applied", "reopened"], "once: {round}: {key}");
                let words = events(&house, item.id).await.pop().unwrap().words;
                assert!(words.contains("không còn trong nguồn") && words.contains("not in the source"), "{words}");
            }
        }

        for key in all {
            put_back(&house, key);
        }
        let run = sync(&house).await;
        assert_eq!((run.confirmed, run.stopped), (4, 1), "ours goes as ever: {run:?}");
        for key in all {
            let item = item(&house, key).await;
            assert_eq!(item.state, "applied", "{key}");
            let happened = happened(&house, item.id).await;
            assert_eq!(happened[4..], ["decided", "applied"], "{key}: {happened:?}");
        }
        let found = house.compared(true).await;
        assert_eq!((found.moving, found.differences.len()), (0, 0), "{found:?}");
        for key in all {
            assert!(items(&house, key).await.is_empty(), "{key}");
        }
        house.world.assert_clean();
    }
}

/// What came back is in a person's hands: what they say holds, also when the source has the record again.
#[tokio::test]
async fn what_a_person_said_meanwhile_holds_when_the_record_is_there_again() {
    for house in House::on_each("decided meanwhile", 200).await {
        let people = house.people();
        let (other, taken) = (&people[30], &people[31]);
        for key in [other, taken] {
            house.tamper(&changed(key, &[("DiaChi", "Số 1, ấp Khác")]));
        }
        house.compared(true).await;
        for key in [other, taken] {
            take_out(&house, key);
        }
        sync(&house).await;
        does(&house, item(&house, other).await.id, Step::Decide(Decision::TakeTheirs)).await;
        does(&house, item(&house, taken).await.id, Step::Assign("lan".into())).await;
        house.compared(true).await;
        for key in [other, taken] {
            put_back(&house, key);
        }
        let run = sync(&house).await;
        assert_eq!(run.sent, 0, "{run:?}");
        house.compared(true).await;
        assert_eq!(item(&house, other).await.state, "applied");
        assert_eq!(item(&house, taken).await.state, "in-review");
        does(&house, item(&house, taken).await.id, Step::Decide(Decision::KeepOurs)).await;
        house.compared(true).await;
        assert_eq!(sync(&house).await.confirmed, 1);
        house.compared(true).await;
        assert!(items(&house, taken).await.is_empty());
        house.world.assert_clean();
    }
}

/// What the nation refused of a record that it has: the same. What it never had is over with its row.
#[tokio::test]
async fn a_refusal_that_was_to_be_said_again_comes_back_as_well() {
    for house in House::on_each("a refusal is absent", 200).await {
        let people = house.people();
        let key = &people[30];
        let refused = || Some(Rule::Refused { code: "E7".into(), text: "không hợp lệ".into() });
        house.world.nation().rule(key, refused());
        change(&house, key, "dia_chi = 'Số 2, ấp Mới'");
        sync(&house).await;
        let id = item(&house, key).await.id;
        does(&house, id, Step::Decide(Decision::KeepOurs)).await;
        house.compared(true).await;
        assert_eq!(item(&house, key).await.state, "applied");
        take_out(&house, key);
        for _ in 0..2 {
            sync(&house).await;
            let found = house.compared(true).await;
            assert_eq!((found.moving, found.differences.len()), (0, 0), "{found:?}");
            assert_eq!(item(&house, key).await.state, "open");
            assert_eq!(happened(&house, id).await, ["opened", "decided", "applied", "reopened"]);
        }
        house.world.nation().rule(key, None);
        put_back(&house, key);
        assert_eq!(sync(&house).await.confirmed, 1);
        assert!(items(&house, key).await.is_empty());
        assert_eq!(happened(&house, id).await[4..], ["decided", "applied", "closed"]);
    }
}

/// Ours was judged and staged, and never went: that is not sent either.
#[tokio::test]
async fn what_waited_at_the_brake_as_its_record_went_was_not_sent() {
    for mut house in House::on_each("staged and absent", 200).await {
        let key = &house.people()[30];
        house.tamper(&changed(key, &[("DiaChi", "Số 1, ấp Khác")]));
        house.compared(true).await;
        // Nobody lets it go.
        let world = std::sync::Arc::get_mut(&mut house.world).expect("nobody else has it");
        world.stream.brake.changed = Limit::percent(0);
        house.world.hands.pass(60_000);
        assert!(house.world.sync().await.unwrap().brake.is_some());
        assert_eq!(house.compared(true).await.moving, 1);
        take_out(&house, key);
        house.world.hands.pass(60_000);
        house.world.sync().await.unwrap();
        let found = house.compared(true).await;
        assert_eq!((found.moving, found.differences["field-differs"]), (0, 1), "{found:?}");
        assert_eq!(item(&house, key).await.state, "open");
    }
}

/// What a rule holds was not sent: it is not over because we believe what the nation has.
#[tokio::test]
async fn what_is_held_meanwhile_does_not_agree() {
    for house in House::on_each("held meanwhile", 200).await {
        let people = house.people();
        let (differs, missing) = (&people[30], &people[31]);
        house.tamper(&changed(differs, &[("DiaChi", "Số 1, ấp Khác")]));
        house.tamper(&removed(missing));
        house.compared(true).await;
        for key in [differs, missing] {
            change(&house, key, "ho_ten = ''");
        }
        let run = sync(&house).await;
        assert_eq!((run.sent, run.held.values().sum::<u64>() >= 2), (0, true), "{run:?}");
        house.compared(true).await;
        for key in [differs, missing] {
            assert_eq!(item(&house, key).await.state, "applied", "{key}");
        }
        let mut tx = house.world.store.read().await.unwrap();
        let stream = house.stream(&mut tx).await;
        let known = believed::known(&mut tx, stream, &[differs]).await.unwrap();
        assert_eq!(known[differs].verdict, "held");
    }
}
