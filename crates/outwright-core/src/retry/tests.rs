//! Each reason to stop and each kind of repeat, then every combination.

use proptest::prelude::*;

use super::*;
use crate::outcome::{Class, Effect, Grounds, HintSource};
use crate::time::Mono;
use matrix::Override;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn policy() -> Policy {
    let transient = backoff::Policy::new(ms(100), ms(2_000), backoff::Jitter::Full).expect("ok");
    let throttle = backoff::Policy::new(ms(1_000), ms(30_000), backoff::Jitter::Equal).expect("ok");
    Policy::new(3, transient, throttle).expect("ok")
}

fn ask<'a>(policy: &'a Policy, overrides: &'a Overrides) -> Ask<'a> {
    Ask {
        policy,
        plan: Plan::Safe,
        overrides,
        attempt: AttemptNo::FIRST,
        left: ms(20_000),
        attempt_min: ms(100),
        body: Body::Replayable,
        budget: budget::Answer::Enough,
    }
}

fn hinted(signal: Signal, wait: Duration) -> Verdict {
    Verdict { hint: Some(Hint { wait, source: HintSource::RetryAfter }), ..Verdict::of(signal) }
}

/// One line of the table: what differs from a safe call at its first attempt with all the time.
fn check(change: impl Fn(&mut Ask<'_>), verdict: Verdict, expected: Decision) {
    let (policy, overrides) = (policy(), Overrides::default());
    let mut ask = ask(&policy, &overrides);
    change(&mut ask);
    let decision = decide(&ask, &verdict, &Tally::default(), Draw::of(u64::MAX));
    assert_eq!(decision, expected, "{verdict:?} under {ask:?}");
}

const fn again(wait: Duration, kind: Kind) -> Decision {
    Decision::Again(Again { wait, kind })
}

#[test]
fn each_reason_to_stop_has_its_own_word() {
    let reset = Verdict::of(Signal::Reset);
    let plain = |_: &mut Ask<'_>| {};
    check(plain, reset, again(ms(100), Kind::Counted));
    check(plain, Verdict::GOOD, Decision::Skip(Skip::Final));
    check(plain, Verdict::of(Signal::S4xx), Decision::Skip(Skip::Final));
    check(plain, Verdict { pushback: Pushback::Stop, ..reset }, Decision::Skip(Skip::Told));
    check(|ask| ask.plan = Plan::Once, reset, Decision::Skip(Skip::Plan));
    check(|ask| ask.body = Body::Gone, reset, Decision::Skip(Skip::Body));
    check(|ask| ask.attempt = AttemptNo::new(3), reset, Decision::Skip(Skip::Attempts));
    check(|ask| ask.left = ms(249), reset, Decision::Skip(Skip::Deadline));
    check(|ask| ask.left = ms(250), reset, again(ms(100), Kind::Counted));
    let empty = budget::Answer::Empty { until: Mono::MAX };
    check(|ask| ask.budget = empty, reset, Decision::Skip(Skip::Budget));
    check(plain, hinted(Signal::S429, ms(20_000)), Decision::Skip(Skip::HintTooLong));
    check(|ask| ask.plan = Plan::Reconcile, reset, Decision::Reconcile { wait: ms(100) });
}

/// what cannot finish is not started.
#[test]
fn no_time_at_all_is_a_deadline_and_not_a_panic() {
    check(
        |ask| ask.left = Duration::ZERO,
        Verdict::of(Signal::S500),
        Decision::Skip(Skip::Deadline),
    );
    let stale = Verdict::of(Signal::StaleConnection);
    check(|ask| ask.left = ms(100), stale, Decision::Skip(Skip::Deadline));
}

/// the contract's word.
#[test]
fn a_contract_that_forbids_a_row_is_named_as_the_cause() {
    let policy = policy();
    let overrides = Overrides(Box::from([(Signal::S500, Override::Never)]));
    let decision = decide(
        &ask(&policy, &overrides),
        &Verdict::of(Signal::S500),
        &Tally::default(),
        Draw::of(0),
    );
    assert_eq!(decision, Decision::Skip(Skip::Contract));
}

/// a hint is a floor, and the spread above it yields to the deadline.
#[test]
fn a_hint_is_never_undercut_and_its_spread_shrinks_to_what_is_left() {
    let plain = |_: &mut Ask<'_>| {};
    let verdict = hinted(Signal::S429, ms(5_000));
    check(plain, verdict, again(ms(6_001), Kind::Counted));
    check(|ask| ask.left = ms(5_151 + 300), verdict, again(ms(5_301), Kind::Counted));
    check(|ask| ask.left = ms(5_151), verdict, again(ms(5_001), Kind::Counted));
    check(|ask| ask.left = ms(5_150), verdict, Decision::Skip(Skip::HintTooLong));
    let hour = hinted(Signal::S429, ms(3_600_000));
    check(|ask| ask.left = ms(36_000_000), hour, Decision::Skip(Skip::HintTooLong));
}

///
#[test]
fn throttling_without_a_hint_waits_by_its_own_backoff() {
    let plain = |_: &mut Ask<'_>| {};
    check(plain, Verdict::of(Signal::S429), again(ms(1_000), Kind::Counted));
    check(|ask| ask.plan = Plan::Once, Verdict::of(Signal::S429), Decision::Skip(Skip::Plan));
    let told = Verdict {
        grounds: Grounds::Contract,
        class: Class::Throttled,
        effect: Effect::None,
        ..Verdict::of(Signal::S429)
    };
    check(|ask| ask.plan = Plan::Once, told, again(ms(1_000), Kind::Counted));
}

/// Plays a call whose every attempt ends alike, and lists its repeats.
fn play(signal: Signal, attempts: u8) -> Vec<(Kind, Duration)> {
    let (mut policy, overrides) = (policy(), Overrides::default());
    policy.attempts = attempts;
    let mut tally = Tally::default();
    let mut repeats = Vec::new();
    let verdict = Verdict::of(signal);
    for number in 1..50 {
        let mut ask = ask(&policy, &overrides);
        ask.attempt = AttemptNo::new(number);
        ask.left = ms(1_000_000);
        // Free repeats must not depend on the budget.
        match decide(&ask, &verdict, &tally, Draw::of(u64::MAX)) {
            Decision::Again(again) => {
                tally.note(&verdict, again);
                repeats.push((again.kind, again.wait));
            }
            Decision::Reconcile { .. } | Decision::Skip(_) => return repeats,
        }
    }
    panic!("{signal:?} loops");
}

/// Trap 24 of the requirements: a server that refuses every stream must not make a loop.
#[test]
fn repeats_at_once_are_free_and_few() {
    let free = (Kind::Transparent, Duration::ZERO);
    let counted = |millis| (Kind::Counted, ms(millis));
    assert_eq!(play(Signal::StaleConnection, 3), [free, free, counted(100), counted(200)]);
    assert_eq!(play(Signal::RefusedStream, 3), [free, counted(100), counted(200)]);
    assert_eq!(play(Signal::S421, 3), [free]);
    assert_eq!(play(Signal::S401, 3), [(Kind::Refreshed, Duration::ZERO)]);
    assert_eq!(play(Signal::S425, 3), [counted(100)]);
    assert_eq!(play(Signal::S503, 3), [counted(100), counted(2_000)]);
    assert_eq!(play(Signal::Reset, 1), []);
    assert_eq!(play(Signal::StaleConnection, 1), [free, free]);
}

/// what is not a retry of the counted kind does not ask the budget.
#[test]
fn free_repeats_do_not_pay() {
    let empty = budget::Answer::Empty { until: Mono::MAX };
    let stale = Verdict::of(Signal::StaleConnection);
    check(|ask| ask.budget = empty, stale, again(Duration::ZERO, Kind::Transparent));
    let refused = Verdict::of(Signal::S401);
    check(|ask| ask.budget = empty, refused, again(Duration::ZERO, Kind::Refreshed));
    assert_eq!(Kind::Counted.cost() + Kind::Transparent.cost() + Kind::Refreshed.cost(), 1);
}

proptest! {
    /// For every outcome, plan and clock: a repeat fits, is allowed, and is not earlier than the hint.
    #[test]
    fn every_repeat_is_allowed_fits_and_respects_the_hint(
        row in 0..Signal::ALL.len(),
        plan in 0..Plan::ALL.len(),
        attempt in 1_u8..12,
        left in 0_u64..40_000,
        hint in prop::option::of(1_u64..1_000_000),
        bits: u64,
    ) {
        let (policy, overrides) = (policy(), Overrides::default());
        let mut ask = ask(&policy, &overrides);
        ask.plan = Plan::ALL[plan];
        ask.attempt = AttemptNo::new(attempt);
        ask.left = ms(left);
        let mut verdict = Verdict::of(Signal::ALL[row]);
        verdict.hint = hint.map(|wait| Hint { wait: ms(wait), source: HintSource::RetryAfter });
        if let Decision::Again(again) = decide(&ask, &verdict, &Tally::default(), Draw::of(bits)) {
            prop_assert!(again.wait + ask.attempt_min + RESERVE <= ask.left);
            prop_assert!(matches!(matrix::look(&verdict, ask.plan, &overrides).next, Move::Again(_)));
            prop_assert!(again.kind != Kind::Counted || attempt < 3);
            if let Some(hint) = verdict.hint {
                prop_assert!(again.wait > hint.wait);
            }
        }
    }
}
