//! Stories about the breaker that chance tells too seldom.

use std::time::Duration;

use outwright_core::time::Mono;
use outwright_sim::peer::{Mood, Peer};

use crate::contracts::{READ, provider};
use crate::worlds::{at, caller, run, setting};

/// Five calls are answered after three and a half seconds; meanwhile the provider went down, the breaker opened,
/// and a probe is out that gets no answer: what comes late must not speak for it.
#[test]
fn a_late_success_does_not_close_a_half_open_breaker_while_its_probe_is_out() {
    for seed in 0..10 {
        let latency = Duration::from_millis(50);
        let peer = Peer::up((latency, latency))
            .spell(Mono::ZERO, at(200), Mood::Slow(70))
            .spell(at(200), at(2_000), Mood::Refuses)
            .spell(at(2_000), Mono::MAX, Mood::Silent);
        let slow = (0..5).map(|n| caller(at(10 * n), READ));
        let failing = (0..25).map(|n| caller(at(300 + 10 * n), READ));
        let probe = [caller(at(2_800), READ)];
        let callers = slow.chain(failing).chain(probe).collect();
        let report = run(&provider(), &setting(seed, callers), peer);
        assert_eq!(report.good, 5, "seed {seed}: the slow calls were answered");
        assert_eq!(report.breakers, (2, 0), "seed {seed}: the probe's silence opened it again");
    }
}

/// one probe at a time, and the callers of the meantime hear at once when to come back.
#[test]
fn while_a_probe_is_out_nobody_waits_behind_it() {
    let latency = Duration::from_millis(50);
    let peer = Peer::up((latency, latency)).spell(Mono::ZERO, at(2_000), Mood::Refuses);
    let failing = (0..25).map(|n| caller(at(10 * n), READ));
    let herd = (0..50).map(|n| caller(at(2_800).plus(Duration::from_micros(n)), READ));
    let report = run(&provider(), &setting(1, failing.chain(herd).collect()), peer);
    assert_eq!(report.sent_within(at(2_800), at(2_900)), 1);
    assert_eq!(report.good, 1);
    assert_eq!(report.queued, 0);
}
