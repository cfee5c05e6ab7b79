//! OW307: a lookup that cannot work.

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};

/// `reconcile` without what it needs.
pub static RECONCILE: Rule = Rule {
    code: "OW307",
    severity: Severity::Error,
    waivable: false,
    title: "a lookup that cannot work",
    what: "Finds a lookup without its operation, its mark, what must match or when an absence counts, and one that would change something.",
    why: "to find out whether it happened, outwright needs an operation to ask, a mark to look for and the time after which an absence counts",
    help: "add `operation`, `stamp`, `match` and `visible_after` under `reconcile`",
    bad: r#"operations:
  list_orders:
    request: GET /v1/orders
    fallback: none
  create_order:
    request: POST /v1/orders
    idempotency:
      plan: provider_key
      key: required
      reconcile: { operation: list_orders, match: { "/data/*/note": "{call}" } }
"#,
    good: r#"operations:
  list_orders:
    request: GET /v1/orders
    fallback: none
  create_order:
    request: POST /v1/orders
    idempotency:
      plan: provider_key
      key: required
      reconcile: { operation: list_orders, stamp: { json: /note }, match: { "/data/*/note": "{call}" }, visible_after: 1m }
"#,
    sources: &["R-004"],
};

pub(super) fn check(view: &View<'_>, op: &Op, plan: Option<&str>, out: &mut Vec<Finding>) {
    let block = op.node.at(&["idempotency", "reconcile"]);
    let mut say = |place, message: String| {
        out.push(Finding::new(&RECONCILE, place, message).on(op.subject()));
    };
    match block {
        None if plan == Some("reconcile") => {
            say(op.name_at, format!("`{}` does not say how to look whether it happened", op.name));
        }
        None => {}
        Some(block) if block.broken() => {}
        Some(block) => {
            for key in ["stamp", "match", "visible_after"] {
                if !block.has(&[key]) {
                    say(block.at, format!("the lookup of `{}` lacks `{key}`", op.name));
                }
            }
            if let Some(name) = block.at(&["operation"])
                && let Some(text) = name.text()
            {
                match view.operations.iter().find(|o| o.name == text) {
                    None => say(name.at, format!("there is no operation `{text}`")),
                    Some(found) if found.mutates() => {
                        say(name.at, format!("`{text}` changes something; a lookup only reads"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}
