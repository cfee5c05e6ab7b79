//! A provider as a caller meets it: latency, errors, stalls, and a quota of its own that it enforces by itself.
//!
//! It knows nothing of the engine: what it counts is what arrived.

use std::collections::VecDeque;
use std::time::Duration;

use outwright_core::dice::Draw;
use outwright_core::time::Mono;

/// A provider under a script.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Shortest and longest time from a request's arrival to its head.
    pub latency: (Duration, Duration),
    /// How long a body takes.
    pub body: Duration,
    /// What it does at which time; the first spell that covers a time counts, otherwise it works.
    pub spells: Vec<Spell>,
    /// The quota that it enforces.
    pub quota: Option<Quota>,
    /// Requests that arrived.
    pub arrived: u64,
    /// When they did.
    pub arrivals: Vec<Mono>,
}

/// A stretch of time with a behaviour of its own.
#[derive(Clone, Copy, Debug)]
pub struct Spell {
    /// From this time on.
    pub from: Mono,
    /// Before this time.
    pub until: Mono,
    /// What it does.
    pub mood: Mood,
}

/// What a provider does during a spell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It works.
    Up,
    /// So many of a thousand requests get this status.
    Errors {
        /// Of a thousand.
        of_mille: u32,
        /// The status they get.
        status: u16,
    },
    /// Every request gets this status and this Retry-After in seconds.
    Says {
        /// The status.
        status: u16,
        /// Seconds.
        retry_after: u32,
    },
    /// It refuses connections.
    Refuses,
    /// It takes requests and never answers.
    Silent,
    /// It cuts connections once the request is there.
    Resets,
    /// It answers only when the spell is over.
    Stalls,
    /// It works, so many times slower.
    Slow(u32),
    /// Its bodies break off.
    Truncates,
}

/// How a provider counts its quota.
#[derive(Clone, Debug)]
pub struct Quota {
    /// Requests.
    pub requests: u32,
    /// Per this time.
    pub per: Duration,
    /// How it counts.
    pub count: Count,
}

/// The ways of counting that are in use (`resilience.md` 1.6).
#[derive(Clone, Debug)]
pub enum Count {
    /// At most `requests` arrivals in any window.
    Sliding(VecDeque<Mono>),
    /// At most `requests` arrivals between two multiples of the window.
    Fixed {
        /// Which multiple.
        number: u64,
        /// Arrivals since.
        arrived: u32,
    },
    /// The generic cell rate algorithm with a burst of `requests`.
    Gcra(Mono),
}

/// What a request that arrived gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A head after a time.
    Head {
        /// Its status.
        status: u16,
        /// Seconds that it asks for.
        retry_after: Option<u32>,
        /// When it leaves the provider.
        at: Mono,
        /// Whether the body comes whole.
        body: Body,
    },
    /// Nothing, ever.
    Silence,
    /// The connection is cut.
    Reset,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// As declared.
    Whole,
    /// Before its declared end.
    Truncated,
}

/// Whether a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connect {
    /// It does.
    Stands,
    /// It is refused.
    Refused,
}

impl Peer {
    /// A provider that works, this fast.
    #[must_use]
    pub fn up(latency: (Duration, Duration)) -> Self {
        Self {
            latency,
            body: Duration::from_millis(1),
            spells: Vec::new(),
            quota: None,
            arrived: 0,
            arrivals: Vec::new(),
        }
    }

    /// Adds a spell.
    #[must_use]
    pub fn spell(mut self, from: Mono, until: Mono, mood: Mood) -> Self {
        self.spells.push(Spell { from, until, mood });
        self
    }

    /// Whether it takes connections now.
    #[must_use]
    pub fn connect(&self, now: Mono) -> Connect {
        match self.mood(now).mood {
            Mood::Refuses => Connect::Refused,
            Mood::Up
            | Mood::Errors { .. }
            | Mood::Says { .. }
            | Mood::Silent
            | Mood::Resets
            | Mood::Stalls
            | Mood::Slow(_)
            | Mood::Truncates => Connect::Stands,
        }
    }

    /// A request is here.
    pub fn arrive(&mut self, now: Mono, luck: Draw, pace: Draw) -> Answer {
        self.arrived += 1;
        self.arrivals.push(now);
        if let Some(quota) = &mut self.quota
            && let Some(seconds) = quota.refuse(now)
        {
            let (status, retry_after) = (429, Some(seconds));
            return Answer::Head { status, retry_after, at: now, body: Body::Whole };
        }
        let spell = self.mood(now);
        let (least, most) = self.latency;
        let takes = least + pace.upto(most.saturating_sub(least));
        let answers = |status, retry_after| Answer::Head {
            status,
            retry_after,
            at: now.plus(takes),
            body: Body::Whole,
        };
        match spell.mood {
            Mood::Up => answers(200, None),
            Mood::Errors { of_mille, status } => {
                let failed = luck.unit() * 1000.0 < f64::from(of_mille);
                answers(if failed { status } else { 200 }, None)
            }
            Mood::Says { status, retry_after } => answers(status, Some(retry_after)),
            Mood::Refuses | Mood::Resets => Answer::Reset,
            Mood::Silent => Answer::Silence,
            Mood::Stalls => {
                let at = spell.until.plus(takes);
                Answer::Head { status: 200, retry_after: None, at, body: Body::Whole }
            }
            Mood::Slow(times) => {
                let at = now.plus(takes.saturating_mul(times));
                Answer::Head { status: 200, retry_after: None, at, body: Body::Whole }
            }
            Mood::Truncates => {
                let at = now.plus(takes);
                Answer::Head { status: 200, retry_after: None, at, body: Body::Truncated }
            }
        }
    }

    fn mood(&self, now: Mono) -> Spell {
        let always = Spell { from: Mono::ZERO, until: Mono::MAX, mood: Mood::Up };
        let covers = |spell: &&Spell| spell.from <= now && now < spell.until;
        self.spells.iter().find(covers).copied().unwrap_or(always)
    }
}

impl Quota {
    /// A quota that is counted over any window.
    #[must_use]
    pub fn sliding(requests: u32, per: Duration) -> Self {
        Self { requests, per, count: Count::Sliding(VecDeque::new()) }
    }

    /// A quota that is counted anew at every multiple of the window.
    #[must_use]
    pub fn fixed(requests: u32, per: Duration) -> Self {
        Self { requests, per, count: Count::Fixed { number: 0, arrived: 0 } }
    }

    /// A quota by the generic cell rate algorithm, with a burst of all requests.
    #[must_use]
    pub fn gcra(requests: u32, per: Duration) -> Self {
        Self { requests, per, count: Count::Gcra(Mono::ZERO) }
    }

    /// Counts an arrival; says after how many seconds to come back when it is one too many.
    fn refuse(&mut self, now: Mono) -> Option<u32> {
        let over = match &mut self.count {
            Count::Sliding(log) => {
                while log.front().is_some_and(|first| first.plus(self.per) <= now) {
                    log.pop_front();
                }
                let over = log.len() >= usize::try_from(self.requests).unwrap_or(usize::MAX);
                if !over {
                    log.push_back(now);
                }
                over
            }
            Count::Fixed { number, arrived } => {
                let present = u128::from(now.nanos()) / self.per.as_nanos().max(1);
                let present = u64::try_from(present).unwrap_or(u64::MAX);
                if *number != present {
                    (*number, *arrived) = (present, 0);
                }
                *arrived += 1;
                *arrived > self.requests
            }
            Count::Gcra(arrives) => {
                let step = self.per / self.requests.max(1);
                let next = (*arrives).max(now);
                let over = next.since(now) > self.per.saturating_sub(step);
                if !over {
                    *arrives = next.plus(step);
                }
                over
            }
        };
        over.then(|| u32::try_from(self.per.as_secs().max(1)).unwrap_or(u32::MAX))
    }
}
