//! OW2xx: every wait has a bound, and the bounds fit into each other.

mod ow201_missing;
mod ow202_incoherent;
mod ow203_worst_case;
mod ow204_hand_over;

use std::time::Duration;

use crate::effective::{Op, View};
use crate::finding::Finding;
use crate::units::{duration, show};

pub use ow201_missing::MISSING;
pub use ow202_incoherent::INCOHERENT;
pub use ow203_worst_case::WORST_CASE;
pub use ow204_hand_over::HAND_OVER;

pub(crate) const PHASES: [&str; 5] = ["connect", "first_byte", "idle", "attempt", "total"];

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        ow201_missing::check(view, op, out);
        ow202_incoherent::check(op, out);
        ow203_worst_case::check(view, op, out);
        ow204_hand_over::check(view, op, out);
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
