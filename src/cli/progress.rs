//! A progress line on a terminal: what was read and what was confirmed, with the rate.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::Progress;

/// Shows a run's progress on stderr, where that is a terminal.
pub(super) struct Line {
    bar: ProgressBar,
    scanned: AtomicU64,
    confirmed: AtomicU64,
}

impl Line {
    /// A line for a stream; `expected` rows where that is known, for the time left.
    pub fn new(name: &str, expected: Option<u64>, quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(expected, target);
        let template = match expected {
            Some(_) => "{prefix} {pos}/{len} xác nhận/confirmed · {msg} · {per_sec} · còn/left {eta}",
            None => "{prefix} {pos} xác nhận/confirmed · {msg} · {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        Self { bar, scanned: AtomicU64::new(0), confirmed: AtomicU64::new(0) }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        self.bar.set_position(self.confirmed.load(Ordering::Relaxed));
        self.bar.set_message(format!("{} đã đọc/read", self.scanned.load(Ordering::Relaxed)));
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
