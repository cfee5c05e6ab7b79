//! OW302: a plan without its key.

use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};

use super::{needs_key, plan_at};

/// No key where the plan needs one.
pub static NO_KEY: Rule = Rule {
    code: "OW302",
    severity: Severity::Error,
    waivable: false,
    title: "a plan without its key",
    what: "Finds `plan: provider_key` and `plan: body_field` without a word on where the key comes from.",
    why: "without the same key on every attempt the provider cannot see a repeat",
    help: "add `key: required`, `key: per_call` or `key: { derive: [/order_id] }`",
    bad: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key }
",
    good: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
",
    sources: &["R-004", "R-150"],
};

pub(super) fn check(op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    if needs_key(plan) && !op.node.has(&["idempotency", "key"]) {
        let message = format!("`{}` does not say where its key comes from", op.name);
        let repair = op.suggest("let callers send it", &["idempotency", "key"], "required");
        out.push(Finding::new(&NO_KEY, plan_at(op), message).on(op.subject()).repair(repair));
    }
}
