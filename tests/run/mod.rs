//! Stories of whole runs: from a local database to the nation and back.

mod alike;
mod answers;
mod any_order;
mod apart;
mod brake;
mod by_file;
mod confirmed_stays;
mod crashes;
pub mod crossed;
mod deadline;
mod disk;
mod drift;
mod failures;
mod figures;
mod first;
mod four_sources;
mod lanes;
mod line;
mod line_files;
mod over;
mod paid_twice;
mod planned;
mod portals;
mod remapped;
mod stories;
mod unlisted;
