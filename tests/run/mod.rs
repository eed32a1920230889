//! Stories of whole runs: from a local database to the nation and back.

mod any_order;
mod failures;
mod first;
mod four_sources;
mod stories;
