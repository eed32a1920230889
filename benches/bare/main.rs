//! The bare program for comparison: reads, maps, checks, hashes, compares and posts the demo province's records with
//! plain code and no durability at all: no ledger, no outbox, no evidence, no retries; a crash loses what it knew.
//! What the gateway costs above it is the price of what it promises.
//!
//! ```text
//! cargo bench --bench bare -- make PROVINCE.db [ROWS] [SEED]     a province to work on (default: full size)
//! molisa-gateway sandbox …                                       the national side, in another terminal
//! cargo bench --bench bare -- run PROVINCE.db STATE 127.0.0.1:PORT KEY:SECRET [CONNECTIONS] [NAME]
//! cargo bench --bench bare -- change PROVINCE.db [SEED]          1 % of the rows
//! ```
//!
//! Three runs are a measurement: `run` (first push, STATE does not exist yet), `change` and `run` (delta), `run` again
//! (none). Each prints one JSON object with its counts, the seconds and the peak memory in KiB. STATE is a flat file
//! of hashes by key. Each CONNECTIONS (default 4) is one thread with one kept-alive connection; 500 records a batch.

mod map;
mod wire;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use molisa_gateway::model::ContentHash;
use molisa_gateway::province::{Recipe, change_sqlite, write_sqlite};
use xxhash_rust::xxh3::xxh3_64;

use map::{Mapped, Mapper};
use wire::{Connection, Item};

/// Hash of the content by hash of the key.
type State = HashMap<u64, ContentHash>;

/// Records of one batch, the contract's limit.
const BATCH: usize = 500;

#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    confirmed: AtomicU64,
    refused: AtomicU64,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let say = match arguments[..] {
        ["make", path, ref rest @ ..] => {
            let recipe = Recipe::built_in()?;
            let rows = rest.first().map_or(Ok(recipe.people()), |r| r.parse())?;
            let seed = rest.get(1).map_or(Ok(1), |s| s.parse())?;
            runtime()?.block_on(write_sqlite(Path::new(path), &recipe, seed, rows))?;
            format!("{rows} rows in {path}")
        }
        ["change", path, ref rest @ ..] => {
            let seed = rest.first().map_or(Ok(1), |s| s.parse())?;
            let done = runtime()?.block_on(change_sqlite(Path::new(path), &Recipe::built_in()?, seed, 1000))?;
            format!("{done:?}, to be sent: {}", done.sendable())
        }
        ["run", source, state, address, credentials, ref rest @ ..] => {
            let connections = rest.first().map_or(Ok(4), |c| c.parse())?;
            run(source, Path::new(state), address, credentials, connections, rest.get(1).unwrap_or(&"run"))?
        }
        _ => "make PROVINCE.db [ROWS] [SEED] | change PROVINCE.db [SEED] | \
              run PROVINCE.db STATE HOST:PORT KEY:SECRET [CONNECTIONS] [NAME]"
            .to_owned(),
    };
    print(&say);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program of its own, whose answer is one line")]
fn print(line: &str) {
    println!("{line}");
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn run(source: &str, file: &Path, address: &str, login: &str, connections: usize, name: &str) -> Result<String> {
    let started = Instant::now();
    let known = read_state(file)?;
    let learnt = Mutex::new(State::new());
    let counts = Counts::default();
    let (to, from) = sync_channel::<Vec<Item>>(connections * 2);
    let from = Mutex::new(from);
    let token = wire::token(address, login)?;
    let (scanned, held, unchanged) = std::thread::scope(|scope| {
        let posts: Vec<_> =
            (0..connections).map(|_| scope.spawn(|| post(&from, address, &token, &learnt, &counts))).collect();
        let read = scan(source, &known, to);
        for thread in posts {
            thread.join().unwrap_or_else(|_| bail!("a thread that posts died"))?;
        }
        read
    })?;
    let learnt = learnt.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !learnt.is_empty() {
        let mut all = known;
        all.extend(learnt);
        write_state(file, &all)?;
    }
    let told = |n: &AtomicU64| n.load(Ordering::Relaxed);
    Ok(serde_json::json!({
        "name": name, "scanned": scanned, "sent": told(&counts.sent), "confirmed": told(&counts.confirmed),
        "refused": told(&counts.refused), "held": held, "unchanged": unchanged,
        "seconds": started.elapsed().as_secs_f64(), "peak_kib": peak(),
    })
    .to_string())
}

/// Reads and maps all rows and hands on what is new, in batches. A row waits for the next one, because a key that
/// stands twice holds both.
#[expect(clippy::needless_pass_by_value, reason = "dropping the sender tells those who post that this is all")]
fn scan(source: &str, known: &State, to: SyncSender<Vec<Item>>) -> Result<(u64, u64, u64)> {
    let base = rusqlite::Connection::open_with_flags(source, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut query = base.prepare(map::QUERY)?;
    let mut rows = query.query([])?;
    let mut mapper = Mapper::new()?;
    let (mut scanned, mut held, mut unchanged) = (0, 0, 0);
    let mut batch = Vec::with_capacity(BATCH);
    let mut last: Option<(String, Mapped)> = None;
    let mut pass = |key: String, mapped: Mapped, batch: &mut Vec<Item>| {
        let Mapped::Send { stop, json } = mapped else {
            held += 1;
            return;
        };
        let operation = if stop { "DUNG" } else { "GHI" };
        let (number, hash) = (xxh3_64(key.as_bytes()), ContentHash::of(operation, &json));
        let before = known.get(&number);
        // A stop of somebody who was never written there is not sent.
        if before == Some(&hash) || (stop && before.is_none()) {
            unchanged += 1;
        } else {
            batch.push(Item { key, number, hash, operation, json });
        }
    };
    while let Some(row) = rows.next()? {
        scanned += 1;
        let (key, mut now) = mapper.map(row)?;
        if let Some((before, mut other)) = last.take() {
            if before == key {
                other = Mapped::Held;
                now = Mapped::Held;
            }
            pass(before, other, &mut batch);
        }
        last = Some((key, now));
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            to.send(full).ok().context("nobody posts any more")?;
        }
    }
    if let Some((key, mapped)) = last {
        pass(key, mapped, &mut batch);
    }
    if !batch.is_empty() {
        to.send(batch).ok().context("nobody posts any more")?;
    }
    Ok((scanned, held, unchanged))
}

fn post(
    from: &Mutex<Receiver<Vec<Item>>>,
    address: &str,
    token: &str,
    learnt: &Mutex<State>,
    counts: &Counts,
) -> Result<()> {
    let mut connection: Option<Connection> = None;
    loop {
        let next = from.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(batch) = next else { return Ok(()) };
        let connection = match &mut connection {
            Some(open) => open,
            none => none.insert(Connection::open(address)?),
        };
        counts.sent.fetch_add(batch.len() as u64, Ordering::Relaxed);
        let accepted = connection.send(token, &batch)?;
        let mut learnt = learnt.lock().unwrap_or_else(PoisonError::into_inner);
        for item in &batch {
            if accepted.contains(&item.key) {
                learnt.insert(item.number, item.hash);
                counts.confirmed.fetch_add(1, Ordering::Relaxed);
            } else {
                counts.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

fn read_state(file: &Path) -> Result<State> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(State::new()),
        Err(e) => return Err(e).with_context(|| file.display().to_string()),
    };
    let mut state = State::with_capacity(bytes.len() / 40);
    for entry in bytes.chunks_exact(40) {
        let (key, hash) = entry.split_at(8);
        state.insert(u64::from_le_bytes(key.try_into()?), ContentHash(hash.try_into()?));
    }
    Ok(state)
}

fn write_state(file: &Path, state: &State) -> Result<()> {
    let mut bytes = Vec::with_capacity(state.len() * 40);
    for (key, hash) in state {
        bytes.extend_from_slice(&key.to_le_bytes());
        bytes.extend_from_slice(&hash.0);
    }
    std::fs::write(file, bytes).with_context(|| file.display().to_string())
}

/// The most memory that the process ever had, in KiB (`VmHWM`); 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}
