//! Stories of the national room, told from outside.
