//! The names under which a listener may be addressed: everything else is a rebinding name or a mistake.

use std::net::SocketAddr;

/// The accepted values of `Host`.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    own: Box<[Box<[u8]>]>,
    /// Names that are the doors of providers.
    doors: Box<[(Box<[u8]>, usize)]>,
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
        if port == 80 {
            all.extend(["127.0.0.1".to_owned(), "localhost".to_owned(), "[::1]".to_owned()]);
        }
        all.extend(added.iter().cloned());
        let own = all.into_iter().map(|name| name.into_bytes().into()).collect();
        Self { own, doors: Box::default() }
    }

    /// The same, with names that are the doors of providers on a listener of this port.
    pub(crate) fn with_doors<'a>(
        self,
        port: u16,
        doors: impl Iterator<Item = (&'a str, usize)>,
    ) -> Self {
        let spelled = |(name, provider): (&str, usize)| {
            let whole = if port == 80 { name.to_owned() } else { format!("{name}:{port}") };
            (whole.into_bytes().into(), provider)
        };
        Self { doors: doors.map(spelled).collect(), ..self }
    }

    /// The provider whose door has this name.
    pub(crate) fn door(&self, host: &[u8]) -> Option<usize> {
        let mut doors = self.doors.iter();
        doors.find(|(name, _)| name.eq_ignore_ascii_case(host)).map(|(_, provider)| *provider)
    }

    /// The provider whose door nobody could reach, since the listener itself has its name.
    pub(crate) fn hidden_door(&self) -> Option<usize> {
        self.doors.iter().find(|(name, _)| self.know(name)).map(|(_, provider)| *provider)
    }

    /// Whether `host` is one of them; names are compared without regard to case.
    pub(crate) fn know(&self, host: &[u8]) -> bool {
        // Nearly always it is spelled as it is written here.
        let spelled = self.own.iter().any(|name| **name == *host);
        spelled || self.own.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

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
        let plain = Hosts::new("127.0.0.1:80".parse().unwrap(), &[]);
        assert!(plain.know(b"localhost"));
    }
}
