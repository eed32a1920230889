//! How a verb prints. A reader that went away (`… | head`) stops no work and is no failure; what could not be written
//! for any other reason, as on a full disk, makes the verb end with 1, since somebody counts on that file.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Prints a line to standard output.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::say::line(format_args!($($words)*)) };
}

/// Prints a line to standard error.
macro_rules! complain {
    ($($words:tt)*) => { $crate::cli::say::complaint(format_args!($($words)*)) };
}

static UNSAID: AtomicBool = AtomicBool::new(false);

pub(super) fn line(words: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let written = out.write_fmt(words).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && !UNSAID.swap(true, Ordering::Relaxed)
    {
        complaint(format_args!("không ghi được kết quả ra đầu ra chuẩn: {error} / standard output cannot be written"));
    }
}

pub(super) fn complaint(words: Arguments<'_>) {
    // Where not even this can be told, the exit code tells it.
    drop(writeln!(std::io::stderr().lock(), "{words}"));
}

/// The exit code of a verb, or 1 where its answer did not arrive whole.
pub(super) fn all_said(code: u8) -> u8 {
    if matches!(code, 0 | 3) && UNSAID.load(Ordering::Relaxed) { 1 } else { code }
}
