//! OW705: a field that passes under no contract.

use crate::edit::Repair;
use crate::effective::View;
use crate::finding::{Finding, Rule, Severity};
use crate::node::Node;

/// A field that passes under no contract.
pub static PASS: Rule = Rule {
    code: "OW705",
    severity: Severity::Error,
    waivable: true,
    title: "a field that passes under no contract",
    what: "Finds a field in `fields.pass` that belongs to the connection or that outwright writes itself.",
    why: "it belongs to the connection of the caller, or outwright writes it itself, so the line would do nothing",
    help: "leave it out; `fields: { trace: forward }` hands a trace on",
    bad: "fields: { pass: [Connection] }
",
    good: "fields: { pass: [Cookie] }
",
    sources: &["R-030", "R-031", "RFC 9110 section 7.6.1"],
};

/// What `fields.pass` names must be able to pass.
pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    let never = [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    ];
    for item in view.root.at(&["fields", "pass"]).map(Node::items).unwrap_or_default() {
        let Some(text) = item.text() else { continue };
        let name = text.to_ascii_lowercase();
        let prefixed = name.starts_with("proxy-") || name.starts_with("outwright-");
        if prefixed || never.contains(&&*name) {
            let message = format!("`{}` never passes", crate::shape::short(text));
            let repair = Repair::safe("remove it, for it does nothing").remove(item.at);
            out.push(Finding::new(&PASS, item.at, message).on("fields.pass").repair(repair));
        }
    }
}
