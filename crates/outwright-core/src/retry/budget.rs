//! What all retries to a provider may cost together.
//!
//! # Guards against
//!
//! Retries that keep a provider down: in an outage every call would be sent as often as its attempts allow.
//!
//! # Rule
//!
//! A retry costs one token, taken when it is decided, before its backoff: a thousand calls in backoff have all paid.
//! A success at the first try earns `ratio` of a token, a retry that succeeds gets its own token back, and every 30 seconds one comes by itself.
//! So retries are nearly free while they help and run out while they do not.
//! First attempts never ask it.
//!
//! # States
//!
//! A number of tokens, and the time up to which the trickle is counted.
//! It starts full.
//!
//! # Units and bounds
//!
//! Millionths of a token, in `[0, burst]`; no fraction is lost over time.
//!
//! # Says
//!
//! [`Answer`]: there is a token, or when the trickle brings the next.
//!
//! # Sources
//!
//! M. Brooker, "Fixing retries with token buckets and circuit breakers", 2022; AWS SDK retry behaviour (refund on success); Site Reliability Engineering, chapter 21.

use std::time::Duration;

use crate::time::Mono;

/// Checked parameters of a retry budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    pub(crate) ratio: f64,
    pub(crate) burst: u32,
}

/// Why a budget is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// The ratio is not in `(0, 1]`.
    Ratio,
    /// No burst.
    Burst,
}

impl Policy {
    /// `ratio` of a retry earned per first-try success, at most `burst` saved up.
    ///
    /// # Errors
    ///
    /// A ratio outside `(0, 1]`, a burst of zero.
    pub fn new(ratio: f64, burst: u32) -> Result<Self, PolicyError> {
        if !(ratio > 0.0 && ratio <= 1.0) {
            return Err(PolicyError::Ratio);
        }
        if burst == 0 {
            return Err(PolicyError::Burst);
        }
        Ok(Self { ratio, burst })
    }

    /// Retries earned per first-try success.
    #[must_use]
    pub const fn ratio(&self) -> f64 {
        self.ratio
    }
    /// Retries that may be saved up.
    #[must_use]
    pub const fn burst(&self) -> u32 {
        self.burst
    }
}

/// The tokens that a provider's retries share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Millionths of a token.
    tokens: u64,
    /// The trickle is counted up to here.
    counted: Mono,
}

/// Whether a retry can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It can.
    Enough,
    /// It cannot; the trickle alone makes it possible then.
    Empty {
        /// When.
        until: Mono,
    },
}

impl Budget {
    /// A full budget.
    #[must_use]
    pub fn new(policy: &Policy, now: Mono) -> Self {
        Self { tokens: cap(policy), counted: now }
    }

    /// Whether a retry can be paid now; takes nothing.
    #[must_use]
    pub fn look(&self, policy: &Policy, now: Mono) -> Answer {
        let mut then = self.clone();
        then.trickle(policy, now);
        then.answer()
    }

    /// Pays for a retry, if it can be paid.
    #[must_use]
    pub fn take(&mut self, policy: &Policy, now: Mono) -> Answer {
        self.trickle(policy, now);
        let answer = self.answer();
        if answer == Answer::Enough {
            self.tokens -= TOKEN;
        }
        answer
    }

    /// A first attempt succeeded: `ratio` of a token.
    pub fn first_succeeded(&mut self, policy: &Policy, now: Mono) {
        self.trickle(policy, now);
        self.earn(policy, earned(policy));
    }

    /// A retry succeeded: its token comes back.
    pub fn retry_succeeded(&mut self, policy: &Policy, now: Mono) {
        self.refund(policy, now);
    }

    /// A retry that was paid was never sent: its token comes back.
    pub fn refund(&mut self, policy: &Policy, now: Mono) {
        self.trickle(policy, now);
        self.earn(policy, TOKEN);
    }

    /// Whole tokens that are there now, for reports.
    #[must_use]
    pub const fn whole(&self) -> u64 {
        self.tokens / TOKEN
    }

    fn answer(&self) -> Answer {
        if self.tokens >= TOKEN {
            return Answer::Enough;
        }
        let missing = (TOKEN - self.tokens).saturating_mul(NANOS_PER_MILLIONTH);
        Answer::Empty { until: self.counted.plus(Duration::from_nanos(missing)) }
    }

    fn earn(&mut self, policy: &Policy, millionths: u64) {
        self.tokens = self.tokens.saturating_add(millionths).min(cap(policy));
    }

    fn trickle(&mut self, policy: &Policy, now: Mono) {
        let passed = now.nanos().saturating_sub(self.counted.nanos());
        let millionths = passed / NANOS_PER_MILLIONTH;
        // The rest of a millionth stays uncounted rather than lost.
        self.counted = self.counted.plus(Duration::from_nanos(millionths * NANOS_PER_MILLIONTH));
        self.earn(policy, millionths);
    }
}

fn cap(policy: &Policy) -> u64 {
    u64::from(policy.burst).saturating_mul(TOKEN)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the ratio is in (0, 1], so the product is in (0, one million]"
)]
fn earned(policy: &Policy) -> u64 {
    (policy.ratio * TOKEN as f64).round() as u64
}

/// One token, in millionths.
const TOKEN: u64 = 1_000_000;
/// One token per 30 s comes by itself (`resilience.md` 6.1).
const NANOS_PER_MILLIONTH: u64 = 30_000_000_000 / TOKEN;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy() -> Policy {
        Policy::new(0.2, 20).expect("checked")
    }

    fn at(millis: u64) -> Mono {
        Mono::from_millis(millis)
    }

    fn emptied(now: Mono) -> Budget {
        let policy = policy();
        let mut budget = Budget::new(&policy, now);
        while budget.take(&policy, now) == Answer::Enough {}
        budget
    }

    /// a total outage costs the burst and the trickle, whatever the load.
    #[test]
    fn an_outage_costs_the_burst_and_the_trickle() {
        let policy = policy();
        for rate in [1_u64, 10, 80] {
            let mut budget = Budget::new(&policy, Mono::ZERO);
            let mut retries = 0_u64;
            let calls = 600 * rate;
            for call in 0..calls {
                let now = at(call * 1000 / rate);
                for _ in 0..2 {
                    retries += u64::from(budget.take(&policy, now) == Answer::Enough);
                }
            }
            assert!((39..=40).contains(&retries), "{rate} per second: {retries}");
            assert!(retries * 10 <= calls, "amplification above 1.10 at {rate} per second");
        }
    }

    #[test]
    fn it_starts_full_and_says_when_the_next_token_comes() {
        let mut budget = Budget::new(&policy(), at(5));
        assert_eq!(budget.whole(), 20);
        for _ in 0..20 {
            assert_eq!(budget.take(&policy(), at(5)), Answer::Enough);
        }
        let empty = Answer::Empty { until: at(30_005) };
        assert_eq!(budget.look(&policy(), at(5)), empty);
        assert_eq!(budget.take(&policy(), at(5)), empty);
        assert_eq!(budget.take(&policy(), at(30_004)), empty);
        assert_eq!(budget.take(&policy(), at(30_005)), Answer::Enough);
    }

    #[test]
    fn five_first_successes_earn_a_retry_and_a_good_retry_pays_for_itself() {
        let policy = policy();
        let mut budget = emptied(at(0));
        for _ in 0..4 {
            budget.first_succeeded(&policy, at(0));
        }
        assert_ne!(budget.look(&policy, at(0)), Answer::Enough);
        budget.first_succeeded(&policy, at(0));
        for _ in 0..1_000 {
            assert_eq!(budget.take(&policy, at(0)), Answer::Enough);
            budget.retry_succeeded(&policy, at(0));
        }
        assert_eq!(budget.whole(), 1);
    }

    #[test]
    fn looking_takes_nothing() {
        let budget = Budget::new(&policy(), at(0));
        let before = budget.clone();
        assert_eq!(budget.look(&policy(), at(1_000)), Answer::Enough);
        assert_eq!(budget, before);
    }

    proptest! {
        /// Over any history: never more retries than burst, trickle, earnings and refunds allow.
        #[test]
        fn retries_never_exceed_what_was_earned(steps in prop::collection::vec((0_u8..4, 0_u64..5_000), 0..400)) {
            let policy = policy();
            let mut now = 0;
            let mut budget = Budget::new(&policy, at(0));
            let (mut taken, mut firsts, mut refunds) = (0_u64, 0_u64, 0_u64);
            for (step, later) in steps {
                now += later;
                match step {
                    0 | 1 => taken += u64::from(budget.take(&policy, at(now)) == Answer::Enough),
                    2 => { firsts += 1; budget.first_succeeded(&policy, at(now)); }
                    _ => if refunds < taken { refunds += 1; budget.retry_succeeded(&policy, at(now)); },
                }
                prop_assert!(budget.whole() <= 20);
            }
            let allowed = 20.0 + f64::from(u32::try_from(now).expect("small")) / 30_000.0
                + 0.2 * firsts as f64 + refunds as f64;
            prop_assert!(taken as f64 <= allowed + 1e-6, "{taken} of {allowed}");
        }

        /// Many small steps of time earn exactly what one large step earns.
        #[test]
        fn no_fraction_of_the_trickle_is_lost(steps in prop::collection::vec(1_u64..100_000_000, 1..100)) {
            let policy = policy();
            let mut small = emptied(Mono::ZERO);
            let large = small.clone();
            let mut now = 0;
            for step in steps {
                now += step;
                let _ = small.look(&policy, Mono::from_nanos(now));
                small.trickle(&policy, Mono::from_nanos(now));
            }
            let end = Mono::from_nanos(now);
            prop_assert_eq!(small.look(&policy, end), large.look(&policy, end));
        }
    }
}
