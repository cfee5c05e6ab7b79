//! OW202: timeouts that contradict each other.

use std::time::Duration;

use crate::edit::Repair;
use crate::effective::Op;
use crate::finding::{Finding, Rule, Severity};
use crate::units::{duration, show};

use super::PHASES;

/// Timeouts contradict each other.
pub static INCOHERENT: Rule = Rule {
    code: "OW202",
    severity: Severity::Error,
    waivable: false,
    title: "timeouts that contradict each other",
    what: "Finds a phase that may last longer than what it is a part of, and a timeout of zero.",
    why: "a phase longer than the whole never ends by its own limit",
    help: "keep connect and first_byte at most attempt, and attempt at most total; none may be zero",
    bad: "timeouts: { connect: 5s, first_byte: 2s, idle: 2s, attempt: 3s, total: 12s }
",
    good: "timeouts: { connect: 1s, first_byte: 2s, idle: 2s, attempt: 3s, total: 12s }
",
    sources: &["R-001"],
};

pub(super) fn check(op: &Op, out: &mut Vec<Finding>) {
    let read = |phase: &str| op.node.read(&["timeouts", phase], duration);
    let mut say = |phase: &str, message: String, other: (&str, Duration)| {
        if let Some(node) = op.node.at(&["timeouts", other.0]) {
            let repair = Repair::suggest("make them fit").put(node.at, show(other.1));
            let at = op.node.at(&["timeouts", phase]).map_or(node.at, |node| node.at);
            let finding = Finding::new(&INCOHERENT, at, message).on(op.subject());
            out.push(finding.repair(repair));
        }
    };
    for phase in PHASES {
        if read(phase) == Some(Duration::ZERO) {
            let bound = read("attempt").filter(|bound| !bound.is_zero());
            let second = Duration::from_secs(1);
            let some = (phase, bound.map_or(second, |bound| bound.min(second)));
            say(phase, format!("`{phase}` of `{}` is zero", op.name), some);
        }
    }
    for (inner, outer) in [("connect", "attempt"), ("first_byte", "attempt"), ("attempt", "total")]
    {
        if let (Some(a), Some(b)) = (read(inner), read(outer))
            && a > b
        {
            let message = format!(
                "`{inner}` ({}) of `{}` is longer than `{outer}` ({})",
                show(a),
                op.name,
                show(b)
            );
            // The whole grows with its attempt, whatever is inside of an attempt shrinks.
            let repaired = if outer == "total" { (outer, a) } else { (inner, b) };
            say(inner, message, repaired);
        }
    }
}
