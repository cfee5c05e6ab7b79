//! OW603: a static credential without rotation or revocation.

use crate::edit::Repair;
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Entry;

/// A static credential that nobody renews or withdraws.
pub static NO_ROTATION: Rule = Rule {
    code: "OW603",
    severity: Severity::Error,
    waivable: true,
    title: "a static credential without rotation or revocation",
    what: "Finds a credential that is not issued by a token service and lacks `rotation`, its `max_age` or `revoke`.",
    why: "a secret that nobody renews leaks some day, and then nobody knows how to withdraw it",
    help: "add `rotation: { strategy: dual, max_age: 90d, overlap: 24h, verify: OPERATION }` and `revoke: { manual: URL }`",
    bad: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
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
    sources: &[
        "R-008",
        "OWASP Secrets Management Cheat Sheet 2.7 and 2.11",
        "OWASP ASVS 5.0 13.3.4",
    ],
};

pub(super) fn check(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    if slot.value.has(&["inject", "oauth2"]) || slot.value.broken_at(&["inject"]) {
        return;
    }
    let lacking: Vec<_> = [&["rotation"][..], &["rotation", "max_age"], &["revoke"]]
        .into_iter()
        .filter(|path| !slot.value.has(path) && !slot.value.broken_at(path))
        .map(|path| path.join("."))
        .collect();
    if !lacking.is_empty() {
        let message = format!("`{}` has no {}", slot.key, lacking.join(", "));
        let mut repair = Repair::suggest("say how it is renewed and withdrawn");
        let runbook = format!("{{ manual: docs/runbooks/{}.md }}", view.name);
        for (path, value) in [
            (&["rotation", "strategy"][..], "dual"),
            (&["rotation", "max_age"], "90d"),
            (&["revoke"], runbook.as_str()),
        ] {
            if !slot.value.has(path) {
                let path = [&["credentials", slot.key.as_str()], path].concat();
                repair = repair.add(view.file(), &path, value);
            }
        }
        out.push(Finding::new(&NO_ROTATION, slot.key_at, message).repair(repair));
    }
}
