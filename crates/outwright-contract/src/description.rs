//! A provider's own description of its API: OpenAPI 3.0 and 3.1, Swagger 2.0; read untyped and leniently.
//!
//! Descriptions break their own standard often enough, so that nothing here insists on a form: what can be read is read,
//! and what cannot is a [`Note`] with the JSON pointer of its place. No operation is lost without a word.
//! References lead to places of the same document only; nothing is fetched.
//!
//! ```
//! let text = r#"{ "openapi": "3.0.3", "info": { "title": "Acme" }, "paths": { "/v1/orders": { "get": {} } } }"#;
//! let description = outwright_contract::description::read(text.as_bytes()).unwrap();
//! assert_eq!(description.operations.len(), 1);
//! assert_eq!(description.operations[0].at, "/paths/~1v1~1orders/get");
//! ```

mod operations;
mod reference;
mod security;
mod servers;
mod text;

use serde_json::Value;

use reference::Document;
pub use security::{Kind, Requirement, Scheme};
pub use servers::Server;
pub use text::{BYTES_MAX, Unreadable};

/// What a description says, as far as a contract can use it.
#[derive(Clone, Debug)]
pub struct Description {
    /// Which standard it follows.
    pub form: Form,
    /// `info.title`; empty without one.
    pub title: String,
    /// `info.version`; empty without one.
    pub version: String,
    /// Where the provider is, in its order of preference.
    pub servers: Vec<Server>,
    /// Ways to show who calls, by name.
    pub schemes: Vec<Scheme>,
    /// What every operation requires unless it says otherwise; none: nothing is said.
    pub security: Option<Vec<Requirement>>,
    /// Every method of every path, by path and method.
    pub operations: Vec<Operation>,
    /// What was not understood.
    pub notes: Vec<Note>,
}

/// The standard of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Swagger 2.0, superseded in 2017.
    Swagger2,
    /// `OpenAPI` 3.0.
    OpenApi30,
    /// `OpenAPI` 3.1, and later ones that keep its form.
    OpenApi31,
}

impl Form {
    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Swagger2 => "Swagger 2.0",
            Self::OpenApi30 => "OpenAPI 3.0",
            Self::OpenApi31 => "OpenAPI 3.1",
        }
    }
}

/// Something that was not understood, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The JSON pointer of its place.
    pub at: String,
    /// What is the matter.
    pub what: String,
}

/// One method of one path.
#[derive(Clone, Debug, Default)]
pub struct Operation {
    /// The JSON pointer of its place.
    pub at: String,
    /// The key under `paths`.
    pub path: String,
    /// In capitals.
    pub method: String,
    /// `operationId`.
    pub id: Option<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// What is said of its end.
    pub deprecated: Option<String>,
    /// What it requires in the place of the description's own requirement.
    pub security: Option<Vec<Requirement>>,
    /// Where it is, in the place of the description's own servers.
    pub servers: Option<Vec<Server>>,
    /// Where an idempotency key travels.
    pub key: Option<Key>,
    /// Parameters of its path that stand for more than one segment.
    pub greedy: Vec<String>,
    /// Whether it may answer that there were too many requests.
    pub throttles: bool,
    /// Response fields that speak of limits, in small letters.
    pub limit_fields: Vec<String>,
    /// The pointer of a response that is an event stream.
    pub stream: Option<String>,
    /// Why nothing of it can be read.
    pub unreadable: Option<String>,
}

/// Where an idempotency key travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The JSON pointer of where that is said.
    pub at: String,
    /// In what.
    pub place: KeyPlace,
}

/// In what an idempotency key travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// A header field.
    Header(String),
    /// A JSON pointer into the body.
    Field(String),
}

/// Reads a description.
///
/// # Errors
///
/// Why nothing of it can be used, in one line, with the place where there is one.
pub fn read(bytes: &[u8]) -> Result<Description, Unreadable> {
    let (root, mut notes) = text::parse(bytes)?;
    let form = form(&root)?;
    let document = Document { root: &root };
    let info = |key: &str| root.pointer(&format!("/info/{key}")).map(plain).unwrap_or_default();
    let mut description = Description {
        form,
        title: info("title"),
        version: info("version"),
        servers: servers::of_document(&root, form, &mut notes),
        schemes: security::schemes(document, form, &mut notes),
        security: security::requirements(&root, "/security", &mut notes),
        operations: Vec::new(),
        notes: Vec::new(),
    };
    if root.pointer("/info/version").is_some_and(Value::is_number) {
        let what = "the version is a number: zeros at its end are lost".to_owned();
        notes.push(Note { at: "/info/version".to_owned(), what });
    }
    description.operations = operations::all(document, form, &mut notes)?;
    if let Some(hooks) = root.get("webhooks").and_then(Value::as_object).filter(|h| !h.is_empty()) {
        let what = format!("{} webhooks are calls of the provider: no operations", hooks.len());
        notes.push(Note { at: "/webhooks".to_owned(), what });
    }
    notes.sort();
    notes.dedup();
    description.notes = notes;
    Ok(description)
}

/// What somebody says by hand of a provider: methods and paths, and nothing else.
#[must_use]
pub fn by_hand(requests: &[(String, String)]) -> Description {
    let one = |(method, path): &(String, String)| Operation {
        at: format!("/paths/{}/{}", escape(path), method.to_ascii_lowercase()),
        path: path.clone(),
        method: method.clone(),
        ..Operation::default()
    };
    Description {
        form: Form::OpenApi31,
        title: String::new(),
        version: String::new(),
        servers: Vec::new(),
        schemes: Vec::new(),
        security: None,
        operations: requests.iter().map(one).collect(),
        notes: Vec::new(),
    }
}

fn form(root: &Value) -> Result<Form, Unreadable> {
    if !root.is_object() {
        return Err(Unreadable::new("the file is no map of keys and values"));
    }
    let word = |key: &str| root.get(key).map(plain);
    match (word("openapi"), word("swagger")) {
        (Some(version), _) if version.starts_with("3.0") => Ok(Form::OpenApi30),
        (Some(version), _) if version.starts_with("3.") => Ok(Form::OpenApi31),
        (_, Some(version)) if version == "2.0" || version == "2" => Ok(Form::Swagger2),
        (Some(version), _) => {
            Err(Unreadable::new(format!("OpenAPI {} is not read", short(&version))))
        }
        (None, Some(version)) => {
            Err(Unreadable::new(format!("Swagger {} is not read", short(&version))))
        }
        (None, None) => Err(Unreadable::new(
            "the file has neither `openapi:` nor `swagger:` at its top, so it is no description",
        )),
    }
}

/// A scalar as text in one line; empty for anything else.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn short(text: &str) -> String {
    crate::shape::short(text)
}

/// A key as a part of a JSON pointer (RFC 6901 section 3).
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What a value is, for notes.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
