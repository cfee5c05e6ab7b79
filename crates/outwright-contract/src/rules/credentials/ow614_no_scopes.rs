//! OW614: a credential that does not say what it opens.

use crate::finding::{Finding, Rule, Severity};
use crate::node::Entry;

/// A credential that does not say what it opens.
pub static NO_SCOPES: Rule = Rule {
    code: "OW614",
    severity: Severity::Warning,
    waivable: true,
    title: "a credential that does not say what it opens",
    what: "Finds a credential without `scopes`, unless its tokens are asked for with scopes or an audience.",
    why: "nobody can say what a thief could do with it, or whether an operation may use it",
    help: "list its scopes and what each operation `needs`; `scopes: []` says that the provider's keys have none",
    bad: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
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

pub(super) fn check(slot: &Entry, out: &mut Vec<Finding>) {
    let oauth = ["scopes", "audience"].iter().any(|key| slot.value.has(&["inject", "oauth2", key]));
    if !slot.value.has(&["scopes"]) && !oauth {
        let message = format!("`{}` does not say which scopes it carries", slot.key);
        out.push(Finding::new(&NO_SCOPES, slot.key_at, message));
    }
}
