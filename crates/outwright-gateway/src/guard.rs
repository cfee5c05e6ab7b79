//! Stands between the socket and hyper: looks at every request head first, and cuts connections that stall.
//!
//! A head that must not pass is kept from hyper, which sees the end of the stream instead;
//! the listener then writes the problem document and closes. Time is counted in coarse ticks of the core,
//! so that no request pays for a timer.

mod scan;
mod watch;

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use outwright::Ear;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use self::scan::{Found, Scan, Waits};
use crate::listener::Wire;
use crate::problem::{self, Kind};

pub(crate) use self::scan::{FIELDS_MAX, TARGET_BYTES_MAX};
pub(crate) use self::watch::{Left, TICK, Watch, Watches};

/// A socket under guard.
#[derive(Debug)]
pub(crate) struct Guard {
    /// None once it was handed to whoever writes the refusal.
    socket: Option<Wire>,
    ear: Ear,
    scan: Scan,
    /// Bytes that were read and not handed on: of them, so many may pass.
    held: Vec<u8>,
    ready: usize,
    watch: Rc<Watch>,
    scratch: Rc<Scratch>,
    refused: Option<&'static Kind>,
    /// A body in it was framed wrongly: nothing after that is read.
    cut: Cut,
    /// It began as HTTP/2 does: what was read of it.
    http2: Option<Vec<u8>>,
    answers: Answers,
}

/// How a connection begins whose caller speaks HTTP/2 without asking (RFC 9113 section 3.4): the first line of it.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// Whether the stream is cut off for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    No,
    Yes,
}

/// Whether every request that went through has its answer on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    /// All of them.
    Flushed,
    /// A request went through, and nothing was written since.
    Owed,
    /// Something was written, but not all of it has left.
    Begun,
}

/// Bytes on their way from a socket to hyper; one per core, since a read never waits while it holds them.
#[derive(Debug)]
pub(crate) struct Scratch(RefCell<Box<[u8]>>);

impl Scratch {
    /// One for a core.
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self(RefCell::new(vec![0; READ_BYTES].into())))
    }
}

/// Bytes of one read: chosen, hyper's own largest step for bodies.
const READ_BYTES: usize = 64 * 1024;

impl Guard {
    /// Guards a socket.
    pub(crate) fn new(socket: Wire, watch: Rc<Watch>, scratch: Rc<Scratch>) -> Self {
        Self {
            socket: Some(socket),
            ear: Ear::default(),
            scan: Scan::default(),
            held: Vec::new(),
            ready: 0,
            watch,
            scratch,
            refused: None,
            cut: Cut::No,
            http2: None,
            answers: Answers::Flushed,
        }
    }

    /// Hides the stream from hyper once the calls before the bad head are over.
    fn refuse(&mut self, kind: &'static Kind) -> Poll<io::Result<()>> {
        self.refused = Some(kind);
        let owed = self.scan.heads() > self.watch.answered();
        if owed || self.answers != Answers::Flushed {
            self.watch.hold();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn written(&mut self, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if done.is_ready() {
            self.answers = Answers::Begun;
        }
        self.watch.written(done)
    }

    fn stalled(&mut self) -> Poll<io::Result<()>> {
        match self.scan.waits() {
            Waits::Request => Poll::Ready(Ok(())),
            Waits::Head => self.refuse(&problem::HEAD_TOO_LATE),
            Waits::Body => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

/// A head that is not for hyper leaves the socket to whoever answers it.
impl Drop for Guard {
    fn drop(&mut self) {
        match (self.socket.take(), self.http2.take(), self.refused) {
            (Some(socket), Some(begun), _) => self.watch.leave(Left::Http2(socket, begun)),
            (Some(socket), None, Some(kind)) => self.watch.leave(Left::Refused(socket, kind)),
            (_, _, _) => {}
        }
    }
}

impl Guard {
    fn socket(&mut self) -> Pin<&mut Wire> {
        Pin::new(self.socket.as_mut().expect("only drop takes the socket"))
    }
}

impl Guard {
    /// Sorts what was read: into hyper's buffer what may pass at once, aside what is the beginning of a head.
    fn sort(&mut self, piece: &[u8], buffer: &mut ReadBufCursor<'_>) {
        let heads = self.scan.heads();
        let found = self.scan.look(piece);
        if self.scan.heads() != heads {
            self.answers = Answers::Owed;
        }
        if self.scan.waits() == Waits::Request {
            self.watch.took_all();
        }
        let pass = match found {
            Found::Fine(pass) => pass,
            Found::BadHead(0, _) if self.scan.heads() == 0 && self.is_http2(piece) => {
                self.http2 = Some([&self.held, piece].concat());
                return;
            }
            Found::BadHead(before, kind) => {
                self.refused = Some(kind);
                before
            }
            Found::BadBody(before) => {
                self.cut = Cut::Yes;
                before
            }
        };
        let (passing, rest) = piece.split_at(pass);
        if self.held.is_empty() {
            buffer.put_slice(passing);
        } else if pass > 0 {
            self.held.extend_from_slice(passing);
            self.ready = self.held.len();
        }
        if self.refused.is_none() && self.cut == Cut::No {
            self.held.extend_from_slice(rest);
        } else {
            self.held.truncate(self.ready);
        }
    }

    /// Whether what came so far is how HTTP/2 begins.
    fn is_http2(&self, piece: &[u8]) -> bool {
        let so_far = self.held.iter().chain(piece).take(PREFACE.len());
        so_far.eq(PREFACE)
    }

    /// Hands on what was held and may pass now.
    fn hand_on(&mut self, buffer: &mut ReadBufCursor<'_>) {
        let count = self.ready.min(buffer.remaining());
        buffer.put_slice(self.held.get(..count).unwrap_or_default());
        self.held.drain(..count);
        self.ready -= count;
    }
}

impl Read for Guard {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = buffer.remaining();
        loop {
            if this.ready > 0 {
                this.hand_on(&mut buffer);
            }
            if buffer.remaining() < room {
                return Poll::Ready(Ok(()));
            }
            if let Some(kind) = this.refused {
                return this.refuse(kind);
            }
            if this.http2.is_some() {
                // hyper sees a connection that ends before it begins.
                return Poll::Ready(Ok(()));
            }
            if this.cut == Cut::Yes {
                // The end comes too early for the body: its call breaks off, and is told so.
                return Poll::Ready(Ok(()));
            }
            if this.watch.expired() {
                return this.stalled();
            }
            let scratch = Rc::clone(&this.scratch);
            let mut scratch = scratch.0.borrow_mut();
            let some = room.min(scratch.len());
            let mut read = ReadBuf::new(scratch.get_mut(..some).unwrap_or_default());
            let socket = this.socket.as_mut().expect("only drop takes the socket");
            let done = this.ear.read(cx, |cx| Pin::new(socket).poll_read(cx, &mut read));
            if done.is_pending() {
                this.watch.wait(this.scan.waits());
            }
            ready!(done)?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.sort(read.filled(), &mut buffer);
        }
    }
}

impl Write for Guard {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = this.socket().poll_write(cx, bytes);
        this.written(done)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = this.socket().poll_write_vectored(cx, pieces);
        this.written(done)
    }

    fn is_write_vectored(&self) -> bool {
        // A socket takes several pieces at once.
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let done = this.socket().poll_flush(cx);
        let done = this.watch.flushed(done);
        if done.is_ready() && this.answers == Answers::Begun && !this.watch.busy() {
            this.answers = Answers::Flushed;
            this.watch.let_go();
        }
        done
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.refused.is_some() || self.http2.is_some() {
            // Somebody else is still to write.
            return Poll::Ready(Ok(()));
        }
        let this = self.get_mut();
        let done = this.socket().poll_shutdown(cx);
        this.watch.flushed(done)
    }
}
