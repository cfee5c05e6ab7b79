//! When to stop sending, and how to find out that it is over.
//!
//! # Guards against
//!
//! Calls that cannot succeed: each costs its caller a timeout, and the provider the chance to recover.
//! And against the classic faults of breakers: a late answer that decides a probe, a cancelled probe that
//! wedges the half-open state, a single success that releases the whole herd.
//!
//! # Rule
//!
//! Closed, every reported attempt falls into a window of ten exact buckets.
//! It opens when the failed share of at least `min_calls` reaches `failure_ratio`.
//! The breaker of the authority counts hard failures only (no connection, no head, 503), and also opens on a
//! run of them: [`RUN`] in a row; [`SLOW_RUN`] in a row over at least [`SLOW_RUN_SPAN`] with no success for
//! [`SLOW_RUN_SILENCE`]; [`HINT_RUN`] answers in a row that are overloaded and name a time.
//! The breaker of an operation counts every failure and has no run rules.
//! It stays open for `v/2 + U(0, v/2)` with `v = min(cap, base × 2ⁿ)`, at least until the provider's own hint;
//! n grows with each opening and shrinks by one per clean minute.
//! Then probes pass, each on a lease with an epoch of its own.
//! [`SUCCESSES`] of them in a row close it (one, where calls come slower than one per second); a failed one opens it.
//! After closing, the share of newcomers that pass grows from a tenth to all within [`RAMP_MIN`]–[`RAMP_MAX`].
//!
//! # States
//!
//! ```text
//! Closed ── rule met ──► Open ── time over, next caller ──► HalfOpen ── successes ──► Closed (ramp)
//!                         ▲                                    │ failure
//!                         └────────────────────────────────────┘
//! operator: ForcedOpen (until a time, or until reset), Disabled (until reset)
//! ```
//!
//! A report counts only with the epoch of the present state or of a live lease; every other one is stale.
//!
//! # Units and bounds
//!
//! `failure_ratio` in `(0, 1]`; times are durations; at most `probes` leases at once; 160 bytes of counts.
//!
//! # Says
//!
//! [`Look`]: pass, pass as a probe, pass for a share of callers, or not before a time.
//!
//! # Sources
//!
//! Azure Architecture Center, "Circuit Breaker pattern" (states); Brooker, "Will circuit breakers solve my
//! problems?" 2022 (why a low ratio harms); requirements R-113, R-115 to R-119, R-122, R-123.

use std::time::Duration;

use crate::dice::Draw;
use crate::event::BreakerState;
use crate::time::Mono;

use window::Window;

mod window;

/// Consecutive hard failures that open the breaker of an authority (chosen; `resilience.md` 6.4).
pub const RUN: u32 = 20;
/// Consecutive hard failures that open it where calls are rare.
pub const SLOW_RUN: u32 = 5;
/// Over how long a run of [`SLOW_RUN`] must at least have lasted.
pub const SLOW_RUN_SPAN: Duration = Duration::from_secs(2);
/// How long no success may have been seen for a run of [`SLOW_RUN`] to count.
pub const SLOW_RUN_SILENCE: Duration = Duration::from_secs(30);
/// Consecutive overloaded answers with a hint that open it.
pub const HINT_RUN: u32 = 3;
/// Successful probes in a row that close it.
pub const SUCCESSES: u8 = 3;
/// Shortest ramp after closing.
pub const RAMP_MIN: Duration = Duration::from_secs(2);
/// Longest ramp after closing.
pub const RAMP_MAX: Duration = Duration::from_secs(5);
/// After so long without opening, the next open time is one step shorter.
pub const CLEAN: Duration = Duration::from_secs(60);

/// What a breaker judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Whether the provider's authority answers at all.
    Authority,
    /// Whether one operation works.
    Operation,
}

/// What an attempt says about its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// It answered, and not with an error of its own: alive.
    Good,
    /// It answered with an error of its own (500, 502, 504): alive, but failing.
    Soft,
    /// It did not answer, or only to say that it cannot.
    Hard,
    /// A [`Report::Hard`] that names the time after which to come back.
    Overloaded(Mono),
    /// Nothing: throttled, cancelled, never sent. A lease goes back without a verdict.
    Neutral,
}

/// Leave to send, given by [`Breaker::enter`]: the epoch that a report must carry to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass(u32);

/// What a breaker says to someone who wants to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Go on.
    Pass,
    /// Go on, as a probe.
    Probe,
    /// Newcomers go on in this share, in thousandths; those who waited go on.
    Ramp {
        /// Of a thousand, so many pass.
        share: u16,
        /// When all pass again.
        until: Mono,
    },
    /// Not before this time, where one is known.
    Open(Option<Mono>),
    /// All probe leases are out; the first ends then at the latest.
    Busy(Mono),
}

/// Whether an earlier pass still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It does.
    Valid,
    /// The breaker has changed since.
    Stale,
}

/// The breaker of one authority or one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    scope: Scope,
    state: State,
    /// Grows with every opening, closing and lease; never reused.
    epoch: u32,
    /// The exponent of the next open time.
    level: u8,
    /// Whether calls were rarer than one per second when it opened.
    rare: bool,
    window: Window,
    run: Run,
    leases: Vec<Lease>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { since: Mono, ramp: Duration },
    Open { until: Mono, lasts: Duration },
    HalfOpen { successes: u8, lasts: Duration },
    ForcedOpen { until: Option<Mono> },
    Disabled,
}

/// Consecutive failures without a success or a soft failure between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Run {
    hard: u32,
    hinted: u32,
    since: Mono,
    last_good: Option<Mono>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lease {
    epoch: u32,
    until: Mono,
}

impl Breaker {
    /// A closed breaker that has seen nothing.
    #[must_use]
    pub fn new(policy: &Policy, scope: Scope) -> Self {
        Self {
            scope,
            state: State::Closed { since: Mono::ZERO, ramp: Duration::ZERO },
            epoch: 0,
            level: 0,
            rare: true,
            window: Window::new(policy.window),
            run: Run::default(),
            leases: Vec::with_capacity(usize::from(policy.probes)),
        }
    }

    /// What it would say now. Takes nothing.
    #[must_use]
    pub fn look(&self, policy: &Policy, now: Mono) -> Look {
        match self.state {
            State::Closed { since, ramp } => {
                let passed = now.since(since);
                if passed >= ramp {
                    return Look::Pass;
                }
                let share = 100 + 900 * passed.as_millis() / ramp.as_millis().max(1);
                let share = u16::try_from(share).unwrap_or(1000);
                Look::Ramp { share, until: since.plus(ramp) }
            }
            State::Open { until, .. } if now < until => Look::Open(Some(until)),
            State::ForcedOpen { until: Some(until) } if now < until => Look::Open(Some(until)),
            State::ForcedOpen { until: None } => Look::Open(None),
            State::Open { .. } | State::ForcedOpen { .. } => Look::Probe,
            State::HalfOpen { .. } => {
                let live = self.leases.iter().filter(|lease| now < lease.until);
                if live.clone().count() < usize::from(policy.probes) {
                    return Look::Probe;
                }
                Look::Busy(live.map(|lease| lease.until).min().unwrap_or(now))
            }
            State::Disabled => Look::Pass,
        }
    }

    /// Takes the pass that [`Breaker::look`] offered; a probe's lease ends at `lease_end`.
    ///
    /// Says the new state where it changed.
    pub fn enter(&mut self, now: Mono, lease_end: Mono) -> (Pass, Option<BreakerState>) {
        let mut changed = None;
        match self.state {
            State::Closed { .. } | State::Disabled => return (Pass(self.epoch), None),
            State::Open { lasts, .. } => {
                self.state = State::HalfOpen { successes: 0, lasts };
                changed = Some(BreakerState::HalfOpen);
            }
            State::ForcedOpen { .. } => {
                self.state = State::HalfOpen { successes: 0, lasts: RAMP_MIN };
                changed = Some(BreakerState::HalfOpen);
            }
            State::HalfOpen { .. } => {}
        }
        self.leases.retain(|lease| now < lease.until);
        self.epoch = self.epoch.wrapping_add(1);
        self.leases.push(Lease { epoch: self.epoch, until: lease_end });
        (Pass(self.epoch), changed)
    }

    /// What an attempt under this pass says of the provider; a stale pass says nothing.
    ///
    /// Says the new state where it changed. `draw` spreads the open time.
    pub fn learn(
        &mut self,
        policy: &Policy,
        now: Mono,
        pass: Pass,
        report: Report,
        draw: Draw,
    ) -> Option<BreakerState> {
        match self.state {
            State::Closed { .. } => {
                if pass.0 != self.epoch {
                    return None;
                }
                let until = self.count(policy, now, report)?;
                Some(self.open(policy, now, until, draw))
            }
            State::HalfOpen { successes, lasts } => {
                let live = self.return_lease(now, pass);
                if !live {
                    return None;
                }
                match report {
                    Report::Neutral => None,
                    Report::Good => self.probe_was_good(now, successes, lasts),
                    Report::Soft if self.scope == Scope::Authority => {
                        self.probe_was_good(now, successes, lasts)
                    }
                    Report::Soft | Report::Hard => Some(self.open(policy, now, now, draw)),
                    Report::Overloaded(until) => Some(self.open(policy, now, until, draw)),
                }
            }
            State::Open { .. } | State::ForcedOpen { .. } | State::Disabled => None,
        }
    }

    /// Whether a pass that was taken earlier still lets its holder send.
    #[must_use]
    pub fn look_again(&self, now: Mono, pass: Pass) -> Again {
        let valid = match self.state {
            State::Closed { .. } => pass.0 == self.epoch,
            State::HalfOpen { .. } => {
                self.leases.iter().any(|lease| lease.epoch == pass.0 && now < lease.until)
            }
            State::Disabled => true,
            State::Open { .. } | State::ForcedOpen { .. } => false,
        };
        if valid { Again::Valid } else { Again::Stale }
    }

    /// What it shows now.
    #[must_use]
    pub fn state(&self, now: Mono) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { until, .. } if now < until => BreakerState::Open,
            State::ForcedOpen { until } if until.is_none_or(|until| now < until) => {
                BreakerState::ForcedOpen
            }
            State::Open { .. } | State::HalfOpen { .. } | State::ForcedOpen { .. } => {
                BreakerState::HalfOpen
            }
            State::Disabled => BreakerState::Disabled,
        }
    }

    /// Probe leases that are out.
    #[must_use]
    pub fn leases(&self, now: Mono) -> usize {
        self.leases.iter().filter(|lease| now < lease.until).count()
    }

    /// An operator opens it, until a time or until [`Breaker::reset`].
    pub fn force_open(&mut self, until: Option<Mono>) -> BreakerState {
        self.turn(State::ForcedOpen { until });
        BreakerState::ForcedOpen
    }

    /// An operator switches it off: all pass, nothing is judged.
    pub fn disable(&mut self) -> BreakerState {
        self.turn(State::Disabled);
        BreakerState::Disabled
    }

    /// An operator closes it: all pass, everything before is forgotten.
    pub fn reset(&mut self, now: Mono) -> BreakerState {
        self.turn(State::Closed { since: now, ramp: Duration::ZERO });
        self.level = 0;
        BreakerState::Closed
    }

    /// Forgets what was counted: it proves nothing once something larger was found to be down.
    pub fn forget_counts(&mut self) {
        self.window.clear();
        self.run = Run { last_good: self.run.last_good, ..Run::default() };
    }

    /// Counts a report and says until when the provider asked to be left alone, if a rule is met.
    fn count(&mut self, policy: &Policy, now: Mono, report: Report) -> Option<Mono> {
        let (failed, hinted) = match (report, self.scope) {
            (Report::Neutral, _) => return None,
            (Report::Good, _) | (Report::Soft, Scope::Authority) => (false, now),
            (Report::Soft, Scope::Operation) | (Report::Hard, _) => (true, now),
            (Report::Overloaded(until), _) => (true, until),
        };
        self.window.add(now, failed);
        self.run.add(now, report);
        if !failed {
            return None;
        }
        let (calls, failures) = self.window.sums(now);
        let ratio = f64::from(failures) >= policy.failure_ratio * f64::from(calls);
        let by_ratio = calls >= policy.min_calls && ratio;
        let by_run = self.scope == Scope::Authority && self.run.opens(now);
        (by_ratio || by_run).then_some(hinted)
    }

    fn open(&mut self, policy: &Policy, now: Mono, hint: Mono, draw: Draw) -> BreakerState {
        if let State::Closed { since, .. } = self.state {
            let (calls, _) = self.window.sums(now);
            self.rare = u64::from(calls) < policy.window.as_secs().max(1);
            let clean = now.since(since).as_secs() / CLEAN.as_secs();
            self.level = self.level.saturating_sub(u8::try_from(clean).unwrap_or(u8::MAX));
        }
        let doubled = policy.open_base.saturating_mul(1_u32 << self.level.min(30));
        let most = doubled.min(policy.open_cap);
        let until = now.plus(most / 2 + draw.upto(most / 2)).max(hint);
        if doubled < policy.open_cap {
            self.level = self.level.saturating_add(1);
        }
        self.turn(State::Open { until, lasts: until.since(now) });
        BreakerState::Open
    }

    fn probe_was_good(
        &mut self,
        now: Mono,
        successes: u8,
        lasts: Duration,
    ) -> Option<BreakerState> {
        let successes = successes.saturating_add(1);
        if successes < if self.rare { 1 } else { SUCCESSES } {
            self.state = State::HalfOpen { successes, lasts };
            return None;
        }
        // A short outage gets a short ramp (a quarter: chosen).
        let ramp = (lasts / 4).clamp(RAMP_MIN, RAMP_MAX);
        let ramp = if self.rare { Duration::ZERO } else { ramp };
        self.turn(State::Closed { since: now, ramp });
        self.run.last_good = Some(now);
        Some(BreakerState::Closed)
    }

    /// Takes a lease back and says whether it was still live.
    fn return_lease(&mut self, now: Mono, pass: Pass) -> bool {
        let Some(at) = self.leases.iter().position(|lease| lease.epoch == pass.0) else {
            return false;
        };
        let lease = self.leases.swap_remove(at);
        now < lease.until
    }

    fn turn(&mut self, state: State) {
        self.state = state;
        self.epoch = self.epoch.wrapping_add(1);
        self.leases.clear();
        self.forget_counts();
    }
}

impl Run {
    fn add(&mut self, now: Mono, report: Report) {
        match report {
            Report::Neutral => {}
            Report::Good => *self = Self { last_good: Some(now), ..Self::default() },
            Report::Soft => *self = Self { last_good: self.last_good, ..Self::default() },
            Report::Hard | Report::Overloaded(_) => {
                if self.hard == 0 {
                    self.since = now;
                }
                self.hard = self.hard.saturating_add(1);
                let hinted = matches!(report, Report::Overloaded(_));
                self.hinted = if hinted { self.hinted.saturating_add(1) } else { 0 };
            }
        }
    }

    fn opens(&self, now: Mono) -> bool {
        let silent = self.last_good.is_none_or(|good| now.since(good) >= SLOW_RUN_SILENCE);
        let slow = self.hard >= SLOW_RUN && now.since(self.since) >= SLOW_RUN_SPAN && silent;
        self.hard >= RUN || slow || self.hinted >= HINT_RUN
    }
}

/// Checked parameters of a breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// How far back calls count.
    pub(crate) window: Duration,
    /// Fewer calls than this in the window prove nothing.
    pub(crate) min_calls: u32,
    /// Failed calls per call, in `(0, 1]`, at which it opens.
    pub(crate) failure_ratio: f64,
    /// First time that it stays open.
    pub(crate) open_base: Duration,
    /// Longest time that it stays open.
    pub(crate) open_cap: Duration,
    /// Calls let through at once when it is half open.
    pub(crate) probes: u16,
}

/// Why parameters are not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// A duration or a count is zero.
    Zero,
    /// The ratio is not in `(0, 1]`.
    Ratio,
    /// `base` is above `cap`.
    BaseAboveCap,
}

impl Policy {
    /// Checked parameters.
    ///
    /// # Errors
    ///
    /// Zeros, a ratio outside `(0, 1]`, a base above the cap.
    pub fn new(
        window: Duration,
        min_calls: u32,
        failure_ratio: f64,
        (open_base, open_cap): (Duration, Duration),
        probes: u16,
    ) -> Result<Self, PolicyError> {
        if window.is_zero() || open_base.is_zero() || min_calls == 0 || probes == 0 {
            return Err(PolicyError::Zero);
        }
        if !(failure_ratio > 0.0 && failure_ratio <= 1.0) {
            return Err(PolicyError::Ratio);
        }
        if open_base > open_cap {
            return Err(PolicyError::BaseAboveCap);
        }
        Ok(Self { window, min_calls, failure_ratio, open_base, open_cap, probes })
    }
}

#[cfg(test)]
mod tests {
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

    /// R-113, R-116, R-123.
    #[test]
    fn each_rule_opens_at_its_own_count_and_not_before() {
        let overloaded = Overloaded(at(100.0));
        let mut mixed = [Hard; 40];
        mixed[9] = Good;
        mixed[12] = Good;
        let check = |scope, gap, reports: &[Report], want| {
            assert_eq!(
                Scene::new(scope).reports(gap, reports),
                want,
                "{scope:?} {gap} {reports:?}"
            );
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

    /// R-116: accelerated breaking.
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

    /// R-113: closes after N successes, any failure opens again.
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

    /// R-117.
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

    /// R-119.
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
}
