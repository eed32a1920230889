//! Stories of the source room, told from outside.
