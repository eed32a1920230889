//! `init` writes a starter configuration and the mappings that this program came with.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use rust_embed::RustEmbed;

use super::{Call, Failure};

/// The repository's `mappings/`, as it was when this program was built.
#[derive(RustEmbed)]
#[folder = "mappings"]
struct Mappings;

/// The commented sample.
const SAMPLE: &str = include_str!("../../deploy/gateway.toml");

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Thư mục / the folder
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub(super) fn run(call: &Call, args: &InitArgs) -> Result<u8, Failure> {
    let config = args.dir.join("gateway.toml");
    if config.exists() {
        let message = format!("{} đã có, không ghi đè / exists already, nothing written", config.display());
        return Err(Failure::new(2, message));
    }
    write_mappings(&args.dir.join("mappings"))?;
    write(&config, SAMPLE.as_bytes())?;
    if call.json {
        say!("{}", serde_json::json!({ "written": config }));
    } else {
        say!("{}: sửa rồi chạy `check` / edit it, then run `check`", config.display());
    }
    Ok(0)
}

/// Writes the mappings that are not there yet; what is there is the operator's.
pub(super) fn write_mappings(dir: &Path) -> Result<(), Failure> {
    for name in Mappings::iter() {
        let Some(file) = Mappings::get(&name) else { continue };
        let path = dir.join(name.as_ref());
        if !path.exists() {
            write(&path, &file.data)?;
        }
    }
    Ok(())
}

/// Writes a file and the folders above it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, bytes));
    made.map_err(|e| Failure::new(1, format!("{}: không ghi được / cannot be written: {e}", path.display())))
}

/// Writes a secret, which only we can read.
pub(super) fn write_secret(path: &Path, secret: &str) -> Result<(), Failure> {
    write(path, b"")?;
    let owner_only = std::fs::Permissions::from_mode(0o600);
    let made = std::fs::set_permissions(path, owner_only).and_then(|()| std::fs::write(path, secret));
    made.map_err(|e| Failure::new(1, format!("{}: không ghi được / cannot be written: {e}", path.display())))
}
