//! Until when a certificate is valid: the little of X.509 (RFC 5280, 4.1) that is needed to warn in time.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::model::Timestamp;

/// So many days ahead it is told that a certificate runs out; then on the day itself.
const WARNED: [i64; 5] = [30, 14, 7, 1, 0];

/// How near the end is: the smallest of 30, 14, 7, 1 and 0 days that is not less than what is left. `None`: far.
pub fn warning(until: Timestamp, now: Timestamp) -> Option<i64> {
    let days = days_left(until, now);
    WARNED.into_iter().filter(|warned| days <= *warned).min()
}

/// Whole days until then; negative once it is over.
pub fn days_left(until: Timestamp, now: Timestamp) -> i64 {
    (until.0 - now.0).div_euclid(86_400_000)
}

/// `notAfter` of the first certificate in a PEM file's content; `None` where there is none.
pub fn pem_valid_until(pem: &[u8]) -> Option<Timestamp> {
    let der = CertificateDer::from_pem_slice(pem).ok()?;
    valid_until(&der)
}

/// `notAfter` of a certificate in DER; `None` for what is not one.
pub fn valid_until(der: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = element(der, 0x30)?;
    let (mut rest, _) = element(certificate, 0x30)?;
    // Version, where told, then serial number, signature algorithm, issuer.
    if let Some((_, after)) = element(rest, 0xa0) {
        rest = after;
    }
    for tag in [0x02, 0x30, 0x30] {
        rest = element(rest, tag)?.1;
    }
    let (validity, _) = element(rest, 0x30)?;
    let (tag, before) = (*validity.first()?, validity);
    let (_, after) = element(before, tag)?;
    let (text, _) = element(after, *after.first()?)?;
    let text = std::str::from_utf8(text).ok()?;
    let full = match *after.first()? {
        // UTCTime: two digits of the year, 50 and later are the last century (RFC 5280, 4.1.2.5.1).
        0x17 => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        0x18 => text.to_owned(),
        _ => return None,
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%SZ", full).ok()?;
    Some(Timestamp(TimeZone::UTC.to_timestamp(civil).ok()?.as_millisecond()))
}

/// The contents of the element that `der` starts with, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    if *found != tag {
        return None;
    }
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let bytes = length & 0x7f;
        if bytes == 0 || bytes > 4 {
            return None;
        }
        let (told, after) = rest.split_at_checked(bytes)?;
        length = told.iter().fold(0, |length, b| length << 8 | usize::from(*b));
        rest = after;
    }
    rest.split_at_checked(length)
}
