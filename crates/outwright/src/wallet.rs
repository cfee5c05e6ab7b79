//! The wallet: every credential of the process, read from where its contract says, never from the contract.
//!
//! A slot has versions. A secret that changed on disk becomes the next version; the one before it is forgotten
//! once no call holds it.
//! A slot whose secret cannot be read is empty, with a reason: calls that need it are refused (it fails closed).
//! [`Secret::expose`] is called in this module alone; what leaves it is a [`Credential`], ready to be put on a request
//! and bound to hosts.
//!
//! Every core keeps its own [`Hand`] of credentials and compares one number per call, so that the path of a call
//! neither locks nor counts references that cores share.

mod credential;
mod file;
mod key_file;
mod secret;
mod tokens;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use outwright_core::provider::{Slot, Source};
use outwright_core::redact::MARK;

use crate::driver::Roster;

pub use credential::{Credential, Unusable};
pub use file::{Refused, Stamp};
pub use key_file::{KeyFault, private_key};
pub use secret::Secret;
pub use tokens::{TokenFault, Tokens, watch_tokens};

/// How often files are looked at: chosen, well below the overlap of any rotation.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Every credential of the process.
#[derive(Debug)]
pub struct Wallet {
    /// By provider and slot; a reload replaces what changed.
    slots: RwLock<Slots>,
    generation: AtomicU64,
    dev: bool,
}

/// By the index of a provider, then of a slot.
type Slots = Vec<Vec<Arc<Mutex<Kept>>>>;

/// What the wallet keeps of a slot.
#[derive(Debug)]
struct Kept {
    slot: Slot,
    provider: Box<str>,
    /// The last version that was made, from 1; 0 is none yet.
    version: u32,
    current: Option<Arc<Credential>>,
    /// Of the file that was read last, whether it was usable or not.
    stamp: Option<Stamp>,
    fault: Option<Fault>,
    /// The present secret and the one before it: what must not be shown.
    hidden: Vec<Arc<Secret>>,
}

/// Why a slot is empty. Names the slot and its source, never the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file is refused, or cannot be read.
    File(Refused),
    /// The environment has no such variable, or it is empty.
    NoVariable(Box<str>),
    /// A variable of the environment is for development only.
    NotForDevelopment(Box<str>),
    /// The secret cannot be put on a request.
    Unusable(Unusable),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(refused) => refused.fmt(f),
            Self::NoVariable(name) => {
                write!(f, "the environment variable {name} is not set or empty")
            }
            Self::NotForDevelopment(name) => {
                write!(f, "a secret in the environment ({name}) is for `run --dev` only")
            }
            Self::Unusable(unusable) => unusable.fmt(f),
        }
    }
}

/// A slot that is empty, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotFault {
    /// The provider's name.
    pub provider: Box<str>,
    /// The slot's name.
    pub slot: Box<str>,
    /// Why.
    pub fault: Fault,
}

impl fmt::Display for SlotFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "credential {} of {}: {}", self.slot, self.provider, self.fault)
    }
}

/// What became of a slot: for `Gates::credential_is` and `Gates::credential_failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Index of the provider.
    pub provider: usize,
    /// Index of the slot in the provider.
    pub slot: u8,
    /// Its version now, from 1; none when it is empty.
    pub version: Option<u32>,
}

impl Wallet {
    /// Reads every slot of these providers. Blocks on files.
    #[must_use]
    pub(crate) fn open(roster: &Roster, dev: bool) -> Self {
        let wallet = Self { slots: RwLock::default(), generation: AtomicU64::new(1), dev };
        wallet.follow(roster);
        wallet
    }

    /// Keeps the slots of these contracts from now on. Blocks on files.
    ///
    /// A slot that is written as before stays as it is, one that is written otherwise is another one.
    /// What is gone stays for calls that are under way.
    pub(crate) fn follow(&self, roster: &Roster) {
        let before = self.slots().clone();
        let mut slots: Slots = Vec::new();
        for (index, provider) in roster.all().enumerate() {
            let known = before.get(index);
            let keep = |(place, slot): (usize, &Slot)| {
                // What an index means never changes (`Provider::succeeding`).
                let known = known.and_then(|slots| slots.get(place));
                let made = || Arc::new(Mutex::new(Kept::new(&provider.name, slot, self.dev)));
                known.map_or_else(made, Arc::clone)
            };
            slots.push(provider.slots.iter().enumerate().map(keep).collect());
        }
        *self.slots.write().unwrap_or_else(PoisonError::into_inner) = slots;
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// A number that moves on whenever any slot changed.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The credential of a slot; none while it is empty.
    #[must_use]
    pub fn credential(&self, provider: usize, slot: u8) -> Option<Arc<Credential>> {
        let kept = self.kept(provider, slot)?;
        lock(&kept).current.clone()
    }

    /// Looks at every file and reads what changed; says which slots changed. Blocks on files.
    pub fn reread(&self) -> Vec<Change> {
        self.each(|kept| kept.look(self.dev))
    }

    /// Reads a slot anew after its credential was refused; its version stays where its secret did. Blocks on files.
    pub fn refresh(&self, provider: usize, slot: u8) -> Option<Change> {
        let kept = self.kept(provider, slot)?;
        let mut kept = lock(&kept);
        kept.stamp = None;
        let changed = kept.look(self.dev);
        let version = kept.current.as_ref().map(|credential| credential.version());
        drop(kept);
        if changed {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        Some(Change { provider, slot, version })
    }

    /// Every slot as it stands, for gates that were just made.
    #[must_use]
    pub fn standing(&self) -> Vec<Change> {
        self.each(|_| true)
    }

    /// The slots that are empty, and why.
    #[must_use]
    pub fn faults(&self) -> Vec<SlotFault> {
        let mut faults = Vec::new();
        for kept in self.slots().iter().flatten().map(|kept| lock(kept)) {
            if let Some(fault) = kept.fault.clone() {
                faults.push(SlotFault {
                    provider: kept.provider.clone(),
                    slot: kept.slot.name.clone(),
                    fault,
                });
            }
        }
        faults
    }

    /// The text with every known secret replaced, in each of the forms in which it travels.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for kept in self.slots().iter().flatten().map(|kept| lock(kept)) {
            for form in kept.hidden.iter().flat_map(|secret| credential::forms(secret)) {
                // Shorter ones would blot out ordinary words; the bytes of a real key are many more.
                if form.len() >= 4 && shown.contains(form.as_str()) {
                    shown = shown.replace(form.as_str(), MARK);
                }
            }
        }
        shown
    }

    fn kept(&self, provider: usize, slot: u8) -> Option<Arc<Mutex<Kept>>> {
        self.slots().get(provider)?.get(usize::from(slot)).map(Arc::clone)
    }

    fn slots(&self) -> RwLockReadGuard<'_, Slots> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies to every slot; lists those of which it says that they changed.
    fn each(&self, mut apply: impl FnMut(&mut Kept) -> bool) -> Vec<Change> {
        let mut changes = Vec::new();
        // Files are read below, which a reload must not have to wait for.
        let all = self.slots().clone();
        for (provider, slots) in all.iter().enumerate() {
            for (slot, kept) in slots.iter().enumerate() {
                let mut kept = lock(kept);
                if apply(&mut kept) {
                    changes.push(Change {
                        provider,
                        slot: u8::try_from(slot).unwrap_or(u8::MAX),
                        version: kept.current.as_ref().map(|credential| credential.version()),
                    });
                }
            }
        }
        if !changes.is_empty() {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        changes
    }
}

/// Looks at the files once a second, for ever, and tells what changed. Files are read on a thread for blocking work.
pub async fn watch(wallet: Arc<Wallet>, mut tell: impl FnMut(Change)) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let looked = Arc::clone(&wallet);
        // It fails only when the runtime is ending, or when a look panicked: the next one is made all the same.
        let changes = tokio::task::spawn_blocking(move || looked.reread()).await;
        changes.unwrap_or_default().into_iter().for_each(&mut tell);
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    fn new(provider: &str, slot: &Slot, dev: bool) -> Self {
        let mut kept = Self {
            slot: slot.clone(),
            provider: provider.into(),
            version: 0,
            current: None,
            stamp: None,
            fault: None,
            hidden: Vec::new(),
        };
        kept.look(dev);
        kept
    }

    /// Reads the source where it changed; says whether the slot changed by it.
    fn look(&mut self, dev: bool) -> bool {
        let read = match &self.slot.source {
            Source::File { path, mode_ok } => match file::read(path, *mode_ok, self.stamp.as_ref())
            {
                Ok(file::Read::Same) => return false,
                Ok(file::Read::New(secret, stamp)) => {
                    self.stamp = Some(stamp);
                    Ok(secret)
                }
                Err(refused) => {
                    self.stamp = None;
                    Err(Fault::File(refused))
                }
            },
            Source::Env(name) if !dev => Err(Fault::NotForDevelopment(name.clone())),
            Source::Env(name) => std::env::var_os(&**name)
                .and_then(|value| Secret::new(value.into_encoded_bytes()))
                .ok_or_else(|| Fault::NoVariable(name.clone())),
        };
        let made = read.and_then(|secret| {
            if self.current.is_some() && self.hidden.last().is_some_and(|last| **last == secret) {
                return Ok(None);
            }
            let credential = Credential::new(&self.slot, &secret, self.version.saturating_add(1))
                .map_err(Fault::Unusable)?;
            Ok(Some((secret, credential)))
        });
        match made {
            Ok(None) => false,
            Ok(Some((secret, credential))) => {
                self.version = credential.version();
                self.current = Some(Arc::new(credential));
                self.fault = None;
                self.hidden.push(Arc::new(secret));
                let old = self.hidden.len().saturating_sub(2);
                self.hidden.drain(..old);
                true
            }
            Err(fault) => {
                let changed = self.current.take().is_some() || self.fault.as_ref() != Some(&fault);
                self.fault = Some(fault);
                changed
            }
        }
    }
}

/// A core's own copy of the wallet: looked up without a lock while nothing changed.
#[derive(Debug)]
pub struct Hand {
    wallet: Arc<Wallet>,
    generation: u64,
    held: Vec<Vec<Option<Arc<Credential>>>>,
}

impl Hand {
    /// A copy for one core.
    #[must_use]
    pub fn new(wallet: Arc<Wallet>) -> Self {
        Self { wallet, generation: 0, held: Vec::new() }
    }

    /// The credential of a slot; none while it is empty.
    pub fn credential(&mut self, provider: usize, slot: u8) -> Option<&Credential> {
        let generation = self.wallet.generation();
        if generation != self.generation {
            self.take();
            self.generation = generation;
        }
        self.held.get(provider)?.get(usize::from(slot))?.as_deref()
    }

    fn take(&mut self) {
        let of = |slots: &Vec<Arc<Mutex<Kept>>>| {
            slots.iter().map(|kept| lock(kept).current.clone()).collect::<Vec<_>>()
        };
        self.held = self.wallet.slots().iter().map(of).collect();
    }
}

#[cfg(test)]
mod tests;
