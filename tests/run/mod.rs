//! Stories of whole runs: from a local database to the nation and back.

mod answers;
mod any_order;
mod apart;
mod brake;
mod crashes;
mod disk;
mod drift;
mod failures;
mod figures;
mod first;
mod four_sources;
mod over;
mod planned;
mod stories;
