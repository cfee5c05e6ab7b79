//! A call and the replies that are kept of its provider: what is looked up for it, kept of it, and shown to it.

use std::rc::Rc;

use http::{HeaderValue, Method, Response, header, response};
use outwright_core::cache::{Found, Times};
use outwright_core::fallback::{Degraded, Policy};
use outwright_core::outcome::{AttemptNo, Class};
use outwright_core::step::Skip;

use super::answer::Answer;
use super::job::Job;
use super::keep::Fate;
use super::reply::ReplyBody;
use crate::telemetry::Instead;

impl Job {
    /// What is kept for this call, under the credential that holds now.
    pub(super) fn recall(&mut self) -> Option<Found> {
        let slot = self.slot();
        let outlet = Rc::clone(&self.driven.outlet);
        let keeping = self.keeping.as_mut()?;
        if let Some(slot) = slot {
            let mut hand = self.driven.core.0.hand.borrow_mut();
            keeping.credential_is(hand.credential(outlet.index, slot)?.version());
        }
        keeping.recall(&mut outlet.seat.shelf(), &outlet.provider.digest)
    }

    /// The head of a reply passes to the caller.
    pub(super) fn keep(&mut self, attempt: AttemptNo, head: &response::Parts) {
        let outlet = Rc::clone(&self.driven.outlet);
        let core = self.driven.core.clone();
        let record = &mut self.driven.record;
        let Some(keeping) = &mut self.keeping else { return };
        let own = outlet.provider.operation(record.operation).cache.as_ref();
        let (arrived, at) = (record.arrived, self.driven.at);
        let Some(attempt) = record.attempts.find(attempt) else { return };
        let times = Times { sent: attempt.started, came: arrived.at(at) };
        // What the contract's own rules take for an error is none that was good once.
        let policy = own.filter(|_| attempt.class == Some(Class::Success));
        let room = (&*outlet.seat, core.0.shared.memory());
        let fate = keeping.head((policy, &outlet.provider), head, times, room);
        if own.is_some() {
            let passed = if fate == Fate::Kept { Instead::Kept } else { Instead::Unkept };
            // That nothing could be shown in the place of this one says more.
            record.instead.get_or_insert_with(|| Box::new(passed));
        }
    }

    /// An answer that is not the provider's of now.
    pub(super) fn degraded(mut self: Box<Self>, degraded: Degraded) -> Answer {
        let shown = match degraded {
            Degraded::Stale => self.stale(),
            Degraded::Static => self.fixed(),
        };
        let Some((head, body, instead)) = shown else {
            self.driven.core.telemetry().bug();
            return self.lost(Skip::Final);
        };
        self.driven.record.status = head.status().as_u16();
        self.driven.record.instead = Some(Box::new(instead));
        let body = ReplyBody::kept(self, body);
        Answer::Reply(head.map(|()| body))
    }

    fn stale(&mut self) -> Option<(Response<()>, bytes::Bytes, Instead)> {
        let (kept, reply) = self.keeping.as_mut()?.shown()?;
        let mut head = Response::new(());
        *head.status_mut() = reply.status;
        *head.headers_mut() = reply.headers.clone();
        let instead = Instead::Stale { age: kept.age(self.driven.at), lifetime: kept.lifetime() };
        Some((head, reply.body.clone(), instead))
    }

    fn fixed(&self) -> Option<(Response<()>, bytes::Bytes, Instead)> {
        let Policy::Static(fixed) = &self.operation().fallback else { return None };
        let mut head = Response::new(());
        *head.status_mut() = fixed.status();
        let headers = head.headers_mut();
        headers.insert(header::CONTENT_TYPE, fixed.content_type().clone());
        // Nobody behind us is to take it for the provider's answer later.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let body = fixed.body().clone();
        if self.operation().method == Method::HEAD {
            // Only its length is told: nobody would take it, and the call would seem to be given up.
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            return Some((head, bytes::Bytes::new(), Instead::Static));
        }
        Some((head, body, Instead::Static))
    }
}
