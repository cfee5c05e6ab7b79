//! OW201: a timeout is missing.

use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};

use super::PHASES;

/// A timeout is missing.
pub static MISSING: Rule = Rule {
    code: "OW201",
    severity: Severity::Error,
    waivable: false,
    title: "a timeout is missing",
    what: "Finds an operation for which one of the five bounds is said nowhere: not at the operation, not in the contract, not in the tier.",
    why: "an external call without a bound hangs until its caller gives up, and holds a slot meanwhile",
    help: "add `timeouts: { connect: 1s, first_byte: 6s, idle: 5s, attempt: 7s, total: 25s }` to the contract, the operation or the tier, with your own figures",
    bad: "timeouts: { connect: 1s, first_byte: 2s, idle: 2s, total: 12s }
",
    good: "timeouts: { connect: 1s, first_byte: 2s, idle: 2s, attempt: 3s, total: 12s }
",
    sources: &[
        "R-001",
        "OWASP ASVS 5.0 13.1.3 and 13.2.6",
        "AWS Builders' Library, Timeouts, retries, and backoff with jitter",
    ],
};

pub(super) fn check(view: &View<'_>, op: &Op, out: &mut Vec<Finding>) {
    if op.node.broken_at(&["timeouts"]) {
        return;
    }
    let lacking: Vec<_> =
        PHASES.into_iter().filter(|phase| !op.node.has(&["timeouts", phase])).collect();
    if !lacking.is_empty() {
        let message = format!("`{}` has no bound for {}", op.name, lacking.join(", "));
        let place = if op.own.has(&["timeouts"]) { op.name_at } else { view.name_at };
        out.push(Finding::new(&MISSING, place, message).on(op.subject()));
    }
}
