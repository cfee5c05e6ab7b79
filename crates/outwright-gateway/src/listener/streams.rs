//! HTTP/2 from callers that begin with its preface (prior knowledge, RFC 9113 section 3.3).
//!
//! A request is a call as over HTTP/1.1: the same door, the same answers. What the guard checks there on bytes is
//! checked here on what the codec made of them, since a request that passes goes on in another protocol.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response};
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Answers, Inbound, Wire};
use crate::guard::{FIELDS_MAX, TARGET_BYTES_MAX, Watch};
use crate::problem::{self, Kind};

/// Streams of one connection at once (chosen: what common clients ask for at most).
const STREAMS_MAX: u32 = 100;
/// Bytes of a request head (R-574: as over HTTP/1.1).
const HEAD_BYTES_MAX: u32 = 64 * 1024;
/// Bytes that a caller may send on a stream before they are taken (chosen: as much as is kept for a repeat).
const STREAM_WINDOW: u32 = 64 * 1024;
/// The same for all streams of a connection together (chosen: sixteen of them).
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Bytes of an answer that wait for the caller, per stream (chosen: one read from the provider).
const SEND_BYTES_MAX: usize = 64 * 1024;
/// A caller that gives no room for so long is cut (chosen: as over HTTP/1.1).
const STALL: Duration = Duration::from_secs(30);
/// What stands between cookies in one field.
const COOKIES: &[u8] = b"; ";

/// A socket of which some bytes were read already.
pub(super) struct Begun {
    read: Bytes,
    socket: Wire,
}

impl Begun {
    /// These bytes come before what is still to be read.
    pub(super) fn new(read: Vec<u8>, socket: Wire) -> Self {
        Self { read: read.into(), socket }
    }
}

impl AsyncRead for Begun {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.socket).poll_read(cx, buffer);
        }
        let count = self.read.len().min(buffer.remaining());
        buffer.put_slice(&self.read.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Begun {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// The codec's part, to the end of the connection.
pub(super) async fn converse<A: Answers>(answers: Rc<A>, socket: Begun, watch: &Rc<Watch>) {
    let opening = Builder::new()
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BYTES_MAX)
        .handshake::<_, Bytes>(socket);
    let mut opening = pin!(opening);
    let opened = poll_fn(|cx| {
        watch.seen(cx);
        if watch.expired() { Poll::Ready(None) } else { opening.as_mut().poll(cx).map(Result::ok) }
    });
    let Some(mut connection) = opened.await else { return };
    let mut draining = false;
    while let Some((request, respond)) =
        poll_fn(|cx| accept(&mut connection, watch, &mut draining, cx)).await
    {
        let (answers, watch) = (Rc::clone(&answers), Rc::clone(watch));
        // It ends by itself: by its caller, by the bounds of its call, or with the connection.
        drop(tokio::task::spawn_local(serve(answers, request, respond, watch)));
    }
}

/// The next request; none at the end of the connection.
fn accept(
    connection: &mut Connection<Begun, Bytes>,
    watch: &Watch,
    draining: &mut bool,
    cx: &mut Context<'_>,
) -> Poll<Option<(Request<RecvStream>, SendResponse<Bytes>)>> {
    watch.seen(cx);
    if watch.expired() {
        return Poll::Ready(None);
    }
    if watch.draining() && !std::mem::replace(draining, true) {
        connection.graceful_shutdown();
    }
    // An error ends the connection, and every stream was told.
    connection.poll_accept(cx).map(|accepted| accepted.and_then(Result::ok))
}

/// One request and its answer; the caller may reset the stream at any time.
async fn serve<A: Answers>(
    answers: Rc<A>,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    watch: Rc<Watch>,
) {
    let answer = async {
        match arrived(request) {
            Ok(request) => {
                let Ok(answer) = answers.answer(request, watch).await;
                answer.map(Ended::Answer)
            }
            Err(kind) => {
                let (mut head, document) = answers.turn_away(kind);
                head.headers.insert(header::CONTENT_LENGTH, document.len().into());
                Response::from_parts(head, Ended::Document(Some(document.into())))
            }
        }
    };
    let mut answer = pin!(answer);
    let answered = poll_fn(|cx| {
        if respond.poll_reset(cx).is_ready() {
            return Poll::Ready(None);
        }
        answer.as_mut().poll(cx).map(Some)
    });
    let Some(answer) = answered.await else { return };
    let (mut head, body) = answer.into_parts();
    if !head.headers.contains_key(header::DATE) {
        let now = httpdate::fmt_http_date(SystemTime::now());
        head.headers.extend(HeaderValue::from_str(&now).ok().map(|now| (header::DATE, now)));
    }
    let over = body.is_end_stream();
    if let Ok(stream) = respond.send_response(Response::from_parts(head, ()), over)
        && !over
    {
        relay(pin!(body), stream).await;
    }
}

/// Writes a body as far as the caller gives room, to its end.
async fn relay<B>(mut body: Pin<&mut B>, mut stream: SendStream<Bytes>)
where
    B: Body<Data = Bytes>,
{
    loop {
        let next = poll_fn(|cx| {
            if stream.poll_reset(cx).is_ready() {
                return Poll::Ready(None);
            }
            body.as_mut().poll_frame(cx).map(Some)
        });
        // The caller left: what is dropped here tells the call so.
        let Some(next) = next.await else { return };
        match next {
            None => return drop(stream.send_data(Bytes::new(), true)),
            // A bad end is never a clean one.
            Some(Err(_)) => return stream.send_reset(Reason::INTERNAL_ERROR),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let over = body.is_end_stream();
                    if !send(&mut stream, data, over).await || over {
                        return;
                    }
                }
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return drop(stream.send_trailers(trailers));
                }
            },
        }
    }
}

/// Sends a part as the caller gives room for it; false once it takes nothing more.
async fn send(stream: &mut SendStream<Bytes>, mut data: Bytes, over: bool) -> bool {
    if data.is_empty() {
        return !over || stream.send_data(data, true).is_ok();
    }
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let room = poll_fn(|cx| stream.poll_capacity(cx));
        let room = match tokio::time::timeout(STALL, room).await {
            Ok(Some(Ok(room))) => room,
            Ok(Some(Err(_)) | None) => return false,
            Err(_) => {
                stream.send_reset(Reason::CANCEL);
                return false;
            }
        };
        let part = data.split_to(room.min(data.len()));
        if stream.send_data(part, over && data.is_empty()).is_err() {
            return false;
        }
    }
    true
}

/// A request in the form that the door knows; refused where it could be read in two ways further on.
fn arrived(request: Request<RecvStream>) -> Result<Request<Inbound>, &'static Kind> {
    let (mut head, stream) = request.into_parts();
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    if target.len() > TARGET_BYTES_MAX {
        return Err(&problem::TARGET_TOO_LONG);
    }
    let plain = |byte: u8| matches!(byte, 0x21..=0x7e) && byte != b'#';
    if head.method == Method::CONNECT || !target.starts_with('/') || !target.bytes().all(plain) {
        return Err(&problem::BAD_REQUEST);
    }
    if head.headers.len() > FIELDS_MAX as usize {
        return Err(&problem::HEAD_TOO_LARGE);
    }
    // RFC 9113 section 8.2.1: what HTTP/1.1 would trim is no part of a value.
    let padded =
        |value: &HeaderValue| matches!(value.as_bytes(), [b' ' | b'\t', ..] | [.., b' ' | b'\t']);
    if head.headers.values().any(padded) {
        return Err(&problem::BAD_REQUEST);
    }
    host(&mut head.headers, head.uri.authority().map(http::uri::Authority::as_str))?;
    cookies(&mut head.headers)?;
    let length = head.headers.get(header::CONTENT_LENGTH);
    let left = length.and_then(|length| length.to_str().ok()?.parse().ok());
    Ok(Request::from_parts(head, Inbound::Stream(Upload { stream, left })))
}

/// One name of the host, whichever of the two fields it stands in (RFC 9113 section 8.3.1).
fn host(headers: &mut HeaderMap, authority: Option<&str>) -> Result<(), &'static Kind> {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    match (authority, hosts.next(), hosts.next()) {
        (Some(authority), None, None) => {
            let value = HeaderValue::from_str(authority).map_err(|_| &problem::BAD_REQUEST)?;
            headers.insert(header::HOST, value);
            Ok(())
        }
        (Some(authority), Some(host), None) if host.as_bytes() == authority.as_bytes() => Ok(()),
        (None, Some(_), None) => Ok(()),
        (_, _, _) => Err(&problem::BAD_REQUEST),
    }
}

/// RFC 9113 section 8.2.3: cookies that came in several fields are one field elsewhere.
fn cookies(headers: &mut HeaderMap) -> Result<(), &'static Kind> {
    let name: HeaderName = header::COOKIE;
    if headers.get_all(&name).into_iter().nth(1).is_none() {
        return Ok(());
    }
    let all: Vec<_> = headers.get_all(&name).into_iter().map(HeaderValue::as_bytes).collect();
    let one = HeaderValue::from_bytes(&all.join(COOKIES)).map_err(|_| &problem::BAD_REQUEST)?;
    headers.insert(name, one);
    Ok(())
}

/// The body of a request on its stream.
#[derive(Debug)]
pub(crate) struct Upload {
    stream: RecvStream,
    /// What is still to come, where the head says how much.
    left: Option<u64>,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        match ready!(self.stream.poll_data(cx)) {
            Some(Ok(data)) => {
                // The caller may send so much more.
                let _room = self.stream.flow_control().release_capacity(data.len());
                self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
            None => {
                let trailers = ready!(self.stream.poll_trailers(cx));
                Poll::Ready(trailers.transpose().map(|trailers| trailers.map(Frame::trailers)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.stream.is_end_stream() {
            return SizeHint::with_exact(0);
        }
        self.left.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

/// The body of what a request ended in.
enum Ended<B> {
    Answer(B),
    Document(Option<Bytes>),
}

impl<B: Body<Data = Bytes> + Unpin> Body for Ended<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.get_mut() {
            Self::Answer(body) => Pin::new(body).poll_frame(cx),
            Self::Document(document) => {
                Poll::Ready(document.take().map(|all| Ok(Frame::data(all))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Answer(body) => body.is_end_stream(),
            Self::Document(document) => document.is_none(),
        }
    }
}
