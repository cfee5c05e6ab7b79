//! An answer of the provider before any fault touches it, and its form on the wire.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::StatusCode;
use outwright_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::units;

/// Status, fields and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// For a stream of events: the pause after each.
    pub(super) pace: Option<Duration>,
    /// How long the operation itself takes.
    pub(super) takes: Duration,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self::of(status, headers, Bytes::from(format!("{body}\n")))
    }

    pub(super) fn text(status: u16, media: &str, body: impl Into<Bytes>) -> Self {
        Self::of(status, vec![("Content-Type".to_owned(), media.to_owned())], body.into())
    }

    pub(super) const fn of(status: u16, headers: Vec<(String, String)>, body: Bytes) -> Self {
        Self { status, headers, body, pace: None, takes: Duration::ZERO }
    }

    /// An error in the shape that payment providers use.
    pub(super) fn error(status: u16, kind: &str, message: &str) -> Self {
        Self::json(status, &serde_json::json!({"error": {"type": kind, "message": message}}))
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The status line and the fields, without the empty line that ends a head.
    pub(super) fn lines(&self) -> String {
        let mut text = status_line(self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text
    }

    /// A complete head with this framing field.
    pub(super) fn head(&self, framing: &str) -> String {
        format!("{}{framing}\r\n\r\n", self.lines())
    }

    /// The head with these lines more and the length of the body; no length where the status has no body
    /// (RFC 9112 section 6.3).
    pub(super) fn usual_head(&self, more: &str) -> String {
        if self.bodiless() {
            format!("{}{more}\r\n", self.lines())
        } else {
            self.head(&format!("{more}Content-Length: {}", self.body.len()))
        }
    }

    pub(super) const fn bodiless(&self) -> bool {
        self.status == 204 || self.status == 304 || self.status < 200
    }
}

pub(super) fn status_line(status: u16) -> String {
    let reason =
        StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason()).unwrap_or("-");
    format!("HTTP/1.1 {status} {reason}\r\n")
}

/// `Retry-After` and its relatives: what a provider may write, right or wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryAfter {
    /// How it is written.
    pub form: RetryAfterForm,
    /// How long the caller is to wait.
    #[serde(default, rename = "wait_ms", with = "units")]
    pub wait: Duration,
}

impl RetryAfter {
    /// This wait in this form.
    #[must_use]
    pub const fn new(form: RetryAfterForm, wait: Duration) -> Self {
        Self { form, wait }
    }

    /// Whole seconds, rounded up.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self::new(RetryAfterForm::Seconds, Duration::from_secs(seconds))
    }

    /// The fields, as a provider with this clock writes them.
    pub(super) fn fields(self, clock: Timestamp) -> Vec<(String, String)> {
        let name = |name: &str, value: String| vec![(name.to_owned(), value)];
        let millis = u64::try_from(self.wait.as_millis()).unwrap_or(u64::MAX);
        let seconds = millis.div_ceil(1000);
        let until = Timestamp::from_millis(clock.millis().saturating_add(seconds * 1000));
        match self.form {
            RetryAfterForm::None => Vec::new(),
            RetryAfterForm::Seconds => name("Retry-After", seconds.to_string()),
            RetryAfterForm::Float => {
                name("Retry-After", format!("{}.{:03}", millis / 1000, millis % 1000))
            }
            RetryAfterForm::Date => name("Retry-After", imf_fixdate(until)),
            RetryAfterForm::Millis => name("Retry-After-Ms", millis.to_string()),
            RetryAfterForm::AmazonMillis => name("x-amz-retry-after", millis.to_string()),
            RetryAfterForm::Past => {
                let past = Timestamp::from_millis(clock.millis().saturating_sub(3_600_000));
                name("Retry-After", imf_fixdate(past))
            }
            RetryAfterForm::Negative => name("Retry-After", "-1".to_owned()),
            RetryAfterForm::Huge => name("Retry-After", "99999999999999999999".to_owned()),
            RetryAfterForm::Nonsense => name("Retry-After", "soon".to_owned()),
            RetryAfterForm::Twice => {
                let mut two = name("Retry-After", seconds.to_string());
                two.extend(name("Retry-After", (seconds + 7).to_string()));
                two
            }
        }
    }
}

/// The forms of `Retry-After`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfterForm {
    /// No such field.
    #[default]
    None,
    /// Whole seconds.
    Seconds,
    /// A date of the provider's own clock (IMF-fixdate).
    Date,
    /// Seconds with a fraction, as Shopify writes them.
    Float,
    /// `Retry-After-Ms`.
    Millis,
    /// `x-amz-retry-after`.
    AmazonMillis,
    /// A date of an hour ago.
    Past,
    /// `-1`.
    Negative,
    /// More seconds than 64 bits hold.
    Huge,
    /// A word.
    Nonsense,
    /// Two fields that differ; the second is 7 s longer.
    Twice,
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
pub(super) fn imf_fixdate(at: Timestamp) -> String {
    // httpdate cannot write years beyond 9999; a provider's clock does not get there.
    const YEAR_9999_MS: u64 = 253_402_300_799_000;
    let since = Duration::from_millis(at.millis().min(YEAR_9999_MS));
    httpdate::fmt_http_date(UNIX_EPOCH + since)
}
