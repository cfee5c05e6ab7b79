//! Whether to try again, when, and what it may cost.
//!
//! # Guards against
//!
//! A repeat that could act twice, comes too early, cannot finish in time, or makes an outage worse.
//!
//! # Rule
//!
//! An outcome may be tried again if the provider did not forbid it, [`matrix`] allows it under the plan, the body can be sent again, attempts are left, the next attempt fits the time that is left, and the [`budget`] pays.
//! The wait is the provider's hint, spread upward, or the [`backoff`] of its kind.
//! What provably never reached the provider goes again at once: not counted as an attempt, not paid, at most twice.
//!
//! # States
//!
//! [`Tally`]: what one call used up so far.
//!
//! # Units and bounds
//!
//! Attempts from 1 to [`crate::limits::ATTEMPTS_MAX`], free repeats to [`TRANSPARENT_MAX`]; waits in nanoseconds, never past the deadline less [`RESERVE`].
//!
//! # Says
//!
//! [`Decision`]: again after a wait and of which kind, a look first, or not and why.
//!
//! # Sources
//!
//! RFC 9110 sections 9.2.2 and 10.2.3; gRFC A6 (transparent retries); Site Reliability Engineering, chapters 21 and 22.

use std::time::Duration;

use crate::dice::Draw;
use crate::limits::{RESERVE, TRANSPARENT_MAX};
use crate::outcome::{AttemptNo, Hint, Pushback, Signal, Verdict};
use crate::provider::Plan;
use crate::step::Skip;

pub mod backoff;
pub mod budget;
pub mod matrix;

use matrix::{By, Delay, Move, Overrides, Repeat};

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

/// What one call used up so far. Small and `Copy`: the call keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sends that are not counted as attempts.
    uncounted: u8,
    /// Of these, repeats at once.
    transparent: u8,
    /// Rows that were used and work once: a bit each.
    used: u8,
    /// The delay before the last counted repeat.
    delay: Duration,
}

impl Tally {
    /// Attempts that count, when `attempt` is the last one that was sent.
    #[must_use]
    pub const fn counted(&self, attempt: AttemptNo) -> u8 {
        attempt.number().saturating_sub(self.uncounted)
    }

    /// Notes a repeat that is going to happen.
    pub fn note(&mut self, verdict: &Verdict, again: Again) {
        if let Some(signal) = verdict.signal {
            self.used |= bit(signal);
        }
        match again.kind {
            Kind::Counted => self.delay = again.wait,
            Kind::Transparent => {
                self.uncounted = self.uncounted.saturating_add(1);
                self.transparent = self.transparent.saturating_add(1);
            }
            Kind::Refreshed => self.uncounted = self.uncounted.saturating_add(1),
        }
    }
}

/// What a decision needs to know besides the verdict.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Attempts and waits of the operation.
    pub policy: &'a Policy,
    /// What makes a repeat safe.
    pub plan: Plan,
    /// Where the contract moves rows.
    pub overrides: &'a Overrides,
    /// The attempt that ended.
    pub attempt: AttemptNo,
    /// Until the deadline, the reserve not yet taken off.
    pub left: Duration,
    /// Shortest time in which an attempt can be useful.
    pub attempt_min: Duration,
    /// The request body.
    pub body: Body,
    /// What the budget says now.
    pub budget: budget::Answer,
}

/// Whether the request body can be sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// It was kept, there is none, or not a byte of it was taken yet.
    Replayable,
    /// It streamed and is gone.
    Gone,
}

/// Whether to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes: note it in the tally, pay if its kind pays, wait, and ask the gates again.
    Again(Again),
    /// Not before a look has shown that it did not happen; where nothing can look, the outcome is unknown.
    Reconcile {
        /// How long to wait before the look.
        wait: Duration,
    },
    /// No.
    Skip(Skip),
}

/// Another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// How long to wait.
    pub wait: Duration,
    /// What kind of repeat it is.
    pub kind: Kind,
}

/// What kind of repeat it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Counts as an attempt and pays from the budget.
    Counted,
    /// It never reached the provider: not counted, not paid.
    Transparent,
    /// After the credential was refreshed: once, not counted, not paid.
    Refreshed,
}

impl Kind {
    /// Tokens of the budget that it costs.
    #[must_use]
    pub const fn cost(self) -> u8 {
        match self {
            Self::Counted => 1,
            Self::Transparent | Self::Refreshed => 0,
        }
    }
}

/// Whether to try again after this verdict.
#[must_use]
pub fn decide(ask: &Ask<'_>, verdict: &Verdict, tally: &Tally, draw: Draw) -> Decision {
    let Some(signal) = verdict.signal.filter(|_| !verdict.is_good()) else {
        return Decision::Skip(Skip::Final);
    };
    if verdict.pushback == Pushback::Stop {
        return Decision::Skip(Skip::Told);
    }
    let answer = matrix::look(verdict, ask.plan, ask.overrides);
    let delay = match answer.next {
        Move::Again(delay) => delay,
        Move::Reconcile => {
            let wait = backoff::delay(&ask.policy.transient, 0, Duration::ZERO, draw);
            return Decision::Reconcile { wait };
        }
        Move::No => {
            return Decision::Skip(match answer.by {
                By::Outcome => Skip::Final,
                By::Plan => Skip::Plan,
                By::Contract => Skip::Contract,
            });
        }
    };
    let Some((delay, kind)) = used(delay, signal, tally) else {
        return Decision::Skip(Skip::Attempts);
    };
    if ask.body == Body::Gone {
        return Decision::Skip(Skip::Body);
    }
    if kind == Kind::Counted && tally.counted(ask.attempt) >= ask.policy.attempts {
        return Decision::Skip(Skip::Attempts);
    }
    let wait = match fitting(ask, verdict.hint, tally, (delay, draw)) {
        Ok(wait) => wait,
        Err(skip) => return Decision::Skip(skip),
    };
    if kind == Kind::Counted && ask.budget != budget::Answer::Enough {
        return Decision::Skip(Skip::Budget);
    }
    Decision::Again(Again { wait, kind })
}

/// The delay and the kind of a repeat, in view of what the call used before; none: used up.
fn used(delay: Delay, signal: Signal, tally: &Tally) -> Option<(Delay, Kind)> {
    let before = tally.used & bit(signal) != 0;
    let delay = match matrix::repeat(signal) {
        Repeat::Once if before => return None,
        Repeat::Then(later) if before => later,
        Repeat::Once | Repeat::Then(_) | Repeat::Free => delay,
    };
    Some(match delay {
        Delay::AtOnce if signal == Signal::S401 => (delay, Kind::Refreshed),
        Delay::AtOnce if tally.transparent < TRANSPARENT_MAX => (delay, Kind::Transparent),
        // A server that refuses again and again gets the ordinary pace.
        Delay::AtOnce => (Delay::Transient, Kind::Counted),
        Delay::Transient | Delay::Throttle => (delay, Kind::Counted),
    })
}

/// The wait, if it and the shortest useful attempt fit the time that is left.
fn fitting(
    ask: &Ask<'_>,
    hint: Option<Hint>,
    tally: &Tally,
    (delay, draw): (Delay, Draw),
) -> Result<Duration, Skip> {
    let room = ask.left.saturating_sub(RESERVE).checked_sub(ask.attempt_min);
    let retry = u32::from(tally.counted(ask.attempt).saturating_sub(1));
    let own = match delay {
        Delay::AtOnce => Duration::ZERO,
        Delay::Transient => backoff::delay(&ask.policy.transient, retry, tally.delay, draw),
        Delay::Throttle => backoff::delay(&ask.policy.throttle, retry, tally.delay, draw),
    };
    let Some(hint) = hint else {
        return room.filter(|room| own <= *room).map(|_| own).ok_or(Skip::Deadline);
    };
    let Some(room) = room.filter(|room| hint.least() <= *room && !hint.is_long()) else {
        return Err(Skip::HintTooLong);
    };
    // A hint is a floor; the spread above it shrinks to what the deadline leaves.
    let wait = match delay {
        Delay::Throttle => hint.spread(draw),
        Delay::AtOnce | Delay::Transient => hint.spread(draw).max(own),
    };
    Ok(wait.min(room))
}

/// The bit of a row that does not work the same way twice.
const fn bit(signal: Signal) -> u8 {
    if matches!(signal, Signal::S401) {
        1
    } else if matches!(signal, Signal::S421) {
        2
    } else if matches!(signal, Signal::S425) {
        4
    } else if matches!(signal, Signal::RefusedStream) {
        8
    } else if matches!(signal, Signal::S503) {
        16
    } else {
        0
    }
}

#[cfg(test)]
mod tests;
