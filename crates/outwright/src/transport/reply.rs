//! The body of a response as it comes from the provider.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use outwright_core::outcome::Fault;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Origin;
use super::pool::Connection;

/// What a body may take, in time and bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    pub(super) idle: Duration,
    pub(super) end: Instant,
    /// From the first body byte on this rules instead of `end`.
    pub(super) stream: Option<Duration>,
    pub(super) bytes_max: u64,
}

/// A response body on its connection; gives the connection back when it ends as it was declared.
pub(crate) struct WireBody {
    incoming: Incoming,
    connection: Option<Connection>,
    reusable: bool,
    origin: Rc<Origin>,
    limits: BodyLimits,
    bytes: u64,
    over: bool,
    /// Made when there is first something to wait for.
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    slow_caller: bool,
}

impl WireBody {
    /// The body of an arrived response, with its connection and whether that may be used again.
    pub(super) fn new(
        incoming: Incoming,
        (connection, reusable): (Connection, bool),
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
            bytes: 0,
            over: false,
            timer: None,
            waiting: false,
            slow_caller: false,
        };
        if over {
            body.ended();
        }
        body
    }

    /// The next part, the end, or what went wrong; after either of the last two there is nothing more.
    pub(crate) fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if !self.waiting && self.limits.end <= Instant::now() {
            // Nobody asked for the next part in time; what there is of it by now does not matter.
            self.slow_caller = true;
            return Poll::Ready(Some(Err(self.broke(Fault::BodyLate))));
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.waiting = false;
                Poll::Ready(Some(self.took(frame)))
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(self.broke(Fault::BodyTruncated)))),
            Poll::Ready(None) => {
                self.ended();
                Poll::Ready(None)
            }
            Poll::Pending => match self.late(cx) {
                Poll::Ready(fault) => Poll::Ready(Some(Err(self.broke(fault)))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    /// Whether it is over, well or not.
    pub(crate) const fn is_over(&self) -> bool {
        self.over
    }

    /// Whether it ran out of time because its caller did not take it.
    pub(crate) const fn was_not_taken(&self) -> bool {
        self.slow_caller
    }

    /// What is known of its size.
    pub(crate) fn size(&self) -> SizeHint {
        if self.over { SizeHint::with_exact(0) } else { self.incoming.size_hint() }
    }

    fn took(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Fault> {
        if let Some(data) = frame.data_ref() {
            if self.bytes == 0
                && let Some(most) = self.limits.stream
            {
                self.limits.end = Instant::now() + most;
            }
            self.bytes = self.bytes.saturating_add(data.len() as u64);
            if self.bytes > self.limits.bytes_max {
                return Err(self.broke(Fault::BodyTooLarge));
            }
        }
        if self.incoming.is_end_stream() {
            self.ended();
        }
        Ok(frame)
    }

    fn late(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        let end = self.limits.end;
        if !self.waiting {
            self.waiting = true;
            let at = end.min(Instant::now() + self.limits.idle);
            match &mut self.timer {
                Some(timer) => timer.as_mut().reset(at),
                None => self.timer = Some(Box::pin(sleep_until(at))),
            }
        }
        match self.timer.as_mut().map(|timer| timer.as_mut().poll(cx)) {
            Some(Poll::Ready(())) if end <= Instant::now() => Poll::Ready(Fault::BodyLate),
            Some(Poll::Ready(())) => Poll::Ready(Fault::BodyIdle),
            Some(Poll::Pending) | None => Poll::Pending,
        }
    }

    fn ended(&mut self) {
        self.over = true;
        if let Some(connection) = self.connection.take()
            && self.reusable
        {
            self.origin.give_back(connection);
        }
    }

    fn broke(&mut self, fault: Fault) -> Fault {
        self.over = true;
        self.connection = None;
        fault
    }
}

impl fmt::Debug for WireBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireBody")
            .field("bytes", &self.bytes)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
