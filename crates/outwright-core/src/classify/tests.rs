//! Statuses, faults, rows of a contract, and one answer of each dialect.

use super::*;
use crate::outcome::Pushback;

/// A header map of these lines.
pub(super) fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a field name");
        map.append(name, HeaderValue::from_str(value).expect("a field value"));
    }
    map
}

/// Sun, 06 Nov 1994 08:49:37 GMT.
const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

const fn lens(dialect: Dialect) -> Lens<'static> {
    let success = if dialect.reads_success_bodies() { Success::Examined } else { Success::Plain };
    Lens { dialect, errors: &[], stop: &[], success }
}

/// An answer as it would come: the body is only seen if the lens asks for it.
fn judge(lens: &Lens<'_>, status: u16, lines: &[(&str, &str)], body: &str) -> Verdict {
    let headers = headers(lines);
    let answer =
        Head { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
    let prefix = wants_prefix(lens, &answer).map(|bytes_max| {
        let bytes = body.as_bytes();
        &bytes[..bytes.len().min(bytes_max)]
    });
    head(lens, &answer, Sent::All, prefix, NOW)
}

/// One fixture: dialect, status, fields, body → signal and the hint in milliseconds with its source.
fn fixture(
    dialect: Dialect,
    status: u16,
    lines: &[(&str, &str)],
    body: &str,
    (signal, hint): (Option<Signal>, Option<(u64, HintSource)>),
) {
    let verdict = judge(&lens(dialect), status, lines, body);
    let found =
        verdict.hint.map(|hint| (hint.wait.as_millis().try_into().expect("small"), hint.source));
    assert_eq!((verdict.signal, found), (signal, hint), "{dialect:?} {status} {lines:?} {body}");
}

use HintSource::{RateLimit, RetryAfter, Vendor};

const S429: Option<Signal> = Some(Signal::S429);
const S403: Option<Signal> = Some(Signal::S403Throttled);
const EXHAUSTED: Option<Signal> = Some(Signal::Exhausted);

/// R-148, row IETF; R-134: precedence.
#[test]
fn ietf_fields_give_a_hint_only_when_nothing_is_left() {
    let d = Dialect::Ietf;
    fixture(
        d,
        429,
        &[("ratelimit", r#""default";r=0;t=30"#)],
        "",
        (S429, Some((30_000, RateLimit))),
    );
    fixture(
        d,
        429,
        &[("ratelimit", r#""a";r=0;t=30, "b";r=9;t=99"#)],
        "",
        (S429, Some((30_000, RateLimit))),
    );
    fixture(d, 429, &[("ratelimit", r#""default";r=5;t=30"#)], "", (S429, None));
    fixture(
        d,
        429,
        &[("ratelimit", "limit=100, remaining=0, reset=5")],
        "",
        (S429, Some((5_000, RateLimit))),
    );
    let old = [("ratelimit-remaining", "0"), ("ratelimit-reset", "7"), ("ratelimit-limit", "10")];
    fixture(d, 429, &old, "", (S429, Some((7_000, RateLimit))));
    fixture(d, 503, &old, "", (Some(Signal::S503), Some((7_000, RateLimit))));
    fixture(d, 500, &old, "", (Some(Signal::S500), None));
    let both = [("ratelimit", r#""default";r=0;t=30"#), ("retry-after", "3")];
    fixture(d, 429, &both, "", (S429, Some((3_000, RetryAfter))));
}

/// R-148, row GitHub: 403 or 429, primary by reset, secondary by Retry-After or a minute.
#[test]
fn github_throttles_with_403_too() {
    let d = Dialect::Github;
    let spent = [
        ("x-ratelimit-limit", "60"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "784111837"),
        ("x-ratelimit-resource", "core"),
    ];
    fixture(d, 403, &spent, "", (S403, Some((60_000, Vendor))));
    fixture(d, 429, &spent, "", (S429, Some((60_000, Vendor))));
    fixture(d, 403, &[("retry-after", "30")], "", (S403, Some((30_000, RetryAfter))));
    let secondary = r#"{"message":"You have exceeded a secondary rate limit. Please wait."}"#;
    fixture(d, 403, &[("x-ratelimit-remaining", "12")], secondary, (S403, Some((60_000, Vendor))));
    fixture(d, 429, &[], "", (S429, Some((60_000, Vendor))));
    let forbidden = r#"{"message":"Resource not accessible by integration"}"#;
    fixture(d, 403, &[("x-ratelimit-remaining", "12")], forbidden, (Some(Signal::S4xx), None));
}

/// R-148, row Stripe; R-153: a stored 500 comes back for the same key.
#[test]
fn stripe_tells_a_lock_from_a_rate() {
    let d = Dialect::Stripe;
    let lock = r#"{"error":{"code":"lock_timeout","type":"invalid_request_error"}}"#;
    let rate = [("stripe-rate-limited-reason", "endpoint-rate")];
    fixture(d, 429, &rate, "{}", (S429, None));
    fixture(d, 429, &rate, lock, (S429, None));
    fixture(d, 429, &[], lock, (Some(Signal::S409InProgress), None));
    fixture(d, 409, &[], lock, (Some(Signal::S409InProgress), None));
    let in_use = r#"{"error":{"code":"idempotency_key_in_use"}}"#;
    fixture(d, 409, &[], in_use, (Some(Signal::S409InProgress), None));
    fixture(d, 409, &[], "{}", (Some(Signal::S409), None));
    fixture(d, 500, &[], "", (Some(Signal::S500Replayed), None));
}

/// R-148, row Twilio.
#[test]
fn twilio_counts_what_is_at_once() {
    let d = Dialect::Twilio;
    fixture(d, 429, &[("twilio-concurrent-requests", "101")], r#"{"code":20429}"#, (S429, None));
    fixture(d, 400, &[], r#"{"code":20429,"status":400}"#, (S429, None));
    fixture(d, 400, &[], r#"{"code":21211}"#, (Some(Signal::S4xx), None));
}

/// R-148, row Shopify REST.
#[test]
fn shopify_rest_waits_fractions_of_seconds() {
    let d = Dialect::ShopifyRest;
    let lines = [("retry-after", "2.0"), ("x-shopify-shop-api-call-limit", "40/40")];
    fixture(d, 429, &lines, "", (S429, Some((2_000, RetryAfter))));
    let quota = quotas(d, &headers(&lines), NOW);
    assert_eq!((quota[0].limit, quota[0].remaining), (Some(40), Some(0)));
}

/// R-148, row Shopify GraphQL; R-092: a 200 is not a success.
#[test]
fn shopify_graphql_throttles_with_200() {
    let d = Dialect::ShopifyGraphql;
    let body = r#"{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],
        "extensions":{"cost":{"requestedQueryCost":502,"actualQueryCost":null,"throttleStatus":
        {"maximumAvailable":1000.0,"currentlyAvailable":302,"restoreRate":50.0}}}}"#;
    fixture(d, 200, &[("content-type", "application/json")], body, (S429, Some((4_000, Vendor))));
    fixture(d, 200, &[("content-type", "application/json")], r#"{"data":{}}"#, (None, None));
}

/// R-148, row OpenAI; R-145: a bill is not a rate.
#[test]
fn openai_durations_and_billing() {
    let d = Dialect::Openai;
    let lines = [
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "6m0s"),
        ("x-ratelimit-remaining-tokens", "149"),
        ("x-ratelimit-reset-tokens", "20ms"),
    ];
    fixture(d, 429, &lines, "{}", (S429, Some((360_000, Vendor))));
    fixture(d, 429, &[("retry-after-ms", "250")], "{}", (S429, Some((250, RetryAfter))));
    for code in [
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "insufficient_quota",
    ] {
        let body = format!(r#"{{"error":{{"message":"m","code":"{code}"}}}}"#);
        fixture(d, 429, &[], &body, (EXHAUSTED, None));
    }
    let rate = r#"{"error":{"code":"rate_limit_exceeded","type":"tokens"}}"#;
    fixture(d, 429, &[], rate, (S429, None));
}

/// R-148, row Anthropic.
#[test]
fn anthropic_resets_are_dates_and_529_is_overload() {
    let d = Dialect::Anthropic;
    let lines = [
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "1994-11-06T08:50:07Z"),
        ("anthropic-ratelimit-tokens-remaining", "12000"),
        ("anthropic-ratelimit-tokens-reset", "1994-11-06T08:59:37Z"),
    ];
    fixture(d, 429, &lines, "", (S429, Some((30_000, Vendor))));
    fixture(d, 429, &[("retry-after", "4")], "", (S429, Some((4_000, RetryAfter))));
    fixture(d, 529, &[], "", (Some(Signal::Overloaded), None));
}

/// R-148, row Slack; R-092.
#[test]
fn slack_fails_with_200() {
    let d = Dialect::Slack;
    let json = [("content-type", "application/json; charset=utf-8")];
    fixture(d, 200, &json, r#"{"ok":true}"#, (None, None));
    fixture(d, 200, &json, r#"{"ok":false,"error":"ratelimited"}"#, (S429, None));
    let dead = Some(Signal::SuccessWithError);
    fixture(d, 200, &json, r#"{"ok":false,"error":"channel_not_found"}"#, (dead, None));
    fixture(d, 200, &json, r#"{"ok":false,"error":"token_expired"}"#, (Some(Signal::S401), None));
    fixture(d, 200, &json, r#"{"ok":false,"error":"internal_error"}"#, (Some(Signal::S500), None));
    fixture(d, 429, &[("retry-after", "30")], "", (S429, Some((30_000, RetryAfter))));
    fixture(d, 200, &[("content-type", "image/png")], r#"{"ok":false}"#, (None, None));
}

/// R-148, row HubSpot: a daily quota, windows in milliseconds, and a 401 that asks for nothing.
#[test]
fn hubspot_tells_a_day_from_a_second() {
    let d = Dialect::Hubspot;
    let interval = [
        ("x-hubspot-ratelimit-interval-milliseconds", "10000"),
        ("x-hubspot-ratelimit-max", "100"),
        ("x-hubspot-ratelimit-remaining", "0"),
    ];
    let secondly = r#"{"policyName":"TEN_SECONDLY_ROLLING"}"#;
    fixture(d, 429, &interval, secondly, (S429, Some((10_000, Vendor))));
    fixture(d, 429, &[], r#"{"policyName":"DAILY"}"#, (EXHAUSTED, None));
    let refused = judge(&lens(d), 401, &[], "");
    assert_eq!((refused.signal, refused.class), (Some(Signal::S4xx), Class::Unauthorized));
}

/// R-148, row Salesforce.
#[test]
fn salesforce_throttles_with_403() {
    let d = Dialect::Salesforce;
    let body =
        r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#;
    fixture(d, 403, &[], body, (S403, None));
    let forbidden = r#"[{"errorCode":"INSUFFICIENT_ACCESS"}]"#;
    fixture(d, 403, &[], forbidden, (Some(Signal::S4xx), None));
    let expired = r#"[{"errorCode":"INVALID_SESSION_ID"}]"#;
    fixture(d, 401, &[], expired, (Some(Signal::S401), None));
    let line = "api-usage=10018/100000; per-app-api-usage=17/250(appName=sample)";
    let quota = quotas(d, &headers(&[("sforce-limit-info", line)]), NOW);
    assert_eq!((&*quota[0].name, quota[0].remaining), ("api-usage", Some(89_982)));
}

/// R-148, row AWS: by code, wherever the service writes it.
#[test]
fn aws_codes_are_read_in_three_places() {
    let d = Dialect::Aws;
    let typed = [("x-amzn-errortype", "ThrottlingException:http://internal.amazon.com/")];
    fixture(d, 400, &typed, "", (S429, None));
    let json =
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#;
    fixture(d, 400, &[("content-type", "application/x-amz-json-1.0")], json, (S429, None));
    let xml = "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>";
    fixture(d, 503, &[("x-amz-retry-after", "1500")], xml, (S429, Some((1_500, RetryAfter))));
    fixture(d, 503, &[], "<Error><Code>InternalError</Code></Error>", (Some(Signal::S503), None));
    fixture(d, 400, &[], r#"{"__type":"RequestTimeout"}"#, (Some(Signal::S408), None));
    fixture(d, 400, &[], r#"{"__type":"ValidationException"}"#, (Some(Signal::S4xx), None));
}

/// R-148, row generic: the unit is declared, never guessed.
#[test]
fn a_generic_reset_is_read_in_its_declared_unit_only() {
    for (unit, reset) in [
        (ResetUnit::EpochS, "784111787"),
        (ResetUnit::EpochMs, "784111787000"),
        (ResetUnit::DeltaS, "10"),
        (ResetUnit::DeltaMs, "10000"),
        (ResetUnit::Duration, "10s"),
        (ResetUnit::Rfc3339, "1994-11-06T08:49:47Z"),
    ] {
        for stem in ["x-ratelimit", "x-rate-limit"] {
            let (left, then) = (format!("{stem}-remaining"), format!("{stem}-reset"));
            let lines = [(&*left, "0"), (&*then, reset)];
            let declared = Dialect::Generic(Some(unit));
            fixture(declared, 429, &lines, "", (S429, Some((10_000, Vendor))));
            fixture(Dialect::Generic(None), 429, &lines, "", (S429, None));
        }
    }
    // An epoch read as seconds from now would be half a lifetime: not believed.
    let lines = [("x-ratelimit-reset", "1794111787")];
    fixture(Dialect::Generic(Some(ResetUnit::DeltaS)), 429, &lines, "", (S429, None));
    fixture(
        Dialect::Generic(Some(ResetUnit::EpochS)),
        429,
        &[("x-ratelimit-reset", "784111000")],
        "",
        (S429, None),
    );
}

/// Every status that the matrix has a row for.
#[test]
fn a_status_has_its_row() {
    for (status, expected) in [
        (200, None),
        (204, None),
        (304, None),
        (302, Some(Signal::S3xx)),
        (400, Some(Signal::S4xx)),
        (401, Some(Signal::S401)),
        (402, EXHAUSTED),
        (403, Some(Signal::S4xx)),
        (404, Some(Signal::S4xx)),
        (407, Some(Signal::S511)),
        (408, Some(Signal::S408)),
        (409, Some(Signal::S409)),
        (412, Some(Signal::S4xx)),
        (413, Some(Signal::S4xx)),
        (417, Some(Signal::S417)),
        (421, Some(Signal::S421)),
        (422, Some(Signal::S4xx)),
        (425, Some(Signal::S425)),
        (429, S429),
        (499, Some(Signal::S4xx)),
        (500, Some(Signal::S500)),
        (501, Some(Signal::S501)),
        (502, Some(Signal::S502)),
        (503, Some(Signal::S503)),
        (504, Some(Signal::S504)),
        (505, Some(Signal::S501)),
        (507, Some(Signal::S507)),
        (508, Some(Signal::S508)),
        (509, Some(Signal::S52x)),
        (510, Some(Signal::S501)),
        (511, Some(Signal::S511)),
        (520, Some(Signal::S52x)),
        (521, Some(Signal::S521)),
        (522, Some(Signal::S52x)),
        (524, Some(Signal::S52x)),
        (526, Some(Signal::S521)),
        (529, Some(Signal::Overloaded)),
        (530, Some(Signal::S52x)),
        (599, Some(Signal::S52x)),
        (799, Some(Signal::Malformed)),
    ] {
        let verdict = judge(&lens(Dialect::Generic(None)), status, &[], "");
        assert_eq!(verdict.signal, expected, "{status}");
    }
}

#[test]
fn retry_after_makes_a_finer_row_and_a_long_one_means_exhausted() {
    let plain = lens(Dialect::Generic(None));
    let after = |status, secs| judge(&plain, status, &[("retry-after", secs)], "");
    assert_eq!(after(503, "5").signal, Some(Signal::S503RetryAfter));
    assert_eq!(after(503, "0").signal, Some(Signal::S503));
    assert_eq!(after(413, "5").signal, Some(Signal::S413RetryAfter));
    assert_eq!(after(429, "900").class, Class::Throttled);
    assert_eq!((after(429, "901").class, after(429, "901").signal), (Class::Exhausted, EXHAUSTED));
    let maintenance = after(503, "3600");
    assert_eq!((maintenance.class, maintenance.evidence), (Class::Exhausted, Evidence::Overload));
    assert!(after(500, "5").hint.is_some());
}

/// R-093: `false` stops, `true` allows nothing.
#[test]
fn a_provider_can_forbid_a_retry_and_never_order_one() {
    let plain = lens(Dialect::Generic(None));
    let pushback = |name, value| judge(&plain, 503, &[(name, value)], "").pushback;
    assert_eq!(pushback("x-should-retry", "false"), Pushback::Stop);
    assert_eq!(pushback("x-should-retry", "true"), Pushback::None);
    assert_eq!(pushback("stripe-should-retry", "false"), Pushback::Stop);
    assert_eq!(pushback("stripe-should-retry", "true"), Pushback::None);
    assert_eq!(pushback("grpc-retry-pushback-ms", "-1"), Pushback::Stop);
    assert_eq!(pushback("grpc-retry-pushback-ms", "soon"), Pushback::Stop);
    assert_eq!(pushback("grpc-retry-pushback-ms", "10"), Pushback::None);
    let stop = [(HeaderName::from_static("x-stop"), HeaderValue::from_static("yes"))];
    let own = Lens { stop: &stop, ..plain };
    assert_eq!(judge(&own, 503, &[("x-stop", "yes")], "").pushback, Pushback::Stop);
    assert_eq!(judge(&own, 503, &[("x-stop", "no")], "").pushback, Pushback::None);
}

fn error_row(
    status: Option<u16>,
    json: &[(&str, &str)],
    class: Class,
    effect: Option<Effect>,
) -> ErrorRow {
    let json = json.iter().map(|(pointer, value)| ((*pointer).into(), (*value).into())).collect();
    ErrorRow { status, headers: Box::default(), json, class, effect }
}

#[test]
fn rows_of_the_contract_come_first_and_say_what_they_say() {
    let rows = [
        error_row(
            Some(409),
            &[("/error/code", "lock_timeout")],
            Class::Transient,
            Some(Effect::None),
        ),
        error_row(Some(402), &[], Class::Rejected, Some(Effect::None)),
        error_row(Some(404), &[], Class::Success, None),
        error_row(Some(429), &[], Class::Throttled, None),
        error_row(Some(503), &[], Class::Throttled, Some(Effect::None)),
        error_row(Some(403), &[], Class::Unauthorized, None),
    ];
    let lens = Lens { errors: &rows, ..lens(Dialect::Stripe) };
    let lock = judge(&lens, 409, &[], r#"{"error":{"code":"lock_timeout"}}"#);
    assert_eq!(
        (lock.class, lock.effect, lock.grounds),
        (Class::Transient, Effect::None, Grounds::Contract)
    );
    assert_eq!(lock.evidence, Evidence::Neutral);
    let other = judge(&lens, 409, &[], r#"{"error":{"code":"other"}}"#);
    assert_eq!((other.signal, other.grounds), (Some(Signal::S409), Grounds::Protocol));
    assert_eq!(judge(&lens, 402, &[], "").class, Class::Rejected);
    assert!(judge(&lens, 404, &[], "").is_good());
    let undeclared = judge(&lens, 429, &[], "");
    assert_eq!((undeclared.signal, undeclared.grounds), (S429, Grounds::Protocol));
    assert_eq!(judge(&lens, 503, &[], "").grounds, Grounds::Contract);
    assert_eq!(judge(&lens, 403, &[], "").signal, Some(Signal::S401));
    assert_eq!(judge(&lens, 200, &[], "{}"), Verdict::GOOD);
}

/// R-092: a 2xx may fail by a row of the contract, by field or by body.
#[test]
fn a_declared_2xx_is_a_failure() {
    let mut by_field = error_row(Some(200), &[], Class::Transient, Some(Effect::Unknown));
    by_field.headers = Box::from([(HeaderName::from_static("x-status"), Some("error".into()))]);
    let by_body = error_row(None, &[("/status", "failed")], Class::Rejected, None);
    let rows = [by_field, by_body];
    let examined =
        Lens { errors: &rows, success: Success::Examined, ..lens(Dialect::Generic(None)) };
    let field = judge(&examined, 200, &[("x-status", "error")], "");
    assert_eq!((field.class, field.evidence), (Class::Transient, Evidence::Soft));
    let body = judge(&examined, 201, &[], r#"{"status":"failed"}"#);
    assert_eq!((body.class, body.signal), (Class::Rejected, Some(Signal::SuccessWithError)));
    assert!(judge(&examined, 201, &[], r#"{"status":"fine"}"#).is_good());
    let plain = Lens { success: Success::Plain, ..examined };
    assert!(judge(&plain, 201, &[], r#"{"status":"failed"}"#).is_good());
}

#[test]
fn a_prefix_is_wanted_only_where_it_decides_something() {
    let json = [("content-type", "application/json")];
    let wants = |lens: &Lens<'_>, status: u16, lines: &[(&str, &str)]| {
        let headers = headers(lines);
        let status = StatusCode::from_u16(status).expect("a status");
        wants_prefix(lens, &Head { status, headers: &headers }).is_some()
    };
    let stripe = lens(Dialect::Stripe);
    assert!(!wants(&stripe, 200, &json));
    assert!(!wants(&stripe, 500, &json));
    assert!(wants(&stripe, 409, &json));
    assert!(wants(&stripe, 429, &[]));
    assert!(!wants(&stripe, 409, &[("content-encoding", "gzip")]));
    assert!(!wants(&stripe, 409, &[("content-type", "image/png")]));
    let slack = lens(Dialect::Slack);
    assert!(wants(&slack, 200, &json));
    assert!(!wants(&slack, 204, &json));
    assert!(!wants(&slack, 200, &[("content-type", "text/event-stream")]));
    let generic = lens(Dialect::Generic(None));
    assert!(!wants(&generic, 500, &json) && !wants(&generic, 429, &json));
    assert!(stripe.reads_bodies() && !generic.reads_bodies());
}

/// R-081 to R-083: what was flushed decides whether it can have been processed.
#[test]
fn a_fault_is_judged_by_what_had_been_sent() {
    for one in Fault::ALL {
        let unsent = fault(one, Sent::Nothing);
        assert_eq!(unsent.effect, Effect::None, "{one:?}");
        assert_eq!(unsent.hint, None);
        assert!(!unsent.is_good());
    }
    for (one, sent, signal) in [
        (Fault::DnsTimeout, Sent::Nothing, Signal::DnsTemporary),
        (Fault::DnsNotFound, Sent::Nothing, Signal::DnsNotFound),
        (Fault::AddressProhibited, Sent::Nothing, Signal::TlsRefused),
        (Fault::ConnectUnreachable, Sent::Nothing, Signal::ConnectRefused),
        (Fault::TlsTimeout, Sent::Nothing, Signal::TlsTransport),
        (Fault::StaleConnection, Sent::Nothing, Signal::StaleConnection),
        (Fault::StaleConnection, Sent::Part, Signal::Reset),
        (Fault::Reset, Sent::Nothing, Signal::StaleConnection),
        (Fault::Reset, Sent::Part, Signal::Reset),
        (Fault::Reset, Sent::All, Signal::Reset),
        (Fault::WriteTimeout, Sent::Nothing, Signal::ConnectTimeout),
        (Fault::WriteTimeout, Sent::Part, Signal::FirstByteTimeout),
        (Fault::FirstByteTimeout, Sent::All, Signal::FirstByteTimeout),
        (Fault::HeadTooLarge, Sent::All, Signal::Malformed),
        (Fault::BodyLate, Sent::All, Signal::BodyIdle),
        (Fault::BodyTooLarge, Sent::All, Signal::BodyTooLarge),
        (Fault::RequestBroken, Sent::Part, Signal::RequestBroken),
    ] {
        assert_eq!(fault(one, sent).signal, Some(signal), "{one:?} {sent:?}");
    }
    let early = Head { status: StatusCode::REQUEST_TIMEOUT, headers: &headers(&[]) };
    let early = head(&lens(Dialect::Ietf), &early, Sent::Part, None, NOW);
    assert_eq!(early.signal, Some(Signal::S408Unsent));
}

#[test]
fn a_broken_body_spoils_a_success_and_nothing_else() {
    let broken = BodyEnd::Broken(Fault::BodyTruncated);
    assert_eq!(body_end(Verdict::GOOD, broken).signal, Some(Signal::BodyTruncated));
    assert_eq!(body_end(Verdict::GOOD, BodyEnd::Whole), Verdict::GOOD);
    let bad = Verdict::of(Signal::S500);
    assert_eq!(body_end(bad, broken), bad);
    assert_eq!(body_end(Verdict::GOOD, BodyEnd::CallerGone).evidence, Evidence::Neutral);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    const DIALECTS: [Dialect; 13] = [
        Dialect::Ietf,
        Dialect::Github,
        Dialect::Stripe,
        Dialect::Twilio,
        Dialect::ShopifyRest,
        Dialect::ShopifyGraphql,
        Dialect::Openai,
        Dialect::Anthropic,
        Dialect::Slack,
        Dialect::Hubspot,
        Dialect::Salesforce,
        Dialect::Aws,
        Dialect::Generic(Some(ResetUnit::EpochS)),
    ];

    proptest! {
        /// R-132: whatever a provider writes, there is a verdict, and a hint is neither zero nor endless.
        #[test]
        fn every_answer_has_a_verdict(
            which in 0..DIALECTS.len(),
            status in 100_u16..1000,
            value in "[ -~]{0,24}",
            body: Vec<u8>,
        ) {
            let lens = lens(DIALECTS[which]);
            let names = [
                "retry-after", "ratelimit", "ratelimit-reset", "ratelimit-remaining", "date", "age",
                "x-ratelimit-reset", "x-ratelimit-remaining", "sforce-limit-info",
                "x-shopify-shop-api-call-limit", "anthropic-ratelimit-tokens-reset",
            ];
            let lines: Vec<(&str, &str)> = names.iter().map(|name| (*name, &*value)).collect();
            let headers = headers(&lines);
            let answer = Head { status: StatusCode::from_u16(status).expect("a status"), headers: &headers };
            let verdict = head(&lens, &answer, Sent::All, Some(&body), NOW);
            prop_assert_eq!(verdict.is_good(), verdict.signal.is_none());
            if let Some(hint) = verdict.hint {
                prop_assert!(!hint.wait.is_zero() && hint.wait <= Duration::from_secs(366 * 86_400));
            }
            let _ = (quotas(DIALECTS[which], &headers, NOW), announced(&headers));
        }
    }
}
