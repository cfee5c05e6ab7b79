//! Another contract takes over while calls are under way: what was counted goes on counting.

use super::shares::line;
use super::{Breaker, Gates, Held, Hold, Mono, Provider, Told, Window, breaker, lanes, reach};
use crate::credential::Credential;
use crate::provider::OpIndex;

impl Gates {
    /// From now on the gates go by this contract, whose indices are those of the one before
    /// ([`Provider::succeeding`]).
    ///
    /// Grants and tickets that are out stay good. A breaker stays as open as it was, a window goes on counting the
    /// sends that it knows of, and who waits goes on waiting, by the new rules.
    /// Where fewer calls may be at the provider than are, none is let in until enough have left.
    pub fn contract_is(&mut self, before: &Provider, p: &Provider, now: Mono) {
        self.note_told(now, Told::Contract);
        let breakers = std::iter::once(&mut self.authority).chain(&mut self.operations);
        breakers.for_each(|breaker| breaker.follow(&before.breaker, &p.breaker));
        let moved = before.base.authority != p.base.authority;
        if moved {
            self.begin_anew(p);
        }
        self.operations.resize_with(p.operations.len(), || {
            Breaker::new(&p.breaker, breaker::Scope::Operation)
        });
        self.windows = self.windows_of(before, p, now);
        self.callers.resize_with(p.callers.len(), Held::default);
        self.lanes_are(p, now);
        if moved {
            self.lanes.iter_mut().for_each(|lane| lane.hold = Hold::FREE);
        }
        // Who waits for one of these goes on waiting until it is told of: the next thing that happens.
        self.credentials.resize_with(p.slots.len(), Credential::awaited);
        self.inherit_shares();
        self.queue.grow(p.bulkhead.queue() as usize, p.bulkhead.slots() as usize);
        self.inherited =
            super::Inherited { slots: self.slots.used(), waiting: self.queue.waiting() };
        self.pump(p, now);
    }

    /// The provider is at another authority: what was learned of the one before says nothing of it.
    ///
    /// Windows go on: the account whose quota they count may be the same.
    fn begin_anew(&mut self, p: &Provider) {
        let changed = self.authority.begin_anew(&p.breaker);
        self.note(None, changed);
        for at in 0..self.operations.len() {
            let breaker = self.operations.get_mut(at);
            let changed = breaker.and_then(|breaker| breaker.begin_anew(&p.breaker));
            self.note(u16::try_from(at).ok().map(OpIndex), changed);
        }
    }

    /// The windows of a contract, with the sends that those of the same name know of.
    fn windows_of(&self, before: &Provider, p: &Provider, now: Mono) -> Vec<Window> {
        // Calls that were admitted before may still take as long as they could then.
        let old_reach = reach(before);
        let reach = old_reach.max(reach(p));
        let window = |policy: &crate::ratelimit::Policy| {
            let mut known = before.windows.iter().zip(&self.windows);
            let known = known.find(|(old, _)| old.name() == policy.name());
            match known {
                Some((old, window)) if old == policy && old_reach == reach => window.clone(),
                Some((_, window)) => window.following(policy, reach, now),
                None => Window::new(policy, reach),
            }
        };
        p.windows.iter().map(window).collect()
    }

    /// Puts operations and waiters into the lanes of this contract; a lane is held as long as any of its operations was.
    fn lanes_are(&mut self, p: &Provider, now: Mono) {
        let (mut lanes, lane_of) = lanes(p);
        for (operation, lane) in lane_of.iter().enumerate() {
            let old = self.lane_of.get(operation).and_then(|old| self.lanes.get(usize::from(*old)));
            let hold = old.map_or(Hold::FREE, |old| old.hold);
            if let Some(lane) = lanes.get_mut(usize::from(*lane)) {
                lane.hold = lane.hold.longer(hold, now);
            }
        }
        let callers = self.callers.len();
        self.queue.relane(lanes.len(), callers, |waiter| {
            let lane = lane_of.get(usize::from(waiter.operation.0)).copied().unwrap_or(0);
            line(lane, callers, waiter.caller)
        });
        (self.lanes, self.lane_of) = (lanes, lane_of);
    }
}
