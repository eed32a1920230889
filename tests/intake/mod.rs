//! Applications as they come down: every one once, every version, and nothing lost whatever the portal does.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

mod again;
mod broken;
mod killed;
mod sandboxed;
mod versions;
mod withdrawn;
