//! The last word on a call whose reply was not relayed as it came.

use std::future::poll_fn;
use std::task::{Poll, Waker};

use http::Response;
use outwright_core::outcome::{AttemptNo, BodyEnd, Class, Fault};
use outwright_core::refusal::{Reason, Refusal};
use outwright_core::step::{Failure, Input, Reply, Skip};

use super::answer::{Answer, Outcome, Own};
use super::fields::{Coded, Trailers, clean_reply};
use super::job::Job;
use super::reply::ReplyBody;
use crate::transport::Gauge;

impl Job {
    /// A reply that came, and that nobody may be given.
    pub(super) fn unreadable(&mut self, attempt: AttemptNo, fault: Fault) -> Box<Own> {
        self.live = None;
        let end = BodyEnd::Broken(fault);
        let _over = self.driven.step(Input::BodyEnd { attempt, end }, Waker::noop());
        self.lost_by(fault, Skip::Final)
    }

    pub(super) async fn done(mut self: Box<Self>, reply: Reply) -> Answer {
        // There is nothing to share: whoever follows is sent by itself, now.
        self.leading = None;
        match reply {
            Reply::Last { attempt, why } => self.last(attempt, why).await,
            Reply::Degraded(degraded) => self.degraded(degraded),
            Reply::Refused(refusal) => self.driven.answer(Outcome::Refused(refusal)),
            Reply::Failed(failure) => Answer::Own(self.failed(failure)),
            Reply::Relayed(_) | Reply::Known => {
                self.driven.core.telemetry().bug();
                self.lost(Skip::Final)
            }
            Reply::Gone => self.driven.answer(Outcome::Refused(Refusal::now(Reason::CallerGone))),
        }
    }

    fn failed(&mut self, failure: Failure) -> Box<Own> {
        self.driven.record.effect = Some(failure.effect);
        self.driven.own(Outcome::Failed(failure))
    }

    /// The kept reply, if all of it is there.
    async fn last(mut self: Box<Self>, attempt: AttemptNo, why: Skip) -> Answer {
        if let Some(kept) = self.kept.as_mut() {
            poll_fn(|cx| {
                kept.read_on(cx);
                if kept.is_settled() { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        let kept = self.kept.take().filter(|kept| kept.attempt == attempt);
        let kept = kept.and_then(|kept| kept.whole());
        let Some((mut head, bytes)) = kept else { return self.lost(why) };
        // What was kept has lost its trailers.
        if clean_reply(&mut head.headers, Trailers::Unasked) == Coded::Perhaps
            && let Some(most) = self.decoded_max()
        {
            let gauge = Gauge::of(&head.headers, most);
            let passed =
                gauge.and_then(|gauge| gauge.map_or(Ok(()), |mut gauge| gauge.pass(&bytes)));
            if let Err(fault) = passed {
                return Answer::Own(self.lost_by(fault, why));
            }
        }
        self.driven.record.status = head.status.as_u16();
        let body = ReplyBody::kept(self, bytes);
        Answer::Reply(Response::from_parts(head, body))
    }

    /// A reply came, but not all of it is there to be shown.
    pub(super) fn lost(&mut self, why: Skip) -> Answer {
        Answer::Own(self.lost_by(Fault::BodyTruncated, why))
    }

    pub(super) fn lost_by(&mut self, fault: Fault, why: Skip) -> Box<Own> {
        let attempts = &self.driven.record.attempts;
        let class = attempts.iter().last().and_then(|attempt| attempt.class);
        self.failed(Failure {
            fault,
            class: class.unwrap_or(Class::Transient),
            effect: self.driven.effect,
            why,
            attempts: u8::try_from(attempts.count()).unwrap_or(u8::MAX),
            until: None,
        })
    }
}
