//! A gateway between a Vietnamese province's social-assistance records and the national systems.
//!
//! The rooms, in the order in which data flows up:
//! `package` → `source` → `mapping` (with `codes` and `rules`) → `delta` → `outbox` → `delivery` → `national`.
//! `run` owns the way from a scan to staged rows, `store` the SQL, `cli` the verbs.

pub mod app;
pub mod cli;
pub mod codes;
pub mod config;
pub mod delivery;
pub mod delta;
pub mod intake;
pub mod mapping;
pub mod mismatch;
pub mod model;
pub mod national;
pub mod outbox;
pub mod package;
pub mod province;
pub mod reconcile;
pub mod report;
pub mod rules;
pub mod run;
pub mod sandbox;
pub mod schedule;
pub mod source;
pub mod store;
pub mod web;
