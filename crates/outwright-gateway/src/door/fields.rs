//! What a caller says to outwright in the head of its request, read in one pass over the fields.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use outwright_core::provider::Priority;

use outwright::Roster;

use super::hosts::Hosts;
use crate::problem::{self, Kind};

/// What the fields say of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    /// The smallest of all that the caller sent.
    pub(super) timeout: Option<Duration>,
    pub(super) priority: Priority,
    /// The idempotency key stands in quotes, as its draft wants it.
    pub(super) key_quoted: bool,
    /// `Max-Forwards`, where it can be read.
    pub(super) forwards: Option<u64>,
    /// The provider through whose own door the request came.
    pub(super) door: Option<usize>,
}

/// Reads the fields; refuses browsers, foreign hosts and fields of ours that make no sense.
///
/// A pass over all fields costs less than looking each one up.
pub(super) fn read(
    headers: &HeaderMap,
    hosts: &Hosts,
    roster: &Roster,
) -> Result<Fields, &'static Kind> {
    let mut fields = Fields {
        timeout: None,
        priority: Priority::Default,
        key_quoted: false,
        forwards: None,
        door: None,
    };
    let mut at_home = false;
    for (name, value) in headers {
        let (name, value) = (name.as_str(), value.as_bytes());
        match name.len() {
            4 if name == "host" => {
                at_home = hosts.know(value);
                if !at_home {
                    fields.door = hosts.door(value, roster.host_doors());
                    at_home = fields.door.is_some();
                }
            }
            // R-572: no page may reach a provider with the service's credential.
            6 if name == "origin" => return Err(&problem::BROWSER_REFUSED),
            14 if name == "sec-fetch-site" && value != b"none" => {
                return Err(&problem::BROWSER_REFUSED);
            }
            17 if name == "outwright-timeout" => {
                fields.shorten(Some(timeout(value).ok_or(&problem::FIELD_INVALID)?));
            }
            12 if name == "max-forwards" => fields.forwards = digits(value),
            12 if name == "grpc-timeout" => fields.shorten(grpc_timeout(value)),
            30 if name == "x-envoy-expected-rq-timeout-ms" => {
                fields.shorten(digits(value).map(Duration::from_millis));
            }
            18 if name == "outwright-priority" => {
                let mut all = Priority::ALL.into_iter();
                let known = all.find(|priority| priority.word().as_bytes() == value);
                fields.priority = known.ok_or(&problem::FIELD_INVALID)?;
            }
            15 if name == "idempotency-key" => fields.key_quoted = value.first() == Some(&b'"'),
            _ => {}
        }
    }
    if at_home { Ok(fields) } else { Err(&problem::HOST_FOREIGN) }
}

impl Fields {
    fn shorten(&mut self, timeout: Option<Duration>) {
        self.timeout = match (self.timeout, timeout) {
            (Some(known), Some(new)) => Some(known.min(new)),
            (known, new) => known.or(new),
        };
    }
}

/// Takes the quotes off an idempotency key, so that both of its forms are the same key.
pub(super) fn unquote_key(headers: &mut HeaderMap) -> Result<(), &'static Kind> {
    let name = header::HeaderName::from_static("idempotency-key");
    let mut keys = headers.get_all(&name).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(&problem::FIELD_INVALID) };
    let inner = key.as_bytes().strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\""));
    let mut plain = Vec::new();
    let mut bytes = inner.ok_or(&problem::FIELD_INVALID)?.iter();
    // RFC 9651, section 3.3.3: only a quote and a backslash are escaped.
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(escaped @ (b'"' | b'\\')) => plain.push(*escaped),
                Some(_) | None => return Err(&problem::FIELD_INVALID),
            },
            b'"' => return Err(&problem::FIELD_INVALID),
            plain_byte => plain.push(*plain_byte),
        }
    }
    let key = HeaderValue::from_bytes(&plain).map_err(|_| &problem::FIELD_INVALID)?;
    headers.insert(name, key);
    Ok(())
}

/// `1*8DIGIT ("ms" / "s")`.
fn timeout(value: &[u8]) -> Option<Duration> {
    if let Some(millis) = value.strip_suffix(b"ms") {
        return digits(millis).map(Duration::from_millis);
    }
    digits(value.strip_suffix(b"s")?).map(Duration::from_secs)
}

/// gRPC over HTTP/2: `1*8DIGIT` and one of `H M S m u n`; what cannot be read is ignored, it was not meant for us alone.
fn grpc_timeout(value: &[u8]) -> Option<Duration> {
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
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 8 {
        return None;
    }
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use outwright::Roster;

    use super::{Fields, read, timeout, unquote_key};
    use crate::door::hosts::Hosts;
    use crate::problem::{self, Kind};
    use http::{HeaderMap, HeaderName, HeaderValue};
    use outwright_core::provider::Priority;
    use std::time::Duration;

    fn reads(fields: &[(&'static str, &str)]) -> Result<Fields, &'static Kind> {
        let mut headers = HeaderMap::new();
        headers.append("host", HeaderValue::from_static("localhost:80"));
        for (name, value) in fields {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        let hosts = Hosts::new("127.0.0.1:80".parse().unwrap(), &[]);
        read(&headers, &hosts, &Roster::default())
    }

    /// R-572.
    #[test]
    fn pages_are_refused_whatever_they_claim() {
        for fields in [
            &[("origin", "http://localhost:80")][..],
            &[("origin", "null")],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "cross-site")],
        ] {
            assert_eq!(reads(fields), Err(&problem::BROWSER_REFUSED), "{fields:?}");
        }
        assert!(reads(&[("sec-fetch-site", "none")]).is_ok());
    }

    #[test]
    fn the_smallest_timeout_wins() {
        let fields = reads(&[
            ("grpc-timeout", "2S"),
            ("outwright-timeout", "2500ms"),
            ("x-envoy-expected-rq-timeout-ms", "1500"),
            ("grpc-timeout", "nonsense"),
        ]);
        assert_eq!(fields.unwrap().timeout, Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn a_timeout_is_digits_with_a_unit() {
        assert_eq!(timeout(b"99999999s"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(timeout(b"0ms"), Some(Duration::ZERO));
        for bad in [&b""[..], b"ms", b"s", b"5", b"5m", b"-5s", b"1.5s", b"5 s", b"123456789s"] {
            assert_eq!(timeout(bad), None, "{bad:?}");
        }
        let refused = reads(&[("outwright-timeout", "5 s")]);
        assert_eq!(refused, Err(&problem::FIELD_INVALID));
    }

    #[test]
    fn a_priority_is_one_of_three_words() {
        let fields = reads(&[("outwright-priority", "background")]).unwrap();
        assert_eq!(fields.priority, Priority::Background);
        let refused = reads(&[("outwright-priority", "urgent")]);
        assert_eq!(refused, Err(&problem::FIELD_INVALID));
    }

    fn unquoted(key: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", HeaderValue::from_str(key).unwrap());
        unquote_key(&mut headers).ok()?;
        Some(headers.get("idempotency-key")?.to_str().ok()?.to_owned())
    }

    #[test]
    fn a_quoted_key_and_a_raw_one_are_the_same() {
        assert!(reads(&[("idempotency-key", "\"abc\"")]).unwrap().key_quoted);
        assert!(!reads(&[("idempotency-key", "abc")]).unwrap().key_quoted);
        assert_eq!(unquoted(r#""abc""#).as_deref(), Some("abc"));
        assert_eq!(unquoted(r#""a\"b\\c""#).as_deref(), Some(r#"a"b\c"#));
        for bad in [r#"""#, r#""a"#, r#""a"b""#, r#""a\b""#, r#""a\""#] {
            assert_eq!(unquoted(bad), None, "{bad}");
        }
    }
}
