//! What came is laid against what is known of the same number: again, an echo of our own update, or a version.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::judge::Judge;
use super::matching;
use crate::model::{Application, Timestamp};
use crate::store::inbox::{self, Body, Hashes, Known};
use crate::store::routed::{self, Values};
use crate::store::{StoreError, Tx, attachment, lanes};

/// So many are looked up together.
const TOGETHER: usize = 500;
/// A longer number is none, in characters.
const LONGEST_NUMBER: usize = 200;
/// A longer status is none, in bytes.
const LONGEST_STATUS: usize = 40;
/// A longer address is none; indexes hold no more.
const LONGEST_ADDRESS: usize = 1500;
/// More files of one version are not even noted.
const MOST_FILES: usize = 1000;
/// So much is kept of something that is no application.
const KEPT_RAW: usize = 64 * 1024;
/// Begins the number of what has none.
const NO_NUMBER: char = '\u{1}';

/// Something that a portal gave.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The portal's number; where there is none, one made of the content.
    pub number: String,
    /// The portal's status.
    pub status: String,
    /// Of the whole body, and without what the portal takes over from us.
    pub hashes: Hashes,
    /// What it says.
    pub application: Application,
    /// Files that it names: address and name.
    pub files: Vec<(String, String)>,
}

impl Arrived {
    /// An application.
    pub fn of(number: &str, status: &str, application: Application, echo: &[String]) -> Self {
        let hashes = (application.hash_without(&[]).to_vec(), application.hash_without(echo).to_vec());
        let fits = !number.is_empty() && number.chars().nth(LONGEST_NUMBER).is_none();
        let number = if fits { number.to_owned() } else { numberless(&hashes.0) };
        Self { number, status: status.to_owned(), hashes, application, files: Vec::new() }
    }

    /// Something that is no application, or has no number: kept all the same, for a person to look at.
    pub fn strange(raw: &str, why: &str) -> Self {
        let hash = Sha256::digest(raw).to_vec();
        let mut application = Application::default();
        application.put("?", &raw[..raw.floor_char_boundary(KEPT_RAW)]);
        application.put("?why", why);
        if raw.len() > KEPT_RAW {
            let cut = format!("chỉ giữ {KEPT_RAW} trên {} byte / only so many are kept", raw.len());
            application.put("?cut", &cut);
        }
        let number = numberless(&hash);
        Self { number, status: String::new(), hashes: (hash.clone(), hash), application, files: Vec::new() }
    }
}

/// Whether a number is one that the portal gave.
pub fn has_number(number: &str) -> bool {
    !number.starts_with(NO_NUMBER)
}

/// Whether it may be a status: a portal's list has short ones.
fn is_status(text: &str) -> bool {
    (1..=LONGEST_STATUS).contains(&text.len())
}

fn numberless(hash: &[u8]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(NO_NUMBER.to_string(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a body is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It came before, whenever that was: A, B and A again is no third version.
    Again,
    /// One that came before, with a status that we sent.
    Echo,
    /// Another body.
    Version,
}

/// Lays a body against those that came before of the same number.
pub fn decide(bodies: &[Hashes], (hash, core): &Hashes, is_ours: bool) -> Came {
    if bodies.iter().any(|(known, _)| known == hash) {
        Came::Again
    } else if is_ours && bodies.iter().any(|(_, known)| known == core) {
        Came::Echo
    } else {
        Came::Version
    }
}

/// What was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Received {
    /// Everything that came.
    pub items: u64,
    /// Applications that came for the first time.
    pub applications: u64,
    /// Versions, first ones too.
    pub versions: u64,
    /// Came as they had come before.
    pub repeated: u64,
    /// Came with a status of ours.
    pub echoes: u64,
    /// Versions among them that a person must route.
    pub to_be_routed: u64,
}

impl Received {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.items += other.items;
        self.applications += other.applications;
        self.versions += other.versions;
        self.repeated += other.repeated;
        self.echoes += other.echoes;
        self.to_be_routed += other.to_be_routed;
    }
}

/// Where things are received.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// The intake's name.
    pub intake: &'a str,
    /// The portal's name, as streams know it.
    pub system: &'a str,
    /// What makes a record of an application.
    pub judge: Judge<'a>,
    /// The exchange that brought it.
    pub exchange_id: &'a str,
    /// When.
    pub now: Timestamp,
}

impl Desk<'_> {
    /// Keeps everything that came, in the caller's transaction.
    pub async fn receive(&self, tx: &mut Tx, arrived: &[Arrived]) -> Result<Received, StoreError> {
        let mut received = Received::default();
        for part in arrived.chunks(TOGETHER) {
            self.part(tx, part, &mut received).await?;
        }
        Ok(received)
    }

    async fn part(&self, tx: &mut Tx, part: &[Arrived], received: &mut Received) -> Result<(), StoreError> {
        let numbers: BTreeSet<&str> = part.iter().map(|a| a.number.as_str()).collect();
        let numbers: Vec<&str> = numbers.into_iter().collect();
        let mut known = inbox::known(tx, self.intake, &numbers).await?;
        let ids: Vec<i64> = known.values().map(|k| k.id).collect();
        let decided = routed::decisions(tx, &ids).await?;
        let ours = self.ours(tx, part, &known).await?;
        // Repeated bodies too: what was shown is true of some moment, and a store may be older than this table.
        let of_dossiers = part.iter().filter(|one| has_number(&one.number) && is_status(&one.status));
        let shown = of_dossiers.map(|one| (one.number.as_str(), one.status.as_str())).collect();
        lanes::show(tx, self.system, &shown).await?;
        let mut again: Vec<i64> = Vec::new();
        for one in part {
            received.items += 1;
            let is_ours = ours.get(&one.number).is_some_and(|all| all.contains(&one.status));
            let before = known.get_mut(&one.number);
            match before.as_ref().map_or(Came::Version, |k| decide(&k.bodies, &one.hashes, is_ours)) {
                Came::Again => {
                    again.extend(before.map(|k| k.id));
                    received.repeated += 1;
                }
                Came::Echo => {
                    if let Some(known) = before {
                        inbox::echo(tx, known.id, &one.status).await?;
                    }
                    received.echoes += 1;
                }
                Came::Version => {
                    received.applications += u64::from(before.is_none());
                    let none = Values::new();
                    let values = before.as_ref().and_then(|k| decided.get(&k.id)).unwrap_or(&none);
                    let (now_known, ready) = self.version(tx, one, before.map(std::mem::take), values).await?;
                    known.insert(one.number.clone(), now_known);
                    received.versions += 1;
                    received.to_be_routed += u64::from(!ready);
                }
            }
        }
        // One may have come twice in this very answer.
        while !again.is_empty() {
            let once: BTreeSet<i64> = again.iter().copied().collect();
            inbox::seen(tx, &once.iter().copied().collect::<Vec<_>>()).await?;
            let mut left = once;
            again.retain(|id| !left.remove(id));
        }
        Ok(())
    }

    /// Our statuses of those whose body is not known yet.
    async fn ours(
        &self,
        tx: &mut Tx,
        part: &[Arrived],
        known: &BTreeMap<String, Known>,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
        let is_new = |one: &&Arrived| {
            !known.get(&one.number).is_some_and(|k| decide(&k.bodies, &one.hashes, false) == Came::Again)
        };
        let numbers: BTreeSet<&str> = part.iter().filter(is_new).map(|one| one.number.as_str()).collect();
        if numbers.is_empty() {
            return Ok(BTreeMap::new());
        }
        inbox::ours(tx, self.system, &numbers.into_iter().collect::<Vec<_>>()).await
    }

    /// Keeps a version, judged; what is known of the number from then on, and whether it may be handed over.
    async fn version(
        &self,
        tx: &mut Tx,
        one: &Arrived,
        before: Option<Known>,
        decided: &Values,
    ) -> Result<(Known, bool), StoreError> {
        let (mut known, mut differences) = (before.unwrap_or_default(), "[]".to_owned());
        if known.version == 0 {
            known.id = inbox::add(tx, (self.intake, &one.number), &one.status, self.now).await?;
        } else {
            let last = inbox::body(tx, (known.id, known.version)).await?;
            let last = last.and_then(|body| Application::read(&body)).ok_or(StoreError::Unexpected("body"))?;
            differences = serde_json::json!(one.application.differences(&last)).to_string();
            inbox::next_version(tx, (known.id, known.version + 1), &one.status, self.now).await?;
        }
        known.version += 1;
        known.bodies.push(one.hashes.clone());
        let place = (known.id, known.version);
        let (verdict, by) = (self.judge.judge(&one.application, decided), self.judge.by());
        let body = Body {
            hashes: &one.hashes,
            body: &one.application.canonical(),
            differences: &differences,
            exchange_id: self.exchange_id,
        };
        inbox::add_version(tx, place, &body, &verdict.kept(&by), self.now).await?;
        inbox::show(tx, place, &verdict.shown).await?;
        let matches = matching::kept(tx, verdict.said.as_deref()).await?;
        inbox::matches(tx, place, &matches).await?;
        // Noted whether or not files are fetched now: whoever begins to, finds what came before.
        for (address, name) in one.files.iter().take(MOST_FILES) {
            self.want(tx, known.id, address, name).await?;
        }
        if let Some(rest @ 1..) = one.files.len().checked_sub(MOST_FILES) {
            let (rest, why) = (format!("…+{rest}"), format!("quá {MOST_FILES} tệp / more files than are noted"));
            attachment::want(tx, known.id, (&rest, ""), ("refused", &why), self.now).await?;
        }
        Ok((known, verdict.ready))
    }

    async fn want(&self, tx: &mut Tx, id: i64, address: &str, name: &str) -> Result<(), StoreError> {
        if address.len() <= LONGEST_ADDRESS {
            return attachment::want(tx, id, (address, name), ("wanted", ""), self.now).await;
        }
        let hash = numberless(&Sha256::digest(address));
        let begin = &address[..address.floor_char_boundary(200)];
        // It begins as no address does.
        let cut = format!("…{} {begin}", hash.trim_start_matches(NO_NUMBER));
        let why = "địa chỉ quá dài / the address is too long";
        attachment::want(tx, id, (&cut, name), ("refused", why), self.now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(body: u8, core: u8) -> Hashes {
        (vec![body], vec![core])
    }

    #[test]
    fn a_body_that_came_before_is_no_version_even_after_another() {
        let known = [hashes(1, 1), hashes(2, 2)];
        assert_eq!(decide(&known, &hashes(1, 1), false), Came::Again);
        assert_eq!(decide(&known, &hashes(1, 1), true), Came::Again);
        assert_eq!(decide(&known, &hashes(3, 3), true), Came::Version, "our status, but another body");
    }

    #[test]
    fn only_a_status_of_ours_is_an_echo() {
        let known = [hashes(1, 9)];
        assert_eq!(decide(&known, &hashes(2, 9), true), Came::Echo);
        assert_eq!(decide(&known, &hashes(2, 9), false), Came::Version, "a citizen's withdrawal");
    }

    #[test]
    fn what_is_too_long_to_be_kept_whole_says_so() {
        let (whole, cut) = ("x".repeat(KEPT_RAW), "x".repeat(KEPT_RAW + 1));
        assert_eq!(Arrived::strange(&whole, "a").application.text("?cut"), "");
        assert!(Arrived::strange(&cut, "a").application.text("?cut").contains("65537"));
    }

    #[test]
    fn what_has_no_number_is_known_by_its_content() {
        let (one, same, other) =
            (Arrived::strange("[1]", "a"), Arrived::strange("[1]", "a"), Arrived::strange("[2]", "a"));
        assert_eq!(one.number, same.number);
        assert_ne!(one.number, other.number);
        assert!(!has_number(&one.number) && has_number("H20.14-240703-0002"));
        let long = "1".repeat(LONGEST_NUMBER + 1);
        assert!(Arrived::of(&long, "", Application::default(), &[]).number.starts_with(NO_NUMBER));
    }
}
