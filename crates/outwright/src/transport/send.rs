//! One request on one connection, up to its response head.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use outwright_core::outcome::{Fault, Sent};
use tokio::time::{Instant, Sleep, sleep_until};

use super::body::SendBody;
use super::meter::Meter;
use super::pool::Connection;

/// Until when the head may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadLimits {
    /// The head must be here by then.
    pub(super) head: Instant,
    /// The peer must take a byte at least this often while there are some to send.
    pub(super) idle: std::time::Duration,
}

/// A request that got no head.
#[derive(Debug)]
pub(crate) struct Failed {
    /// How much of it left the process.
    pub(crate) sent: Sent,
    /// Why.
    pub(crate) fault: Fault,
    /// The request, where it was not used.
    pub(crate) unused: Option<Request<SendBody>>,
}

/// A response whose body is still on its connection.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) response: Response<Incoming>,
    pub(super) connection: Connection,
    /// How much of the request had left by then.
    pub(super) sent: Sent,
    /// Whether the connection may carry another request after the body.
    pub(super) reusable: bool,
}

/// Sends and waits for the head; a connection that fails is dropped with whatever went wrong on it.
pub(super) async fn exchange(
    mut connection: Connection,
    mut request: Request<SendBody>,
    limits: HeadLimits,
    bytes_max: u64,
) -> Result<Arrived, Failed> {
    request.body_mut().on(&connection.meter);
    let carried = connection.carried;
    connection.carried = carried.saturating_add(1);
    let meter = std::rc::Rc::clone(&connection.meter);
    let sending = connection.sender.try_send_request(request);
    let arrived = await_head(sending, &meter, limits).await;
    meter.head_is_here();
    let sent = meter.sent();
    match arrived {
        Err(fault) => {
            // What is still in the codec's own buffer must not leave after this was told.
            connection.codec.abort();
            Err(Failed { sent, fault, unused: None })
        }
        Ok(Err(mut error)) => {
            let unused = error.take_message();
            let sent = if unused.is_some() { Sent::Nothing } else { sent };
            let fault = fault(&error.into_error(), &meter, (sent, carried));
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

/// The head, or the time that ran out. One timer, made when there is something to wait for.
async fn await_head<F: Future>(
    sending: F,
    meter: &Meter,
    limits: HeadLimits,
) -> Result<F::Output, Fault> {
    let mut sending = pin!(sending);
    let mut timer = pin!(sleep_until(limits.head.min(Instant::now() + limits.idle)));
    std::future::poll_fn(|cx| {
        if let Poll::Ready(output) = sending.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        late(timer.as_mut(), meter, limits, cx).map(Err)
    })
    .await
}

/// Which limit has passed. The timer stands at the earliest that may; one that may not yet moves on.
fn late(
    mut timer: std::pin::Pin<&mut Sleep>,
    meter: &Meter,
    limits: HeadLimits,
    cx: &mut Context<'_>,
) -> Poll<Fault> {
    loop {
        ready!(timer.as_mut().poll(cx));
        let now = Instant::now();
        let stuck = meter.stuck_since();
        if stuck.is_some_and(|since| since + limits.idle <= now) {
            return Poll::Ready(Fault::WriteTimeout);
        }
        if limits.head <= now && stuck.is_none() && meter.awaits_caller() {
            return Poll::Ready(Fault::RequestBroken);
        }
        if limits.head <= now {
            return Poll::Ready(Fault::FirstByteTimeout);
        }
        timer.as_mut().reset(limits.head.min(stuck.unwrap_or(now) + limits.idle));
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
