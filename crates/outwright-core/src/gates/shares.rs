//! What each caller holds of the slots and of the queue, where the contract tells callers apart.

use super::{Ahead, Ask, Gates, Provider, Wish, bulkhead};
use crate::bulkhead::Share;
use crate::provider::CallerIndex;

impl Gates {
    /// Slots in use by a caller.
    #[must_use]
    pub fn slots_used_by(&self, caller: CallerIndex) -> u32 {
        self.callers.get(usize::from(caller.0)).map_or(0, |held| held.used())
    }

    /// Calls of a caller that wait for a grant.
    #[must_use]
    pub fn waiting_of(&self, caller: CallerIndex) -> u32 {
        self.queue.waiting_of(caller)
    }

    /// Whether the caller has all slots of its share.
    pub(super) fn share_is_used(&self, p: &Provider, wish: Wish) -> bool {
        let Some(at) = wish.caller else { return false };
        let held = self.callers.get(usize::from(at.0));
        let looked = held.zip(share(p, at)).map(|(held, share)| held.look(share));
        looked == Some(bulkhead::Look::Taken)
    }

    /// Whether the caller has all places of its share.
    pub(super) fn places_are_used(&self, p: &Provider, caller: Option<CallerIndex>) -> bool {
        let Some(at) = caller else { return false };
        share(p, at).is_some_and(|share| self.queue.waiting_of(at) >= share.places())
    }

    pub(super) fn enter_share(&mut self, caller: Option<CallerIndex>) {
        if let Some(held) = caller.and_then(|at| self.callers.get_mut(usize::from(at.0))) {
            held.enter();
        }
    }

    pub(super) fn leave_share(&mut self, caller: Option<CallerIndex>) {
        if let Some(held) = caller.and_then(|at| self.callers.get_mut(usize::from(at.0))) {
            held.leave();
        }
    }

    /// Whether a newcomer would overtake somebody of its own caller; the pump has served the others.
    pub(super) fn ahead(&self, ask: &Ask) -> Ahead {
        if self.queue.waiting() == 0 {
            return Ahead::Nobody;
        }
        self.queue.ahead(self.line_of(ask.wish()), ask.priority)
    }

    /// Where somebody stands in the queue: a lane of its own for each caller, so that nobody stands behind one that
    /// has used up its share.
    pub(super) fn line_of(&self, wish: Wish) -> u32 {
        line(self.lane_of(wish.operation), self.callers.len(), wish.caller)
    }

    /// Notes what callers hold when a contract takes over: it may be more than the share that they have by it.
    pub(super) fn inherit_shares(&mut self) {
        let held = self.callers.iter().map(|held| held.used()).zip(self.queue.places());
        self.inherited_by = held.collect();
    }

    /// No caller is above its share, and together they hold no more than there is.
    pub(super) fn verify_shares(&mut self, p: &Provider) -> Result<(), &'static str> {
        for (at, caller) in (0_u8..).map(CallerIndex).zip(&p.callers) {
            let (slots, places) = (self.slots_used_by(at), self.waiting_of(at));
            // What an earlier contract let in leaves, and nothing comes in its place.
            let mut inherited = (0, 0);
            if let Some(kept) = self.inherited_by.get_mut(usize::from(at.0)) {
                *kept = (kept.0.min(slots), kept.1.min(places));
                inherited = *kept;
            }
            if slots > caller.share.slots().max(inherited.0) {
                return Err("no caller holds more slots than its share");
            }
            if places > caller.share.places().max(inherited.1) {
                return Err("no caller holds more places than its share");
            }
        }
        let held: u32 = self.callers.iter().map(|held| held.used()).sum();
        if held > self.slots.used() {
            return Err("callers hold slots that are in use");
        }
        Ok(())
    }
}

/// The line of a caller in a lane, where so many callers are told apart.
pub(super) fn line(lane: u16, callers: usize, caller: Option<CallerIndex>) -> u32 {
    // At most 256 callers, and as many lanes as operations: 16 bits each, and one line beside the callers'.
    let callers = u32::try_from(callers).unwrap_or(u32::MAX).saturating_add(1);
    let own = caller.map_or(0, |at| u32::from(at.0).saturating_add(1));
    u32::from(lane).saturating_mul(callers).saturating_add(own)
}

fn share(p: &Provider, at: CallerIndex) -> Option<&Share> {
    p.callers.get(usize::from(at.0)).map(|caller| &caller.share)
}
