//! Which charset a file has, by evidence: the lines that have more than ASCII are read in each, and the words must be
//! Vietnamese in one of them, and clearly more so than in any other.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use super::Charset;
use super::old::decode_all;
use crate::source::syllable::Spelling;

/// So much of the file's lines with more than ASCII is looked at.
const SAMPLE: usize = 128 * 1024;
const BLOCK: usize = 64 * 1024;
/// No more of one line is kept.
const LINE: usize = 4096;
/// Fewer words are no evidence; nor are few words again and again.
const FEWEST_WORDS: u64 = 20;
const FEWEST_DIFFERENT: usize = 8;
/// Of a hundred words so many must be Vietnamese, and so many fewer in the next best charset.
const LEAST_SHARE: u64 = 85;
const LEAST_LEAD: u64 = 30;

/// A charset, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Guess {
    pub charset: Charset,
    /// Percent of words that are Vietnamese when read so; `None` where the bytes alone tell (ASCII only, a byte order mark).
    pub share: Option<u64>,
    /// The next best, and its percentage.
    pub next: Option<(Charset, u64)>,
}

/// Finds the charset of a file and returns to its beginning; the error says what spoke for what.
pub(in super::super) fn guess(mut file: &File) -> std::io::Result<Result<Guess, String>> {
    file.seek(SeekFrom::Start(0))?;
    let mut sample = Sample::default();
    let mut block = vec![0; BLOCK];
    let mut first = true;
    let told = loop {
        let count = fill(file, &mut block)?;
        let bytes = &block[..count];
        if std::mem::take(&mut first)
            && let Some(charset) = by_shape(bytes)
        {
            break Ok(Guess { charset, share: None, next: None });
        }
        sample.take(bytes);
        if count < BLOCK || sample.kept.len() >= SAMPLE {
            sample.end_line();
            break judge(&sample.kept);
        }
    };
    file.seek(SeekFrom::Start(0))?;
    Ok(told)
}

fn fill(mut file: &File, block: &mut [u8]) -> std::io::Result<usize> {
    let mut count = 0;
    while count < block.len() {
        match file.read(&mut block[count..])? {
            0 => break,
            n => count += n,
        }
    }
    Ok(count)
}

/// A byte order mark, or the zeros that UTF-16 puts beside every ASCII letter.
fn by_shape(head: &[u8]) -> Option<Charset> {
    match head {
        [0xff, 0xfe, ..] => return Some(Charset::Utf16Le),
        [0xfe, 0xff, ..] => return Some(Charset::Utf16Be),
        [0xef, 0xbb, 0xbf, ..] => return Some(Charset::Utf8),
        _ => {}
    }
    let pairs = head.len() / 2;
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = |n: usize| n * 100 > pairs * 40;
    let few = |n: usize| n * 100 <= pairs;
    (pairs > 0 && many(odd) && few(even))
        .then_some(Charset::Utf16Le)
        .or_else(|| (pairs > 0 && many(even) && few(odd)).then_some(Charset::Utf16Be))
}

/// Lines that have more than ASCII.
#[derive(Default)]
struct Sample {
    kept: Vec<u8>,
    line: Vec<u8>,
}

impl Sample {
    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            let room = LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                self.end_line();
                if self.kept.len() >= SAMPLE {
                    return;
                }
            }
        }
    }

    fn end_line(&mut self) {
        if !self.line.is_ascii() {
            self.kept.extend_from_slice(&self.line);
            self.kept.push(b'\n');
        }
        self.line.clear();
    }
}

fn judge(sample: &[u8]) -> Result<Guess, String> {
    if sample.is_empty() {
        // All charsets here agree about ASCII.
        return Ok(Guess { charset: Charset::Utf8, share: None, next: None });
    }
    let mut scores: Vec<(Charset, Score)> = [Charset::Utf8, Charset::Tcvn3, Charset::Vni, Charset::Windows1258]
        .into_iter()
        .map(|charset| (charset, Score::of(charset, sample)))
        .collect();
    scores.sort_by_key(|(_, score)| std::cmp::Reverse(score.share()));
    let utf8 = scores.iter().find(|(charset, _)| *charset == Charset::Utf8);
    if let Some((charset, score)) = utf8
        && score.is_sound_utf8()
    {
        let next = scores.iter().find(|(other, _)| other != charset).map(|(other, score)| (*other, score.share()));
        return Ok(Guess { charset: *charset, share: Some(score.share()), next });
    }
    let told = || {
        let all: Vec<String> = scores.iter().map(|(c, s)| format!("{} {} %", c.word(), s.share())).collect();
        let words = scores.first().map_or(0, |(_, s)| s.seen.good + s.seen.bad);
        format!("{}; {words} từ có dấu / words with marks", all.join(", "))
    };
    let [(best, score), (second, behind), ..] = scores.as_slice() else { return Err(told()) };
    let (share, next) = (score.share(), behind.share());
    let enough = score.seen.good >= FEWEST_WORDS && score.seen.different() >= FEWEST_DIFFERENT;
    if enough && share >= LEAST_SHARE && share >= next + LEAST_LEAD {
        Ok(Guess { charset: *best, share: Some(share), next: Some((*second, next)) })
    } else {
        Err(told())
    }
}

/// How a sample reads in one charset.
struct Score {
    seen: Spelling,
    wrong: u64,
    /// Characters that are no ASCII.
    beyond: u64,
}

impl Score {
    fn of(charset: Charset, sample: &[u8]) -> Self {
        let text = decode(charset, sample);
        let mut seen = Spelling::distinct();
        for line in text.lines() {
            seen.see(line, 0);
        }
        // What a charset does not have is control characters in encoding_rs's windows-1258.
        let is_wrong = |c: char| c == '\u{fffd}' || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
        let wrong = text.chars().filter(|c| is_wrong(*c)).count() as u64;
        let beyond = text.chars().filter(|c| !c.is_ascii() && !is_wrong(*c)).count() as u64;
        Self { seen, wrong, beyond }
    }

    /// Percent of words that are Vietnamese; a wrong byte weighs as three that are not.
    fn share(&self) -> u64 {
        (self.seen.good * 100).checked_div(self.seen.good + self.seen.bad + 3 * self.wrong).unwrap_or(0)
    }

    /// Nothing but UTF-8 forms valid sequences again and again. A damaged byte among very many makes it no other
    /// charset: reading will name its row.
    fn is_sound_utf8(&self) -> bool {
        self.beyond > 0 && self.wrong * 50 <= self.beyond
    }
}

fn decode(charset: Charset, bytes: &[u8]) -> String {
    if let Some(encoding) = charset.encoding() {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    decode_all(charset, bytes)
}
