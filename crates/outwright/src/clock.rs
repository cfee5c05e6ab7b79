//! The clocks of the process, read here and nowhere else.

use std::time::{Duration, SystemTime};

use outwright_core::time::{Mono, Now, Timestamp};
use tokio::time::Instant;

/// Times that are as good as never; an instant further away may not exist on every system.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Reads both clocks and turns the engine's times into the runtime's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// The runtime's own reading, so that a test may hold its time still.
    start: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let wall = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
        Now { mono: self.mono(), wall: Timestamp::from_millis(wall) }
    }

    /// Nanoseconds since the start.
    pub(crate) fn mono(&self) -> Mono {
        Mono::ZERO.plus(self.start.elapsed())
    }

    /// The runtime's word for a time of the engine.
    pub(crate) fn instant(&self, at: Mono) -> Instant {
        let far = Duration::from_nanos(at.nanos());
        self.start.checked_add(far).unwrap_or_else(|| self.start + NEVER)
    }
}
