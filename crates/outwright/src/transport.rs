//! HTTP/1.1 to providers, on the codec's connection level with a pool of our own.
//!
//! One [`Origin`] per provider and core. It knows for every failure how much of the request left the process,
//! keeps the limits that the engine computed, and gives a connection back to its pool only after a reply that was
//! whole and in no way odd. It follows no redirect, offers no upgrade and never repeats anything by itself.

mod body;
mod connect;
mod connection;
mod meter;
mod pool;
mod reply;
mod send;
mod tls;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http::response::Parts;
use outwright_core::outcome::{Fault, Sent};
use outwright_core::provider::Provider;
use outwright_core::time::Mono;
use outwright_core::timeout::Limits;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

pub use self::pool::PoolCounts;
pub use self::tls::TrustError;

pub(crate) use self::body::{Cause, SendBody};
pub(crate) use self::connection::Connection;
pub(crate) use self::reply::WireBody;
pub(crate) use self::send::Failed;
pub(crate) use self::tls::config as tls_config;

use self::connect::{Tls, Way, connect};
use self::pool::Pool;
use self::reply::BodyLimits;
use self::send::{HeadLimits, exchange};
use crate::clock::Clock;
use crate::dns::{Allow, Resolver};

/// From this idle time on, the end of a connection is looked for before it is used again (chosen: shorter than any
/// server keeps an idle connection, longer than a busy core leaves one idle).
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// A provider as one core reaches it.
#[derive(Debug)]
pub(crate) struct Origin {
    way: Way,
    pool: Pool,
    resolver: Rc<Resolver>,
    clock: Clock,
    look_again_after: Duration,
}

/// A response head with its body still to come.
pub(crate) struct Arrived {
    /// Its head.
    pub(crate) head: Parts,
    /// Its body.
    pub(crate) body: WireBody,
    /// How much of the request had left by then.
    pub(crate) sent: Sent,
}

/// Which idle connections are taken without a look at what arrived on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Those that were in use a moment ago.
    Recent,
    /// None: what a connection ended with unseen would leave open whether the request was taken.
    None,
}

/// What an exchange may take, in time and bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limited {
    /// The engine's limits.
    pub(crate) limits: Limits,
    /// From when on they count.
    pub(crate) now: Mono,
    /// Bytes of the response body.
    pub(crate) bytes_max: u64,
}

impl Origin {
    /// The way to a provider.
    pub(crate) fn new(
        provider: &Provider,
        tls: Option<&Arc<ClientConfig>>,
        resolver: Rc<Resolver>,
        clock: Clock,
    ) -> Self {
        let base = &provider.base;
        let tls = tls.and_then(|config| {
            let name = ServerName::try_from(base.host.to_string()).ok()?;
            Some(Tls { name, config: Arc::clone(config) })
        });
        let allow = Allow::of(provider);
        let way = Way { scheme: base.scheme, host: base.host.clone(), port: base.port, allow, tls };
        let look_again_after = LOOK_AGAIN_AFTER;
        Self { way, pool: Pool::default(), resolver, clock, look_again_after }
    }

    /// An idle connection that was in use a moment ago.
    pub(crate) fn at_hand(&self, trust: Trust, now: Mono) -> Option<Box<Connection>> {
        let after = self.look_after(trust);
        if self.pool.is_idle_for(after, now) {
            return None;
        }
        self.pool.take(after, now)
    }

    /// From which idle time on a connection is looked at before it is used.
    const fn look_after(&self, trust: Trust) -> Duration {
        match trust {
            Trust::Recent => self.look_again_after,
            Trust::None => Duration::ZERO,
        }
    }

    /// A connection on which nothing of a request has been sent: an idle one, or a new one within its limit.
    ///
    /// # Errors
    ///
    /// Why none stands.
    pub(crate) async fn reach(
        &self,
        trust: Trust,
        limits: &Limits,
    ) -> Result<Box<Connection>, Fault> {
        let (now, after) = (self.clock.mono(), self.look_after(trust));
        if self.pool.is_idle_for(after, now) {
            // The runtime looks at its sockets before it comes back: an end that has arrived is noticed by then,
            // at the cost of one look instead of a request whose outcome nobody knows.
            tokio::task::yield_now().await;
        }
        if let Some(connection) = self.pool.take(after, now) {
            return Ok(connection);
        }
        let limit = self.clock.instant(limits.connect);
        let connection = connect(&self.way, &self.resolver, limit).await?;
        self.pool.connected();
        Ok(connection)
    }

    /// Sends a request within its limits, up to the response head.
    ///
    /// # Errors
    ///
    /// Why there is no head, and how much of the request left.
    pub(crate) fn exchange(
        self: &Rc<Self>,
        connection: Box<Connection>,
        request: Request<SendBody>,
        Limited { limits, now, bytes_max }: Limited,
    ) -> impl Future<Output = Result<Arrived, Failed>> {
        let head = limits.end.min(now.plus(limits.first_byte));
        let first = head.min(now.plus(limits.idle));
        let head_limits = HeadLimits {
            first: self.clock.instant(first),
            head,
            idle: limits.idle,
            clock: self.clock,
        };
        let exchange = exchange(connection, request, head_limits, bytes_max);
        async move {
            let arrived = exchange.await?;
            let limits =
                BodyLimits { idle: limits.idle, end: limits.end, stream: limits.stream, bytes_max };
            let connection = (arrived.connection, arrived.reusable);
            let (head, incoming) = arrived.response.into_parts();
            let body = WireBody::new(incoming, connection, Rc::clone(self), limits);
            Ok(Arrived { head, body, sent: arrived.sent })
        }
    }

    /// Closes connections that have been idle for too long.
    pub(crate) fn sweep(&self) {
        self.pool.sweep(self.clock.mono());
    }

    /// What its pool did so far.
    pub(crate) fn pool_counts(&self) -> PoolCounts {
        self.pool.counts()
    }

    /// Takes a connection back that may carry another request.
    pub(crate) fn give_back(&self, connection: Box<Connection>, now: Mono) {
        self.pool.put(connection, now);
    }
}

#[cfg(test)]
mod tests;
