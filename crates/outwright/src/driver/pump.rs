//! Brings the body of a shared reply from the provider to all who wait for it, in a task of its own.
//!
//! It takes what the provider sends as it comes, whoever of the callers is slow or gone, and tells the engine when
//! it is over: the slot goes back then. It stops once nobody waits any more.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use http_body::Frame;
use outwright_core::outcome::{AttemptNo, BodyEnd};
use outwright_core::step::{Input, Step};

use super::driven::Driven;
use super::flights::{End, Lead, TooLarge};
use super::kept::Live;

/// A shared reply on its way.
pub(super) struct Pump {
    driven: Driven,
    live: Live,
    lead: Lead,
    attempt: AttemptNo,
    back: Rc<Back>,
}

/// Where a reply is put that turned out to be too large, for the caller of the leading call.
#[derive(Default)]
pub(super) struct Back(RefCell<Option<Box<(Live, Driven)>>>);

impl Back {
    /// What was put there.
    pub(super) fn take(&self) -> Option<Box<(Live, Driven)>> {
        self.0.take()
    }
}

/// Why it stops.
enum Stop {
    Over(BodyEnd),
    TooLarge,
    Deserted,
}

impl Pump {
    /// For a reply whose head is shared.
    pub(super) fn new(driven: Driven, live: Live, lead: Lead, back: Rc<Back>) -> Self {
        let attempt = live.attempt;
        Self { driven, live, lead, attempt, back }
    }

    /// Starts it, on the core of the call; a body without bytes needs no task.
    pub(super) fn start(self) {
        if self.live.is_empty() {
            self.end(BodyEnd::Whole);
        } else {
            // Nobody awaits it: those who read what it brings are told how it ends, also when it is dropped.
            drop(tokio::task::spawn_local(self.run()));
        }
    }

    async fn run(mut self) {
        match poll_fn(|cx| self.poll(cx)).await {
            Stop::Over(end) => self.end(end),
            Stop::TooLarge => self.give_back(),
            // The connection is closed with the rest of the body on it.
            Stop::Deserted => self.end(BodyEnd::CallerGone),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Stop> {
        loop {
            if self.lead.flight().is_deserted(cx) {
                return Poll::Ready(Stop::Deserted);
            }
            if self.live.is_empty() {
                return Poll::Ready(Stop::Over(BodyEnd::Whole));
            }
            let part = match self.live.read.as_mut().and_then(|read| read.parts.pop_front()) {
                Some(bytes) => Frame::data(bytes),
                None => match ready!(self.live.rest.poll_part(cx)) {
                    Some(Ok(frame)) => frame,
                    Some(Err(fault)) => return Poll::Ready(Stop::Over(BodyEnd::Broken(fault))),
                    None => return Poll::Ready(Stop::Over(BodyEnd::Whole)),
                },
            };
            match part.into_data() {
                Ok(data) => {
                    if self.lead.push(&data) == Err(TooLarge) {
                        self.live.read.get_or_insert_default().parts.push_front(data);
                        return Poll::Ready(Stop::TooLarge);
                    }
                }
                Err(frame) => frame.into_trailers().into_iter().for_each(|trailers| {
                    self.lead.push_trailers(trailers);
                }),
            }
        }
    }

    fn end(mut self, end: BodyEnd) {
        let driven = &mut self.driven;
        let now = driven.core.mono();
        if let Some(attempt) = driven.record.attempts.find(self.attempt) {
            attempt.ended = Some(now);
        }
        let input = Input::BodyEnd { attempt: self.attempt, end };
        let mut step = driven.step_at(now, input, Waker::noop());
        while let Step::Act(_) | Step::Relay(_) = step {
            step = driven.step_at(now, Input::Settled, Waker::noop());
        }
        let attempt = driven.record.attempts.find(self.attempt).copied();
        self.lead.end(End { end, attempt });
    }

    /// The rest goes to the caller of the leading call, at its own pace.
    fn give_back(self) {
        let Self { driven, live, lead, back, .. } = self;
        back.0.replace(Some(Box::new((live, driven))));
        lead.hand_back();
    }
}
