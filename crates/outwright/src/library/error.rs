//! Why a call has no reply of its provider to show, for the code that made it.
//!
//! The words are those of the problem documents with which the gateway answers; which HTTP status goes with a word is
//! the gateway's to say (`outwright_gateway::problem::answer`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use outwright_core::cache::Directive;
use outwright_core::outcome::{Class, Effect, Fault};
use outwright_core::provider::{Operation, Provider};
use outwright_core::refusal::Reason;
use outwright_core::step::{Failure, Skip};
use outwright_core::time::Mono;

use super::account::Account;
use crate::driver::{Misuse, Outcome, Own};
use crate::telemetry::TurnedAway;

/// A call without a reply to show: why, and what is told of the call.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    why: Why,
    account: Account,
    allowed: Vec<Method>,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// Nothing was sent: outwright protects the provider, its quota or the caller.
    Refused {
        /// From what.
        reason: Reason,
        /// When asking again is useful, where that is known.
        wait: Option<Duration>,
    },
    /// It went wrong, and what that means at the provider is known: nothing happened there, or the call only reads.
    Failed(Failed),
    /// It was sent, and nobody on this side can say whether the provider carried it out.
    ///
    /// It is no plain failure: look it up at the provider, or repeat it with the same key where the provider honours keys.
    Unknown(Failed),
    /// The request cannot be sent as it is; nothing was.
    Misuse(Misuse),
    /// It is no call that a contract lists; nothing was sent.
    TurnedAway(TurnedAway),
}

/// How a call went wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Failed {
    /// How the last attempt ended.
    pub fault: Fault,
    /// What that means.
    pub class: Class,
    /// What was done at the provider, over all attempts.
    pub effect: Effect,
    /// Why it was not tried again.
    pub skipped: Skip,
    /// When asking again is useful, where that is known.
    pub wait: Option<Duration>,
}

impl Why {
    /// Its stable word: the last part of the type of the gateway's problem document.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Refused { reason, .. } => refused(*reason),
            Self::Failed(failed) => failed_by(failed.fault),
            Self::Unknown(_) => "outcome-unknown",
            Self::Misuse(misuse) => misused(misuse),
            Self::TurnedAway(why) => why.word(),
        }
    }
}

impl Error {
    /// Of a call that ended without a reply.
    pub(super) fn of_call(own: &Own, contract: Arc<Provider>) -> Self {
        let Own { outcome, record, at, .. } = own;
        let why = why(outcome, contract.operation(record.operation), *at);
        let mut account = Account::of_call(record, contract, *at);
        if let Why::Failed(failed) | Why::Unknown(failed) = &why {
            account.effect = Some(failed.effect);
        }
        Self::new(why, account)
    }

    /// Of a request that is no call.
    pub(super) fn turned_away(why: TurnedAway, account: Account, allowed: Vec<Method>) -> Self {
        Self(Box::new(Inner { why: Why::TurnedAway(why), account, allowed }))
    }

    pub(super) fn new(why: Why, account: Account) -> Self {
        Self(Box::new(Inner { why, account, allowed: Vec::new() }))
    }

    /// Of a call that came when no more were taken.
    pub(super) fn draining(account: Account) -> Self {
        Self::new(Why::Refused { reason: Reason::Draining, wait: None }, account)
    }

    /// Why there is no reply.
    #[must_use]
    pub fn why(&self) -> &Why {
        &self.0.why
    }

    /// What is told of the call.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.0.account
    }

    /// The methods that the contract lists for the path; empty where that is not the question.
    #[must_use]
    pub fn allowed(&self) -> &[Method] {
        &self.0.allowed
    }

    /// The stable word for what went wrong: the last part of the type of the gateway's problem document.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.0.account.barred {
            Some(_) => "stale-forbidden",
            None => self.0.why.word(),
        }
    }

    /// The provider's directive that forbids to show a kept reply in the place of the one that failed.
    #[must_use]
    pub const fn barred(&self) -> Option<Directive> {
        self.0.account.barred
    }

    /// When asking again is useful, where that is known.
    #[must_use]
    pub const fn wait(&self) -> Option<Duration> {
        match &self.0.why {
            Why::Refused { wait, .. } => *wait,
            Why::Failed(failed) | Why::Unknown(failed) => failed.wait,
            Why::Misuse(_) | Why::TurnedAway(_) => None,
        }
    }

    /// What was done at the provider.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        match &self.0.why {
            Why::Failed(failed) | Why::Unknown(failed) => failed.effect,
            Why::Refused { .. } | Why::Misuse(_) | Why::TurnedAway(_) => Effect::None,
        }
    }

    /// Whether nobody can say if the provider carried out what it was asked for.
    #[must_use]
    pub const fn is_outcome_unknown(&self) -> bool {
        matches!(&self.0.why, Why::Unknown(_))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("why", self.why()).field("account", self.account()).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let provider = self.account().provider().unwrap_or("the provider");
        write!(f, "call {provider}")?;
        if let Some(operation) = self.account().operation() {
            write!(f, " ({operation})")?;
        }
        write!(f, ": {}", self.word())?;
        match self.effect() {
            Effect::None => f.write_str(", nothing was done there")?,
            Effect::Unknown => f.write_str(", it is unknown whether it was carried out")?,
            Effect::Done => f.write_str(", it was carried out")?,
        }
        match self.wait() {
            Some(wait) => write!(f, "; worth trying again in {} ms", wait.as_millis()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

fn why(outcome: &Outcome, operation: &Operation, now: Mono) -> Why {
    match outcome {
        Outcome::Refused(refusal) => {
            let wait = refusal.until.map(|until| until.since(now));
            Why::Refused { reason: refusal.reason, wait }
        }
        Outcome::Misuse(misuse) => Why::Misuse(misuse.clone()),
        Outcome::Failed(failure) => {
            let Failure { fault, class, effect, why, until, .. } = *failure;
            let wait = until.map(|until| until.since(now));
            let failed = Failed { fault, class, effect, skipped: why, wait };
            let unknown = effect == Effect::Unknown && operation.plan.mutates();
            if unknown { Why::Unknown(failed) } else { Why::Failed(failed) }
        }
    }
}

const fn refused(reason: Reason) -> &'static str {
    match reason {
        Reason::BreakerOpen => "breaker-open",
        Reason::Hold => "provider-hold",
        Reason::Exhausted => "quota-exhausted",
        Reason::LimiterFull => "limiter-full",
        Reason::QueueFull => "queue-full",
        Reason::QueueWait => "queue-wait",
        Reason::DeadlineTooShort => "deadline-too-short",
        Reason::CredentialMissing => "credential-missing",
        Reason::BodyTooLarge => "body-too-large",
        Reason::KeyMissing => "key-missing",
        Reason::CallerGone => "caller-gone",
        Reason::ShareFull => "share-full",
        Reason::NotAllowed => "operation-not-allowed",
        Reason::MemoryFull => "memory-full",
        Reason::CallsFull => "calls-full",
        Reason::StoreDown => "store-down",
        Reason::Draining => "draining",
    }
}

const fn failed_by(fault: Fault) -> &'static str {
    match fault {
        Fault::DnsTemporary | Fault::DnsNotFound => "provider-name-unresolved",
        Fault::DnsTimeout => "provider-name-late",
        Fault::AddressProhibited => "address-prohibited",
        Fault::ConnectRefused | Fault::ConnectUnreachable => "provider-unreachable",
        Fault::ConnectTimeout | Fault::TlsTimeout => "provider-connect-late",
        Fault::TlsTransport | Fault::TlsRefused => "provider-tls",
        Fault::StaleConnection
        | Fault::Reset
        | Fault::RefusedStream
        | Fault::GoneAway
        | Fault::StreamReset => "provider-connection-lost",
        Fault::WriteTimeout | Fault::FirstByteTimeout | Fault::BodyIdle | Fault::BodyLate => {
            "provider-late"
        }
        Fault::Malformed
        | Fault::HeadTooLarge
        | Fault::BodyTruncated
        | Fault::BodyTooLarge
        | Fault::ContentCoding
        | Fault::MediaType => "provider-malformed",
        Fault::RequestBroken => "request-broken",
    }
}

const fn misused(misuse: &Misuse) -> &'static str {
    match misuse {
        Misuse::BodyTooLarge { .. } => "body-too-large",
        Misuse::BodyBroken => "request-broken",
        Misuse::BodyLate => "request-late",
        Misuse::KeyMissing => "key-missing",
        Misuse::KeyInvalid => "field-invalid",
        Misuse::KeyField(_) => "key-unusable",
        Misuse::Upgrade => "upgrade-refused",
        Misuse::Loop => "loop-detected",
        Misuse::PathTooLong => "target-too-long",
    }
}
