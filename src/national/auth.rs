//! How we prove who we are: compiled from the profile's `[auth]`, filled with the operator's credentials.

use std::time::Duration;

use super::document::{Section, hint};
use super::settings;

/// The kinds of authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A token for id and secret as `Authorization: Basic` (NGSP, WSO2).
    NgspToken,
    /// A token for id and secret as form fields.
    FormClient,
    /// The same headers on every call.
    StaticHeader,
    /// Nothing: the network or a certificate says who we are.
    None,
}

const KINDS: [(&str, Kind); 4] = [
    ("ngsp-token", Kind::NgspToken),
    ("form-client", Kind::FormClient),
    ("static-header", Kind::StaticHeader),
    ("none", Kind::None),
];

/// Checked authentication.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Auth {
    /// How a token is got, where one is needed.
    pub token: Option<TokenCall>,
    /// The headers on every call.
    pub headers: Vec<(String, Filled)>,
}

/// How a token is got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenCall {
    /// The path below the base address.
    pub path: String,
    /// The headers of the request.
    pub headers: Vec<(String, Filled)>,
    /// The fields of the form.
    pub form: Vec<(String, Filled)>,
    /// The answer's field with the token.
    pub token: String,
    /// The answer's field with the token's life in seconds.
    pub expires: String,
    /// The life of a token whose answer does not tell it.
    pub life: Duration,
    /// So long before its end a token is no longer used.
    pub early: Duration,
}

/// A value with places for credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    /// A text with placeholders.
    Text(Vec<Part>),
    /// A JSON object of such texts, in base64, as some platforms want it in a header.
    Base64Json(Vec<(String, Vec<Part>)>),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Literal(String),
    /// The client's id.
    Id,
    /// The client's secret.
    Secret,
    /// base64 of id, colon and secret.
    Basic,
    /// The token.
    Token,
    /// A further credential, by the operator's name for it.
    Named(String),
}

impl Auth {
    /// The credentials that the profile asks for, by name: `id`, `secret` and further ones.
    pub fn needs(&self) -> Vec<String> {
        let mut needs: Vec<String> = Vec::new();
        let mut parts: Vec<&Part> = Vec::new();
        let token = self.token.iter().flat_map(|t| t.headers.iter().chain(&t.form));
        for (_, filled) in self.headers.iter().chain(token) {
            match filled {
                Filled::Text(text) => parts.extend(text),
                Filled::Base64Json(pairs) => parts.extend(pairs.iter().flat_map(|(_, text)| text)),
            }
        }
        for part in parts {
            match part {
                Part::Id => needs.push("id".into()),
                Part::Secret => needs.push("secret".into()),
                Part::Basic => needs.extend(["id".into(), "secret".into()]),
                Part::Named(name) => needs.push(name.clone()),
                Part::Literal(_) | Part::Token => {}
            }
        }
        needs.sort();
        needs.dedup();
        needs
    }
}

/// Reads `[auth]`.
pub fn read(section: &Section<'_, '_>) -> Auth {
    let Some(kind) = section.word("kind", &KINDS) else { return Auth::default() };
    let has_token = matches!(kind, Kind::NgspToken | Kind::FormClient);
    let token = has_token.then(|| token_call(kind, section));
    let headers = section.table_if("headers").map(|s| filled(&s, has_token, true)).unwrap_or_default();
    if kind != Kind::None && headers.is_empty() {
        let want = if has_token { "Authorization = \"Bearer {token}\"" } else { "X-… = \"{secret}\"" };
        section.doc().fault(
            section.at(),
            format!(
                "thiếu `[auth.headers]`: header của mỗi lần gọi, ví dụ {want} / the headers of every call are missing"
            ),
        );
    }
    section.close();
    Auth { token, headers }
}

fn token_call(kind: Kind, section: &Section<'_, '_>) -> TokenCall {
    let path = settings::path(section);
    let mut headers = section.table_if("token-headers").map(|s| filled(&s, false, true)).unwrap_or_default();
    let mut form = section.table_if("form").map(|s| filled(&s, false, false)).unwrap_or_default();
    match kind {
        Kind::FormClient => {
            form.push((section.text("id-field"), Filled::Text(vec![Part::Id])));
            form.push((section.text("secret-field"), Filled::Text(vec![Part::Secret])));
        }
        _ => headers.push(("Authorization".into(), Filled::Text(vec![Part::Literal("Basic ".into()), Part::Basic]))),
    }
    let answer = section.table("answer");
    let call = TokenCall {
        path,
        headers,
        form,
        token: answer.text("token"),
        expires: answer.text("expires"),
        life: Duration::from_secs(answer.number("life-seconds", 1..=604_800)),
        early: Duration::from_secs(answer.number("early-seconds", 0..=3_600)),
    };
    answer.close();
    call
}

/// An open table of values with placeholders.
fn filled(section: &Section<'_, '_>, with_token: bool, are_headers: bool) -> Vec<(String, Filled)> {
    let mut all = Vec::new();
    for entry in section.entries() {
        if are_headers && !settings::is_header_name(entry.key) {
            section.doc().fault(
                entry.at,
                format!("`{}.{}`: không phải tên header HTTP / not an HTTP header name", section.name(), entry.key),
            );
        }
        let value = if entry.value.get_ref().is_table() {
            let Some(outer) = section.as_table(entry.key, entry.value) else { continue };
            let inner = outer.table("base64-json");
            let mut pairs = Vec::new();
            for pair in inner.entries() {
                if let Some(text) = inner.as_text(pair.key, pair.value) {
                    pairs.push((pair.key.to_owned(), parts(&inner, pair.at, &text, with_token)));
                }
            }
            outer.close();
            Filled::Base64Json(pairs)
        } else {
            let Some(text) = section.as_text(entry.key, entry.value) else { continue };
            Filled::Text(parts(section, entry.at, &text, with_token))
        };
        all.push((entry.key.to_owned(), value));
    }
    all
}

/// Splits `Bearer {token}` into its parts.
fn parts(section: &Section<'_, '_>, at: usize, text: &str, with_token: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        let Some((name, after)) = after.split_once('}') else {
            section.doc().fault(at, format!("`{}`: thiếu dấu \"}}\" / a closing brace is missing", section.name()));
            return parts;
        };
        parts.push(match name {
            "id" => Part::Id,
            "secret" => Part::Secret,
            "basic" => Part::Basic,
            "token" if with_token => Part::Token,
            _ => match name.strip_prefix("credential:") {
                Some(name) if !name.is_empty() => Part::Named(name.to_owned()),
                _ => {
                    let known = ["id", "secret", "basic", "token", "credential:…"];
                    section.doc().fault(
                        at,
                        format!(
                            "`{}`: không dùng được {{{name}}} ở đây{} / not a placeholder here: {}",
                            section.name(),
                            hint(name, &known[..3 + usize::from(with_token)]),
                            known.join(", ")
                        ),
                    );
                    Part::Literal(String::new())
                }
            },
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    parts
}
