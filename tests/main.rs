//! All stories in one binary, so that they link once.

mod cli;
mod dossier;
mod handing;
mod house;
mod intake;
mod mapping;
mod mismatch;
mod national;
pub mod people;
mod province;
mod reconcile;
mod reports;
mod run;
mod sandbox;
mod source;
mod support;
