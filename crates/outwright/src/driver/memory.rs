//! How many bytes a process keeps of bodies, whoever keeps them.
//!
//! Every holder takes its bytes before it keeps them, and gives them back by being dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a process keeps at most, in bytes: kept replies, and bodies of requests and replies that its calls hold
/// (chosen: what a container of half a gigabyte has to spare).
pub(super) const BYTES_MAX: usize = 256 << 20;

/// The bytes that a process may keep; at most half of them for replies that are kept for calls to come, so that those
/// which are under way always have room.
#[derive(Debug)]
pub(super) struct Memory {
    used: AtomicUsize,
    /// Of these, for calls to come.
    kept: AtomicUsize,
    most: usize,
}

/// For whom bytes are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// A call that is under way.
    Now,
    /// Calls to come.
    Later,
}

/// Bytes that were taken of what the process may keep; dropping it gives them back.
#[derive(Debug)]
pub struct Held {
    memory: Arc<Memory>,
    whom: For,
    bytes: usize,
}

impl Memory {
    /// So many bytes at most.
    pub(super) const fn new(most: usize) -> Self {
        Self { used: AtomicUsize::new(0), kept: AtomicUsize::new(0), most }
    }

    /// How many are kept now.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// How many may be.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Takes none yet; [`Held::grow`] takes more.
    pub(super) fn holder(self: &Arc<Self>) -> Held {
        Held { memory: Arc::clone(self), whom: For::Now, bytes: 0 }
    }

    /// The same for what is kept for calls to come.
    pub(super) fn keeper(self: &Arc<Self>) -> Held {
        Held { memory: Arc::clone(self), whom: For::Later, bytes: 0 }
    }

    fn take(&self, whom: For, more: usize) -> Option<()> {
        if whom == For::Later {
            grow(&self.kept, more, self.most / 2)?;
        }
        let taken = grow(&self.used, more, self.most);
        if taken.is_none() && whom == For::Later {
            self.kept.fetch_sub(more, Ordering::Relaxed);
        }
        taken
    }

    fn give_back(&self, whom: For, bytes: usize) {
        if whom == For::Later {
            self.kept.fetch_sub(bytes, Ordering::Relaxed);
        }
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Held {
    /// Holds so many in all; none: there is no room, and it holds what it held.
    #[must_use = "without room nothing may be kept"]
    pub fn grow(&mut self, to: usize) -> Option<()> {
        self.memory.take(self.whom, to.saturating_sub(self.bytes))?;
        self.bytes = self.bytes.max(to);
        Some(())
    }

    /// Holds no more than so many in all.
    pub fn shrink(&mut self, to: usize) {
        self.memory.give_back(self.whom, self.bytes.saturating_sub(to));
        self.bytes = self.bytes.min(to);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.give_back(self.whom, self.bytes);
    }
}

/// Adds to a count that has a bound; none: there is no room.
fn grow(count: &AtomicUsize, more: usize, most: usize) -> Option<()> {
    let room = |used: usize| used.checked_add(more).filter(|sum| *sum <= most);
    count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::Memory;
    use std::sync::Arc;

    ///
    #[test]
    fn what_is_kept_never_exceeds_the_bound_and_comes_back() {
        let memory = Arc::new(Memory::new(100));
        let (mut one, mut other) = (memory.holder(), memory.holder());
        assert!(one.grow(60).is_some());
        assert!(one.grow(50).is_some(), "it holds more than that already");
        assert!(other.grow(41).is_none());
        assert!(other.grow(40).is_some());
        assert!(one.grow(61).is_none());
        assert_eq!(memory.used(), 100);
        drop(one);
        assert!(other.grow(100).is_some());
        assert!(other.grow(usize::MAX).is_none());
        drop(other);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn what_is_kept_for_later_leaves_half_to_the_calls_of_now() {
        let memory = Arc::new(Memory::new(100));
        let (mut kept, mut other, mut now) = (memory.keeper(), memory.keeper(), memory.holder());
        assert!(kept.grow(50).is_some());
        assert!(other.grow(1).is_none());
        assert!(now.grow(50).is_some());
        kept.shrink(10);
        assert!(other.grow(40).is_some());
        drop(other);
        assert!(now.grow(90).is_some());
        assert!(kept.grow(11).is_none(), "the calls of now may have it all");
        drop((kept, now));
        assert_eq!(memory.used(), 0);
        assert!(memory.keeper().grow(50).is_some());
    }
}
