//! A progress line on a terminal: what was read and what was confirmed, with the rate.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::Progress;

/// What the line goes by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    /// A first push: so many rows to be confirmed.
    Confirmed(u64),
    /// A later run, in which most rows have nothing to say: about so many to be read.
    Read(u64),
    /// Nobody knows how many rows there are.
    Unknown,
}

impl Expected {
    /// Where the ledger does not know, what somebody else does: so many rows to be confirmed.
    pub fn or(self, rows: Option<u64>) -> Self {
        match (self, rows) {
            (Self::Unknown, Some(rows)) => Self::Confirmed(rows),
            (known, _) => known,
        }
    }
}

/// Shows a run's progress on stderr, where that is a terminal.
pub(super) struct Line {
    bar: ProgressBar,
    expected: Expected,
    scanned: AtomicU64,
    confirmed: AtomicU64,
}

/// The lines of runs that go on side by side.
pub(super) struct Lines(MultiProgress);

impl Lines {
    /// None is shown to a program that asked for JSON.
    pub fn new(quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self(MultiProgress::with_draw_target(target))
    }

    /// A line for a stream.
    pub fn line(&self, name: &str, expected: Expected) -> Line {
        Line::new(&self.0, name, expected)
    }
}

impl Line {
    fn new(lines: &MultiProgress, name: &str, expected: Expected) -> Self {
        let (length, template) = match expected {
            Expected::Confirmed(rows) => {
                (Some(rows), "{prefix} {pos}/{len} xác nhận/confirmed · {msg} · {per_sec} · còn/left {eta}")
            }
            Expected::Read(rows) => {
                (Some(rows), "{prefix} {pos}/{len} đã đọc/read · {msg} · {per_sec} · còn/left {eta}")
            }
            Expected::Unknown => (None, "{prefix} {pos} xác nhận/confirmed · {msg} · {per_sec}"),
        };
        let bar = lines.add(ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden()));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        Self { bar, expected, scanned: AtomicU64::new(0), confirmed: AtomicU64::new(0) }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        let (scanned, confirmed) = (self.scanned.load(Ordering::Relaxed), self.confirmed.load(Ordering::Relaxed));
        if matches!(self.expected, Expected::Read(_)) {
            self.bar.set_position(scanned);
            self.bar.set_message(format!("{confirmed} xác nhận/confirmed"));
        } else {
            self.bar.set_position(confirmed);
            self.bar.set_message(format!("{scanned} đã đọc/read"));
        }
    }
}

impl Progress for Line {
    fn scanned(&self, rows: u64) {
        self.scanned.store(rows, Ordering::Relaxed);
        self.show();
    }

    fn delivered(&self, confirmed: u64, _: u64) {
        self.confirmed.store(confirmed, Ordering::Relaxed);
        self.show();
    }
}
