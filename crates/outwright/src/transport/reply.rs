//! The body of a response as it comes on an HTTP/1.1 connection.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use outwright_core::outcome::Fault;
use outwright_core::time::Mono;

use super::Origin;
use super::connection::{Connection, First};
use super::inflate::Gauge;

/// What a body may take, in time and bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    pub(super) idle: Duration,
    pub(super) end: Mono,
    /// From the first body byte on this rules instead of `end`.
    pub(super) stream: Option<Duration>,
    pub(super) bytes_max: u64,
}

/// A response body on its connection; gives the connection back when it ends as it was declared.
pub(crate) struct OwnBody {
    incoming: Incoming,
    connection: Option<Box<Connection>>,
    reusable: bool,
    origin: Rc<Origin>,
    limits: BodyLimits,
    /// What looks at a body that is coded.
    gauge: Option<Box<Gauge>>,
    bytes: u64,
    over: bool,
    waiting: bool,
    slow_caller: bool,
    /// When it was last asked for a part, or found to have none.
    asked: Mono,
}

impl OwnBody {
    /// The body of an arrived response, with its connection and whether that may be used again.
    pub(super) fn new(
        incoming: Incoming,
        (connection, reusable): (Box<Connection>, bool),
        origin: Rc<Origin>,
        limits: BodyLimits,
    ) -> Self {
        let over = incoming.is_end_stream();
        let mut body = Self {
            incoming,
            connection: Some(connection),
            reusable,
            origin,
            limits,
            gauge: None,
            bytes: 0,
            over: false,
            waiting: false,
            slow_caller: false,
            asked: Mono::ZERO,
        };
        if over {
            body.asked = body.origin.clock.mono();
            body.ended(body.asked);
        }
        body
    }

    /// The next part, the end, or what went wrong; after either of the last two there is nothing more.
    pub(super) fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let Some(connection) = self.connection.as_mut().filter(|_| !self.over) else {
            return Poll::Ready(None);
        };
        let now = self.origin.clock.mono();
        self.asked = now;
        if !self.waiting && self.limits.end <= now {
            // Nobody asked for the next part in time; what there is of it by now does not matter.
            self.slow_caller = true;
            return Poll::Ready(Some(Err(self.broke(Fault::BodyLate))));
        }
        let Connection { codec, timer, .. } = &mut **connection;
        let (incoming, waiting, limits) = (&mut self.incoming, &mut self.waiting, &self.limits);
        let clock = self.origin.clock;
        let polled =
            codec.poll(cx, First::Ask, |cx| match Pin::new(&mut *incoming).poll_frame(cx) {
                Poll::Ready(frame) => Poll::Ready(Ok(frame)),
                Poll::Pending => {
                    if !std::mem::replace(waiting, true) {
                        let until = limits.end.min(now.plus(limits.idle));
                        timer.as_mut().reset(clock.instant(until));
                    }
                    ready!(timer.as_mut().poll(cx));
                    let late = limits.end <= clock.mono();
                    Poll::Ready(Err(if late { Fault::BodyLate } else { Fault::BodyIdle }))
                }
            });
        match polled {
            Poll::Ready(Ok(Some(Ok(frame)))) => {
                self.waiting = false;
                Poll::Ready(Some(self.took(frame, now)))
            }
            Poll::Ready(Ok(Some(Err(_)))) => {
                Poll::Ready(Some(Err(self.broke(Fault::BodyTruncated))))
            }
            Poll::Ready(Ok(None)) => {
                self.ended(now);
                Poll::Ready(None)
            }
            Poll::Ready(Err(fault)) => Poll::Ready(Some(Err(self.broke(fault)))),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Whether it is over, well or not.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// Looks at every part that is still to come.
    pub(super) fn look_with(&mut self, gauge: Box<Gauge>) {
        self.gauge = Some(gauge);
    }

    /// When it was last asked for a part, or found to have none.
    pub(super) const fn asked_at(&self) -> Mono {
        self.asked
    }

    /// Whether it ran out of time because its caller did not take it.
    pub(super) const fn was_not_taken(&self) -> bool {
        self.slow_caller
    }

    /// What is known of its size.
    pub(super) fn size(&self) -> SizeHint {
        if self.over { SizeHint::with_exact(0) } else { self.incoming.size_hint() }
    }

    fn took(&mut self, frame: Frame<Bytes>, now: Mono) -> Result<Frame<Bytes>, Fault> {
        if let Some(data) = frame.data_ref() {
            if self.bytes == 0
                && let Some(most) = self.limits.stream
            {
                self.limits.end = now.plus(most);
            }
            self.bytes = self.bytes.saturating_add(data.len() as u64);
            if self.bytes > self.limits.bytes_max {
                return Err(self.broke(Fault::BodyTooLarge));
            }
            if let Some(Err(fault)) = self.gauge.as_mut().map(|gauge| gauge.pass(data)) {
                return Err(self.broke(fault));
            }
        }
        // Nothing comes after trailers, and nobody asks again.
        if self.incoming.is_end_stream() || frame.is_trailers() {
            self.ended(now);
        }
        Ok(frame)
    }

    fn ended(&mut self, now: Mono) {
        self.over = true;
        if let Some(connection) = self.connection.take()
            && self.reusable
        {
            self.origin.give_back(connection, now);
        }
    }

    fn broke(&mut self, fault: Fault) -> Fault {
        self.over = true;
        self.connection = None;
        fault
    }
}

impl fmt::Debug for OwnBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnBody")
            .field("bytes", &self.bytes)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
