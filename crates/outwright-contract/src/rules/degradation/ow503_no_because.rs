//! OW503: the provider's directive overridden without a reason.

use crate::edit::Repair;
use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};

/// A directive overridden without a reason.
pub static NO_BECAUSE: Rule = Rule {
    code: "OW503",
    severity: Severity::Error,
    waivable: true,
    title: "the provider's directive overridden without a reason",
    what: "Finds `despite` without a because.",
    why: "the provider said that the answer must not be kept",
    help: "add `because:`",
    bad: "operations:
  list_orders:
    request: GET /v1/orders
    fallback: { stale: 10m, despite: [no-store] }
",
    good: r#"operations:
  list_orders:
    request: GET /v1/orders
    fallback: { stale: 10m, despite: [no-store], because: "shown with its age in back office pages only" }
"#,
    sources: &["R-174", "RFC 9111 section 4.2.4"],
};

pub(super) fn check(op: &Op, out: &mut Vec<Finding>) {
    if let Some(node) = op.node.at(&["fallback"])
        && let Some(despite) = node.entry("despite")
        && !node.has(&["because"])
    {
        let repair = Repair::suggest("obey the provider, or say why not").remove(despite.key_at);
        let message = format!("`{}` overrides a directive without saying why", op.name);
        out.push(Finding::new(&NO_BECAUSE, node.at, message).on(op.subject()).repair(repair));
    }
}
