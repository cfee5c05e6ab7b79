//! What came of a run: counts, and a hash that two runs of one seed share.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use outwright_core::event::{BreakerState, Event, What};
use outwright_core::outcome::{BodyEnd, Class};
use outwright_core::step::{Reply, Skip};
use outwright_core::time::Mono;

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Calls that were made.
    pub calls: u64,
    /// Attempts that were sent.
    pub sends: u64,
    /// Requests that reached the provider.
    pub arrived: u64,
    /// When they did.
    pub arrivals: Vec<Mono>,
    /// Heads that came back in time.
    pub heads: u64,
    /// Times that the provider said 429.
    pub throttled: u64,
    /// When they were.
    pub sent: Vec<Mono>,
    /// Calls whose reply was relayed whole, whatever it said.
    pub relayed: u64,
    /// Calls whose last attempt was judged a success.
    pub good: u64,
    /// Calls that ended otherwise, by word.
    pub others: BTreeMap<&'static str, u64>,
    /// Retries that were not made, by word.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Retries that were planned.
    pub retries: u64,
    /// Times that a breaker opened, and closed.
    pub breakers: (u64, u64),
    /// Wake-ups of queued calls.
    pub wakes: u64,
    /// Calls that had to wait for a grant.
    pub queued: u64,
    /// Longest queue.
    pub waiting_most: usize,
    /// Longest wait for a grant.
    pub waited_most: Duration,
    /// A hash of every event with its time, in order.
    pub hash: Fnv,
}

impl Report {
    /// Sends per call.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of a simulation are far below 2^52")]
    pub fn amplification(&self) -> f64 {
        self.sends as f64 / self.calls.max(1) as f64
    }

    /// Requests that were sent from one time to before another.
    #[must_use]
    pub fn sent_within(&self, from: Mono, until: Mono) -> usize {
        self.sent.iter().filter(|at| from <= **at && **at < until).count()
    }

    /// Requests that reached the provider from one time to before another.
    #[must_use]
    pub fn arrived_within(&self, from: Mono, until: Mono) -> usize {
        self.arrivals.iter().filter(|at| from <= **at && **at < until).count()
    }

    pub(super) fn end(&mut self, reply: &Reply) {
        let word = match reply {
            Reply::Relayed(BodyEnd::Whole) => {
                self.relayed += 1;
                return;
            }
            Reply::Relayed(BodyEnd::Broken(fault)) => fault.word(),
            Reply::Relayed(BodyEnd::CallerGone) | Reply::Gone => "caller_gone",
            Reply::Last { .. } => "last",
            Reply::Refused(refusal) => refusal.reason.word(),
            Reply::Failed(failure) => failure.fault.word(),
            Reply::Degraded(degraded) => degraded.word(),
            Reply::Known => "known",
        };
        *self.others.entry(word).or_default() += 1;
    }

    pub(super) fn event(&mut self, now: Mono, event: &Event) {
        (now, event).hash(&mut self.hash);
        match event.what {
            What::Queued => self.queued += 1,
            What::Granted { waited } => self.waited_most = self.waited_most.max(waited),
            What::Retrying { .. } => self.retries += 1,
            What::RetrySkipped(skip) => self.skip(skip),
            What::Breaker { to: BreakerState::Open, .. } => self.breakers.0 += 1,
            What::Breaker { to: BreakerState::Closed, .. } => self.breakers.1 += 1,
            What::Sent(_) => self.sent.push(now),
            What::Judged { class: Class::Success, .. } => self.good += 1,
            What::Breaker { .. }
            | What::Judged { .. }
            | What::Refused(_)
            | What::Would(_)
            | What::Hint(_)
            | What::Recalled(_)
            | What::Degraded(_)
            | What::Coalesced(_)
            | What::Done => {}
        }
    }

    fn skip(&mut self, skip: Skip) {
        *self.skipped.entry(skip.word()).or_default() += 1;
    }
}

/// The hash of Fowler, Noll and Vo (FNV-1a, 64 bits): the same on every machine and in every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}
