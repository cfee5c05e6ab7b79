//! Where the gates of a provider stand at the moment of a scrape, read in one look under their lock.

use outwright_core::event::BreakerState;
use outwright_core::gates::{Gates, Which};
use outwright_core::provider::{OpIndex, Provider, Slot};
use outwright_core::time::Mono;

/// Where the gates of a provider stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Levels {
    /// Every breaker: the provider's own (none) and those of operations.
    pub breakers: Vec<(Option<OpIndex>, BreakerState)>,
    /// Every rate window, in the order of the contract.
    pub windows: Vec<WindowLevel>,
    /// Calls that may be at the provider at once.
    pub slots: u32,
    /// Calls that are there.
    pub slots_used: u32,
    /// Calls that may wait.
    pub queue: u32,
    /// Calls that wait.
    pub waiting: u32,
    /// Part of the retry budget that is left, from 0 to 1.
    pub budget: f64,
    /// Probe leases that are out.
    pub probes: usize,
    /// Every credential slot.
    pub credentials: Vec<CredentialLevel>,
    /// Replies that are kept.
    pub kept: usize,
    /// Reads that wait for the reply of an equal one.
    pub following: u64,
    /// Broken promises of our own code.
    pub bugs: u64,
}

/// What a process holds of what it may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// Bytes of bodies and kept replies.
    pub bytes: Level,
    /// Calls under way.
    pub calls: Level,
}

/// How much there is of something that has a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Now.
    pub used: usize,
    /// At most.
    pub most: usize,
}

/// Where a rate window stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLevel {
    /// Requests that it would let through now.
    pub left: u32,
    /// Requests that it lets through in all.
    pub requests: u32,
}

/// Where a credential slot stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialLevel {
    /// Its name.
    pub slot: Box<str>,
    /// The version of its credential, from 1; 0 while there is none.
    pub version: u32,
}

impl Levels {
    /// Reads them.
    #[must_use]
    pub fn of(gates: &mut Gates, provider: &Provider, now: Mono) -> Self {
        let own = (None, gates.breaker(Which::Authority, now));
        let operations = (0..provider.operations.len()).filter_map(|index| {
            let retired = provider.operations.get(index).is_some_and(|operation| operation.retired);
            let index = (!retired).then(|| u16::try_from(index).ok().map(OpIndex))??;
            Some((Some(index), gates.breaker(Which::Operation(index), now)))
        });
        let breakers = std::iter::once(own).chain(operations).collect();
        let windows = provider.windows.iter().enumerate().map(|(number, window)| {
            let used = gates.window_used(number, now);
            let requests = window.requests();
            WindowLevel { left: requests.saturating_sub(used), requests }
        });
        let windows = windows.collect();
        let slots = (0..).zip(&provider.slots).filter(|(_, slot)| !slot.retired);
        let version = |(index, slot): (u8, &Slot)| {
            let version = gates.credential_version(index);
            CredentialLevel { slot: slot.name.clone(), version }
        };
        let credentials = slots.map(version).collect();
        Self {
            breakers,
            windows,
            slots: provider.bulkhead.slots(),
            slots_used: gates.slots_used(),
            queue: provider.bulkhead.queue(),
            waiting: u32::try_from(gates.waiting()).unwrap_or(u32::MAX),
            budget: gates.retries_left() as f64 / f64::from(provider.budget.burst()),
            probes: gates.probes(now),
            credentials,
            kept: 0,
            following: 0,
            bugs: gates.bugs(),
        }
    }
}
