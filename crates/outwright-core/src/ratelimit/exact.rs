//! A sliding log: every send is counted from its grant to `W` after its arrival.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Mono;

use super::{Look, Stamp};

/// Two queues, each in the order of time, so that every step is constant time on average.
///
/// A send is in doubt until it has arrived; arrivals happen in the order of time whatever the order of sends,
/// so the times of arrival form a queue as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exact {
    requests: usize,
    per: Duration,
    doubt: Duration,
    doubtful: VecDeque<Send>,
    /// Of `doubtful`, those that are still counted there.
    live: usize,
    arrived: VecDeque<Mono>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Send {
    stamp: Stamp,
    granted: Mono,
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
            arrived: VecDeque::with_capacity(requests),
        }
    }

    pub(super) fn advance(&mut self, now: Mono) {
        while let Some(first) = self.doubtful.front() {
            let certain = first.granted.plus(self.doubt);
            if first.live && certain > now {
                break;
            }
            if first.live {
                self.live -= 1;
                self.arrived.push_back(certain);
            }
            self.doubtful.pop_front();
        }
        while self.arrived.front().is_some_and(|arrived| arrived.plus(self.per) <= now) {
            self.arrived.pop_front();
        }
    }

    pub(super) fn look(&self) -> Look {
        if self.live + self.arrived.len() < self.requests {
            return Look::Room;
        }
        let opens = match (self.arrived.front(), self.doubtful.front()) {
            (Some(arrived), _) => arrived.plus(self.per),
            (None, Some(send)) => send.granted.plus(self.doubt).plus(self.per),
            (None, None) => Mono::MAX,
        };
        Look::Full(opens)
    }

    pub(super) fn enter(&mut self, now: Mono, stamp: Stamp) {
        if self.doubtful.len() == self.doubtful.capacity() {
            // Many sends were answered or refunded behind one that is still in doubt.
            self.doubtful.retain(|send| send.live);
        }
        self.doubtful.push_back(Send { stamp, granted: now, live: true });
        self.live += 1;
    }

    pub(super) fn arrived(&mut self, now: Mono, stamp: Stamp) {
        self.advance(now);
        if self.take(stamp) {
            self.arrived.push_back(now);
            self.advance(now);
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
        let certain = granted.plus(self.doubt);
        if let Ok(at) = self.arrived.binary_search(&certain) {
            self.arrived.remove(at);
        }
    }

    pub(super) fn used(&self) -> u32 {
        u32::try_from(self.live + self.arrived.len()).unwrap_or(u32::MAX)
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
