//! OW201: a timeout is missing.

use std::time::Duration;

use crate::edit::{Repair, Within};
use crate::effective::{Op, View};
use crate::finding::{Finding, Rule, Severity};
use crate::units::{duration, show};

use super::{PHASES, waits};

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
        let repair = repair(view, op, &lacking);
        out.push(Finding::new(&MISSING, place, message).on(op.subject()).repair(repair));
    }
}

/// Figures that fit into those that are there: an attempt as long as the total allows, a total as long as the attempts need.
fn repair(view: &View<'_>, op: &Op, lacking: &[&str]) -> Repair {
    let read = |phase: &str| op.node.read(&["timeouts", phase], duration);
    let attempts = op.node.count(&["retry", "attempts"]).unwrap_or(3);
    let between = waits(op, attempts).iter().sum::<Duration>() + view.queue_wait();
    let longest = read("connect").max(read("first_byte")).unwrap_or(ATTEMPT);
    let fitting = read("total").map(|total| {
        let each = total.saturating_sub(between) / attempts.max(1);
        Duration::from_millis(u64::try_from(each.as_millis() / 100 * 100).unwrap_or(u64::MAX))
    });
    let attempt = read("attempt").or(fitting).unwrap_or(ATTEMPT).max(longest.min(ATTEMPT));
    let whole = attempt.saturating_mul(attempts).saturating_add(between);
    let mut repair = Repair::suggest("bound every phase, with your own figures");
    let own = op.own.has(&["timeouts"]);
    for phase in lacking {
        let value = match *phase {
            "connect" => CONNECT.min(attempt),
            "first_byte" => FIRST_BYTE.min(attempt),
            "idle" => IDLE,
            "attempt" => attempt,
            _ => Duration::from_secs(whole.as_millis().div_ceil(1000) as u64),
        };
        let (within, path) = if own {
            let path = vec!["operations", op.name.as_str(), "timeouts", *phase];
            (Within::File(op.name_at.file), path)
        } else {
            (view.file(), vec!["timeouts", *phase])
        };
        repair = repair.add(within, &path, show(value));
    }
    repair
}

/// The figures of the sample contract (product paper, section 3).
const CONNECT: Duration = Duration::from_secs(1);
const FIRST_BYTE: Duration = Duration::from_secs(6);
const IDLE: Duration = Duration::from_secs(5);
const ATTEMPT: Duration = Duration::from_secs(7);
