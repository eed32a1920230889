//! A portal that answers pulls by its own book, and an intake on a real store.

#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::civil::date;
use molisa_gateway::delivery::{PaceSettings, System};
use molisa_gateway::intake::judge;
use molisa_gateway::intake::{Intake, IntakeError, Rhythm, Taken, Wanted, run};
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{Clock as _, Timestamp};
use molisa_gateway::national::{Credentials, Exchange, Profile, Reply, Session, Transport, WireError, WireRequest};
use molisa_gateway::sandbox::{Nation, Settings, Words};
use molisa_gateway::store::{Place, Store, dossiers, inbox};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::databases::{Database, Server};
use super::portal::shipped;
use super::world::{Doomed, Hands, MORNING, Wire, short_waits};

/// What happens to one question instead of an answer.
#[derive(Debug, Clone)]
pub enum Mishap {
    Lost,
    Status(u16),
    Body(String),
}

/// An application in the portal's book: when it was filed or last changed, and what is said of it.
pub type Filed = (Timestamp, Value);

/// The portal.
#[derive(Default)]
pub struct Portal {
    pub book: Mutex<Vec<Filed>>,
    /// For the next questions, in turn.
    pub mishaps: Mutex<VecDeque<Option<Mishap>>>,
    /// Answers with more applications than this are too large.
    pub most: Mutex<Option<usize>>,
    /// Answers in which this stands are cut off, so that nobody can read them.
    pub spoilt: Mutex<Option<String>>,
    /// A page holds so many; all of it where there are no pages.
    pub page: Mutex<Option<usize>>,
    /// Windows that were asked for, logins as `token`.
    pub asked: Mutex<Vec<String>>,
    /// Where there is one, the next question says that it came, and waits.
    pub gate: Mutex<Option<Arc<Gate>>>,
}

/// Holds one question.
#[derive(Default)]
pub struct Gate {
    pub reached: Notify,
    pub open: Notify,
}

fn moment(text: &str) -> Timestamp {
    let at = jiff::fmt::strtime::parse("%d/%m/%Y %H:%M:%S", text).unwrap().to_datetime().unwrap();
    Timestamp::from_vietnam(at).unwrap()
}

impl Portal {
    fn answer(&self, body: &[u8], limit: usize) -> Result<Reply, WireError> {
        let asked: Value = serde_json::from_slice(body).unwrap();
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let reply = |body: String| Reply { status: 200, body: body.into(), ..Reply::default() };
        if !text("username").is_empty() {
            let nth = self.note("token".into());
            return Ok(reply(json!({ "access_token": format!("token-{nth}"), "expires_in": 3600 }).to_string()));
        }
        let (from, to) = (text("ThoiGianBatDau"), text("ThoiGianKetThuc"));
        self.note(format!("{from} – {to}"));
        match self.mishaps.lock().unwrap().pop_front().flatten() {
            None => {}
            Some(Mishap::Lost) => return Err(WireError::Unknown { why: "time-out".into() }),
            Some(Mishap::Status(status)) => return Ok(Reply { status, ..Reply::default() }),
            Some(Mishap::Body(body)) => return Ok(reply(body)),
        }
        let (from, to) = (moment(&from), moment(&to));
        let book = self.book.lock().unwrap();
        let data: Vec<&Value> = book.iter().filter(|(at, _)| (from..=to).contains(at)).map(|(_, one)| one).collect();
        if self.most.lock().unwrap().is_some_and(|most| data.len() > most) {
            return Err(WireError::TooLarge { status: 200, limit });
        }
        let data = match *self.page.lock().unwrap() {
            None => &data[..],
            Some(size) => data.chunks(size).nth(text("Trang").parse::<usize>().unwrap() - 1).unwrap_or_default(),
        };
        let mut body = json!({ "result": { "error_code": 0, "message": "", "data": data } }).to_string();
        if self.spoilt.lock().unwrap().as_ref().is_some_and(|text| body.contains(text)) {
            body.pop();
        }
        Ok(reply(body))
    }

    fn note(&self, what: String) -> usize {
        let mut asked = self.asked.lock().unwrap();
        asked.push(what);
        asked.len()
    }

    pub fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// Files an application, or shows it once more.
    pub fn file(&self, at: Timestamp, body: Value) {
        self.book.lock().unwrap().push((at, body));
    }

    pub fn next(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.mishaps.lock().unwrap().extend(mishaps.into_iter().map(Some));
    }
}

impl Transport for Portal {
    fn exchange(&self, request: WireRequest) -> Exchange<'_> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let gate = self.gate.lock().unwrap().take();
            if let Some(gate) = gate {
                gate.reached.notify_one();
                gate.open.notified().await;
            }
            let answer = self.answer(&request.body, request.answer_limit);
            tokio::task::yield_now().await;
            answer
        })
    }
}

/// The mapping down of these stories.
const MAPPING: &str = r#"
[mapping]
entity = "tiep-nhan"
key = "MaHoSo"
unit = "ma_xa"

[about]
procedure = "ma_tthc"
received = "ngay_tiep_nhan"

[columns]
MaHoSo = "text"
MaTTHC = "text"
HoVaTen = "text"
MaXa = "text"
StatusId = "text"
NgayTiepNhan = "text"

[[field]]
name = "ma_ho_so"
from = "MaHoSo"
required = true

[[field]]
name = "ma_tthc"
from = "MaTTHC"
via = [{ groups = 2 }]

[[field]]
name = "ho_ten"
from = "HoVaTen"
required = true

[[field]]
name = "ma_xa"
from = "MaXa"
code = { list = "xa", by = "code" }
required = true

[[field]]
name = "trang_thai"
from = "StatusId"

[[field]]
name = "ngay_tiep_nhan"
from = "NgayTiepNhan"
"#;

/// An application of a person in a commune, with a status.
pub fn body(number: &str, commune: &str, status: &str) -> Value {
    json!({ "maHoSo": number, "maTTHC": "1.001776.000.00.00.H20", "hoVaTen": "Nguyễn Văn An", "maXa": commune,
        "statusId": status })
}

/// So many minutes before the morning of these stories.
pub fn before(minutes: i64) -> Timestamp {
    MORNING.plus(-minutes * 60_000)
}

/// The gateway's side.
pub struct Office {
    pub dir: tempfile::TempDir,
    pub place: Place,
    pub store: Store,
    pub intake: Intake,
    pub hands: Arc<Hands>,
    pub portal: Arc<Portal>,
    /// Goes with the house.
    _database: Option<Database>,
}

/// With a token that is asked for, instead of the key.
pub const WITH_TOKEN: [(&str, &str); 2] = [
    (
        "[auth]\nkind = \"key-in-body\"",
        "[auth]\nkind = \"session\"\npath = \"/apiBTXH/LayToken\"\n[auth.body]\nusername = \"{id}\"\n\
         password = \"{secret}\"\n[auth.answer]\ntoken = \"access_token\"\nexpires = \"expires_in\"\n\
         life-seconds = 300\nearly-seconds = 30\n[auth.headers]\nAuthorization = \"Bearer {token}\"",
    ),
    ("Authorization = \"Bearer {credential:accept-key}\"\n# Authorization", "Authorization"),
];

impl Office {
    pub async fn new() -> Self {
        Self::changed(&[]).await
    }

    /// With changes to the shipped profile.
    pub async fn changed(changes: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::Sqlite(dir.path().join("store.db"));
        Self::on(dir, place, None, changes).await
    }

    /// On each engine whose server there is.
    pub async fn on_each(test: &str) -> Vec<Self> {
        let mut offices = vec![Self::new().await];
        if let Some(database) = Database::fresh(Server::Postgres, test).await {
            let place = Place::Postgres(SecretString::from(database.url.as_str()));
            offices.push(Self::on(tempfile::tempdir().unwrap(), place, Some(database), &[]).await);
        }
        offices
    }

    /// The sandbox is the portal.
    pub fn join_sandbox(&mut self) -> Arc<Wire> {
        let nation = Arc::new(Mutex::new(Nation::new(Settings::default(), Words::default())));
        let wire = Wire::to(nation, &self.hands);
        self.intake.system = system(shipped("dvcbtxh", &[]), Arc::<Wire>::clone(&wire) as Arc<dyn Transport>);
        wire
    }

    async fn on(dir: tempfile::TempDir, place: Place, database: Option<Database>, changes: &[(&str, &str)]) -> Self {
        std::fs::create_dir_all(dir.path().join("codes")).unwrap();
        Self::communes(dir.path(), &["30001", "30002"]);
        let (hands, portal) = (Hands::at(MORNING), Arc::new(Portal::default()));
        let intake = Intake {
            name: "btxh".into(),
            system: system(shipped("dvcbtxh", changes), Arc::<Portal>::clone(&portal) as Arc<dyn Transport>),
            mapping: mapping(dir.path(), MAPPING),
            rhythm: Rhythm {
                start: date(2026, 11, 23),
                overlap_ms: 2 * 3_600_000,
                reread_days: 1,
                longest_ms: 24 * 3_600_000,
            },
            local: None,
            numbers: None,
            files: None,
            clock: None,
            patience: Duration::from_mins(10),
        };
        let store = Store::open(&place).await.unwrap();
        Self { dir, place, store, intake, hands, portal, _database: database }
    }

    /// The communes that the code list has.
    pub fn communes(dir: &Path, codes: &[&str]) {
        let rows: Vec<String> = codes.iter().map(|code| format!("{code},Xã {code},source\n")).collect();
        let rows = rows.concat();
        std::fs::write(dir.join("codes/xa.csv"), format!("code,name,checked\n{rows}")).unwrap();
    }

    /// The mapping as it stands in the folder now.
    pub fn map_again(&mut self) {
        self.intake.mapping = mapping(self.dir.path(), MAPPING);
    }

    pub async fn pull(&self) -> Taken {
        self.pulled(&Wanted::default()).await.unwrap()
    }

    pub async fn pulled(&self, wanted: &Wanted) -> Result<Taken, IntakeError> {
        let stop = CancellationToken::new();
        let pull = run(&self.store, &self.intake, &*self.hands, wanted, &stop);
        tokio::time::timeout(Duration::from_mins(1), pull).await.expect("an end by itself")
    }

    /// A run that dies after so many polls, counted from the moment on at which so many questions were asked; whether it
    /// died. The house is then started again, as after a kill.
    pub async fn dies(&mut self, questions: usize, polls: u32) -> bool {
        let (portal, stop) = (Arc::clone(&self.portal), CancellationToken::new());
        let so = move || portal.times_asked() >= questions;
        let wanted = Wanted::default();
        let pull = run(&self.store, &self.intake, &*self.hands, &wanted, &stop);
        let died = Doomed::from(so, polls, pull).await.is_none();
        self.store.close().await;
        self.store = Store::open(&self.place).await.unwrap();
        self.hands.pass(61_000);
        died
    }

    /// Texts of a query, one column.
    pub async fn texts(&self, sql: &'static str) -> Vec<String> {
        match &self.store {
            Store::Sqlite { read, .. } => sqlx::query_scalar(sql).fetch_all(read).await.unwrap(),
            Store::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }

    /// One statement.
    pub async fn run_sql(&self, sql: &'static str) {
        match &self.store {
            Store::Sqlite { write, .. } => drop(sqlx::query(sql).execute(write).await.unwrap()),
            Store::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        }
    }

    /// A person lays values over what the portal said.
    pub async fn decide(&self, number: &str, values: &[(&str, &str)]) {
        let mut tx = self.store.write().await.unwrap();
        let id = inbox::known(&mut tx, "btxh", &[number]).await.unwrap()[number].id;
        let values: std::collections::BTreeMap<&str, &str> = values.iter().copied().collect();
        dossiers::lock(&mut tx, id).await.unwrap();
        let because = ("test", "đã hỏi công dân");
        let mut bodies = dossiers::bodies(&mut tx, id, "to-be-routed").await.unwrap();
        if bodies.is_empty() {
            bodies = dossiers::bodies(&mut tx, id, "ready").await.unwrap();
        }
        let said = json!(judge::said(&bodies, values.keys().copied()).unwrap()).to_string();
        dossiers::decide(&mut tx, id, self.now(), because, (&json!(values).to_string(), &said)).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Every version, as `number/version state`.
    pub async fn versions(&self) -> Vec<String> {
        self.texts(
            "select a.number || '/' || cast(v.version as text) || ' ' || v.state from application a \
             join application_version v on v.application_id = a.id order by a.number, v.version",
        )
        .await
    }

    pub async fn status(&self) -> Vec<String> {
        self.texts("select status from application order by number").await
    }

    /// Another process on the same store.
    pub async fn as_another_process(&self) -> Store {
        Store::open(&self.place).await.unwrap()
    }

    /// What the cursor says, in Vietnam time; empty before anything.
    pub async fn cursor(&self) -> String {
        let found = self.texts("select cast(upto_ms as text) from intake_cursor where upto_ms > 0").await;
        found.first().map(|ms| Timestamp(ms.parse().unwrap()).for_people()).unwrap_or_default()
    }

    /// The clock.
    pub fn now(&self) -> Timestamp {
        self.hands.now()
    }
}

fn mapping(dir: &Path, text: &str) -> Arc<Mapping> {
    let told = Mapping::parse(&dir.join("tiep-nhan.toml"), text, &dir.join("codes"));
    Arc::new(told.unwrap_or_else(|faults| panic!("{faults}")))
}

fn system(profile: Profile, transport: Arc<dyn Transport>) -> Arc<System> {
    let credentials = Credentials {
        id: Some("tinh87".into()),
        secret: Some("mat-khau".into()),
        named: [("accept-key".to_owned(), SecretString::from("sandbox"))].into(),
    };
    Arc::new(System {
        name: "dvcbtxh".into(),
        session: Session::new(&profile, credentials).unwrap(),
        profile: Arc::new(profile),
        transport,
        province: "87".into(),
        pace: PaceSettings { per_minute: 6000, ..PaceSettings::default() },
        retry: short_waits(),
        in_flight: AtomicI64::new(0),
    })
}
