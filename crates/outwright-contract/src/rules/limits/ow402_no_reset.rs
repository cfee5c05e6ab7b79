//! OW402: a dialect without the unit of its reset.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};

/// `generic` without the unit of its reset.
pub static NO_RESET: Rule = Rule {
    code: "OW402",
    severity: Severity::Warning,
    waivable: true,
    title: "a dialect without the unit of its reset",
    what: "Finds `dialect: generic` without `reset`.",
    why: "the same number means seconds from now at one provider and seconds since 1970 at another; it is never guessed, so that the field is not used",
    help: "add `reset:` with one of epoch_s, epoch_ms, delta_s, delta_ms, duration, rfc3339",
    bad: "limits:
  dialect: generic
  windows:
    - { name: account, requests: 100, per: 1s }
",
    good: "limits:
  dialect: generic
  reset: delta_s
  windows:
    - { name: account, requests: 100, per: 1s }
",
    sources: &["R-022"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    if let Some(node) = view.root.at(&["limits", "dialect"])
        && node.text() == Some("generic")
        && !view.root.has(&["limits", "reset"])
    {
        let message = "`generic` does not say what its reset field counts";
        out.push(Finding::new(&NO_RESET, node.at, message).on("limits"));
    }
}
