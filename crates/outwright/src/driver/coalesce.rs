//! Equal reads that are under way at once: one is sent, the others wait for its reply.
//!
//! A read that leads runs in a task of its own, so that it goes on for its followers when its own caller leaves;
//! one that follows waits in its caller's future, within its own deadline, and takes nothing from the gates.
//! Whatever cannot be shared, each call asks for by itself, through its own grant.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use http::response::Parts;
use http::{HeaderName, Response, header};
use outwright_core::cache::{self, Share, Times, Wish};
use outwright_core::outcome::{AttemptNo, Class};
use outwright_core::provider::{Coalesce, Mode, Plan};
use outwright_core::refusal::Refusal;
use outwright_core::step::{CallId, Input, Request, Source, Step};
use outwright_core::time::Mono;
use sha2::{Digest, Sha256};
use tokio::time::{Sleep, sleep_until};

use super::answer::{Answer, Outcome};
use super::flights::{Aboard, Boarded, Key, Lead, May, SHARED_BYTES_MAX};
use super::gone::Gone;
use super::handed::{asked, carry, in_own_task, whose};
use super::job::{Job, fired};
use super::keep::{changes_nothing, digest, vary};
use super::key::Whose;
use super::pump::{Back, Pump};
use super::reader::Reader;
use super::reply::ReplyBody;
use crate::telemetry::Instead;

/// A request of which nobody can be given another's reply.
const CONDITIONS: [HeaderName; 6] = [
    header::RANGE,
    header::IF_RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
];

/// How a call takes part.
enum Place {
    /// It is sent, and equal ones may follow.
    Leads(Box<Leading>, Aboard),
    /// It waits for the reply of this call.
    Follows(CallId, Aboard),
}

/// What a call has that others may follow.
pub(super) struct Leading {
    pub(super) lead: Lead,
    /// What its caller asks of caches; that of its followers is the same.
    wish: Wish,
}

/// A call that is carried to its answer.
type Carried = Pin<Box<dyn Future<Output = Answer>>>;

/// Takes a read aboard and carries it to its answer, where its contract and its request allow that.
///
/// # Errors
///
/// They do not: the call goes on by itself.
#[cold]
pub(super) fn take_aboard(job: Box<Job>) -> Result<Carried, Box<Job>> {
    let (now, request) = (job.driven.at, asked(&job));
    let record = &job.driven.record;
    let whose = whose(record.operation, (&job.driven.outlet, record.caller.as_deref()));
    match board(&job, whose, &request) {
        // In a box: all calls would carry the room for it.
        Some(place) => Ok(Box::pin(carry_aboard(job, (now, request), place))),
        None => Err(job),
    }
}

fn board(job: &Job, whose: Whose<'_>, request: &Request) -> Option<Place> {
    let operation = whose.operation;
    let allowed = operation.coalesce == Coalesce::Allowed && operation.plan == Plan::Safe;
    // A contract that only reports lets every call pass as if outwright were not there.
    if !allowed || whose.provider.mode == Mode::Report {
        return None;
    }
    let (key, wish) = key(job, whose)?;
    // A caller with less time than an attempt has would cut it short for all others.
    let attempt = operation.timeouts.attempt();
    let cuts = request.timeout.is_some_and(|left| left < attempt);
    let may = if cuts { May::OnlyFollow } else { May::Lead };
    let seat = &job.driven.outlet.seat;
    let boarded = seat.flights().board(key, (request.id, request.priority), seat, may);
    match boarded {
        Boarded::Leads(lead, aboard) => {
            Some(Place::Leads(Box::new(Leading { lead, wish }), aboard))
        }
        Boarded::Follows(leader, aboard) => Some(Place::Follows(leader, aboard)),
        Boarded::Apart => None,
    }
}

/// Under what a read is found by equal ones: whose it is, what it asks for, and everything else that its caller said.
fn key(job: &Job, whose: Whose<'_>) -> Option<(Key, Wish)> {
    let (method, headers, target) = job.prepared.as_ref()?.said(whose)?;
    let wish = Wish::of(headers);
    let own = CONDITIONS.iter().any(|name| headers.contains_key(name));
    if own || wish.no_store || wish.no_cache {
        return None;
    }
    let outlet = &job.driven.outlet;
    let version = match whose.operation.slot {
        None => 0,
        Some(slot) => {
            let mut hand = job.driven.core.0.hand.borrow_mut();
            hand.credential(outlet.index, slot)?.version()
        }
    };
    let fields: Vec<_> = headers.iter().filter(|(name, _)| tells(name)).collect();
    let whose_it_is = digest(whose, method, &fields);
    let slot = [u8::from(whose.operation.slot.is_some()), whose.operation.slot.unwrap_or(0)];
    let mut key = Sha256::new();
    let parts = [
        &whose_it_is[..],
        target.as_bytes(),
        // What another contract says of the same read is another read.
        outlet.provider.digest.as_bytes(),
        &slot,
        &version.to_be_bytes(),
        &[job.prepared.as_ref()?.trailers as u8],
    ];
    for part in parts {
        // With its length in front, no two lists of parts have the same bytes.
        key.update((part.len() as u64).to_be_bytes());
        key.update(part);
    }
    Some((key.finalize().into(), wish))
}

/// Whether a field makes another request of it. Unlike a kept reply, a shared one is of now: what is asked of caches
/// and which codings are taken counts too.
fn tells(name: &HeaderName) -> bool {
    let here = [header::ACCEPT_ENCODING, header::CACHE_CONTROL, header::PRAGMA];
    !changes_nothing(name.as_str()) || here.contains(name)
}

/// Carries a read that takes part to its answer.
async fn carry_aboard(job: Box<Job>, (now, request): (Mono, Request), place: Place) -> Answer {
    match place {
        Place::Leads(leading, aboard) => lead(job, (now, request), leading, aboard).await,
        Place::Follows(leader, aboard) => follow(job, (now, request), leader, aboard).await,
    }
}

/// The read that is sent. Its task ends early only once neither its caller nor a follower is left.
async fn lead(
    mut job: Box<Job>,
    (now, request): (Mono, Request),
    leading: Box<Leading>,
    aboard: Aboard,
) -> Answer {
    let gone = Gone::of(Arc::clone(aboard.flight()));
    job.leading = Some(leading);
    in_own_task(job, aboard, async move |mut job| {
        let admit = poll_fn(|cx| Poll::Ready(job.driven.admit(now, request, cx.waker()))).await;
        match admit {
            Ok(step) => job.run(step, Some(&gone)).await,
            Err(refusal) => job.driven.answer(Outcome::Refused(refusal)),
        }
    })
    .await
}

/// A read that waits.
async fn follow(
    mut job: Box<Job>,
    (now, request): (Mono, Request),
    leader: CallId,
    aboard: Aboard,
) -> Answer {
    let admit = |job: &mut Job, cx: &Context<'_>| {
        job.driven.admit_to_follow(now, (request, leader), cx.waker())
    };
    let admitted: Result<Step, Refusal> = poll_fn(|cx| Poll::Ready(admit(&mut job, cx))).await;
    let step = match admitted {
        Ok(Step::Wait(until)) => job.await_landing(&aboard, until).await,
        Ok(step @ (Step::Act(_) | Step::Relay(_) | Step::Done(_))) => step,
        Err(refusal) => return job.driven.answer(Outcome::Refused(refusal)),
    };
    let waited = job.driven.at.since(now);
    job.driven.record.queued = job.driven.record.queued.saturating_add(waited);
    if let Step::Relay(Source::Flight(_)) = step {
        return job.take_part(leader, aboard);
    }
    drop(aboard);
    let step = job.until_send(step).await;
    carry(job, step).await
}

impl Job {
    /// Waits until it is known what becomes of a follower, or its time is over.
    async fn await_landing(&mut self, aboard: &Aboard, until: Mono) -> Step {
        let mut timer = pin!(sleep_until(self.driven.core.instant(until)));
        poll_fn(|cx| {
            if let Poll::Ready(landed) = aboard.poll_landed(cx) {
                return Poll::Ready(self.driven.step(Input::Landed(landed), cx.waker()));
            }
            while fired(timer.as_mut(), cx) {
                match self.driven.step(Input::Tick, cx.waker()) {
                    Step::Wait(until) => reset(timer.as_mut(), self, until),
                    step @ (Step::Act(_) | Step::Relay(_) | Step::Done(_)) => {
                        return Poll::Ready(step);
                    }
                }
            }
            Poll::Pending
        })
        .await
    }

    /// The reply of the call that it followed, given to its own caller.
    fn take_part(mut self: Box<Self>, leader: CallId, aboard: Aboard) -> Answer {
        let Some((status, headers)) = aboard.head() else {
            self.driven.core.telemetry().bug();
            return self.lost(outwright_core::step::Skip::Final);
        };
        if let Some(prepared) = self.prepared.take() {
            prepared.done(&self.driven.core.0.spares);
        }
        // The call that leads keeps it, where replies are kept, and has looked into it.
        self.keeping = None;
        self.peeked_enough();
        let record = &mut self.driven.record;
        record.status = status.as_u16();
        record.instead = Some(Box::new(Instead::Joined(leader)));
        let mut head = Response::new(());
        *head.status_mut() = status;
        *head.headers_mut() = headers;
        let (now, ends) = (self.driven.at, self.driven.ends());
        let body = ReplyBody::shared(self, Reader::following(aboard, now, ends));
        Answer::Reply(head.map(|()| body))
    }

    /// A head that is relayed: shared with those who follow, where it may be and fits.
    pub(super) fn share(mut self: Box<Self>, attempt: AttemptNo, head: Parts) -> Answer {
        let leading = self.leading.take();
        let shared = leading.and_then(|leading| self.offer(*leading, attempt, &head));
        let body = match shared {
            Some(reader) => ReplyBody::shared(self, reader),
            None => ReplyBody::wire(self, attempt),
        };
        Answer::Reply(Response::from_parts(head, body))
    }

    fn offer(
        &mut self,
        Leading { lead, wish }: Leading,
        attempt: AttemptNo,
        head: &Parts,
    ) -> Option<Reader> {
        // From here on nobody joins; who follows and is not given it is sent once the lead is dropped.
        if lead.close() == 0 || self.may_be_shared(attempt, head, &wish) == Share::No {
            return None;
        }
        let exact = self.live.as_ref()?.size().exact();
        let bytes = usize::try_from(exact.unwrap_or(0)).ok()?;
        let mut held = self.driven.core.0.shared.memory().holder();
        if bytes > SHARED_BYTES_MAX || held.grow(bytes).is_none() {
            return None;
        }
        let live = self.live.take()?;
        let room = BytesMut::with_capacity(bytes);
        let aboard = lead.share((head.status, head.headers.clone()), (exact, room), held);
        let back = Rc::new(Back::default());
        Pump::new(self.driven.split(), live, lead, Rc::clone(&back)).start();
        Some(Reader::leading(aboard, attempt, back, self.driven.at))
    }

    fn may_be_shared(&mut self, attempt: AttemptNo, head: &Parts, wish: &Wish) -> Share {
        let (arrived, at) = (self.driven.record.arrived, self.driven.at);
        let attempt = self.driven.record.attempts.find(attempt);
        // What the contract's own rules take for an error is each caller's own to hear.
        let Some(attempt) = attempt.filter(|attempt| attempt.class == Some(Class::Success)) else {
            return Share::No;
        };
        if !vary(&head.headers).iter().all(tells) {
            return Share::No;
        }
        let times = Times { sent: attempt.started, came: arrived.at(at) };
        cache::share((head.status, &head.headers), wish, times)
    }
}

fn reset(timer: Pin<&mut Sleep>, job: &Job, until: Mono) {
    timer.reset(job.driven.core.instant(until));
}
