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
    let queue_wait = view.queue_wait();
    let waits = waits(op, attempts);
    let sum = attempt
        .saturating_mul(attempts)
        .saturating_add(waits.iter().fold(Duration::ZERO, |sum, wait| sum.saturating_add(*wait)))
        .saturating_add(queue_wait);
    Some(Worst { attempts, attempt, waits, queue_wait, sum, total })
}

/// The longest waits between the attempts of a call: `min(cap, base × 2ⁿ)`; none without their bounds.
fn waits(op: &Op, attempts: u32) -> Vec<Duration> {
    let base = op.node.read(&["retry", "backoff", "base"], duration);
    let cap = op.node.read(&["retry", "backoff", "cap"], duration);
    let (Some(base), Some(cap)) = (base, cap) else { return Vec::new() };
    // A contract may say 1000 attempts; a rule refuses more than ten.
    let doubled = std::iter::successors(Some(base), |wait| Some(wait.saturating_mul(2)));
    doubled.map(|wait| wait.min(cap)).take(attempts.clamp(1, 1000) as usize - 1).collect()
}
