//! How a national system is spoken to: the profile, the bytes, the answers, the wire.

mod answers;
mod download;
mod files;
mod folder;
mod kinds;
mod portals;
mod profile;
mod pull;
pub mod server;
mod soap;
mod tls;
mod token;
mod whole;
mod wire;

use std::path::{Path, PathBuf};

use molisa_gateway::national::Profile;

/// The mappings that ship.
fn mappings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings")
}

/// The profile that ships.
fn shipped() -> Profile {
    Profile::load(&mappings(), "misposasoft").expect("the shipped profile is right")
}

/// The text of the profile that ships.
fn shipped_text() -> String {
    std::fs::read_to_string(mappings().join("misposasoft/system.toml")).expect("the shipped profile is there")
}

/// The profile that ships, with pieces of its text replaced; each must be there.
fn changed(replace: &[(&str, &str)]) -> Profile {
    let mut text = shipped_text();
    for (from, to) in replace {
        assert!(text.contains(from), "the profile has no {from}");
        text = text.replace(from, to);
    }
    Profile::parse(Path::new("system.toml"), &text).expect("the changed profile is right")
}
