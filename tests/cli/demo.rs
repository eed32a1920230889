//! The demo's figures, and what its logs may not hold.

use std::collections::{HashMap, HashSet};

use molisa_gateway::model::Kind;

use super::program::{json, program, run, until};

/// How often one of the canaries stands in a text, found in one pass by their first eight characters.
fn met(text: &str, canaries: &HashSet<String>) -> usize {
    let begins = |text: &str| text.char_indices().nth(8).map_or(text.len(), |(end, _)| end);
    let mut by_start: HashMap<&str, Vec<&str>> = HashMap::new();
    for canary in canaries {
        by_start.entry(&canary[..begins(canary)]).or_default().push(canary);
    }
    let stands = |rest: &str| {
        by_start.get(&rest[..begins(rest)]).is_some_and(|all| all.iter().any(|canary| rest.starts_with(canary)))
    };
    text.char_indices().filter(|(at, _)| stands(&text[*at..])).count()
}

#[test]
fn the_demo_adds_up_and_its_logs_hold_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    let output = program(&["demo", "--rows", "1000", "--json", "--keep", kept.to_str().unwrap()])
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    let shown = json(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let runs = shown["runs"].as_array().unwrap();
    assert_eq!(runs.iter().map(|r| r["name"].as_str().unwrap()).collect::<Vec<_>>(), ["first", "delta", "none"]);
    for run in runs {
        let sum = |key: &str| {
            run[key]
                .as_object()
                .unwrap()
                .iter()
                .filter(|(k, _)| *k != "stop-candidate")
                .map(|(_, n)| n.as_u64().unwrap())
                .sum::<u64>()
        };
        let n = |key: &str| run[key].as_u64().unwrap();
        assert_eq!(
            n("scanned"),
            n("confirmed") + sum("refused") + sum("held") + n("unknown") + n("unchanged"),
            "{run}"
        );
    }
    assert_eq!((runs[2]["sent"].as_u64(), runs[2]["held"].as_object().unwrap().len()), (Some(0), 0));
    assert!(runs[1]["stopped"].as_u64() > Some(0) && runs[1]["held"]["stop-candidate"].as_u64() > Some(0));
    // One mismatch of each kind that the demo makes was found; some closed when their cause was mended.
    let (open, groups) = (&shown["mismatches"]["open"], shown["mismatches"]["groups"].as_array().unwrap());
    for kind in Kind::ALL.iter().filter(|kind| ![Kind::Parked, Kind::AmountNotByLaw, Kind::Late].contains(kind)) {
        assert!(open[kind.word()].as_i64() > Some(0), "{kind}: {open}");
    }
    assert!(shown["mismatches"]["closed"].as_i64() > Some(0), "{open}");
    let counts: Vec<i64> = groups.iter().map(|group| group["count"].as_i64().unwrap()).collect();
    assert!(counts.len() > 5 && counts.is_sorted_by(|one, next| one >= next), "the biggest first: {groups:?}");
    assert!(groups.iter().all(|group| group["cause"].as_str().is_some_and(|cause| !cause.is_empty())), "{groups:?}");
    // Every programme went, and the nation counted what we did.
    let streams = shown["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 13, "{shown}");
    for stream in streams {
        let held: u64 = stream["held"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        let confirmed = stream["confirmed"].as_u64().unwrap();
        assert!(confirmed > 0 && stream["scanned"] == confirmed + held, "{stream}");
        let portal = &shown["nation"]["portals"][stream["system"].as_str().unwrap()];
        let there = match stream["entity"].as_str().unwrap() {
            "mo-ho-so" | "ho-so" => &portal["dossiers"],
            "buoc-xu-ly" | "tien-do" => &portal["steps"],
            entity => &shown["nation"]["entities"][entity]["records"],
        };
        assert!(there.as_u64() >= Some(confirmed), "{stream} {there}");
    }
    for key in ["effects_repeated", "effects_out_of_order", "violations"] {
        assert_eq!(shown["nation"][key].as_u64(), Some(0), "{shown}");
    }

    let logs = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(logs.contains("TRACE"), "the logs are the chatty ones");
    let local = rusqlite::Connection::open(kept.join("local.db")).unwrap();
    let mut canaries: HashSet<String> = HashSet::new();
    for (table, columns) in [
        ("doi_tuong", "ho_ten, so_giay_to, so_cu, so_tai_khoan, so_the_bhyt"),
        ("mai_tang", "ho_ten, so_giay_to, nguoi_mai_tang, giay_to_nguoi_mai_tang, so_tai_khoan"),
        ("tro_giup_dot_xuat", "ho_ten, so_giay_to, so_tai_khoan, chu_tai_khoan, dia_chi"),
        ("cham_soc_khan_cap", "ho_ten, so_giay_to, nguoi_cham_soc, dia_chi, ho_ten"),
        ("co_so_tro_giup", "ho_ten, so_giay_to, dia_chi, ho_ten, so_giay_to"),
        ("chi_tra", "ho_ten, so_giay_to, so_tai_khoan, chu_tai_khoan, ho_ten"),
        ("chuc_tho", "ho_ten, so_giay_to, dia_chi, ho_ten, so_giay_to"),
        ("ho_so", "ho_ten, so_giay_to, so_dien_thoai, email, noht_chi_tiet"),
        ("buoc_xu_ly", "nguoi_xu_ly, tai_khoan, noi_dung, nguoi_xu_ly, nguoi_xu_ly"),
    ] {
        let mut people = local.prepare(&format!("select {columns} from {table}")).unwrap();
        let mut rows = people.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for at in 0..5 {
                // A filler of a few digits is in every log by chance: only what can name somebody is looked for.
                canaries.extend(row.get::<_, Option<String>>(at).unwrap().filter(|v| v.chars().count() >= 8));
            }
        }
    }
    assert!(canaries.len() > 1500, "{}", canaries.len());
    assert_eq!(met(&logs, &canaries), 0, "personal data in the logs");
    let one = canaries.iter().next().unwrap();
    assert_eq!(met(&format!("{logs} … {one} …"), &canaries), 1, "one that is there is seen");
}

#[test]
fn the_operators_environment_does_not_reach_the_demo() {
    // An invented province must never go to a real address, nor into a real store.
    let elsewhere = tempfile::tempdir().unwrap();
    let store = elsewhere.path().join("real.db");
    let output = program(&["demo", "--rows", "100", "--json"])
        .env("GATEWAY__SYSTEM__MISPOSASOFT__BASE", "http://127.0.0.1:1")
        .env("GATEWAY__STORE__PATH", &store)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(json(&output)["nation"]["people"].as_u64() > Some(90) && !store.exists());
}

#[test]
fn the_demo_keeps_out_of_a_folder_that_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.toml");
    std::fs::write(&file, "the operator's").unwrap();
    let output = run(&["demo", "--rows", "100", "--keep", dir.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "the operator's");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn an_interrupted_demo_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = program(&["demo", "--json"])
        .env("TMPDIR", dir.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("the demo's folder", || std::fs::read_dir(dir.path()).unwrap().next().is_some());
    let told = std::process::Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(demo.wait().unwrap().code(), Some(1));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the temporary folder stays");
}

#[test]
fn every_verb_prints_one_json_object_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    assert!(run(&["demo", "--rows", "500", "--json", "--keep", kept.to_str().unwrap()]).status.success());
    let local = rusqlite::Connection::open(kept.join("local.db")).unwrap();
    let key: String = local
        .query_row("select ma_ho_so from doi_tuong where ma_ho_so <> '' order by 1 limit 1", [], |row| row.get(0))
        .unwrap();
    let config = kept.join("gateway.toml");
    let (config, fresh) = (config.to_str().unwrap(), dir.path().join("fresh"));
    // After the demo its nation is gone: the plan, the queue and the mappings need none.
    for (verb, has) in [
        (vec!["plan"], "plans"),
        (vec!["status"], "streams"),
        (vec!["queue", "list", "--stream", "doi-tuong"], "waiting"),
        (vec!["queue", "show", &key, "--stream", "doi-tuong"], "confirmed"),
        (vec!["mapping", "check"], "faults"),
        (vec!["mapping", "test"], "examples"),
        (vec!["mapping", "fields"], "mappings"),
        (vec!["mapping", "preview", "--key", &key], "fields"),
        (vec!["init", fresh.to_str().unwrap()], "written"),
        (vec!["replay", "nobody"], "error"),
        (vec!["queue", "retry", "nobody", "--stream", "doi-tuong"], "error"),
        (vec!["queue", "park", "nobody", "--reason", "x", "--stream", "doi-tuong"], "error"),
        (vec!["queue", "release", "nobody", "--stream", "doi-tuong"], "error"),
        (vec!["check"], "checks"),
    ] {
        let output = run(&[&verb[..], &["--json", "--config", config]].concat());
        assert!(!json(&output)[has].is_null(), "{verb:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}
