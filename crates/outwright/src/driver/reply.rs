//! The body that a caller gets: it owns the call after its head was relayed, and ends it exactly once.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use outwright_core::outcome::{AttemptNo, BodyEnd, Class, Fault};
use outwright_core::step::{Input, Step};

use super::driven::Driven;
use crate::telemetry::Outcome;
use crate::transport::WireBody;

/// The body of a relayed reply.
#[derive(Debug)]
pub struct ReplyBody {
    driven: Driven,
    source: Source,
    over: bool,
}

#[derive(Debug)]
enum Source {
    /// From the provider: what was read of it already, then the rest.
    Wire { attempt: AttemptNo, read: VecDeque<Bytes>, rest: WireBody },
    /// Of an earlier attempt, kept.
    Kept(Bytes),
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
    /// The body of a reply that is relayed now.
    pub(super) fn wire(
        driven: Driven,
        attempt: AttemptNo,
        read: VecDeque<Bytes>,
        rest: WireBody,
    ) -> Self {
        let over = read.is_empty() && rest.is_over();
        let mut body = Self { driven, source: Source::Wire { attempt, read, rest }, over: false };
        if over {
            body.end(BodyEnd::Whole);
        }
        body
    }

    /// The body of a reply that was kept; its call is over.
    pub(super) const fn kept(driven: Driven, bytes: Bytes) -> Self {
        Self { driven, source: Source::Kept(bytes), over: false }
    }

    fn took(&mut self, frame: &Frame<Bytes>) {
        if let Some(data) = frame.data_ref() {
            let bytes = data.len() as u64;
            self.driven.record.response_bytes =
                self.driven.record.response_bytes.saturating_add(bytes);
        }
        let whole = match &self.source {
            Source::Wire { read, rest, .. } => read.is_empty() && rest.is_over(),
            Source::Kept(rest) => rest.is_empty(),
        };
        if whole {
            self.end(BodyEnd::Whole);
        }
    }

    fn end(&mut self, end: BodyEnd) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        if let Source::Wire { attempt, .. } = &self.source {
            let (attempt, now) = (*attempt, self.driven.core.mono());
            if let Some(attempt) = self.driven.record.attempts.find(attempt) {
                attempt.ended = Some(now);
            }
            let mut step = self.driven.step(Input::BodyEnd { attempt, end }, Waker::noop());
            while let Step::Act(_) | Step::Relay(_) = step {
                // No ledger is kept, so there is nothing to settle and nothing else to do.
                step = self.driven.step(Input::Settled, Waker::noop());
            }
        }
        let outcome = outcome(&self.driven, end);
        self.driven.over(outcome);
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
        if self.over {
            return Poll::Ready(None);
        }
        let polled = match &mut self.source {
            Source::Kept(bytes) if bytes.is_empty() => Poll::Ready(None),
            Source::Kept(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Source::Wire { read, rest, .. } => match read.pop_front() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => rest.poll_part(cx),
            },
        };
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => {
                self.took(&frame);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(fault))) => {
                // A caller who does not take the body is no fault of the provider.
                let own = matches!(&self.source, Source::Wire { rest, .. } if rest.was_not_taken());
                self.end(if own { BodyEnd::CallerGone } else { BodyEnd::Broken(fault) });
                Poll::Ready(Some(Err(BrokenOff(fault))))
            }
            Poll::Ready(None) => {
                self.end(BodyEnd::Whole);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Kept(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Wire { read, rest, .. } => {
                let read: u64 = read.iter().map(|part| part.len() as u64).sum();
                let rest = rest.size();
                let mut hint = SizeHint::new();
                hint.set_lower(read.saturating_add(rest.lower()));
                if let Some(upper) = rest.upper() {
                    hint.set_upper(read.saturating_add(upper));
                }
                hint
            }
        }
    }
}
