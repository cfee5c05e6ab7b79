//! OW502: a mutation with a made-up success.

use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};

/// A mutation with a made-up success.
pub static MADE_UP: Rule = Rule {
    code: "OW502",
    severity: Severity::Error,
    waivable: false,
    title: "a mutation with a made-up success",
    what: "Finds a fallback on an operation that may change something.",
    why: "its caller would believe that it happened",
    help: "remove `fallback`, or set it to `none`",
    bad: r#"operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
    fallback: { static: { body: '{"ok":true}' } }
"#,
    good: "operations:
  create_order:
    request: POST /v1/orders
    idempotency: { plan: provider_key, key: required }
",
    sources: &["R-020", "OWASP ASVS 5.0 16.5.3"],
};

pub(super) fn check(op: &Op, out: &mut Vec<Finding>) {
    if let Some(node) = op.node.at(&["fallback"])
        && op.mutates()
        && node.text() != Some("none")
        && !node.broken()
        && !op.node.broken_at(&["idempotency", "plan"])
    {
        let message = format!("`{}` changes something and cannot have another answer", op.name);
        let repair = op.suggest("let a failure be a failure", &["fallback"], "none");
        out.push(Finding::new(&MADE_UP, node.at, message).on(op.subject()).repair(repair));
    }
}
