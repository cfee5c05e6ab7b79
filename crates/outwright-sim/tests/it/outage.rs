//! What an outage costs the provider, and how soon it is over for the callers.

use outwright_core::gates::{self, Which};
use outwright_core::time::Mono;
use outwright_sim::peer::Mood;
use outwright_sim::world::{Setting, Turn};

use crate::contracts::{READ, WRITE, provider, set_timeouts};
use crate::worlds::{at, poisson, quick, run, setting};

/// Switches every breaker off, so that the budget stands alone.
fn without_breakers(mut setting: Setting) -> Setting {
    let whiches = [Which::Authority, Which::Operation(READ), Which::Operation(WRITE)];
    let off = |which| (Mono::ZERO, Turn::Breaker(which, gates::Turn::Disable));
    setting.turns.extend(whiches.map(off));
    setting
}

/// R-109; goal of `product.md` 7.
#[test]
fn in_a_total_outage_the_budget_alone_keeps_repeats_to_a_tenth_and_a_fiftieth() {
    let moods = [
        Mood::Refuses,
        Mood::Resets,
        Mood::Errors { of_mille: 1000, status: 500 },
        Mood::Errors { of_mille: 1000, status: 503 },
    ];
    for mood in moods {
        for (rate, seconds, most) in [(1.0, 600.0, 1.10), (10.0, 600.0, 1.02), (50.0, 120.0, 1.02)]
        {
            for seed in 0..3 {
                let callers = poisson(seed, rate, seconds, &[READ, WRITE]);
                let setting = without_breakers(setting(seed, callers));
                let peer = quick().spell(Mono::ZERO, Mono::MAX, mood);
                let report = run(&provider(), &setting, peer);
                let sends = report.amplification();
                assert!(sends <= most, "{mood:?} at {rate}/s, seed {seed}: {sends:.3}");
                assert!(report.retries > 0, "the budget is not zero");
            }
        }
    }
}

/// Goal of `product.md` 7 (G1): five seconds into an outage the wire is quiet.
#[test]
fn with_its_breaker_an_outage_sees_at_most_two_in_a_hundred_of_the_calls() {
    for mood in [Mood::Refuses, Mood::Resets, Mood::Errors { of_mille: 1000, status: 503 }] {
        for seed in 0..5 {
            let callers = poisson(seed, 20.0, 300.0, &[READ]);
            let peer = quick().spell(at(10_000), Mono::MAX, mood);
            let report = run(&provider(), &setting(seed, callers), peer);
            let sent = report.sent_within(at(15_000), Mono::MAX);
            let offered = 20.0 * 285.0;
            assert!(sent as f64 <= 0.02 * offered, "{mood:?}, seed {seed}: {sent} sends");
            assert!(sent > 3, "somebody asks from time to time");
        }
    }
}

/// The open time doubles while a stall lasts, so that half of its length may pass before the next probe.
#[test]
fn after_a_stall_of_ten_seconds_the_callers_are_served_again() {
    let mut provider = provider();
    set_timeouts(&mut provider, [0.5, 1.0, 1.0, 1.0, 5.0]);
    for seed in 0..10 {
        let callers = poisson(seed, 20.0, 60.0, &[READ]);
        let setting = setting(seed, callers);
        let peer = quick().spell(at(10_000), at(20_000), Mood::Silent);
        let report = run(&provider, &setting, peer);
        let served = report.arrived_within(at(30_000), at(61_000));
        let called = setting.callers.iter().filter(|caller| caller.at >= at(30_000)).count();
        assert!(served * 100 >= called * 95, "seed {seed}: {served} of {called}");
        assert!(report.breakers.1 >= 1, "it closed again");
    }
}

/// Goal of `product.md` 7 (G3). The breaker of an operation opens at nine of ten failures, far above these.
#[test]
fn in_a_brownout_repeats_help_and_stay_few() {
    for (of_mille, good_min, sends_max) in [(150, 0.995, 1.20), (300, 0.965, 1.40)] {
        brownout(of_mille, good_min, sends_max);
    }
}

/// Goal of `product.md` 7 (G3), of the budget alone: twenty answers of which 18 fail open a breaker now and then.
#[test]
fn where_half_fails_the_budget_keeps_repeats_few_and_most_calls_good() {
    brownout(500, 0.60, 1.25);
}

fn brownout(of_mille: u32, good_min: f64, sends_max: f64) {
    let (mut calls, mut good, mut sends) = (0, 0, 0);
    for seed in 0..10 {
        let callers = poisson(seed, 80.0, 90.0, &[READ, WRITE]);
        let mood = Mood::Errors { of_mille, status: 500 };
        let peer = quick().spell(Mono::ZERO, Mono::MAX, mood);
        let mut setting = setting(seed, callers);
        if of_mille >= 500 {
            setting = without_breakers(setting);
        }
        let report = run(&provider(), &setting, peer);
        calls += report.calls;
        good += report.good;
        sends += report.sends;
    }
    let (good, sends) = (good as f64 / calls as f64, sends as f64 / calls as f64);
    println!("{of_mille} in 1000 fail: {good:.4} of calls good, {sends:.3} sends per call");
    assert!(good >= good_min, "{of_mille}: {good:.4} good");
    assert!(sends <= sends_max, "{of_mille}: {sends:.3} sends per call");
}
