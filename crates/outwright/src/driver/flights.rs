//! Reads that equal ones may join, and what travels from the call that leads to those that follow, over all cores.
//!
//! The engine's [`flight::Flight`] says who may join and whether anybody is left; here are the bytes and the wakers.
//! A reply is held whole, up to a bound, until the last one has taken it: who takes it slowly holds up nobody, and
//! nobody is cut because another was faster.
//! It is released to the followers once it is sure that it fits: at its head where it declares its length, else at its
//! end. What does not fit goes to the caller of the leading call alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use outwright_core::flight::{self, Join, Landed, Part, Wanted};
use outwright_core::outcome::{BodyEnd, Fault};
use outwright_core::provider::Priority;
use outwright_core::step::CallId;

use super::memory::Held;
use super::roster::Seat;
use super::shelf::ENTRY_BYTES_MAX;
use crate::telemetry::Attempt;

/// Largest reply that is shared, in bytes (chosen: as large as one that is kept).
pub(super) const SHARED_BYTES_MAX: usize = ENTRY_BYTES_MAX;
/// A reader that is behind takes so many bytes at a time (chosen: what a socket takes at once, and few are copied
/// under the lock).
const PART_BYTES: usize = 64 * 1024;

/// A digest of everything that a reply may depend on.
pub(super) type Key = [u8; 32];

/// The reads of a provider that may be joined.
#[derive(Debug, Default)]
pub(super) struct Flights {
    open: HashMap<Key, Arc<Flight>>,
}

/// How a call takes part.
pub(super) enum Boarded {
    /// It is sent, and equal ones may follow.
    Leads(Lead, Aboard),
    /// It waits for the reply of this call.
    Follows(CallId, Aboard),
    /// Not at all.
    Apart,
}

/// Whether a call may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum May {
    Lead,
    OnlyFollow,
}

impl Flights {
    /// Takes a call aboard.
    pub(super) fn board(
        &mut self,
        key: Key,
        (call, priority): (CallId, Priority),
        seat: &Arc<Seat>,
        may: May,
    ) -> Boarded {
        if let Some(flight) = self.open.get(&key) {
            let joined = flight.state().who.join(priority);
            return match joined {
                Join::Follows(leader) => {
                    Boarded::Follows(leader, Aboard::new(flight, Part::Follows))
                }
                Join::Apart => Boarded::Apart,
            };
        }
        match may {
            May::OnlyFollow => Boarded::Apart,
            May::Lead => {
                let flight = Arc::new(Flight::new(call, priority));
                self.open.insert(key, Arc::clone(&flight));
                let aboard = Aboard::new(&flight, Part::Leads);
                Boarded::Leads(Lead { seat: Arc::clone(seat), key, flight }, aboard)
            }
        }
    }

    /// Something was changed: what was asked for before goes on, but nobody who asks from now on is given it.
    pub(super) fn close(&mut self) {
        self.open.clear();
    }

    /// How many wait for the reads that may be joined.
    pub(super) fn followers(&self) -> u64 {
        self.open.values().map(|flight| u64::from(flight.state().who.followers())).sum()
    }

    fn remove(&mut self, key: &Key, flight: &Arc<Flight>) {
        if self.open.get(key).is_some_and(|known| Arc::ptr_eq(known, flight)) {
            self.open.remove(key);
        }
    }
}

/// A read that others may join.
#[derive(Debug)]
pub(super) struct Flight {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    who: flight::Flight,
    /// Once it is to be shared.
    head: Option<(StatusCode, HeaderMap)>,
    /// The whole length, where it is known.
    exact: Option<u64>,
    coming: BytesMut,
    /// Instead of what is coming, once all of it is there.
    whole: Bytes,
    trailers: Option<HeaderMap>,
    over: Over,
    held: Option<Held>,
    boarded: u64,
    waiting: BTreeMap<u64, Waker>,
    /// The task of the call that leads.
    leading: Option<Waker>,
}

/// How far a shared body has come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Over {
    No,
    /// It ended.
    Ended(End),
    /// The caller of the leading call reads on from the provider itself.
    HandedBack,
}

/// The end of a shared body, and how the attempt that brought it went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct End {
    pub(super) end: BodyEnd,
    pub(super) attempt: Option<Attempt>,
}

/// The next of a shared body.
pub(super) enum Next {
    Data(Bytes),
    Ended(End),
    /// The rest comes from the provider, to the caller of the leading call alone.
    HandedBack,
}

impl Flight {
    fn new(leader: CallId, priority: Priority) -> Self {
        Self {
            state: Mutex::new(State {
                who: flight::Flight::new(leader, priority),
                head: None,
                exact: None,
                coming: BytesMut::new(),
                whole: Bytes::new(),
                trailers: None,
                over: Over::No,
                held: None,
                boarded: 0,
                waiting: BTreeMap::new(),
                leading: None,
            }),
        }
    }

    /// The lock. A thread that panicked while it held it left a bug behind, but the others go on.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something that all who wait are told of.
    fn tell<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let changed = change(&mut state);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_values().for_each(Waker::wake);
        changed
    }

    /// Whether the last one is gone; else the task that leads is woken when that happens.
    pub(super) fn is_deserted(&self, cx: &Context<'_>) -> bool {
        let mut state = self.state();
        if state.who.wanted() == Wanted::No {
            return true;
        }
        match &state.leading {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            Some(_) | None => state.leading = Some(cx.waker().clone()),
        }
        false
    }
}

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// The side of the call that leads. Dropped before its end, it leaves nobody waiting.
#[derive(Debug)]
pub(super) struct Lead {
    seat: Arc<Seat>,
    key: Key,
    flight: Arc<Flight>,
}

impl Lead {
    /// Its request is on its way.
    pub(super) fn sent(&self) {
        self.flight.state().who.sent();
    }

    /// What its task looks at.
    pub(super) const fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }

    /// A head has come: nobody joins any more. Says how many follow.
    pub(super) fn close(&self) -> u32 {
        // The table first, as everywhere: who is aboard now stays, and nobody comes after that.
        self.seat.flights().remove(&self.key, &self.flight);
        self.flight.state().who.followers()
    }

    /// Shares a reply of this head; its body comes by [`Lead::push`]. Gives the place of its own caller.
    pub(super) fn share(
        &self,
        head: (StatusCode, HeaderMap),
        (exact, room): (Option<u64>, BytesMut),
        held: Held,
    ) -> Aboard {
        self.flight.tell(|state| {
            state.head = Some(head);
            state.exact = exact;
            state.coming = room;
            state.held = Some(held);
            state.who.board();
            if exact.is_some() {
                state.who.land(Landed::Shared);
            }
        });
        Aboard::new(&self.flight, Part::Leads)
    }

    /// A part of the body has come.
    pub(super) fn push(&self, data: &Bytes) -> Result<(), TooLarge> {
        self.flight.tell(|state| {
            let bytes = state.coming.len().saturating_add(data.len());
            let room = state.held.as_mut().and_then(|held| held.grow(bytes));
            if bytes > SHARED_BYTES_MAX || room.is_none() {
                return Err(TooLarge);
            }
            state.coming.extend_from_slice(data);
            Ok(())
        })
    }

    /// What stands behind the body has come.
    pub(super) fn push_trailers(&self, trailers: HeaderMap) {
        self.flight.tell(|state| state.trailers = Some(trailers));
    }

    /// The body is over. Those who had nothing of it yet get all of it, or none and are sent by themselves.
    pub(super) fn end(&self, end: End) {
        self.flight.tell(|state| {
            if state.over == Over::No {
                state.over = Over::Ended(end);
                state.whole = std::mem::take(&mut state.coming).freeze();
                let whole = end.end == BodyEnd::Whole;
                state.who.land(if whole { Landed::Shared } else { Landed::Apart });
            }
        });
    }

    /// It does not fit: its own caller goes on with the provider, the others are sent by themselves.
    pub(super) fn hand_back(&self) {
        self.flight.tell(|state| {
            state.who.land(Landed::Apart);
            if state.who.landed() == Some(Landed::Apart) {
                state.over = Over::HandedBack;
                state.whole = std::mem::take(&mut state.coming).freeze();
            }
        });
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.close();
        self.flight.tell(|state| {
            state.who.land(Landed::Apart);
            if state.over == Over::No {
                // Whoever reads it has not got all of it.
                let end = BodyEnd::Broken(Fault::Reset);
                state.over = Over::Ended(End { end, attempt: None });
            }
        });
    }
}

/// A place in a flight; left by being dropped.
#[derive(Debug)]
pub(super) struct Aboard {
    flight: Arc<Flight>,
    number: u64,
    part: Part,
}

impl Aboard {
    /// The place of somebody who was counted already.
    fn new(flight: &Arc<Flight>, part: Part) -> Self {
        let mut state = flight.state();
        state.boarded += 1;
        let number = state.boarded;
        drop(state);
        Self { flight: Arc::clone(flight), number, part }
    }

    /// Whose place it is.
    pub(super) const fn part(&self) -> Part {
        self.part
    }

    /// The flight.
    pub(super) const fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }

    /// What becomes of a follower.
    pub(super) fn poll_landed(&self, cx: &Context<'_>) -> Poll<Landed> {
        let mut state = self.flight.state();
        match state.who.landed() {
            Some(landed) => Poll::Ready(landed),
            None => self.wait(&mut state, cx),
        }
    }

    /// The head of the reply that is shared.
    pub(super) fn head(&self) -> Option<(StatusCode, HeaderMap)> {
        self.flight.state().head.clone()
    }

    /// What comes behind so many bytes of the body; trailers are given once they are asked for.
    pub(super) fn poll_next(&self, at: usize, cx: &Context<'_>) -> Poll<Next> {
        let mut state = self.flight.state();
        let there = state.whole.len().max(state.coming.len());
        let to = there.min(at.saturating_add(PART_BYTES));
        if at < to {
            let data = match state.coming.get(at..to) {
                Some(part) => Bytes::copy_from_slice(part),
                None => state.whole.slice(at..),
            };
            return Poll::Ready(Next::Data(data));
        }
        match state.over {
            Over::No => self.wait(&mut state, cx),
            Over::Ended(end) => Poll::Ready(Next::Ended(end)),
            Over::HandedBack => Poll::Ready(Next::HandedBack),
        }
    }

    /// What stands behind the whole body.
    pub(super) fn trailers(&self) -> Option<HeaderMap> {
        self.flight.state().trailers.clone()
    }

    /// Whether nothing comes behind so many bytes, and how it ended.
    pub(super) fn ended(&self, at: usize) -> Option<End> {
        let state = self.flight.state();
        match state.over {
            Over::Ended(end) if at >= state.whole.len() => Some(end),
            Over::Ended(_) | Over::No | Over::HandedBack => None,
        }
    }

    /// The length of what comes behind so many bytes, where it is known.
    pub(super) fn left(&self, at: usize) -> Option<u64> {
        let state = self.flight.state();
        let whole = match state.over {
            Over::Ended(end) if end.end == BodyEnd::Whole => Some(state.whole.len() as u64),
            // What broke off is shorter than it said, and must not look as if it had said so.
            Over::Ended(_) | Over::No | Over::HandedBack => state.exact,
        };
        whole.map(|whole| whole.saturating_sub(at as u64))
    }

    fn wait<T>(&self, state: &mut State, cx: &Context<'_>) -> Poll<T> {
        state.waiting.insert(self.number, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Aboard {
    fn drop(&mut self) {
        let mut state = self.flight.state();
        state.waiting.remove(&self.number);
        let leading = match state.who.leave(self.part) {
            Wanted::No => state.leading.take(),
            Wanted::Yes => None,
        };
        drop(state);
        leading.into_iter().for_each(Waker::wake);
    }
}
