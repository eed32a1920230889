//! Rules of the house that no compiler knows: who may know whom, and that what a ministry names stands in `mappings/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use molisa_gateway::config::Config;

/// What a room may know besides itself. A room that is missing here is a mistake, so that a new one finds its place.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("model", &[]),
    // Looks at a file's ZIP package and at nothing else.
    ("package", &[]),
    ("codes", &["model"]),
    ("rules", &["model", "codes"]),
    ("mapping", &["model", "codes", "rules"]),
    ("source", &["model", "package"]),
    ("delta", &["model"]),
    ("outbox", &["model"]),
    ("store", &["model", "delta"]),
    ("national", &["model", "package"]),
    ("delivery", &["model", "national", "outbox", "store"]),
    ("intake", &["model", "codes", "rules", "mapping", "source", "national", "delivery", "outbox", "store"]),
    ("run", &["model", "rules", "source", "mapping", "delta", "delivery", "store"]),
    ("mismatch", &["model", "codes", "store"]),
    ("report", &["model", "codes"]),
    ("reconcile", &["model", "rules", "national", "delivery", "store", "mismatch"]),
    // The province only invents rows; the sandbox shares nothing, not even nouns, with what it tests.
    ("province", &["model"]),
    ("sandbox", &[]),
];

/// On top: they may know every room, and no room knows them.
const TOP: &[&str] = &["config", "app", "cli", "web", "schedule", "lifecycle", "main"];

/// Names that the ministry's documents and this program's own words share; a literal of theirs says nothing.
const SHARED_WORDS: &[&str] = &["message", "result", "list", "record", "session", "CMND"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under `src/`: its path inside `src/` with `/` between, and its text.
fn sources() -> Vec<(String, String)> {
    fn walk(dir: &Path, start: &Path, all: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).expect("src is readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, start, all);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let parts = path.strip_prefix(start).expect("inside src").components();
                let name: Vec<_> = parts.map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
                all.push((name.join("/"), fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    let (start, mut all) = (root().join("src"), Vec::new());
    walk(&start, &start, &mut all);
    all.sort();
    all
}

/// The room of a file, by its path inside `src/`.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

/// The text without comments; line breaks stay, so that lines can be counted.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let start = line.trim_start();
        if start.starts_with("//") { "" } else { line.split(" // ").next().unwrap_or(line) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The rooms that a text names by `crate::` (or, for the binary, by the crate's own name), with the line.
fn known_rooms(text: &str) -> Vec<(usize, String)> {
    let code = code(text);
    let mut all = Vec::new();
    for start in ["crate::", "molisa_gateway::"] {
        for (at, _) in code.match_indices(start) {
            let line = code[..at].matches('\n').count() + 1;
            let rest = &code[at + start.len()..];
            match rest.strip_prefix('{') {
                None => all.push((line, word(rest))),
                Some(group) => all.extend(group_heads(group).into_iter().map(|name| (line, name))),
            }
        }
    }
    all
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// `a::{b, c}, d::e}…` gives `a` and `d`.
fn group_heads(text: &str) -> Vec<String> {
    let (mut depth, mut expects, mut heads) = (0_u32, true, Vec::new());
    for (at, sign) in text.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expects = true,
            _ if depth == 0 && expects && !sign.is_whitespace() => {
                heads.push(word(&text[at..]));
                expects = false;
            }
            _ => {}
        }
    }
    heads
}

/// What is wrong with the arrows of one file.
fn wrong_arrows(file: &str, text: &str) -> Vec<String> {
    let own = room(file);
    if TOP.contains(&own) || own == "lib" {
        return Vec::new();
    }
    let Some((_, may)) = MAY_KNOW.iter().find(|(name, _)| *name == own) else {
        return vec![format!(
            "src/{file}: the room `{own}` has no place in tests/house.rs: say there whom it may know"
        )];
    };
    let arrows = known_rooms(text).into_iter().filter(|(_, to)| to != own && !may.contains(&to.as_str()));
    arrows.map(|(line, to)| format!("src/{file}:{line}: `{own}` must not know `{to}`")).collect()
}

#[test]
fn no_arrow_points_back() {
    let wrong: Vec<_> = sources().iter().flat_map(|(file, text)| wrong_arrows(file, text)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn an_arrow_that_points_back_is_seen() {
    let seen = |file: &str, text: &str| wrong_arrows(file, text).len();
    assert_eq!(seen("model/row.rs", "use crate::store::Store;"), 1);
    assert_eq!(seen("delta/mod.rs", "use crate::{\n  model::{Record, Reason},\n  store::Store,\n};"), 1);
    assert_eq!(seen("sandbox/mod.rs", "fn f() -> crate::model::Record {}"), 1);
    assert_eq!(seen("run/mod.rs", "use crate::app::App;"), 1);
    assert_eq!(seen("attic/mod.rs", ""), 1, "a room without a place");
    assert_eq!(seen("delivery/mod.rs", "use crate::store::Store; // not crate::web\n/// crate::cli\n"), 0);
    assert_eq!(seen("cli/demo.rs", "use crate::sandbox::serve;"), 0);
}

/// No circle among the rooms: each may be put after all those that it may know.
#[test]
fn the_order_of_the_rooms_has_no_circle() {
    let mut placed = BTreeSet::new();
    while placed.len() < MAY_KNOW.len() {
        let before = placed.len();
        for (name, may) in MAY_KNOW {
            if may.iter().all(|m| placed.contains(m)) {
                placed.insert(*name);
            }
        }
        assert!(placed.len() > before, "a circle among the rooms besides {placed:?}");
    }
}

/// Every TOML file of the national systems that ship.
fn national_files() -> Vec<(String, toml::Table)> {
    let folders = ["misposasoft", "dvcbtxh", "dvcqg"].map(|name| root().join("mappings").join(name));
    let read = |path: PathBuf| -> (String, toml::Table) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("a text").parse().expect("TOML"))
    };
    folders
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).expect("a folder"))
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .map(read)
        .collect()
}

/// The names of the national side, out of the mappings and the profile.
fn national_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut take = |name: &str| {
        // `(ngày sinh)` and the like are the mapping's own names for values that are never sent.
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) && !SHARED_WORDS.contains(&name) {
            names.insert(name.to_owned());
        }
    };
    for (name, file) in national_files() {
        if name == "system.toml" {
            let listing = ["count", "list"].map(|section| file.get(section).and_then(|section| section.get("answer")));
            for table in [&file["envelope"], &file["answer"]["field"]].into_iter().chain(listing.into_iter().flatten())
            {
                texts(table, &mut take);
            }
            constants(&toml::Value::Table(file), &mut take);
        } else if file.contains_key("about") {
            // A mapping down: the columns are the nation's, the fields the province's.
            file["columns"].as_table().expect("a table").keys().for_each(|name| take(name));
        } else {
            field_names(&toml::Value::Table(file), &mut take);
        }
    }
    names
}

/// The fields that a profile puts into bodies, with their values, at any depth.
fn constants(value: &toml::Value, take: &mut impl FnMut(&str)) {
    for (key, inner) in value.as_table().into_iter().flatten() {
        match inner.as_table() {
            Some(fields) if key == "fields" => fields.iter().for_each(|(name, value)| {
                take(name);
                value.as_str().into_iter().for_each(&mut *take);
            }),
            _ => constants(inner, take),
        }
    }
}

/// `name` of every `[[field]]`, at any depth.
fn field_names(value: &toml::Value, take: &mut impl FnMut(&str)) {
    let Some(table) = value.as_table() else { return };
    for (key, inner) in table {
        match inner.as_array() {
            Some(fields) if key == "field" || key == "part" => {
                fields.iter().filter_map(|f| f.get("name")?.as_str()).for_each(&mut *take);
                for field in fields {
                    field_names(field, take);
                }
            }
            _ => field_names(inner, take),
        }
    }
}

fn texts(value: &toml::Value, take: &mut impl FnMut(&str)) {
    match value {
        toml::Value::String(text) => take(text),
        toml::Value::Table(table) => table.values().for_each(|inner| texts(inner, take)),
        _ => {}
    }
}

/// The part of a file that is not its tests; those play the national side and may use its words.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn named<'n>(text: &str, names: &'n BTreeSet<String>) -> Vec<&'n str> {
    let code = code(without_tests(text));
    let stands = |name: &&String| {
        [format!("\"{name}\""), format!("\\\"{name}\\\""), format!("'{name}'")].iter().any(|l| code.contains(l))
    };
    names.iter().filter(stands).map(String::as_str).collect()
}

#[test]
fn no_national_field_name_stands_in_the_program() {
    let names = national_names();
    let mut wrong = Vec::new();
    for (file, text) in sources().iter().filter(|(file, _)| room(file) != "sandbox" && !file.ends_with("/tests.rs")) {
        wrong.extend(named(text, &names).iter().map(|n| format!("src/{file}: \"{n}\" belongs to mappings/")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_national_field_name_would_be_seen() {
    let names = national_names();
    for name in [
        "HoTen",
        "SoGiayTo",
        "TruyLinh",
        "NgayMat",
        "NgayDung",
        "MaGoiTin",
        "DanhSach",
        "MaThamChieu",
        "MaDoiTuong",
        "error_code",
        "AcceptKey",
        "TraCuuHoSo",
        "isUpdating",
        "TrangThaiHoSo",
        "LoaiDinhDanh",
        "DuongDanTepTinKetQua",
    ] {
        assert!(names.contains(name), "{name} is not among the names read from mappings/: {names:?}");
    }
    assert_eq!(named("let a = row.get(\"HoTen\");", &names), ["HoTen"]);
    assert_eq!(named("let a = \"{\\\"MaGoiTin\\\":1}\";", &names), ["MaGoiTin"]);
    assert_eq!(named("/// such as \"HoTen\"\nfn f() {}", &names), [""; 0]);
    assert!(sources().iter().any(|(file, text)| room(file) == "sandbox" && !named(text, &names).is_empty()));
}

/// What `init` writes must be a configuration that is understood, with nothing but secrets and addresses to fill in.
#[test]
fn the_sample_configuration_is_read() {
    let config = Config::load(&root().join("deploy/gateway.toml")).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.stream.len(), 1);
    let (stream, system) = (&config.stream[0], &config.system[0]);
    assert_eq!(
        (stream.source.as_str(), stream.system.as_str()),
        (config.source[0].name.as_str(), system.name.as_str())
    );
    let mapped =
        config.base.join("..").join(&config.mappings).join(&system.name).join(format!("{}.toml", stream.entity));
    assert!(mapped.exists(), "{}", mapped.display());
}

/// The README's tables of dependencies and the manifest name the same crates.
#[test]
fn the_readme_tells_why_each_crate_is_here() {
    let manifest: toml::Table =
        fs::read_to_string(root().join("Cargo.toml")).expect("a manifest").parse().expect("TOML");
    let has = |part: &str| manifest[part].as_table().expect("a table").keys().cloned();
    let used: BTreeSet<String> = has("dependencies").chain(has("dev-dependencies")).collect();
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let tables = readme.split("| Crate | Why it is here |").skip(1).flat_map(|table| {
        table.trim_start().lines().skip(1).take_while(|line| line.starts_with('|')).map(|line| line.split('|').nth(1))
    });
    let told: BTreeSet<String> = tables.flatten().flat_map(|n| n.split(',')).map(|n| n.trim().to_owned()).collect();
    assert_eq!(used.symmetric_difference(&told).collect::<Vec<_>>(), Vec::<&String>::new());
}
