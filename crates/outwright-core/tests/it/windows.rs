//! Rate windows whose size changes while sends are under way, answered, and taken back.

use std::time::Duration;

use outwright_core::dice::{Dice, Salt};
use outwright_core::limits::GUARD_MIN;
use outwright_core::ratelimit::{Look, Policy, Stamp, Window};
use outwright_core::time::Mono;

const WINDOW: Duration = Duration::from_secs(1);
const REACH: Duration = Duration::from_millis(200);

fn policy(requests: u32) -> Policy {
    Policy::new("account", requests, WINDOW).unwrap()
}

fn at(millis: u64) -> Mono {
    Mono::from_millis(millis)
}

/// Ten sends, of which five have arrived, then a quota of five: what never left makes no room for another.
#[test]
fn a_refund_after_the_quota_shrank_lets_nobody_in_beyond_it() {
    let mut window = Window::new(&policy(10), REACH);
    (1..=10).for_each(|stamp| window.enter(at(0), Stamp(stamp)));
    (1..=5).for_each(|stamp| window.arrived(at(20), Stamp(stamp)));
    let mut window = window.following(&policy(5), REACH, at(30));
    for stamp in 6..=10 {
        window.refund(at(0), Stamp(stamp));
        window.advance(at(40));
        assert_eq!(window.look(), Look::Full(at(1_020)), "five have arrived");
    }
    assert_eq!(window.used(), 5);
    window.advance(at(1_020));
    assert_eq!((window.look(), window.used()), (Look::Room, 0));
}

/// A send that is taken back is none of those that a window of another kind took over.
#[test]
fn a_refund_after_the_window_changed_its_kind_takes_nobody_elses_place() {
    for (first, then) in [(20_000, 30_000), (20_000, 2), (2, 20_000)] {
        let mut window = Window::new(&policy(first), REACH);
        window.enter(at(0), Stamp(1));
        window.enter(at(1), Stamp(2));
        window.advance(at(400));
        let mut window = window.following(&policy(then), REACH, at(400));
        (1..=2).for_each(|stamp| window.refund(at(stamp - 1), Stamp(stamp)));
        assert_eq!(window.used(), 2, "{first} to {then}: they count as if they had been sent");
    }
}

/// What becomes of a send, and when.
enum Then {
    Answered,
    TakenBack,
}

/// A send that left: when it arrives, and of how many it had to be.
struct Arrival {
    at: Mono,
    quota: u32,
}

/// A saturated caller under quotas that change by chance; requests arrive, are answered and are taken back by chance.
fn changing(seed: u64) -> Vec<Arrival> {
    let dice = Dice::new(seed);
    let draw = |step: u64, salt: u8| dice.draw(step, Salt::Ramp(salt));
    let mut quota = 3;
    let mut window = Window::new(&policy(quota), REACH);
    let (mut now, mut arrivals, mut due) = (at(0), Vec::new(), Vec::new());
    for step in 1..=600 {
        now = now.plus(draw(step, 0).upto(Duration::from_millis(30)));
        if draw(step, 1).unit() < 0.08 {
            let quotas = [1, 2, 5, 12, 40, 20_000];
            quota = quotas[(draw(step, 2).unit() * 6.0) as usize % 6];
            window = window.following(&policy(quota), REACH, now);
        }
        loop {
            due.sort_by_key(|(when, stamp, ..): &(Mono, Stamp, Mono, Then)| (*when, *stamp));
            while due.first().is_some_and(|(when, ..)| *when <= now) {
                let (when, stamp, granted, then) = due.remove(0);
                window.advance(when);
                match then {
                    Then::Answered => window.arrived(when, stamp),
                    Then::TakenBack => window.refund(granted, stamp),
                }
            }
            window.advance(now);
            let Look::Full(opens) = window.look() else { break };
            assert!(opens > now, "it opens later than now");
            now = opens.min(due.first().map_or(Mono::MAX, |(when, ..)| *when));
        }
        let stamp = Stamp(step);
        window.enter(now, stamp);
        if draw(step, 3).unit() < 0.3 {
            let told = now.plus(draw(step, 4).upto(Duration::from_millis(700)));
            due.push((told, stamp, now, Then::TakenBack));
            continue;
        }
        let arrival = now.plus(draw(step, 5).upto(REACH + GUARD_MIN));
        arrivals.push(Arrival { at: arrival, quota });
        if draw(step, 6).unit() < 0.7 {
            let head = arrival.plus(draw(step, 7).upto(Duration::from_millis(400)));
            due.push((head, stamp, now, Then::Answered));
        }
    }
    arrivals
}

/// whatever changes, whoever is let in is within the quota that rules then, those before it counted.
#[test]
fn nobody_is_let_in_beyond_the_quota_that_rules_however_it_changes() {
    for seed in 0..200 {
        let arrivals = changing(seed);
        for (index, Arrival { at, quota }) in arrivals.iter().enumerate() {
            let before = arrivals[..=index].iter().filter(|other| other.at.plus(WINDOW) > *at);
            let beside = before.count();
            assert!(beside <= *quota as usize, "seed {seed}, send {index}: {beside} of {quota}");
        }
    }
}
