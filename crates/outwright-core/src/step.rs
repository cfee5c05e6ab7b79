//! The words between a call and whoever drives it.
//!
//! The driver steps a call: it hands in an [`Input`], then polls until it is told to wait or that the call is done.
//! [`Step::Act`] never means "wait for the answer": start the action and poll again.
//! Every answer names its attempt; an answer of an attempt that is no longer live is ignored.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::cache::Found;
use crate::fallback::Degraded;
use crate::flight::Landed;
use crate::outcome::{AttemptNo, BodyEnd, Class, Effect, Fault, Sent};
use crate::provider::{CallerIndex, OpIndex, Priority};
use crate::refusal::Refusal;
use crate::time::Mono;
use crate::timeout::Limits;

/// The identity of a call within its process: seeds its draws, names it in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

impl CallId {
    /// Its text in headers, logs and problems: 16 hexadecimal digits.
    #[must_use]
    pub fn hex(self) -> [u8; 16] {
        let (high, low) = (eight_digits(self.0 >> 32), eight_digits(self.0));
        let mut text = [0; 16];
        for (place, digit) in text.iter_mut().zip(high.into_iter().chain(low)) {
            *place = digit;
        }
        text
    }
}

/// The lower 32 bits as hexadecimal digits, all eight at once: a byte for each, then `0` or `a` added to each.
const fn eight_digits(number: u64) -> [u8; 8] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let pairs = (number & 0xffff) | ((number & 0xffff_0000) << 16);
    let bytes = (pairs | (pairs << 8)) & 0x00ff_00ff_00ff_00ff;
    let digits = (bytes | (bytes << 4)) & (ONES * 0x0f);
    let letters = ((digits + ONES * 6) >> 4) & ONES;
    (digits + ONES * b'0' as u64 + letters * (b'a' - b'9' - 1) as u64).to_be_bytes()
}

/// What a caller asks for, as far as the engine needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which call this is.
    pub id: CallId,
    /// Which operation, found by [`crate::admission::Routes`].
    pub operation: OpIndex,
    /// Who asks, where the contract lists it.
    pub caller: Option<CallerIndex>,
    /// What the caller still has, if it said so; the smaller of this and the contract's total rules.
    pub timeout: Option<Duration>,
    /// What the caller asked for; the operation's own priority is a ceiling.
    pub priority: Priority,
    /// The request body.
    pub body: RequestBody,
    /// Whether the caller sent an idempotency key.
    pub keyed: bool,
    /// Whether intent and outcome of this call are kept in a ledger.
    pub ledgered: bool,
}

/// The request body, as far as the engine needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestBody {
    /// Its length in bytes, where it is known before it was read.
    pub bytes: Option<u64>,
    /// Whether it can be sent a second time.
    pub replayable: bool,
}

/// What the world answered.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Answer to [`Action::Claim`].
    Claimed(Claimed),
    /// Answer to [`Action::Settle`].
    Settled,
    /// Answer to [`Action::Send`]: a final response head (never a 1xx).
    Head {
        /// Of which attempt.
        attempt: AttemptNo,
        /// The head.
        head: Head<'a>,
        /// How much of the request had been sent by then.
        sent: Sent,
    },
    /// Answer to [`Action::Peek`]: the beginning of the response body, with its head once more.
    Prefix {
        /// Of which attempt.
        attempt: AttemptNo,
        /// The head, as it was given before.
        head: Head<'a>,
        /// At most as many bytes as were asked for.
        bytes: &'a [u8],
    },
    /// Answer to [`Action::Send`]: no head came.
    Failed {
        /// Of which attempt.
        attempt: AttemptNo,
        /// How much of the request had been flushed.
        sent: Sent,
        /// Why.
        fault: Fault,
    },
    /// After [`Step::Relay`], exactly once; or instead of [`Input::Prefix`] when the body broke inside it.
    BodyEnd {
        /// Of which attempt.
        attempt: AttemptNo,
        /// How.
        end: BodyEnd,
    },
    /// Answer to [`Action::Recall`]: what is kept for this request, where something is.
    Recalled(Option<&'a Found>),
    /// Right after it was admitted: it waits for the reply of this call instead of being sent.
    Follows(CallId),
    /// To a call that follows another, once: what becomes of it.
    Landed(Landed),
    /// The caller is gone. Poll on: the call says how to end.
    CallerGone,
    /// Nothing new but the time: a timer fired, or a ticket was woken.
    Tick,
}

/// A response head.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its fields.
    pub headers: &'a HeaderMap,
}

/// What a ledger said of an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Written: this call is the first.
    Fresh,
    /// The same call is known and done, running or unknown: the driver answers from the ledger.
    Known,
    /// The ledger is out of reach.
    Down,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Start this and poll again at once.
    Act(Action),
    /// Nothing to do until then, or until an answer comes, or until the ticket is woken.
    Wait(Mono),
    /// Give the caller this reply and stream its body; then report [`Input::BodyEnd`].
    Relay(Source),
    /// Over. Poll no more.
    Done(Reply),
}

/// Whose reply the caller is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// That of this attempt of its own.
    Attempt(AttemptNo),
    /// That of another call, which asks for the same. Its body ends under the first attempt's number.
    Flight(CallId),
}

/// Something that only the driver can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Write the intent, durably. Answered by [`Input::Claimed`].
    Claim,
    /// Send the request. Answered by exactly one [`Input::Head`] or [`Input::Failed`].
    Send {
        /// Which attempt.
        attempt: AttemptNo,
        /// Its limits, for the driver to keep.
        limits: Limits,
        /// The version of the credential that was granted.
        version: u32,
    },
    /// Read this much of the body before anything is relayed. Answered by [`Input::Prefix`] or [`Input::BodyEnd`].
    Peek {
        /// Which attempt.
        attempt: AttemptNo,
        /// At most so many bytes.
        bytes_max: usize,
    },
    /// The reply is not wanted now: keep it (bounded) as the last real one, drain or close. No answer.
    Discard(AttemptNo),
    /// Drop the connection. No answer.
    Abort(AttemptNo),
    /// The credential of this version was refused: fetch another. The wallet answers the gates, not the call.
    Refresh(u32),
    /// Look up what is kept for this request. Answered by [`Input::Recalled`].
    Recall,
    /// Write the outcome, durably. Answered by [`Input::Settled`].
    Settle(Effect),
    /// Take back an intent of which nothing was sent. No answer.
    Release,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reply {
    /// The reply of an attempt was relayed and its body is over.
    Relayed(BodyEnd),
    /// Nothing better came: relay the kept reply of this attempt.
    Last {
        /// The attempt whose reply was kept.
        attempt: AttemptNo,
        /// Why it was not tried again.
        why: Skip,
    },
    /// Nothing was sent.
    Refused(Refusal),
    /// It was sent and went wrong, without a reply to show.
    Failed(Failure),
    /// Not the provider's answer of now: what was recalled, or the contract's fixed answer. To be marked as such.
    Degraded(Degraded),
    /// The ledger knows the answer.
    Known,
    /// The caller is gone and nothing has to be finished.
    Gone,
}

/// A call that was sent and failed without a reply to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Failure {
    /// How the last attempt ended.
    pub fault: Fault,
    /// What it means.
    pub class: Class,
    /// What was done at the provider, over all attempts: `Unknown` becomes `outcome-unknown` for a mutation.
    pub effect: Effect,
    /// Why it was not tried again.
    pub why: Skip,
    /// Sends that were made.
    pub attempts: u8,
    /// When asking again is useful, where that is known.
    pub until: Option<Mono>,
}

/// Why something was not tried again. Stable words: `cause` of suppressed retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Skip {
    /// The outcome is final: trying again changes nothing.
    Final,
    /// All attempts of the policy are used.
    Attempts,
    /// The retry budget of the provider is empty.
    Budget,
    /// The next attempt could not finish in time.
    Deadline,
    /// The plan does not allow a repeat after this outcome.
    Plan,
    /// The request body cannot be sent again.
    Body,
    /// The breaker opened.
    BreakerOpen,
    /// The provider asked for a longer wait than the call has.
    HintTooLong,
    /// The provider said not to.
    Told,
    /// The contract moved this row towards caution.
    Contract,
    /// The gates refused the repeat for another reason (queue, window, credential).
    Gates,
    /// The caller is gone.
    CallerGone,
    /// The contract only reports.
    Report,
}

impl Skip {
    /// Every cause.
    pub const ALL: [Self; 13] = [
        Self::Final,
        Self::Attempts,
        Self::Budget,
        Self::Deadline,
        Self::Plan,
        Self::Body,
        Self::BreakerOpen,
        Self::HintTooLong,
        Self::Told,
        Self::Contract,
        Self::Gates,
        Self::CallerGone,
        Self::Report,
    ];

    /// The same under a contract that only reports: what outwright would have had left to try is the caller's to try.
    #[must_use]
    pub const fn reported(self) -> Self {
        match self {
            Self::Attempts
            | Self::Budget
            | Self::Deadline
            | Self::BreakerOpen
            | Self::HintTooLong
            | Self::Gates => Self::Report,
            Self::Final
            | Self::Plan
            | Self::Body
            | Self::Told
            | Self::Contract
            | Self::CallerGone
            | Self::Report => self,
        }
    }

    /// Its word; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Attempts => "attempts_exhausted",
            Self::Budget => "budget_exhausted",
            Self::Deadline => "deadline",
            Self::Plan => "not_idempotent",
            Self::Body => "body_not_replayable",
            Self::BreakerOpen => "breaker_open",
            Self::HintTooLong => "retry_after_too_long",
            Self::Told => "told_not_to",
            Self::Contract => "contract",
            Self::Gates => "gates",
            Self::CallerGone => "caller_gone",
            Self::Report => "report_mode",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CallId;

    #[test]
    fn a_call_is_named_by_sixteen_digits() {
        for number in [0, 9, 10, 15, 16, 0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, u64::MAX] {
            let expected = format!("{number:016x}");
            assert_eq!(CallId(number).hex(), *expected.as_bytes());
        }
    }
}
