//! How values are written in the file, and where a mistake stands.

use std::time::Duration;

use jiff::civil::Time;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::Error as _;

use crate::delivery::Window;
use crate::delta::brake::Limit;

/// A span such as `2s`, `10m`, `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub Duration);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        span(&text).map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "'{text}' không phải khoảng thời gian như 2s, 10m, 1h / is no span such as 2s, 10m, 1h"
            ))
        })
    }
}

fn span(text: &str) -> Option<Duration> {
    let (digits, unit) = text.trim().split_at_checked(text.trim().find(|c: char| !c.is_ascii_digit())?)?;
    let number: u64 = digits.parse().ok()?;
    let seconds = match unit {
        "ms" => return (number <= 86_400_000).then(|| Duration::from_millis(number)),
        "s" => number,
        "m" => number.checked_mul(60)?,
        "h" => number.checked_mul(3600)?,
        _ => return None,
    };
    (1..=7 * 86_400).contains(&seconds).then(|| Duration::from_secs(seconds))
}

/// A window such as `06:00-22:00`, Vietnam time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowText(pub Window);

impl<'de> Deserialize<'de> for WindowText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let time = |t: &str| Time::strptime("%H:%M", t.trim()).ok();
        text.split_once('-')
            .and_then(|(from, to)| Some(Self(Window { from: time(from)?, to: time(to)? })))
            .filter(|w| w.0.from != w.0.to)
            .ok_or_else(|| {
                D::Error::custom(format!(
                    "'{text}' không phải khung giờ như 06:00-22:00 / is no window such as 06:00-22:00"
                ))
            })
    }
}

/// A limit such as `2%`, `50` or `2%, 50`; a plain number needs no quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitText(pub Limit);

impl<'de> Deserialize<'de> for LimitText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = from.deserialize_any(TextOrNumber)?;
        limit(&text).map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "'{text}' không phải giới hạn như 2% hoặc 50 hoặc \"2%, 50\" / is no limit such as 2%, 50 or \"2%, 50\""
            ))
        })
    }
}

struct TextOrNumber;

impl serde::de::Visitor<'_> for TextOrNumber {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a limit such as \"2%\" or 50")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
}

fn limit(text: &str) -> Option<Limit> {
    let mut limit = Limit { percent: None, number: None };
    for part in text.split(',') {
        let part = part.trim();
        if let Some(percent) = part.strip_suffix('%') {
            let percent: Decimal = percent.trim().parse().ok()?;
            let fits = limit.percent.is_none() && (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&percent);
            limit.percent = Some(fits.then_some(percent)?);
        } else {
            limit.number = Some(limit.number.is_none().then(|| part.parse().ok())??);
        }
    }
    Some(limit)
}

/// The line, from 1, of a place in a text.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1
}
