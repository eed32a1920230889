//! What a part of a workbook may be, seen while it is unpacked for the first time: so long, so deep, no DTD, no giant
//! text, no promise of more strings than it can have.

use crate::package;

/// The largest part, unpacked.
const LARGEST_PART: u64 = 512 << 20;
/// Parts besides sheets are kept in memory.
const LARGEST_OTHER: u64 = 32 << 20;

/// Between two `<` stands no more, in bytes; a cell's text has at most 32,767 characters.
const LONGEST_RUN: usize = 1 << 20;
const DEEPEST: u32 = 64;
/// Merged areas are kept while the header is found.
const MOST_MERGED: u32 = 50_000;
const MERGED: &[u8] = b"mergeCell ";
/// The root's own tag, with its namespaces.
const LONGEST_ROOT: usize = 8 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    /// Behind `<`.
    Begins,
    /// In a tag that opens an element, and the quote that is open.
    Opens(u8),
    Closes,
    /// `<!` and what follows until it is told what it is.
    Marked(u8),
    /// In a comment, CDATA or instruction; what ends it, and how much of that was seen.
    Until(&'static [u8], usize),
}

/// How large a part may be, unpacked; `strings` bounds the table of shared strings.
pub(super) fn largest(name: &str, strings: u64) -> u64 {
    match name {
        name if is_strings(name) => strings,
        name if name.contains("/worksheets/") => LARGEST_PART,
        name if is_xml(name) => LARGEST_OTHER,
        _ => LARGEST_PART,
    }
}

/// Who looks at a part of that declared length.
pub(super) fn watch(name: &str, declared: u64) -> Option<Box<dyn package::Watch>> {
    is_xml(name).then(|| Box::new(Watch::new(is_strings(name), declared)) as _)
}

fn is_xml(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|end| ["xml", "rels", "vml"].contains(&end))
}

fn is_strings(name: &str) -> bool {
    name.ends_with("sharedstrings.xml")
}

/// Watches an XML part.
struct Watch {
    place: Place,
    strings: bool,
    depth: u32,
    run: usize,
    root: Vec<u8>,
    rooted: bool,
    before: u8,
    /// How much of [`MERGED`] the tag's name has so far, and how many such tags there were.
    merging: usize,
    merged: u32,
    declared: u64,
}

impl Watch {
    /// Of a part of that declared length; `strings`: the table of shared strings.
    fn new(strings: bool, declared: u64) -> Self {
        let root = Vec::new();
        Self {
            place: Place::Text,
            strings,
            depth: 0,
            run: 0,
            root,
            rooted: false,
            before: 0,
            merging: 0,
            merged: 0,
            declared,
        }
    }

    fn see_byte(&mut self, byte: u8) -> Result<(), String> {
        self.run = if byte == b'<' { 0 } else { self.run + 1 };
        if self.run > LONGEST_RUN {
            return Err(format!("a text longer than {LONGEST_RUN} bytes"));
        }
        if byte == 0 {
            return Err("not UTF-8".to_owned());
        }
        self.place = match self.place {
            Place::Text => match byte {
                b'<' => Place::Begins,
                _ => Place::Text,
            },
            Place::Begins => match byte {
                b'/' => Place::Closes,
                b'?' => Place::Until(b"?>", 0),
                b'!' => Place::Marked(0),
                _ => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(format!("elements nested deeper than {DEEPEST}"));
                    }
                    self.note_root(byte)?;
                    self.merging = usize::from(byte == MERGED[0]);
                    Place::Opens(0)
                }
            },
            Place::Opens(quote) => self.in_tag(byte, quote)?,
            Place::Closes if byte == b'>' => {
                self.depth = self.depth.saturating_sub(1);
                Place::Text
            }
            Place::Closes => Place::Closes,
            Place::Marked(0) => match byte {
                b'-' | b'[' => Place::Marked(byte),
                _ => return Err("a DTD".to_owned()),
            },
            Place::Marked(b'-') => Place::Until(b"-->", 0),
            Place::Marked(_) => Place::Until(b"]]>", 0),
            Place::Until(end, found) => {
                if byte == end[found] {
                    if found + 1 == end.len() { Place::Text } else { Place::Until(end, found + 1) }
                } else if found == end.len() - 1 && byte == end[0] {
                    // `--->` and `]]]>`: the ends still stand there.
                    Place::Until(end, found)
                } else {
                    Place::Until(end, usize::from(byte == end[0]))
                }
            }
        };
        self.before = byte;
        Ok(())
    }

    fn in_tag(&mut self, byte: u8, quote: u8) -> Result<Place, String> {
        self.note_root(byte)?;
        if self.merging > 0 {
            self.merging = if MERGED.get(self.merging) == Some(&byte) { self.merging + 1 } else { 0 };
            self.merged += u32::from(self.merging == MERGED.len());
            if self.merged > MOST_MERGED {
                return Err(format!("more than {MOST_MERGED} merged areas"));
            }
        }
        Ok(match (quote, byte) {
            (0, b'"' | b'\'') => Place::Opens(byte),
            (0, b'>') => {
                if self.before == b'/' {
                    self.depth -= 1;
                }
                if !std::mem::replace(&mut self.rooted, true) {
                    self.check_root()?;
                }
                Place::Text
            }
            (open, byte) if open == byte => Place::Opens(0),
            _ => Place::Opens(quote),
        })
    }

    fn note_root(&mut self, byte: u8) -> Result<(), String> {
        if !self.rooted {
            self.root.push(byte);
            if self.root.len() > LONGEST_ROOT {
                return Err(format!("a root tag longer than {LONGEST_ROOT} bytes"));
            }
        }
        Ok(())
    }

    /// Memory is set aside for as many strings as the root promises: no more than the part can have.
    fn check_root(&mut self) -> Result<(), String> {
        let root = String::from_utf8_lossy(&std::mem::take(&mut self.root)).into_owned();
        if !self.strings {
            return Ok(());
        }
        let name = root.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or_default();
        if name.rsplit(':').next() != Some("sst") {
            return Err("a table of strings that is none".to_owned());
        }
        for (at, word) in root.match_indices("uniqueCount") {
            let value = root[at + word.len()..].trim_start_matches(['=', ' ', '"', '\'']);
            let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
            // `<si/>` is the shortest string.
            if digits.parse::<u64>().is_ok_and(|n| n > self.declared / 5) || digits.len() > 18 {
                return Err("more strings promised than there can be".to_owned());
            }
        }
        Ok(())
    }
}

impl package::Watch for Watch {
    fn see(&mut self, bytes: &[u8]) -> Result<(), String> {
        bytes.iter().try_for_each(|byte| self.see_byte(*byte))
    }

    /// It must have had a root.
    fn finish(&self) -> Result<(), String> {
        if self.rooted { Ok(()) } else { Err("no XML".to_owned()) }
    }
}
