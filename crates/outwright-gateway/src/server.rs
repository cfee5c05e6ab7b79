//! A running gateway: one thread and one runtime per core, started and drained as one.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use outwright::{Core, Shared};
use outwright_core::provider::Listen;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::LocalSet;

use crate::admin::Admin;
use crate::config::{Config, StartError};
use crate::door::{Door, Hosts};
use crate::listener::{self, Shared as Port};
use crate::token::Token;

/// Starts gateways.
#[derive(Debug)]
pub struct Server;

/// A running gateway; dropping it stops it without waiting for the calls that are under way.
#[derive(Debug)]
pub struct Handle {
    data: SocketAddr,
    admin: SocketAddr,
    token: Token,
    token_file: Option<PathBuf>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Server {
    /// Binds both ports and serves until the handle is drained or dropped; port 0 is a free one.
    ///
    /// # Errors
    ///
    /// A listener off loopback, a port that is taken, an admin token that cannot be used, no thread.
    pub fn start(config: &Config, shared: Arc<Shared>) -> Result<Handle, StartError> {
        check(config)?;
        let (token, token_file) = Token::of(config.state.as_deref())
            .map_err(|(path, cause)| StartError::Token(path, cause))?;
        let mut ports = Ports::bind(config, &shared)?;
        let (data, admin_address) = (ports.data_address, ports.admin_address);
        let data_hosts = Hosts::new(data, &config.hosts);
        let data_hosts = data_hosts.with_doors(data.port(), host_doors(&shared));
        one_door_each(&shared, &data_hosts)?;
        let doors: Vec<_> = ports.doors.iter().map(|door| door.address.port()).collect();
        shared.listens_on(&[&doors[..], &[data.port(), admin_address.port()]].concat());
        let (stop, stopped) = watch::channel(false);
        let mut handle = Handle {
            data,
            admin: admin_address,
            token,
            token_file,
            stop,
            threads: Vec::with_capacity(ports.data.len()),
            shared,
        };
        let mut admin = Some(ports.admin);
        for (index, listener) in std::mem::take(&mut ports.data).into_iter().enumerate() {
            let work = Work {
                core: index,
                shared: Arc::clone(&handle.shared),
                data: listener,
                admin: admin.take().map(|listener| (listener, handle.token.clone())),
                data_hosts: data_hosts.clone(),
                doors: doors_of_one(&mut ports.doors, config),
                admin_hosts: Hosts::new(admin_address, &config.hosts),
                drain: config.drain,
                stopped: stopped.clone(),
            };
            let thread = std::thread::Builder::new().name(format!("outwright-{index}"));
            let spawned = thread.spawn(move || work.run());
            handle.threads.push(spawned.map_err(StartError::Thread)?);
        }
        Ok(handle)
    }
}

impl Handle {
    /// Where callers connect.
    #[must_use]
    pub const fn data(&self) -> SocketAddr {
        self.data
    }

    /// The doors of single providers: a port, or a name on the data port.
    pub fn doors(&self) -> impl Iterator<Item = (&str, String)> {
        self.shared.providers().filter_map(|provider| {
            let door = match provider.listen.as_ref()? {
                Listen::Port(port) => SocketAddr::new(self.data.ip(), *port).to_string(),
                Listen::Host(name) => format!("{name}:{}", self.data.port()),
            };
            Some((&*provider.name, door))
        })
    }

    /// Where operators connect.
    #[must_use]
    pub const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The admin token, for the one who started the process.
    #[must_use]
    pub fn admin_token(&self) -> &str {
        self.token.reveal()
    }

    /// The file of the admin token, if it has one.
    #[must_use]
    pub fn admin_token_file(&self) -> Option<&Path> {
        self.token_file.as_deref()
    }

    /// What the gateway serves.
    #[must_use]
    pub const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Takes no new connection, lets the calls under way finish within the bound, writes the log to its end.
    pub fn drain(mut self) {
        self.end();
    }

    /// Waits for SIGTERM or SIGINT.
    ///
    /// # Errors
    ///
    /// The signals cannot be watched.
    pub fn wait_for_signal(&self) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            Ok(())
        })
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            // A thread that panicked has ended too; its calls are over.
            let _ended = thread.join();
        }
        self.shared.telemetry().close();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.end();
    }
}

/// What one thread does.
struct Work {
    core: usize,
    shared: Arc<Shared>,
    data: std::net::TcpListener,
    admin: Option<(std::net::TcpListener, Token)>,
    data_hosts: Hosts,
    admin_hosts: Hosts,
    doors: Vec<(std::net::TcpListener, usize, Hosts)>,
    drain: Duration,
    stopped: watch::Receiver<bool>,
}

impl Work {
    fn run(self) {
        // Without a runtime this core serves nothing; the others go on.
        let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
        LocalSet::new().block_on(&runtime, self.serve());
    }

    async fn serve(self) {
        let core = Core::new(Arc::clone(&self.shared), self.core);
        let telemetry = Rc::clone(core.telemetry());
        if let Some((listener, token)) = self.admin {
            let admin = Admin::new(self.shared, Rc::clone(&telemetry), self.admin_hosts, token);
            let stopped = self.stopped.clone();
            // It ends with the runtime: until then operators can watch the drain.
            drop(tokio::task::spawn_local(async move {
                let drain = Duration::ZERO;
                let _served = listener::serve(listener, Rc::new(admin), stopped, drain).await;
            }));
        }
        let mut doors = Vec::with_capacity(self.doors.len());
        for (listener, provider, hosts) in self.doors {
            let door = Rc::new(Door::of(core.clone(), hosts, provider));
            let served = listener::serve(listener, door, self.stopped.clone(), self.drain);
            doors.push(tokio::task::spawn_local(served));
        }
        let door = Rc::new(Door::new(core, self.data_hosts));
        let _served = listener::serve(self.data, door, self.stopped, self.drain).await;
        for door in doors {
            let _served = door.await;
        }
        telemetry.flush();
    }
}

/// Names that are doors of providers on the data port.
fn host_doors(shared: &Shared) -> impl Iterator<Item = (&str, usize)> {
    shared.providers().enumerate().filter_map(|(index, provider)| match &provider.listen {
        Some(Listen::Host(name)) => Some((&**name, index)),
        Some(Listen::Port(_)) | None => None,
    })
}

/// A name leads to one provider, and is no name of the listener itself.
fn one_door_each(shared: &Shared, hosts: &Hosts) -> Result<(), StartError> {
    let mut names: Vec<_> = host_doors(shared).map(|(name, _)| name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair.first() == pair.last());
    let twice = twice.and_then(|pair| pair.first()).copied();
    let hidden = || {
        let provider = hosts.hidden_door()?;
        host_doors(shared).find(|(_, index)| *index == provider).map(|(name, _)| name)
    };
    twice.or_else(hidden).map_or(Ok(()), |name| Err(StartError::Door(name.into())))
}

/// The port of a provider, bound once per core.
struct PortDoor {
    provider: usize,
    address: SocketAddr,
    listeners: Vec<std::net::TcpListener>,
}

/// What one core serves of the ports of providers.
fn doors_of_one(
    doors: &mut [PortDoor],
    config: &Config,
) -> Vec<(std::net::TcpListener, usize, Hosts)> {
    let one = |door: &mut PortDoor| {
        let hosts = Hosts::new(door.address, &config.hosts);
        Some((door.listeners.pop()?, door.provider, hosts))
    };
    doors.iter_mut().filter_map(one).collect()
}

/// The listeners of a gateway, bound.
struct Ports {
    doors: Vec<PortDoor>,
    data: Vec<std::net::TcpListener>,
    data_address: SocketAddr,
    admin: std::net::TcpListener,
    admin_address: SocketAddr,
}

impl Ports {
    fn bind(config: &Config, calls: &Shared) -> Result<Self, StartError> {
        let cores = config.cores.get();
        let shared = if cores == 1 { Port::WithNobody } else { Port::BetweenCores };
        if config.data.port() != 0 && shared == Port::BetweenCores {
            // A second gateway could share the port unseen, so ask first as if nobody may share it.
            drop(bound(config.data, Port::WithNobody)?);
        }
        let (first, data_address) = bound(config.data, shared)?;
        let mut data = vec![first];
        for _ in 1..cores {
            data.push(bound(data_address, shared)?.0);
        }
        let (admin, admin_address) = bound(config.admin, Port::WithNobody)?;
        let mut doors = Vec::new();
        for (provider, contract) in calls.providers().enumerate() {
            let Some(Listen::Port(port)) = contract.listen else { continue };
            let address = SocketAddr::new(data_address.ip(), port);
            if shared == Port::BetweenCores {
                drop(bound(address, Port::WithNobody)?);
            }
            let listeners = (0..cores).map(|_| Ok(bound(address, shared)?.0));
            let listeners = listeners.collect::<Result<_, StartError>>()?;
            doors.push(PortDoor { provider, address, listeners });
        }
        Ok(Self { data, data_address, admin, admin_address, doors })
    }
}

fn bound(
    address: SocketAddr,
    shared: Port,
) -> Result<(std::net::TcpListener, SocketAddr), StartError> {
    let bind = || {
        let listener = listener::bind(address, shared)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    bind().map_err(|cause| StartError::Bind(address, cause))
}

/// loopback only, since callers have no tokens yet.
fn check(config: &Config) -> Result<(), StartError> {
    for address in [config.data, config.admin] {
        if !address.ip().is_loopback() {
            return Err(StartError::OffLoopback(address));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::config::{Config, StartError};

    ///
    #[test]
    fn a_listener_off_loopback_is_refused() {
        assert!(check(&Config::default()).is_ok());
        let open = Config { data: "0.0.0.0:0".parse().unwrap(), ..Config::default() };
        assert!(matches!(check(&open), Err(StartError::OffLoopback(_))));
        let open = Config { admin: "10.0.0.1:4181".parse().unwrap(), ..Config::default() };
        assert!(matches!(check(&open), Err(StartError::OffLoopback(_))));
    }
}
