//! What the running engine says of itself: small, `Copy`, without strings. Telemetry tells it on.

use std::time::Duration;

use crate::cache::Shown;
use crate::fallback::Degraded;
use crate::flight::Coalesced;
use crate::outcome::{AttemptNo, Class, Fault};
use crate::provider::OpIndex;
use crate::refusal::Reason;
use crate::step::{CallId, Skip};

/// Something that happened, to one call or to a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// The call that it happened to or through.
    pub call: CallId,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// The call waits for a grant.
    Queued,
    /// The call has its grant after waiting this long (zero: at once).
    Granted {
        /// In the queue.
        waited: Duration,
    },
    /// An attempt was sent.
    Sent(AttemptNo),
    /// An attempt ended: what it means.
    Judged {
        /// Which.
        attempt: AttemptNo,
        /// Its class.
        class: Class,
        /// The fault, if no head came or its body broke.
        fault: Option<Fault>,
    },
    /// Another attempt follows after this wait.
    Retrying {
        /// The attempt that failed.
        attempt: AttemptNo,
        /// How long until the next.
        wait: Duration,
    },
    /// No other attempt follows although the outcome was not good.
    RetrySkipped(Skip),
    /// The call was refused.
    Refused(Reason),
    /// The gates only report: what they would have done.
    Would(Would),
    /// The provider asked for this much time.
    Hint(Duration),
    /// A breaker changed.
    Breaker {
        /// Which: none is the provider's own, else the operation's.
        operation: Option<OpIndex>,
        /// To which state.
        to: BreakerState,
    },
    /// What is kept was looked up for a call that failed.
    Recalled(Shown),
    /// The call is answered with something else than the provider's answer of now.
    Degraded(Degraded),
    /// The call waited for the reply of another that asks for the same: what came of it.
    Coalesced(Coalesced),
    /// The call is over.
    Done,
}

/// What gates that only report would have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Would {
    /// Refused the call.
    Refuse(Reason),
    /// Let it wait.
    Queue(Reason),
    /// Sent another attempt.
    Retry,
}

impl Would {
    /// Its word in metrics and logs; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refuse(_) => "refuse",
            Self::Queue(_) => "queue",
            Self::Retry => "retry",
        }
    }
}

/// The state of a breaker, as shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// Calls are refused.
    Open,
    /// Some calls pass, to find out.
    HalfOpen,
    /// An operator keeps it open.
    ForcedOpen,
    /// An operator switched it off: calls pass, nothing is judged.
    Disabled,
}

impl BreakerState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Closed, Self::Open, Self::HalfOpen, Self::ForcedOpen, Self::Disabled];

    /// Its word in metrics, logs and commands; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
        }
    }
}
