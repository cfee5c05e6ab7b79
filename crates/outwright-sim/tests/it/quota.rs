//! A known quota is never exceeded, and used; what the provider says about time is obeyed.

use std::time::Duration;

use outwright_core::bulkhead;
use outwright_core::provider::Provider;
use outwright_core::time::Mono;
use outwright_sim::peer::{Mood, Peer, Quota};

use crate::contracts::{READ, WRITE, provider, secs, set_timeouts, with_window};
use crate::worlds::{at, caller, poisson, quick, run, setting};

/// A hundred per second, and callers who wait as long as their deadline lets them.
fn hundred() -> Provider {
    let mut provider = with_window(100, secs(1.0));
    provider.bulkhead = bulkhead::Policy::new(100, 1_000, secs(1.0)).unwrap();
    provider
}

fn limited(quota: Quota) -> Peer {
    let mut peer = quick();
    peer.quota = Some(quota);
    peer
}

/// Goal of `product.md` 7 (G4): zero 429, and more of the quota than a guard alone leaves (W / (W + g)).
#[test]
fn a_known_quota_is_never_exceeded_whatever_way_the_provider_counts_and_it_is_used() {
    let guard_alone = 1.0 / (1.0 + 0.1);
    for (name, quota) in [
        ("sliding", Quota::sliding(100, secs(1.0))),
        ("fixed", Quota::fixed(100, secs(1.0))),
        ("gcra", Quota::gcra(100, secs(1.0))),
    ] {
        let mut least = f64::MAX;
        for seed in 0..5 {
            let callers = (0..10_000).map(|n| caller(at(2 * n), READ)).collect();
            let report = run(&hundred(), &setting(seed, callers), limited(quota.clone()));
            assert_eq!(report.throttled, 0, "{name}, seed {seed}");
            let used = report.arrived_within(at(2_000), at(18_000)) as f64 / 1_600.0;
            least = least.min(used);
        }
        println!("{name}: {:.1} % of the quota used, a guard alone leaves 90.9 %", least * 100.0);
        assert!(least >= 0.995 * guard_alone, "{name}: {least:.4}");
    }
}

/// Answers that never come keep their place until they have certainly arrived.
#[test]
fn a_quota_is_kept_while_the_provider_is_slow_silent_or_refuses_connections() {
    let moods = [Mood::Slow(10), Mood::Silent, Mood::Refuses, Mood::Resets, Mood::Truncates];
    for mood in moods {
        for seed in 0..3 {
            let mut provider = hundred();
            set_timeouts(&mut provider, [0.3, 0.6, 0.5, 1.0, 5.0]);
            let callers = poisson(seed, 150.0, 20.0, &[READ, WRITE]);
            let peer = limited(Quota::sliding(100, secs(1.0)));
            let peer = peer.spell(at(3_000), at(6_000), mood).spell(at(9_000), at(12_000), mood);
            let report = run(&provider, &setting(seed, callers), peer);
            assert_eq!(report.throttled, 0, "{mood:?}, seed {seed}");
        }
    }
}

/// The control of the tests above: without the window the same callers are throttled.
#[test]
fn without_a_window_the_same_callers_are_throttled() {
    let mut provider = hundred();
    provider.lanes = Box::new([0]);
    let callers = (0..10_000).map(|n| caller(at(2 * n), READ)).collect();
    let report = run(&provider, &setting(1, callers), limited(Quota::sliding(100, secs(1.0))));
    assert!(report.throttled > 100, "{}", report.throttled);
}

/// Goal of `product.md` 7 (G6): a thousand wait out a hint of 5 s. The world fails on any send before its end.
#[test]
fn a_thousand_who_wait_out_a_hint_send_nothing_before_its_end() {
    let mut provider = provider();
    provider.bulkhead = bulkhead::Policy::new(50, 1_100, secs(5.0)).unwrap();
    for status in [429, 503] {
        for seed in 0..3 {
            let first = [caller(at(0), READ)];
            let herd = (0..1_000).map(|n| caller(at(200 + n), WRITE));
            let mood = Mood::Says { status, retry_after: 5 };
            let peer = quick().spell(Mono::ZERO, at(150), mood);
            let report =
                run(&provider, &setting(seed, first.into_iter().chain(herd).collect()), peer);
            let early = report.sent_within(at(150), at(5_000));
            assert_eq!(early, 0, "{status}, seed {seed}");
            assert_eq!(
                report.good, 1_001,
                "{status}, seed {seed}: {:?} {:?}",
                report.others, report.skipped
            );
            assert!(report.waiting_most >= 1_000);
        }
    }
}

/// A thousand wait, many go away at random, and everything comes back: the world fails on anything that is left.
#[test]
fn a_thousand_waiters_of_whom_many_vanish_leave_nothing_behind_and_nobody_polls() {
    for seed in 0..5 {
        let mut provider = provider();
        provider.bulkhead = bulkhead::Policy::new(10, 1_000, secs(20.0)).unwrap();
        let mut callers: Vec<_> =
            (0..1_000).map(|n| caller(at(0), if n % 2 == 0 { READ } else { WRITE })).collect();
        for (number, caller) in callers.iter_mut().enumerate() {
            if number % 3 == 0 {
                let after = (number as u64 * 7_919 + seed * 104_729) % 3_000;
                caller.gone_after = Some(Duration::from_millis(after));
            }
        }
        let report = run(&provider, &setting(seed, callers), quick());
        assert_eq!(report.waiting_most, 992, "two slots are kept for critical calls");
        // A wake per grant that was handed over, and none besides.
        assert!(report.wakes <= report.queued, "{} wakes of {}", report.wakes, report.queued);
        let gone = report.others.get("caller_gone").copied().unwrap_or(0);
        assert_eq!(report.relayed + gone, 1_000, "{:?}", report.others);
        assert!(gone > 200);
    }
}

/// The paper's prototype needed 1.17 wakes per call that waited for a window.
#[test]
fn who_waits_for_a_window_is_woken_once_or_twice() {
    let callers = poisson(3, 110.0, 30.0, &[READ]);
    let report = run(&hundred(), &setting(3, callers), limited(Quota::sliding(100, secs(1.0))));
    let wakes = report.wakes as f64 / report.queued as f64;
    println!("{wakes:.2} wakes per call that waited");
    assert!(report.queued > 1_000 && wakes < 1.4, "{wakes:.2}");
}
