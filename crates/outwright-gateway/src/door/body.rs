//! The body of an answer: a provider's, relayed, or a document of our own.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use outwright::{BrokenOff, Held, Own, ReplyBody};

use crate::guard::Watch;

/// The body of an answer; it tells the connection's watch when the call is over.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    source: Source,
    watch: Rc<Watch>,
}

#[derive(Debug)]
enum Source {
    /// The provider's: it streams.
    Reply(ReplyBody),
    /// Our own: all there, until it is taken.
    Own(Option<Bytes>),
    /// The provider's, of which the beginning was read; in a box, since it is rare.
    Read(Box<Read>),
}

/// A provider's body of which the beginning was read.
#[derive(Debug)]
struct Read {
    first: Bytes,
    then: Then,
    /// Its bytes, taken of what the process may keep.
    held: Held,
}

/// What comes behind what was read.
#[derive(Debug)]
enum Then {
    /// More of it.
    Rest(ReplyBody),
    /// Nothing, or trailers.
    Trailers(Option<HeaderMap>),
}

impl AnswerBody {
    /// Relays a provider's body.
    pub(super) fn reply(body: ReplyBody, watch: Rc<Watch>) -> Self {
        Self { source: Source::Reply(body), watch }
    }

    /// Sends a document of our own.
    pub(super) fn own(document: Vec<u8>, watch: Rc<Watch>) -> Self {
        Self { source: Source::Own(Some(document.into())), watch }
    }

    /// Reads a provider's body, up to a bound or the end of the room that there is; what was read comes again when it
    /// is polled.
    ///
    /// Answers all of it, unless it is larger.
    ///
    /// # Errors
    ///
    /// It broke off: what is to be answered instead, in [`AnswerBody::answer`].
    pub(super) async fn read(
        &mut self,
        bytes_max: usize,
        mut held: Held,
    ) -> Result<Option<Bytes>, Box<Own>> {
        let mut body = match std::mem::replace(&mut self.source, Source::Own(None)) {
            Source::Reply(body) => body,
            other @ (Source::Own(_) | Source::Read(_)) => {
                self.source = other;
                return Ok(None);
            }
        };
        let (mut first, mut trailers) = (BytesMut::new(), None);
        let then = loop {
            // Twice: what it is turned into stands beside it.
            if first.len() > bytes_max || held.grow(first.len().saturating_mul(2)).is_none() {
                break Then::Rest(body);
            }
            match poll_fn(|cx| body.poll_withheld(cx)).await {
                None => break Then::Trailers(trailers),
                Some(Err(instead)) => return Err(instead),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => first.extend_from_slice(&data),
                    Err(frame) => trailers = frame.into_trailers().ok(),
                },
            }
        };
        let first = first.freeze();
        let whole = matches!(then, Then::Trailers(_)).then(|| first.clone());
        self.source = Source::Read(Box::new(Read { first, then, held }));
        Ok(whole)
    }

    /// Answers with a document of our own, in the place of the provider's body.
    pub(super) fn answer(&mut self, document: Vec<u8>) {
        self.source = Source::Own(Some(document.into()));
    }

    /// Puts something in the place of what was read.
    pub(super) fn replace(&mut self, bytes: Bytes) {
        if let Source::Read(read) = &mut self.source {
            read.held.shrink(bytes.len());
            read.first = bytes;
        }
    }
}

impl Read {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if !self.first.is_empty() {
            self.held.shrink(0);
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.first)))));
        }
        match &mut self.then {
            Then::Rest(body) => Pin::new(body).poll_frame(cx),
            Then::Trailers(trailers) => {
                Poll::Ready(trailers.take().map(|all| Ok(Frame::trailers(all))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty()
            && match &self.then {
                Then::Rest(body) => body.is_end_stream(),
                Then::Trailers(trailers) => trailers.is_none(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.len() as u64;
        let rest = match &self.then {
            Then::Rest(body) => body.size_hint(),
            Then::Trailers(_) => SizeHint::with_exact(0),
        };
        let mut hint = SizeHint::new();
        hint.set_lower(first.saturating_add(rest.lower()));
        if let Some(upper) = rest.upper() {
            hint.set_upper(first.saturating_add(upper));
        }
        hint
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.watch.call_ends();
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = <ReplyBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.source {
            Source::Reply(body) => Pin::new(body).poll_frame(cx),
            Source::Own(document) => Poll::Ready(document.take().map(|all| Ok(Frame::data(all)))),
            Source::Read(read) => read.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Reply(body) => body.is_end_stream(),
            Source::Own(document) => document.is_none(),
            Source::Read(read) => read.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Reply(body) => body.size_hint(),
            Source::Own(document) => {
                SizeHint::with_exact(document.as_ref().map_or(0, |all| all.len() as u64))
            }
            Source::Read(read) => read.size_hint(),
        }
    }
}
