//! Gates that only report: every call passes, and what would have been is told and stays true.

use outwright_core::bulkhead;
use outwright_core::dice::Draw;
use outwright_core::event::{BreakerState, Would};
use outwright_core::gates::{
    Ask, Claim, Entry, Gates, Grant, Left, Lesson, Sending, Try, Turn, Which,
};
use outwright_core::outcome::{Signal, Verdict};
use outwright_core::provider::{Inject, Mode, OpIndex, Priority, Provider, Slot, Source};
use outwright_core::refusal::Reason;
use outwright_core::time::Mono;

use crate::contracts::{READ, WRITE, provider, secs, with_window};

struct Scene {
    p: Provider,
    gates: Gates,
    now: Mono,
}

impl Scene {
    fn new(mut p: Provider) -> Self {
        p.mode = Mode::Report;
        Self { gates: Gates::new(&p), p, now: Mono::from_millis(1_000) }
    }

    fn enter(&mut self, operation: OpIndex) -> Entry {
        let latest = self.now.plus(secs(20.0));
        let (priority, draw) = (Priority::Default, Draw::of(u64::MAX));
        let ask = Ask { operation, priority, latest, draw, caller: None };
        let entry = self.gates.enter(&self.p, self.now, &ask);
        self.gates.verify(&self.p, self.now).unwrap();
        entry
    }

    fn passes(&mut self, operation: OpIndex) -> Grant {
        match self.enter(operation) {
            Entry::Granted(grant) => grant,
            other @ (Entry::Queued(_) | Entry::Refused(_) | Entry::Reported(..)) => {
                panic!("{other:?}")
            }
        }
    }

    fn would(&mut self, operation: OpIndex) -> (Grant, Would) {
        match self.enter(operation) {
            Entry::Reported(grant, would) => (grant, would),
            other @ (Entry::Granted(_) | Entry::Queued(_) | Entry::Refused(_)) => {
                panic!("{other:?}")
            }
        }
    }

    fn leaves(&mut self, grant: Grant) {
        self.gates.leave(&self.p, self.now, grant, Left::Sent);
        self.gates.verify(&self.p, self.now).unwrap();
    }
}

#[test]
fn a_full_window_is_told_and_lets_pass_and_counts_only_what_it_would_have_let_pass() {
    let mut scene = Scene::new(with_window(2, secs(10.0)));
    let counted = [scene.passes(READ), scene.passes(READ)];
    for _ in 0..5 {
        let (mut grant, would) = scene.would(READ);
        assert_eq!(
            would,
            Would::Queue(Reason::LimiterFull),
            "it would open within the call's time"
        );
        assert_eq!(scene.gates.sending(scene.now.plus(secs(1.0)), &mut grant), Sending::Go);
        scene.leaves(grant);
    }
    assert_eq!(scene.gates.window_used(0, scene.now), 2);
    counted.into_iter().for_each(|grant| scene.leaves(grant));
    assert_eq!(scene.gates.grants_out(), 0);
}

#[test]
fn taken_slots_are_told_and_no_call_waits() {
    let mut p = provider();
    p.bulkhead = bulkhead::Policy::new(1, 4, secs(1.0)).unwrap();
    let mut scene = Scene::new(p);
    let first = scene.passes(READ);
    let (second, would) = scene.would(WRITE);
    assert_eq!(would, Would::Queue(Reason::QueueWait));
    assert_eq!((scene.gates.slots_used(), scene.gates.waiting()), (1, 0));
    scene.p.bulkhead = bulkhead::Policy::new(1, 0, secs(0.0)).unwrap();
    let (third, would) = scene.would(WRITE);
    assert_eq!(would, Would::Refuse(Reason::QueueFull));
    [first, second, third].into_iter().for_each(|grant| scene.leaves(grant));
    let again = scene.passes(READ);
    scene.leaves(again);
}

/// What passes an open breaker teaches it nothing: under gates that bind it would not have been sent.
#[test]
fn an_open_breaker_is_told_and_its_probe_is_still_one() {
    let mut scene = Scene::new(provider());
    for _ in 0..20 {
        let mut grant = scene.passes(READ);
        let lesson = Lesson {
            verdict: Verdict::of(Signal::Reset),
            try_number: Try::First,
            draw: Draw::of(0),
        };
        scene.gates.learn(&scene.p, scene.now, &mut grant, lesson);
        scene.leaves(grant);
    }
    assert_eq!(scene.gates.breaker(Which::Authority, scene.now), BreakerState::Open);
    let (mut grant, would) = scene.would(READ);
    assert_eq!(would, Would::Refuse(Reason::BreakerOpen));
    let good = Lesson { verdict: Verdict::GOOD, try_number: Try::First, draw: Draw::of(0) };
    scene.gates.learn(&scene.p, scene.now, &mut grant, good);
    scene.leaves(grant);
    assert_eq!(scene.gates.breaker(Which::Authority, scene.now), BreakerState::Open);
    scene.now = scene.now.plus(secs(61.0));
    let probe = scene.passes(READ);
    assert_eq!(scene.gates.breaker(Which::Authority, scene.now), BreakerState::HalfOpen);
    scene.leaves(probe);
    scene.gates.turn(&scene.p, scene.now, Which::Authority, Turn::ForceOpen(None));
    let (grant, would) = scene.would(READ);
    assert_eq!(
        would,
        Would::Refuse(Reason::BreakerOpen),
        "what an operator opened is told as well"
    );
    scene.leaves(grant);
}

/// `product.md` 3: without its credential nothing can be sent in any mode.
#[test]
fn a_credential_binds() {
    let mut p = provider();
    p.slots = Box::new([Slot {
        name: "key".into(),
        source: Source::Env("KEY".into()),
        inject: Inject::Bearer,
        hosts: Box::new([]),
        scopes: Box::new([]),
        retired: false,
    }]);
    p.operations.iter_mut().for_each(|operation| operation.slot = Some(0));
    p.bulkhead = bulkhead::Policy::new(1, 4, secs(1.0)).unwrap();
    let mut scene = Scene::new(p);
    let Entry::Refused(refusal) = scene.enter(READ) else { panic!("there is none") };
    assert_eq!(refusal.reason, Reason::CredentialMissing);
    scene.gates.credential_is(&scene.p, scene.now, 0, (1, Mono::MAX));
    let first = scene.passes(READ);
    assert_eq!(first.version(), 1);
    scene.gates.credential_refused(&scene.p, &first);
    let Entry::Queued(ticket) = scene.enter(READ) else { panic!("one is being fetched") };
    assert!(matches!(scene.gates.claim(&scene.p, scene.now, ticket), Claim::Still(_)));
    scene.gates.credential_is(&scene.p, scene.now, 0, (2, Mono::MAX));
    // The only slot is taken: that does not bind.
    let Claim::Granted(second) = scene.gates.claim(&scene.p, scene.now, ticket) else { panic!() };
    assert_eq!(second.version(), 2);
    scene.leaves(first);
    scene.leaves(second);
}
