//! Files that applications name: each fetched once, gone on with where it broke off, scanned, kept by its content.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use molisa_gateway::delivery::{LineError, PaceSettings, System};
use molisa_gateway::intake::attachments::{Attachments, FetchError, Fetched, Round, Scanner, Shelf, fetch};
use molisa_gateway::model::Clock as _;
use molisa_gateway::national::{Credentials, HttpTransport, Profile, Session, TransportOptions};
use molisa_gateway::store::leases::{self, Taken};
use molisa_gateway::store::{Place, Store, attachment};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, Row};
use super::host::{Host, Served};
use crate::support::databases::Server;
use crate::support::world::{Doomed, Hands, MORNING, mappings, short_waits};

struct Case {
    desk: Desk,
    host: Host,
    store: Store,
    system: System,
    hands: Arc<Hands>,
    files: Attachments,
    longest_ms: i64,
}

fn pdf(of: &str, length: usize) -> Vec<u8> {
    let text = format!("%PDF-1.7 {of} ");
    text.bytes().cycle().take(length).collect()
}

fn hash(content: &[u8]) -> String {
    molisa_gateway::model::ContentHash(Sha256::digest(content).into()).to_string()
}

impl Case {
    async fn new() -> Self {
        Self::on(None, "").await.unwrap()
    }

    async fn on(server: Option<Server>, test: &str) -> Option<Self> {
        let (desk, host) = (Desk::on(server, test).await?, Host::new());
        let row = |id, number| Row { id, number, unit: "1", received: "", status: "2", versions: &["ready"] };
        desk.add(&[row(1, "H20.14-261101-0001"), row(2, "H20.14-261101-0002")]).await;
        let profile = Profile::load(&mappings(), "dvcbtxh").unwrap();
        let named = [("accept-key".to_owned(), SecretString::from("khoa"))].into();
        let credentials = Credentials { named, ..Credentials::default() };
        let system = System {
            name: "dvcbtxh".into(),
            session: Session::new(&profile, credentials).unwrap(),
            profile: Arc::new(profile),
            transport: Arc::new(
                HttpTransport::open(&TransportOptions::new(host.base.clone(), Duration::from_secs(5))).unwrap(),
            ),
            province: "87".into(),
            pace: PaceSettings { per_minute: 60_000, ..PaceSettings::default() },
            retry: short_waits(),
            in_flight: AtomicI64::new(0),
        };
        let files = Attachments {
            shelf: Shelf::new(desk.dir.path().join("tep")),
            base: host.base.clone(),
            most_bytes: 100_000,
            most: 3,
            types: vec!["application/pdf".into()],
            scanner: None,
        };
        let store = Store::open(&Self::place(&desk)).await.unwrap();
        Some(Self { desk, host, store, system, hands: Hands::at(MORNING), files, longest_ms: i64::MAX })
    }

    fn place(desk: &Desk) -> Place {
        desk.server.as_ref().map_or_else(
            || Place::Sqlite(desk.dir.path().join("store.db")),
            |server| Place::Postgres(SecretString::from(server.url.clone())),
        )
    }

    async fn want(&self, application: i64, address: &str, name: &str) {
        let mut tx = self.store.write().await.unwrap();
        attachment::want(&mut tx, application, (address, name), ("wanted", ""), self.hands.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn try_fetch(&self) -> Result<Fetched, FetchError> {
        let (mut tx, now) = (self.store.write().await?, self.hands.now());
        let taken = leases::take(&mut tx, "intake:nop", &leases::holder(), now).await?;
        let Taken::Ours(lease) = taken else { panic!("{taken:?}") };
        tx.commit().await?;
        let stop = CancellationToken::new();
        let round = Round {
            store: &self.store,
            intake: "nop",
            system: &self.system,
            lease: &lease,
            clock: &*self.hands,
            stop: &stop,
            patience_ms: 60_000,
            longest_ms: self.longest_ms,
        };
        let fetched = fetch(&self.files, round, 1000).await;
        let mut tx = self.store.write().await?;
        leases::free(&mut tx, &lease).await?;
        tx.commit().await?;
        fetched
    }

    async fn fetch(&self) -> Fetched {
        self.try_fetch().await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Everything in the folder, by its path there; nothing is left of what was being fetched.
    fn kept(&self) -> Vec<(String, Vec<u8>)> {
        fn walk(folder: PathBuf, start: &PathBuf, all: &mut Vec<(String, Vec<u8>)>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(path, start, all);
                } else {
                    let name = path.strip_prefix(start).unwrap().to_string_lossy().into_owned();
                    all.push((name, std::fs::read(path).unwrap()));
                }
            }
        }
        let (start, mut all) = (self.desk.dir.path().join("tep"), Vec::new());
        walk(start.clone(), &start, &mut all);
        all.sort();
        all
    }

    /// State and why of each, by address.
    fn states(&self) -> Vec<(String, String)> {
        let store = self.desk.local();
        let mut rows = store.prepare("select state, why from attachment order by id").unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }

    fn scanner(&mut self, code: u8) {
        let script = self.desk.dir.path().join("quet");
        std::fs::write(&script, format!("#!/bin/sh\ntest \"$1\" = --sach && test -f \"$2\" && exit {code}\nexit 9\n"))
            .unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = script.to_str().unwrap().to_owned();
        self.files.scanner =
            Some(Scanner { program, arguments: vec!["--sach".into()], limit: Duration::from_secs(20) });
    }
}

async fn each_once(server: Option<Server>) {
    let Some(case) = Case::on(server, "attachments").await else { return };
    let (one, two) = (pdf("một", 5000), pdf("hai", 70_000));
    case.host.put("/tep/1", Served::of(&one));
    case.host.put("/tep/2", Served::of(&two));
    case.host.put("/tep/3", Served::of(&one));
    case.want(1, "/tep/1", "../../Giấy khai sinh.pdf").await;
    case.want(1, &format!("{}/tep/2", case.host.base), "Đơn").await;
    case.want(2, "/tep/3", "").await;
    case.want(2, "http://noi-khac.example/tep/1", "khác.pdf").await;
    let fetched = case.fetch().await;
    assert_eq!(fetched, Fetched { stored: 3, outside: 1, ..Fetched::default() });
    let kept = case.kept();
    let names: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
    let content = |hash: &str| format!("{}/{hash}", &hash[..2]);
    let mut wanted = vec![
        content(&hash(&one)),
        content(&hash(&two)),
        "ho-so/nop/H20.14-261101-0001/01-_.._Giấy_khai_sinh.pdf".into(),
        "ho-so/nop/H20.14-261101-0001/02-Đơn.pdf".into(),
        "ho-so/nop/H20.14-261101-0002/01-tep.pdf".into(),
    ];
    wanted.sort();
    assert_eq!(names, wanted);
    for (name, bytes) in &kept {
        let right = if name.contains("Đơn") || name.contains(&hash(&two)) { &two } else { &one };
        assert!(bytes == right, "{name}");
    }
    // The links are no second copies.
    let place = case.files.shelf.place(&hash(&one));
    assert_eq!(std::os::unix::fs::MetadataExt::nlink(&std::fs::metadata(place).unwrap()), 3);
    // Named again by another version, and asked for again: nothing goes out.
    case.want(1, "/tep/1", "tên khác").await;
    case.hands.pass(7 * 86_400_000);
    assert_eq!(case.fetch().await, Fetched::default());
    let book = case.host.book.lock().unwrap();
    assert_eq!((book.asked.len(), book.strangers), (3, 0));
}

#[tokio::test]
async fn each_file_is_fetched_once_and_each_content_kept_once() {
    each_once(None).await;
    each_once(Some(Server::Postgres)).await;
}

#[tokio::test]
async fn what_broke_off_goes_on_from_there() {
    let case = Case::new().await;
    let content = pdf("dài", 90_000);
    case.host.put("/tep/1", Served { cuts: vec![40_000, 30_000], ..Served::of(&content) });
    case.want(1, "/tep/1", "dài.pdf").await;
    assert_eq!(case.fetch().await.stored, 1);
    let asked = case.host.asked();
    assert_eq!((asked[0].1, asked.len()), (None, 3));
    for part in &asked[1..] {
        assert!(part.1.is_some_and(|from| from > 0) && part.2.as_deref() == Some("\"v1\""), "{asked:?}");
    }
    assert!(asked[2].1 > asked[1].1, "{asked:?}");
    assert_eq!(std::fs::read(case.files.shelf.place(&hash(&content))).unwrap(), content);
}

#[tokio::test]
async fn a_file_that_changed_meanwhile_is_never_put_together_of_two() {
    // Changed, and the host says so by sending all of it; changed, and the host sends the rest of the other all the same.
    for lies in [None, Some(("\"v2\"".to_owned(), 40_000)), Some(("\"v1\"".to_owned(), 10))] {
        let case = Case::new().await;
        let (before, after) = (pdf("cũ", 90_000), pdf("mới", 80_000));
        case.host.put("/tep/1", Served { cuts: vec![40_000], ..Served::of(&before) });
        case.host.put("/tep/2", Served { status: Some(503), ..Served::default() });
        case.want(1, "/tep/1", "").await;
        // The first round ends in the middle: the host goes away.
        case.host.book.lock().unwrap().files.get_mut("/tep/1").unwrap().cuts.extend([0, 0, 0, 0, 0, 0]);
        let fetched = case.fetch().await;
        assert_eq!((fetched.stored, fetched.failed, fetched.waiting), (0, 1, 1));
        let changed = Served { etag: "\"v2\"".into(), lies, ..Served::of(&after) };
        case.host.put("/tep/1", changed);
        case.hands.pass(60_000);
        // One that lies about the rest is asked for all of it.
        assert_eq!(case.fetch().await.stored, 1);
        assert_eq!(std::fs::read(case.files.shelf.place(&hash(&after))).unwrap(), after);
        assert_eq!(case.kept().len(), 2);
    }
}

#[tokio::test]
async fn what_is_too_large_too_many_or_of_another_type_is_not_kept() {
    let case = Case::new().await;
    case.host.put("/tep/lon", Served::of(&pdf("lớn", 100_001)));
    case.host.put("/tep/khac", Served::of(b"MZ mot chuong trinh"));
    case.host.put("/tep/vua", Served::of(&pdf("vừa", 100_000)));
    for path in ["/tep/lon", "/tep/khac", "/tep/vua", "/tep/thu-tu"] {
        case.want(1, path, "").await;
    }
    let fetched = case.fetch().await;
    assert_eq!(fetched, Fetched { stored: 1, refused: 3, ..Fetched::default() });
    let states = case.states();
    assert!(
        states[0].1.contains("100000") && states[1].1.contains("octet-stream") && states[3].1.contains("3 tệp"),
        "{states:?}"
    );
    assert_eq!(case.kept().len(), 2, "{:?}", case.kept().iter().map(|k| &k.0).collect::<Vec<_>>());
    // The fourth was not even asked for.
    assert!(!case.host.asked().iter().any(|asked| asked.0 == "/tep/thu-tu"));
}

#[tokio::test]
async fn the_scanner_has_the_last_word_and_nothing_is_fetched_again_for_it() {
    let mut case = Case::new().await;
    case.host.put("/tep/1", Served::of(&pdf("một", 5000)));
    case.want(1, "/tep/1", "").await;
    case.scanner(2);
    let fetched = case.fetch().await;
    assert_eq!((fetched.failed, fetched.waiting), (1, 1));
    assert!(case.states()[0].1.contains("quet"), "{:?}", case.states());
    case.scanner(0);
    assert_eq!(case.fetch().await, Fetched { waiting: 1, ..Fetched::default() }, "before its time");
    case.hands.pass(60_000);
    assert_eq!(case.fetch().await.stored, 1);
    assert_eq!(case.host.asked().len(), 1);

    case.host.put("/tep/virus", Served::of(&pdf("EICAR-THU", 3000)));
    case.want(2, "/tep/virus", "").await;
    case.scanner(1);
    assert_eq!(case.fetch().await, Fetched { infected: 1, ..Fetched::default() });
    assert_eq!((case.states()[1].0.as_str(), case.kept().len()), ("infected", 2));
}

#[tokio::test]
async fn a_file_that_fails_holds_nothing_and_stays_in_view_until_it_is_there() {
    let case = Case::new().await;
    case.host.put("/tep/2", Served::of(&pdf("hai", 500)));
    case.want(1, "/tep/1", "").await;
    case.want(1, "/tep/2", "").await;
    let fetched = case.fetch().await;
    assert_eq!((fetched.stored, fetched.failed, fetched.waiting), (1, 1, 1));
    assert!(case.states()[0].1.contains("404"), "{:?}", case.states());
    // Alone from here on, so that no time passes between its failure and the look at it.
    case.hands.pass(86_400_000);
    assert_eq!(case.fetch().await.failed, 1);
    let mut waits = Vec::new();
    for _ in 0..8 {
        let due: i64 =
            case.desk.local().query_row("select next_ms from attachment where id = 1", [], |r| r.get(0)).unwrap();
        let wait = due - case.hands.now().0;
        waits.push(wait);
        case.hands.pass(wait - 1);
        assert_eq!(case.fetch().await.failed, 0, "{waits:?}");
        case.hands.pass(1);
        assert_eq!(case.fetch().await.failed, 1, "{waits:?}");
    }
    assert!(waits.is_sorted() && waits[0] < waits[4] && waits[7] <= 86_400_000, "{waits:?}");
    case.host.put("/tep/1", Served::of(&pdf("một", 500)));
    case.hands.pass(86_400_000);
    assert_eq!(case.fetch().await, Fetched { stored: 1, ..Fetched::default() });
    // Its application waited for nothing.
    let state: String = case
        .desk
        .local()
        .query_row("select state from application_version where application_id = 1", [], |r| r.get(0))
        .unwrap();
    assert_eq!(state, "ready");
}

#[tokio::test]
async fn a_portal_that_is_down_ends_the_round_and_counts_against_no_file() {
    let case = Case::new().await;
    case.host.put("/tep/1", Served { status: Some(503), ..Served::default() });
    case.want(1, "/tep/1", "").await;
    let ended = case.try_fetch().await;
    assert!(matches!(ended, Err(FetchError::Line(LineError::Unreached { .. }))), "{ended:?}");
    let tried: i64 = case.desk.local().query_row("select attempts from attachment", [], |r| r.get(0)).unwrap();
    assert_eq!(tried, 0);
}

#[tokio::test]
async fn a_crash_at_any_await_loses_no_file_and_fetches_none_again_that_was_whole() {
    let content = pdf("một", 20_000);
    let (mut crashes, mut whole, mut polls, mut survived, mut rounds) = (0, 0, 0, 0, 0);
    // How often it is polled is the machine's business: on until it comes through, and once more from the beginning while no
    // crash left a whole file behind.
    while survived < 3 || whole == 0 {
        if survived >= 3 {
            (polls, survived, rounds) = (0, 0, rounds + 1);
        }
        assert!(polls < 3000 && rounds < 20, "it never comes through, or never whole: {polls} {rounds}");
        let mut case = Case::new().await;
        case.host.put("/tep/1", Served::of(&content));
        case.want(1, "/tep/1", "một.pdf").await;
        let died = Doomed::from(|| true, polls, case.try_fetch()).await.is_none();
        (crashes, survived) = if died { (crashes + 1, 0) } else { (crashes, survived + 1) };
        case.store.close().await;
        case.store = Store::open(&Case::place(&case.desk)).await.unwrap();
        case.hands.pass(61_000);
        let part = case.desk.dir.path().join("tep/.part");
        let is_whole = std::fs::read_dir(part).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_string_lossy().ends_with(".whole"))
        });
        let before = case.host.asked().len();
        case.fetch().await;
        if is_whole {
            whole += 1;
            assert_eq!(case.host.asked().len(), before, "polls {polls}");
        }
        assert_eq!(case.states()[0].0, "stored", "polls {polls}");
        assert_eq!(std::fs::read(case.files.shelf.place(&hash(&content))).unwrap(), content);
        let links: Vec<String> =
            case.kept().into_iter().map(|kept| kept.0).filter(|name| !name.starts_with(".part")).collect();
        assert_eq!(links.len(), 2, "{links:?}");
        polls += 1 + polls / 32;
    }
    assert!(crashes > 10 && whole > 0, "{crashes} {whole}");
}

/// An error page however long, a page to log in, a page that calls itself a file: none is the citizen's file, and none is
/// a reason to give the file up.
#[tokio::test]
async fn a_page_in_the_place_of_a_file_passes_and_the_file_comes() {
    let case = Case::new().await;
    let long = [&b"<html>"[..], &vec![b'x'; 200_000]].concat();
    let page = |content: &[u8], status, kind: &str| Served { status, kind: kind.to_owned(), ..Served::of(content) };
    case.host.put("/tep/1", page(&long, Some(500), "text/html"));
    case.host.put("/tep/2", page(&long, Some(404), "application/octet-stream"));
    case.host.put("/tep/3", page(b"<!DOCTYPE html><title>Dang nhap", None, "text/html; charset=utf-8"));
    for path in ["/tep/1", "/tep/2", "/tep/3"] {
        case.want(1, path, "").await;
    }
    case.host.put("/tep/4", page(b"\xef\xbb\xbf\n<HTML><title>Bao tri", None, "application/octet-stream"));
    case.want(2, "/tep/4", "").await;
    let fetched = case.fetch().await;
    assert_eq!(fetched, Fetched { failed: 4, waiting: 4, ..Fetched::default() }, "{:?}", case.states());
    for path in ["/tep/1", "/tep/2", "/tep/3", "/tep/4"] {
        case.host.put(path, Served::of(&pdf(path, 900)));
    }
    case.hands.pass(120_000);
    assert_eq!(case.fetch().await, Fetched { stored: 4, ..Fetched::default() }, "{:?}", case.states());
}

/// Many dead links say nothing of the portal: whoever pulls from it is not held up.
#[tokio::test]
async fn dead_links_do_not_close_the_portal() {
    let case = Case::new().await;
    for at in 0..8 {
        let (path, application) = (format!("/tep/{at}"), 1 + at / 3 % 2);
        case.host.put(&path, Served { status: Some(500), ..Served::default() });
        case.want(application, &path, "").await;
    }
    case.fetch().await;
    let (failures, open): (i64, i64) = case
        .desk
        .local()
        .query_row("select failures, open_until_ms from system_state where system = 'dvcbtxh'", [], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .unwrap();
    assert_eq!((failures, open), (0, 0));
}

/// Files without end hold up the next pull for a few minutes at most.
#[tokio::test]
async fn a_round_ends_after_a_while() {
    let mut case = Case::new().await;
    case.files.most = 1000;
    (case.system.pace.per_minute, case.longest_ms) = (1, 5 * 60_000);
    for at in 0..20 {
        let path = format!("/tep/{at}");
        case.host.put(&path, Served::of(&pdf(&path, 300)));
        case.want(1, &path, "").await;
    }
    // All of them would take twenty minutes.
    let fetched = case.fetch().await;
    assert!(fetched.stored > 0 && fetched.waiting > 10, "{fetched:?}");
    case.longest_ms = i64::MAX;
    assert_eq!(case.fetch().await.waiting, 0, "the next round goes on");
}

/// Numbers that look alike once made safe, and an office that had another file under the name.
#[tokio::test]
async fn a_link_leads_to_its_own_file() {
    let case = Case::new().await;
    case.desk.sql("update application set number = 'A/1' where id = 1").await;
    case.desk.sql("update application set number = 'A_1' where id = 2").await;
    for at in [1, 2] {
        case.host.put(&format!("/tep/{at}"), Served::of(&pdf(&format!("của {at}"), 400)));
        case.want(at, &format!("/tep/{at}"), "don.pdf").await;
    }
    let alien = case.desk.dir.path().join("tep/ho-so/nop/A_1");
    std::fs::create_dir_all(&alien).unwrap();
    std::fs::write(alien.join("01-don.pdf"), "của người khác").unwrap();
    assert_eq!(case.fetch().await.stored, 2);
    assert_eq!(std::fs::read(alien.join("01-don.pdf")).unwrap(), pdf("của 2", 400));
    let links = case.kept().into_iter().filter(|(name, _)| name.starts_with("ho-so/")).count();
    assert_eq!(links, 2, "{:?}", case.kept().iter().map(|k| &k.0).collect::<Vec<_>>());
}

/// After a crash more may stand in the part than was made to last: zeros, or anything.
#[tokio::test]
async fn what_was_not_made_to_last_is_fetched_again() {
    let case = Case::new().await;
    let content = pdf("dài", 90_000);
    case.host.put("/tep/1", Served { cuts: vec![40_000, 0, 0, 0, 0, 0, 0], ..Served::of(&content) });
    case.want(1, "/tep/1", "").await;
    assert_eq!(case.fetch().await.failed, 1);
    let folder = case.desk.dir.path().join("tep/.part");
    let part = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let lasting = std::fs::metadata(&part).unwrap().len();
    assert!(lasting > 0);
    let mut file = std::fs::File::options().append(true).open(&part).unwrap();
    std::io::Write::write_all(&mut file, &[0; 1000]).unwrap();
    case.host.book.lock().unwrap().files.get_mut("/tep/1").unwrap().cuts.clear();
    case.hands.pass(60_000);
    assert_eq!(case.fetch().await.stored, 1);
    assert_eq!(std::fs::read(case.files.shelf.place(&hash(&content))).unwrap(), content);
    let asked = case.host.asked();
    assert_eq!(asked.last().unwrap().1, Some(lasting), "only the rest of what lasted: {asked:?}");
}
