//! Drives calls: a request in, an answer out, and in between whatever the engine says.
//!
//! [`Shared`] is what a process has once; a [`Core`] is what each of its threads has: connections, addresses,
//! credentials at hand, a part of the telemetry. A call stays on its core.
//!
//! ```text
//! Core::call ─ prepare ─ admit ─► step ─ Wait ─► timer or ticket ─┐
//!                                  ▲ └─ Send ─► transport ─────────┤
//!                                  └───────────────────────────────┘
//!                                    └─ Relay ─► ReplyBody ─ end ─► step ─ Done
//! ```
//!
//! The engine is asked under the lock of its provider, once per answer of the world, and never across an await.
//! A read runs in its caller's future: when that is dropped, everything is given back.
//! A mutation runs in a task of its own from its first byte on, and ends although its caller is gone.

mod answer;
mod caller;
mod coalesce;
mod crowd;
mod driven;
mod fields;
mod flights;
mod gone;
mod handed;
mod job;
mod keep;
mod kept;
mod key;
mod last;
mod memory;
mod outlet;
mod prepare;
mod pump;
mod reader;
mod reply;
mod roster;
mod shared;
mod shelf;
mod show;
mod trace;
mod unnamed;
mod via;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use outwright_core::admission;
use outwright_core::event::Event;
use outwright_core::step::CallId;
use outwright_core::time::{Mono, Now, Timestamp};

pub use self::answer::{Answer, CallerFacts, Misuse, Outbound, Outcome, Own};
pub use self::caller::Caller;
pub use self::handed::Handed;
pub(crate) use self::key::IDEMPOTENCY_KEY;
pub use self::memory::Held;
pub use self::outlet::{Outlet, Outlets};
pub use self::reply::{BrokenOff, ReplyBody};
pub use self::roster::Roster;
pub use self::shared::{Settings, SetupError, Shared};
pub use self::unnamed::Unnamed;
pub use crate::transport::{PoolCounts, TrustError};

use self::driven::Driven;
use self::job::Job;
use self::prepare::Spares;
use self::roster::Entry;
use crate::dns::Resolver;
use crate::telemetry::{CoreTelemetry, Record};
use crate::transport::{Cause, Origin};
use crate::wallet::{self, Hand};

/// How often idle connections are looked through (chosen: a sixth of the time that they may be idle).
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// So long the wall clock is taken to go on as the other one does (chosen: far below what anybody compares it with).
const WALL_GOOD_FOR: Duration = Duration::from_millis(10);
/// Where the milliseconds of a core's birth stand in the numbers of its calls: above 4,096 calls of 256 cores each.
const MILLIS_SHIFT: u32 = 20;
/// Between two numbers of one core: as many as there can be cores.
const CALL_STEP: u64 = 256;

/// What one thread needs to carry calls; a clone is another handle to the same.
#[derive(Clone, Debug)]
pub struct Core(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    telemetry: Rc<CoreTelemetry>,
    outlets: RefCell<Rc<Outlets>>,
    resolver: Rc<Resolver>,
    hand: RefCell<Hand>,
    calls: Cell<u64>,
    /// When both clocks were last read.
    read: Cell<Now>,
    /// Room for the events of a step, and for those it wakes; kept so that no step allocates.
    events: RefCell<Vec<Event>>,
    woken: RefCell<Vec<Waker>>,
    spares: Spares,
}

impl Core {
    /// What the thread of this number needs; must be called on a [`tokio::task::LocalSet`].
    ///
    /// The thread of number 0 also looks after the credentials of the process.
    #[must_use]
    pub fn new(shared: Arc<Shared>, number: usize) -> Self {
        let resolver = Rc::new(Resolver::new(&shared.name_servers));
        let outlets = Outlets::new(shared.roster(), None, |entry| way(&shared, &resolver, entry));
        let born = shared.now();
        let first = before_the_first_call(born.wall, number);
        let core = Self(Rc::new(Inner {
            telemetry: shared.telemetry().core(),
            outlets: RefCell::new(Rc::new(outlets)),
            resolver,
            hand: RefCell::new(Hand::new(Arc::clone(shared.wallet()))),
            calls: Cell::new(first),
            read: Cell::new(born),
            events: RefCell::default(),
            woken: RefCell::default(),
            spares: Spares::default(),
            shared,
        }));
        // Both end with the core: by its last handle, or with its runtime.
        drop(tokio::task::spawn_local(sweep(Rc::downgrade(&core.0))));
        if number == 0 {
            let shared = Arc::downgrade(&core.0.shared);
            let wallet = Arc::clone(core.0.shared.wallet());
            drop(tokio::task::spawn_local(wallet::watch(wallet, move |change| {
                if let Some(shared) = shared.upgrade() {
                    shared.credential_changed(change);
                }
            })));
        }
        core
    }

    /// The providers under the contracts that stand now.
    #[must_use]
    pub fn outlets(&self) -> Rc<Outlets> {
        let outlets = self.0.outlets.borrow();
        if outlets.number() == self.0.shared.roster_number() {
            return Rc::clone(&outlets);
        }
        drop(outlets);
        self.follow()
    }

    /// Goes on under the contracts that have taken over.
    #[cold]
    fn follow(&self) -> Rc<Outlets> {
        let inner = &self.0;
        let before = Rc::clone(&inner.outlets.borrow());
        let way = |entry: &_| way(&inner.shared, &inner.resolver, entry);
        let outlets = Rc::new(Outlets::new(inner.shared.roster(), Some(&before), way));
        inner.telemetry.follow();
        inner.outlets.replace(Rc::clone(&outlets));
        outlets
    }

    /// The telemetry of this core.
    #[must_use]
    pub fn telemetry(&self) -> &Rc<CoreTelemetry> {
        &self.0.telemetry
    }

    /// What it shares with the others.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// What time it is, on both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        let mono = self.mono();
        let read = self.0.read.get();
        if mono.since(read.mono) < WALL_GOOD_FOR {
            return read.at(mono);
        }
        let now = self.0.shared.now();
        self.0.read.set(now);
        now
    }

    /// The number of the next call; no other call of the process has it, nor one of a process that ran before.
    ///
    /// It grows from the time at which the core was made, in steps that leave room for the other cores, so that
    /// numbers are ordered by time across restarts (4,096 calls per millisecond and core would be needed to break that).
    #[must_use]
    pub fn next_call(&self) -> CallId {
        let number = self.0.calls.get().wrapping_add(CALL_STEP);
        self.0.calls.set(number);
        CallId(number)
    }

    /// Carries a call to its answer. Dropping the future is the caller's going away.
    pub fn call<B>(&self, outbound: Outbound<B>) -> impl Future<Output = Answer> + use<B>
    where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Cause>,
    {
        self.hand_in(outbound).answer()
    }

    /// Takes a call over: what is left to be done for it is small, whatever its request was.
    pub fn hand_in<B>(&self, outbound: Outbound<B>) -> Handed
    where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Cause>,
    {
        let Outbound { outlet, operation, request, path, facts } = outbound;
        let mut record = Record::new(self.next_call(), outlet.index, operation, facts.arrived);
        record.timeout = facts.timeout;
        record.priority = facts.priority;
        record.caller.clone_from(&facts.caller);
        // In a box: it goes from hand to hand from here on, and only its address should.
        let mut job = Box::new(Job::new(Driven::new(self.clone(), Rc::clone(&outlet), record)));
        let provider = &*outlet.provider;
        let caller = facts.caller.as_ref().and_then(|caller| provider.caller(caller.name()));
        let rules = provider.operation(operation);
        let priority = admission::priority(provider, rules, caller, facts.priority);
        if let Err(refusal) = job.finds_room(priority) {
            return Handed::refused(job, facts.arrived.mono, refusal);
        }
        if request.body().is_end_stream() {
            Handed::without_body(self, job, (&outlet, facts.caller.as_deref()), request, path)
        } else {
            Handed::with_body(job, request, path)
        }
    }

    fn mono(&self) -> Mono {
        self.0.shared.clock().mono()
    }

    fn instant(&self, at: Mono) -> tokio::time::Instant {
        self.0.shared.clock().instant(at)
    }

    /// Has a refused credential read anew, on a thread for blocking work; the gates are told what came of it.
    fn refresh(&self, provider: usize, slot: Option<u8>) {
        let Some(slot) = slot else { return };
        let shared = Arc::clone(&self.0.shared);
        // Nobody awaits it: calls that need the credential wait at the gates, within their own limits.
        drop(tokio::task::spawn_blocking(move || {
            if let Some(change) = shared.wallet().refresh(provider, slot) {
                shared.credential_changed(change);
            }
        }));
    }
}

/// Looks through idle connections until the core is gone.
async fn sweep(core: Weak<Inner>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let Some(core) = core.upgrade() else { return };
        Core(core).outlets().iter().for_each(|outlet| outlet.origin.sweep());
    }
}

/// The way of one core to a provider.
fn way(shared: &Arc<Shared>, resolver: &Rc<Resolver>, entry: &Entry) -> Rc<Origin> {
    let tls = entry.tls.as_ref().map(|secured| &secured.config);
    let own = Arc::clone(shared.own_ports());
    Rc::new(Origin::new(&entry.provider, tls, Rc::clone(resolver), (shared.clock(), own)))
}

/// The number from which a core counts the calls of its life.
const fn before_the_first_call(born: Timestamp, core: usize) -> u64 {
    (born.millis() << MILLIS_SHIFT) | (core as u64 % CALL_STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_calls_meet_neither_between_cores_nor_between_processes() {
        let born = Timestamp::from_millis(1_795_474_857_000);
        let later = Timestamp::from_millis(born.millis() + 1_000);
        let calls = |born, core| {
            let first = before_the_first_call(born, core);
            (1..=1_000_u64).map(move |call| first + call * CALL_STEP).collect::<Vec<_>>()
        };
        let (one, two, next) = (calls(born, 0), calls(born, 1), calls(later, 0));
        assert!(one.iter().all(|number| !two.contains(number)));
        assert!(one.iter().chain(&two).max() < next.iter().min(), "they are ordered by time");
    }
}
