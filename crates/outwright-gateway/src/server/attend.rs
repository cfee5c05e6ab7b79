//! What a running process is told from outside: to end, or to look at its contracts again.

use std::io;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::Handle;

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

impl Handle {
    /// Waits for SIGTERM or SIGINT, with contracts that stay as they are.
    ///
    /// # Errors
    ///
    /// The signals cannot be watched.
    pub fn wait_for_signal(&self) -> io::Result<()> {
        self.attend(SELDOM, |_| ())
    }

    /// Waits for SIGTERM or SIGINT; has the contracts looked at every so often, and at once on SIGHUP.
    ///
    /// # Errors
    ///
    /// The signals cannot be watched.
    pub fn attend(&self, every: Duration, mut look: impl FnMut(Look)) -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut hangup = signal(SignalKind::hangup())?;
            let mut due = tokio::time::interval(every);
            due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = terminate.recv() => return Ok(()),
                    _ = interrupt.recv() => return Ok(()),
                    _ = hangup.recv() => look(Look::Asked),
                    _ = due.tick() => look(Look::Due),
                }
            }
        })
    }
}
