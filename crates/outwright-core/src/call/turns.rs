//! How a call goes from one stage to the next.

use std::mem;

use crate::classify;
use crate::credential::Refused;
use crate::deadline::Fit;
use crate::dice::{Draw, Salt};
use crate::event::{Event, What, Would};
use crate::gates::{Ask, Claim, Entry, Grant, Left, Lesson, Sending, Ticket, Try};
use crate::idempotency::{Ending, Shown};
use crate::outcome::{AttemptNo, BodyEnd, Class, Effect, Fault, Sent, Verdict};
use crate::provider::{Mode, Plan};
use crate::refusal::{Reason, Refusal};
use crate::retry::{Again, Decision, Kind};
use crate::step::{Action, Claimed, Failure, Reply, Skip};
use crate::time::Mono;
use crate::timeout::Limits;

use super::{After, Call, Caller, Cx, Intent, Mutates, Paid, Stage};

impl Call {
    /// Asks the gates for everything that the next attempt needs.
    pub(super) fn enter(&mut self, cx: &mut Cx<'_>) {
        self.attempt = AttemptNo::new(self.sends.saturating_add(1));
        let ask = Ask {
            operation: self.request.operation,
            priority: self.priority,
            caller: self.request.caller,
            latest: self.deadline.latest(),
            draw: cx.dice.draw(self.request.id.0, Salt::Ramp(self.attempt.number())),
        };
        match cx.gates.enter(cx.standing, cx.now.mono, &ask) {
            Entry::Granted(grant) => self.granted(cx, grant),
            Entry::Reported(grant, would) => {
                self.tell(cx, What::Would(would));
                self.granted(cx, grant);
            }
            Entry::Queued(ticket) => {
                self.tell(cx, What::Queued);
                self.stage = Stage::Queued(ticket);
            }
            Entry::Refused(refusal) => self.refused(cx, refusal),
        }
    }

    /// Asks again for a grant that it waits for; says until when it has to go on waiting.
    pub(super) fn claim(&mut self, cx: &mut Cx<'_>, ticket: Ticket) -> Option<Mono> {
        match cx.gates.claim(cx.standing, cx.now.mono, ticket) {
            Claim::Still(until) => return Some(until),
            Claim::Granted(grant) => self.granted(cx, grant),
            Claim::Refused(refusal) => self.refused(cx, refusal),
        }
        None
    }

    fn granted(&mut self, cx: &mut Cx<'_>, grant: Grant) {
        let version = grant.version();
        self.grant = Some(grant);
        self.tell(cx, What::Granted { waited: cx.now.mono.since(self.asked) });
        if self.refused == Some(version) {
            // What was fetched is what was refused: sending it again would only be refused again.
            self.leave(cx, Left::Unsent);
            return self.give_up(cx, Skip::Final);
        }
        self.stage = Stage::Intend;
    }

    fn refused(&mut self, cx: &mut Cx<'_>, refusal: Refusal) {
        self.tell(cx, What::Refused(refusal.reason));
        // An idle connection that was closed, or leave to send that was taken back, is no failure to tell of.
        let stale = self.failed.is_some_and(|(fault, _)| fault == Fault::StaleConnection);
        if self.sends == 0 || stale && self.left == Left::Unsent {
            self.refund(cx);
            return self.fall(cx, After::Done(Reply::Refused(refusal)));
        }
        let why = match refusal.reason {
            Reason::BreakerOpen => Skip::BreakerOpen,
            Reason::Hold | Reason::Exhausted => Skip::HintTooLong,
            Reason::DeadlineTooShort => Skip::Deadline,
            Reason::CallerGone => Skip::CallerGone,
            Reason::LimiterFull
            | Reason::ShareFull
            | Reason::QueueFull
            | Reason::QueueWait
            | Reason::CredentialMissing
            | Reason::BodyTooLarge
            | Reason::KeyMissing
            | Reason::NotAllowed
            | Reason::StoreDown
            | Reason::MemoryFull
            | Reason::CallsFull
            | Reason::Draining => Skip::Gates,
        };
        self.until = refusal.until.or(self.until);
        self.refund(cx);
        self.tell(cx, What::RetrySkipped(why));
        self.give_up(cx, why);
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
        if cx.gates.sending(now, grant) == Sending::AskAgain {
            self.leave(cx, Left::Unsent);
            self.stage = Stage::Enter;
            return None;
        }
        let version = grant.version();
        let operation = cx.provider.operation(self.request.operation);
        let limits = Limits::of(&operation.timeouts, operation.stream, now, self.deadline.ends());
        self.cut = self.deadline.cuts(now, operation.timeouts.attempt());
        self.trail.started();
        self.sends = self.sends.saturating_add(1);
        self.paid = Paid::No;
        self.stage = Stage::Flight;
        self.tell(cx, What::Sent(self.attempt));
        Some(Action::Send { attempt: self.attempt, limits, version })
    }

    /// A response head with this meaning: the request has arrived.
    pub(crate) fn hears(
        &mut self,
        cx: &mut Cx<'_>,
        (attempt, sent): (AttemptNo, Sent),
        heard: Verdict,
        peek: Option<usize>,
    ) {
        if attempt != self.attempt || self.stage != Stage::Flight {
            return;
        }
        (self.sent, self.heard, self.left) = (sent, heard, Left::Sent);
        if let Some(grant) = &self.grant {
            cx.gates.answered(cx.standing, cx.now.mono, grant);
        }
        match peek {
            Some(bytes_max) => self.stage = Stage::Peek(bytes_max),
            None => self.judged(cx),
        }
    }

    /// The beginning of a body, which gives its head this meaning.
    pub(crate) fn hears_all(&mut self, cx: &mut Cx<'_>, attempt: AttemptNo, heard: Verdict) {
        if attempt == self.attempt && self.stage == Stage::Peeking {
            self.heard = heard;
            self.judged(cx);
        }
    }

    /// Ends a call that nobody drives any more: what it holds goes back.
    pub(crate) fn drop_quietly(&mut self, cx: &mut Cx<'_>) {
        if let Some(ticket) = self.ticket() {
            cx.gates.forget(cx.standing, cx.now.mono, ticket);
        }
        if self.grant.is_some() {
            self.leave(cx, Left::Sent);
        }
    }

    /// A reply, as far as it decides: relayed, or discarded and asked for again.
    pub(super) fn judged(&mut self, cx: &mut Cx<'_>) {
        let verdict = self.heard;
        self.note(cx, &verdict, None);
        if verdict.is_good() {
            if cx.provider.operation(self.request.operation).stream.is_some() {
                // A stream has no useful end: its head is what there is to judge.
                self.learn(cx, verdict);
            }
            return self.finish(After::Relay);
        }
        self.learn(cx, verdict);
        let again = match self.decide(cx, &verdict) {
            Ok(again) => again,
            Err(why) => return self.show(cx, &verdict, why),
        };
        if !self.hides_more(cx, &verdict) {
            self.kept = Some(self.attempt);
        }
        let at = cx.now.mono.plus(again.wait);
        let refused = self.grant.as_ref().filter(|_| again.kind == Kind::Refreshed);
        self.refused = refused.map(Grant::version).or(self.refused);
        let fetch = refused.and_then(|grant| {
            let refused = cx.gates.credential_refused(cx.provider, grant);
            (refused == Refused::Fetch).then(|| grant.version())
        });
        self.leave(cx, Left::Sent);
        self.stage = match fetch {
            Some(version) => Stage::Refresh(version, at),
            None => Stage::Discard(at),
        };
    }

    /// An attempt that ended without a reply to show.
    pub(super) fn broken(&mut self, cx: &mut Cx<'_>, fault: Fault, verdict: Verdict) {
        self.note(cx, &verdict, Some(fault));
        // What left it unknown says more than what failed after it.
        let plan = cx.provider.operation(self.request.operation).plan;
        let unknown = plan != Plan::Safe && self.trail.effect() == Effect::Unknown;
        if self.failed.is_none() || !unknown || verdict.effect == Effect::Unknown {
            self.failed = Some((fault, verdict.class));
        }
        self.learn(cx, verdict);
        self.leave(cx, if self.sent == Sent::Nothing { Left::Unsent } else { Left::Sent });
        match self.decide(cx, &verdict) {
            Ok(again) => self.stage = Stage::Backoff(cx.now.mono.plus(again.wait)),
            Err(why) => self.give_up(cx, why),
        }
    }

    /// The body of a relayed reply is over, or a body broke before anything was relayed.
    pub(super) fn body_end(&mut self, cx: &mut Cx<'_>, end: BodyEnd) {
        match (self.stage, end) {
            (Stage::Relaying, end) => {
                let mut verdict = classify::body_end(self.heard, end);
                if let BodyEnd::Broken(fault) = end {
                    verdict = self.excused(cx, fault, verdict);
                }
                if let (true, BodyEnd::Broken(fault)) = (self.heard.is_good(), end) {
                    self.note(cx, &verdict, Some(fault));
                }
                // What was not good was learned at its head, and is not learned again.
                self.learn(cx, verdict);
                self.leave(cx, Left::Sent);
                self.stage = Stage::Done(Reply::Relayed(end));
            }
            (Stage::Peeking, BodyEnd::Broken(fault)) => {
                let verdict = self.excused(cx, fault, classify::body_end(self.heard, end));
                self.broken(cx, fault, verdict);
            }
            (Stage::Peeking, BodyEnd::Whole) => self.judged(cx),
            (Stage::Peeking, BodyEnd::CallerGone) => self.caller_gone(cx),
            (Stage::Sharing, end) => self.shared_end(end),
            (
                Stage::Following(_)
                | Stage::Share(_)
                | Stage::Enter
                | Stage::Queued(_)
                | Stage::Intend
                | Stage::Claiming
                | Stage::Flight
                | Stage::Peek(_)
                | Stage::Refresh(..)
                | Stage::Discard(_)
                | Stage::Backoff(_)
                | Stage::Abort(_)
                | Stage::Recall(_)
                | Stage::Recalling(_)
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
                cx.gates.forget(cx.standing, cx.now.mono, ticket);
                self.refund(cx);
                self.finish(After::Done(Reply::Gone));
            }
            Stage::Following(_) | Stage::Share(_) | Stage::Enter | Stage::Backoff(_) => {
                self.refund(cx);
                self.finish(After::Done(Reply::Gone));
            }
            Stage::Intend => {
                self.leave(cx, Left::Unsent);
                self.refund(cx);
                self.finish(After::Done(Reply::Gone));
            }
            Stage::Flight | Stage::Peek(_) | Stage::Peeking if self.mutates == Mutates::Yes => {}
            Stage::Recall(After::Done(_)) | Stage::Recalling(After::Done(_)) => {
                self.finish(After::Done(Reply::Gone));
            }
            Stage::Flight
            | Stage::Peek(_)
            | Stage::Peeking
            | Stage::Recall(After::Relay)
            | Stage::Recalling(After::Relay)
            | Stage::Relay => {
                self.leave(cx, Left::Sent);
                self.stage = Stage::Abort(Reply::Gone);
            }
            Stage::Refresh(..) | Stage::Discard(_) => {
                self.refund(cx);
                self.stage = Stage::Abort(Reply::Gone);
            }
            // Whoever reads the body, or answers for the ledger, ends these.
            Stage::Relaying
            | Stage::Sharing
            | Stage::Claiming
            | Stage::Abort(_)
            | Stage::Settle(_)
            | Stage::Settling(_)
            | Stage::Done(_) => {}
        }
    }

    /// No further attempt: the best that there is to show.
    fn give_up(&mut self, cx: &mut Cx<'_>, why: Skip) {
        let lost = self
            .failed
            .filter(|_| self.effect() == Effect::Unknown && self.mutates == Mutates::Yes);
        let reply = match (self.kept, lost.or(self.failed)) {
            // A kept refusal must not hide that a later attempt may have acted.
            (Some(attempt), _) if lost.is_none() => Reply::Last { attempt, why },
            (_, Some(failed)) => Reply::Failed(self.failure(failed, why)),
            (Some(attempt), None) => Reply::Last { attempt, why },
            (None, None) => Reply::Gone,
        };
        self.fall(cx, After::Done(reply));
    }

    fn failure(&self, (fault, class): (Fault, Class), why: Skip) -> Failure {
        let (attempts, until) = (self.sends, self.until);
        Failure { fault, class, effect: self.effect(), why, attempts, until }
    }

    /// No attempt follows this reply: shown as it is, unless that would hide what an earlier attempt may have done.
    fn show(&mut self, cx: &mut Cx<'_>, verdict: &Verdict, why: Skip) {
        let plan = cx.provider.operation(self.request.operation).plan;
        if self.trail.ending(plan, Shown::LastReply) != Ending::Unknown {
            return self.fall(cx, After::Relay);
        }
        let reply = match (self.failed, self.kept) {
            (Some(failed), _) => Reply::Failed(self.failure(failed, why)),
            // An earlier reply left it unknown, and says so itself; this one would deny it.
            (None, Some(attempt)) if verdict.effect == Effect::None => Reply::Last { attempt, why },
            (None, _) => return self.finish(After::Relay),
        };
        self.leave(cx, Left::Sent);
        self.stage = Stage::Abort(reply);
    }

    /// Whether the reply that is kept leaves it unknown what was done, and this one denies that anything was.
    fn hides_more(&self, cx: &Cx<'_>, verdict: &Verdict) -> bool {
        let plan = cx.provider.operation(self.request.operation).plan;
        let unknown = plan != Plan::Safe && self.trail.effect() == Effect::Unknown;
        self.kept.is_some() && unknown && verdict.effect == Effect::None
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
        Action::Settle(self.effect())
    }

    /// Whether there is another attempt; pays for it.
    fn decide(&mut self, cx: &mut Cx<'_>, verdict: &Verdict) -> Result<Again, Skip> {
        let decision = match self.caller {
            Caller::Here => self.ask_retry(cx, verdict),
            Caller::Gone => Decision::Skip(Skip::CallerGone),
        };
        let why = match decision {
            // Repeats that cost nothing follow from how outwright sends, and stay.
            Decision::Again(again) if cx.provider.mode == Mode::Report && again.kind.cost() > 0 => {
                self.tell(cx, What::Would(Would::Retry));
                Skip::Report
            }
            Decision::Again(again) => {
                self.tally.note(verdict, again);
                if again.kind.cost() > 0 {
                    cx.gates.pay(cx.standing, cx.now.mono);
                    self.paid = Paid::Yes;
                }
                self.tell(cx, What::Retrying { attempt: self.attempt, wait: again.wait });
                return Ok(again);
            }
            // Nothing looks yet whether it happened: then it must not be sent again.
            Decision::Reconcile { .. } => Skip::Plan,
            Decision::Skip(why) if cx.provider.mode == Mode::Report => why.reported(),
            Decision::Skip(why) => why,
        };
        if why != Skip::Final {
            self.tell(cx, What::RetrySkipped(why));
        }
        Err(why)
    }

    /// A repeat that was paid is not going to be sent.
    fn refund(&mut self, cx: &mut Cx<'_>) {
        if mem::replace(&mut self.paid, Paid::No) == Paid::Yes {
            cx.gates.repay(cx.standing, cx.now.mono);
        }
    }

    /// Tells the gates what the attempt taught.
    fn learn(&mut self, cx: &mut Cx<'_>, verdict: Verdict) {
        // What is good opens nothing, so that its chance is not asked.
        let draw = if verdict.is_good() {
            Draw::of(0)
        } else {
            cx.dice.draw(self.request.id.0, Salt::OpenTime(self.attempt.number()))
        };
        let try_number = match self.tally.counted(self.attempt) {
            1 => Try::First,
            _ => Try::Repeat,
        };
        if let Some(grant) = self.grant.as_mut() {
            cx.gates.learn(cx.standing, cx.now.mono, grant, Lesson { verdict, try_number, draw });
        }
        let call = self.request.id;
        cx.events.extend(cx.gates.take_changes().map(|what| Event { call, what }));
    }

    /// Gives the grant back.
    pub(super) fn leave(&mut self, cx: &mut Cx<'_>, left: Left) {
        match self.grant.take() {
            Some(grant) => cx.gates.leave(cx.standing, cx.now.mono, grant, left),
            None => cx.gates.bug("a grant is given back once"),
        }
    }

    fn note(&mut self, cx: &mut Cx<'_>, verdict: &Verdict, fault: Option<Fault>) {
        self.trail.note(cx.provider.operation(self.request.operation).plan, verdict);
        let (attempt, class) = (self.attempt, verdict.class);
        self.tell(cx, What::Judged { attempt, class, fault });
        if let Some(hint) = verdict.hint {
            self.until = Some(cx.now.mono.plus(hint.least()));
            self.tell(cx, What::Hint(hint.wait));
        }
    }

    pub(super) fn tell(&self, cx: &mut Cx<'_>, what: What) {
        cx.events.push(Event { call: self.request.id, what });
    }
}
