//! The pull of applications: strictly read, and said as that portal says it: camelCase names as .NET makes them, no
//! order, `null` or an empty text in turn where there is nothing.

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::applications::{Fields, Item, STATUS, said};
use super::dvcbtxh::{KEY, names};
use super::json::Json;
use super::said::Said;
use super::visit::{Lobby, tidy};
use super::{Ask, Call, Portal, extent};
use crate::sandbox::answer::{key, text};
use crate::sandbox::breach::Breaches;
use crate::sandbox::dates;
use crate::sandbox::faults::{Fault, FaultKind, Operation};
use crate::sandbox::form::digits;
use crate::sandbox::wire::{Reply, Request};

/// The text with XML.
pub(super) const EXTENT: &str = "CertificateExtentData";
/// What an application has beside a dossier's fields.
const MORE: [&str; 4] = ["NgayHenTra", "NgayKetThucXuLy_ThucTe", "SoTaiKhoan", "NganHang"];
const KEYS: [&str; 7] = [KEY, "LoaiDuLieu", "MaTinh", "MaHuyen", "MaXa", "ThoiGianBatDau", "ThoiGianKetThuc"];
/// Codes that no leading zero could be lost of.
const NUMBERS: [&str; 4] = [STATUS, "GioiTinhId", "DanTocId", "LoaiDinhDanh"];

/// A window, both ends included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    from: u64,
    to: u64,
}

impl Span {
    pub(super) fn holds(self, at: u64) -> bool {
        (self.from..=self.to).contains(&at)
    }
}

/// Whose applications are asked for; empty: of the whole.
#[derive(Debug)]
pub(super) struct Units([(&'static str, String); 3]);

impl Units {
    /// Whether an application is of these; one that does not say a unit is of any.
    pub(super) fn hold(&self, fields: &Fields) -> bool {
        self.0.iter().all(|(name, asked)| {
            let given = said(fields.get(*name));
            asked.is_empty() || given.is_empty() || *asked == given
        })
    }
}

/// The fields of an application in the contract's names.
pub(super) fn fields() -> impl Iterator<Item = &'static str> {
    names().chain(MORE)
}

/// The token of an `Authorization: Bearer`.
pub(super) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Whether the bearer token is the key or one that lives; one that is not there is a breach.
pub(super) fn may(request: &Request, lobby: &Lobby<'_>, breaches: &mut Breaches) -> bool {
    let Some(token) = bearer(request) else {
        breaches.add("token", || "dvcbtxh a pull or an attachment without a bearer token".to_owned());
        return false;
    };
    token == lobby.settings.accept_key || lobby.tokens.lives(token, lobby.now_ms)
}

/// Reads a pull.
pub(super) fn call(request: &Request, lobby: &Lobby<'_>, breaches: &mut Breaches) -> Call {
    let mut authorised = may(request, lobby, breaches);
    let ask = match read(&request.body) {
        Ok((given, span, units)) => {
            authorised &= given == lobby.settings.accept_key;
            Ask::Pull(span, units)
        }
        Err(what) => {
            breaches.add("envelope", || format!("dvcbtxh LayDanhSachHoSo: {what}"));
            Ask::Nothing(what)
        }
    };
    Call { operation: Operation::Pull, entity: "", authorised, ask }
}

fn read(body: &[u8]) -> Result<(String, Span, Units), String> {
    let body = Json::read(body)?;
    if body.has_other_than(&KEYS) {
        return Err("a key that the envelope does not have".to_owned());
    }
    let given = |name: &'static str| match body.get(name) {
        Some(Json::Text(text)) => Ok(text.as_str()),
        Some(_) => Err(format!("{name}: not a text")),
        None => Err(format!("{name}: the key is not there")),
    };
    let accept = given(KEY)?;
    if !tidy(accept) {
        return Err("AcceptKey: empty or untidy".to_owned());
    }
    if given("LoaiDuLieu")? != "100" {
        return Err("LoaiDuLieu: not 100".to_owned());
    }
    let unit = |name: &'static str, count: usize, needed: bool| {
        let code = given(name)?;
        let fits = digits(code, count) || (code.is_empty() && !needed);
        if fits { Ok((name, code.to_owned())) } else { Err(format!("{name}: not {count} digits")) }
    };
    let units = Units([unit("MaTinh", 2, true)?, unit("MaHuyen", 3, false)?, unit("MaXa", 5, false)?]);
    let time = |name| dates::slash_moment(given(name)?).ok_or_else(|| format!("{name}: not dd/MM/yyyy HH:mm:ss"));
    let span = Span { from: time("ThoiGianBatDau")?, to: time("ThoiGianKetThuc")? };
    if span.from > span.to {
        return Err("ThoiGianKetThuc before ThoiGianBatDau".to_owned());
    }
    Ok((accept.to_owned(), span, units))
}

impl Portal {
    /// Answers a pull.
    pub(super) fn pull(&mut self, span: Span, units: &Units, fault: Option<&Fault>) -> Said {
        let is = |kind| fault.is_some_and(|fault| fault.fault == kind);
        self.tally.pulls += 1;
        let turn = self.tally.pulls;
        let mut places = self.applications.within(span, units, is(FaultKind::OlderBodies));
        if is(FaultKind::Omit) {
            let mut at = 0;
            places.retain(|_| {
                at += 1;
                at % 3 != 1
            });
        }
        if fault.is_none_or(Fault::tells) {
            self.applications.given(&places);
        }
        if is(FaultKind::Doubled) {
            let third: Vec<_> = places.iter().step_by(3).cloned().collect();
            places.extend(third);
        }
        // No order, and another one each time.
        places.sort_by_key(|(number, at)| xxh3_64(format!("{turn} {number} {at}").as_bytes()));
        let style = Style { turn, odd: is(FaultKind::MisCased), numbers: is(FaultKind::Numbers) };
        let mut out = vec![b'['];
        for item in places.iter().filter_map(|place| self.applications.item(place)) {
            separate(&mut out);
            style.write(&mut out, item);
        }
        if is(FaultKind::Strange) {
            separate(&mut out);
            out.extend_from_slice(r#"{"hoVaTen":"Không Số","maTTHC":"1.001776"},"một chuỗi""#.as_bytes());
        }
        out.push(b']');
        Said { more: vec![("data", out)], ..Said::new("0", "") }
    }

    /// Says it in the pull's own envelope; `5` with 401 and with 200 in turn.
    pub(super) fn say_pull(&mut self, said: &Said, blanks: bool) -> Reply {
        let inner = self.spell(said, blanks);
        let mut out = br#"{"result":"#.to_vec();
        out.extend_from_slice(&inner);
        out.push(b'}');
        let refused = said.code == "5" && self.said % 2 == 1;
        Reply::json(if refused { 401 } else { 200 }, out)
    }
}

fn separate(out: &mut Vec<u8>) {
    if out.last() != Some(&b'[') {
        out.push(b',');
    }
}

/// How the items of an answer are spelt.
struct Style {
    turn: u64,
    odd: bool,
    numbers: bool,
}

impl Style {
    fn write(&self, out: &mut Vec<u8>, item: Item<'_>) {
        out.push(b'{');
        let mut all: Vec<&str> = fields().collect();
        if self.odd {
            all.reverse();
        }
        for (at, name) in all.into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            key(out, &if self.odd { odd(name, at) } else { camel(name) });
            let status = item.status.filter(|_| name == STATUS).map(|status| Value::String(status.to_string()));
            self.value(out, name, status.as_ref().or_else(|| item.fields.get(name)));
        }
        out.push(b'}');
    }

    fn value(&self, out: &mut Vec<u8>, name: &str, value: Option<&Value>) {
        match value {
            None if self.turn.is_multiple_of(2) => out.extend_from_slice(b"\"\""),
            None => out.extend_from_slice(b"null"),
            Some(Value::String(given)) if self.odd && name == EXTENT => {
                let mut at = 0;
                let respelt = extent::respelt(given, &mut |name| {
                    at += 1;
                    odd(name, at)
                });
                text(out, respelt.as_deref().unwrap_or(given));
            }
            Some(Value::String(given)) => match given.parse::<u32>() {
                // What a leading zero stands before stays a text.
                Ok(number) if self.numbers && NUMBERS.contains(&name) && number.to_string() == *given => {
                    out.extend_from_slice(given.as_bytes());
                }
                _ => text(out, given),
            },
            Some(other) => out.extend_from_slice(other.to_string().as_bytes()),
        }
    }
}

/// The camelCase that .NET makes of a name: capitals become small up to the one before a small letter or a sign.
pub(super) fn camel(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len());
    let mut going = true;
    for (at, letter) in letters.iter().enumerate() {
        let next = letters.get(at + 1).is_none_or(|next| next.is_uppercase());
        going &= at == 0 || (letter.is_uppercase() && next);
        if going {
            out.extend(letter.to_lowercase());
        } else {
            out.push(*letter);
        }
    }
    out
}

/// A name in some odd letter case.
fn odd(name: &str, turn: usize) -> String {
    let capital = |at: usize| match turn % 4 {
        0 => true,
        1 => false,
        2 => at == 0,
        _ => at % 2 == 1,
    };
    let spelt = |(at, letter): (usize, char)| {
        if capital(at) { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
    };
    name.chars().enumerate().map(spelt).collect()
}
