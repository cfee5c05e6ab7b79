//! What is told of a call beside its answer: the same facts that the gateway writes into fields and documents.

use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use outwright_core::cache::Directive;
use outwright_core::outcome::Effect;
use outwright_core::provider::{OpIndex, Plan, Provider};
use outwright_core::step::CallId;
use outwright_core::time::Mono;

use crate::dress::{Origin, Times, reply_word};
use crate::driver::ReplyBody;
use crate::telemetry::{Instead, Record};

/// An account of a call: in the extensions of every response, and in every [`super::Error`].
///
/// ```
/// fn told(response: &http::Response<outwright::Body>) -> Option<String> {
///     let account = response.extensions().get::<outwright::Account>()?;
///     Some(format!("call {} took {} attempts", account.call()?, account.attempts()))
/// }
/// ```
#[derive(Clone)]
pub struct Account {
    call: Option<CallId>,
    contract: Option<Arc<Provider>>,
    operation: Option<OpIndex>,
    attempts: usize,
    origin: Origin,
    pub(super) effect: Option<Effect>,
    retry: Option<&'static str>,
    times: Times,
    degraded: Option<&'static str>,
    pub(super) barred: Option<Directive>,
}

impl Account {
    /// Of a request that never became a call, as far as it is known.
    pub(super) const fn nothing() -> Self {
        Self {
            call: None,
            contract: None,
            operation: None,
            attempts: 0,
            origin: Origin::Outwright,
            effect: Some(Effect::None),
            retry: None,
            times: Times::NONE,
            degraded: None,
            barred: None,
        }
    }

    /// The same for a request that was looked at.
    pub(super) fn of_request(call: Option<CallId>, contract: Option<Arc<Provider>>) -> Self {
        Self { call, contract, ..Self::nothing() }
    }

    /// The same for one that was found to be a call of this operation.
    pub(super) fn on(self, operation: OpIndex, effect: Effect) -> Self {
        Self { operation: Some(operation), effect: Some(effect), ..self }
    }

    /// Of a call that ended without a reply.
    pub(super) fn of_call(record: &Record, contract: Arc<Provider>, at: Mono) -> Self {
        Self {
            call: Some(record.call),
            contract: Some(contract),
            operation: Some(record.operation),
            attempts: record.attempts.count(),
            origin: Origin::Outwright,
            effect: Some(Effect::None),
            retry: None,
            times: Times::of(record, at),
            degraded: None,
            barred: record.barred(),
        }
    }

    /// Of a call whose reply comes.
    pub(super) fn of_reply(body: &ReplyBody, contract: Arc<Provider>) -> Self {
        let record = body.record();
        let instead = record.instead.as_deref().filter(|_| record.is_degraded());
        let origin = match instead {
            Some(Instead::Stale { .. }) => Origin::Cache,
            Some(_) => Origin::Outwright,
            None => Origin::Provider,
        };
        Self {
            origin,
            degraded: instead.map(|instead| instead.word()),
            effect: record.effect,
            retry: reply_word(record),
            ..Self::of_call(record, contract, body.asked_at())
        }
    }

    /// The id of the call, as it stands in the log: 16 hexadecimal digits. None where the request never arrived.
    #[must_use]
    pub fn call(&self) -> Option<String> {
        self.call.map(|call| call.hex().into_iter().map(char::from).collect())
    }

    /// The same, as a number.
    #[must_use]
    pub const fn call_id(&self) -> Option<CallId> {
        self.call
    }

    /// The provider, by the name in its contract.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.contract.as_ref().map(|contract| &*contract.name)
    }

    /// The operation, by the name in the contract.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        let (contract, operation) = (self.contract.as_ref()?, self.operation?);
        Some(&contract.operation(operation).name)
    }

    /// What makes a repeat of the operation safe.
    #[must_use]
    pub fn plan(&self) -> Option<Plan> {
        let (contract, operation) = (self.contract.as_ref()?, self.operation?);
        Some(contract.operation(operation).plan)
    }

    /// Sends that were made, the first one included.
    #[must_use]
    pub const fn attempts(&self) -> usize {
        self.attempts
    }

    /// Where the answer comes from.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// What was done at the provider, where more is known than the answer says.
    #[must_use]
    pub const fn effect(&self) -> Option<Effect> {
        self.effect
    }

    /// Set where the answer is not the provider's of now: `stale` or `static`, as in `Outwright-Degraded`.
    #[must_use]
    pub const fn degraded(&self) -> Option<&'static str> {
        self.degraded
    }

    /// Why trying again would not help or not be safe: `exhausted`, `refused` or `unsafe`, as in `Outwright-Retry`.
    ///
    /// None on a good reply, and in errors: those say it by what they are.
    #[must_use]
    pub const fn retry(&self) -> Option<&'static str> {
        self.retry
    }

    /// Where the time of the call went, until its head was there.
    #[must_use]
    pub const fn times(&self) -> Times {
        self.times
    }

    /// What makes this provider's own client libraries stop trying.
    #[must_use]
    pub fn stop_retry(&self) -> &[(HeaderName, HeaderValue)] {
        self.contract.as_ref().map(|contract| &*contract.stop_retry).unwrap_or_default()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("call", &self.call())
            .field("provider", &self.provider())
            .field("operation", &self.operation())
            .field("attempts", &self.attempts)
            .field("origin", &self.origin)
            .field("effect", &self.effect)
            .field("degraded", &self.degraded)
            .field("retry", &self.retry)
            .field("times", &self.times)
            .finish()
    }
}
