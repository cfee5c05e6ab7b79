//! OW709: an exception for more than a partner's network.

use std::net::IpAddr;

use outwright_core::provider::Network;

use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;
use crate::units::network;

/// An exception for more than a partner's network.
pub static WIDE_PRIVATE: Rule = Rule {
    code: "OW709",
    severity: Severity::Warning,
    waivable: true,
    title: "an exception for more than a partner's network",
    what: "Finds a network of `egress.private` that is larger than a /16 (IPv6: a /48), and one that holds the addresses under which clouds give their machines credentials.\nLoopback may be named as a whole.",
    why: "behind the exception stand our own machines, which a name in the provider's hand could then reach",
    help: "name the partner's network only, such as `private: [10.1.0.0/16]`",
    bad: "egress: { private: [10.0.0.0/8] }
",
    good: "egress: { private: [10.1.0.0/16] }
",
    sources: &[
        "R-545",
        "R-542",
        "OWASP Server-Side Request Forgery Prevention Cheat Sheet",
        "chosen: the sizes",
    ],
};

/// Largest network of an exception, in bits of its prefix: IPv4 and IPv6 (chosen: a site).
const PREFIX_MIN: (u8, u8) = (16, 48);
/// Where clouds give their machines credentials (AWS, Google Cloud, Azure; AWS over IPv6).
const METADATA: [&str; 2] = ["169.254.169.254", "fd00:ec2::254"];

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for item in view.root.at(&["egress", "private"]).map(Node::items).unwrap_or_default() {
        let Some(network) = item.text().and_then(|text| network(text).ok()) else { continue };
        if let Some(why) = too_wide(&network) {
            let text = item.text().unwrap_or_default();
            let message = format!("`{}` {why}", crate::shape::short(text));
            out.push(Finding::new(&WIDE_PRIVATE, item.at, message).on("egress.private"));
        }
    }
}

fn too_wide(network: &Network) -> Option<&'static str> {
    let metadata = METADATA.iter().filter_map(|text| text.parse::<IpAddr>().ok());
    if metadata.into_iter().any(|address| network.contains(address)) {
        return Some("holds the metadata service of a cloud");
    }
    let (four, six) = PREFIX_MIN;
    let least = if network.address.is_ipv4() { four } else { six };
    // 127.0.0.0/8 is loopback as a whole.
    let loopback = network.address.is_loopback() && (network.prefix >= 8);
    (network.prefix < least && !loopback).then_some("is larger than the site of a partner")
}
