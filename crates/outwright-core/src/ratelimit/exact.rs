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
        }
    }

    /// Takes over the sends of a log of another size.
    pub(super) fn follow(&mut self, old: &Self, now: Mono) {
        let arrived = old.leaving.iter().map(|leaves| leaves.minus(old.per));
        self.leaving.extend(arrived.map(|arrival| arrival.plus(self.per)));
        self.doubtful.extend(old.doubtful.iter().filter(|send| send.live));
        self.live = self.doubtful.len();
        self.advance(now);
        self.forget_the_oldest();
    }

    /// When each send that counts has arrived, or will have at the latest; in this order.
    pub(super) fn arrivals(&self, now: Mono) -> impl Iterator<Item = Mono> {
        let arrived = self.leaving.iter().filter(move |leaves| **leaves > now);
        let arrived = arrived.map(|leaves| leaves.minus(self.per));
        arrived.chain(self.doubtful.iter().filter(|send| send.live).map(|send| send.certain))
    }

    /// Counts sends that arrive then; each call at the earliest at the time of the one before.
    pub(super) fn add(&mut self, arrival: Mono, sends: u32) {
        let most = usize::try_from(sends).unwrap_or(usize::MAX).min(self.requests);
        self.leaving.extend(std::iter::repeat_n(arrival.plus(self.per), most));
        self.forget_the_oldest();
    }

    /// Of more sends than it allows only the last so many decide when there is room again.
    fn forget_the_oldest(&mut self) {
        let surplus = (self.live + self.leaving.len()).saturating_sub(self.requests);
        self.leaving.drain(..surplus.min(self.leaving.len()));
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
        if self.live + self.leaving.len() < self.requests {
            return Look::Room;
        }
        let opens = match (self.leaving.front(), self.doubtful.front()) {
            (Some(leaves), _) => *leaves,
            (None, Some(send)) => send.certain.plus(self.per),
            (None, None) => Mono::MAX,
        };
        Look::Full(opens)
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
