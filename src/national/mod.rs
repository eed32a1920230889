//! How each national system is spoken to, all from its profile.
