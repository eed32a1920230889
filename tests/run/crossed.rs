//! Records of one person in several programmes: nobody is paid twice, nobody after death or stop, and whoever is held
//! for it goes once it is over.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Once;

use molisa_gateway::delta::Brake;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::Action;
use molisa_gateway::run::{Outcome, Quiet, Release, Stream, plan, sync};
use molisa_gateway::source::{Source, SourceConfig};
use molisa_gateway::store::mismatch::Shown;
use molisa_gateway::store::{Place, Store, ledger, mismatch, runs};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::databases::{Database, Server};
use crate::support::world::{World, mappings};

pub const ONE: &str = "087141000123";
pub const OTHER: &str = "087141000456";
const OLD: &str = "340123457";

/// A house whose tables are empty.
pub async fn empty(place: Option<Place>) -> World {
    let dir = tempfile::tempdir().unwrap();
    let place = place.unwrap_or_else(|| Place::Sqlite(dir.path().join("store.db")));
    let mut world = World::on(dir, place, 20, 1).await;
    world.options.release_brake = Some(Release { reason: "thử".into(), who: "test".into() });
    for table in ["doi_tuong", "co_so_tro_giup", "mai_tang", "chi_tra"] {
        world.local().execute_batch(&format!("delete from {table}")).unwrap();
    }
    world
}

/// A stream of another programme, to the same system.
pub async fn stream(world: &World, entity: &str) -> Stream {
    let table = match entity {
        "mai-tang-phi" => "mai_tang".to_owned(),
        other => other.replace('-', "_"),
    };
    let config =
        SourceConfig::Sqlite { path: world.dir.path().join("local.db"), query: format!("select * from {table}") };
    Stream {
        once: false,
        after: Vec::new(),
        name: entity.into(),
        source: Source::open(&config, world.dir.path()).await.unwrap(),
        mapping: Arc::new(Mapping::load(&mappings(), "misposasoft", entity).unwrap()),
        system: Arc::clone(&world.stream.system),
        entity: entity.into(),
        brake: Brake::default(),
        decision: None,
    }
}

/// One run; its figures add up.
pub async fn run(world: &World, stream: &Stream) -> Outcome {
    let run =
        sync(&world.store, stream, &*world.hands, &world.options, &Quiet, &CancellationToken::new()).await.unwrap();
    let held: u64 = run.held.iter().filter(|(reason, _)| *reason != "stop-candidate").map(|(_, n)| n).sum();
    let sum = run.confirmed + run.refused.values().sum::<u64>() + held + run.unknown + run.unchanged;
    assert_eq!(run.scanned, sum, "{run:?}");
    run
}

pub fn held(run: &Outcome) -> Vec<(&str, u64)> {
    run.held.iter().map(|(reason, n)| (reason.as_str(), *n)).collect()
}

pub async fn open(store: &Store, stream: &str) -> Vec<Shown> {
    let mut tx = store.read().await.unwrap();
    let Some((id, _)) = runs::find_stream(&mut tx, stream).await.unwrap() else { return Vec::new() };
    mismatch::list(&mut tx, id, "", 1000).await.unwrap()
}

/// Open mismatches as key and kind.
pub async fn told(world: &World, stream: &str) -> Vec<(String, String)> {
    let kind = |place: &str, kind: String| if place == "held" { format!("{kind}, held") } else { kind };
    // All people of these stories have one name, which is told in stories of its own.
    let told = open(&world.store, stream).await.into_iter().filter(|m| m.kind != "same-person");
    told.map(|m| (m.key, kind(&m.place, m.kind))).collect()
}

pub fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(key, kind)| ((*key).to_owned(), (*kind).to_owned())).collect()
}

/// What the nation has of a record.
pub async fn there(world: &World, stream: &str, key: &str) -> Option<Action> {
    let mut tx = world.store.read().await.unwrap();
    let (id, _) = runs::find_stream(&mut tx, stream).await.unwrap().unwrap();
    ledger::find(&mut tx, id, &[key]).await.unwrap().get(key).and_then(|e| e.confirmed).map(|(action, _)| action)
}

fn insert(world: &World, table: &str, more: &[(&str, &str)]) {
    let common = [
        ("ho_ten", "Nguyễn Thị Ví Dụ"),
        ("ngay_sinh", "05/03/1941"),
        ("gioi_tinh", "Nữ"),
        ("ma_tinh", "87"),
        ("ma_huyen", "866"),
        ("ma_xa", "29869"),
        ("so_quyet_dinh", "15/QĐ-UBND"),
        ("ngay_quyet_dinh", "2023-03-20"),
        ("co_quan_quyet_dinh", "UBND"),
        ("chinh_sach", "20/2021"),
    ];
    let all: BTreeMap<&str, &str> = common.into_iter().chain(more.iter().copied()).collect();
    let names: Vec<&str> = all.keys().copied().collect();
    let marks = vec!["?"; names.len()].join(",");
    let sql = format!("insert into {table} ({}) values ({marks})", names.join(","));
    world.local().execute(&sql, rusqlite::params_from_iter(all.values())).unwrap();
}

/// An allowance.
pub fn draws(world: &World, key: &str, number: &str, group: &str, more: &[(&str, &str)]) {
    let (coefficient, rate, amount, policy) = match group {
        "1.014027" => ("", "500000", "500000", "176/2025"),
        "5.8" | "5.2" => ("1.5", "360000", "540000", "20/2021"),
        _ => ("1", "360000", "360000", "20/2021"),
    };
    let start = if policy == "176/2025" { ("2025-07-01", "07/2025") } else { ("2023-03-20", "03/2023") };
    let mut row = vec![
        ("ma_ho_so", key),
        ("dan_toc", "Kinh"),
        ("so_giay_to", number),
        ("nhom", group),
        ("he_so", coefficient),
        ("muc_chuan", rate),
        ("muc_huong", amount),
        ("chinh_sach", policy),
        ("ngay_quyet_dinh", start.0),
        ("tu_thang", start.1),
        ("trang_thai", "Đang hưởng"),
        ("hinh_thuc_chi_tra", "Tiền mặt"),
    ];
    row.extend_from_slice(more);
    insert(world, "doi_tuong", &row);
}

/// A resident of a facility.
pub fn resides(world: &World, key: &str, number: &str, draws: &str) {
    let row = [
        ("ma_ho_so", key),
        ("so_giay_to", number),
        ("co_so_tro_giup", "CS-01"),
        ("loai_tiep_nhan", "Bắt buộc"),
        ("ngay_tiep_nhan", "2023-11-21"),
        ("he_so", "4"),
        ("muc_chuan", "360000"),
        ("muc_huong", "1440000"),
        ("tro_cap_thang", draws),
    ];
    insert(world, "co_so_tro_giup", &row);
}

pub fn is_paid(world: &World, key: &str, number: &str, whose: &str, period: &str) {
    let row = [
        ("ma_ho_so", key),
        ("so_giay_to", number),
        ("ky", period),
        ("ma_ho_so_doi_tuong", whose),
        ("so_tien", "540000"),
        ("chinh_sach", "335/2026"),
        ("hinh_thuc_chi_tra", "Tiền mặt"),
        ("ket_qua_chi", "Đã chi"),
    ];
    insert(world, "chi_tra", &row);
}

pub fn dies(world: &World, key: &str, number: &str, on: &str) {
    let row = [
        ("ma_ho_so", key),
        ("so_giay_to", number),
        ("ngay_mat", on),
        ("muc_huong", "10800000"),
        ("chinh_sach", "335/2026"),
        ("ngay_quyet_dinh", on),
        ("hinh_thuc_chi_tra", "Tiền mặt"),
    ];
    insert(world, "mai_tang", &row);
}

pub fn change(world: &World, table: &str, key: &str, set: &str) {
    let sql = format!("update {table} set {set} where ma_ho_so = ?");
    assert_eq!(world.local().execute(&sql, [key]).unwrap(), 1);
}

pub fn stops(world: &World, key: &str, on: &str) {
    let set = format!("trang_thai = 'Thôi hưởng', ly_do_dung = 'b', ngay_dung = '{on}', so_qd_dung = '9/QĐ-UBND'");
    change(world, "doi_tuong", key, &set);
}

#[tokio::test]
async fn of_one_person_only_the_legal_double_goes() {
    for (first, second, kind) in [
        ("5.4", "5.5c", None),
        ("5.5c", "5.4", None),
        ("5.4", "5.8", None),
        ("5.4", "5.4", Some("two-here")),
        ("5.5c", "5.5c", Some("two-here")),
        ("5.5c", "5.8", Some("double-benefit")),
        ("1.014027", "5.5c", Some("double-benefit")),
        ("5.5c", "1.014027", Some("double-benefit")),
        ("1.014027", "5.4", Some("double-benefit")),
    ] {
        let world = empty(None).await;
        draws(&world, "A", ONE, first, &[]);
        draws(&world, "B", ONE, second, &[]);
        draws(&world, "C", OTHER, "5.5c", &[]);
        let run = run(&world, &world.stream).await;
        let expected = if kind.is_some() { vec![("double-benefit", 1)] } else { vec![] };
        assert_eq!(held(&run), expected, "{first} {second}: {run:?} {:?}", open(&world.store, "doi-tuong").await);
        let expected = kind.map_or(vec![], |kind| vec![("A", kind), ("B", "double-benefit, held")]);
        assert_eq!(told(&world, "doi-tuong").await, pairs(&expected), "{first} {second}");
        assert_eq!(there(&world, "doi-tuong", "A").await, Some(Action::Write));
        assert_eq!(there(&world, "doi-tuong", "B").await.is_some(), kind.is_none());
        world.assert_clean();
    }
}

#[tokio::test]
async fn whoever_is_held_sees_the_other_record_and_the_law() {
    let world = empty(None).await;
    draws(&world, "A", ONE, "5.5c", &[]);
    draws(&world, "B", ONE, "5.8", &[]);
    run(&world, &world.stream).await;
    let open = open(&world.store, "doi-tuong").await;
    let b = open.iter().find(|m| m.key == "B").unwrap();
    assert_eq!((b.reason.as_str(), b.field.as_str(), b.value.as_str()), ("double-benefit", "NhomDoiTuong", "5.8"));
    assert!(b.detail.contains("doi-tuong, A.") && b.detail.contains("Điều 6"), "{}", b.detail);
    let a = open.iter().find(|m| m.key == "A").unwrap();
    assert!(a.detail.contains("doi-tuong, B.") && !a.detail.contains(ONE), "{}", a.detail);
    if let Place::Sqlite(_) = world.place {
        let shown = world.count(&format!("select count(*) from fact where person like '%{ONE}%'"));
        assert_eq!((shown, world.count("select count(*) from fact where person is not null")), (0, 2));
    }
}

#[tokio::test]
async fn care_in_a_facility_excludes_the_allowance_whichever_comes_first() {
    for care_first in [true, false] {
        let world = empty(None).await;
        let facility = stream(&world, "co-so-tro-giup").await;
        draws(&world, "A", ONE, "5.5c", &[]);
        resides(&world, "F", ONE, "0");
        let (first, second) = if care_first { (&facility, &world.stream) } else { (&world.stream, &facility) };
        assert_eq!(held(&run(&world, first).await), []);
        assert_eq!(held(&run(&world, second).await), [("double-benefit", 1)]);
        let (one, two) = if care_first { ("F", "A") } else { ("A", "F") };
        assert_eq!(told(&world, &first.name).await, pairs(&[(one, "double-benefit")]));
        assert_eq!(told(&world, &second.name).await, pairs(&[(two, "double-benefit, held")]));
        // Who leaves the facility, or loses the allowance, is in nobody's way.
        if care_first {
            change(&world, "co_so_tro_giup", "F", "ngay_ra = '2026-11-01', ly_do_ra = 'về nhà'");
        } else {
            stops(&world, "A", "2026-11-01");
        }
        run(&world, first).await;
        assert_eq!(told(&world, &first.name).await, [], "over");
        assert_eq!(run(&world, second).await.confirmed, 1);
        assert_eq!(told(&world, &second.name).await, []);
        world.assert_clean();
    }
}

#[tokio::test]
async fn a_resident_who_is_said_to_draw_goes_and_stays_to_be_explained() {
    let world = empty(None).await;
    let facility = stream(&world, "co-so-tro-giup").await;
    draws(&world, "A", ONE, "5.5c", &[]);
    resides(&world, "F", ONE, "1");
    run(&world, &world.stream).await;
    assert_eq!(run(&world, &facility).await.confirmed, 1);
    assert_eq!(told(&world, "doi-tuong").await, []);
    assert_eq!(told(&world, "co-so-tro-giup").await, pairs(&[("F", "double-benefit")]));
    stops(&world, "A", "2026-11-01");
    run(&world, &world.stream).await;
    assert_eq!(told(&world, "co-so-tro-giup").await, []);
}

#[tokio::test]
async fn an_earlier_number_is_the_same_person() {
    let world = empty(None).await;
    draws(&world, "A", OLD, "5.5c", &[]);
    draws(&world, "B", ONE, "5.5c", &[("so_cu", OLD)]);
    // By way of B, who tells that both numbers are one person's.
    draws(&world, "C", ONE, "5.8", &[]);
    let run = run(&world, &world.stream).await;
    assert_eq!(held(&run), [("double-benefit", 2)]);
    assert_eq!((run.confirmed, there(&world, "doi-tuong", "A").await), (1, Some(Action::Write)));
}

#[tokio::test]
async fn two_that_went_are_told_once_an_earlier_number_brings_them_together() {
    let world = empty(None).await;
    let facility = stream(&world, "co-so-tro-giup").await;
    resides(&world, "F", OLD, "0");
    draws(&world, "A", ONE, "5.5c", &[]);
    assert_eq!(run(&world, &facility).await.confirmed + run(&world, &world.stream).await.confirmed, 2);
    // The funeral programme's record of a third number stays out of it.
    change(&world, "doi_tuong", "A", &format!("so_cu = '{OLD}'"));
    assert_eq!(held(&run(&world, &world.stream).await), [("double-benefit", 1)]);
    assert_eq!(told(&world, "co-so-tro-giup").await, pairs(&[("F", "double-benefit")]));
    // It was the number of somebody else.
    change(&world, "doi_tuong", "A", "so_cu = null");
    let last = run(&world, &world.stream).await;
    assert_eq!((held(&last), last.unchanged), (vec![], 1), "the nation has it so already");
    assert_eq!((told(&world, "co-so-tro-giup").await, told(&world, "doi-tuong").await), (vec![], vec![]));
}

#[tokio::test]
async fn empty_never_equals_empty() {
    let world = empty(None).await;
    for key in ["A", "B"] {
        draws(&world, key, "", "5.5c", &[]);
    }
    for key in ["G", "H"] {
        draws(&world, key, "12", "5.5c", &[("loai_giay_to", "Giấy khai sinh")]);
    }
    for key in ["X", "Y"] {
        draws(&world, key, "111111111", "5.5c", &[]);
    }
    let run = run(&world, &world.stream).await;
    assert_eq!((run.confirmed, held(&run)), (4, vec![("identity-filler", 2)]), "{run:?}");
}

#[tokio::test]
async fn who_is_held_goes_when_the_other_stops_and_is_held_again_when_the_other_comes_back() {
    let world = empty(None).await;
    draws(&world, "A", ONE, "5.5c", &[]);
    draws(&world, "B", ONE, "5.8", &[]);
    run(&world, &world.stream).await;
    let again = run(&world, &world.stream).await;
    assert_eq!((held(&again), again.unchanged), (vec![], 2), "nothing changed");
    assert_eq!(told(&world, "doi-tuong").await, pairs(&[("A", "double-benefit"), ("B", "double-benefit, held")]));
    stops(&world, "A", "2026-11-01");
    run(&world, &world.stream).await;
    run(&world, &world.stream).await;
    assert_eq!(there(&world, "doi-tuong", "A").await, Some(Action::Stop));
    assert_eq!(there(&world, "doi-tuong", "B").await, Some(Action::Write));
    assert_eq!(told(&world, "doi-tuong").await, []);
    change(
        &world,
        "doi_tuong",
        "A",
        "trang_thai = 'Đang hưởng', ly_do_dung = null, ngay_dung = null, so_qd_dung = null",
    );
    assert_eq!(held(&run(&world, &world.stream).await), [("double-benefit", 1)]);
    assert_eq!(told(&world, "doi-tuong").await, pairs(&[("A", "double-benefit, held"), ("B", "double-benefit")]));
    assert_eq!(there(&world, "doi-tuong", "A").await, Some(Action::Stop));
    world.assert_clean();
}

#[tokio::test]
async fn who_was_there_first_goes_on_being_sent() {
    let world = empty(None).await;
    draws(&world, "B", ONE, "5.5c", &[]);
    run(&world, &world.stream).await;
    draws(&world, "A", ONE, "5.8", &[]);
    assert_eq!(held(&run(&world, &world.stream).await), [("double-benefit", 1)]);
    change(&world, "doi_tuong", "B", "dia_chi = 'Ấp mới'");
    let last = run(&world, &world.stream).await;
    assert_eq!((last.confirmed, last.unchanged), (1, 1));
    assert_eq!(there(&world, "doi-tuong", "A").await, None);
}

#[tokio::test]
async fn suspended_runs_moved_away_does_not_and_an_end_comes_by_itself() {
    let world = empty(None).await;
    draws(&world, "A", ONE, "5.5c", &[("trang_thai", "Tạm dừng")]);
    draws(&world, "B", ONE, "5.8", &[]);
    draws(&world, "M", OTHER, "5.5c", &[("trang_thai", "Chuyển đi")]);
    draws(&world, "N", OTHER, "5.5c", &[]);
    draws(&world, "U", OLD, "5.5c", &[("den_thang", "11/2026")]);
    draws(&world, "V", OLD, "5.8", &[]);
    let later = [("tu_thang", "12/2026"), ("chinh_sach", "335/2026"), ("muc_chuan", "540000"), ("muc_huong", "810000")];
    draws(&world, "W", OLD, "5.2", &later);
    let first = run(&world, &world.stream).await;
    assert_eq!(held(&first), [("double-benefit", 2)], "B and V; W begins when U is over: {first:?}");
    assert_eq!(there(&world, "doi-tuong", "W").await, Some(Action::Write));
    // December: U is over; V is in the way of W, which is there.
    world.hands.pass(10 * 24 * 3_600_000);
    run(&world, &world.stream).await;
    let mut open = told(&world, "doi-tuong").await;
    open.retain(|(key, _)| key > &"O".to_owned());
    assert_eq!(open, pairs(&[("V", "double-benefit, held"), ("W", "double-benefit")]));
}

#[tokio::test]
async fn a_payment_after_death_or_stop_is_held_and_the_month_of_the_end_is_not() {
    let world = empty(None).await;
    let (payments, funerals) = (stream(&world, "chi-tra").await, stream(&world, "mai-tang-phi").await);
    draws(&world, "A", ONE, "5.5c", &[]);
    draws(&world, "B", OTHER, "5.5c", &[]);
    stops(&world, "A", "2026-09-10");
    dies(&world, "T", OTHER, "2026-09-10");
    for (key, period) in [("1", "202609"), ("2", "202610")] {
        is_paid(&world, &format!("A{key}"), ONE, "A", period);
        is_paid(&world, &format!("B{key}"), OTHER, "B", period);
    }
    run(&world, &world.stream).await;
    run(&world, &funerals).await;
    let paid = run(&world, &payments).await;
    assert_eq!((paid.confirmed, held(&paid)), (2, vec![("paid-after-end", 2)]), "{paid:?}");
    let open = open(&world.store, "chi-tra").await;
    let shown: Vec<_> = open.iter().map(|m| (m.key.as_str(), m.field.as_str(), m.value.as_str())).collect();
    assert_eq!(shown, [("A2", "Ky", "202610"), ("B2", "Ky", "202610")]);
    assert!(open[0].detail.contains("doi-tuong, A.") && open[1].detail.contains("mai-tang-phi, T."));
    assert_eq!(told(&world, "mai-tang-phi").await, [], "nothing is wrong with the death");
    // Money that was paid back is no payment.
    change(&world, "chi_tra", "B2", "ket_qua_chi = 'Trả lại', ngay_chi = null");
    assert_eq!(run(&world, &payments).await.confirmed, 1);
}

async fn death_after_payment(place: Option<Place>) {
    let world = empty(place).await;
    let (payments, funerals) = (stream(&world, "chi-tra").await, stream(&world, "mai-tang-phi").await);
    draws(&world, "A", ONE, "5.5c", &[("so_cu", OLD)]);
    for period in ["202609", "202610", "202611"] {
        is_paid(&world, &format!("P{period}"), ONE, "A", period);
    }
    run(&world, &world.stream).await;
    assert_eq!(run(&world, &payments).await.confirmed, 3);
    // Known by the earlier number only.
    dies(&world, "T", OLD, "2026-09-30");
    assert_eq!(run(&world, &funerals).await.confirmed, 1);
    let late = pairs(&[("P202610", "paid-after-end"), ("P202611", "paid-after-end")]);
    assert_eq!(told(&world, "chi-tra").await, late, "what went is told, not withdrawn");
    assert_eq!(run(&world, &payments).await.unchanged, 3);
    is_paid(&world, "P202612", ONE, "A", "202612");
    assert_eq!(held(&run(&world, &payments).await), [("paid-after-end", 1)]);
    change(&world, "mai_tang", "T", "ngay_mat = '2026-10-02', ngay_quyet_dinh = '2026-10-02'");
    run(&world, &funerals).await;
    let expected = pairs(&[("P202611", "paid-after-end"), ("P202612", "paid-after-end, held")]);
    assert_eq!(told(&world, "chi-tra").await, expected);
    // It was somebody else.
    change(&world, "mai_tang", "T", "ngay_dung = '2026-11-20', ly_do_dung = 'ghi nhầm'");
    run(&world, &funerals).await;
    assert_eq!(run(&world, &payments).await.confirmed, 1);
    assert_eq!(told(&world, "chi-tra").await, []);
    world.assert_clean();
}

#[tokio::test]
async fn a_death_that_becomes_known_after_the_payment_is_told_on_the_payment() {
    death_after_payment(None).await;
}

async fn stopped_and_released(place: Option<Place>) {
    let world = empty(place).await;
    draws(&world, "A", ONE, "5.5c", &[]);
    draws(&world, "B", OLD, "5.8", &[]);
    draws(&world, "C", ONE, "5.2", &[("so_cu", OLD)]);
    let first = run(&world, &world.stream).await;
    assert_eq!((first.confirmed, held(&first)), (2, vec![("double-benefit", 1)]));
    stops(&world, "A", "2026-11-01");
    stops(&world, "B", "2026-11-01");
    // Both stop before the third is asked about again: it goes after them, in the same run.
    let last = run(&world, &world.stream).await;
    assert_eq!((last.confirmed, last.stopped, held(&last)), (3, 2, vec![]), "{last:?}");
    assert_eq!(told(&world, "doi-tuong").await, []);
}

#[tokio::test]
async fn a_store_on_a_server_holds_and_lets_go_the_same() {
    for story in 0..2 {
        let Some(server) = Database::fresh(Server::Postgres, "crossed").await else { return };
        let place = Some(Place::Postgres(SecretString::from(server.url.clone())));
        if story == 0 { death_after_payment(place).await } else { stopped_and_released(place).await }
    }
    stopped_and_released(None).await;
}

#[tokio::test]
async fn a_record_that_the_source_lost_runs_until_somebody_decides() {
    let world = empty(None).await;
    draws(&world, "A", ONE, "5.5c", &[]);
    draws(&world, "B", ONE, "5.8", &[]);
    run(&world, &world.stream).await;
    world.local().execute("delete from doi_tuong where ma_ho_so = 'A'", []).unwrap();
    let gone = run(&world, &world.stream).await;
    assert_eq!(held(&gone), [("stop-candidate", 1)]);
    assert_eq!(held(&run(&world, &world.stream).await), []);
    assert_eq!(there(&world, "doi-tuong", "B").await, None);
    // What the nation never had says nothing once it is gone.
    world.local().execute("delete from doi_tuong where ma_ho_so = 'B'", []).unwrap();
    run(&world, &world.stream).await;
    assert_eq!(world.count("select count(*) from fact where key = 'B'"), 0);
    assert_eq!(world.count("select count(*) from crossed"), 0);
    assert_eq!(told(&world, "doi-tuong").await, pairs(&[("A", "held-here, held")]), "only the candidate");
}

#[tokio::test]
async fn a_plan_holds_the_same() {
    let world = empty(None).await;
    for at in 0..40 {
        draws(&world, &format!("A{at:02}"), &format!("0871410{:05}", 100 + at / 2), "5.5c", &[]);
    }
    let told = plan(&world.store, &world.stream, &*world.hands).await.unwrap();
    assert_eq!((told.sends.new, told.held.get("double-benefit"), told.unchanged), (20, Some(&20), 0), "{told:?}");
    let run = run(&world, &world.stream).await;
    assert_eq!((run.confirmed, run.held.get("double-benefit")), (20, Some(&20)));
    stops(&world, "A00", "2026-11-01");
    let told = plan(&world.store, &world.stream, &*world.hands).await.unwrap();
    assert_eq!((told.sends.stopped, told.sends.new, told.held.len(), told.unchanged), (1, 1, 0, 38), "{told:?}");
}

#[tokio::test]
async fn a_crash_at_any_await_pays_nobody_twice_and_forgets_no_hold() {
    for polls in (1..400).step_by(29) {
        let mut world = empty(None).await;
        for at in 0..30 {
            draws(&world, &format!("A{at:02}"), &format!("0871410{:05}", 100 + at / 2), "5.5c", &[]);
        }
        world.sync_until(polls).await.map(Result::unwrap);
        run(&world, &world.stream).await;
        run(&world, &world.stream).await;
        let open = told(&world, "doi-tuong").await;
        let of = |kind: &str| open.iter().filter(|(_, k)| k == kind).count();
        assert_eq!((of("double-benefit, held"), of("two-here")), (15, 15), "{polls}");
        assert_eq!(world.nation().report().people, 15, "{polls}");
        world.assert_clean();
    }
}

thread_local! {
    static STATEMENTS: Cell<u64> = const { Cell::new(0) };
}

/// Counts the statements about facts that each thread sends to a server: a story has a thread of its own.
struct Statements;

impl Statements {
    /// For the whole binary and once: what a thread alone subscribes to depends on what others asked before.
    fn count() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let only = tracing_subscriber::filter::filter_fn(|told| told.target() == "sqlx::query");
            let all = tracing_subscriber::registry().with(Statements.with_filter(only));
            tracing::subscriber::set_global_default(all).unwrap();
        });
        STATEMENTS.set(0);
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Text(bool);
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                let text = format!("{value:?}");
                self.0 |= ["fact", "crossed", "cross_state"].iter().any(|table| text.contains(table));
            }
        }
        let mut text = Text(false);
        event.record(&mut text);
        STATEMENTS.set(STATEMENTS.get() + u64::from(text.0));
    }
}

#[tokio::test]
async fn many_rows_cost_as_many_statements_as_few() {
    let mut seen = Vec::new();
    for people in [20, 400] {
        let Some(server) = Database::fresh(Server::Postgres, "statements").await else { return };
        let world = empty(Some(Place::Postgres(SecretString::from(server.url.clone())))).await;
        for at in 0..people {
            draws(&world, &format!("A{at:03}"), &format!("0871410{:05}", 100 + at / 2), "5.5c", &[]);
        }
        Statements::count();
        run(&world, &world.stream).await;
        seen.push(STATEMENTS.get());
    }
    assert!(seen[0] > 5, "{seen:?}");
    // The reconciler has pages of 200: a few more, not twenty times as many.
    assert!(seen[1] <= seen[0] + 15, "{seen:?}");
}

#[tokio::test]
async fn two_systems_may_be_told_of_the_same_benefit() {
    let world = empty(None).await;
    let (second, _wire) = world.second_stream().await;
    draws(&world, "A", ONE, "5.5c", &[]);
    assert_eq!(run(&world, &world.stream).await.confirmed, 1);
    assert_eq!(run(&world, &second).await.confirmed, 1);
}

#[tokio::test]
async fn the_provinces_people_do_not_cross_but_for_the_residents_who_draw() {
    let world = World::with(3000, 7).await;
    let mut drawing = 0;
    for entity in
        ["doi-tuong", "mai-tang-phi", "tro-giup-dot-xuat", "cham-soc-khan-cap", "co-so-tro-giup", "chi-tra", "chuc-tho"]
    {
        let stream = stream(&world, entity).await;
        let run = run(&world, &stream).await;
        for reason in ["double-benefit", "paid-after-end"] {
            assert_eq!(run.held.get(reason), None, "{entity}: {:?}", open(&world.store, entity).await);
        }
        let told = told(&world, entity).await;
        let crossed =
            told.iter().filter(|(_, kind)| ["double-benefit", "two-here", "paid-after-end"].contains(&kind.as_str()));
        drawing += crossed.count();
    }
    let table = "select count(*) from co_so_tro_giup where tro_cap_thang = '1'";
    let said: usize = world.local().query_row(table, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap();
    assert!(said > 0 && drawing == said, "{drawing} told, {said} draw");
}
