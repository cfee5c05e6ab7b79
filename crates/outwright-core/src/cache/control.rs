//! `Cache-Control`, read member by member: names in any case, values bare or quoted (RFC 9111 section 5.2).

use std::time::Duration;

use http::{HeaderMap, header};

/// As many seconds as anything can say (RFC 9111 section 1.2.2: 2³¹).
const SECONDS_MAX: u64 = 1 << 31;

/// One member of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member<'a> {
    /// In lower case.
    pub(super) name: String,
    /// Without its quotes, where it has a value.
    pub(super) value: Option<&'a str>,
}

/// All members of all fields, in their order; a field that is no text may forbid anything, so it forbids all.
pub(super) fn members(headers: &HeaderMap) -> impl Iterator<Item = Member<'_>> {
    let values = headers.get_all(header::CACHE_CONTROL).into_iter();
    values.map(|value| value.to_str().unwrap_or("no-store")).flat_map(split).filter_map(|part| {
        let (name, value) = match part.split_once('=') {
            // No space may stand around it; who writes one means the same and forbids no less.
            Some((name, value)) => (name.trim(), Some(unquoted(value.trim()))),
            None => (part.trim(), None),
        };
        (!name.is_empty()).then(|| Member { name: name.to_ascii_lowercase(), value })
    })
}

/// A number of seconds in digits; larger ones are the largest.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Duration::from_secs(text.parse().unwrap_or(SECONDS_MAX).min(SECONDS_MAX)))
}

/// The parts between commas that stand in no quotes.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = text.bytes().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b',' => return !quoted,
                _ => {}
            }
            false
        });
        let (part, after) = match end {
            Some(end) => (text.get(..end)?, text.get(end + 1..)),
            None => (text, None),
        };
        rest = after;
        Some(part)
    })
}

/// Without its quotes; escapes inside stay, since nothing that is read here has any.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{members, seconds};
    use http::{HeaderMap, HeaderValue, header};
    use std::time::Duration;

    #[test]
    fn a_list_is_read_as_its_writers_write_it() {
        for (text, expected) in [
            ("", &[][..]),
            (" , ,", &[]),
            ("no-store", &[("no-store", None)]),
            ("No-Store,MAX-AGE=5", &[("no-store", None), ("max-age", Some("5"))]),
            ("max-age=\"5\"", &[("max-age", Some("5"))]),
            ("max-age = 5", &[("max-age", Some("5"))]),
            ("private=\"a, no-store, b\", x", &[("private", Some("a, no-store, b")), ("x", None)]),
            (r#"e="a\",no-store", y"#, &[("e", Some(r#"a\",no-store"#)), ("y", None)]),
            ("a=\"open, no-store", &[("a", Some("\"open, no-store"))]),
            ("=5, b", &[("b", None)]),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_str(text).unwrap());
            let read: Vec<_> = members(&headers).collect();
            let read: Vec<_> = read.iter().map(|m| (m.name.as_str(), m.value)).collect();
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn seconds_are_digits_and_no_more_than_can_be_said() {
        let secs = |n| Some(Duration::from_secs(n));
        for (text, expected) in [
            ("0", secs(0)),
            ("007", secs(7)),
            ("2147483648", secs(1 << 31)),
            ("99999999999999999999999", secs(1 << 31)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.0", None),
            ("1 ", None),
            ("'1'", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
