//! A small fast hash for the keys of code lists. The maps are built from files that an operator wrote, never from rows,
//! so nobody can choose keys that collide.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// FNV-1a, 64 bits.
#[derive(Debug, Clone, Copy)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// A map from codes or names.
pub type FnvMap<V> = HashMap<Box<str>, V, BuildHasherDefault<Fnv>>;

/// From a text to the places of entries.
pub(super) type Places = FnvMap<Vec<u32>>;
