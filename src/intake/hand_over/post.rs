//! A POST to an address of the province's own, signed by the Standard Webhooks scheme: the identifier is the same at every
//! attempt, so that the receiver knows one again; time and signatures are made afresh.

use std::path::PathBuf;
use std::time::Duration;

use super::signing::{Signer, seconds};
use super::{HandError, Handing, Receipt, Trouble, document, hash};
use crate::model::{Timestamp, text};
use crate::national::{
    HttpTransport, Operation, Purpose, Reply, Transport as _, TransportOptions, Wait, WireError, WireRequest,
};

/// To make a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// For one attempt, to the answer's last byte.
const TIME: Duration = Duration::from_secs(30);
/// The longest answer that is read, in bytes.
const ANSWER: usize = 64 * 1024;
/// The longest number of an office, in characters.
const NUMBER: usize = 100;
/// What the request is about, by the scheme's convention.
const KIND: &str = "application.received";

/// What the operator says of the address.
pub struct PostSettings {
    /// `http://` or `https://`, host, path.
    pub url: String,
    /// What signs.
    pub signer: Signer,
    /// PEM roots beside those of the machine.
    pub ca_file: Option<PathBuf>,
    /// Where the answer has the office's own number: names with points between.
    pub number: Option<String>,
}

/// The address, ready to be written to.
pub struct Post {
    transport: HttpTransport,
    path: String,
    place: String,
    signer: Signer,
    number: Option<String>,
}

impl Post {
    /// Builds the client; says what is wrong with the settings.
    pub fn open(settings: PostSettings) -> Result<Self, String> {
        let (base, path) = parts(settings.url.trim());
        let mut options = TransportOptions::new(base, CONNECT);
        options.extra_ca = settings.ca_file;
        let transport = HttpTransport::open(&options).map_err(|e| e.to_string())?;
        let place = settings.url.split(['?', '#']).next().unwrap_or_default().to_owned();
        Ok(Self { transport, path: path.to_owned(), place, signer: settings.signer, number: settings.number })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Whether anybody answers there, whatever the answer.
    pub(super) async fn check(&self) -> Result<(), HandError> {
        let asked = self.transport.exchange(self.request("HEAD", Vec::new(), Vec::new())).await;
        asked.map(|_| ()).map_err(|e| self.unanswered(&e))
    }

    pub(super) async fn give(&self, handing: &Handing<'_>, now: Timestamp) -> Result<Receipt, HandError> {
        let document = document(handing)?;
        let body = serde_json::json!({ "type": KIND, "timestamp": document["received_at"], "application": document });
        let (body, id) = (body.to_string().into_bytes(), identifier(handing.key));
        let headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("webhook-id".to_owned(), id.clone()),
            ("webhook-timestamp".to_owned(), seconds(now).to_string()),
            ("webhook-signature".to_owned(), self.signer.sign(&id, now, &body)),
        ];
        match self.transport.exchange(self.request("POST", headers, body)).await {
            Ok(reply) => self.judge(&reply, &id),
            // However much it says, its status is the receipt.
            Err(WireError::TooLarge { status, .. }) => self.judge(&Reply { status, ..Reply::default() }, &id),
            Err(error) => Err(self.unanswered(&error)),
        }
    }

    fn request(&self, method: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> WireRequest {
        WireRequest {
            purpose: Purpose::Operation(Operation::Write),
            method: method.to_owned(),
            path: self.path.clone(),
            from_host: false,
            headers,
            proofs: Vec::new(),
            credentials: Vec::new(),
            body,
            blanks: Vec::new(),
            time_limit: TIME,
            answer_limit: ANSWER,
        }
    }

    /// 409 says that this identifier was taken before.
    fn judge(&self, reply: &Reply, id: &str) -> Result<Receipt, HandError> {
        let status = reply.status;
        let (trouble, what) = match status {
            200..300 | 409 => {
                let text = format!("{}: HTTP {status}, {id}", self.place);
                return Ok(Receipt { text, local_number: self.number(&reply.body) });
            }
            300..400 => {
                (Trouble::Down, "chuyển hướng không được theo; sửa url / a redirect is not followed; mend `url`")
            }
            429 => (Trouble::Untaken, "xin chờ / asks to wait"),
            503 => (Trouble::Unsure, "xin chờ / asks to wait"),
            400 | 413 | 415 | 422 => (Trouble::Refused, "không nhận hồ sơ này / refuses this one"),
            401 | 403 => (
                Trouble::Unsure,
                "không nhận chữ ký: kiểm tra secret_files và đồng hồ / the signature is not accepted: see `secret_files` and the clocks",
            ),
            _ => (Trouble::Unsure, "chưa rõ đã nhận hay chưa; sẽ gửi lại / it may have been taken; sent again"),
        };
        let mut error = HandError::of(trouble, format!("{}: HTTP {status}: {what}", self.place));
        if matches!(status, 429 | 503) {
            error.wait = Wait::of(reply);
            if error.wait.is_some() {
                // It speaks for all of them.
                error.trouble = if trouble == Trouble::Untaken { Trouble::Down } else { Trouble::Lost };
            }
        }
        Err(error)
    }

    fn unanswered(&self, error: &WireError) -> HandError {
        let trouble = if matches!(error, WireError::NotSent { .. }) { Trouble::Down } else { Trouble::Unsure };
        HandError::of(trouble, format!("{}: {error}", self.place))
    }

    /// The office's own number, if the answer has one that can be a number.
    fn number(&self, body: &[u8]) -> Option<String> {
        let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
        let found = self.number.as_ref()?.split('.').try_fold(&answer, |value, name| value.get(name))?;
        let given = match found {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let clean = text::clean(&given).ok()?;
        (!clean.is_empty() && clean.chars().count() <= NUMBER).then(|| clean.into_owned())
    }
}

/// Scheme and host, and the rest.
fn parts(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    let (base, path) = url.split_at(end);
    (base, if path.is_empty() { "/" } else { path })
}

/// The same for the same key, and nothing of a number in it.
fn identifier(key: &str) -> String {
    format!("msg_{}", &hash(key.as_bytes())[..32])
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn an_address_falls_into_host_and_path() {
        assert_eq!(parts("https://h:8443/a/b/?x=1"), ("https://h:8443", "/a/b/?x=1"));
        assert_eq!(parts("http://h"), ("http://h", "/"));
        assert_eq!(parts("http://h?x"), ("http://h", "?x"));
        assert_eq!(parts("h"), ("h", "/"));
    }
}
