//! Stories of the mapping room, told from outside.
