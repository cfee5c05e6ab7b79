//! What all cores of a process share: contracts, gates, wallet, telemetry.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use outwright_core::dice::Dice;
use outwright_core::gates::Gates;
use outwright_core::provider::{Provider, Scheme};
use outwright_core::time::{Mono, Now};
use rustls::ClientConfig;

use super::via::{self, Via};
use crate::clock::Clock;
use crate::telemetry::{Levels, LogTarget, Telemetry};
use crate::transport::{OwnPorts, TrustError, tls_config};
use crate::wallet::{Change, Wallet};

/// How a process is set up, beside its contracts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the access log goes.
    pub log: LogTarget,
    /// Name servers to ask instead of the machine's.
    pub name_servers: Vec<SocketAddr>,
    /// Whether this is a development run: secrets may stand in the environment.
    pub dev: bool,
    /// The deployment's name towards others, in `Via` and `Proxy-Status`: a letter, then letters, digits, `-`, `_`, `.`.
    pub name: Cow<'static, str>,
}

impl Settings {
    /// The machine's name servers, for production.
    #[must_use]
    pub const fn new(log: LogTarget) -> Self {
        Self { log, name_servers: Vec::new(), dev: false, name: Cow::Borrowed(via::DEFAULT) }
    }
}

/// Why a process cannot be set up.
#[derive(Debug)]
pub enum SetupError {
    /// The access log cannot be opened.
    Log(io::Error),
    /// The roots that the provider of this name trusts cannot be used.
    Trust(Box<str>, TrustError),
    /// The operating system gives no random numbers.
    Chance(getrandom::Error),
    /// The name of the deployment does not fit into a field.
    Name(Box<str>),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(_) => f.write_str("open the access log"),
            Self::Trust(name, _) => write!(f, "set up TLS to {name}"),
            Self::Chance(_) => f.write_str("draw random numbers from the operating system"),
            Self::Name(name) => write!(
                f,
                "use {name:?} as the name of the deployment: it takes a letter, then letters, digits, `-`, `_` and `.`"
            ),
        }
    }
}

impl std::error::Error for SetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Log(cause) => Some(cause),
            Self::Trust(_, cause) => Some(cause),
            Self::Chance(cause) => Some(cause),
            Self::Name(_) => None,
        }
    }
}

/// What all cores of a process share.
#[derive(Debug)]
pub struct Shared {
    seats: Box<[Seat]>,
    wallet: Arc<Wallet>,
    telemetry: Arc<Telemetry>,
    clock: Clock,
    dice: Dice,
    via: Via,
    own_ports: Arc<OwnPorts>,
    pub(super) name_servers: Box<[SocketAddr]>,
}

/// One provider with its gates.
pub(super) struct Seat {
    pub(super) provider: Provider,
    pub(super) tls: Option<Arc<ClientConfig>>,
    guarded: Mutex<Guarded>,
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("provider", &self.provider.name).finish_non_exhaustive()
    }
}

/// What stands under the lock of a provider.
pub(super) struct Guarded {
    pub(super) gates: Gates,
    /// By the place of a ticket.
    wakers: Vec<Option<Waker>>,
}

impl Guarded {
    /// Wakes this one when the gates hand it a grant.
    pub(super) fn wait(&mut self, place: usize, waker: &Waker) {
        if self.wakers.len() <= place {
            self.wakers.resize_with(place + 1, || None);
        }
        if let Some(slot) = self.wakers.get_mut(place) {
            match slot {
                Some(old) if old.will_wake(waker) => {}
                Some(_) | None => *slot = Some(waker.clone()),
            }
        }
    }

    /// The wakers of those whom the gates want woken, to be woken after the lock is given back; in this room.
    pub(super) fn take_woken(&mut self, room: &RefCell<Vec<Waker>>) -> Option<Vec<Waker>> {
        if self.gates.woken.is_empty() {
            return None;
        }
        let mut woken = room.take();
        for ticket in self.gates.woken.drain(..) {
            woken.extend(self.wakers.get_mut(ticket.index()).and_then(Option::take));
        }
        Some(woken)
    }
}

impl Seat {
    /// The lock of the provider. A thread that panicked while it held it left a bug behind, but the provider goes on.
    pub(super) fn lock(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Sets up the calls of a process to these providers.
    ///
    /// # Errors
    ///
    /// The name does not fit, the access log cannot be opened, or the roots of a provider cannot be used.
    pub fn start(providers: Vec<Provider>, settings: Settings) -> Result<Arc<Self>, SetupError> {
        let via = Via::new(&settings.name);
        let via = via.ok_or_else(|| SetupError::Name(settings.name.as_ref().into()))?;
        let telemetry = Telemetry::start(&providers, &settings.log).map_err(SetupError::Log)?;
        let wallet = Wallet::open(&providers, settings.dev);
        let mut machine = None;
        let mut seats = Vec::with_capacity(providers.len());
        for provider in providers {
            let tls = match provider.base.scheme {
                Scheme::Http => None,
                Scheme::Https => {
                    let trusted = trust(&provider, &mut machine);
                    let name = provider.name.clone();
                    Some(trusted.map_err(|error| SetupError::Trust(name, error))?)
                }
            };
            let guarded = Guarded { gates: Gates::new(&provider), wakers: Vec::new() };
            seats.push(Seat { provider, tls, guarded: Mutex::new(guarded) });
        }
        let shared = Self {
            seats: seats.into(),
            wallet: Arc::new(wallet),
            telemetry: Arc::new(telemetry),
            clock: Clock::start(),
            dice: Dice::new(getrandom::u64().map_err(SetupError::Chance)?),
            via,
            own_ports: Arc::default(),
            name_servers: settings.name_servers.into(),
        };
        for change in shared.wallet.standing() {
            shared.credential_changed(change);
        }
        Ok(Arc::new(shared))
    }

    /// The providers, in the order in which they were given.
    pub fn providers(&self) -> impl ExactSizeIterator<Item = &Provider> {
        self.seats.iter().map(|seat| &seat.provider)
    }

    /// The telemetry of the process.
    #[must_use]
    pub const fn telemetry(&self) -> &Arc<Telemetry> {
        &self.telemetry
    }

    /// The credentials of the process.
    #[must_use]
    pub const fn wallet(&self) -> &Arc<Wallet> {
        &self.wallet
    }

    /// The deployment's name towards others.
    #[must_use]
    pub fn name(&self) -> &str {
        self.via.name()
    }

    /// Says on which ports this process listens: no call goes there.
    pub fn listens_on(&self, ports: &[u16]) {
        self.own_ports.are(ports);
    }

    /// What time it is, on both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Where the gates of every provider stand, in their order.
    #[must_use]
    pub fn levels(&self) -> Vec<Levels> {
        let now = self.clock.mono();
        self.seats.iter().map(|seat| levels(seat, now)).collect()
    }

    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    pub(super) const fn own_ports(&self) -> &Arc<OwnPorts> {
        &self.own_ports
    }

    pub(super) const fn via(&self) -> &Via {
        &self.via
    }

    pub(super) const fn dice(&self) -> Dice {
        self.dice
    }

    pub(super) fn seat(&self, provider: usize) -> &Seat {
        self.seats.get(provider).expect("an index of a provider comes from this process")
    }

    /// Tells the gates what became of a credential, and wakes whom that lets go on.
    pub(super) fn credential_changed(&self, change: Change) {
        let Some(seat) = self.seats.get(change.provider) else { return };
        let provider = &seat.provider;
        let now = self.clock.mono();
        let host = &provider.base.host;
        let usable = self
            .wallet
            .credential(change.provider, change.slot)
            .filter(|credential| credential.allows(host));
        let mut guarded = seat.lock();
        let gates = &mut guarded.gates;
        if let Some(credential) = usable {
            let standing = (credential.version(), Mono::MAX);
            gates.credential_is(provider, now, change.slot, standing);
        } else {
            // The version that was there is over: it fails closed. The number stays the wallet's to count.
            let over = (gates.credential_version(change.slot), Mono::ZERO);
            gates.credential_is(provider, now, change.slot, over);
            gates.credential_failed(provider, now, change.slot);
        }
        let woken = guarded.take_woken(&RefCell::default());
        drop(guarded);
        woken.into_iter().flatten().for_each(Waker::wake);
    }
}

/// TLS of a provider; those that trust the machine's roots read them once.
fn trust(
    provider: &Provider,
    machine: &mut Option<rustls::RootCertStore>,
) -> Result<Arc<ClientConfig>, TrustError> {
    tls_config(provider.egress.ca.as_deref(), machine)
}

fn levels(seat: &Seat, now: Mono) -> Levels {
    Levels::of(&mut seat.lock().gates, &seat.provider, now)
}
