//! A call as its driver holds it: stepped under the lock of its provider, ended exactly once.

use std::mem;
use std::rc::Rc;
use std::task::Waker;

use outwright_core::call::{Call, Cx};
use outwright_core::event::{Event, What};
use outwright_core::outcome::{AttemptNo, BodyEnd, Class, Effect, Fault, Sent};
use outwright_core::provider::Plan;
use outwright_core::refusal::Refusal;
use outwright_core::step::{CallId, Input, Reply, Request, Source, Step};
use outwright_core::time::Mono;

use super::Core;
use super::answer::{self, Answer, Own};
use super::outlet::Outlet;
use super::roster::Guarded;
use crate::telemetry::{Attempt, Instead, Outcome, Record};

/// A call and its record. Dropped before its end, it tells the engine that the caller is gone.
#[derive(Debug)]
pub(super) struct Driven {
    pub(super) core: Core,
    pub(super) outlet: Rc<Outlet>,
    pub(super) record: Record,
    call: Option<Call>,
    /// When it was last stepped.
    pub(super) at: Mono,
    /// What was done at the provider, as far as it was known then.
    pub(super) effect: Effect,
    told: Told,
    counts: Counts,
}

/// Whether it is one of the calls that the process has under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    No,
    Yes,
}

/// Whether telemetry knows that the call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    No,
    Yes,
}

impl Driven {
    /// A call that has arrived.
    pub(super) fn new(core: Core, outlet: Rc<Outlet>, record: Record) -> Self {
        core.0.shared.crowd().enter();
        core.telemetry().begin(record.provider);
        let at = record.arrived.mono;
        let (effect, told, counts) = (Effect::None, Told::No, Counts::Yes);
        Self { core, outlet, record, call: None, at, effect, told, counts }
    }

    /// Lets it in, and says what to do first.
    pub(super) fn admit(
        &mut self,
        now: Mono,
        request: Request,
        waker: &Waker,
    ) -> Result<Step, Refusal> {
        self.in_gates(now, waker, |call, cx| match Call::admit(cx, request) {
            Ok(admitted) => Ok(call.insert(admitted).poll(cx)),
            Err(refusal) => Err(refusal),
        })
    }

    /// Lets it in to wait for the reply of another call.
    pub(super) fn admit_to_follow(
        &mut self,
        now: Mono,
        (request, leader): (Request, CallId),
        waker: &Waker,
    ) -> Result<Step, Refusal> {
        self.in_gates(now, waker, |call, cx| match Call::admit(cx, request) {
            Ok(mut admitted) => {
                admitted.handle(cx, Input::Follows(leader));
                Ok(call.insert(admitted).poll(cx))
            }
            Err(refusal) => Err(refusal),
        })
    }

    /// The engine's call, for whoever goes on with it; what is told of it stays here.
    pub(super) fn split(&mut self) -> Self {
        Self {
            core: self.core.clone(),
            outlet: Rc::clone(&self.outlet),
            record: self.record.clone(),
            call: self.call.take(),
            at: self.at,
            effect: self.effect,
            told: Told::Yes,
            counts: Counts::No,
        }
    }

    /// The engine's call comes back.
    pub(super) fn join(&mut self, mut other: Self) {
        self.call = other.call.take();
    }

    /// When its time is over.
    pub(super) fn ends(&self) -> Mono {
        self.call.as_ref().map_or(Mono::MAX, |call| call.deadline().ends())
    }

    /// Hands an answer in, and says what to do next.
    pub(super) fn step(&mut self, input: Input<'_>, waker: &Waker) -> Step {
        self.step_at(self.core.mono(), input, waker)
    }

    /// The same for who knows what time it is.
    pub(super) fn step_at(&mut self, now: Mono, input: Input<'_>, waker: &Waker) -> Step {
        let step = self.in_gates(now, waker, |call, cx| match call {
            Some(call) => {
                call.handle(cx, input);
                call.poll(cx)
            }
            None => Step::Done(Reply::Gone),
        });
        if let Step::Relay(_) | Step::Done(_) = step {
            self.note_effect();
        }
        if let Step::Done(_) = step {
            self.call = None;
        }
        step
    }

    /// Whether the attempt that was begun may still leave; nothing of it has.
    pub(super) fn may_leave(&mut self) -> bool {
        self.in_gates(self.core.mono(), Waker::noop(), |call, cx| {
            call.as_ref().is_some_and(|call| call.may_leave(cx))
        })
    }

    /// Keeps in the record that a mutation is left unknown.
    fn note_effect(&mut self) {
        if let Some(call) = &self.call {
            self.effect = call.effect();
        }
        let plan = self.outlet.provider.operation(self.record.operation).plan;
        if plan != Plan::Safe {
            self.mutated();
        }
    }

    /// A mutation is settled, as far as it will be: it may be left unknown, and what was asked for before it is no
    /// answer to who asks after it.
    fn mutated(&mut self) {
        if self.effect == Effect::Unknown {
            self.record.effect = Some(self.effect);
        }
        self.outlet.seat.flights().close();
    }

    /// Whether the call has to go on although its caller is gone.
    pub(super) fn must_finish(&self) -> bool {
        self.call.as_ref().is_some_and(Call::must_finish)
    }

    /// Whether it stands in the queue, where others may wake it.
    pub(super) fn is_queued(&self) -> bool {
        self.call.as_ref().is_some_and(|call| call.ticket().is_some())
    }

    /// The answer of a call that was not let in, because its request cannot be sent or held.
    pub(super) fn unprepared(&mut self, now: Mono, outcome: answer::Outcome) -> Answer {
        self.at = now;
        if let answer::Outcome::Refused(refusal) = &outcome {
            let Record { call, provider, operation, .. } = self.record;
            self.record.refused = Some(refusal.reason);
            let refused = Event { call, what: What::Refused(refusal.reason) };
            self.core.telemetry().events(provider, operation, &[refused]);
        }
        self.answer(outcome)
    }

    /// The answer of a call that is over, for whoever writes it and tells telemetry of it.
    pub(super) fn answer(&mut self, outcome: answer::Outcome) -> Answer {
        Answer::Own(self.own(outcome))
    }

    /// The same, of which it is known that it is no reply.
    pub(super) fn own(&mut self, outcome: answer::Outcome) -> Box<Own> {
        self.told = Told::Yes;
        let (outlet, record) = (Rc::clone(&self.outlet), self.record.clone());
        Box::new(Own { outcome, outlet, record, at: self.at })
    }

    /// The call is over: telemetry hears of it, once.
    pub(super) fn over_at(&mut self, now: Mono, outcome: Outcome) {
        if mem::replace(&mut self.told, Told::Yes) == Told::No {
            self.record.outcome = outcome;
            self.core.telemetry().over(&self.record, now);
        }
    }

    /// One lock for one input; whoever is to be woken is woken after it, telemetry hears of it after that.
    fn in_gates<T>(
        &mut self,
        mono: Mono,
        waker: &Waker,
        act: impl FnOnce(&mut Option<Call>, &mut Cx<'_>) -> T,
    ) -> T {
        let Self { core, outlet, record, call, at, .. } = self;
        let shared = &core.0;
        let mut events = shared.events.borrow_mut();
        *at = mono;
        // One look at the wall clock per call: a step of that clock within a call would make its times absurd.
        let now = record.arrived.at(mono);
        let mut guarded = outlet.seat.lock();
        let Guarded { gates, standing, .. } = &mut *guarded;
        let (provider, dice) = (&*outlet.provider, shared.shared.dice());
        let mut cx = Cx { now, provider, standing, gates, dice, events: &mut events };
        let said = act(call, &mut cx);
        if let Some(ticket) = call.as_ref().and_then(Call::ticket) {
            guarded.wait(ticket.index(), waker);
        }
        let woken = guarded.take_woken(&shared.woken);
        drop(guarded);
        if let Some(mut woken) = woken {
            woken.drain(..).for_each(Waker::wake);
            shared.woken.replace(woken);
        }
        for event in &*events {
            note(record, event, now.mono);
        }
        shared.telemetry.events(record.provider, record.operation, &events);
        events.clear();
        said
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        if self.counts == Counts::Yes {
            self.core.0.shared.crowd().leave();
        }
        if self.call.is_none() && self.told == Told::Yes {
            return;
        }
        let mut input = Input::CallerGone;
        let mut waited = false;
        // Nobody waits for what it still says; what it holds it gives back within a few steps.
        for _ in 0..STEPS_TO_LEAVE_MAX {
            let Some(attempt) = self.call.as_ref().map(Call::attempt) else { break };
            let step = self.step(input, Waker::noop());
            input = match step {
                Step::Done(_) => break,
                // Its reply was being relayed.
                Step::Wait(_) if waited => Input::BodyEnd { attempt, end: BodyEnd::CallerGone },
                // A call that has to finish is dropped only with its whole core: its connection goes with it.
                Step::Wait(_) => Input::Failed { attempt, sent: Sent::Part, fault: Fault::Reset },
                Step::Relay(Source::Attempt(_) | Source::Flight(_)) => {
                    Input::BodyEnd { attempt, end: BodyEnd::CallerGone }
                }
                Step::Act(_) => Input::Settled,
            };
            waited |= matches!(step, Step::Wait(_));
        }
        self.over_at(self.core.mono(), Outcome::Cancelled);
    }
}

/// Steps that a call may take after its caller is gone: abort, settle, done, and some to spare.
const STEPS_TO_LEAVE_MAX: u8 = 8;

/// Keeps in the record what the engine said.
fn note(record: &mut Record, event: &Event, now: Mono) {
    match event.what {
        What::Granted { waited } => record.queued = record.queued.saturating_add(waited),
        What::Sent(number) => record.attempts.push(Attempt::new(number, now)),
        What::Judged { attempt, class, fault } => judged(record, attempt, (class, fault), now),
        What::Retrying { wait, .. } => record.backoff = record.backoff.saturating_add(wait),
        What::RetrySkipped(why) => record.skipped = Some(why),
        What::Refused(reason) => record.refused = Some(reason),
        What::Would(would) => record.would = record.would.or(Some(would)),
        What::Recalled(shown) => record.instead = Some(Box::new(Instead::Nothing(shown))),
        What::Queued
        | What::Coalesced(_)
        | What::Hint(_)
        | What::Breaker { .. }
        // The driver says more of it, once it has the answer.
        | What::Degraded(_)
        | What::Done => {}
    }
}

fn judged(
    record: &mut Record,
    number: AttemptNo,
    (class, fault): (Class, Option<Fault>),
    now: Mono,
) {
    if let Some(attempt) = record.attempts.find(number) {
        attempt.class = Some(class);
        attempt.fault = fault.or(attempt.fault);
        if fault.is_some() || class != Class::Success {
            attempt.ended = Some(now);
        }
    }
}
