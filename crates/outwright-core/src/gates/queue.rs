//! Calls that wait for a grant: a slab of waiters, one first-in-first-out list per lane and priority.
//!
//! A lane is a set of calls that wait for the same windows and the same credential, of one caller where the contract
//! tells callers apart: a full `search` window does not block `charges`, and who has used up its share blocks nobody.
//! The queue knows order and places and nothing of the gates; `gates.rs` decides who is served.

use crate::provider::{CallerIndex, OpIndex, Priority};
use crate::refusal::Refusal;
use crate::time::Mono;

use super::{Issued, Wish};

/// A place in the queue. A ticket of an earlier generation names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    index: u32,
    generation: u32,
}

impl Ticket {
    /// The place, for a table of wakers; a place is used again by a later generation.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index as usize
    }
}

/// What somebody who waits has, besides a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub(super) operation: OpIndex,
    pub(super) priority: Priority,
    pub(super) caller: Option<CallerIndex>,
    /// Where it stands.
    pub(super) lane: u32,
    /// Where a slot is what is missing, it waits until then.
    pub(super) patience: Mono,
    /// It waits no longer than this, whatever is missing.
    pub(super) latest: Mono,
    /// When its timer fires, as it was last told.
    pub(super) armed: Mono,
}

impl Waiter {
    /// What it wants, and how urgently.
    pub(super) const fn wish(&self) -> Wish {
        Wish { operation: self.operation, priority: self.priority, caller: self.caller }
    }
}

/// How far somebody in the slab has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Nobody is here; the next free place.
    Free(u32),
    /// It waits.
    Waiting(Waiter),
    /// A grant was made for it; it has not fetched it yet.
    Handed(Issued),
    /// It was refused; it has not heard of it yet.
    Refused(Refusal),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    generation: u32,
    /// Its number among all who ever waited.
    order: u64,
    before: u32,
    after: u32,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    first: u32,
    last: u32,
}

/// The head of a lane: who of it is served next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) ticket: Ticket,
    pub(super) order: u64,
    pub(super) waiter: Waiter,
}

/// All places.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    entries: Vec<Entry>,
    free: u32,
    places_max: usize,
    lines: Vec<[Line; 3]>,
    /// Somebody waits in lane n where bit n, counted over all words, is set.
    busy: Vec<u64>,
    waiting: usize,
    /// Of these, each caller's.
    of_callers: Vec<u32>,
    handed: usize,
    orders: u64,
}

const NOBODY: u32 = u32::MAX;
const NO_LINE: Line = Line { first: NOBODY, last: NOBODY };

impl Queue {
    /// So many may wait; those who were handed something and have not fetched it need places as well.
    ///
    /// Every caller has each lane once more for itself.
    pub(super) fn new(lanes: usize, callers: usize, (waiting_max, slots): (u32, u32)) -> Self {
        let places_max = waiting_max as usize * 2 + slots as usize;
        let lanes = lanes * (callers + 1);
        Self {
            entries: Vec::with_capacity(places_max),
            free: NOBODY,
            places_max,
            lines: vec![[NO_LINE; 3]; lanes],
            busy: vec![0; lanes.div_ceil(64)],
            waiting: 0,
            of_callers: vec![0; callers],
            handed: 0,
            orders: 0,
        }
    }

    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many of them are this caller's.
    pub(super) fn waiting_of(&self, caller: CallerIndex) -> u32 {
        self.of_callers.get(usize::from(caller.0)).copied().unwrap_or(0)
    }

    /// The same for every caller.
    pub(super) fn places(&self) -> impl Iterator<Item = u32> {
        self.of_callers.iter().copied()
    }

    /// Grants that were made for somebody and not yet fetched.
    pub(super) const fn handed(&self) -> usize {
        self.handed
    }

    /// The first lane at or after this one in which somebody waits.
    pub(super) fn busy_lane(&self, from: u32) -> Option<u32> {
        let (first, bit) = (from as usize / 64, from % 64);
        let words = self.busy.iter().enumerate().skip(first);
        words.map(|(at, word)| (at, if at == first { word >> bit << bit } else { *word })).find_map(
            |(at, word)| {
                let lane = at * 64 + word.trailing_zeros() as usize;
                (word != 0).then_some(lane).and_then(|lane| u32::try_from(lane).ok())
            },
        )
    }

    /// Makes room for more who wait; there is never less than there was.
    pub(super) fn grow(&mut self, waiting_max: usize, slots: usize) {
        self.places_max = self.places_max.max(waiting_max * 2 + slots);
    }

    /// Puts all who wait into other lanes, in the order in which they came.
    pub(super) fn relane(
        &mut self,
        lanes: usize,
        callers: usize,
        lane_of: impl Fn(&Waiter) -> u32,
    ) {
        let mut waiting: Vec<_> = (0..self.entries.len())
            .filter_map(|index| self.at(u32::try_from(index).unwrap_or(NOBODY)))
            .collect();
        waiting.sort_unstable_by_key(|head| head.order);
        let lanes = lanes * (callers + 1);
        self.lines = vec![[NO_LINE; 3]; lanes];
        self.busy = vec![0; lanes.div_ceil(64)];
        self.of_callers.resize(callers, 0);
        for Head { ticket, mut waiter, .. } in waiting {
            waiter.lane = lane_of(&waiter);
            self.link(ticket.index, waiter);
        }
    }

    /// Whether somebody of this or a higher urgency waits in the lane: a newcomer must not overtake it.
    pub(super) fn ahead(&self, lane: u32, priority: Priority) -> Ahead {
        let lines = self.lines.get(lane as usize).into_iter().flatten();
        let waits = lines.take(priority as usize + 1).any(|line| line.first != NOBODY);
        if waits { Ahead::Somebody } else { Ahead::Nobody }
    }

    /// Puts somebody at the end of its line; none when every place is taken.
    pub(super) fn push(&mut self, waiter: Waiter) -> Option<Ticket> {
        let index = self.place()?;
        let order = self.orders;
        self.orders += 1;
        self.waiting += 1;
        if let Some(places) = self.places_of(waiter.caller) {
            *places += 1;
        }
        let entry = self.entry(index)?;
        entry.order = order;
        let generation = entry.generation;
        self.link(index, waiter);
        Some(Ticket { index, generation })
    }

    /// Puts a waiter at the end of its line.
    fn link(&mut self, index: u32, waiter: Waiter) {
        let Some(line) = self.line(waiter.lane, waiter.priority) else { return };
        let before = line.last;
        line.last = index;
        if before == NOBODY {
            line.first = index;
        } else if let Some(entry) = self.entry(before) {
            entry.after = index;
        }
        self.mark(waiter.lane, |word, bit| word | bit);
        if let Some(entry) = self.entry(index) {
            entry.place = Place::Waiting(waiter);
            (entry.before, entry.after) = (before, NOBODY);
        }
    }

    /// The most urgent and then oldest of a lane.
    pub(super) fn head(&self, lane: u32) -> Option<Head> {
        let lines = self.lines.get(lane as usize)?;
        let first = lines.iter().map(|line| line.first).find(|first| *first != NOBODY)?;
        self.at(first)
    }

    /// Whoever has this ticket, unless it names nobody any more.
    pub(super) fn get(&self, ticket: Ticket) -> Option<Place> {
        let entry = self.entries.get(ticket.index())?;
        (entry.generation == ticket.generation).then_some(entry.place)
    }

    /// Notes when the timer of a waiter fires.
    pub(super) fn arm(&mut self, ticket: Ticket, until: Mono) {
        if let Some(Entry { place: Place::Waiting(waiter), .. }) = self.entry(ticket.index) {
            waiter.armed = until;
        }
    }

    /// Lets a waiter be patient for a slot until then, within its own limit.
    pub(super) fn extend(&mut self, ticket: Ticket, until: Mono) {
        if let Some(Entry { place: Place::Waiting(waiter), .. }) = self.entry(ticket.index) {
            waiter.patience = waiter.patience.max(until).min(waiter.latest);
        }
    }

    /// Takes a waiter out of its line and leaves a grant or a refusal in its place.
    pub(super) fn answer(&mut self, ticket: Ticket, place: Place) {
        self.unlink(ticket.index);
        if matches!(place, Place::Handed(_)) {
            self.handed += 1;
        }
        if let Some(entry) = self.entry(ticket.index) {
            entry.place = place;
        }
    }

    /// Empties a place; the ticket names nobody from now on.
    pub(super) fn remove(&mut self, ticket: Ticket) {
        match self.get(ticket) {
            None | Some(Place::Free(_)) => return,
            Some(Place::Waiting(_)) => self.unlink(ticket.index),
            Some(Place::Handed(_)) => self.handed -= 1,
            Some(Place::Refused(_)) => {}
        }
        let free = self.free;
        if let Some(entry) = self.entry(ticket.index) {
            entry.generation = entry.generation.wrapping_add(1);
            entry.place = Place::Free(free);
            self.free = ticket.index;
        }
    }

    /// Refuses every waiter that is meant and says whom to wake.
    pub(super) fn refuse(
        &mut self,
        refusal: Refusal,
        woken: &mut Vec<Ticket>,
        meant: impl Fn(&Waiter) -> bool,
    ) {
        if self.waiting == 0 {
            return;
        }
        for index in 0..u32::try_from(self.entries.len()).unwrap_or(NOBODY) {
            let Some(head) = self.at(index).filter(|head| meant(&head.waiter)) else { continue };
            self.answer(head.ticket, Place::Refused(refusal));
            woken.push(head.ticket);
        }
    }

    fn at(&self, index: u32) -> Option<Head> {
        let entry = self.entries.get(index as usize)?;
        match entry.place {
            Place::Waiting(waiter) => Some(Head {
                ticket: Ticket { index, generation: entry.generation },
                order: entry.order,
                waiter,
            }),
            Place::Free(_) | Place::Handed(_) | Place::Refused(_) => None,
        }
    }

    fn entry(&mut self, index: u32) -> Option<&mut Entry> {
        self.entries.get_mut(index as usize)
    }

    fn line(&mut self, lane: u32, priority: Priority) -> Option<&mut Line> {
        self.lines.get_mut(lane as usize)?.get_mut(priority as usize)
    }

    fn place(&mut self) -> Option<u32> {
        let reused = self.free;
        if let Some(Entry { place: Place::Free(next), .. }) = self.entry(reused) {
            self.free = *next;
            return Some(reused);
        }
        if self.entries.len() >= self.places_max {
            return None;
        }
        let index = u32::try_from(self.entries.len()).ok()?;
        self.entries.push(Entry {
            generation: 0,
            order: 0,
            before: NOBODY,
            after: NOBODY,
            place: Place::Free(NOBODY),
        });
        Some(index)
    }

    fn unlink(&mut self, index: u32) {
        let Some(entry) = self.entry(index) else { return };
        let Place::Waiting(waiter) = entry.place else { return };
        let (before, after) = (entry.before, entry.after);
        if let Some(entry) = self.entry(before) {
            entry.after = after;
        }
        if let Some(entry) = self.entry(after) {
            entry.before = before;
        }
        if let Some(line) = self.line(waiter.lane, waiter.priority) {
            line.first = if line.first == index { after } else { line.first };
            line.last = if line.last == index { before } else { line.last };
        }
        self.waiting -= 1;
        if let Some(places) = self.places_of(waiter.caller) {
            *places -= 1;
        }
        if matches!(self.ahead(waiter.lane, Priority::Background), Ahead::Nobody) {
            self.mark(waiter.lane, |word, bit| word & !bit);
        }
    }

    fn places_of(&mut self, caller: Option<CallerIndex>) -> Option<&mut u32> {
        self.of_callers.get_mut(usize::from(caller?.0))
    }

    /// Changes the bit of a lane.
    fn mark(&mut self, lane: u32, change: impl Fn(u64, u64) -> u64) {
        if let Some(word) = self.busy.get_mut(lane as usize / 64) {
            *word = change(*word, 1 << (lane % 64));
        }
    }
}

/// Whether a newcomer would overtake somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    /// It would.
    Somebody,
    /// It would not.
    Nobody,
}
