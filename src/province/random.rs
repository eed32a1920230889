//! A small seeded generator of our own: the same seed must give the same province for ever,
//! which no library promises across its versions. It is SplitMix64 (Steele, Lea, Flood 2014). Not for secrets.

use serde::Deserialize;

/// The odd constant of SplitMix64: 2^64 over the golden ratio.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// The stream number `lane` of a seed. Lanes are independent, so that a person depends on the seed
    /// and on the person's number only, not on who came before.
    pub fn new(seed: u64, lane: u64) -> Self {
        Self(mix(seed ^ mix(lane.wrapping_add(GAMMA))))
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A number from 0 up to but not including `end` (0 for an `end` of 0).
    pub fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        let width = u64::try_from(last.saturating_sub(first)).unwrap_or(0).saturating_add(1);
        first.saturating_add(i64::try_from(self.below(width)).unwrap_or(0))
    }

    /// True for so many in 100,000.
    pub fn chance(&mut self, share: u32) -> bool {
        self.below(100_000) < u64::from(share)
    }
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Words with weights, as a recipe has them: `[["Nguyễn", 315], …]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Vec<(String, u32)>")]
pub(super) struct Choice {
    words: Vec<String>,
    up_to: Vec<u64>,
}

impl Choice {
    /// One of the words, by weight.
    pub fn pick(&self, random: &mut Random) -> &str {
        let at = random.below(self.up_to.last().copied().unwrap_or(0));
        let index = self.up_to.partition_point(|up_to| *up_to <= at);
        self.words.get(index).map_or("", String::as_str)
    }

    /// All words.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

impl TryFrom<Vec<(String, u32)>> for Choice {
    type Error = String;

    fn try_from(list: Vec<(String, u32)>) -> Result<Self, String> {
        let mut sum = 0;
        let mut choice = Self { words: Vec::with_capacity(list.len()), up_to: Vec::with_capacity(list.len()) };
        for (word, weight) in list {
            sum += u64::from(weight);
            choice.words.push(word);
            choice.up_to.push(sum);
        }
        if sum == 0 { Err("needs at least one word with a weight above 0".to_owned()) } else { Ok(choice) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First numbers of SplitMix64 from state 0, as its authors' reference code prints them.
    #[test]
    fn is_splitmix64() {
        let mut random = Random(0);
        assert_eq!(random.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(random.next(), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn a_choice_keeps_its_weights() {
        let choice = Choice::try_from(vec![("a".to_owned(), 3), ("b".to_owned(), 0), ("c".to_owned(), 1)]).unwrap();
        let mut random = Random::new(1, 1);
        let a = (0..4000).filter(|_| choice.pick(&mut random) == "a").count();
        assert!((2800..3200).contains(&a), "{a}");
        assert!((0..4000).all(|_| choice.pick(&mut random) != "b"));
        assert!(Choice::try_from(vec![("a".to_owned(), 0)]).is_err());
    }
}
