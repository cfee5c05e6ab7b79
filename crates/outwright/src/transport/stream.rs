//! The body of a response as it comes on an HTTP/2 stream.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Frame, SizeHint};
use outwright_core::outcome::Fault;
use outwright_core::time::Mono;
use tokio::time::{Instant, Sleep, sleep_until};

use super::inflate::Gauge;
use super::link::{Passage, Upload};
use super::reply::BodyLimits;
use crate::clock::Clock;

/// A response body on its stream; to drop it before its end is to reset the stream.
pub(crate) struct StreamBody {
    stream: RecvStream,
    /// What of the request is still to be sent; a provider may answer before it has read all of it.
    rest: Option<Upload>,
    /// Held so that the connection outlives its streams.
    passage: Passage,
    clock: Clock,
    limits: BodyLimits,
    gauge: Option<Box<Gauge>>,
    timer: Pin<Box<Sleep>>,
    /// What is still to come, where the head says how much.
    left: Option<u64>,
    bytes: u64,
    over: bool,
    waiting: bool,
    slow_caller: bool,
    asked: Mono,
}

impl StreamBody {
    /// The body behind a head that said this of its length.
    pub(super) fn new(
        (stream, rest): (RecvStream, Option<Upload>),
        passage: Passage,
        clock: Clock,
        (limits, length): (BodyLimits, Option<u64>),
    ) -> Self {
        let over = stream.is_end_stream();
        Self {
            stream,
            rest,
            passage,
            clock,
            limits,
            gauge: None,
            timer: Box::pin(sleep_until(Instant::now())),
            left: length,
            bytes: 0,
            over,
            waiting: false,
            slow_caller: false,
            asked: clock.mono(),
        }
    }

    /// The next part, the end, or what went wrong; after either of the last two there is nothing more.
    pub(super) fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let now = self.clock.mono();
        self.asked = now;
        if !self.waiting && self.limits.end <= now {
            self.slow_caller = true;
            return Poll::Ready(Some(Err(self.broke(Fault::BodyLate))));
        }
        if let Some(rest) = &mut self.rest
            && rest.poll(cx).is_ready()
        {
            // Whatever became of it: the answer is here.
            self.rest = None;
        }
        match self.stream.poll_data(cx) {
            Poll::Ready(Some(Ok(data))) => {
                self.waiting = false;
                Poll::Ready(Some(self.took(data, now)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(self.broke(broken(&error))))),
            Poll::Ready(None) => self.poll_end(cx),
            Poll::Pending => self.wait(cx, now),
        }
    }

    /// Behind the last byte there may be trailers.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        match self.stream.poll_trailers(cx) {
            Poll::Ready(Ok(trailers)) => {
                self.over = true;
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(self.broke(broken(&error))))),
            Poll::Pending => self.wait(cx, self.asked),
        }
    }

    fn wait(
        &mut self,
        cx: &mut Context<'_>,
        now: Mono,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if !std::mem::replace(&mut self.waiting, true) {
            let until = self.limits.end.min(now.plus(self.limits.idle));
            self.timer.as_mut().reset(self.clock.instant(until));
        }
        if self.timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.passage.doubt(now.minus(self.limits.idle));
        let late = self.limits.end <= self.clock.mono();
        let fault = if late { Fault::BodyLate } else { Fault::BodyIdle };
        Poll::Ready(Some(Err(self.broke(fault))))
    }

    fn took(&mut self, data: Bytes, now: Mono) -> Result<Frame<Bytes>, Fault> {
        if self.bytes == 0
            && let Some(most) = self.limits.stream
        {
            self.limits.end = now.plus(most);
        }
        self.bytes = self.bytes.saturating_add(data.len() as u64);
        self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
        if self.bytes > self.limits.bytes_max {
            return Err(self.broke(Fault::BodyTooLarge));
        }
        if let Some(Err(fault)) = self.gauge.as_mut().map(|gauge| gauge.pass(&data)) {
            return Err(self.broke(fault));
        }
        // The peer may send so much more; a stream that is over needs no room.
        let _room = self.stream.flow_control().release_capacity(data.len());
        self.over = self.stream.is_end_stream();
        Ok(Frame::data(data))
    }

    /// Whether it is over, well or not.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// When it was last asked for a part, or found to have none.
    pub(super) const fn asked_at(&self) -> Mono {
        self.asked
    }

    /// Whether it ran out of time because its caller did not take it.
    pub(super) const fn was_not_taken(&self) -> bool {
        self.slow_caller
    }

    /// Looks at every part that is still to come.
    pub(super) fn look_with(&mut self, gauge: Box<Gauge>) {
        self.gauge = Some(gauge);
    }

    /// What is known of its size.
    pub(super) fn size(&self) -> SizeHint {
        match self.left {
            _ if self.over => SizeHint::with_exact(0),
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::new(),
        }
    }

    fn broke(&mut self, fault: Fault) -> Fault {
        self.over = true;
        self.rest = None;
        fault
    }
}

/// A stream that ends after its head has ended too early, whatever ended it.
fn broken(error: &h2::Error) -> Fault {
    if error.is_library() { Fault::Malformed } else { Fault::BodyTruncated }
}

impl fmt::Debug for StreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamBody")
            .field("bytes", &self.bytes)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
