//! How long to wait before the next attempt.
//!
//! # Guards against
//!
//! Repeats that come back at the moment at which all others come back too.
//!
//! # Rule
//!
//! The delay doubles per retry, is capped, and only then spread, so that the cap is spread as well.
//!
//! # States
//!
//! None but the delay before, which decorrelated jitter needs.
//!
//! # Units and bounds
//!
//! Nanoseconds; every delay lies in `[0, cap]`, for every number of retries.
//!
//! # Says
//!
//! A duration.
//!
//! # Sources
//!
//! M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015; AWS Builders' Library, "Timeouts, retries, and backoff with jitter".

use std::time::Duration;

use crate::dice::Draw;

/// How a delay is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Uniform in `[0, v]`.
    Full,
    /// `v/2` and uniform in `[0, v/2]` on top.
    Equal,
    /// Uniform in `[base, min(cap, 3 × the delay before)]`.
    Decorrelated,
}

/// Checked parameters of a backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
    pub(crate) jitter: Jitter,
}

/// Why a backoff is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// The base is zero.
    Zero,
    /// The base is above the cap.
    BaseAboveCap,
}

impl Policy {
    /// `base` doubled per retry up to `cap`, then spread.
    ///
    /// # Errors
    ///
    /// A zero base, a base above the cap.
    pub fn new(base: Duration, cap: Duration, jitter: Jitter) -> Result<Self, PolicyError> {
        if base.is_zero() {
            return Err(PolicyError::Zero);
        }
        if base > cap {
            return Err(PolicyError::BaseAboveCap);
        }
        Ok(Self { base, cap, jitter })
    }

    /// The longest delay.
    #[must_use]
    pub const fn cap(&self) -> Duration {
        self.cap
    }
    /// The first delay, before it is spread.
    #[must_use]
    pub const fn base(&self) -> Duration {
        self.base
    }
    /// How delays are spread.
    #[must_use]
    pub const fn jitter(&self) -> Jitter {
        self.jitter
    }
}

/// The wait before retry number `retry` (from 0); `before` is the delay before that one, zero for the first.
#[must_use]
pub fn delay(policy: &Policy, retry: u32, before: Duration, draw: Draw) -> Duration {
    let value = value(policy, retry);
    match policy.jitter {
        Jitter::Full => draw.upto(value),
        Jitter::Equal => {
            let half = value / 2;
            half + draw.upto(value - half)
        }
        Jitter::Decorrelated => {
            let most = before.max(policy.base).saturating_mul(3).min(policy.cap);
            policy.base + draw.upto(most - policy.base)
        }
    }
}

/// The longest wait before retry number `retry` (from 0): what a worst case must count.
#[must_use]
pub fn value(policy: &Policy, retry: u32) -> Duration {
    let factor = 2_u32.checked_pow(retry).unwrap_or(u32::MAX);
    policy.base.saturating_mul(factor).min(policy.cap)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dice::{Dice, Salt};

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn policy(jitter: Jitter) -> Policy {
        Policy::new(ms(100), ms(2_000), jitter).expect("base below cap")
    }

    #[test]
    fn the_value_doubles_up_to_the_cap_and_stays_there() {
        let full = policy(Jitter::Full);
        for (retry, expected) in
            [(0, 100), (1, 200), (4, 1_600), (5, 2_000), (31, 2_000), (32, 2_000), (100_000, 2_000)]
        {
            assert_eq!(value(&full, retry), ms(expected), "retry {retry}");
        }
    }

    ///
    #[test]
    fn both_ends_of_each_jitter_are_reached() {
        for (jitter, retry, before, least, most) in [
            (Jitter::Full, 0, 0, 0, 100),
            (Jitter::Full, 100_000, 0, 0, 2_000),
            (Jitter::Equal, 2, 0, 200, 400),
            (Jitter::Equal, 100_000, 0, 1_000, 2_000),
            (Jitter::Decorrelated, 0, 0, 100, 300),
            (Jitter::Decorrelated, 1, 250, 100, 750),
            (Jitter::Decorrelated, 9, 2_000, 100, 2_000),
        ] {
            let policy = policy(jitter);
            let at = |draw| delay(&policy, retry, ms(before), draw);
            assert_eq!(at(Draw::of(0)), ms(least), "{jitter:?} {retry}");
            assert_eq!(at(Draw::of(u64::MAX)), ms(most), "{jitter:?} {retry}");
        }
    }

    /// uniform, so the mean and the quarters are where they belong.
    #[test]
    fn delays_are_spread_evenly() {
        for (jitter, least, most) in [
            (Jitter::Full, 0, 1_600),
            (Jitter::Equal, 800, 1_600),
            (Jitter::Decorrelated, 100, 900),
        ] {
            let policy = policy(jitter);
            let mut quarters = [0_u32; 4];
            for call in 0..20_000 {
                let draw = Dice::new(11).draw(call, Salt::Backoff(1));
                let delay = delay(&policy, 4, ms(300), draw);
                let place = (delay - ms(least)).as_nanos() * 4 / (ms(most - least).as_nanos() + 1);
                quarters[usize::try_from(place).expect("a quarter")] += 1;
            }
            for share in quarters {
                assert!((4_800..5_200).contains(&share), "{jitter:?}: {quarters:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_delay_never_leaves_its_bounds(
            base in 1_u64..10_000,
            extra in 0_u64..100_000,
            retry in 0_u32..200_000,
            before in 0_u64..200_000,
            bits: u64,
        ) {
            for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
                let policy = Policy::new(ms(base), ms(base + extra), jitter).expect("checked");
                let delay = delay(&policy, retry, ms(before), Draw::of(bits));
                prop_assert!(delay <= policy.cap());
                if jitter == Jitter::Decorrelated {
                    prop_assert!(delay >= policy.base());
                }
            }
        }
    }
}
