//! OW902: an expired waiver.

use crate::edit::Repair;
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::units::date;

/// An expired waiver.
pub static EXPIRED: Rule = Rule {
    code: "OW902",
    severity: Severity::Error,
    waivable: false,
    title: "an expired waiver",
    what: "Finds a waiver whose last day is over.",
    why: "somebody answered for it until that day and no longer",
    help: "repair what it waives, or agree on another date with its owner",
    bad: r#"waivers:
  - { rule: OW203, place: operations, reason: "moving in winter", owner: shop, until: 2026-11-01 }
"#,
    good: r#"timeouts: { connect: 1s, first_byte: 2s, idle: 2s, attempt: 3s, total: 9s }
waivers:
  - { rule: OW203, place: operations, reason: "moving in winter", owner: shop, until: 2026-12-31 }
"#,
    sources: &["chosen"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for waiver in view.root.at(&["waivers"]).map(Node::items).unwrap_or_default() {
        if let Some(until) = waiver.read(&["until"], date)
            && view.options.today > until
            && let Some(node) = waiver.at(&["until"])
        {
            let rule = waiver.word(&["rule"]).unwrap_or("a rule");
            let message = format!("this waiver of {rule} has expired");
            let repair = Repair::suggest("remove it, and repair what it waived").remove(waiver.at);
            out.push(Finding::new(&EXPIRED, node.at, message).on("waivers").repair(repair));
        }
    }
}
