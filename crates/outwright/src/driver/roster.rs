//! The contracts that stand: what every call looks up, and what a reload replaces as a whole.
//!
//! A provider has one [`Seat`] for as long as the process lives: its gates go on through every change of its contract.
//! Its index never means another provider: what is taken out of the contracts keeps its place, closed.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use outwright_core::gates::Gates;
use outwright_core::provider::{Listen, Provider, Scheme};

use super::flights::Flights;
use super::shared::SetupError;
use super::shelf::Shelf;
use crate::transport::{Secured, tls_config};

/// The providers of a process under the contracts that stand.
#[derive(Debug, Default)]
pub struct Roster {
    /// Grows with every reload.
    pub(super) number: u64,
    pub(super) entries: Box<[Entry]>,
    /// Sorted.
    names: Box<[(Box<str>, usize)]>,
}

/// A provider under its contract.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) provider: Arc<Provider>,
    pub(super) seat: Arc<Seat>,
    pub(super) tls: Option<Secured>,
    /// Whether the contracts still have it.
    pub(super) stands: Stands,
}

/// Whether the contracts have a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Yes,
    /// They had.
    No,
}

/// What calls to a provider share, whatever its contract says.
pub(super) struct Seat {
    guarded: Mutex<Guarded>,
    /// Its kept replies.
    shelf: Mutex<Shelf>,
    /// Its reads that equal ones may join.
    flights: Mutex<Flights>,
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").finish_non_exhaustive()
    }
}

/// What stands under the lock of a provider.
pub(super) struct Guarded {
    pub(super) gates: Gates,
    /// The contract that the gates go by.
    pub(super) standing: Arc<Provider>,
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
    fn new(provider: &Arc<Provider>) -> Self {
        let gates = Gates::new(provider);
        let guarded = Guarded { gates, standing: Arc::clone(provider), wakers: Vec::new() };
        let shelf = Mutex::new(Shelf::new(&provider.digest));
        Self { guarded: Mutex::new(guarded), shelf, flights: Mutex::default() }
    }

    /// Its kept replies.
    pub(super) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its reads that equal ones may join.
    pub(super) fn flights(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock of the provider. A thread that panicked while it held it left a bug behind, but the provider goes on.
    pub(super) fn lock(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Roster {
    /// Of a process that begins, or that goes on with other contracts.
    ///
    /// # Errors
    ///
    /// The roots of a provider cannot be used, or a contract cannot follow the one before it.
    pub(super) fn new(providers: Vec<Provider>, before: Option<&Self>) -> Result<Self, SetupError> {
        let mut machine = None;
        let closed = before.into_iter().flat_map(|before| &*before.entries).cloned();
        let mut entries: Vec<_> =
            closed.map(|entry| Entry { stands: Stands::No, ..entry }).collect();
        for provider in providers {
            let place = entries.iter().position(|entry| entry.provider.name == provider.name);
            let known = place.and_then(|place| entries.get(place));
            let tls = match provider.base.scheme {
                Scheme::Http => None,
                Scheme::Https => {
                    let trusted = known.and_then(|known| known.tls.as_ref());
                    let ca = provider.egress.ca.as_deref();
                    let name = provider.name.clone();
                    let made = tls_config(ca, &mut machine, trusted);
                    Some(made.map_err(|error| SetupError::Trust(name, error))?)
                }
            };
            let entry = Entry::new(provider, known, tls)?;
            match place.and_then(|place| entries.get_mut(place)) {
                Some(place) => *place = entry,
                None => entries.push(entry),
            }
        }
        let standing = entries.iter().enumerate().filter(|(_, entry)| entry.stands == Stands::Yes);
        let names = standing.map(|(index, entry)| (entry.provider.name.clone(), index));
        let mut names: Box<[_]> = names.collect();
        names.sort();
        let number = before.map_or(0, |before| before.number + 1);
        Ok(Self { number, entries: entries.into(), names })
    }

    /// The providers that may be called, with their indices.
    pub fn providers(&self) -> impl Iterator<Item = (usize, &Provider)> {
        let standing = self.entries.iter().enumerate();
        let standing = standing.filter(|(_, entry)| entry.stands == Stands::Yes);
        standing.map(|(index, entry)| (index, &*entry.provider))
    }

    /// The index of a provider that may be called.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        let place = self.names.binary_search_by(|(known, _)| (**known).cmp(name));
        place.ok().and_then(|place| self.names.get(place)).map(|(_, index)| *index)
    }

    /// The providers whose door is a host name on the data port.
    pub fn host_doors(&self) -> impl Iterator<Item = (&str, usize)> {
        self.providers().filter_map(|(index, provider)| match &provider.listen {
            Some(Listen::Host(name)) => Some((&**name, index)),
            Some(Listen::Port(_)) | None => None,
        })
    }

    /// The providers whose door is a port of their own.
    pub fn port_doors(&self) -> impl Iterator<Item = (u16, usize)> {
        self.providers().filter_map(|(index, provider)| match provider.listen {
            Some(Listen::Port(port)) => Some((port, index)),
            Some(Listen::Host(_)) | None => None,
        })
    }

    /// The providers by their indices, those included that the contracts no longer have.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Provider> {
        self.entries.iter().map(|entry| &*entry.provider)
    }

    pub(super) fn entry(&self, provider: usize) -> Option<&Entry> {
        self.entries.get(provider)
    }
}

impl Entry {
    fn new(
        provider: Provider,
        known: Option<&Self>,
        tls: Option<Secured>,
    ) -> Result<Self, SetupError> {
        let Some(known) = known else {
            let provider = Arc::new(provider);
            let seat = Arc::new(Seat::new(&provider));
            return Ok(Self { provider, seat, tls, stands: Stands::Yes });
        };
        let seat = Arc::clone(&known.seat);
        let provider = if known.provider.digest == provider.digest {
            Arc::clone(&known.provider)
        } else {
            let name = provider.name.clone();
            let next = provider.succeeding(&known.provider);
            Arc::new(next.map_err(|too_many| SetupError::TooMany(name, too_many))?)
        };
        Ok(Self { provider, seat, tls, stands: Stands::Yes })
    }
}
