//! When to stop sending, and how to find out that it is over.

use std::time::Duration;

/// Checked parameters of a breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// How far back calls count.
    pub(crate) window: Duration,
    /// Fewer calls than this in the window prove nothing.
    pub(crate) min_calls: u32,
    /// Failed calls per call, in `(0, 1]`, at which it opens.
    pub(crate) failure_ratio: f64,
    /// First time that it stays open.
    pub(crate) open_base: Duration,
    /// Longest time that it stays open.
    pub(crate) open_cap: Duration,
    /// Calls let through at once when it is half open.
    pub(crate) probes: u16,
}

/// Why parameters are not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// A duration or a count is zero.
    Zero,
    /// The ratio is not in `(0, 1]`.
    Ratio,
    /// `base` is above `cap`.
    BaseAboveCap,
}

impl Policy {
    /// Checked parameters.
    ///
    /// # Errors
    ///
    /// Zeros, a ratio outside `(0, 1]`, a base above the cap.
    pub fn new(
        window: Duration,
        min_calls: u32,
        failure_ratio: f64,
        (open_base, open_cap): (Duration, Duration),
        probes: u16,
    ) -> Result<Self, PolicyError> {
        if window.is_zero() || open_base.is_zero() || min_calls == 0 || probes == 0 {
            return Err(PolicyError::Zero);
        }
        if !(failure_ratio > 0.0 && failure_ratio <= 1.0) {
            return Err(PolicyError::Ratio);
        }
        if open_base > open_cap {
            return Err(PolicyError::BaseAboveCap);
        }
        Ok(Self { window, min_calls, failure_ratio, open_base, open_cap, probes })
    }
}
