//! What a correct record is.
