//! Stories of the command line, told with the real program and real processes.

mod apart;
mod bombs;
mod by_file;
mod certificates;
mod deadline;
mod decided;
mod demo;
mod diff;
mod dropped;
mod killed;
mod mismatched;
mod previewed;
pub mod program;
mod refused;
mod relapsed;
mod renamed;
mod sending;
mod served;
mod settings;
mod shown;
mod signed;
mod stopped;
mod store_gone;
mod units;
mod way_down;
mod xroad;
mod zones;
