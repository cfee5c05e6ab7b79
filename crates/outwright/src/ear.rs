//! Asks a socket for bytes only after it let hear that there may be some.
//!
//! A codec asks whenever it has the chance: before a request, after it, after a body. Most of that is in vain, and each
//! time the runtime is asked too. A socket that had nothing says when that changes: until then there is no need to ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Whether there is anything new at a socket, for one reader of it.
#[derive(Debug, Default)]
pub struct Ear(Option<Listening>);

#[derive(Debug)]
struct Listening {
    heard: Arc<Heard>,
    /// The same as a waker: always the same, so that the runtime need not clone it again.
    waker: Waker,
}

/// What a socket wakes: it notes that there is something, and wakes its reader.
#[derive(Debug)]
struct Heard {
    anything: AtomicBool,
    reader: Waker,
}

impl Ear {
    /// Reads, unless nothing was heard since there was last nothing to be had.
    ///
    /// `read` gets the context that the socket must be polled with, and keeps to the contract of [`std::future::Future`]:
    /// pending, it will wake.
    pub fn read<T>(
        &mut self,
        cx: &Context<'_>,
        read: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // Another reader than before has not asked yet.
        self.0.take_if(|listening| !listening.heard.reader.will_wake(cx.waker()));
        let listening = self.0.get_or_insert_with(|| Listening::new(cx.waker().clone()));
        if !listening.heard.anything.swap(false, Ordering::SeqCst) {
            return Poll::Pending;
        }
        let polled = read(&mut Context::from_waker(&listening.waker));
        if polled.is_ready() {
            // There may be more.
            listening.heard.anything.store(true, Ordering::SeqCst);
        }
        polled
    }
}

impl Listening {
    /// For a reader that has not asked yet.
    fn new(reader: Waker) -> Self {
        let heard = Arc::new(Heard { anything: AtomicBool::new(true), reader });
        Self { waker: Waker::from(Arc::clone(&heard)), heard }
    }
}

impl Wake for Heard {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.anything.store(true, Ordering::SeqCst);
        self.reader.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use super::Ear;
    use std::cell::Cell;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A socket with something to read or not, that remembers whom to wake.
    #[derive(Default)]
    struct Socket {
        asked: Cell<u32>,
        some: Cell<bool>,
        reader: Cell<Option<Waker>>,
    }

    impl Socket {
        fn read(&self, cx: &Context<'_>) -> Poll<()> {
            self.asked.set(self.asked.get() + 1);
            if self.some.take() {
                return Poll::Ready(());
            }
            self.reader.set(Some(cx.waker().clone()));
            Poll::Pending
        }

        fn arrives(&self) {
            self.some.set(true);
            self.reader.take().into_iter().for_each(Waker::wake);
        }
    }

    #[test]
    fn a_socket_that_had_nothing_is_asked_again_only_after_it_spoke() {
        let (socket, mut ear) = (Socket::default(), Ear::default());
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let cx = Context::from_waker(&waker);
        let mut read = || ear.read(&cx, |cx| socket.read(cx));
        assert!(read().is_pending() && read().is_pending());
        assert_eq!(socket.asked.get(), 1, "it is not asked in vain");
        socket.arrives();
        assert_eq!(count.0.load(Ordering::Relaxed), 1, "its reader is told");
        assert!(read().is_ready());
        assert!(read().is_pending(), "after something there may be more");
        assert_eq!(socket.asked.get(), 3);
    }

    /// One that speaks while it is asked must not be taken for silent.
    #[test]
    fn a_word_during_the_question_is_heard() {
        let mut ear = Ear::default();
        let cx = Context::from_waker(Waker::noop());
        let mut asked = 0;
        let mut read = || {
            ear.read(&cx, |cx| {
                asked += 1;
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            })
        };
        assert!(read().is_pending() && read().is_pending());
        assert_eq!(asked, 2);
    }

    /// Whoever reads now is woken, not who read before.
    #[test]
    fn another_reader_asks_for_itself() {
        let (socket, mut ear) = (Socket::default(), Ear::default());
        let first = Arc::new(Count::default());
        let second = Arc::new(Count::default());
        for count in [&first, &second] {
            let waker = Waker::from(Arc::clone(count));
            let asked = ear.read(&Context::from_waker(&waker), |cx| socket.read(cx));
            assert!(asked.is_pending());
        }
        assert_eq!(socket.asked.get(), 2);
        socket.arrives();
        let told = [first, second].map(|count| count.0.load(Ordering::Relaxed));
        assert_eq!(told, [0, 1]);
    }
}
