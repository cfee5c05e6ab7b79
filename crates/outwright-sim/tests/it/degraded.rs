//! Reads in an outage, with something kept.

use std::time::Duration;

use outwright_core::cache::{Directives, Policy};
use outwright_core::fallback;
use outwright_core::provider::Provider;
use outwright_core::time::Mono;
use outwright_sim::peer::Mood;

use crate::contracts::{READ, WRITE, provider};
use crate::worlds::{at, poisson, quick, run, setting};

/// The sample, whose reads and writes would show answers up to a minute old; a write never may.
fn stale() -> Provider {
    let mut provider = provider();
    let policy = Policy::new(Duration::from_secs(60), Directives::default()).unwrap();
    for operation in &mut provider.operations {
        operation.fallback = fallback::Policy::Stale;
        operation.cache = Some(policy);
    }
    provider
}

/// from the outage on, reads are answered with what was kept before it, for a minute and no longer.
#[test]
fn an_outage_is_bridged_for_reads_until_what_is_kept_is_too_old() {
    for mood in [Mood::Refuses, Mood::Resets, Mood::Errors { of_mille: 1000, status: 503 }] {
        for seed in 0..5 {
            let callers = poisson(seed, 20.0, 180.0, &[READ]);
            let peer = quick().spell(at(30_000), Mono::MAX, mood);
            let report = run(&stale(), &setting(seed, callers), peer);
            let shown = report.others.get("stale").copied().unwrap_or_default();
            // 20 calls a second for a minute, give or take what chance and the first seconds do.
            assert!((1_050..1_350).contains(&shown), "{mood:?}, seed {seed}: {shown}");
            let all: u64 = report.others.values().sum::<u64>() + report.relayed;
            assert_eq!(all, report.calls, "every call has one end");
        }
    }
}

#[test]
fn an_outage_is_not_bridged_for_writes() {
    for seed in 0..5 {
        let callers = poisson(seed, 20.0, 60.0, &[READ, WRITE]);
        let peer = quick().spell(at(30_000), Mono::MAX, Mood::Resets);
        let with_writes = run(&stale(), &setting(seed, callers), peer.clone());
        let shown = with_writes.others.get("stale").copied().unwrap_or_default();
        assert!((200..400).contains(&shown), "half of the calls are reads: {shown}");
    }
}
