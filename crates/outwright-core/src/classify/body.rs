//! Looks for scalars in the beginning of a response body, which may be cut off anywhere.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A scalar of a JSON text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Whole(i128),
    Fraction(f64),
    Text(&'a str),
}

impl Scalar<'_> {
    /// Whether this is the scalar that a contract writes as `text`.
    pub(super) fn reads(&self, text: &str) -> bool {
        match self {
            Self::Null => text == "null",
            Self::Bool(value) => text == if *value { "true" } else { "false" },
            Self::Whole(value) => text.parse() == Ok(*value),
            Self::Fraction(value) => text.parse() == Ok(*value),
            Self::Text(value) => *value == text,
        }
    }

    /// Its value as a number that is not negative.
    pub(super) fn amount(&self) -> Option<f64> {
        let value = match self {
            Self::Whole(value) => i64::try_from(*value).ok()? as f64,
            Self::Fraction(value) => *value,
            Self::Null | Self::Bool(_) | Self::Text(_) => return None,
        };
        (value.is_finite() && value >= 0.0).then_some(value)
    }
}

/// Shows every scalar at a JSON pointer (RFC 6901) to `found`; the token `*` stands for each element of an array.
///
/// What stands before a cut or a mistake is seen, what stands behind it is not.
pub(super) fn each(bytes: &[u8], pointer: &str, found: &mut dyn FnMut(&Scalar<'_>)) {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return;
    }
    let mut text = serde_json::Deserializer::from_slice(bytes);
    // A cut body ends in an error by nature; what was found before it counts.
    let _ = Seek { pointer, found }.deserialize(&mut text);
}

/// Whether any scalar at a pointer passes `test`.
pub(super) fn holds(bytes: &[u8], pointer: &str, test: impl Fn(&Scalar<'_>) -> bool) -> bool {
    let mut passed = false;
    each(bytes, pointer, &mut |scalar| passed |= test(scalar));
    passed
}

/// The text of the first element with this name in an XML body.
pub(super) fn element<'a>(bytes: &'a [u8], name: &str) -> Option<&'a str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?,
    };
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('<') {
        if let Some(content) = behind.strip_prefix(name).and_then(|tail| tail.strip_prefix('>')) {
            return content.split_once('<').map(|(content, _)| content.trim());
        }
        rest = behind;
    }
    None
}

/// A walk towards one pointer.
struct Seek<'p, 'f, 's> {
    /// What is left of the pointer: empty here, else from a slash.
    pointer: &'p str,
    found: &'f mut (dyn FnMut(&Scalar<'_>) + 's),
}

impl<'p> Seek<'p, '_, '_> {
    /// The next token and the pointer behind it.
    fn token(&self) -> Option<(Cow<'p, str>, &'p str)> {
        let path = self.pointer.strip_prefix('/')?;
        let end = path.find('/').unwrap_or(path.len());
        let (token, rest) = path.split_at(end);
        let token = if token.contains('~') {
            Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
        } else {
            Cow::Borrowed(token)
        };
        Some((token, rest))
    }

    fn show(self, scalar: &Scalar<'_>) {
        if self.pointer.is_empty() {
            (self.found)(scalar);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seek<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.show(&Scalar::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.show(&Scalar::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.show(&Scalar::Whole(value.into()));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.show(&Scalar::Whole(value.into()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.show(&Scalar::Fraction(value));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.show(&Scalar::Text(value));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let wanted = self.token();
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match &wanted {
                Some((token, rest)) if *token == key => {
                    map.next_value_seed(Seek { pointer: rest, found: &mut *self.found })?;
                }
                Some(_) | None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let wanted = self.token();
        let mut place = 0_usize;
        loop {
            let here = wanted
                .as_ref()
                .filter(|(token, _)| token == "*" || token.parse() == Ok(place))
                .map(|(_, rest)| *rest);
            let more = match here {
                Some(pointer) => {
                    seq.next_element_seed(Seek { pointer, found: &mut *self.found })?.is_some()
                }
                None => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                return Ok(());
            }
            place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, pointer: &str, expected: &str, there: bool) {
        let found = holds(text.as_bytes(), pointer, |scalar| scalar.reads(expected));
        assert_eq!(found, there, "{pointer} = {expected} in {text}");
    }

    #[test]
    fn a_pointer_finds_its_scalar_and_nothing_else() {
        let text = r#"{"error":{"code":"lock_timeout","n":12,"ratio":1.5,"no":null},"ok":false,
            "errors":[{"code":"A"},{"code":"B"}],"a/b":{"c~d":"deep"},"*":"star"}"#;
        check(text, "/error/code", "lock_timeout", true);
        check(text, "/error/code", "lock", false);
        check(text, "/code", "lock_timeout", false);
        check(text, "/error/n", "12", true);
        check(text, "/error/n", "12.0", false);
        check(text, "/error/ratio", "1.5", true);
        check(text, "/error/no", "null", true);
        check(text, "/ok", "false", true);
        check(text, "/ok", "true", false);
        check(text, "/errors/1/code", "B", true);
        check(text, "/errors/0/code", "B", false);
        check(text, "/errors/*/code", "B", true);
        check(text, "/a~1b/c~0d", "deep", true);
        check(text, "/*", "star", true);
        check(text, "error/code", "lock_timeout", false);
        check(text, "/error", "lock_timeout", false);
        check("\"plain\"", "", "plain", true);
        check("[{\"errorCode\":\"X\"}]", "/*/errorCode", "X", true);
    }

    #[test]
    fn a_cut_body_shows_what_stands_before_the_cut() {
        check(r#"{"error":{"code":"x","message":"cut he"#, "/error/code", "x", true);
        check(r#"{"error":{"message":"long","co"#, "/error/code", "x", false);
        check("", "/error/code", "x", false);
        check("<html>", "/error/code", "x", false);
        let deep = "[".repeat(100_000);
        check(&deep, "/0/0/0", "x", false);
    }

    #[test]
    fn an_element_of_an_xml_error_is_read() {
        let text =
            b"<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>m</Message></Error>";
        assert_eq!(element(text, "Code"), Some("SlowDown"));
        assert_eq!(element(b"<Error><Codes>x</Codes><Code>cut", "Code"), None);
        assert_eq!(element(b"\xff<Code>x</Code>", "Code"), None);
    }

    proptest! {
        #[test]
        fn no_body_and_no_pointer_breaks_it(bytes: Vec<u8>, pointer in "(/[a-z0-9*~]{0,3}){0,4}") {
            each(&bytes, &pointer, &mut |_| {});
            let _ = element(&bytes, "Code");
        }
    }
}
