//! The ways an attempt can end, and what each of them says by itself: the left half of the eligibility matrix.

use super::{Class, Effect, Evidence};

/// A way an attempt can end: a row of the eligibility matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// The resolver could not answer now.
    DnsTemporary,
    /// The name does not exist.
    DnsNotFound,
    /// Refused, or no route; the other addresses were tried within the attempt.
    ConnectRefused,
    /// No connection in time, or no byte of the request was taken.
    ConnectTimeout,
    /// Handshake cut or late.
    TlsTransport,
    /// Certificate, name, protocol, or every address prohibited.
    TlsRefused,
    /// A pooled connection was dead; handed back unsent.
    StaleConnection,
    /// Closed or reset after the first request byte, before a response.
    Reset,
    /// HTTP/2: GOAWAY below this stream.
    GoawayAbove,
    /// HTTP/2: GOAWAY, and the stream was lost.
    GoawayBelow,
    /// HTTP/2: REFUSED_STREAM.
    RefusedStream,
    /// HTTP/2: reset otherwise.
    StreamReset,
    /// No response head in time.
    FirstByteTimeout,
    /// The head was not HTTP, or too large.
    Malformed,
    /// A 2xx body broke off.
    BodyTruncated,
    /// A 2xx body stalled.
    BodyIdle,
    /// A response body is larger than allowed.
    BodyTooLarge,
    /// The caller's own request body broke off.
    RequestBroken,
    /// 408 before the request was fully written.
    S408Unsent,
    /// 408 after it.
    S408,
    /// 409 in general.
    S409,
    /// 409 that means "this key is still in progress" or a lock.
    S409InProgress,
    /// 413 with Retry-After.
    S413RetryAfter,
    /// 417.
    S417,
    /// 421.
    S421,
    /// 425.
    S425,
    /// 429 for the rate.
    S429,
    /// 429 or 403 for a quota or a bill; 402.
    Exhausted,
    /// 403 with the marks of a rate limit.
    S403Throttled,
    /// 401.
    S401,
    /// Any other 4xx.
    S4xx,
    /// 500.
    S500,
    /// 500 of a provider that stores it under the key and gives it again.
    S500Replayed,
    /// 501, 505, 506, 510.
    S501,
    /// 502.
    S502,
    /// 503 without a hint.
    S503,
    /// 503 with Retry-After.
    S503RetryAfter,
    /// 504.
    S504,
    /// 507.
    S507,
    /// 508.
    S508,
    /// 511, and 407.
    S511,
    /// 520, 522, 524, 527, 530 and every other 5xx.
    S52x,
    /// 521, 523, 525, 526: an edge could not reach the origin.
    S521,
    /// 529, and whatever else says "overloaded".
    Overloaded,
    /// A redirect under `deny`, or an informational status as a final one.
    S3xx,
    /// 2xx whose body says that it failed.
    SuccessWithError,
}

/// How sure it is whether the provider carried the request out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// Provably not: the protocol says so.
    NotProcessed,
    /// Not, as a third party says (`N*`).
    SaidNotProcessed,
    /// Nobody on this side can say.
    Unknown,
    /// It came to a definite end.
    Processed,
}

impl Certainty {
    /// Its mark in the matrix.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotProcessed => "N",
            Self::SaidNotProcessed => "N*",
            Self::Unknown => "U",
            Self::Processed => "P",
        }
    }
}

/// What a signal says by itself, before contract and plan are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Facts(&'static str, Certainty, Class, Effect, Evidence);

impl Signal {
    /// Every signal, in the order of the path of an attempt.
    pub const ALL: [Self; 46] = [
        Self::DnsTemporary,
        Self::DnsNotFound,
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::TlsTransport,
        Self::TlsRefused,
        Self::StaleConnection,
        Self::Reset,
        Self::GoawayAbove,
        Self::GoawayBelow,
        Self::RefusedStream,
        Self::StreamReset,
        Self::FirstByteTimeout,
        Self::Malformed,
        Self::BodyTruncated,
        Self::BodyIdle,
        Self::BodyTooLarge,
        Self::RequestBroken,
        Self::S408Unsent,
        Self::S408,
        Self::S409,
        Self::S409InProgress,
        Self::S413RetryAfter,
        Self::S417,
        Self::S421,
        Self::S425,
        Self::S429,
        Self::Exhausted,
        Self::S403Throttled,
        Self::S401,
        Self::S4xx,
        Self::S500,
        Self::S500Replayed,
        Self::S501,
        Self::S502,
        Self::S503,
        Self::S503RetryAfter,
        Self::S504,
        Self::S507,
        Self::S508,
        Self::S511,
        Self::S52x,
        Self::S521,
        Self::Overloaded,
        Self::S3xx,
        Self::SuccessWithError,
    ];

    /// Its word in contracts, logs and reports; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.facts().0
    }

    /// How sure it is whether the provider carried the request out.
    #[must_use]
    pub const fn certainty(self) -> Certainty {
        self.facts().1
    }

    /// What it means.
    #[must_use]
    pub const fn class(self) -> Class {
        self.facts().2
    }

    /// What was done at the provider.
    #[must_use]
    pub const fn effect(self) -> Effect {
        self.facts().3
    }

    /// What it says about the provider's health.
    #[must_use]
    pub const fn evidence(self) -> Evidence {
        self.facts().4
    }

    /// One line per signal: word, certainty, class, effect, evidence.
    const fn facts(self) -> Facts {
        use Certainty::{NotProcessed as N, Processed as P, SaidNotProcessed as Ns, Unknown as U};
        use Class::{Exhausted, Overloaded, Rejected, Throttled, Transient, Unauthorized};
        use Effect::{Done, None, Unknown};
        use Evidence::{Hard, Neutral, Overload, Soft, Success};
        match self {
            Self::DnsTemporary => Facts("dns_temporary", N, Transient, None, Hard),
            Self::DnsNotFound => Facts("dns_not_found", N, Transient, None, Hard),
            Self::ConnectRefused => Facts("connect_refused", N, Transient, None, Hard),
            Self::ConnectTimeout => Facts("connect_timeout", N, Transient, None, Hard),
            Self::TlsTransport => Facts("tls_transport", N, Transient, None, Hard),
            Self::TlsRefused => Facts("tls_refused", N, Transient, None, Hard),
            Self::StaleConnection => Facts("stale_connection", N, Transient, None, Neutral),
            Self::Reset => Facts("reset", U, Transient, Unknown, Hard),
            Self::GoawayAbove => Facts("goaway_above", N, Transient, None, Neutral),
            Self::GoawayBelow => Facts("goaway_below", U, Transient, Unknown, Hard),
            Self::RefusedStream => Facts("refused_stream", N, Transient, None, Neutral),
            Self::StreamReset => Facts("stream_reset", U, Transient, Unknown, Hard),
            Self::FirstByteTimeout => Facts("first_byte_timeout", U, Transient, Unknown, Hard),
            Self::Malformed => Facts("malformed", U, Transient, Unknown, Soft),
            Self::BodyTruncated => Facts("body_truncated", P, Transient, Done, Hard),
            Self::BodyIdle => Facts("body_idle", P, Transient, Done, Hard),
            Self::BodyTooLarge => Facts("body_too_large", P, Rejected, Done, Neutral),
            Self::RequestBroken => Facts("request_broken", U, Rejected, Unknown, Neutral),
            Self::S408Unsent => Facts("408_unsent", N, Transient, None, Soft),
            Self::S408 => Facts("408", U, Transient, Unknown, Soft),
            Self::S409 => Facts("409", P, Rejected, None, Neutral),
            Self::S409InProgress => Facts("409_in_progress", P, Transient, Unknown, Neutral),
            Self::S413RetryAfter => Facts("413_retry_after", Ns, Throttled, None, Neutral),
            Self::S417 => Facts("417", P, Rejected, None, Success),
            Self::S421 => Facts("421", N, Transient, None, Neutral),
            Self::S425 => Facts("425", N, Transient, None, Neutral),
            Self::S429 => Facts("429", Ns, Throttled, None, Neutral),
            Self::Exhausted => Facts("exhausted", P, Exhausted, None, Neutral),
            Self::S403Throttled => Facts("403_throttled", Ns, Throttled, None, Neutral),
            Self::S401 => Facts("401", N, Unauthorized, None, Neutral),
            Self::S4xx => Facts("4xx", P, Rejected, None, Success),
            Self::S500 => Facts("500", U, Transient, Unknown, Soft),
            Self::S500Replayed => Facts("500_replayed", U, Transient, Unknown, Soft),
            Self::S501 => Facts("501", P, Rejected, None, Neutral),
            Self::S502 => Facts("502", U, Transient, Unknown, Soft),
            Self::S503 => Facts("503", U, Overloaded, Unknown, Overload),
            Self::S503RetryAfter => Facts("503_retry_after", U, Overloaded, Unknown, Overload),
            Self::S504 => Facts("504", U, Transient, Unknown, Soft),
            Self::S507 => Facts("507", P, Rejected, None, Neutral),
            Self::S508 => Facts("508", P, Rejected, None, Neutral),
            Self::S511 => Facts("511", N, Rejected, None, Neutral),
            Self::S52x => Facts("52x", U, Transient, Unknown, Soft),
            Self::S521 => Facts("521", Ns, Transient, None, Hard),
            Self::Overloaded => Facts("overloaded", U, Overloaded, Unknown, Overload),
            Self::S3xx => Facts("3xx", U, Rejected, Unknown, Success),
            Self::SuccessWithError => Facts("success_with_error", P, Rejected, Unknown, Success),
        }
    }
}
