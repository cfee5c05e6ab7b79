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
