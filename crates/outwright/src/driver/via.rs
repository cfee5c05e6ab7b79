//! How this deployment shows itself on what it passes on, and how it knows its own mark again.

use http::header::{self, HeaderMap, HeaderValue};
use http::{HeaderName, Version};

/// RFC 8586: the field in which forwarders leave their mark that must not be taken away.
const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");

/// The name of a deployment that has none.
pub(super) const DEFAULT: &str = "outwright";

/// A name for the `Via` of requests (RFC 9110 section 7.6.3), with the version in which a request was received.
#[derive(Debug)]
pub(super) struct Via {
    name: Box<str>,
    received_1_0: HeaderValue,
    received_1_1: HeaderValue,
    received_2: HeaderValue,
}

impl Via {
    /// For a deployment of this name; none when the name is no token that begins with a letter.
    pub(super) fn new(name: &str) -> Option<Self> {
        let begins = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
        let rest = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !begins || !name.bytes().all(rest) {
            return None;
        }
        if name == DEFAULT {
            // Nobody counts the holders of what is never dropped, and every call holds one.
            return Some(Self {
                name: name.into(),
                received_1_0: HeaderValue::from_static("1.0 outwright"),
                received_1_1: HeaderValue::from_static("1.1 outwright"),
                received_2: HeaderValue::from_static("2 outwright"),
            });
        }
        let value = |version: &str| HeaderValue::from_str(&format!("{version} {name}")).ok();
        Some(Self {
            name: name.into(),
            received_1_0: value("1.0")?,
            received_1_1: value("1.1")?,
            received_2: value("2")?,
        })
    }

    /// The name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The mark on a request that was received in this version.
    pub(super) fn mark(&self, version: Version) -> HeaderValue {
        let mark = match version {
            Version::HTTP_10 => &self.received_1_0,
            Version::HTTP_2 => &self.received_2,
            // HTTP/1.1, and what is called so where a crate is called in process.
            _ => &self.received_1_1,
        };
        mark.clone()
    }

    /// whether a request has been here before.
    pub(super) fn has_marked(&self, headers: &HeaderMap) -> bool {
        let members = |name| {
            let values = headers.get_all(name).into_iter();
            values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        };
        // `Via: [protocol/]version pseudonym [(comment)]`, `CDN-Loop: pseudonym[;parameters]`.
        let received_by = |member: &[u8]| {
            let mut words = member.split(|byte| matches!(byte, b' ' | b'\t'));
            words.by_ref().find(|word| !word.is_empty())?;
            words.find(|word| !word.is_empty()).map(|word| self.is(word))
        };
        let first_word = |member: &[u8]| {
            member.trim_ascii().split(|byte| matches!(byte, b';' | b' ')).next().map(|w| self.is(w))
        };
        members(header::VIA).any(|member| received_by(member) == Some(true))
            || members(CDN_LOOP).any(|member| first_word(member) == Some(true))
    }

    fn is(&self, word: &[u8]) -> bool {
        word.eq_ignore_ascii_case(self.name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::Via;
    use http::{HeaderMap, HeaderValue, Version};

    #[test]
    fn a_name_is_a_plain_token() {
        for bad in ["", "a b", "a;b", "1a", "a\"b", "a,b", "ü"] {
            assert!(Via::new(bad).is_none(), "{bad:?}");
        }
        let via = Via::new("edge-1.internal").unwrap();
        assert_eq!(via.mark(Version::HTTP_11), "1.1 edge-1.internal");
        assert_eq!(via.mark(Version::HTTP_10), "1.0 edge-1.internal");
        assert_eq!(via.mark(Version::HTTP_2), "2 edge-1.internal");
    }

    /// a comment, another protocol and another case do not hide our mark; a name within a name is not ours.
    #[test]
    fn our_own_mark_is_known_again() {
        let via = Via::new("outwright").unwrap();
        for (field, value, known) in [
            ("via", "1.1 outwright", true),
            ("via", "1.0 fred, HTTP/1.1  Outwright (linux)", true),
            ("via", "1.1 outwright-b", false),
            ("via", "1.1 a (outwright)", false),
            ("via", "outwright", false),
            ("cdn-loop", "foo, outwright;v=1", true),
            ("cdn-loop", "outwright2", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(field, HeaderValue::from_static("1.1 other"));
            headers.append(field, HeaderValue::from_static(value));
            assert_eq!(via.has_marked(&headers), known, "{field}: {value}");
        }
    }
}
