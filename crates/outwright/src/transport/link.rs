//! HTTP/2 to a provider: one connection per core, shared by its calls.
//!
//! A task drives the connection; a call holds a sender and, later, its own stream. What is known of a failure comes
//! from the protocol alone: a stream that was refused, or that stands above the last one of a GOAWAY, was not
//! processed (RFC 9113 section 8.7); of every other stream that was begun nobody knows.

use std::cell::Cell;
use std::fmt;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::response::Parts;
use http::{HeaderMap, Request, Uri, Version, header};
use http_body::Body;
use outwright_core::outcome::{Fault, Sent};
use outwright_core::time::Mono;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use super::Limited;
use super::body::SendBody;
use super::limits::{AGE_MAX, CONNECTION_WINDOW, HEAD_BYTES_MAX, SEND_BYTES_MAX, STREAM_WINDOW};
use super::pulse::{Heard, Pulse, drive};
use super::send::Failed;
use crate::clock::Clock;

/// A connection with its sender.
pub(crate) struct Link {
    sender: SendRequest<Bytes>,
    pulse: Rc<Pulse>,
    born: Mono,
    /// Streams that it has carried.
    carried: Cell<u64>,
    /// The peer wants HTTP/1.1.
    wants_older: Cell<bool>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("carried", &self.carried.get()).finish_non_exhaustive()
    }
}

/// A call that is under way on a connection, which outlives it.
pub(super) struct Passage(Rc<Link>);

impl Passage {
    /// It begins.
    pub(super) fn on(link: Rc<Link>) -> Self {
        link.pulse.enter();
        Self(link)
    }

    /// It ran out of time; nothing may have been heard of the peer since then.
    pub(super) fn doubt(&self, since: Mono) {
        self.0.pulse.doubt(since);
    }

    /// What it is on.
    pub(super) fn link(&self) -> &Link {
        &self.0
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.0.pulse.leave();
    }
}

/// A response head on its stream.
pub(super) struct Answered {
    pub(super) head: Parts,
    pub(super) stream: RecvStream,
    /// What of the request body is still to be sent.
    pub(super) rest: Option<Upload>,
}

impl Link {
    /// Opens HTTP/2 on a stream on which it was agreed.
    pub(super) async fn on<S>(stream: S, clock: Clock) -> Result<Rc<Self>, Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let pulse = Pulse::new(clock);
        let opened = Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEAD_BYTES_MAX)
            .max_send_buffer_size(SEND_BYTES_MAX)
            .handshake::<_, Bytes>(Heard::new(stream, &pulse))
            .await;
        let (sender, connection) = opened.map_err(|_| Fault::Reset)?;
        // It ends when the peer closes it or is gone, or when the last sender and stream are gone.
        drop(tokio::task::spawn_local(drive(connection, Rc::clone(&pulse))));
        let (carried, wants_older) = (Cell::new(0), Cell::new(false));
        Ok(Rc::new(Self { sender, pulse, born: clock.mono(), carried, wants_older }))
    }

    /// Whether it has carried no request yet.
    pub(crate) fn is_new(&self) -> bool {
        self.carried.get() == 0
    }

    /// Whether the peer said that it wants HTTP/1.1.
    pub(super) fn wants_older(&self) -> bool {
        self.wants_older.get()
    }

    /// Whether it may take another request.
    pub(super) fn is_good(&self, now: Mono) -> bool {
        !self.pulse.is_over() && now.since(self.born) < AGE_MAX
    }

    /// Whether its peer was heard a moment ago.
    pub(super) fn is_recent(&self, now: Mono) -> bool {
        self.pulse.is_recent(now)
    }

    /// Asks the peer whether it is still there, until then.
    pub(super) async fn answers(&self, until: Instant) -> bool {
        self.pulse.answers(until).await
    }

    /// Sends a request on a stream of its own, and waits for the head.
    pub(super) async fn exchange(
        &self,
        request: Request<SendBody>,
        (limited, clock): (Limited, Clock),
    ) -> Result<Answered, Failed> {
        let now = limited.now;
        let head = clock.instant(limited.head());
        // A peer may allow no further stream for a while; nothing has left until it does.
        let sender = match timeout_at(head, self.sender.clone().ready()).await {
            Ok(Ok(sender)) => sender,
            Ok(Err(_)) => {
                self.pulse.end();
                return Err(unsent(Fault::StaleConnection, Some(request)));
            }
            Err(_) => return Err(unsent(Fault::FirstByteTimeout, Some(request))),
        };
        self.carried.set(self.carried.get().saturating_add(1));
        let (response, upload) = match begin(sender, request) {
            Ok(begun) => begun,
            Err(failed) => return Err(failed),
        };
        let timer = Box::pin(sleep_until(head));
        let idle = limited.limits.idle;
        let mut exchange = Exchange { response, upload, timer, head, idle };
        let answered = poll_fn(|cx| exchange.poll(cx, &self.wants_older)).await;
        match answered {
            Ok((head, stream)) => {
                let rest = exchange.upload.filter(|upload| !upload.done);
                Ok(Answered { head, stream, rest })
            }
            // The stream is dropped here, which resets it: nothing leaves after this.
            Err(fault) => {
                if fault.is_late() {
                    self.pulse.doubt(now);
                }
                Err(Failed { sent: sent(fault), fault, unused: None })
            }
        }
    }
}

fn unsent(fault: Fault, unused: Option<Request<SendBody>>) -> Failed {
    Failed { sent: Sent::Nothing, fault, unused: unused.map(Box::new) }
}

/// How much may have reached the peer: the frames are the codec's by then, whatever it did with them.
fn sent(fault: Fault) -> Sent {
    let untouched = fault == Fault::RefusedStream || fault == Fault::GoneAway;
    if untouched { Sent::Nothing } else { Sent::All }
}

/// Hands the head over, in the form that the protocol wants.
fn begin(
    mut sender: SendRequest<Bytes>,
    request: Request<SendBody>,
) -> Result<(ResponseFuture, Option<Upload>), Failed> {
    let (mut head, body) = request.into_parts();
    head.version = Version::HTTP_2;
    // It may name `te`, which needs no naming here (RFC 9113 section 8.2.2).
    head.headers.remove(header::CONNECTION);
    let authority = head.headers.remove(header::HOST);
    let authority = authority.and_then(|host| host.to_str().ok()?.parse().ok());
    let mut uri = head.uri.into_parts();
    uri.scheme = Some(http::uri::Scheme::HTTPS);
    uri.authority = authority;
    let Ok(uri) = Uri::from_parts(uri) else { return Err(unsent(Fault::RequestBroken, None)) };
    head.uri = uri;
    if let Some(length) = body.size_hint().exact().filter(|length| *length > 0) {
        head.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    let over = body.is_end_stream();
    match sender.send_request(Request::from_parts(head, ()), over) {
        Ok((response, stream)) => {
            let upload = Upload { body, stream, part: Bytes::new(), done: over, stuck: None };
            Ok((response, (!over).then_some(upload)))
        }
        Err(error) => {
            let fault = fault(&error);
            let sent =
                if error.is_go_away() || error.is_io() { Sent::Nothing } else { sent(fault) };
            Err(Failed { sent, fault, unused: None })
        }
    }
}

/// What a stream's error means.
pub(super) fn fault(error: &h2::Error) -> Fault {
    let refused = error.reason() == Some(Reason::REFUSED_STREAM);
    let other_version = error.reason() == Some(Reason::HTTP_1_1_REQUIRED);
    if error.is_reset() && error.is_remote() && (refused || other_version) {
        Fault::RefusedStream
    } else if error.is_go_away() && error.is_remote() {
        // The codec tells a GOAWAY only to the streams above its last one.
        Fault::GoneAway
    } else if error.is_reset() && error.is_remote() {
        Fault::StreamReset
    } else if error.is_io() {
        Fault::Reset
    } else {
        // The codec found the peer's frames wrong.
        Fault::Malformed
    }
}

/// A request on its stream, until its head is there.
struct Exchange {
    response: ResponseFuture,
    upload: Option<Upload>,
    timer: Pin<Box<Sleep>>,
    /// The head must be here by then.
    head: Instant,
    /// The peer must take a byte at least this often while there are some to send.
    idle: Duration,
}

impl Exchange {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        wants_older: &Cell<bool>,
    ) -> Poll<Result<(Parts, RecvStream), Fault>> {
        if let Poll::Ready(answered) = Pin::new(&mut self.response).poll(cx) {
            let answered = answered.map_err(|error| {
                if error.reason() == Some(Reason::HTTP_1_1_REQUIRED) {
                    wants_older.set(true);
                }
                fault(&error)
            })?;
            let (head, stream) = answered.into_parts();
            return Poll::Ready(Ok((head, stream)));
        }
        if let Some(upload) = &mut self.upload
            && let Poll::Ready(Err(fault)) = upload.poll(cx)
        {
            return Poll::Ready(Err(fault));
        }
        let stuck = self.upload.as_ref().and_then(|upload| upload.stuck);
        let stuck = stuck.map(|since| since + self.idle);
        let until = stuck.map_or(self.head, |stuck| stuck.min(self.head));
        if self.timer.deadline() != until {
            self.timer.as_mut().reset(until);
        }
        ready!(self.timer.as_mut().poll(cx));
        let waits =
            self.upload.as_ref().is_some_and(|upload| !upload.done && upload.stuck.is_none());
        Poll::Ready(Err(match stuck {
            Some(stuck) if stuck <= Instant::now() => Fault::WriteTimeout,
            // The caller has not handed in all of its body.
            Some(_) | None if waits => Fault::RequestBroken,
            Some(_) | None => Fault::FirstByteTimeout,
        }))
    }
}

/// A request body on its way into its stream.
pub(super) struct Upload {
    body: SendBody,
    stream: SendStream<Bytes>,
    part: Bytes,
    pub(super) done: bool,
    /// Since when the peer gives no room although there is something to send.
    stuck: Option<Instant>,
}

impl Upload {
    /// Sends what can be sent; ready at its end, or when it can go no further.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        loop {
            if self.done {
                return Poll::Ready(Ok(()));
            }
            if self.part.is_empty() {
                match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(data) => self.part = data,
                        Err(frame) => {
                            let trailers = frame.into_trailers().unwrap_or_default();
                            self.done = true;
                            return Poll::Ready(self.end(trailers));
                        }
                    },
                    Some(Err(_)) => {
                        self.stream.send_reset(Reason::CANCEL);
                        return Poll::Ready(Err(Fault::RequestBroken));
                    }
                    None => {
                        self.done = true;
                        return Poll::Ready(self.end(HeaderMap::new()));
                    }
                }
                if self.part.is_empty() {
                    continue;
                }
            }
            self.stream.reserve_capacity(self.part.len());
            let room = match self.stream.poll_capacity(cx) {
                Poll::Pending => {
                    self.stuck.get_or_insert_with(Instant::now);
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(room))) => room,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(fault(&error))),
                // The stream takes no more: its answer says why.
                Poll::Ready(None) => {
                    self.done = true;
                    return Poll::Ready(Ok(()));
                }
            };
            self.stuck = None;
            let part = self.part.split_to(room.min(self.part.len()));
            self.done = self.part.is_empty() && self.body.is_end_stream();
            if let Err(error) = self.stream.send_data(part, self.done) {
                return Poll::Ready(Err(fault(&error)));
            }
        }
    }

    fn end(&mut self, trailers: HeaderMap) -> Result<(), Fault> {
        let ended = if trailers.is_empty() {
            self.stream.send_data(Bytes::new(), true)
        } else {
            self.stream.send_trailers(trailers)
        };
        ended.map_err(|error| fault(&error))
    }
}
