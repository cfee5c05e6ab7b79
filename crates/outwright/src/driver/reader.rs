//! The body of a shared reply, as one of its callers reads it.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use outwright_core::flight::Part;
use outwright_core::outcome::{AttemptNo, BodyEnd, Fault};
use outwright_core::step::Input;
use outwright_core::time::Mono;
use tokio::time::{Sleep, sleep_until};

use super::driven::Driven;
use super::flights::{Aboard, Next};
use super::kept::Live;
use super::pump::Back;

/// A caller's place in a shared body.
pub(super) struct Reader {
    aboard: Aboard,
    at: usize,
    trailers: Trailers,
    /// Which attempt of the leading call brings it.
    attempt: AttemptNo,
    /// When the time of its call is over.
    ends: Mono,
    timer: Option<Pin<Box<Sleep>>>,
    /// Since when it is read.
    since: Mono,
    /// Where the rest stands, if it turns out to be too large.
    back: Option<Rc<Back>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trailers {
    Due,
    Given,
}

/// What is next.
pub(super) enum Read {
    Frame(Frame<Bytes>),
    Ended(BodyEnd),
    /// The provider has the rest, for this caller alone.
    HandedBack(Box<(Live, Driven)>),
}

impl Reader {
    /// For the caller of the leading call.
    pub(super) fn leading(aboard: Aboard, attempt: AttemptNo, back: Rc<Back>, now: Mono) -> Self {
        // The attempt has limits of its own, which the provider's side keeps.
        Self { back: Some(back), ..Self::new(aboard, attempt, (now, Mono::MAX)) }
    }

    /// For a caller whose call follows, until its time is over.
    pub(super) fn following(aboard: Aboard, now: Mono, ends: Mono) -> Self {
        Self::new(aboard, AttemptNo::FIRST, (now, ends))
    }

    const fn new(aboard: Aboard, attempt: AttemptNo, (since, ends): (Mono, Mono)) -> Self {
        let trailers = Trailers::Due;
        Self { aboard, at: 0, trailers, attempt, ends, timer: None, since, back: None }
    }

    /// The next part, as soon as it is there.
    pub(super) fn poll(&mut self, driven: &Driven, cx: &mut Context<'_>) -> Poll<Read> {
        match self.aboard.poll_next(self.at, cx) {
            Poll::Ready(Next::Data(data)) => {
                self.at += data.len();
                Poll::Ready(Read::Frame(Frame::data(data)))
            }
            Poll::Ready(Next::Ended(end)) => match (end.end, self.take_trailers()) {
                (BodyEnd::Whole, Some(trailers)) => {
                    Poll::Ready(Read::Frame(Frame::trailers(trailers)))
                }
                (end, _) => Poll::Ready(Read::Ended(end)),
            },
            Poll::Ready(Next::HandedBack) => {
                let back = self.back.as_ref().and_then(|back| back.take());
                // Only those who read what was not released are ever handed it back, and they have this.
                let lost = Read::Ended(BodyEnd::Broken(Fault::BodyTruncated));
                Poll::Ready(back.map_or(lost, Read::HandedBack))
            }
            Poll::Pending => self.poll_time(driven, cx),
        }
    }

    /// Whoever follows waits for more only as long as its own call lasts.
    fn poll_time(&mut self, driven: &Driven, cx: &mut Context<'_>) -> Poll<Read> {
        if self.ends == Mono::MAX {
            return Poll::Pending;
        }
        let at = driven.core.instant(self.ends);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        timer.as_mut().poll(cx).map(|()| Read::Ended(BodyEnd::Broken(Fault::BodyLate)))
    }

    /// Whether all of it has been given.
    pub(super) fn is_over(&self) -> bool {
        let ended = self.aboard.ended(self.at).is_some_and(|end| end.end == BodyEnd::Whole);
        ended && (self.trailers == Trailers::Given || self.aboard.trailers().is_none())
    }

    /// What is known of the size of what is left.
    pub(super) fn size(&self) -> SizeHint {
        self.aboard.left(self.at).map_or_else(SizeHint::new, SizeHint::with_exact)
    }

    /// Its caller has got what it gets: the record of its call says how long it took, and how.
    pub(super) fn settle(&self, driven: &mut Driven, now: Mono, end: BodyEnd) {
        match self.aboard.part() {
            Part::Leads => {
                let done = self.aboard.ended(self.at).and_then(|end| end.attempt);
                if let Some(attempt) = driven.record.attempts.find(self.attempt) {
                    match done {
                        Some(done) => *attempt = done,
                        None => attempt.ended = Some(now),
                    }
                }
            }
            Part::Follows => {
                let waited = now.since(self.since);
                driven.record.queued = driven.record.queued.saturating_add(waited);
                let input = Input::BodyEnd { attempt: self.attempt, end };
                let _over = driven.step_at(now, input, Waker::noop());
            }
        }
    }

    fn take_trailers(&mut self) -> Option<HeaderMap> {
        if self.trailers == Trailers::Given {
            return None;
        }
        self.trailers = Trailers::Given;
        self.aboard.trailers()
    }
}
