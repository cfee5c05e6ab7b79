//! How many calls a process has under way at once, of all its providers together.
//!
//! Slots and queues bound the calls of one provider; a process with many of them would still let in more than it can
//! hold. Whoever comes when it is full is told so before anything of its request is kept.

use std::sync::atomic::{AtomicUsize, Ordering};

use outwright_core::provider::Priority;

/// Calls under way at once (chosen: at the 24 KiB that a call holds, `docs/benchmarks.md`, about as much again as bodies
/// may take; four fifths of it are above the 9,500 slow calls of the performance goals).
pub(super) const CALLS_MAX: usize = 12_288;
/// One place of so many is only for critical calls (chosen: as with the slots of a provider, `bulkhead`).
const RESERVED: usize = 5;

/// The calls of a process. On a line of the caches of its own: every call writes it, and what stands beside it is read.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Crowd {
    under_way: AtomicUsize,
    most: usize,
}

/// Whether there is room for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Free,
    Full,
}

impl Crowd {
    /// So many calls at most.
    pub(super) const fn new(most: usize) -> Self {
        Self { under_way: AtomicUsize::new(0), most }
    }

    /// A call has come, whether it finds room or not; [`Crowd::leave`] follows exactly once.
    pub(super) fn enter(&self) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
    }

    /// A call that came is over.
    pub(super) fn leave(&self) {
        // Whoever finds its place finds it left.
        self.under_way.fetch_sub(1, Ordering::Release);
    }

    /// Whether a call that has come may stay.
    ///
    /// It is counted already: of calls that come at once, none stays beyond the bound.
    pub(super) fn room(&self, priority: Priority) -> Room {
        let open = match priority {
            Priority::Critical => self.most,
            Priority::Default | Priority::Background => self.most - self.most / RESERVED,
        };
        if self.under_way() <= open { Room::Free } else { Room::Full }
    }

    /// Calls under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Acquire)
    }

    /// Calls that may be.
    pub(super) const fn most(&self) -> usize {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::{Crowd, Room};
    use outwright_core::provider::Priority;

    ///
    #[test]
    fn the_last_fifth_of_the_places_is_for_critical_calls() {
        let crowd = Crowd::new(10);
        let rooms = |priority| {
            let rooms = (1..=11).map(|_| {
                crowd.enter();
                crowd.room(priority)
            });
            let found = rooms.filter(|room| *room == Room::Free).count();
            (0..11).for_each(|_| crowd.leave());
            found
        };
        assert_eq!(Priority::ALL.map(rooms), [10, 8, 8]);
        assert_eq!(crowd.under_way(), 0);
    }

    /// whoever stays was counted when it was let in, whatever the others do meanwhile.
    #[test]
    fn calls_that_come_at_once_never_are_more_than_the_bound() {
        let crowd = Crowd::new(3);
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        crowd.enter();
                        if crowd.room(Priority::Critical) == Room::Free {
                            let beside = inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                            assert!(beside < 3);
                            inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        }
                        crowd.leave();
                    }
                });
            }
        });
        assert_eq!(crowd.under_way(), 0);
    }
}
