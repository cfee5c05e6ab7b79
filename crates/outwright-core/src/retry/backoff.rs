//! How long to wait before the next attempt.

use std::time::Duration;

/// How a delay is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Uniform in `[0, v]`.
    Full,
    /// `v/2` and uniform in `[0, v/2]` on top.
    Equal,
    /// Uniform in `[base, 3 × the delay before]`.
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
