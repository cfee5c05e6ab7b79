//! The faults that the provider shows on command, numbered as in the fault list (F-02 to F-26).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::malformed::Malformed;
use super::reply::RetryAfter;
use super::units;

/// What goes wrong with one request or one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// F-19: this status, with the fields of a throttle if wanted.
    Status {
        /// The status line's code.
        status: u16,
        /// `Retry-After`, in a form of choice.
        #[serde(default)]
        retry_after: RetryAfter,
        /// More header fields.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// The body; a small JSON error when absent.
        #[serde(default)]
        body: Option<String>,
        /// Added to the provider's clock for `Date` and for dates in `Retry-After`.
        #[serde(default)]
        date_skew_s: i64,
        /// Whether the operation was performed all the same.
        #[serde(default)]
        strikes: Strikes,
    },
    /// The usual answer, this much later.
    Slow {
        /// How much later.
        #[serde(rename = "by_ms", with = "units")]
        by: Duration,
    },
    /// F-06: the whole request is taken, then the connection ends without an answer.
    Unanswered {
        /// How it ends.
        #[serde(default)]
        ending: Ending,
        /// Whether the effect was performed: the ambiguous case is `after_effect`.
        #[serde(default = "Strikes::after")]
        strikes: Strikes,
    },
    /// F-06: the whole request is taken and nothing is ever answered.
    Silent {
        /// Whether the effect was performed.
        #[serde(default = "Strikes::after")]
        strikes: Strikes,
    },
    /// F-04: the answer's head, then the end of the connection.
    EndAfterHead {
        /// How it ends.
        #[serde(default = "Ending::reset")]
        ending: Ending,
    },
    /// F-05: `Content-Length` promises this many bytes more than come, then the connection ends.
    ShortBody {
        /// How many bytes never come (at most the whole body).
        missing_bytes: usize,
    },
    /// F-07: the answer byte by byte.
    Drip {
        /// The pause after each byte.
        #[serde(rename = "every_ms", with = "units")]
        every: Duration,
        /// Whether the head drips too.
        #[serde(default)]
        part: Part,
    },
    /// F-08: a usual answer with keep-alive, then the connection ends as the next request's first byte arrives.
    EndOnNext {
        /// How it ends.
        #[serde(default)]
        ending: Ending,
    },
    /// F-09: a usual answer, then a second one that nobody asked for.
    Unsolicited {
        /// How long after the answer; zero puts both into one write.
        #[serde(default, rename = "after_ms", with = "units")]
        after: Duration,
    },
    /// F-12: the line goes dead: nothing is read or answered any more.
    BlackHole {
        /// Whether the effect was performed.
        #[serde(default)]
        strikes: Strikes,
    },
    /// F-13: this many header fields.
    HeaderFlood {
        /// How many.
        fields: usize,
    },
    /// F-13: one header line of this many bytes.
    LongLine {
        /// How long the value is.
        bytes: usize,
    },
    /// F-13: a head that never ends.
    EndlessHead {
        /// The pause after each line.
        #[serde(default, rename = "every_ms", with = "units")]
        every: Duration,
    },
    /// F-13: interim answers without end.
    EndlessInterim {
        /// The pause after each.
        #[serde(default, rename = "every_ms", with = "units")]
        every: Duration,
    },
    /// Interim answers, then the usual one.
    Interim {
        /// Their codes.
        statuses: Vec<u16>,
    },
    /// F-14, F-22: a redirect; to anywhere, so also to itself, to plain http or back into outwright.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// `Location`, as it stands.
        location: String,
    },
    /// F-15: a gzip body that unpacks to this many zero bytes.
    GzipBomb {
        /// How many.
        decoded_bytes: u64,
    },
    /// F-15, F-16: a body that never ends.
    EndlessBody {
        /// How its end would have been told.
        #[serde(default)]
        framing: Endless,
        /// The pause after each 16 KiB.
        #[serde(default, rename = "every_ms", with = "units")]
        every: Duration,
    },
    /// F-16: the usual body in chunks, then trailers byte by byte.
    SlowTrailers {
        /// The pause after each byte.
        #[serde(rename = "every_ms", with = "units")]
        every: Duration,
    },
    /// F-16: trailers with fields that must not be there (RFC 9110 section 6.5.1).
    ForbiddenTrailers,
    /// F-17: what happens to a request with `Expect: 100-continue`; others do not meet this fault.
    Expect {
        /// The reaction.
        how: Expectation,
    },
    /// F-18: the final answer comes when the head is in, before the body was read.
    EarlyFinal {
        /// Its code.
        status: u16,
        /// What happens to the rest of the upload.
        #[serde(default)]
        then: Upload,
    },
    /// F-21: an error whose body and fields repeat every header of the request, credentials included.
    Echo {
        /// Its code.
        status: u16,
    },
    /// F-23: an answer that breaks HTTP/1.1.
    Malformed {
        /// In which way.
        case: Malformed,
    },
    /// A usual answer without a length, which the end of the connection ends.
    CloseDelimited {
        /// How it ends; `cut` under TLS is a truncation that must be noticed.
        ending: Ending,
    },
    /// A usual answer with `Connection: close`.
    ConnectionClose,
    /// F-03 and the like: what happens to a new connection before any request.
    AtConnect {
        /// In which way.
        how: AtConnect,
    },
}

/// Whether a fault comes before or after the provider performed the operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strikes {
    /// Nothing was performed.
    #[default]
    BeforeEffect,
    /// The operation was performed, only the answer is lost or wrong.
    AfterEffect,
}

impl Strikes {
    const fn after() -> Self {
        Self::AfterEffect
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// In order: `close_notify` under TLS, FIN.
    #[default]
    Close,
    /// FIN alone, also under TLS.
    Cut,
    /// RST.
    Reset,
}

impl Ending {
    const fn reset() -> Self {
        Self::Reset
    }
}

/// Which part of an answer is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Head and body.
    #[default]
    Whole,
    /// The body; the head comes at once.
    Body,
}

/// How an endless body is framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endless {
    /// In chunks, without a last one.
    #[default]
    Chunked,
    /// Until the connection ends, which it never does.
    UntilClose,
}

/// The reaction to `Expect: 100-continue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// No interim answer; the body is awaited all the same.
    Ignore,
    /// 417, and the connection goes on.
    Refuse,
    /// 401 instead of 100.
    FinalInstead,
}

/// What happens to an upload whose answer came early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upload {
    /// It is read and thrown away; the connection goes on.
    #[default]
    Drain,
    /// The connection ends; unread bytes may turn that into a reset at the peer.
    Close,
    /// Nothing is read any more.
    StopReading,
}

/// What happens to a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtConnect {
    /// Accepted, then RST.
    Reset,
    /// Accepted, then FIN.
    Close,
    /// Accepted, then nothing is read or said: a TLS client waits for its handshake.
    Silent,
    /// Under TLS: the `ClientHello` is read, then nothing is said.
    TlsStall,
    /// Under TLS: the `ClientHello` is read, then FIN.
    TlsClose,
    /// Under TLS: answered with a line of plain HTTP.
    TlsGarbage,
    /// Under TLS: the fatal alert `handshake_failure`.
    TlsAlert,
    /// A certificate whose time is over.
    CertExpired,
    /// A certificate whose time has not begun.
    CertNotYetValid,
    /// A certificate for another name.
    CertWrongHost,
    /// A certificate that nobody signed but itself.
    CertSelfSigned,
    /// A certificate of an authority that nobody was told of.
    CertUntrustedRoot,
}
