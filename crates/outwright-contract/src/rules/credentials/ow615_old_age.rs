//! OW615: a credential that lives longer than a year.

use std::time::Duration;

use crate::finding::{Finding, Rule, Severity};
use crate::node::Entry;
use crate::units::{duration, show};

/// A credential that lives longer than a year.
pub static OLD_AGE: Rule = Rule {
    code: "OW615",
    severity: Severity::Warning,
    waivable: true,
    title: "a credential that lives longer than a year",
    what: "Finds `rotation.max_age` above 365d.",
    why: "a rotation that nobody has seen within a year does not work when it is needed",
    help: "lower `max_age`; 90d is usual",
    bad: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 730d }
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
    sources: &["R-008", "R-513", "OWASP Secrets Management Cheat Sheet 2.7"],
};

/// Longest life that still proves that rotation works (`credentials.md` 2: 365 days).
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

pub(super) fn check(slot: &Entry, out: &mut Vec<Finding>) {
    if let Some(node) = slot.value.at(&["rotation", "max_age"])
        && let Some(age) = slot.value.read(&["rotation", "max_age"], duration)
        && age > YEAR
    {
        let message = format!("a version of `{}` may live for {}", slot.key, show(age));
        out.push(Finding::new(&OLD_AGE, node.at, message));
    }
}
