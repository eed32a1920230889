//! Whether an applicant is in the ledger already: by number, by an earlier one, by name and birth; with reasons, never a
//! decision, and nothing given up in silence (failure 19).
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use jiff::civil::{Date, date};
use molisa_gateway::intake::matching::{self, By, Match, Person, Trait};
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{Fact, Likeness, RawRow, Said, Says};
use molisa_gateway::store::facts::Draft;
use molisa_gateway::store::{Place, alike, facts, runs};
use secrecy::SecretString;

use super::crossed::{change, dies, draws, empty, resides, run, stream};
use crate::support::databases::{Database, Server};
use crate::support::world::{World, mappings};

const ONE: &str = "087141000123";
const OLD: &str = "340123457";
const TODAY: Date = date(2026, 11, 24);

/// What the mapping down says of an applicant.
fn applicant(changes: &[(&str, &str)]) -> Said {
    let mapping = Mapping::load(&mappings(), "dvcbtxh", "tiep-nhan").unwrap_or_else(|faults| panic!("{faults}"));
    let common = [
        ("MaHoSo", "H20.31-230615-0002"),
        ("MaTTHC", "1.001776"),
        ("StatusId", "1"),
        // NFD, and in capitals: the same name.
        ("HoVaTen", "NGUYE\u{302}\u{303}N THI\u{323}  VI\u{301} DU\u{323}"),
        ("NgayThangNamSinh", "1941-03-05T00:00:00"),
        ("GioiTinhId", "1035"),
        ("MaTinh", "87"),
        ("MaHuyen", "866"),
        ("MaXa", "29869"),
    ];
    let value = |name: &str| {
        changes.iter().chain(&common).find(|(known, _)| *known == name).map(|(_, v)| *v).filter(|v| !v.is_empty())
    };
    let columns = mapping.columns().iter().map(|c| value(&c.name)).collect();
    *mapping.judge(&RawRow { number: 1, columns }, TODAY).said.expect("it says who applies")
}

async fn found(world: &World, changes: &[(&str, &str)]) -> Vec<Match> {
    matching::of(&mut world.store.read().await.unwrap(), &applicant(changes)).await.unwrap()
}

fn people(found: &[Match]) -> Vec<&Person> {
    fn person(one: &Match) -> &Person {
        match one {
            Match::Person(person) => person,
            gave_up @ Match::GaveUp { .. } => panic!("{gave_up:?}"),
        }
    }
    found.iter().map(person).collect()
}

const ALL: [Trait; 4] = [Trait::Name, Trait::Birth, Trait::Sex, Trait::Commune];

async fn story(place: Option<Place>) {
    let world = empty(place).await;
    draws(&world, "A", ONE, "5.5c", &[("so_cu", OLD)]);
    draws(&world, "B", "", "5.5c", &[("ho_ten", "Lê Hoà Mẫu"), ("ngay_sinh", "1950"), ("gioi_tinh", "")]);
    run(&world, &world.stream).await;

    let by_number = found(&world, &[("SoDinhDanh", ONE)]).await;
    let [person] = people(&by_number)[..] else { panic!("{by_number:?}") };
    assert_eq!(
        (person.by, person.key.as_str(), person.says, person.group.as_str()),
        (By::Number, "A", Says::Draws, "5.5c")
    );
    assert_eq!((&person.agree[..], person.differ.len(), person.over), (&ALL[..], 0, false));
    assert!(by_number[0].told(TODAY).contains("đang hưởng 5.5c"), "{}", by_number[0].told(TODAY));

    // The number that the record calls an earlier one; another name, told as a difference.
    let by_old = found(&world, &[("SoDinhDanh", OLD), ("HoVaTen", "Trần Văn Khác"), ("MaXa", "29872")]).await;
    let [person] = people(&by_old)[..] else { panic!("{by_old:?}") };
    assert_eq!((person.by, &person.differ[..]), (By::EarlierNumber, &[Trait::Name, Trait::Commune][..]));
    assert_eq!(person.unknown, [Trait::Birth]);
    // The other way round: the application knows the number that the record has.
    let by_both = found(&world, &[("SoDinhDanh", "087141000999"), ("CMND", OLD)]).await;
    assert_eq!(people(&by_both)[0].by, By::EarlierNumber);

    // Without any number; where the tone mark stands makes no difference, and who has no paper is found as well.
    let by_name = found(&world, &[]).await;
    assert_eq!((people(&by_name)[0].by, people(&by_name)[0].key.as_str()), (By::Likeness, "A"));
    let without_paper = found(&world, &[("HoVaTen", "Lê  Hòa Mẫu"), ("NgayThangNamSinh", "07/06/1950")]).await;
    let [person] = people(&without_paper)[..] else { panic!("{without_paper:?}") };
    assert_eq!((person.key.as_str(), &person.agree[..]), ("B", &[Trait::Name, Trait::Commune][..]));
    assert_eq!(person.unknown, [Trait::Birth, Trait::Sex]);
    assert_eq!(found(&world, &[("HoVaTen", "Lê Hóa Mẫu"), ("NgayThangNamSinh", "1950")]).await, []);
    // The year must be the same; of day, sex and commune one may differ.
    assert_eq!(found(&world, &[("NgayThangNamSinh", "1942")]).await, []);
    assert_eq!(people(&found(&world, &[("NgayThangNamSinh", "06/03/1941")]).await)[0].differ, [Trait::Birth]);
    assert_eq!(found(&world, &[("NgayThangNamSinh", "06/03/1941"), ("GioiTinhId", "1034")]).await, []);

    // In which facility, and deceased: by a funeral, and by a stop for that reason.
    let (homes, funerals) = (stream(&world, "co-so-tro-giup").await, stream(&world, "mai-tang-phi").await);
    resides(&world, "C", "087141000456", "0");
    dies(&world, "D", "087141000789", "2026-10-01");
    run(&world, &homes).await;
    run(&world, &funerals).await;
    let all = found(&world, &[("SoDinhDanh", "087141000456")]).await;
    let told: Vec<String> = all.iter().map(|one| one.told(TODAY)).collect();
    assert!(told[0].contains("ở cơ sở CS-01") && told[0].contains("cùng số giấy tờ"), "{told:?}");
    assert!(told.iter().any(|line| line.contains("đã mất ngày 2026-10-01")), "{told:?}");
    assert_eq!(all.len(), 3, "{told:?}");
    change(
        &world,
        "doi_tuong",
        "A",
        "trang_thai = 'Thôi hưởng', ly_do_dung = 'a', ngay_dung = '2026-09-30', so_qd_dung = '9/QĐ'",
    );
    run(&world, &world.stream).await;
    let dead = found(&world, &[("SoDinhDanh", ONE)]).await;
    let [first, ..] = people(&dead)[..] else { panic!("{dead:?}") };
    assert_eq!((first.says, first.over, first.until.as_str()), (Says::Dead, true, "2026-09-30"));
    assert_eq!(first.agree, ALL, "the stop's row still has the person");

    // What the store keeps of it shows nobody: digests, a code of sex, a commune.
    let rows = "select coalesce(alike, '') || coalesce(born, '') || sex || unit || says || place from likeness";
    let mut tx = world.store.read().await.unwrap();
    let kept: Vec<(String,)> = match &mut tx {
        molisa_gateway::store::Tx::Sqlite(tx) => sqlx::query_as(rows).fetch_all(&mut **tx).await.unwrap(),
        molisa_gateway::store::Tx::Postgres(tx) => sqlx::query_as(rows).fetch_all(&mut **tx).await.unwrap(),
    };
    assert_eq!(kept.len(), 4);
    for (row,) in &kept {
        assert!(!row.to_lowercase().contains("dụ") && !row.contains("1941") && !row.contains(ONE), "{row}");
    }
    drop(tx);
    // Matches are kept as JSON and read back.
    let json = serde_json::to_string(&dead).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Match>>(&json).unwrap(), dead);
}

#[tokio::test]
async fn an_applicant_is_found_in_the_ledger_with_reasons() {
    story(None).await;
    let Some(server) = Database::fresh(Server::Postgres, "alike").await else { return };
    story(Some(Place::Postgres(SecretString::from(server.url.clone())))).await;
}

/// A corrected name is known at once, and does not send the record behind those that came after it.
#[tokio::test]
async fn a_corrected_name_keeps_the_records_place_in_the_order() {
    let world = empty(None).await;
    draws(&world, "A", ONE, "5.5c", &[]);
    run(&world, &world.stream).await;
    let since = |world: &World| world.count("select since from fact where key = 'A'");
    let before = since(&world);
    draws(&world, "B", "087141000456", "5.5c", &[]);
    change(&world, "doi_tuong", "A", "ho_ten = 'Nguyễn Thị Đúng'");
    run(&world, &world.stream).await;
    assert_eq!(since(&world), before);
    let corrected = found(&world, &[("HoVaTen", "Nguyễn Thị Đúng")]).await;
    assert_eq!(people(&corrected)[0].key, "A");
    assert_eq!(people(&found(&world, &[]).await)[0].key, "B");
    assert_eq!(world.count("select count(*) from likeness"), 2);
}

/// Neither the first twenty nor the first two hundred are all there are.
#[tokio::test]
async fn whoever_is_not_compared_is_counted() {
    let world = empty(None).await;
    let mut tx = world.store.write().await.unwrap();
    let (id, _) = runs::stream(&mut tx, "đông", "misposasoft", "doi-tuong").await.unwrap();
    let said = applicant(&[]);
    let keys: Vec<String> = (0..250).map(|n| format!("K-{n:03}")).collect();
    let draft = |(key, since): (&String, i64)| {
        let fact = Fact { programme: "allowance".into(), group: "5.5c".into(), ..Fact::default() };
        Draft { key: key.clone(), fact, since, live: true, fresh: false, again: None }
    };
    let drafts: Vec<Draft> = keys.iter().zip(1..).map(draft).collect();
    facts::note(&mut tx, id, 250, &drafts).await.unwrap();
    let like = Likeness { alike: said.like.alike.clone(), says: Says::Draws, ..Likeness::default() };
    let rows: Vec<(String, Likeness)> = keys.iter().map(|key| (key.clone(), like.clone())).collect();
    alike::note(&mut tx, id, &rows).await.unwrap();
    let found = matching::of(&mut tx, &said).await.unwrap();
    assert_eq!(found.len(), 21);
    assert_eq!(found[20], Match::GaveUp { by: By::Likeness, more: 230 });
    assert!(found[20].told(TODAY).contains("230"), "{}", found[20].told(TODAY));
    // Forgotten records are found no more.
    let gone: Vec<&str> = keys.iter().map(String::as_str).collect();
    alike::forget(&mut tx, id, &gone[..240]).await.unwrap();
    assert_eq!(matching::of(&mut tx, &said).await.unwrap().len(), 10);
}
