//! What a failure means for what waits: when it is tried again, and what a person is told.

pub mod policy;

pub use policy::Retry;
