//! Requests that no operation of their contract names: what a team has to decide about next.
//!
//! Kept by the shape of their path: segments with a digit, an upper-case letter or more than 24 letters are left out,
//! since those are what identifiers and secrets look like. A name in lower case stays; only operators see it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Method;

/// Shapes that are kept of all providers together (chosen: more than anybody reads).
const SHAPES_MAX: usize = 200;
/// Segments of a path that make its shape; what is behind them is `**` (chosen).
const SEGMENTS_MAX: usize = 8;
/// A segment that is longer is taken for an identifier (chosen: words of paths are shorter).
const WORD_BYTES_MAX: usize = 24;

/// Requests that no operation names, by provider, method and shape.
#[derive(Debug, Default)]
pub struct Unnamed(Mutex<BTreeMap<(usize, String), u64>>);

impl Unnamed {
    /// A request came; further shapes than are kept are not counted.
    pub fn came(&self, provider: usize, method: &Method, path: &str) {
        let key = (provider, shape(method, path));
        let mut all = self.lock();
        if let Some(count) = all.get_mut(&key) {
            *count = count.saturating_add(1);
        } else if all.len() < SHAPES_MAX {
            all.insert(key, 1);
        }
    }

    /// What came to a provider: a shape such as `GET /v1/refunds/{}`, and how often.
    #[must_use]
    pub fn of(&self, provider: usize) -> Vec<(String, u64)> {
        let all = self.lock();
        let theirs = all.iter().filter(|((of, _), _)| *of == provider);
        theirs.map(|((_, shape), count)| (shape.clone(), *count)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(usize, String), u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shape(method: &Method, path: &str) -> String {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let mut shape = if known.contains(method) { method.as_str() } else { "OTHER" }.to_owned();
    shape.push(' ');
    for (number, segment) in path.trim_start_matches('/').split('/').enumerate() {
        shape.push('/');
        if number == SEGMENTS_MAX {
            shape.push_str("**");
            break;
        }
        shape.push_str(if is_word(segment) { segment } else { "{}" });
    }
    shape
}

/// Whether a segment is a word of the provider's own, or a version such as `v1`.
fn is_word(segment: &str) -> bool {
    let version = segment.strip_prefix('v').is_some_and(|number| {
        number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let letter = |byte: u8| byte.is_ascii_lowercase() || b"-_.".contains(&byte);
    version || segment.len() <= WORD_BYTES_MAX && segment.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_keeps_words_and_no_identifiers() {
        for (path, expected) in [
            ("/v1/refunds/re_3MtwBwLkdIwHu7ix", "GET /v1/refunds/{}"),
            ("/v1/customers/12/cards", "GET /v1/customers/{}/cards"),
            ("/api/chat.postMessage", "GET /api/{}"),
            ("/", "GET /"),
            ("/a%20b", "GET /{}"),
            ("/a/b/c/d/e/f/g/h/i/j", "GET /a/b/c/d/e/f/g/h/**"),
            ("/a-word-that-is-longer-than-any-other", "GET /{}"),
        ] {
            assert_eq!(shape(&Method::GET, path), expected);
        }
        let own = Method::from_bytes(b"SECRET-METHOD").unwrap();
        assert_eq!(shape(&own, "/x"), "OTHER /x");
    }

    #[test]
    fn only_so_many_shapes_are_kept() {
        let unnamed = Unnamed::default();
        for number in 0..SHAPES_MAX * 2 {
            let letters: String = number.to_string().bytes().map(|b| char::from(b + 49)).collect();
            unnamed.came(number % 2, &Method::GET, &format!("/{letters}"));
            unnamed.came(0, &Method::GET, "/b");
        }
        assert_eq!(unnamed.of(0).len() + unnamed.of(1).len(), SHAPES_MAX);
        let counted = unnamed.of(0).into_iter().find(|(shape, _)| shape == "GET /b").unwrap();
        assert!(counted.1 >= SHAPES_MAX as u64 * 2, "{counted:?}");
    }
}
