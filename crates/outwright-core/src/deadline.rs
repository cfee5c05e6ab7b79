//! The total budget of a call, from which every later wait is paid.
//!
//! # Guards against
//!
//! Waits that end after the caller has stopped to wait, attempts that cannot finish, and the loss of the real
//! answer because a sleep ran into the timeout.
//!
//! # Rule
//!
//! The deadline is set once, at admission: the smaller of what the caller still has and the contract's total.
//! The last part of it, [`RESERVE`] or a tenth of the total if that is less, is kept for the answer.
//! An attempt, or a wait before one, is begun only if the time that one attempt needs is left after it.
//!
//! # States
//!
//! Two times that never move.
//!
//! # Units and bounds
//!
//! Monotonic time; the total is 1 ns or more.
//!
//! # Says
//!
//! [`Fit`]: it fits, or it does not.
//!
//! # Sources
//!
//! gRPC "Deadlines" (one deadline over all attempts); requirements; `resilience.md` 6.2.

use std::time::Duration;

use crate::limits::{ATTEMPT_MIN, RESERVE};
use crate::time::Mono;

/// Whether something that starts later still makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It can finish in time.
    Fits,
    /// It cannot.
    TooLate,
}

/// Whether a caller leaves an attempt less time than its contract does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nine tenths of it, or all.
    No,
    /// Less: that it ran out says nothing of the provider's health.
    ByCaller,
}

/// The deadline of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    ends: Mono,
    latest: Mono,
    /// When it would end by the contract alone.
    contract: Mono,
}

impl Deadline {
    /// The deadline of a call that arrives `now`; the caller's own wish can only shorten it.
    ///
    /// `total` and `attempt` are the contract's.
    #[must_use]
    pub fn new(total: Duration, attempt: Duration, caller: Option<Duration>, now: Mono) -> Self {
        let contract = usable(total);
        let given = match caller {
            Some(caller) if caller < total => usable(caller),
            Some(_) | None => contract,
        };
        // Whoever has all that the contract gives, or nearly, is never too late, however little that is.
        let needed = ATTEMPT_MIN.min(attempt);
        let needed = if needed < contract / 2 { needed } else { needed.min(contract / 10 * 9) };
        let ends = now.plus(given);
        Self { ends, latest: ends.minus(needed), contract: now.plus(contract) }
    }

    /// When the last attempt has to be over; the answer still has its reserve after that.
    #[must_use]
    pub const fn ends(&self) -> Mono {
        self.ends
    }

    /// The last moment at which an attempt may start.
    #[must_use]
    pub const fn latest(&self) -> Mono {
        self.latest
    }

    /// Whether an attempt that starts `now` has clearly less time than the contract alone would give it.
    #[must_use]
    pub fn cuts(&self, now: Mono, attempt: Duration) -> Cut {
        if self.ends == self.contract {
            return Cut::No;
        }
        let attempt_ends = now.plus(attempt);
        let given = attempt_ends.min(self.ends).since(now);
        let full = attempt_ends.min(self.contract).since(now);
        if given < full - full / 10 { Cut::ByCaller } else { Cut::No }
    }

    /// Whether an attempt that starts at `start` can finish.
    #[must_use]
    pub fn fit(&self, start: Mono) -> Fit {
        if start <= self.latest { Fit::Fits } else { Fit::TooLate }
    }
}

/// A total less what is kept for the answer.
fn usable(total: Duration) -> Duration {
    // A division only where the tenth is the smaller part.
    let reserve = if total >= RESERVE * 10 { RESERVE } else { total / 10 };
    total.saturating_sub(reserve)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// the smaller of caller and contract. R-101: nothing starts that cannot finish.
    #[test]
    fn the_smaller_total_counts_less_the_reserve_and_one_attempt() {
        let at = Mono::from_millis;
        let check = |total, attempt, caller: Option<u64>, ends, latest| {
            let deadline = Deadline::new(ms(total), ms(attempt), caller.map(ms), at(1_000));
            assert_eq!((deadline.ends(), deadline.latest()), (at(ends), at(latest)));
            assert_eq!(deadline.fit(at(latest)), Fit::Fits);
            assert_eq!(deadline.fit(at(latest).plus(Duration::from_nanos(1))), Fit::TooLate);
        };
        check(25_000, 7_000, None, 25_950, 25_850);
        check(25_000, 7_000, Some(800), 1_750, 1_650);
        check(25_000, 7_000, Some(60_000), 25_950, 25_850);
        check(25_000, 40, None, 25_950, 25_910);
        check(200, 200, None, 1_180, 1_080);
    }

    #[test]
    fn less_than_an_attempt_fits_nothing() {
        let deadline = Deadline::new(ms(25_000), ms(7_000), Some(ms(90)), Mono::from_millis(1_000));
        assert_eq!(deadline.fit(Mono::from_millis(1_000)), Fit::TooLate);
    }
}
