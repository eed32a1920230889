//! Files that applications name: their addresses, and the request for one of them, at the system's own host only.

use std::time::Duration;

use reqwest::Url;

use super::super::profile::Operation;
use super::super::wire::{Purpose, WireRequest};
use super::Pull;
use crate::model::Application;

/// The most bytes of a file where the caller sets no other bound.
const LARGEST: usize = 1024 * 1024 * 1024;

/// A file that an application names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its address, as it was given.
    pub address: String,
    /// What it is called; may be empty, and may be personal data.
    pub name: String,
}

/// An address from which nothing is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Outside {
    /// It is none.
    #[error("không phải địa chỉ tệp / not an address of a file")]
    NotAnAddress,
    /// Another host or port than the system's: our credentials go nowhere else.
    #[error("địa chỉ ở máy chủ khác với hệ thống / the address is at another host than the system")]
    OtherHost,
    /// It carries a user or a password.
    #[error("địa chỉ có tên hoặc mật khẩu / the address carries a user or password")]
    Credentials,
}

impl Pull {
    /// The files that an application names, each address once, in the order of the profile's lists.
    pub fn attachments(&self, application: &Application) -> Vec<Named> {
        let mut all: Vec<Named> = Vec::new();
        for form in &self.attachments {
            for row in application.list(&form.list) {
                let Some(address) = row.get(&form.address) else { continue };
                if !all.iter().any(|named| named.address == *address) {
                    let name = row.get(&form.name).cloned().unwrap_or_default();
                    all.push(Named { address: address.clone(), name });
                }
            }
        }
        all
    }

    /// The request for a file, from a byte on. An address without a host is below the system's base, like every path
    /// of the profile; one with a host must name the base's own. To go on with a file that may have changed meanwhile,
    /// add the header `If-Range` with its ETag. Set `answer_limit` to the largest file.
    pub fn fetch(&self, base: &str, address: &str, from_byte: u64) -> Result<WireRequest, Outside> {
        let (path, from_host) = place(base, address)?;
        let mut headers = vec![("Accept-Encoding".to_owned(), "identity".to_owned())];
        if from_byte > 0 {
            headers.push(("Range".to_owned(), format!("bytes={from_byte}-")));
        }
        Ok(WireRequest {
            purpose: Purpose::Operation(Operation::Fetch),
            method: "GET".to_owned(),
            path,
            from_host,
            headers,
            proofs: self.fetch_proofs.clone(),
            credentials: Vec::new(),
            body: Vec::new(),
            blanks: Vec::new(),
            time_limit: self.fetch_time,
            answer_limit: LARGEST,
        })
    }

    /// How long the fetching of one file may take.
    pub fn fetch_time(&self) -> Duration {
        self.fetch_time
    }
}

/// The path of an address, and whether it counts from the host or from the base.
fn place(base: &str, address: &str) -> Result<(String, bool), Outside> {
    let base = Url::parse(base.trim()).map_err(|_| Outside::NotAnAddress)?;
    let address = address.trim();
    if address.is_empty() || address.chars().any(char::is_control) {
        return Err(Outside::NotAnAddress);
    }
    let with_host = |url: &Url| -> Result<(), Outside> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Outside::Credentials);
        }
        // Written with http where the system is at https, or the reverse, it is the same host at its usual port; the
        // request goes the base's way.
        let usual = url.port().is_none() && base.port().is_none();
        let same = url.host() == base.host() && (usual || url.port_or_known_default() == base.port_or_known_default());
        if matches!(url.scheme(), "http" | "https") && same { Ok(()) } else { Err(Outside::OtherHost) }
    };
    let path_of = |url: &Url| {
        let question = url.query().map(|q| format!("?{q}")).unwrap_or_default();
        format!("{}{question}", url.path())
    };
    let slashes = address.chars().take_while(|c| matches!(c, '/' | '\\')).count();
    match Url::parse(address) {
        Ok(url) => with_host(&url).map(|()| (path_of(&url), true)),
        Err(_) if slashes >= 2 => {
            let url = base.join(address).map_err(|_| Outside::NotAnAddress)?;
            with_host(&url).map(|()| (path_of(&url), true))
        }
        Err(_) => {
            // Read against a bare host, so that `..` never leads out of the base's path.
            let mut root = base.clone();
            root.set_path("/");
            let url = root.join(address).map_err(|_| Outside::NotAnAddress)?;
            with_host(&url).map(|()| (path_of(&url), false))
        }
    }
}
