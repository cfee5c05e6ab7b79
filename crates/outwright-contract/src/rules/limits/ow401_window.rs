//! OW401: a rate window that is not usable.

use crate::edit::{Repair, Within};
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::units::duration;

/// A rate window that is not usable.
pub static WINDOW: Rule = Rule {
    code: "OW401",
    severity: Severity::Error,
    waivable: false,
    title: "a rate window that is not usable",
    what: "Finds a rate window of no time, and two windows of one name.",
    why: "a quota without requests, time or operations guards nothing",
    help: "give it requests, a time above zero and operations that exist",
    bad: "limits:
  windows:
    - { name: account, requests: 100, per: 0s }
",
    good: "limits:
  windows:
    - { name: account, requests: 100, per: 1s }
",
    sources: &["R-022"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let mut seen: Vec<&str> = Vec::new();
    for window in view.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default() {
        if window.read(&["per"], duration).is_some_and(|per| per.is_zero()) {
            let repair =
                Repair::suggest("say in how much time").add(Within::Map(window.at), &["per"], "1s");
            let finding = Finding::new(&WINDOW, window.at, "a window of no time").on("limits");
            out.push(finding.repair(repair));
        }
        let Some(name) = window.word(&["name"]) else { continue };
        if seen.contains(&name) {
            let message = format!("two windows are called `{name}`");
            let repair = Repair::suggest("give it a name of its own").add(
                Within::Map(window.at),
                &["name"],
                format!("{name}_{}", seen.len() + 1),
            );
            let finding = Finding::new(&WINDOW, window.at, message).on("limits");
            out.push(finding.repair(repair));
        }
        seen.push(name);
    }
}
