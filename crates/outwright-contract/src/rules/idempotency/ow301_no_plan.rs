//! OW301: a mutating operation without an idempotency plan.

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};

use super::key_header;

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

pub(super) fn check(view: &View<'_>, op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    if plan.is_none() && !op.node.broken_at(&["idempotency", "plan"]) && op.mutates() {
        let message = format!("`{}` changes something and has no idempotency plan", op.name);
        let label = "a timeout does not say whether it happened";
        let mut finding = Finding::new(&NO_PLAN, op.name_at, message).label(label);
        if let Some(attempts) = op.node.count::<u32>(&["retry", "attempts"])
            && attempts > 1
        {
            let effect =
                format!("up to {attempts} effects of one call (retry.attempts: {attempts})");
            finding = finding.note("effect", effect);
        }
        let (plan, known) = plan_for(view, op);
        if let Some(known) = known {
            finding = finding.note("note", known);
        }
        let repair = if op.node.has(&["idempotency"]) {
            op.suggest("name a plan", &["idempotency", "plan"], plan)
        } else if plan == "provider_key" {
            op.suggest("name a plan", &["idempotency"], "{ plan: provider_key, key: required }")
        } else {
            op.suggest("name a plan", &["idempotency"], format!("{{ plan: {plan} }}"))
        };
        out.push(finding.on(op.subject()).repair(repair));
    }
}

/// The provider's key where it takes one for this method, else one send; with what the facts say.
fn plan_for(view: &View<'_>, op: &Op) -> (&'static str, Option<String>) {
    let methods = view.root.words(&["idempotency", "methods"]);
    let method = op.method.as_ref().map_or("", http::Method::as_str);
    match key_header(view, op) {
        Some(header) if methods.is_empty() || methods.contains(&method) => {
            let field = view.root.word(&["idempotency", "header"]).unwrap_or(header.as_str());
            let kept = view.root.word(&["idempotency", "retention"]);
            let kept = kept.map(|time| format!(" for {time}")).unwrap_or_default();
            ("provider_key", Some(format!("the provider takes a key in `{field}`{kept}")))
        }
        Some(_) | None => ("once", None),
    }
}
