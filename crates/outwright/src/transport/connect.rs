//! One new connection: name, address, TCP, TLS, within `connect`.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use outwright_core::outcome::Fault;
use outwright_core::provider::Scheme;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::connection::Connection;
use super::link::Link;
use super::tls;
use crate::clock::Clock;
use crate::dns::{Allow, Resolver};

/// Shortest time that an address gets while others are left to try (chosen).
const ADDRESS_MIN: Duration = Duration::from_millis(250);

/// What a connection is made from.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) scheme: Scheme,
    pub(super) host: Box<str>,
    pub(super) port: u16,
    pub(super) allow: Allow,
    pub(super) tls: Option<Tls>,
    pub(super) own: Arc<OwnPorts>,
}

/// A connection, in the protocol that both sides agreed on.
pub(super) enum Made {
    /// HTTP/1.1.
    Own(Box<Connection>),
    /// HTTP/2.
    Shared(Rc<Link>),
}

/// Which versions of HTTP a provider speaks, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    /// It was not asked yet.
    Unknown,
    /// Only HTTP/1.1, or it asked for that.
    One,
    /// HTTP/2.
    Two,
}

/// The ports on which this process listens itself; none before it does.
#[derive(Debug, Default)]
pub(crate) struct OwnPorts(RwLock<Vec<u16>>);

impl OwnPorts {
    /// It listens on these now.
    pub(crate) fn are(&self, ports: &[u16]) {
        ports.clone_into(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// whether a connection leads back to this process. Both of its ends have the same address then, whichever
    /// of the machine's own was called.
    fn lead_home(&self, stream: &TcpStream) -> bool {
        let (Ok(peer), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return false };
        let ports = self.0.read().unwrap_or_else(PoisonError::into_inner);
        peer.ip() == local.ip() && ports.contains(&peer.port())
    }
}

/// What TLS needs to know of an origin.
pub(super) struct Tls {
    pub(super) name: ServerName<'static>,
    pub(super) config: Arc<ClientConfig>,
}

impl Tls {
    /// The same, for who speaks only HTTP/1.1.
    fn older(&self) -> Arc<ClientConfig> {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = vec![tls::HTTP_1_1.to_vec()];
        Arc::new(config)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A connection on which nothing has been sent.
///
/// # Errors
///
/// What went wrong, and in which phase.
pub(super) async fn connect(
    way: &Way,
    resolver: &Resolver,
    (clock, versions): (Clock, Versions),
    limit: Instant,
) -> Result<Made, Fault> {
    // TLS gets at most half of `connect`, so that a tarpit behind an open port is told from a dead address.
    let tls_most = limit.saturating_duration_since(Instant::now()) / 2;
    let addresses = resolver.addresses(&way.host, &way.allow, limit).await?;
    let stream = tcp(&addresses, way.port, limit).await?;
    if way.own.lead_home(&stream) {
        return Err(Fault::AddressProhibited);
    }
    match (way.scheme, &way.tls) {
        (Scheme::Http, _) => Ok(Made::Own(Connection::on(stream, clock.mono()).await)),
        (Scheme::Https, Some(tls)) => {
            let config =
                if versions == Versions::One { tls.older() } else { Arc::clone(&tls.config) };
            let connector = TlsConnector::from(config);
            let handshake = connector.connect(tls.name.clone(), stream);
            match timeout_at(limit.min(Instant::now() + tls_most), handshake).await {
                Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(tls::HTTP_2) => {
                    Ok(Made::Shared(Link::on(stream, clock).await?))
                }
                Ok(Ok(stream)) => Ok(Made::Own(Connection::on(stream, clock.mono()).await)),
                Ok(Err(error)) => Err(tls::fault(&error)),
                Err(_) => Err(Fault::TlsTimeout),
            }
        }
        // A name that is no server name cannot be proven by any certificate.
        (Scheme::Https, None) => Err(Fault::TlsRefused),
    }
}

/// The first address that answers; each gets an even share of the time that is left.
async fn tcp(
    addresses: &[std::net::IpAddr],
    port: u16,
    limit: Instant,
) -> Result<TcpStream, Fault> {
    let mut worst = Fault::ConnectUnreachable;
    for (tried, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let left = limit.saturating_duration_since(now);
        if left.is_zero() {
            return Err(Fault::ConnectTimeout);
        }
        let others = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = (left / others).max(ADDRESS_MIN).min(left);
        match timeout_at(now + share, TcpStream::connect(SocketAddr::new(*address, port))).await {
            Ok(Ok(stream)) => {
                // Without it a small request waits for an acknowledgement; a socket that refuses it still works.
                let _slower = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => worst = refused(&error),
            Err(_) => worst = Fault::ConnectTimeout,
        }
    }
    Err(worst)
}

fn refused(error: &io::Error) -> Fault {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, TimedOut};
    let kind = error.kind();
    if kind == ConnectionRefused || kind == ConnectionReset {
        Fault::ConnectRefused
    } else if kind == TimedOut {
        Fault::ConnectTimeout
    } else {
        Fault::ConnectUnreachable
    }
}
