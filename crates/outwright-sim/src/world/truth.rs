//! What has to hold, as seen from outside the engine: from what was sent and heard, not from what it says of itself.

use std::time::Duration;

use outwright_core::event::{BreakerState, Event, What};
use outwright_core::limits::HINT_MAX;
use outwright_core::outcome::AttemptNo;
use outwright_core::provider::{CallerIndex, OpIndex, Provider};
use outwright_core::step::{Input, Reply};
use outwright_core::time::Mono;
use outwright_core::timeout::Limits;

use super::setting;
use crate::peer::Body;

/// How much later than its deadline a caller may be answered (`product.md` 7).
const LATE_MAX: Duration = Duration::from_millis(10);

/// What the world has seen.
#[derive(Clone, Debug)]
pub struct Truth {
    /// Per lane: nobody may send before, as the provider said.
    holds: Vec<Mono>,
    /// The windows of each lane.
    lanes: Vec<u64>,
    /// The lane of each operation.
    lane_of: Vec<usize>,
    calls: Vec<Seen>,
    /// Per caller: attempts under way, and how many may be.
    under_way: Vec<(u32, u32)>,
    /// How often breakers opened: first the provider's, then each operation's.
    openings: Vec<u64>,
}

/// What was seen of one call.
#[derive(Clone, Copy, Debug)]
struct Seen {
    operation: OpIndex,
    deadline: Mono,
    caller: Caller,
    body: Body,
    who: Option<CallerIndex>,
    attempt: Attempt,
    /// The breakers of provider and operation when its last attempt was sent.
    at_send: [At; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Here,
    Gone,
}

/// Whether a request is at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    None,
    UnderWay,
}

/// A breaker at a moment.
#[derive(Clone, Copy, Debug)]
struct At {
    state: BreakerState,
    openings: u64,
}

impl Truth {
    pub(super) fn new(provider: &Provider, callers: usize) -> Self {
        let at = At { state: BreakerState::Closed, openings: 0 };
        let nobody = Seen {
            operation: OpIndex(0),
            deadline: Mono::MAX,
            caller: Caller::Here,
            body: Body::Whole,
            who: None,
            attempt: Attempt::None,
            at_send: [at; 2],
        };
        let operations = &provider.operations;
        Self {
            holds: vec![Mono::ZERO; provider.lanes.len().max(1)],
            lanes: provider.lanes.to_vec(),
            lane_of: operations.iter().map(|op| usize::from(op.lane)).collect(),
            calls: vec![nobody; callers],
            under_way: provider.callers.iter().map(|caller| (0, caller.share.slots())).collect(),
            openings: vec![0; operations.len() + 1],
        }
    }

    /// What a call asks for.
    pub(super) fn operation(&self, number: usize) -> OpIndex {
        self.calls.get(number).map_or(OpIndex(0), |seen| seen.operation)
    }

    pub(super) fn called(&mut self, number: usize, caller: &setting::Caller, deadline: Mono) {
        if let Some(seen) = self.calls.get_mut(number) {
            (seen.operation, seen.deadline, seen.who) = (caller.operation, deadline, caller.who);
        }
    }

    /// What ends an attempt, from the moment that its call hears of it.
    pub(super) fn hears(&mut self, number: usize, live: AttemptNo, input: &Input<'_>) {
        if let Input::Failed { attempt, .. } | Input::BodyEnd { attempt, .. } = input
            && *attempt == live
        {
            self.over(number);
        }
    }

    /// The attempt of a call is no longer at the provider.
    pub(super) fn over(&mut self, number: usize) {
        let Some(seen) = self.calls.get_mut(number) else { return };
        if std::mem::replace(&mut seen.attempt, Attempt::None) == Attempt::UnderWay
            && let Some((held, _)) =
                seen.who.and_then(|at| self.under_way.get_mut(usize::from(at.0)))
        {
            *held -= 1;
        }
    }

    pub(super) fn gone(&mut self, number: usize) {
        if let Some(seen) = self.calls.get_mut(number) {
            seen.caller = Caller::Gone;
        }
    }

    /// A request leaves.
    pub(super) fn sent(
        &mut self,
        now: Mono,
        number: usize,
        limits: &Limits,
        states: [BreakerState; 2],
    ) -> Result<(), String> {
        let openings = &self.openings;
        let Some(seen) = self.calls.get_mut(number) else { return Ok(()) };
        let own = usize::from(seen.operation.0);
        let opened = [0, own + 1].map(|at| openings.get(at).copied().unwrap_or(0));
        let [provider, operation] = states;
        let [first, second] = opened;
        seen.at_send =
            [At { state: provider, openings: first }, At { state: operation, openings: second }];
        seen.attempt = Attempt::UnderWay;
        if let Some((held, share)) =
            seen.who.and_then(|at| self.under_way.get_mut(usize::from(at.0)))
        {
            *held += 1;
            if *held > *share {
                return Err(format!(
                    "call {number} is one more than its caller's share of {share}"
                ));
            }
        }
        let lane = self.lane_of.get(own).copied().unwrap_or(0);
        let held = self.holds.get(lane).copied().unwrap_or(Mono::ZERO);
        if now < held {
            return Err(format!("call {number} was sent before the hold's end at {held:?}"));
        }
        if limits.end <= now || limits.end > seen.deadline {
            return Err(format!("call {number} was sent with an end at {:?}", limits.end));
        }
        Ok(())
    }

    /// A head came back: what it asks for counts from now.
    pub(super) fn heard(&mut self, now: Mono, number: usize, status: u16, after: Option<u32>) {
        let Some(seconds) = after.filter(|_| matches!(status, 429 | 503)) else { return };
        let wait = Duration::from_secs(u64::from(seconds));
        if wait > HINT_MAX {
            return;
        }
        let Some(seen) = self.calls.get(number) else { return };
        let own = self.lane_of.get(usize::from(seen.operation.0)).copied().unwrap_or(0);
        let windows = self.lanes.get(own).copied().unwrap_or(0);
        for (lane, hold) in self.holds.iter_mut().enumerate() {
            if lane == own || self.lanes.get(lane).is_some_and(|bits| bits & windows != 0) {
                *hold = (*hold).max(now.plus(wait));
            }
        }
    }

    pub(super) fn body(&mut self, number: usize, body: Body) {
        if let Some(seen) = self.calls.get_mut(number) {
            seen.body = body;
        }
    }

    pub(super) fn body_of(&self, number: usize) -> Body {
        self.calls.get(number).map_or(Body::Whole, |seen| seen.body)
    }

    /// The caller has its answer.
    pub(super) fn answered(&self, now: Mono, number: usize) -> Result<(), String> {
        let Some(seen) = self.calls.get(number) else { return Ok(()) };
        let late = now.since(seen.deadline);
        if seen.caller == Caller::Here && late > LATE_MAX {
            return Err(format!("the caller of call {number} was answered {late:?} late"));
        }
        Ok(())
    }

    pub(super) fn done(&mut self, number: usize, reply: &Reply) -> Result<(), String> {
        self.over(number);
        let here = self.calls.get(number).is_some_and(|seen| seen.caller == Caller::Here);
        if here && *reply == Reply::Gone {
            return Err(format!("the caller of call {number} stayed and was told that it is gone"));
        }
        Ok(())
    }

    /// A breaker closes only through a probe that was sent since it last opened.
    pub(super) fn event(&mut self, number: usize, event: &Event) -> Result<(), String> {
        let What::Breaker { operation, to } = event.what else { return Ok(()) };
        let at = operation.map_or(0, |operation| usize::from(operation.0) + 1);
        let Some(openings) = self.openings.get_mut(at) else { return Ok(()) };
        match to {
            BreakerState::Open => *openings += 1,
            BreakerState::Closed => {
                let Some(seen) = self.calls.get(number) else { return Ok(()) };
                let [provider, own] = seen.at_send;
                let sent = if at == 0 { provider } else { own };
                if sent.state != BreakerState::HalfOpen || sent.openings != *openings {
                    return Err(format!(
                        "call {number} closed a breaker, but was sent when it was {}, {} openings ago",
                        sent.state.word(),
                        *openings - sent.openings
                    ));
                }
            }
            BreakerState::HalfOpen | BreakerState::ForcedOpen | BreakerState::Disabled => {}
        }
        Ok(())
    }
}
