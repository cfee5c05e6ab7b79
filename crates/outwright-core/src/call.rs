//! The order of a call, and nothing else.
//!
//! admission · deadline · joint grant · (intent) · limits · send · classify and learn · retry (back to the grant) ·
//! fallback · settle.
//! Cheap refusal comes before expensive work; what must be had together is granted together.
//!
//! ```text
//! Enter ─ granted ─► Intend ─ (claimed) ─► Flight ─ head ─► (Peek) ─► Relay ─► Relaying ─ body end ─► Done
//!   │  ▲                                      │ retry
//!   │  └──── Backoff ◄── Discard ◄────────────┘
//!   └─ must wait ─► Queued ─ handed a grant ─► Intend;   refused, late, gone ─► Done
//! What would end badly, and is a read with a fallback ─► (Recall) ─► Done
//! A read that follows another one: Following ─ shared ─► Share ─► Sharing ─ body end ─► Done;   else ─► Enter
//! ```
//!
//! A call that is kept in a ledger writes its intent before its first send and its outcome before it is answered.
//! A call holds no heap and no lock. It is told the time, chance and what the world answered, and says what to do.
//! Every grant that it gets it gives back, by value, exactly once, also when its caller goes away.

use crate::admission;
use crate::classify;
use crate::deadline::{Cut, Deadline, Fit};
use crate::dice::Dice;
use crate::event::{Event, What};
use crate::gates::{Gates, Grant, Left, Sending, Ticket};
use crate::idempotency::Trail;
use crate::outcome::{AttemptNo, Class, Effect, Fault, Sent, Verdict};
use crate::provider::{Plan, Priority, Provider};
use crate::record::Told;
use crate::refusal::{Reason, Refusal};
use crate::retry::Tally;
use crate::step::{Action, CallId, Input, Reply, Request, Source, Step};
use crate::time::{Mono, Now};

mod fall;
mod follow;
mod hear;
mod turns;

/// What a step is told besides its input.
#[derive(Debug)]
pub struct Cx<'a> {
    /// What time it is.
    pub now: Now,
    /// The contract that the call was admitted under: it rules what the call does.
    pub provider: &'a Provider,
    /// The contract that stands now, which the gates go by; another one only after a reload
    /// ([`Provider::succeeding`] keeps the indices the same).
    pub standing: &'a Provider,
    /// The shared state of the provider, under its lock.
    pub gates: &'a mut Gates,
    /// Chance.
    pub dice: Dice,
    /// What happened, for telemetry.
    pub events: &'a mut Vec<Event>,
}

/// One call, from admission to its end.
#[derive(Debug)]
pub struct Call {
    request: Request,
    priority: Priority,
    deadline: Deadline,
    stage: Stage,
    grant: Option<Grant>,
    /// The attempt that is or was last in flight; numbers sends.
    attempt: AttemptNo,
    sends: u8,
    /// How much of that attempt's request had left, and what its reply means.
    sent: Sent,
    heard: Verdict,
    /// What its repeats used up.
    tally: Tally,
    /// Whether the next attempt was paid from the budget.
    paid: Paid,
    /// Whether an attempt may change something at the provider.
    mutates: Mutates,
    /// When it last began to wait for a grant.
    asked: Mono,
    /// What its attempts may have done at the provider.
    trail: Trail,
    /// Whether a byte of any attempt may have left.
    left: Left,
    /// The version of the credential that the provider refused.
    refused: Option<u32>,
    /// Whether the caller's own deadline cut the attempt short.
    cut: Cut,
    /// The attempt whose reply the driver keeps.
    kept: Option<AttemptNo>,
    /// How the last attempt without a reply ended.
    failed: Option<(Fault, Class)>,
    /// When asking again is useful, as the provider last said.
    until: Option<Mono>,
    intent: Intent,
    caller: Caller,
}

/// Where a call stands. What is to be done once is a stage of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Following(CallId),
    Enter,
    Queued(Ticket),
    Intend,
    Claiming,
    Flight,
    Peek(usize),
    Peeking,
    Refresh(u32, Mono),
    Discard(Mono),
    Backoff(Mono),
    Abort(Reply),
    Recall(After),
    Recalling(After),
    Settle(After),
    Settling(After),
    Relay,
    Relaying,
    Share(CallId),
    Sharing,
    Done(Reply),
}

/// What follows once the outcome is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum After {
    Relay,
    Done(Reply),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intent {
    None,
    Written,
    Settled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paid {
    No,
    Yes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutates {
    No,
    Yes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Here,
    Gone,
}

impl Call {
    /// Lets a request in, or says why not. Nothing is taken yet.
    ///
    /// # Errors
    ///
    /// A caller that may not, a missing key, a body above its bound, less time than an attempt needs.
    pub fn admit(cx: &mut Cx<'_>, request: Request) -> Result<Self, Refusal> {
        Self::note_told(cx, || Told::Request(request));
        let operation = cx.provider.operation(request.operation);
        let now = cx.now.mono;
        let deadline = Deadline::new(
            operation.timeouts.total(),
            operation.timeouts.attempt(),
            request.timeout,
            now,
        );
        let admitted = admission::look(cx.provider, operation, &request).and_then(|()| {
            match deadline.fit(now) {
                Fit::Fits => Ok(()),
                Fit::TooLate => Err(Refusal::now(Reason::DeadlineTooShort)),
            }
        });
        if let Err(refusal) = admitted {
            cx.events.push(Event { call: request.id, what: What::Refused(refusal.reason) });
            return Err(refusal);
        }
        let priority =
            admission::priority(cx.provider, operation, request.caller, request.priority);
        Ok(Self {
            request,
            priority,
            deadline,
            stage: Stage::Enter,
            grant: None,
            attempt: AttemptNo::FIRST,
            sends: 0,
            sent: Sent::Nothing,
            heard: Verdict::GOOD,
            tally: Tally::default(),
            paid: Paid::No,
            mutates: if operation.plan == Plan::Safe { Mutates::No } else { Mutates::Yes },
            asked: now,
            trail: Trail::NEW,
            left: Left::Unsent,
            refused: None,
            cut: Cut::No,
            kept: None,
            failed: None,
            until: None,
            intent: Intent::None,
            caller: Caller::Here,
        })
    }

    /// Hears what the world answered. What belongs to no live attempt is ignored.
    pub fn handle(&mut self, cx: &mut Cx<'_>, input: Input<'_>) {
        self.note_input(cx, &input);
        match input {
            Input::Tick => {}
            Input::CallerGone => self.caller_gone(cx),
            Input::Claimed(claimed) => self.claimed(cx, claimed),
            Input::Settled => {
                if let Stage::Settling(after) = self.stage {
                    self.stage = after.stage();
                }
            }
            Input::Head { attempt, head, sent } => {
                let (heard, peek) = self.would_hear(cx, &head, sent);
                self.hears(cx, (attempt, sent), heard, peek);
            }
            Input::Failed { attempt, sent, fault } => {
                if attempt == self.attempt && self.stage == Stage::Flight {
                    self.sent = sent;
                    self.left = if sent == Sent::Nothing { self.left } else { Left::Sent };
                    let verdict = self.excused(cx, fault, classify::fault(fault, sent));
                    self.broken(cx, fault, verdict);
                }
            }
            Input::Prefix { attempt, head, bytes } => {
                let heard = self.would_hear_all(cx, &head, bytes);
                self.hears_all(cx, attempt, heard);
            }
            Input::BodyEnd { attempt, end } => {
                if attempt == self.attempt {
                    self.body_end(cx, end);
                }
            }
            Input::Recalled(found) => self.recalled(cx, found),
            Input::Follows(leader) => self.follow(cx, leader),
            Input::Landed(landed) => self.landed(cx, landed),
        }
    }

    /// What to do now. Between two inputs, everything there is to do is said once, then when to come back.
    pub fn poll(&mut self, cx: &mut Cx<'_>) -> Step {
        let step = self.next(cx);
        if let Step::Done(_) = step
            && (self.grant.is_some() || self.ticket().is_some())
        {
            cx.gates.bug("a call that is over holds nothing");
        }
        if cfg!(debug_assertions)
            && let Err(broken) = cx.gates.verify(cx.standing, cx.now.mono)
        {
            cx.gates.bug(broken);
        }
        step
    }

    fn next(&mut self, cx: &mut Cx<'_>) -> Step {
        Self::note_told(cx, || Told::Poll(self.request.id));
        loop {
            let ends = self.deadline.ends();
            match self.stage {
                Stage::Following(_) if cx.now.mono < ends => return Step::Wait(ends),
                Stage::Following(_) => self.waited_too_long(cx),
                Stage::Enter => self.enter(cx),
                Stage::Queued(ticket) => {
                    if let Some(until) = self.claim(cx, ticket) {
                        return Step::Wait(until);
                    }
                }
                Stage::Intend if self.request.ledgered && self.intent == Intent::None => {
                    self.stage = Stage::Claiming;
                    return Step::Act(Action::Claim);
                }
                Stage::Intend => {
                    if let Some(send) = self.send(cx) {
                        return Step::Act(send);
                    }
                }
                Stage::Peek(bytes_max) => {
                    self.stage = Stage::Peeking;
                    let attempt = self.attempt;
                    return Step::Act(Action::Peek { attempt, bytes_max });
                }
                Stage::Refresh(version, then) => {
                    self.stage = Stage::Discard(then);
                    return Step::Act(Action::Refresh(version));
                }
                Stage::Discard(then) => {
                    self.stage = Stage::Backoff(then);
                    return Step::Act(if self.kept == Some(self.attempt) {
                        Action::Discard(self.attempt)
                    } else {
                        Action::Abort(self.attempt)
                    });
                }
                Stage::Backoff(until) if cx.now.mono < until => return Step::Wait(until),
                Stage::Backoff(_) => {
                    self.asked = cx.now.mono;
                    self.stage = Stage::Enter;
                }
                Stage::Abort(reply) => {
                    self.finish(After::Done(reply));
                    return Step::Act(Action::Abort(self.attempt));
                }
                Stage::Recall(after) => {
                    self.stage = Stage::Recalling(after);
                    return Step::Act(Action::Recall);
                }
                Stage::Settle(after) => return Step::Act(self.settle(after)),
                Stage::Relay => {
                    self.stage = Stage::Relaying;
                    return Step::Relay(Source::Attempt(self.attempt));
                }
                Stage::Share(leader) => return self.share(leader),
                Stage::Done(reply) => {
                    cx.events.push(Event { call: self.request.id, what: What::Done });
                    return Step::Done(reply);
                }
                Stage::Claiming
                | Stage::Flight
                | Stage::Peeking
                | Stage::Recalling(_)
                | Stage::Settling(_)
                | Stage::Relaying
                | Stage::Sharing => return Step::Wait(Mono::MAX),
            }
        }
    }

    /// Its place in the queue, while it stands in one.
    #[must_use]
    pub const fn ticket(&self) -> Option<Ticket> {
        if let Stage::Queued(ticket) = self.stage { Some(ticket) } else { None }
    }

    /// Whether the call has to go on although its caller is gone.
    #[must_use]
    pub fn must_finish(&self) -> bool {
        match self.stage {
            Stage::Claiming | Stage::Settle(_) | Stage::Settling(_) => true,
            Stage::Flight | Stage::Peek(_) | Stage::Peeking => self.mutates == Mutates::Yes,
            Stage::Following(_)
            | Stage::Enter
            | Stage::Queued(_)
            | Stage::Intend
            | Stage::Refresh(..)
            | Stage::Discard(_)
            | Stage::Backoff(_)
            | Stage::Abort(_)
            | Stage::Recall(_)
            | Stage::Recalling(_)
            | Stage::Relay
            | Stage::Relaying
            | Stage::Share(_)
            | Stage::Sharing
            | Stage::Done(_) => self.intent == Intent::Written,
        }
    }

    /// Which call this is.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The attempt that is or was last in flight.
    #[must_use]
    pub const fn attempt(&self) -> AttemptNo {
        self.attempt
    }

    /// Whether the attempt that was begun may still leave: asked once its connection stands, before its first byte.
    ///
    /// If not, the driver reports that nothing was sent, and the call asks for another grant or ends.
    #[must_use]
    pub fn may_leave(&self, cx: &Cx<'_>) -> bool {
        let stands = |grant| cx.gates.stands(cx.now.mono, grant) == Sending::Go;
        self.caller == Caller::Here && self.grant.as_ref().is_some_and(stands)
    }

    /// What was done at the provider, over all attempts so far.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.trail.effect()
    }

    /// Sends that were made.
    #[must_use]
    pub const fn sends(&self) -> u8 {
        self.sends
    }

    /// The deadline that all its waits are paid from.
    #[must_use]
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }
}

impl After {
    const fn stage(self) -> Stage {
        match self {
            Self::Relay => Stage::Relay,
            Self::Done(reply) => Stage::Done(reply),
        }
    }
}
