//! One listener on one core: accepts, puts a guard before each connection, drains at the end.

mod handshakes;
mod socket;
mod streams;
mod tls;
mod wire;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::response::Parts;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::watch;

use self::handshakes::{Handshakes, Shake};
use self::streams::{Begun, Upload};
use crate::guard::{Guard, Left, Scratch, TICK, Watch, Watches};
use crate::problem::Kind;

pub use self::tls::TlsError;

pub(crate) use self::socket::{SocketFile, bind as bind_socket};
pub(crate) use self::tls::Tls;
pub(crate) use self::wire::Wire;

/// Connections of one core at once: chosen, below the usual limit of open files.
const CONNECTIONS_MAX: usize = 16_384;
/// Connections that the system may keep until they are accepted: chosen.
const BACKLOG: i32 = 1_024;
/// Pause after the system refuses to accept, such as for want of file descriptors: chosen.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a caller may take to read a refusal before it is cut: chosen.
const LINGER: Duration = Duration::from_secs(1);
/// How often a draining core looks whether its connections are gone: chosen.
const DRAIN_STEP: Duration = Duration::from_millis(5);
/// Bytes that hyper holds of one connection: a head of the guard's bound fits.
const BUFFER_BYTES: usize = 128 * 1024;

/// What a listener does with a request.
pub(crate) trait Answers: 'static {
    /// The body of its answers.
    type Body: Body<Data = bytes::Bytes, Error: Into<Cause>> + Unpin + 'static;

    /// Answers one request.
    ///
    /// The answer is in the form that the codec takes, so that there is no second future around each.
    fn answer(
        self: Rc<Self>,
        request: Request<Inbound>,
        watch: Rc<Watch>,
    ) -> impl Future<Output = Result<Response<Self::Body>, Infallible>>;

    /// The answer to a head which was not let through; it has been counted.
    fn turn_away(&self, kind: &'static Kind) -> (Parts, Vec<u8>);
}

/// Why a body broke off.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request, whatever the protocol it comes in: one type, so that a call is compiled once.
#[derive(Debug)]
pub(crate) enum Inbound {
    /// On a connection of its own.
    Own(Incoming),
    /// On a stream beside others.
    Stream(Upload),
}

impl Body for Inbound {
    type Data = bytes::Bytes;
    type Error = Cause;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, Cause>>> {
        match self.get_mut() {
            Self::Own(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Stream(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(body) => body.is_end_stream(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(body) => body.size_hint(),
            Self::Stream(body) => body.size_hint(),
        }
    }
}

/// Binds a port; `shared` lets the other cores of this process bind it too.
pub(crate) fn bind(address: SocketAddr, shared: Shared) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared == Shared::BetweenCores)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Who may bind a port beside us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    /// Nobody: a second process is told that the port is taken.
    WithNobody,
    /// The other cores; the system spreads connections over them.
    BetweenCores,
}

/// Where a listener takes connections from.
#[derive(Debug)]
pub(crate) enum Bound {
    /// A port, under TLS where the deployment has it.
    Port(std::net::TcpListener, Option<Arc<Tls>>),
    /// A Unix socket.
    Socket(std::os::unix::net::UnixListener),
}

/// The same, on a core.
enum Listening {
    Port(TcpListener, Option<Arc<Tls>>),
    Socket(UnixListener),
}

/// A connection that was accepted.
enum Accepted {
    Plain(Wire),
    /// Hands are still to be shaken.
    Tls(TcpStream, Arc<Tls>),
}

impl Listening {
    fn on(bound: Bound) -> io::Result<Self> {
        Ok(match bound {
            Bound::Port(port, tls) => Self::Port(TcpListener::from_std(port)?, tls),
            Bound::Socket(socket) => Self::Socket(UnixListener::from_std(socket)?),
        })
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Socket(socket) => Ok(Accepted::Plain(Wire::Unix(socket.accept().await?.0))),
            Self::Port(port, tls) => {
                let (socket, _) = port.accept().await?;
                Ok(match tls {
                    None => Accepted::Plain(Wire::Tcp(socket)),
                    Some(tls) => Accepted::Tls(socket, Arc::clone(tls)),
                })
            }
        }
    }
}

/// Serves until told to stop, then lets what is under way finish within `drain`.
pub(crate) async fn serve<A: Answers>(
    bound: Bound,
    answers: Rc<A>,
    mut stop: watch::Receiver<bool>,
    drain: Duration,
) -> io::Result<()> {
    let listening = Listening::on(bound)?;
    let watches = Rc::new(Watches::default());
    let scratch = Scratch::new();
    let handshakes = Handshakes::default();
    let mut tick = tokio::time::interval(TICK);
    let mut pause = pin!(tokio::time::sleep(Duration::ZERO));
    loop {
        tokio::select! {
            biased;
            // First: whoever cannot be accepted is still there, and must not keep the clock from those who can be cut.
            _ = stop.wait_for(|stop| *stop) => break,
            _ = tick.tick() => watches.tick(),
            accepted = listening.accept(), if pause.is_elapsed() => match accepted {
                Ok(accepted) if watches.count() < CONNECTIONS_MAX => {
                    let watch = watches.add();
                    let guarded = (Rc::clone(&watch), Rc::clone(&scratch));
                    let answers = Rc::clone(&answers);
                    // Each ends by itself: by its caller, by a bound of its watch, or by the drain below.
                    match accepted {
                        Accepted::Plain(wire) => {
                            drop(tokio::task::spawn_local(connection(answers, wire, guarded)));
                        }
                        Accepted::Tls(socket, tls) => {
                            let shake = (socket, tls, handshakes.begin(&watch));
                            drop(tokio::task::spawn_local(secured(answers, shake, guarded)));
                        }
                    }
                }
                Ok(too_many) => drop(too_many),
                Err(_) => {
                    pause.as_mut().reset(tokio::time::Instant::now() + ACCEPT_PAUSE);
                }
            },
            () = pause.as_mut(), if !pause.is_elapsed() => {}
        }
    }
    drop(listening);
    watches.drain();
    let over = async {
        while watches.open() > 0 {
            tokio::time::sleep(DRAIN_STEP).await;
        }
    };
    // What is left after the bound is cut with its runtime.
    let _in_time = tokio::time::timeout(drain, over).await;
    Ok(())
}

/// A connection whose caller shakes hands first. Nobody else waits for that.
async fn secured<A: Answers>(
    answers: Rc<A>,
    (socket, tls, shake): (TcpStream, Arc<Tls>, Rc<Shake>),
    (watch, scratch): (Rc<Watch>, Rc<Scratch>),
) {
    let shaken = tls.shake(socket, &shake).await;
    drop(shake);
    if let Some(wire) = shaken {
        // In a box, so that the room for a handshake is not kept beside it.
        Box::pin(connection(answers, wire, (watch, scratch))).await;
    }
}

async fn connection<A: Answers>(
    answers: Rc<A>,
    wire: Wire,
    (watch, scratch): (Rc<Watch>, Rc<Scratch>),
) {
    if wire.set_nodelay().is_err() {
        return;
    }
    converse(&answers, wire, (&watch, scratch)).await;
    // Both in a box: few connections come to that, and all would carry the room for it.
    match watch.take_left() {
        None => {}
        Some(Left::Refused(wire, kind)) => {
            let (head, document) = answers.turn_away(kind);
            let answer = Box::pin(refuse(wire, bytes_of(&head, &document)));
            // The caller may be gone; then there is nobody to tell.
            let _told = tokio::time::timeout(LINGER, answer).await;
        }
        Some(Left::Http2(wire, begun)) => {
            Box::pin(streams::converse(answers, Begun::new(begun, wire), &watch)).await;
        }
    }
}

/// hyper's part, to the end of the connection.
async fn converse<A: Answers>(
    answers: &Rc<A>,
    wire: Wire,
    (watch, scratch): (&Rc<Watch>, Rc<Scratch>),
) {
    let mut conn = pin!(conversation(answers, wire, (watch, scratch)));
    let mut draining = false;
    // A connection that ends with an error has no caller left to tell.
    let _ended = poll_fn(|cx| {
        watch.seen(cx);
        if watch.draining() && !draining {
            draining = true;
            conn.as_mut().graceful_shutdown();
        }
        conn.as_mut().poll(cx)
    })
    .await;
}

/// A guarded connection that answers; made here, so that its parts are not kept where it is driven.
fn conversation<A: Answers>(
    answers: &Rc<A>,
    wire: Wire,
    (watch, scratch): (&Rc<Watch>, Rc<Scratch>),
) -> http1::Connection<Guard, impl HttpService<Incoming, ResBody = A::Body> + use<A>> {
    let guard = Guard::new(wire, Rc::clone(watch), scratch);
    let (answers, watch) = (Rc::clone(answers), Rc::clone(watch));
    let service = service_fn(move |request: Request<Incoming>| {
        Rc::clone(&answers).answer(request.map(Inbound::Own), Rc::clone(&watch))
    });
    let mut http = http1::Builder::new();
    // Small pieces are written as one, and never more than the bound is held for a caller who takes them slowly.
    http.writev(false).max_buf_size(BUFFER_BYTES);
    http.serve_connection(guard, service)
}

/// Writes a refusal and takes what the caller still sends, so that no reset overtakes the answer.
async fn refuse(mut socket: Wire, answer: Vec<u8>) -> io::Result<()> {
    socket.write_all(&answer).await?;
    socket.shutdown().await?;
    let mut rest = [0; 4 * 1024];
    while socket.read(&mut rest).await? > 0 {}
    Ok(())
}

/// A whole answer as bytes, for a connection that hyper has given up.
fn bytes_of(head: &Parts, body: &[u8]) -> Vec<u8> {
    let reason = head.status.canonical_reason().unwrap_or_default();
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", head.status.as_u16()).into_bytes();
    for (name, value) in &head.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let end = format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    bytes.extend_from_slice(end.as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

#[cfg(test)]
mod tests;
