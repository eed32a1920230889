//! Delivery to the portals, whose code speaks for the whole call: unknown outcomes looked up or repeated, refusals by
//! name, dossiers that exist already, sessions that end in the middle. The other end is a script.

use molisa_gateway::delivery::DeliveryError;
use molisa_gateway::model::{Action, ContentHash};
use sha2::{Digest, Sha256};

use crate::support::portal::{Body, House, Lost, Said, code, numbers, record, shipped, system, version};

fn found(record: &str) -> Said {
    Body(format!(r#"{{"error_code":0,"message":"","result":[{record}]}}"#))
}

const UNKNOWN_THERE: ContentHash = ContentHash([0; 32]);

/// What a portal says to a look-up: the first dossier as it was sent, the second further on, no third.
fn three_cases(body: &str) -> Said {
    match numbers(body)[0].as_str() {
        "A-1" => found(&record("A-1", "1")),
        "A-2" => found(&record("A-2", "4")),
        _ => code("-4", "không có"),
    }
}

#[tokio::test]
async fn unknown_openings_are_looked_up_before_anything_goes_again() {
    let house = House::with(shipped("dvcqg", &[]), "mo-ho-so", |word, body, nth| match (word, nth) {
        ("write", 1) => Lost,
        ("write", _) => code("0", ""),
        _ => three_cases(body),
    })
    .await;
    house.put(&["A-1", "A-2", "A-3"], "1").await;
    let delivered = house.drained().await;
    assert_eq!(house.words(), ["write", "look-up", "look-up", "look-up", "write"]);
    assert_eq!(house.went("write"), [vec!["A-1", "A-2", "A-3"], vec!["A-3"]]);
    assert_eq!((delivered.confirmed, delivered.refused.len()), (3, 0));
    let expected = [("A-1", version("A-1", "1")), ("A-2", UNKNOWN_THERE), ("A-3", version("A-3", "1"))];
    assert_eq!(house.confirmed().await, expected.map(|(k, v)| (k.to_owned(), v)).into());
    assert_eq!(house.sql("select distinct state from outbox"), ["accepted"]);
    assert!(house.mismatches().await.is_empty());
    let logged = house.sql("select operation || ' ' || records || ' ' || entry || ' ' || verdict from exchange where operation = 'look-up'");
    let verdicts = ["found", "found-different", "not-found"];
    let expected: Vec<String> =
        verdicts.iter().flat_map(|v| ["look-up 1 opened ".to_owned(), format!("look-up 1 closed {v}")]).collect();
    assert_eq!(
        {
            let mut l = logged;
            l.sort();
            l
        },
        {
            let mut e = expected;
            e.sort();
            e
        }
    );
}

#[tokio::test]
async fn what_is_there_otherwise_goes_again_unless_it_was_only_to_be_opened() {
    let house = House::with(shipped("dvcqg", &[]), "ho-so", |word, body, nth| match (word, nth) {
        ("write", 1) => Lost,
        ("write", _) => code("0", ""),
        _ => three_cases(body),
    })
    .await;
    house.put(&["A-1", "A-2", "A-3"], "1").await;
    assert_eq!(house.drained().await.confirmed, 3);
    let mut again: Vec<String> = house.went("write").into_iter().skip(1).flatten().collect();
    again.sort();
    assert_eq!(again, ["A-2", "A-3"]);
    assert!(house.confirmed().await.iter().all(|(key, v)| *v == version(key, "1")));
}

#[tokio::test]
async fn a_record_without_an_answer_does_not_hold_up_the_look_up_of_others() {
    let house = House::with(shipped("dvcqg", &[]), "mo-ho-so", |word, body, nth| match word {
        "write" => Lost,
        _ if numbers(body)[0] == "A-1" && nth < 6 => Lost,
        _ => found(&record(&numbers(body)[0], "1")),
    })
    .await;
    house.put(&["A-1", "A-2", "A-3"], "1").await;
    assert_eq!(house.drained().await.confirmed, 3);
    assert_eq!(house.went("write").len(), 1, "nothing went again");
    let asked: Vec<String> = house.went("look-up").into_iter().flatten().collect();
    let answered = |key: &str| asked.iter().position(|asked| asked == key).unwrap();
    assert!(answered("A-2") < 4 && answered("A-3") < 4, "each in its turn: {asked:?}");
}

#[tokio::test]
async fn a_crash_in_the_middle_of_looking_up_changes_nothing() {
    for requests in [2, 3, 4] {
        let mut house = House::with(shipped("dvcqg", &[]), "mo-ho-so", |word, body, _| match word {
            "write" => code("0", ""),
            _ => found(&record(&numbers(body)[0], "1")),
        })
        .await;
        house.put(&["A-1", "A-2"], "1").await;
        // The login is the first request. The answer of the write is lost with the process.
        house.killed_at(2).await;
        assert_eq!(house.words(), ["write"]);
        if requests > 2 {
            house.killed_at(requests + 1).await;
        }
        house.drained().await;
        assert_eq!(house.went("write").len(), 1, "never again");
        assert_eq!(house.confirmed().await.len(), 2);
        assert!(house.confirmed().await.iter().all(|(key, v)| *v == version(key, "1")));
    }
}

#[tokio::test]
async fn a_refusal_by_name_is_that_records_and_the_others_go_on() {
    let house = House::with(shipped("dvcqg", &[]), "ho-so", |_, body, _| {
        if body.contains("A-2") { code("-9", "Hồ sơ A-2 không thể lùi trạng thái") } else { code("0", "") }
    })
    .await;
    house.put(&["A-1", "A-2", "A-3"], "2").await;
    let delivered = house.drained().await;
    assert_eq!(house.went("write"), [vec!["A-1", "A-2", "A-3"], vec!["A-1", "A-3"]]);
    assert_eq!((delivered.confirmed, delivered.refused), (2, [("-9".to_owned(), 1)].into()));
    let told = |s: &str| s.to_owned();
    assert_eq!(
        house.mismatches().await,
        [(told("A-2"), told("refused-there"), told("-9"), told("Hồ sơ A-2 không thể lùi trạng thái"))]
    );
    let keys = house.sql("select key from batch order by id");
    assert_eq!(keys.len(), 2, "a new batch with a new key");
}

#[tokio::test]
async fn an_opening_that_exists_is_done_and_nothing_ever_equals_it() {
    for existing in ["3", "-3"] {
        let house = House::with(shipped("dvcqg", &[]), "mo-ho-so", move |_, body, _| {
            if body.contains("A-1") { code(existing, "Mã hồ sơ A-1 đã tồn tại") } else { code("0", "") }
        })
        .await;
        house.put(&["A-1", "A-2"], "1").await;
        let delivered = house.drained().await;
        assert_eq!((delivered.confirmed, delivered.refused.len()), (2, 0));
        assert_eq!(house.went("write"), [vec!["A-1", "A-2"], vec!["A-2"]]);
        let expected = [("A-1", UNKNOWN_THERE), ("A-2", version("A-2", "1"))];
        assert_eq!(house.confirmed().await, expected.map(|(k, v)| (k.to_owned(), v)).into());
        assert!(house.mismatches().await.is_empty());
        house.drained().await;
        assert_eq!(house.words().len(), 2);
    }
}

#[tokio::test]
async fn an_opening_refused_with_the_code_of_what_exists_is_shown_and_not_believed() {
    for message in ["Mã hồ sơ A-1: MaTTHC không hợp lệ", "A-1: MaTTHC không tồn tại", "dữ liệu sai"] {
        for others in [&["A-1"][..], &["A-1", "A-2"]] {
            let house = House::with(shipped("dvcqg", &[]), "mo-ho-so", move |_, body, _| {
                if body.contains("A-1") { code("-3", message) } else { code("0", "") }
            })
            .await;
            house.put(others, "1").await;
            let delivered = house.drained().await;
            assert_eq!(delivered.refused, [("-3".to_owned(), 1)].into(), "{message}");
            assert!(!house.confirmed().await.contains_key("A-1"), "{message}");
            let told = house.mismatches().await;
            assert_eq!((told.len(), told[0].0.as_str(), told[0].3.as_str()), (1, "A-1", message));
        }
    }
}

#[tokio::test]
async fn a_refusal_that_names_nobody_is_split_until_one_stands_alone() {
    let house = House::with(shipped("dvcqg", &[]), "ho-so", |_, body, _| {
        if body.contains("A-3") { code("-4", "dữ liệu không hợp lệ (A-33)") } else { code("0", "") }
    })
    .await;
    house.put(&["A-1", "A-2", "A-3", "A-4"], "2").await;
    let delivered = house.drained().await;
    assert_eq!((delivered.confirmed, delivered.refused), (3, [("-4".to_owned(), 1)].into()));
    assert_eq!(house.mismatches().await.len(), 1);
    assert_eq!(house.mismatches().await[0].0, "A-3");
    assert_eq!(house.went("write")[0].len(), 4);
    assert!(house.went("write").contains(&vec!["A-3".to_owned()]));
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_is_renewed_and_the_same_bytes_go() {
    let house = House::with(shipped("dvcqg", &[]), "mo-ho-so", |word, body, nth| match (word, nth) {
        ("write" | "look-up", 1) => code("5", "phiên không hợp lệ"),
        ("write", _) => Lost,
        _ => found(&record(&numbers(body)[0], "1")),
    })
    .await;
    house.put(&["A-1"], "1").await;
    house.drained().await;
    assert_eq!(house.words(), ["write", "write", "look-up", "look-up"]);
    let writes = house.bodies("write");
    assert!(writes[0].contains(r#""session":"phien-1","madonvi":"H20""#), "{}", writes[0]);
    assert_eq!(writes[0].replace("phien-1", "phien-2"), writes[1]);
    assert!(house.bodies("look-up")[1].contains("phien-3"));
    // What is stored is the unfilled form, and no secret is anywhere in the store.
    let unfilled = writes[0].replace("phien-1", "{token}").replace("\"H20\"", "\"{credential:unit}\"");
    let hash = ContentHash(Sha256::digest(&unfilled).into()).to_string().to_uppercase();
    assert_eq!(house.sql("select hex(body_hash) from batch"), std::slice::from_ref(&hash));
    let logged = house.sql("select hex(hash) from exchange where operation = 'write' and entry = 'opened'");
    assert_eq!(logged, [hash.clone(), hash]);
    house.store.close().await;
    for file in std::fs::read_dir(house.dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in ["phien-", "mat-khau", "khoa-bi-mat"] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret}");
        }
    }
}

#[tokio::test]
async fn dvcbtxh_is_told_the_same_again_where_nobody_knows() {
    let mut house = House::with(shipped("dvcbtxh", &[]), "buoc-xu-ly", |_, body, nth| match nth {
        1 | 2 => Lost,
        _ if body.contains("A-2") => code("7", "không có hồ sơ"),
        _ => code("0", ""),
    })
    .await;
    house.put(&["A-1"], "1").await;
    house.killed_at(1).await;
    house.drained().await;
    let writes = house.bodies("write");
    assert_eq!(writes.len(), 3);
    assert!(writes.iter().all(|body| *body == writes[0]), "the same bytes");
    assert!(writes[0].starts_with(r#"{"AcceptKey":"khoa-bi-mat","DinhDanhCHS""#), "{}", writes[0]);
    assert_eq!(house.sql("select key from batch").len(), 1, "the same batch");
    house.put(&["A-2", "A-3"], "1").await;
    let delivered = house.drained().await;
    assert_eq!((delivered.confirmed, delivered.refused), (1, [("7".to_owned(), 1)].into()));
    assert!(house.went("write")[3..].iter().all(|numbers| numbers.len() == 1), "one record a call");
}

#[tokio::test]
async fn what_only_a_person_settles_waits_for_one() {
    let by_person = [("settle = \"look-up\"", "settle = \"person\"")];
    for crash in [false, true] {
        let mut house = House::with(shipped("dvcqg", &by_person), "mo-ho-so", |word, body, nth| match (word, nth) {
            ("write", 1) => Lost,
            ("write", _) => code("0", ""),
            _ => found(&record(&numbers(body)[0], "1")),
        })
        .await;
        house.put(&["A-1", "A-2"], "1").await;
        if crash {
            house.killed_at(2).await;
        }
        for _ in 0..2 {
            house.drained().await;
            assert_eq!(house.words(), ["write"], "nothing goes again");
            let open = house.mismatches().await;
            let kinds: Vec<_> = open.iter().map(|(key, kind, ..)| (key.as_str(), kind.as_str())).collect();
            assert_eq!(kinds, [("A-1", "unknown-outcome"), ("A-2", "unknown-outcome")]);
        }
        // Other records are not held up, and newer news of these waits.
        house.put(&["A-3"], "1").await;
        house.put(&["A-1"], "2").await;
        house.drained().await;
        assert_eq!(house.went("write")[1..], [vec!["A-3".to_owned()]]);
        // A person says how it is settled: the profile gets another way.
        house.system = system(shipped("dvcqg", &[]), &house.wire);
        house.drained().await;
        assert_eq!(house.went("look-up").len(), 2);
        assert!(house.mismatches().await.is_empty());
        assert_eq!(house.went("write").last().unwrap(), &["A-1"], "then the newer content went");
        assert_eq!(house.confirmed().await["A-1"], version("A-1", "2"));
    }
}

#[tokio::test]
async fn where_no_stream_opens_what_exists_goes_again_as_an_update() {
    let both = [
        ("[entity.ho-so]\n", "[entity.ho-so]\nexists = \"repeat-as-update\"\n"),
        (
            "[entity.ho-so.write.fields]\nservice = \"DongBoHoSoMC\"\nisUpdating = \"True\"\n",
            "[entity.ho-so.write.fields]\nisUpdating = \"False\"\n[entity.ho-so.update]\nmethod = \"POST\"\n\
             path = \"/dvcqg/mapi/g\"\nfields = { isUpdating = \"True\" }\n",
        ),
    ];
    let house = House::with(shipped("dvcqg", &both), "ho-so", |word, body, _| {
        if word == "write" && body.contains("A-2") { code("3", "A-2 đã tồn tại") } else { code("0", "") }
    })
    .await;
    house.put(&["A-1", "A-2"], "2").await;
    house.drained().await;
    assert_eq!(
        (house.went("write"), house.went("update")),
        (vec![vec!["A-1".into(), "A-2".into()], vec!["A-1".into()]], vec![vec!["A-2".to_owned()]])
    );
    house.put(&["A-1", "A-2", "A-3"], "4").await;
    house.drained().await;
    assert_eq!(house.went("update")[1..], [vec!["A-1".to_owned(), "A-2".to_owned()]], "known by now");
    assert_eq!(house.went("write")[2..], [vec!["A-3".to_owned()]], "a call creates or updates, not both");
    assert!(house.bodies("update").iter().all(|b| b.contains(r#""isUpdating":"True""#)));
    assert!(house.bodies("write").iter().all(|b| b.contains(r#""isUpdating":"False""#)));
    assert!(house.confirmed().await.iter().all(|(key, v)| *v == version(key, "4")));
}

#[tokio::test]
async fn a_stop_is_never_sent_as_a_write() {
    let house = House::with(shipped("dvcqg", &[]), "ho-so", |_, _, _| code("0", "")).await;
    house.put(&["A-1"], "2").await;
    house.drained().await;
    house.put_as(Action::Stop, &["A-1"], "2").await;
    let error = house.deliver().await.unwrap_err();
    assert!(matches!(error, DeliveryError::NoStop { .. }), "{error}");
    assert_eq!(house.words().len(), 1);
}
