//! Faults in answers, refusals, waiting, tokens.

use super::*;

#[test]
fn answers_are_distorted_and_the_stored_one_is_not() {
    let items: Vec<Value> = (0..7).map(|at| item(&format!("R{at}"), "GHI", &person("A"))).collect();
    let play = |kind| {
        let mut nation = Boxed::new();
        nation.fault(send_fault(kind));
        let answer = nation.send("batch-0001", &items);
        let asked = nation.ask("batch-0001");
        (nation, answer, asked)
    };
    let (_, answer, asked) = play(FaultKind::Shuffled);
    let (mut order, told) = (results(&answer), results(&asked));
    assert_ne!(order, told);
    order.sort_unstable();
    assert_eq!(order, told);
    let (mut nation, answer, asked) = play(FaultKind::Missing);
    assert_eq!((results(&answer).len(), results(&asked).len()), (4, 7));
    nation.send("batch-0002", &[item("R0", "GHI", &person("B"))]);
    assert_eq!(nation.kinds(), [""; 0]);
    let (nation, answer, asked) = play(FaultKind::MissingNotStored);
    assert_eq!((results(&answer).len(), results(&asked).len(), nation.nation.report().records), (4, 4, 4));
    let (_, answer, asked) = play(FaultKind::Doubled);
    assert_eq!((results(&answer).len(), results(&asked).len()), (10, 7));
    let (_, answer, asked) = play(FaultKind::Contradicting);
    assert!(results(&answer).contains(&("R0", "0")) && results(&answer).contains(&("R0", "2")));
    assert_eq!(
        results(&asked),
        items.iter().map(|item| (item["MaThamChieu"].as_str().unwrap(), "0")).collect::<Vec<_>>()
    );
    let (_, answer, _) = play(FaultKind::Extra);
    assert_eq!(results(&answer).len(), 8);
    let (nation, answer, asked) = play(FaultKind::Partial);
    assert_eq!(results(&answer).iter().filter(|(_, result)| *result == "2").count(), 3);
    assert_eq!((answer["result"].clone(), nation.nation.report().records), (asked["result"].clone(), 4));
    // One who does not ask about what the answer leaves out breaks the contract.
    let mut nation = Boxed::new();
    nation.fault(send_fault(FaultKind::Missing));
    nation.send("batch-0001", &items);
    nation.send("batch-0002", &[item("R1", "GHI", &person("B"))]);
    assert_eq!(nation.kinds(), [""; 0]);
    nation.send("batch-0003", &[item("R0", "GHI", &person("B"))]);
    assert_eq!(nation.kinds(), ["unsettled"]);
}

#[test]
fn poison_is_refused_until_it_stands_alone() {
    let mut nation = Boxed::new();
    nation.nation.rule("B", Some(Rule::Poison));
    let (a, b) = (item("A", "GHI", &person("A")), item("B", "GHI", &person("B")));
    let first = nation.send("batch-0001", &[a.clone(), b.clone()]);
    assert_eq!(first["error_code"], "-1");
    assert_eq!(nation.ask("batch-0001")["error_code"], "4");
    assert_eq!(nation.send("batch-0002", &[a])["error_code"], "0");
    let alone = nation.send("batch-0003", &[b]);
    assert!(alone["error_code"] == "-1" && alone["message"].as_str().unwrap().ends_with(" B"), "{alone}");
    assert_eq!((nation.kinds(), nation.nation.report().effects), (vec![], 1));
}

#[test]
fn rules_refuse_and_put_off() {
    let mut nation = Boxed::new();
    let ruling = json!([{"references": ["A"], "as": "refused", "MaLoi": "E1", "ThongBao": "Trùng"},
        {"references": ["B"], "as": "later", "times": 1}]);
    let request = Request::post("/_sandbox/refuse", "", ruling.to_string());
    assert_eq!(nation.nation.handle(&request, NOW).status, 200);
    let items = [item("A", "GHI", &person("A")), item("B", "GHI", &person("B"))];
    let answer = nation.send("batch-0001", &items);
    assert_eq!(results(&answer), [("A", "1"), ("B", "2")]);
    assert_eq!((&answer["result"][0]["MaLoi"], &answer["result"][0]["ThongBao"]), (&json!("E1"), &json!("Trùng")));
    assert_eq!(results(&nation.send("batch-0002", &items)), [("A", "1"), ("B", "0")]);
    assert_eq!(nation.kinds(), [""; 0]);
}

#[test]
fn waiting_is_watched() {
    let after = |form, seconds, skew| Fault {
        retry_after: form,
        seconds,
        skew_seconds: skew,
        ..Fault::new(Operation::Ask, FaultKind::TooMany429)
    };
    let cases = [
        (after(RetryAfter::Seconds, 30, 0), 30_000, Some("30")),
        (after(RetryAfter::Date, 30, -7_200), 30_000, None),
        (after(RetryAfter::Absurd, 0, 0), 3_600_000, Some("315360000")),
        (after(RetryAfter::Negative, 5, 0), 0, Some("-5")),
        (after(RetryAfter::Garbage, 5, 0), 0, Some("in a little while")),
    ];
    for (fault, wait, header) in cases {
        for early in [true, false] {
            if early && wait == 0 {
                continue;
            }
            let mut nation = Boxed::new();
            nation.fault(fault.clone());
            let reply = nation.reply(ASK, br#"{"MaGoiTin":"batch-0001"}"#.to_vec());
            assert_eq!(reply.status, 429);
            if header.is_some() {
                assert_eq!(reply.header("retry-after"), header);
            } else {
                assert!(reply.header("date").unwrap().ends_with("GMT"));
                assert_ne!(reply.header("date"), Some(dates::http(NOW).as_str()));
            }
            nation.now += 200; // on the wire already
            nation.ask("batch-0001");
            nation.now += wait - 200 - i64::from(early);
            nation.fresh_token();
            assert_eq!(nation.kinds(), if early { vec!["retry-after"] } else { vec![] }, "{fault:?}");
        }
    }
}

#[test]
fn the_budget_is_a_minute() {
    let settings = Settings { budget: Some(3), ..Settings::default() };
    let mut nation = Boxed::with(settings, Words::default());
    nation.ask("batch-0001");
    nation.now += 10_000;
    nation.ask("batch-0001");
    let over = nation.reply(ASK, br#"{"MaGoiTin":"batch-0001"}"#.to_vec());
    assert_eq!((over.status, over.header("retry-after")), (429, Some("50")));
    nation.now += 50_000;
    assert_eq!(nation.ask("batch-0001")["error_code"], "4");
    assert_eq!(nation.kinds(), [""; 0]);
}

#[test]
fn tokens_live_and_die() {
    let mut nation = Boxed::new();
    let older = nation.token.clone();
    nation.token = nation.fresh_token();
    assert_ne!(nation.token, older);
    let body = br#"{"MaGoiTin":"batch-0001"}"#.to_vec();
    nation.token = older;
    assert_eq!(nation.reply(ASK, body.clone()).status, 200);
    nation.now += 3_600_000;
    let told: Vec<_> =
        (0..2).map(|_| nation.reply(ASK, body.clone())).map(|reply| (reply.status, reply.bytes(20))).collect();
    assert_eq!(told, [(401, br#"{"error_code":"5","m"#.to_vec()), (200, br#"{"error_code":"5","m"#.to_vec())]);
    nation.token = nation.fresh_token();
    nation.fault(Fault::new(Operation::Ask, FaultKind::TokenDies));
    for code in ["5", "5"] {
        assert_eq!(nation.ask("batch-0001")["error_code"], code);
    }
    assert_eq!(nation.kinds(), [""; 0]);
    nation.token.clear();
    nation.ask("batch-0001");
    assert_eq!(nation.kinds(), ["token"]);
}

#[test]
fn codes_as_numbers_and_faults_that_do_not_fit() {
    let mut nation = Boxed::new();
    nation.fault(send_fault(FaultKind::Numbers));
    let items = [item("A", "GHI", &person("A")), item("B", "GHI", &person("B"))];
    let answer = nation.send("batch-0001", &items);
    assert_eq!(
        (&answer["error_code"], &answer["result"][0]["KetQua"], &answer["result"][1]["KetQua"]),
        (&json!(0), &json!(0), &json!(" 0  "))
    );
    assert!(nation.nation.add_fault(Fault::new(Operation::Ask, FaultKind::Missing)).is_err());
    let queued = br#"{"operation":"send","fault":"too-many-429","times":2,"retry_after":"absurd"}"#;
    assert_eq!(nation.nation.handle(&Request::post("/_sandbox/faults", "", queued.as_slice()), NOW).status, 200);
    assert_eq!(nation.nation.report().faults_left, 2);
    nation.nation.reset();
    assert_eq!(nation.nation.report(), Nation::default().report());
}

#[test]
fn a_stored_batch_is_never_called_malformed() {
    let mut nation = Boxed::new();
    let items = [item("A", "GHI", &person("A"))];
    nation.fault(Fault { skip: 1, ..send_fault(FaultKind::MinusOne) }.times(2));
    let codes = ["batch-0001", "batch-0001", "batch-0002", "batch-0003"]
        .map(|key| nation.send(key, &items)["error_code"].clone());
    assert_eq!(codes, ["0", "3", "-1", "0"]);
    assert_eq!((nation.kinds(), nation.nation.report().faults_played), (vec![], 2));
}

#[test]
fn poison_by_fault_stays() {
    let mut nation = Boxed::new();
    let items = [item("A", "GHI", &person("A")), item("B", "GHI", &person("B")), item("C", "GHI", &person("C"))];
    nation.fault(send_fault(FaultKind::Poison));
    let codes = [&items[..], &items[..1], &items[1..], &items[2..], &items[1..2]]
        .into_iter()
        .enumerate()
        .map(|(at, part)| nation.send(&format!("batch-{at:04}"), part)["error_code"].as_str().map(str::to_owned));
    assert_eq!(codes.map(Option::unwrap).collect::<Vec<_>>(), ["-1", "0", "-1", "0", "-1"]);
    assert_eq!((nation.kinds(), nation.nation.report().people), (vec![], 2));
}
