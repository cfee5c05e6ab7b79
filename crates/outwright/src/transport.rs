//! HTTP/1.1 to providers, on the codec's connection level with a pool of our own.
//!
//! One [`Origin`] per provider and core. It knows for every failure how much of the request left the process,
//! keeps the limits that the engine computed, and gives a connection back to its pool only after a reply that was
//! whole and in no way odd. It follows no redirect, offers no upgrade and never repeats anything by itself.

mod body;
mod connect;
mod connection;
mod inflate;
mod limits;
mod link;
mod meter;
mod pool;
mod pulse;
mod reply;
mod send;
mod stream;
mod tls;
mod wire;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http::header::CONTENT_LENGTH;
use http::response::Parts;
use outwright_core::outcome::{Fault, Sent};
use outwright_core::provider::{Provider, Scheme};
use outwright_core::time::Mono;
use outwright_core::timeout::Limits;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::{Instant, timeout_at};

pub use self::pool::PoolCounts;
pub use self::tls::TrustError;

pub(crate) use self::body::{Cause, SendBody};
pub(crate) use self::connect::OwnPorts;
pub(crate) use self::connection::Connection;
pub(crate) use self::inflate::Gauge;
pub(crate) use self::link::Link;
pub(crate) use self::send::{Exchange, Failed, Given};
pub(crate) use self::tls::{Secured, config as tls_config};
pub(crate) use self::wire::WireBody;

use self::connect::{Made, Tls, Versions, Way, connect};
use self::link::{Answered, Passage};
use self::pool::Pool;
use self::reply::{BodyLimits, OwnBody};
use self::send::{STATUS_MAX, is_too_large};
use self::stream::StreamBody;
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
    /// The connection that all calls share, where the provider speaks HTTP/2.
    link: RefCell<Option<Rc<Link>>>,
    versions: Cell<Versions>,
    /// Held while a connection is made that others may want to share.
    opening: tokio::sync::Mutex<()>,
}

/// What a request travels on.
#[derive(Debug)]
pub(crate) enum Carrier {
    /// A connection that carries one request at a time.
    Own(Box<Connection>),
    /// One that carries many.
    Shared(Rc<Link>),
}

impl Carrier {
    /// Whether it has carried no request yet.
    pub(crate) fn is_new(&self) -> bool {
        match self {
            Self::Own(connection) => connection.is_new(),
            Self::Shared(link) => link.is_new(),
        }
    }
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

impl Limited {
    /// The head must be here by then.
    fn head(&self) -> Mono {
        self.limits.end.min(self.now.plus(self.limits.first_byte))
    }

    /// When there is first something to look at.
    fn first_look(&self) -> Mono {
        self.head().min(self.now.plus(self.limits.idle))
    }

    /// What is left of it for the body.
    const fn of_body(&self) -> BodyLimits {
        let Limits { idle, end, stream, .. } = self.limits;
        BodyLimits { idle, end, stream, bytes_max: self.bytes_max }
    }
}

impl Origin {
    /// The way to a provider.
    pub(crate) fn new(
        provider: &Provider,
        tls: Option<&Arc<ClientConfig>>,
        resolver: Rc<Resolver>,
        (clock, own): (Clock, Arc<OwnPorts>),
    ) -> Self {
        let base = &provider.base;
        let tls = tls.and_then(|config| {
            let name = ServerName::try_from(base.host.to_string()).ok()?;
            Some(Tls { name, config: Arc::clone(config) })
        });
        let allow = Allow::of(provider);
        let (scheme, host, port) = (base.scheme, base.host.clone(), base.port);
        let way = Way { scheme, host, port, allow, tls, own };
        let look_again_after = LOOK_AGAIN_AFTER;
        let versions = match scheme {
            Scheme::Https => Versions::Unknown,
            Scheme::Http => Versions::One,
        };
        Self {
            way,
            pool: Pool::default(),
            resolver,
            clock,
            look_again_after,
            link: RefCell::new(None),
            versions: Cell::new(versions),
            opening: tokio::sync::Mutex::new(()),
        }
    }

    /// A connection that was in use a moment ago.
    pub(crate) fn at_hand(&self, trust: Trust, now: Mono) -> Option<Carrier> {
        if self.versions.get() == Versions::Two {
            if trust == Trust::None {
                return None;
            }
            return self.recent_link(now).map(Carrier::Shared);
        }
        let after = self.look_after(trust);
        if self.pool.is_idle_for(after, now) {
            return None;
        }
        self.pool.take(after, now).map(Carrier::Own)
    }

    fn good_link(&self, now: Mono) -> Option<Rc<Link>> {
        self.link.borrow().as_ref().filter(|link| link.is_good(now)).map(Rc::clone)
    }

    /// The shared connection, if its peer was heard a moment ago.
    fn recent_link(&self, now: Mono) -> Option<Rc<Link>> {
        self.good_link(now).filter(|link| link.is_recent(now))
    }

    /// From which idle time on a connection is looked at before it is used.
    const fn look_after(&self, trust: Trust) -> Duration {
        match trust {
            Trust::Recent => self.look_again_after,
            Trust::None => Duration::ZERO,
        }
    }

    /// A connection on which nothing of this request has been sent: one that is there, or a new one within its limit.
    ///
    /// # Errors
    ///
    /// Why none stands.
    pub(crate) async fn reach(&self, trust: Trust, limits: &Limits) -> Result<Carrier, Fault> {
        let limit = self.clock.instant(limits.connect);
        if self.versions.get() == Versions::One {
            return self.reach_own(trust, limit).await;
        }
        if trust == Trust::None && self.link.borrow().is_some() {
            // As with a connection of its own: what has arrived, an end mostly, is seen before anything is sent.
            tokio::task::yield_now().await;
        }
        if let Some(link) = self.living_link(limit).await {
            return Ok(Carrier::Shared(link));
        }
        // Whoever waits here may find that somebody else has made the connection meanwhile.
        let Ok(_opening) = timeout_at(limit, self.opening.lock()).await else {
            return Err(Fault::ConnectTimeout);
        };
        match self.versions.get() {
            Versions::One => self.reach_own(trust, limit).await,
            Versions::Unknown | Versions::Two => match self.recent_link(self.clock.mono()) {
                Some(link) => Ok(Carrier::Shared(link)),
                None => self.open(limit).await,
            },
        }
    }

    /// The shared connection, if its peer is still there.
    ///
    /// A peer that was not heard for long is asked before it gets any request, and for half of the time there is: a new
    /// connection in the other half is worth more than the rest of that wait, and a call that may be sent once only
    /// is sent on neither before one of them is known to be good.
    async fn living_link(&self, limit: Instant) -> Option<Rc<Link>> {
        let link = self.good_link(self.clock.mono())?;
        if link.is_recent(self.clock.mono()) {
            return Some(link);
        }
        let now = Instant::now();
        let half = now + limit.saturating_duration_since(now) / 2;
        link.answers(half).await.then_some(link)
    }

    async fn reach_own(&self, trust: Trust, limit: Instant) -> Result<Carrier, Fault> {
        let (now, after) = (self.clock.mono(), self.look_after(trust));
        if self.pool.is_idle_for(after, now) {
            // The runtime looks at its sockets before it comes back: an end that has arrived is noticed by then,
            // at the cost of one look instead of a request whose outcome nobody knows.
            tokio::task::yield_now().await;
        }
        if let Some(connection) = self.pool.take(after, now) {
            return Ok(Carrier::Own(connection));
        }
        self.open(limit).await
    }

    /// A new connection; what the two sides agreed on is remembered.
    async fn open(&self, limit: Instant) -> Result<Carrier, Fault> {
        let how = (self.clock, self.versions.get());
        let made = connect(&self.way, &self.resolver, how, limit).await?;
        self.pool.connected();
        match made {
            Made::Own(connection) => {
                self.versions.set(Versions::One);
                Ok(Carrier::Own(connection))
            }
            Made::Shared(link) => {
                self.versions.set(Versions::Two);
                self.link.replace(Some(Rc::clone(&link)));
                Ok(Carrier::Shared(link))
            }
        }
    }

    /// Begins to send a request within its limits, up to the response head: see [`Exchange`].
    pub(crate) fn begin(
        &self,
        connection: Box<Connection>,
        request: Request<SendBody>,
        limited: Limited,
    ) -> (Exchange, impl Future<Output = Given>) {
        Exchange::begin(connection, request, (limited, self.clock))
    }

    /// What came of an exchange.
    ///
    /// # Errors
    ///
    /// Why there is no head, and how much of the request left.
    pub(crate) fn arrived(
        self: &Rc<Self>,
        exchange: Exchange,
        given: Result<Given, Fault>,
    ) -> Result<Arrived, Failed> {
        let arrived = exchange.end(given)?;
        let limits = arrived.limited.of_body();
        let connection = (arrived.connection, arrived.reusable);
        let (head, incoming) = arrived.response.into_parts();
        let body = OwnBody::new(incoming, connection, Rc::clone(self), limits);
        Ok(Arrived { head, body: WireBody::Own(body), sent: arrived.sent })
    }

    /// The same on a stream of a shared connection.
    ///
    /// # Errors
    ///
    /// Why there is no head, and how much of the request left.
    pub(crate) async fn exchange_shared(
        &self,
        link: Rc<Link>,
        request: Request<SendBody>,
        limited: Limited,
    ) -> Result<Arrived, Failed> {
        let passage = Passage::on(link);
        let answered = passage.link().exchange(request, (limited, self.clock)).await;
        if passage.link().wants_older() {
            // The next connection is one of HTTP/1.1 (RFC 9113 section 7: HTTP_1_1_REQUIRED).
            self.versions.set(Versions::One);
        }
        let Answered { head, stream, rest } = answered?;
        let length = head.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let fault = if head.status.as_u16() > STATUS_MAX {
            Some(Fault::Malformed)
        } else if length.is_some_and(|length| length > limited.bytes_max && !stream.is_end_stream())
        {
            Some(Fault::BodyTooLarge)
        } else {
            is_too_large(&head.headers).then_some(Fault::HeadTooLarge)
        };
        if let Some(fault) = fault {
            return Err(Failed { sent: Sent::All, fault, unused: None });
        }
        let limits = limited.of_body();
        let sent = if rest.is_some() { Sent::Part } else { Sent::All };
        let body = StreamBody::new((stream, rest), passage, self.clock, (limits, length));
        Ok(Arrived { head, body: WireBody::Stream(Box::new(body)), sent })
    }

    /// Closes connections that have been idle for too long.
    pub(crate) fn sweep(&self) {
        let now = self.clock.mono();
        self.pool.sweep(now);
        // One that takes no further call ends with the last that it has.
        self.link.borrow_mut().take_if(|link| !link.is_good(now));
    }

    /// What its pool did so far.
    pub(crate) fn pool_counts(&self) -> PoolCounts {
        self.pool.counts()
    }

    /// Takes back what was not used.
    pub(crate) fn spare(&self, carrier: Carrier, now: Mono) {
        match carrier {
            Carrier::Own(connection) => self.give_back(connection, now),
            // It was never taken away.
            Carrier::Shared(_) => {}
        }
    }

    /// Takes a connection back that may carry another request.
    pub(super) fn give_back(&self, connection: Box<Connection>, now: Mono) {
        self.pool.put(connection, now);
    }
}

#[cfg(test)]
mod tests;
