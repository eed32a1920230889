//! Stories of what is printed and handed on, told with the real program on both engines.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

mod commune;
mod export;
mod half_year;
mod payments;

use std::path::Path;
use std::process::Output;

use molisa_gateway::store::Place;
use secrecy::ExposeSecret as _;

use crate::cli::program::{configure, run};
use crate::support::world::World;

/// A configuration in front of the world's store; no system is reached by a report.
fn configured(world: &World) {
    let dir = world.dir.path();
    configure(dir, "127.0.0.1:9");
    let file = dir.join("gateway.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text = text.replace("code = \"87\"", "code = \"87\"\nname = \"Tỉnh Đồng Tháp\"");
    if let Place::Postgres(url) = &world.place {
        std::fs::write(dir.join("url"), url.expose_secret()).unwrap();
        private(&dir.join("url"));
        text = text.replace("kind = \"sqlite\"\npath = \"store.db\"", "kind = \"postgres\"\nurl_file = \"url\"");
    }
    std::fs::write(file, text).unwrap();
}

fn private(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// The program, with the world's configuration.
fn report(world: &World, args: &[&str]) -> Output {
    let config = world.dir.path().join("gateway.toml");
    run(&[&["--config", config.to_str().unwrap()], args].concat())
}

fn path(world: &World, name: &str) -> String {
    world.dir.path().join(name).to_str().unwrap().to_owned()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(file).unwrap()
}

fn is_private(file: &str) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777 == 0o600
}
