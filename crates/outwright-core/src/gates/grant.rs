//! What a call asks of the gates, what they answer, and the grant that goes from hand to hand.

use super::Ticket;
use crate::breaker;
use crate::dice::Draw;
use crate::event::Would;
use crate::outcome::Verdict;
use crate::provider::{CallerIndex, OpIndex, Priority};
use crate::ratelimit::Stamp;
use crate::refusal::Refusal;
use crate::time::Mono;

/// What a call asks of the gates.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// What it wants to do.
    pub operation: OpIndex,
    /// How urgent it is.
    pub priority: Priority,
    /// Who asks, where the contract lists it.
    pub caller: Option<CallerIndex>,
    /// A grant after this time is of no use.
    pub latest: Mono,
    /// Decides whether it passes while a breaker that closed lets only a share pass.
    pub draw: Draw,
}

/// What the gates answer to a newcomer.
#[derive(Debug)]
pub enum Entry {
    /// Send.
    Granted(Grant),
    /// It stands in the queue.
    Queued(Ticket),
    /// Not now.
    Refused(Refusal),
    /// Send: the gates only report, and would have done this.
    Reported(Grant, Would),
}

/// What the gates answer to somebody who waits.
#[derive(Debug)]
pub enum Claim {
    /// Send.
    Granted(Grant),
    /// Go on waiting; ask again then, or when woken.
    Still(Mono),
    /// No longer.
    Refused(Refusal),
}

/// What an attempt taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// What it meant.
    pub verdict: Verdict,
    /// Which of the call's attempts it was, as the budget counts.
    pub try_number: Try,
    /// Spreads how long a breaker stays open.
    pub draw: Draw,
}

/// Which attempt it was, as the budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// The first, or one that cost nothing.
    First,
    /// A repeat that was paid.
    Repeat,
}

/// Whether a grant that was made earlier still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It does: send.
    Go,
    /// The provider asked for a pause, or a breaker opened, since it was made: give it back and ask again.
    AskAgain,
}

/// How somebody leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// At least one byte of the request left the process.
    Sent,
    /// Nothing did: the quota is given back.
    Unsent,
}

/// Leave to send once: has to be given back to [`super::Gates::leave`], exactly once.
#[must_use]
#[derive(Debug)]
pub struct Grant(pub(super) Issued);

/// What a grant stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Issued {
    pub(super) stamp: Stamp,
    pub(super) at: Mono,
    pub(super) authority: breaker::Pass,
    pub(super) by_operation: breaker::Pass,
    pub(super) version: u32,
    pub(super) operation: OpIndex,
    pub(super) caller: Option<CallerIndex>,
    pub(super) taught: Taught,
}

/// Who wants to do what, and how urgently.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) operation: OpIndex,
    pub(super) priority: Priority,
    pub(super) caller: Option<CallerIndex>,
}

impl Ask {
    /// What it wants, and how urgently.
    pub(super) const fn wish(&self) -> Wish {
        Wish { operation: self.operation, priority: self.priority, caller: self.caller }
    }
}

/// Whether an attempt has taught something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taught {
    Nothing,
    Verdict,
    /// Nor will it: it passed gates that only report, which would not have let it.
    Never,
}

impl Grant {
    /// The version of the credential to send with; 0 where the operation needs none.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.0.version
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        debug_assert!(std::thread::panicking(), "a grant was dropped instead of given back");
    }
}
