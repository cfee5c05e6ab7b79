//! What a read says when the provider cannot; a mutation never gets a made-up success.
//!
//! # Guards against
//!
//! An outage of a provider becoming an outage of everything that reads from it, and an old or invented answer that
//! nobody can tell from a real one.
//!
//! # Rule
//!
//! The contract decides per read what to say when no attempt succeeded: nothing, the last good answer up to an age,
//! or a fixed answer. Whatever is not the provider's answer of now is marked.
//! It is said where the provider could not: it failed, it throttled us, or one of our own gates protected it.
//! What the caller did wrong, what the provider refuses, and what is wrong with our own contract or credential is told
//! as it is: an old answer would hide it.
//!
//! # States
//!
//! None: a policy is read after the last attempt.
//!
//! # Units and bounds
//!
//! A fixed answer has a status of 200–299; its body is a part of the contract, which has 1 MiB at most.
//!
//! # Says
//!
//! [`Decision`]: the honest failure, a look at what is kept, or the fixed answer.
//!
//! # Sources
//!
//! RFC 9111 section 4.2.4 (serving stale); RFC 5861 section 4 (stale-if-error).

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use crate::outcome::{Class, Fault};
use crate::refusal::Reason;

/// What the contract decided; there is no default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The honest failure.
    None,
    /// The last good answer, if there is one that may be shown; which may, the cache room says.
    Stale,
    /// A fixed answer.
    Static(Fixed),
}

/// A fixed answer; made by [`Fixed::new`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    status: StatusCode,
    content_type: HeaderValue,
    body: Bytes,
}

/// Why there is no such fixed answer: its status would say that it is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotGood;

impl Fixed {
    /// An answer with this status, 200–299.
    ///
    /// # Errors
    ///
    /// The status is another.
    pub fn new(
        status: StatusCode,
        content_type: HeaderValue,
        body: impl Into<Bytes>,
    ) -> Result<Self, NotGood> {
        let body = body.into();
        if status.is_success() { Ok(Self { status, content_type, body }) } else { Err(NotGood) }
    }

    /// Its status, 200–299.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Its content type.
    #[must_use]
    pub const fn content_type(&self) -> &HeaderValue {
        &self.content_type
    }

    /// Its body.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }
}

/// What there is instead of a good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lack {
    /// Nothing was sent.
    Refused(Reason),
    /// No reply came.
    Failed(Fault),
    /// A reply came that was not good.
    Replied(Class),
}

/// What to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// What there is.
    Honest,
    /// What is kept, if it may be shown.
    Recall,
    /// The fixed answer.
    Static,
}

/// An answer that is not the provider's of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Degraded {
    /// The last good answer, kept.
    Stale,
    /// The contract's fixed answer.
    Static,
}

impl Degraded {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stale, Self::Static];

    /// Its word in fields, logs and metrics; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Static => "static",
        }
    }
}

/// What a read says instead of this.
#[must_use]
pub const fn decide(policy: &Policy, lack: Lack) -> Decision {
    match policy {
        Policy::None => Decision::Honest,
        Policy::Stale | Policy::Static(_) if !is_degraded(lack) => Decision::Honest,
        Policy::Stale => Decision::Recall,
        Policy::Static(_) => Decision::Static,
    }
}

/// Whether the provider could not, and not somebody else's mistake stands behind it.
const fn is_degraded(lack: Lack) -> bool {
    match lack {
        Lack::Refused(reason) => match reason {
            Reason::BreakerOpen
            | Reason::Hold
            | Reason::Exhausted
            | Reason::LimiterFull
            | Reason::ShareFull
            | Reason::QueueFull
            | Reason::QueueWait
            | Reason::DeadlineTooShort => true,
            // A credential that is gone may have been withdrawn, and what it could read with it.
            Reason::CredentialMissing
            | Reason::BodyTooLarge
            | Reason::KeyMissing
            | Reason::NotAllowed
            | Reason::CallerGone
            | Reason::StoreDown
            | Reason::MemoryFull
            | Reason::CallsFull
            | Reason::Draining => false,
        },
        Lack::Failed(fault) => match fault {
            Fault::DnsTemporary
            | Fault::DnsTimeout
            | Fault::DnsNotFound
            | Fault::ConnectRefused
            | Fault::ConnectUnreachable
            | Fault::ConnectTimeout
            | Fault::TlsTransport
            | Fault::TlsTimeout
            | Fault::TlsRefused
            | Fault::StaleConnection
            | Fault::Reset
            | Fault::RefusedStream
            | Fault::GoneAway
            | Fault::StreamReset
            | Fault::WriteTimeout
            | Fault::FirstByteTimeout
            | Fault::Malformed
            | Fault::HeadTooLarge
            | Fault::BodyTruncated
            | Fault::BodyIdle
            | Fault::BodyLate
            | Fault::BodyTooLarge
            | Fault::ContentCoding
            | Fault::MediaType => true,
            // The contract does not allow the address; the caller did not send its body.
            Fault::AddressProhibited | Fault::RequestBroken => false,
        },
        Lack::Replied(class) => match class {
            Class::Transient | Class::Throttled | Class::Exhausted | Class::Overloaded => true,
            Class::Success | Class::Rejected | Class::Unauthorized => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> Policy {
        let json = HeaderValue::from_static("application/json");
        Policy::Static(Fixed::new(StatusCode::OK, json, "[]").unwrap())
    }

    /// What callers, operators and the provider itself said no to is told; the rest is degraded.
    #[test]
    fn what_the_provider_could_not_do_is_degraded_and_nothing_else() {
        let honest_reasons = [
            Reason::CredentialMissing,
            Reason::BodyTooLarge,
            Reason::KeyMissing,
            Reason::NotAllowed,
            Reason::CallerGone,
            Reason::StoreDown,
            Reason::MemoryFull,
            Reason::CallsFull,
            Reason::Draining,
        ];
        let honest_faults = [Fault::AddressProhibited, Fault::RequestBroken];
        let honest_classes = [Class::Success, Class::Rejected, Class::Unauthorized];
        let reasons =
            Reason::ALL.map(|reason| (Lack::Refused(reason), honest_reasons.contains(&reason)));
        let faults = Fault::ALL.map(|fault| (Lack::Failed(fault), honest_faults.contains(&fault)));
        let classes =
            Class::ALL.map(|class| (Lack::Replied(class), honest_classes.contains(&class)));
        for (lack, honest) in reasons.into_iter().chain(faults).chain(classes) {
            assert_eq!(decide(&Policy::None, lack), Decision::Honest, "{lack:?}");
            let or = |other| if honest { Decision::Honest } else { other };
            assert_eq!(decide(&Policy::Stale, lack), or(Decision::Recall), "{lack:?}");
            assert_eq!(decide(&fixed(), lack), or(Decision::Static), "{lack:?}");
        }
    }

    #[test]
    fn a_fixed_answer_is_a_good_one() {
        for (status, good) in [(199, false), (200, true), (299, true), (300, false), (503, false)] {
            let json = HeaderValue::from_static("text/plain");
            let made = Fixed::new(StatusCode::from_u16(status).unwrap(), json, "");
            assert_eq!(made.is_ok(), good, "{status}");
        }
    }
}
