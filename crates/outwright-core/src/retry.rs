//! Whether to try again, when, and what it may cost.

pub mod backoff;
pub mod budget;
pub mod matrix;

/// Attempts and the waits between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    pub(crate) attempts: u8,
    pub(crate) transient: backoff::Policy,
    pub(crate) throttle: backoff::Policy,
}

/// Why a retry policy is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// No attempt, or more than [`crate::limits::ATTEMPTS_MAX`].
    Attempts,
}

impl Policy {
    /// `attempts` (the first counted) with these waits.
    ///
    /// # Errors
    ///
    /// Zero attempts, or too many.
    pub fn new(
        attempts: u8,
        transient: backoff::Policy,
        throttle: backoff::Policy,
    ) -> Result<Self, PolicyError> {
        if attempts == 0 || attempts > crate::limits::ATTEMPTS_MAX {
            return Err(PolicyError::Attempts);
        }
        Ok(Self { attempts, transient, throttle })
    }

    /// Sends of one call, the first counted.
    #[must_use]
    pub const fn attempts(&self) -> u8 {
        self.attempts
    }
    /// The waits after transient failures.
    #[must_use]
    pub const fn transient(&self) -> &backoff::Policy {
        &self.transient
    }
    /// The waits after being throttled without a hint.
    #[must_use]
    pub const fn throttle(&self) -> &backoff::Policy {
        &self.throttle
    }
}
