//! How citizens' applications get into dvcbtxh (`/_sandbox/applications`), and what can be asked of them there.

use serde::Deserialize;
use serde_json::Value;

use super::applications::{Fields, said};
use super::json::Json;
use super::{Portal, extent, moves, pull};
use crate::sandbox::answer::pair;
use crate::sandbox::dates;
use crate::sandbox::nation::Nation;

/// A filing, or a change where the number is known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Filing {
    /// When, `yyyyMMddHHmmss` in Vietnam time.
    at: String,
    /// The whole body by the names of section 2.
    body: Fields,
    /// From how many pulls of its window it stays hidden.
    #[serde(default)]
    hide_pulls: u32,
}

/// An application as the portal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationView {
    /// `MaHoSo`.
    pub number: String,
    /// Different bodies that it had.
    pub versions: u64,
    /// Those of them that stood in an answer that arrived.
    pub versions_given: u64,
    /// `StatusId` as it is shown now.
    pub status: String,
    /// In how many answers that arrived it stood.
    pub times_pulled: u64,
}

impl Filing {
    /// When, and its number; or why it cannot be filed.
    fn judge(&self) -> Result<(u64, String), &'static str> {
        let at = dates::moment(&self.at).ok_or("at is not yyyyMMddHHmmss")?;
        if self.body.keys().any(|name| !pull::fields().any(|known| known == name)) {
            return Err("body has a field that an application does not have");
        }
        if self.body.values().any(|value| value.is_array() || value.is_object()) {
            return Err("body has a value that is not a scalar");
        }
        let number = said(self.body.get("MaHoSo"));
        if number.trim().is_empty() { Err("body has no MaHoSo") } else { Ok((at, number)) }
    }
}

impl Portal {
    fn file(&mut self, at: u64, number: &str, mut body: Fields, hides: u32) {
        if let Some(Value::String(given)) = body.get_mut(pull::EXTENT)
            && let Some(pulled) = extent::as_pulled(given)
        {
            *given = pulled;
        }
        let status = self.applications.put(number, at, body, hides);
        // The portal knows it as a dossier, and what the citizen did to it there.
        let known = moves::status(&status);
        self.files.seed(number, known.unwrap_or(1), Json::Object(vec![]));
        if let (Some(status), Some(dossier)) = (known, self.files.all.get_mut(number)) {
            dossier.status = status;
        }
    }

    fn listed(&self, after: Option<&str>, limit: usize) -> Vec<ApplicationView> {
        let view = |(number, application): (&String, &super::applications::Application)| {
            let (versions, versions_given, times_pulled) = application.counts();
            let status = application.status();
            ApplicationView { number: number.clone(), versions, versions_given, status, times_pulled }
        };
        self.applications.after(after, limit).map(view).collect()
    }
}

impl Nation {
    /// Files an application at dvcbtxh, or changes it where its number is known: `at` (`yyyyMMddHHmmss`) is the time of
    /// filing or change, `body` the whole of it by the names of section 2; a change without `StatusId` keeps the present
    /// one. It stays hidden from so many pulls of its window.
    pub fn file(&mut self, at: &str, body: &Value, hide_pulls: u32) -> Result<(), String> {
        let Value::Object(fields) = body else { return Err("body is not an object".to_owned()) };
        let body = fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        self.take_filings(vec![Filing { at: at.to_owned(), body, hide_pulls }])
    }

    /// All or none.
    pub(in crate::sandbox) fn take_filings(&mut self, filings: Vec<Filing>) -> Result<(), String> {
        let judged: Result<Vec<_>, _> = filings.iter().map(Filing::judge).collect();
        for (filing, (at, number)) in filings.into_iter().zip(judged?) {
            self.portals.dvcbtxh.file(at, &number, filing.body, filing.hide_pulls);
        }
        Ok(())
    }

    /// Applications after a number, by number, at most so many.
    pub fn applications(&self, after: Option<&str>, limit: usize) -> Vec<ApplicationView> {
        self.portals.dvcbtxh.listed(after, limit)
    }

    /// The same as JSON, one a line.
    pub(in crate::sandbox) fn applications_as_lines(&self, after: Option<&str>, limit: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for one in self.applications(after, limit.min(10_000)) {
            out.push(b'{');
            pair(&mut out, "MaHoSo", &one.number);
            out.push(b',');
            pair(&mut out, "StatusId", &one.status);
            for (name, count) in
                [("versions", one.versions), ("versions_given", one.versions_given), ("times_pulled", one.times_pulled)]
            {
                out.extend_from_slice(format!(",\"{name}\":{count}").as_bytes());
            }
            out.extend_from_slice(b"}\n");
        }
        out
    }
}
