//! The listeners of a gateway: the two ports of its own, and those that are doors of single providers.

use std::net::{SocketAddr, TcpListener};

use tokio::sync::watch;

use crate::config::{Config, StartError};
use crate::door::Hosts;
use crate::listener::{self, Shared};

/// A port, bound once per core that serves it.
pub(super) struct Port {
    pub(super) address: SocketAddr,
    pub(super) listeners: Vec<TcpListener>,
}

impl Port {
    /// Binds a port for so many cores; port 0 is a free one.
    pub(super) fn bind(asked: SocketAddr, cores: usize) -> Result<Self, StartError> {
        let shared = if cores == 1 { Shared::WithNobody } else { Shared::BetweenCores };
        if asked.port() != 0 && shared == Shared::BetweenCores {
            // A second gateway could share the port unseen, so ask first as if nobody may share it.
            drop(bound(asked, Shared::WithNobody)?);
        }
        let (first, address) = bound(asked, shared)?;
        let mut listeners = vec![first];
        for _ in 1..cores {
            listeners.push(bound(address, shared)?.0);
        }
        Ok(Self { address, listeners })
    }
}

/// A port of a provider that is open.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) port: u16,
    /// Set to close it.
    stop: watch::Sender<bool>,
}

impl Opened {
    pub(super) fn close(&self) {
        self.stop.send_replace(true);
    }
}

/// What one core serves of a port of a provider.
pub(super) struct PortDoor {
    pub(super) listener: TcpListener,
    pub(super) port: u16,
    pub(super) hosts: Hosts,
    pub(super) stopped: watch::Receiver<bool>,
}

/// Opens the port of a provider: what stays with the gateway, and what goes to each core.
pub(super) fn open(
    address: SocketAddr,
    config: &Config,
) -> Result<(Opened, Vec<PortDoor>), StartError> {
    let bound = Port::bind(address, config.cores.get())?;
    let (stop, stopped) = watch::channel(false);
    let port = bound.address.port();
    let door = |listener| PortDoor {
        listener,
        port,
        hosts: Hosts::new(bound.address, &config.hosts),
        stopped: stopped.clone(),
    };
    let doors = bound.listeners.into_iter().map(door).collect();
    Ok((Opened { port, stop }, doors))
}

/// A listener at an address, and the address that it got.
pub(super) fn bound(
    address: SocketAddr,
    shared: Shared,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let bind = || {
        let listener = listener::bind(address, shared)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    bind().map_err(|cause| StartError::Bind(address, cause))
}
