//! The breaker, by table and property.

use super::*;
use Report::{Good, Hard, Neutral, Overloaded, Soft};

fn policy() -> Policy {
    let open = (Duration::from_secs(2), Duration::from_secs(60));
    Policy::new(Duration::from_secs(10), 20, 0.9, open, 1).unwrap()
}

fn at(seconds: f64) -> Mono {
    Mono::ZERO.plus(Duration::from_secs_f64(seconds))
}

/// A breaker of the authority, with the time as it goes.
struct Scene {
    breaker: Breaker,
    now: Mono,
}

impl Scene {
    fn new(scope: Scope) -> Self {
        Self { breaker: Breaker::new(&policy(), scope), now: at(0.0) }
    }

    fn enter(&mut self) -> Pass {
        self.breaker.enter(self.now, self.now.plus(Duration::from_secs(5))).0
    }

    fn learn(&mut self, pass: Pass, report: Report) -> Option<BreakerState> {
        self.breaker.learn(&policy(), self.now, pass, report, Draw::of(u64::MAX))
    }

    /// A report every `gap` seconds until the breaker says something; how many it took.
    fn reports(&mut self, gap: f64, reports: &[Report]) -> Option<usize> {
        for (number, report) in reports.iter().enumerate() {
            let pass = self.enter();
            self.now = self.now.plus(Duration::from_secs_f64(gap));
            if self.learn(pass, *report) == Some(BreakerState::Open) {
                return Some(number + 1);
            }
        }
        None
    }

    fn opened(scope: Scope) -> Self {
        let mut scene = Self::new(scope);
        let report = if scope == Scope::Authority { Hard } else { Soft };
        assert_eq!(scene.reports(0.1, &[report; 20]), Some(20));
        scene
    }

    /// Lets the open time pass.
    fn half_open(scope: Scope) -> Self {
        let mut scene = Self::opened(scope);
        scene.now = scene.now.plus(Duration::from_secs(2));
        assert_eq!(scene.look(), Look::Probe);
        scene
    }

    fn look(&self) -> Look {
        self.breaker.look(&policy(), self.now)
    }
}

///
#[test]
fn each_rule_opens_at_its_own_count_and_not_before() {
    let overloaded = Overloaded(at(100.0));
    let mut mixed = [Hard; 40];
    mixed[9] = Good;
    mixed[12] = Good;
    let check = |scope, gap, reports: &[Report], want| {
        assert_eq!(Scene::new(scope).reports(gap, reports), want, "{scope:?} {gap} {reports:?}");
    };
    check(Scope::Authority, 0.01, &[Hard; 30], Some(20));
    check(Scope::Authority, 1.0, &[Hard; 30], Some(5));
    check(Scope::Authority, 0.3, &[Hard; 30], Some(8));
    check(Scope::Authority, 0.01, &[overloaded; 5], Some(3));
    check(Scope::Authority, 0.01, &[Soft; 60], None);
    check(Scope::Authority, 0.01, &[Neutral; 60], None);
    check(Scope::Authority, 0.01, &[Good; 60], None);
    check(Scope::Operation, 0.01, &[Soft; 30], Some(20));
    check(Scope::Operation, 0.01, &[Hard; 30], Some(20));
    check(Scope::Operation, 1.0, &[Hard; 30], None);
    check(Scope::Operation, 0.01, &[overloaded; 5], None);
    // 18 of 20 are 90 %.
    check(Scope::Operation, 0.01, &mixed, Some(20));
}

#[test]
fn a_run_of_five_counts_only_after_half_a_minute_without_success() {
    let mut scene = Scene::new(Scope::Authority);
    assert_eq!(scene.reports(1.0, &[Good]), None);
    assert_eq!(scene.reports(1.0, &[Hard; 19]), None);
    assert_eq!(scene.reports(1.0, &[Hard]), Some(1), "the run of twenty opens it");
    let mut scene = Scene::new(Scope::Authority);
    assert_eq!(scene.reports(1.0, &[Good]), None);
    assert_eq!(scene.reports(10.0, &[Hard; 4]), None);
    assert_eq!(scene.reports(10.0, &[Hard]), Some(1));
}

/// accelerated breaking.
#[test]
fn it_stays_open_at_least_as_long_as_the_provider_asked() {
    let mut scene = Scene::new(Scope::Authority);
    assert_eq!(scene.reports(0.1, &[Overloaded(at(33.0)); 3]), Some(3));
    assert_eq!(scene.look(), Look::Open(Some(at(33.0))));
}

/// Resilience paper, section 4: "stale result decides half-open".
#[test]
fn a_late_success_does_not_close_a_half_open_breaker() {
    for scope in [Scope::Authority, Scope::Operation] {
        let mut scene = Scene::new(scope);
        let late: Vec<Pass> = (0..5).map(|_| scene.enter()).collect();
        assert_eq!(scene.reports(0.1, &[Hard; 20]), Some(20));
        scene.now = scene.now.plus(Duration::from_secs(2));
        let probe = scene.enter();
        for pass in late {
            assert_eq!(scene.learn(pass, Good), None);
        }
        assert_eq!(scene.breaker.state(scene.now), BreakerState::HalfOpen);
        assert_eq!(scene.breaker.leases(scene.now), 1, "the probe's lease is still out");
        assert_eq!(scene.learn(probe, Good), None, "one of three");
    }
}

#[test]
fn a_late_failure_does_not_open_a_breaker_that_closed() {
    let mut scene = Scene::new(Scope::Authority);
    let late: Vec<Pass> = (0..30).map(|_| scene.enter()).collect();
    assert_eq!(scene.reports(0.1, &[Hard; 20]), Some(20));
    scene.now = scene.now.plus(Duration::from_secs(2));
    for _ in 0..3 {
        let probe = scene.enter();
        scene.learn(probe, Good);
    }
    assert_eq!(scene.breaker.state(scene.now), BreakerState::Closed);
    for pass in late {
        assert_eq!(scene.learn(pass, Hard), None);
    }
    assert_eq!(scene.breaker.state(scene.now), BreakerState::Closed);
}

#[test]
fn a_lease_that_expired_reports_to_nobody() {
    let mut scene = Scene::half_open(Scope::Authority);
    let slow = scene.enter();
    assert_eq!(scene.look(), Look::Busy(scene.now.plus(Duration::from_secs(5))));
    scene.now = scene.now.plus(Duration::from_secs(5));
    assert_eq!(scene.look(), Look::Probe, "the lease ended, another may try");
    let next = scene.enter();
    assert_eq!(scene.learn(slow, Hard), None);
    assert_eq!(scene.learn(slow, Good), None);
    assert_eq!(scene.learn(next, Hard), Some(BreakerState::Open));
}

#[test]
fn a_cancelled_probe_goes_back_without_a_verdict() {
    let mut scene = Scene::half_open(Scope::Authority);
    let probe = scene.enter();
    assert_eq!(scene.learn(probe, Neutral), None);
    assert_eq!(scene.breaker.state(scene.now), BreakerState::HalfOpen);
    assert_eq!(scene.look(), Look::Probe);
}

/// closes after N successes, any failure opens again.
#[test]
fn three_probes_close_it_and_one_failure_opens_it_for_twice_as_long() {
    let mut scene = Scene::half_open(Scope::Authority);
    for want in [None, None, Some(BreakerState::Closed)] {
        let probe = scene.enter();
        assert_eq!(scene.learn(probe, Good), want);
    }
    let mut scene = Scene::half_open(Scope::Authority);
    let probe = scene.enter();
    assert_eq!(scene.learn(probe, Hard), Some(BreakerState::Open));
    assert_eq!(scene.look(), Look::Open(Some(scene.now.plus(Duration::from_secs(4)))));
}

#[test]
fn one_probe_closes_it_where_calls_are_rare_and_there_is_no_ramp() {
    let mut scene = Scene::new(Scope::Authority);
    assert_eq!(scene.reports(10.0, &[Hard; 5]), Some(5));
    scene.now = scene.now.plus(Duration::from_secs(2));
    let probe = scene.enter();
    assert_eq!(scene.learn(probe, Good), Some(BreakerState::Closed));
    assert_eq!(scene.look(), Look::Pass);
}

#[test]
fn after_closing_the_share_that_passes_grows_from_a_tenth_to_all() {
    let mut scene = Scene::half_open(Scope::Operation);
    for _ in 0..3 {
        let probe = scene.enter();
        scene.learn(probe, Good);
    }
    let until = scene.now.plus(Duration::from_secs(2));
    let mut shares = Vec::new();
    for _ in 0..5 {
        shares.push(scene.look());
        scene.now = scene.now.plus(Duration::from_millis(500));
    }
    let ramp = |share| Look::Ramp { share, until };
    assert_eq!(shares, [ramp(100), ramp(325), ramp(550), ramp(775), Look::Pass]);
}

///
#[test]
fn open_times_double_to_the_cap_and_shrink_by_a_step_per_clean_minute() {
    let mut scene = Scene::opened(Scope::Authority);
    let mut lasted = Vec::new();
    for _ in 0..7 {
        let Look::Open(Some(until)) = scene.look() else { panic!("{:?}", scene.look()) };
        lasted.push(until.since(scene.now).as_secs());
        scene.now = until;
        let probe = scene.enter();
        assert_eq!(scene.learn(probe, Hard), Some(BreakerState::Open));
    }
    assert_eq!(lasted, [2, 4, 8, 16, 32, 60, 60]);
    let Look::Open(Some(until)) = scene.look() else { panic!("{:?}", scene.look()) };
    scene.now = until;
    for _ in 0..3 {
        let probe = scene.enter();
        scene.learn(probe, Good);
    }
    scene.now = scene.now.plus(Duration::from_secs(125));
    assert_eq!(scene.reports(0.1, &[Hard; 20]), Some(20));
    let Look::Open(Some(until)) = scene.look() else { panic!("{:?}", scene.look()) };
    assert_eq!(until.since(scene.now).as_secs(), 16, "two steps below 60, that is 64");
}

#[test]
fn half_of_an_open_time_is_drawn() {
    let mut scene = Scene::new(Scope::Authority);
    let mut last = Pass(0);
    for _ in 0..20 {
        last = scene.enter();
        scene.breaker.learn(&policy(), scene.now, last, Hard, Draw::of(0));
    }
    assert_eq!(scene.look(), Look::Open(Some(scene.now.plus(Duration::from_secs(1)))));
    assert_eq!(scene.learn(last, Good), None, "what comes after is stale");
}

///
#[test]
fn an_operator_may_open_it_switch_it_off_and_reset_it() {
    let mut scene = Scene::new(Scope::Authority);
    let before = scene.enter();
    scene.breaker.force_open(Some(at(60.0)));
    assert_eq!(scene.look(), Look::Open(Some(at(60.0))));
    assert_eq!(scene.learn(before, Good), None);
    scene.now = at(60.0);
    assert_eq!(scene.look(), Look::Probe, "its end is a question, not an answer");
    scene.breaker.disable();
    assert_eq!(scene.reports(0.01, &[Hard; 100]), None);
    scene.breaker.reset(scene.now);
    assert_eq!(scene.look(), Look::Pass);
    scene.breaker.force_open(None);
    scene.now = at(1e6);
    assert_eq!(scene.look(), Look::Open(None));
}
