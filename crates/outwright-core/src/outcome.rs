//! What an attempt gave: how much was sent, what went wrong, what it means, what the provider did.

use std::fmt;

mod signal;
mod verdict;

pub use signal::{Certainty, Signal};
pub use verdict::{Evidence, Grounds, Hint, HintSource, Pushback, Verdict};

/// The number of an attempt within its call, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptNo(u8);

impl AttemptNo {
    /// The first attempt.
    pub const FIRST: Self = Self(1);

    /// The attempt with this number; 0 is read as 1.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        if number == 0 { Self(1) } else { Self(number) }
    }

    /// Its number, from 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The one after this; saturates.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for AttemptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How much of a request left this process, as the transport knows it from the bytes that it flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    /// Not one byte: the provider cannot have acted.
    Nothing,
    /// At least one byte, but not the whole request.
    Part,
    /// The whole request.
    All,
}

/// How an attempt ended without a usable reply. The transport says which, never from error text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The resolver could not answer now (SERVFAIL, refused, network).
    DnsTemporary,
    /// The resolver did not answer in time.
    DnsTimeout,
    /// The name does not exist, or has no address.
    DnsNotFound,
    /// Every address is one that egress does not allow.
    AddressProhibited,
    /// The peer refused the connection.
    ConnectRefused,
    /// No route to the peer.
    ConnectUnreachable,
    /// No connection within `connect`.
    ConnectTimeout,
    /// The handshake was cut, or made no sense.
    TlsTransport,
    /// The handshake did not finish in time.
    TlsTimeout,
    /// The peer's certificate, name or protocol was not acceptable, or it refused ours.
    TlsRefused,
    /// A pooled connection turned out dead before a byte of this request was flushed.
    StaleConnection,
    /// The connection closed or was reset before a response head.
    Reset,
    /// HTTP/2: the peer refused the stream before it did anything.
    RefusedStream,
    /// HTTP/2: the peer is going away, and said that it did not look at this stream.
    GoneAway,
    /// HTTP/2: the peer reset the stream.
    StreamReset,
    /// The peer took no byte of the request for `idle`.
    WriteTimeout,
    /// No response head within `first_byte`, or within the attempt.
    FirstByteTimeout,
    /// The response head was not HTTP.
    Malformed,
    /// The response head was larger than allowed.
    HeadTooLarge,
    /// The body ended before its declared end.
    BodyTruncated,
    /// No byte of the body for `idle`.
    BodyIdle,
    /// The attempt or the call ran out of time inside the body.
    BodyLate,
    /// The body was larger than allowed, as it came or once it is decoded.
    BodyTooLarge,
    /// The body was coded in a way that cannot be bounded, or that it was not.
    ContentCoding,
    /// A success in another media type than the contract declares: somebody in between may have answered.
    MediaType,
    /// The caller's own request body broke off.
    RequestBroken,
}

impl Fault {
    /// Every fault, in the order of the path of an attempt.
    pub const ALL: [Self; 26] = [
        Self::DnsTemporary,
        Self::DnsTimeout,
        Self::DnsNotFound,
        Self::AddressProhibited,
        Self::ConnectRefused,
        Self::ConnectUnreachable,
        Self::ConnectTimeout,
        Self::TlsTransport,
        Self::TlsTimeout,
        Self::TlsRefused,
        Self::StaleConnection,
        Self::Reset,
        Self::RefusedStream,
        Self::GoneAway,
        Self::StreamReset,
        Self::WriteTimeout,
        Self::FirstByteTimeout,
        Self::Malformed,
        Self::HeadTooLarge,
        Self::BodyTruncated,
        Self::BodyIdle,
        Self::BodyLate,
        Self::BodyTooLarge,
        Self::ContentCoding,
        Self::MediaType,
        Self::RequestBroken,
    ];

    /// Whether time ran out, rather than something breaking.
    #[must_use]
    pub const fn is_late(self) -> bool {
        matches!(
            self,
            Self::DnsTimeout
                | Self::ConnectTimeout
                | Self::TlsTimeout
                | Self::WriteTimeout
                | Self::FirstByteTimeout
                | Self::BodyIdle
                | Self::BodyLate
        )
    }

    /// Its word in logs, metrics and reports; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DnsTemporary => "dns_temporary",
            Self::DnsTimeout => "dns_timeout",
            Self::DnsNotFound => "dns_not_found",
            Self::AddressProhibited => "address_prohibited",
            Self::ConnectRefused => "connect_refused",
            Self::ConnectUnreachable => "connect_unreachable",
            Self::ConnectTimeout => "connect_timeout",
            Self::TlsTransport => "tls_transport",
            Self::TlsTimeout => "tls_timeout",
            Self::TlsRefused => "tls_refused",
            Self::StaleConnection => "stale_connection",
            Self::Reset => "reset",
            Self::RefusedStream => "refused_stream",
            Self::GoneAway => "gone_away",
            Self::StreamReset => "stream_reset",
            Self::WriteTimeout => "write_timeout",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::Malformed => "malformed",
            Self::HeadTooLarge => "head_too_large",
            Self::BodyTruncated => "body_truncated",
            Self::BodyIdle => "body_idle",
            Self::BodyLate => "body_late",
            Self::BodyTooLarge => "body_too_large",
            Self::ContentCoding => "content_coding",
            Self::MediaType => "media_type",
            Self::RequestBroken => "request_broken",
        }
    }
}

/// What an outcome means (`product.md` 3, error classes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The provider did what was asked.
    Success,
    /// The provider understood and said no: asking again changes nothing.
    Rejected,
    /// Something broke that may work the next time.
    Transient,
    /// Too fast: wait, then again.
    Throttled,
    /// A quota or a bill is used up: waiting seconds does not help.
    Exhausted,
    /// The credential was not accepted.
    Unauthorized,
    /// The provider says that it cannot keep up.
    Overloaded,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 7] = [
        Self::Success,
        Self::Rejected,
        Self::Transient,
        Self::Throttled,
        Self::Exhausted,
        Self::Unauthorized,
        Self::Overloaded,
    ];

    /// Its word in contracts, logs and metrics; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Rejected => "rejected",
            Self::Transient => "transient",
            Self::Throttled => "throttled",
            Self::Exhausted => "exhausted",
            Self::Unauthorized => "unauthorized",
            Self::Overloaded => "overloaded",
        }
    }
}

/// What an attempt did at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Provably nothing.
    None,
    /// Nobody on this side can say.
    Unknown,
    /// It was carried out.
    Done,
}

impl Effect {
    /// Its word in contracts, logs and problems; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unknown => "unknown",
            Self::Done => "done",
        }
    }
}

/// How a response body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyEnd {
    /// As its framing declared.
    Whole,
    /// Otherwise.
    Broken(Fault),
    /// The caller stopped taking it.
    CallerGone,
}
