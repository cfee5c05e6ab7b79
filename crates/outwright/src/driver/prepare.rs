//! A request as its provider gets it: made once per call, given its credential at every attempt.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Request, Uri, Version};
use http_body::{Body, Frame, SizeHint};
use outwright_core::classify::Lens;
use outwright_core::dice::Dice;
use outwright_core::outcome::AttemptNo;
use outwright_core::provider::{Bodies, Key, Operation, Trace};
use outwright_core::refusal::{Reason, Refusal};
use outwright_core::step::{CallId, RequestBody};
use tokio::time::{Instant, timeout_at};

use super::answer::{Misuse, Outcome};
use super::fields::{self, Passage, Says, Traced, Trailers};
use super::keep::Keeping;
use super::key::{self, Whose};
use super::memory::{Held, Memory};
use super::trace::{self, Context as TraceContext};
use super::via::Via;
use crate::transport::{Cause, SendBody};
use crate::wallet::Credential;

/// Bytes of no body.
const NONE: HeaderValue = HeaderValue::from_static("0");
/// Fields that a request's map is given room for: the codec uses the map again for the reply, which then need not grow.
const ROOM: usize = 8;

/// A request, ready but for its credential.
pub(super) struct Prepared {
    method: Method,
    /// In which it was received.
    version: Version,
    /// Until an attempt takes it.
    head: Option<Head>,
    /// What a repeat is made from, once an attempt took the head.
    spare: Option<Spare>,
    repeats: Repeats,
    body: Kept,
    /// The bytes of the body, taken of what the process may keep.
    _held: Option<Box<Held>>,
    /// In a box: few calls are traced, and all of them carry the room for it along.
    trace: Option<Box<TraceContext>>,
    /// A caller's `Authorization` passes where no credential of ours stands in its place.
    authorization: Passes,
    /// Whether the caller sent a key.
    pub(super) keyed: bool,
    /// Whether it takes trailers.
    pub(super) trailers: Trailers,
    /// Bytes of the body, where all of it is there.
    pub(super) bytes: Option<u64>,
}

struct Head {
    path: PathAndQuery,
    headers: HeaderMap,
    marked: Marked,
}

/// Whether a head bears its provider's name and ours already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marked {
    Yes,
    No,
}

enum Kept {
    Whole(Bytes),
    /// In a box: few bodies are too large to be kept, and all calls carry the room for it along.
    Streamed(Option<Box<SendBody>>),
}

/// Whether a field of the caller goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passes {
    Yes,
    No,
}

/// Of which call a request is, and what the process puts on all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of<'a> {
    pub(super) whose: Whose<'a>,
    pub(super) via: &'a Via,
    pub(super) call: CallId,
    pub(super) dice: Dice,
    pub(super) memory: &'a Arc<Memory>,
}

/// Which attempt of which call a request is for, and where chance comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn<'a> {
    pub(super) call: CallId,
    pub(super) attempt: AttemptNo,
    pub(super) dice: Dice,
    /// The provider's name for itself.
    pub(super) authority: &'a HeaderValue,
    pub(super) via: &'a Via,
    pub(super) spares: &'a Spares,
}

/// Whether there may be another attempt after one that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeats {
    Maybe,
    Never,
}

impl Prepared {
    /// Takes a request over that has no body.
    pub(super) fn without_body(
        of: &Of<'_>,
        head: Parts,
        path: PathAndQuery,
    ) -> Result<Self, Misuse> {
        let (method, version) = (head.method.clone(), head.version);
        let mut headers = head.headers;
        let arrived = arrive(of, &method, &mut headers)?;
        let head = Head { path, headers, marked: Marked::No };
        Self::of(of.whose, (method, version, arrived), head, (Kept::Whole(Bytes::new()), None))
    }

    /// Takes a request over; reads its body if it is to be kept.
    pub(super) async fn with_body<B>(
        of: &Of<'_>,
        request: Request<B>,
        path: PathAndQuery,
        limit: Instant,
    ) -> Result<Self, Outcome>
    where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Cause>,
    {
        let (head, body) = request.into_parts();
        let (method, version) = (head.method.clone(), head.version);
        let mut headers = head.headers;
        let arrived = arrive(of, &method, &mut headers)?;
        let mut held = Box::new(of.memory.holder());
        let body = take(body, (&of.whose.operation.bodies, &mut *held), limit).await?;
        let head = Head { path, headers, marked: Marked::No };
        Ok(Self::of(of.whose, (method, version, arrived), head, (body, Some(held)))?)
    }

    fn of(
        whose: Whose<'_>,
        (method, version, (trailers, trace)): (Method, Version, Arrived),
        mut head: Head,
        (mut body, held): (Kept, Option<Box<Held>>),
    ) -> Result<Self, Misuse> {
        let Whose { provider, operation, .. } = whose;
        let headers = &mut head.headers;
        let keyed = match &mut body {
            Kept::Whole(bytes) => {
                let keyed = key::put(whose, headers, bytes)?;
                if bytes.is_empty() && means_content(&method) {
                    headers.insert(header::CONTENT_LENGTH, NONE);
                }
                keyed
            }
            Kept::Streamed(_) if reads_body(operation) => {
                return Err(Misuse::BodyTooLarge { bytes_max: operation.bodies.replay_max });
            }
            Kept::Streamed(_) => key::put(whose, headers, &mut Bytes::new())?,
        };
        let bytes = match &body {
            Kept::Whole(bytes) => Some(bytes.len() as u64),
            Kept::Streamed(body) => body.as_ref().and_then(|body| body.size_hint().exact()),
        };
        head.path = joined(&provider.base.path, head.path)?;
        let replayable = matches!(body, Kept::Whole(_));
        // A provider may refuse a stream that it did not look at: that is repeated whatever the contract says.
        let repeats = if replayable { Repeats::Maybe } else { Repeats::Never };
        let passes = provider.fields.pass.contains(&header::AUTHORIZATION);
        let authorization = if passes { Passes::Yes } else { Passes::No };
        let head = Some(head);
        Ok(Self {
            method,
            version,
            head,
            spare: None,
            repeats,
            body,
            _held: held,
            trace,
            authorization,
            keyed,
            trailers,
            bytes,
        })
    }

    /// What the engine needs to know of the body.
    pub(super) fn body(&self) -> RequestBody {
        RequestBody { bytes: self.bytes, replayable: matches!(self.body, Kept::Whole(_)) }
    }

    /// What it has to do with kept replies, before anything of it was sent; none: nothing.
    pub(super) fn keeping(&self, whose: Whose<'_>) -> Option<Keeping> {
        let head = self.head.as_ref()?;
        if whose.operation.cache.is_some() && self.bytes != Some(0) {
            // What it asks for depends on its body too.
            return None;
        }
        Keeping::of(whose, (&self.method, &head.headers), head.path.as_str())
    }

    /// What a read says, before anything of it was sent; none: its head does not say all, or says who asks.
    pub(super) fn said(&self, whose: Whose<'_>) -> Option<(&Method, &HeaderMap, &str)> {
        let Head { path, headers, .. } = self.head.as_ref()?;
        let own = self.authorization == Passes::Yes && headers.contains_key(header::AUTHORIZATION);
        let read = !whose.operation.plan.mutates() && self.bytes == Some(0) && !own;
        read.then_some((&self.method, headers, path.as_str()))
    }

    /// The request of one attempt; none when an earlier one used it up.
    pub(super) fn request(
        &mut self,
        credential: Option<&Credential>,
        turn: Turn<'_>,
    ) -> Option<Request<SendBody>> {
        let Head { mut path, mut headers, marked } = self.take_head(turn.spares)?;
        let body = match &mut self.body {
            Kept::Whole(bytes) => SendBody::kept(bytes.clone()),
            Kept::Streamed(body) => *body.take()?,
        };
        headers.reserve(ROOM);
        if marked == Marked::No {
            headers.insert(header::HOST, turn.authority.clone());
            headers.append(header::VIA, turn.via.mark(self.version));
        }
        let ours = credential.and_then(Credential::header);
        if self.authorization == Passes::No
            && ours.is_none_or(|(name, _)| *name != header::AUTHORIZATION)
        {
            // A token of the caller is for outwright, not for the provider.
            headers.remove(header::AUTHORIZATION);
        }
        if let Some((name, value)) = ours {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(pair) = credential.and_then(Credential::query) {
            path = with_pair(&path, pair)?;
        }
        if let Some(trace) = &self.trace {
            headers.insert(trace::TRACEPARENT, trace.parent(turn.dice, turn.call, turn.attempt));
        }
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = Uri::from(path);
        *request.headers_mut() = headers;
        Some(request)
    }

    fn take_head(&mut self, spares: &Spares) -> Option<Head> {
        let Some(head) = self.head.take() else { return self.spare.as_ref().and_then(Spare::head) };
        if self.repeats == Repeats::Maybe {
            self.spare = Some(Spare::of(&head, spares.take()));
        }
        Some(head)
    }

    /// Nothing is sent again: what is no longer needed goes back.
    pub(super) fn done(self, spares: &Spares) {
        if let Some(spare) = self.spare {
            spares.put(spare.0);
        }
    }

    /// Takes a request back of which nothing was sent.
    pub(super) fn take_back(&mut self, unused: Request<SendBody>) {
        let (head, body) = unused.into_parts();
        if self.spare.is_none() {
            let path = head.uri.into_parts().path_and_query;
            let (headers, marked) = (head.headers, Marked::Yes);
            self.head = path.map(|path| Head { path, headers, marked });
        }
        if let Kept::Streamed(kept) = &mut self.body {
            *kept = Some(Box::new(body));
        }
    }
}

/// A head as text, for the repeat that few calls need: to copy the map costs five times as much.
struct Spare(Vec<u8>);

/// Bytes of a spare head that need no second allocation (chosen: a usual head has half of it).
const SPARE_BYTES: usize = 512;
/// Largest room that is kept for the next one, in bytes (chosen: few heads are larger).
const SPARE_BYTES_MAX: usize = 4 * 1024;
/// Rooms that are kept per core (chosen: as many as calls are busy on one in the benchmark).
const SPARES_MAX: usize = 64;

/// Rooms for spare heads, used again by the next call of the core.
#[derive(Debug, Default)]
pub(super) struct Spares(RefCell<Vec<Vec<u8>>>);

impl Spares {
    fn take(&self) -> Vec<u8> {
        self.0.borrow_mut().pop().unwrap_or_else(|| Vec::with_capacity(SPARE_BYTES))
    }

    fn put(&self, mut room: Vec<u8>) {
        let mut rooms = self.0.borrow_mut();
        if rooms.len() < SPARES_MAX && room.capacity() <= SPARE_BYTES_MAX {
            room.clear();
            rooms.push(room);
        }
    }
}

impl Spare {
    fn of(head: &Head, mut text: Vec<u8>) -> Self {
        let path = head.path.as_str();
        text.extend_from_slice(&lengths(path.len(), 0));
        text.extend_from_slice(path.as_bytes());
        for (name, value) in &head.headers {
            let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
            text.extend_from_slice(&lengths(name.len(), value.len()));
            text.extend_from_slice(name);
            text.extend_from_slice(value);
        }
        Self(text)
    }

    fn head(&self) -> Option<Head> {
        let [path, _, mut rest] = split(&self.0)?;
        let path = PathAndQuery::try_from(path).ok()?;
        let mut headers = HeaderMap::new();
        while !rest.is_empty() {
            let [name, value, after] = split(rest)?;
            rest = after;
            let name = HeaderName::from_bytes(name).ok()?;
            headers.append(name, HeaderValue::from_bytes(value).ok()?);
        }
        Some(Head { path, headers, marked: Marked::No })
    }
}

/// The lengths of two texts that follow, in front of them.
const fn lengths(first: usize, second: usize) -> [u8; 8] {
    // Both are bounded far below 4 GiB: they are parts of one head.
    ((first as u64) << 32 | second as u64).to_ne_bytes()
}

/// Two texts from the front, and what is behind them.
fn split(text: &[u8]) -> Option<[&[u8]; 3]> {
    let (lengths, text) = text.split_first_chunk()?;
    let lengths = u64::from_ne_bytes(*lengths);
    let (first, text) = text.split_at_checked(usize::try_from(lengths >> 32).ok()?)?;
    let (second, text) = text.split_at_checked(usize::try_from(lengths & 0xffff_ffff).ok()?)?;
    Some([first, second, text])
}

/// RFC 9110 section 8.6: a request whose method means content says that it has none; some providers answer 411 else.
fn means_content(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

/// What a caller's head says for later: whether it takes trailers, and its trace.
type Arrived = (Trailers, Option<Box<TraceContext>>);

/// Makes a head the provider's, but for what every attempt puts on.
fn arrive(of: &Of<'_>, method: &Method, headers: &mut HeaderMap) -> Result<Arrived, Misuse> {
    if *method == Method::CONNECT {
        return Err(Misuse::Upgrade);
    }
    let Whose { provider, operation, .. } = of.whose;
    let bounded = operation.bodies.decoded_max;
    let Says { traced, trailers } =
        fields::clean(headers, Passage { provider, via: of.via, bounded })?;
    if Lens::of(provider, operation).reads_bodies() {
        headers.insert(header::ACCEPT_ENCODING, fields::IDENTITY);
    }
    if provider.links.reads_bodies() {
        // Part of a body could not be led back, and would not fit to the rest of it.
        headers.insert(header::ACCEPT_ENCODING, fields::IDENTITY);
        headers.remove(header::RANGE);
        headers.remove(header::IF_RANGE);
    }
    let trace = provider.fields.trace;
    if traced == Traced::No && trace != Trace::Forward {
        return Ok((trailers, None));
    }
    let trace = trace::take(headers, trace, || trace::fresh(of.dice, of.call));
    Ok((trailers, trace.map(Box::new)))
}

fn reads_body(operation: &Operation) -> bool {
    use outwright_core::provider::KeyOrigin::{Derive, PerCall, Required};
    match &operation.key {
        Key::None | Key::Header { origin: Required | PerCall, .. } => false,
        Key::Header { origin: Derive(_), .. } | Key::Body { .. } => true,
    }
}

fn joined(base: &str, path: PathAndQuery) -> Result<PathAndQuery, Misuse> {
    if base.is_empty() {
        return Ok(path);
    }
    let mut whole = BytesMut::with_capacity(base.len() + path.as_str().len());
    whole.extend_from_slice(base.as_bytes());
    whole.extend_from_slice(path.as_str().as_bytes());
    PathAndQuery::from_maybe_shared(whole.freeze()).map_err(|_| Misuse::PathTooLong)
}

/// The path with `name=value` in its query, in place of what the caller wrote under that name.
fn with_pair(path: &PathAndQuery, pair: &str) -> Option<PathAndQuery> {
    let name = pair.split('=').next().unwrap_or(pair);
    let mut whole = String::with_capacity(path.as_str().len() + pair.len() + 1);
    whole.push_str(path.path());
    whole.push('?');
    let others = path.query().into_iter().flat_map(|query| query.split('&'));
    for other in others.filter(|other| other.split('=').next() != Some(name)) {
        whole.push_str(other);
        whole.push('&');
    }
    whole.push_str(pair);
    PathAndQuery::from_maybe_shared(Bytes::from(whole)).ok()
}

/// Reads a body that is to be kept; a larger one streams.
async fn take<B>(
    body: B,
    (bounds, held): (&Bodies, &mut Held),
    limit: Instant,
) -> Result<Kept, Outcome>
where
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Cause>,
{
    if body.is_end_stream() {
        return Ok(Kept::Whole(Bytes::new()));
    }
    let too_large = Misuse::BodyTooLarge { bytes_max: bounds.request_max };
    let hint = body.size_hint();
    if hint.lower() > bounds.request_max {
        return Err(too_large.into());
    }
    let mut body = Box::pin(body);
    let mut parts: Vec<Bytes> = Vec::new();
    let mut bytes = 0_u64;
    if hint.exact().is_none_or(|exact| exact <= bounds.replay_max) {
        loop {
            let next = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx));
            let frame = match timeout_at(limit, next).await {
                Err(_) => return Err(Misuse::BodyLate.into()),
                Ok(Some(Err(_))) => return Err(Misuse::BodyBroken.into()),
                Ok(None) => return Ok(Kept::Whole(whole(parts))),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(data) = frame.into_data() else { continue };
            bytes = bytes.saturating_add(data.len() as u64);
            if bytes > bounds.request_max {
                return Err(too_large.into());
            }
            if held.grow(usize::try_from(bytes).unwrap_or(usize::MAX)).is_none() {
                return Err(Outcome::Refused(Refusal::now(Reason::MemoryFull)));
            }
            parts.push(data);
            if body.is_end_stream() {
                return Ok(Kept::Whole(whole(parts)));
            }
            if bytes > bounds.replay_max {
                break;
            }
        }
    }
    parts.reverse();
    let rest = Rest { first: parts, body, left: bounds.request_max, exact: hint.exact() };
    Ok(Kept::Streamed(Some(Box::new(SendBody::streamed(Box::pin(rest))))))
}

fn whole(mut parts: Vec<Bytes>) -> Bytes {
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let mut whole = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
    for part in parts {
        whole.extend_from_slice(&part);
    }
    whole.freeze()
}

/// What was read of a large body, then what is still to come, up to a bound.
struct Rest<B> {
    /// Last one first.
    first: Vec<Bytes>,
    body: Pin<Box<B>>,
    left: u64,
    exact: Option<u64>,
}

impl<B> Body for Rest<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Cause>,
{
    type Data = Bytes;
    type Error = Cause;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cause>>> {
        let frame = match self.first.pop() {
            Some(bytes) => Frame::data(bytes),
            None => match ready!(self.body.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                // What a caller puts behind its body goes no further.
                Some(Ok(frame)) if frame.is_trailers() => return Poll::Ready(None),
                Some(Ok(frame)) => frame,
            },
        };
        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err("the body is larger than allowed".into()))),
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_gets_the_same_head() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("accept", &b"a/b;q=0.1, c"[..]),
            ("via", b"1.0 edge"),
            ("via", b"1.1 outwright"),
            ("x-empty", b""),
            ("x-bytes", b"\tcaf\xe9: \xff"),
        ] {
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        let path = PathAndQuery::from_static("/v1/a:b/%0A?x=:&y");
        let head = Head { path, headers, marked: Marked::No };
        let again = Spare::of(&head, Vec::new()).head().unwrap();
        assert_eq!((again.path, again.headers), (head.path, head.headers));
    }
}
