//! What a caller hands in and what it gets back.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{Request, Response};
use outwright_core::outcome::{Effect, Fault};
use outwright_core::provider::{OpIndex, Operation, Priority};
use outwright_core::refusal::{Reason, Refusal};
use outwright_core::step::Failure;
use outwright_core::time::{Mono, Now};

use super::caller::Caller;
use super::outlet::Outlet;
use super::reply::ReplyBody;
use crate::telemetry::{Outcome as Counted, Record};

/// One call, as a caller hands it in: its operation has been found, its path is the provider's.
#[derive(Debug)]
pub struct Outbound<B> {
    /// The provider, under the contract by which the operation was found.
    pub outlet: Rc<Outlet>,
    /// The operation, found by the provider's routes.
    pub operation: OpIndex,
    /// The request; its URI is not looked at, its hop-by-hop and `outwright-*` fields are dropped.
    pub request: Request<B>,
    /// Path and query without the provider's prefix at the gateway, starting with `/`.
    pub path: PathAndQuery,
    /// What the caller said of the call.
    pub facts: CallerFacts,
}

/// What a caller said of a call, beside the request itself.
#[derive(Clone, Debug)]
pub struct CallerFacts {
    /// How long it waits; the contract's total rules where it is smaller.
    pub timeout: Option<Duration>,
    /// How urgent it is; the operation's own priority is a ceiling.
    pub priority: Priority,
    /// When its head had been read.
    pub arrived: Now,
    /// Who it is, where callers are told apart: keys are then derived per caller.
    pub caller: Option<Arc<Caller>>,
}

/// What became of a call.
#[derive(Debug)]
pub enum Answer {
    /// The provider's reply: its body streams, knows the call, and tells telemetry of it when it ends.
    Reply(Response<ReplyBody>),
    /// There is none to show: somebody else has to write the answer.
    Own(Box<Own>),
}

/// A call without a reply to show.
///
/// Whoever writes its answer sets `status` and `outcome` of the record and hands that to
/// [`crate::telemetry::CoreTelemetry::over`]: only it knows which status the caller got.
#[derive(Debug)]
pub struct Own {
    /// Why there is no reply.
    pub outcome: Outcome,
    /// The provider, under the contract that the call was admitted under.
    pub outlet: Rc<Outlet>,
    /// How it came to that.
    pub record: Record,
    /// When.
    pub at: Mono,
}

/// Why there is no reply to show.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nothing was sent.
    Refused(Refusal),
    /// It was sent and went wrong, without a reply to show.
    Failed(Failure),
    /// The caller's request cannot be sent as it is.
    Misuse(Misuse),
}

impl From<Misuse> for Outcome {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}

impl Outcome {
    /// What the call counts as, without a reply to show.
    #[must_use]
    pub fn counts_as(&self, operation: &Operation) -> Counted {
        match self {
            Self::Refused(refusal) => refused_as(refusal.reason),
            Self::Failed(failure) => failed_as(failure, operation),
            Self::Misuse(_) => Counted::Rejected,
        }
    }
}

/// Why a caller's request cannot be sent as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// The body is larger than the operation allows.
    BodyTooLarge {
        /// How many bytes it allows.
        bytes_max: u64,
    },
    /// The body broke off before its declared end.
    BodyBroken,
    /// The caller took longer to send its body than the call may last.
    BodyLate,
    /// The operation requires a key and the caller sent none.
    KeyMissing,
    /// The key is empty, longer than 255 bytes, or holds something else than visible ASCII characters.
    KeyInvalid,
    /// A key is derived from this field of the body, or written there, and the body has no such place.
    KeyField(Box<str>),
    /// The request asks for another protocol (`Upgrade`, `CONNECT`), which no operation offers.
    Upgrade,
    /// It has passed through this deployment before.
    Loop,
    /// Path and query with an injected credential are longer than a URI may be.
    PathTooLong,
}

/// What a refused call counts as.
fn refused_as(reason: Reason) -> Counted {
    // Whoever left was not turned away.
    if reason == Reason::CallerGone { Counted::Cancelled } else { Counted::Rejected }
}

/// What a failed call counts as.
fn failed_as(failure: &Failure, operation: &Operation) -> Counted {
    if failure.effect == Effect::Unknown && operation.plan.mutates() {
        return Counted::Unknown;
    }
    match failure.fault {
        Fault::DnsTimeout
        | Fault::ConnectTimeout
        | Fault::TlsTimeout
        | Fault::WriteTimeout
        | Fault::FirstByteTimeout
        | Fault::BodyIdle
        | Fault::BodyLate => Counted::Timeout,
        Fault::RequestBroken => Counted::ClientError,
        Fault::DnsTemporary
        | Fault::DnsNotFound
        | Fault::AddressProhibited
        | Fault::ConnectRefused
        | Fault::ConnectUnreachable
        | Fault::TlsTransport
        | Fault::TlsRefused
        | Fault::StaleConnection
        | Fault::Reset
        | Fault::RefusedStream
        | Fault::GoneAway
        | Fault::StreamReset
        | Fault::Malformed
        | Fault::HeadTooLarge
        | Fault::BodyTruncated
        | Fault::BodyTooLarge
        | Fault::ContentCoding
        | Fault::MediaType => Counted::ProviderError,
    }
}
