//! OW604: a credential that is not bound to its host.

use crate::edit::list;
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
    let host = view.base().map(|base| base.host);
    let hosts = items.iter().filter_map(Node::text).chain(host.as_deref());
    let hosts: Vec<&str> = hosts.collect();
    let path = ["credentials", slot.key.as_str(), "hosts"];
    let repair = view.suggest("name the host of `base_url`", &path, list(&hosts));
    if items.is_empty() {
        let message = format!("`{}` names no host", slot.key);
        let mut finding = Finding::new(&HOSTS, slot.key_at, message);
        finding.repair = host.is_some().then_some(repair);
        out.push(finding);
    } else if let Some(base) = view.base()
        && !items.iter().filter_map(Node::text).any(|host| covers(host, &base.host))
    {
        let message = format!("`{}` may not go to `{}`", slot.key, base.host);
        let at = listed.map_or(slot.key_at, |node| node.at);
        out.push(Finding::new(&HOSTS, at, message).repair(repair));
    }
}
