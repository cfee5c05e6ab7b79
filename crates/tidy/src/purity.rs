//! Crates that decide touch no clock, chance, environment, file, socket or thread.
//!
//! Clippy bans the calls by type; this check reads the text, so that neither can be lost alone.

use crate::source::{Source, contains_word};
use crate::tree::{Complaint, Tree, crate_of, is_test};

/// Crates that touch no world.
pub const PURE: &[&str] = &[
    "outwright-core",
    "outwright-contract",
    "outwright-sim",
    "outwright-render",
    "outwright-verify",
];
/// Of those, crates in which the order of a map could reach a decision.
const ORDERED: &[&str] = &["outwright-core", "outwright-sim"];

/// Words of the world, and what to do instead.
const WORLD: &[(&str, &str)] = &[
    ("Instant::now", "take `now: Mono` as an argument"),
    ("SystemTime", "take `Timestamp` as an argument"),
    ("std::env", "take the value as an argument"),
    ("std::fs", "take the text as an argument; the caller reads"),
    ("File::open", "take the text as an argument; the caller reads"),
    ("TcpStream", "return an action; the driver sends"),
    ("TcpListener", "return an action; the driver serves"),
    ("UdpSocket", "return an action; the driver sends"),
    ("std::process", "return an action; the driver runs it"),
    ("thread::spawn", "no threads here"),
    ("thread::scope", "no threads here"),
    ("thread::sleep", "nothing waits here"),
    ("thread_local", "no process-wide state"),
    ("tokio", "no async here"),
    ("getrandom", "take a `Draw` as an argument"),
    ("Uuid::new_v4", "take a `Draw` as an argument"),
    ("Uuid::now_v7", "take a `Draw` as an argument"),
];
const UNORDERED: &[(&str, &str)] = &[
    ("HashMap", "use a BTreeMap or a Vec: the order of a HashMap differs from run to run"),
    ("HashSet", "use a BTreeSet or a Vec: the order of a HashSet differs from run to run"),
];

/// The text of pure crates names nothing of the world outside tests.
#[must_use]
pub fn world(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in tree.rust() {
        let Some(name) = crate_of(path).filter(|c| PURE.contains(c)) else { continue };
        if is_test(path) || path.ends_with("/build.rs") {
            continue;
        }
        let unordered = if ORDERED.contains(&name) { UNORDERED } else { &[] };
        for (n, line) in Source::product(text).code.lines().enumerate() {
            for (word, instead) in WORLD.iter().chain(unordered) {
                // Whether this thread unwinds is asked by assertions on drop; it touches no world.
                let asked = line.contains("std::thread::panicking()");
                if contains_word(line, word) && !asked {
                    let what = format!("`{word}` in a pure crate: {instead}");
                    complaints.push(Complaint::new(path, n + 1, what));
                }
            }
        }
    }
    complaints
}

/// Every pure crate has a `clippy.toml` with the bans, and repeats the thresholds of the root.
///
/// Clippy reads the nearest file only, so a threshold that is not repeated is lost.
#[must_use]
pub fn clippy_files(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let root = tree.get("clippy.toml").unwrap_or_default();
    for name in PURE {
        if !tree.has(&format!("crates/{name}/Cargo.toml")) {
            continue;
        }
        let path = format!("crates/{name}/clippy.toml");
        let text = tree.get(&path).unwrap_or_default();
        for line in root.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            if !text.lines().any(|l| l == line) {
                complaints.push(Complaint::new(&path, 0, format!("repeat `{line}` of the root")));
            }
        }
        let mut bans =
            vec!["Instant::now", "SystemTime::now", "std::env::var", "std::thread::sleep"];
        bans.extend(["std::fs::read", "std::net::TcpStream"]);
        if ORDERED.contains(name) {
            bans.push("std::collections::HashMap");
        }
        for ban in bans {
            if !text.contains(ban) {
                complaints.push(Complaint::new(&path, 0, format!("ban `{ban}`")));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(code: &str) -> usize {
        world(&Tree::of(&[("crates/outwright-core/src/breaker.rs", code)])).len()
    }

    #[test]
    fn each_word_of_the_world_is_refused_in_core() {
        for (word, _) in WORLD.iter().chain(UNORDERED) {
            assert_eq!(complaints(&format!("fn f() {{ {word}(); }}\n")), 1, "{word}");
        }
    }

    #[test]
    fn a_word_in_a_comment_or_in_tests_is_fine() {
        assert_eq!(complaints("// no Instant::now here\n"), 0);
        assert_eq!(complaints("#[cfg(test)]\nmod tests {\n use std::env;\n}\n"), 0);
    }

    #[test]
    fn the_driver_may_know_the_time() {
        let tree = Tree::of(&[("crates/outwright/src/clock.rs", "fn f() { Instant::now(); }\n")]);
        assert!(world(&tree).is_empty());
    }

    #[test]
    fn a_pure_crate_without_its_bans_is_refused() {
        let tree = Tree::of(&[
            ("clippy.toml", "too-many-lines-threshold = 70\n"),
            ("crates/outwright-core/Cargo.toml", ""),
        ]);
        assert!(clippy_files(&tree).len() > 5);
    }
}
