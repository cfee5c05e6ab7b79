//! OW301: a mutating operation without an idempotency plan.

use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};

/// No plan on an operation that changes something.
pub static NO_PLAN: Rule = Rule {
    code: "OW301",
    severity: Severity::Error,
    waivable: false,
    title: "a mutating operation without an idempotency plan",
    what: "Finds an operation that may change something and has no plan: POST, PUT, PATCH and DELETE, unless it says that it only reads.",
    why: "a timeout does not say whether it happened, and a blind repeat may do it twice",
    help: "name a plan, such as `idempotency: { plan: provider_key, key: required }` or `idempotency: { plan: once }`",
    bad: "operations:
  create_order:
    request: POST /v1/orders
",
    good: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
",
    sources: &["R-004", "RFC 9110 section 9.2.2"],
};

pub(super) fn check(op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    if plan.is_none() && !op.node.broken_at(&["idempotency", "plan"]) && op.mutates() {
        let message = format!("`{}` changes something and has no idempotency plan", op.name);
        let label = "a timeout does not say whether it happened";
        out.push(Finding::new(&NO_PLAN, op.name_at, message).label(label).on(op.subject()));
    }
}
