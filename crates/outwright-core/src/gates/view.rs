//! What operators and telemetry read of the gates, what operators may turn, and what has to hold always.

use super::{Breaker, BreakerState, Gates, Mode, Mono, OpIndex, Provider, Refusal, What, hold};
use super::{Place, Ticket, Who, Wish};
use crate::dice::Dice;
use crate::record::{Record, Told};
use crate::time::Now;

/// Which breaker an operator means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one of the provider's authority.
    Authority,
    /// The one of an operation.
    Operation(OpIndex),
}

/// What an operator does to a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Refuse everything until then, or until it is reset.
    ForceOpen(Option<Mono>),
    /// Let everything pass and judge nothing, until it is reset.
    Disable,
    /// Close it and forget what was counted.
    Reset,
}

impl Gates {
    /// An operator turns a breaker; those who wait hear of it at once.
    pub fn turn(&mut self, p: &Provider, now: Mono, which: Which, turn: Turn) {
        self.note_told(now, Told::Turned(which, turn));
        let (operation, breaker) = match which {
            Which::Authority => (None, Some(&mut self.authority)),
            Which::Operation(op) => (Some(op), self.operations.get_mut(usize::from(op.0))),
        };
        let state = breaker.map(|breaker: &mut Breaker| match turn {
            Turn::ForceOpen(until) => breaker.force_open(until),
            Turn::Disable => breaker.disable(),
            Turn::Reset => breaker.reset(now),
        });
        self.note(operation, state);
        if which == Which::Authority && matches!(turn, Turn::ForceOpen(_)) {
            let refusal = self.authority_opens(p, now);
            self.refuse_waiters(refusal, |_| p.mode == Mode::Enforce);
        }
        self.pump(p, now);
    }

    /// From now on, notes what calls and gates are told; to be replayed, it has to begin with these gates.
    ///
    /// `dice` are those that the calls draw from.
    pub fn record_inputs(&mut self, dice: Dice) {
        self.record = Some(Box::new(Record::new(dice)));
    }

    /// What was noted, and no more from now on.
    pub fn take_record(&mut self) -> Option<Record> {
        self.record.take().map(|record| *record)
    }

    /// Lends the record to a call that notes what it is told.
    pub(crate) fn lend_record(&mut self) -> Option<Box<Record>> {
        self.record.take()
    }

    pub(crate) fn return_record(&mut self, record: Box<Record>) {
        self.record = Some(record);
    }

    pub(super) fn note_told(&mut self, mono: Mono, told: Told) {
        if let Some(record) = &mut self.record {
            // Gates know one clock only, and no wall clock matters to them.
            record.note(Now { mono, ..Now::default() }, told);
        }
    }

    /// The state of a breaker.
    #[must_use]
    pub fn breaker(&self, which: Which, now: Mono) -> BreakerState {
        match which {
            Which::Authority => self.authority.state(now),
            Which::Operation(op) => {
                let breaker = self.operations.get(usize::from(op.0));
                breaker.map_or(BreakerState::Closed, |breaker| breaker.state(now))
            }
        }
    }

    /// Probe leases that are out, over all breakers.
    #[must_use]
    pub fn probes(&self, now: Mono) -> usize {
        let breakers = std::iter::once(&self.authority).chain(&self.operations);
        breakers.map(|breaker| breaker.leases(now)).sum()
    }

    /// Slots in use.
    #[must_use]
    pub const fn slots_used(&self) -> u32 {
        self.slots.used()
    }

    /// Calls that wait for a grant.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Sends that count in window `number` now.
    #[must_use]
    pub fn window_used(&mut self, number: usize, now: Mono) -> u32 {
        self.windows.get_mut(number).map_or(0, |window| {
            window.advance(now);
            window.used()
        })
    }

    /// Until when calls of this operation are held because the provider asked for it.
    #[must_use]
    pub fn held_until(&self, operation: OpIndex, now: Mono) -> Option<Mono> {
        let lane = self.lanes.get(usize::from(self.lane_of(operation)))?;
        match lane.hold.look(now) {
            hold::Look::Free => None,
            hold::Look::Until(until) | hold::Look::Exhausted(until) => Some(until),
        }
    }

    /// The version of a credential slot that is fresh or was last; 0 is none.
    #[must_use]
    pub fn credential_version(&self, slot: u8) -> u32 {
        self.credentials.get(usize::from(slot)).map_or(0, |credential| credential.version())
    }

    /// Retries that the budget could pay for, as last counted.
    #[must_use]
    pub const fn retries_left(&self) -> u64 {
        self.budget.whole()
    }

    /// Breaker changes that no call has taken along yet.
    pub fn take_changes(&mut self) -> std::vec::Drain<'_, What> {
        self.changes.drain(..)
    }

    /// Broken promises of our own code; has to stay 0.
    #[must_use]
    pub const fn bugs(&self) -> u64 {
        self.bugs
    }

    /// Notes a broken promise of our own code.
    pub(crate) fn bug(&mut self, what: &'static str) {
        self.bugs += 1;
        debug_assert!(false, "{what}");
    }

    /// Grants that are out: made and not given back.
    #[must_use]
    pub const fn grants_out(&self) -> u64 {
        self.given - self.returned
    }

    /// What has to hold after every step.
    ///
    /// # Errors
    ///
    /// The sentence that does not hold.
    pub fn verify(&mut self, p: &Provider, now: Mono) -> Result<(), &'static str> {
        let binds = p.mode == Mode::Enforce;
        let used = u64::from(self.slots.used());
        // What an earlier contract let in leaves, and nothing comes in its place.
        self.inherited.slots = self.inherited.slots.min(self.slots.used());
        self.inherited.waiting = self.inherited.waiting.min(self.queue.waiting());
        let slots_max = p.bulkhead.slots().max(self.inherited.slots);
        if self.given - self.returned != used || used > u64::from(slots_max) {
            return Err("grants given less grants returned are the slots in use, and these fit");
        }
        let waiting_max = (p.bulkhead.queue() as usize).max(self.inherited.waiting);
        if binds && self.queue.waiting() > waiting_max {
            return Err("no more calls wait than the queue holds");
        }
        if binds && self.queue.handed() as u64 > used {
            return Err("a grant that waits for its call holds a slot");
        }
        let open = [BreakerState::Open, BreakerState::ForcedOpen];
        if binds && open.contains(&self.authority.state(now)) && self.queue.waiting() > 0 {
            return Err("nobody waits while the breaker is open");
        }
        self.verify_shares(p)?;
        self.verify_heads(p, now)
    }

    /// A head that waits for a time is armed for it, or was just woken to arm itself.
    fn verify_heads(&mut self, p: &Provider, now: Mono) -> Result<(), &'static str> {
        let mut from = 0;
        while let Some(lane) = self.queue.busy_lane(from) {
            from = lane + 1;
            let Some(head) = self.queue.head(lane) else {
                return Err("a busy lane has a head");
            };
            let look = self.look(p, now, head.waiter.wish(), Who::Waiter);
            let due = head.waiter.armed <= now;
            match look {
                super::Look::Time(_, opens) if head.waiter.armed > opens => {
                    return Err("a head that waits for a time is armed for it");
                }
                super::Look::Pass { .. } | super::Look::Refused(_) if !due => {
                    return Err("a head that could be answered is answered");
                }
                super::Look::Time(..)
                | super::Look::Pass { .. }
                | super::Look::Refused(_)
                | super::Look::Slot
                | super::Look::Share
                | super::Look::Credential => {}
            }
        }
        Ok(())
    }

    /// Whether somebody still stands behind this ticket.
    #[must_use]
    pub fn knows(&self, ticket: Ticket) -> bool {
        !matches!(self.queue.get(ticket), None | Some(Place::Free(_)))
    }

    /// The earliest time at which a call of this operation could pass, as far as time decides it.
    #[must_use]
    pub fn opening(&mut self, p: &Provider, now: Mono, operation: OpIndex) -> Option<Refusal> {
        let priority = p.operation(operation).priority;
        let wish = Wish { operation, priority, caller: None };
        match self.look(p, now, wish, Who::Waiter) {
            super::Look::Refused(refusal) | super::Look::Time(refusal, _) => Some(refusal),
            super::Look::Pass { .. }
            | super::Look::Slot
            | super::Look::Share
            | super::Look::Credential => None,
        }
    }
}
