//! Counts what passes a connection, so that every failure knows how much of the request was sent.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use outwright_core::outcome::Sent;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::ear::Ear;

/// Bytes that may come before a response head, interim (1xx) heads included, in bytes (chosen: four heads).
const BEFORE_HEAD_BYTES_MAX: u64 = 256 * 1024;

/// What passed a connection since its present request began.
#[derive(Debug, Default)]
pub(super) struct Meter {
    written: Cell<u64>,
    body_taken: Cell<bool>,
    streams: Cell<bool>,
    flushed: Cell<bool>,
    before_head: Cell<u64>,
    awaits_head: Cell<bool>,
    flooded: Cell<bool>,
    /// Since when the peer takes nothing, and how much it had taken then.
    stuck: Cell<Option<(Instant, u64)>>,
}

impl Meter {
    /// A request begins; `streams` if its body comes from a caller who has not handed in all of it.
    pub(super) fn begin(&self, streams: bool) {
        self.written.set(0);
        self.streams.set(streams);
        self.body_taken.set(false);
        self.flushed.set(false);
        self.before_head.set(0);
        self.awaits_head.set(true);
        self.stuck.set(None);
    }

    /// The last byte of the request was handed to the codec.
    pub(super) fn body_taken(&self) {
        self.body_taken.set(true);
    }

    /// The response head is here.
    pub(super) fn head_is_here(&self) {
        self.awaits_head.set(false);
    }

    /// Whether the caller has not handed in all of the body yet.
    pub(super) fn awaits_caller(&self) -> bool {
        self.streams.get() && !self.body_taken.get()
    }

    /// How much of the request left the process.
    pub(super) fn sent(&self) -> Sent {
        if self.written.get() == 0 {
            Sent::Nothing
        } else if self.flushed.get() {
            Sent::All
        } else {
            Sent::Part
        }
    }

    /// Whether the peer sent more before its head than it may.
    pub(super) fn flooded(&self) -> bool {
        self.flooded.get()
    }

    /// Bytes that came until the head was there, what followed it in the same read included.
    pub(super) fn came_with_head(&self) -> u64 {
        self.before_head.get()
    }

    /// Since when the peer takes no byte although there are some to send.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        self.stuck.get().map(|(since, _)| since)
    }

    fn wrote(&self, polled: &Poll<io::Result<usize>>) {
        match polled {
            Poll::Ready(Ok(bytes)) => {
                self.written.set(self.written.get() + *bytes as u64);
                self.stuck.set(None);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let written = self.written.get();
                if self.stuck.get().is_none_or(|(_, before)| before != written) {
                    self.stuck.set(Some((Instant::now(), written)));
                }
            }
        }
    }
}

/// A stream that is metered.
#[derive(Debug)]
pub(super) struct Metered<S> {
    stream: S,
    meter: Rc<Meter>,
    ear: Ear,
}

impl<S> Metered<S> {
    /// Meters a stream.
    pub(super) fn new(stream: S, meter: Rc<Meter>) -> Self {
        Self { stream, meter, ear: Ear::default() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let Self { stream, ear, .. } = &mut *self;
        let polled = ear.read(cx, |cx| Pin::new(stream).poll_read(cx, buffer));
        if self.meter.awaits_head.get() {
            let more = (buffer.filled().len() - before) as u64;
            let all = self.meter.before_head.get() + more;
            self.meter.before_head.set(all);
            if all > BEFORE_HEAD_BYTES_MAX {
                self.meter.flooded.set(true);
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.meter.wrote(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.meter.wrote(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        match &polled {
            // The codec flushes only when its own buffer is empty.
            Poll::Ready(Ok(())) => self.meter.flushed.set(self.meter.body_taken.get()),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.meter.wrote(&Poll::Pending),
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
