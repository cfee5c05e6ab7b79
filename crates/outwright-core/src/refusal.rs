//! Why a call was not sent: it protects, and says until when.

use crate::time::Mono;

/// Why outwright did not send. Stable words: metrics, logs and problems show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The breaker of this provider or operation is open.
    BreakerOpen,
    /// A provider's hint (Retry-After) lasts longer than the call may wait.
    Hold,
    /// The provider said that a quota or a bill is used up.
    Exhausted,
    /// A rate window stays full for longer than the call may wait.
    LimiterFull,
    /// The caller has the slots and the places of its share.
    ShareFull,
    /// The wait queue is full.
    QueueFull,
    /// No grant within `queue_wait`.
    QueueWait,
    /// Less time is left than one attempt needs.
    DeadlineTooShort,
    /// No usable credential.
    CredentialMissing,
    /// The request body is larger than the operation allows.
    BodyTooLarge,
    /// The operation requires a key and the caller sent none.
    KeyMissing,
    /// The contract does not let this caller do this.
    NotAllowed,
    /// The caller went away before anything was sent.
    CallerGone,
    /// The intent could not be written, so nothing was sent.
    StoreDown,
    /// The process keeps as much of bodies as it may.
    MemoryFull,
    /// The process has as many calls under way as it may.
    CallsFull,
    /// The process is draining.
    Draining,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::BreakerOpen,
        Self::Hold,
        Self::Exhausted,
        Self::LimiterFull,
        Self::ShareFull,
        Self::QueueFull,
        Self::QueueWait,
        Self::DeadlineTooShort,
        Self::CredentialMissing,
        Self::BodyTooLarge,
        Self::KeyMissing,
        Self::NotAllowed,
        Self::CallerGone,
        Self::StoreDown,
        Self::MemoryFull,
        Self::CallsFull,
        Self::Draining,
    ];

    /// Its word; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BreakerOpen => "breaker_open",
            Self::Hold => "hold",
            Self::Exhausted => "exhausted",
            Self::LimiterFull => "limiter_full",
            Self::ShareFull => "share_full",
            Self::QueueFull => "queue_full",
            Self::QueueWait => "queue_wait",
            Self::DeadlineTooShort => "deadline_too_short",
            Self::CredentialMissing => "credential_missing",
            Self::BodyTooLarge => "body_too_large",
            Self::KeyMissing => "key_missing",
            Self::NotAllowed => "not_allowed",
            Self::CallerGone => "caller_gone",
            Self::StoreDown => "store_down",
            Self::MemoryFull => "memory_full",
            Self::CallsFull => "calls_full",
            Self::Draining => "draining",
        }
    }
}

/// A call that was not sent, and the earliest time at which asking again is useful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Earliest useful time, where one is known: it becomes Retry-After.
    pub until: Option<Mono>,
}

impl Refusal {
    /// A refusal without a known end.
    #[must_use]
    pub const fn now(reason: Reason) -> Self {
        Self { reason, until: None }
    }

    /// A refusal that ends at `until`.
    #[must_use]
    pub const fn until(reason: Reason, until: Mono) -> Self {
        Self { reason, until: Some(until) }
    }
}
