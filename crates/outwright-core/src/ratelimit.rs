//! A known quota, kept on our side so that the provider never has to say 429.

use std::time::Duration;

use crate::limits::GUARD_MIN;

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
