//! OW703: an address as host.

use outwright_core::provider::Base;

use crate::edit::list;
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::source::Place;
use crate::units::network;

/// An address as host.
pub static ADDRESS: Rule = Rule {
    code: "OW703",
    severity: Severity::Error,
    waivable: true,
    title: "an address as host",
    what: "Finds an address in `base_url` that no network of `egress.private` holds.",
    why: "an address says nothing about who answers, and may lead into our own network",
    help: "use a name, or list the network under `egress: { private: [...] }`",
    bad: "base_url: https://10.1.2.3
credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [10.1.2.3]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
",
    good: "base_url: https://10.1.2.3
credentials:
  main:
    source: { file: /run/secrets/acme }
    inject: { bearer: {} }
    hosts: [10.1.2.3]
    scopes: []
    rotation: { strategy: dual, max_age: 90d }
    revoke: { manual: https://acme.example/keys }
egress: { private: [10.1.0.0/16] }
",
    sources: &["R-011", "R-545"],
};

pub(super) fn check(view: &View<'_>, base: &Base, at: Place, out: &mut Vec<Finding>) {
    let Ok(address) = base.host.parse::<std::net::IpAddr>() else { return };
    let listed = view.root.at(&["egress", "private"]).map(Node::items).unwrap_or_default();
    let opted = listed.iter().filter_map(|n| network(n.text()?).ok()).any(|n| n.contains(address));
    if !opted {
        let message =
            format!("`{address}` is an address, and no network of `egress.private` holds it");
        let own = address.to_string();
        let networks: Vec<&str> =
            listed.iter().filter_map(Node::text).chain([own.as_str()]).collect();
        let repair = view.suggest("list its network", &["egress", "private"], list(&networks));
        out.push(Finding::new(&ADDRESS, at, message).on("base_url").repair(repair));
    }
}
