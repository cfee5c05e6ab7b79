//! The provider's own rate limit: written apart from outwright's, so that one can judge the other.

use std::collections::VecDeque;
use std::time::Duration;

use outwright_core::time::{Mono, Timestamp};
use serde::{Deserialize, Serialize};

use super::reply::{Reply, RetryAfter, RetryAfterForm};
use super::units;

/// How many requests per window are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Requests per window.
    pub requests: u32,
    /// The length of the window.
    #[serde(rename = "per_ms", with = "units")]
    pub per: Duration,
    /// Which kind of window.
    #[serde(default)]
    pub window: Window,
    /// How a refusal tells the wait.
    #[serde(default)]
    pub retry_after: RetryAfterForm,
    /// Which fields every answer carries.
    #[serde(default)]
    pub fields: QuotaFields,
}

/// The kinds of window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Aligned to multiples of its length.
    #[default]
    Fixed,
    /// The last so many milliseconds, exact.
    Sliding,
}

/// The dialect in which the quota is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaFields {
    /// Nothing is told.
    #[default]
    None,
    /// `RateLimit` and `RateLimit-Policy` as structured fields.
    Ietf,
    /// `X-RateLimit-Limit`, `-Remaining`, and `-Reset` in seconds of the Unix epoch.
    Epoch,
    /// `RateLimit-Limit`, `-Remaining`, and `-Reset` in seconds from now.
    Delta,
}

/// What the quota says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// The answer when the window is full.
    pub(super) refusal: Option<Reply>,
    /// The fields that every answer carries.
    pub(super) fields: Vec<(String, String)>,
}

/// The requests served in the window.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    served: VecDeque<Mono>,
}

impl Meter {
    /// Counts a request in, or refuses it.
    pub(super) fn take(&mut self, quota: Quota, now: Mono, clock: Timestamp) -> Measured {
        let per = u64::try_from(quota.per.as_nanos()).unwrap_or(u64::MAX).max(1);
        let start = match quota.window {
            Window::Fixed => Mono::from_nanos(now.nanos() / per * per),
            Window::Sliding => Mono::from_nanos(now.nanos().saturating_sub(per)),
        };
        let gone = |at: &Mono| match quota.window {
            Window::Fixed => *at < start,
            // A request counts for one whole window: it leaves at exactly `at + per`.
            Window::Sliding => now.since(*at) >= quota.per,
        };
        while self.served.front().is_some_and(gone) {
            self.served.pop_front();
        }
        let used = u32::try_from(self.served.len()).unwrap_or(u32::MAX);
        let full = used >= quota.requests;
        if !full {
            self.served.push_back(now);
        }
        let opens = match quota.window {
            Window::Fixed => start.plus(quota.per),
            Window::Sliding => self.served.front().unwrap_or(&now).plus(quota.per),
        };
        let wait = opens.since(now);
        let left = if full { 0 } else { quota.requests - used - 1 };
        let refusal = full.then(|| {
            let mut reply = Reply::error(429, "rate_limit_error", "too many requests");
            reply.headers.extend(RetryAfter::new(quota.retry_after, wait).fields(clock));
            reply
        });
        Measured { refusal, fields: fields(quota, left, wait, clock) }
    }
}

fn fields(quota: Quota, left: u32, wait: Duration, clock: Timestamp) -> Vec<(String, String)> {
    let seconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).div_ceil(1000);
    let named = |names: [&str; 3], reset: u64| {
        let values = [quota.requests.to_string(), left.to_string(), reset.to_string()];
        names.iter().map(|n| (*n).to_owned()).zip(values).collect()
    };
    match quota.fields {
        QuotaFields::None => Vec::new(),
        QuotaFields::Ietf => {
            let window = quota.per.as_secs().max(1);
            vec![
                (
                    "RateLimit-Policy".to_owned(),
                    format!("\"demo\";q={};w={window}", quota.requests),
                ),
                ("RateLimit".to_owned(), format!("\"demo\";r={left};t={seconds}")),
            ]
        }
        QuotaFields::Epoch => named(
            ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"],
            clock.millis() / 1000 + seconds,
        ),
        QuotaFields::Delta => {
            named(["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"], seconds)
        }
    }
}
