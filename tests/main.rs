//! All stories in one binary, so that they link once.

mod cli;
mod house;
mod mapping;
mod national;
mod province;
mod run;
mod sandbox;
mod source;
mod support;
