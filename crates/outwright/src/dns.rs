//! Names to addresses: bounded, remembered for as long as their records say, never to a place that egress forbids.
//!
//! One [`Resolver`] per core. The addresses that it hands out have been checked, and are the ones that are connected:
//! there is no second lookup.
//! While the name servers cannot answer, the last good addresses serve on.

mod special;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ProtocolConfig, ResolveHosts,
    ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use outwright_core::outcome::Fault;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::special::Allow;

/// A lookup takes at most this long (R-547: 2 s).
const LOOKUP_MAX: Duration = Duration::from_secs(2);
/// Shortest and longest time that an answer is remembered, whatever its records say (chosen: one lookup per second
/// at most; a provider that moves is followed within five minutes).
const KEEP: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));
/// How long the absence of a name is remembered (chosen: below the 30 s after which it is to be looked up again).
const KEEP_ABSENCE: Duration = Duration::from_secs(10);
/// How long the last good addresses serve while the name servers cannot answer (chosen: an hour of their outage).
const SERVE_STALE: Duration = Duration::from_secs(3_600);
/// How long they serve before the name servers are asked again (chosen).
const RETRY_STALE: Duration = Duration::from_secs(1);
/// Names that are remembered (chosen: more than there are providers).
const NAMES_MAX: usize = 1_024;

/// Addresses, checked.
pub(crate) type Addresses = Rc<[IpAddr]>;

/// Finds and remembers addresses, for one core.
#[derive(Debug)]
pub(crate) struct Resolver {
    servers: Box<[SocketAddr]>,
    lookup: RefCell<Option<TokioResolver>>,
    names: RefCell<BTreeMap<Box<str>, Rc<Name>>>,
}

/// What is remembered of one name.
#[derive(Debug, Default)]
struct Name {
    known: RefCell<Option<Known>>,
    /// Held during a lookup, so that many calls make one.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct Known {
    /// All of them, also those that some contract does not allow; none when the name does not exist.
    addresses: Addresses,
    answered: Instant,
    until: Instant,
}

impl Resolver {
    /// Asks these name servers; none are those of the machine.
    pub(crate) fn new(servers: &[SocketAddr]) -> Self {
        let names = RefCell::new(BTreeMap::new());
        Self { servers: servers.into(), lookup: RefCell::new(None), names }
    }

    /// Where a host is, as far as egress allows.
    ///
    /// # Errors
    ///
    /// The name servers do not know, do not answer, or know only addresses that are not allowed.
    pub(crate) async fn addresses(
        &self,
        host: &str,
        allow: &Allow,
        limit: Instant,
    ) -> Result<Addresses, Fault> {
        if let Ok(address) = host.parse::<IpAddr>() {
            let literal = allow.literal(address).then(|| Rc::from([address]));
            return literal.ok_or(Fault::AddressProhibited);
        }
        let found = if is_localhost(host) {
            // RFC 6761 section 6.3: never asked for, always loopback.
            Rc::from([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)])
        } else {
            self.find(host, limit.min(Instant::now() + LOOKUP_MAX)).await?
        };
        if found.iter().all(|address| allow.resolved(*address)) {
            return Ok(found);
        }
        let allowed: Addresses =
            found.iter().copied().filter(|address| allow.resolved(*address)).collect();
        if allowed.is_empty() { Err(Fault::AddressProhibited) } else { Ok(allowed) }
    }

    async fn find(&self, host: &str, limit: Instant) -> Result<Addresses, Fault> {
        let name = self.name(host);
        if let Some(answer) = name.fresh() {
            return answer;
        }
        let Ok(asking) = timeout_at(limit, name.asking.lock()).await else {
            return name.stale(Fault::DnsTimeout);
        };
        if let Some(answer) = name.fresh() {
            return answer;
        }
        let answer = match timeout_at(limit, self.ask(host)).await {
            Ok(Ok((addresses, until))) => Ok(name.learn(addresses, until)),
            Ok(Err(Fault::DnsNotFound)) => {
                name.learn(Rc::from([]), Instant::now() + KEEP_ABSENCE);
                Err(Fault::DnsNotFound)
            }
            Ok(Err(fault)) => name.stale(fault),
            Err(_) => name.stale(Fault::DnsTimeout),
        };
        drop(asking);
        answer
    }

    fn name(&self, host: &str) -> Rc<Name> {
        let mut names = self.names.borrow_mut();
        if let Some(name) = names.get(host) {
            return Rc::clone(name);
        }
        if names.len() >= NAMES_MAX {
            names.clear();
        }
        let name = Rc::new(Name::default());
        names.insert(host.into(), Rc::clone(&name));
        name
    }

    async fn ask(&self, host: &str) -> Result<(Addresses, Instant), Fault> {
        // Absolute: a name of a contract is never looked for in the machine's search list.
        let mut absolute = String::with_capacity(host.len() + 1);
        absolute.push_str(host.trim_end_matches('.'));
        absolute.push('.');
        let lookup = self.lookup()?;
        let answer = lookup.lookup_ip(absolute).await.map_err(|error| fault(&error))?;
        let addresses: Addresses = answer.iter().collect();
        if addresses.is_empty() {
            return Err(Fault::DnsNotFound);
        }
        let now = Instant::now();
        let until = Instant::from_std(answer.valid_until()).clamp(now + KEEP.0, now + KEEP.1);
        Ok((addresses, until))
    }

    /// Made at the first lookup, on the runtime of its core.
    fn lookup(&self) -> Result<TokioResolver, Fault> {
        let mut lookup = self.lookup.borrow_mut();
        if let Some(made) = &*lookup {
            return Ok(made.clone());
        }
        let made = build(&self.servers).map_err(|error| fault(&error))?;
        Ok(lookup.insert(made).clone())
    }
}

impl Name {
    fn fresh(&self) -> Option<Result<Addresses, Fault>> {
        let known = self.known.borrow();
        let known = known.as_ref().filter(|known| Instant::now() < known.until)?;
        Some(if known.addresses.is_empty() {
            Err(Fault::DnsNotFound)
        } else {
            Ok(Rc::clone(&known.addresses))
        })
    }

    fn learn(&self, addresses: Addresses, until: Instant) -> Addresses {
        let known = Known { addresses: Rc::clone(&addresses), answered: Instant::now(), until };
        self.known.replace(Some(known));
        addresses
    }

    /// The last good addresses instead of a failed lookup.
    fn stale(&self, fault: Fault) -> Result<Addresses, Fault> {
        let now = Instant::now();
        let mut known = self.known.borrow_mut();
        match known.as_mut() {
            Some(known) if !known.addresses.is_empty() && now < known.answered + SERVE_STALE => {
                known.until = now + RETRY_STALE;
                Ok(Rc::clone(&known.addresses))
            }
            Some(_) | None => Err(fault),
        }
    }
}

fn build(servers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
    let provider = TokioRuntimeProvider::default();
    let mut builder = if servers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = servers.iter().map(|server| name_server(*server)).collect();
        let config = ResolverConfig::from_name_servers(servers);
        TokioResolver::builder_with_config(config, provider)
    };
    options(builder.options_mut(), servers.is_empty());
    builder.build()
}

fn options(options: &mut ResolverOpts, of_machine: bool) {
    // Two tries within the bound of a lookup.
    options.timeout = LOOKUP_MAX / 2;
    options.attempts = 1;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // What is remembered is remembered here.
    options.cache_size = 0;
    options.use_hosts_file = if of_machine { ResolveHosts::Auto } else { ResolveHosts::Never };
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let connections = [ProtocolConfig::Udp, ProtocolConfig::Tcp].map(|protocol| {
        let mut connection = ConnectionConfig::new(protocol);
        connection.port = server.port();
        connection
    });
    NameServerConfig::new(server.ip(), true, connections.into())
}

fn fault(error: &NetError) -> Fault {
    if matches!(error, NetError::Timeout) {
        Fault::DnsTimeout
    } else if matches!(error, NetError::Dns(DnsError::NoRecordsFound(_))) {
        Fault::DnsNotFound
    } else {
        Fault::DnsTemporary
    }
}

fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name whose answer is this old and over.
    fn known(age: Duration) -> Name {
        let name = Name::default();
        let answered = Instant::now().checked_sub(age).unwrap();
        let addresses = Rc::from([IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))]);
        name.known.replace(Some(Known { addresses, answered, until: answered }));
        name
    }

    #[test]
    fn the_last_good_addresses_serve_on_while_the_name_servers_are_down() {
        let name = known(Duration::from_secs(60));
        assert!(name.fresh().is_none(), "the name servers are asked first");
        assert_eq!(name.stale(Fault::DnsTimeout).map(|addresses| addresses.len()), Ok(1));
        assert!(name.fresh().is_some(), "and not again at once");
        let old = known(SERVE_STALE + Duration::from_secs(1));
        assert_eq!(old.stale(Fault::DnsTimeout), Err(Fault::DnsTimeout), "not for ever");
        assert_eq!(Name::default().stale(Fault::DnsTemporary), Err(Fault::DnsTemporary));
    }

    #[test]
    fn a_name_that_does_not_exist_is_not_served_from_memory() {
        let name = known(Duration::from_secs(60));
        name.learn(Rc::from([]), Instant::now() + KEEP_ABSENCE);
        assert_eq!(name.fresh(), Some(Err(Fault::DnsNotFound)));
        assert_eq!(name.stale(Fault::DnsTimeout), Err(Fault::DnsTimeout));
    }

    /// RFC 6761 section 6.3.
    #[test]
    fn localhost_is_known_without_asking() {
        for (host, want) in [
            ("localhost", true),
            ("LOCALHOST.", true),
            ("a.localhost", true),
            ("alocalhost", false),
        ] {
            assert_eq!(is_localhost(host), want, "{host}");
        }
    }
}
