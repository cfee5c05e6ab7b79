//! What the gates learn from an attempt: the breakers' verdict, and what the provider asked for.

use std::mem;

use super::{
    Breaker, BreakerState, Draw, Gates, Issued, Lesson, Mode, Mono, OpIndex, Provider, Reason,
    Refusal, Try, Verdict, breaker, hold, opens,
};
use crate::outcome::{Class, Evidence};

impl Lesson {
    /// Nothing was taught: cancelled, or never sent.
    pub(super) const NOTHING: Self = Self {
        verdict: Verdict { evidence: Evidence::Neutral, ..Verdict::GOOD },
        try_number: Try::First,
        draw: Draw::of(0),
    };
}

impl Gates {
    pub(super) fn judge(&mut self, p: &Provider, now: Mono, issued: Issued, lesson: Lesson) {
        let Lesson { verdict, try_number, draw } = lesson;
        let report = report(&verdict, now);
        if verdict.is_good() && verdict.evidence != Evidence::Neutral {
            match try_number {
                Try::First => self.budget.first_succeeded(&p.budget, now),
                Try::Repeat => self.budget.retry_succeeded(&p.budget, now),
            }
        }
        let changed = self.authority.learn(&p.breaker, now, issued.authority, report, draw);
        self.note(None, changed);
        if changed == Some(BreakerState::Open) {
            self.operations.iter_mut().for_each(Breaker::forget_counts);
            let until = self.authority_opens(p, now);
            self.refuse_waiters(until, |_| p.mode == Mode::Enforce);
        }
        // What took the whole authority down says nothing of one operation.
        let opened = changed == Some(BreakerState::Open);
        let report_of_operation = if opened { breaker::Report::Neutral } else { report };
        if let Some(breaker) = self.operations.get_mut(usize::from(issued.operation.0)) {
            let report = report_of_operation;
            let changed = breaker.learn(&p.breaker, now, issued.by_operation, report, draw);
            if changed == Some(BreakerState::Open) {
                let until = opens(breaker.look(&p.breaker, now));
                let refusal = Refusal { reason: Reason::BreakerOpen, until };
                self.refuse_waiters(refusal, |waiter| {
                    waiter.operation == issued.operation && p.mode == Mode::Enforce
                });
            }
            self.note(Some(issued.operation), changed);
        }
        if lesson != Lesson::NOTHING {
            self.hold(p, now, issued.operation, &verdict, draw);
        }
    }

    /// Notes what the provider asked for, on every lane that may share the quota it speaks of.
    fn hold(&mut self, p: &Provider, now: Mono, operation: OpIndex, verdict: &Verdict, draw: Draw) {
        let class = verdict.class;
        let hint = verdict.hint.map(|hint| now.plus(hint.least()));
        let own = self.lane_of(operation);
        let windows = self.lanes.get(usize::from(own)).map_or(0, |lane| lane.windows);
        let pause = match (class, hint) {
            (Class::Throttled | Class::Overloaded | Class::Transient, Some(until)) => until,
            (Class::Throttled, None) => {
                let base = p.operation(operation).retry.throttle().base();
                now.plus(base / 2 + draw.upto(base / 2))
            }
            (Class::Success, _) => {
                for (number, lane) in self.lanes.iter_mut().enumerate() {
                    if number == usize::from(own) || lane.windows & windows != 0 {
                        lane.hold.worked();
                    }
                }
                return;
            }
            (Class::Exhausted, _) => now,
            (Class::Transient | Class::Overloaded, None) => return,
            (Class::Rejected | Class::Unauthorized, _) => return,
        };
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            if number != usize::from(own) && lane.windows & windows == 0 {
                continue;
            }
            if class == Class::Exhausted {
                lane.hold.exhaust(now, hint);
            } else {
                lane.hold.pause(now, pause);
            }
        }
        if class != Class::Exhausted && p.mode == Mode::Enforce {
            let refusal = Refusal::until(Reason::Hold, pause);
            let mut lanes = mem::take(&mut self.lanes);
            let mut lane_of = mem::take(&mut self.lane_of);
            self.refuse_waiters(refusal, |waiter| {
                let lane = lane_of.get(usize::from(waiter.operation.0));
                let lane = lane.and_then(|lane| lanes.get(usize::from(*lane)));
                let held = lane.is_some_and(|lane| lane.hold.look(now) == hold::Look::Until(pause));
                held && waiter.latest < pause
            });
            mem::swap(&mut self.lanes, &mut lanes);
            mem::swap(&mut self.lane_of, &mut lane_of);
        }
    }
}

/// What a verdict says to a breaker.
fn report(verdict: &Verdict, now: Mono) -> breaker::Report {
    match (verdict.evidence, verdict.hint) {
        (Evidence::Success, _) => breaker::Report::Good,
        (Evidence::Soft, _) => breaker::Report::Soft,
        (Evidence::Neutral, _) => breaker::Report::Neutral,
        // A hint that is too long to be waited out is the hold's business, which lets a probe pass.
        (Evidence::Overload, Some(hint)) if !hint.is_long() => {
            breaker::Report::Overloaded(now.plus(hint.least()))
        }
        (Evidence::Overload | Evidence::Hard, _) => breaker::Report::Hard,
    }
}
