//! The fields that outwright puts on every answer, at the gateway and in process, built once where they can be.

mod degraded;
pub mod tokens;

use std::cell::RefCell;
use std::time::Duration;

use bytes::BytesMut;
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use outwright_core::outcome::Effect;
use outwright_core::step::{CallId, Skip};
use outwright_core::time::Mono;

use crate::driver::ReplyBody;
use crate::telemetry::Record;

pub use self::degraded::Came;
pub(crate) use self::degraded::came;

const CALL: HeaderName = HeaderName::from_static("outwright-call");
const ATTEMPTS: HeaderName = HeaderName::from_static("outwright-attempts");
const ORIGIN: HeaderName = HeaderName::from_static("outwright-origin");
const RETRY: HeaderName = HeaderName::from_static("outwright-retry");
const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

const FROM_PROVIDER: HeaderValue = HeaderValue::from_static(Origin::Provider.word());
const FROM_CACHE: HeaderValue = HeaderValue::from_static(Origin::Cache.word());
const FROM_OUTWRIGHT: HeaderValue = HeaderValue::from_static(Origin::Outwright.word());
const ONE: HeaderValue = HeaderValue::from_static("1");

/// Fields of ours on every answer; a stop signal is rare enough to grow for.
const OURS: usize = 6;

/// The values that are the same for many answers; one set per core.
#[derive(Debug)]
pub struct Dress {
    name: Box<str>,
    via: HeaderValue,
    received: RefCell<Box<[Option<HeaderValue>]>>,
    /// Where values are written that are different for every answer: one block for many of them.
    fresh: RefCell<BytesMut>,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The provider said it.
    Provider,
    /// Outwright says it.
    Outwright,
    /// A kept reply is shown.
    Cache,
}

impl Origin {
    /// Its word in `Outwright-Origin`; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Outwright => "outwright",
            Self::Cache => "cache",
        }
    }
}

/// The times of a call that its answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// What was neither the provider's nor a wait on purpose.
    pub outwright: Duration,
    /// In the wait queue, over all attempts.
    pub queue: Duration,
    /// From the start of an attempt to its end, over all attempts.
    pub provider: Duration,
}

impl Dress {
    /// For a deployment of this name (a token).
    #[must_use]
    pub fn new(name: &str) -> Self {
        let via = HeaderValue::from_str(&format!("1.1 {name}")).expect("a token is a field value");
        let received = vec![None; usize::from(LAST_STATUS - FIRST_STATUS) + 1];
        let received = RefCell::new(received.into());
        Self { name: name.into(), via, received, fresh: RefCell::default() }
    }

    /// Puts the fields of every answer on one; those of a provider's reply stay.
    pub fn put(
        &self,
        headers: &mut HeaderMap,
        call: CallId,
        attempts: usize,
        origin: Origin,
        times: Times,
    ) {
        headers.reserve(OURS);
        let mut fresh = self.fresh.borrow_mut();
        if fresh.capacity() < LINE_BYTES {
            fresh.reserve(BLOCK_BYTES);
        }
        headers.insert(CALL, value(&mut fresh, &call.hex()));
        headers.insert(ATTEMPTS, attempts_value(attempts));
        headers.insert(
            ORIGIN,
            match origin {
                Origin::Provider => FROM_PROVIDER,
                Origin::Outwright => FROM_OUTWRIGHT,
                Origin::Cache => FROM_CACHE,
            },
        );
        headers.append(header::VIA, self.via.clone());
        headers.append(SERVER_TIMING, value(&mut fresh, times.line().written()));
    }

    /// The deployment's name towards others.
    fn name(&self) -> &str {
        &self.name
    }

    /// the provider said this status, not we.
    pub fn received(&self, headers: &mut HeaderMap, status: StatusCode) {
        let place = usize::from(status.as_u16().saturating_sub(FIRST_STATUS));
        let mut received = self.received.borrow_mut();
        let Some(slot) = received.get_mut(place) else { return };
        let value = slot.get_or_insert_with(|| {
            let text = format!("{}; received-status={}", self.name, status.as_u16());
            HeaderValue::from_str(&text).expect("a token and a number are a field value")
        });
        headers.append(PROXY_STATUS, value.clone());
    }

    /// Puts ours on a reply, whose own fields stay: what it is, and the stop signal where there is a reason.
    ///
    /// `came` says what came of the last attempt, where the reply is another.
    pub fn relay(&self, head: &mut Parts, body: &ReplyBody, came: fn(&Record) -> Came) {
        let (record, now) = (body.record(), body.asked_at());
        let attempts = record.attempts.count();
        let headers = &mut head.headers;
        let word = reply_word(record);
        if record.is_degraded() {
            degraded::dress(self, headers, (record, Times::of(record, now)), came);
            stop(headers, word, &body.outlet().provider().stop_retry);
            return;
        }
        self.put(headers, record.call, attempts, Origin::Provider, Times::of(record, now));
        self.received(headers, head.status);
        if let Some(instead) = &record.instead {
            degraded::passed(self, headers, instead);
        }
        if attempts > 1 || word.is_some() {
            stop(headers, word, &body.outlet().provider().stop_retry);
        }
    }

    /// we said this, for this reason.
    pub fn error(&self, headers: &mut HeaderMap, token: &str, status: StatusCode) {
        let name = &self.name;
        let text = if token == "http_request_error" {
            format!("{name}; error={token}; status-code={}", status.as_u16())
        } else {
            format!("{name}; error={token}")
        };
        let value = HeaderValue::from_str(&text).expect("tokens and a number are a field value");
        headers.append(PROXY_STATUS, value);
    }
}

/// Tells official clients not to retry on top of us, in the words of all and of this provider.
pub fn stop(
    headers: &mut HeaderMap,
    word: Option<&'static str>,
    providers_own: &[(HeaderName, HeaderValue)],
) {
    headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    for (name, value) in providers_own {
        headers.insert(name.clone(), value.clone());
    }
    if let Some(word) = word {
        headers.insert(RETRY, HeaderValue::from_static(word));
    }
}

/// whole seconds, rounded up so that it is never too early.
pub fn retry_after(headers: &mut HeaderMap, wait: Duration) {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
}

fn attempts_value(attempts: usize) -> HeaderValue {
    if attempts == 1 { ONE } else { HeaderValue::from(attempts) }
}

/// The word for `Outwright-Retry` on a reply of the provider, if one more attempt would be on top of ours or unsafe.
#[must_use]
pub(crate) fn reply_word(record: &Record) -> Option<&'static str> {
    if record.effect == Some(Effect::Unknown) {
        return Some("unsafe");
    }
    if record.is_degraded() && record.attempts.count() == 0 {
        return Some("refused");
    }
    match record.skipped? {
        // Where a contract only reports, the caller's own repeats are what protects it.
        Skip::Final | Skip::Told | Skip::Report => None,
        Skip::Attempts
        | Skip::Budget
        | Skip::Deadline
        | Skip::HintTooLong
        | Skip::BreakerOpen
        | Skip::Gates
        | Skip::CallerGone => Some("exhausted"),
        Skip::Plan | Skip::Body | Skip::Contract => Some("unsafe"),
    }
}

impl Times {
    /// None.
    pub(crate) const NONE: Self =
        Self { outwright: Duration::ZERO, queue: Duration::ZERO, provider: Duration::ZERO };

    /// Where the time of a call went until `now`.
    #[must_use]
    pub fn of(record: &Record, now: Mono) -> Self {
        Self {
            outwright: record.overhead(now),
            queue: record.queued,
            provider: record.attempts.time(now),
        }
    }

    /// `outwright;dur=…, queue;dur=…, provider;dur=…` in milliseconds.
    fn line(self) -> Line {
        let mut text = Line { bytes: [0; LINE_BYTES], used: 0 };
        text.push(b"outwright;dur=");
        text.millis(self.outwright);
        text.push(b", queue;dur=");
        text.millis(self.queue);
        text.push(b", provider;dur=");
        text.millis(self.provider);
        text
    }
}

/// A field value of words and numbers, written into a block.
fn value(fresh: &mut BytesMut, text: &[u8]) -> HeaderValue {
    fresh.extend_from_slice(text);
    HeaderValue::from_maybe_shared(fresh.split().freeze())
        .expect("words and numbers are a field value")
}

/// Room for the values of many answers: chosen, about fifty.
const BLOCK_BYTES: usize = 4 * 1024;

/// Three names, three numbers of at most 24 bytes.
const LINE_BYTES: usize = 128;

/// A short text on the stack; what does not fit is left out.
struct Line {
    bytes: [u8; LINE_BYTES],
    used: usize,
}

impl Line {
    fn push(&mut self, text: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.used..self.used + text.len()) {
            room.copy_from_slice(text);
            self.used += text.len();
        }
    }

    fn millis(&mut self, duration: Duration) {
        let micros = duration.subsec_micros();
        let millis = duration.as_secs().saturating_mul(1_000) + u64::from(micros / 1_000);
        if millis < 10 {
            self.push(&[digit(micros / 1_000)]);
        } else {
            self.push(itoa::Buffer::new().format(millis).as_bytes());
        }
        if !micros.is_multiple_of(1_000) {
            self.push(&[b'.', digit(micros / 100), digit(micros / 10), digit(micros)]);
        }
    }

    fn written(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }
}

/// The last decimal digit.
const fn digit(value: u32) -> u8 {
    b'0' + (value % 10) as u8
}

/// Statuses that a final reply can have.
const FIRST_STATUS: u16 = 200;
const LAST_STATUS: u16 = 599;

#[cfg(test)]
mod tests {
    use super::{Dress, Origin, Times, retry_after};
    use http::{HeaderMap, HeaderValue, StatusCode};
    use outwright_core::step::CallId;
    use std::time::Duration;

    fn times() -> Times {
        Times {
            outwright: Duration::from_micros(1_234),
            queue: Duration::ZERO,
            provider: Duration::from_millis(80),
        }
    }

    fn all<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// what others wrote before us stays and ours comes after it.
    #[test]
    fn lists_of_others_are_added_to() {
        let mut headers = HeaderMap::new();
        headers.insert("via", HeaderValue::from_static("1.1 edge"));
        headers.insert("proxy-status", HeaderValue::from_static("edge; received-status=200"));
        headers.insert("outwright-call", HeaderValue::from_static("forged"));
        let dress = Dress::new("outwright");
        dress.put(&mut headers, CallId(255), 2, Origin::Provider, times());
        dress.received(&mut headers, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(all(&headers, "via"), ["1.1 edge", "1.1 outwright"]);
        let expected = ["edge; received-status=200", "outwright; received-status=503"];
        assert_eq!(all(&headers, "proxy-status"), expected);
        assert_eq!(all(&headers, "outwright-call"), ["00000000000000ff"]);
        assert_eq!(all(&headers, "outwright-attempts"), ["2"]);
        let expected = ["outwright;dur=1.234, queue;dur=0, provider;dur=80"];
        assert_eq!(all(&headers, "server-timing"), expected);
    }

    ///
    #[test]
    fn retry_after_is_never_too_early() {
        for (wait, expected) in [(1_000, "1"), (1_001, "2"), (1, "1"), (0, "0")] {
            let mut headers = HeaderMap::new();
            retry_after(&mut headers, Duration::from_millis(wait));
            assert_eq!(all(&headers, "retry-after"), [expected]);
        }
    }
}
