//! The request body as it goes to the provider.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::meter::Meter;

/// Why a caller's body broke off. Its text is never shown.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A request body that is sent as it comes, once.
pub(crate) type Streamed = Pin<Box<dyn Body<Data = Bytes, Error = Cause>>>;

/// A request body on its way; tells the meter when its last byte was taken.
pub(crate) struct SendBody {
    bytes: Source,
    meter: Option<Rc<Meter>>,
}

enum Source {
    /// Nothing, or nothing any more.
    Empty,
    /// All there.
    Kept(Bytes),
    /// Larger than what is kept.
    Streamed(Streamed),
}

impl SendBody {
    /// A body that is all there.
    pub(crate) fn kept(bytes: Bytes) -> Self {
        let bytes = if bytes.is_empty() { Source::Empty } else { Source::Kept(bytes) };
        Self { bytes, meter: None }
    }

    /// A body that comes.
    pub(crate) fn streamed(body: Streamed) -> Self {
        Self { bytes: Source::Streamed(body), meter: None }
    }

    /// Goes onto this connection.
    pub(super) fn on(&mut self, meter: &Rc<Meter>) {
        meter.begin(matches!(self.bytes, Source::Streamed(_)));
        if self.is_end_stream() {
            meter.body_taken();
        }
        self.meter = Some(Rc::clone(meter));
    }

    fn taken(&self) {
        if let Some(meter) = &self.meter {
            meter.body_taken();
        }
    }
}

impl fmt::Debug for SendBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendBody").finish_non_exhaustive()
    }
}

impl Body for SendBody {
    type Data = Bytes;
    type Error = Cause;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cause>>> {
        let polled = match &mut self.bytes {
            Source::Empty => Poll::Ready(None),
            Source::Kept(bytes) => {
                let bytes = std::mem::take(bytes);
                self.bytes = Source::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Source::Streamed(body) => body.as_mut().poll_frame(cx),
        };
        if polled.is_ready() && self.is_end_stream() || matches!(polled, Poll::Ready(None)) {
            self.taken();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.bytes {
            Source::Empty => true,
            Source::Kept(_) => false,
            Source::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            Source::Empty => SizeHint::with_exact(0),
            Source::Kept(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Streamed(body) => body.size_hint(),
        }
    }
}
