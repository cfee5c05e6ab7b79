//! The idempotency key that a provider sees: made once per call, the same on every attempt.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use outwright_core::provider::{Key, KeyOrigin, Operation, Provider};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sha2::Sha256;

use super::answer::Misuse;

/// The field in which callers hand in a key.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key, in bytes (Stripe and Adyen allow 255 and 64; the draft names no bound).
const KEY_BYTES_MAX: usize = 255;

/// Whom a key is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whose<'a> {
    pub(super) provider: &'a Provider,
    pub(super) operation: &'a Operation,
    /// The caller, where callers are told apart.
    pub(super) caller: Option<&'a str>,
}

/// Puts the key of a call where its provider looks for it; says whether the caller sent one.
pub(super) fn put(
    whose: Whose<'_>,
    headers: &mut HeaderMap,
    body: &mut Bytes,
) -> Result<bool, Misuse> {
    match &whose.operation.key {
        Key::None => Ok(false),
        Key::Header { name, origin } => {
            let sent = headers.get(name).or_else(|| headers.get(IDEMPOTENCY_KEY));
            let sent = sent.map(text).transpose()?;
            let keyed = sent.is_some();
            if let Some(key) = make(whose, origin, sent, (headers, body))? {
                let value = HeaderValue::from_str(&key).map_err(|_| Misuse::KeyInvalid)?;
                headers.insert(name.clone(), value);
            }
            Ok(keyed)
        }
        Key::Body { pointer, origin } => {
            let mut document = json(body).ok_or_else(|| Misuse::KeyField(pointer.clone()))?;
            let there = document.pointer(pointer).and_then(scalar);
            let sent = match (&there, headers.get(IDEMPOTENCY_KEY)) {
                (None, Some(value)) => Some(text(value)?),
                (_, _) => there.clone(),
            };
            let keyed = sent.is_some();
            if let Some(key) = make(whose, origin, sent, (headers, body))?
                && there.as_deref() != Some(key.as_str())
            {
                write(&mut document, pointer, key)
                    .ok_or_else(|| Misuse::KeyField(pointer.clone()))?;
                *body = serde_json::to_vec(&document)
                    .expect("a value that was read from JSON can be written as JSON")
                    .into();
            }
            Ok(keyed)
        }
    }
}

/// The key; none where the caller had to send one and did not, which admission refuses.
fn make(
    whose: Whose<'_>,
    origin: &KeyOrigin,
    sent: Option<String>,
    (headers, body): (&HeaderMap, &Bytes),
) -> Result<Option<String>, Misuse> {
    match origin {
        // Verbatim where the contract has one caller; else it must not cross callers.
        KeyOrigin::Required => Ok(sent.map(|key| match whose.caller {
            Some(_) => digest(whose, &[key.as_str()]),
            None => key,
        })),
        KeyOrigin::Derive(pointers) => {
            let mut values = Vec::with_capacity(pointers.len());
            for pointer in pointers {
                let value = field(headers, body, pointer);
                values.push(value.ok_or_else(|| Misuse::KeyField(pointer.clone()))?);
            }
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            Ok(Some(digest(whose, &values)))
        }
        KeyOrigin::PerCall => {
            Ok(Some(sent.unwrap_or_else(|| uuid::Uuid::new_v4().as_hyphenated().to_string())))
        }
    }
}

/// A key that tells provider, operation, caller and values apart, and survives a lost store: 128 bits as hexadecimal.
fn digest(whose: Whose<'_>, values: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"outwright key 1")
        .expect("HMAC takes keys of every length");
    let named = [&*whose.provider.name, &*whose.operation.name, whose.caller.unwrap_or_default()];
    for part in named.iter().chain(values) {
        // With its length in front, no two lists of parts have the same bytes.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    let tag = mac.finalize().into_bytes();
    let mut key = String::with_capacity(32);
    for byte in tag.iter().take(16) {
        for nibble in [byte >> 4, byte & 15] {
            key.push(char::from_digit(u32::from(nibble), 16).expect("a nibble is a digit"));
        }
    }
    key
}

/// Visible ASCII, not empty, not endless.
fn text(value: &HeaderValue) -> Result<String, Misuse> {
    let bytes = value.as_bytes();
    let fits = (1..=KEY_BYTES_MAX).contains(&bytes.len());
    if !fits || !bytes.iter().all(u8::is_ascii_graphic) {
        return Err(Misuse::KeyInvalid);
    }
    Ok(bytes.iter().copied().map(char::from).collect())
}

/// What stands at a JSON pointer of the body; in a form, `a[b]` stands at `/a/b`.
fn field(headers: &HeaderMap, body: &Bytes, pointer: &str) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if kind.starts_with(b"application/x-www-form-urlencoded") {
        let text = std::str::from_utf8(body).ok()?;
        let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(name, _)| form_pointer(name) == pointer)?;
        return Some(decoded(value)).filter(|value| !value.is_empty());
    }
    json(body)?.pointer(pointer).and_then(scalar)
}

fn form_pointer(name: &str) -> String {
    let mut pointer = String::from("/");
    pointer.push_str(&decoded(name).replace("][", "/").replace('[', "/").replace(']', ""));
    pointer
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn json(body: &Bytes) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// Sets a member of an object that is there; RFC 6901 escapes are undone in the last token.
fn write(document: &mut Value, pointer: &str, key: String) -> Option<()> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let parent = document.pointer_mut(parent)?.as_object_mut()?;
    parent.insert(name.replace("~1", "/").replace("~0", "~"), Value::String(key));
    Some(())
}
