//! Idle connections to one origin, on one core: the last one given back is the first one taken.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use outwright_core::time::Mono;

use super::connection::Connection;

/// How old a connection may be and still be kept (R-085: 5 min), so that a provider that moves is followed.
const AGE_MAX: Duration = Duration::from_secs(300);
/// Idle connections that are kept per origin and core (chosen: four times what one core keeps busy in the benchmark).
const IDLE_MAX: usize = 256;
/// How long a connection may be idle (chosen: below the 60 s after which common load balancers close theirs).
const IDLE_FOR: Duration = Duration::from_secs(30);

/// What a pool did, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounts {
    /// Connections that were made.
    pub connected: u64,
    /// Requests that found an idle one.
    pub reused: u64,
    /// Idle ones that turned out to be closed.
    pub closed: u64,
    /// Idle ones that were dropped because they were old or too many.
    pub expired: u64,
    /// Those that are idle now.
    pub idle: usize,
}

/// The idle connections of one origin.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: RefCell<Vec<(Mono, Box<Connection>)>>,
    counts: Cell<PoolCounts>,
}

impl Pool {
    /// The connection that was used last, if it is still good; one that was idle for `long` is looked at first.
    pub(super) fn take(&self, long: Duration, now: Mono) -> Option<Box<Connection>> {
        let mut idle = self.idle.borrow_mut();
        while let Some((since, mut connection)) = idle.pop() {
            if now.since(since) >= long {
                connection.look();
            }
            if connection.is_good() {
                self.count(|counts| counts.reused += 1);
                return Some(connection);
            }
            self.count(|counts| counts.closed += 1);
        }
        None
    }

    /// Whether the connection that is taken next has been idle for so long.
    pub(super) fn is_idle_for(&self, long: Duration, now: Mono) -> bool {
        self.idle.borrow().last().is_some_and(|(since, _)| now.since(*since) >= long)
    }

    /// A connection whose last reply ended cleanly.
    pub(super) fn put(&self, mut connection: Box<Connection>, now: Mono) {
        if !connection.is_good() {
            // The codec of one that carried nothing yet was never at work, and says so only then.
            connection.look();
        }
        if !connection.is_good() {
            return;
        }
        connection.rest();
        let mut idle = self.idle.borrow_mut();
        if idle.len() < IDLE_MAX && now.since(connection.born) < AGE_MAX {
            idle.push((now, connection));
        } else {
            self.count(|counts| counts.expired += 1);
        }
    }

    /// Drops what has been idle for too long; the oldest stand first.
    pub(super) fn sweep(&self, now: Mono) {
        let mut idle = self.idle.borrow_mut();
        let before = idle.len();
        idle.retain_mut(|(since, connection)| {
            connection.look();
            now.since(*since) < IDLE_FOR && connection.is_good()
        });
        let gone = before - idle.len();
        self.count(|counts| counts.expired += gone as u64);
    }

    /// A connection was made.
    pub(super) fn connected(&self) {
        self.count(|counts| counts.connected += 1);
    }

    /// What it did so far.
    pub(super) fn counts(&self) -> PoolCounts {
        PoolCounts { idle: self.idle.borrow().len(), ..self.counts.get() }
    }

    fn count(&self, change: impl FnOnce(&mut PoolCounts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection that carried a request and waits for the next one; its peer stays open.
    async fn used(born: Mono) -> (Box<Connection>, tokio::io::DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(1_024);
        let mut connection = Connection::on(ours, born).await;
        connection.look();
        (connection, theirs)
    }

    /// neither an idle connection nor an old one is used for ever.
    #[tokio::test]
    async fn connections_age_and_close_early() {
        let pool = Pool::default();
        let born = Mono::ZERO;
        let (one, _peer) = used(born).await;
        let young = born.plus(AGE_MAX - Duration::from_millis(1));
        pool.put(one, young);
        let one = pool.take(IDLE_FOR, young).expect("it is young enough");
        pool.put(one, young);
        pool.sweep(young.plus(IDLE_FOR - Duration::from_millis(1)));
        assert_eq!(pool.counts().idle, 1);
        pool.sweep(young.plus(IDLE_FOR));
        assert_eq!((pool.counts().idle, pool.counts().expired), (0, 1), "idle for too long");
        let (old, _peer) = used(born).await;
        pool.put(old, born.plus(AGE_MAX));
        assert_eq!((pool.counts().idle, pool.counts().expired), (0, 2), "too old to be kept");
    }
}
