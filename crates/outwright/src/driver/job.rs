//! The loop of one call: does what the engine says, and says what came of it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use http::header::CONTENT_TYPE;
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Request, Response};
use outwright_core::classify::{Lens, Success};
use outwright_core::limits::PREFIX_BYTES_MAX;
use outwright_core::outcome::{AttemptNo, BodyEnd, Fault, Sent};
use outwright_core::provider::{Media, Operation, Plan, Priority};
use outwright_core::refusal::{Reason, Refusal};
use outwright_core::step::{Action, Claimed, Head, Input, Skip, Source, Step};
use outwright_core::time::Mono;
use outwright_core::timeout::Limits;
use tokio::time::{Sleep, sleep_until};

use super::answer::Answer;
use super::coalesce::Leading;
use super::crowd::Room;
use super::driven::Driven;
use super::fields::{Coded, Trailers, clean_reply};
use super::gone::Gone;
use super::keep::Keeping;
use super::kept::{Kept, Live};
use super::memory::Held;
use super::outlet::Outlet;
use super::prepare::{Prepared, Turn};
use super::reply::ReplyBody;
use crate::transport::{
    Arrived, Carrier, Failed, Gauge, Limited, Link, Origin, SendBody, Trust, WireBody,
};

/// A call on its way.
pub(super) struct Job {
    pub(super) driven: Driven,
    /// Until its reply is relayed.
    pub(super) prepared: Option<Prepared>,
    pub(super) live: Option<Live>,
    pub(super) kept: Option<Box<Kept>>,
    /// Set where replies of its provider are kept and it has to do with them.
    /// In a box: few calls have it, and all of them carry the room for it along.
    pub(super) keeping: Option<Box<Keeping>>,
    /// Room for the beginning of a reply that is looked into before it is relayed.
    peeked: Option<Box<Held>>,
    /// Set where equal reads may follow this one.
    pub(super) leading: Option<Box<Leading>>,
}

/// Why there is no connection.
enum Stop {
    Fault(Fault),
    /// Nobody wants the reply any more: this is next.
    Gone(Step),
}

impl Job {
    /// Of a call that has arrived.
    pub(super) const fn new(driven: Driven) -> Self {
        Self {
            driven,
            prepared: None,
            live: None,
            kept: None,
            keeping: None,
            peeked: None,
            leading: None,
        }
    }

    /// Finds a place among the calls of the process, and takes room for the beginning of a reply where a success has
    /// to be looked into, before anything is sent.
    ///
    /// Without that room a success could not be told from a failure once it is there.
    pub(super) fn finds_room(&mut self, priority: Priority) -> Result<(), Refusal> {
        let shared = &self.driven.core.0.shared;
        if shared.crowd().room(priority) == Room::Full {
            return Err(Refusal::now(Reason::CallsFull));
        }
        if !self.examines() {
            return Ok(());
        }
        let mut held = shared.memory().holder();
        held.grow(PREFIX_BYTES_MAX).ok_or(Refusal::now(Reason::MemoryFull))?;
        self.peeked = Some(Box::new(held));
        Ok(())
    }

    fn examines(&self) -> bool {
        let lens = Lens::of(&self.driven.outlet.provider, self.operation());
        lens.success == Success::Examined
    }

    /// The beginning of a reply was passed on, or is not wanted.
    pub(super) fn peeked_enough(&mut self) {
        self.peeked = None;
    }

    /// Goes on to the first send, or to the end of a call that never gets there.
    pub(super) async fn until_send(&mut self, mut step: Step) -> Step {
        while let Step::Wait(until) = step {
            step = self.wait(until, None).await;
        }
        step
    }

    /// Carries the call to its answer.
    pub(super) async fn run(mut self: Box<Self>, mut step: Step, gone: Option<&Gone>) -> Answer {
        loop {
            step = match step {
                Step::Wait(until) => self.wait(until, gone).await,
                Step::Act(Action::Send { attempt, limits, .. }) => {
                    // One attempt is out at a time: while it is, there is nothing else to be told.
                    self.send(attempt, limits, gone).await
                }
                Step::Act(Action::Peek { attempt, bytes_max }) => {
                    self.peek(attempt, bytes_max).await
                }
                Step::Act(Action::Discard(_)) => {
                    if !self.examines() {
                        self.peeked_enough();
                    }
                    let held = self.driven.core.0.shared.memory().holder();
                    self.kept = self.live.take().and_then(|live| live.keep(held));
                    self.tick(Input::Tick).await
                }
                Step::Act(Action::Abort(_)) => {
                    self.live = None;
                    self.tick(Input::Tick).await
                }
                Step::Act(Action::Refresh(_)) => {
                    self.driven.core.refresh(self.driven.record.provider, self.slot());
                    self.tick(Input::Tick).await
                }
                // No call says that it is kept in a ledger; if one were, it would not be sent without.
                Step::Act(Action::Claim) => self.tick(Input::Claimed(Claimed::Down)).await,
                Step::Act(Action::Recall) => {
                    let found = self.recall();
                    self.tick(Input::Recalled(found.as_ref())).await
                }
                Step::Act(Action::Settle(_)) => self.tick(Input::Settled).await,
                Step::Act(Action::Release) => self.tick(Input::Tick).await,
                Step::Relay(Source::Attempt(attempt)) => return self.relay(attempt),
                Step::Relay(Source::Flight(_)) => {
                    // Who follows another is not run before it is sent by itself.
                    self.driven.core.telemetry().bug();
                    return self.lost(Skip::Final);
                }
                Step::Done(reply) => return self.done(reply).await,
            };
        }
    }

    async fn send(&mut self, attempt: AttemptNo, limits: Limits, gone: Option<&Gone>) -> Step {
        let outlet = Rc::clone(&self.driven.outlet);
        let origin = &outlet.origin;
        let operation = outlet.provider.operation(self.driven.record.operation);
        // What may be sent once only is worth a look at every connection.
        let trust = if operation.plan == Plan::Once { Trust::None } else { Trust::Recent };
        let (carrier, now) = match origin.at_hand(trust, self.driven.at) {
            Some(carrier) => (carrier, self.driven.at),
            None => match self.reach(origin, (trust, &limits), gone).await {
                Ok(carrier) => (carrier, self.driven.core.mono()),
                Err(Stop::Fault(fault)) => return self.unsent(attempt, fault).await,
                Err(Stop::Gone(step)) => return step,
            },
        };
        if let Some(leading) = &self.leading {
            leading.lead.sent();
        }
        // To connect takes time, in which the provider may have asked all others to wait.
        if carrier.is_new() && !self.driven.may_leave() {
            origin.spare(carrier, now);
            return self.unsent(attempt, Fault::StaleConnection).await;
        }
        let limited = Limited { limits, now, bytes_max: operation.bodies.response_max };
        let connection = match carrier {
            Carrier::Own(connection) => connection,
            Carrier::Shared(link) => {
                // In a box: it is large, and the calls of an HTTP/1.1 provider would carry the room for it.
                return Box::pin(self.send_on(link, (&outlet, limited), attempt, gone)).await;
            }
        };
        let (exchange, given) = match self.request(&outlet, attempt) {
            Ok(request) => origin.begin(connection, request, limited),
            Err(fault) => {
                origin.spare(Carrier::Own(connection), now);
                return self.unsent(attempt, fault).await;
            }
        };
        let mut given = pin!(given);
        let mut exchange = Some(exchange);
        // What arrived is judged before the call waits for anything else, so that there is no room for both.
        poll_fn(|cx| {
            if let Some(step) = self.hear_gone(gone, cx) {
                // Nobody wants it any more: the exchange is dropped, and its connection with it.
                return Poll::Ready(step);
            }
            let Some(out) = &mut exchange else { return Poll::Pending };
            let given = ready!(out.poll(given.as_mut(), cx));
            let arrived = exchange.take().map(|exchange| origin.arrived(exchange, given));
            arrived.map_or(Poll::Pending, |arrived| {
                Poll::Ready(self.arrived(attempt, arrived, cx.waker()))
            })
        })
        .await
    }

    /// The same on a stream of a shared connection.
    async fn send_on(
        &mut self,
        link: Rc<Link>,
        (outlet, limited): (&Outlet, Limited),
        attempt: AttemptNo,
        gone: Option<&Gone>,
    ) -> Step {
        let request = match self.request(outlet, attempt) {
            Ok(request) => request,
            Err(fault) => return self.unsent(attempt, fault).await,
        };
        let mut flight = pin!(outlet.origin.exchange_shared(link, request, limited));
        poll_fn(|cx| {
            if let Some(step) = self.hear_gone(gone, cx) {
                return Poll::Ready(step);
            }
            let arrived = ready!(flight.as_mut().poll(cx));
            Poll::Ready(self.arrived(attempt, arrived, cx.waker()))
        })
        .await
    }

    /// A connection that has to be looked at or made; the caller's going is heard meanwhile.
    async fn reach(
        &mut self,
        origin: &Origin,
        (trust, limits): (Trust, &Limits),
        gone: Option<&Gone>,
    ) -> Result<Carrier, Stop> {
        // In a box: what a handshake needs is large, and most calls find a connection made.
        let mut reaching = Box::pin(origin.reach(trust, limits));
        poll_fn(|cx| match self.hear_gone(gone, cx) {
            Some(step) => Poll::Ready(Err(Stop::Gone(step))),
            None => reaching.as_mut().poll(cx).map_err(Stop::Fault),
        })
        .await
    }

    async fn unsent(&mut self, attempt: AttemptNo, fault: Fault) -> Step {
        self.tick(Input::Failed { attempt, sent: Sent::Nothing, fault }).await
    }

    /// The request of an attempt, with the credential that holds now.
    fn request(&mut self, outlet: &Outlet, attempt: AttemptNo) -> Result<Request<SendBody>, Fault> {
        let slot = self.slot();
        let core = &self.driven.core;
        let (call, dice) = (self.driven.record.call, core.0.shared.dice());
        let turn = Turn {
            call,
            attempt,
            dice,
            authority: &outlet.provider.base.authority,
            via: core.0.shared.via(),
            spares: &core.0.spares,
        };
        let prepared = self.prepared.as_mut().ok_or(Fault::StaleConnection)?;
        let request = match slot {
            None => prepared.request(None, turn),
            Some(slot) => {
                let mut hand = core.0.hand.borrow_mut();
                let host = &outlet.provider.base.host;
                let credential = hand.credential(outlet.index, slot);
                let credential = credential.filter(|credential| credential.allows(host));
                // It was there at the grant; without it nothing leaves, and the gates are asked again.
                let credential = credential.ok_or(Fault::StaleConnection)?;
                if let Some(keeping) = &mut self.keeping {
                    keeping.credential_is(credential.version());
                }
                prepared.request(Some(credential), turn)
            }
        };
        // An earlier attempt used it up, although nothing of it was sent: its connection was no good.
        request.ok_or(Fault::StaleConnection)
    }

    fn arrived(
        &mut self,
        attempt: AttemptNo,
        arrived: Result<Arrived, Failed>,
        waker: &Waker,
    ) -> Step {
        match arrived {
            Ok(Arrived { head, body, sent }) => {
                if let Some(attempt) = self.driven.record.attempts.find(attempt) {
                    attempt.status = Some(head.status.as_u16());
                }
                if self.operation().bodies.media == Media::Json && is_another(&head, &body) {
                    self.changed(&head);
                    let fault = Fault::MediaType;
                    return self.driven.step(Input::Failed { attempt, sent, fault }, waker);
                }
                let heard = Head { status: head.status, headers: &head.headers };
                let next = self.driven.step(Input::Head { attempt, head: heard, sent }, waker);
                self.live = Some(Live::new(attempt, head, body));
                next
            }
            Err(Failed { sent, fault, unused }) => {
                if let (Some(unused), Some(prepared)) = (unused, &mut self.prepared) {
                    prepared.take_back(*unused);
                }
                self.driven.step(Input::Failed { attempt, sent, fault }, waker)
            }
        }
    }

    async fn peek(&mut self, attempt: AttemptNo, bytes_max: usize) -> Step {
        let peeked = match self.live.as_mut() {
            Some(live) => {
                // An error without room for its body is judged by its status.
                let holder = || Box::new(self.driven.core.0.shared.memory().holder());
                live.peek(bytes_max, self.peeked.get_or_insert_with(holder)).await
            }
            None => Err(Fault::BodyTruncated),
        };
        let head = self.live.as_ref().and_then(|live| live.head.as_ref());
        match (peeked, head) {
            (Ok(bytes), Some(head)) => {
                let head = Head { status: head.status, headers: &head.headers };
                step(&mut self.driven, Input::Prefix { attempt, head, bytes: &bytes }).await
            }
            (peeked, head) => {
                if let Some(head) = head {
                    self.changed(head);
                }
                self.live = None;
                let end = BodyEnd::Broken(peeked.err().unwrap_or(Fault::BodyTruncated));
                self.tick(Input::BodyEnd { attempt, end }).await
            }
        }
    }

    async fn tick(&mut self, input: Input<'_>) -> Step {
        step(&mut self.driven, input).await
    }

    /// Waits for the time, or for a ticket to be called; reads a kept reply meanwhile.
    async fn wait(&mut self, until: Mono, gone: Option<&Gone>) -> Step {
        let at = self.driven.core.instant(until);
        let mut timer = pin!(sleep_until(at));
        let mut first = true;
        poll_fn(|cx| {
            if let Some(kept) = self.kept.as_mut() {
                kept.read_on(cx);
            }
            if let Some(step) = self.hear_gone(gone, cx) {
                return Poll::Ready(step);
            }
            let fired = fired(timer.as_mut(), cx);
            // The waker was stored by the step that said to wait; any later poll may be a call of the ticket.
            let called = !std::mem::take(&mut first) && self.driven.is_queued();
            if !fired && !called {
                return Poll::Pending;
            }
            match self.driven.step(Input::Tick, cx.waker()) {
                Step::Wait(until) => {
                    timer.as_mut().reset(self.driven.core.instant(until));
                    if fired && timer.as_mut().poll(cx).is_ready() {
                        // Due already: come back at once, after the others.
                        cx.waker().wake_by_ref();
                    }
                    let _armed = timer.as_mut().poll(cx);
                    Poll::Pending
                }
                step @ (Step::Act(_) | Step::Relay(_) | Step::Done(_)) => Poll::Ready(step),
            }
        })
        .await
    }

    /// Tells the engine, once, that the caller left; says what is to be done at once, if anything.
    fn hear_gone(&mut self, gone: Option<&Gone>, cx: &Context<'_>) -> Option<Step> {
        if !gone.is_some_and(|gone| gone.is_news(cx)) {
            return None;
        }
        match self.driven.step(Input::CallerGone, cx.waker()) {
            Step::Wait(_) => None,
            step @ (Step::Act(_) | Step::Relay(_) | Step::Done(_)) => Some(step),
        }
    }

    fn relay(mut self: Box<Self>, attempt: AttemptNo) -> Answer {
        let live = self.live.as_mut().filter(|live| live.attempt == attempt);
        let Some(mut head) = live.and_then(|live| live.head.take()) else {
            self.driven.core.telemetry().bug();
            return self.lost(Skip::Final);
        };
        let asked = self.prepared.as_ref().map(|prepared| prepared.trailers);
        let trailers = asked.unwrap_or(Trailers::Unasked);
        if let Some(prepared) = self.prepared.take() {
            prepared.done(&self.driven.core.0.spares);
        }
        if clean_reply(&mut head.headers, trailers) == Coded::Perhaps
            && let Err(fault) = self.bound(&head.headers)
        {
            self.changed(&head);
            return Answer::Own(self.unreadable(attempt, fault));
        }
        self.driven.record.status = head.status.as_u16();
        if self.keeping.is_some() {
            self.keep(attempt, &head);
        }
        if self.leading.is_some() {
            return self.share(attempt, head);
        }
        let body = ReplyBody::wire(self, attempt);
        Answer::Reply(Response::from_parts(head, body))
    }

    /// A reply came that nobody is given: what a mutation changed is old all the same.
    fn changed(&self, head: &Parts) {
        if let Some(keeping) = &self.keeping {
            let outlet = &self.driven.outlet;
            keeping.changed(&outlet.provider, head, &outlet.seat);
        }
    }

    /// Has a coded body looked at while it passes, with what was read of it already.
    fn bound(&mut self, headers: &HeaderMap) -> Result<(), Fault> {
        let Some(most) = self.decoded_max() else { return Ok(()) };
        let Some(live) = self.live.as_mut().filter(|live| !live.is_empty()) else { return Ok(()) };
        let Some(mut gauge) = Gauge::of(headers, most)? else { return Ok(()) };
        live.read.iter().flat_map(|read| &read.parts).try_for_each(|part| gauge.pass(part))?;
        live.rest.look_with(gauge);
        Ok(())
    }

    pub(super) fn slot(&self) -> Option<u8> {
        self.operation().slot
    }

    pub(super) fn decoded_max(&self) -> Option<u64> {
        self.operation().bodies.decoded_max
    }

    pub(super) fn operation(&self) -> &Operation {
        let record = &self.driven.record;
        self.driven.outlet.provider.operation(record.operation)
    }
}

/// Whether a success has a body that is no JSON.
fn is_another(head: &Parts, body: &WireBody) -> bool {
    if !head.status.is_success() || body.is_over() {
        return false;
    }
    let media = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let essence = media.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let essence = essence.to_ascii_lowercase();
    essence != b"application/json" && !essence.ends_with(b"+json")
}

/// One step, with the waker of this task at hand.
async fn step(driven: &mut Driven, input: Input<'_>) -> Step {
    let mut input = Some(input);
    poll_fn(|cx| {
        let input = input.take().unwrap_or(Input::Tick);
        Poll::Ready(driven.step(input, cx.waker()))
    })
    .await
}

pub(super) fn fired(timer: Pin<&mut Sleep>, cx: &mut Context<'_>) -> bool {
    timer.poll(cx).is_ready()
}
