//! What an attempt meant, as every room that must know it is told: classified once, then only read.

use std::time::Duration;

use super::{Class, Effect, Signal};
use crate::dice::Draw;
use crate::limits::HINT_MAX;

/// What an outcome says about the provider's health: what a breaker counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// Nobody is there: connect, TLS transport, timeout, reset, broken body. Arms the run rules.
    Hard,
    /// Something is there and fails: counts in the ratio only.
    Soft,
    /// It says that it cannot keep up (503, 529): fails, arms the run rules, and may name a time.
    Overload,
    /// It is alive, whatever it answered.
    Success,
    /// Says nothing: throttled, ours, the caller's, or handed back unsent.
    Neutral,
}

impl Evidence {
    /// Every kind of evidence.
    pub const ALL: [Self; 5] =
        [Self::Hard, Self::Soft, Self::Overload, Self::Success, Self::Neutral];

    /// Its word in reports; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Overload => "overload",
            Self::Success => "success",
            Self::Neutral => "neutral",
        }
    }
}

/// What an attempt meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The row of the matrix; none: a good answer.
    pub signal: Option<Signal>,
    /// What it means.
    pub class: Class,
    /// What was done at the provider.
    pub effect: Effect,
    /// What it says about the provider's health.
    pub evidence: Evidence,
    /// Who said so.
    pub grounds: Grounds,
    /// When the provider wants to be asked again, where it said so in a usable way.
    pub hint: Option<Hint>,
    /// Whether the provider forbade another try.
    pub pushback: Pushback,
}

impl Verdict {
    /// A good answer.
    pub const GOOD: Self = Self {
        signal: None,
        class: Class::Success,
        effect: Effect::Done,
        evidence: Evidence::Success,
        grounds: Grounds::Protocol,
        hint: None,
        pushback: Pushback::None,
    };

    /// What a signal says by itself.
    #[must_use]
    pub const fn of(signal: Signal) -> Self {
        Self {
            signal: Some(signal),
            class: signal.class(),
            effect: signal.effect(),
            evidence: signal.evidence(),
            grounds: Grounds::Protocol,
            hint: None,
            pushback: Pushback::None,
        }
    }

    /// Whether the provider did what was asked.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self.class, Class::Success)
    }
}

/// Whose word a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grounds {
    /// The protocol, or the provider's dialect: the matrix decides by signal.
    Protocol,
    /// A row of the contract's `errors:`: class and effect decide.
    Contract,
}

/// Whether the provider forbade another try (`x-should-retry: false` and its kin).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pushback {
    /// It did not.
    None,
    /// It did. The opposite word, `true`, is never heard: it cannot override a plan.
    Stop,
}

/// A provider's wish not to be asked for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hint {
    /// How long, from the receipt of the head; never zero.
    pub wait: Duration,
    /// Which field said so.
    pub source: HintSource,
}

impl Hint {
    /// When to come back at the earliest: the hint, one tick, and `U(0, max(1 s, 10 %))` upward, since fleets come back together.
    #[must_use]
    pub fn spread(self, draw: Draw) -> Duration {
        let most = (self.wait / 10).max(SPREAD_MIN);
        self.least().saturating_add(draw.upto(most))
    }

    /// The hint and one tick: a truncated fraction never makes us early.
    #[must_use]
    pub const fn least(self) -> Duration {
        self.wait.saturating_add(TICK)
    }

    /// Whether it is longer than is ever waited out: then the provider counts as exhausted.
    #[must_use]
    pub fn is_long(self) -> bool {
        self.wait > HINT_MAX
    }
}

/// Which field a hint came from, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HintSource {
    /// `Retry-After` and its finer relatives.
    RetryAfter,
    /// `t` of `RateLimit`.
    RateLimit,
    /// A reset field of the provider's dialect, or a wait that its documents state.
    Vendor,
}

/// Least upward spread of a hint (`resilience.md` 6.3).
const SPREAD_MIN: Duration = Duration::from_secs(1);
/// One tick of a provider's clock as fields show it (`resilience.md` 6.3).
const TICK: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    ///
    #[test]
    fn a_spread_hint_is_never_earlier_than_the_hint_and_at_most_a_tenth_later() {
        let hint = |secs| Hint { wait: Duration::from_secs(secs), source: HintSource::RetryAfter };
        for (secs, most_ms) in [(1, 2_001), (5, 6_001), (60, 66_001), (600, 660_001)] {
            assert_eq!(hint(secs).spread(Draw::of(0)), Duration::from_millis(secs * 1000 + 1));
            assert_eq!(hint(secs).spread(Draw::of(u64::MAX)), Duration::from_millis(most_ms));
        }
    }

    #[test]
    fn fifteen_minutes_are_waited_out_and_a_moment_more_is_not() {
        let hint = |wait| Hint { wait, source: HintSource::Vendor };
        assert!(!hint(HINT_MAX).is_long());
        assert!(hint(HINT_MAX + TICK).is_long());
    }
}
