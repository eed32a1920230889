//! Single things are lease rows: one runner per stream, one deliverer per system, on both engines.

use crate::model::Timestamp;

use super::{StoreError, Tx, on};

/// How long a lease lives without a sign of life from its holder, in milliseconds.
pub const LIFE_MS: i64 = 60_000;

/// Begins the name of a stream's lease.
pub const STREAM: &str = "stream:";

/// A lease that we hold. Every write made under it renews it, and fails when it was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is held, such as `stream:doi-tuong`.
    pub name: String,
    /// Who we are, see [`holder`].
    pub holder: String,
    /// Grows with every new holder.
    pub epoch: i64,
}

/// Who holds a lease that we asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// We do.
    Ours(Lease),
    /// Somebody who lives.
    Theirs {
        /// The other holder.
        holder: String,
    },
}

const READ: &str = "select holder, epoch, until_ms from lease where name = $1";
const INSERT: &str =
    "insert into lease (name, holder, epoch, until_ms) values ($1, $2, 1, $3) on conflict (name) do nothing";
const TAKE: &str = "update lease set holder = $2, epoch = epoch + 1, until_ms = $3 where name = $1 and epoch = $4";
const RENEW: &str = "update lease set until_ms = $4 where name = $1 and holder = $2 and epoch = $3";
const FREE: &str = "update lease set until_ms = 0 where name = $1 and holder = $2 and epoch = $3";

/// Takes the lease if it is free, has run out, or its holder is a process of this machine that no longer lives.
pub async fn take(tx: &mut Tx, name: &str, holder: &str, now: Timestamp) -> Result<Taken, StoreError> {
    let until = now.plus(LIFE_MS).0;
    let found: Option<(String, i64, i64)> = on!(tx, c => sqlx::query_as(READ).bind(name).fetch_optional(c).await?);
    let epoch = match found {
        None => {
            let added =
                on!(tx, c => sqlx::query(INSERT).bind(name).bind(holder).bind(until).execute(c).await?.rows_affected());
            if added == 1 { 1 } else { return Ok(Taken::Theirs { holder: String::new() }) }
        }
        Some((other, epoch, until_ms)) => {
            if is_alive(&other, until_ms, now) {
                return Ok(Taken::Theirs { holder: other });
            }
            let taken = on!(tx, c => sqlx::query(TAKE).bind(name).bind(holder).bind(until).bind(epoch).execute(c).await?.rows_affected());
            if taken == 1 { epoch + 1 } else { return Ok(Taken::Theirs { holder: other }) }
        }
    };
    Ok(Taken::Ours(Lease { name: name.to_owned(), holder: holder.to_owned(), epoch }))
}

/// Whether somebody who lives holds the lease.
pub async fn lives(tx: &mut Tx, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    let found: Option<(String, i64, i64)> = on!(tx, c => sqlx::query_as(READ).bind(name).fetch_optional(c).await?);
    Ok(found.is_some_and(|(holder, _, until_ms)| is_alive(&holder, until_ms, now)))
}

/// A lease that ends far in the future was written under a clock that has since been set back.
fn is_alive(holder: &str, until_ms: i64, now: Timestamp) -> bool {
    until_ms > now.0 && until_ms <= now.plus(2 * LIFE_MS).0 && !is_dead(holder)
}

/// Renews the lease; to be called first in every writing transaction made under it.
pub async fn renew(tx: &mut Tx, lease: &Lease, now: Timestamp) -> Result<(), StoreError> {
    let until = now.plus(LIFE_MS).0;
    let kept = on!(tx, c => sqlx::query(RENEW).bind(&lease.name).bind(&lease.holder).bind(lease.epoch).bind(until)
        .execute(c).await?.rows_affected());
    if kept == 1 { Ok(()) } else { Err(StoreError::LostLease(lease.name.clone())) }
}

/// Gives the lease back.
pub async fn free(tx: &mut Tx, lease: &Lease) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(FREE).bind(&lease.name).bind(&lease.holder).bind(lease.epoch).execute(c).await?.rows_affected());
    Ok(())
}

/// Names this process so that another one on the same machine can see whether it still lives:
/// boot id, process id, start time and a number that tells two holders of one process apart.
pub fn holder() -> String {
    let pid = std::process::id();
    let unique = uuid::Uuid::now_v7().simple().to_string();
    format!("{}:{}:{}:{}", boot_id(), pid, start_time(pid).unwrap_or_default(), &unique[20..])
}

/// True only for a process of this very boot of this machine that is surely gone: after a kill its lease
/// is free at once. A holder elsewhere is given its time.
fn is_dead(holder: &str) -> bool {
    let mut parts = holder.split(':');
    let (Some(boot), Some(pid), Some(start)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let own = boot_id();
    if own.is_empty() || boot != own {
        return false;
    }
    let Ok(pid) = pid.parse::<u32>() else { return false };
    start_time(pid).is_none_or(|t| t != start)
}

fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|t| t.trim().to_owned()).unwrap_or_default()
}

/// Field 22 of `/proc/PID/stat`, counted after the closing bracket of the command, which may hold blanks. A zombie counts as gone.
fn start_time(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after = stat.get(stat.rfind(')')? + 2..)?;
    let mut fields = after.split(' ');
    if matches!(fields.next(), Some("Z" | "X")) {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_is_not_dead_and_a_foreign_one_is_given_time() {
        let own = holder();
        assert!(!is_dead(&own));
        let mut parts: Vec<&str> = own.split(':').collect();
        parts[2] = "1";
        assert!(is_dead(&parts.join(":")), "same pid, other start time");
        assert!(!is_dead("another-boot:1:1:x"));
    }
}
