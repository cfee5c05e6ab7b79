//! A running gateway: one thread and one runtime per core, started and drained as one.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use outwright::{Core, Shared};
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
        let ports = Ports::bind(config)?;
        let (data, admin_address) = (ports.data_address, ports.admin_address);
        shared.listens_on(&[data.port(), admin_address.port()]);
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
        for (index, listener) in ports.data.into_iter().enumerate() {
            let work = Work {
                core: index,
                shared: Arc::clone(&handle.shared),
                data: listener,
                admin: admin.take().map(|listener| (listener, handle.token.clone())),
                data_hosts: Hosts::new(data, &config.hosts),
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
        let door = Rc::new(Door::new(core, self.data_hosts));
        let _served = listener::serve(self.data, door, self.stopped, self.drain).await;
        telemetry.flush();
    }
}

/// The listeners of a gateway, bound.
struct Ports {
    data: Vec<std::net::TcpListener>,
    data_address: SocketAddr,
    admin: std::net::TcpListener,
    admin_address: SocketAddr,
}

impl Ports {
    fn bind(config: &Config) -> Result<Self, StartError> {
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
        Ok(Self { data, data_address, admin, admin_address })
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
