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
