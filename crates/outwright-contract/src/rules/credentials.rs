//! OW6xx: a secret has a slot, hosts, scopes, an age and a way to withdraw it.

mod ow601_literal;
mod ow602_query;
mod ow603_no_rotation;
mod ow604_hosts;
mod ow605_uncovered;
mod ow606_unused_scope;
mod ow607_environment;
mod ow608_unclear;
mod ow609_wide_host;
mod ow610_readable;
mod ow611_overlap;
mod ow612_wide_scope;
mod ow613_grant;
mod ow614_no_scopes;
mod ow615_old_age;
mod ow616_shared;

use super::format::{DANGLING, FORM};
use crate::edit::Repair;
use crate::effective::View;
use crate::finding::Finding;
use crate::node::{Entry, Node};
use crate::url;

pub use ow601_literal::LITERAL;
pub use ow602_query::QUERY;
pub use ow603_no_rotation::NO_ROTATION;
pub use ow604_hosts::HOSTS;
pub use ow605_uncovered::UNCOVERED;
pub use ow606_unused_scope::UNUSED_SCOPE;
pub use ow607_environment::ENVIRONMENT;
pub use ow608_unclear::UNCLEAR;
pub use ow609_wide_host::WIDE_HOST;
pub use ow610_readable::READABLE;
pub use ow611_overlap::OVERLAP;
pub use ow612_wide_scope::WIDE_SCOPE;
pub use ow613_grant::GRANT;
pub use ow614_no_scopes::NO_SCOPES;
pub use ow615_old_age::OLD_AGE;
pub use ow616_shared::SHARED;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for slot in view.credentials().iter().filter(|slot| !slot.value.broken()) {
        let subject = format!("credentials.{}", slot.key);
        let mut found = Vec::new();
        ow602_query::check(view, slot, &mut found);
        ow603_no_rotation::check(view, slot, &mut found);
        ow604_hosts::check(view, slot, &mut found);
        ow606_unused_scope::check(view, slot, &mut found);
        ow607_environment::check(view, slot, &mut found);
        ow609_wide_host::check(view, slot, &mut found);
        ow610_readable::check(slot, &mut found);
        ow611_overlap::check(view, slot, &mut found);
        ow613_grant::check(slot, &mut found);
        ow614_no_scopes::check(slot, &mut found);
        ow615_old_age::check(slot, &mut found);
        field(slot, &mut found);
        proofs(view, slot, &mut found);
        names(slot, &mut found);
        out.extend(found.into_iter().map(|finding| finding.on(subject.clone())));
    }
    ow609_wide_host::tenants(view, out);
    ow616_shared::check(view, out);
    for op in view.operations {
        if let Err(finding) = view.slot(op) {
            out.push((*finding).on(op.subject()));
        }
    }
}

/// The field of a credential is a header field.
fn field(slot: &Entry, out: &mut Vec<Finding>) {
    if let Some(node) = slot.value.at(&["inject", "header", "name"])
        && let Some(name) = node.text()
        && name.parse::<http::HeaderName>().is_err()
    {
        out.push(Finding::new(&FORM, node.at, format!("`{name}` is no header field")));
    }
}

/// Operations that prove or withdraw a version must exist; a proof only reads.
fn proofs(view: &View<'_>, slot: &Entry, out: &mut Vec<Finding>) {
    for path in [&["rotation", "verify"][..], &["revoke", "operation"]] {
        if let Some(node) = slot.value.at(path)
            && let Some(name) = node.text()
        {
            let op = view.operations.iter().find(|op| op.name == name);
            let reads = op.is_some_and(|op| {
                !op.mutates() && !op.template.as_deref().unwrap_or_default().contains('{')
            });
            if op.is_none() && view.nameless() {
                continue;
            }
            if op.is_none() {
                let message = format!("there is no operation `{name}`");
                let finding = Finding::new(&DANGLING, node.at, message);
                out.push(view.near_operation(finding, name));
            } else if path.first() == Some(&"rotation") && !reads {
                let message = format!("`{name}` is not a read without path parameters");
                let repair = Repair::suggest("leave the proof out").remove(node.at);
                out.push(Finding::new(&DANGLING, node.at, message).repair(repair));
            }
        }
    }
}

/// Hosts are names or addresses.
fn names(slot: &Entry, out: &mut Vec<Finding>) {
    for item in slot.value.at(&["hosts"]).map(Node::items).unwrap_or_default() {
        if let Some(text) = item.text()
            && !is_host(text)
        {
            let message = format!("`{}` is no host name", crate::shape::short(text));
            out.push(Finding::new(&FORM, item.at, message));
        }
    }
}

/// Whether a host of a slot is a name or an address, with or without a wildcard.
fn is_host(text: &str) -> bool {
    let bare = text.strip_prefix("*.").unwrap_or(text);
    bare.parse::<std::net::IpAddr>().is_ok() || url::host(bare).is_ok()
}

/// Whether a host of a slot covers a host.
pub(crate) fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => {
            host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
}
