//! OW501: a read that does not say what happens without the provider.

use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};

/// A read without a fallback.
pub static NO_FALLBACK: Rule = Rule {
    code: "OW501",
    severity: Severity::Error,
    waivable: false,
    title: "a read that does not say what happens without the provider",
    what: "Finds a read without `fallback`.",
    why: "degradation that nobody decided is decided by an outage",
    help: "add `fallback: none`, `fallback: { stale: 10m }` or `fallback: { static: … }`",
    bad: "operations:
  list_orders:
    request: GET /v1/orders
",
    good: "operations:
  list_orders:
    request: GET /v1/orders
    fallback: none
",
    sources: &["R-020"],
};

pub(super) fn check(op: &Op, out: &mut Vec<Finding>) {
    if !op.mutates() && !op.node.has(&["fallback"]) && op.method.is_some() {
        let message = format!("`{}` reads and has no `fallback`", op.name);
        let repair = op.suggest("decide it", &["fallback"], "none");
        out.push(Finding::new(&NO_FALLBACK, op.name_at, message).on(op.subject()).repair(repair));
    }
}
