//! One request on one connection, up to its response head.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use outwright_core::outcome::{Fault, Sent};
use tokio::time::{Instant, Sleep};

use super::Limited;
use super::body::SendBody;
use super::connection::{Connection, First};
use super::meter::Meter;
use crate::clock::Clock;

/// The largest status (RFC 9110 section 15: what is beyond is invalid).
pub(super) const STATUS_MAX: u16 = 599;

/// Bytes of a response head (R-560: 64 KiB).
const HEAD_BYTES_MAX: u64 = 64 * 1024;
/// Bytes of one line of a response head (R-560: 16 KiB).
const LINE_BYTES_MAX: u64 = 16 * 1024;

/// A request that got no head.
#[derive(Debug)]
pub(crate) struct Failed {
    /// How much of it left the process.
    pub(crate) sent: Sent,
    /// Why.
    pub(crate) fault: Fault,
    /// The request, where it was not used.
    pub(crate) unused: Option<Box<Request<SendBody>>>,
}

/// A response whose body is still on its connection.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) response: Response<Incoming>,
    pub(super) connection: Box<Connection>,
    /// What it may take.
    pub(super) limited: Limited,
    /// How much of the request had left by then.
    pub(super) sent: Sent,
    /// Whether the connection may carry another request after the body.
    pub(super) reusable: bool,
}

/// A request on its way to its response head. What the codec gives for it stands beside it, and is polled through it.
///
/// The two are not one future: it would be carried along twice, as what is waited for and as what was handed in.
#[derive(Debug)]
pub(crate) struct Exchange {
    connection: Box<Connection>,
    limited: Limited,
    clock: Clock,
    /// Requests that the connection had carried before.
    carried: u32,
}

/// What the codec gives for a request.
pub(crate) type Given = Result<Response<Incoming>, TrySendError<Request<SendBody>>>;

impl Exchange {
    /// Hands a request to the codec of its connection, and with it all that will be needed of it.
    pub(super) fn begin(
        mut connection: Box<Connection>,
        mut request: Request<SendBody>,
        (limited, clock): (Limited, Clock),
    ) -> (Self, impl Future<Output = Given>) {
        request.body_mut().on(&connection.meter);
        let carried = connection.carried;
        connection.carried = carried.saturating_add(1);
        connection.timer.as_mut().reset(clock.instant(limited.first_look()));
        let given = connection.sender.try_send_request(request);
        (Self { connection, limited, clock, carried }, given)
    }

    /// Lets the codec work on it, until there is a head or a limit has passed.
    pub(crate) fn poll(
        &mut self,
        mut given: Pin<&mut impl Future<Output = Given>>,
        cx: &Context<'_>,
    ) -> Poll<Result<Given, Fault>> {
        let (limited, clock) = (self.limited, self.clock);
        let Connection { codec, meter, timer, .. } = &mut *self.connection;
        codec.poll(cx, First::Turn, |cx| {
            if let Poll::Ready(given) = given.as_mut().poll(cx) {
                return Poll::Ready(Ok(given));
            }
            late(timer.as_mut(), meter, (&limited, clock), cx).map(Err)
        })
    }

    /// What came of it; a connection that fails is dropped with whatever went wrong on it.
    pub(super) fn end(self, given: Result<Given, Fault>) -> Result<Arrived, Failed> {
        let Self { connection, carried, limited, .. } = self;
        let meter = &connection.meter;
        meter.head_is_here();
        let sent = meter.sent();
        match given {
            // The connection goes, and what is still in its codec's own buffer with it: nothing leaves after this.
            Err(fault) => Err(Failed { sent, fault, unused: None }),
            Ok(Err(mut error)) => {
                let unused = error.take_message().map(Box::new);
                let sent = if unused.is_some() { Sent::Nothing } else { sent };
                let fault = fault(&error.into_error(), meter, (sent, carried));
                Err(Failed { sent, fault, unused })
            }
            Ok(Ok(mut response)) => {
                let odd = match look(&mut response, limited.bytes_max) {
                    Ok(odd) => odd,
                    Err(fault) => return Err(Failed { sent, fault, unused: None }),
                };
                if meter.came_with_head() > LINE_BYTES_MAX && is_too_large(response.headers()) {
                    return Err(Failed { sent, fault: Fault::HeadTooLarge, unused: None });
                }
                let reusable = sent == Sent::All && !odd;
                Ok(Arrived { response, connection, limited, sent, reusable })
            }
        }
    }
}

/// Whether a head has more bytes than it may, in all or in one line; the codec's own bound is not so fine.
pub(super) fn is_too_large(headers: &HeaderMap) -> bool {
    // A colon, a space and the line's end, as they are usually written.
    let lines = headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64);
    let (all, longest) = lines.fold((0, 0), |(all, longest), line| (all + line, line.max(longest)));
    all > HEAD_BYTES_MAX || longest > LINE_BYTES_MAX
}

/// Which limit has passed. The timer stands at the earliest that may; one that may not yet moves on.
fn late(
    mut timer: Pin<&mut Sleep>,
    meter: &Meter,
    (limited, clock): (&Limited, Clock),
    cx: &mut Context<'_>,
) -> Poll<Fault> {
    ready!(timer.as_mut().poll(cx));
    let (head, idle) = (clock.instant(limited.head()), limited.limits.idle);
    loop {
        let now = Instant::now();
        let stuck = meter.stuck_since();
        if stuck.is_some_and(|since| since + idle <= now) {
            return Poll::Ready(Fault::WriteTimeout);
        }
        if head <= now && stuck.is_none() && meter.awaits_caller() {
            return Poll::Ready(Fault::RequestBroken);
        }
        if head <= now {
            return Poll::Ready(Fault::FirstByteTimeout);
        }
        timer.as_mut().reset(head.min(stuck.unwrap_or(now) + idle));
        ready!(timer.as_mut().poll(cx));
    }
}

/// What the codec's error means; kinds only, never its text.
fn fault(error: &hyper::Error, meter: &Meter, (sent, carried): (Sent, u32)) -> Fault {
    if meter.flooded() || error.is_parse_too_large() {
        Fault::HeadTooLarge
    } else if error.is_parse() {
        Fault::Malformed
    } else if error.is_user() {
        Fault::RequestBroken
    } else if sent == Sent::Nothing && carried > 0 {
        Fault::StaleConnection
    } else {
        Fault::Reset
    }
}

/// Whether the connection is to be closed after this reply; or why the reply is not usable.
fn look(response: &mut Response<Incoming>, bytes_max: u64) -> Result<bool, Fault> {
    // Nothing asks for another protocol, so nobody may switch; and there is no sixth class (RFC 9110 section 15).
    let status = response.status();
    if status == StatusCode::SWITCHING_PROTOCOLS || status.as_u16() > STATUS_MAX {
        return Err(Fault::Malformed);
    }
    // what is misdirected is sent again on a connection that was made for it.
    let misdirected = status == StatusCode::MISDIRECTED_REQUEST;
    let size = response.body().size_hint();
    if size.lower() > bytes_max {
        return Err(Fault::BodyTooLarge);
    }
    let headers = response.headers_mut();
    if size.exact().is_some() {
        if headers.len() == headers.keys_len() {
            // No field stands twice.
            return Ok(misdirected);
        }
        // Twice the same length is one length; it goes on once.
        let mut lengths = headers.get_all(CONTENT_LENGTH).into_iter();
        if let (Some(length), Some(_)) = (lengths.next(), lengths.next()) {
            let length = length.clone();
            headers.insert(CONTENT_LENGTH, length);
            return Ok(true);
        }
        return Ok(misdirected);
    }
    // A coding that is not understood hides where the body ends: RFC 9112 section 6.3 would read to the end of the stream.
    let mut codings = headers.get_all(TRANSFER_ENCODING).into_iter();
    match (codings.next(), codings.next()) {
        (None, None) => Ok(misdirected),
        // Both at once may be an attempt at response splitting; the length does not count.
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            Ok(headers.remove(CONTENT_LENGTH).is_some() || misdirected)
        }
        (_, _) => Err(Fault::Malformed),
    }
}
