//! OW403: a breaker that cannot work.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::units::{duration, ratio};

/// Breaker parameters that are not usable.
pub static BREAKER: Rule = Rule {
    code: "OW403",
    severity: Severity::Error,
    waivable: false,
    title: "a breaker that cannot work",
    what: "Finds a window or an open time of zero, a ratio of 0%, and a first open time above the longest.",
    why: "it would never open, never close or open at once",
    help: "keep window, open times and ratio above zero, and open.base at most open.cap",
    bad: "breaker: { failure_ratio: 0% }
",
    good: "breaker: { failure_ratio: 90% }
",
    sources: &["Azure Architecture Center, Circuit Breaker pattern"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let mut say = |path: &[&str], message: &str| {
        if let Some(node) = view.root.at(path) {
            out.push(Finding::new(&BREAKER, node.at, message).on("breaker"));
        }
    };
    for path in
        [&["breaker", "window"][..], &["breaker", "open", "base"], &["breaker", "open", "cap"]]
    {
        if view.root.read(path, duration).is_some_and(|d| d.is_zero()) {
            say(path, "a time of zero");
        }
    }
    if view.root.read(&["breaker", "failure_ratio"], ratio).is_some_and(|r| r <= 0.0) {
        say(&["breaker", "failure_ratio"], "a breaker that opens at 0% is never closed");
    }
    let (base, cap) = view.breaker_open();
    let open = ["base", "cap"].map(|key| view.root.broken_at(&["breaker", "open", key]));
    if base > cap && open == [false, false] {
        let path = if view.root.has(&["breaker", "open", "base"]) { "base" } else { "cap" };
        say(&["breaker", "open", path], "the first open time is above the longest one");
    }
}
