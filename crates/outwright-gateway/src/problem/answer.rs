//! A problem with the head that every answer of our own has; the same for a call in process.

use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response, header};
use outwright::dress::{self, Dress, Origin, Times};

use super::{Place, Problem};

/// A problem document, with the head of every answer of our own.
pub(crate) fn dressed(
    problem: &Problem,
    place: &Place<'_>,
    (dress, times): (&Dress, Times),
) -> (Parts, Vec<u8>) {
    let (mut head, ()) = Response::new(()).into_parts();
    head.status = problem.status;
    let headers = &mut head.headers;
    let json = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(call) = place.call {
        let attempts = usize::from(place.attempts);
        dress.put(headers, call, attempts, Origin::Outwright, times);
    }
    dress.error(headers, problem.error, problem.status);
    if let Some(wait) = problem.retry_after {
        dress::retry_after(headers, wait);
    }
    if place.operation.is_none() {
        // No contract names more words than these.
        dress::stop(headers, problem.retry(), &[]);
    }
    (head, problem.document(place))
}

/// What the gateway of a deployment of this name would answer, for a call in process that has no reply to show.
///
/// A service that calls in process tells its own callers the same as one that calls through the gateway.
///
/// # Panics
///
/// The name is no token (RFC 9110 section 5.6.2); that of a deployment that has started is one.
#[must_use]
pub fn answer(error: &outwright::Error, name: &str) -> Response<Vec<u8>> {
    let (problem, account) = (Problem::of_error(error), error.account());
    let place = Place {
        call: account.call_id(),
        provider: account.provider(),
        operation: account.operation(),
        attempts: u8::try_from(account.attempts()).unwrap_or(u8::MAX),
    };
    let dress = Dress::new(name);
    let (mut head, document) = dressed(&problem, &place, (&dress, account.times()));
    if let (Some(word), Some(_)) = (problem.retry(), place.operation) {
        dress::stop(&mut head.headers, Some(word), account.stop_retry());
    }
    allow(&mut head.headers, error);
    Response::from_parts(head, document)
}

fn allow(headers: &mut HeaderMap, error: &outwright::Error) {
    let methods: Vec<_> = error.allowed().iter().map(http::Method::as_str).collect();
    if !methods.is_empty()
        && let Ok(value) = HeaderValue::from_str(&methods.join(", "))
    {
        headers.insert(header::ALLOW, value);
    }
}
