//! A sliding log: every send is counted from its grant to `W` after its arrival.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Mono;

use super::{Look, Stamp};

/// Two queues, each in the order of time, so that every step is constant time on average.
///
/// A send is in doubt until it has arrived; arrivals happen in the order of time whatever the order of sends,
/// so the times at which they leave the window form a queue as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exact {
    requests: usize,
    per: Duration,
    doubt: Duration,
    doubtful: VecDeque<Send>,
    /// Of `doubtful`, those that are still counted there.
    live: usize,
    /// When each send that has arrived leaves the window.
    leaving: VecDeque<Mono>,
    /// Since when it counts by its own rules: whose doubt ended under those of the log before it stands among the
    /// others at another time than its own.
    since: Mono,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Send {
    stamp: Stamp,
    /// By then it has arrived.
    certain: Mono,
    live: bool,
}

impl Exact {
    pub(super) fn new(requests: u32, per: Duration, doubt: Duration) -> Self {
        let requests = usize::try_from(requests).unwrap_or(usize::MAX);
        Self {
            requests,
            per,
            doubt,
            doubtful: VecDeque::with_capacity(requests * 2),
            live: 0,
            leaving: VecDeque::with_capacity(requests),
            since: Mono::ZERO,
        }
    }

    /// Takes over the sends of a log of another size, all of them, also where it allows fewer: what is in doubt may
    /// still be taken back, and then one that has arrived decides when there is room again.
    pub(super) fn follow(&mut self, old: &Self, now: Mono) {
        let arrived = old.leaving.iter().map(|leaves| leaves.minus(old.per));
        self.leaving.extend(arrived.map(|arrival| arrival.plus(self.per)));
        self.doubtful.extend(old.doubtful.iter().filter(|send| send.live));
        self.live = self.doubtful.len();
        self.since = now;
        self.advance(now);
    }

    /// When each send that counts has arrived, or will have at the latest; in this order.
    pub(super) fn arrivals(&self, now: Mono) -> impl Iterator<Item = Mono> {
        let arrived = self.leaving.iter().filter(move |leaves| **leaves > now);
        let arrived = arrived.map(|leaves| leaves.minus(self.per));
        arrived.chain(self.doubtful.iter().filter(|send| send.live).map(|send| send.certain))
    }

    /// Counts sends that arrive then, of a window whose sends cannot be taken back here.
    ///
    /// Each call at the earliest at the time of the one before. Of more sends than it allows only the last so many
    /// decide when there is room again; the others are forgotten, since they may be very many.
    pub(super) fn add(&mut self, arrival: Mono, sends: u32, now: Mono) {
        let most = usize::try_from(sends).unwrap_or(usize::MAX).min(self.requests);
        self.leaving.extend(std::iter::repeat_n(arrival.plus(self.per), most));
        let surplus = self.leaving.len().saturating_sub(self.requests);
        self.leaving.drain(..surplus);
        self.since = now;
    }

    pub(super) fn advance(&mut self, now: Mono) {
        while let Some(first) = self.doubtful.front() {
            if first.live {
                if first.certain > now {
                    break;
                }
                self.live -= 1;
                self.leaving.push_back(first.certain.plus(self.per));
            }
            self.doubtful.pop_front();
        }
        while self.leaving.front().is_some_and(|leaves| *leaves <= now) {
            self.leaving.pop_front();
        }
    }

    pub(super) fn look(&self) -> Look {
        match (self.live + self.leaving.len()).checked_sub(self.requests) {
            None => Look::Room,
            Some(surplus) => Look::Full(self.opens(surplus)),
        }
    }

    /// When it has room, where so many more count than leave none: as many and one have to go, one behind the other.
    ///
    /// Those that a window in parts handed over may leave later than some behind them.
    fn opens(&self, surplus: usize) -> Mono {
        let arrived = self.leaving.iter().take(surplus + 1).copied().max();
        let Some(behind) = surplus.checked_sub(self.leaving.len()) else {
            return arrived.unwrap_or(Mono::MAX);
        };
        let last = self.doubtful.iter().filter(|send| send.live).nth(behind);
        let last = last.map_or(Mono::MAX, |send| send.certain.plus(self.per));
        arrived.map_or(last, |arrived| arrived.max(last))
    }

    pub(super) fn enter(&mut self, now: Mono, stamp: Stamp) {
        if self.doubtful.len() == self.doubtful.capacity() {
            // Many sends were answered or refunded behind one that is still in doubt.
            self.doubtful.retain(|send| send.live);
        }
        self.doubtful.push_back(Send { stamp, certain: now.plus(self.doubt), live: true });
        self.live += 1;
    }

    pub(super) fn arrived(&mut self, now: Mono, stamp: Stamp) {
        self.advance(now);
        if self.take(stamp) {
            self.leaving.push_back(now.plus(self.per));
        }
    }

    pub(super) fn refund(&mut self, granted: Mono, stamp: Stamp) {
        if self.take(stamp) {
            while self.doubtful.front().is_some_and(|send| !send.live) {
                self.doubtful.pop_front();
            }
            return;
        }
        if granted < self.since {
            return;
        }
        // It was taken for arrived when its doubt ended: any entry of that moment is as good as its own.
        let leaves = granted.plus(self.doubt).plus(self.per);
        if let Ok(at) = self.leaving.binary_search(&leaves) {
            self.leaving.remove(at);
        }
    }

    pub(super) fn used(&self) -> u32 {
        u32::try_from(self.live + self.leaving.len()).unwrap_or(u32::MAX)
    }

    fn take(&mut self, stamp: Stamp) -> bool {
        let Ok(at) = self.doubtful.binary_search_by_key(&stamp, |send| send.stamp) else {
            return false;
        };
        match self.doubtful.get_mut(at) {
            Some(send) if send.live => {
                send.live = false;
                self.live -= 1;
                true
            }
            Some(_) | None => false,
        }
    }
}
