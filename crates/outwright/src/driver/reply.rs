//! The body that a caller gets: it owns the call after its head was relayed, and ends it exactly once.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use outwright_core::outcome::{AttemptNo, BodyEnd, Class, Fault};
use outwright_core::step::{Input, Skip, Step};
use outwright_core::time::Mono;

use super::answer::Own;
use super::driven::Driven;
use super::fields::clean_trailers;
use super::job::Job;
use super::kept::Live;
use super::outlet::Outlet;
use super::reader::{Read, Reader};
use crate::telemetry::{Outcome, Record};

/// The body of a relayed reply.
pub struct ReplyBody {
    /// In the box in which it came: only its address moves.
    job: Box<Job>,
    source: Source,
    over: bool,
}

enum Source {
    /// From the provider: what was read of it already, then the rest.
    Wire(AttemptNo),
    /// Of an earlier attempt, kept.
    Kept(Bytes),
    /// Shared with others. In a box: few replies are.
    Shared(Box<Reader>),
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyBody").field("over", &self.over).finish_non_exhaustive()
    }
}

/// The provider's reply broke off: the caller must not take what it has for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenOff(pub Fault);

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the provider's reply broke off ({})", self.0.word())
    }
}

impl std::error::Error for BrokenOff {}

impl ReplyBody {
    /// The body of a reply that is relayed now: what is live in the job.
    pub(super) fn wire(job: Box<Job>, attempt: AttemptNo) -> Self {
        let mut body = Self { job, source: Source::Wire(attempt), over: false };
        if body.is_taken() {
            body.end(BodyEnd::Whole);
        }
        body
    }

    /// The body of a reply that was kept; its call is over.
    pub(super) fn kept(job: Box<Job>, bytes: Bytes) -> Self {
        let mut body = Self { job, source: Source::Kept(bytes), over: false };
        if body.is_taken() {
            body.end(BodyEnd::Whole);
        }
        body
    }

    /// The body of a reply that several callers read.
    pub(super) fn shared(job: Box<Job>, reader: Reader) -> Self {
        let mut body = Self { job, source: Source::Shared(Box::new(reader)), over: false };
        if body.is_taken() {
            body.end(BodyEnd::Whole);
        }
        body
    }

    /// The call, as far as it is known by now.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.job.driven.record
    }

    /// The provider, under the contract that the call was admitted under.
    #[must_use]
    pub fn outlet(&self) -> &Rc<Outlet> {
        &self.job.driven.outlet
    }

    /// When the engine was last asked about the call: at first, when its head came.
    #[must_use]
    pub const fn asked_at(&self) -> Mono {
        self.job.driven.at
    }

    /// Whether there is nothing left of it.
    fn is_taken(&self) -> bool {
        match (&self.source, &self.job.live) {
            (Source::Wire(_), Some(live)) => live.is_empty(),
            (Source::Wire(_), None) => true,
            (Source::Kept(rest), _) => rest.is_empty(),
            (Source::Shared(reader), _) => reader.is_over(),
        }
    }

    /// The next part, before anything of the reply has reached its caller: a reply that breaks off is answered as a
    /// call without one, whose answer is still to be written and told.
    pub fn poll_withheld(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Box<Own>>>> {
        let polled = self.poll_source(cx);
        polled.map(|part| part.map(|frame| frame.map_err(|fault| self.fail(fault))))
    }

    /// Ends a reply that broke off and of which nothing was shown.
    fn fail(&mut self, fault: Fault) -> Box<Own> {
        self.over = true;
        match self.source {
            Source::Wire(attempt) => {
                if let Some(attempt) = self.job.driven.record.attempts.find(attempt) {
                    attempt.ended = Some(self.job.driven.core.mono());
                }
                self.job.unreadable(attempt, fault)
            }
            // All of it is there: it does not break off.
            Source::Kept(_) => self.job.lost_by(fault, Skip::Final),
            Source::Shared(ref reader) => {
                let driven = &mut self.job.driven;
                reader.settle(driven, driven.core.mono(), BodyEnd::Broken(fault));
                self.job.lost_by(fault, Skip::Final)
            }
        }
    }

    /// The next part; a fault is for who asked to end it.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        let polled = match (&mut this.source, &mut this.job.live) {
            (Source::Shared(reader), _) => match ready!(reader.poll(&this.job.driven, cx)) {
                Read::Frame(frame) => {
                    this.job.peeked_enough();
                    Poll::Ready(Some(Ok(frame)))
                }
                Read::Ended(BodyEnd::Whole) => Poll::Ready(None),
                Read::Ended(BodyEnd::Broken(fault)) => Poll::Ready(Some(Err(fault))),
                // The provider's side ends only once nobody reads any more.
                Read::Ended(BodyEnd::CallerGone) => Poll::Ready(Some(Err(Fault::Reset))),
                Read::HandedBack(back) => {
                    this.go_on_alone(*back);
                    return self.poll_source(cx);
                }
            },
            (Source::Kept(bytes), _) if bytes.is_empty() => Poll::Ready(None),
            (Source::Kept(bytes), _) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            (Source::Wire(_), Some(live)) => {
                match live.read.as_mut().and_then(|read| read.parts.pop_front()) {
                    Some(bytes) => {
                        if live.read.as_ref().is_none_or(|read| read.parts.is_empty()) {
                            this.job.peeked_enough();
                        }
                        Poll::Ready(Some(Ok(Frame::data(bytes))))
                    }
                    None => live.rest.poll_part(cx),
                }
            }
            (Source::Wire(_), None) => Poll::Ready(None),
        };
        match polled {
            Poll::Ready(Some(Ok(mut frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    clean_trailers(trailers);
                }
                self.took(&frame);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                self.end(BodyEnd::Whole);
                Poll::Ready(None)
            }
            fault @ (Poll::Ready(Some(Err(_))) | Poll::Pending) => fault,
        }
    }

    /// The rest comes from the provider, at the pace of this caller.
    fn go_on_alone(&mut self, (live, driven): (Live, Driven)) {
        self.source = Source::Wire(live.attempt);
        self.job.live = Some(live);
        self.job.driven.join(driven);
    }

    fn took(&mut self, frame: &Frame<Bytes>) {
        if let Some(data) = frame.data_ref() {
            let record = &mut self.job.driven.record;
            record.response_bytes = record.response_bytes.saturating_add(data.len() as u64);
            if let Some(keeping) = &mut self.job.keeping {
                keeping.part(data);
            }
        }
        if self.is_taken() {
            self.end(BodyEnd::Whole);
        }
    }

    #[inline]
    fn end(&mut self, end: BodyEnd) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let job = &mut *self.job;
        let driven = &mut job.driven;
        let now = match (&job.live, end) {
            (Some(live), BodyEnd::Whole) => live.rest.asked_at(),
            (_, BodyEnd::Whole | BodyEnd::Broken(_) | BodyEnd::CallerGone) => driven.core.mono(),
        };
        if let Source::Shared(reader) = &self.source {
            reader.settle(driven, now, end);
        }
        if let Source::Wire(attempt) = self.source {
            if let Some(attempt) = driven.record.attempts.find(attempt) {
                attempt.ended = Some(now);
            }
            let mut step = driven.step_at(now, Input::BodyEnd { attempt, end }, Waker::noop());
            while let Step::Act(_) | Step::Relay(_) = step {
                // No ledger is kept, so there is nothing to settle and nothing else to do.
                step = driven.step_at(now, Input::Settled, Waker::noop());
            }
        }
        if end == BodyEnd::Whole
            && let Some(keeping) = &mut job.keeping
        {
            keeping.whole((&driven.outlet.seat, &driven.outlet.provider));
        }
        let degraded = match self.source {
            Source::Wire(_) | Source::Shared(_) => false,
            Source::Kept(_) => end == BodyEnd::Whole && driven.record.is_degraded(),
        };
        let outcome = if degraded { Outcome::Degraded } else { outcome(driven, end) };
        driven.over_at(now, outcome);
    }
}

/// What the caller got, in one word.
fn outcome(driven: &Driven, end: BodyEnd) -> Outcome {
    match end {
        BodyEnd::CallerGone => Outcome::Cancelled,
        BodyEnd::Broken(Fault::BodyIdle | Fault::BodyLate) => Outcome::Timeout,
        BodyEnd::Broken(_) => Outcome::ProviderError,
        BodyEnd::Whole => {
            match driven.record.attempts.iter().last().and_then(|attempt| attempt.class) {
                Some(Class::Success) => Outcome::Success,
                Some(Class::Rejected | Class::Unauthorized | Class::Exhausted) => {
                    Outcome::ClientError
                }
                None if driven.record.is_joined() => Outcome::Success,
                Some(Class::Transient | Class::Throttled | Class::Overloaded) | None => {
                    Outcome::ProviderError
                }
            }
        }
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        self.end(BodyEnd::CallerGone);
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.poll_source(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Some(Err(fault))) => {
                // A caller who does not take the body is no fault of the provider.
                let own = self.job.live.as_ref().is_some_and(|live| live.rest.was_not_taken());
                self.end(if own { BodyEnd::CallerGone } else { BodyEnd::Broken(fault) });
                Poll::Ready(Some(Err(BrokenOff(fault))))
            }
            Poll::Ready(None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.source, &self.job.live) {
            (Source::Kept(bytes), _) => SizeHint::with_exact(bytes.len() as u64),
            (Source::Shared(reader), _) => reader.size(),
            (Source::Wire(_), Some(live)) => live.size(),
            (Source::Wire(_), None) => SizeHint::with_exact(0),
        }
    }
}
