//! How a dossier may move (section 3).

/// Statuses that end a dossier.
const ENDS: [u8; 4] = [3, 7, 8, 10];

/// A status of the list, `1` to `10`.
pub(in crate::sandbox) fn status(text: &str) -> Option<u8> {
    let status = text.parse().ok().filter(|status| (1..=10).contains(status))?;
    // No sign, no leading zero.
    (text == u8::to_string(&status)).then_some(status)
}

/// Whether going from one status to another is a step back.
pub(in crate::sandbox) fn is_back(from: u8, to: u8) -> bool {
    if from == to {
        return false;
    }
    to == 1 || (matches!(to, 2 | 3) && from != 1) || (from == 9 && to != 10) || ENDS.contains(&from)
}
