//! What the stories share.

pub mod databases;
pub mod proxy;
