//! The body of a response: it comes from the thread that carries the call, a few parts ahead of its reader.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use outwright_core::outcome::Fault;
use tokio::sync::mpsc;

use crate::driver::{BrokenOff, ReplyBody};

/// Parts that wait for their reader (chosen: a reader on another thread is not woken for every one).
const PARTS_MAX: usize = 4;

/// The body of a response, streamed as it comes.
///
/// Dropping it gives everything back: slot, connection, memory. A body that nobody reads for as long as the contract's
/// `idle` is cut. Its end is the provider's end, never a cut: that is a [`BrokenOff`].
#[derive(Debug)]
pub struct Body(Source);

#[derive(Debug)]
enum Source {
    Over,
    Parts { parts: mpsc::Receiver<Part>, hint: SizeHint },
}

/// A part of a body on its way.
#[derive(Debug)]
enum Part {
    Frame(Frame<Bytes>),
    End,
    Broken(BrokenOff),
}

/// Where the parts of a body go in.
pub(super) struct Pump {
    parts: mpsc::Sender<Part>,
}

impl Body {
    /// One without a byte.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Source::Over)
    }

    /// A body of which so much is known, and where its parts go in.
    pub(super) fn pumped(hint: SizeHint) -> (Self, Pump) {
        let (sender, parts) = mpsc::channel(PARTS_MAX);
        (Self(Source::Parts { parts, hint }), Pump { parts: sender })
    }
}

impl Pump {
    /// Moves a reply's body to its reader, until one of them ends it; a reader that takes nothing for `idle` is cut off.
    pub(super) async fn run(self, mut body: ReplyBody, idle: Duration) {
        loop {
            // What nobody has room for is not read: the provider is slowed down to its reader.
            let place = tokio::time::timeout(idle, self.parts.reserve()).await;
            let Ok(Ok(place)) = place else { return };
            let frame = tokio::select! {
                biased;
                () = self.parts.closed() => return,
                frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)) => frame,
            };
            match frame {
                Some(Ok(frame)) => place.send(Part::Frame(frame)),
                Some(Err(broken)) => return place.send(Part::Broken(broken)),
                None => return place.send(Part::End),
            }
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let Source::Parts { parts, hint } = &mut self.0 else { return Poll::Ready(None) };
        let part = match parts.poll_recv(cx) {
            Poll::Pending => return Poll::Pending,
            // Nobody said that this is the end.
            Poll::Ready(None) => Part::Broken(BrokenOff(Fault::BodyTruncated)),
            Poll::Ready(Some(part)) => part,
        };
        match part {
            Part::Frame(frame) => {
                took(hint, frame.data_ref().map_or(0, |data| data.len() as u64));
                Poll::Ready(Some(Ok(frame)))
            }
            Part::End => {
                self.0 = Source::Over;
                Poll::Ready(None)
            }
            Part::Broken(broken) => {
                self.0 = Source::Over;
                Poll::Ready(Some(Err(broken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Source::Over)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Over => SizeHint::with_exact(0),
            Source::Parts { hint, .. } => *hint,
        }
    }
}

fn took(hint: &mut SizeHint, bytes: u64) {
    let mut left = SizeHint::new();
    if let Some(upper) = hint.upper() {
        left.set_upper(upper.saturating_sub(bytes));
    }
    left.set_lower(hint.lower().saturating_sub(bytes));
    *hint = left;
}
