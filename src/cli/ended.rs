//! How a verb tells of several things that it did one after the other: what came to its end, and each that did not by name.

use std::error::Error;

use serde::Serialize;
use serde_json::{Value, json};

/// What came to its end, and what did not: by name, with why and the exit code of it.
pub(super) struct Ended<T> {
    pub done: Vec<T>,
    failed: Vec<(String, String, u8)>,
}

impl<T: Serialize> Ended<T> {
    /// Parts them.
    pub fn of<E: Error>(all: Vec<(String, Result<T, E>)>, code: impl Fn(&E) -> u8) -> Self {
        let mut ended = Self { done: Vec::new(), failed: Vec::new() };
        for (name, result) in all {
            match result {
                Ok(one) => ended.done.push(one),
                Err(error) => ended.failed.push((name, error.to_string(), code(&error))),
            }
        }
        ended
    }

    /// As `--json` tells it: what was done under a name of its own.
    pub fn json(&self, name: &str) -> Value {
        let mut told = json!({ name: self.done });
        if !self.failed.is_empty() {
            let failed = self.failed.iter().map(|(name, error, _)| json!({ "name": name, "error": error }));
            told["failed"] = failed.collect();
        }
        told
    }

    /// Tells the troubles, and gives the exit code: what failed is graver than whatever came to its end.
    pub fn close(&self, code: impl Fn(&T) -> u8) -> u8 {
        for (name, error, _) in &self.failed {
            // Some say themselves whose they are.
            if error.contains(&format!("luồng {name}:")) {
                complain!("{error}");
            } else {
                complain!("{name}: {error}");
            }
        }
        let done = self.done.iter().map(code).max().unwrap_or(0);
        self.failed.iter().map(|(.., code)| *code).max().unwrap_or(done)
    }
}
