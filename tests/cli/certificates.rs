//! What the operator is told of a certificate that runs out, with the real program.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::path::Path;

use molisa_gateway::model::{Clock as _, SystemClock};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::json;

use super::program::{configure, json as of, run};

/// Puts a certificate for us in place that ends after so many days.
fn certificate(dir: &Path, days: i64) {
    let key = KeyPair::generate().unwrap();
    let end = SystemClock::new().now().plus((days + 1) * 86_400_000).day();
    let mut params = CertificateParams::new(vec!["tinh-87".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    let of = |part: i8| u8::try_from(part).unwrap();
    params.not_after = date_time_ymd(i32::from(end.year()), of(end.month()), of(end.day()));
    std::fs::write(dir.join("cong.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(dir.join("cong.key"), key.serialize_pem()).unwrap();
}

#[test]
fn failure_23_status_tells_of_a_certificate_that_runs_out() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "127.0.0.1:1");
    rusqlite::Connection::open(dir.path().join("local.db"))
        .unwrap()
        .execute_batch("create table doi_tuong (x)")
        .unwrap();
    let config = dir.path().join("gateway.toml").display().to_string();
    let text = std::fs::read_to_string(&config).unwrap();
    let files = "id_file = \"id\"\nclient_cert_file = \"cong.pem\"\nclient_key_file = \"cong.key\"\n";
    std::fs::write(
        &config,
        text.replace("http://127.0.0.1:1", "https://127.0.0.1:1").replace("id_file = \"id\"\n", files),
    )
    .unwrap();
    certificate(dir.path(), 400);
    let output = run(&["--config", &config, "status", "--json"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), &of(&output)["certificates"][0]["warning"]), (Some(0), &json!(null)), "{told}");

    certificate(dir.path(), 10);
    let output = run(&["--config", &config, "status", "--json"]);
    let told = &of(&output)["certificates"];
    assert_eq!(output.status.code(), Some(3), "something waits for a person");
    assert_eq!(
        (&told[0]["system"], &told[0]["whose"], &told[0]["warning"]),
        (&json!("misposasoft"), &json!("ours"), &json!(14))
    );
    let shown = run(&["--config", &config, "status"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("chứng thư CỦA CỔNG") && shown.contains("misposasoft"), "{shown}");
}
