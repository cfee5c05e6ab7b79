//! The joint grant, the queue and its wake-ups, case by case.

use std::time::Duration;

use outwright_core::dice::Draw;
use outwright_core::event::BreakerState;
use outwright_core::gates::{
    Ask, Claim, Entry, Gates, Grant, Left, Lesson, Sending, Ticket, Try, Turn, Which,
};
use outwright_core::outcome::{Hint, HintSource, Signal, Verdict};
use outwright_core::provider::{Inject, OpIndex, Priority, Provider, Slot, Source};
use outwright_core::refusal::{Reason, Refusal};
use outwright_core::time::Mono;
use outwright_core::{bulkhead, ratelimit};

use crate::contracts::{READ, WRITE, provider, secs, with_window};

/// A provider's gates and the time as it goes.
struct Scene {
    p: Provider,
    gates: Gates,
    now: Mono,
}

impl Scene {
    fn new(p: Provider) -> Self {
        Self { gates: Gates::new(&p), p, now: Mono::from_millis(1_000) }
    }

    /// So many slots, and places for ten.
    fn with_slots(mut p: Provider, slots: u32) -> Self {
        p.bulkhead = bulkhead::Policy::new(slots, 10, secs(1.0)).unwrap();
        Self::new(p)
    }

    fn pass(&mut self, seconds: f64) {
        self.now = self.now.plus(secs(seconds));
    }

    fn enter_as(&mut self, operation: OpIndex, priority: Priority) -> Entry {
        let latest = self.now.plus(secs(20.0));
        let ask = Ask { operation, priority, caller: None, latest, draw: Draw::of(u64::MAX) };
        self.gates.enter(&self.p, self.now, &ask)
    }

    fn grant(&mut self, operation: OpIndex) -> Grant {
        match self.enter_as(operation, Priority::Default) {
            Entry::Granted(grant) => grant,
            Entry::Queued(_) => panic!("has to wait"),
            Entry::Refused(refusal) => panic!("{refusal:?}"),
            Entry::Reported(..) => panic!("the gates bind"),
        }
    }

    fn queue(&mut self, operation: OpIndex, priority: Priority) -> Ticket {
        let Entry::Queued(ticket) = self.enter_as(operation, priority) else {
            panic!("does not have to wait")
        };
        assert!(matches!(self.claim(ticket), Claim::Still(_)));
        ticket
    }

    fn refused(&mut self, operation: OpIndex) -> Refusal {
        let Entry::Refused(refusal) = self.enter_as(operation, Priority::Default) else {
            panic!("is not refused")
        };
        refusal
    }

    fn claim(&mut self, ticket: Ticket) -> Claim {
        self.gates.claim(&self.p, self.now, ticket)
    }

    fn handed(&mut self, ticket: Ticket) -> Grant {
        let Claim::Granted(grant) = self.claim(ticket) else { panic!("nothing was handed over") };
        grant
    }

    fn leave(&mut self, grant: Grant, left: Left) {
        self.gates.leave(&self.p, self.now, grant, left);
        self.gates.verify(&self.p, self.now).unwrap();
    }

    fn learn(&mut self, grant: &mut Grant, verdict: Verdict) {
        let lesson = Lesson { verdict, try_number: Try::First, draw: Draw::of(u64::MAX) };
        self.gates.learn(&self.p, self.now, grant, lesson);
    }

    /// An attempt that ends so.
    fn attempt(&mut self, verdict: Verdict) {
        let mut grant = self.grant(READ);
        self.learn(&mut grant, verdict);
        self.leave(grant, Left::Sent);
    }

    fn woken(&mut self) -> Vec<Ticket> {
        self.gates.woken.drain(..).collect()
    }
}

fn throttled(seconds: u64) -> Verdict {
    let hint = Hint { wait: Duration::from_secs(seconds), source: HintSource::RetryAfter };
    Verdict { hint: Some(hint), ..Verdict::of(Signal::S429) }
}

/// Two lanes: reads share `search` and `account`, writes only `account`.
fn two_lanes() -> Provider {
    let mut p = provider();
    let window = |name, requests| ratelimit::Policy::new(name, requests, secs(1.0)).unwrap();
    p.windows = Box::new([window("account", 100), window("search", 2)]);
    p.lanes = Box::new([0b11, 0b01]);
    p.operations[1].lane = 1;
    p
}

/// Reads and writes with a credential of their own slot.
fn with_credential() -> Provider {
    let mut p = provider();
    p.slots = Box::new([Slot {
        name: "key".into(),
        source: Source::Env("KEY".into()),
        inject: Inject::Bearer,
        hosts: Box::new([]),
        scopes: Box::new([]),
        retired: false,
    }]);
    for operation in &mut p.operations {
        operation.slot = Some(0);
    }
    p
}

/// all windows admit, or nothing is taken.
#[test]
fn what_one_gate_refuses_takes_nothing_from_the_others() {
    let mut scene = Scene::new(two_lanes());
    let grants = [scene.grant(READ), scene.grant(READ)];
    let ticket = scene.queue(READ, Priority::Default);
    let used = [0, 1].map(|window| scene.gates.window_used(window, scene.now));
    assert_eq!((used, scene.gates.slots_used()), ([2, 2], 2));
    scene.gates.forget(&scene.p, scene.now, ticket);
    for grant in grants {
        scene.leave(grant, Left::Sent);
    }
}

#[test]
fn a_full_window_of_one_lane_does_not_block_another() {
    let mut scene = Scene::new(two_lanes());
    let grants = [scene.grant(READ), scene.grant(READ)];
    let ticket = scene.queue(READ, Priority::Critical);
    let write = scene.grant(WRITE);
    scene.leave(write, Left::Sent);
    scene.gates.forget(&scene.p, scene.now, ticket);
    for grant in grants {
        scene.leave(grant, Left::Sent);
    }
}

#[test]
fn the_head_of_a_lane_is_told_when_its_window_opens_and_served_then() {
    let mut scene = Scene::new(with_window(1, secs(1.0)));
    let grant = scene.grant(READ);
    let first = scene.queue(READ, Priority::Default);
    let second = scene.queue(READ, Priority::Default);
    scene.pass(0.05);
    scene.gates.answered(&scene.p, scene.now, &grant);
    assert_eq!(scene.woken(), [first], "it opens sooner than the head was told");
    let opens = scene.now.plus(secs(1.0));
    assert!(matches!(scene.claim(first), Claim::Still(until) if until == opens));
    scene.leave(grant, Left::Sent);
    assert_eq!(scene.woken(), []);
    scene.now = opens;
    let grant = scene.handed(first);
    assert_eq!(scene.woken(), [second], "the next head has to set its timer");
    assert!(matches!(scene.claim(second), Claim::Still(_)));
    scene.gates.forget(&scene.p, scene.now, second);
    scene.leave(grant, Left::Sent);
}

#[test]
fn a_newcomer_does_not_overtake_and_the_urgent_go_first() {
    let mut scene = Scene::with_slots(provider(), 1);
    let grant = scene.grant(READ);
    let tickets = [Priority::Background, Priority::Default, Priority::Default, Priority::Critical]
        .map(|priority| scene.queue(WRITE, priority));
    scene.leave(grant, Left::Sent);
    let newcomer = scene.queue(READ, Priority::Critical);
    let [background, first, second, critical] = tickets;
    for next in [critical, newcomer, first, second, background] {
        assert_eq!(scene.woken(), [next]);
        let grant = scene.handed(next);
        scene.leave(grant, Left::Sent);
    }
    assert_eq!(scene.gates.slots_used(), 0);
}

#[test]
fn a_fifth_of_the_slots_is_kept_for_critical_calls() {
    let mut scene = Scene::with_slots(provider(), 5);
    let mut grants: Vec<Grant> = (0..4).map(|_| scene.grant(READ)).collect();
    let waits = scene.queue(READ, Priority::Default);
    let Entry::Granted(critical) = scene.enter_as(READ, Priority::Critical) else { panic!() };
    grants.push(critical);
    assert_eq!(scene.gates.slots_used(), 5);
    scene.gates.forget(&scene.p, scene.now, waits);
    for grant in grants {
        scene.leave(grant, Left::Sent);
    }
}

///
#[test]
fn whoever_waits_too_long_for_a_slot_is_refused_and_a_full_queue_refuses_at_once() {
    let mut scene = Scene::with_slots(provider(), 1);
    let grant = scene.grant(READ);
    let tickets: Vec<Ticket> = (0..10).map(|_| scene.queue(READ, Priority::Default)).collect();
    assert_eq!(scene.refused(READ).reason, Reason::QueueFull);
    scene.pass(1.0);
    for ticket in tickets {
        let Claim::Refused(refusal) = scene.claim(ticket) else { panic!("is not refused") };
        assert_eq!(refusal.reason, Reason::QueueWait);
    }
    scene.leave(grant, Left::Sent);
}

#[test]
fn a_grant_that_was_handed_over_to_somebody_who_left_goes_to_the_next() {
    let mut scene = Scene::with_slots(with_window(2, secs(60.0)), 1);
    let grant = scene.grant(READ);
    let first = scene.queue(READ, Priority::Default);
    let second = scene.queue(READ, Priority::Default);
    scene.leave(grant, Left::Sent);
    assert_eq!(scene.woken(), [first]);
    scene.gates.forget(&scene.p, scene.now, first);
    assert_eq!(scene.woken(), [second], "quota and slot of the first are there for the second");
    let grant = scene.handed(second);
    scene.leave(grant, Left::Sent);
    assert_eq!(scene.gates.window_used(0, scene.now), 2);
}

#[test]
fn what_was_never_sent_costs_no_quota() {
    let mut scene = Scene::new(with_window(1, secs(60.0)));
    for _ in 0..100 {
        let grant = scene.grant(READ);
        scene.pass(0.5);
        scene.leave(grant, Left::Unsent);
    }
    let grant = scene.grant(READ);
    scene.leave(grant, Left::Sent);
    assert_eq!(scene.gates.window_used(0, scene.now), 1);
}

/// the pause is everybody's, to the moment.
#[test]
fn a_hint_holds_everybody_until_it_is_over() {
    let mut scene = Scene::new(provider());
    scene.attempt(throttled(3));
    let ends = scene.now.plus(Duration::from_millis(3_001));
    let ticket = scene.queue(WRITE, Priority::Critical);
    assert_eq!(scene.gates.held_until(READ, scene.now), Some(ends));
    assert!(matches!(scene.claim(ticket), Claim::Still(until) if until == ends));
    scene.now = ends.minus(Duration::from_nanos(1));
    assert!(matches!(scene.claim(ticket), Claim::Still(_)));
    scene.now = ends;
    let grant = scene.handed(ticket);
    scene.leave(grant, Left::Sent);
}

#[test]
fn a_hint_beyond_the_callers_time_refuses_newcomers_and_those_who_wait() {
    let mut scene = Scene::with_slots(provider(), 1);
    let mut grant = scene.grant(READ);
    let ticket = scene.queue(READ, Priority::Default);
    scene.learn(&mut grant, throttled(60));
    let ends = scene.now.plus(Duration::from_millis(60_001));
    assert_eq!(scene.refused(READ), Refusal::until(Reason::Hold, ends));
    assert_eq!(scene.woken(), [ticket]);
    assert!(
        matches!(scene.claim(ticket), Claim::Refused(refusal) if refusal.reason == Reason::Hold)
    );
    scene.leave(grant, Left::Sent);
}

#[test]
fn a_grant_made_before_a_hold_is_asked_for_again_before_it_is_sent() {
    let mut scene = Scene::new(provider());
    let mut early = scene.grant(READ);
    assert_eq!(scene.gates.sending(scene.now, &mut early), Sending::Go);
    scene.pass(0.01);
    scene.attempt(throttled(3));
    scene.pass(0.01);
    assert_eq!(scene.gates.sending(scene.now, &mut early), Sending::AskAgain);
    scene.leave(early, Left::Unsent);
}

/// Longer than a quarter of an hour: exhausted, and one question a minute.
#[test]
fn while_a_quota_is_used_up_one_call_a_minute_asks_and_a_success_ends_it() {
    let mut scene = Scene::new(provider());
    scene.attempt(throttled(3_600));
    assert_eq!(scene.refused(READ).reason, Reason::Exhausted);
    for _ in 0..3 {
        scene.pass(60.0);
        let grant = scene.grant(READ);
        assert_eq!(scene.refused(READ).reason, Reason::Exhausted, "one a minute");
        scene.leave(grant, Left::Sent);
    }
    scene.pass(60.0);
    scene.attempt(Verdict::GOOD);
    scene.attempt(Verdict::GOOD);
    scene.attempt(Verdict::of(Signal::Exhausted));
    assert_eq!(scene.refused(WRITE).reason, Reason::Exhausted);
}

#[test]
fn without_a_credential_calls_are_refused_and_while_one_is_fetched_they_wait() {
    let mut scene = Scene::new(with_credential());
    assert_eq!(scene.refused(READ), Refusal::now(Reason::CredentialMissing));
    scene.gates.credential_is(&scene.p, scene.now, 0, (1, Mono::MAX));
    let grant = scene.grant(READ);
    assert_eq!(grant.version(), 1);
    let refused = scene.gates.credential_refused(&scene.p, &grant);
    assert_eq!(refused, outwright_core::credential::Refused::Fetch);
    let again = scene.gates.credential_refused(&scene.p, &grant);
    assert_eq!(again, outwright_core::credential::Refused::Known, "one fetches for all");
    let ticket = scene.queue(READ, Priority::Default);
    scene.gates.credential_is(&scene.p, scene.now, 0, (2, Mono::MAX));
    assert_eq!(scene.woken(), [ticket]);
    let second = scene.handed(ticket);
    assert_eq!(second.version(), 2, "it is read after the wait");
    scene.gates.credential_refused(&scene.p, &second);
    let ticket = scene.queue(READ, Priority::Default);
    scene.gates.credential_failed(&scene.p, scene.now, 0);
    assert!(matches!(scene.claim(ticket), Claim::Refused(refusal)
        if refusal.reason == Reason::CredentialMissing));
    scene.leave(grant, Left::Sent);
    scene.leave(second, Left::Sent);
}

///
#[test]
fn a_breaker_that_opens_refuses_the_whole_queue() {
    let mut scene = Scene::with_slots(provider(), 1);
    for _ in 0..19 {
        scene.attempt(Verdict::of(Signal::ConnectRefused));
    }
    let mut grant = scene.grant(READ);
    let tickets = [READ, WRITE].map(|operation| scene.queue(operation, Priority::Default));
    scene.learn(&mut grant, Verdict::of(Signal::Reset));
    assert_eq!(scene.gates.breaker(Which::Authority, scene.now), BreakerState::Open);
    assert_eq!(scene.woken(), tickets);
    for ticket in tickets {
        assert!(matches!(scene.claim(ticket), Claim::Refused(refusal)
            if refusal.reason == Reason::BreakerOpen && refusal.until.is_some()));
    }
    scene.leave(grant, Left::Sent);
    assert_eq!(scene.gates.waiting(), 0);
}

///
#[test]
fn an_operation_that_fails_does_not_close_the_others() {
    let mut scene = Scene::new(provider());
    for _ in 0..20 {
        scene.attempt(Verdict::of(Signal::S500));
    }
    assert_eq!(scene.gates.breaker(Which::Operation(READ), scene.now), BreakerState::Open);
    assert_eq!(scene.refused(READ).reason, Reason::BreakerOpen);
    let grant = scene.grant(WRITE);
    scene.leave(grant, Left::Sent);
}

///
#[test]
fn an_operator_opens_and_resets_and_those_who_wait_hear_of_it() {
    let mut scene = Scene::with_slots(provider(), 1);
    let grant = scene.grant(READ);
    let ticket = scene.queue(READ, Priority::Default);
    let open = Turn::ForceOpen(Some(scene.now.plus(secs(60.0))));
    scene.gates.turn(&scene.p, scene.now, Which::Authority, open);
    assert_eq!(scene.woken(), [ticket]);
    assert!(matches!(scene.claim(ticket), Claim::Refused(_)));
    scene.leave(grant, Left::Sent);
    assert_eq!(scene.refused(READ).reason, Reason::BreakerOpen);
    scene.gates.turn(&scene.p, scene.now, Which::Authority, Turn::Reset);
    let grant = scene.grant(READ);
    scene.leave(grant, Left::Sent);
    assert_eq!(scene.gates.take_changes().count(), 2);
}
