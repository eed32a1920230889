//! Stories of the command line, told with the real program and real processes.

mod apart;
mod bombs;
mod demo;
mod killed;
mod program;
mod refused;
mod served;
mod settings;
mod zones;
