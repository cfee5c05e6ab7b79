//! OW1xx: what a contract is written like, and what this version can execute of it.

mod ow101_not_readable;
mod ow102_unknown_key;
mod ow103_duplicate_key;
mod ow104_anchor;
mod ow105_bounds;
mod ow106_brace;
mod ow107_form;
mod ow108_missing_key;
mod ow109_provider_twice;
mod ow110_dangling;
mod ow111_tab;
mod ow112_unsourced;
mod ow113_open;
mod ow190_not_executable;
mod ow191_no_effect;

use crate::effective::View;
use crate::finding::Finding;
use crate::node::Node;
use crate::units::pointer;

pub use ow101_not_readable::SYNTAX;
pub use ow102_unknown_key::UNKNOWN;
pub use ow103_duplicate_key::DUPLICATE;
pub use ow104_anchor::ANCHOR;
pub use ow105_bounds::BOUNDS;
pub use ow106_brace::BRACE;
pub use ow107_form::FORM;
pub use ow108_missing_key::MISSING;
pub use ow109_provider_twice::TWICE;
pub use ow110_dangling::DANGLING;
pub use ow111_tab::TAB;
pub use ow112_unsourced::UNSOURCED;
pub use ow113_open::OPEN;
pub use ow190_not_executable::NOT_EXECUTABLE;
pub use ow191_no_effect::NO_EFFECT;

/// What only the merged contract shows; the rest is found where texts are read.
pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    ow190_not_executable::check(view, out);
    ow191_no_effect::check(view, out);
    fields(view, out);
    links(view, out);
    ow112_unsourced::check(view, out);
}

/// Fields that belong to the connection or to the framing of a message: no contract may write them (RFC 9110 section 7.6.1).
const FRAMING: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn fields(view: &View<'_>, out: &mut Vec<Finding>) {
    let own = view.operations.iter().filter_map(|op| op.node.at(&["idempotency", "header"]));
    let slots =
        view.credentials().iter().filter_map(|slot| slot.value.at(&["inject", "header", "name"]));
    let named = [&["version", "header"][..], &["idempotency", "header"]];
    let named = named.into_iter().filter_map(|path| view.root.at(path));
    for node in own.chain(slots).chain(named) {
        let Some(text) = node.text() else { continue };
        if FRAMING.iter().any(|field| field.eq_ignore_ascii_case(text)) {
            let message = format!("`{text}` belongs to the connection, not to a contract");
            out.push(Finding::new(&FORM, node.at, message).help("name another field"));
        }
    }
}

fn links(view: &View<'_>, out: &mut Vec<Finding>) {
    for node in view.root.at(&["links", "json"]).map(Node::items).unwrap_or_default() {
        if let Some(Err(help)) = node.text().map(pointer) {
            let message = "this is no JSON pointer to a URL";
            out.push(Finding::new(&FORM, node.at, message).on("links.json").help(help));
        }
    }
}
