use super::*;

fn apply(name: &str, argument: &Argument, text: &str) -> Result<String, Refusal> {
    let transform = Transform::compile(name, argument).expect(name);
    assert_eq!(transform.name(), name);
    transform.apply(Cow::Borrowed(text)).map(Cow::into_owned)
}

#[test]
fn each_transform_does_what_its_name_says() {
    let pairs = |p: &[(&str, &str)]| Argument::Pairs(p.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect());
    let words = pairs(&[("Hòa", "1")]);
    let digits = pairs(&[("9", "A"), ("10-12", "B"), ("other", "C")]);
    let strip = Argument::Text("*.".into());
    let none = Argument::None;
    for (name, argument, text, wanted) in [
        ("upper", &none, "hòa đ", "HÒA Đ"),
        ("lower", &none, "HÒA Đ", "hòa đ"),
        ("date", &none, "2023-3-1", "01/03/2023"),
        ("date", &none, "01/03/2023", "01/03/2023"),
        ("month", &none, "2023-03", "03/2023"),
        ("month", &none, "15/03/2023", "03/2023"),
        ("month", &none, "202303", "03/2023"),
        ("month", &none, "03/2023", "03/2023"),
        ("period", &none, "202303", "202303"),
        ("period", &none, "3/2023", "202303"),
        ("period", &none, "2023-03-15", "202303"),
        ("year", &none, "2023", "2023"),
        ("year", &none, "15/03/2023", "2023"),
        ("birth-date", &none, "03/1941", "01/03/1941"),
        ("birth-date", &none, "1941", ""),
        ("birth-day", &none, "1941-3-5", "05/03/1941"),
        ("birth-day", &none, "03/1941", ""),
        ("birth-day", &none, "1941", ""),
        ("time", &none, "2023-12-18 08:05:09", "18/12/2023 08:05:09"),
        ("time", &none, "18/12/2023 8:05", "18/12/2023 08:05:00"),
        ("time", &none, "20231218080509", "18/12/2023 08:05:09"),
        ("time", &none, "2023-12-18", "18/12/2023 00:00:00"),
        ("stamp", &none, "2023-12-18T08:05:09.123", "20231218080509"),
        ("stamp", &none, "2023-12-18T20:30:00Z", "20231219033000"),
        ("stamp", &none, "2023-12-18 08:05:09+07", "20231218080509"),
        ("stamp", &none, "2023-01-01 00:30:00-0130", "20230101090000"),
        ("time", &none, "18/12/2023 8:05:09 CH", "18/12/2023 20:05:09"),
        ("iso-time", &none, "18/12/2023 12:05:09 SA", "2023-12-18 00:05:09"),
        ("iso-time", &none, "18/12/2023 12:05:09 pm", "2023-12-18 12:05:09"),
        ("iso-time", &none, "08:05:09 18/12/2023", "2023-12-18 08:05:09"),
        ("iso-time", &none, "18/12/2023, 08:05", "2023-12-18 08:05:00"),
        ("iso-time", &none, "2023-12-18", "2023-12-18 00:00:00"),
        ("iso-time", &none, "2023-12-18T20:30:00.1234567Z", "2023-12-19 03:30:00"),
        ("iso-time", &none, "2023-12-18T08:05:09+07:00", "2023-12-18 08:05:09"),
        ("iso-time", &none, "20231218080509", "2023-12-18 08:05:09"),
        ("iso-time", &none, "/Date(1702861509000)/", "2023-12-18 08:05:09"),
        ("iso-time", &none, "\\/Date(1702861509000+0700)\\/", "2023-12-18 08:05:09"),
        ("iso-time", &none, "/Date(-62135596800000)/", ""),
        ("iso-time", &none, "01/01/0001 12:00:00 SA", ""),
        ("iso-date", &none, "5/3/1941", "1941-03-05"),
        ("iso-date", &none, "5/3/1941 12:00:00 SA", "1941-03-05"),
        ("iso-date", &none, "1941-03-05T00:00:00", "1941-03-05"),
        ("iso-date", &none, "1941-03-05T00:00:00Z", "1941-03-05"),
        ("iso-date", &none, "1941-03-04T17:00:00Z", "1941-03-05"),
        ("iso-date", &none, "1941-03-05T00:00:00+07:00", "1941-03-05"),
        ("iso-date", &none, "/Date(-909903600000)/", "1941-03-03"),
        ("iso-date", &none, "0001-01-01T00:00:00", ""),
        ("iso-partial-date", &none, "3/1941", "1941-03"),
        ("iso-partial-date", &none, "00/00/1941", "1941"),
        ("iso-partial-date", &none, "05/03/1941", "1941-03-05"),
        ("before", &Argument::Text("-".into()), "H20.31-230615-0002", "H20.31"),
        ("before", &Argument::Text("-".into()), "H20", "H20"),
        ("unpad", &none, "007", "7"),
        ("unpad", &none, "00", "0"),
        ("unpad", &none, "0x", "0x"),
        ("digits", &none, "012", "012"),
        ("digits", &none, "45/2021", ""),
        ("groups", &Argument::Number(2), "1.001776.000.00.00.H20", "1.001776"),
        ("groups", &Argument::Number(2), "1.001776", "1.001776"),
        ("append", &Argument::Text(".H20".into()), "1.001776", "1.001776.H20"),
        ("birth-year", &none, "03/1941", "1941"),
        ("birth-precision", &none, "00/00/1941", "year"),
        ("partial-date", &none, "3/1941", "03/1941"),
        ("number", &none, "'087 041-000.123", "087041000123"),
        ("number", &none, "45/2021", "45/2021"),
        ("number", &none, "KS 12", "KS 12"),
        ("squeeze", &none, "AB 12-3.4", "AB1234"),
        ("money", &none, "540.000 đ", "540000"),
        ("money", &none, "007", "7"),
        ("decimal", &none, "1,50", "1.5"),
        ("pad", &Argument::Number(3), "7", "007"),
        ("pad", &Argument::Number(3), "x", "x"),
        ("strip", &strip, "**a.b*. ", "a.b"),
        ("words", &words, "HOÀ", "1"),
        ("words", &words, "khác", "khác"),
        ("by-digits", &digits, "123456789", "A"),
        ("by-digits", &digits, "12345678901", "B"),
        ("by-digits", &digits, "45/2021", "C"),
    ] {
        assert_eq!(apply(name, argument, text).as_deref(), Ok(wanted), "{name} {text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    for (name, text) in [
        ("date", "03/2023"),
        ("date", "30/02/2023"),
        ("month", "2023"),
        ("month", "13/2023"),
        ("month", "202313"),
        ("period", "202300"),
        ("period", "112023"),
        ("period", "2023"),
        ("date", "202303"),
        ("year", "202303"),
        ("birth-date", "0"),
        ("birth-day", "30/02/1941"),
        ("time", "18/12/2023 24:00"),
        ("time", "18/12/2023 8"),
        ("time", "12/2023"),
        ("time", "2023-12-18 08:05:09+7"),
        ("stamp", "20231318080509"),
        ("stamp", "2023-12-18 08:05:60"),
        ("time", "18/12/2023 8:05 AN"),
        ("iso-time", "18/12/2023 0:05 CH"),
        ("iso-time", "31/11/2023 08:00:00"),
        ("iso-time", "/Date(x)/"),
        ("iso-time", "/Date(99999999999999999)/"),
        ("iso-time", "12/2023"),
        ("iso-date", "12/2023"),
        ("iso-date", "1941-03-05T09:30:00"),
        ("iso-date", "1941-03-05T05:00:00Z"),
        ("iso-date", "29/02/1941"),
        ("iso-partial-date", "hôm qua"),
        ("money", "-1"),
        ("decimal", "x"),
    ] {
        assert_eq!(apply(name, &Argument::None, text).unwrap_err().reason, Reason::BadValue, "{name} {text}");
    }
    let swapped = apply("date", &Argument::None, "12/31/2023").unwrap_err();
    assert_eq!(swapped.proposal.as_deref(), Some("31/12/2023"));
}

#[test]
fn every_transform_is_documented_and_takes_what_it_says() {
    for (name, _) in TRANSFORMS {
        let made = [
            Argument::None,
            Argument::Number(2),
            Argument::Text("x".into()),
            Argument::Pairs(vec![("9".into(), "A".into())]),
        ]
        .into_iter()
        .filter(|a| Transform::compile(name, a).is_ok())
        .count();
        assert_eq!(made, 1, "{name}");
    }
    assert!(Transform::compile("uper", &Argument::None).unwrap_err().contains("`upper`"));
}
