//! What one call was: filled in by the driver as it goes, told once when the call is over.

use std::sync::Arc;
use std::time::Duration;

use outwright_core::cache::{Directive, Shown};
use outwright_core::event::Would;
use outwright_core::fallback::Degraded;
use outwright_core::outcome::{AttemptNo, Class, Effect, Fault};
use outwright_core::provider::{OpIndex, Priority};
use outwright_core::refusal::Reason;
use outwright_core::step::{CallId, Skip};
use outwright_core::time::{Mono, Now};

use crate::driver::Caller;

/// One call, from its arrival to the end of its reply.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its identity.
    pub call: CallId,
    /// Index of its provider.
    pub provider: usize,
    /// Its operation.
    pub operation: OpIndex,
    /// When its head had been read, on both clocks.
    pub arrived: Now,
    /// Who called, where the deployment tells callers apart.
    pub caller: Option<Arc<Caller>>,
    /// What the caller gave it, if it said so.
    pub timeout: Option<Duration>,
    /// What the caller asked for.
    pub priority: Priority,
    /// Bytes of the request body that came in.
    pub request_bytes: u64,
    /// Bytes of the response body that went out.
    pub response_bytes: u64,
    /// Time in the wait queue, over all attempts.
    pub queued: Duration,
    /// Time between attempts that was waited on purpose.
    pub backoff: Duration,
    /// Every send.
    pub attempts: Attempts,
    /// The status that the caller got.
    pub status: u16,
    /// What the caller got.
    pub outcome: Outcome,
    /// What was done at the provider, where it is not clear from the outcome.
    pub effect: Option<Effect>,
    /// Set when nothing was sent.
    pub refused: Option<Reason>,
    /// Set when no other attempt followed an outcome that was not good.
    pub skipped: Option<Skip>,
    /// What gates that only report would have done to it first.
    pub would: Option<Would>,
    /// What it had to do with kept replies and fallbacks; none: nothing. In a box: few calls have.
    pub instead: Option<Box<Instead>>,
}

/// What a call had to do with kept replies and fallbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// The provider's answer passed, and all of it is kept.
    Kept,
    /// The provider's answer passed; whether it is kept was not known when its head passed, or it is not.
    Unkept,
    /// A kept reply was shown in place of an answer.
    Stale {
        /// Its age (RFC 9111 section 4.2.3).
        age: Duration,
        /// For how long it was good.
        lifetime: Duration,
    },
    /// The contract's fixed answer was.
    Static,
    /// Nothing was, for this reason.
    Nothing(Shown),
    /// The reply of this call, which asked for the same, answered this one too.
    Joined(CallId),
}

impl Instead {
    /// Its word in the access log; stable.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Unkept => "not_kept",
            Self::Stale { .. } => Degraded::Stale.word(),
            Self::Static => Degraded::Static.word(),
            Self::Joined(_) => "joined",
            Self::Nothing(shown) => Shown::WORDS.get(shown.place()).copied().unwrap_or_default(),
        }
    }
}

impl Record {
    /// The record of a call of which nothing but its arrival is known.
    #[must_use]
    pub const fn new(call: CallId, provider: usize, operation: OpIndex, arrived: Now) -> Self {
        Self {
            call,
            provider,
            operation,
            arrived,
            caller: None,
            timeout: None,
            priority: Priority::Default,
            request_bytes: 0,
            response_bytes: 0,
            queued: Duration::ZERO,
            backoff: Duration::ZERO,
            attempts: Attempts::new(),
            status: 0,
            outcome: Outcome::Cancelled,
            effect: None,
            refused: None,
            skipped: None,
            would: None,
            instead: None,
        }
    }

    /// Whether the caller got something else than the provider's answer of now.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.instead.as_ref().is_some_and(|instead| match **instead {
            Instead::Stale { .. } | Instead::Static => true,
            Instead::Kept | Instead::Unkept | Instead::Nothing(_) | Instead::Joined(_) => false,
        })
    }

    /// Whether the reply of another call answered it.
    #[must_use]
    pub fn is_joined(&self) -> bool {
        matches!(self.instead.as_deref(), Some(Instead::Joined(_)))
    }

    /// The directive for which nothing was shown in place of an answer.
    #[must_use]
    pub fn barred(&self) -> Option<Directive> {
        match self.instead.as_deref() {
            Some(Instead::Nothing(Shown::Barred(directive))) => Some(*directive),
            Some(_) | None => None,
        }
    }

    /// Time from the arrival to `now`.
    #[must_use]
    pub const fn age(&self, now: Mono) -> Duration {
        now.since(self.arrived.mono)
    }

    /// The part of the time to `now` that was neither the provider's nor a wait on purpose: what outwright costs.
    #[must_use]
    pub fn overhead(&self, now: Mono) -> Duration {
        self.age(now)
            .saturating_sub(self.attempts.time(now))
            .saturating_sub(self.queued)
            .saturating_sub(self.backoff)
    }
}

/// One send of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its number.
    pub number: AttemptNo,
    /// When it was started.
    pub started: Mono,
    /// When it was over; none while it runs.
    pub ended: Option<Mono>,
    /// The provider's status, if a head came.
    pub status: Option<u16>,
    /// What it means.
    pub class: Option<Class>,
    /// What went wrong, if no head came or its body broke.
    pub fault: Option<Fault>,
}

impl Attempt {
    /// An attempt that starts now.
    #[must_use]
    pub const fn new(number: AttemptNo, started: Mono) -> Self {
        Self { number, started, ended: None, status: None, class: None, fault: None }
    }
}

/// The sends of a call, in order; the first one costs no allocation.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    first: Option<Attempt>,
    more: Vec<Attempt>,
}

impl Attempts {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { first: None, more: Vec::new() }
    }

    /// Adds one.
    pub fn push(&mut self, attempt: Attempt) {
        if self.first.is_none() {
            self.first = Some(attempt);
        } else {
            self.more.push(attempt);
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Attempt> {
        self.first.iter().chain(&self.more)
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.len()
    }

    /// The one of this number, to fill in how it went.
    pub fn find(&mut self, number: AttemptNo) -> Option<&mut Attempt> {
        match &mut self.first {
            Some(first) if first.number == number => Some(first),
            _ => self.more.iter_mut().find(|attempt| attempt.number == number),
        }
    }

    /// Time that they took together; those under way count to `now`.
    #[must_use]
    pub fn time(&self, now: Mono) -> Duration {
        let took = |attempt: &Attempt| attempt.ended.unwrap_or(now).since(attempt.started);
        let first = self.first.as_ref().map_or(Duration::ZERO, took);
        self.more.iter().fold(first, |sum, attempt| sum.saturating_add(took(attempt)))
    }
}

/// What the caller got. Stable words: the label `outcome` of metrics and the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The provider did it.
    Success,
    /// The provider says that the request is wrong.
    ClientError,
    /// The provider failed.
    ProviderError,
    /// It took too long.
    Timeout,
    /// Outwright did not send it.
    Rejected,
    /// The caller went away.
    Cancelled,
    /// An older or a fixed answer, marked as such.
    Degraded,
    /// Taken over for later delivery.
    Accepted,
    /// The answer of an earlier call with the same key.
    Replayed,
    /// Nobody on this side can say what the provider did.
    Unknown,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 10] = [
        Self::Success,
        Self::ClientError,
        Self::ProviderError,
        Self::Timeout,
        Self::Rejected,
        Self::Cancelled,
        Self::Degraded,
        Self::Accepted,
        Self::Replayed,
        Self::Unknown,
    ];

    /// Its word; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ClientError => "client_error",
            Self::ProviderError => "provider_error",
            Self::Timeout => "timeout",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Degraded => "degraded",
            Self::Accepted => "accepted",
            Self::Replayed => "replayed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it counts as `ok` where only ok and error are told apart.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        match self {
            Self::Success
            | Self::ClientError
            | Self::Cancelled
            | Self::Degraded
            | Self::Accepted
            | Self::Replayed => true,
            Self::ProviderError | Self::Timeout | Self::Rejected | Self::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempt, Record};
    use outwright_core::outcome::AttemptNo;
    use outwright_core::provider::OpIndex;
    use outwright_core::step::CallId;
    use outwright_core::time::{Mono, Now};
    use std::time::Duration;

    #[test]
    fn overhead_is_what_neither_the_provider_nor_a_wait_took() {
        let mut record = Record::new(CallId(1), 0, OpIndex(0), Now::default());
        let mut first = Attempt::new(AttemptNo::FIRST, Mono::from_millis(2));
        first.ended = Some(Mono::from_millis(12));
        record.attempts.push(first);
        record.attempts.push(Attempt::new(AttemptNo::new(2), Mono::from_millis(62)));
        record.backoff = Duration::from_millis(49);
        assert_eq!(record.attempts.count(), 2);
        assert_eq!(record.overhead(Mono::from_millis(100)), Duration::from_millis(3));
        assert_eq!(record.overhead(Mono::ZERO), Duration::ZERO);
    }
}
