//! A known quota is never exceeded, and used.

use crate::contracts::{READ, secs, with_window};
use crate::worlds::{at, caller, quick, run, setting};
use outwright_core::bulkhead;
use outwright_sim::peer::Quota;

#[test]
fn a_known_quota_is_never_exceeded_whatever_way_the_provider_counts() {
    for (name, quota) in [
        ("sliding", Quota::sliding(100, secs(1.0))),
        ("fixed", Quota::fixed(100, secs(1.0))),
        ("gcra", Quota::gcra(100, secs(1.0))),
    ] {
        for seed in 0..5 {
            let mut provider = with_window(100, secs(1.0));
            provider.bulkhead = bulkhead::Policy::new(100, 1000, secs(1.0)).unwrap();
            let callers = (0..20_000).map(|n| caller(at(n), READ)).collect();
            let mut peer = quick();
            peer.quota = Some(quota.clone());
            let setting = setting(seed, callers);
            let report = run(&provider, &setting, peer);
            let used = report.arrived_within(at(2_000), at(18_000)) as f64 / 1_600.0;
            println!("{name} {seed}: used {used:.4}");
            assert_eq!(report.throttled, 0, "{name}, seed {seed}");
        }
    }
}
