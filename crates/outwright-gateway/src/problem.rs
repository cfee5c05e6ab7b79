//! The only place that turns what went wrong into HTTP: status, problem type and Proxy-Status error.
//!
//! Every answer of outwright's own is a problem document (RFC 9457) whose type is `urn:outwright:problem:<name>`.
//! It says what happened and what to do, and nothing about addresses, fields or secrets.

mod answer;
mod table;

use std::time::Duration;

use http::StatusCode;
use outwright::dress::Came;
use outwright::telemetry::{Attempt, Record};
use outwright::{Failed, Misuse, Why};
use outwright_core::cache::Directive;
use outwright_core::outcome::Effect;
use outwright_core::provider::Plan;
use outwright_core::refusal::Reason;
use outwright_core::step::{CallId, Failure};
use serde::Serialize;

pub use self::answer::answer;
pub(crate) use self::answer::dressed;
pub(crate) use self::table::{
    ADMIN_UNKNOWN, BAD_REQUEST, BROWSER_REFUSED, CALLER_UNKNOWN, FIELD_INVALID, HEAD_TOO_LARGE,
    HEAD_TOO_LATE, HOST_FOREIGN, METHOD_NOT_ALLOWED, OPERATION_UNKNOWN, PATH_AMBIGUOUS,
    PROVIDER_UNKNOWN, TARGET_TOO_LONG, TOKEN_MISSING, turned_away,
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
        let unknown = failure.effect == Effect::Unknown && plan.mutates();
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

    /// A call whose request cannot be sent as it is.
    #[must_use]
    pub const fn misused(misuse: &Misuse) -> Self {
        Self::of(match misuse {
            Misuse::BodyTooLarge { .. } => &table::BODY_TOO_LARGE,
            Misuse::BodyBroken => &table::REQUEST_BROKEN,
            Misuse::BodyLate => &table::REQUEST_LATE,
            Misuse::KeyMissing => &table::KEY_MISSING,
            Misuse::KeyInvalid => &FIELD_INVALID,
            Misuse::KeyField(_) => &table::KEY_UNUSABLE,
            Misuse::Upgrade => &table::UPGRADE_REFUSED,
            Misuse::Loop => &table::LOOP_DETECTED,
            Misuse::PathTooLong => &TARGET_TOO_LONG,
        })
    }

    /// The problem with which the gateway answers where a call in process has this error.
    #[must_use]
    pub fn of_error(error: &outwright::Error) -> Self {
        let problem = match error.why() {
            Why::Refused { reason, wait } => Self::refused(*reason, *wait),
            Why::Failed(failed) => Self::failed(&failure(error, failed), Plan::Safe, failed.wait),
            Why::Unknown(failed) => Self::failed(&failure(error, failed), Plan::Once, failed.wait),
            Why::Misuse(misuse) => Self::misused(misuse),
            Why::TurnedAway(why) => Self::of(turned_away(*why)),
        };
        match error.barred() {
            Some(directive) => problem.barred(directive),
            None => problem,
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

/// What came of the last attempt of a call whose answer is another, in the words of Proxy-Status.
pub(crate) fn came(record: &Record) -> Came {
    match (record.attempts.iter().last(), record.refused) {
        (Some(Attempt { fault: Some(fault), .. }), _) => {
            Came::Error(table::fault(*fault).1, Some(StatusCode::BAD_GATEWAY))
        }
        (Some(Attempt { status: Some(status), .. }), _) => Came::Status(*status),
        (_, Some(reason)) => {
            let kind = table::refusal(reason);
            Came::Error(kind.error, Some(kind.status))
        }
        (Some(_) | None, None) => Came::Error("proxy_internal_response", Some(StatusCode::OK)),
    }
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

fn failure(error: &outwright::Error, failed: &Failed) -> Failure {
    let Failed { fault, class, effect, skipped, .. } = *failed;
    let attempts = u8::try_from(error.account().attempts()).unwrap_or(u8::MAX);
    Failure { fault, class, effect, why: skipped, attempts, until: None }
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
