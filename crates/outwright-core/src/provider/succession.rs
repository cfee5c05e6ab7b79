//! A contract that takes the place of another while calls are under way.
//!
//! Calls, gates, wallet and counters name operations and credential slots by index.
//! So that an index means the same before and after, what has the same name keeps its place, what is new comes
//! behind, and what is gone stays in its place, retired.

use http::Method;

use super::{Caller, Keys, OpIndex, Operation, Provider, Slot};
use crate::admission::Routes;
use crate::limits::LANES_MAX;

/// Why one contract cannot take the place of another without a restart: too much was renamed since the process began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMany {
    /// More than 65,536 operations, those that are retired among them.
    Operations,
    /// More than 256 credential slots, those that are retired among them.
    Slots,
    /// More than 256 callers, those that are retired among them.
    Callers,
    /// More than [`LANES_MAX`] distinct sets of windows, with those of retired operations.
    Lanes,
}

impl Provider {
    /// This contract, with the indices of the one that it takes the place of.
    ///
    /// # Errors
    ///
    /// There is no room for all that is retired.
    pub fn succeeding(mut self, before: &Self) -> Result<Self, TooMany> {
        let (slots, place_of) = slots(&self.slots, &before.slots)?;
        for operation in &mut self.operations {
            let slot = operation.slot.and_then(|slot| place_of.get(usize::from(slot)));
            operation.slot = slot.copied();
        }
        let names: Vec<_> =
            self.operations.iter().map(|operation| operation.name.clone()).collect();
        let mut lanes = self.lanes.to_vec();
        let mut operations = Vec::with_capacity(before.operations.len());
        let mut ours: Vec<_> = self.operations.iter().cloned().map(Some).collect();
        for old in &before.operations {
            let same = ours.iter_mut().find(|new| new.as_ref().is_some_and(|n| n.name == old.name));
            let next = match same.and_then(Option::take) {
                Some(new) => new,
                None => {
                    let lane = lane_of_retired(&mut lanes, old, before, &self)?;
                    Operation { lane, retired: true, ..old.clone() }
                }
            };
            operations.push(next);
        }
        operations.extend(ours.into_iter().flatten());
        if operations.len() > usize::from(u16::MAX) + 1 {
            return Err(TooMany::Operations);
        }
        self.callers = callers(&self.callers, &before.callers, |old| {
            let name = names.get(usize::from(old.0))?;
            let place = operations.iter().position(|operation| operation.name == *name)?;
            u16::try_from(place).ok().map(OpIndex)
        })?;
        self.routes = routes(&operations);
        (self.slots, self.lanes, self.operations) = (slots, lanes.into(), operations.into());
        Ok(self)
    }
}

/// The slots in their places, and where each of the new ones went.
fn slots(ours: &[Slot], before: &[Slot]) -> Result<(Box<[Slot]>, Vec<u8>), TooMany> {
    let mut slots: Vec<_> =
        before.iter().map(|old| Slot { retired: true, ..old.clone() }).collect();
    let mut place_of = Vec::with_capacity(ours.len());
    for new in ours {
        // One that is written otherwise is another one: calls under way go on with what they have.
        let same = |slot: &Slot| {
            let written = (&slot.source, &slot.inject, &slot.hosts);
            slot.name == new.name && written == (&new.source, &new.inject, &new.hosts)
        };
        let place = slots.iter().position(same);
        let place = place.unwrap_or(slots.len());
        match slots.get_mut(place) {
            Some(slot) => *slot = new.clone(),
            None => slots.push(new.clone()),
        }
        place_of.push(u8::try_from(place).map_err(|_| TooMany::Slots)?);
    }
    Ok((slots.into(), place_of))
}

/// The callers in their places, with the operations in theirs.
fn callers(
    ours: &[Caller],
    before: &[Caller],
    place_of: impl Fn(OpIndex) -> Option<OpIndex>,
) -> Result<Box<[Caller]>, TooMany> {
    let mut callers: Vec<_> =
        before.iter().map(|old| Caller { retired: true, ..old.clone() }).collect();
    for new in ours {
        let listed = new.operations.as_deref();
        let operations =
            listed.map(|listed| listed.iter().copied().filter_map(&place_of).collect());
        let new = Caller { operations, ..new.clone() };
        match callers.iter_mut().find(|caller| caller.name == new.name) {
            // Its keys go on as they are: another form of the same key would be another key to the provider.
            Some(caller) => *caller = Caller { keys: caller.keys, ..new },
            // A contract that listed nobody had its callers' keys derived.
            None => callers.push(Caller { keys: Keys::Derived, ..new }),
        }
    }
    if callers.len() > usize::from(u8::MAX) + 1 {
        return Err(TooMany::Callers);
    }
    Ok(callers.into())
}

/// The set of those windows of a retired operation that are still there.
fn lane_of_retired(
    lanes: &mut Vec<u64>,
    old: &Operation,
    before: &Provider,
    now: &Provider,
) -> Result<u8, TooMany> {
    let bits = before.lanes.get(usize::from(old.lane)).copied().unwrap_or(0);
    let named = before.windows.iter().enumerate().filter(|(number, _)| bits >> number & 1 == 1);
    let kept = named.filter_map(|(_, window)| {
        now.windows.iter().position(|new| new.name() == window.name()).map(|number| 1_u64 << number)
    });
    let set = kept.fold(0, |set, bit| set | bit);
    let lane = lanes.iter().position(|lane| *lane == set).unwrap_or_else(|| {
        lanes.push(set);
        lanes.len() - 1
    });
    if lane >= LANES_MAX {
        return Err(TooMany::Lanes);
    }
    u8::try_from(lane).map_err(|_| TooMany::Lanes)
}

/// Routes to what is not retired.
fn routes(operations: &[Operation]) -> Routes {
    let live = operations.iter().zip(0..).filter(|(operation, _)| !operation.retired);
    let live: Vec<(Method, &str, OpIndex)> = live
        .map(|(operation, index)| (operation.method.clone(), &*operation.template, OpIndex(index)))
        .collect();
    Routes::build(&live).expect("templates of a checked contract make routes")
}
