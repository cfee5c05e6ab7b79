//! The fields of an answer that has to do with kept replies: marked as what it is, never as what it is not.
//!
//! The cache answers nothing while the provider does, so no answer is a `hit` of it.

use std::fmt::Write as _;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{Dress, Origin, PROXY_STATUS, Times, tokens};
use crate::telemetry::{Attempt, Instead, Record};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const DEGRADED: HeaderName = HeaderName::from_static("outwright-degraded");

/// What came of the last attempt, where the answer is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// A reply that was not good.
    Status(u16),
    /// None, for this error of Proxy-Status, with the status that its problem would have at a gateway.
    Error(&'static str, Option<StatusCode>),
}

/// puts the fields of every answer on one that is not the provider's of now, and marks it.
pub(super) fn dress(
    dress: &Dress,
    headers: &mut HeaderMap,
    (record, times): (&Record, Times),
    came: fn(&Record) -> Came,
) {
    let Some(instead) = record.instead.as_deref() else { return };
    let (origin, details) = match instead {
        Instead::Stale { .. } => (Origin::Cache, "stale-fallback"),
        Instead::Static => (Origin::Outwright, "static-fallback"),
        Instead::Kept | Instead::Unkept | Instead::Nothing(_) | Instead::Joined(_) => return,
    };
    dress.put(headers, record.call, record.attempts.count(), origin, times);
    if let Instead::Stale { age, lifetime } = instead {
        headers.insert(header::AGE, HeaderValue::from(age.as_secs()));
        let status = cache_status(dress.name(), record, (*age, *lifetime));
        headers.append(CACHE_STATUS, text(&status));
    }
    headers.insert(DEGRADED, HeaderValue::from_static(instead.word()));
    let status = proxy_status(dress.name(), came(record), (origin, details));
    headers.append(PROXY_STATUS, text(&status));
}

/// What went wrong, and that this is not it.
fn proxy_status(name: &str, came: Came, (origin, details): (Origin, &str)) -> String {
    let mut status = name.to_owned();
    let _whole = match came {
        // We made this answer; what we had from the provider stands beside it.
        Came::Status(received) if origin == Origin::Outwright => {
            write!(status, "; error=destination_unavailable; received-status={received}")
        }
        Came::Status(received) => write!(status, "; received-status={received}"),
        Came::Error(error, Some(code)) if error == "http_request_error" => {
            write!(status, "; error={error}; status-code={}", code.as_u16())
        }
        Came::Error(error, _) => write!(status, "; error={error}"),
    };
    let _whole = write!(status, "; details=\"{details}\"");
    status
}

/// what became of a reply that passed, where replies of its operation are kept.
pub(super) fn passed(dress: &Dress, headers: &mut HeaderMap, instead: &Instead) {
    let name = dress.name();
    let status = match instead {
        Instead::Kept => format!("{name}; fwd=bypass; stored"),
        Instead::Joined(_) => format!("{name}; fwd=bypass; collapsed"),
        Instead::Unkept | Instead::Nothing(_) | Instead::Stale { .. } | Instead::Static => {
            format!("{name}; fwd=bypass")
        }
    };
    headers.append(CACHE_STATUS, text(&status));
}

/// RFC 9211 section 2: forwarded because the cache prefers the provider's own answer, and what is left of its lifetime.
fn cache_status(name: &str, record: &Record, (age, lifetime): (Duration, Duration)) -> String {
    let mut text = name.to_owned();
    let stale = age >= lifetime;
    // What was never sent was not forwarded, and that it was no hit is told by what marks the answer.
    if let Some(last) = record.attempts.iter().last() {
        text.push_str(if stale { "; fwd=stale" } else { "; fwd=bypass" });
        if let (Some(status), None) = (last.status, last.fault) {
            let _whole = write!(text, "; fwd-status={status}");
        }
    }
    let (sign, left) = if stale { ("-", age - lifetime) } else { ("", lifetime - age) };
    let left = left.as_secs();
    let sign = if left == 0 { "" } else { sign };
    let _whole = write!(text, "; ttl={sign}{left}; detail=stale-fallback");
    text
}

/// The same in process, where no answer of our own has a status.
pub(crate) fn came(record: &Record) -> Came {
    match (record.attempts.iter().last(), record.refused) {
        (Some(Attempt { fault: Some(fault), .. }), _) => {
            Came::Error(tokens::of_fault(*fault), None)
        }
        (Some(Attempt { status: Some(status), .. }), _) => Came::Status(*status),
        (_, Some(reason)) => Came::Error(tokens::of_refusal(reason), None),
        (Some(_) | None, None) => Came::Error("proxy_internal_response", None),
    }
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("tokens, numbers and quoted words are a field value")
}
