//! Stories of the province room, told from outside.
