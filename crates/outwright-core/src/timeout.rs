//! The limits of one attempt, clipped to the deadline.
//!
//! # Guards against
//!
//! A peer that holds a call: one that never connects, never answers, or answers one byte at a time.
//!
//! # Rule
//!
//! Every attempt gets four limits when it is sent: its connection (DNS, TCP and TLS together) by a time, its head
//! within `first_byte` of the connection, a byte at least every `idle`, and its end by a time.
//! None of them reaches past the deadline of the call.
//! The engine computes them; the driver keeps them, because only the transport knows the phase and what was flushed.
//!
//! # States
//!
//! None: limits are made once per attempt and do not move.
//!
//! # Units and bounds
//!
//! Durations above zero, `connect` and `first_byte` at most `attempt`, `attempt` at most `total`.
//!
//! # Says
//!
//! [`Limits`], as times and durations on the monotonic clock.
//!
//! # Sources
//!
//! AWS Builders' Library, "Timeouts, retries and backoff with jitter" (connect and request apart);
//! RFC 9209 section 2.3 (an error of its own per phase); requirement R-100.

use std::time::Duration;

use crate::time::Mono;

/// How long each phase may last; all from the contract, none from the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    connect: Duration,
    first_byte: Duration,
    idle: Duration,
    attempt: Duration,
    total: Duration,
}

/// Why timeouts are not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// One of them is zero.
    Zero,
    /// `attempt` is longer than `total`.
    AttemptAboveTotal,
    /// `connect` or `first_byte` is longer than `attempt`.
    PhaseAboveAttempt,
}

impl Policy {
    /// Checked timeouts.
    ///
    /// # Errors
    ///
    /// A zero, a phase above its attempt, an attempt above the total.
    pub fn new(
        connect: Duration,
        first_byte: Duration,
        idle: Duration,
        attempt: Duration,
        total: Duration,
    ) -> Result<Self, PolicyError> {
        if [connect, first_byte, idle, attempt, total].contains(&Duration::ZERO) {
            return Err(PolicyError::Zero);
        }
        if attempt > total {
            return Err(PolicyError::AttemptAboveTotal);
        }
        if connect > attempt || first_byte > attempt {
            return Err(PolicyError::PhaseAboveAttempt);
        }
        Ok(Self { connect, first_byte, idle, attempt, total })
    }

    /// DNS, TCP and TLS together.
    #[must_use]
    pub const fn connect(&self) -> Duration {
        self.connect
    }
    /// From the connection to the response head.
    #[must_use]
    pub const fn first_byte(&self) -> Duration {
        self.first_byte
    }
    /// Between two bytes, in either direction.
    #[must_use]
    pub const fn idle(&self) -> Duration {
        self.idle
    }
    /// One attempt, to the end of its body.
    #[must_use]
    pub const fn attempt(&self) -> Duration {
        self.attempt
    }
    /// The whole call, waits and retries included.
    #[must_use]
    pub const fn total(&self) -> Duration {
        self.total
    }
}

/// The limits of one attempt: the engine computes them, the driver keeps them and reports what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The connection must stand by then.
    pub connect: Mono,
    /// From the standing connection to the response head, at most; `end` still rules.
    pub first_byte: Duration,
    /// Between two bytes, at most; `end` still rules.
    pub idle: Duration,
    /// The attempt must be over by then; for streams, see `stream`.
    pub end: Mono,
    /// For streams: `end` stops to count at the first body byte, then `idle` and this rule.
    pub stream: Option<Duration>,
}

impl Limits {
    /// The limits of an attempt that starts `now` under `policy` and a deadline.
    #[must_use]
    pub fn of(policy: &Policy, stream: Option<Duration>, now: Mono, deadline: Mono) -> Self {
        let end = now.plus(policy.attempt).min(deadline);
        Self {
            connect: now.plus(policy.connect).min(end),
            first_byte: policy.first_byte,
            idle: policy.idle,
            end,
            stream,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// no limit reaches past the attempt, and no attempt past the deadline.
    #[test]
    fn every_limit_is_clipped_to_the_attempt_and_the_deadline() {
        let policy = Policy::new(ms(1_000), ms(6_000), ms(5_000), ms(7_000), ms(25_000)).unwrap();
        let at = Mono::from_millis;
        let check = |deadline, connect, end| {
            let limits = Limits::of(&policy, None, at(20_000), at(deadline));
            assert_eq!((limits.connect, limits.end), (at(connect), at(end)), "{deadline}");
        };
        check(60_000, 21_000, 27_000);
        check(24_950, 21_000, 24_950);
        check(20_300, 20_300, 20_300);
    }

    #[test]
    fn timeouts_that_contradict_each_other_are_refused() {
        let policy = |connect, first_byte, attempt, total| {
            Policy::new(ms(connect), ms(first_byte), ms(1), ms(attempt), ms(total)).err()
        };
        assert_eq!(policy(0, 1, 1, 1), Some(PolicyError::Zero));
        assert_eq!(policy(1, 1, 2, 1), Some(PolicyError::AttemptAboveTotal));
        assert_eq!(policy(3, 1, 2, 4), Some(PolicyError::PhaseAboveAttempt));
        assert_eq!(policy(1, 3, 2, 4), Some(PolicyError::PhaseAboveAttempt));
        assert_eq!(policy(2, 2, 2, 2), None);
    }
}
