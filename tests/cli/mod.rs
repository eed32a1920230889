//! Stories of the command line, told with the real program and real processes.

mod apart;
mod bombs;
mod decided;
mod demo;
mod killed;
mod program;
mod refused;
mod renamed;
mod sending;
mod served;
mod settings;
mod shown;
mod stopped;
mod store_gone;
mod zones;
