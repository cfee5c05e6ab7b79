//! How many bytes a process keeps of bodies, whoever keeps them.
//!
//! Every holder takes its bytes before it keeps them, and gives them back by being dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a process keeps at most, in bytes: kept replies, and bodies of requests and replies that its calls hold
/// (chosen: what a container of half a gigabyte has to spare).
pub(super) const BYTES_MAX: usize = 256 << 20;

/// The bytes that a process may keep.
#[derive(Debug)]
pub(super) struct Memory {
    used: AtomicUsize,
    most: usize,
}

/// Bytes that were taken.
#[derive(Debug)]
pub(super) struct Held {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Memory {
    /// So many bytes at most.
    pub(super) const fn new(most: usize) -> Self {
        Self { used: AtomicUsize::new(0), most }
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
        Held { memory: Arc::clone(self), bytes: 0 }
    }

    fn take(&self, more: usize) -> Option<()> {
        let room = |used: usize| used.checked_add(more).filter(|sum| *sum <= self.most);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).ok().map(drop)
    }
}

impl Held {
    /// Holds so many in all; none: there is no room, and it holds what it held.
    pub(super) fn grow(&mut self, to: usize) -> Option<()> {
        self.memory.take(to.saturating_sub(self.bytes))?;
        self.bytes = self.bytes.max(to);
        Some(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
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
}
