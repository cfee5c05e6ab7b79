//! The names under which a listener may be addressed: everything else is a rebinding name or a mistake.

use std::net::SocketAddr;

/// The accepted values of `Host`.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    own: Box<[Box<[u8]>]>,
    /// What stands behind a name that is a door of a provider: `:4180`.
    port: Box<[u8]>,
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
        Self { own, port: format!(":{port}").into_bytes().into() }
    }

    /// The provider whose door on this listener has this name.
    pub(crate) fn door<'a>(
        &self,
        host: &[u8],
        mut doors: impl Iterator<Item = (&'a str, usize)>,
    ) -> Option<usize> {
        let name = match host.strip_suffix(&*self.port) {
            Some(name) => name,
            None if *self.port == *b":80" => host,
            None => return None,
        };
        doors.find(|(door, _)| door.as_bytes().eq_ignore_ascii_case(name)).map(|(_, index)| index)
    }

    /// Whether the listener itself has the name of a door, so that nobody could reach it.
    pub(crate) fn hides(&self, door: &str) -> bool {
        let spelled = [door.as_bytes(), &self.port].concat();
        self.know(&spelled) || *self.port == *b":80" && self.know(door.as_bytes())
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
