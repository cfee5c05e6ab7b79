//! What becomes of calls in the words of problems and of telemetry.

use outwright::Misuse;
use outwright::telemetry::{self, TurnedAway};
use outwright_core::outcome::{Effect, Fault};
use outwright_core::provider::Operation;
use outwright_core::refusal::Reason;
use outwright_core::step::Failure;

use crate::problem::{self, Kind, Problem};

/// What a caller's mistake is told as.
pub(super) fn misused(misuse: &Misuse) -> Problem {
    Problem::of(match misuse {
        Misuse::BodyTooLarge { .. } => &problem::BODY_TOO_LARGE,
        Misuse::BodyBroken => &problem::REQUEST_BROKEN,
        Misuse::BodyLate => &problem::REQUEST_LATE,
        Misuse::KeyMissing => &problem::KEY_MISSING,
        Misuse::KeyInvalid => &problem::FIELD_INVALID,
        Misuse::KeyField(_) => &problem::KEY_UNUSABLE,
        Misuse::Upgrade => &problem::UPGRADE_REFUSED,
        Misuse::Loop => &problem::LOOP_DETECTED,
        Misuse::PathTooLong => &problem::TARGET_TOO_LONG,
    })
}

/// What a refused call counts as.
pub(super) fn refused_as(reason: Reason) -> telemetry::Outcome {
    match reason {
        Reason::CallerGone => telemetry::Outcome::Cancelled,
        Reason::BreakerOpen
        | Reason::Hold
        | Reason::Exhausted
        | Reason::LimiterFull
        | Reason::ShareFull
        | Reason::QueueFull
        | Reason::QueueWait
        | Reason::DeadlineTooShort
        | Reason::CredentialMissing
        | Reason::BodyTooLarge
        | Reason::KeyMissing
        | Reason::NotAllowed
        | Reason::StoreDown
        | Reason::MemoryFull
        | Reason::Draining => telemetry::Outcome::Rejected,
    }
}

/// What a failed call counts as.
pub(super) fn failed_as(failure: &Failure, operation: &Operation) -> telemetry::Outcome {
    if failure.effect == Effect::Unknown && problem::mutates(operation.plan) {
        return telemetry::Outcome::Unknown;
    }
    match failure.fault {
        Fault::DnsTimeout
        | Fault::ConnectTimeout
        | Fault::TlsTimeout
        | Fault::WriteTimeout
        | Fault::FirstByteTimeout
        | Fault::BodyIdle
        | Fault::BodyLate => telemetry::Outcome::Timeout,
        Fault::RequestBroken => telemetry::Outcome::ClientError,
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
        | Fault::MediaType => telemetry::Outcome::ProviderError,
    }
}

/// The word under which the door counts a request that it answered itself.
pub(crate) fn turned_away(kind: &'static Kind) -> TurnedAway {
    let mut all = TurnedAway::ALL.into_iter();
    all.find(|why| why.word() == kind.name).unwrap_or(TurnedAway::BadRequest)
}
