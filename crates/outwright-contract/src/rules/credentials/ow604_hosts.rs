//! OW604: a credential that is not bound to its host.

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::{Entry, Node};

use super::covers;

/// A credential that is not bound to the provider's host.
pub static HOSTS: Rule = Rule {
    code: "OW604",
    severity: Severity::Error,
    waivable: false,
    title: "a credential that is not bound to its host",
    what: "Finds a credential without hosts, and one whose hosts do not hold the host of `base_url`.",
    why: "a credential goes only to the hosts that its slot names",
    help: "add `hosts:` with the host of `base_url`",
    bad: "credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [api.other.example]
    scopes: []
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
    sources: &["R-502", "OWASP ASVS 5.0 13.2.4"],
};

pub(super) fn check(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    let listed = slot.value.at(&["hosts"]);
    if slot.value.holes(&["hosts"]) {
        return;
    }
    let items = listed.map(Node::items).unwrap_or_default();
    if items.is_empty() {
        let message = format!("`{}` names no host", slot.key);
        out.push(Finding::new(&HOSTS, slot.key_at, message));
    } else if let Some(base) = view.base()
        && !items.iter().filter_map(Node::text).any(|host| covers(host, &base.host))
    {
        let message = format!("`{}` may not go to `{}`", slot.key, base.host);
        let at = listed.map_or(slot.key_at, |node| node.at);
        out.push(Finding::new(&HOSTS, at, message));
    }
}
