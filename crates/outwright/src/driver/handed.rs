//! A call from the moment it was handed in to its answer.
//!
//! What waits for an answer is a box and where it stands: a call that waits keeps no room for what it was made from.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::uri::PathAndQuery;
use http_body::Body;
use outwright_core::admission;
use outwright_core::outcome::{Class, Effect, Fault};
use outwright_core::provider::{Coalesce, Keys, OpIndex, Plan, Provider};
use outwright_core::refusal::Refusal;
use outwright_core::step::{self, Failure, Skip, Step};
use outwright_core::time::Mono;
use tokio::sync::oneshot;

use super::Core;
use super::answer::{Answer, Outcome, Own};
use super::caller::Caller;
use super::coalesce;
use super::gone::Gone;
use super::job::Job;
use super::key::Whose;
use super::outlet::{Keeps, Outlet};
use super::prepare::{Of, Prepared};
use crate::telemetry;
use crate::transport::Cause;

/// A shorter wait for the body is not taken off the total (chosen: the grain of the timers).
const WORTH_COUNTING: Duration = Duration::from_millis(1);

/// A call that was handed in. To drop it, or the future of its answer, is the caller's going away.
pub struct Handed(State);

enum State {
    /// Its request is whole.
    Ready(Box<Job>),
    /// Its body is read first, as far as it is to be kept.
    Reading(Pin<Box<dyn Future<Output = Read>>>),
    /// It cannot be sent; in a box, since few are.
    Over(Box<Answer>),
}

/// A call with its request, or its answer where that cannot be sent.
type Read = Result<Box<Job>, Box<Answer>>;

impl fmt::Debug for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handed").finish_non_exhaustive()
    }
}

impl Handed {
    /// A call whose request has no body.
    pub(super) fn without_body<B>(
        core: &Core,
        mut job: Box<Job>,
        (outlet, caller): (&Outlet, Option<&Caller>),
        request: Request<B>,
        path: PathAndQuery,
    ) -> Self {
        let of = of(core, &job, (outlet, caller));
        Self(match Prepared::without_body(&of, request.into_parts().0, path) {
            Ok(prepared) => {
                take_over(&mut job, prepared, (outlet, of.whose));
                State::Ready(job)
            }
            Err(misuse) => {
                let answer = job.driven.unprepared(core.mono(), Outcome::Misuse(misuse));
                State::Over(Box::new(answer))
            }
        })
    }

    /// A call whose request has a body.
    pub(super) fn with_body<B>(job: Box<Job>, request: Request<B>, path: PathAndQuery) -> Self
    where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Cause>,
    {
        let record = &job.driven.record;
        let (provider, operation) = (&*job.driven.outlet.provider, record.operation);
        let caller = record.caller.as_ref().and_then(|caller| provider.caller(caller.name()));
        if let Err(refusal) = admission::look_at_caller(provider, operation, caller) {
            // Before its body takes room that others need.
            let now = job.driven.core.mono();
            return Self::refused(job, now, refusal);
        }
        Self(State::Reading(Box::pin(read(job, request, path))))
    }

    /// A call that is not let in, whatever its request is.
    pub(super) fn refused(mut job: Box<Job>, now: Mono, refusal: Refusal) -> Self {
        let answer = job.driven.unprepared(now, Outcome::Refused(refusal));
        Self(State::Over(Box::new(answer)))
    }

    /// Carries the call to its answer.
    pub async fn answer(self) -> Answer {
        let mut job = match self.0 {
            State::Ready(job) => job,
            State::Over(answer) => return *answer,
            State::Reading(reading) => match reading.await {
                Ok(job) => job,
                Err(answer) => return *answer,
            },
        };
        if job.operation().coalesce == Coalesce::Allowed {
            job = match coalesce::take_aboard(job) {
                Ok(carried) => return carried.await,
                Err(alone) => alone,
            };
        }
        match poll_fn(|cx| Poll::Ready(admit(&mut job, cx.waker()))).await {
            Ok(step) => {
                let step = job.until_send(step).await;
                carry(job, step).await
            }
            Err(refusal) => job.driven.answer(Outcome::Refused(refusal)),
        }
    }
}

/// Reads the body of a request that is to be kept, within the time of its call.
async fn read<B>(mut job: Box<Job>, request: Request<B>, path: PathAndQuery) -> Read
where
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Cause>,
{
    let (core, outlet) = (job.driven.core.clone(), Rc::clone(&job.driven.outlet));
    let caller = job.driven.record.caller.clone();
    let of = of(&core, &job, (&outlet, caller.as_deref()));
    let limit = core.instant(job.driven.record.arrived.mono.plus(given(&job)));
    let prepared = Prepared::with_body(&of, request, path, limit).await;
    let now = core.mono();
    match prepared {
        Ok(prepared) => {
            take_over(&mut job, prepared, (&outlet, of.whose));
            job.driven.at = now;
            Ok(job)
        }
        Err(outcome) => Err(Box::new(job.driven.unprepared(now, outcome))),
    }
}

/// Of which call a request is.
fn of<'a>(core: &'a Core, job: &Job, (outlet, caller): (&'a Outlet, Option<&'a Caller>)) -> Of<'a> {
    let shared = &core.0.shared;
    Of {
        whose: whose(job.driven.record.operation, (outlet, caller)),
        via: shared.via(),
        call: job.driven.record.call,
        dice: shared.dice(),
        memory: shared.memory(),
    }
}

/// Whose a call is.
pub(super) fn whose<'a>(
    operation: OpIndex,
    (outlet, caller): (&'a Outlet, Option<&'a Caller>),
) -> Whose<'a> {
    let provider = &*outlet.provider;
    let (operation, caller) = (provider.operation(operation), whose_keys(provider, caller));
    Whose { provider, operation, caller }
}

/// The caller whose keys must not meet those of others; none where the provider sees them as they are.
fn whose_keys<'a>(provider: &Provider, caller: Option<&'a Caller>) -> Option<&'a Caller> {
    caller.filter(|caller| provider.keys_of(caller.name()) == Keys::Derived)
}

/// Gives a call its request, as the provider gets it.
fn take_over(job: &mut Job, prepared: Prepared, (outlet, whose): (&Outlet, Whose<'_>)) {
    let rules = whose.operation;
    if outlet.keeps == Keeps::Yes && (rules.cache.is_some() || rules.plan != Plan::Safe) {
        job.keeping = prepared.keeping(whose).map(|kept| kept.begun(&outlet.seat));
    }
    job.driven.record.request_bytes = prepared.bytes.unwrap_or(0);
    job.prepared = Some(prepared);
}

/// How long a call may take from its arrival on.
fn given(job: &Job) -> Duration {
    let total = job.operation().timeouts.total();
    job.driven.record.timeout.map_or(total, |asked| asked.min(total))
}

/// Asks for it to be let in, and says what to do first.
pub(super) fn admit(job: &mut Job, waker: &Waker) -> Result<Step, Refusal> {
    let (now, request) = (job.driven.at, asked(job));
    job.driven.admit(now, request, waker)
}

/// What is asked of the engine for a call that has its request.
pub(super) fn asked(job: &Job) -> step::Request {
    let now = job.driven.at;
    let record = &job.driven.record;
    // What it waited for its body is gone from what it has.
    let spent = now.since(record.arrived.mono);
    let timeout = if spent < WORTH_COUNTING {
        record.timeout
    } else {
        Some(given(job).saturating_sub(spent))
    };
    let provider = &*job.driven.outlet.provider;
    let prepared = job.prepared.as_ref().expect("a call is handed in with its request");
    step::Request {
        id: record.call,
        operation: record.operation,
        caller: record.caller.as_ref().and_then(|caller| provider.caller(caller.name())),
        timeout,
        priority: record.priority,
        body: prepared.body(),
        keyed: prepared.keyed,
        ledgered: false,
    }
}

/// From the first send on: inline, or in a task of its own where the call has to finish.
pub(super) async fn carry(job: Box<Job>, step: Step) -> Answer {
    if job.driven.must_finish() { carry_apart(job, step).await } else { job.run(step, None).await }
}

async fn carry_apart(job: Box<Job>, step: Step) -> Answer {
    let gone = Rc::new(Gone::default());
    let leaving = Leaving(Rc::clone(&gone));
    in_own_task(job, leaving, async move |job| job.run(step, Some(&gone)).await).await
}

/// Has a call carried in a task of its own, whatever becomes of its caller, whose leaving `leaving` tells.
pub(super) async fn in_own_task<L>(
    job: Box<Job>,
    leaving: L,
    carried: impl AsyncFnOnce(Box<Job>) -> Answer + 'static,
) -> Answer {
    let (record, at) = (job.driven.record.clone(), job.driven.at);
    let outlet = Rc::clone(&job.driven.outlet);
    let (tell, told) = oneshot::channel();
    drop(tokio::task::spawn_local(async move {
        let core = job.driven.core.clone();
        let answer = Some(carried(job).await);
        // A caller who left takes no answer; dropping it ends the call.
        drop(tell.send(Untaken { answer, core }));
    }));
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
