//! Eligibility: certainty of processing × idempotency plan, as a table.

/// A way an attempt can end: a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// The resolver could not answer now.
    DnsTemporary,
    /// The name does not exist.
    DnsNotFound,
    /// Refused, or no route.
    ConnectRefused,
    /// No connection in time.
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

/// Where a contract moves rows for one operation; the first entry of a signal counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(pub Box<[(Signal, Override)]>);

/// How a row is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Override {
    /// Towards caution: never again.
    Never,
    /// Towards risk, with a because in the contract: as if provably not processed.
    Unprocessed,
}
