//! Whether a usable credential is there, and which version.
//!
//! # Guards against
//!
//! Sending with a credential that is known to be refused or out of date, and a herd of calls that each fetch
//! a new one.
//!
//! # Rule
//!
//! The engine knows a credential by its version and the time until which it is fresh, never by its value.
//! It is read at the grant, after every wait, so that a token cannot expire in a queue.
//! A refused version is fetched again once, by whoever says so first; meanwhile calls wait.
//! Without a credential and without anyone fetching one, calls are refused: it fails closed.
//!
//! # States
//!
//! ```text
//! Missing ── fetched ──► Fresh(version) ── refused, or no longer fresh ──► Fetching ── fetched ──► Fresh
//!    ▲                                                                        │ failed
//!    └────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! # Units and bounds
//!
//! Versions count from 1; 0 is none. A time of [`Mono::MAX`] never ends.
//!
//! # Says
//!
//! [`Look`]: this version, wait, or none.
//!
//! # Sources
//!
//! RFC 6749 section 1.5 (a refused access token is refreshed and the request repeated); `resilience.md` 2.2
//! (why it is read after the wait).

use crate::time::Mono;

/// What the credential says to someone who wants to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Send with this version.
    Fresh(u32),
    /// One is being fetched.
    Fetching,
    /// There is none and nobody fetches one.
    Missing,
}

/// What the gates know of one credential slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    version: u32,
    fresh_until: Mono,
    fetching: bool,
}

impl Credential {
    /// Of a slot that a contract brings along: whoever brings it says at once what is in it.
    #[must_use]
    pub const fn awaited() -> Self {
        Self { version: 0, fresh_until: Mono::ZERO, fetching: true }
    }

    /// Which version may be sent now. Takes nothing.
    #[must_use]
    pub fn look(&self, now: Mono) -> Look {
        if self.version > 0 && now < self.fresh_until {
            Look::Fresh(self.version)
        } else if self.fetching {
            Look::Fetching
        } else {
            Look::Missing
        }
    }

    /// A version arrived; an older one than the present is ignored.
    pub fn enter(&mut self, version: u32, fresh_until: Mono) {
        if version < self.version {
            return;
        }
        *self = Self { version, fresh_until, fetching: false };
    }

    /// The provider refused this version: says whether the one who reports it has to fetch another.
    pub fn refuse(&mut self, version: u32) -> Refused {
        if version != self.version || self.fetching {
            return Refused::Known;
        }
        self.fresh_until = Mono::ZERO;
        self.fetching = true;
        Refused::Fetch
    }

    /// Nobody could fetch one.
    pub fn leave(&mut self) {
        self.fetching = false;
    }

    /// The newest version, fresh or not; 0 is none.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }
}

/// Who fetches after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The one who reported it.
    Fetch,
    /// Somebody already does, or did.
    Known,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Mono = Mono::from_millis(1_000);

    #[test]
    fn it_is_missing_until_it_arrives_and_again_when_nobody_could_fetch_it() {
        let mut state = Credential::default();
        assert_eq!(state.look(NOW), Look::Missing);
        state.enter(1, Mono::MAX);
        assert_eq!(state.look(NOW), Look::Fresh(1));
        assert_eq!(state.refuse(1), Refused::Fetch);
        assert_eq!(state.look(NOW), Look::Fetching);
        state.leave();
        assert_eq!(state.look(NOW), Look::Missing);
    }

    #[test]
    fn one_fetches_and_who_reports_an_older_version_does_not() {
        let mut state = Credential::default();
        state.enter(1, Mono::MAX);
        assert_eq!(state.refuse(1), Refused::Fetch);
        assert_eq!(state.refuse(1), Refused::Known);
        state.enter(2, Mono::MAX);
        assert_eq!(state.refuse(1), Refused::Known, "that version is gone already");
        assert_eq!(state.look(NOW), Look::Fresh(2));
        state.enter(1, Mono::MAX);
        assert_eq!(state.version(), 2, "versions do not go back");
    }

    #[test]
    fn it_is_fresh_up_to_its_time_and_not_at_it() {
        let mut state = Credential::default();
        state.enter(1, NOW);
        assert_eq!(state.look(NOW.minus(std::time::Duration::from_nanos(1))), Look::Fresh(1));
        assert_eq!(state.look(NOW), Look::Missing);
    }
}
