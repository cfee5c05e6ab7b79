//! How many calls may be at a provider at once, and how many may wait.
//!
//! # Guards against
//!
//! One slow provider taking every connection and every byte of memory, and overload of a provider that states
//! how many calls at once it bears.
//!
//! # Rule
//!
//! A call holds a slot from its grant to the end of its response body, not to its head: a streamed body is work
//! at the provider, too.
//! A fifth of the slots, rounded down, is only for critical calls: others find them taken.
//! Where the contract gives a caller a share, it holds no more than that part of the slots and of the queue, so that
//! one caller cannot keep the others out.
//! Who may wait, and in which order, is the queue's business (`gates/queue.rs`).
//!
//! # States
//!
//! A count of slots in use, from 0 to `slots`; per caller its slots and its places in the queue.
//!
//! # Units and bounds
//!
//! `slots` 1–[`SLOTS_MAX`] calls, `queue` 0–[`QUEUE_MAX`] calls, `queue_wait` above zero where there is a queue.
//! A share is rounded down, to at least one slot, and one place where there is a queue.
//!
//! # Says
//!
//! [`Look`]: free, or taken.
//!
//! # Sources
//!
//! Stripe, "Scaling your API with rate limiters", 2017 (a share kept for critical requests); Nygard,
//! *Release It!*, 2nd edition, "Bulkheads".

use std::time::Duration;

use crate::limits::{QUEUE_MAX, SLOTS_MAX};
use crate::provider::Priority;

/// What the slots say to someone who wants to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A slot is free for this priority.
    Free,
    /// None is, until someone leaves.
    Taken,
}

/// The slots of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    used: u32,
}

impl Slots {
    /// Whether a call of this priority finds a slot. Takes nothing.
    #[must_use]
    pub const fn look(&self, policy: &Policy, priority: Priority) -> Look {
        let open = match priority {
            Priority::Critical => policy.slots,
            Priority::Default | Priority::Background => policy.slots - policy.reserved,
        };
        if self.used < open { Look::Free } else { Look::Taken }
    }

    /// Takes a slot, after [`Slots::look`] said [`Look::Free`].
    pub fn enter(&mut self) {
        self.used += 1;
    }

    /// Gives a slot back.
    pub fn leave(&mut self) {
        debug_assert!(self.used > 0, "a slot is given back by the grant that took it");
        self.used = self.used.saturating_sub(1);
    }

    /// Slots in use.
    #[must_use]
    pub const fn used(&self) -> u32 {
        self.used
    }
}

/// The slots of one caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    used: u32,
}

impl Held {
    /// Whether its share has a slot for it. Takes nothing.
    #[must_use]
    pub const fn look(&self, share: &Share) -> Look {
        if self.used < share.slots { Look::Free } else { Look::Taken }
    }

    /// Takes a slot, after [`Held::look`] said [`Look::Free`].
    pub const fn enter(&mut self) {
        self.used += 1;
    }

    /// Gives a slot back.
    pub fn leave(&mut self) {
        debug_assert!(self.used > 0, "a slot is given back by the grant that took it");
        self.used = self.used.saturating_sub(1);
    }

    /// Slots in use.
    #[must_use]
    pub const fn used(&self) -> u32 {
        self.used
    }
}

/// What one caller may hold at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    slots: u32,
    places: u32,
}

impl Share {
    /// Calls at once.
    #[must_use]
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    /// Calls that may wait.
    #[must_use]
    pub const fn places(&self) -> u32 {
        self.places
    }
}

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

    /// What a caller with this part of all, `0.0..=1.0`, may hold; more is all.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a `u32` is one; what is negative or too large is clamped"
    )]
    pub fn share(&self, ratio: f64) -> Share {
        // A hair more than the product, so that 70 % of 20 is 14 whatever its binary fraction.
        let part = |all: u32| ((f64::from(all) * ratio + 1e-6) as u32).clamp(all.min(1), all);
        Share { slots: part(self.slots), places: part(self.queue) }
    }

    /// Calls at once.
    #[must_use]
    pub const fn slots(&self) -> u32 {
        self.slots
    }
    /// Of these, kept for critical calls.
    #[must_use]
    pub const fn reserved(&self) -> u32 {
        self.reserved
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_found_taken_by_all_but_critical_calls() {
        let second = Duration::from_secs(1);
        for (slots, open) in [(1, 1), (4, 4), (5, 4), (20, 16), (99, 80)] {
            let policy = Policy::new(slots, 0, second).unwrap();
            let mut state = Slots::default();
            for used in 0..=slots {
                let free = |priority| state.look(&policy, priority) == Look::Free;
                assert_eq!(free(Priority::Critical), used < slots);
                assert_eq!(free(Priority::Default), used < open, "{used} of {slots}");
                assert_eq!(free(Priority::Background), used < open);
                state.enter();
            }
            for _ in 0..=slots {
                state.leave();
            }
            assert_eq!(state, Slots::default());
        }
    }

    #[test]
    fn a_share_is_a_part_of_slots_and_queue_and_never_nothing() {
        let policy = Policy::new(20, 40, Duration::from_secs(1)).unwrap();
        for (ratio, slots, places) in
            [(0.7, 14, 28), (0.01, 1, 1), (1.0, 20, 40), (0.999, 19, 39), (2.0, 20, 40)]
        {
            let share = policy.share(ratio);
            assert_eq!((share.slots(), share.places()), (slots, places), "{ratio}");
        }
        let share = Policy::new(3, 0, Duration::ZERO).unwrap().share(0.5);
        assert_eq!((share.slots(), share.places()), (1, 0));
        let mut held = Held::default();
        assert_eq!(held.look(&share), Look::Free);
        held.enter();
        assert_eq!(held.look(&share), Look::Taken);
        held.leave();
        assert_eq!(held, Held::default());
    }

    #[test]
    fn a_policy_without_slots_or_with_a_queue_that_nobody_can_wait_in_is_refused() {
        let zero = Duration::ZERO;
        assert_eq!(Policy::new(0, 0, zero), Err(PolicyError::Slots));
        assert_eq!(Policy::new(SLOTS_MAX + 1, 0, zero), Err(PolicyError::Slots));
        assert_eq!(Policy::new(1, 1, zero), Err(PolicyError::QueueWait));
        assert_eq!(Policy::new(1, QUEUE_MAX + 1, zero), Err(PolicyError::Queue));
        assert!(Policy::new(1, 0, zero).is_ok());
    }
}
