//! Rooms: a pattern each, under a head of fixed form, never one inside another.

use crate::source::{Source, contains_word};
use crate::tree::{Complaint, Tree};

/// The rooms of the engine.
pub const ROOMS: &[&str] = &[
    "admission",
    "breaker",
    "bulkhead",
    "cache",
    "classify",
    "credential",
    "deadline",
    "fallback",
    "idempotency",
    "ratelimit",
    "retry",
    "timeout",
];
/// The headings of a room's head, in this order.
pub const HEADINGS: &[&str] =
    &["Guards against", "Rule", "States", "Units and bounds", "Says", "Sources"];
const ENGINE: &str = "crates/outwright-core/src/";

/// Every room has exactly the six headings.
#[must_use]
pub fn heads(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for room in ROOMS {
        let path = format!("{ENGINE}{room}.rs");
        let Some(text) = tree.get(&path) else { continue };
        let found: Vec<&str> = text
            .lines()
            .take_while(|l| l.starts_with("//!"))
            .filter_map(|l| l.strip_prefix("//! # "))
            .collect();
        if found != HEADINGS {
            let what = format!("the head of a room has exactly the headings {HEADINGS:?}");
            complaints.push(Complaint::new(&path, 1, what));
        }
    }
    complaints
}

/// No room names another; only `call.rs` and `gates.rs` see several.
#[must_use]
pub fn apart(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in tree.rust() {
        let Some(own) = room_of(path) else { continue };
        for (n, line) in Source::product(text).code.lines().enumerate() {
            for other in ROOMS.iter().filter(|r| **r != own) {
                let named = contains_word(line, &format!("crate::{other}"));
                let grouped = line.contains("use crate::{") && contains_word(line, other);
                if named || grouped {
                    let what =
                        format!("room {own} imports room {other}: let gates or call join them");
                    complaints.push(Complaint::new(path, n + 1, what));
                }
            }
        }
    }
    complaints
}

fn room_of(path: &str) -> Option<&'static str> {
    let inside = path.strip_prefix(ENGINE)?;
    let first = inside.split('/').next()?.trim_end_matches(".rs");
    ROOMS.iter().find(|r| **r == first).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_without_sources_is_refused() {
        let head = "//! Breaker.\n//! # Guards against\n//! # Rule\n//! # States\n";
        let tree = Tree::of(&[("crates/outwright-core/src/breaker.rs", head)]);
        assert_eq!(heads(&tree).len(), 1);
    }

    #[test]
    fn a_complete_head_is_fine() {
        let head: String = HEADINGS.iter().map(|h| format!("//! # {h}\n//! words\n")).collect();
        let tree = Tree::of(&[("crates/outwright-core/src/breaker.rs", head.as_str())]);
        assert!(heads(&tree).is_empty());
    }

    #[test]
    fn a_room_inside_a_room_is_refused() {
        let code = "use crate::ratelimit::Window;\n";
        let room = Tree::of(&[("crates/outwright-core/src/breaker/probe.rs", code)]);
        let gates = Tree::of(&[("crates/outwright-core/src/gates.rs", code)]);
        assert_eq!(apart(&room).len(), 1);
        assert!(apart(&gates).is_empty());
    }
}
