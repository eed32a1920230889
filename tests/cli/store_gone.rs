//! The store goes away while batches are on the wire: nothing more is sent, the run says so, and the next one
//! loses and repeats nothing.

use molisa_gateway::store::{Place, Store, Tx};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use super::sending::{SENT, Sending, ended};
use crate::support::databases::{Database, Server};
use crate::support::proxy::Proxy;

const SLOW: &str = r#""slow","delay_ms":1500"#;
const OPENED: &str = "select count(*) from exchange where entry = 'opened' and operation = 'write'";

/// Ends with a failure that names the store; what was sent before is all that was sent.
fn ends_saying(sending: &Sending, gateway: &mut std::process::Child, says: &[&str]) {
    let status = ended(gateway);
    let said = sending.said();
    assert_eq!(status.code(), Some(1), "{said}");
    for word in says {
        assert!(said.contains(word), "{said}");
    }
    assert_eq!(sending.requests("send"), SENT, "something was sent that could not be written down: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_on_a_server_that_is_cut_off_stops_the_wire_and_comes_back_whole() {
    let test = "cli::store_gone::a_store_on_a_server_that_is_cut_off_stops_the_wire_and_comes_back_whole";
    let Some(own) = Database::fresh(Server::Postgres, test).await else { return };
    let proxy = Proxy::before(own.host_and_port()).await;
    let sending = Sending::new(Some("kind = \"postgres\"\nurl_file = \"store-url\"")).await;
    std::fs::write(sending.dir.path().join("store-url"), own.through(proxy.address)).unwrap();
    sending.fault(SLOW);
    let mut gateway = sending.start(&["sync"]);
    sending.under_way();
    proxy.cut();
    ends_saying(&sending, &mut gateway, &["không liên lạc được với kho", "the store cannot be reached"]);
    // While it is away, no verb does anything.
    let mut again = sending.start(&["sync"]);
    assert_eq!(ended(&mut again).code(), Some(1), "{}", sending.said());
    assert_eq!(sending.requests("send"), SENT);

    proxy.mend();
    let mut direct = PgConnection::connect(&own.url).await.unwrap();
    let opened: i64 = sqlx::query_scalar(OPENED).fetch_one(&mut direct).await.unwrap();
    direct.close().await.unwrap();
    assert_eq!(u64::try_from(opened).unwrap(), SENT, "every request stands in the log before it goes");
    sending.arrives_whole();
    assert!(sending.requests("ask") >= 2, "what was on the wire is asked about");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_locked_by_another_process_stops_the_wire_and_says_so() {
    let sending = Sending::new(None).await;
    sending.fault(SLOW);
    let mut gateway = sending.start(&["sync"]);
    sending.under_way();
    let other = rusqlite::Connection::open(sending.dir.path().join("store.db")).unwrap();
    other.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    other.execute_batch("begin immediate").unwrap();
    ends_saying(&sending, &mut gateway, &["kho đang bị khóa", "locked by another process"]);
    let opened: u32 = other.query_row(OPENED, [], |row| row.get(0)).unwrap();
    assert_eq!(u64::from(opened), SENT);
    other.execute_batch("rollback").unwrap();
    drop(other);
    sending.arrives_whole();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_stops_the_wire_and_says_so() {
    let sending = Sending::new(None).await;
    let mut full_with_some_sent = 0;
    for quarters in 8.. {
        // No file of the gateway's may grow beyond this: what a full disk is like, without one. (Blocks of 512 bytes;
        // without the trap the kernel would end the process instead of refusing the write.)
        let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", quarters * 512);
        let status = ended(&mut sending.start_by(&limit, &["sync"]));
        let said = sending.said();
        if matches!(status.code(), Some(0 | 3)) {
            break;
        }
        assert_eq!(status.code(), Some(1), "{quarters} × 256 KB: {said}");
        assert!(said.contains("hết chỗ") && said.contains("disk is full"), "{quarters} × 256 KB: {said}");
        let store = rusqlite::Connection::open(sending.dir.path().join("store.db")).unwrap();
        let opened: u32 = store.query_row(OPENED, [], |row| row.get(0)).unwrap();
        let sent = sending.requests("send");
        assert!(sent <= u64::from(opened), "{quarters} × 256 KB: {sent} sent, {opened} written down: {said}");
        full_with_some_sent += u32::from(sent > 0);
    }
    assert!(full_with_some_sent > 0, "the disk was never full in the middle of a push");
    sending.arrives_whole();
}

#[tokio::test]
async fn a_transaction_that_sqlite_rolled_back_by_itself_does_not_stop_all_later_ones() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Place::Sqlite(dir.path().join("store.db"))).await.unwrap();
    for _ in 0..3 {
        let mut tx = store.write().await.unwrap();
        let Tx::Sqlite(inner) = &mut tx else { panic!("SQLite") };
        // What SQLite does when a write finds no room.
        sqlx::query("rollback").execute(&mut **inner).await.unwrap();
        assert!(tx.commit().await.is_err());
    }
    store.write().await.unwrap().commit().await.unwrap();
}
