//! What a running process is told from outside: to end, or to look at its contracts again.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Why the contracts are to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Somebody asked for it, with SIGHUP.
    Asked,
    /// It is time for the next look at the files.
    Due,
}

/// How often nobody looks.
const SELDOM: Duration = Duration::from_secs(24 * 60 * 60);

/// SIGTERM, SIGINT and SIGHUP, from the moment that this stands: before it, they end the process.
#[derive(Debug)]
pub struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes them over; to be done before anybody is told that the process serves.
    ///
    /// # Errors
    ///
    /// The signals cannot be watched.
    pub fn watch() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (terminate, interrupt, hangup) = {
            let _inside = runtime.enter();
            (
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::hangup())?,
            )
        };
        Ok(Self { runtime, terminate, interrupt, hangup })
    }

    /// Waits for SIGTERM or SIGINT, with contracts that stay as they are.
    pub fn wait(self) {
        self.attend(SELDOM, |_| ());
    }

    /// Waits for SIGTERM or SIGINT; has the contracts looked at every so often, and at once on SIGHUP.
    pub fn attend(self, every: Duration, mut look: impl FnMut(Look)) {
        let Self { runtime, mut terminate, mut interrupt, mut hangup } = self;
        runtime.block_on(async {
            let mut due = tokio::time::interval(every);
            due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = terminate.recv() => return,
                    _ = interrupt.recv() => return,
                    _ = hangup.recv() => look(Look::Asked),
                    _ = due.tick() => look(Look::Due),
                }
            }
        });
    }
}
