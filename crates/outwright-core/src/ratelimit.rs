//! A known quota, kept on our side so that the provider never has to say 429.
//!
//! # Guards against
//!
//! Sending more than the provider allows in any stretch of its window, wherever it starts that stretch.
//! A token bucket that saves up a burst may spend twice the quota within one window; a log of sends may not.
//!
//! # Rule
//!
//! At most `requests` sends are *counted* at a time.
//! A send counts until `W` after the moment by which it has certainly arrived: when its response head was
//! received, at the latest `reach + guard` after it was granted.
//! `reach` is the longest time that a connection may take to stand, `guard` the spread of the network's delay.
//! What was granted and never sent does not count.
//!
//! # States
//!
//! ```text
//! granted ── head received, or reach + guard passed ──► arrived ── W passed ──► gone
//!    └── nothing sent (refund) ──► gone
//! ```
//!
//! # Units and bounds
//!
//! `requests` per `per`; exact up to [`LOG_ENTRIES_MAX`] requests, 56 bytes each; larger windows are counted in
//! [`SUB_BUCKETS`] parts and use at least 98.5 % of the quota.
//!
//! # Says
//!
//! [`Look`]: room, or none before a time.
//!
//! # Sources
//!
//! `resilience.md` 1.6 (why a guard of the delay's spread suffices for fixed, sliding and GCRA servers);
//! RFC 6585 section 4; requirement R-142.

use std::time::Duration;

use crate::limits::{GUARD_MIN, LOG_ENTRIES_MAX, SUB_BUCKETS};
use crate::time::Mono;

use coarse::Coarse;
use exact::Exact;

mod coarse;
mod exact;

/// The number of a send among all sends to a provider: names it for [`Window::arrived`] and [`Window::refund`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(pub u64);

/// What a window says to someone who wants to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// There is room.
    Room,
    /// Not before this time; an answer that arrives sooner may open it sooner.
    Full(Mono),
}

/// The sends of one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    count: Count,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Count {
    Exact(Exact),
    Coarse(Coarse),
}

impl Window {
    /// An empty window; `reach` is how long after its grant a request may at the latest leave.
    #[must_use]
    pub fn new(policy: &Policy, reach: Duration) -> Self {
        let doubt = reach.saturating_add(policy.guard);
        let count = if policy.requests <= LOG_ENTRIES_MAX {
            Count::Exact(Exact::new(policy.requests, policy.per, doubt))
        } else {
            Count::Coarse(Coarse::new(policy.requests, policy.per, doubt, SUB_BUCKETS))
        };
        Self { count }
    }

    /// Lets time pass: what was certain to arrive has arrived, what left the window is gone.
    pub fn advance(&mut self, now: Mono) {
        match &mut self.count {
            Count::Exact(exact) => exact.advance(now),
            Count::Coarse(coarse) => coarse.advance(now),
        }
    }

    /// Whether there is room, after [`Window::advance`] to the same time. Takes nothing.
    #[must_use]
    pub fn look(&self) -> Look {
        match &self.count {
            Count::Exact(exact) => exact.look(),
            Count::Coarse(coarse) => coarse.look(),
        }
    }

    /// Counts a send that is granted now. Only after [`Window::look`] said [`Look::Room`].
    pub fn enter(&mut self, now: Mono, stamp: Stamp) {
        match &mut self.count {
            Count::Exact(exact) => exact.enter(now, stamp),
            Count::Coarse(coarse) => coarse.enter(now, stamp),
        }
    }

    /// The response head of this send is here, so the request has arrived.
    pub fn arrived(&mut self, now: Mono, stamp: Stamp) {
        match &mut self.count {
            Count::Exact(exact) => exact.arrived(now, stamp),
            // Parts of a window know no single sends: those count to their latest arrival.
            Count::Coarse(_) => {}
        }
    }

    /// Nothing of this send, granted at `granted`, ever left: it does not count.
    pub fn refund(&mut self, granted: Mono, stamp: Stamp) {
        match &mut self.count {
            Count::Exact(exact) => exact.refund(granted, stamp),
            Count::Coarse(coarse) => coarse.refund(granted),
        }
    }

    /// Sends that count now, after [`Window::advance`].
    #[must_use]
    pub fn used(&self) -> u32 {
        match &self.count {
            Count::Exact(exact) => exact.used(),
            Count::Coarse(coarse) => coarse.used(),
        }
    }
}

/// One rate window of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) name: Box<str>,
    pub(crate) requests: u32,
    pub(crate) per: Duration,
    pub(crate) guard: Duration,
}

/// Why a window is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// No request or no time.
    Zero,
}

impl Policy {
    /// `requests` in any `per`, with the default guard.
    ///
    /// # Errors
    ///
    /// Zero requests or a zero window.
    pub fn new(name: &str, requests: u32, per: Duration) -> Result<Self, PolicyError> {
        if requests == 0 || per.is_zero() {
            return Err(PolicyError::Zero);
        }
        Ok(Self { name: name.into(), requests, per, guard: GUARD_MIN })
    }

    /// Its name in the contract; a metric label.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
    /// How many requests it lets through.
    #[must_use]
    pub const fn requests(&self) -> u32 {
        self.requests
    }
    /// In how much time.
    #[must_use]
    pub const fn per(&self) -> Duration {
        self.per
    }
}
