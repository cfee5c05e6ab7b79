//! How well-known providers say that a quota is full, and what is left of it: written apart from outwright's own
//! tables, so that one can judge the other.
//!
//! The sources are those of `facts/*.yaml`.

use std::time::Duration;

use outwright_core::classify::{Dialect, ResetUnit};
use outwright_core::time::Timestamp;
use serde_json::{Value, json};

use super::quota::{Quota, QuotaFields, Window};
use super::reply::{Reply, RetryAfter, RetryAfterForm};

/// Limit, remainder and reset of OpenAI.
const OPENAI: [&str; 3] =
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
/// The same of Anthropic.
const ANTHROPIC: [&str; 3] = [
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
];

/// What a meter found.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) quota: Quota,
    pub(super) left: u32,
    /// Until the next request is let through.
    pub(super) wait: Duration,
    pub(super) clock: Timestamp,
}

impl Quota {
    /// So many requests in the last so long, told as a provider of this dialect tells it.
    #[must_use]
    pub const fn of(dialect: Dialect, requests: u32, per: Duration) -> Self {
        let (fields, retry_after) = match dialect {
            Dialect::Ietf => (QuotaFields::Ietf, RetryAfterForm::None),
            Dialect::Github => (QuotaFields::Github, RetryAfterForm::None),
            Dialect::Stripe => (QuotaFields::Stripe, RetryAfterForm::None),
            Dialect::Twilio => (QuotaFields::Twilio, RetryAfterForm::None),
            Dialect::ShopifyRest => (QuotaFields::ShopifyRest, RetryAfterForm::Float),
            Dialect::ShopifyGraphql => (QuotaFields::ShopifyGraphql, RetryAfterForm::None),
            Dialect::Openai => (QuotaFields::Openai, RetryAfterForm::None),
            Dialect::Anthropic => (QuotaFields::Anthropic, RetryAfterForm::Seconds),
            Dialect::Slack => (QuotaFields::Slack, RetryAfterForm::Seconds),
            Dialect::Hubspot => (QuotaFields::Hubspot, RetryAfterForm::None),
            Dialect::Salesforce => (QuotaFields::Salesforce, RetryAfterForm::None),
            Dialect::Aws => (QuotaFields::Aws, RetryAfterForm::None),
            Dialect::Generic(Some(ResetUnit::EpochS)) => (QuotaFields::Epoch, RetryAfterForm::None),
            Dialect::Generic(_) => (QuotaFields::None, RetryAfterForm::Seconds),
        };
        Self { requests, per, window: Window::Sliding, retry_after, fields }
    }
}

/// The answer to a request beyond the quota.
pub(super) fn refusal(state: &State) -> Reply {
    let (status, body) = match state.quota.fields {
        QuotaFields::None | QuotaFields::Ietf | QuotaFields::Epoch | QuotaFields::Delta => {
            let error = json!({"type": "rate_limit_error", "message": "too many requests"});
            (429, json!({"error": error}))
        }
        QuotaFields::Github => {
            (403, json!({"message": "API rate limit exceeded for user ID 1.", "status": "403"}))
        }
        QuotaFields::Stripe => {
            let error = json!({"type": "invalid_request_error", "code": "rate_limit",
                "message": "Request rate limit exceeded."});
            (429, json!({"error": error}))
        }
        QuotaFields::Twilio => {
            (429, json!({"code": 20429, "message": "Too Many Requests", "status": 429}))
        }
        QuotaFields::ShopifyRest => {
            (429, json!({"errors": "Exceeded 2 calls per second for api client."}))
        }
        QuotaFields::ShopifyGraphql => (200, throttled_query(state)),
        QuotaFields::Openai => {
            let error = json!({"type": "requests", "param": null, "code": "rate_limit_exceeded",
                "message": "Rate limit reached for requests."});
            (429, json!({"error": error}))
        }
        QuotaFields::Anthropic => {
            let error = json!({"type": "rate_limit_error", "message": "too many requests"});
            (429, json!({"type": "error", "error": error}))
        }
        QuotaFields::Slack => (429, json!({"ok": false, "error": "ratelimited"})),
        QuotaFields::Hubspot => (429, limited_by_policy(state)),
        QuotaFields::Salesforce => {
            let message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded.";
            (403, json!([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}]))
        }
        QuotaFields::Aws => (400, json!({"message": "Rate exceeded"})),
    };
    let mut reply = Reply::json(status, &body);
    if state.quota.fields == QuotaFields::Aws {
        reply = reply.with("x-amzn-ErrorType", "ThrottlingException");
    }
    if state.quota.fields == QuotaFields::Stripe {
        reply = reply.with("Stripe-Rate-Limited-Reason", "global-rate");
    }
    let told = RetryAfter::new(state.quota.retry_after, state.wait);
    reply.headers.extend(told.fields(state.clock));
    reply
}

/// A query that costs ten points where none is left, and refills until the next request is let through.
fn throttled_query(state: &State) -> Value {
    const COST: f64 = 10.0;
    let size = f64::from(state.quota.requests) * COST;
    let rate = COST / state.wait.as_secs_f64().max(0.001);
    let status = json!({"maximumAvailable": size, "currentlyAvailable": 0.0, "restoreRate": rate});
    json!({
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {"cost": {"requestedQueryCost": COST, "throttleStatus": status}},
    })
}

fn limited_by_policy(state: &State) -> Value {
    const DAY: Duration = Duration::from_secs(86_400);
    let policy = if state.quota.per >= DAY { "DAILY" } else { "TEN_SECONDLY_ROLLING" };
    json!({"status": "error", "errorType": "RATE_LIMIT", "policyName": policy,
        "message": "You have reached your limit.", "correlationId": "c1"})
}

/// The fields that every answer carries.
pub(super) fn fields(state: &State) -> Vec<(String, String)> {
    let (limit, left) = (state.quota.requests, state.left);
    let (used, millis) = (limit.saturating_sub(left), millis(state.wait));
    let seconds = millis.div_ceil(1_000);
    let epoch_s = state.clock.millis() / 1_000 + seconds;
    let list = |fields: &[(&str, String)]| {
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    };
    let three = |names: [&str; 3], reset: String| {
        let values = [limit.to_string(), left.to_string(), reset];
        names.iter().map(|name| (*name).to_owned()).zip(values).collect()
    };
    match state.quota.fields {
        // The first four say nothing, the body of the last says it.
        QuotaFields::None
        | QuotaFields::Stripe
        | QuotaFields::Slack
        | QuotaFields::Aws
        | QuotaFields::ShopifyGraphql => Vec::new(),
        QuotaFields::Ietf => {
            let window = state.quota.per.as_secs().max(1);
            list(&[
                ("RateLimit-Policy", format!("\"demo\";q={limit};w={window}")),
                ("RateLimit", format!("\"demo\";r={left};t={seconds}")),
            ])
        }
        QuotaFields::Epoch => three(
            ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"],
            epoch_s.to_string(),
        ),
        QuotaFields::Delta => three(
            ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"],
            seconds.to_string(),
        ),
        QuotaFields::Github => {
            let mut fields: Vec<(String, String)> = three(
                ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"],
                epoch_s.to_string(),
            );
            fields.push(("x-ratelimit-used".to_owned(), used.to_string()));
            fields.push(("x-ratelimit-resource".to_owned(), "core".to_owned()));
            fields
        }
        QuotaFields::Twilio => list(&[("Twilio-Concurrent-Requests", used.to_string())]),
        QuotaFields::ShopifyRest => {
            list(&[("X-Shopify-Shop-Api-Call-Limit", format!("{used}/{limit}"))])
        }
        QuotaFields::Openai => three(OPENAI, format!("{}.{:03}s", millis / 1_000, millis % 1_000)),
        QuotaFields::Anthropic => three(ANTHROPIC, rfc3339(epoch_s)),
        QuotaFields::Hubspot => {
            let interval = u64::try_from(state.quota.per.as_millis()).unwrap_or(u64::MAX);
            list(&[
                ("X-HubSpot-RateLimit-Max", limit.to_string()),
                ("X-HubSpot-RateLimit-Remaining", left.to_string()),
                ("X-HubSpot-RateLimit-Interval-Milliseconds", interval.to_string()),
            ])
        }
        QuotaFields::Salesforce => {
            list(&[("Sforce-Limit-Info", format!("api-usage={used}/{limit}"))])
        }
    }
}

/// Whole milliseconds, rounded up: nobody may come back too early.
fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// `1994-11-06T08:49:37Z` of seconds since 1970 (the algorithm `civil_from_days` of Howard Hinnant's date papers).
fn rfc3339(epoch_s: u64) -> String {
    let (days, rest) = (epoch_s / 86_400, epoch_s % 86_400);
    // Days since 0000-03-01, in eras of 400 years; a year begins in March, so that a leap day ends it.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest % 3_600 / 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a refusal looks like on the wire: its status, and each of these in its fields or body.
    fn check(dialect: Dialect, status: u16, says: &[&str]) {
        let quota = Quota::of(dialect, 5, Duration::from_secs(10));
        // Two and a half seconds to go, at the time of RFC 9110 section 5.6.7.
        let clock = Timestamp::from_millis(784_111_777_000);
        let state = State { quota, left: 0, wait: Duration::from_millis(2_500), clock };
        let mut reply = refusal(&state);
        reply.headers.extend(fields(&state));
        let text = format!("{}{}", reply.lines(), String::from_utf8_lossy(&reply.body));
        assert_eq!(reply.status, status, "{dialect:?}");
        for part in says {
            assert!(text.contains(part), "{dialect:?} lacks {part}:\n{text}");
        }
    }

    /// each dialect as its provider's documents show it.
    #[test]
    fn a_full_quota_is_told_as_the_provider_tells_it() {
        check(Dialect::Ietf, 429, &["RateLimit: \"demo\";r=0;t=3\r\n"]);
        check(
            Dialect::Github,
            403,
            &[
                "x-ratelimit-remaining: 0\r\n",
                "x-ratelimit-reset: 784111780\r\n",
                "-resource: core",
            ],
        );
        check(Dialect::Stripe, 429, &["Stripe-Rate-Limited-Reason: global-rate", "rate_limit"]);
        check(Dialect::Twilio, 429, &["\"code\":20429", "Twilio-Concurrent-Requests: 5"]);
        check(Dialect::ShopifyRest, 429, &["Retry-After: 2.500\r\n", "Api-Call-Limit: 5/5"]);
        check(Dialect::ShopifyGraphql, 200, &["\"THROTTLED\"", "\"restoreRate\":4.0"]);
        check(Dialect::Openai, 429, &["x-ratelimit-reset-requests: 2.500s\r\n"]);
        check(
            Dialect::Anthropic,
            429,
            &["Retry-After: 3\r\n", "-requests-reset: 1994-11-06T08:49:40Z\r\n"],
        );
        check(Dialect::Slack, 429, &["Retry-After: 3\r\n", "\"ratelimited\""]);
        check(Dialect::Hubspot, 429, &["Interval-Milliseconds: 10000", "TEN_SECONDLY_ROLLING"]);
        check(Dialect::Salesforce, 403, &["Sforce-Limit-Info: api-usage=5/5", "\"errorCode\""]);
        check(Dialect::Aws, 400, &["x-amzn-ErrorType: ThrottlingException\r\n"]);
        check(
            Dialect::Generic(Some(ResetUnit::EpochS)),
            429,
            &["X-RateLimit-Reset: 784111780\r\n", "X-RateLimit-Remaining: 0"],
        );
    }

    #[test]
    fn a_date_is_that_of_the_calendar() {
        for (epoch_s, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (784_111_777, "1994-11-06T08:49:37Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_910_399, "2026-11-28T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(epoch_s), expected);
        }
    }
}
