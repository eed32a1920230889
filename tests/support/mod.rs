//! What the stories share.

pub mod databases;
pub mod proxy;
pub mod world;
