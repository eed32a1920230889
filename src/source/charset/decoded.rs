//! Bytes of a file into UTF-8, strictly: the first byte that is wrong is remembered, not glossed over.

use std::io::{self, Read};

use encoding_rs::DecoderResult;
use xxhash_rust::xxh3::Xxh3;

use super::Charset;
use super::old::{Old, Step};

const RAW: usize = 64 * 1024;

/// Reads a file, hashes its bytes as they are, and gives them on as UTF-8 without a byte order mark.
///
/// After the end of the file one more record comes, [`MARK`]: if it does not arrive as a record of its own,
/// a quote was left open.
pub(in super::super) struct Decoded<R> {
    from: R,
    decoder: Decoder,
    strict_controls: bool,
    raw: Box<[u8]>,
    start: usize,
    end: usize,
    hash: Xxh3,
    state: State,
    written: u64,
    wrong_at: Option<u64>,
    budget: usize,
}

enum Decoder {
    Known(encoding_rs::Decoder),
    Old(Box<Old>),
}

impl Decoder {
    fn decode(&mut self, source: &[u8], out: &mut [u8], last: bool) -> (Step, usize, usize) {
        match self {
            Self::Known(decoder) => {
                let (result, read, written) = decoder.decode_to_utf8_without_replacement(source, out, last);
                let step = match result {
                    DecoderResult::InputEmpty => Step::Empty,
                    DecoderResult::OutputFull => Step::Full,
                    DecoderResult::Malformed(..) => Step::Wrong,
                };
                (step, read, written)
            }
            Self::Old(old) => old.decode(source, out, last),
        }
    }
}

#[derive(PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    Mark(usize),
}

/// The record after the last one: a text that no file contains.
pub(in super::super) const MARK: &str = "\u{1}\u{1f}het-tep\u{1f}\u{1}";

impl<R: Read> Decoded<R> {
    pub fn new(from: R, charset: Charset) -> Self {
        let decoder = match charset.encoding() {
            Some(encoding) => Decoder::Known(encoding.new_decoder_with_bom_removal()),
            None => Decoder::Old(Box::new(Old::new(charset))),
        };
        Self {
            from,
            decoder,
            strict_controls: charset == Charset::Windows1258,
            raw: vec![0; RAW].into_boxed_slice(),
            start: 0,
            end: 0,
            hash: Xxh3::new(),
            state: State::Reading,
            written: 0,
            wrong_at: None,
            budget: usize::MAX,
        }
    }

    /// The place of the first wrong byte in the decoded text, if one was met so far.
    pub fn wrong_at(&self) -> Option<u64> {
        self.wrong_at
    }

    /// From now on so many bytes are given; then reading fails. Bounds one record.
    pub fn allow(&mut self, bytes: usize) {
        self.budget = bytes;
    }

    /// The hash of all bytes that were read from the file.
    pub fn digest(&self) -> u128 {
        self.hash.digest128()
    }

    fn wrong(&mut self, offset: usize) {
        self.wrong_at.get_or_insert(self.written + offset as u64);
    }

    fn decode(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.start == self.end && self.state == State::Reading {
                let count = self.from.read(&mut self.raw)?;
                (self.start, self.end) = (0, count);
                self.hash.update(&self.raw[..count]);
                if count == 0 {
                    self.state = State::Ended;
                }
            }
            let last = self.state == State::Ended;
            let source = &self.raw[self.start..self.end];
            let (step, read, mut written) = self.decoder.decode(source, out, last);
            self.start += read;
            self.check(&out[..written]);
            if step == Step::Wrong {
                self.wrong(written);
                // Something must stand in the place, so that the column can be named.
                if let Some(room) = out.get_mut(written..written + 3) {
                    room.copy_from_slice("\u{fffd}".as_bytes());
                    written += 3;
                }
            }
            if last && step == Step::Empty {
                self.state = State::Mark(0);
            }
            if written > 0 || matches!(self.state, State::Mark(_)) {
                return Ok(written);
            }
        }
    }

    /// NUL in a text, and the bytes that windows-1258 leaves undefined (decoded to control characters).
    fn check(&mut self, text: &[u8]) {
        if self.wrong_at.is_some() {
            return;
        }
        if let Some(at) = text.iter().position(|b| *b == 0) {
            self.wrong(at);
        }
        if self.strict_controls
            && let Some(at) = text.windows(2).position(|w| w[0] == 0xc2 && (0x80..0xa0).contains(&w[1]))
        {
            self.wrong(at);
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.budget == 0 {
            return Err(io::Error::other(TooLong));
        }
        let mut count = 0;
        if !matches!(self.state, State::Mark(_)) {
            count = self.decode(out)?;
        }
        if count == 0
            && let State::Mark(at) = self.state
        {
            let mark = format!("\n{MARK}\n");
            let rest = mark.as_bytes().get(at..).unwrap_or_default();
            count = rest.len().min(out.len());
            out[..count].copy_from_slice(&rest[..count]);
            self.state = State::Mark(at + count);
        }
        self.written += count as u64;
        self.budget = self.budget.saturating_sub(count);
        Ok(count)
    }
}

/// One record is longer than it may be.
#[derive(Debug, thiserror::Error)]
#[error("a record is too long")]
pub(in super::super) struct TooLong;
