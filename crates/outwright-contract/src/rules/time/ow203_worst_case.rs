//! OW203: the attempts do not fit into the total.

use crate::edit::Repair;
use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};
use crate::units::show;

use super::worst_case;

/// All attempts do not fit into the total.
pub static WORST_CASE: Rule = Rule {
    code: "OW203",
    severity: Severity::Error,
    waivable: true,
    title: "the attempts do not fit into the total",
    what: "Adds up the longest call: attempts × attempt + the waits between them + the wait for a slot; finds a sum above `total`.\nWaits after being throttled are fitted to the deadline and do not count.",
    why: "the last attempts would be cut or never made, so that the contract promises what it cannot keep",
    help: "raise `total`, lower `attempts` or `attempt`, or write `late_attempts: best_effort` under `retry`",
    bad: "timeouts: { connect: 1s, first_byte: 2s, idle: 2s, attempt: 3s, total: 9s }
",
    good: "timeouts: { connect: 1s, first_byte: 2s, idle: 2s, attempt: 3s, total: 12s }
",
    sources: &["R-002", "OWASP ASVS 5.0 13.1.3"],
};

pub(super) fn check(view: &View<'_>, op: &Op, out: &mut Vec<Finding>) {
    if let Some(worst) = worst_case(view, op)
        && worst.sum > worst.total
        && op.node.word(&["retry", "late_attempts"]) != Some("best_effort")
        && let Some(total) = op.node.at(&["timeouts", "total"])
    {
        let message = format!(
            "`{}` may need {} for its attempts, but its total is {}",
            op.name,
            show(worst.sum),
            show(worst.total)
        );
        let finding = Finding::new(&WORST_CASE, total.at, message).label(worst.sentence());
        let seconds = worst.sum.as_millis().div_ceil(1000);
        let repair = Repair::suggest("give the attempts the time that they need")
            .put(total.at, format!("{seconds}s"));
        out.push(finding.on(op.subject()).repair(repair));
    }
}
