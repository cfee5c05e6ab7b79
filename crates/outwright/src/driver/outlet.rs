//! A provider as one core calls it: its contract, its seat, and the connections of this core.
//!
//! A call holds its outlet from its beginning to its end, so that a reload changes nothing under it.

use std::rc::Rc;
use std::sync::Arc;

use outwright_core::provider::Provider;

use super::roster::{Entry, Roster, Seat};
use crate::transport::{Origin, PoolCounts};

/// A provider as one core calls it.
#[derive(Debug)]
pub struct Outlet {
    pub(super) index: usize,
    pub(super) provider: Arc<Provider>,
    pub(super) seat: Arc<Seat>,
    pub(super) origin: Rc<Origin>,
    /// Whether replies of it are kept.
    pub(super) keeps: Keeps,
}

/// Whether replies of a provider are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    Yes,
    No,
}

impl Keeps {
    fn of(provider: &Provider) -> Self {
        let some = provider.operations.iter().any(|operation| operation.cache.is_some());
        if some { Self::Yes } else { Self::No }
    }
}

impl Outlet {
    /// The contract.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The same, to be kept.
    pub(crate) const fn contract(&self) -> &Arc<Provider> {
        &self.provider
    }

    /// What the connection pool of this core did.
    #[must_use]
    pub fn pool(&self) -> PoolCounts {
        self.origin.pool_counts()
    }
}

/// All providers as one core calls them, by index, under the roster that stood when it was made.
#[derive(Debug)]
pub struct Outlets {
    roster: Arc<Roster>,
    all: Box<[Rc<Outlet>]>,
}

impl Outlets {
    /// Those of a roster; what has not changed is taken from the ones `before`, `way` makes the others' connections.
    pub(super) fn new(
        roster: Arc<Roster>,
        before: Option<&Self>,
        way: impl Fn(&Entry) -> Rc<Origin>,
    ) -> Self {
        let outlet = |(index, entry): (usize, &Entry)| {
            let old = before
                .and_then(|before| Some((before.all.get(index)?, before.roster.entry(index)?)));
            let same_way = old.filter(|(_, old)| same_way(old, entry));
            match same_way {
                Some((outlet, old)) if Arc::ptr_eq(&old.provider, &entry.provider) => {
                    Rc::clone(outlet)
                }
                _ => Rc::new(Outlet {
                    index,
                    keeps: Keeps::of(&entry.provider),
                    provider: Arc::clone(&entry.provider),
                    seat: Arc::clone(&entry.seat),
                    origin: same_way
                        .map_or_else(|| way(entry), |(outlet, _)| Rc::clone(&outlet.origin)),
                }),
            }
        };
        let all = roster.entries.iter().enumerate().map(outlet).collect();
        Self { roster, all }
    }

    /// The roster that they are of.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The provider of an index, whether the contracts still have it or not.
    #[must_use]
    pub fn get(&self, provider: usize) -> Option<&Rc<Outlet>> {
        self.all.get(provider)
    }

    pub(super) fn number(&self) -> u64 {
        self.roster.number
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Rc<Outlet>> {
        self.all.iter()
    }
}

/// Whether connections made under one contract serve the other.
fn same_way(old: &Entry, new: &Entry) -> bool {
    let (before, after) = (&old.provider, &new.provider);
    let same_tls = match (&old.tls, &new.tls) {
        (None, None) => true,
        (Some(old), Some(new)) => Arc::ptr_eq(&old.config, &new.config),
        (Some(_), None) | (None, Some(_)) => false,
    };
    same_tls && before.base == after.base && before.egress == after.egress
}
