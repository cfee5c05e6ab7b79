//! What all retries to a provider may cost together.

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
