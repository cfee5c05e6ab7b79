//! The manners of another provider: which of its paths act, where its keys travel, how it names a request, and how
//! it says what a row of its facts describes.

use outwright_core::provider::{ErrorRow, Key, Provider};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::api::Operation;
use super::fault::{Fault, Strikes};
use super::reply::RetryAfter;
use super::request::{Head, Request};

/// How the provider behaves where providers differ; the default is the demo's own way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manners {
    /// Which paths there are.
    pub paths: Paths,
    /// The field with the id of a request.
    pub request_id: String,
    /// Where idempotency keys travel.
    pub key: KeyPlace,
}

/// Which paths there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paths {
    /// Those of the demo.
    #[default]
    Own,
    /// Every one: GET and HEAD read, everything else acts and knows keys.
    Any,
}

/// Where an idempotency key travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// In a header field.
    Field(String),
    /// In the JSON body, at a pointer.
    Body(String),
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            paths: Paths::Own,
            request_id: "Request-Id".to_owned(),
            key: KeyPlace::Field("Idempotency-Key".to_owned()),
        }
    }
}

impl Manners {
    /// Those of a provider, as its contract and facts state them.
    #[must_use]
    pub fn of(provider: &Provider) -> Self {
        let own = Self::default();
        let key = provider.operations.iter().find_map(|operation| match &operation.key {
            Key::None => None,
            Key::Header { name, .. } => Some(KeyPlace::Field(name.as_str().to_owned())),
            Key::Body { pointer, .. } => Some(KeyPlace::Body(pointer.as_ref().to_owned())),
        });
        let id = provider.request_id.as_ref().map(|name| name.as_str().to_owned());
        Self {
            paths: Paths::Any,
            request_id: id.unwrap_or(own.request_id),
            key: key.unwrap_or(own.key),
        }
    }

    /// What a request asks for.
    pub(super) fn operation(&self, head: &Head) -> Operation {
        match (self.paths, head.method.as_str()) {
            (Paths::Own, method) => Operation::of(method, head.path()),
            (Paths::Any, "GET" | "HEAD") => Operation::Look,
            (Paths::Any, _) => Operation::Act,
        }
    }

    /// The idempotency key of a request.
    pub(super) fn key(&self, request: &Request) -> Option<String> {
        match &self.key {
            KeyPlace::Field(name) if name.eq_ignore_ascii_case("idempotency-key") => {
                request.head.key().map(str::to_owned)
            }
            KeyPlace::Field(name) => request.head.header(name).map(str::to_owned),
            KeyPlace::Body(pointer) => {
                let body: Value = serde_json::from_slice(&request.body).ok()?;
                body.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
            }
        }
    }
}

impl Fault {
    /// The answer that a row of a provider's facts describes, before any effect.
    #[must_use]
    pub fn told(row: &ErrorRow) -> Self {
        let mut body = Value::Null;
        for (pointer, text) in &row.json {
            let path: Vec<&str> = pointer.split('/').skip(1).collect();
            put(&mut body, &path, scalar(text));
        }
        let headers = row.headers.iter();
        let value = |value: &Option<Box<str>>| value.as_deref().unwrap_or("any").to_owned();
        Self::Status {
            status: row.status.unwrap_or(400),
            retry_after: RetryAfter::default(),
            headers: headers.map(|(n, v)| (n.as_str().to_owned(), value(v))).collect(),
            body: (!body.is_null()).then(|| body.to_string()),
            date_skew_s: 0,
            strikes: Strikes::BeforeEffect,
        }
    }
}

/// Sets what stands at a path; `*` is the first element of a list.
fn put(place: &mut Value, path: &[&str], leaf: Value) {
    let Some((token, rest)) = path.split_first() else {
        *place = leaf;
        return;
    };
    if *token == "*" {
        if !place.is_array() {
            *place = json!([null]);
        }
        if let Some(first) = place.get_mut(0) {
            put(first, rest, leaf);
        }
        return;
    }
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    if let Some(members) = place.as_object_mut() {
        let name = token.replace("~1", "/").replace("~0", "~");
        put(members.entry(name).or_insert(Value::Null), rest, leaf);
    }
}

/// A scalar as a contract writes it: `false` and `20429` are no texts.
fn scalar(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::Null)) => value,
        Ok(_) | Err(_) => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use outwright_core::outcome::Class;

    use super::*;

    fn check(json: &[(&str, &str)], expected: Option<&str>) {
        let row = ErrorRow {
            status: Some(409),
            headers: [(http::HeaderName::from_static("x-kind"), None)].into(),
            json: json.iter().map(|(p, t)| ((*p).into(), (*t).into())).collect(),
            class: Class::Rejected,
            effect: None,
        };
        let Fault::Status { status, headers, body, .. } = Fault::told(&row) else {
            panic!("a row is told by a status")
        };
        assert_eq!((status, headers), (409, vec![("x-kind".to_owned(), "any".to_owned())]));
        assert_eq!(body.as_deref(), expected);
    }

    #[test]
    fn a_row_of_the_facts_becomes_the_answer_that_it_describes() {
        check(&[], None);
        check(&[("/ok", "false"), ("/error", "gone")], Some(r#"{"error":"gone","ok":false}"#));
        check(&[("/code", "20429")], Some(r#"{"code":20429}"#));
        check(&[("/*/a", "1x"), ("/*/b", "y")], Some(r#"[{"a":"1x","b":"y"}]"#));
        check(&[("/e/*/x~1y/c", "T")], Some(r#"{"e":[{"x/y":{"c":"T"}}]}"#));
    }

    #[test]
    fn a_key_is_found_where_the_provider_looks_for_it() {
        let request = Request::new(
            "POST",
            "/x",
            &[("Idempotency-Key", "\"a\""), ("X-Key", "b")],
            r#"{"in":{"key":"c"}}"#,
        );
        let check = |key, expected: Option<&str>| {
            let manners = Manners { key, ..Manners::default() };
            assert_eq!(manners.key(&request).as_deref(), expected);
        };
        check(KeyPlace::Field("idempotency-key".to_owned()), Some("a"));
        check(KeyPlace::Field("x-key".to_owned()), Some("b"));
        check(KeyPlace::Body("/in/key".to_owned()), Some("c"));
        check(KeyPlace::Body("/key".to_owned()), None);
    }
}
