//! The names under which a listener may be addressed: everything else is a rebinding name or a mistake.

use std::net::SocketAddr;

/// The accepted values of `Host`.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    own: Box<[Box<[u8]>]>,
    /// What stands behind a name that is a door of a provider: `:4180`.
    port: Box<[u8]>,
    /// Whether callers may leave that out.
    portless: bool,
}

impl Hosts {
    /// The names of a listener at this address, and those that the deployment adds (`name` or `name:port`).
    pub(crate) fn new(address: SocketAddr, added: &[String]) -> Self {
        let port = address.port();
        let own = address.ip();
        let mut all: Vec<String> =
            vec![format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")];
        if !own.is_loopback() && !own.is_unspecified() {
            all.push(address.to_string());
        }
        if PORTLESS.contains(&port) {
            all.extend(PLAIN.map(str::to_owned));
        }
        for name in added {
            let bracket = name.rfind(']').unwrap_or(0);
            if name.get(bracket..).is_some_and(|rest| !rest.contains(':')) {
                all.push(format!("{name}:{port}"));
            }
            all.push(name.clone());
        }
        let own = all.into_iter().map(|name| name.into_bytes().into()).collect();
        let portless = PORTLESS.contains(&port);
        Self { own, port: format!(":{port}").into_bytes().into(), portless }
    }

    /// The provider whose door on this listener has this name.
    pub(crate) fn door<'a>(
        &self,
        host: &[u8],
        mut doors: impl Iterator<Item = (&'a str, usize)>,
    ) -> Option<usize> {
        let name = match host.strip_suffix(&*self.port) {
            Some(name) => name,
            None if self.portless => host,
            None => return None,
        };
        doors.find(|(door, _)| door.as_bytes().eq_ignore_ascii_case(name)).map(|(_, index)| index)
    }

    /// Whether the listener itself has the name of a door, so that nobody could reach it.
    pub(crate) fn hides(&self, door: &str) -> bool {
        let spelled = [door.as_bytes(), &self.port].concat();
        self.know(&spelled) || self.portless && self.know(door.as_bytes())
    }

    /// The same for a Unix socket: no port stands behind a name there, and no page ever gets there.
    pub(crate) fn over_socket(mut self) -> Self {
        let plain = PLAIN.iter().map(|name| name.as_bytes().into());
        self.own = self.own.into_iter().chain(plain).collect();
        Self { portless: true, ..self }
    }

    /// Whether `host` is one of them; names are compared without regard to case.
    pub(crate) fn know(&self, host: &[u8]) -> bool {
        // Nearly always it is spelled as it is written here.
        let spelled = self.own.iter().any(|name| **name == *host);
        spelled || self.own.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// This machine, without a port.
const PLAIN: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
/// Ports that nobody writes: those of `http` and of `https`.
const PORTLESS: [u16; 2] = [80, 443];

#[cfg(test)]
mod tests {
    use super::Hosts;

    /// a page that rebinds its name to loopback still sends its own name.
    #[test]
    fn only_names_of_the_listener_are_known() {
        let hosts = Hosts::new("127.0.0.1:4180".parse().unwrap(), &["outwright.local".to_owned()]);
        for host in ["127.0.0.1:4180", "LocalHost:4180", "[::1]:4180", "outwright.local"] {
            assert!(hosts.know(host.as_bytes()), "{host}");
        }
        for host in ["", "localhost", "localhost:80", "evil.example:4180", "127.0.0.1:4180.evil"] {
            assert!(!hosts.know(host.as_bytes()), "{host}");
        }
        assert!(hosts.know(b"outwright.local:4180") && !hosts.know(b"outwright.local:80"));
        let plain = Hosts::new("127.0.0.1:80".parse().unwrap(), &[]);
        assert!(plain.know(b"localhost"));
    }

    #[test]
    fn over_a_socket_a_name_has_no_port() {
        let hosts = Hosts::new("127.0.0.1:4180".parse().unwrap(), &[]).over_socket();
        for host in ["localhost", "127.0.0.1", "localhost:4180"] {
            assert!(hosts.know(host.as_bytes()), "{host}");
        }
        assert!(!hosts.know(b"evil.example"));
        let door = |host: &[u8]| hosts.door(host, [("stripe.localhost", 0)].into_iter());
        assert_eq!((door(b"stripe.localhost"), door(b"stripe.localhost:4180")), (Some(0), Some(0)));
        assert_eq!(door(b"other.localhost"), None);
    }
}
