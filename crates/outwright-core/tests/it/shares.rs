//! Shares of callers: who holds what, and who waits behind whom.

use outwright_core::bulkhead;
use outwright_core::call::{Call, Cx};
use outwright_core::dice::{Dice, Draw};
use outwright_core::gates::{Ask, Claim, Entry, Gates, Grant, Left, Ticket};
use outwright_core::provider::{Caller, CallerIndex, Keys, OpIndex, Priority, Provider};
use outwright_core::refusal::Reason;
use outwright_core::step::{CallId, Input, Request, RequestBody, Step};
use outwright_core::time::{Mono, Now};
use proptest::prelude::*;

use crate::contracts::{ONCE, READ, WRITE, provider, secs};

const SHOP: CallerIndex = CallerIndex(0);
const BOOKS: CallerIndex = CallerIndex(1);

/// Ten slots and ten places: `shop` may hold six of each, `books` four.
fn shared() -> Provider {
    let mut p = provider();
    p.bulkhead = bulkhead::Policy::new(10, 10, secs(1.0)).unwrap();
    let caller = |name: &str, ratio| Caller {
        name: name.into(),
        operations: None,
        priority: Priority::Critical,
        share: p.bulkhead.share(ratio),
        keys: Keys::Derived,
        retired: false,
    };
    p.callers = Box::new([caller("shop", 0.6), caller("books", 0.4)]);
    p
}

struct Play {
    p: Provider,
    gates: Gates,
    now: Mono,
}

impl Play {
    fn new() -> Self {
        let p = shared();
        Self { gates: Gates::new(&p), p, now: Mono::ZERO }
    }

    fn enter(&mut self, who: CallerIndex, operation: OpIndex) -> Entry {
        let latest = self.now.plus(secs(20.0));
        let (priority, caller) = (Priority::Critical, Some(who));
        let ask = Ask { operation, priority, caller, latest, draw: Draw::of(u64::MAX) };
        let entry = self.gates.enter(&self.p, self.now, &ask);
        self.gates.verify(&self.p, self.now).unwrap();
        entry
    }

    fn granted(&mut self, who: CallerIndex) -> Grant {
        let entry = self.enter(who, READ);
        let Entry::Granted(grant) = entry else { panic!("{entry:?}") };
        grant
    }

    fn queued(&mut self, who: CallerIndex) -> Ticket {
        let entry = self.enter(who, READ);
        let Entry::Queued(ticket) = entry else { panic!("{entry:?}") };
        ticket
    }

    fn leave(&mut self, grant: Grant) {
        self.gates.leave(&self.p, self.now, grant, Left::Sent);
        self.gates.verify(&self.p, self.now).unwrap();
    }

    fn claim(&mut self, ticket: Ticket) -> Claim {
        let claim = self.gates.claim(&self.p, self.now, ticket);
        self.gates.verify(&self.p, self.now).unwrap();
        claim
    }
}

#[test]
fn a_caller_at_its_share_waits_and_others_do_not_wait_behind_it() {
    let mut play = Play::new();
    let mut grants: Vec<_> = (0..6).map(|_| play.granted(SHOP)).collect();
    let waiting: Vec<_> = (0..6).map(|_| play.queued(SHOP)).collect();
    assert_eq!((play.gates.slots_used_by(SHOP), play.gates.waiting_of(SHOP)), (6, 6));
    let entry = play.enter(SHOP, WRITE);
    let Entry::Refused(refusal) = entry else { panic!("{entry:?}") };
    assert_eq!(refusal.reason, Reason::ShareFull);
    // What is left is for the other one, although the first one's calls have waited longer.
    grants.extend((0..4).map(|_| play.granted(BOOKS)));
    let late = play.queued(BOOKS);
    let of_books = grants.pop().unwrap();
    play.leave(of_books);
    assert_eq!(play.gates.woken, [late], "the slot of its share goes to its own");
    play.gates.woken.clear();
    let of_shop = grants.remove(0);
    play.leave(of_shop);
    assert_eq!(play.gates.woken, [waiting[0]], "and the other one's to the other");
    for ticket in [late, waiting[0]] {
        let Claim::Granted(grant) = play.claim(ticket) else { panic!("no grant") };
        grants.push(grant);
    }
    for ticket in &waiting[1..] {
        play.gates.forget(&play.p, play.now, *ticket);
    }
    grants.into_iter().for_each(|grant| play.leave(grant));
    assert_eq!((play.gates.slots_used(), play.gates.grants_out(), play.gates.waiting()), (0, 0, 0));
    assert_eq!((play.gates.slots_used_by(SHOP), play.gates.waiting_of(SHOP)), (0, 0));
}

#[test]
fn a_waiter_at_its_share_is_refused_when_its_patience_ends() {
    let mut play = Play::new();
    let grants: Vec<_> = (0..6).map(|_| play.granted(SHOP)).collect();
    let ticket = play.queued(SHOP);
    let Claim::Still(until) = play.claim(ticket) else { panic!("answered") };
    assert_eq!(until, Mono::ZERO.plus(secs(1.0)));
    play.now = until;
    let Claim::Refused(refusal) = play.claim(ticket) else { panic!("it waits on") };
    assert_eq!((refusal.reason, play.gates.waiting_of(SHOP)), (Reason::QueueWait, 0));
    grants.into_iter().for_each(|grant| play.leave(grant));
}

/// Lets a call in, does what it says first, and lets its caller go.
fn first_step(play: &mut Play, who: Option<CallerIndex>, asks: Priority) -> Result<Step, Reason> {
    let request = Request {
        id: CallId(1),
        operation: READ,
        caller: who,
        timeout: None,
        priority: asks,
        body: RequestBody { bytes: Some(0), replayable: true },
        keyed: false,
        ledgered: false,
    };
    let mut cx = Cx {
        now: Now { mono: play.now, ..Now::default() },
        provider: &play.p,
        standing: &play.p,
        gates: &mut play.gates,
        dice: Dice::new(1),
        events: &mut Vec::new(),
    };
    let mut call = Call::admit(&mut cx, request).map_err(|refusal| refusal.reason)?;
    let first = call.poll(&mut cx);
    call.handle(&mut cx, Input::CallerGone);
    while !matches!(call.poll(&mut cx), Step::Done(_)) {}
    Ok(first)
}

/// `product.md` 3: a header never raises a call above the priority of its caller.
#[test]
fn the_priority_of_a_caller_is_a_ceiling() {
    let mut play = Play::new();
    play.p.callers[1].priority = Priority::Default;
    // Eight of ten are out, the last two are for critical calls.
    let mut grants: Vec<_> = (0..4).map(|_| play.granted(SHOP)).collect();
    play.p.callers[1].share = play.p.bulkhead.share(1.0);
    grants.extend((0..4).map(|_| play.granted(BOOKS)));
    let mut asks = |who, asks| first_step(&mut play, Some(who), asks).unwrap();
    assert!(matches!(asks(SHOP, Priority::Critical), Step::Act(_)));
    assert!(matches!(asks(SHOP, Priority::Default), Step::Wait(_)));
    assert!(matches!(asks(BOOKS, Priority::Critical), Step::Wait(_)), "it asks in vain");
    grants.into_iter().for_each(|grant| play.leave(grant));
}

/// who is not listed does nothing, and who is listed does what its entry says.
#[test]
fn a_call_that_its_caller_may_not_make_is_not_let_in() {
    let mut play = Play::new();
    play.p.callers[0].operations = Some(Box::from([WRITE]));
    for (who, refused) in [(None, true), (Some(SHOP), true), (Some(BOOKS), false)] {
        let step = first_step(&mut play, who, Priority::Default);
        assert_eq!(step.err(), refused.then_some(Reason::NotAllowed), "{who:?}");
    }
    play.p.callers = Box::new([]);
    assert!(first_step(&mut play, None, Priority::Default).is_ok(), "it lists nobody");
}

/// What callers hold goes on counting under the next contract, whatever it calls them or gives them.
#[test]
fn shares_follow_a_contract_that_takes_over() {
    let mut play = Play::new();
    let grants: Vec<_> = (0..6).map(|_| play.granted(SHOP)).collect();
    let waiting = play.queued(SHOP);
    let before = play.p.clone();
    let mut next = shared();
    next.operations = Box::new([before.operations[2].clone(), before.operations[0].clone()]);
    let [shop, books] = &*before.callers else { unreachable!() };
    let share = |ratio| next.bulkhead.share(ratio);
    let only = Some(Box::from([OpIndex(1)]));
    next.callers = Box::new([
        Caller { name: "late".into(), share: share(0.5), ..books.clone() },
        Caller { share: share(0.2), operations: only, ..shop.clone() },
    ]);
    let next = next.succeeding(&before).unwrap();
    let names: Vec<_> = next.callers.iter().map(|c| (&*c.name, c.retired)).collect();
    assert_eq!(names, [("shop", false), ("books", true), ("late", false)]);
    assert_eq!((next.caller("shop"), next.caller("books")), (Some(SHOP), None));
    assert_eq!((next.caller("late"), next.callers_listed()), (Some(CallerIndex(2)), 2));
    assert!(
        next.callers[0].may(READ) && !next.callers[0].may(ONCE),
        "the operation kept its index"
    );
    play.gates.contract_is(&before, &next, play.now);
    play.p = next;
    play.gates.verify(&play.p, play.now).unwrap();
    assert_eq!((play.gates.slots_used_by(SHOP), play.gates.waiting_of(SHOP)), (6, 1));
    let late = play.granted(CallerIndex(2));
    // Two are left to it now: nobody is let in until four have left.
    let mut grants = grants.into_iter();
    for grant in grants.by_ref().take(4) {
        play.leave(grant);
        assert!(play.gates.woken.is_empty());
    }
    grants.by_ref().take(1).for_each(|grant| play.leave(grant));
    assert_eq!(play.gates.woken, [waiting]);
    let Claim::Granted(last) = play.claim(waiting) else { panic!("no grant") };
    grants.chain([last, late]).for_each(|grant| play.leave(grant));
    assert_eq!((play.gates.slots_used(), play.gates.grants_out()), (0, 0));
}

/// Where the next contract lists nobody, everybody may call again, and what was held is given back.
#[test]
fn a_contract_without_callers_is_for_everybody_again() {
    let mut play = Play::new();
    let grant = play.granted(SHOP);
    let before = play.p.clone();
    let mut next = shared();
    next.callers = Box::new([]);
    let next = next.succeeding(&before).unwrap();
    assert_eq!((next.callers.len(), next.callers_listed(), next.caller("shop")), (2, 0, None));
    play.gates.contract_is(&before, &next, play.now);
    play.p = next;
    play.leave(grant);
    assert_eq!(play.gates.slots_used_by(SHOP), 0);
}

proptest! {
    /// Whatever callers do, nobody is above its share, and everything comes back.
    #[test]
    fn no_caller_is_ever_above_its_share(steps in prop::collection::vec((0..5_u8, 0..2_u8, 0..3_u16, any::<u8>()), 0..200)) {
        let mut play = Play::new();
        let (mut grants, mut tickets): (Vec<Grant>, Vec<Ticket>) = (Vec::new(), Vec::new());
        let pick = |length: usize, luck: u8| usize::from(luck) % length.max(1);
        for (what, who, operation, luck) in steps {
            match what {
                0 | 1 => match play.enter(CallerIndex(who), [READ, WRITE, ONCE][usize::from(operation)]) {
                    Entry::Granted(grant) => grants.push(grant),
                    Entry::Queued(ticket) => tickets.push(ticket),
                    Entry::Refused(_) | Entry::Reported(..) => {}
                },
                2 if !grants.is_empty() => {
                    let grant = grants.swap_remove(pick(grants.len(), luck));
                    play.leave(grant);
                }
                3 if !tickets.is_empty() => {
                    let ticket = tickets.swap_remove(pick(tickets.len(), luck));
                    match play.claim(ticket) {
                        Claim::Granted(grant) => grants.push(grant),
                        Claim::Still(_) => tickets.push(ticket),
                        Claim::Refused(_) => {}
                    }
                }
                4 if !tickets.is_empty() => {
                    let ticket = tickets.swap_remove(pick(tickets.len(), luck));
                    play.gates.forget(&play.p, play.now, ticket);
                }
                _ => {}
            }
            play.now = play.now.plus(secs(0.01));
            for (at, caller) in (0..).zip(&play.p.callers) {
                let at = CallerIndex(at);
                prop_assert!(play.gates.slots_used_by(at) <= caller.share.slots());
                prop_assert!(play.gates.waiting_of(at) <= caller.share.places());
            }
        }
        tickets.into_iter().for_each(|ticket| play.gates.forget(&play.p, play.now, ticket));
        grants.into_iter().for_each(|grant| play.leave(grant));
        prop_assert_eq!((play.gates.slots_used(), play.gates.waiting(), play.gates.bugs()), (0, 0, 0));
    }
}
