//! OW504: a stale answer where none can be kept.

use http::Method;

use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};

/// A stale answer where none can be kept.
pub static NOTHING_KEPT: Rule = Rule {
    code: "OW504",
    severity: Severity::Error,
    waivable: false,
    title: "a stale answer where none can be kept",
    what: "Finds `stale` on an operation of which no reply is kept: another method than GET and HEAD, or a stream.",
    why: "a reply is kept under its method and target: one that also depends on a request body, or that has no useful end, cannot be found again",
    help: "use `fallback: { static: … }` or `fallback: none`",
    bad: "operations:
  search_orders:
    request: POST /v1/orders/search
    idempotency: { plan: safe }
    fallback: { stale: 10m }
",
    good: "operations:
  search_orders:
    request: POST /v1/orders/search
    idempotency: { plan: safe }
    fallback: none
",
    sources: &["R-020", "RFC 9111 section 4"],
};

pub(super) fn check(op: &Op, out: &mut Vec<Finding>) {
    let Some(node) = op.node.at(&["fallback", "stale"]) else { return };
    let none = || op.suggest("let a failure be a failure", &["fallback"], "none");
    let found = op.method.as_ref().is_none_or(|m| *m == Method::GET || *m == Method::HEAD);
    if !op.mutates() && !found {
        let message =
            format!("`{}` is neither GET nor HEAD, so that nothing is kept of it", op.name);
        let finding = Finding::new(&NOTHING_KEPT, node.at, message).on(op.subject());
        out.push(finding.repair(none()));
    }
    if op.node.has(&["stream"]) {
        let message = format!("`{}` is a stream, of which nothing is kept", op.name);
        let finding = Finding::new(&NOTHING_KEPT, node.at, message).on(op.subject());
        out.push(finding.repair(none()));
    }
}
