//! The side door under `/_sandbox/`: report, records (and what happens to them without us), checksums, dossiers, applications, faults, refusals, reset. The same as methods of [`Nation`].

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::book::Book;
use super::entity::{BENEFICIARIES, kind_of};
use super::faults::{Fault, System};
use super::nation::Nation;
use super::portal::{Filing, Portal, Seed};
use super::tamper::Tamper;
use super::wire::{Reply, Request};

/// What a nation may say of a record for reasons of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Refused for good, from now on.
    Refused {
        /// `MaLoi`.
        code: String,
        /// `ThongBao`.
        text: String,
    },
    /// To be tried again later, so many times.
    Later {
        /// How often.
        times: u32,
    },
    /// A batch that holds it is answered `-1`.
    Poison,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum As {
    Refused,
    Later,
    Poison,
    Accepted,
}

/// One line of `POST /_sandbox/refuse`; of `doi-tuong` where no entity is told. A portal's references are dossiers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ruling {
    #[serde(default)]
    system: System,
    #[serde(default)]
    entity: Option<String>,
    references: Vec<String>,
    #[serde(rename = "as")]
    kind: As,
    #[serde(default, rename = "MaLoi")]
    code: Option<String>,
    #[serde(default, rename = "ThongBao")]
    text: Option<String>,
    #[serde(default)]
    times: Option<u32>,
}

/// One thing, or a list of them.
fn one_or_many<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, String> {
    let read = |value: Value| serde_json::from_value(value).map_err(|error| error.to_string());
    match serde_json::from_slice(body).map_err(|error| error.to_string())? {
        Value::Array(list) => list.into_iter().map(read).collect(),
        one => Ok(vec![read(one)?]),
    }
}

const NO_ENTITY: &str = "no such entity";
const NO_PORTAL: &str = "no such portal";

fn bad(what: &str) -> Reply {
    Reply::json(400, serde_json::json!({ "error": what }).to_string())
}

impl Nation {
    /// Queues a fault; one that makes no sense for its operation is refused with the reason.
    pub fn add_fault(&mut self, fault: Fault) -> Result<(), &'static str> {
        if let Some(why) = fault.nonsense() {
            return Err(why);
        }
        self.faults.add(fault);
        Ok(())
    }

    /// Takes back all faults that wait.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Sets what is said of a reference of `doi-tuong`; `None`: nothing special.
    pub fn rule(&mut self, reference: &str, rule: Option<Rule>) {
        self.books[0].rule(reference, rule);
    }

    /// The same of any entity; one that there is not is refused.
    pub fn rule_of(&mut self, entity: &str, reference: &str, rule: Option<Rule>) -> Result<(), &'static str> {
        let kind = kind_of(entity).ok_or(NO_ENTITY)?;
        self.books[kind.number].rule(reference, rule);
        Ok(())
    }

    /// Whether counts offer `MaKiemTra` from now on.
    pub fn offer_checksums(&mut self, on: bool) {
        self.settings.checksums = on;
    }

    /// Forgets everything but its settings and words.
    pub fn reset(&mut self) {
        *self = Self::new(self.settings.clone(), self.words.clone());
    }

    pub(super) fn control(&mut self, request: &Request, now_ms: i64) -> Reply {
        match (request.method.as_str(), request.plain_path()) {
            ("GET", "/_sandbox/report") => match serde_json::to_vec(&self.report()) {
                Ok(body) => Reply::json(200, body),
                Err(_) => Reply::json(500, "{}"),
            },
            ("GET", "/_sandbox/records") => {
                let limit = request.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1_000);
                let entity = request.query("entity").unwrap_or_else(|| BENEFICIARIES.to_owned());
                match self.records_as_lines(&entity, request.query("after").as_deref(), limit) {
                    Some(body) => Reply::new(200, "application/x-ndjson", body),
                    None => bad(NO_ENTITY),
                }
            }
            ("POST", "/_sandbox/records") => {
                let tampered = one_or_many::<Tamper>(&request.body);
                let tampered = tampered
                    .and_then(|all| all.iter().try_for_each(|one| self.tamper(one, now_ms)).map_err(str::to_owned));
                tampered.map_or_else(|what| bad(&what), |()| Reply::json(200, "{}"))
            }
            ("POST", "/_sandbox/checksums") => match serde_json::from_slice::<bool>(&request.body) {
                Ok(on) => {
                    self.offer_checksums(on);
                    Reply::json(200, "{}")
                }
                Err(_) => bad("true or false"),
            },
            ("GET", "/_sandbox/dossiers") => {
                let limit = request.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1_000);
                let system = match request.query("system").as_deref() {
                    Some("dvcqg") => System::Dvcqg,
                    Some("dvcbtxh") => System::Dvcbtxh,
                    _ => return bad(NO_PORTAL),
                };
                match self.dossiers_as_lines(system, request.query("after").as_deref(), limit) {
                    Some(body) => Reply::new(200, "application/x-ndjson", body),
                    None => bad(NO_PORTAL),
                }
            }
            ("POST", "/_sandbox/dossiers") => {
                let seeds = one_or_many::<Seed>(&request.body);
                let planted = seeds
                    .and_then(|seeds| seeds.into_iter().try_for_each(|seed| self.plant(seed)).map_err(str::to_owned));
                planted.map_or_else(|what| bad(&what), |()| Reply::json(200, "{}"))
            }
            ("GET", "/_sandbox/applications") => {
                let limit = request.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1_000);
                let lines = self.applications_as_lines(request.query("after").as_deref(), limit);
                Reply::new(200, "application/x-ndjson", lines)
            }
            ("POST", "/_sandbox/applications") => {
                let filed = one_or_many::<Filing>(&request.body).and_then(|filings| self.take_filings(filings));
                filed.map_or_else(|what| bad(&what), |()| Reply::json(200, "{}"))
            }
            ("POST", "/_sandbox/faults") => match one_or_many::<Fault>(&request.body) {
                Ok(faults) => self.add_faults(faults),
                Err(what) => bad(&what),
            },
            ("DELETE", "/_sandbox/faults") => {
                self.clear_faults();
                Reply::json(200, "{}")
            }
            ("POST", "/_sandbox/refuse") => match one_or_many::<Ruling>(&request.body) {
                Ok(rulings) => self.take_rulings(rulings),
                Err(what) => bad(&what),
            },
            ("POST", "/_sandbox/reset") => {
                self.reset();
                Reply::json(200, "{}")
            }
            _ => Reply::json(404, r#"{"error":"no such control"}"#),
        }
    }

    /// All or none.
    fn add_faults(&mut self, faults: Vec<Fault>) -> Reply {
        if let Some(why) = faults.iter().find_map(Fault::nonsense) {
            return bad(why);
        }
        for fault in faults {
            self.faults.add(fault);
        }
        Reply::json(200, serde_json::json!({ "left": self.faults.left() }).to_string())
    }

    /// All or none.
    fn take_rulings(&mut self, rulings: Vec<Ruling>) -> Reply {
        let number =
            |ruling: &Ruling| kind_of(ruling.entity.as_deref().unwrap_or(BENEFICIARIES)).map(|kind| kind.number);
        let Some(numbers) = rulings.iter().map(number).collect::<Option<Vec<_>>>() else {
            return bad(NO_ENTITY);
        };
        for (ruling, number) in rulings.into_iter().zip(numbers) {
            let system = ruling.system;
            let (references, rule) = ruling.read();
            for reference in references {
                match self.portals.of(system) {
                    Some(portal) => portal.rule(&reference, rule.clone()),
                    None => self.books[number].rule(&reference, rule.clone()),
                }
            }
        }
        let rules: usize = self.books.iter().map(|book| book.rules.len()).sum();
        let rules = rules + self.portals.all().into_iter().map(Portal::rules).sum::<usize>();
        Reply::json(200, serde_json::json!({ "rules": rules }).to_string())
    }
}

impl Book {
    fn rule(&mut self, reference: &str, rule: Option<Rule>) {
        match rule {
            Some(rule) => self.rules.insert(reference.to_owned(), rule),
            None => self.rules.remove(reference),
        };
    }
}

impl Ruling {
    fn read(self) -> (Vec<String>, Option<Rule>) {
        let rule = match self.kind {
            As::Refused => Some(Rule::Refused {
                code: self.code.unwrap_or_else(|| "TU_CHOI".to_owned()),
                text: self.text.unwrap_or_else(|| "Từ chối tiếp nhận".to_owned()),
            }),
            As::Later => Some(Rule::Later { times: self.times.unwrap_or(1).max(1) }),
            As::Poison => Some(Rule::Poison),
            As::Accepted => None,
        };
        (self.references, rule)
    }
}
