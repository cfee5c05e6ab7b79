//! The body of a response, whatever the protocol it comes in.

use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use outwright_core::outcome::Fault;
use outwright_core::time::Mono;

use super::inflate::Gauge;
use super::reply::OwnBody;
use super::stream::StreamBody;

/// A response body on its way.
#[derive(Debug)]
pub(crate) enum WireBody {
    /// On a connection of its own.
    Own(OwnBody),
    /// On a stream beside others.
    Stream(Box<StreamBody>),
}

impl WireBody {
    /// The next part, the end, or what went wrong; after either of the last two there is nothing more.
    pub(crate) fn poll_part(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        match self {
            Self::Own(body) => body.poll_part(cx),
            Self::Stream(body) => body.poll_part(cx),
        }
    }

    /// Whether it is over, well or not.
    pub(crate) const fn is_over(&self) -> bool {
        match self {
            Self::Own(body) => body.is_over(),
            Self::Stream(body) => body.is_over(),
        }
    }

    /// When it was last asked for a part, or found to have none.
    pub(crate) const fn asked_at(&self) -> Mono {
        match self {
            Self::Own(body) => body.asked_at(),
            Self::Stream(body) => body.asked_at(),
        }
    }

    /// Whether it ran out of time because its caller did not take it.
    pub(crate) const fn was_not_taken(&self) -> bool {
        match self {
            Self::Own(body) => body.was_not_taken(),
            Self::Stream(body) => body.was_not_taken(),
        }
    }

    /// Looks at every part that is still to come.
    pub(crate) fn look_with(&mut self, gauge: Box<Gauge>) {
        match self {
            Self::Own(body) => body.look_with(gauge),
            Self::Stream(body) => body.look_with(gauge),
        }
    }

    /// What is known of its size.
    pub(crate) fn size(&self) -> SizeHint {
        match self {
            Self::Own(body) => body.size(),
            Self::Stream(body) => body.size(),
        }
    }
}
