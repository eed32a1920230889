//! How an answer is said: codes, results, in the words of the wire.

use std::collections::HashSet;

use super::book::{Book, Verdict};
use super::faults::FaultKind;
use super::wire::Reply;
use super::words::Words;

/// Code of a whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Done,
    Malformed,
    Already,
    NeverSeen,
    Token,
    Busy,
}

/// One result; without an entry it is for a reference that was never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub entry: Option<u32>,
    pub verdict: Verdict,
}

/// What stands under `result`.
#[derive(Debug)]
pub(super) enum Told {
    Lines(Vec<Line>),
    /// JSON, ready.
    Ready(String),
}

/// An answer in the contract's form.
#[derive(Debug)]
pub(super) struct Answer {
    pub code: Code,
    pub message: String,
    pub told: Told,
}

impl Answer {
    /// A code and a message, no results.
    pub(super) fn bare(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), told: Told::Lines(Vec::new()) }
    }

    /// The results of a batch as stored.
    pub(super) fn of_batch(code: Code, verdicts: &[(u32, Verdict)]) -> Self {
        let said = |&(entry, verdict): &(u32, Verdict)| match verdict {
            Verdict::Unmentioned => None,
            verdict => Some(Line { entry: Some(entry), verdict }),
        };
        Self { code, message: String::new(), told: Told::Lines(verdicts.iter().filter_map(said).collect()) }
    }

    /// Distorts the results; gives back the entries about which the answer now leaves one in the dark.
    pub(super) fn distort(&mut self, kind: FaultKind) -> HashSet<u32> {
        let mut dark = HashSet::new();
        let Told::Lines(lines) = &mut self.told else { return dark };
        if lines.is_empty() {
            return dark;
        }
        let third: Vec<Line> = lines.iter().step_by(3).copied().collect();
        match kind {
            FaultKind::Shuffled => {
                lines.reverse();
                let shift = lines.len() / 3;
                lines.rotate_left(shift);
            }
            FaultKind::Missing => {
                let mut at = 0;
                lines.retain(|_| {
                    at += 1;
                    at % 3 != 1
                });
                dark.extend(third.iter().filter_map(|line| line.entry));
            }
            FaultKind::Doubled => lines.extend(third),
            FaultKind::Contradicting => {
                dark.extend(third.iter().filter_map(|line| line.entry));
                lines.extend(third.into_iter().map(|line| {
                    let verdict = if line.verdict == Verdict::Accepted { Verdict::Later(0) } else { Verdict::Accepted };
                    Line { verdict, ..line }
                }));
            }
            FaultKind::Extra => lines.insert(lines.len() / 2, Line { entry: None, verdict: Verdict::Accepted }),
            _ => {}
        }
        dark
    }

    /// The answer as JSON with HTTP 200. `numbers`: codes as numbers or with blanks around.
    pub(super) fn say(&self, words: &Words, book: &Book, numbers: bool) -> Reply {
        let mut out = Vec::with_capacity(256);
        let names = &words.answer;
        let code = match self.code {
            Code::Done => &words.codes.done,
            Code::Malformed => &words.codes.malformed,
            Code::Already => &words.codes.already,
            Code::NeverSeen => &words.codes.never_seen,
            Code::Token => &words.codes.token,
            Code::Busy => &words.codes.busy,
        };
        out.push(b'{');
        key(&mut out, &names.error_code);
        spelt(&mut out, code, numbers, self.message.len());
        out.push(b',');
        pair(&mut out, &names.message, &self.message);
        out.push(b',');
        key(&mut out, &names.result);
        match &self.told {
            Told::Ready(json) => out.extend_from_slice(json.as_bytes()),
            Told::Lines(lines) => {
                out.push(b'[');
                for (at, line) in lines.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    one(&mut out, words, book, *line, numbers, at);
                }
                out.push(b']');
            }
        }
        out.push(b'}');
        Reply::json(200, out)
    }
}

fn one(out: &mut Vec<u8>, words: &Words, book: &Book, line: Line, numbers: bool, at: usize) {
    let names = &words.answer;
    let reference = line.entry.map_or("SANDBOX-NEVER-SENT", |entry| &book.entries[entry as usize].reference);
    let (result, reason) = match line.verdict {
        Verdict::Accepted => (&words.results.accepted, None),
        Verdict::Refused(reason) => (&words.results.refused, book.reasons.get(usize::from(reason))),
        Verdict::Later(reason) => (&words.results.later, book.reasons.get(usize::from(reason))),
        Verdict::Unmentioned => (&words.results.later, None),
    };
    let number = match line.verdict {
        Verdict::Accepted => line.entry.map_or_else(|| "QG9999999999".to_owned(), |entry| book.national_number(entry)),
        _ => String::new(),
    };
    out.push(b'{');
    pair(out, &names.ma_tham_chieu, reference);
    out.push(b',');
    key(out, &names.ket_qua);
    spelt(out, result, numbers, at);
    out.push(b',');
    pair(out, &names.ma_doi_tuong, &number);
    out.push(b',');
    pair(out, &names.ma_loi, reason.map_or("", |(code, _)| code));
    out.push(b',');
    pair(out, &names.thong_bao, reason.map_or("", |(_, text)| text));
    out.push(b'}');
}

/// A code as text; where numbers are wanted, in turn as a number and as text with blanks around.
fn spelt(out: &mut Vec<u8>, code: &str, numbers: bool, turn: usize) {
    match code.parse::<i64>() {
        Ok(number) if numbers && turn.is_multiple_of(2) => out.extend_from_slice(number.to_string().as_bytes()),
        _ if numbers => text(out, &format!(" {code}  ")),
        _ => text(out, code),
    }
}

/// A JSON text.
pub(super) fn text(out: &mut Vec<u8>, value: &str) {
    // Writing to a vector cannot fail, and a text is always JSON.
    let _ = serde_json::to_writer(out, value);
}

/// A key with its colon.
pub(super) fn key(out: &mut Vec<u8>, name: &str) {
    text(out, name);
    out.push(b':');
}

/// A key and a text.
pub(super) fn pair(out: &mut Vec<u8>, name: &str, value: &str) {
    key(out, name);
    text(out, value);
}
