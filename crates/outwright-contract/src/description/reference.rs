//! `$ref`: places of the same document only, with a bound on how far they lead.

use serde_json::Value;

use super::{Note, kind, short};

/// Most references that lead on to another one (chosen: descriptions need two).
const HOPS_MAX: usize = 16;

/// A description as a tree, in which references are followed.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) root: &'a Value,
}

impl<'a> Document<'a> {
    /// What stands at a place once its reference, if there is one, is followed; what cannot be followed is noted.
    pub(super) fn follow(
        self,
        value: &'a Value,
        at: &str,
        notes: &mut Vec<Note>,
    ) -> Option<&'a Value> {
        match self.resolve(value) {
            Ok(found) => Some(found),
            Err(what) => {
                notes.push(Note { at: at.to_owned(), what });
                None
            }
        }
    }

    /// The same for what must be a map.
    pub(super) fn map(
        self,
        value: &'a Value,
        at: &str,
        notes: &mut Vec<Note>,
    ) -> Option<&'a serde_json::Map<String, Value>> {
        let found = self.follow(value, at, notes)?;
        if found.as_object().is_none() {
            let what = format!("{} stands here instead of a map", kind(found));
            notes.push(Note { at: at.to_owned(), what });
        }
        found.as_object()
    }

    pub(super) fn resolve(self, value: &'a Value) -> Result<&'a Value, String> {
        let mut value = value;
        for _ in 0..HOPS_MAX {
            let Some(reference) = value.get("$ref") else { return Ok(value) };
            let Some(text) = reference.as_str() else {
                return Err(format!("`$ref` is {} instead of text", kind(reference)));
            };
            let Some(pointer) = text.strip_prefix('#') else {
                return Err(format!(
                    "`$ref` leads to another file, which is not read: {}",
                    short(text)
                ));
            };
            let pointer = decoded(pointer);
            let found = self.root.pointer(&pointer);
            value = found.ok_or_else(|| format!("`$ref` leads nowhere: {}", short(text)))?;
        }
        Err("`$ref` leads back to itself, or through too many places".to_owned())
    }
}

/// The pointer of a URI fragment (RFC 6901 section 6).
fn decoded(fragment: &str) -> String {
    if !fragment.contains('%') {
        return fragment.to_owned();
    }
    let mut out = Vec::new();
    let mut rest = fragment.as_bytes();
    while let [first, tail @ ..] = rest {
        let byte = match tail {
            [a, b, ..] if *first == b'%' => hex(*a).zip(hex(*b)).map(|(a, b)| a * 16 + b),
            _ => None,
        };
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok())
}
