//! OW306: a key per call protects our own attempts only.

use crate::edit::Repair;
use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};

/// `per_call` protects own attempts only.
pub static PER_CALL: Rule = Rule {
    code: "OW306",
    severity: Severity::Warning,
    waivable: true,
    title: "a key per call protects our own attempts only",
    what: "Finds `key: per_call`.",
    why: "a caller that repeats its call gets another key, so that the provider does it again",
    help: "let callers send `Idempotency-Key` (`key: required`), or derive it from the body (`key: { derive: [/order_id] }`)",
    bad: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: per_call }
",
    good: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
",
    sources: &["R-150", "R-151"],
};

pub(super) fn check(op: &Op, out: &mut Vec<Finding>) {
    if let Some(node) = op.node.at(&["idempotency", "key"])
        && node.text() == Some("per_call")
    {
        let message = format!("a caller of `{}` that repeats its call gets another key", op.name);
        let repair = Repair::suggest("let callers send it").put(node.at, "required");
        out.push(Finding::new(&PER_CALL, node.at, message).on(op.subject()).repair(repair));
    }
}
