//! OW606: a scope that no operation needs.

use crate::edit::Repair;
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::{Entry, Node};

use super::ow612_wide_scope;

/// A scope that no operation needs.
pub static UNUSED_SCOPE: Rule = Rule {
    code: "OW606",
    severity: Severity::Warning,
    waivable: true,
    title: "a scope that no operation needs",
    what: "Finds a scope of a credential that no operation needs; one for everything is another rule.",
    why: "what nobody needs only helps a thief",
    help: "ask the provider for a narrower credential, or name the operation that needs it",
    bad: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: [orders:refund]
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
",
    good: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
",
    sources: &["R-017", "RFC 9700 section 2.3", "OWASP ASVS 5.0 10.2.3"],
};

pub(super) fn check(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    if view.nameless() || view.operations.iter().any(|op| op.node.holes(&["needs"])) {
        return;
    }
    for scope in slot.value.at(&["scopes"]).map(Node::items).unwrap_or_default() {
        if let Some(text) = scope.text()
            && !view.operations.iter().any(|op| op.node.words(&["needs"]).contains(&text))
        {
            let message = || format!("no operation needs `{}`", crate::shape::short(text));
            let wide = ow612_wide_scope::finding(text, scope.at);
            let finding = wide.unwrap_or_else(|| Finding::new(&UNUSED_SCOPE, scope.at, message()));
            let repair = Repair::suggest("once the credential is narrower, leave it out");
            out.push(finding.repair(repair.remove(scope.at)));
        }
    }
}
