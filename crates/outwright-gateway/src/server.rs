//! A running gateway: one thread and one runtime per core, started, reloaded and drained as one.

use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use outwright::wallet::TokenFault;
use outwright::{Core, Roster, Shared};
use outwright_core::provider::{Listen, Provider};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

use crate::access::Callers;
use crate::admin::Admin;
use crate::config::{Config, StartError};
use crate::door::{Door, Hosts, Reach, scheme};
use crate::listener::{self, Bound, SocketFile, Tls, TlsError};
use crate::token::{TOKEN_FILE, Token};

pub use attend::{Look, Signals};
use ports::{Opened, Port, PortDoor, bound};

mod attend;
mod ports;

/// Starts gateways.
#[derive(Debug)]
pub struct Server;

/// A running gateway; dropping it stops it without waiting for the calls that are under way.
#[derive(Debug)]
pub struct Handle {
    config: Config,
    data: SocketAddr,
    admin: SocketAddr,
    token: Token,
    token_file: Option<PathBuf>,
    callers: Callers,
    tls: Option<Arc<Tls>>,
    socket: Option<SocketFile>,
    stop: watch::Sender<bool>,
    cores: Vec<OfCore>,
    /// The ports of providers that are open.
    doors: Mutex<Vec<Opened>>,
    shared: Arc<Shared>,
}

/// A thread that serves.
#[derive(Debug)]
struct OfCore {
    thread: JoinHandle<()>,
    /// Doors that are opened later go this way.
    doors: mpsc::UnboundedSender<PortDoor>,
}

impl Server {
    /// Binds both ports and serves until the handle is drained or dropped; port 0 is a free one.
    ///
    /// # Errors
    ///
    /// A listener off loopback, a port that is taken, an admin token that cannot be used, no thread.
    pub fn start(config: &Config, shared: Arc<Shared>) -> Result<Handle, StartError> {
        check(config)?;
        let (token, token_file) = Token::of(config.state.as_deref(), TOKEN_FILE)
            .map_err(|(path, cause)| StartError::Token(path, cause))?;
        let callers = Callers::of(config)?;
        let tls = config.tls.as_ref().map(Tls::open).transpose().map_err(StartError::Tls)?;
        let (mut sockets, socket) = sockets(config)?;
        let data = Port::bind(config.data, config.cores.get())?;
        let (admin, admin_address) = bound(config.admin, listener::Shared::WithNobody)?;
        let data_hosts = Hosts::new(data.address, &config.hosts);
        let (stop, stopped) = watch::channel(false);
        let mut handle = Handle {
            config: config.clone(),
            data: data.address,
            admin: admin_address,
            token,
            token_file,
            callers,
            tls: tls.map(Arc::new),
            socket,
            stop,
            cores: Vec::with_capacity(data.listeners.len()),
            doors: Mutex::default(),
            shared,
        };
        let roster = handle.shared.roster();
        one_door_each(&roster, &data_hosts)?;
        let new = handle.open(&roster)?;
        let mut admin = Some(admin);
        for (index, listener) in data.listeners.into_iter().enumerate() {
            let (doors, arriving) = mpsc::unbounded_channel();
            let work = Work {
                core: index,
                shared: Arc::clone(&handle.shared),
                data: listener,
                socket: sockets.pop(),
                tls: handle.tls.clone(),
                callers: handle.callers.clone(),
                admin: admin.take().map(|listener| (listener, handle.token.clone())),
                data_hosts: data_hosts.clone(),
                doors: arriving,
                admin_hosts: Hosts::new(admin_address, &config.hosts),
                drain: config.drain,
                stopped: stopped.clone(),
            };
            let thread = std::thread::Builder::new().name(format!("outwright-{index}"));
            let thread = thread.spawn(move || work.run()).map_err(StartError::Thread)?;
            handle.cores.push(OfCore { thread, doors });
        }
        handle.settle(&roster, new);
        Ok(handle)
    }
}

impl Handle {
    /// Lets these contracts take the place of those that stand, doors included; blocks on files.
    ///
    /// Calls under way keep the contract that they were admitted under. A door that is closed takes no new
    /// connection and lets the calls that came in through it finish.
    ///
    /// # Errors
    ///
    /// A door that cannot be opened, roots that cannot be used, so much renamed that a restart is needed.
    /// Then everything stays as it was.
    pub fn reload(&self, providers: Vec<Provider>) -> Result<(), StartError> {
        let hosts = Hosts::new(self.data, &self.config.hosts);
        let mut new = Vec::new();
        let opened = |roster: &Roster| {
            one_door_each(roster, &hosts)?;
            new = self.open(roster)?;
            Ok::<_, StartError>(())
        };
        self.shared.reload(providers, opened)?;
        self.settle(&self.shared.roster(), new);
        Ok(())
    }

    /// Binds the ports of a roster that are not open yet.
    fn open(&self, roster: &Roster) -> Result<Vec<New>, StartError> {
        let known: Vec<u16> = self.lock_doors().iter().map(|door| door.port).collect();
        let missing = roster.port_doors().filter(|(port, _)| !known.contains(port));
        let address = |port| SocketAddr::new(self.data.ip(), port);
        missing.map(|(port, _)| ports::open(address(port), &self.config)).collect()
    }

    /// Serves what was opened, closes the doors that a roster no longer has.
    fn settle(&self, roster: &Roster, new: Vec<New>) {
        let wanted: Vec<u16> = roster.port_doors().map(|(port, _)| port).collect();
        let mut doors = self.lock_doors();
        for (opened, of_cores) in new {
            doors.push(opened);
            for (core, door) in self.cores.iter().zip(of_cores) {
                // A core that has ended serves nothing any more.
                let _gone = core.doors.send(door);
            }
        }
        doors.retain(|door| {
            let stays = wanted.contains(&door.port);
            if !stays {
                door.close();
            }
            stays
        });
        let own = doors.iter().map(|door| door.port);
        let own: Vec<_> = own.chain([self.data.port(), self.admin.port()]).collect();
        self.shared.listens_on(&own);
    }

    fn lock_doors(&self) -> MutexGuard<'_, Vec<Opened>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where callers connect.
    #[must_use]
    pub const fn data(&self) -> SocketAddr {
        self.data
    }

    /// The doors of single providers: the provider, and a port or a name on the data port.
    #[must_use]
    pub fn doors(&self) -> Vec<(String, String)> {
        let roster = self.shared.roster();
        let door = |(_, provider): (usize, &Provider)| {
            let door = match provider.listen.as_ref()? {
                Listen::Port(port) => SocketAddr::new(self.data.ip(), *port).to_string(),
                Listen::Host(name) => format!("{name}:{}", self.data.port()),
            };
            Some((provider.name.to_string(), door))
        };
        roster.providers().filter_map(door).collect()
    }

    /// Where operators connect.
    #[must_use]
    pub const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// How callers and operators begin a URL.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        scheme(self.tls.as_ref())
    }

    /// The Unix socket of callers, if there is one.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_ref().map(SocketFile::path)
    }

    /// Reads the files of TLS again, for connections to come; those that stand keep what they have.
    ///
    /// # Errors
    ///
    /// A file is not fit to be used, as at the start: what was there stays.
    pub fn renew_tls(&self) -> Result<(), TlsError> {
        self.tls.as_ref().map_or(Ok(()), |tls| tls.renew())
    }

    /// The callers who are not known now, and why: their tokens name nobody.
    #[must_use]
    pub fn unknown_callers(&self) -> Vec<(String, TokenFault)> {
        self.callers.faults()
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

    fn end(&mut self) {
        self.stop.send_replace(true);
        drop(self.socket.take());
        self.lock_doors().iter().for_each(Opened::close);
        for core in self.cores.drain(..) {
            drop(core.doors);
            // A thread that panicked has ended too; its calls are over.
            let _ended = core.thread.join();
        }
        self.shared.telemetry().close();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.end();
    }
}

/// A door that was opened, and what each core serves of it.
type New = (Opened, Vec<PortDoor>);

/// What one thread does.
struct Work {
    core: usize,
    shared: Arc<Shared>,
    data: std::net::TcpListener,
    socket: Option<UnixListener>,
    tls: Option<Arc<Tls>>,
    callers: Callers,
    admin: Option<(std::net::TcpListener, Token)>,
    data_hosts: Hosts,
    admin_hosts: Hosts,
    doors: mpsc::UnboundedReceiver<PortDoor>,
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
            let reach = Reach::of(&listener);
            let hosts = self.admin_hosts;
            let admin = Admin::new(self.shared, Rc::clone(&telemetry), hosts, (token, reach));
            let listener = Bound::Port(listener, self.tls.clone());
            let stopped = self.stopped.clone();
            // It ends with the runtime: until then operators can watch the drain.
            drop(tokio::task::spawn_local(async move {
                let drain = Duration::ZERO;
                let _served = listener::serve(listener, Rc::new(admin), stopped, drain).await;
            }));
        }
        if self.core == 0 {
            self.callers.watch();
        }
        let who = (self.callers.clone(), self.tls.clone());
        let doors = serve_doors(self.doors, core.clone(), who, self.drain);
        let doors = tokio::task::spawn_local(doors);
        let socket = self.socket.map(|socket| {
            let door = Door::new(core.clone(), self.data_hosts.clone().over_socket());
            let door = Rc::new(door.for_callers(self.callers.access(Reach::Machine)));
            let served =
                listener::serve(Bound::Socket(socket), door, self.stopped.clone(), self.drain);
            tokio::task::spawn_local(served)
        });
        let access = self.callers.access(Reach::of(&self.data));
        let door =
            Rc::new(Door::new(core, self.data_hosts).for_callers(access).under(self.tls.as_ref()));
        let data = Bound::Port(self.data, self.tls);
        let _served = listener::serve(data, door, self.stopped, self.drain).await;
        let _served = doors.await;
        if let Some(socket) = socket {
            let _served = socket.await;
        }
        telemetry.flush();
    }
}

/// Serves the ports of providers as they are opened, until no more can come and all are closed.
async fn serve_doors(
    mut arriving: mpsc::UnboundedReceiver<PortDoor>,
    core: Core,
    (callers, tls): (Callers, Option<Arc<Tls>>),
    drain: Duration,
) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            door = arriving.recv() => {
                let Some(PortDoor { listener, port, hosts, stopped }) = door else { break };
                let access = callers.access(Reach::of(&listener));
                let door = Rc::new(Door::of(core.clone(), hosts, port).for_callers(access).under(tls.as_ref()));
                let listener = Bound::Port(listener, tls.clone());
                open.spawn_local(listener::serve(listener, door, stopped, drain));
            }
            // One that ended is forgotten.
            Some(_) = open.join_next() => {}
        }
    }
    while open.join_next().await.is_some() {}
}

/// A name leads to one provider, and is no name of the listener itself; so does a port.
fn one_door_each(roster: &Roster, hosts: &Hosts) -> Result<(), StartError> {
    let mut names: Vec<_> = roster.host_doors().map(|(name, _)| name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair.first() == pair.last());
    let twice = twice.and_then(|pair| pair.first());
    if let Some(name) = twice.or_else(|| names.iter().find(|name| hosts.hides(name))) {
        return Err(StartError::Door((*name).into()));
    }
    let mut ports: Vec<_> = roster.port_doors().map(|(port, _)| port).collect();
    ports.sort_unstable();
    match ports.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[_]>::first) {
        Some(port) => Err(StartError::Door(port.to_string().into())),
        None => Ok(()),
    }
}

/// The Unix socket of callers, once for each core, and its file.
fn sockets(config: &Config) -> Result<(Vec<UnixListener>, Option<SocketFile>), StartError> {
    let Some(path) = &config.socket else { return Ok((Vec::new(), None)) };
    let failed = |cause| StartError::Socket(path.clone(), cause);
    let (socket, file) = listener::bind_socket(path).map_err(failed)?;
    let more = (1..config.cores.get()).map(|_| socket.try_clone());
    let mut all: Vec<_> = more.collect::<io::Result<_>>().map_err(failed)?;
    all.push(socket);
    Ok((all, Some(file)))
}

/// off loopback only with TLS, and with callers who have tokens; the admin port always has its own.
fn check(config: &Config) -> Result<(), StartError> {
    for (address, tokens) in [(config.data, !config.callers.is_empty()), (config.admin, true)] {
        if Reach::from(address) == Reach::Network && (config.tls.is_none() || !tokens) {
            return Err(StartError::OffLoopback(address));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::config::{Config, StartError};
    use outwright_contract::deployment::Tls;
    use outwright_core::provider::Source;

    ///
    #[test]
    fn a_listener_off_loopback_is_refused_without_tls_and_tokens() {
        assert!(check(&Config::default()).is_ok());
        let tls = Tls { certificate: "c".into(), key: "k".into(), client_ca: None };
        let callers = vec![("shop".to_owned(), Source::Env("SHOP".into()))];
        let data = Config { data: "0.0.0.0:0".parse().unwrap(), ..Config::default() };
        let admin = Config { admin: "10.0.0.1:4181".parse().unwrap(), ..Config::default() };
        for (config, tokens) in [(&data, true), (&admin, false)] {
            let with = |tls: Option<&Tls>, callers: &[_]| Config {
                tls: tls.cloned(),
                callers: callers.to_vec(),
                ..config.clone()
            };
            let refused =
                |config: &Config| matches!(check(config), Err(StartError::OffLoopback(_)));
            assert!(refused(config));
            assert!(refused(&with(None, &callers)));
            assert_eq!(refused(&with(Some(&tls), &[])), tokens);
            assert!(!refused(&with(Some(&tls), &callers)));
        }
        let mapped = Config { data: "[::ffff:127.0.0.1]:0".parse().unwrap(), ..Config::default() };
        assert!(!matches!(check(&mapped), Err(StartError::OffLoopback(_))));
    }
}
