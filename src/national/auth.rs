//! How we prove who we are: compiled from the profile's `[auth]`, filled with the operator's credentials.

use std::time::Duration;

use super::document::Section;
use super::filled::{self, Filled, Part, Places};
use super::settings;

/// The kinds of authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A token for id and secret as `Authorization: Basic` (NGSP, WSO2).
    NgspToken,
    /// A token for id and secret as form fields.
    FormClient,
    /// A session or token for what stands in a JSON body.
    Session,
    /// The same headers on every call.
    StaticHeader,
    /// Headers with a hash over the time, new for every attempt.
    XroadBasic,
    /// A credential in the body of every call.
    KeyInBody,
    /// Nothing: the network or a certificate says who we are.
    None,
}

const KINDS: [(&str, Kind); 7] = [
    ("ngsp-token", Kind::NgspToken),
    ("form-client", Kind::FormClient),
    ("session", Kind::Session),
    ("static-header", Kind::StaticHeader),
    ("xroad-basic", Kind::XroadBasic),
    ("key-in-body", Kind::KeyInBody),
    ("none", Kind::None),
];

/// Checked authentication.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Auth {
    /// How a token is got, where one is needed.
    pub token: Option<TokenCall>,
    /// The headers on every call.
    pub headers: Vec<(String, Filled)>,
    /// The address that a signature goes over, where one is made.
    pub address: Vec<Part>,
    /// Where the bodies of calls must say who we are: the placeholder that one of them must have.
    pub(super) in_body: Option<&'static str>,
}

/// How a token is got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenCall {
    /// The path below the base address.
    pub path: String,
    /// The headers of the request.
    pub headers: Vec<(String, Filled)>,
    /// The fields of the body.
    pub fields: Vec<(String, Filled)>,
    /// The body is JSON, not a form.
    pub json: bool,
    /// The answer's field with the token.
    pub token: String,
    /// The answer's field with the token's life in seconds, where it has one.
    pub expires: Option<String>,
    /// The answer's field with a code that must mean success, where it has one.
    pub code: Option<String>,
    /// The life of a token whose answer does not tell it.
    pub life: Duration,
    /// So long before its end a token is no longer used.
    pub early: Duration,
}

impl Auth {
    /// The pieces of everything that is filled.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        let token = self.token.iter().flat_map(|t| t.headers.iter().chain(&t.fields));
        self.headers.iter().chain(token).flat_map(|(_, filled)| filled.parts()).chain(&self.address)
    }

    /// Which placeholders the body of a call may have.
    pub(super) fn places(&self) -> Places {
        Places { token: self.token.is_some(), ..Places::default() }
    }
}

/// Reads `[auth]`.
pub fn read(section: &Section<'_, '_>) -> Auth {
    let Some(kind) = section.word("kind", &KINDS) else { return Auth::default() };
    let has_token = matches!(kind, Kind::NgspToken | Kind::FormClient | Kind::Session);
    let signed = kind == Kind::XroadBasic;
    let token = has_token.then(|| token_call(kind, section));
    let mut address = Vec::new();
    if signed {
        let text = section.text("address");
        address = filled::parts(section, section.at(), &text, Places::default());
    }
    let places = Places { token: has_token, signed, exchange: true, ..Places::default() };
    let headers = section.table_if("headers").map(|s| filled::table(&s, places, true)).unwrap_or_default();
    let want = match kind {
        Kind::NgspToken | Kind::FormClient => Some("Authorization = \"Bearer {token}\""),
        Kind::StaticHeader => Some("X-… = \"{secret}\""),
        Kind::XroadBasic => Some("Timestamp = \"{timestamp}\", Authorization = \"Basic {basic-hash}\""),
        Kind::Session | Kind::KeyInBody | Kind::None => None,
    };
    if let (Some(want), true) = (want, headers.is_empty()) {
        section.doc().fault(
            section.at(),
            format!(
                "thiếu `[auth.headers]`: header của mỗi lần gọi, ví dụ {want} / the headers of every call are missing"
            ),
        );
    }
    let in_header = headers.iter().flat_map(|(_, value)| value.parts()).any(|part| *part == Part::Token);
    let in_body = match kind {
        Kind::Session if !in_header => Some("{token}"),
        Kind::KeyInBody => Some("{credential:…}"),
        _ => None,
    };
    section.close();
    Auth { token, headers, address, in_body }
}

fn token_call(kind: Kind, section: &Section<'_, '_>) -> TokenCall {
    let path = settings::path(section);
    let (json, none) = (kind == Kind::Session, Places::default());
    let mut headers = section.table_if("token-headers").map(|s| filled::table(&s, none, true)).unwrap_or_default();
    let body = if json { Some(section.table("body")) } else { section.table_if("form") };
    let mut fields = body.map(|s| filled::table(&s, none, false)).unwrap_or_default();
    match kind {
        Kind::FormClient => {
            fields.push((section.text("id-field"), Filled::Text(vec![Part::Id])));
            fields.push((section.text("secret-field"), Filled::Text(vec![Part::Secret])));
        }
        Kind::NgspToken => {
            headers.push(("Authorization".into(), Filled::Text(vec![Part::Literal("Basic ".into()), Part::Basic])));
        }
        _ => {}
    }
    let answer = section.table("answer");
    let optional = |key| Some(answer.text_or(key, "")).filter(|name| !name.is_empty());
    let call = TokenCall {
        path,
        headers,
        fields,
        json,
        token: answer.text("token"),
        expires: if json { optional("expires") } else { Some(answer.text("expires")) },
        code: if json { optional("code") } else { None },
        life: Duration::from_secs(answer.number("life-seconds", 1..=604_800)),
        early: Duration::from_secs(answer.number("early-seconds", 0..=3_600)),
    };
    answer.close();
    call
}
