//! How a call goes from one stage to the next.

use super::{
    Action, After, Ask, Call, Caller, Claim, Claimed, Cx, Effect, Entry, Event, Fault, Head,
    Intent, Judged, Left, Limits, Mono, Next, Reason, Refusal, Reply, Salt, Sent, Skip, Stage,
    Ticket, What,
};
use super::{BodyEnd, Class, Failure, Fit};
use crate::credential::Refused;

impl Call {
    /// Asks the gates for everything that the next attempt needs.
    pub(super) fn enter(&mut self, cx: &mut Cx<'_>) {
        if self.sends > 0 {
            self.attempt = self.attempt.next();
        }
        let ask = Ask {
            operation: self.request.operation,
            priority: self.priority,
            latest: self.deadline.latest(),
            draw: cx.dice.draw(self.request.id.0, Salt::Ramp(self.attempt.number())),
        };
        match cx.gates.enter(cx.provider, cx.now.mono, &ask) {
            Entry::Granted(grant) => self.granted(cx, grant),
            Entry::Queued(ticket) => {
                self.tell(cx, What::Queued);
                self.stage = Stage::Queued(ticket);
            }
            Entry::Refused(refusal) => self.refused(cx, refusal),
        }
    }

    /// Asks again for a grant that it waits for; says until when it has to go on waiting.
    pub(super) fn claim(&mut self, cx: &mut Cx<'_>, ticket: Ticket) -> Option<Mono> {
        match cx.gates.claim(cx.provider, cx.now.mono, ticket) {
            Claim::Still(until) => return Some(until),
            Claim::Granted(grant) => self.granted(cx, grant),
            Claim::Refused(refusal) => self.refused(cx, refusal),
        }
        None
    }

    fn granted(&mut self, cx: &mut Cx<'_>, grant: super::Grant) {
        self.grant = Some(grant);
        self.tell(cx, What::Granted { waited: cx.now.mono.since(self.asked) });
        self.stage = Stage::Intend;
    }

    fn refused(&mut self, cx: &mut Cx<'_>, refusal: Refusal) {
        self.tell(cx, What::Refused(refusal.reason));
        if self.sends == 0 {
            return self.finish(After::Done(Reply::Refused(refusal)));
        }
        let why = match refusal.reason {
            Reason::BreakerOpen => Skip::BreakerOpen,
            Reason::Hold | Reason::Exhausted => Skip::HintTooLong,
            Reason::DeadlineTooShort => Skip::Deadline,
            Reason::CallerGone => Skip::CallerGone,
            Reason::LimiterFull
            | Reason::QueueFull
            | Reason::QueueWait
            | Reason::CredentialMissing
            | Reason::BodyTooLarge
            | Reason::KeyMissing
            | Reason::StoreDown
            | Reason::Draining => Skip::Gates,
        };
        self.until = refusal.until.or(self.until);
        self.tell(cx, What::RetrySkipped(why));
        self.give_up(why);
    }

    /// The ledger's answer: the intent is written, or this call is not to be sent.
    pub(super) fn claimed(&mut self, cx: &mut Cx<'_>, claimed: Claimed) {
        if self.stage != Stage::Claiming {
            return;
        }
        let reply = match claimed {
            Claimed::Fresh => {
                self.intent = Intent::Written;
                self.stage = Stage::Intend;
                if self.caller == Caller::Here {
                    return;
                }
                Reply::Gone
            }
            Claimed::Known => Reply::Known,
            Claimed::Down => Reply::Refused(Refusal::now(Reason::StoreDown)),
        };
        self.leave(cx, Left::Unsent);
        self.finish(After::Done(reply));
    }

    /// The send of a granted attempt, unless too much time has passed since.
    pub(super) fn send(&mut self, cx: &mut Cx<'_>) -> Option<Action> {
        let now = cx.now.mono;
        if self.deadline.fit(now) == Fit::TooLate {
            self.leave(cx, Left::Unsent);
            self.refused(cx, Refusal::now(Reason::DeadlineTooShort));
            return None;
        }
        let Some(grant) = self.grant.as_mut() else {
            cx.gates.bug("a call sends only with a grant");
            self.finish(After::Done(Reply::Gone));
            return None;
        };
        cx.gates.sending(now, grant);
        let version = grant.version();
        let operation = cx.provider.operation(self.request.operation);
        let limits = Limits::of(&operation.timeouts, operation.stream, now, self.deadline.ends());
        self.sends = self.sends.saturating_add(1);
        self.stage = Stage::Flight;
        self.tell(cx, What::Sent(self.attempt));
        Some(Action::Send { attempt: self.attempt, limits, version })
    }

    /// A response head: the request has arrived.
    pub(super) fn head(&mut self, cx: &mut Cx<'_>, head: &Head<'_>, sent: Sent) {
        if let Some(grant) = &self.grant {
            cx.gates.answered(cx.now.mono, grant);
        }
        match self.retries.head(cx, &self.request, head, sent) {
            Some(judged) => self.judged(cx, judged),
            None => self.stage = Stage::Peek,
        }
    }

    /// A reply, as far as it decides: relayed, or discarded and asked for again.
    pub(super) fn judged(&mut self, cx: &mut Cx<'_>, judged: Judged) {
        self.note(cx, &judged, None);
        if judged.class == Class::Success {
            if cx.provider.operation(self.request.operation).stream.is_some() {
                // A stream has no useful end: its head is what there is to judge.
                self.learn(cx, &judged);
            }
            return self.finish(After::Relay);
        }
        self.learn(cx, &judged);
        match self.decide(cx, &judged) {
            Next::Again(at) => {
                self.kept = Some(self.attempt);
                self.leave(cx, Left::Sent);
                self.stage = Stage::Discard(at);
            }
            Next::Refresh(at) => {
                self.kept = Some(self.attempt);
                let fetch = self.grant.as_ref().and_then(|grant| {
                    let refused = cx.gates.credential_refused(cx.provider, grant);
                    (refused == Refused::Fetch).then(|| grant.version())
                });
                self.leave(cx, Left::Sent);
                self.stage = match fetch {
                    Some(version) => Stage::Refresh(version, at),
                    None => Stage::Discard(at),
                };
            }
            Next::Stop(_) => self.finish(After::Relay),
        }
    }

    /// No head came.
    pub(super) fn fault(&mut self, cx: &mut Cx<'_>, fault: Fault, sent: Sent) {
        let judged = self.retries.fault(cx, &self.request, fault, sent);
        let left = if sent == Sent::Nothing { Left::Unsent } else { Left::Sent };
        self.broken(cx, fault, &judged, left);
    }

    /// An attempt that ended without a reply to show.
    fn broken(&mut self, cx: &mut Cx<'_>, fault: Fault, judged: &Judged, left: Left) {
        self.note(cx, judged, Some(fault));
        self.failed = Some((fault, judged.class));
        self.learn(cx, judged);
        self.leave(cx, left);
        match self.decide(cx, judged) {
            Next::Again(at) | Next::Refresh(at) => self.stage = Stage::Backoff(at),
            Next::Stop(why) => self.give_up(why),
        }
    }

    /// The body of a relayed reply is over, or a body broke before anything was relayed.
    pub(super) fn body_end(&mut self, cx: &mut Cx<'_>, end: BodyEnd) {
        match (self.stage, end) {
            (Stage::Relaying, end) => {
                if let BodyEnd::Broken(fault) = end {
                    let judged = self.retries.body(cx, &self.request, fault);
                    self.note(cx, &judged, Some(fault));
                    self.learn(cx, &judged);
                } else if end == BodyEnd::Whole {
                    let judged = self.retries.whole();
                    self.learn(cx, &judged);
                }
                self.leave(cx, Left::Sent);
                self.stage = Stage::Done(Reply::Relayed(end));
            }
            (Stage::Peeking, BodyEnd::Broken(fault)) => {
                let judged = self.retries.body(cx, &self.request, fault);
                self.broken(cx, fault, &judged, Left::Sent);
            }
            (Stage::Peeking, BodyEnd::Whole) => {
                let judged = self.retries.prefix(cx, &self.request, &[]);
                self.judged(cx, judged);
            }
            (Stage::Peeking, BodyEnd::CallerGone) => self.caller_gone(cx),
            (
                Stage::Enter
                | Stage::Queued(_)
                | Stage::Intend
                | Stage::Claiming
                | Stage::Flight
                | Stage::Peek
                | Stage::Refresh(..)
                | Stage::Discard(_)
                | Stage::Backoff(_)
                | Stage::Abort(_)
                | Stage::Settle(_)
                | Stage::Settling(_)
                | Stage::Relay
                | Stage::Done(_),
                _,
            ) => {}
        }
    }

    /// The caller went away: what nobody needs is given back, what has to be finished goes on.
    pub(super) fn caller_gone(&mut self, cx: &mut Cx<'_>) {
        self.caller = Caller::Gone;
        match self.stage {
            Stage::Queued(ticket) => {
                cx.gates.forget(cx.provider, cx.now.mono, ticket);
                self.finish(After::Done(Reply::Gone));
            }
            Stage::Enter | Stage::Backoff(_) => self.finish(After::Done(Reply::Gone)),
            Stage::Intend => {
                self.leave(cx, Left::Unsent);
                self.finish(After::Done(Reply::Gone));
            }
            Stage::Flight | Stage::Peek | Stage::Peeking if self.retries.mutates() => {}
            Stage::Flight | Stage::Peek | Stage::Peeking | Stage::Relay => {
                self.leave(cx, Left::Sent);
                self.stage = Stage::Abort(Reply::Gone);
            }
            Stage::Refresh(..) | Stage::Discard(_) => self.stage = Stage::Abort(Reply::Gone),
            // Whoever reads the body, or answers for the ledger, ends these.
            Stage::Relaying
            | Stage::Claiming
            | Stage::Abort(_)
            | Stage::Settle(_)
            | Stage::Settling(_)
            | Stage::Done(_) => {}
        }
    }

    /// No further attempt: the best that there is to show.
    fn give_up(&mut self, why: Skip) {
        let lost = self.failed.filter(|_| self.effect == Effect::Unknown && self.retries.mutates());
        let reply = match (self.kept, lost.or(self.failed)) {
            // A kept refusal must not hide that a later attempt may have acted.
            (Some(attempt), _) if lost.is_none() => Reply::Last { attempt, why },
            (_, Some((fault, class))) => Reply::Failed(Failure {
                fault,
                class,
                effect: self.effect,
                why,
                attempts: self.sends,
                until: self.until,
            }),
            (Some(attempt), None) => Reply::Last { attempt, why },
            (None, None) => Reply::Gone,
        };
        self.finish(After::Done(reply));
    }

    /// Settles what was written, then answers.
    pub(super) fn finish(&mut self, after: After) {
        self.stage = match self.intent {
            Intent::Written => Stage::Settle(after),
            Intent::None | Intent::Settled => after.stage(),
        };
    }

    /// The outcome for the ledger; an intent of which nothing was sent is taken back.
    pub(super) fn settle(&mut self, after: After) -> Action {
        self.intent = Intent::Settled;
        if self.sends == 0 {
            self.stage = after.stage();
            return Action::Release;
        }
        self.stage = Stage::Settling(after);
        Action::Settle(self.effect)
    }

    fn decide(&mut self, cx: &mut Cx<'_>, judged: &Judged) -> Next {
        let next = if self.caller == Caller::Gone {
            Next::Stop(Skip::CallerGone)
        } else {
            self.retries.decide(cx, &self.request, &self.deadline, self.attempt, judged)
        };
        match next {
            Next::Again(at) | Next::Refresh(at) => {
                let wait = at.since(cx.now.mono);
                self.tell(cx, What::Retrying { attempt: self.attempt, wait });
            }
            Next::Stop(Skip::Final) => {}
            Next::Stop(why) => self.tell(cx, What::RetrySkipped(why)),
        }
        next
    }

    /// Tells the gates what the attempt taught.
    fn learn(&mut self, cx: &mut Cx<'_>, judged: &Judged) {
        let draw = cx.dice.draw(self.request.id.0, Salt::OpenTime(self.attempt.number()));
        if let Some(grant) = self.grant.as_mut() {
            cx.gates.learn(cx.provider, cx.now.mono, grant, judged.verdict(), draw);
        }
        let call = self.request.id;
        cx.events.extend(cx.gates.take_changes().map(|what| Event { call, what }));
    }

    /// Gives the grant back.
    fn leave(&mut self, cx: &mut Cx<'_>, left: Left) {
        match self.grant.take() {
            Some(grant) => cx.gates.leave(cx.provider, cx.now.mono, grant, left),
            None => cx.gates.bug("a grant is given back once"),
        }
    }

    fn note(&mut self, cx: &mut Cx<'_>, judged: &Judged, fault: Option<Fault>) {
        self.effect = self.effect.max(judged.effect);
        self.until = judged.hint.or(self.until);
        let (attempt, class) = (self.attempt, judged.class);
        self.tell(cx, What::Judged { attempt, class, fault });
        if let Some(until) = judged.hint {
            self.tell(cx, What::Hint(until.since(cx.now.mono)));
        }
    }

    fn tell(&self, cx: &mut Cx<'_>, what: What) {
        cx.events.push(Event { call: self.request.id, what });
    }
}
