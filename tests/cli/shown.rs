//! What people read: tables in both languages instead of raw JSON, and what the doctor says.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use molisa_gateway::province::{Recipe, write_sqlite};

use super::program::{Sandbox, configure, json, program, run};

/// The text that a verb prints for people, with its exit code.
fn shown(config: &Path, args: &[&str]) -> (String, i32) {
    let output = run(&[&["--config", config.to_str().unwrap()], args].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.trim_start().starts_with(['{', '[']) || args[0] == "check", "{args:?} prints raw data: {text}");
    (text, output.status.code().unwrap())
}

/// Which of these a text lacks.
fn lacks<'a>(text: &str, wanted: &[&'a str]) -> Vec<&'a str> {
    wanted.iter().copied().filter(|one| !text.contains(one)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_tables_in_both_languages() {
    let dir = tempfile::tempdir().unwrap();
    write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 7, 400).await.unwrap();
    let sandbox = Sandbox::start(&[]);
    configure(dir.path(), &sandbox.address);
    let config = dir.path().join("gateway.toml");
    let local = rusqlite::Connection::open(dir.path().join("local.db")).unwrap();
    local.execute("update doi_tuong set so_giay_to = '000000001', loai_giay_to = 'CMND' where rowid = 5", []).unwrap();
    let key = |rowid: i64| -> String {
        local.query_row("select ma_ho_so from doi_tuong where rowid = ?1", [rowid], |row| row.get(0)).unwrap()
    };
    let (held, sent) = (key(5), key(9));

    let none: &[&str] = &[];
    assert_eq!(lacks(&shown(&config, &["status"]).0, &["chưa chạy lần nào / never ran"]), none);
    let (plan, _) = shown(&config, &["plan"]);
    assert_eq!(lacks(&plan, &["Sẽ gửi / would be sent", "Xã / commune", "identity-filler", "HoTen"]), none, "{plan}");
    let (sync, code) = shown(&config, &["sync"]);
    assert_eq!(code, 3);
    let told: Vec<&str> = sync.lines().filter(|line| line.contains("late-record")).collect();
    assert!(matches!(told[..], [one] if one.starts_with("Chỉ báo") && one.contains("year-only")), "one line: {sync}");

    let (status, code) = shown(&config, &["status"]);
    assert_eq!(code, 3);
    let wanted = ["Lượt / run", "chờ người / waits for a person", "identity-filler", "identity number is a filler"];
    assert_eq!(lacks(&status, &wanted), none, "{status}");
    let (list, code) = shown(&config, &["queue", "list"]);
    assert_eq!(code, 3);
    assert_eq!(lacks(&list, &[&held, "bị giữ tại tỉnh / held here", "000000001", "SoGiayTo"]), none, "{list}");
    assert_eq!(lacks(&shown(&config, &["queue", "list", "--limit", "1"]).0, &["queue list --after"]), none);
    let (one, code) = shown(&config, &["queue", "show", &sent]);
    assert_eq!(code, 0);
    assert_eq!(lacks(&one, &[&sent, "HTTP 200", "Quốc gia đã xác nhận / the nation confirmed: ghi"]), none, "{one}");
    assert_eq!(lacks(&shown(&config, &["mapping", "test"]).0, &["đúng / passed", "0 sai"]), none);
    let (preview, code) = shown(&config, &["mapping", "preview", "--key", &held]);
    assert_eq!(code, 3);
    assert_eq!(lacks(&preview, &["BỊ GIỮ", "so_giay_to = 000000001", "number → 000000001", "giữ lại / held"]), none);
}

#[test]
fn the_table_of_fields_tells_where_each_comes_from_and_on_what_law() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "127.0.0.1:1");
    let config = dir.path().join("gateway.toml");
    let (text, code) = shown(&config, &["mapping", "fields", "--format", "markdown"]);
    assert_eq!(code, 0);
    let rows = |field: &str| -> Vec<Vec<String>> {
        let of = text.lines().filter(|line| line.starts_with(&format!("| {field} |")));
        of.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
    };
    let law = "Nghị định 20/2021/NĐ-CP, Điều 6";
    assert_eq!(rows("HeSo"), [["HeSo", "he_so", "decimal", "", "", "amount, coefficient, age-group", law]]);
    assert_eq!(rows("GioiTinh"), [["GioiTinh", "gioi_tinh", "default 0", "", "gender", "identity-facts", ""]]);
    assert_eq!(rows("HoTen")[0][3], "có / yes");
    assert_eq!(rows("LoaiGiayTo")[0][1..3], ["loai_giay_to, so_giay_to", "or, number, by-digits; default KHONG"]);
    // Once in the record to write, once in that of a stop.
    let reasons = rows("LyDoDung");
    assert_eq!((reasons.len(), reasons[1][6].as_str()), (2, "Thông tư 02/2021/TT-BLĐTBXH, Điều 2"));
    let (table, _) = shown(&config, &["mapping", "fields"]);
    assert_eq!(lacks(&table, &["Căn cứ / legal source", law, "│ HeSo"]), Vec::<&str>::new());
    let told = json(&run(&["--config", config.to_str().unwrap(), "mapping", "fields", "--json"]));
    let mapping = &told["mappings"][0];
    assert!(mapping["fields"][0] == "HoTen" && mapping["told"][0]["required"] == true, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_sees_open_secrets_and_rows_from_memory() {
    let dir = tempfile::tempdir().unwrap();
    write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 7, 100).await.unwrap();
    let sandbox = Sandbox::start(&[]);
    configure(dir.path(), &sandbox.address);
    let config = dir.path().join("gateway.toml");
    let mode = |mode: u32| {
        for name in ["id", "secret"] {
            std::fs::set_permissions(dir.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    mode(0o640);
    let (text, code) = shown(&config, &["check"]);
    assert_eq!(code, 0, "{text}");
    let line = |text: &str, what: &str| text.lines().find(|line| line.contains(what)).unwrap().to_owned();
    assert!(line(&text, "tệp bí mật").starts_with("[ok]") && text.contains("$CREDENTIALS_DIRECTORY"), "{text}");
    // What the lists say for themselves.
    let codes = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings/codes");
    let memory = |list: &str| {
        let text = std::fs::read_to_string(codes.join(format!("{list}.csv"))).unwrap();
        text.lines().filter(|line| line.ends_with(",memory")).count()
    };
    let doubtful = line(&text, "checked=memory");
    assert!(doubtful.starts_with("[??]"), "{doubtful}");
    for list in ["banks", "rates", "units-2020"] {
        assert!(doubtful.contains(&format!("{list} ({})", memory(list))), "{list}: {doubtful}");
    }
    assert!(!doubtful.contains("holidays"), "no list that is not in use: {doubtful}");

    mode(0o644);
    let (text, code) = shown(&config, &["check"]);
    assert_eq!(code, 3, "{text}");
    let open = text.lines().filter(|line| line.starts_with("[!!]") && line.contains("chmod o-rwx")).count();
    assert_eq!(open, 2, "{text}");
}

#[test]
fn the_address_of_a_source_may_be_a_systemd_credential() {
    let (dir, credentials) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    configure(dir.path(), "127.0.0.1:1");
    let config = dir.path().join("gateway.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let sqlite = "kind = \"sqlite\"\npath = \"local.db\"";
    assert!(text.contains(sqlite));
    std::fs::write(&config, text.replace(sqlite, "kind = \"postgres\"\nurl_file = \"ho-so-url\"")).unwrap();
    std::fs::write(credentials.path().join("ho-so-url"), "postgres://reader:Matkhau9@127.0.0.1:1/asxh").unwrap();
    let check = |credentials: Option<&Path>| {
        let mut command = program(&["--config", config.to_str().unwrap(), "check"]);
        command.env_remove("CREDENTIALS_DIRECTORY");
        command.envs(credentials.map(|dir| ("CREDENTIALS_DIRECTORY", dir)));
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!text.contains("Matkhau9"), "{text}");
        (text, output.status.code())
    };
    let (text, code) = check(None);
    assert!(code == Some(2) && text.contains("ho-so-url"), "{text}");
    let (text, code) = check(Some(credentials.path()));
    assert!(code == Some(4) && text.contains("127.0.0.1:1"), "the server is asked, and is not there: {text}");
}

/// `… | head`, and a disk that is full: the work is done in both, and only the second is a failure.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_reads_stops_nothing_and_one_that_is_lost_is_told() {
    let dir = tempfile::tempdir().unwrap();
    write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 7, 60).await.unwrap();
    let sandbox = Sandbox::start(&[]);
    configure(dir.path(), &sandbox.address);
    let config = dir.path().join("gateway.toml");
    let ended = |args: &[&str], out: std::process::Stdio| {
        let all = [&["--config", config.to_str().unwrap()], args].concat();
        let output = program(&all).stdout(out).stderr(std::process::Stdio::piped()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("panicked"), "{said}");
        (output.status.code().unwrap(), said)
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let (code, _) = ended(&["sync"], writer.into());
    assert!(matches!(code, 0 | 3), "{code}");
    let people: serde_json::Value = serde_json::from_str(&sandbox.say("GET", "/_sandbox/report", "")).unwrap();
    assert!(people["people"].as_u64().is_some_and(|n| n > 50), "all were sent: {people}");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let (code, said) = ended(&["status"], full.into());
    assert_eq!((code, said.matches("không ghi được kết quả").count()), (1, 1), "{said}");
}
