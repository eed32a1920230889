//! What the stories share.

pub mod databases;
pub mod dossiers;
pub mod inbox;
pub mod portal;
pub mod portal_streams;
pub mod proxy;
pub mod question;
pub mod world;
pub mod xml;
