//! How long a part of the provider wants to be left alone: what it said with Retry-After, or a used-up quota.

use std::time::Duration;

use crate::limits::HINT_MAX;
use crate::time::Mono;

/// While a provider counts as exhausted, one call per this time finds out whether it still is.
pub(super) const EXHAUSTED_PROBE: Duration = Duration::from_secs(60);

/// The hold of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    wish: Wish,
    /// When the provider last spoke.
    noted: Mono,
}

/// What the provider asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Nothing was asked.
    Free,
    /// Nobody sends before this time.
    Until(Mono),
    /// A quota or a bill is used up, until a time if one is known; a probe may go at `probe`.
    Exhausted { until: Option<Mono>, probe: Mono },
}

/// What a hold says to someone who wants to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Go on.
    Free,
    /// Not before this time.
    Until(Mono),
    /// Waiting does not help; asking again is useful then.
    Exhausted(Mono),
}

impl Hold {
    /// Nothing was asked.
    pub(super) const FREE: Self = Self { wish: Wish::Free, noted: Mono::ZERO };

    pub(super) fn look(self, now: Mono) -> Look {
        match self.wish {
            Wish::Until(until) if now < until => Look::Until(until),
            Wish::Exhausted { until, probe } if until.is_none_or(|until| now < until) => {
                if now < probe { Look::Exhausted(probe) } else { Look::Free }
            }
            Wish::Free | Wish::Until(_) | Wish::Exhausted { .. } => Look::Free,
        }
    }

    /// The same for somebody who was let through at `granted` and sends only now.
    pub(super) fn look_again(self, now: Mono, granted: Mono) -> Look {
        if self.noted < granted { Look::Free } else { self.look(now) }
    }

    /// The one of two that holds longer.
    pub(super) fn longer(self, other: Self, now: Mono) -> Self {
        let rank = |hold: Self| match hold.look(now) {
            Look::Free => (0, Mono::ZERO),
            Look::Until(until) => (1, until),
            Look::Exhausted(until) => (2, until),
        };
        if rank(other) > rank(self) { other } else { self }
    }

    /// Somebody sends now: while exhausted, that is the probe of this minute.
    pub(super) fn enter(&mut self, now: Mono) {
        if let Wish::Exhausted { probe, .. } = &mut self.wish {
            *probe = now.plus(EXHAUSTED_PROBE);
        }
    }

    /// The provider asked to be left alone until then; a shorter wish does not cut a longer one.
    pub(super) fn pause(&mut self, now: Mono, until: Mono) {
        if until.since(now) > HINT_MAX {
            return self.exhaust(now, Some(until));
        }
        match self.wish {
            Wish::Until(present) if present >= until => {}
            Wish::Exhausted { .. } => {}
            Wish::Free | Wish::Until(_) => *self = Self { wish: Wish::Until(until), noted: now },
        }
    }

    /// The provider said that a quota or a bill is used up.
    pub(super) fn exhaust(&mut self, now: Mono, until: Option<Mono>) {
        let wish = Wish::Exhausted { until, probe: now.plus(EXHAUSTED_PROBE) };
        *self = Self { wish, noted: now };
    }

    /// It worked: nothing is used up any more.
    pub(super) fn worked(&mut self) {
        if matches!(self.wish, Wish::Exhausted { .. }) {
            self.wish = Wish::Free;
        }
    }
}
