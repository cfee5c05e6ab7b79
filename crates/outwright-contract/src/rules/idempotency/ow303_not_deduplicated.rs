//! OW303: nothing says how the provider deduplicates.

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};

use super::{key_field, key_header, needs_key, plan_at};

/// A plan that the facts do not bear.
pub static NOT_DEDUPLICATED: Rule = Rule {
    code: "OW303",
    severity: Severity::Error,
    waivable: false,
    title: "nothing says how the provider deduplicates",
    what: "Finds a key that has no field to travel in, and one for a method that the provider does not deduplicate.",
    why: "the key must travel where the provider looks for it, for a method that it deduplicates",
    help: "name it in the facts (`idempotency: { header: Idempotency-Key, methods: [POST], retention: 24h }`) or in the operation (`header:` or `field:`)",
    bad: "idempotency: { header: Idempotency-Key, methods: [PUT] }
operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
",
    good: "idempotency: { header: Idempotency-Key, methods: [POST] }
operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
",
    sources: &["R-152", "R-153"],
};

pub(super) fn check(view: &View<'_>, op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    let lacks = match plan {
        Some("provider_key") => key_header(view, op).is_none() && !open(view, op, "header"),
        Some("body_field") => key_field(view, op).is_none() && !open(view, op, "field"),
        Some(_) | None => false,
    };
    if lacks {
        let (what, key, value) = match plan {
            Some("body_field") => ("field", "field", "/idempotency_key"),
            Some(_) | None => ("header field", "header", "Idempotency-Key"),
        };
        let message = format!("no {what} is known that carries the key of `{}`", op.name);
        let repair =
            op.suggest("name it, as the provider documents it", &["idempotency", key], value);
        let finding = Finding::new(&NOT_DEDUPLICATED, plan_at(op), message).on(op.subject());
        out.push(finding.repair(repair));
    } else if needs_key(plan) {
        other_method(view, op, out);
    }
}

/// Whether what carries the key is named, but cannot be read or is undecided.
fn open(view: &View<'_>, op: &Op, key: &str) -> bool {
    let path = ["idempotency", key];
    op.node.broken_at(&path) || view.root.broken_at(&path)
}

/// A key where the provider does not look for it; an operation that names its own field knows better.
fn other_method(view: &View<'_>, op: &Op, out: &mut Vec<Finding>) {
    let methods = view.root.words(&["idempotency", "methods"]);
    let Some(method) = op.method.as_ref().map(http::Method::as_str) else { return };
    let own = op.node.has(&["idempotency", "header"]) || op.node.has(&["idempotency", "field"]);
    if own || methods.is_empty() || methods.contains(&method) {
        return;
    }
    let listed = methods.join(", ");
    let message = format!("the provider deduplicates {listed}, but `{}` is {method}", op.name);
    let repair = op.suggest("send it once", &["idempotency"], "{ plan: once }");
    let mut finding =
        Finding::new(&NOT_DEDUPLICATED, plan_at(op), message).on(op.subject()).repair(repair);
    if let Some(node) = view.root.at(&["idempotency", "methods"]) {
        finding = finding.see(node.at, "these methods");
    }
    out.push(finding);
}
