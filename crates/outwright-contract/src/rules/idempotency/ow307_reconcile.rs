//! OW307: a lookup that cannot work.

use crate::edit::Repair;
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
    let mut say = |place, message: String, repair: Option<Repair>| {
        let mut finding = Finding::new(&RECONCILE, place, message).on(op.subject());
        finding.repair = repair;
        out.push(finding);
    };
    let other = |at| {
        let reads =
            |op: &&Op| !op.mutates() && !op.template.as_deref().unwrap_or_default().contains('{');
        let read = view.operations.iter().find(reads)?;
        Some(Repair::suggest("name an operation that lists them").put(at, &*read.name))
    };
    match block {
        None if plan == Some("reconcile") => {
            let message = format!("`{}` does not say how to look whether it happened", op.name);
            let once = op.suggest("send it once", &["idempotency", "plan"], "once");
            say(op.name_at, message, Some(once));
        }
        None => {}
        Some(block) if block.broken() => {}
        Some(block) => {
            for (key, value) in [
                ("stamp", "{ form: \"metadata[call]\" }"),
                ("match", "{ \"/data/*/metadata/call\": \"{call}\" }"),
                ("visible_after", "1m"),
            ] {
                if !block.has(&[key]) {
                    let path = ["idempotency", "reconcile", key];
                    let repair = op.suggest("say it, as the provider needs it", &path, value);
                    let message = format!("the lookup of `{}` lacks `{key}`", op.name);
                    say(block.at, message, Some(repair));
                }
            }
            if let Some(name) = block.at(&["operation"])
                && let Some(text) = name.text()
            {
                match view.operations.iter().find(|o| o.name == text) {
                    None => {
                        say(name.at, format!("there is no operation `{text}`"), other(name.at));
                    }
                    Some(found) if found.mutates() => {
                        let message = format!("`{text}` changes something; a lookup only reads");
                        say(name.at, message, other(name.at));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}
