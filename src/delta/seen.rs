//! Which records a scan has met: one bit for each ledger row, 0.5 MiB for four million.

/// A bitmap of the ledger ids met in a scan.
#[derive(Debug, Default)]
pub struct Seen {
    bits: Vec<u64>,
    count: u64,
}

impl Seen {
    /// Notes an id. Negative ids do not occur.
    pub fn note(&mut self, id: i64) {
        let Ok(id) = usize::try_from(id) else { return };
        let (word, bit) = (id / 64, 1u64 << (id % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        if self.bits[word] & bit == 0 {
            self.bits[word] |= bit;
            self.count += 1;
        }
    }

    /// Whether the id was met.
    pub fn has(&self, id: i64) -> bool {
        usize::try_from(id).is_ok_and(|id| self.bits.get(id / 64).is_some_and(|w| w & (1 << (id % 64)) != 0))
    }

    /// How many different ids were met.
    pub fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_each_id_once() {
        let mut seen = Seen::default();
        for id in [0, 63, 64, 64, 1000] {
            seen.note(id);
        }
        assert_eq!(seen.count(), 4);
        assert!(seen.has(63) && seen.has(1000) && !seen.has(999) && !seen.has(5000) && !seen.has(-1));
    }
}
