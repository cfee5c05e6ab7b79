//! One request on one connection, up to its response head.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use outwright_core::outcome::{Fault, Sent};
use outwright_core::time::Mono;
use tokio::time::{Instant, Sleep};

use super::body::SendBody;
use super::connection::{Connection, First};
use super::meter::Meter;
use crate::clock::Clock;

/// Until when the head may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadLimits {
    /// When there is first something to look at.
    pub(super) first: Instant,
    /// The head must be here by then.
    pub(super) head: Mono,
    /// The peer must take a byte at least this often while there are some to send.
    pub(super) idle: std::time::Duration,
    /// What tells the time.
    pub(super) clock: Clock,
}

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
    /// How much of the request had left by then.
    pub(super) sent: Sent,
    /// Whether the connection may carry another request after the body.
    pub(super) reusable: bool,
}

/// Sends and waits for the head; a connection that fails is dropped with whatever went wrong on it.
///
/// The request is handed to the codec at once, so that it is not carried along by the future.
pub(super) fn exchange(
    mut connection: Box<Connection>,
    mut request: Request<SendBody>,
    limits: HeadLimits,
    bytes_max: u64,
) -> impl Future<Output = Result<Arrived, Failed>> {
    request.body_mut().on(&connection.meter);
    let carried = connection.carried;
    connection.carried = carried.saturating_add(1);
    connection.timer.as_mut().reset(limits.first);
    let sending = connection.sender.try_send_request(request);
    async move {
        let mut sending = pin!(sending);
        let Connection { codec, meter, timer, .. } = &mut *connection;
        let arrived = std::future::poll_fn(|cx| {
            codec.poll(cx, First::Turn, |cx| {
                if let Poll::Ready(output) = sending.as_mut().poll(cx) {
                    return Poll::Ready(Ok(output));
                }
                late(timer.as_mut(), meter, limits, cx).map(Err)
            })
        })
        .await;
        meter.head_is_here();
        let sent = meter.sent();
        match arrived {
            // The connection goes, and what is still in its codec's own buffer with it: nothing leaves after this.
            Err(fault) => Err(Failed { sent, fault, unused: None }),
            Ok(Err(mut error)) => {
                let unused = error.take_message().map(Box::new);
                let sent = if unused.is_some() { Sent::Nothing } else { sent };
                let fault = fault(&error.into_error(), meter, (sent, carried));
                Err(Failed { sent, fault, unused })
            }
            Ok(Ok(response)) => {
                let odd = match look(&response, bytes_max) {
                    Ok(odd) => odd,
                    Err(fault) => return Err(Failed { sent, fault, unused: None }),
                };
                let reusable = sent == Sent::All && !odd;
                Ok(Arrived { response, connection, sent, reusable })
            }
        }
    }
}

/// Which limit has passed. The timer stands at the earliest that may; one that may not yet moves on.
fn late(
    mut timer: std::pin::Pin<&mut Sleep>,
    meter: &Meter,
    limits: HeadLimits,
    cx: &mut Context<'_>,
) -> Poll<Fault> {
    ready!(timer.as_mut().poll(cx));
    let head = limits.clock.instant(limits.head);
    loop {
        let now = Instant::now();
        let stuck = meter.stuck_since();
        if stuck.is_some_and(|since| since + limits.idle <= now) {
            return Poll::Ready(Fault::WriteTimeout);
        }
        if head <= now && stuck.is_none() && meter.awaits_caller() {
            return Poll::Ready(Fault::RequestBroken);
        }
        if head <= now {
            return Poll::Ready(Fault::FirstByteTimeout);
        }
        timer.as_mut().reset(head.min(stuck.unwrap_or(now) + limits.idle));
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
fn look(response: &Response<Incoming>, bytes_max: u64) -> Result<bool, Fault> {
    // Nothing asks for another protocol, so nobody may switch.
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Fault::Malformed);
    }
    let size = response.body().size_hint();
    if size.lower() > bytes_max {
        return Err(Fault::BodyTooLarge);
    }
    // RFC 9112 section 6.3: both at once may be an attempt at response splitting.
    let headers = response.headers();
    let odd = size.exact().is_none()
        && headers.contains_key(TRANSFER_ENCODING)
        && headers.contains_key(CONTENT_LENGTH);
    Ok(odd)
}
