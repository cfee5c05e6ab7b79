//! Every bound of the engine, with its unit and its reason.

use std::time::Duration;

/// Attempts of one call, the first counted: more is a storm, not patience (SRE book, chapter 21: 3).
pub const ATTEMPTS_MAX: u8 = 10;
/// Repeats at once of a request that provably never reached the provider; not counted as attempts (`gRFC` A6; Firefox caps 6).
pub const TRANSPARENT_MAX: u8 = 2;
/// Distinct sets of rate windows per provider: one bit each in a word.
pub const LANES_MAX: usize = 64;
/// Rate windows per provider: one bit each in a word.
pub const WINDOWS_MAX: usize = 64;
/// Callers that one contract may tell apart: an index of one byte, and a line of the queue each (chosen).
pub const CALLERS_MAX: usize = 64;
/// Entries of an exact sliding log; a larger window is kept in sub-buckets.
pub const LOG_ENTRIES_MAX: u32 = 10_000;
/// Sub-buckets of a window that is too large for an exact log (use ≥ B/(B+1) of the quota: 98.5 %).
pub const SUB_BUCKETS: u32 = 64;
/// Slots per provider.
pub const SLOTS_MAX: u32 = 65_536;
/// Waiting calls per provider.
pub const QUEUE_MAX: u32 = 65_536;
/// Calls that wait for the reply of one that asks for the same (chosen: far more than one service has under way, and a megabyte of bookkeeping).
pub const FOLLOWERS_MAX: u32 = 1_024;
/// Operations per provider.
pub const OPERATIONS_MAX: usize = 1_024;
/// Bytes of a response body that an error rule may look at (`product.md` 4).
pub const PREFIX_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a JSON body in which links are led back; a larger one goes on as it came (chosen: four times a full page of the wordiest list that is known, GitHub's).
pub const LINKED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest hint that is believed and waited out; beyond it the provider counts as exhausted (`resilience.md` 6.3).
pub const HINT_MAX: Duration = Duration::from_secs(15 * 60);
/// Spread of one-way network delay that a client-side window leaves room for (`resilience.md` 1.6).
pub const GUARD_MIN: Duration = Duration::from_millis(100);
/// Kept back from the deadline for a fallback and the reply (`resilience.md` 6.2).
pub const RESERVE: Duration = Duration::from_millis(50);
/// Shortest time in which an attempt can be useful, when the contract states none (`resilience.md` 6.2).
pub const ATTEMPT_MIN: Duration = Duration::from_millis(100);
/// How long a probe's lease outlives its attempt, so that a probe that ran into its timeout still reports (chosen).
pub const LEASE_GRACE: Duration = Duration::from_secs(1);
/// Inputs that a record keeps, about 200 bytes each (chosen: 20 MB at most, while somebody looks for a fault).
pub const RECORD_ENTRIES_MAX: usize = 100_000;
