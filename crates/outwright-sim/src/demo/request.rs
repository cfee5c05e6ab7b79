//! A request as it arrived: nothing renamed, reordered or merged, so that tests see the wire.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method, as written.
    pub method: String,
    /// The request target, as written.
    pub target: String,
    /// The minor version of HTTP/1.
    pub minor: u8,
    /// The header fields in their order, names as written, bytes beyond ASCII replaced.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// A head of HTTP/1.1.
    #[must_use]
    pub fn new(method: &str, target: &str, headers: &[(&str, &str)]) -> Self {
        let headers =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self { method: method.to_owned(), target: target.to_owned(), minor: 1, headers }
    }

    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// The fields of the query.
    #[must_use]
    pub fn query(&self) -> BTreeMap<String, String> {
        self.target.split_once('?').map_or_else(BTreeMap::new, |(_, query)| form(query))
    }

    /// The first header field of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The idempotency key: raw, or the string of a structured field.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.header("idempotency-key").map(|key| key.trim_matches('"')).filter(|k| !k.is_empty())
    }

    /// Whether the peer wants the connection to end after the answer.
    #[must_use]
    pub fn wants_close(&self) -> bool {
        let token = |wanted: &str| {
            self.header("connection")
                .is_some_and(|v| v.split(',').any(|t| t.trim().eq_ignore_ascii_case(wanted)))
        };
        token("close") || (self.minor == 0 && !token("keep-alive"))
    }

    /// Whether it carries `Expect: 100-continue`.
    #[must_use]
    pub fn expects_continue(&self) -> bool {
        self.header("expect").is_some_and(|v| v.eq_ignore_ascii_case("100-continue"))
    }

    /// Whether a body follows.
    #[must_use]
    pub fn has_body(&self) -> bool {
        self.header("transfer-encoding").is_some()
            || self.header("content-length").is_some_and(|length| length.trim() != "0")
    }
}

/// A whole request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its head.
    pub head: Head,
    /// Its body, chunks joined.
    pub body: Bytes,
}

impl Request {
    /// A request of HTTP/1.1.
    #[must_use]
    pub fn new(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Self { head: Head::new(method, target, headers), body }
    }

    /// The fields of the body: a form, or a JSON object with nested names written as `outer[inner]`.
    #[must_use]
    pub fn fields(&self) -> BTreeMap<String, String> {
        let text = String::from_utf8_lossy(&self.body);
        let mut fields = BTreeMap::new();
        match serde_json::from_str::<Value>(&text) {
            Ok(value @ Value::Object(_)) => flatten("", &value, &mut fields),
            Ok(_) | Err(_) => fields = form(&text),
        }
        fields
    }

    /// A fingerprint of method, target and body, to compare payloads; it protects nothing.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let parts = [self.head.method.as_bytes(), self.head.target.as_bytes(), &self.body];
        parts.iter().fold(FNV_START, |hash, part| fnv(fnv(hash, part), b"\0"))
    }
}

/// A fingerprint of bytes, to compare bodies; it protects nothing.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> u64 {
    fnv(FNV_START, bytes)
}

/// The offset basis and prime of FNV-1a, 64 bits (draft-eastlake-fnv, section 5).
const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

/// The fields of `application/x-www-form-urlencoded`; a later field of the same name wins.
fn form(text: &str) -> BTreeMap<String, String> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (unescape(name), unescape(value)))
        .collect()
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = String::from_utf8_lossy(&digits).into_owned();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn flatten(name: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                let inner =
                    if name.is_empty() { member.clone() } else { format!("{name}[{member}]") };
                flatten(&inner, value, into);
            }
        }
        Value::String(text) => {
            into.insert(name.to_owned(), text.clone());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            into.insert(name.to_owned(), value.to_string());
        }
    }
}
