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

    /// A window of another size that goes on counting the sends which this one knows of.
    ///
    /// What has left this window is not remembered, so a longer one begins with the sends of the shorter.
    /// Where both keep logs, a send that is in doubt can still arrive or be taken back; else it counts as if it
    /// arrived as late as it can.
    #[must_use]
    pub fn following(&self, policy: &Policy, reach: Duration, now: Mono) -> Self {
        let mut next = Self::new(policy, reach);
        match (&self.count, &mut next.count) {
            (Count::Exact(old), Count::Exact(new)) => new.follow(old, now),
            (Count::Exact(old), Count::Coarse(new)) => {
                old.arrivals(now).for_each(|arrival| new.add(arrival, 1, now));
            }
            (Count::Coarse(old), Count::Exact(new)) => {
                old.arrivals(now).for_each(|(arrival, sends)| new.add(arrival, sends, now));
            }
            (Count::Coarse(old), Count::Coarse(new)) => {
                old.arrivals(now).for_each(|(arrival, sends)| new.add(arrival, sends, now));
            }
        }
        next.advance(now);
        next
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::{Dice, Salt};

    const WINDOW: Duration = Duration::from_secs(1);
    const REACH: Duration = Duration::from_millis(200);

    fn window(requests: u32) -> Window {
        Window::new(&Policy::new("account", requests, WINDOW).unwrap(), REACH)
    }

    fn at(millis: u64) -> Mono {
        Mono::from_millis(millis)
    }

    fn look(window: &mut Window, millis: u64) -> Look {
        window.advance(at(millis));
        window.look()
    }

    #[test]
    fn a_send_counts_until_a_window_after_its_latest_arrival() {
        let mut window = window(1);
        window.enter(at(0), Stamp(1));
        assert_eq!(look(&mut window, 0), Look::Full(at(1_300)));
        assert_eq!(look(&mut window, 1_299), Look::Full(at(1_300)));
        assert_eq!(look(&mut window, 1_300), Look::Room);
    }

    #[test]
    fn an_answered_send_counts_until_a_window_after_its_head() {
        let mut window = window(1);
        window.enter(at(0), Stamp(1));
        window.arrived(at(40), Stamp(1));
        assert_eq!(look(&mut window, 1_039), Look::Full(at(1_040)));
        assert_eq!(look(&mut window, 1_040), Look::Room);
        window.arrived(at(1_050), Stamp(1));
        assert_eq!(look(&mut window, 1_050), Look::Room, "a late head changes nothing");
    }

    #[test]
    fn what_was_never_sent_does_not_count_even_when_that_is_learned_late() {
        for late in [10, 250, 290, 310, 900] {
            let mut window = window(2);
            window.enter(at(0), Stamp(1));
            window.enter(at(5), Stamp(2));
            window.advance(at(late));
            window.refund(at(0), Stamp(1));
            assert_eq!(window.used(), 1, "learned after {late} ms");
            assert_eq!(look(&mut window, late), Look::Room);
            window.refund(at(0), Stamp(1));
            assert_eq!(window.used(), 1, "a refund is given once");
        }
    }

    #[test]
    fn heads_that_come_in_another_order_release_in_the_order_of_arrival() {
        let mut window = window(2);
        window.enter(at(0), Stamp(1));
        window.enter(at(10), Stamp(2));
        window.arrived(at(30), Stamp(2));
        assert_eq!(look(&mut window, 100), Look::Full(at(1_030)));
        window.arrived(at(120), Stamp(1));
        window.advance(at(1_030));
        window.enter(at(1_030), Stamp(3));
        assert_eq!(look(&mut window, 1_030), Look::Full(at(1_120)));
    }

    /// The least gap between the first and the last of any `requests + 1` arrivals.
    fn least_gap(mut arrivals: Vec<Mono>, requests: usize) -> Option<Duration> {
        arrivals.sort();
        arrivals.windows(requests + 1).map(|some| some[requests].since(some[0])).min()
    }

    /// A saturated caller whose requests arrive by chance within the doubt, and are answered by chance after that.
    fn saturated(seed: u64, requests: u32) -> Vec<Mono> {
        let dice = Dice::new(seed);
        let mut window = window(requests);
        let (mut now, mut arrivals, mut heads) = (at(0), Vec::new(), Vec::new());
        for stamp in 1..=u64::from(requests) * 12 {
            loop {
                heads.sort();
                while let Some((head, answered)) = heads.first().copied().filter(|(h, _)| *h <= now)
                {
                    heads.remove(0);
                    window.arrived(head, answered);
                }
                window.advance(now);
                let Look::Full(opens) = window.look() else { break };
                let head = heads.first().map_or(Mono::MAX, |(head, _)| *head);
                now = opens.min(head);
            }
            if dice.draw(stamp, Salt::Ramp(1)).unit() < 0.1 {
                window.enter(now, Stamp(stamp));
                window.refund(now, Stamp(stamp));
                continue;
            }
            window.enter(now, Stamp(stamp));
            let arrival = now.plus(dice.draw(stamp, Salt::Ramp(2)).upto(REACH + GUARD_MIN));
            arrivals.push(arrival);
            if dice.draw(stamp, Salt::Ramp(3)).unit() < 0.8 {
                let takes = dice.draw(stamp, Salt::Ramp(4)).upto(Duration::from_millis(400));
                heads.push((arrival.plus(takes), Stamp(stamp)));
            }
        }
        arrivals
    }

    /// R-142: never more than N arrivals in any W, whatever the network does within the guard.
    #[test]
    fn no_window_of_the_provider_ever_sees_more_than_its_quota() {
        for requests in [1, 2, 7, 50] {
            for seed in 0..40 {
                let arrivals = saturated(seed, requests);
                let gap = least_gap(arrivals, requests as usize).unwrap();
                assert!(gap >= WINDOW, "{requests} requests, seed {seed}: {gap:?}");
            }
        }
    }

    #[test]
    fn a_window_too_large_for_a_log_is_kept_as_well_and_used() {
        let requests = 20_000;
        let mut window = window(requests);
        let mut sent = 0_u32;
        let mut arrivals = Vec::new();
        for millis in 0..10_000 {
            for _ in 0..40 {
                if look(&mut window, millis) == Look::Room {
                    sent += 1;
                    window.enter(at(millis), Stamp(u64::from(sent)));
                    arrivals.push(at(millis));
                }
            }
        }
        window.refund(*arrivals.last().unwrap(), Stamp(u64::from(sent)));
        let gap = least_gap(arrivals, requests as usize).unwrap();
        assert!(gap >= WINDOW, "{gap:?}");
        // W / (W + doubt + one of 64 parts), less the last stretch.
        assert!(sent >= 20_000 * 7, "{sent}");
    }
}
