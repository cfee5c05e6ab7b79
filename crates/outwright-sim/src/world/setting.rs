//! What is in a world besides the engine: its chance, its network, its callers, and the hands that turn something.

use std::time::Duration;

use outwright_core::gates::{self, Which};
use outwright_core::provider::{CallerIndex, OpIndex, Priority};
use outwright_core::time::Mono;

/// What is in a world besides the engine.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The seed of all chance.
    pub seed: u64,
    /// Shortest and longest delay of the network, one way.
    pub network: (Duration, Duration),
    /// Longest time between a wake-up and the moment that its call runs.
    pub wake_max: Duration,
    /// Who calls, in any order.
    pub callers: Vec<Caller>,
    /// Operator's hands and the wallet's, by time.
    pub turns: Vec<(Mono, Turn)>,
}

/// One caller with one request.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Who it is, where the contract lists it.
    pub who: Option<CallerIndex>,
    /// When it calls.
    pub at: Mono,
    /// What.
    pub operation: OpIndex,
    /// How urgently.
    pub priority: Priority,
    /// What time it still has.
    pub timeout: Option<Duration>,
    /// When it goes away, counted from its call, unless it was answered before.
    pub gone_after: Option<Duration>,
    /// Whether its call is kept in a ledger.
    pub ledgered: bool,
}

/// Something that happens to the gates from outside.
#[derive(Clone, Copy, Debug)]
pub enum Turn {
    /// A credential arrives.
    Credential {
        /// For this slot.
        slot: u8,
        /// Its version.
        version: u32,
    },
    /// The wallet cannot fetch one.
    NoCredential {
        /// For this slot.
        slot: u8,
    },
    /// An operator turns a breaker.
    Breaker(Which, gates::Turn),
}
