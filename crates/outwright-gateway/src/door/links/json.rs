//! URLs in a JSON text, replaced where the contract points at them; every other byte stays.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The text with the URLs at these pointers led back; none if nothing changes, or if it is no JSON text.
pub(super) fn led_back(
    text: &[u8],
    pointers: &[Box<str>],
    lead: impl Fn(&str) -> Option<String>,
) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut found = Vec::new();
    for pointer in pointers {
        let mut json = serde_json::Deserializer::from_str(text);
        Walk { pointer, found: &mut found }.deserialize(&mut json).ok()?;
        json.end().ok()?;
    }
    // Two pointers may lead to one place.
    let place = |raw: &&str| raw.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    found.sort_unstable_by_key(place);
    found.dedup_by_key(|raw| place(raw));
    let mut out = Vec::with_capacity(text.len());
    let (mut written, mut changed) = (0, false);
    for raw in found {
        let Ok(url) = serde_json::from_str::<Cow<'_, str>>(raw) else { continue };
        let Some(led) = lead(&url) else { continue };
        let at = place(&raw);
        out.extend_from_slice(text.as_bytes().get(written..at)?);
        serde_json::to_writer(&mut out, &led).ok()?;
        written = at + raw.len();
        changed = true;
    }
    out.extend_from_slice(text.as_bytes().get(written..)?);
    changed.then_some(out)
}

/// A walk along a pointer, which keeps the text of every value that it leads to.
struct Walk<'p, 'f, 'de> {
    /// What is left of it: empty at its end, else from a slash.
    pointer: &'p str,
    found: &'f mut Vec<&'de str>,
}

impl<'p> Walk<'p, '_, '_> {
    /// The next token, and the pointer behind it.
    fn token(&self) -> (Cow<'p, str>, &'p str) {
        let path = self.pointer.strip_prefix('/').unwrap_or(self.pointer);
        let (token, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        if token.contains('~') {
            return (Cow::Owned(token.replace("~1", "/").replace("~0", "~")), rest);
        }
        (Cow::Borrowed(token), rest)
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.pointer.is_empty() {
            self.found.push(<&RawValue>::deserialize(deserializer)?.get());
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (token, rest) = self.token();
        while let Some(name) = map.next_key::<String>()? {
            if name == token {
                map.next_value_seed(Walk { pointer: rest, found: &mut *self.found })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let (token, rest) = self.token();
        let only = token.parse::<usize>().ok();
        for index in 0.. {
            let more = if token == "*" || only == Some(index) {
                list.next_element_seed(Walk { pointer: rest, found: &mut *self.found })?
            } else {
                list.next_element::<IgnoredAny>()?.map(|_| ())
            };
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::led_back;

    fn led(text: &str, pointers: &[&str]) -> Option<String> {
        let pointers: Vec<Box<str>> = pointers.iter().map(|&pointer| pointer.into()).collect();
        let lead = |url: &str| Some(format!("http://here{}", url.strip_prefix("https://p")?));
        led_back(text.as_bytes(), &pointers, lead).map(|out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_what_is_pointed_at_changes_and_no_other_byte() {
        for (text, pointers, expected) in [
            (
                r#" {"next" : "https://p/2", "n": 1.0e2, "self":"https://p/1", "n":null } "#,
                &["/next"][..],
                r#" {"next" : "http://here/2", "n": 1.0e2, "self":"https://p/1", "n":null } "#,
            ),
            (
                r#"[{"url":"https://p/1","x":{}},{"url":"https:\/\/p\/2"},{"url":7},3,{}]"#,
                &["/*/url"],
                r#"[{"url":"http://here/1","x":{}},{"url":"http://here/2"},{"url":7},3,{}]"#,
            ),
            (
                r#"{"a/b":{"~":["https://p/0","https://p/1"]},"next":"https://p/é\u00e9\""}"#,
                &["/a~1b/~0/1", "/next", "/next", "/missing/*/x"],
                r#"{"a/b":{"~":["https://p/0","http://here/1"]},"next":"http://here/éé\""}"#,
            ),
            (
                r#"{"n":"https://p/1","n":"https://p/2"}"#,
                &["/n"],
                r#"{"n":"http://here/1","n":"http://here/2"}"#,
            ),
        ] {
            assert_eq!(led(text, pointers).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_or_holds_no_link_stays() {
        for text in [
            "",
            "{",
            r#"{"next":"https://p/1""#,
            r#"{"next":"https://p/1"} x"#,
            r#"{"next":"https://p/1"}{"next":"https://p/1"}"#,
            r#"{"next":"https://q/1"}"#,
            r#"{"next":null}"#,
            r#"{"next":{"next":"https://p/1"}}"#,
            r#"["https://p/1"]"#,
            r#""https://p/1""#,
            r#"{"next":"https://p/\ud800"}"#,
        ] {
            assert_eq!(led(text, &["/next"]), None, "{text}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(led(&format!(r#"{{"x":{deep},"next":1}}"#), &["/next"]), None);
    }
}
