//! What the configuration says when it is wrong: everything at once, each mistake at its line.

use std::path::Path;

use molisa_gateway::config::{Config, LogFormat, Over};

const GOOD: &str = r#"mappings = "mappings"
[province]
code = "87"
[store]
kind = "sqlite"
path = "store.db"
[[source]]
name = "ho-so"
kind = "sqlite"
path = "local.db"
query = "select 1"
[[system]]
name = "misposasoft"
base = "http://127.0.0.1:1"
windows = ["06:00-22:00"]
retry = ["2s", "10s"]
[[stream]]
name = "doi-tuong"
source = "ho-so"
system = "misposasoft"
entity = "doi-tuong"
[log]
format = "json"
"#;

fn read(text: &str, over: &[(&str, &str)]) -> Result<Config, String> {
    let over: Vec<Over> = over.iter().filter_map(|(name, value)| Over::of(name, value)).collect();
    Config::read(Path::new("gateway.toml"), text, &over).map_err(|faults| faults.to_string())
}

/// What is told, by line; mistakes of the environment have no line.
fn told(text: &str, over: &[(&str, &str)]) -> Vec<String> {
    read(text, over).err().unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn the_good_one_is_read() {
    let config = read(GOOD, &[]).unwrap();
    assert_eq!((config.system[0].retry.len(), config.log.format), (2, LogFormat::Json));
}

#[test]
fn all_mistakes_are_told_at_once_each_at_its_line() {
    let bad = [
        ("code = \"87\"", "code = 87", "3", "code"),
        ("path = \"store.db\"", "paht = \"store.db\"", "6", "`path`"),
        ("query = \"select 1\"", "query = \"select 1\"\nquerry = \"x\"", "12", "querry"),
        ("base = \"http:", "base = \"ftp:", "15", "https://"),
        ("[\"06:00-22:00\"]", "[\"06:00\"]", "16", "06:00-22:00"),
        ("\"10s\"", "\"soon\"", "17", "soon"),
        ("source = \"ho-so\"", "source = \"ho-s\"", "20", "`ho-so`"),
        ("system = \"misposasoft\"", "system = \"mispo\"", "21", "misposasoft"),
        ("entity = \"doi-tuong\"", "entity = \"doi-tuong\"\nschedule = \"nightly\"\nentitty = \"\"", "23", "nightly"),
        ("[log]", "[logs]", "25", "`log`"),
    ];
    let mut text = GOOD.to_owned();
    for (from, to, ..) in bad {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    // A window that cannot be read keeps its system from being judged further: the base is told once it can.
    let first = told(&text, &[]);
    let second = told(&text.replace("[\"06:00\"]", "[]").replace("soon", "30s").replace("entitty = \"\"", ""), &[]);
    for (_, to, line, says) in bad {
        let start = format!("gateway.toml:{line}: ");
        let found = first.iter().chain(&second).any(|l| l.starts_with(&start) && l.contains(says));
        assert!(found, "{to}: {first:#?} {second:#?}");
    }
    assert!(first.iter().any(|l| l.starts_with("gateway.toml:24: ") && l.contains("`entity`")), "{first:#?}");
    assert!(first.len() == 7, "{first:#?}");
}

#[test]
fn what_is_not_toml_is_told_at_its_line() {
    let lines = told(&GOOD.replace("code = \"87\"", "code = \"87\nname = "), &[]);
    assert!(lines[0].starts_with("gateway.toml:3: "), "{lines:?}");
}

#[test]
fn a_section_that_is_missing_or_written_as_another_kind_is_named() {
    let lines = told(&GOOD.replace("[province]\ncode = \"87\"\n", "").replace("[[system]]", "[system]"), &[]);
    assert!(lines.iter().any(|l| l.contains("[province]")), "{lines:?}");
    assert!(lines.iter().any(|l| l.contains("[[system]]")), "{lines:?}");
}

#[test]
fn two_of_one_name_are_told_at_the_second() {
    let twice = format!("{GOOD}[[source]]\nname = \"ho-so\"\nkind = \"csv\"\npath = \"a.csv\"\n");
    let lines = told(&twice, &[]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("gateway.toml:25: "), "{lines:?}");
}

#[test]
fn the_environment_lies_over_the_file() {
    let over = [
        ("GATEWAY__SYSTEM__MISPOSASOFT__PER_MINUTE", "30"),
        ("GATEWAY__SYSTEM__MISPOSASOFT__WINDOWS", "07:00-11:00; 13:00-17:00"),
        ("GATEWAY__PROVINCE__CODE", "82"),
        ("GATEWAY__STREAM__DOI_TUONG__BRAKE__NEW", "50"),
        ("GATEWAY__METRICS__LISTEN", "127.0.0.1:9000"),
    ];
    let config = read(GOOD, &over).unwrap();
    assert_eq!((config.system[0].per_minute, config.system[0].windows.len()), (30, 2));
    assert_eq!(config.province.code, "82");
    assert!(config.stream[0].brake.as_ref().is_some_and(|b| b.new.is_some()) && config.metrics.is_some());
}

#[test]
fn a_wrong_value_of_the_environment_is_told_by_its_name_and_hides_no_mistake_of_the_file() {
    let over = [
        ("GATEWAY__SYSTEM__MISPOSASOFT__PER_MINUTE", "many"),
        ("GATEWAY__SYSTEM__MISPOSSOFT__PARALLEL", "1"),
        ("GATEWAY__STOER__PATH", "x"),
    ];
    let lines = told(&GOOD.replace("source = \"ho-so\"", "source = \"nowhere\""), &over);
    for (name, says) in
        [("PER_MINUTE", "many"), ("MISPOSSOFT__PARALLEL", "`misposasoft`"), ("GATEWAY__STOER__PATH", "`store`")]
    {
        assert!(lines.iter().any(|l| l.contains(name) && l.contains(says)), "{name}: {lines:#?}");
    }
    assert!(lines.iter().any(|l| l.starts_with("gateway.toml:19: ")), "{lines:#?}");
}

#[test]
fn what_goes_before_a_stream_stands_above_it_in_the_same_system() {
    let stream = |name: &str, system: &str, more: &str| {
        format!(
            "[[stream]]\nname = \"{name}\"\nsource = \"ho-so\"\nsystem = \"{system}\"\nentity = \"doi-tuong\"\n{more}"
        )
    };
    let other = "[[system]]\nname = \"other\"\nbase = \"http://127.0.0.1:1\"\n";
    let text = |after: &str| {
        let below = stream("below", "misposasoft", "once = true\n");
        let (elsewhere, one) = (stream("elsewhere", "other", ""), stream("one", "misposasoft", after));
        GOOD.replace("[log]\nformat = \"json\"\n", &format!("{other}{elsewhere}{one}{below}"))
    };
    let config = read(&text("after = [\"doi-tuong\"]\n"), &[]).unwrap();
    assert_eq!((config.stream[2].after.as_slice(), config.stream[3].once), (&["doi-tuong".to_owned()][..], true));
    for (after, says) in [
        ("doi-tuogn", "doi-tuong"),
        ("elsewhere", "'other'"),
        ("below", "đứng trước"),
        ("one", "đứng trước"),
        ("doi-tuong\", \"doi-tuong", "hai lần"),
    ] {
        let text = text(&format!("after = [\"{after}\"]\n"));
        let line = text.lines().position(|l| l.starts_with("after")).unwrap() + 1;
        let told = told(&text, &[]);
        assert!(
            told.len() == 1 && told[0].contains(&format!(":{line}:")) && told[0].contains(says),
            "{after}: {told:?}"
        );
    }
}
