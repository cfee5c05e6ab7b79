//! The joint grant: breaker, hold, credential, windows and slot, all or nothing.
//!
//! One [`Gates`] per provider, shared by all its calls behind one lock that is taken once per input.
//! It looks at every gate and then takes them all in one step: there is no order among them that is right, and
//! taking them one after the other would need a way back for each.
//! Who has to wait stands in a queue with a ticket; whatever frees a gate hands a finished grant to the first in
//! line *inside* the lock and puts its ticket into [`Gates::woken`].
//! So a newcomer cannot overtake, and nobody who is woken finds nothing.
//!
//! What frees a gate: a slot given back, a report, a refund, a new credential, time.
//! Time frees through the head of each lane, which is told when to come back ([`Claim::Still`]).
//!
//! ```text
//! enter ─► Granted ─────────────► answered · learn ─► leave
//!    ├──► Queued ─► claim ─► Granted ┘
//!    │        └─► forget
//!    └──► Refused
//! ```

use std::mem;
use std::time::Duration;

use crate::breaker::{self, Breaker};
use crate::bulkhead::{self, Held, Slots};
use crate::credential::{self, Credential};
use crate::dice::Draw;
use crate::event::{BreakerState, What};
use crate::limits::LEASE_GRACE;
use crate::outcome::Verdict;
use crate::provider::{Mode, OpIndex, Provider};
use crate::ratelimit::{self, Stamp, Window};
use crate::record::{Record, Told};
use crate::refusal::{Reason, Refusal};
use crate::retry::budget::{self, Budget};
use crate::time::Mono;

pub use grant::{Ask, Claim, Entry, Grant, Left, Lesson, Sending, Try};
use grant::{Issued, Taught, Wish};
use hold::Hold;
use pump::Who;
pub use queue::Ticket;
use queue::{Ahead, Head, Place, Queue, Waiter};

mod grant;
mod hold;
mod judge;
mod pump;
mod queue;
mod report;
mod shares;
mod succeed;
mod view;

pub use view::{Turn, Which};

/// All shared state of one provider.
#[derive(Debug)]
pub struct Gates {
    /// Whom to wake, in this order, after the lock was given back. Emptied by whoever holds the lock.
    pub woken: Vec<Ticket>,
    authority: Breaker,
    operations: Vec<Breaker>,
    lanes: Vec<Lane>,
    lane_of: Vec<u16>,
    windows: Vec<Window>,
    slots: Slots,
    credentials: Vec<Credential>,
    budget: Budget,
    queue: Queue,
    /// The slots of each caller, where the contract tells callers apart.
    callers: Vec<Held>,
    /// What changed at the breakers since the last call took it.
    changes: Vec<What>,
    stamps: u64,
    given: u64,
    returned: u64,
    bugs: u64,
    /// What was let in under an earlier contract with more room.
    inherited: Inherited,
    /// The same of each caller: slots, and places in the queue.
    inherited_by: Vec<(u32, u32)>,
    /// What calls and gates are told, while somebody wants to know.
    record: Option<Box<Record>>,
}

/// What may be more than the contract allows, because it was there before it.
#[derive(Clone, Copy, Debug, Default)]
struct Inherited {
    slots: u32,
    waiting: usize,
}

/// What calls of one lane share.
#[derive(Clone, Debug)]
struct Lane {
    /// Bit n is window n.
    windows: u64,
    slot: Option<u8>,
    hold: Hold,
}

/// What stands between a call and its grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Pass {
        version: u32,
    },
    Time(Refusal, Mono),
    Slot,
    /// The caller has the slots of its share.
    Share,
    Credential,
    Refused(Refusal),
}

impl Gates {
    /// Open gates of a provider. Operations that need a credential wait for [`Gates::credential_is`].
    #[must_use]
    pub fn new(p: &Provider) -> Self {
        let (lanes, lane_of) = lanes(p);
        let reach = reach(p);
        let slots = p.bulkhead.slots() as usize;
        let most = (p.bulkhead.queue(), p.bulkhead.slots());
        let queue = Queue::new(lanes.len(), p.callers.len(), most);
        let of_operation = |_| Breaker::new(&p.breaker, breaker::Scope::Operation);
        Self {
            woken: Vec::with_capacity(p.bulkhead.queue() as usize + slots),
            authority: Breaker::new(&p.breaker, breaker::Scope::Authority),
            operations: p.operations.iter().map(of_operation).collect(),
            lanes,
            lane_of,
            windows: p.windows.iter().map(|window| Window::new(window, reach)).collect(),
            slots: Slots::default(),
            credentials: vec![Credential::default(); p.slots.len()],
            budget: Budget::new(&p.budget, Mono::ZERO),
            queue,
            callers: vec![Held::default(); p.callers.len()],
            changes: Vec::with_capacity(8),
            stamps: 0,
            given: 0,
            returned: 0,
            bugs: 0,
            inherited: Inherited::default(),
            inherited_by: Vec::new(),
            record: None,
        }
    }

    /// A newcomer: everything at once, a place in the queue, or a refusal.
    #[must_use]
    pub fn enter(&mut self, p: &Provider, now: Mono, ask: &Ask) -> Entry {
        if self.queue.waiting() > 0 {
            self.pump(p, now);
        }
        let look = self.look(p, now, ask.wish(), Who::Newcomer(ask.draw));
        let ahead = self.ahead(ask);
        if p.mode == Mode::Report && !matches!(look, Look::Pass { .. }) {
            return self.report(p, now, ask, look);
        }
        match look {
            Look::Refused(refusal) => Entry::Refused(refusal),
            Look::Pass { version } if ahead == Ahead::Nobody => {
                let grant = Grant(self.take(p, now, ask.wish(), version));
                // What it took may be what another lane's head now has to wait for.
                self.pump(p, now);
                Entry::Granted(grant)
            }
            // Who has to wait for a probe would only wait for its verdict.
            Look::Time(refusal, _) if refusal.reason == Reason::BreakerOpen => {
                Entry::Refused(refusal)
            }
            Look::Time(refusal, opens) if opens > ask.latest => Entry::Refused(refusal),
            Look::Pass { .. } | Look::Time(..) | Look::Slot | Look::Share | Look::Credential => {
                self.wait(p, now, ask, look)
            }
        }
    }

    /// Somebody who waits asks again: woken, or because its time has come.
    #[must_use]
    pub fn claim(&mut self, p: &Provider, now: Mono, ticket: Ticket) -> Claim {
        if matches!(self.queue.get(ticket), Some(Place::Waiting(_))) {
            self.pump(p, now);
            // It is awake already.
            self.woken.retain(|woken| *woken != ticket);
        }
        match self.queue.get(ticket) {
            Some(Place::Handed(issued)) => {
                self.queue.remove(ticket);
                Claim::Granted(Grant(issued))
            }
            Some(Place::Refused(refusal)) => {
                self.queue.remove(ticket);
                Claim::Refused(refusal)
            }
            Some(Place::Waiting(waiter)) => self.still(p, now, ticket, &waiter),
            Some(Place::Free(_)) | None => {
                self.bugs += 1;
                debug_assert!(false, "a ticket was claimed after it was answered");
                Claim::Refused(Refusal::now(Reason::QueueWait))
            }
        }
    }

    /// Somebody who waits goes away; a grant that was made for it meanwhile is given back.
    pub fn forget(&mut self, p: &Provider, now: Mono, ticket: Ticket) {
        let place = self.queue.get(ticket);
        self.queue.remove(ticket);
        if let Some(Place::Handed(issued)) = place {
            self.give_back(p, now, issued, Left::Unsent);
        }
        self.pump(p, now);
    }

    /// The request of this grant is about to leave: its place in the windows starts to count now.
    ///
    /// Where much time has passed since the grant, what was true then is asked again.
    #[must_use]
    pub fn sending(&mut self, now: Mono, grant: &mut Grant) -> Sending {
        let Issued { stamp: old, at: granted, operation, .. } = grant.0;
        if granted == now || grant.0.taught == Taught::Never {
            return Sending::Go;
        }
        if self.stands(now, grant) == Sending::AskAgain {
            return Sending::AskAgain;
        }
        self.stamps += 1;
        let new = Stamp(self.stamps);
        (grant.0.stamp, grant.0.at) = (new, now);
        self.each_window(operation, |window| {
            window.refund(granted, old);
            window.advance(now);
            window.enter(now, new);
        });
        Sending::Go
    }

    /// Whether what was true when a grant was made, or last asked about, still is. Changes nothing.
    #[must_use]
    pub fn stands(&self, now: Mono, grant: &Grant) -> Sending {
        let Issued { at: granted, operation, .. } = grant.0;
        if grant.0.taught == Taught::Never {
            return Sending::Go;
        }
        let lane = self.lanes.get(usize::from(self.lane_of(operation)));
        let held = lane.is_some_and(|l| l.hold.look_again(now, granted) != hold::Look::Free);
        let own = self.operations.get(usize::from(operation.0));
        let stale = self.authority.look_again(now, grant.0.authority) == breaker::Again::Stale
            || own.is_some_and(|own| {
                own.look_again(now, grant.0.by_operation) == breaker::Again::Stale
            });
        if held || stale { Sending::AskAgain } else { Sending::Go }
    }

    /// The response head of this grant's request is here, so the request has arrived.
    pub fn answered(&mut self, p: &Provider, now: Mono, grant: &Grant) {
        let stamp = grant.0.stamp;
        self.each_window(grant.0.operation, |window| window.arrived(now, stamp));
        self.pump(p, now);
    }

    /// What the attempt taught: once, as soon as it is known. Later verdicts of the same grant are ignored.
    pub fn learn(&mut self, p: &Provider, now: Mono, grant: &mut Grant, lesson: Lesson) {
        if grant.0.taught == Taught::Nothing {
            grant.0.taught = Taught::Verdict;
            self.judge(p, now, grant.0, lesson);
            self.pump(p, now);
        }
    }

    /// Gives everything back. What was never judged goes back without a verdict.
    pub fn leave(&mut self, p: &Provider, now: Mono, grant: Grant, left: Left) {
        let issued = grant.0;
        mem::forget(grant);
        self.give_back(p, now, issued, left);
        self.pump(p, now);
    }

    /// A credential arrived.
    pub fn credential_is(
        &mut self,
        p: &Provider,
        now: Mono,
        slot: u8,
        (version, fresh_until): (u32, Mono),
    ) {
        self.note_told(now, Told::Credential(slot, version, fresh_until));
        if let Some(credential) = self.credentials.get_mut(usize::from(slot)) {
            credential.enter(version, fresh_until);
        }
        self.pump(p, now);
    }

    /// Nobody could fetch a credential: who waits for it is refused.
    pub fn credential_failed(&mut self, p: &Provider, now: Mono, slot: u8) {
        self.note_told(now, Told::NoCredential(slot));
        if let Some(credential) = self.credentials.get_mut(usize::from(slot)) {
            credential.leave();
        }
        self.pump(p, now);
    }

    /// The provider refused the credential of this grant: says whether the call has to have it fetched.
    ///
    /// `p` is the contract that the call was admitted under: the slot is the one that it was sent with.
    pub fn credential_refused(&mut self, p: &Provider, grant: &Grant) -> credential::Refused {
        let slot = p.operation(grant.0.operation).slot;
        let Some(credential) = slot.and_then(|slot| self.credentials.get_mut(usize::from(slot)))
        else {
            return credential::Refused::Known;
        };
        credential.refuse(grant.0.version)
    }

    /// Whether a repeat can be paid now. Takes nothing.
    #[must_use]
    pub fn budget(&self, p: &Provider, now: Mono) -> budget::Answer {
        self.budget.look(&p.budget, now)
    }

    /// Pays for a repeat that was decided, before its wait.
    pub fn pay(&mut self, p: &Provider, now: Mono) {
        if self.budget.take(&p.budget, now) != budget::Answer::Enough {
            self.bug("a repeat is decided only when it can be paid");
        }
    }

    /// A repeat that was paid was never sent.
    pub fn repay(&mut self, p: &Provider, now: Mono) {
        self.budget.refund(&p.budget, now);
    }

    fn wait(&mut self, p: &Provider, now: Mono, ask: &Ask, look: Look) -> Entry {
        let full = match look {
            Look::Time(refusal, _) | Look::Refused(refusal) => refusal,
            Look::Pass { .. } | Look::Slot | Look::Credential => Refusal::now(Reason::QueueFull),
            Look::Share if self.slots.look(&p.bulkhead, ask.priority) == bulkhead::Look::Free => {
                Refusal::now(Reason::ShareFull)
            }
            Look::Share => Refusal::now(Reason::QueueFull),
        };
        let binds = p.mode == Mode::Enforce;
        if binds && self.queue.waiting() >= p.bulkhead.queue() as usize {
            return Entry::Refused(full);
        }
        if binds && self.places_are_used(p, ask.caller) {
            let share = Refusal::now(Reason::ShareFull);
            return Entry::Refused(if full.reason == Reason::QueueFull { share } else { full });
        }
        if now >= ask.latest {
            return Entry::Refused(Refusal::now(Reason::DeadlineTooShort));
        }
        let waiter = Waiter {
            operation: ask.operation,
            priority: ask.priority,
            caller: ask.caller,
            lane: self.line_of(ask.wish()),
            patience: match p.mode {
                Mode::Enforce => now.plus(p.bulkhead.queue_wait()).min(ask.latest),
                Mode::Report => ask.latest,
            },
            latest: ask.latest,
            armed: now,
        };
        match self.queue.push(waiter) {
            Some(ticket) => Entry::Queued(ticket),
            None => Entry::Refused(full),
        }
    }

    fn still(&mut self, p: &Provider, now: Mono, ticket: Ticket, waiter: &Waiter) -> Claim {
        let lane = waiter.lane;
        let head = self.queue.head(lane).filter(|head| head.ticket == ticket);
        let first = self.queue.head(lane).map_or(*waiter, |head| head.waiter);
        let (until, refusal) = match self.look(p, now, first.wish(), Who::Waiter) {
            // Where time is what is missing, patience for a slot does not count.
            Look::Time(refusal, opens) => {
                self.queue.extend(ticket, opens.plus(p.bulkhead.queue_wait()));
                let until = if head.is_some() { opens.min(waiter.latest) } else { waiter.latest };
                (until, refusal)
            }
            Look::Pass { .. } | Look::Slot | Look::Share | Look::Credential | Look::Refused(_) => {
                (waiter.patience, Refusal::now(Reason::QueueWait))
            }
        };
        if now < until {
            self.queue.arm(ticket, until);
            return Claim::Still(until);
        }
        self.queue.remove(ticket);
        self.pump(p, now);
        Claim::Refused(refusal)
    }

    fn take(&mut self, p: &Provider, now: Mono, wish: Wish, version: u32) -> Issued {
        let Wish { operation, caller, .. } = wish;
        let lease_end = now.plus(p.operation(operation).timeouts.attempt()).plus(LEASE_GRACE);
        let (authority, changed) = self.authority.enter(now, lease_end);
        self.note(None, changed);
        let (by_operation, changed) = match self.operations.get_mut(usize::from(operation.0)) {
            Some(breaker) => breaker.enter(now, lease_end),
            None => (authority, None),
        };
        self.note(Some(operation), changed);
        let lane = usize::from(self.lane_of(operation));
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.hold.enter(now);
        }
        self.stamps += 1;
        let stamp = Stamp(self.stamps);
        self.each_window(operation, |window| window.enter(now, stamp));
        self.slots.enter();
        self.enter_share(caller);
        self.given += 1;
        Issued {
            stamp,
            at: now,
            authority,
            by_operation,
            version,
            operation,
            caller,
            taught: Taught::Nothing,
        }
    }

    fn give_back(&mut self, p: &Provider, now: Mono, issued: Issued, left: Left) {
        if issued.taught == Taught::Never {
            return;
        }
        if issued.taught == Taught::Nothing {
            self.judge(p, now, issued, Lesson::NOTHING);
        }
        if left == Left::Unsent {
            self.each_window(issued.operation, |window| window.refund(issued.at, issued.stamp));
        }
        self.slots.leave();
        self.leave_share(issued.caller);
        self.returned += 1;
    }

    fn refuse_waiters(&mut self, refusal: Refusal, meant: impl Fn(&Waiter) -> bool) {
        self.queue.refuse(refusal, &mut self.woken, meant);
    }

    fn note(&mut self, operation: Option<OpIndex>, changed: Option<BreakerState>) {
        if let Some(to) = changed {
            self.changes.push(What::Breaker { operation, to });
        }
    }

    fn lane_of(&self, operation: OpIndex) -> u16 {
        self.lane_of.get(usize::from(operation.0)).copied().unwrap_or(0)
    }

    fn each_window(&mut self, operation: OpIndex, mut visit: impl FnMut(&mut Window)) {
        let lane = usize::from(self.lane_of(operation));
        let bits = self.lanes.get(lane).map_or(0, |lane| lane.windows);
        for (number, window) in self.windows.iter_mut().enumerate() {
            if bits >> number & 1 == 1 {
                visit(window);
            }
        }
    }
}

/// How long after its grant a request may at the latest leave.
fn reach(p: &Provider) -> Duration {
    let reach = p.operations.iter().map(|op| op.timeouts.connect()).max();
    reach.unwrap_or(Duration::ZERO)
}

/// The distinct pairs of windows and credential slot, and which pair each operation has.
fn lanes(p: &Provider) -> (Vec<Lane>, Vec<u16>) {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut lane_of: Vec<u16> = Vec::with_capacity(p.operations.len());
    for op in &p.operations {
        let windows = p.lanes.get(usize::from(op.lane)).copied().unwrap_or(0);
        let same = lanes.iter().position(|lane| lane.windows == windows && lane.slot == op.slot);
        let at = same.unwrap_or_else(|| {
            lanes.push(Lane { windows, slot: op.slot, hold: Hold::FREE });
            lanes.len() - 1
        });
        // Not more than operations, which are numbered in 16 bits.
        lane_of.push(u16::try_from(at).unwrap_or(u16::MAX));
    }
    if lanes.is_empty() {
        lanes.push(Lane { windows: 0, slot: None, hold: Hold::FREE });
    }
    (lanes, lane_of)
}

fn opens(look: breaker::Look) -> Option<Mono> {
    match look {
        breaker::Look::Open(until) => until,
        breaker::Look::Busy(until) => Some(until),
        breaker::Look::Pass | breaker::Look::Probe | breaker::Look::Ramp { .. } => None,
    }
}
