//! What all cores of a process share: contracts, gates, wallet, telemetry.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use outwright_contract::deployment::Bounds;
use outwright_core::dice::Dice;
use outwright_core::provider::{Provider, TooMany};
use outwright_core::time::{Mono, Now};

use super::crowd::{self, Crowd};
use super::memory::{self, Held, Memory};
use super::roster::{Entry, Guarded, Roster, Stands};
use super::unnamed::Unnamed;
use super::via::{self, Via};
use crate::clock::Clock;
use crate::telemetry::{Holds, Level, Levels, LogTarget, Telemetry};
use crate::transport::{OwnPorts, TrustError};
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
    /// What the process keeps of request bodies and replies at most, in bytes; beyond it calls with a body are refused.
    pub kept_bytes_max: usize,
    /// Calls that the process has under way at once, of all providers together; the last fifth only for critical ones.
    pub calls_max: usize,
}

impl Settings {
    /// The machine's name servers, for production.
    #[must_use]
    pub const fn new(log: LogTarget) -> Self {
        Self {
            log,
            name_servers: Vec::new(),
            dev: false,
            name: Cow::Borrowed(via::DEFAULT),
            kept_bytes_max: memory::BYTES_MAX,
            calls_max: crowd::CALLS_MAX,
        }
    }

    /// The same with the bounds that a deployment sets.
    #[must_use]
    pub fn bounded_by(self, bounds: Bounds) -> Self {
        Self {
            kept_bytes_max: bounds.bytes.unwrap_or(self.kept_bytes_max),
            calls_max: bounds.calls.unwrap_or(self.calls_max),
            ..self
        }
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
    /// The contract of this name cannot take the place of the one before it in a running process.
    TooMany(Box<str>, TooMany),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(_) => f.write_str("open the access log"),
            Self::Trust(name, _) => write!(f, "set up TLS to {name}"),
            Self::TooMany(name, what) => {
                let what = match what {
                    TooMany::Operations => "operations",
                    TooMany::Slots => "credentials",
                    TooMany::Callers => "callers",
                    TooMany::Lanes => "sets of windows",
                };
                write!(
                    f,
                    "take over the contract of {name} without a restart: too many {what} were renamed or removed"
                )
            }
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
            Self::Name(_) | Self::TooMany(..) => None,
        }
    }
}

/// What all cores of a process share.
#[derive(Debug)]
pub struct Shared {
    roster: Mutex<Arc<Roster>>,
    /// The number of the roster, to be compared without its lock.
    number: AtomicU64,
    /// Held while the contracts are replaced.
    reloading: Mutex<()>,
    wallet: Arc<Wallet>,
    telemetry: Arc<Telemetry>,
    clock: Clock,
    dice: Dice,
    via: Via,
    own_ports: Arc<OwnPorts>,
    unnamed: Unnamed,
    memory: Arc<Memory>,
    crowd: Crowd,
    pub(super) name_servers: Box<[SocketAddr]>,
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
        let roster = Roster::new(providers, None)?;
        let clock = Clock::start();
        let telemetry = Telemetry::start(&roster, &settings.log, clock.now().wall);
        let telemetry = telemetry.map_err(SetupError::Log)?;
        let wallet = Wallet::open(&roster, settings.dev);
        let shared = Self {
            number: AtomicU64::new(roster.number),
            roster: Mutex::new(Arc::new(roster)),
            reloading: Mutex::default(),
            wallet: Arc::new(wallet),
            telemetry: Arc::new(telemetry),
            clock,
            dice: Dice::new(getrandom::u64().map_err(SetupError::Chance)?),
            via,
            own_ports: Arc::default(),
            unnamed: Unnamed::default(),
            memory: Arc::new(Memory::new(settings.kept_bytes_max)),
            crowd: Crowd::new(settings.calls_max),
            name_servers: settings.name_servers.into(),
        };
        for change in shared.wallet.standing() {
            shared.credential_changed(change);
        }
        Ok(Arc::new(shared))
    }

    /// Lets these contracts take the place of those that stand; blocks on files.
    ///
    /// Calls that are under way keep the contract that they were admitted under; what all calls of a provider share
    /// (windows, slots, breakers, holds, queue) goes on under the new one.
    /// `agree` sees the new roster before anything has changed.
    ///
    /// # Errors
    ///
    /// What `agree` says, the roots of a provider cannot be used, or so much was renamed that a restart is needed;
    /// then nothing has changed.
    pub fn reload<E: From<SetupError>>(
        &self,
        providers: Vec<Provider>,
        agree: impl FnOnce(&Roster) -> Result<(), E>,
    ) -> Result<(), E> {
        let _one_at_a_time = unpoisoned(&self.reloading);
        let before = self.roster();
        let roster = Roster::new(providers, Some(&before))?;
        agree(&roster)?;
        self.wallet.follow(&roster);
        self.telemetry.follow(&roster);
        let stayed = |index: usize| {
            let pair = roster.entry(index).zip(before.entry(index));
            pair.is_some_and(|(new, old)| Arc::ptr_eq(&new.provider, &old.provider))
        };
        for (index, entry) in roster.entries.iter().enumerate() {
            if entry.stands == Stands::No {
                // Nobody calls it any more: what was kept of it goes, and nothing is kept again.
                entry.seat.shelf().contract_is("");
            } else if index < before.entries.len() && !stayed(index) {
                self.take_over(entry);
            } else {
                entry.seat.shelf().stands(&entry.provider.digest);
            }
        }
        let mut standing = self.wallet.standing();
        standing.retain(|change| !stayed(change.provider));
        let number = roster.number;
        *unpoisoned(&self.roster) = Arc::new(roster);
        standing.into_iter().for_each(|change| self.credential_changed(change));
        self.number.store(number, Ordering::Release);
        Ok(())
    }

    /// Tells the gates of a provider by which contract they go from now on.
    fn take_over(&self, entry: &Entry) {
        // What may be kept and shown was decided by the contract before it.
        entry.seat.shelf().contract_is(&entry.provider.digest);
        let mut guarded = entry.seat.lock();
        let before = std::mem::replace(&mut guarded.standing, Arc::clone(&entry.provider));
        guarded.gates.contract_is(&before, &entry.provider, self.clock.mono());
        let woken = guarded.take_woken(&RefCell::default());
        drop(guarded);
        woken.into_iter().flatten().for_each(Waker::wake);
    }

    /// The contracts that stand.
    #[must_use]
    pub fn roster(&self) -> Arc<Roster> {
        Arc::clone(&unpoisoned(&self.roster))
    }

    /// The number of the roster that stands.
    pub(super) fn roster_number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
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

    /// Requests that no operation names.
    #[must_use]
    pub const fn unnamed(&self) -> &Unnamed {
        &self.unnamed
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

    /// Where the gates of every provider stand, by its index; none where the contracts no longer have it.
    #[must_use]
    pub fn levels(&self) -> Vec<Option<Levels>> {
        let now = self.clock.mono();
        let levels = |entry: &Entry| {
            let kept = entry.seat.shelf().len();
            let following = entry.seat.flights().followers();
            let mut guarded = entry.seat.lock();
            let Guarded { gates, standing, .. } = &mut *guarded;
            let stands = entry.stands == Stands::Yes;
            stands.then(|| Levels { kept, following, ..Levels::of(gates, standing, now) })
        };
        self.roster().entries.iter().map(levels).collect()
    }

    /// What the process holds of what it may hold.
    #[must_use]
    pub fn holds(&self) -> Holds {
        Holds {
            bytes: Level { used: self.memory.used(), most: self.memory.most() },
            calls: Level { used: self.crowd.under_way(), most: self.crowd.most() },
        }
    }

    /// For bytes of a call that somebody outside of it holds: none yet.
    #[must_use]
    pub fn holder(&self) -> Held {
        self.memory.holder()
    }

    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    pub(super) const fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    pub(super) const fn crowd(&self) -> &Crowd {
        &self.crowd
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

    /// Tells the gates what became of a credential, and wakes whom that lets go on.
    pub(super) fn credential_changed(&self, change: Change) {
        let roster = self.roster();
        let Some(Entry { seat, provider, .. }) = roster.entry(change.provider) else { return };
        // As the wallet has it now: what was told may be older.
        let current = self.wallet.credential(change.provider, change.slot);
        let version = current.as_ref().map(|credential| credential.version());
        seat.shelf().credential_is(change.slot, version);
        let now = self.clock.mono();
        let host = &provider.base.host;
        let usable = current.filter(|credential| credential.allows(host));
        let mut guarded = seat.lock();
        let Guarded { gates, standing, .. } = &mut *guarded;
        if let Some(credential) = usable {
            let fresh = (credential.version(), Mono::MAX);
            gates.credential_is(standing, now, change.slot, fresh);
        } else {
            // The version that was there is over: it fails closed. The number stays the wallet's to count.
            let over = (gates.credential_version(change.slot), Mono::ZERO);
            gates.credential_is(standing, now, change.slot, over);
            gates.credential_failed(standing, now, change.slot);
        }
        let woken = guarded.take_woken(&RefCell::default());
        drop(guarded);
        woken.into_iter().flatten().for_each(Waker::wake);
    }
}

/// The lock, whatever happened to its last holder.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
