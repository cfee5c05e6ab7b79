//! A call as the world drives it.

use outwright_core::call::Call;
use outwright_core::timeout::Limits;

/// A call that has begun and is not over.
#[derive(Debug)]
pub(super) struct Driven {
    pub(super) call: Call,
    /// Timers with another number were set before the last step.
    pub(super) timer: u64,
    pub(super) limits: Option<Limits>,
    pub(super) answered: Answered,
}

/// Whether its caller has an answer, or the beginning of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    NotYet,
    Yes,
}
