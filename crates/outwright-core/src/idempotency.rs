//! What makes a repeat safe, and what is left unknown when it is not.
//!
//! # Guards against
//!
//! An effect that happened and is told as a plain failure, so that somebody does it again.
//!
//! # Rule
//!
//! The effect of a call is what is left over all its attempts.
//! One attempt that may have acted leaves the call unknown, whatever failed after it, until an attempt answers for both.
//! Under a key the provider itself compares the attempts, so its definite answer to a later one answers for the earlier ones.
//! A plan that only reads leaves nothing behind.
//!
//! # States
//!
//! [`Trail`]: what the attempts of one call may have done so far.
//!
//! # Units and bounds
//!
//! Two small values per call.
//!
//! # Says
//!
//! [`Trail::effect`], [`Ending`], [`Stop`].
//!
//! # Sources
//!
//! RFC 9110 sections 9.2.1 and 9.2.2; draft-ietf-httpapi-idempotency-key-header.

use http::{Method, StatusCode};

use crate::outcome::{Class, Effect, Grounds, Sent, Verdict};
use crate::provider::Plan;

/// What the attempts of one call may have done so far. Small and `Copy`: the call keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Over all attempts before the last.
    before: Effect,
    /// Over all attempts.
    effect: Effect,
    sent: Sent,
}

impl Trail {
    /// Nothing was sent yet.
    pub const NEW: Self = Self { before: Effect::None, effect: Effect::None, sent: Sent::Nothing };

    /// Notes that an attempt is under way, before anything is known of it.
    pub fn started(&mut self) {
        self.sent = self.sent.max(Sent::Part);
    }

    /// Notes how an attempt ended.
    pub fn note(&mut self, plan: Plan, verdict: &Verdict) {
        self.before = self.effect;
        self.effect = after(plan, self.before, verdict);
    }

    /// What was done at the provider, over all attempts.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether the call goes on when its caller goes: a mutation of which a byte may have left.
    #[must_use]
    pub fn finish(&self, plan: Plan) -> Finish {
        if plan == Plan::Safe || self.sent == Sent::Nothing {
            Finish::MayStop
        } else {
            Finish::Must
        }
    }

    /// How a call may be answered when no attempt follows.
    #[must_use]
    pub fn ending(&self, plan: Plan, shown: Shown) -> Ending {
        if plan == Plan::Safe || self.effect != Effect::Unknown {
            return Ending::Plain;
        }
        match shown {
            // The provider's own words about this very attempt hide nothing that came before it.
            Shown::LastReply if self.before != Effect::Unknown => Ending::PlainButUnknown,
            Shown::LastReply | Shown::Nothing => Ending::Unknown,
        }
    }

    /// What an answer means in the light of the attempts before it.
    ///
    /// A DELETE whose first attempt may have worked, and that then finds nothing, worked.
    #[must_use]
    pub fn reread(&self, method: &Method, status: StatusCode, verdict: Verdict) -> Verdict {
        let nothing_there = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
        if self.effect == Effect::Unknown && *method == Method::DELETE && nothing_there {
            return Verdict { evidence: verdict.evidence, ..Verdict::GOOD };
        }
        verdict
    }

    /// What an answer must tell an official client that would retry on top of us; none: nothing.
    #[must_use]
    pub fn stop(&self, plan: Plan, answer: Given, attempts: u8) -> Option<Stop> {
        let unknown = plan != Plan::Safe && self.effect == Effect::Unknown;
        match answer {
            Given::Refusal => Some(Stop::Refused),
            Given::Good if attempts > 1 => Some(Stop::Retried),
            Given::Good => None,
            Given::Bad if unknown => Some(Stop::Unsafe),
            Given::Bad if attempts > 1 => Some(Stop::Exhausted),
            Given::Bad => None,
        }
    }
}

/// Whether a call goes on without its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finish {
    /// It may end at once.
    MayStop,
    /// It runs to its own deadline and is settled.
    Must,
}

/// What there is to show to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shown {
    /// The reply of the last attempt.
    LastReply,
    /// No reply, or only one of an attempt before the last.
    Nothing,
}

/// How a call may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// As what it is: nobody can mistake it.
    Plain,
    /// As the provider's own reply, with the stop signal: whether it acted is unknown, and the reply says no more.
    PlainButUnknown,
    /// As `outcome-unknown`, whatever reply there is.
    Unknown,
}

/// What kind of answer a caller is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Given {
    /// We did not send.
    Refusal,
    /// A good answer.
    Good,
    /// Any other.
    Bad,
}

/// Why an official client must not retry on top of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stop {
    /// We repeated it and it worked.
    Retried,
    /// We repeated it as often as is reasonable.
    Exhausted,
    /// We did not send it.
    Refused,
    /// A repeat could act twice.
    Unsafe,
}

impl Stop {
    /// The word of `Outwright-Retry`, where one applies; stable.
    #[must_use]
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::Retried => None,
            Self::Exhausted => Some("exhausted"),
            Self::Refused => Some("refused"),
            Self::Unsafe => Some("unsafe"),
        }
    }
}

/// The effect over all attempts, when one more ended.
#[must_use]
pub fn after(plan: Plan, before: Effect, verdict: &Verdict) -> Effect {
    if plan == Plan::Safe {
        return Effect::None;
    }
    match verdict.effect {
        Effect::Done => Effect::Done,
        Effect::Unknown => before.max(Effect::Unknown),
        // Under one key a definite refusal, which the facts declare as such, is the answer to all attempts.
        Effect::None if before == Effect::Unknown && settles(plan, verdict) => Effect::None,
        Effect::None => before,
    }
}

/// Whether a refusal also answers for the attempts before it.
///
/// An undeclared 4xx does not: it may come from a layer in front of the one that knows the key.
fn settles(plan: Plan, verdict: &Verdict) -> bool {
    let keyed = matches!(plan, Plan::ProviderKey | Plan::BodyField);
    keyed && verdict.grounds == Grounds::Contract && verdict.class == Class::Rejected
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::outcome::Signal;

    /// The effect and the ending of a call whose attempts ended like this.
    fn check(plan: Plan, signals: &[Option<Signal>], effect: Effect, shown: Ending, bare: Ending) {
        let mut trail = Trail::NEW;
        for signal in signals {
            trail.started();
            trail.note(plan, &signal.map_or(Verdict::GOOD, Verdict::of));
        }
        assert_eq!(trail.effect(), effect, "{plan:?} {signals:?}");
        assert_eq!(trail.ending(plan, Shown::LastReply), shown, "{plan:?} {signals:?}");
        assert_eq!(trail.ending(plan, Shown::Nothing), bare, "{plan:?} {signals:?}");
    }

    /// what is unknown is never told as a plain failure.
    #[test]
    fn one_attempt_that_may_have_acted_leaves_the_call_unknown() {
        use Effect as E;
        use Ending::{Plain, PlainButUnknown, Unknown};
        use Signal as S;
        let lost = Some(S::FirstByteTimeout);
        let refused = Some(S::ConnectRefused);
        check(Plan::Once, &[lost], E::Unknown, PlainButUnknown, Unknown);
        check(Plan::Once, &[refused], E::None, Plain, Plain);
        check(Plan::ProviderKey, &[lost, refused], E::Unknown, Unknown, Unknown);
        check(Plan::ProviderKey, &[lost, Some(S::S503)], E::Unknown, Unknown, Unknown);
        check(Plan::ProviderKey, &[lost, Some(S::S429)], E::Unknown, Unknown, Unknown);
        check(Plan::ProviderKey, &[lost, Some(S::S4xx)], E::Unknown, Unknown, Unknown);
        check(Plan::ProviderKey, &[lost, None], E::Done, Plain, Plain);
        check(Plan::Repeatable, &[lost, None], E::Done, Plain, Plain);
        check(Plan::Once, &[Some(S::S500)], E::Unknown, PlainButUnknown, Unknown);
        check(Plan::Once, &[Some(S::S4xx)], E::None, Plain, Plain);
        check(Plan::Once, &[Some(S::BodyTruncated)], E::Done, Plain, Plain);
        check(Plan::Safe, &[lost, lost], E::None, Plain, Plain);
        check(Plan::Once, &[], E::None, Plain, Plain);
    }

    #[test]
    fn a_declared_refusal_under_a_key_answers_for_the_attempts_before_it() {
        let declined = Verdict { grounds: Grounds::Contract, ..Verdict::of(Signal::S4xx) };
        assert_eq!(after(Plan::ProviderKey, Effect::Unknown, &declined), Effect::None);
        assert_eq!(after(Plan::Repeatable, Effect::Unknown, &declined), Effect::Unknown);
        assert_eq!(after(Plan::ProviderKey, Effect::Done, &declined), Effect::Done);
    }

    #[test]
    fn a_delete_that_finds_nothing_the_second_time_worked() {
        let gone = Verdict::of(Signal::S4xx);
        let read = |trail: &Trail, method, status| trail.reread(&method, status, gone).is_good();
        let mut lost = Trail::NEW;
        assert!(!read(&lost, Method::DELETE, StatusCode::NOT_FOUND));
        lost.note(Plan::Repeatable, &Verdict::of(Signal::Reset));
        assert!(read(&lost, Method::DELETE, StatusCode::NOT_FOUND));
        assert!(read(&lost, Method::DELETE, StatusCode::GONE));
        assert!(!read(&lost, Method::DELETE, StatusCode::CONFLICT));
        assert!(!read(&lost, Method::PUT, StatusCode::NOT_FOUND));
    }

    /// Product paper 4: every answer that was retried, refused or left unknown carries the stop signal.
    #[test]
    fn official_clients_are_told_to_stop() {
        let mut unknown = Trail::NEW;
        unknown.note(Plan::Once, &Verdict::of(Signal::Reset));
        let stop = |trail: &Trail, given, attempts| trail.stop(Plan::Once, given, attempts);
        assert_eq!(stop(&Trail::NEW, Given::Refusal, 0), Some(Stop::Refused));
        assert_eq!(stop(&Trail::NEW, Given::Good, 1), None);
        assert_eq!(stop(&Trail::NEW, Given::Good, 2), Some(Stop::Retried));
        assert_eq!(stop(&Trail::NEW, Given::Bad, 1), None);
        assert_eq!(stop(&Trail::NEW, Given::Bad, 3), Some(Stop::Exhausted));
        assert_eq!(stop(&unknown, Given::Bad, 1), Some(Stop::Unsafe));
        assert_eq!(unknown.stop(Plan::Safe, Given::Bad, 1), None);
    }

    #[test]
    fn a_mutation_that_is_under_way_outlives_its_caller() {
        let mut trail = Trail::NEW;
        assert_eq!(trail.finish(Plan::Once), Finish::MayStop);
        trail.started();
        for plan in Plan::ALL {
            let expected = if plan == Plan::Safe { Finish::MayStop } else { Finish::Must };
            assert_eq!(trail.finish(plan), expected, "{plan:?}");
        }
    }

    proptest! {
        /// Without a good answer or a declared refusal, unknown stays unknown.
        #[test]
        fn nothing_but_an_answer_makes_the_unknown_known(
            rows in prop::collection::vec(0..Signal::ALL.len(), 1..8),
            plan in 1..Plan::ALL.len(),
        ) {
            let plan = Plan::ALL[plan];
            let mut trail = Trail::NEW;
            let mut worst = Effect::None;
            for row in rows {
                let verdict = Verdict::of(Signal::ALL[row]);
                trail.note(plan, &verdict);
                worst = worst.max(verdict.effect);
                prop_assert_eq!(trail.effect(), worst);
            }
        }
    }
}
