//! The demo provider with sockets: a peer over HTTP/1.1, plain and TLS, that fails on command and counts effects.
//!
//! What it does is decided by [`outwright_sim::demo::Behaviour`]; here are only the sockets that carry it out.
//! It reads requests with its own small reader and writes bytes as told, because no HTTP library would write
//! half of what it has to show.
//!
//! A test starts one with [`Demo::start`] on its own runtime, or with [`Demo::spawn_thread`] beside it, and reads
//! [`Control::effects`] and [`Control::wire_log`]: the provider's own account, not outwright's.
//! Crates below the gateway reach it by a dev-dependency on this crate, which Cargo allows in a circle.
//! The same control stands on a port of its own, under `/_demo/`.

mod authority;
mod connection;
mod control;
mod door;
mod line;
mod naive;
mod reader;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use outwright_core::time::{Mono, Now, Timestamp};
pub use outwright_sim::demo::*;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use naive::{Naive, NaiveEnd, NaiveKeys};

use authority::Authority;
use connection::Speech;
use door::Port;

/// Where the provider listens; port 0 is a free one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// HTTP/1.1.
    pub plain: SocketAddr,
    /// HTTP/1.1 over TLS.
    pub tls: SocketAddr,
    /// The control port.
    pub control: SocketAddr,
}

impl Default for Ports {
    /// Free ports of loopback.
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { plain: free, tls: free, control: free }
    }
}

/// A running demo provider; it stops when this is dropped.
#[derive(Debug)]
pub struct Demo {
    control: Control,
    ports: Ports,
    runner: Option<Runner>,
}

#[derive(Debug)]
enum Runner {
    Task(JoinHandle<()>),
    Thread(thread::JoinHandle<()>),
}

impl Demo {
    /// Starts it on free ports, as a task of the current runtime.
    ///
    /// # Errors
    /// When a port cannot be bound or no certificate can be made.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        Self::start_on(Ports::default(), settings).await
    }

    /// Starts it on these ports, as a task of the current runtime.
    ///
    /// # Errors
    /// When a port cannot be bound or no certificate can be made.
    pub async fn start_on(ports: Ports, settings: Settings) -> io::Result<Self> {
        let (mut demo, serving) = Self::prepare(ports, settings)?;
        demo.runner = Some(Runner::Task(tokio::spawn(serving.run())));
        demo.control.doors_settled().await;
        Ok(demo)
    }

    /// Starts it on these ports in a thread with a runtime of its own, apart from the one under test.
    ///
    /// # Errors
    /// When a port cannot be bound, no certificate can be made or no thread can be started.
    pub fn spawn_thread(ports: Ports, settings: Settings) -> io::Result<Self> {
        let (mut demo, serving) = Self::prepare(ports, settings)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new()
            .name("demo-provider".to_owned())
            .spawn(move || runtime.block_on(serving.run()))?;
        demo.runner = Some(Runner::Thread(thread));
        Ok(demo)
    }

    fn prepare(ports: Ports, settings: Settings) -> io::Result<(Self, Serving)> {
        let plain = Port::bind(ports.plain, Speech::Plain)?;
        let tls = Port::bind(ports.tls, Speech::Tls)?;
        let control = control::bind(ports.control)?;
        let ports =
            Ports { plain: plain.address, tls: tls.address, control: control.local_addr()? };
        let shared = Arc::new(Shared::new(settings)?);
        let handle = Control { shared: Arc::clone(&shared) };
        let demo = Self { control: handle, ports, runner: None };
        Ok((demo, Serving { shared, plain, tls, control }))
    }

    /// Where it listens with HTTP/1.1.
    #[must_use]
    pub const fn plain(&self) -> SocketAddr {
        self.ports.plain
    }

    /// Where it listens with HTTP/1.1 over TLS; the certificate is for `localhost` and the loopback addresses.
    #[must_use]
    pub const fn tls(&self) -> SocketAddr {
        self.ports.tls
    }

    /// The base URL of the plain port.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.ports.plain)
    }

    /// The base URL of the TLS port, by the name that its certificate has.
    #[must_use]
    pub fn tls_origin(&self) -> String {
        format!("https://localhost:{}", self.ports.tls.port())
    }

    /// Where its control listens.
    #[must_use]
    pub const fn control_port(&self) -> SocketAddr {
        self.ports.control
    }

    /// A handle that can be given away.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Ends every connection and waits until all is gone.
    pub async fn stop(mut self) {
        self.control.shared.end();
        match self.runner.take() {
            // An error means that it ended by itself.
            Some(Runner::Task(task)) => drop(task.await),
            Some(Runner::Thread(thread)) => drop(thread.join()),
            None => {}
        }
    }
}

impl Deref for Demo {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.control.shared.end();
    }
}

/// Everything that a running provider consists of.
struct Serving {
    shared: Arc<Shared>,
    plain: Port,
    tls: Port,
    control: std::net::TcpListener,
}

impl Serving {
    async fn run(self) {
        let Self { shared, plain, tls, control } = self;
        let mut stopping = shared.stopping.subscribe();
        let doors = (shared.door.subscribe(), shared.door.subscribe());
        let serving = async {
            // It fails only where the runtime has no reactor, and ours always has one.
            let Ok(control) = TcpListener::from_std(control) else { return };
            tokio::join!(
                plain.serve(Arc::clone(&shared), doors.0),
                tls.serve(Arc::clone(&shared), doors.1),
                control::serve(control, Control { shared: Arc::clone(&shared) }),
            );
        };
        tokio::select! {
            // An error means that nobody can stop it any more, which stops it too.
            _stopped = stopping.wait_for(|stopping| *stopping) => {}
            () = serving => {}
        }
        // Also when a port was lost: nobody may wait for it.
        shared.end();
    }
}

/// What connections, ports and control share.
struct Shared {
    behaviour: Mutex<Behaviour>,
    authority: Authority,
    start: (Instant, Timestamp),
    open: AtomicI64,
    doors: Mutex<BTreeMap<Speech, Door>>,
    door: watch::Sender<Door>,
    stopping: watch::Sender<bool>,
    /// Moves on whenever something happened that a test may wait for.
    pulse: watch::Sender<u64>,
}

impl Shared {
    fn new(settings: Settings) -> io::Result<Self> {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = Timestamp::from_millis(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
        Ok(Self {
            door: watch::Sender::new(settings.door),
            behaviour: Mutex::new(Behaviour::new(settings)),
            authority: Authority::new().map_err(io::Error::other)?,
            start: (Instant::now(), wall),
            open: AtomicI64::new(0),
            doors: Mutex::default(),
            stopping: watch::Sender::new(false),
            pulse: watch::Sender::new(0),
        })
    }

    fn now(&self) -> Now {
        let elapsed = self.start.0.elapsed();
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        Now {
            mono: Mono::ZERO.plus(elapsed),
            wall: Timestamp::from_millis(self.start.1.millis().saturating_add(millis)),
        }
    }

    fn tell<T>(&self, say: impl FnOnce(&mut Behaviour, Now) -> T) -> T {
        let now = self.now();
        // A panic elsewhere leaves the ledger as it was; reading it is still right.
        let mut behaviour = self.behaviour.lock().unwrap_or_else(PoisonError::into_inner);
        let said = say(&mut behaviour, now);
        drop(behaviour);
        self.stir();
        said
    }

    /// Reads without moving the pulse, so that whoever waits on it may look.
    fn ask<T>(&self, look: impl FnOnce(&Behaviour) -> T) -> T {
        look(&self.behaviour.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn opened(&self, by: i64) {
        self.open.fetch_add(by, Ordering::Relaxed);
        self.stir();
    }

    fn door_is(&self, speech: Speech, door: Door) {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner).insert(speech, door);
        self.stir();
    }

    fn end(&self) {
        self.stopping.send_replace(true);
        self.stir();
    }

    fn stir(&self) {
        self.pulse.send_modify(|pulse| *pulse = pulse.wrapping_add(1));
    }
}

/// The control of a running provider: commands in, accounts out.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

impl Control {
    /// Orders a fault: a bare [`Fault`] meets the next request, an [`Injection`] says which and how many.
    pub fn fault(&self, injection: impl Into<Injection>) {
        self.shared.tell(|behaviour, _| behaviour.inject(injection));
    }

    /// Orders this many rounds of a hostile preset.
    pub fn preset(&self, preset: Preset, rounds: u32) {
        self.shared.tell(|behaviour, _| {
            preset.rounds(rounds).into_iter().for_each(|injection| behaviour.inject(injection));
        });
    }

    /// Takes back every fault that is not used up.
    pub fn clear_faults(&self) {
        self.shared.tell(|behaviour, _| behaviour.clear_injections());
    }

    /// The faults that are not used up.
    #[must_use]
    pub fn faults(&self) -> Vec<Injection> {
        self.shared.ask(|behaviour| behaviour.injections().to_vec())
    }

    /// The lasting state.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.shared.ask(|behaviour| behaviour.settings().clone())
    }

    /// Changes the lasting state and waits until the ports have followed.
    pub async fn change(&self, change: impl FnOnce(&mut Settings)) {
        let door = self.shared.tell(|behaviour, _| {
            let mut settings = behaviour.settings().clone();
            change(&mut settings);
            let door = settings.door;
            behaviour.set(settings);
            door
        });
        self.shared.door.send_if_modified(|now| std::mem::replace(now, door) != door);
        self.doors_settled().await;
    }

    /// The effects that the provider performed.
    #[must_use]
    pub fn effects(&self) -> Effects {
        self.shared.ask(|behaviour| behaviour.effects().clone())
    }

    /// The requests that arrived, oldest first.
    #[must_use]
    pub fn wire_log(&self) -> Vec<Seen> {
        self.shared.ask(|behaviour| behaviour.wire_log().cloned().collect())
    }

    /// The requests of one operation, such as `POST /v1/charges`, oldest first.
    #[must_use]
    pub fn requests_of(&self, operation: &str) -> Vec<Seen> {
        let of = |behaviour: &Behaviour| {
            behaviour.wire_log().filter(|seen| seen.operation() == operation).cloned().collect()
        };
        self.shared.ask(of)
    }

    /// How many requests arrived.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.shared.ask(|behaviour| behaviour.arrived())
    }

    /// How many connections were accepted since the start.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.ask(|behaviour| behaviour.connections())
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        u64::try_from(self.shared.open.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Forgets effects, wire log, keys and objects; state and faults stay.
    pub fn forget(&self) {
        self.shared.tell(|behaviour, _| behaviour.forget());
    }

    /// The certificate of the provider's authority: what `egress.ca` names.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.shared.authority.ca_pem()
    }

    /// Waits until this holds of the provider, or it stops; looks again whenever something happened there.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let mut pulse = self.shared.pulse.subscribe();
        loop {
            pulse.mark_unchanged();
            if holds(self) || *self.shared.stopping.borrow() {
                return;
            }
            if pulse.changed().await.is_err() {
                return;
            }
        }
    }

    async fn doors_settled(&self) {
        let wanted = self.shared.door.borrow().to_owned();
        let settled = |control: &Self| {
            let doors = control.shared.doors.lock().unwrap_or_else(PoisonError::into_inner);
            doors.len() == 2 && doors.values().all(|door| *door == wanted)
        };
        self.until(settled).await;
    }
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/demo-provider.md")]
struct Guide;
