//! OW2xx: every wait has a bound, and the bounds fit into each other.

use std::time::Duration;

use super::fixed;
use crate::effective::{Op, View};
use crate::finding::{Finding, Rule};
use crate::units::{duration, show};

/// A timeout is missing.
pub static MISSING: Rule = fixed(
    "OW201",
    "a timeout is missing",
    "an external call without a bound hangs until its caller gives up, and holds a slot meanwhile",
    "add `timeouts: { connect: 1s, first_byte: 6s, idle: 5s, attempt: 7s, total: 25s }` to the contract, the operation or the tier, with your own figures",
);
/// Timeouts contradict each other.
pub static INCOHERENT: Rule = fixed(
    "OW202",
    "timeouts that contradict each other",
    "a phase longer than the whole never ends by its own limit",
    "keep connect and first_byte at most attempt, and attempt at most total; none may be zero",
);
/// All attempts do not fit into the total.
pub static WORST_CASE: Rule = super::error(
    "OW203",
    "the attempts do not fit into the total",
    "the last attempts would be cut or never made, so that the contract promises what it cannot keep",
    "raise `total`, lower `attempts` or `attempt`, or write `late_attempts: best_effort` under `retry`",
);

pub(crate) const PHASES: [&str; 5] = ["connect", "first_byte", "idle", "attempt", "total"];

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        missing(view, op, out);
        incoherent(op, out);
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
            out.push(
                Finding::new(&WORST_CASE, total.at, message)
                    .label(worst.sentence())
                    .on(op.subject()),
            );
        }
    }
}

fn missing(view: &View<'_>, op: &Op, out: &mut Vec<Finding>) {
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

fn incoherent(op: &Op, out: &mut Vec<Finding>) {
    let read = |phase: &str| op.node.read(&["timeouts", phase], duration);
    let mut say = |phase: &str, message: String| {
        if let Some(node) = op.node.at(&["timeouts", phase]) {
            out.push(Finding::new(&INCOHERENT, node.at, message).on(op.subject()));
        }
    };
    for phase in PHASES {
        if read(phase) == Some(Duration::ZERO) {
            say(phase, format!("`{phase}` of `{}` is zero", op.name));
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
            say(inner, message);
        }
    }
}

/// The longest that a call can take by its own figures.
pub(crate) struct Worst {
    pub(crate) attempts: u32,
    pub(crate) attempt: Duration,
    pub(crate) waits: Vec<Duration>,
    pub(crate) queue_wait: Duration,
    pub(crate) sum: Duration,
    pub(crate) total: Duration,
}

impl Worst {
    pub(crate) fn sentence(&self) -> String {
        let waits: Duration = self.waits.iter().sum();
        format!(
            "{} × {} + {} backoff + {} queue = {}",
            self.attempts,
            show(self.attempt),
            show(waits),
            show(self.queue_wait),
            show(self.sum)
        )
    }
}

/// `attempts × attempt + Σ min(cap, base × 2ⁿ) + queue_wait`; waits after throttling are fitted to the deadline and do not count.
pub(crate) fn worst_case(view: &View<'_>, op: &Op) -> Option<Worst> {
    let attempt = op.node.read(&["timeouts", "attempt"], duration)?;
    let total = op.node.read(&["timeouts", "total"], duration)?;
    let attempts: u32 = op.node.count(&["retry", "attempts"])?;
    let base = op.node.read(&["retry", "backoff", "base"], duration);
    let cap = op.node.read(&["retry", "backoff", "cap"], duration);
    let queue_wait = view.queue_wait();
    let mut waits = Vec::new();
    if let (Some(base), Some(cap)) = (base, cap) {
        let mut wait = base;
        for _ in 1..attempts.min(1000) {
            waits.push(wait.min(cap));
            wait = wait.saturating_mul(2);
        }
    }
    let sum = attempt
        .saturating_mul(attempts)
        .saturating_add(waits.iter().fold(Duration::ZERO, |sum, wait| sum.saturating_add(*wait)))
        .saturating_add(queue_wait);
    Some(Worst { attempts, attempt, waits, queue_wait, sum, total })
}
