//! When to come back: `Retry-After` and its relatives, then `RateLimit`, then the provider's own fields.

use std::time::Duration;

use http::HeaderMap;

use super::{Lens, Received, body, date, dialect, fields, quota, text};
use crate::outcome::{Class, Hint, HintSource, Pushback, Verdict};

/// The hint of a bad answer, by precedence; none: the caller's own backoff.
pub(super) fn read(
    lens: &Lens<'_>,
    verdict: &Verdict,
    received: &Received<'_>,
    prefix: Option<&[u8]>,
) -> Option<Hint> {
    if let Some(wait) = retry_after(received) {
        return Some(Hint { wait, source: HintSource::RetryAfter });
    }
    // A reset says when a quota is full again, which a broken server does not wait for.
    match verdict.class {
        Class::Throttled | Class::Overloaded | Class::Exhausted => {}
        Class::Success | Class::Rejected | Class::Transient | Class::Unauthorized => return None,
    }
    if let Some(wait) = spent(fields::remaining(received.headers)) {
        return Some(Hint { wait, source: HintSource::RateLimit });
    }
    let profile = dialect::profile(lens.dialect);
    let quotas = quota::read(profile, lens.dialect.declared(), received.headers, received);
    let wait = spent(quotas).or_else(|| prefix.and_then(|bytes| refill(profile, bytes)))?;
    Some(Hint { wait, source: HintSource::Vendor })
}

/// Whether the provider forbade another try; `true` is not heard.
pub(super) fn pushback(lens: &Lens<'_>, headers: &HeaderMap) -> Pushback {
    let is = |name, value: &str| {
        text(headers, name).is_some_and(|found| found.trim().eq_ignore_ascii_case(value))
    };
    // gRFC A6: a negative or senseless pushback means never.
    let grpc = text(headers, GRPC_PUSHBACK).is_some_and(|text| whole_ms(text).is_none());
    let declared = || lens.stop.iter().any(|(name, value)| headers.get(name) == Some(value));
    if is("x-should-retry", "false") || is("stripe-should-retry", "false") || grpc || declared() {
        Pushback::Stop
    } else {
        Pushback::None
    }
}

/// The longest reset among the quotas that are spent.
fn spent(quotas: Vec<quota::Quota>) -> Option<Duration> {
    let resets = quotas.iter().filter(|quota| quota.is_spent()).filter_map(|quota| quota.reset);
    resets.filter_map(believable).max()
}

/// How long a leaky bucket of cost points takes to hold what was asked for.
fn refill(profile: &dialect::Profile, bytes: &[u8]) -> Option<Duration> {
    let bucket = profile.bucket?;
    let number = |pointer| {
        let mut value = None;
        body::each(bytes, pointer, &mut |scalar| value = scalar.amount());
        value
    };
    let missing = number(bucket.asked)? - number(bucket.available)?;
    believable(date::seconds(missing / number(bucket.per_second)?)?)
}

/// The longest wait that any `Retry-After` or finer relative states.
fn retry_after(received: &Received<'_>) -> Option<Duration> {
    let lines = received.headers.get_all(http::header::RETRY_AFTER).iter();
    lines
        .filter_map(|line| form(line.to_str().ok()?.trim(), received))
        .filter_map(believable)
        .max()
        .or_else(|| MILLISECONDS.iter().find_map(|name| milliseconds(received.headers, name)))
}

/// Seconds, seconds with a fraction, or a date of any format.
fn form(text: &str, received: &Received<'_>) -> Option<Duration> {
    if let Some(value) = date::decimal(text) {
        return date::seconds(value);
    }
    let then = date::http(text, received.wall_ms())?;
    then.checked_sub(received.provider_ms()).map(Duration::from_millis)
}

fn milliseconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    let value = date::decimal(text(headers, name)?.trim())?;
    believable(date::seconds(value / 1000.0)?)
}

fn whole_ms(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// Nothing, and more than a year, are no hints: the one is past, the other is a mistaken unit.
fn believable(wait: Duration) -> Option<Duration> {
    (!wait.is_zero() && wait <= BELIEVED_MAX).then_some(wait)
}

/// Chosen: no published quota window is longer than a year.
const BELIEVED_MAX: Duration = Duration::from_secs(366 * 86_400);
/// The field of gRFC A6.
const GRPC_PUSHBACK: &str = "grpc-retry-pushback-ms";
/// Relatives of Retry-After in milliseconds.
const MILLISECONDS: [&str; 4] =
    ["retry-after-ms", "x-ms-retry-after-ms", "x-amz-retry-after", GRPC_PUSHBACK];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::classify::tests::headers;
    use crate::time::Timestamp;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

    fn check(lines: &[(&str, &str)], expected_ms: Option<u64>) {
        let headers = headers(lines);
        let received = Received { headers: &headers, wall: NOW };
        assert_eq!(retry_after(&received), expected_ms.map(Duration::from_millis), "{lines:?}");
    }

    ///
    #[test]
    fn every_form_of_retry_after_is_read() {
        check(&[("retry-after", "120")], Some(120_000));
        check(&[("retry-after", " 120 ")], Some(120_000));
        check(&[("retry-after", "2.0")], Some(2_000));
        check(&[("retry-after", "0.25")], Some(250));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")], Some(60_000));
        check(&[("retry-after", "Sunday, 06-Nov-94 08:50:37 GMT")], Some(60_000));
        check(&[("retry-after", "Sun Nov  6 08:50:37 1994")], Some(60_000));
        check(&[("retry-after-ms", "1500")], Some(1_500));
        check(&[("x-ms-retry-after-ms", "1500")], Some(1_500));
        check(&[("x-amz-retry-after", "1500")], Some(1_500));
        check(&[("grpc-retry-pushback-ms", "40")], Some(40));
        check(&[("retry-after", "2"), ("retry-after-ms", "1500")], Some(2_000));
        check(&[("retry-after", "2"), ("retry-after", "5")], Some(5_000));
        check(&[("retry-after", "soon"), ("retry-after-ms", "1500")], Some(1_500));
    }

    /// garbage is no hint, and neither is the past.
    #[test]
    fn what_says_nothing_is_no_hint() {
        for text in [
            "",
            "NaN",
            "inf",
            "-5",
            "1e9",
            "soon",
            "0",
            "0.0",
            "12s",
            "+5",
            "5, 6",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:00:00 GMT",
            "Mon, 06 Nov 1994 08:50:37 GMT",
            "99999999999999999999",
            "31622401",
        ] {
            check(&[("retry-after", text)], None);
        }
    }

    /// a date is the provider's, so it is measured with the provider's clock.
    #[test]
    fn a_date_is_measured_against_the_providers_own_date_and_age() {
        let after = ("retry-after", "Sun, 06 Nov 1994 09:00:37 GMT");
        check(&[after], Some(660_000));
        check(&[after, ("date", "Sun, 06 Nov 1994 08:59:37 GMT")], Some(60_000));
        check(&[after, ("date", "Sun, 06 Nov 1994 08:39:37 GMT")], Some(1_260_000));
        check(&[after, ("date", "Sun, 06 Nov 1994 08:59:37 GMT"), ("age", "20")], Some(40_000));
        check(&[after, ("date", "garbage")], Some(660_000));
        check(&[after, ("date", "Sun, 06 Nov 1994 09:10:37 GMT")], None);
    }

    proptest! {
        ///
        #[test]
        fn no_value_gives_a_negative_or_endless_wait(text in "[ -~]{0,40}") {
            let headers = headers(&[("retry-after", &text), ("retry-after-ms", &text), ("date", &text)]);
            let received = Received { headers: &headers, wall: NOW };
            if let Some(wait) = retry_after(&received) {
                prop_assert!(!wait.is_zero() && wait <= BELIEVED_MAX);
            }
        }

        /// whatever the skew between us and the provider, its date means the same wait.
        #[test]
        fn skew_does_not_change_a_dated_wait(skew in 0_u64..1_200, wait in 1_u64..900) {
            let base = 784_111_177_u64 + skew;
            let at = |secs| httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(secs));
            let headers = headers(&[("retry-after", &at(base + wait)), ("date", &at(base))]);
            let received = Received { headers: &headers, wall: NOW };
            prop_assert_eq!(retry_after(&received), Some(Duration::from_secs(wait)));
        }
    }
}
