//! How many calls may be at a provider at once, and how many may wait.

use std::time::Duration;

use crate::limits::{QUEUE_MAX, SLOTS_MAX};

/// Slots and the queue in front of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) slots: u32,
    pub(crate) reserved: u32,
    pub(crate) queue: u32,
    pub(crate) queue_wait: Duration,
}

/// Why a bulkhead is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// No slot, or more than [`SLOTS_MAX`].
    Slots,
    /// More than [`QUEUE_MAX`] places.
    Queue,
    /// Places to wait, but no time to.
    QueueWait,
}

impl Policy {
    /// `slots` calls at once, of which a fifth (rounded down) is kept for critical ones; `queue` more may wait for `queue_wait`.
    ///
    /// # Errors
    ///
    /// No slot, too many slots or places, a queue without a wait.
    pub fn new(slots: u32, queue: u32, queue_wait: Duration) -> Result<Self, PolicyError> {
        if slots == 0 || slots > SLOTS_MAX {
            return Err(PolicyError::Slots);
        }
        if queue > QUEUE_MAX {
            return Err(PolicyError::Queue);
        }
        if queue > 0 && queue_wait.is_zero() {
            return Err(PolicyError::QueueWait);
        }
        Ok(Self { slots, reserved: slots / 5, queue, queue_wait })
    }

    /// Calls at once.
    #[must_use]
    pub const fn slots(&self) -> u32 {
        self.slots
    }
    /// Calls that may wait.
    #[must_use]
    pub const fn queue(&self) -> u32 {
        self.queue
    }
    /// How long one may wait.
    #[must_use]
    pub const fn queue_wait(&self) -> Duration {
        self.queue_wait
    }
}
