//! The nearest known word to a mistyped one, for messages to operators.

/// The candidate nearest to `word` by edit distance, if it is near enough to be meant (a third of the word's length, at least 2).
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters: Vec<char> = word.chars().take(80).flat_map(char::to_lowercase).collect();
    let allowed = (letters.len() / 3).max(2);
    candidates
        .into_iter()
        .map(|c| (distance(&letters, c), c))
        .filter(|(d, _)| *d <= allowed)
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// `; did you mean …` in both languages, or nothing.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |c| format!("; có phải `{c}`? / did you mean `{c}`?"))
}

fn distance(word: &[char], other: &str) -> usize {
    let other: Vec<char> = other.chars().take(80).flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in word.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_named_and_the_far_is_not() {
        assert_eq!(nearest("dat", ["date", "month"]), Some("date"));
        assert_eq!(nearest("requird", ["required", "default"]), Some("required"));
        assert_eq!(nearest("zzzzzz", ["date", "month"]), None);
        assert_eq!(hint("zzzzzz", ["date"]), "");
    }
}
