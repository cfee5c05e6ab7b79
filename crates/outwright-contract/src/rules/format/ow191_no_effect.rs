//! OW191: without effect in this version.

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;

/// A feature that this version leaves out honestly.
pub static NO_EFFECT: Rule = Rule {
    code: "OW191",
    severity: Severity::Warning,
    waivable: true,
    title: "without effect in this version",
    what: "Finds what this version leaves out without a risk.",
    why: "this version leaves it out; what happens instead is safe",
    help: "nothing has to be changed",
    bad: "limits:
  windows:
    - { name: orders, requests: 100, per: 1s, scope: operation, operations: [list_orders] }
",
    good: "limits:
  windows:
    - { name: orders, requests: 100, per: 1s, operations: [list_orders] }
",
    sources: &["chosen"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        operation(op, out);
    }
    for window in view.root.at(&["limits", "windows"]).map(Node::items).unwrap_or_default() {
        if let Some(node) = window.at(&["scope"])
            && node.text() == Some("operation")
        {
            let message =
                "this version counts all operations of the window together, which is stricter";
            out.push(Finding::new(&NO_EFFECT, node.at, message).on("limits"));
        }
    }
}

fn operation(op: &Op, out: &mut Vec<Finding>) {
    let plan = op.node.word(&["idempotency", "plan"]);
    if let Some(entry) = op.node.entry_at(&["idempotency", "reconcile"]) {
        let message = if plan == Some("reconcile") {
            format!(
                "this version does not look whether `{}` happened: it sends once, and leaves a doubt as unknown",
                op.name
            )
        } else {
            format!(
                "this version does not look whether `{}` happened once its key may be forgotten",
                op.name
            )
        };
        out.push(Finding::new(&NO_EFFECT, entry.key_at, message).on(op.subject()));
    }
    if let Some(node) = op.node.at(&["on_store_down"]) {
        let message = "this version has no store that could be down";
        out.push(Finding::new(&NO_EFFECT, node.at, message).on(op.subject()));
    }
}
