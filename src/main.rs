//! The command line: TLS provider, logs, run the verb; nothing else happens here.

use std::process::ExitCode;

use clap::Parser;
use molisa_gateway::cli;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    cli::logs(&cli);
    // The only provider in the tree; a second installation cannot happen.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::from(1);
    }
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
        return ExitCode::from(1);
    };
    ExitCode::from(runtime.block_on(cli::run(cli)))
}
