//! Two threads share the gates of one provider behind one lock, as two cores of the gateway do.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use outwright_core::bulkhead;
use outwright_core::dice::{Dice, Draw, Salt};
use outwright_core::gates::{Ask, Claim, Entry, Gates, Grant, Left, Ticket};
use outwright_core::provider::{Priority, Provider};
use outwright_core::time::Mono;

use crate::contracts::{READ, provider, secs};

const WAITERS: usize = 1_000;
const SLOTS: u32 = 10;

/// What stands behind the lock.
struct Shared {
    gates: Gates,
    /// A microsecond per use of the lock: time moves, and nobody reads a clock.
    now: Mono,
    /// Who waits where, by the place of the ticket.
    wakers: Vec<Option<(usize, usize, Ticket)>>,
    /// The numbers of waiters in the order in which they came, and in which they were handed a grant.
    came: Vec<(Priority, usize)>,
    served: Vec<(Priority, usize)>,
    claims: usize,
}

/// What a thread does with a waiter that is woken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It takes its grant and gives it back.
    Patient,
    /// One in three is gone when it is woken, or before.
    Hasty,
}

impl Shared {
    fn tick(&mut self) -> Mono {
        self.now = self.now.plus(Duration::from_micros(1));
        self.now
    }

    /// Whom to wake, once the lock is given back.
    fn woken(&mut self) -> Vec<(usize, usize)> {
        let tickets: Vec<Ticket> = self.gates.woken.drain(..).collect();
        let mut woken = Vec::new();
        for ticket in tickets {
            if let Some((thread, waiter, theirs)) = self.wakers[ticket.index()]
                && theirs == ticket
            {
                self.served.push((priority(waiter), waiter));
                woken.push((thread, waiter));
            }
        }
        woken
    }
}

fn priority(waiter: usize) -> Priority {
    Priority::ALL[waiter % 3]
}

fn crowd() -> Provider {
    let mut provider = provider();
    provider.bulkhead = bulkhead::Policy::new(SLOTS, 2_000, secs(20.0)).unwrap();
    provider
}

/// Every slot is taken, a thousand wait, and then the slots come free one by one.
fn run(manner: Manner) -> Shared {
    let p = crowd();
    let mut gates = Gates::new(&p);
    let held: Vec<Grant> = (0..SLOTS)
        .map(|_| match gates.enter(&p, Mono::ZERO, &ask(0, Priority::Critical)) {
            Entry::Granted(grant) => grant,
            Entry::Queued(_) | Entry::Refused(_) | Entry::Reported(..) => panic!("there are slots"),
        })
        .collect();
    let (came, served) = (Vec::new(), Vec::new());
    let wakers = vec![None; 5_000];
    let shared = Shared { gates, now: Mono::ZERO, wakers, came, served, claims: 0 };
    let shared = Mutex::new(shared);
    let (to, from): (Vec<_>, Vec<_>) = (0..2).map(|_| channel()).unzip();
    let ready = std::sync::Barrier::new(3);
    thread::scope(|scope| {
        for (number, inbox) in from.into_iter().enumerate() {
            let (shared, p, to, ready) = (&shared, &p, to.clone(), &ready);
            scope.spawn(move || {
                let waiting = queue_up(shared, p, number);
                ready.wait();
                serve(shared, p, &to, (&inbox, manner), waiting);
            });
        }
        ready.wait();
        for grant in held {
            let mut shared = shared.lock().unwrap();
            let now = shared.tick();
            shared.gates.leave(&p, now, grant, Left::Sent);
            wake(&to, shared.woken());
        }
    });
    shared.into_inner().unwrap()
}

fn ask(waiter: usize, priority: Priority) -> Ask {
    let latest = Mono::ZERO.plus(secs(20.0));
    Ask { operation: READ, priority, caller: None, latest, draw: Draw::of(waiter as u64) }
}

fn wake(to: &[Sender<usize>], woken: Vec<(usize, usize)>) {
    for (thread, waiter) in woken {
        to[thread].send(waiter).unwrap();
    }
}

/// Half of the waiters get in line, in turn with the other thread's.
fn queue_up(shared: &Mutex<Shared>, p: &Provider, number: usize) -> Vec<Option<Ticket>> {
    let mut tickets = vec![None; WAITERS];
    for waiter in (0..WAITERS).filter(|waiter| waiter % 2 == number) {
        let mut shared = shared.lock().unwrap();
        let now = shared.tick();
        let Entry::Queued(ticket) = shared.gates.enter(p, now, &ask(waiter, priority(waiter)))
        else {
            panic!("every slot is taken, and there are places");
        };
        assert!(matches!(shared.gates.claim(p, now, ticket), Claim::Still(_)));
        shared.claims += 1;
        shared.came.push((priority(waiter), waiter));
        shared.wakers[ticket.index()] = Some((number, waiter, ticket));
        tickets[waiter] = Some(ticket);
    }
    tickets
}

/// Takes grants as they are handed over and gives them back, until none of its waiters is left.
fn serve(
    shared: &Mutex<Shared>,
    p: &Provider,
    to: &[Sender<usize>],
    (inbox, manner): (&Receiver<usize>, Manner),
    mut tickets: Vec<Option<Ticket>>,
) {
    let dice = Dice::new(7);
    let vanishes = |waiter: usize, of: u8| {
        manner == Manner::Hasty && dice.draw(waiter as u64, Salt::Hint(of)).unit() < 0.2
    };
    for (waiter, place) in tickets.iter_mut().enumerate() {
        if let Some(ticket) = place.take_if(|_| vanishes(waiter, 1)) {
            let mut shared = shared.lock().unwrap();
            let now = shared.tick();
            shared.gates.forget(p, now, ticket);
            wake(to, shared.woken());
        }
    }
    while tickets.iter().any(Option::is_some) {
        let waiter = inbox.recv_timeout(Duration::from_secs(30)).expect("no wake is lost");
        let Some(ticket) = tickets[waiter].take() else { continue };
        let mut shared = shared.lock().unwrap();
        let now = shared.tick();
        if vanishes(waiter, 2) {
            shared.gates.forget(p, now, ticket);
        } else {
            shared.claims += 1;
            let Claim::Granted(grant) = shared.gates.claim(p, now, ticket) else {
                panic!("who is woken finds a grant");
            };
            shared.gates.leave(p, now, grant, Left::Sent);
        }
        shared.gates.verify(p, now).unwrap();
        wake(to, shared.woken());
    }
}

fn of(priority: Priority, waiters: &[(Priority, usize)]) -> Vec<usize> {
    waiters.iter().filter(|(theirs, _)| *theirs == priority).map(|(_, waiter)| *waiter).collect()
}

fn empty(shared: &Shared) {
    let gates = &shared.gates;
    assert_eq!((gates.slots_used(), gates.waiting(), gates.grants_out()), (0, 0, 0));
    assert_eq!(gates.bugs(), 0);
}

#[test]
fn a_thousand_waiters_on_two_threads_are_served_in_order_and_none_polls() {
    let shared = run(Manner::Patient);
    for priority in Priority::ALL {
        assert_eq!(of(priority, &shared.came), of(priority, &shared.served), "{priority:?}");
    }
    let urgent: Vec<Priority> = shared.served.iter().map(|(priority, _)| *priority).collect();
    assert!(urgent.is_sorted(), "the most urgent come first");
    assert_eq!(shared.claims, 2 * WAITERS, "one question when it came, one when it was woken");
    empty(&shared);
}

#[test]
fn waiters_that_vanish_on_two_threads_leave_nothing_behind() {
    let shared = run(Manner::Hasty);
    assert!(shared.claims < 2 * WAITERS - 100, "many were gone");
    empty(&shared);
}
