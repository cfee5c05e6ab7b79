//! Handshakes that are under way: as many as there are places, and whoever says nothing gives its place to the next.
//!
//! A caller that connects and is silent costs nothing and may stay as long as a head may take; so many of them would
//! keep all others out for that long.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use crate::guard::Watch;

/// Handshakes of one listener and core at once (chosen: far above what honest callers need).
const MOST: usize = 1_024;

/// The handshakes of one listener on one core.
#[derive(Debug)]
pub(super) struct Handshakes {
    /// The oldest first; those that are over are dropped when room is needed.
    all: RefCell<VecDeque<Weak<Shake>>>,
    most: usize,
}

/// A handshake; dropping it ends it.
#[derive(Debug)]
pub(super) struct Shake {
    watch: Rc<Watch>,
    heard: Cell<bool>,
}

impl Default for Handshakes {
    fn default() -> Self {
        Self { all: RefCell::default(), most: MOST }
    }
}

impl Handshakes {
    /// A new one. Where there is no place for it, the oldest of which nothing was heard is cut, else the oldest.
    pub(super) fn begin(&self, watch: &Rc<Watch>) -> Rc<Shake> {
        let mut all = self.all.borrow_mut();
        if all.len() >= self.most {
            all.retain(|shake| shake.strong_count() > 0);
        }
        if all.len() >= self.most {
            let silent = |shake: &Weak<Shake>| shake.upgrade().is_some_and(|s| !s.heard.get());
            let oldest = all.iter().position(silent).unwrap_or(0);
            let cut = all.remove(oldest).and_then(|shake| shake.upgrade());
            cut.inspect(|shake| shake.watch.cut());
        }
        let shake = Rc::new(Shake { watch: Rc::clone(watch), heard: Cell::new(false) });
        all.push_back(Rc::downgrade(&shake));
        shake
    }
}

impl Shake {
    /// Its caller has said something.
    pub(super) fn heard(&self) {
        self.heard.set(true);
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }
}

#[cfg(test)]
mod tests {
    use super::{Handshakes, Shake};
    use crate::guard::Watches;
    use std::rc::Rc;

    /// the oldest silent one goes, and those that speak only when no silent one is left.
    #[test]
    fn whoever_is_silent_gives_its_place_to_the_next() {
        let (watches, handshakes) =
            (Watches::default(), Handshakes { most: 3, ..Handshakes::default() });
        let begin = || handshakes.begin(&watches.add());
        let cut = |shake: &Rc<Shake>| shake.watch().expired();
        let [speaks, silent, later] = [begin(), begin(), begin()];
        speaks.heard();
        drop(later);
        let new = begin();
        assert!(!cut(&speaks) && !cut(&silent), "one that is over leaves its place");
        let newer = begin();
        assert!(cut(&silent) && !cut(&speaks) && !cut(&new));
        new.heard();
        newer.heard();
        let newest = begin();
        assert!(cut(&speaks) && !cut(&new) && !cut(&newer) && !cut(&newest));
    }
}
