//! What an outcome means: signal, class, effect at the provider, and when to come back.
//!
//! # Guards against
//!
//! A failure taken for another one: a 200 that failed, a 403 that only means "slower", a 429 that no waiting cures, a timeout that nobody may repeat.
//!
//! # Rule
//!
//! Rows of the contract come first, then the provider's dialect, then the status; for an outcome without a reply, what the transport saw and how much it had sent.
//! A field or a body with bad syntax says nothing.
//! A hint is `Retry-After`, else `RateLimit`, else the provider's own field; one that is past or senseless is none.
//!
//! # States
//!
//! None.
//!
//! # Units and bounds
//!
//! Hints from one nanosecond to 366 days, measured from the receipt of the head; of a body at most [`PREFIX_BYTES_MAX`] bytes.
//! A plain 2xx costs a few comparisons: no field is looked up.
//!
//! # Says
//!
//! [`Verdict`].
//!
//! # Sources
//!
//! RFC 9110 sections 10.2.3 and 15; RFC 6585; RFC 9651; draft-ietf-httpapi-ratelimit-headers in its three generations; the documents of each provider, linked beside its table.

use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::limits::PREFIX_BYTES_MAX;
use crate::outcome::{BodyEnd, Effect, Evidence, Fault, Grounds, Hint, HintSource, Sent, Signal};
use crate::provider::{ErrorRow, Operation, Provider};
use crate::step::Head;
use crate::time::Timestamp;

mod body;
mod date;
mod dialect;
mod fields;
mod hint;
mod quota;

pub use crate::outcome::{Class, Verdict};
pub use fields::{Announced, QuotaUnit};
pub use quota::Quota;

/// How a provider speaks of its limits (`requirements.md` 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `RateLimit`, `RateLimit-Policy` of the current draft, and its earlier generations.
    Ietf,
    /// GitHub.
    Github,
    /// Stripe.
    Stripe,
    /// Twilio.
    Twilio,
    /// Shopify, REST.
    ShopifyRest,
    /// Shopify, GraphQL.
    ShopifyGraphql,
    /// OpenAI.
    Openai,
    /// Anthropic.
    Anthropic,
    /// Slack.
    Slack,
    /// HubSpot.
    Hubspot,
    /// Salesforce.
    Salesforce,
    /// AWS and its likes.
    Aws,
    /// `X-RateLimit-*`, with the unit of its reset declared; none: the reset is not used.
    Generic(Option<ResetUnit>),
}

/// The unit of a reset field; never guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResetUnit {
    /// Seconds since the Unix epoch.
    EpochS,
    /// Milliseconds since the Unix epoch.
    EpochMs,
    /// Seconds from now.
    DeltaS,
    /// Milliseconds from now.
    DeltaMs,
    /// Such as `6m0s`.
    Duration,
    /// A date of RFC 3339.
    Rfc3339,
}

impl Dialect {
    /// The unit that the contract declared for a reset, where the dialect leaves it open.
    const fn declared(self) -> Option<ResetUnit> {
        match self {
            Self::Generic(unit) => unit,
            Self::Ietf
            | Self::Github
            | Self::Stripe
            | Self::Twilio
            | Self::ShopifyRest
            | Self::ShopifyGraphql
            | Self::Openai
            | Self::Anthropic
            | Self::Slack
            | Self::Hubspot
            | Self::Salesforce
            | Self::Aws => None,
        }
    }

    /// Whether 2xx bodies of this dialect can mean a failure.
    #[must_use]
    pub const fn reads_success_bodies(self) -> bool {
        matches!(self, Self::Slack | Self::ShopifyGraphql)
    }
}

/// Through what an outcome is seen: everything that contract and facts say about errors. Cheap to make.
#[derive(Clone, Copy, Debug)]
pub struct Lens<'a> {
    /// How the provider speaks of its limits.
    pub dialect: Dialect,
    /// Where its error model differs from HTTP's.
    pub errors: &'a [ErrorRow],
    /// The fields by which it tells its official clients to stop.
    pub stop: &'a [(HeaderName, HeaderValue)],
    /// Whether 2xx bodies of this operation are looked into.
    pub success: Success,
}

/// Whether a 2xx can mean a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Success {
    /// No: a 2xx is relayed at once.
    Plain,
    /// Yes: the first bytes of its body are read before it is relayed.
    Examined,
}

impl<'a> Lens<'a> {
    /// The lens of an operation.
    #[must_use]
    pub const fn of(provider: &'a Provider, operation: &Operation) -> Self {
        let examined = operation.reads_success_bodies || provider.dialect.reads_success_bodies();
        Self {
            dialect: provider.dialect,
            errors: &provider.errors,
            stop: &provider.stop_retry,
            success: if examined { Success::Examined } else { Success::Plain },
        }
    }

    /// Whether any answer is judged by its body.
    ///
    /// A compressed body cannot be, so such an operation asks the provider for `identity`.
    #[must_use]
    pub fn reads_bodies(&self) -> bool {
        let rules = dialect::profile(self.dialect).rules;
        self.success == Success::Examined
            || self.errors.iter().any(|row| !row.json.is_empty())
            || rules.iter().any(|rule| rule.marks.iter().any(dialect::Mark::reads_body))
    }
}

/// How many bytes of the body decide what this answer means; none: its head is enough.
///
/// Read them before anything is relayed and give them to [`head`].
#[must_use]
pub fn wants_prefix(lens: &Lens<'_>, head: &Head<'_>) -> Option<usize> {
    let success = head.status.is_success();
    if success && lens.success == Success::Plain {
        return None;
    }
    let status = head.status.as_u16();
    let rows =
        || lens.errors.iter().any(|row| !row.json.is_empty() && fits(row, status, head.headers));
    let rules = || {
        dialect::profile(lens.dialect).rules.iter().any(|rule| {
            rule.statuses.contains(&status) && rule.marks.iter().any(dialect::Mark::reads_body)
        })
    };
    // The bucket of a throttled GraphQL answer stands in the same bytes.
    (carries_text(head) && (rows() || rules())).then_some(PREFIX_BYTES_MAX)
}

/// What a response head means, with the beginning of its body where [`wants_prefix`] asked for it and it came.
#[must_use]
pub fn head(
    lens: &Lens<'_>,
    head: &Head<'_>,
    sent: Sent,
    prefix: Option<&[u8]>,
    wall: Timestamp,
) -> Verdict {
    let good = head.status.is_success();
    if good && lens.errors.is_empty() && lens.success == Success::Plain {
        return Verdict::GOOD;
    }
    let (mut verdict, documented) = match row(lens, head, sent, prefix) {
        Some(verdict) => (verdict, None),
        None => match rule(lens, head, prefix) {
            Some(found) => found,
            None => match status_signal(head.status, sent) {
                None => return Verdict::GOOD,
                Some(signal) => (Verdict::of(signal), None),
            },
        },
    };
    if verdict.is_good() {
        return verdict;
    }
    let received = Received { headers: head.headers, wall };
    verdict.pushback = hint::pushback(lens, head.headers);
    verdict.hint = hint::read(lens, &verdict, &received, prefix).or(documented);
    refined(verdict)
}

/// What an outcome without a response head means.
#[must_use]
pub const fn fault(fault: Fault, sent: Sent) -> Verdict {
    let unsent = matches!(sent, Sent::Nothing);
    let signal = match fault {
        Fault::DnsTemporary | Fault::DnsTimeout => Signal::DnsTemporary,
        Fault::DnsNotFound => Signal::DnsNotFound,
        Fault::AddressProhibited | Fault::TlsRefused => Signal::TlsRefused,
        Fault::ConnectRefused | Fault::ConnectUnreachable => Signal::ConnectRefused,
        Fault::ConnectTimeout => Signal::ConnectTimeout,
        Fault::TlsTransport | Fault::TlsTimeout => Signal::TlsTransport,
        // The bytes that were flushed decide, not the name of the error.
        Fault::StaleConnection | Fault::Reset if unsent => Signal::StaleConnection,
        Fault::StaleConnection | Fault::Reset => Signal::Reset,
        Fault::RefusedStream => Signal::RefusedStream,
        Fault::GoneAway => Signal::GoawayAbove,
        Fault::StreamReset => Signal::StreamReset,
        Fault::WriteTimeout | Fault::FirstByteTimeout if unsent => Signal::ConnectTimeout,
        Fault::WriteTimeout | Fault::FirstByteTimeout => Signal::FirstByteTimeout,
        Fault::Malformed | Fault::HeadTooLarge => Signal::Malformed,
        Fault::BodyTruncated => Signal::BodyTruncated,
        Fault::BodyIdle | Fault::BodyLate => Signal::BodyIdle,
        // Neither can be used, and asking again brings the same.
        Fault::BodyTooLarge | Fault::ContentCoding => Signal::BodyTooLarge,
        // an error page in place of data is what a proxy between the provider and us says.
        Fault::MediaType => Signal::S502,
        Fault::RequestBroken => Signal::RequestBroken,
    };
    let mut verdict = Verdict::of(signal);
    if unsent {
        verdict.effect = Effect::None;
    }
    verdict
}

/// What the end of a body means for the answer that `head` was: a broken 2xx is no success.
#[must_use]
pub const fn body_end(head: Verdict, end: BodyEnd) -> Verdict {
    match end {
        BodyEnd::Whole => head,
        BodyEnd::CallerGone => Verdict { evidence: Evidence::Neutral, ..head },
        BodyEnd::Broken(broken) if head.is_good() => fault(broken, Sent::All),
        BodyEnd::Broken(_) => head,
    }
}

/// What the provider says is left of its quotas: for telemetry, on demand.
#[must_use]
pub fn quotas(dialect: Dialect, headers: &HeaderMap, wall: Timestamp) -> Vec<Quota> {
    let received = Received { headers, wall };
    let mut found = fields::remaining(headers);
    found.extend(quota::read(dialect::profile(dialect), dialect.declared(), headers, &received));
    found
}

/// What the provider announces of its windows (`RateLimit-Policy`): to compare with the contract.
#[must_use]
pub fn announced(headers: &HeaderMap) -> Vec<Announced> {
    fields::announced(headers)
}

/// The verdict of the contract's first row that matches.
fn row(lens: &Lens<'_>, head: &Head<'_>, sent: Sent, prefix: Option<&[u8]>) -> Option<Verdict> {
    let status = head.status.as_u16();
    let row = lens.errors.iter().find(|row| {
        fits(row, status, head.headers)
            && row.json.iter().all(|(pointer, expected)| {
                prefix
                    .is_some_and(|bytes| body::holds(bytes, pointer, |found| found.reads(expected)))
            })
    })?;
    let base = status_signal(head.status, sent);
    Some(told(row, base))
}

/// A row without an effect leaves it, and so the plan's rights, to the ordinary row of its class.
fn told(row: &ErrorRow, base: Option<Signal>) -> Verdict {
    let ordinary = match row.class {
        Class::Success => {
            return Verdict { effect: row.effect.unwrap_or(Effect::Done), ..Verdict::GOOD };
        }
        Class::Rejected if base.is_none() => Signal::SuccessWithError,
        Class::Rejected => Signal::S4xx,
        Class::Transient => Signal::S500,
        Class::Throttled => Signal::S429,
        Class::Exhausted => Signal::Exhausted,
        Class::Unauthorized => Signal::S401,
        Class::Overloaded => Signal::Overloaded,
    };
    // A status that means the same by itself keeps its own, finer row.
    let signal = base.filter(|base| base.class() == row.class).unwrap_or(ordinary);
    let mut verdict = Verdict { evidence: evidence(row.class, base), ..Verdict::of(signal) };
    if let Some(effect) = row.effect {
        verdict.effect = effect;
        verdict.grounds = Grounds::Contract;
    }
    verdict
}

/// What a declared failure says of the provider's health: a refusal by a living provider says that it lives.
fn evidence(class: Class, base: Option<Signal>) -> Evidence {
    match class {
        Class::Success | Class::Rejected => Evidence::Success,
        Class::Throttled | Class::Exhausted | Class::Unauthorized => Evidence::Neutral,
        Class::Overloaded => Evidence::Overload,
        Class::Transient => match base.map(Signal::evidence) {
            None => Evidence::Soft,
            Some(Evidence::Success | Evidence::Neutral) => Evidence::Neutral,
            Some(failing @ (Evidence::Hard | Evidence::Soft | Evidence::Overload)) => failing,
        },
    }
}

/// The verdict of the dialect's first rule that matches, and the wait that its documents ask for.
fn rule(
    lens: &Lens<'_>,
    head: &Head<'_>,
    prefix: Option<&[u8]>,
) -> Option<(Verdict, Option<Hint>)> {
    let status = head.status.as_u16();
    let rules = dialect::profile(lens.dialect).rules;
    let rule = rules.iter().find(|rule| {
        rule.statuses.contains(&status)
            && rule.marks.iter().all(|mark| bears(mark, head.headers, prefix))
    })?;
    let verdict = Verdict::of(rule.signal);
    let hint =
        rule.wait.map(|secs| Hint { wait: Duration::from_secs(secs), source: HintSource::Vendor });
    Some((Verdict { class: rule.class.unwrap_or(verdict.class), ..verdict }, hint))
}

fn bears(mark: &dialect::Mark, headers: &HeaderMap, prefix: Option<&[u8]>) -> bool {
    use dialect::Mark;
    let is_one = |found: &str, ones: &[&str]| ones.contains(&found);
    let json = |pointer, test: &dyn Fn(&str) -> bool| {
        prefix.is_some_and(|bytes| {
            body::holds(
                bytes,
                pointer,
                |found| matches!(found, body::Scalar::Text(found) if test(found)),
            )
        })
    };
    match *mark {
        Mark::Field(name) => headers.contains_key(name),
        Mark::NoField(name) => !headers.contains_key(name),
        Mark::FieldIs(name, value) => text(headers, name).is_some_and(|found| found == value),
        Mark::FieldCode(name, ones) => text(headers, name)
            .and_then(|found| found.split(':').next())
            .is_some_and(|found| is_one(found, ones)),
        Mark::Json(pointer, ones) => prefix.is_some_and(|bytes| {
            body::holds(bytes, pointer, |found| ones.iter().any(|one| found.reads(one)))
        }),
        Mark::JsonCode(pointer, ones) => {
            json(pointer, &|found| is_one(found.rsplit('#').next().unwrap_or(found), ones))
        }
        Mark::JsonHas(pointer, part) => {
            json(pointer, &|found| found.to_ascii_lowercase().contains(part))
        }
        Mark::Xml(name, ones) => prefix
            .and_then(|bytes| body::element(bytes, name))
            .is_some_and(|found| is_one(found, ones)),
    }
}

/// Finer rows of the matrix that depend on a hint, and hints that are too long to be waited out.
fn refined(mut verdict: Verdict) -> Verdict {
    let told = verdict.grounds == Grounds::Contract;
    let asked = verdict.hint.is_some_and(|hint| hint.source == HintSource::RetryAfter);
    if verdict.signal == Some(Signal::S503) && asked && !told {
        verdict.signal = Some(Signal::S503RetryAfter);
    }
    if verdict.signal == Some(Signal::S413RetryAfter) && !asked && !told {
        verdict = Verdict { pushback: verdict.pushback, ..Verdict::of(Signal::S4xx) };
    }
    let throttled = matches!(verdict.class, Class::Throttled | Class::Overloaded);
    if throttled && verdict.hint.is_some_and(Hint::is_long) {
        verdict.class = Class::Exhausted;
        if verdict.evidence == Evidence::Neutral {
            verdict.signal = Some(Signal::Exhausted);
        }
    }
    verdict
}

/// What a status means by itself; none: good.
const fn status_signal(status: StatusCode, sent: Sent) -> Option<Signal> {
    Some(match status.as_u16() {
        // A validator of the caller's own held: the answer that it asked for.
        200..=299 | 304 => return None,
        100..=199 | 300..=399 => Signal::S3xx,
        401 => Signal::S401,
        402 => Signal::Exhausted,
        407 | 511 => Signal::S511,
        408 => match sent {
            Sent::Nothing | Sent::Part => Signal::S408Unsent,
            Sent::All => Signal::S408,
        },
        409 => Signal::S409,
        413 => Signal::S413RetryAfter,
        417 => Signal::S417,
        421 => Signal::S421,
        425 => Signal::S425,
        429 => Signal::S429,
        400..=499 => Signal::S4xx,
        500 => Signal::S500,
        501 | 505 | 506 | 510 => Signal::S501,
        502 => Signal::S502,
        503 => Signal::S503,
        504 => Signal::S504,
        507 => Signal::S507,
        508 => Signal::S508,
        521 | 523 | 525 | 526 => Signal::S521,
        529 => Signal::Overloaded,
        // RFC 9110 section 15: an unknown status means what its class means.
        509..=599 => Signal::S52x,
        // Not a status of HTTP: nobody can say what it did.
        _ => Signal::Malformed,
    })
}

/// Whether status and fields of a row fit.
fn fits(row: &ErrorRow, status: u16, headers: &HeaderMap) -> bool {
    row.status.is_none_or(|expected| expected == status)
        && row.headers.iter().all(|(name, expected)| match expected {
            None => headers.contains_key(name),
            Some(expected) => {
                headers.get_all(name).iter().any(|found| found.as_bytes() == expected.as_bytes())
            }
        })
}

/// Whether a body can be read as text here: not compressed, not a stream of events, not an image.
fn carries_text(head: &Head<'_>) -> bool {
    let bodiless = matches!(head.status.as_u16(), 100..=199 | 204 | 205 | 304);
    let plain = head.headers.get(CONTENT_ENCODING).is_none_or(|coding| coding == "identity");
    let kind = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let readable = kind.is_none_or(|kind| {
        let kind = kind.to_ascii_lowercase();
        let has = |part: &[u8]| kind.windows(part.len()).any(|window| window == part);
        has(b"json") || has(b"xml") || kind.starts_with(b"text/") && !has(b"event-stream")
    });
    !bodiless && plain && readable
}

/// A field's text; none for a name that is empty or a value that is no text.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A head, and when it came.
#[derive(Debug)]
struct Received<'a> {
    headers: &'a HeaderMap,
    wall: Timestamp,
}

impl Received<'_> {
    fn wall_ms(&self) -> u64 {
        self.wall.millis()
    }

    /// Milliseconds since the epoch by the provider's clock: `Date` and `Age`, else our own.
    fn provider_ms(&self) -> u64 {
        let date = text(self.headers, "date").and_then(|text| date::http(text, self.wall_ms()));
        let age = || text(self.headers, "age").and_then(|text| text.trim().parse::<u64>().ok());
        date.map_or(self.wall_ms(), |date| {
            date.saturating_add(age().unwrap_or(0).saturating_mul(1000))
        })
    }
}

#[cfg(test)]
mod tests;
