//! A contract takes the place of another while calls are under way: indices stay, and what was counted counts on.

use http::HeaderValue;
use outwright_core::dice::Draw;
use outwright_core::event::BreakerState;
use outwright_core::gates::{Ask, Claim, Entry, Gates, Grant, Left, Lesson, Try, Turn, Which};
use outwright_core::outcome::{Hint, HintSource, Signal, Verdict};
use outwright_core::provider::{
    Caller, Inject, Keys, OpIndex, Priority, Provider, Slot, Source, TooMany,
};
use outwright_core::refusal::Reason;
use outwright_core::time::Mono;
use outwright_core::{bulkhead, ratelimit};

use crate::contracts::{ONCE, READ, WRITE, provider, secs, with_window};

/// Gates under a contract that changes.
struct Scene {
    p: Provider,
    gates: Gates,
    now: Mono,
}

impl Scene {
    fn new(p: Provider) -> Self {
        Self { gates: Gates::new(&p), p, now: Mono::from_millis(1_000) }
    }

    fn pass(&mut self, seconds: f64) {
        self.now = self.now.plus(secs(seconds));
    }

    fn enter(&mut self, operation: OpIndex) -> Entry {
        let latest = self.now.plus(secs(20.0));
        let (priority, draw) = (Priority::Critical, Draw::of(u64::MAX));
        self.gates.enter(
            &self.p,
            self.now,
            &Ask { operation, priority, caller: None, latest, draw },
        )
    }

    fn grant(&mut self, operation: OpIndex) -> Grant {
        match self.enter(operation) {
            Entry::Granted(grant) => grant,
            other @ (Entry::Queued(_) | Entry::Refused(_) | Entry::Reported(..)) => {
                panic!("{other:?}")
            }
        }
    }

    fn learn(&mut self, grant: &mut Grant, verdict: Verdict) {
        let lesson = Lesson { verdict, try_number: Try::First, draw: Draw::of(u64::MAX) };
        self.gates.learn(&self.p, self.now, grant, lesson);
    }

    fn leave(&mut self, grant: Grant) {
        self.gates.leave(&self.p, self.now, grant, Left::Sent);
        self.gates.verify(&self.p, self.now).unwrap();
    }

    /// The contract that was changed takes over.
    fn reload(&mut self, change: impl FnOnce(&mut Provider)) {
        let mut next = self.p.clone();
        change(&mut next);
        let next = next.succeeding(&self.p).unwrap();
        self.gates.contract_is(&self.p, &next, self.now);
        self.p = next;
        self.gates.verify(&self.p, self.now).unwrap();
    }
}

fn slots(p: &mut Provider, slots: u32) {
    p.bulkhead = bulkhead::Policy::new(slots, 10, secs(1.0)).unwrap();
}

fn window(p: &mut Provider, requests: u32, seconds: f64) {
    p.windows = Box::new([ratelimit::Policy::new("account", requests, secs(seconds)).unwrap()]);
}

fn names(p: &Provider) -> Vec<(&str, bool)> {
    p.operations.iter().map(|op| (&*op.name, op.retired)).collect()
}

fn without(p: &Provider, name: &str) -> Provider {
    let kept = p.operations.iter().filter(|op| &*op.name != name).cloned();
    Provider { operations: kept.collect(), ..p.clone() }
}

#[test]
fn an_operation_keeps_its_index_whatever_is_added_or_taken_away_before_it() {
    let first = provider();
    let mut second = without(&first, "read");
    let mut added = first.operation(READ).clone();
    (added.name, added.template) = ("added".into(), "/v1/added".into());
    second.operations = [vec![added], second.operations.to_vec()].concat().into();
    let second = second.succeeding(&first).unwrap();
    let expected = [("read", true), ("write", false), ("once", false), ("added", false)];
    assert_eq!(names(&second), expected);
    let third = first.clone().succeeding(&second).unwrap();
    let expected = [("read", false), ("write", false), ("once", false), ("added", true)];
    assert_eq!(names(&third), expected, "what comes back finds its place again");
    let find = |p: &Provider, method, path| p.routes.find(&method, path).ok();
    assert_eq!(find(&second, http::Method::GET, "/v1/read"), None, "nobody finds what is retired");
    assert_eq!(find(&second, http::Method::GET, "/v1/added"), Some(OpIndex(3)));
    assert_eq!(find(&third, http::Method::GET, "/v1/read"), Some(READ));
    assert_eq!(find(&third, http::Method::POST, "/v1/once"), Some(ONCE));
}

fn slot(name: &str) -> Slot {
    Slot {
        name: name.into(),
        source: Source::Env("KEY".into()),
        inject: Inject::Bearer,
        hosts: Box::new([]),
        scopes: Box::new([]),
        retired: false,
    }
}

/// A contract whose operations need the credential of this name.
fn with_slot(mut p: Provider, name: &str) -> Provider {
    p.slots = Box::new([slot(name)]);
    p.operations.iter_mut().for_each(|operation| operation.slot = Some(0));
    p
}

/// A revoked key is replaced by a new slot: what comes late of the old one must not stop the new one.
#[test]
fn a_credential_that_is_refused_after_a_reload_is_the_one_that_was_sent() {
    let mut scene = Scene::new(with_slot(provider(), "old"));
    scene.gates.credential_is(&scene.p, scene.now, 0, (1, Mono::MAX));
    let grant = scene.grant(READ);
    let before = scene.p.clone();
    scene.reload(|p| *p = with_slot(provider(), "new"));
    scene.gates.credential_is(&scene.p, scene.now, 1, (1, Mono::MAX));
    scene.gates.credential_refused(&before, &grant);
    scene.leave(grant);
    let next = scene.grant(READ);
    assert_eq!(next.version(), 1);
    scene.leave(next);
}

#[test]
fn who_waits_is_not_refused_for_a_credential_that_is_about_to_be_told_of() {
    let mut p = with_slot(provider(), "old");
    slots(&mut p, 1);
    let mut scene = Scene::new(p);
    scene.gates.credential_is(&scene.p, scene.now, 0, (1, Mono::MAX));
    let grant = scene.grant(READ);
    let Entry::Queued(ticket) = scene.enter(READ) else { panic!("the slot is taken") };
    scene.reload(|p| {
        *p = with_slot(provider(), "new");
        slots(p, 1);
    });
    scene.leave(grant);
    assert!(matches!(scene.gates.claim(&scene.p, scene.now, ticket), Claim::Still(_)));
    scene.gates.credential_is(&scene.p, scene.now, 1, (1, Mono::MAX));
    let claim = scene.gates.claim(&scene.p, scene.now, ticket);
    let Claim::Granted(grant) = claim else { panic!("{claim:?}") };
    scene.leave(grant);
}

/// Another place to read it from, or another host to send it to: calls under way go on with what they have.
#[test]
fn a_slot_that_is_written_otherwise_is_another_one() {
    let first = with_slot(provider(), "key");
    let mut second = with_slot(provider(), "key");
    second.slots[0].hosts = Box::new(["other.example".into()]);
    let second = second.succeeding(&first).unwrap();
    let all: Vec<_> = second.slots.iter().map(|slot| (&*slot.name, slot.retired)).collect();
    assert_eq!(all, [("key", true), ("key", false)]);
    assert_eq!(second.operation(READ).slot, Some(1));
    let third = first.clone().succeeding(&second).unwrap();
    assert_eq!(third.operation(READ).slot, Some(0), "and back");
}

#[test]
fn a_credential_slot_keeps_its_index_and_operations_follow_it() {
    let mut first = provider();
    first.slots = Box::new([slot("old"), slot("both")]);
    let mut second = provider();
    second.slots = Box::new([slot("both"), slot("new")]);
    for (operation, place) in second.operations.iter_mut().zip([Some(0), Some(1), None]) {
        operation.slot = place;
    }
    let second = second.succeeding(&first).unwrap();
    let slots: Vec<_> = second.slots.iter().map(|slot| (&*slot.name, slot.retired)).collect();
    assert_eq!(slots, [("old", true), ("both", false), ("new", false)]);
    let used: Vec<_> = second.operations.iter().map(|operation| operation.slot).collect();
    assert_eq!(used, [Some(1), Some(2), None]);
}

#[test]
fn more_sets_of_windows_than_there_are_lanes_need_a_restart() {
    let mut first = provider();
    let window = |number| ratelimit::Policy::new(&format!("w{number}"), 9, secs(1.0)).unwrap();
    first.windows = (0..64).map(window).collect();
    first.lanes = (0..64).map(|number| 1 << number).collect();
    first.operations = (0..64)
        .map(|number: u8| {
            let mut operation = first.operation(READ).clone();
            operation.name = format!("op{number}").into();
            operation.template = format!("/v1/{number}").into();
            operation.lane = number;
            operation
        })
        .collect();
    let mut second = first.clone();
    second.operations = second.operations[..1].into();
    second.lanes = (0..64).map(|number| 3 << number).collect();
    assert_eq!(second.clone().succeeding(&first).unwrap_err(), TooMany::Lanes);
    second.lanes = Box::new([1]);
    let second = second.succeeding(&first).unwrap();
    assert_eq!(second.lanes, first.lanes, "what is retired still takes from its windows");
}

/// R-142, across a reload.
#[test]
fn a_reload_gives_nobody_a_second_quota() {
    let mut scene = Scene::new(with_window(3, secs(10.0)));
    for _ in 0..3 {
        let grant = scene.grant(READ);
        scene.leave(grant);
    }
    scene.reload(|p| p.digest = "other".into());
    assert!(matches!(scene.enter(READ), Entry::Queued(_)), "all of it is used");
    scene.reload(|p| window(p, 4, 10.0));
    assert_eq!(scene.gates.window_used(0, scene.now), 3 + 1, "one more for the one who waits");
    scene.reload(|p| window(p, 2, 10.0));
    scene.pass(5.0);
    assert!(matches!(scene.enter(WRITE), Entry::Queued(_)));
    scene.reload(|p| window(p, 20_000, 10.0));
    assert!(scene.gates.window_used(0, scene.now) >= 3, "a window too large for a log counts on");
    scene.reload(|p| window(p, 5, 10.0));
    assert!(matches!(scene.enter(READ), Entry::Queued(_)), "and back");
}

#[test]
fn a_window_that_shrinks_opens_when_few_enough_sends_are_left_in_it() {
    let mut scene = Scene::new(with_window(3, secs(10.0)));
    for _ in 0..3 {
        let grant = scene.grant(READ);
        scene.gates.answered(&scene.p, scene.now, &grant);
        scene.leave(grant);
        scene.pass(1.0);
    }
    // They leave at 11, 12 and 13 s; of two that are allowed, one has to go first.
    scene.reload(|p| window(p, 2, 10.0));
    let Entry::Queued(ticket) = scene.enter(READ) else { panic!("it has to wait") };
    let Claim::Still(until) = scene.gates.claim(&scene.p, scene.now, ticket) else { panic!() };
    assert_eq!(until, Mono::from_millis(12_000));
    scene.gates.forget(&scene.p, scene.now, ticket);
}

#[test]
fn a_send_in_doubt_can_be_taken_back_after_the_window_has_changed() {
    let mut scene = Scene::new(with_window(2, secs(10.0)));
    let (one, two) = (scene.grant(READ), scene.grant(READ));
    scene.reload(|p| window(p, 3, 20.0));
    scene.gates.leave(&scene.p, scene.now, one, Left::Unsent);
    assert_eq!(scene.gates.window_used(0, scene.now), 1);
    scene.leave(two);
}

#[test]
fn where_fewer_may_be_in_nobody_comes_in_until_enough_have_left() {
    let mut scene = Scene::new(provider());
    let mut grants: Vec<_> = (0..4).map(|_| scene.grant(READ)).collect();
    scene.reload(|p| slots(p, 2));
    let Entry::Queued(ticket) = scene.enter(READ) else { panic!("it has to wait") };
    for left in 0..3 {
        let claim = scene.gates.claim(&scene.p, scene.now, ticket);
        assert!(matches!(claim, Claim::Still(_)), "{left} have left");
        scene.leave(grants.pop().unwrap());
    }
    let Claim::Granted(grant) = scene.gates.claim(&scene.p, scene.now, ticket) else {
        panic!("three of four have left")
    };
    assert_eq!(scene.gates.slots_used(), 2);
    scene.leave(grant);
    grants.into_iter().for_each(|grant| scene.leave(grant));
}

#[test]
fn who_waits_for_a_slot_gets_it_when_the_contract_has_more() {
    let mut scene = Scene::new(provider());
    scene.reload(|p| slots(p, 1));
    let grant = scene.grant(READ);
    let Entry::Queued(first) = scene.enter(READ) else { panic!() };
    let Entry::Queued(second) = scene.enter(WRITE) else { panic!() };
    scene.reload(|p| slots(p, 2));
    assert_eq!(scene.gates.woken, [first], "the one who came first");
    let Claim::Granted(other) = scene.gates.claim(&scene.p, scene.now, first) else { panic!() };
    assert!(matches!(scene.gates.claim(&scene.p, scene.now, second), Claim::Still(_)));
    scene.gates.forget(&scene.p, scene.now, second);
    scene.leave(grant);
    scene.leave(other);
}

#[test]
fn who_waits_keeps_its_turn_when_operations_move_to_other_windows() {
    let mut scene = Scene::new(with_window(1, secs(10.0)));
    let grant = scene.grant(READ);
    scene.leave(grant);
    let tickets: Vec<_> = [READ, WRITE, READ]
        .map(|operation| match scene.enter(operation) {
            Entry::Queued(ticket) => ticket,
            other @ (Entry::Granted(_) | Entry::Refused(_) | Entry::Reported(..)) => {
                panic!("{other:?}")
            }
        })
        .into();
    scene.reload(|p| {
        let mut both = p.windows.to_vec();
        both.push(ratelimit::Policy::new("writes", 1, secs(10.0)).unwrap());
        (p.windows, p.lanes) = (both.into(), Box::new([1, 3]));
        p.operations[usize::from(WRITE.0)].lane = 1;
    });
    scene.gates.woken.clear();
    scene.pass(12.0);
    let claim = scene.gates.claim(&scene.p, scene.now, tickets[0]);
    let Claim::Granted(first) = claim else { panic!("{claim:?}") };
    assert!(matches!(scene.gates.claim(&scene.p, scene.now, tickets[2]), Claim::Still(_)));
    assert!(matches!(scene.gates.claim(&scene.p, scene.now, tickets[1]), Claim::Still(_)));
    for ticket in &tickets[1..] {
        scene.gates.forget(&scene.p, scene.now, *ticket);
    }
    scene.leave(first);
}

#[test]
fn a_breaker_stays_as_open_as_it_was() {
    let mut scene = Scene::new(provider());
    let until = scene.now.plus(secs(30.0));
    scene.gates.turn(&scene.p, scene.now, Which::Authority, Turn::ForceOpen(Some(until)));
    scene.reload(|p| {
        p.breaker =
            outwright_core::breaker::Policy::new(secs(20.0), 5, 0.5, (secs(1.0), secs(9.0)), 1)
                .unwrap();
    });
    assert_eq!(scene.gates.breaker(Which::Authority, scene.now), BreakerState::ForcedOpen);
    let Entry::Refused(refusal) = scene.enter(READ) else { panic!("it is open") };
    assert_eq!((refusal.reason, refusal.until), (Reason::BreakerOpen, Some(until)));
}

#[test]
fn a_grant_of_an_operation_that_is_gone_is_given_back_as_any_other() {
    let mut scene = Scene::new(provider());
    let grant = scene.grant(READ);
    let next = without(&scene.p, "read");
    scene.reload(|p| *p = next);
    assert_eq!(scene.gates.grants_out(), 1);
    scene.leave(grant);
    assert_eq!((scene.gates.grants_out(), scene.gates.slots_used()), (0, 0));
}

/// Breaker, wait and passes that are out are of the host before.
#[test]
fn a_provider_that_moved_to_another_host_begins_anew() {
    let mut scene = Scene::new(provider());
    let mut old: Vec<_> = (0..16).map(|_| scene.grant(READ)).collect();
    let (mut throttled, mut last) = (scene.grant(READ), scene.grant(READ));
    for _ in 0..19 {
        let mut grant = scene.grant(READ);
        scene.learn(&mut grant, Verdict::of(Signal::ConnectRefused));
        scene.leave(grant);
    }
    let hint = Hint { wait: secs(600.0), source: HintSource::RetryAfter };
    scene.learn(&mut throttled, Verdict { hint: Some(hint), ..Verdict::of(Signal::S429) });
    scene.learn(&mut last, Verdict::of(Signal::Reset));
    [throttled, last].into_iter().for_each(|grant| scene.leave(grant));
    assert_eq!(scene.gates.breaker(Which::Authority, scene.now), BreakerState::Open);
    let host = |name| move |p: &mut Provider| p.base.authority = HeaderValue::from_static(name);
    scene.reload(|p| p.about.team = "another".into());
    assert!(matches!(scene.enter(READ), Entry::Refused(_)), "it is the same host");
    scene.reload(host("new.example.com"));
    assert_eq!(scene.gates.breaker(Which::Authority, scene.now), BreakerState::Closed);
    let grant = scene.grant(READ);
    old.iter_mut().for_each(|grant| scene.learn(grant, Verdict::of(Signal::ConnectRefused)));
    let after = scene.gates.breaker(Which::Authority, scene.now);
    assert_eq!(after, BreakerState::Closed, "what comes late tells of the host before");
    old.into_iter().chain([grant]).for_each(|grant| scene.leave(grant));
    // What an operator decided stays.
    scene.gates.turn(&scene.p, scene.now, Which::Authority, Turn::ForceOpen(None));
    scene.reload(host("third.example.com"));
    let forced = scene.gates.breaker(Which::Authority, scene.now);
    assert_eq!(forced, BreakerState::ForcedOpen);
}

/// A repeat after a reload carries the key that the first send carried.
#[test]
fn the_form_of_a_callers_keys_never_changes() {
    let listing = |names: &[&str]| {
        let mut p = provider();
        let keys = if names.len() == 1 { Keys::Verbatim } else { Keys::Derived };
        let caller = |name: &&str| Caller {
            name: (*name).into(),
            operations: None,
            priority: Priority::Critical,
            share: p.bulkhead.share(1.0),
            keys,
            retired: false,
        };
        p.callers = names.iter().map(caller).collect();
        p
    };
    for (contracts, shop, books) in [
        (
            &[&["shop"][..], &["shop", "books"], &["books"], &["books", "shop"]][..],
            Keys::Verbatim,
            Keys::Derived,
        ),
        (&[&["shop", "books"], &["shop"], &["books"]], Keys::Derived, Keys::Derived),
        (&[&[], &["shop"], &["books", "shop"]], Keys::Derived, Keys::Derived),
        (&[&["shop"], &[], &["books"]], Keys::Verbatim, Keys::Derived),
    ] {
        let mut stands = listing(contracts[0]);
        for next in &contracts[1..] {
            stands = listing(next).succeeding(&stands).unwrap();
            assert_eq!(stands.keys_of("shop"), shop, "{contracts:?}");
            assert_eq!(stands.keys_of("books"), books, "{contracts:?}");
        }
    }
}

/// More pairs of windows and credentials than there are bits in a word: each operation still counts in its own windows
/// and waits for its own credential.
#[test]
fn operations_of_many_credentials_are_not_mixed_up() {
    let mut p = with_window(1, secs(10.0));
    p.lanes = Box::new([0, 1]);
    let names: Vec<_> = (0..80).map(|number| format!("key{number}")).collect();
    p.slots = names.iter().map(|name| slot(name)).collect();
    let one = p.operation(READ).clone();
    p.operations = (0..81)
        .map(|number: u8| {
            let mut operation = one.clone();
            operation.name = format!("op{number}").into();
            operation.template = format!("/v1/{number}").into();
            operation.slot = Some(number.min(79));
            // Only the last one counts in the window.
            operation.lane = u8::from(number == 80);
            operation
        })
        .collect();
    let mut scene = Scene::new(p);
    scene.gates.credential_is(&scene.p, scene.now, 79, (7, Mono::MAX));
    let last = scene.grant(OpIndex(80));
    assert_eq!(last.version(), 7);
    scene.leave(last);
    assert!(matches!(scene.enter(OpIndex(80)), Entry::Queued(_)), "its window is full");
    let beside = scene.grant(OpIndex(79));
    scene.leave(beside);
    let without = scene.enter(OpIndex(70));
    assert!(!matches!(without, Entry::Granted(_)), "its credential is not there: {without:?}");
}
