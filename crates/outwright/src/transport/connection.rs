//! One connection with its codec. Whoever holds it drives it: there is no task behind it.
//!
//! A codec in a task of its own would be woken and polled for every request, every head and every part of a body.
//! Here the call polls it, and it is polled only after something happened that it waits for: its [`Bell`] rang.
//! To drop the connection is to end it, with everything that the codec had not sent yet.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use outwright_core::time::Mono;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};

use super::body::SendBody;
use super::meter::{Meter, Metered};

/// Largest response head and largest read, in bytes (R-560: 64 KiB).
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Turns of the codec until its holder waits; more would starve the other calls of the core (chosen: a head and a body
/// in a few parts, each of at most one read).
const TURNS_MAX: u8 = 4;

/// A connection that can carry one request at a time.
pub(crate) struct Connection {
    pub(super) sender: SendRequest<SendBody>,
    pub(super) codec: Codec,
    pub(super) meter: Rc<Meter>,
    /// Requests that it has carried before.
    pub(super) carried: u32,
    /// When it was made.
    pub(super) born: Mono,
    /// Moved on from limit to limit: to move it is cheaper than to make one for each.
    pub(super) timer: Pin<Box<Sleep>>,
}

/// The codec of a connection, and what wakes it.
pub(super) struct Codec {
    /// None once it has ended.
    running: Option<Pin<Box<dyn Future<Output = hyper::Result<()>>>>>,
    bell: Arc<Bell>,
    /// The bell as a waker: always the same, so that nobody who keeps it has to clone it again.
    waker: Waker,
    /// Turns since its holder last waited.
    turns: u8,
}

/// What is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// The codec has to work before there can be an answer.
    Turn,
    /// There may be an answer already.
    Ask,
}

impl Connection {
    /// Starts the codec on a stream.
    pub(super) async fn on<S>(stream: S, born: Mono) -> Box<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let meter = Rc::new(Meter::default());
        let io = TokioIo::new(Metered::new(stream, Rc::clone(&meter)));
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(BUFFER_BYTES_MAX)
            .handshake::<_, SendBody>(io)
            .await
            .expect("the HTTP/1 handshake does no I/O and cannot fail");
        let codec = Codec::new(Box::pin(connection));
        let timer = Box::pin(sleep_until(Instant::now()));
        Box::new(Self { sender, codec, meter, carried: 0, born, timer })
    }

    /// Whether it has carried no request yet.
    pub(crate) const fn is_new(&self) -> bool {
        self.carried == 0
    }

    /// Whether it can carry a request, as far as its codec has seen.
    pub(super) fn is_good(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed()
    }

    /// Lets the codec see what has arrived while nobody held the connection: its end, mostly.
    pub(super) fn look(&mut self) {
        self.codec.turn();
        self.codec.turns = 0;
    }

    /// Nobody holds it any more, so nobody is to be woken.
    pub(super) fn rest(&self) {
        self.codec.bell.holder().take();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("carried", &self.carried).finish_non_exhaustive()
    }
}

impl Codec {
    fn new(running: Pin<Box<dyn Future<Output = hyper::Result<()>>>>) -> Self {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), ..Bell::default() });
        Self { running: Some(running), waker: Waker::from(Arc::clone(&bell)), bell, turns: 0 }
    }

    /// Asks, and lets the codec work as long as that may change the answer.
    ///
    /// `ask` gets the context that the codec's other end must be polled with.
    pub(super) fn poll<T>(
        &mut self,
        cx: &Context<'_>,
        first: First,
        mut ask: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.bell.driven.store(true, Ordering::SeqCst);
        if first == First::Turn && self.bell.rung.load(Ordering::SeqCst) {
            self.turn();
        }
        let tired = loop {
            if self.turns >= TURNS_MAX {
                break true;
            }
            if let Poll::Ready(answer) = ask(&mut Context::from_waker(&self.waker)) {
                self.bell.driven.store(false, Ordering::SeqCst);
                return Poll::Ready(answer);
            }
            if !self.bell.rung.load(Ordering::SeqCst) {
                break false;
            }
            self.turn();
        };
        self.turns = 0;
        self.bell.tell(cx.waker());
        self.bell.driven.store(false, Ordering::SeqCst);
        // The other calls of this core come first; or it rang too late to be seen.
        if tired || self.bell.rung.load(Ordering::SeqCst) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn turn(&mut self) {
        self.turns += 1;
        self.bell.rung.store(false, Ordering::SeqCst);
        let Some(running) = self.running.as_mut() else { return };
        // Its errors are told to the senders of requests and the readers of bodies.
        if running.as_mut().poll(&mut Context::from_waker(&self.waker)).is_ready() {
            self.running = None;
        }
    }
}

/// What a codec is woken through: it notes that there is something to do, and wakes whoever holds the connection.
#[derive(Debug, Default)]
struct Bell {
    rung: AtomicBool,
    /// While the holder drives the codec it sees for itself what rang.
    driven: AtomicBool,
    holder: Mutex<Option<Waker>>,
}

impl Bell {
    /// Remembers whom to wake.
    fn tell(&self, waker: &Waker) {
        let mut holder = self.holder();
        if !holder.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *holder = Some(waker.clone());
        }
    }

    fn holder(&self) -> MutexGuard<'_, Option<Waker>> {
        // Nothing under this lock can panic.
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        if !self.driven.load(Ordering::SeqCst)
            && let Some(holder) = &*self.holder()
        {
            holder.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests;
