//! Charsets of delimited files: named by the operator, or found by evidence.
//!
//! * `decoded`: bytes into UTF-8 as they are read, strictly. `old`: TCVN3 and VNI, which no crate knows.
//! * `guess`: which charset a file has, by how Vietnamese its words are when read so. `capitals`: what TCVN3 leaves out.

mod capitals;
mod decoded;
mod guess;
mod old;

use encoding_rs::Encoding;

pub(super) use capitals::restore;
pub(super) use decoded::{Decoded, MARK, TooLong};
pub(super) use guess::guess;
pub(super) use old::from_font;

/// The charsets that can be read, for messages.
pub(super) const SUPPORTED: &str = "auto, utf-8, utf-16le, utf-16be, windows-1258, tcvn3, vni";

/// How the bytes of a file are letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1258,
    /// TCVN 5712 as the fonts .VnTime have it (ABC).
    Tcvn3,
    /// VNI-Windows: a letter, then its marks as a byte of their own.
    Vni,
}

impl Charset {
    /// A charset by its name in the settings; `None` for `auto`.
    pub fn by_name(name: &str) -> Result<Option<Self>, String> {
        Ok(Some(match name.trim().to_ascii_lowercase().as_str() {
            "auto" => return Ok(None),
            "utf-8" | "utf8" => Self::Utf8,
            "utf-16le" => Self::Utf16Le,
            "utf-16be" => Self::Utf16Be,
            "windows-1258" | "cp1258" => Self::Windows1258,
            "tcvn3" | "abc" => Self::Tcvn3,
            "vni" | "vni-windows" => Self::Vni,
            _ => return Err(format!("charset {name}: không biết / is not known; supported are {SUPPORTED}")),
        }))
    }

    /// The name in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1258 => "windows-1258",
            Self::Tcvn3 => "tcvn3",
            Self::Vni => "vni",
        }
    }

    /// Whether texts come in pieces (a letter, then its marks) or without capitals: they are put together after reading.
    pub fn is_old(self) -> bool {
        matches!(self, Self::Windows1258 | Self::Tcvn3 | Self::Vni)
    }

    fn encoding(self) -> Option<&'static Encoding> {
        match self {
            Self::Utf8 => Some(encoding_rs::UTF_8),
            Self::Utf16Le => Some(encoding_rs::UTF_16LE),
            Self::Utf16Be => Some(encoding_rs::UTF_16BE),
            Self::Windows1258 => Some(encoding_rs::WINDOWS_1258),
            Self::Tcvn3 | Self::Vni => None,
        }
    }
}
