//! The provider's own rate limit: written apart from outwright's, so that one can judge the other.

use std::collections::VecDeque;
use std::time::Duration;

use outwright_core::time::{Mono, Timestamp};
use serde::{Deserialize, Serialize};

use super::dialects::{self, State};
use super::reply::{Reply, RetryAfterForm};
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
    /// As GitHub: `x-ratelimit-*` with a reset in seconds of the epoch, and 403.
    Github,
    /// As Stripe: 429 with a reason and no hint.
    Stripe,
    /// As Twilio: 429 with the code 20429 and no hint.
    Twilio,
    /// As Shopify's REST API: `used/size`, and 429 with seconds that have a fraction.
    ShopifyRest,
    /// As Shopify's GraphQL API: 200 with THROTTLED and the points of a bucket.
    ShopifyGraphql,
    /// As OpenAI: `x-ratelimit-*-requests` with a reset such as `1.500s`.
    Openai,
    /// As Anthropic: `anthropic-ratelimit-requests-*` with a reset as a date of RFC 3339.
    Anthropic,
    /// As Slack: 429 with `ok: false`.
    Slack,
    /// As HubSpot: the length of the window in milliseconds, and the name of the policy.
    Hubspot,
    /// As Salesforce: `Sforce-Limit-Info`, and 403 with `REQUEST_LIMIT_EXCEEDED`.
    Salesforce,
    /// As AWS: 400 with `ThrottlingException`.
    Aws,
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
        let state = State { quota, left, wait, clock };
        let refusal = full.then(|| dialects::refusal(&state));
        Measured { refusal, fields: dialects::fields(&state) }
    }
}
