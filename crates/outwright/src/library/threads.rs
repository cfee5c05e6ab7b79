//! The threads of the library: each with a runtime and a core of its own, whatever the runtime of its callers.
//!
//! A call goes to one of them through a bounded inbox, and stays there. Told to stop, a thread takes no more, lets what
//! is under way finish within its bound, and writes the log to its end.

use std::io;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

use super::carry::{Handed, carry};
use crate::dress::Dress;
use crate::driver::{Core, Shared};
use crate::telemetry::CoreTelemetry;

/// Calls that wait for a thread to look at them (chosen: far above what comes in while it looks at one).
const INBOX_MAX: usize = 1_024;
/// How often a thread that ends looks whether calls without a caller are over (chosen: nobody waits for it).
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The threads that carry calls.
#[derive(Debug)]
pub(super) struct Threads {
    inboxes: Box<[mpsc::Sender<Handed>]>,
    next: AtomicUsize,
    stop: watch::Sender<bool>,
    /// Whether all have ended.
    ended: watch::Receiver<bool>,
}

/// A place in the inbox of a thread.
pub(super) type Place = mpsc::OwnedPermit<Handed>;

impl Threads {
    /// Starts so many threads.
    pub(super) fn start(
        shared: &Arc<Shared>,
        count: NonZeroUsize,
        drain: Duration,
    ) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let (ending, ended) = watch::channel(false);
        let (ending, left) = (Arc::new(ending), Arc::new(AtomicUsize::new(count.get())));
        let mut inboxes = Vec::with_capacity(count.get());
        for core in 0..count.get() {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (sender, inbox) = mpsc::channel(INBOX_MAX);
            inboxes.push(sender);
            let (shared, stopped) = (Arc::clone(shared), stopped.clone());
            let ending = Ending {
                left: Arc::clone(&left),
                ended: Arc::clone(&ending),
                shared: Arc::clone(&shared),
            };
            let work = Work { core, shared, inbox, stopped, drain };
            let thread = std::thread::Builder::new().name(format!("outwright-{core}"));
            // Its end is waited for by `ended`; a thread of its own may drop the last handle, and must not join itself.
            drop(thread.spawn(move || {
                work.run(&runtime);
                drop(ending);
            })?);
        }
        Ok(Self { inboxes: inboxes.into(), next: AtomicUsize::new(0), stop, ended })
    }

    /// The inbox of the thread whose turn it is.
    pub(super) fn inbox(&self) -> mpsc::Sender<Handed> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.inboxes.len();
        self.inboxes.get(turn).cloned().expect("a remainder is below its divisor")
    }

    /// Whether more calls are taken.
    pub(super) fn are_open(&self) -> bool {
        !*self.stop.borrow()
    }

    /// Takes no more calls; comes back when every thread has ended.
    pub(super) async fn close(&self) {
        self.stop.send_replace(true);
        self.ended().await;
    }

    /// Comes back when every thread has ended.
    pub(super) async fn ended(&self) {
        // An error is an end too: nobody is left to say more.
        let mut ended = self.ended.clone();
        drop(ended.wait_for(|ended| *ended).await);
    }
}

/// Counts a thread out, however it ends; the last one writes the log to its end and says so.
struct Ending {
    left: Arc<AtomicUsize>,
    ended: Arc<watch::Sender<bool>>,
    shared: Arc<Shared>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.telemetry().close();
            self.ended.send_replace(true);
        }
    }
}

/// What one thread does.
struct Work {
    core: usize,
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Handed>,
    stopped: watch::Receiver<bool>,
    drain: Duration,
}

impl Work {
    fn run(self, runtime: &Runtime) {
        let here = LocalSet::new();
        let telemetry = here.block_on(runtime, self.serve());
        // What is cut off tells telemetry so.
        drop(here);
        telemetry.flush();
    }

    async fn serve(mut self) -> Rc<CoreTelemetry> {
        let core = Core::new(Arc::clone(&self.shared), self.core);
        let dress = Rc::new(Dress::new(self.shared.name()));
        let mut calls = JoinSet::new();
        while !*self.stopped.borrow() {
            tokio::select! {
                handed = self.inbox.recv() => {
                    let Some(handed) = handed else { break };
                    calls.spawn_local(carry(core.clone(), Rc::clone(&dress), handed));
                }
                // One that is over is forgotten.
                Some(_) = calls.join_next() => {}
                // An error: the last handle is gone.
                changed = self.stopped.changed() => if changed.is_err() { break },
            }
        }
        // Who waits there is told so by what it waits on.
        drop(self.inbox);
        let telemetry = Rc::clone(core.telemetry());
        let over = async {
            while calls.join_next().await.is_some() {}
            // Mutations whose callers left.
            while telemetry.under_way() > 0 {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let _in_time = tokio::time::timeout(self.drain, over).await;
        calls.shutdown().await;
        telemetry
    }
}
