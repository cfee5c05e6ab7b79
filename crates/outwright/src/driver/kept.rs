//! The last real reply, kept while another attempt is made: the caller gets it if nothing better comes.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::response::Parts;
use http_body::SizeHint;
use outwright_core::limits::PREFIX_BYTES_MAX;
use outwright_core::outcome::{AttemptNo, Fault};

use super::memory::Held;
use crate::transport::WireBody;

/// Largest reply that is kept, in bytes (chosen: as much as an error rule may look at).
const KEPT_BYTES_MAX: usize = PREFIX_BYTES_MAX;

/// A reply whose body is on its connection, with the part that was read already.
pub(super) struct Live {
    pub(super) attempt: AttemptNo,
    /// Until it is relayed.
    pub(super) head: Option<Parts>,
    /// What was read of the body already; in a box, since few replies are looked into.
    pub(super) read: Option<Box<Beginning>>,
    pub(super) rest: WireBody,
}

/// The parts of a body that were read before it is relayed.
#[derive(Default)]
pub(super) struct Beginning {
    pub(super) parts: VecDeque<Bytes>,
}

/// A reply that is kept.
pub(super) struct Kept {
    pub(super) attempt: AttemptNo,
    pub(super) head: Parts,
    state: State,
    /// Its bytes, taken of what the process may keep.
    held: Held,
}

enum State {
    /// Still being read; gives its connection back when it is over.
    Reading(VecDeque<Bytes>, WireBody),
    /// All there.
    Whole(Bytes),
    /// It broke off, or was too large: there is no whole reply to show.
    Lost,
}

impl Live {
    /// A reply that has arrived.
    pub(super) const fn new(attempt: AttemptNo, head: Parts, rest: WireBody) -> Self {
        Self { attempt, head: Some(head), read: None, rest }
    }

    /// Reads the beginning of the body, up to a bound, its end, or the end of the room that there is for it.
    pub(super) async fn peek(&mut self, bytes_max: usize, held: &mut Held) -> Result<Bytes, Fault> {
        let rest = &mut self.rest;
        let read = &mut self.read.get_or_insert_default().parts;
        std::future::poll_fn(|cx| {
            while size(read) < bytes_max && !rest.is_over() {
                match rest.poll_part(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(Err(fault))) => return Poll::Ready(Err(fault)),
                    Poll::Ready(None) => {}
                    Poll::Ready(Some(Ok(frame))) => read.extend(frame.into_data()),
                }
                if held.grow(size(read)).is_none() {
                    break;
                }
            }
            Poll::Ready(Ok(()))
        })
        .await?;
        let mut prefix = joined(read);
        prefix.truncate(bytes_max);
        Ok(prefix)
    }

    /// Whether there is nothing of it, and nothing will come.
    pub(super) fn is_empty(&self) -> bool {
        self.read.as_ref().is_none_or(|read| read.parts.is_empty()) && self.rest.is_over()
    }

    /// What is known of the size of what is left of it.
    pub(super) fn size(&self) -> SizeHint {
        let rest = self.rest.size();
        let read = self.read.as_ref().map_or(0, |read| size(&read.parts)) as u64;
        if read == 0 {
            return rest;
        }
        let mut hint = SizeHint::new();
        hint.set_lower(read.saturating_add(rest.lower()));
        if let Some(upper) = rest.upper() {
            hint.set_upper(read.saturating_add(upper));
        }
        hint
    }

    /// Keeps it, as far as it is small and there is room for it.
    pub(super) fn keep(self, mut held: Held) -> Option<Box<Kept>> {
        let read = self.read.map(|read| read.parts).unwrap_or_default();
        held.grow(size(&read))?;
        let state = State::Reading(read, self.rest);
        Some(Box::new(Kept { attempt: self.attempt, head: self.head?, state, held }))
    }
}

impl Kept {
    /// Reads on, while there is something to read.
    pub(super) fn read_on(&mut self, cx: &mut Context<'_>) {
        let State::Reading(read, rest) = &mut self.state else { return };
        let lost = loop {
            if rest.is_over() {
                break false;
            }
            match rest.poll_part(cx) {
                Poll::Pending => return,
                Poll::Ready(None) => break false,
                Poll::Ready(Some(Err(_))) => break true,
                Poll::Ready(Some(Ok(frame))) => read.extend(frame.into_data()),
            }
            let bytes = size(read);
            if bytes > KEPT_BYTES_MAX || self.held.grow(bytes).is_none() {
                break true;
            }
        };
        self.state = if lost { State::Lost } else { State::Whole(joined(read)) };
    }

    /// The whole reply; none when it was not whole in time.
    pub(super) fn whole(self: Box<Self>) -> Option<(Parts, Bytes)> {
        match self.state {
            State::Whole(bytes) => Some((self.head, bytes)),
            State::Reading(..) | State::Lost => None,
        }
    }

    /// Whether there is nothing more to read.
    pub(super) const fn is_settled(&self) -> bool {
        match self.state {
            State::Reading(..) => false,
            State::Whole(_) | State::Lost => true,
        }
    }
}

fn size(parts: &VecDeque<Bytes>) -> usize {
    parts.iter().map(Bytes::len).sum()
}

fn joined(parts: &VecDeque<Bytes>) -> Bytes {
    if let (1, Some(only)) = (parts.len(), parts.front()) {
        return only.clone();
    }
    let mut whole = BytesMut::with_capacity(size(parts));
    for part in parts {
        whole.extend_from_slice(part);
    }
    whole.freeze()
}
