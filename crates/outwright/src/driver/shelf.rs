//! The kept replies of one provider: bounded, in memory, the one that was used longest ago goes first.
//!
//! A reply is found by its target, by whose it is and by what it varies with; nobody but the same caller with the same
//! fields and the same version of the credential finds it.
//! Nothing is written anywhere: what is kept is gone with the process.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher as _;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use outwright_core::cache::Kept;

use super::memory::Held;

/// Replies that are kept per provider (chosen: the objects that a page of a list shows, many times over).
const ENTRIES_MAX: usize = 4_096;
/// Bytes that are kept per provider, what the bookkeeping costs included (chosen: an eighth of the process).
const BYTES_MAX: usize = 32 << 20;
/// Largest reply that is kept, in bytes (chosen: larger ones are exports and files, not what a page shows).
pub(super) const ENTRY_BYTES_MAX: usize = 1 << 20;
/// Copies of one target, for different callers, fields and variants (chosen; the oldest goes first).
const COPIES_MAX: usize = 64;
/// What a copy costs besides its texts, in bytes (chosen: its structures and places in both maps).
const ENTRY_BYTES: usize = 512;
/// What a field costs besides its text, in bytes (chosen: a slot of a header map).
const FIELD_BYTES: usize = 64;

/// Counts of changes, each for the targets whose hash leads to it (chosen: a change at one target keeps one of a
/// thousand replies of other targets from being kept).
const CHANGES: usize = 1_024;

/// A digest of whose a reply is: method, fields, caller and credential slot.
pub(super) type Whose = [u8; 32];

/// Under what a reply is kept and found.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Path and query as the provider gets them, without a credential.
    pub(super) target: Arc<str>,
    pub(super) whose: Whose,
    /// The credential slot and its version; none where nothing is injected.
    pub(super) credential: Option<(u8, u32)>,
    /// Fields of the request that are in no digest: a reply that varies with one of them is another one.
    pub(super) varying: Arc<[(HeaderName, HeaderValue)]>,
}

/// A reply as it is shown again.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A reply to be kept.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) kept: Kept,
    /// The names of its `Vary`.
    pub(super) vary: Box<[HeaderName]>,
    /// None where only the reason is kept why it must not be shown.
    pub(super) reply: Option<Arc<Reply>>,
    /// Its bytes, as far as they are taken already.
    pub(super) held: Held,
    /// When its read began, as [`Shelf::changes`] had it then.
    pub(super) began: u64,
}

#[derive(Debug)]
struct Placed {
    entry: Entry,
    bytes: usize,
    /// When it was last used, in the order of the shelf.
    used: u64,
}

/// The kept replies of one provider.
#[derive(Debug)]
pub(super) struct Shelf {
    targets: HashMap<Arc<str>, Vec<Placed>>,
    /// How often something was changed or gone; none until the first time.
    changes: Vec<u64>,
    order: BTreeMap<u64, Arc<str>>,
    uses: u64,
    bytes: usize,
    /// The digest of the contract under which replies are kept.
    contract: Box<str>,
    /// The versions that hold now, by slot; 0: none.
    versions: Vec<u32>,
}

impl Shelf {
    /// An empty shelf under the contract of this digest.
    pub(super) fn new(contract: &str) -> Self {
        Self {
            targets: HashMap::new(),
            changes: Vec::new(),
            order: BTreeMap::new(),
            uses: 0,
            bytes: 0,
            contract: contract.into(),
            versions: Vec::new(),
        }
    }

    /// What is kept under a key, for a call under the contract that rules.
    pub(super) fn find(&mut self, key: &Key, contract: &str) -> Option<(Kept, Option<Arc<Reply>>)> {
        if *self.contract != *contract {
            return None;
        }
        let now = self.next();
        let copies = self.targets.get_mut(&key.target)?;
        let placed = copies.iter_mut().find(|placed| placed.entry.is_for(key))?;
        self.order.remove(&placed.used);
        placed.used = now;
        self.order.insert(now, Arc::clone(&key.target));
        Some((placed.entry.kept, placed.entry.reply.clone()))
    }

    /// Another contract rules from now on: what was kept under the one before it is forgotten.
    pub(super) fn contract_is(&mut self, digest: &str) {
        // What was changed was changed under every contract, and the hasher stays with the counts made with it.
        (self.bytes, self.contract) = (0, digest.into());
        self.targets.clear();
        self.order.clear();
    }

    /// This contract rules on, or again: nothing is forgotten where it did all the while.
    pub(super) fn stands(&mut self, digest: &str) {
        if *self.contract != *digest {
            self.contract_is(digest);
        }
    }

    /// Keeps a reply to a call under this contract in place of the one before it, if there is room for it.
    pub(super) fn put(&mut self, mut entry: Entry, contract: &str) {
        if *self.contract != *contract {
            // The call began under another contract, which may have kept what this one must not.
            return;
        }
        if self.changes(&entry.key.target) != entry.began {
            // Something was changed there while it was read: it may be what was there before.
            return;
        }
        let stands =
            |&(slot, version): &(u8, u32)| self.versions.get(usize::from(slot)) == Some(&version);
        if !entry.key.credential.as_ref().is_none_or(stands) {
            // Its credential was withdrawn while it came: it would outlive what it was read with.
            return;
        }
        let bytes = entry.bytes();
        self.forget_if(&entry.key.target.clone(), |placed| placed.entry.is_for(&entry.key));
        if bytes > BYTES_MAX {
            return;
        }
        while self.order.len() >= ENTRIES_MAX || self.bytes + bytes > BYTES_MAX {
            self.drop_oldest();
        }
        // The process may have less room than this provider.
        while entry.held.grow(bytes).is_none() {
            if self.order.is_empty() {
                return;
            }
            self.drop_oldest();
        }
        let used = self.next();
        let target = Arc::clone(&entry.key.target);
        self.order.insert(used, Arc::clone(&target));
        self.bytes += bytes;
        let copies = self.targets.entry(Arc::clone(&target)).or_default();
        copies.push(Placed { entry, bytes, used });
        let oldest = copies.iter().map(|placed| placed.used).min();
        if copies.len() > COPIES_MAX {
            self.forget_if(&target, |placed| Some(placed.used) == oldest);
        }
    }

    /// Forgets every copy of a target: something was changed there, or is not there any more.
    pub(super) fn forget(&mut self, target: &str) {
        let place = self.place(target);
        if self.changes.is_empty() {
            self.changes.resize(CHANGES, 0);
        }
        if let Some(count) = self.changes.get_mut(place) {
            *count += 1;
        }
        self.forget_if(target, |_| true);
    }

    /// How often something was changed or gone at a target, or at one that counts with it.
    pub(super) fn changes(&self, target: &str) -> u64 {
        self.changes.get(self.place(target)).copied().unwrap_or(0)
    }

    fn place(&self, target: &str) -> usize {
        // Below a thousand, so that it fits whatever the machine's words are.
        usize::try_from(self.targets.hasher().hash_one(target) % CHANGES as u64).unwrap_or(0)
    }

    /// From now on this version of a slot holds, or none; what was read with another is forgotten.
    pub(super) fn credential_is(&mut self, slot: u8, version: Option<u32>) {
        let place = usize::from(slot);
        if self.versions.len() <= place {
            self.versions.resize(place + 1, 0);
        }
        if let Some(place) = self.versions.get_mut(place) {
            *place = version.unwrap_or_default();
        }
        let targets: Vec<_> = self.targets.keys().map(Arc::clone).collect();
        for target in targets {
            self.forget_if(&target, |placed| {
                let credential = placed.entry.key.credential;
                credential.is_some_and(|(theirs, of)| theirs == slot && Some(of) != version)
            });
        }
    }

    /// How many are kept.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    const fn next(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }

    fn drop_oldest(&mut self) {
        let Some((used, target)) = self.order.first_key_value() else { return };
        let (used, target) = (*used, Arc::clone(target));
        self.forget_if(&target, |placed| placed.used == used);
    }

    fn forget_if(&mut self, target: &str, mut gone: impl FnMut(&Placed) -> bool) {
        let Some(copies) = self.targets.get_mut(target) else { return };
        copies.retain(|placed| {
            let gone = gone(placed);
            if gone {
                self.order.remove(&placed.used);
                self.bytes -= placed.bytes;
            }
            !gone
        });
        if copies.is_empty() {
            self.targets.remove(target);
        }
    }
}

impl Entry {
    /// RFC 9111 section 4.1: the same target, the same principal, the same values of what it varies with.
    fn is_for(&self, key: &Key) -> bool {
        let same = |name: &HeaderName| self.key.values(name).eq(key.values(name));
        self.key.whose == key.whose
            && self.key.credential == key.credential
            && self.key.target == key.target
            && self.vary.iter().all(same)
    }

    /// What it costs.
    fn bytes(&self) -> usize {
        let reply = self.reply.as_ref().map_or(0, |reply| {
            let fields = reply.headers.iter();
            let fields =
                fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES);
            fields.sum::<usize>() + reply.body.len()
        });
        let varying = self.key.varying.iter();
        let varying = varying.map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES);
        ENTRY_BYTES + self.key.target.len() + varying.sum::<usize>() + reply
    }
}

impl Key {
    fn values<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a HeaderValue> {
        self.varying.iter().filter(move |(known, _)| known == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests;
