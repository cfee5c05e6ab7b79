//! How callers show who they are: schemes, and which of them an operation requires.

use serde_json::Value;

use super::reference::Document;
use super::{Form, Note, escape, kind, plain};

/// A way to show who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// The JSON pointer of where it is defined.
    pub at: String,
    /// Its key there.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// What a scheme is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization: Basic …`.
    Basic,
    /// A header field of this name.
    Header(String),
    /// A query parameter of this name.
    Query(String),
    /// An access token from this address, under this grant where there is only one that outwright can ask for.
    OAuth2 {
        /// Where tokens are asked for; empty where none is named.
        token_url: String,
        /// Whether the flow is client credentials.
        client_credentials: bool,
    },
    /// A client certificate.
    Certificate,
    /// Anything else, in its own words.
    Other(String),
}

/// Schemes that are required together, each with its scopes; none: nobody need say who calls.
pub type Requirement = Vec<(String, Vec<String>)>;

/// Every scheme, by name.
pub(super) fn schemes(document: Document<'_>, form: Form, notes: &mut Vec<Note>) -> Vec<Scheme> {
    let at = match form {
        Form::Swagger2 => "/securityDefinitions",
        Form::OpenApi30 | Form::OpenApi31 => "/components/securitySchemes",
    };
    let Some(listed) = document.root.pointer(at) else { return Vec::new() };
    let Some(listed) = document.map(listed, at, notes) else { return Vec::new() };
    let mut schemes = Vec::new();
    for (name, scheme) in listed {
        let at = format!("{at}/{}", escape(name));
        if let Some(scheme) = document.follow(scheme, &at, notes) {
            schemes.push(Scheme { at, name: name.clone(), kind: read(scheme) });
        }
    }
    schemes.sort_by(|a, b| a.name.cmp(&b.name));
    schemes
}

fn read(scheme: &Value) -> Kind {
    let word = |key: &str| scheme.get(key).map(plain).unwrap_or_default();
    match (word("type").as_str(), word("scheme").to_ascii_lowercase().as_str()) {
        ("http", "bearer") => Kind::Bearer,
        ("http", "basic") | ("basic", _) => Kind::Basic,
        ("apiKey", _) if word("in") == "header" => Kind::Header(word("name")),
        ("apiKey", _) if word("in") == "query" => Kind::Query(word("name")),
        ("apiKey", _) => Kind::Other(format!("a key in {}", word("in"))),
        ("oauth2", _) => oauth2(scheme),
        ("mutualTLS", _) => Kind::Certificate,
        ("http", scheme) => Kind::Other(format!("HTTP authentication `{scheme}`")),
        ("", _) => Kind::Other("a scheme without a type".to_owned()),
        (other, _) => Kind::Other(other.to_owned()),
    }
}

fn oauth2(scheme: &Value) -> Kind {
    let flows = scheme.get("flows");
    let flow = |name: &str| flows.and_then(|flows| flows.get(name));
    let client = flow("clientCredentials");
    let other = ["authorizationCode", "password", "implicit"].into_iter().find_map(flow);
    let of = |flow: Option<&Value>| flow.and_then(|f| f.get("tokenUrl")).map(plain);
    let old = scheme.get("tokenUrl").map(plain);
    let token_url = of(client).or_else(|| of(other)).or(old).unwrap_or_default();
    let flow = scheme.get("flow").map(plain).unwrap_or_default();
    Kind::OAuth2 { token_url, client_credentials: client.is_some() || flow == "application" }
}

/// What an operation, or the whole description, requires: any one of these.
pub(super) fn requirements(
    owner: &Value,
    at: &str,
    notes: &mut Vec<Note>,
) -> Option<Vec<Requirement>> {
    let list = owner.get("security")?;
    let Some(items) = list.as_array() else {
        let what = format!("`security` is {} instead of a list", kind(list));
        notes.push(Note { at: at.to_owned(), what });
        return None;
    };
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(item) = item.as_object() else {
            let what = format!("{} stands here instead of a map", kind(item));
            notes.push(Note { at: format!("{at}/{index}"), what });
            continue;
        };
        let scopes = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().map(plain).filter(|s| !s.is_empty()).collect()
        };
        let mut one: Requirement =
            item.iter().map(|(name, value)| (name.clone(), scopes(value))).collect();
        one.sort();
        all.push(one);
    }
    Some(all)
}
