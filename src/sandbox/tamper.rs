//! What happens at the nation without us: records changed, removed, added or copied by the side door. For comparisons.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::book::Book;
use super::entity::{BENEFICIARIES, kind_of};
use super::nation::Nation;
use super::parse::Value;
use super::record::{Field, LIST};
use super::version;
use super::written::{BETWEEN, Mark, Written};

/// One record that is changed behind everybody's back: one line of `POST /_sandbox/records`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tamper {
    /// Of which entity; `doi-tuong` where not told.
    #[serde(default)]
    pub entity: Option<String>,
    /// `MaThamChieu` of the record.
    pub reference: String,
    /// The record is gone.
    #[serde(default)]
    pub remove: bool,
    /// The record is new: a copy of this one, which stays.
    #[serde(default)]
    pub like: Option<String>,
    /// Fields with their new values; a list has commas between.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// `PhienBan` stays as it was.
    #[serde(default)]
    pub keep_version: bool,
    /// A stop is taken back.
    #[serde(default)]
    pub run: bool,
    /// A stop with these fields is laid over it.
    #[serde(default)]
    pub stop: Option<BTreeMap<String, String>>,
    /// Under which province's code it stands from now on.
    #[serde(default)]
    pub province: Option<String>,
}

impl Nation {
    /// Changes a record behind everybody's back; what makes no sense is refused with the reason.
    pub fn tamper(&mut self, tamper: &Tamper, now_ms: i64) -> Result<(), &'static str> {
        let kind = kind_of(tamper.entity.as_deref().unwrap_or(BENEFICIARIES)).ok_or("no such entity")?;
        self.books[kind.number].tamper(tamper, now_ms)?;
        *self.tally.tampered.entry(tamper.what()).or_default() += 1;
        Ok(())
    }
}

impl Tamper {
    fn what(&self) -> &'static str {
        if self.remove {
            "removed"
        } else if self.like.is_some() {
            "added"
        } else {
            "changed"
        }
    }
}

impl Book {
    fn tamper(&mut self, tamper: &Tamper, now_ms: i64) -> Result<(), &'static str> {
        let from = tamper.like.as_ref().unwrap_or(&tamper.reference);
        let &old = self.index.get(from.as_str()).ok_or("no such record")?;
        let there = self.written(old).ok_or("no such record")?;
        if tamper.remove {
            self.take_out(old);
            return Ok(());
        }
        if tamper.like.is_some()
            && self.index.get(tamper.reference.as_str()).is_some_and(|e| self.written(*e).is_some())
        {
            return Err("there is such a record already");
        }
        let mut values: Vec<String> = there.values.split(BETWEEN).map(str::to_owned).collect();
        for (name, value) in &tamper.set {
            let place = self.place_of(name).filter(|place| *place < values.len()).ok_or("no such field of a GHI")?;
            value.clone_into(&mut values[place]);
        }
        let laid = match &tamper.stop {
            Some(fields) => Some(self.stop_of(fields)?),
            None if tamper.run => None,
            None => there.stop().cloned(),
        };
        let (formed, was, settled) = (there.formed, there.version, there.settled);
        let province = tamper.province.clone().unwrap_or_else(|| self.units[there.unit as usize].province.clone());
        let commune = self.kind.place(Field::MaXa).and_then(|place| values.get(place)).cloned().unwrap_or_default();
        let version = if tamper.keep_version { was } else { self.version_of(&values, laid.as_deref()) };
        let entry = self.entry(&tamper.reference);
        let unit = self.unit(&province, &commune);
        let mark = Mark { version, formed, at_ms: now_ms };
        let mut written = Written::new(&mark, unit, values.join(&BETWEEN.to_string()).into(), laid);
        written.settled = settled;
        written.edited = tamper.keep_version;
        self.put(entry, written);
        Ok(())
    }

    fn place_of(&self, name: &str) -> Option<usize> {
        self.kind.fields.iter().position(|field| field.name() == name)
    }

    fn stop_of(&self, fields: &BTreeMap<String, String>) -> Result<super::written::Laid, &'static str> {
        let one = |(name, value): (&String, &String)| {
            let place = self.place_of(name).ok_or("no such field of a DUNG")?;
            Ok((u8::try_from(place).map_err(|_| "no such field of a DUNG")?, value.as_str().into()))
        };
        fields.iter().map(one).collect()
    }

    /// The version of a stop is that of its own fields.
    fn version_of(&self, values: &[String], laid: Option<&[(u8, Box<str>)]>) -> [u8; 32] {
        let mut all: Vec<Option<Value<'_>>> = self.kind.fields.iter().map(|_| None).collect();
        if let Some(laid) = laid {
            for (place, text) in laid {
                all[usize::from(*place)] = Some(Value::Text(Cow::Borrowed(text)));
            }
            return version::of("DUNG", self.kind, &all, &mut String::new());
        }
        for ((slot, value), &field) in all.iter_mut().zip(values).zip(&self.kind.fields) {
            *slot = Some(if field == LIST {
                Value::List(value.split(',').filter(|word| !word.is_empty()).map(Cow::Borrowed).collect())
            } else {
                Value::Text(Cow::Borrowed(value))
            });
        }
        version::of("GHI", self.kind, &all, &mut String::new())
    }
}
