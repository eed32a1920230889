//! A cause that many have in common, with the real program: mended by one line it closes all of them with the next run,
//! and when it comes back they open again with their history.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::path::Path;

use molisa_gateway::province::{Recipe, write_sqlite};
use rusqlite::Connection;

use super::program::{Sandbox, configure, run};
use crate::support::world::{copy, mappings};

const BANK: &str = "NH Nông nghiệp ABC";
const CAUSE: &str = "unknown-code MaNganHang NH Nông nghiệp ABC";

fn count(dir: &Path, sql: &str) -> i64 {
    Connection::open(dir.join("store.db")).unwrap().query_row(sql, [CAUSE], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_closes_a_whole_group_and_its_loss_opens_it_again_with_its_history() {
    let (dir, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(&[]));
    let at = dir.path();
    write_sqlite(&at.join("local.db"), &Recipe::built_in().unwrap(), 25, 400).await.unwrap();
    let local = Connection::open(at.join("local.db")).unwrap();
    let paid = "update doi_tuong set ngan_hang = ?1 where rowid in (select rowid from doi_tuong where hinh_thuc_chi_tra = 'Tài khoản' \
        and so_tai_khoan is not null and length(so_giay_to) = 12 limit 12)";
    assert_eq!(local.execute(paid, [BANK]).unwrap(), 12);
    configure(at, &sandbox.address);
    copy(&mappings(), &at.join("mappings"));
    let file = at.join("gateway.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(&format!("mappings = \"{}\"", mappings().display()), "mappings = \"mappings\""))
        .unwrap();
    let config = file.display().to_string();
    let sync = || {
        assert!(run(&["--config", &config, "sync", "--json"]).status.code().is_some_and(|code| code == 0 || code == 3));
    };
    let open = || count(at, "select count(*) from mismatch where cause = ?1 and closed_ms is null");

    sync();
    let group = open();
    assert!(group >= 10, "{group}");
    let list = at.join("mappings/codes/banks.csv");
    let before = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, before.replace("Agribank;", &format!("Agribank;{BANK};"))).unwrap();
    assert_ne!(before, std::fs::read_to_string(&list).unwrap());
    sync();
    assert_eq!(open(), 0, "one line closed all of them");
    assert_eq!(count(at, "select count(*) from mismatch where cause = ?1 and state = 'closed'"), group);

    std::fs::write(&list, before).unwrap();
    sync();
    assert_eq!(open(), group);
    let relapsed = "select count(*) from mismatch where cause = ?1 and state = 'open' and relapses = 1";
    assert_eq!(count(at, relapsed), group, "the same rows, not others");
    let history = "select count(*) from mismatch m where cause = ?1 and (select group_concat(event) from \
        (select event from mismatch_event where mismatch_id = m.id order by id)) = 'opened,closed,reopened'";
    assert_eq!(count(at, history), group);
}
