//! The only place that turns what went wrong into HTTP: status, problem type and Proxy-Status error.
//!
//! Every answer of outwright's own is a problem document (RFC 9457) whose type is `urn:outwright:problem:<name>`.
//! It says what happened and what to do, and nothing about addresses, fields or secrets.

mod table;

use std::time::Duration;

use http::StatusCode;
use outwright_core::cache::Directive;
use outwright_core::outcome::{Effect, Fault};
use outwright_core::provider::Plan;
use outwright_core::refusal::Reason;
use outwright_core::step::{CallId, Failure, Skip};
use serde::Serialize;

pub(crate) use self::table::{
    ADMIN_UNKNOWN, BAD_REQUEST, BODY_TOO_LARGE, BROWSER_REFUSED, CALLER_UNKNOWN, FIELD_INVALID,
    FORWARDS_USED_UP, HEAD_TOO_LARGE, HEAD_TOO_LATE, HOST_FOREIGN, KEY_MISSING, KEY_UNUSABLE,
    LOOP_DETECTED, METHOD_NOT_ALLOWED, OPERATION_UNKNOWN, PATH_AMBIGUOUS, PROVIDER_UNKNOWN,
    REQUEST_BROKEN, REQUEST_LATE, TARGET_TOO_LONG, TOKEN_MISSING, TRACE_REFUSED, UPGRADE_REFUSED,
};
pub use self::table::{KINDS, Kind};

/// A problem that outwright answers with.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Its row of the table.
    pub kind: &'static Kind,
    /// Its status: the row's, unless the way it went wrong says otherwise.
    pub status: StatusCode,
    /// The error token of its Proxy-Status (RFC 9209, section 2.3).
    pub error: &'static str,
    /// What may be said of the provider's effect.
    pub effect: Option<Effect>,
    /// When asking again is useful, if that is known.
    pub retry_after: Option<Duration>,
    /// How it went wrong, as a stable word.
    pub cause: Option<&'static str>,
    /// Why it was not tried again, as a stable word.
    pub skipped: Option<&'static str>,
    /// The provider's directive for which nothing was shown in its place, as a stable word.
    pub directive: Option<&'static str>,
}

impl Problem {
    /// The problem of this row, with nothing else to say.
    #[must_use]
    pub const fn of(kind: &'static Kind) -> Self {
        Self {
            kind,
            status: kind.status,
            error: kind.error,
            effect: None,
            retry_after: None,
            cause: None,
            skipped: None,
            directive: None,
        }
    }

    /// The same where a kept answer would be shown, if the provider did not forbid it (R-174: 504).
    #[must_use]
    pub fn barred(self, by: Directive) -> Self {
        let (kind, directive) = (&table::STALE_FORBIDDEN, Some(by.word()));
        // How it went wrong, and when to come back, stay true.
        Self { kind, status: kind.status, directive, ..self }
    }

    /// A call that was not sent.
    #[must_use]
    pub fn refused(reason: Reason, retry_after: Option<Duration>) -> Self {
        let kind = table::refusal(reason);
        Self {
            // a caller that must come back is told when; a second where nothing is known.
            retry_after: if kind.waits { retry_after.or(Some(WAIT_UNKNOWN)) } else { retry_after },
            cause: Some(reason.word()),
            effect: Some(Effect::None),
            ..Self::of(kind)
        }
    }

    /// A call that was sent and failed without a reply to show.
    #[must_use]
    pub fn failed(failure: &Failure, plan: Plan, retry_after: Option<Duration>) -> Self {
        let (kind, error) = table::fault(failure.fault);
        let unknown = failure.effect == Effect::Unknown && mutates(plan);
        Self {
            kind: if unknown { &table::OUTCOME_UNKNOWN } else { kind },
            status: kind.status,
            error,
            effect: Some(failure.effect),
            retry_after,
            cause: Some(failure.fault.word()),
            skipped: Some(failure.why.word()),
            directive: None,
        }
    }

    /// The word for `Outwright-Retry`, if a retry by the caller would be on top of ours or unsafe.
    #[must_use]
    pub fn retry(&self) -> Option<&'static str> {
        if self.kind == &table::OUTCOME_UNKNOWN { Some("unsafe") } else { self.kind.retry }
    }

    /// The document, as JSON.
    #[must_use]
    pub fn document(&self, place: &Place<'_>) -> Vec<u8> {
        let call = place.call.map(|call| call.hex());
        let instance = call.as_ref().map(|hex| format!("urn:outwright:call:{}", Hex(hex)));
        let document = Document {
            r#type: self.kind.uri,
            title: self.kind.title,
            status: self.status.as_u16(),
            detail: self.kind.detail,
            help: self.kind.help,
            instance,
            provider: place.provider,
            operation: place.operation,
            attempts: place.attempts,
            retryable: self.kind.retryable,
            retry_after_ms: self
                .retry_after
                .map(|wait| u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)),
            effect: self.effect.map(Effect::word),
            cause: self.cause,
            retry_skipped: self.skipped,
            directive: self.directive,
            error: ClientError::of(self),
        };
        serde_json::to_vec(&document).expect("strings and numbers always are JSON")
    }
}

/// The error of Proxy-Status that a refusal has, with the status that its problem would have.
pub(crate) fn refused_error(reason: Reason) -> (&'static str, StatusCode) {
    let kind = table::refusal(reason);
    (kind.error, kind.status)
}

/// The error of Proxy-Status that a fault has.
pub(crate) fn fault_error(fault: Fault) -> &'static str {
    table::fault(fault).1
}

/// Where a problem happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// The call, if there was one.
    pub call: Option<CallId>,
    /// Its provider, by the name in the contract.
    pub provider: Option<&'a str>,
    /// Its operation, by the name in the contract.
    pub operation: Option<&'a str>,
    /// Sends that were made.
    pub attempts: u8,
}

/// Whether an operation of this plan may change something at the provider.
#[must_use]
pub const fn mutates(plan: Plan) -> bool {
    match plan {
        Plan::Safe => false,
        Plan::Repeatable
        | Plan::Conditional
        | Plan::ProviderKey
        | Plan::BodyField
        | Plan::Reconcile
        | Plan::Once => true,
    }
}

/// The word for `Outwright-Retry` on a reply of the provider that was not tried again although it was not good.
#[must_use]
pub const fn retry_word(skip: Skip) -> Option<&'static str> {
    match skip {
        // Where a contract only reports, the caller's own repeats are what protects it.
        Skip::Final | Skip::Told | Skip::Report => None,
        Skip::Attempts
        | Skip::Budget
        | Skip::Deadline
        | Skip::HintTooLong
        | Skip::BreakerOpen
        | Skip::Gates
        | Skip::CallerGone => Some("exhausted"),
        Skip::Plan | Skip::Body | Skip::Contract => Some("unsafe"),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    help: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    attempts: u8,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_skipped: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    directive: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ClientError>,
}

/// The problem once more, in the form in which many providers tell errors (Stripe, OpenAI, Anthropic).
///
/// stripe-node 23.1.0 looks for nothing else: a document without it is a success to it, whatever the status.
#[derive(Serialize)]
struct ClientError {
    r#type: &'static str,
    code: &'static str,
    message: String,
}

impl ClientError {
    fn of(problem: &Problem) -> Option<Self> {
        let status = problem.status;
        let waits = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
        let r#type = if status.is_server_error() || waits.contains(&status) {
            "api_error"
        } else if status.is_client_error() {
            "invalid_request_error"
        } else {
            return None;
        };
        let Kind { name, title, detail, .. } = problem.kind;
        Some(Self { r#type, code: name, message: format!("{title}. {detail}") })
    }
}

struct Hex<'a>(&'a [u8; 16]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

/// Told to a caller that must come back when nothing better is known: chosen, the shortest that HTTP can say.
const WAIT_UNKNOWN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
