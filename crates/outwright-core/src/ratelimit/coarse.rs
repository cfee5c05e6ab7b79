//! A window too large for a log: sends are counted in parts of it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Mono;

use super::{Look, Stamp};

/// Counts per part; a part leaves as a whole, `W` and the doubt after its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coarse {
    requests: u32,
    per: Duration,
    /// How long after its grant a send may arrive at the latest.
    doubt: Duration,
    /// How long after the end of a part its sends count: both of these.
    after: Duration,
    /// Length of a part in nanoseconds, at least 1.
    part: u64,
    parts: VecDeque<Part>,
    used: u32,
    /// Since when it counts itself: sends from before stand in other parts than that of their grant.
    since: Mono,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    number: u64,
    sends: u32,
}

impl Coarse {
    pub(super) fn new(requests: u32, per: Duration, doubt: Duration, parts: u32) -> Self {
        let part = u64::try_from(per.as_nanos() / u128::from(parts)).unwrap_or(u64::MAX).max(1);
        let after = per.saturating_add(doubt);
        let held = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX) / part + 3;
        let held = usize::try_from(held).unwrap_or(usize::MAX).min(1 << 16);
        let parts = VecDeque::with_capacity(held);
        Self { requests, per, doubt, after, part, parts, used: 0, since: Mono::ZERO }
    }

    /// When the sends of each part have arrived at the latest, and how many they are; in this order.
    pub(super) fn arrivals(&self, now: Mono) -> impl Iterator<Item = (Mono, u32)> {
        let parts = self.parts.iter().filter(move |part| self.leaves(**part) > now);
        parts.map(|part| (self.leaves(*part).minus(self.per), part.sends))
    }

    /// Counts sends that arrive then; each call at the earliest at the time of the one before.
    pub(super) fn add(&mut self, arrival: Mono, sends: u32, now: Mono) {
        self.since = now;
        // A part counts for the doubt longer than an arrival does, so it may begin earlier by that.
        let number = arrival.minus(self.doubt).nanos() / self.part;
        self.used = self.used.saturating_add(sends);
        match self.parts.back_mut() {
            Some(last) if last.number >= number => last.sends = last.sends.saturating_add(sends),
            Some(_) | None => self.parts.push_back(Part { number, sends }),
        }
    }

    pub(super) fn advance(&mut self, now: Mono) {
        while let Some(first) = self.parts.front().copied() {
            if self.leaves(first) > now {
                break;
            }
            self.used -= first.sends;
            self.parts.pop_front();
        }
    }

    pub(super) fn look(&self) -> Look {
        if self.used < self.requests {
            return Look::Room;
        }
        Look::Full(self.parts.front().map_or(Mono::MAX, |first| self.leaves(*first)))
    }

    pub(super) fn enter(&mut self, now: Mono, _: Stamp) {
        let number = now.nanos() / self.part;
        self.used = self.used.saturating_add(1);
        match self.parts.back_mut() {
            // A send that was taken over may arrive later than this one: it counts to then.
            Some(last) if last.number >= number => last.sends = last.sends.saturating_add(1),
            Some(_) | None => self.parts.push_back(Part { number, sends: 1 }),
        }
    }

    pub(super) fn refund(&mut self, granted: Mono) {
        if granted < self.since {
            return;
        }
        let number = granted.nanos() / self.part;
        let Ok(at) = self.parts.binary_search_by_key(&number, |part| part.number) else { return };
        if let Some(part) = self.parts.get_mut(at).filter(|part| part.sends > 0) {
            part.sends -= 1;
            self.used -= 1;
        }
    }

    pub(super) fn used(&self) -> u32 {
        self.used
    }

    fn leaves(&self, part: Part) -> Mono {
        let end = part.number.saturating_add(1).saturating_mul(self.part);
        Mono::from_nanos(end).plus(self.after)
    }
}
