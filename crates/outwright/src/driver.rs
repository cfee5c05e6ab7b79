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
mod driven;
mod fields;
mod job;
mod keep;
mod kept;
mod key;
mod memory;
mod outlet;
mod prepare;
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
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use outwright_core::admission;
use outwright_core::event::Event;
use outwright_core::outcome::{Class, Effect, Fault};
use outwright_core::provider::{Plan, Provider};
use outwright_core::step::{CallId, Failure, Request, Skip, Step};
use outwright_core::time::{Mono, Now, Timestamp};
use tokio::sync::oneshot;

pub use self::answer::{Answer, CallerFacts, Misuse, Outbound, Outcome, Own};
pub use self::caller::Caller;
pub(crate) use self::key::IDEMPOTENCY_KEY;
pub use self::outlet::{Outlet, Outlets};
pub use self::reply::{BrokenOff, ReplyBody};
pub use self::roster::Roster;
pub use self::shared::{Settings, SetupError, Shared};
pub use self::unnamed::Unnamed;
pub use crate::transport::{PoolCounts, TrustError};

use self::driven::Driven;
use self::job::{Gone, Job};
use self::key::Whose;
use self::outlet::Keeps;
use self::prepare::{Of, Prepared, Spares};
use self::roster::Entry;
use crate::dns::Resolver;
use crate::telemetry::{self, CoreTelemetry, Record};
use crate::transport::{Cause, Origin};
use crate::wallet::{self, Hand};

/// How often idle connections are looked through (chosen: a sixth of the time that they may be idle).
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// So long the wall clock is taken to go on as the other one does (chosen: far below what anybody compares it with).
const WALL_GOOD_FOR: Duration = Duration::from_millis(10);
/// A shorter wait for the body is not taken off the total (chosen: the grain of the timers).
const WORTH_COUNTING: Duration = Duration::from_millis(1);
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
    pub async fn call<B>(&self, outbound: Outbound<B>) -> Answer
    where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Cause>,
    {
        let Outbound { outlet, operation, request, path, facts } = outbound;
        let mut record = Record::new(self.next_call(), outlet.index, operation, facts.arrived);
        record.timeout = facts.timeout;
        record.priority = facts.priority;
        record.caller.clone_from(&facts.caller);
        // In a box: it goes from hand to hand below, and only its address should.
        let driven = Driven::new(self.clone(), Rc::clone(&outlet), record);
        let mut job = Box::new(Job::new(driven));
        let arrived = facts.arrived.mono;
        let provider = &*outlet.provider;
        let rules = provider.operation(operation);
        let total = rules.timeouts.total();
        let left = facts.timeout.map_or(total, |asked| asked.min(total));
        let of = Of {
            whose: Whose { provider, operation: rules, caller: caller(provider, &facts) },
            via: self.0.shared.via(),
            call: job.driven.record.call,
            dice: self.0.shared.dice(),
            memory: self.0.shared.memory(),
        };
        let caller = facts.caller.as_ref().and_then(|caller| provider.caller(caller.name()));
        let bodiless = request.body().is_end_stream();
        if !bodiless && let Err(refusal) = admission::look_at_caller(provider, operation, caller) {
            // Before its body takes room that others need.
            return job.driven.unprepared(self.mono(), Outcome::Refused(refusal));
        }
        let prepared = if bodiless {
            Prepared::without_body(&of, request.into_parts().0, path).map_err(Outcome::Misuse)
        } else {
            let limit = self.instant(arrived.plus(left));
            // In a box: most calls have no body, and all would carry the room for reading one.
            Box::pin(Prepared::with_body(&of, request, path, limit)).await
        };
        let prepared = match prepared {
            Ok(prepared) => job.prepared.insert(prepared),
            Err(outcome) => return job.driven.unprepared(self.mono(), outcome),
        };
        if outlet.keeps == Keeps::Yes && (rules.cache.is_some() || rules.plan != Plan::Safe) {
            job.keeping = prepared.keeping(of.whose).map(Box::new);
        }
        let now = if bodiless { arrived } else { self.mono() };
        // What it waited for its body is gone from what it has.
        let spent = now.since(arrived);
        job.driven.record.request_bytes = prepared.bytes.unwrap_or(0);
        let request = Request {
            id: job.driven.record.call,
            operation,
            caller,
            timeout: if spent < WORTH_COUNTING {
                facts.timeout
            } else {
                Some(left.saturating_sub(spent))
            },
            priority: facts.priority,
            body: prepared.body(),
            keyed: prepared.keyed,
            ledgered: false,
        };
        let admit =
            std::future::poll_fn(|cx| Poll::Ready(job.driven.admit(now, request, cx.waker())));
        match admit.await {
            Ok(step) => {
                let step = job.until_send(step).await;
                carry(job, step).await
            }
            Err(refusal) => job.driven.answer(Outcome::Refused(refusal)),
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

/// The caller whose keys must not meet those of others; none where the contract has only one.
fn caller<'a>(provider: &Provider, facts: &'a CallerFacts) -> Option<&'a Caller> {
    facts.caller.as_deref().filter(|_| provider.callers_listed() != 1)
}

/// From the first send on: inline, or in a task of its own where the call has to finish.
async fn carry(job: Box<Job>, step: Step) -> Answer {
    if !job.driven.must_finish() {
        return job.run(step, None).await;
    }
    let (record, at) = (job.driven.record.clone(), job.driven.at);
    let outlet = Rc::clone(&job.driven.outlet);
    let gone = Rc::new(Gone::default());
    let (tell, told) = oneshot::channel();
    let theirs = Rc::clone(&gone);
    drop(tokio::task::spawn_local(async move {
        let core = job.driven.core.clone();
        let answer = Some(job.run(step, Some(&theirs)).await);
        // A caller who left takes no answer; dropping it ends the call.
        drop(tell.send(Untaken { answer, core }));
    }));
    let leaving = Leaving(gone);
    let answer = told.await;
    drop(leaving);
    answer.ok().and_then(|mut untaken| untaken.answer.take()).unwrap_or_else(|| {
        Answer::Own(Box::new(Own { outcome: Outcome::Failed(VANISHED), outlet, record, at }))
    })
}

/// An answer on its way from the task of a call to its caller. A reply that nobody takes ends itself;
/// who would have written the other kind is gone, so telemetry hears of it here.
struct Untaken {
    answer: Option<Answer>,
    core: Core,
}

impl Drop for Untaken {
    fn drop(&mut self) {
        if let Some(Answer::Own(own)) = self.answer.take() {
            let Own { mut record, at, .. } = *own;
            record.outcome = telemetry::Outcome::Cancelled;
            self.core.telemetry().over(&record, at);
        }
    }
}

/// The task of a call ended without an answer: it panicked, which is a bug.
const VANISHED: Failure = Failure {
    fault: Fault::Reset,
    class: Class::Transient,
    effect: Effect::Unknown,
    why: Skip::Final,
    attempts: 1,
    until: None,
};

/// Tells the task of a call when its caller goes.
struct Leaving(Rc<Gone>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.leave();
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
