//! What a call makes of an outcome: its meaning, and whether there is another attempt.

use crate::breaker::Report;
use crate::deadline::Deadline;
use crate::gates::Verdict;
use crate::outcome::{AttemptNo, Class, Effect, Fault, Sent};
use crate::provider::{Operation, Plan};
use crate::step::{Head, Request, Skip};
use crate::time::Mono;

use super::Cx;

/// What a call remembers of its attempts, to judge the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retries {
    plan: Plan,
}

/// What an outcome means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) class: Class,
    pub(super) effect: Effect,
    pub(super) report: Report,
    /// Not before this time, says the provider.
    pub(super) hint: Option<Mono>,
}

#[expect(dead_code, reason = "the rule that makes them lands beside this one")]
/// What follows an outcome that was not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another attempt, then.
    Again(Mono),
    /// Another attempt then, with another credential.
    Refresh(Mono),
    /// None.
    Stop(Skip),
}

impl Judged {
    pub(super) const fn verdict(&self) -> Verdict {
        Verdict { class: self.class, report: self.report, hint: self.hint }
    }
}

impl Retries {
    pub(super) const fn new(operation: &Operation) -> Self {
        Self { plan: operation.plan }
    }

    /// Whether an attempt may have changed something at the provider.
    pub(super) fn mutates(&self) -> bool {
        self.plan != Plan::Safe
    }

    /// What a head means; none when the body has to be looked at first.
    pub(super) fn head(
        &mut self,
        _: &mut Cx<'_>,
        _: &Request,
        head: &Head<'_>,
        _: Sent,
    ) -> Option<Judged> {
        let (class, effect, report) = match head.status.as_u16() {
            200..=399 => (Class::Success, Effect::Done, Report::Good),
            429 => (Class::Throttled, Effect::Unknown, Report::Neutral),
            500..=599 => (Class::Transient, Effect::Unknown, Report::Soft),
            _ => (Class::Rejected, Effect::None, Report::Good),
        };
        Some(Judged { class, effect, report, hint: None })
    }

    /// What the beginning of a body means, after its head.
    pub(super) fn prefix(&mut self, _: &mut Cx<'_>, _: &Request, _: &[u8]) -> Judged {
        self.whole()
    }

    /// What a good reply means whose body ended as declared.
    pub(super) const fn whole(&self) -> Judged {
        Judged { class: Class::Success, effect: Effect::Done, report: Report::Good, hint: None }
    }

    /// What an attempt without a head means.
    pub(super) fn fault(&mut self, _: &mut Cx<'_>, _: &Request, _: Fault, sent: Sent) -> Judged {
        let effect = if sent == Sent::Nothing { Effect::None } else { Effect::Unknown };
        Judged { class: Class::Transient, effect, report: Report::Hard, hint: None }
    }

    /// What a body means that broke.
    pub(super) fn body(&mut self, _: &mut Cx<'_>, _: &Request, _: Fault) -> Judged {
        Judged { class: Class::Transient, effect: Effect::Done, report: Report::Hard, hint: None }
    }

    /// Whether there is another attempt.
    pub(super) fn decide(
        &mut self,
        _: &mut Cx<'_>,
        _: &Request,
        _: &Deadline,
        _: AttemptNo,
        _: &Judged,
    ) -> Next {
        Next::Stop(Skip::Final)
    }
}
