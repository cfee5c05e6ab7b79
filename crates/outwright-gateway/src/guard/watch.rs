//! How long a connection has been doing what it does, in ticks of its core.
//!
//! One sweep per tick looks at all connections of a core, so that neither a request nor a read starts a timer.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::scan::Waits;
use crate::listener::Wire;
use crate::problem::Kind;

/// The length of a tick: chosen, fine enough for bounds of seconds.
pub(crate) const TICK: Duration = Duration::from_millis(250);

/// Bounds of a connection, in ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Between two requests: chosen, longer than the pools of common clients keep a connection.
    pub(crate) idle: u32,
    /// From the first byte of a head to its last.
    pub(crate) head: u32,
    /// Between two bytes of a request body, and between two bytes that the caller takes.
    pub(crate) stall: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { idle: ticks(90), head: ticks(10), stall: ticks(30) }
    }
}

const fn ticks(seconds: u32) -> u32 {
    seconds * 4
}

/// A socket that its guard left to others.
#[derive(Debug)]
pub(crate) enum Left {
    /// Its last head was not let through: somebody has to answer it.
    Refused(Wire, &'static Kind),
    /// It began as HTTP/2 does, with these bytes.
    Http2(Wire, Vec<u8>),
}

/// What the sweep knows of one connection.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    now: Rc<Cell<u32>>,
    doing: Cell<Doing>,
    since: Cell<u32>,
    calls: Cell<u32>,
    answered: Cell<u64>,
    expired: Cell<bool>,
    draining: Cell<bool>,
    held: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    left: RefCell<Option<Left>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Doing {
    /// Nothing that has a bound here: a call is under way.
    #[default]
    Working,
    /// Waiting for a request to begin.
    Idle,
    /// Waiting for the rest of a head.
    Head,
    /// Waiting for the rest of a body.
    Body,
    /// Waiting for the caller to take bytes.
    Writing,
}

impl Watch {
    /// Remembers who is to be woken when a bound has passed.
    pub(crate) fn seen(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
    }

    /// A read has nothing to give.
    pub(crate) fn wait(&self, waits: Waits) {
        if self.doing.get() == Doing::Writing {
            return;
        }
        self.now_doing(match waits {
            // Between a request and its reply the caller owes nothing.
            Waits::Request if self.busy() => Doing::Working,
            Waits::Request => Doing::Idle,
            Waits::Head => Doing::Head,
            Waits::Body => Doing::Body,
        });
    }

    /// A request is in, to its last byte: the caller owes nothing.
    pub(crate) fn took_all(&self) {
        self.doing.set(Doing::Working);
    }

    /// What a write gave; an error once the caller has not taken a byte for too long.
    pub(crate) fn written(&self, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if done.is_pending() {
            if self.expired.get() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.now_doing(Doing::Writing);
        } else if self.doing.get() == Doing::Writing {
            self.now_doing(Doing::Working);
        }
        done
    }

    /// The same for what was taken in between and is still to leave: under TLS a write is done before its bytes are.
    pub(crate) fn flushed(&self, done: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        if done.is_pending() {
            if self.expired.get() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.now_doing(Doing::Writing);
        } else if self.doing.get() == Doing::Writing {
            self.now_doing(if self.busy() { Doing::Working } else { Doing::Idle });
        }
        done
    }

    fn now_doing(&self, doing: Doing) {
        // A head that trickles in is one wait, whatever arrives in between; so is a byte that is not taken.
        let goes_on = matches!(doing, Doing::Head | Doing::Writing) && self.doing.get() == doing;
        if !goes_on {
            self.since.set(self.now.get());
        }
        self.doing.set(doing);
    }

    /// The caller is to shake hands first: it has as long for that as for a head.
    pub(crate) fn handshake_begins(&self) {
        self.now_doing(Doing::Head);
    }

    /// It has: its first request is waited for.
    pub(crate) fn handshake_ends(&self) {
        self.now_doing(Doing::Idle);
    }

    /// A call of this connection has begun.
    pub(crate) fn call_begins(&self) {
        self.calls.set(self.calls.get() + 1);
        // Its body, if it has one, says so at its next read.
        self.doing.set(Doing::Working);
    }

    /// A call of this connection is over.
    pub(crate) fn call_ends(&self) {
        self.calls.set(self.calls.get().saturating_sub(1));
        self.answered.set(self.answered.get() + 1);
        if self.calls.get() == 0 && self.doing.get() == Doing::Working {
            self.now_doing(Doing::Idle);
        }
        self.let_go();
    }

    /// Wakes a connection that holds back a bad head.
    pub(crate) fn let_go(&self) {
        if self.held.take() {
            self.wake();
        }
    }

    /// A bad head waits for the calls before it: the last of them wakes the connection.
    pub(crate) fn hold(&self) {
        self.held.set(true);
    }

    /// Whether a call is under way.
    pub(crate) fn busy(&self) -> bool {
        self.calls.get() > 0
    }

    /// Calls that are over.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.get()
    }

    /// Its place is needed: it ends as if its bound had passed.
    pub(crate) fn cut(&self) {
        self.expired.set(true);
        self.wake();
    }

    /// Whether a bound has passed.
    pub(crate) fn expired(&self) -> bool {
        self.expired.get()
    }

    /// Whether the connection is to end after the call that it has.
    pub(crate) fn draining(&self) -> bool {
        self.draining.get()
    }

    /// Takes a socket over from its guard.
    pub(crate) fn leave(&self, left: Left) {
        self.left.replace(Some(left));
    }

    /// The socket that a guard left, if it did.
    pub(crate) fn take_left(&self) -> Option<Left> {
        self.left.take()
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    fn sweep(&self, bounds: &Bounds) {
        let bound = match self.doing.get() {
            Doing::Working => return,
            Doing::Idle => bounds.idle,
            Doing::Head => bounds.head,
            Doing::Body | Doing::Writing => bounds.stall,
        };
        if self.now.get().wrapping_sub(self.since.get()) > bound {
            self.expired.set(true);
            self.wake();
        }
    }
}

/// All connections of a core.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    now: Rc<Cell<u32>>,
    all: RefCell<Vec<Weak<Watch>>>,
    draining: Cell<bool>,
    bounds: Bounds,
}

impl Watches {
    /// A watch for a new connection.
    pub(crate) fn add(&self) -> Rc<Watch> {
        let watch = Rc::new(Watch { now: Rc::clone(&self.now), ..Watch::default() });
        watch.now_doing(Doing::Idle);
        watch.draining.set(self.draining.get());
        self.all.borrow_mut().push(Rc::downgrade(&watch));
        watch
    }

    /// Connections that are open.
    pub(crate) fn count(&self) -> usize {
        self.all.borrow().len()
    }

    /// Connections that are really open, those forgotten just now left out.
    pub(crate) fn open(&self) -> usize {
        self.all.borrow().iter().filter(|weak| weak.strong_count() > 0).count()
    }

    /// One tick: cuts what has stalled and forgets what is gone.
    pub(crate) fn tick(&self) {
        self.now.set(self.now.get().wrapping_add(1));
        self.all
            .borrow_mut()
            .retain(|weak| weak.upgrade().inspect(|watch| watch.sweep(&self.bounds)).is_some());
    }

    /// Lets every connection end after the call that it has.
    pub(crate) fn drain(&self) {
        self.draining.set(true);
        let all: Vec<_> = self.all.borrow().iter().filter_map(Weak::upgrade).collect();
        for watch in all {
            watch.draining.set(true);
            watch.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Watches};
    use crate::guard::scan::Waits;
    use std::io;
    use std::task::Poll;

    fn ticks(watches: &Watches, count: u32) {
        (0..count).for_each(|_| watches.tick());
    }

    /// a head that trickles in has one bound from its first byte to its last.
    #[test]
    fn a_slow_head_is_cut_however_often_a_byte_comes() {
        let (watches, bounds) = (Watches::default(), Bounds::default());
        let watch = watches.add();
        watch.wait(Waits::Head);
        ticks(&watches, bounds.head);
        watch.wait(Waits::Head);
        assert!(!watch.expired());
        ticks(&watches, 1);
        assert!(watch.expired());
    }

    #[test]
    fn every_byte_of_a_body_gives_new_time() {
        let (watches, bounds) = (Watches::default(), Bounds::default());
        let watch = watches.add();
        watch.call_begins();
        for _ in 0..3 {
            watch.wait(Waits::Body);
            ticks(&watches, bounds.stall);
        }
        assert!(!watch.expired());
        ticks(&watches, 1);
        assert!(watch.expired());
    }

    #[test]
    fn a_call_under_way_has_no_bound_here() {
        let watches = Watches::default();
        let watch = watches.add();
        watch.call_begins();
        watch.wait(Waits::Request);
        ticks(&watches, 100_000);
        assert!(!watch.expired());
        watch.call_ends();
        ticks(&watches, Bounds::default().idle + 1);
        assert!(watch.expired());
    }

    #[test]
    fn a_caller_that_takes_nothing_is_cut() {
        let watches = Watches::default();
        let watch = watches.add();
        watch.call_begins();
        assert!(watch.written(Poll::Pending).is_pending());
        ticks(&watches, Bounds::default().stall + 1);
        let cut = watch.written(Poll::Pending);
        assert!(matches!(cut, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::TimedOut));
    }

    /// Under TLS a write is done before its bytes are: whoever takes nothing shows at the flush, and at the end.
    #[test]
    fn a_caller_that_takes_nothing_of_what_was_written_is_cut() {
        let watches = Watches::default();
        let watch = watches.add();
        watch.call_begins();
        assert!(watch.written(Poll::Ready(Ok(5))).is_ready());
        assert!(watch.flushed(Poll::Pending).is_pending());
        ticks(&watches, Bounds::default().stall);
        assert!(watch.flushed(Poll::Pending).is_pending(), "one wait, however often it is asked");
        ticks(&watches, 1);
        let cut = watch.flushed(Poll::Pending);
        assert!(matches!(cut, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::TimedOut));
        // One that takes all in the end has new time for its next request.
        let watch = watches.add();
        assert!(watch.flushed(Poll::Pending).is_pending());
        ticks(&watches, Bounds::default().stall);
        assert!(watch.flushed(Poll::Ready(Ok(()))).is_ready());
        ticks(&watches, Bounds::default().stall + 1);
        assert!(!watch.expired(), "it is idle");
    }

    #[test]
    fn connections_that_are_gone_are_forgotten() {
        let watches = Watches::default();
        let kept = watches.add();
        drop(watches.add());
        watches.tick();
        assert_eq!(watches.count(), 1);
        drop(kept);
    }
}
