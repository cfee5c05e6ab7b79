//! OW403: a breaker that cannot work.

use crate::edit::Repair;
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::units::{duration, ratio, show};

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
    let mut say = |path: &[&str], message: &str, value: &str| {
        if let Some(node) = view.root.at(path) {
            let repair = Repair::suggest("use a figure that works").put(node.at, value);
            let finding = Finding::new(&BREAKER, node.at, message).on("breaker");
            out.push(finding.repair(repair));
        }
    };
    for (path, value) in [
        (&["breaker", "window"][..], "10s"),
        (&["breaker", "open", "base"], "2s"),
        (&["breaker", "open", "cap"], "60s"),
    ] {
        if view.root.read(path, duration).is_some_and(|d| d.is_zero()) {
            say(path, "a time of zero", value);
        }
    }
    if view.root.read(&["breaker", "failure_ratio"], ratio).is_some_and(|r| r <= 0.0) {
        let message = "a breaker that opens at 0% is never closed";
        say(&["breaker", "failure_ratio"], message, "90%");
    }
    let (base, cap) = view.breaker_open();
    let open = ["base", "cap"].map(|key| view.root.broken_at(&["breaker", "open", key]));
    if base > cap && open == [false, false] {
        let own = view.root.has(&["breaker", "open", "base"]) && !cap.is_zero();
        let (path, value) = if own { ("base", cap) } else { ("cap", base) };
        let message = "the first open time is above the longest one";
        say(&["breaker", "open", path], message, &show(value));
    }
}
