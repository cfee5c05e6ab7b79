//! How long a part of the provider wants to be left alone: what it said with Retry-After, or a used-up quota.

use std::time::Duration;

use crate::limits::HINT_MAX;
use crate::time::Mono;

/// While a provider counts as exhausted, one call per this time finds out whether it still is.
pub(super) const EXHAUSTED_PROBE: Duration = Duration::from_secs(60);

/// The hold of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
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
    pub(super) fn look(self, now: Mono) -> Look {
        match self {
            Self::Until(until) if now < until => Look::Until(until),
            Self::Exhausted { until, probe } if until.is_none_or(|until| now < until) => {
                if now < probe { Look::Exhausted(probe) } else { Look::Free }
            }
            Self::Free | Self::Until(_) | Self::Exhausted { .. } => Look::Free,
        }
    }

    /// Somebody sends now: while exhausted, that is the probe of this minute.
    pub(super) fn enter(&mut self, now: Mono) {
        if let Self::Exhausted { probe, .. } = self {
            *probe = now.plus(EXHAUSTED_PROBE);
        }
    }

    /// The provider asked to be left alone until then; a shorter wish does not cut a longer one.
    pub(super) fn pause(&mut self, now: Mono, until: Mono) {
        if until.since(now) > HINT_MAX {
            return self.exhaust(now, Some(until));
        }
        match self {
            Self::Until(present) if *present >= until => {}
            Self::Exhausted { .. } => {}
            Self::Free | Self::Until(_) => *self = Self::Until(until),
        }
    }

    /// The provider said that a quota or a bill is used up.
    pub(super) fn exhaust(&mut self, now: Mono, until: Option<Mono>) {
        *self = Self::Exhausted { until, probe: now.plus(EXHAUSTED_PROBE) };
    }

    /// It worked: nothing is used up any more.
    pub(super) fn worked(&mut self) {
        if matches!(self, Self::Exhausted { .. }) {
            *self = Self::Free;
        }
    }
}
