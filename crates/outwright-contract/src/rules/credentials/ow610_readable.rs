//! OW610: a readable secret accepted without a reason.

use crate::edit::Repair;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Entry;

/// A readable file accepted without a reason.
pub static READABLE: Rule = Rule {
    code: "OW610",
    severity: Severity::Error,
    waivable: true,
    title: "a readable secret accepted without a reason",
    what: "Finds `mode_ok: true` without a because.",
    why: "others on the machine can read it",
    help: "add `because:` beside `mode_ok`",
    bad: "credentials:
  main:
    source: { file: /run/secrets/acme, mode_ok: true }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
",
    good: r#"credentials:
  main:
    source: { file: /run/secrets/acme, mode_ok: true, because: "the volume has one mode for all" }
    inject: { bearer: {} }
    hosts: [api.acme.example]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
"#,
    sources: &["R-502"],
};

pub(super) fn check(slot: &Entry, out: &mut Vec<Finding>) {
    if let Some(entry) = slot.value.entry_at(&["source", "mode_ok"])
        && entry.value.text() == Some("true")
        && !slot.value.has(&["source", "because"])
    {
        let message = format!("`{}` accepts a file that others can read", slot.key);
        let repair = Repair::suggest("accept no such file, or say why").remove(entry.key_at);
        out.push(Finding::new(&READABLE, entry.key_at, message).repair(repair));
    }
}
