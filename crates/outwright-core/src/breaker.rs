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

impl Pass {
    /// Of somebody who was never asked.
    pub(crate) const NONE: Self = Self(0);
}

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

    /// Goes on under another policy: its state stays; what it counted stays where the window is as long as it was.
    pub fn follow(&mut self, before: &Policy, policy: &Policy) {
        if before.window != policy.window {
            self.window = Window::new(policy.window);
        }
    }

    /// Begins anew, since what it judged is somewhere else now; what an operator decided stays.
    ///
    /// Passes that are out are stale: they tell of what it judged before. Says the new state where it changed.
    pub fn begin_anew(&mut self, policy: &Policy) -> Option<BreakerState> {
        let closed = State::Closed { since: Mono::ZERO, ramp: Duration::ZERO };
        let (state, changed) = match self.state {
            State::Closed { .. } => (closed, None),
            State::Open { .. } | State::HalfOpen { .. } => (closed, Some(BreakerState::Closed)),
            stays @ (State::ForcedOpen { .. } | State::Disabled) => (stays, None),
        };
        let epoch = self.epoch.wrapping_add(1);
        *self = Self { state, epoch, ..Self::new(policy, self.scope) };
        changed
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
mod tests;
