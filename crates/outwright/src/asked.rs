//! What a caller says of its call in the fields of the request, in process as at the gateway.
//!
//! The gateway reads them in the one pass that it makes over a head; the words and forms are these.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, header};
use outwright_core::provider::Priority;

use crate::driver::IDEMPOTENCY_KEY;
use crate::telemetry::TurnedAway;

/// What the fields say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The smallest of all that were sent.
    pub(crate) timeout: Option<Duration>,
    pub(crate) priority: Option<Priority>,
    /// `Max-Forwards`, where it can be read.
    pub(crate) forwards: Option<u64>,
}

/// A field of ours cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Reads the fields of a head, and brings the idempotency key into its plain form.
pub(crate) fn read(headers: &mut HeaderMap) -> Result<Asked, Unreadable> {
    let mut asked = Asked { timeout: None, priority: None, forwards: None };
    let mut quoted = false;
    for (name, value) in &*headers {
        let value = value.as_bytes();
        match name.as_str() {
            "outwright-timeout" => asked.shorten(Some(timeout(value).ok_or(Unreadable)?)),
            "grpc-timeout" => asked.shorten(grpc_timeout(value)),
            "x-envoy-expected-rq-timeout-ms" => {
                asked.shorten(digits(value).map(Duration::from_millis));
            }
            "outwright-priority" => {
                let mut all = Priority::ALL.into_iter();
                let known = all.find(|priority| priority.word().as_bytes() == value);
                asked.priority = Some(known.ok_or(Unreadable)?);
            }
            "max-forwards" => asked.forwards = digits(value),
            "idempotency-key" => quoted = value.first() == Some(&b'"'),
            _ => {}
        }
    }
    if quoted {
        unquote_key(headers)?;
    }
    Ok(asked)
}

impl Asked {
    fn shorten(&mut self, timeout: Option<Duration>) {
        self.timeout = self.timeout.into_iter().chain(timeout).min();
    }
}

/// Why a request goes no further by its own method (R-035); counts one that does on by one step.
pub fn ends_here<B>(request: &mut Request<B>, forwards: Option<u64>) -> Option<TurnedAway> {
    if *request.method() == Method::TRACE {
        return Some(TurnedAway::TraceRefused);
    }
    let left = forwards.filter(|_| *request.method() == Method::OPTIONS)?;
    let Some(left) = left.checked_sub(1) else { return Some(TurnedAway::ForwardsUsedUp) };
    request.headers_mut().insert(header::MAX_FORWARDS, HeaderValue::from(left));
    None
}

/// Takes the quotes off an idempotency key, so that both of its forms are the same key.
///
/// # Errors
///
/// There are several, or what stands in quotes is no string of RFC 9651.
pub fn unquote_key(headers: &mut HeaderMap) -> Result<(), Unreadable> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(Unreadable) };
    let inner = key.as_bytes().strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\""));
    let mut plain = Vec::new();
    let mut bytes = inner.ok_or(Unreadable)?.iter();
    // RFC 9651, section 3.3.3: only a quote and a backslash are escaped.
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(escaped @ (b'"' | b'\\')) => plain.push(*escaped),
                Some(_) | None => return Err(Unreadable),
            },
            b'"' => return Err(Unreadable),
            plain_byte => plain.push(*plain_byte),
        }
    }
    let key = HeaderValue::from_bytes(&plain).map_err(|_| Unreadable)?;
    headers.insert(IDEMPOTENCY_KEY, key);
    Ok(())
}

/// `1*8DIGIT ("ms" / "s")`.
#[must_use]
pub fn timeout(value: &[u8]) -> Option<Duration> {
    if let Some(millis) = value.strip_suffix(b"ms") {
        return digits(millis).map(Duration::from_millis);
    }
    digits(value.strip_suffix(b"s")?).map(Duration::from_secs)
}

/// gRPC over HTTP/2: `1*8DIGIT` and one of `H M S m u n`; what cannot be read is ignored, it was not meant for us alone.
#[must_use]
pub fn grpc_timeout(value: &[u8]) -> Option<Duration> {
    let (unit, amount) = value.split_last()?;
    let amount = digits(amount)?;
    match unit {
        b'H' => Some(Duration::from_secs(amount * 3_600)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// One to eight decimal digits.
#[must_use]
pub fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 8 {
        return None;
    }
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::{Asked, Unreadable, read, timeout, unquote_key};
    use http::{HeaderMap, HeaderName, HeaderValue};
    use outwright_core::provider::Priority;
    use std::time::Duration;

    fn reads(fields: &[(&'static str, &str)]) -> Result<Asked, Unreadable> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        read(&mut headers)
    }

    #[test]
    fn the_smallest_timeout_wins_and_a_field_that_cannot_be_read_is_refused() {
        let asked = reads(&[
            ("grpc-timeout", "2S"),
            ("outwright-timeout", "2500ms"),
            ("x-envoy-expected-rq-timeout-ms", "1500"),
            ("grpc-timeout", "nonsense"),
            ("outwright-priority", "background"),
            ("max-forwards", "3"),
        ]);
        let expected = Asked {
            timeout: Some(Duration::from_millis(1_500)),
            priority: Some(Priority::Background),
            forwards: Some(3),
        };
        assert_eq!(asked, Ok(expected));
        for (name, value) in [
            ("outwright-timeout", "soon"),
            ("outwright-priority", "mine"),
            ("idempotency-key", "\"a"),
        ] {
            assert_eq!(reads(&[(name, value)]), Err(Unreadable), "{name}");
        }
    }

    #[test]
    fn a_timeout_is_digits_with_a_unit() {
        assert_eq!(timeout(b"99999999s"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(timeout(b"0ms"), Some(Duration::ZERO));
        for bad in [&b""[..], b"ms", b"s", b"5", b"5m", b"-5s", b"1.5s", b"5 s", b"123456789s"] {
            assert_eq!(timeout(bad), None, "{bad:?}");
        }
    }

    fn unquoted(key: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", HeaderValue::from_str(key).unwrap());
        unquote_key(&mut headers).ok()?;
        Some(headers.get("idempotency-key")?.to_str().ok()?.to_owned())
    }

    #[test]
    fn a_quoted_key_and_a_raw_one_are_the_same() {
        assert_eq!(unquoted(r#""abc""#).as_deref(), Some("abc"));
        assert_eq!(unquoted(r#""a\"b\\c""#).as_deref(), Some(r#"a"b\c"#));
        for bad in [r#"""#, r#""a"#, r#""a"b""#, r#""a\b""#, r#""a\""#] {
            assert_eq!(unquoted(bad), None, "{bad}");
        }
    }
}
