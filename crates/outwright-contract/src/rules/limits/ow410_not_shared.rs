//! OW410: calls that cannot be coalesced.

use http::Method;

use crate::edit::Repair;
use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};

/// Equal calls that cannot be sent once.
pub static NOT_SHARED: Rule = Rule {
    code: "OW410",
    severity: Severity::Error,
    waivable: false,
    title: "calls that cannot be coalesced",
    what: "Finds `coalesce: allowed` on an operation that changes something, on another method than GET and HEAD, and on a stream.",
    why: "one reply answers several calls only where none of them changes anything, where method and target say what is asked for, and where the reply has an end",
    help: "remove `coalesce`, or set it to `never`",
    bad: "operations:
  search_orders:
    request: POST /v1/orders/search
    idempotency: { plan: safe }
    fallback: none
    coalesce: allowed
",
    good: "operations:
  search_orders:
    request: POST /v1/orders/search
    idempotency: { plan: safe }
    fallback: none
    coalesce: never
",
    sources: &["R-179", "RFC 9111 section 4"],
};

pub(super) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    view.operations.iter().for_each(|op| coalesced(op, out));
}

/// Coalescing is for reads that are told by their target and come to an end.
fn coalesced(op: &Op, out: &mut Vec<Finding>) {
    let Some(node) = op.node.at(&["coalesce"]).filter(|node| node.text() == Some("allowed")) else {
        return;
    };
    let plan = op.node.word(&["idempotency", "plan"]);
    let found = op.method.as_ref().is_none_or(|m| *m == Method::GET || *m == Method::HEAD);
    let why = if op.mutates() || plan.is_some_and(|plan| plan != "safe") {
        "changes something, so that each call is to be sent"
    } else if !found {
        "is neither GET nor HEAD, so that its target alone does not say what it asks for"
    } else if op.node.has(&["stream"]) {
        "is a stream, whose end nobody waits for"
    } else {
        return;
    };
    let message = format!("`{}` {why}", op.name);
    let repair = Repair::suggest("send each call").put(node.at, "never");
    out.push(Finding::new(&NOT_SHARED, node.at, message).on(op.subject()).repair(repair));
}
