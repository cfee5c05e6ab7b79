//! Points in time, as told to the engine: it never reads a clock.

use std::fmt;
use std::time::Duration;

/// Nanoseconds since the start of the process, on a clock that never goes back.
///
/// A std `Instant` cannot be built, hashed or printed by a simulator; this can.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mono(u64);

impl Mono {
    /// The start of the process.
    pub const ZERO: Self = Self(0);
    /// Later than every time that is reached (584 years after the start).
    pub const MAX: Self = Self(u64::MAX);

    /// From nanoseconds since the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// From milliseconds since the start; saturates.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// This time and `by` more; saturates at [`Mono::MAX`].
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(nanos(by)))
    }

    /// This time less `by`; stops at [`Mono::ZERO`].
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(by)))
    }

    /// How long after `earlier` this is; zero when it is not after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Nanoseconds of a duration, in 64 bits: every decision adds some, and 128 bits cost several times as much.
const fn nanos(of: Duration) -> u64 {
    of.as_secs().saturating_mul(1_000_000_000).saturating_add(of.subsec_nanos() as u64)
}

impl fmt::Debug for Mono {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0 / 1_000_000;
        let rest = self.0 % 1_000_000;
        if rest == 0 { write!(f, "{millis}ms") } else { write!(f, "{millis}.{rest:06}ms") }
    }
}

/// Milliseconds since the Unix epoch: only for what is stored, shared or compared with a provider's date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }
}

/// What time it is, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Now {
    /// For every wait, limit and window.
    pub mono: Mono,
    /// For dates that a provider writes.
    pub wall: Timestamp,
}

impl Now {
    /// The moment at which the one clock shows `mono`, if the other went on as it did; never earlier than this one.
    #[must_use]
    pub const fn at(self, mono: Mono) -> Self {
        let millis = mono.0.saturating_sub(self.mono.0) / 1_000_000;
        Self { mono, wall: Timestamp(self.wall.0.saturating_add(millis)) }
    }
}
