//! Whether the peer of a connection that many calls share is still there.
//!
//! A peer that died without a word looks like one that thinks. It counts as there as long as it was heard a moment ago;
//! after that it is asked (PING, RFC 9113 section 6.7): before it gets another request, and while calls wait for it.
//! One that does not say in time that it is there has its connection torn down, and every call on it is told.

use std::cell::{Cell, RefCell};
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::Connection;
use h2::{Ping, PingPong};
use outwright_core::time::Mono;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use super::limits::{ANSWER_WITHIN, SILENCES, TRUSTED_FOR};
use crate::clock::Clock;

/// What is known of a peer: the calls of its connection and the task that drives it share it.
pub(super) struct Pulse {
    clock: Clock,
    /// When bytes last came from it.
    heard: Cell<Mono>,
    /// When it was asked, until it answers.
    asked: Cell<Option<Mono>>,
    ping: RefCell<Option<PingPong>>,
    /// Calls that are under way.
    calls: Cell<u32>,
    /// The connection takes nothing more.
    over: Cell<bool>,
    /// It answered, or the connection ended.
    told: Notify,
}

impl Pulse {
    /// Of a peer that was heard just now.
    pub(super) fn new(clock: Clock) -> Rc<Self> {
        Rc::new(Self {
            clock,
            heard: Cell::new(clock.mono()),
            asked: Cell::new(None),
            ping: RefCell::new(None),
            calls: Cell::new(0),
            over: Cell::new(false),
            told: Notify::new(),
        })
    }

    /// Whether it was heard a moment ago, and no question to it is open.
    pub(super) fn is_recent(&self, now: Mono) -> bool {
        self.asked.get().is_none() && now.since(self.heard.get()) < TRUSTED_FOR
    }

    /// Whether its connection takes nothing more.
    pub(super) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Its connection takes nothing more.
    pub(super) fn end(&self) {
        self.over.set(true);
        self.told.notify_waiters();
    }

    /// A call begins.
    pub(super) fn enter(&self) {
        self.calls.set(self.calls.get() + 1);
    }

    /// A call is over.
    pub(super) fn leave(&self) {
        self.calls.set(self.calls.get().saturating_sub(1));
    }

    /// A call that began `since` then ran out of time: a peer of which nothing at all was heard meanwhile is asked.
    pub(super) fn doubt(&self, since: Mono) {
        if self.heard.get() <= since {
            self.ask();
        }
    }

    /// Asks, unless a question is open.
    fn ask(&self) {
        if self.asked.get().is_some() || self.over.get() {
            return;
        }
        self.asked.set(Some(self.clock.mono()));
        // The codec wakes the task that drives the connection; it refuses only a second question.
        if let Some(ping) = &mut *self.ping.borrow_mut() {
            let _open_already = ping.send_ping(Ping::opaque());
        }
    }

    /// Asks, and waits for the answer until then; false where there is none by then.
    pub(super) async fn answers(&self, until: Instant) -> bool {
        self.ask();
        loop {
            // Made before the look, so that what happens in between is not missed.
            let told = self.told.notified();
            if self.over.get() {
                return false;
            }
            if self.asked.get().is_none() {
                return true;
            }
            if timeout_at(until, told).await.is_err() {
                return false;
            }
        }
    }

    /// Whether the open question was answered.
    fn poll_answer(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut ping = self.ping.borrow_mut();
        let Some(ping) = &mut *ping else { return Poll::Pending };
        // An error is the end of the connection, which its driver sees for itself.
        let Ok(_pong) = ready!(ping.poll_pong(cx)) else { return Poll::Pending };
        self.asked.set(None);
        self.told.notify_waiters();
        Poll::Ready(())
    }
}

/// A stream that notes when something came on it.
pub(super) struct Heard<S> {
    stream: S,
    pulse: Rc<Pulse>,
}

impl<S> Heard<S> {
    /// Notes it here.
    pub(super) fn new(stream: S, pulse: &Rc<Pulse>) -> Self {
        Self { stream, pulse: Rc::clone(pulse) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.pulse.heard.set(self.pulse.clock.mono());
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What drives a connection, and asks its peer whether it is there.
struct Driver<S> {
    connection: Connection<Heard<S>, Bytes>,
    pulse: Rc<Pulse>,
    timer: Pin<Box<Sleep>>,
    /// What the timer stands at: the time at which there is something to do, or an earlier one.
    stands: Mono,
    /// Whether the timer knows whom to wake.
    armed: bool,
    /// Answers to questions since the peer last said anything else.
    silences: usize,
    /// When it last answered.
    answered: Mono,
}

/// Drives a connection to its end, or until its peer does not say that it is there.
///
/// What it drops then tells every stream.
pub(super) async fn drive<S>(mut connection: Connection<Heard<S>, Bytes>, pulse: Rc<Pulse>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    pulse.ping.replace(connection.ping_pong());
    let mut driver = Driver {
        connection,
        pulse: Rc::clone(&pulse),
        timer: Box::pin(sleep_until(Instant::now())),
        stands: Mono::MAX,
        armed: false,
        silences: 0,
        answered: Mono::ZERO,
    };
    poll_fn(|cx| driver.poll(cx)).await;
    drop(driver);
    pulse.end();
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Its errors are told to every stream.
        if Pin::new(&mut self.connection).poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            if self.pulse.asked.get().is_some() && self.pulse.poll_answer(cx).is_ready() {
                self.answered = self.pulse.clock.mono();
                self.silences += 1;
            }
            let asked = self.pulse.asked.get();
            if asked.is_none() && self.pulse.calls.get() == 0 {
                // Nobody waits for it: to be asked on and on would only keep it awake.
                return Poll::Pending;
            }
            let due = self.due(asked);
            if due < self.stands {
                self.set(due);
            }
            ready!(self.poll_timer(cx));
            if self.pulse.clock.mono() < due {
                self.set(due);
            } else if asked.is_some() {
                return Poll::Ready(());
            } else {
                self.pulse.ask();
            }
        }
    }

    fn set(&mut self, due: Mono) {
        self.timer.as_mut().reset(self.pulse.clock.instant(due));
        self.stands = due;
        self.armed = false;
    }

    /// Whether what the timer stands at has passed; it is asked once for each time, and wakes by itself.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.armed, true) && !self.timer.is_elapsed() {
            return Poll::Pending;
        }
        self.timer.as_mut().poll(cx)
    }

    /// When the peer has to be asked, or has not answered in time.
    fn due(&mut self, asked: Option<Mono>) -> Mono {
        let heard = self.pulse.heard.get();
        if let Some(asked) = asked {
            // Whatever comes shows that it is there; its answer may stand behind a large body.
            return heard.max(asked).plus(ANSWER_WITHIN);
        }
        if heard > self.answered {
            self.silences = 0;
        }
        let silence = SILENCES.get(self.silences).or(SILENCES.last());
        heard.plus(silence.copied().unwrap_or(TRUSTED_FOR))
    }
}
