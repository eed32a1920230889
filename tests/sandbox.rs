//! Stories of the sandbox room, told from outside.
