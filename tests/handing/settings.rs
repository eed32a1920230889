//! From gateway.toml to the way into the local system.

use std::path::Path;

use molisa_gateway::app::hand_over::open;
use molisa_gateway::config::Config;
use molisa_gateway::intake::hand_over::HandOver;

use super::Office;
use super::posts::{NEW, OLD};
use super::receiver::Receiver;

fn config(dir: &Path, hand_over: &str) -> Config {
    let text = format!(
        "mappings = \"mappings\"\n[province]\ncode = \"87\"\n[store]\nkind = \"sqlite\"\npath = \"store.db\"\n\
         [[source]]\nname = \"ho-so\"\nkind = \"sqlite\"\npath = \"local.db\"\nquery = \"select 1\"\n\
         [[system]]\nname = \"dvcbtxh\"\nbase = \"http://127.0.0.1:1\"\n\
         [[stream]]\nname = \"b\"\nsource = \"ho-so\"\nsystem = \"dvcbtxh\"\nentity = \"ho-so\"\n\
         [[intake]]\nname = \"dvc\"\nsystem = \"dvcbtxh\"\nentity = \"tiep-nhan\"\nstart = \"2026-11-01\"\nhand_over = {hand_over}\n"
    );
    let file = dir.join("gateway.toml");
    std::fs::write(&file, text).expect("a file");
    Config::load(&file).unwrap_or_else(|e| panic!("{e}"))
}

fn opened(dir: &Path, hand_over: &str) -> Result<HandOver, String> {
    let config = config(dir, hand_over);
    let fields = super::FIELDS.map(str::to_owned);
    open(Path::new("gateway.toml"), &config, &config.intake[0], &fields).map_err(|faults| faults.to_string())
}

#[tokio::test]
async fn the_three_ways_are_built_from_the_configuration() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("a file");
    write("url", "postgres://u:Bimat1@127.0.0.1:1/mot_cua\n");
    let table = opened(dir.path(), r#"{ kind = "table", engine = "postgres", url_file = "url", table = "mc.ho_so" }"#);
    assert_eq!(table.expect("a table").place(), "PostgreSQL 127.0.0.1:1/mot_cua, mc.ho_so");
    let table = opened(dir.path(), r#"{ kind = "table", engine = "sqlite", path = "a.db", table = "ho_so" }"#);
    let error = table.expect("a table").check().await.expect_err("no such file");
    assert!(error.why.contains("a.db"), "{error}");
    let folder = opened(dir.path(), r#"{ kind = "folder", path = "ra" }"#).expect("a folder");
    assert!(folder.place().ends_with("/ra"));

    let office = Office::new().await;
    office.file(&["1"]).await;
    let receiver = Receiver::new(&[OLD.1], &office.hands);
    write("moi", NEW.0);
    write("cu", &format!("{}\n", OLD.0));
    let line = format!(
        r#"{{ kind = "post", url = "{}", secret_files = ["moi", "cu"], number = "ket_qua.so" }}"#,
        receiver.url()
    );
    let post = opened(dir.path(), &line).expect("an address");
    assert_eq!(office.run(&post).await.handed, 1);
    let named = config(dir.path(), &line).secret_files();
    assert!(named.iter().any(|f| f.ends_with("moi")) && named.iter().any(|f| f.ends_with("cu")), "{named:?}");
}

#[test]
fn mistakes_are_told_and_secrets_are_not() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("ngan"), "Bimat").expect("a file");
    let line = r#"{ kind = "post", url = "https://h/x", secret_files = ["ngan"] }"#;
    let told = opened(dir.path(), line).err().expect("too short");
    assert!(told.contains("'dvc'") && told.contains("24 byte") && !told.contains("Bimat"), "{told}");
    let line = r#"{ kind = "post", url = "https://h/x", secret_files = ["khong-co", "cung-khong"] }"#;
    let told = opened(dir.path(), line).err().expect("no files");
    assert!(told.contains("khong-co") && told.contains("cung-khong"), "{told}");
    let line = r#"{ kind = "post", url = "https://u:Bimat@h/x", secret_files = ["du"] }"#;
    std::fs::write(dir.path().join("du"), NEW.0).expect("a file");
    let told = opened(dir.path(), line).err().expect("a password in the address");
    assert!(!told.contains("Bimat"), "{told}");
}

/// A drop folder's files are read once; numbers are read again and again.
#[test]
fn numbers_do_not_come_from_a_drop_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("mappings")).expect("a folder");
    let text = "mappings = \"mappings\"\n[province]\ncode = \"87\"\n[store]\nkind = \"sqlite\"\npath = \"store.db\"\n\
        [[source]]\nname = \"so\"\nkind = \"folder\"\npath = \"so\"\nfile = \"csv\"\n\
        [[system]]\nname = \"dvcbtxh\"\nbase = \"http://127.0.0.1:1\"\n\
        [[intake]]\nname = \"dvc\"\nsystem = \"dvcbtxh\"\nentity = \"tiep-nhan\"\nstart = \"2026-11-01\"\nnumbers = \"so\"\n\
        hand_over = { kind = \"folder\", path = \"ra\" }\n";
    let file = dir.path().join("gateway.toml");
    std::fs::write(&file, text).expect("a file");
    let faults = Config::load(&file).expect_err("a folder").to_string();
    assert!(faults.contains("'so' là thư mục nhận tệp") && faults.contains("gateway.toml:20"), "{faults}");
}
