//! One word per thing: the glossary, and what our own definitions may be called.

use crate::source::{Source, words};
use crate::tree::{Complaint, Tree, crate_of};

/// Where the words are explained.
pub const GLOSSARY: &str = "docs/reference/glossary.md";

/// Words that are not used for our things, and the word that is.
pub const BANNED: &[(&str, &str)] = &[
    ("upstream", "provider"),
    ("vendor", "provider"),
    ("endpoint", "operation"),
    ("backend", "provider"),
    ("throttler", "rate window"),
    ("ambiguous", "unknown"),
    ("manager", "the thing it holds"),
    ("handler", "what it does"),
    ("helper", "what it does"),
    ("util", "what it does"),
    ("utils", "what it does"),
    ("misc", "what it does"),
];

/// Definitions in product code use the words of the glossary, and no getter says `get_`.
#[must_use]
pub fn definitions(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in tree.rust() {
        if crate_of(path) == Some("tidy") {
            continue;
        }
        for (n, line) in Source::product(text).code.lines().enumerate() {
            let Some(name) = defined(line) else { continue };
            for part in parts(name) {
                if let Some((_, word)) = BANNED.iter().find(|(b, _)| *b == part) {
                    let what = format!("`{name}`: not {part} but {word} ({GLOSSARY})");
                    complaints.push(Complaint::new(path, n + 1, what));
                }
            }
            if name.starts_with("get_") {
                complaints.push(Complaint::new(path, n + 1, format!("`{name}`: no `get_`")));
            }
        }
    }
    complaints
}

/// Every banned word stands in the glossary's column of words that are not used.
#[must_use]
pub fn glossary(tree: &Tree) -> Vec<Complaint> {
    let text = tree.get(GLOSSARY).unwrap_or_default();
    let listed = |word: &str| {
        text.lines().filter(|l| l.starts_with('|')).any(|l| words(l).any(|w| w == word))
    };
    BANNED
        .iter()
        .filter(|(word, _)| !listed(word))
        .map(|(word, _)| Complaint::new(GLOSSARY, 0, format!("list `{word}` as a word not used")))
        .collect()
}

/// The name that a line of code defines.
fn defined(line: &str) -> Option<&str> {
    let mut all = words(line);
    while let Some(word) = all.next() {
        match word {
            "pub" | "crate" | "async" | "const" | "unsafe" | "in" | "super" => {}
            "fn" | "struct" | "enum" | "trait" | "mod" => return all.next(),
            _ => return None,
        }
    }
    None
}

/// The parts of a name in snake or camel case, in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            parts.push(String::new());
        }
        if c != '_'
            && let Some(last) = parts.last_mut()
        {
            last.extend(c.to_lowercase());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_word_for_a_thing_is_refused() {
        let code =
            "pub struct UpstreamPool;\npub(crate) async fn call_vendor() {}\nfn get_id() {}\n";
        let tree = Tree::of(&[("crates/outwright/src/a.rs", code)]);
        assert_eq!(definitions(&tree).len(), 3);
    }

    #[test]
    fn words_of_others_may_be_used() {
        let code = "fn f() { let endpoint = resolver.endpoint(); }\n";
        assert!(definitions(&Tree::of(&[("crates/outwright/src/a.rs", code)])).is_empty());
    }

    #[test]
    fn a_glossary_that_misses_a_word_is_refused() {
        assert_eq!(
            glossary(&Tree::of(&[(GLOSSARY, "| a | b | vendor |\n")])).len(),
            BANNED.len() - 1
        );
    }
}
