//! OW304: a plan that the method contradicts.

use crate::edit::Repair;
use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};

/// A plan that the method contradicts.
pub static PLAN_AND_METHOD: Rule = Rule {
    code: "OW304",
    severity: Severity::Error,
    waivable: true,
    title: "a plan that the method contradicts",
    what: "Finds `plan: safe` on PUT, PATCH and DELETE, and `plan: repeatable` on POST and PATCH without a because.",
    why: "POST and PATCH are not repeatable by themselves (RFC 9110 section 9.2.2), and PUT, PATCH and DELETE do not only read",
    help: "choose another plan, or say `because:` under `idempotency`",
    bad: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: repeatable }
",
    good: r#"operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: repeatable, because: "an order with the same number replaces the first" }
"#,
    sources: &["R-004", "R-005", "RFC 9110 section 9.2.2"],
};

pub(super) fn check(op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    let (Some(plan), Some(method)) = (plan, &op.method) else { return };
    let because = op.node.has(&["idempotency", "because"]);
    let wrong = match plan {
        "safe" => matches!(method.as_str(), "PUT" | "PATCH" | "DELETE"),
        "repeatable" => !because && matches!(method.as_str(), "POST" | "PATCH"),
        _ => false,
    };
    if wrong && let Some(node) = op.node.at(&["idempotency", "plan"]) {
        let message = format!("`{}` is {method}, which is not {plan} by itself", op.name);
        let other = if matches!(method.as_str(), "PUT" | "DELETE") { "repeatable" } else { "once" };
        let repair = Repair::suggest("choose the plan of the method").put(node.at, other);
        let finding = Finding::new(&PLAN_AND_METHOD, node.at, message).on(op.subject());
        out.push(finding.repair(repair));
    }
}
