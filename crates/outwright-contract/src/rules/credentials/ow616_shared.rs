//! OW616: one secret in two environments.

use std::collections::BTreeMap;

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::{Kind, Node};

/// One secret in two environments.
pub static SHARED: Rule = Rule {
    code: "OW616",
    severity: Severity::Warning,
    waivable: true,
    title: "one secret in two environments",
    what: "Finds an environment that reads a credential from where the contract or another environment reads it too; one with the same `base_url` may inherit it.\nWhether two files hold the same secret is not seen here: `check` opens no secret.",
    why: "whoever holds the key of the test system then holds that of production",
    help: "name another `source:` for the credential in the environment",
    bad: "environments:
  sandbox: { base_url: https://sandbox.acme.example, credentials: { main: { hosts: [sandbox.acme.example] } } }
",
    good: "environments:
  sandbox:
    base_url: https://sandbox.acme.example
    credentials: { main: { source: { file: /run/secrets/acme-sandbox }, hosts: [sandbox.acme.example] } }
",
    sources: &["R-518", "OWASP Secrets Management Cheat Sheet 6.3"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for slot in view.contract.at(&["credentials"]).map(Node::entries).unwrap_or_default() {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        if let Some(own) = slot.value.at(&["source"]) {
            seen.insert(spelled(own), "the contract itself");
        }
        for environment in view.environments() {
            let other = environment.value.at(&["credentials", &slot.key, "source"]);
            // At the same address it is the same system.
            let base = environment.value.word(&["base_url"]);
            let elsewhere = base.is_some() && base != view.contract.word(&["base_url"]);
            let inherited = slot.value.at(&["source"]).filter(|_| elsewhere);
            let Some(source) = other.or(inherited).map(spelled) else { continue };
            let Some(first) = seen.insert(source, &environment.key) else { continue };
            let message = format!("`{}` has the `{}` of {first}", environment.key, slot.key);
            let at = other.map_or(environment.key_at, |node| node.at);
            out.push(Finding::new(&SHARED, at, message).on(format!("credentials.{}", slot.key)));
        }
    }
}

/// A source in one spelling, without what does not say where it is.
fn spelled(node: &Node) -> String {
    match &node.kind {
        Kind::Map(entries) => {
            let place = |key: &str| !matches!(key, "mode_ok" | "because" | "delay");
            let parts = entries.iter().filter(|e| place(&e.key));
            parts.map(|e| format!("{}={};", e.key, spelled(&e.value))).collect()
        }
        Kind::List(items) => items.iter().map(|item| format!("{},", spelled(item))).collect(),
        Kind::Scalar { text, .. } => text.clone(),
        Kind::Empty | Kind::Broken | Kind::Undecided => String::new(),
    }
}
