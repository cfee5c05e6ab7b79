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
use super::caller::Caller;

/// The field in which callers hand in a key.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key, in bytes (Stripe and Adyen allow 255 and 64; the draft names no bound).
const KEY_BYTES_MAX: usize = 255;

/// Whom a key is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whose<'a> {
    pub(super) provider: &'a Provider,
    pub(super) operation: &'a Operation,
    /// The caller, where callers are told apart.
    pub(super) caller: Option<&'a Caller>,
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
            let document = json(body).ok_or_else(|| Misuse::KeyField(pointer.clone()))?;
            let there = document.pointer(pointer).and_then(scalar);
            let sent = match (&there, headers.get(IDEMPOTENCY_KEY)) {
                (None, Some(value)) => Some(text(value)?),
                (_, _) => there.clone(),
            };
            let keyed = sent.is_some();
            if let Some(key) = make(whose, origin, sent, (headers, body))?
                && there.as_deref() != Some(key.as_str())
            {
                *body = written(document, body, pointer, key)
                    .ok_or_else(|| Misuse::KeyField(pointer.clone()))?;
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
        KeyOrigin::Required => Ok(sent.map(|key| own(whose, key))),
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
            let made = || uuid::Uuid::new_v4().as_hyphenated().to_string();
            Ok(Some(sent.map_or_else(made, |key| own(whose, key))))
        }
    }
}

/// A caller's key: verbatim where the contract has one caller, else one that crosses to no other.
fn own(whose: Whose<'_>, key: String) -> String {
    match whose.caller {
        Some(_) => digest(whose, &[key.as_str()]),
        None => key,
    }
}

/// A key that tells provider, operation, caller and values apart, and survives a lost store: 128 bits as hexadecimal.
fn digest(whose: Whose<'_>, values: &[&str]) -> String {
    // What a body says is no secret, so that a derived key needs none either, unless callers are to be kept apart.
    let salt = whose.caller.map_or(&b"outwright key 1"[..], Caller::salt);
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes keys of every length");
    let name = whose.caller.map_or("", Caller::name);
    let named = [&*whose.provider.name, &*whose.operation.name, name];
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

/// The body with the key at a pointer; none where the pointer leads nowhere.
fn written(mut document: Value, body: &Bytes, pointer: &str, key: String) -> Option<Bytes> {
    let (parent, name) = pointer.rsplit_once('/')?;
    // RFC 6901 section 3.
    let name = name.replace("~1", "/").replace("~0", "~");
    let members = document.pointer_mut(parent)?.as_object_mut()?;
    if parent.is_empty() && !members.contains_key(&name) {
        // Beside the caller's own bytes, so that no number of them is read and written in another precision.
        let open = body.iter().position(|byte| *byte == b'{')?;
        let (before, after) = body.split_at_checked(open + 1)?;
        let mut whole = before.to_vec();
        serde_json::to_writer(&mut whole, &name).ok()?;
        whole.push(b':');
        serde_json::to_writer(&mut whole, &key).ok()?;
        if !members.is_empty() {
            whole.push(b',');
        }
        whole.extend_from_slice(after);
        return Some(whole.into());
    }
    members.insert(name, Value::String(key));
    serde_json::to_vec(&document).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_into_the_body_without_touching_the_rest() {
        for (body, pointer, want) in [
            (
                r#"{"n":1.10000000000000000001}"#,
                "/k",
                Some(r#"{"k":"K","n":1.10000000000000000001}"#),
            ),
            (r#" { } "#, "/k", Some(r#" {"k":"K" } "#)),
            (r#"{"a":{"b":1}}"#, "/a/k", Some(r#"{"a":{"b":1,"k":"K"}}"#)),
            (r#"{"k":null}"#, "/k", Some(r#"{"k":"K"}"#)),
            (r#"{"k/":null}"#, "/k~1", Some(r#"{"k/":"K"}"#)),
            (r#"{"a":1}"#, "/a/k", None),
            (r#"[1]"#, "/k", None),
            (r#"{}"#, "k", None),
        ] {
            let body = Bytes::from_static(body.as_bytes());
            let document = json(&body).unwrap();
            let got = written(document, &body, pointer, "K".to_owned());
            assert_eq!(got.as_deref(), want.map(str::as_bytes), "{body:?} {pointer}");
        }
    }

    #[test]
    fn a_field_is_found_in_json_and_in_a_form() {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        let form = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
        let json = HeaderMap::new();
        for (headers, body, pointer, want) in [
            (&json, r#"{"a":{"b":"x"}}"#, "/a/b", Some("x")),
            (&json, r#"{"a":12}"#, "/a", Some("12")),
            (&json, r#"{"a":null}"#, "/a", None),
            (&json, r#"{"a":""}"#, "/a", None),
            (&json, "no json", "/a", None),
            (&form, "x=1&metadata%5Border%5D=a+b%21", "/metadata/order", Some("a b!")),
            (&form, "metadata[order]=7", "/metadata/order", Some("7")),
            (&form, "a=", "/a", None),
        ] {
            let got = field(headers, &Bytes::from_static(body.as_bytes()), pointer);
            assert_eq!(got.as_deref(), want, "{body} {pointer}");
        }
    }

    #[test]
    fn a_callers_key_is_visible_ascii_of_a_bounded_length() {
        for (key, fits) in [
            ("a".to_owned(), true),
            ("k".repeat(255), true),
            ("k".repeat(256), false),
            (String::new(), false),
            ("a b".to_owned(), false),
            ("\u{e9}".to_owned(), false),
        ] {
            let value = HeaderValue::from_bytes(key.as_bytes()).unwrap();
            assert_eq!(text(&value).is_ok(), fits, "{key:?}");
        }
    }
}
