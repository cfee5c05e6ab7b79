//! Links in which a provider leads to itself, led back to the address at which the caller came in.
//!
//! Without it a client that follows `Link: <https://api.provider.example/…?page=2>; rel="next"` leaves the gateway
//! with its second page, and everything that the contract decides with it.
//! Where the contract says `links: rewrite`, the fields `Location`, `Content-Location` and `Link` are led back,
//! and URLs in JSON bodies where it names their pointers.
//! Links to other hosts, and what cannot be read for certain, stay as they are.

mod json;
mod list;
mod reference;

use http::header::{self, Entry, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body::Body as _;
use outwright::{Held, Own};
use outwright_core::limits::LINKED_BYTES_MAX;
use outwright_core::provider::{Base, Links, OpIndex, Provider};

use super::body::AnswerBody;

/// The address at which a caller reached a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Here {
    /// Scheme and authority: `http://127.0.0.1:4180`.
    origin: String,
    /// What stands before the provider's own paths: `/stripe`, or nothing behind a door.
    prefix: String,
}

impl Here {
    /// From the `Host` under which the listener was found to be addressed, and the path up to the provider's name.
    pub(super) fn of(headers: &HeaderMap, named: Option<&str>, scheme: &str) -> Option<Self> {
        let host = headers.get(header::HOST)?.to_str().ok()?;
        Some(Self { origin: format!("{scheme}://{host}"), prefix: named?.to_owned() })
    }
}

/// Leads the links of an answer back.
///
/// # Errors
///
/// Its body broke off while it was read for that: nothing of it was shown, so it is answered otherwise.
pub(super) async fn lead_back(
    answer: Response<AnswerBody>,
    (provider, operation): (&Provider, OpIndex),
    here: &Here,
    held: Held,
) -> Result<Response<AnswerBody>, (AnswerBody, Box<Own>)> {
    let (mut head, mut body) = answer.into_parts();
    let base = &provider.base;
    in_fields(&mut head.headers, base, here);
    let Links::Rewrite { json: pointers } = &provider.links else {
        return Ok(Response::from_parts(head, body));
    };
    let streams = provider.operation(operation).stream.is_some();
    if pointers.is_empty() || streams || !is_json(head.status, &head.headers) {
        return Ok(Response::from_parts(head, body));
    }
    if body.is_end_stream() {
        // To HEAD, or 304: what it says of a body is of one that this caller would not get.
        describe(&mut head.headers, None);
        return Ok(Response::from_parts(head, body));
    }
    let lead = |url: &str| reference::led_back(url, base, here).filter(|_| !url.starts_with('/'));
    let whole = match body.read(LINKED_BYTES_MAX, held).await {
        Ok(whole) => whole,
        Err(instead) => return Err((body, instead)),
    };
    if let Some(whole) = whole
        && let Some(led) = json::led_back(&whole, pointers, lead)
    {
        describe(&mut head.headers, Some(led.len()));
        body.replace(led.into());
    }
    Ok(Response::from_parts(head, body))
}

fn in_fields(headers: &mut HeaderMap, base: &Base, here: &Here) {
    for name in [header::LOCATION, header::CONTENT_LOCATION, header::LINK] {
        let Entry::Occupied(mut values) = headers.entry(name) else { continue };
        let is_list = *values.key() == header::LINK;
        for value in values.iter_mut() {
            let Ok(text) = std::str::from_utf8(value.as_bytes()) else { continue };
            // A reference without a host would be resolved here, where other providers are.
            let lead = |reference: &str| {
                let led = reference::led_back(reference, base, here);
                led.or_else(|| reference::led_home(reference, base))
            };
            let led = if is_list { list::led_back(text, lead) } else { lead(text) };
            if let Some(Ok(led)) = led.map(HeaderValue::try_from) {
                *value = led;
            }
        }
    }
}

/// Whether the body is the whole of a JSON text, as far as its head says.
fn is_json(status: StatusCode, headers: &HeaderMap) -> bool {
    if status == StatusCode::PARTIAL_CONTENT || headers.contains_key(header::CONTENT_ENCODING) {
        return false;
    }
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let kind = kind.to_ascii_lowercase();
    status == StatusCode::NOT_MODIFIED
        || kind == b"application/json"
        || (kind.starts_with(b"application/") && kind.ends_with(b"+json"))
}

/// Makes the head true of a body that is not the provider's byte for byte.
///
/// `ETag` stays: at one address the same bytes of the provider always become the same bytes,
/// and a weak one could not be sent in `If-Match`.
fn describe(headers: &mut HeaderMap, length: Option<usize>) {
    for name in DIGESTS {
        headers.remove(name);
    }
    match (length, headers.entry(header::CONTENT_LENGTH)) {
        (Some(length), Entry::Occupied(mut field)) => {
            let _replaced = field.insert(HeaderValue::from(length));
        }
        (None, Entry::Occupied(field)) => drop(field.remove()),
        (Some(_) | None, Entry::Vacant(_)) => {}
    }
}

/// Fields that hold a sum over the body (RFC 9530, RFC 3230, RFC 1864).
const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];
