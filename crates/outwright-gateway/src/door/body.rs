//! The body of an answer: a provider's, relayed, or a document of our own.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use outwright::ReplyBody;

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
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Reply(body) => body.is_end_stream(),
            Source::Own(document) => document.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Reply(body) => body.size_hint(),
            Source::Own(document) => {
                SizeHint::with_exact(document.as_ref().map_or(0, |all| all.len() as u64))
            }
        }
    }
}
