//! What a call has to do with kept replies: a read keeps its good reply and may be shown one, a mutation makes them old.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri, response};
use httpdate::fmt_http_date;
use outwright_core::cache::{Found, Kept, Part, Policy, Times, Wish};
use outwright_core::provider::Provider;
use outwright_core::time::Timestamp;
use sha2::{Digest, Sha256};

use super::caller::Caller;
use super::fields::clean_kept;
use super::key::Whose;
use super::memory::{Held, Memory};
use super::roster::Seat;
use super::shelf::{ENTRY_BYTES_MAX, Entry, Key, Reply, Shelf};

/// What a call has to do with kept replies.
pub(super) enum Keeping {
    /// A read whose contract shows stale answers.
    Read(Box<Read>),
    /// A mutation of a provider of which replies are kept: its target, as its provider gets it.
    Mutation(Arc<str>),
}

/// A read, its key, and its reply as far as it came.
pub(super) struct Read {
    key: Key,
    wish: Wish,
    coming: Option<Coming>,
    /// What had been changed at its target when it began, as the shelf counts it.
    began: u64,
    /// What was found for it.
    found: Option<(Kept, Arc<Reply>)>,
}

/// A good reply on its way to the shelf.
struct Coming {
    kept: Kept,
    vary: Box<[HeaderName]>,
    head: (StatusCode, HeaderMap),
    body: BytesMut,
    held: Held,
}

/// What becomes of a good reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is kept once all of it is there.
    Kept,
    /// It is kept if it turns out to be small enough.
    Perhaps,
    /// It is not kept.
    Passes,
}

impl Keeping {
    /// What a request has to do with them; none: nothing.
    pub(super) fn of(
        whose: Whose<'_>,
        (method, headers): (&Method, &HeaderMap),
        target: &str,
    ) -> Option<Self> {
        let target = Arc::from(target);
        if whose.operation.cache.is_none() {
            return Some(Self::Mutation(target));
        }
        let condition = [header::RANGE, header::IF_RANGE, header::IF_MATCH];
        if condition.iter().any(|name| headers.contains_key(name))
            || headers.contains_key(header::IF_UNMODIFIED_SINCE)
        {
            // A part, or an answer that depends on what the caller has: not what others ask for.
            return None;
        }
        let (same, varying): (Vec<_>, Vec<_>) =
            headers.iter().partition(|(name, _)| !changes_nothing(name.as_str()));
        let own = |(name, value): (&HeaderName, &HeaderValue)| (name.clone(), value.clone());
        let key = Key {
            target,
            whose: digest(whose, method, &same),
            credential: whose.operation.slot.map(|slot| (slot, 0)),
            varying: varying.into_iter().map(own).collect(),
        };
        let read = Read { key, wish: Wish::of(headers), coming: None, began: 0, found: None };
        Some(Self::Read(Box::new(read)))
    }

    /// Nothing of it has been sent yet: what is changed from now on may be missing in its reply.
    pub(super) fn begun(mut self, seat: &Seat) -> Box<Self> {
        if let Self::Read(read) = &mut self {
            read.began = seat.shelf().changes(&read.key.target);
        }
        Box::new(self)
    }

    /// The credential of the attempt that is about to be sent, or of the look that is about to be made.
    pub(super) fn credential_is(&mut self, version: u32) {
        if let Self::Read(read) = self
            && let Some((_, known)) = &mut read.key.credential
        {
            *known = version;
        }
    }

    /// What the shelf has for a read.
    pub(super) fn recall(&mut self, shelf: &mut Shelf, contract: &str) -> Option<Found> {
        let Self::Read(read) = self else { return None };
        let (kept, reply) = shelf.find(&read.key, contract)?;
        read.found = reply.map(|reply| (kept, reply));
        Some(Found { kept, wish: read.wish })
    }

    /// What was found, to be shown.
    pub(super) fn shown(&mut self) -> Option<(Kept, Arc<Reply>)> {
        match self {
            Self::Read(read) => read.found.take(),
            Self::Mutation(_) => None,
        }
    }

    /// The head of a reply passes: what of it is to be kept, and what it makes old.
    pub(super) fn head(
        &mut self,
        (policy, provider): (Option<&Policy>, &Provider),
        head: &response::Parts,
        times: Times,
        (seat, memory): (&Seat, &Arc<Memory>),
    ) -> Fate {
        match self {
            Self::Mutation(_) => {
                self.changed(provider, head, seat);
                Fate::Passes
            }
            Self::Read(read) => {
                if matches!(head.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
                    // What was there is not there any more.
                    seat.shelf().forget(&read.key.target);
                }
                let kept = policy.and_then(|policy| {
                    Kept::of(policy, (head.status, &head.headers), &read.wish, times)
                });
                let Some(kept) = kept else { return Fate::Passes };
                let vary = vary(&head.headers);
                if kept.body() == Part::Note {
                    let (key, held) = (read.key.clone(), memory.keeper());
                    let began = read.began;
                    let note = Entry { key, kept, vary, reply: None, held, began };
                    seat.shelf().put(note, &provider.digest);
                    return Fate::Passes;
                }
                read.begin((kept, vary), (head, times.came.wall), memory.keeper())
            }
        }
    }

    /// A mutation was answered, whether its caller is given the answer or not: what it changed is old.
    pub(super) fn changed(&self, provider: &Provider, head: &response::Parts, seat: &Seat) {
        let Self::Mutation(target) = self else { return };
        // RFC 9111 section 4.4: an answer that is no error.
        if head.status.is_success() || head.status.is_redirection() {
            let mut shelf = seat.shelf();
            shelf.forget(target);
            for name in [header::LOCATION, header::CONTENT_LOCATION] {
                let there = head.headers.get(name).and_then(|to| same_origin(provider, to));
                there.into_iter().for_each(|target| shelf.forget(&target));
            }
        }
    }

    /// A part of the body passes.
    pub(super) fn part(&mut self, data: &Bytes) {
        let Self::Read(read) = self else { return };
        let place = &mut read.coming;
        if let Some(coming) = place {
            let bytes = coming.body.len().saturating_add(data.len());
            if bytes <= ENTRY_BYTES_MAX && coming.held.grow(bytes).is_some() {
                coming.body.extend_from_slice(data);
            } else {
                *place = None;
            }
        }
    }

    /// All of it has passed.
    pub(super) fn whole(&mut self, (seat, provider): (&Seat, &Provider)) {
        let Self::Read(read) = self else { return };
        let Some(coming) = read.coming.take() else { return };
        let Coming { kept, vary, head, body, mut held } = coming;
        // A reply to HEAD declares a body that does not come.
        held.shrink(body.len());
        let (status, headers) = head;
        // Room that was not needed is not kept: it is not counted.
        let exact = body.capacity() == body.len();
        let body = if exact { body.freeze() } else { Bytes::copy_from_slice(&body) };
        let reply = Some(Arc::new(Reply { status, headers, body }));
        let (key, began) = (read.key.clone(), read.began);
        let entry = Entry { key, kept, vary, reply, held, began };
        seat.shelf().put(entry, &provider.digest);
    }
}

impl Read {
    fn begin(
        &mut self,
        (kept, vary): (Kept, Box<[HeaderName]>),
        (head, came): (&response::Parts, Timestamp),
        mut held: Held,
    ) -> Fate {
        let declared = head.headers.get(header::CONTENT_LENGTH);
        let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|bytes| bytes > ENTRY_BYTES_MAX || held.grow(bytes).is_none()) {
            return Fate::Passes;
        }
        let mut headers = head.headers.clone();
        clean_kept(&mut headers);
        if let header::Entry::Vacant(date) = headers.entry(header::DATE) {
            // RFC 9110 section 6.6.1: whoever keeps a reply without a date writes down when it came.
            date.insert(http_date(came));
        }
        let body = BytesMut::with_capacity(declared.unwrap_or_default());
        self.coming = Some(Coming { kept, vary, head: (head.status, headers), body, held });
        if declared.is_some() { Fate::Kept } else { Fate::Perhaps }
    }
}

/// Fields of a request that do not say who asks or for what: a trace, a client's name for itself, its wishes about
/// caches and codings. All others make another key, so that nobody is shown what was answered to somebody else.
pub(super) fn changes_nothing(name: &str) -> bool {
    const PREFIXES: [&str; 4] = ["x-stainless-", "x-b3-", "x-datadog-", "x-amzn-trace"];
    const NAMES: [&str; 22] = [
        "accept-encoding",
        "cache-control",
        "cdn-loop",
        "host",
        "idempotency-key",
        "if-modified-since",
        "if-none-match",
        "max-forwards",
        "newrelic",
        "pragma",
        "priority",
        "sentry-trace",
        "traceparent",
        "tracestate",
        "uber-trace-id",
        "user-agent",
        "via",
        "x-cloud-trace-context",
        "x-correlation-id",
        "x-request-id",
        "x-stripe-client-telemetry",
        "x-stripe-client-user-agent",
    ];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whose a reply is: everything that the caller said, but for what changes nothing, in an order of its own.
pub(super) fn digest(
    whose: Whose<'_>,
    method: &Method,
    fields: &[(&HeaderName, &HeaderValue)],
) -> [u8; 32] {
    let mut fields = fields.to_vec();
    fields.sort_by_key(|(name, _)| name.as_str());
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        // With its length in front, no two lists of parts have the same bytes.
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    part(method.as_str().as_bytes());
    part(whose.operation.name.as_bytes());
    part(whose.caller.map(Caller::name).unwrap_or_default().as_bytes());
    for (name, value) in fields {
        part(name.as_str().as_bytes());
        part(value.as_bytes());
    }
    digest.finalize().into()
}

fn http_date(at: Timestamp) -> HeaderValue {
    let text = fmt_http_date(UNIX_EPOCH + Duration::from_millis(at.millis()));
    HeaderValue::from_str(&text).expect("a date is a field value")
}

/// The names of `Vary`, once each.
pub(super) fn vary(headers: &HeaderMap) -> Box<[HeaderName]> {
    let values = headers.get_all(header::VARY).into_iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let names = names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok());
    let names: BTreeSet<_> = names.map(|name| name.as_str().to_owned()).collect();
    names.into_iter().filter_map(|name| name.parse().ok()).collect()
}

/// Path and query of a URI of this provider.
fn same_origin(provider: &Provider, to: &HeaderValue) -> Option<String> {
    let uri: Uri = to.to_str().ok()?.parse().ok()?;
    let here = uri.authority().is_none_or(|authority| {
        authority.as_str().as_bytes().eq_ignore_ascii_case(provider.base.authority.as_bytes())
    });
    let path = uri.path_and_query()?.as_str();
    (here && path.starts_with('/')).then(|| path.to_owned())
}
