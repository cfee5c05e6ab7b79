//! The must-ids, one a row; those that are none of ours; those that do not hold.

/// What has to come of the second request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Want {
    /// The provider is there, and it is asked.
    Asked,
    /// The provider is cut off, and nothing kept is shown.
    Hidden,
    /// The provider is cut off, and what is kept is shown, of at least this age.
    Shown(u64),
    /// The same, with this field.
    With(&'static str, &'static str),
    /// The same, without this field.
    Without(&'static str),
}

use Want::{Asked, Hidden, Shown, With, Without};

/// What happens between the two requests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Between {
    Nothing,
    /// The provider answers another time, with these fields.
    Again(&'static str),
    /// A mutation goes well.
    Mutation(&'static str),
}

use Between::{Again, Mutation, Nothing};

/// Its id, status and fields of the first answer, fields of both requests, what happens, what is wanted.
pub(super) type Row = (&'static str, u16, &'static str, [&'static str; 2], Between, Want);

const fn row(id: &'static str, fields: &'static str, want: Want) -> Row {
    (id, 200, fields, ["", ""], Nothing, want)
}

const fn status(id: &'static str, status: u16, want: Want) -> Row {
    (id, status, "Cache-Control: max-age=2|Age: 5", ["", ""], Nothing, want)
}

const fn heuristic(id: &'static str, status: u16) -> Row {
    (id, status, "Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT", ["", ""], Nothing, Hidden)
}

const fn vary(id: &'static str, vary: &'static str, asks: [&'static str; 2]) -> Row {
    (id, 200, vary, asks, Nothing, Hidden)
}

const STAR: [&str; 2] = ["Foo: 1|Baz: 789", "Foo: 1|Baz: 789"];
const FRESH: &str = "Cache-Control: max-age=3600";

pub(super) const ROWS: &[Row] = &[
    row("freshness-max-age-stale", "Cache-Control: max-age=2|Age: 5", Asked),
    row("freshness-max-age-0", "Cache-Control: max-age=0", Asked),
    row("freshness-max-age-age", "Cache-Control: max-age=3600|Age: 12000", Asked),
    row(
        "freshness-max-age-0-expires",
        "Cache-Control: max-age=0|Expires: Mon, 11 Jan 2038 11:11:11 GMT",
        Asked,
    ),
    row("freshness-max-age-negative", "Cache-Control: max-age=-3600", Asked),
    row("freshness-s-maxage-shared", "Cache-Control: s-maxage=3600", Shown(0)),
    row(
        "freshness-max-age-s-maxage-shared-longer",
        "Cache-Control: max-age=3600, s-maxage=1|Age: 5",
        Hidden,
    ),
    row(
        "freshness-max-age-s-maxage-shared-longer-reversed",
        "Cache-Control: s-maxage=1, max-age=3600|Age: 5",
        Hidden,
    ),
    row(
        "freshness-max-age-s-maxage-shared-longer-multiple",
        "Cache-Control: max-age=3600|Cache-Control: s-maxage=1|Age: 5",
        Hidden,
    ),
    row(
        "freshness-max-age-ignore-quoted",
        "Cache-Control: extension=\"max-age=3600\", max-age=1, must-revalidate|Age: 5",
        Hidden,
    ),
    row(
        "freshness-max-age-ignore-quoted-rev",
        "Cache-Control: max-age=1, must-revalidate, extension=\"max-age=3600\"|Age: 5",
        Hidden,
    ),
    row(
        "freshness-max-age-leading-zero",
        "Cache-Control: max-age=003600, must-revalidate",
        Shown(0),
    ),
    row(
        "freshness-max-age-single-quoted",
        "Cache-Control: max-age='3600', must-revalidate",
        Hidden,
    ),
    row("age-parse-nonnumeric", "Cache-Control: max-age=3600, must-revalidate|Age: abc", Shown(0)),
    row("age-parse-negative", "Cache-Control: max-age=3600, must-revalidate|Age: -7200", Shown(0)),
    row("age-parse-float", "Cache-Control: max-age=3600, must-revalidate|Age: 7200.0", Shown(0)),
    row("age-parse-large-minus-one", "Cache-Control: max-age=3600|Age: 2147483647", Hidden),
    row("age-parse-large", "Cache-Control: max-age=3600|Age: 2147483648", Hidden),
    row("age-parse-larger", "Cache-Control: max-age=3600|Age: 2147483649", Hidden),
    row("age-parse-suffix", "Cache-Control: max-age=3600, must-revalidate|Age: 7200, 0", Hidden),
    row("age-parse-prefix", "Cache-Control: max-age=3600, must-revalidate|Age: 0, 7200", Shown(0)),
    row(
        "age-parse-suffix-twoline",
        "Cache-Control: max-age=3600, must-revalidate|Age: 7200|Age: 0",
        Hidden,
    ),
    row(
        "age-parse-prefix-twoline",
        "Cache-Control: max-age=3600, must-revalidate|Age: 0|Age: 7200",
        Shown(0),
    ),
    row("age-parse-dup-0", "Cache-Control: max-age=3600, must-revalidate|Age: 0, 0", Shown(0)),
    row(
        "age-parse-dup-0-twoline",
        "Cache-Control: max-age=3600, must-revalidate|Age: 0|Age: 0",
        Shown(0),
    ),
    row(
        "age-parse-dup-old",
        "Cache-Control: max-age=10000, must-revalidate|Age: 3600|Age: 3600",
        Shown(3_600),
    ),
    row("freshness-expires-past", "Expires: Thu, 01 Jan 2015 00:00:00 GMT", Asked),
    row("freshness-expires-present", "Expires: {now}|Date: {now}", Asked),
    row(
        "freshness-expires-old-date",
        "Expires: Mon, 11 Jan 2038 11:11:11 GMT|Date: Mon, 11 Jan 2038 11:11:12 GMT",
        Asked,
    ),
    row("freshness-expires-invalid", "Expires: 0|Cache-Control: must-revalidate", Hidden),
    row(
        "freshness-expires-age-slow-date",
        "Date: {now}|Expires: {later}|Age: 12000|Cache-Control: must-revalidate",
        Hidden,
    ),
    row(
        "freshness-expires-age-fast-date",
        "Date: {now}|Expires: {later}|Age: 12000|Cache-Control: must-revalidate",
        Hidden,
    ),
    row(
        "freshness-expires-invalid-utc",
        "Expires: Thu, 18 Aug 2050 02:01:18 UTC|Cache-Control: must-revalidate",
        Hidden,
    ),
    row(
        "freshness-expires-invalid-aest",
        "Expires: Thu, 18 Aug 2050 02:01:18 AEST|Cache-Control: must-revalidate",
        Hidden,
    ),
    row(
        "freshness-expires-invalid-2-digit-year",
        "Expires: Thu, 18 Aug 50 02:01:18 GMT|Cache-Control: must-revalidate",
        Hidden,
    ),
    row(
        "freshness-expires-invalid-no-comma",
        "Expires: Thu 18 Aug 2050 02:01:18 GMT|Cache-Control: must-revalidate",
        Hidden,
    ),
    row(
        "freshness-expires-invalid-multiple-spaces",
        "Expires: Thu, 18  Aug  2050 02:01:18 GMT|Cache-Control: must-revalidate",
        Hidden,
    ),
    row(
        "freshness-expires-invalid-date-dashes",
        "Expires: Thu, 18-Aug-2050 02:01:18 GMT|Cache-Control: must-revalidate",
        Hidden,
    ),
    row(
        "freshness-expires-invalid-time-periods",
        "Expires: Thu, 18 Aug 2050 02.01.18 GMT|Cache-Control: must-revalidate",
        Hidden,
    ),
    row(
        "freshness-expires-invalid-1-digit-hour",
        "Expires: Thu, 18 Aug 2050 2:01:18 GMT|Cache-Control: must-revalidate",
        Hidden,
    ),
    row(
        "freshness-expires-invalid-multiple-lines",
        "Expires: Thu, 18 Aug 2050 2:01:18 GMT|Expires: Thu, 18 Aug 2050 2:01:19 GMT|Cache-Control: must-revalidate",
        Hidden,
    ),
    row("cc-resp-private-shared", "Cache-Control: private", Hidden),
    row("cc-resp-no-store", "Cache-Control: no-store", Hidden),
    row("cc-resp-no-store-case-insensitive", "Cache-Control: nO-StOrE", Hidden),
    row(
        "cc-resp-no-store-fresh",
        "Cache-Control: max-age=10000, no-store|Expires: {later}",
        Hidden,
    ),
    ("cc-resp-no-store-old-new", 200, FRESH, ["", ""], Again("Cache-Control: no-store"), Hidden),
    (
        "cc-resp-no-store-old-max-age",
        200,
        FRESH,
        ["", ""],
        Again("Cache-Control: no-store, max-age=0"),
        Hidden,
    ),
    row("cc-resp-no-cache", "Cache-Control: no-cache, max-age=10000|Expires: {later}", Hidden),
    row("cc-resp-no-cache-case-insensitive", "Cache-Control: No-CaChE, max-age=10000", Hidden),
    row("cc-resp-must-revalidate-stale", "Cache-Control: max-age=2, must-revalidate|Age: 5", Asked),
    row(
        "stale-while-revalidate-window",
        "Cache-Control: max-age=1, stale-while-revalidate=4|Age: 9",
        Asked,
    ),
    row("stale-close-must-revalidate", "Cache-Control: max-age=2, must-revalidate|Age: 5", Hidden),
    row(
        "stale-close-proxy-revalidate",
        "Cache-Control: max-age=2, proxy-revalidate|Age: 5",
        Hidden,
    ),
    row("stale-close-no-cache", "Cache-Control: max-age=2, no-cache|Age: 5", Hidden),
    row("stale-close-s-maxage=2", "Cache-Control: max-age=2, s-maxage=2|Age: 5", Hidden),
    heuristic("heuristic-201-not_cached", 201),
    heuristic("heuristic-202-not_cached", 202),
    heuristic("heuristic-403-not_cached", 403),
    heuristic("heuristic-502-not_cached", 502),
    heuristic("heuristic-503-not_cached", 503),
    heuristic("heuristic-504-not_cached", 504),
    heuristic("heuristic-599-not_cached", 599),
    status("status-200-stale", 200, Asked),
    status("status-203-stale", 203, Asked),
    status("status-204-stale", 204, Asked),
    status("status-299-stale", 299, Hidden),
    status("status-301-stale", 301, Hidden),
    status("status-302-stale", 302, Hidden),
    status("status-303-stale", 303, Hidden),
    status("status-307-stale", 307, Hidden),
    status("status-308-stale", 308, Hidden),
    status("status-400-stale", 400, Hidden),
    status("status-404-stale", 404, Hidden),
    status("status-410-stale", 410, Hidden),
    status("status-499-stale", 499, Hidden),
    status("status-500-stale", 500, Hidden),
    status("status-502-stale", 502, Hidden),
    status("status-503-stale", 503, Hidden),
    status("status-504-stale", 504, Hidden),
    status("status-599-stale", 599, Hidden),
    (
        "status-599-must-understand",
        599,
        "Cache-Control: max-age=3600, no-store, must-understand",
        ["", ""],
        Nothing,
        Hidden,
    ),
    vary("vary-no-match", "Vary: Foo", ["Foo: 1", "Foo: 2"]),
    vary("vary-omit-stored", "Vary: Foo", ["", "Foo: 1"]),
    vary("vary-omit", "Vary: Foo", ["Foo: 1", ""]),
    vary("vary-2-no-match", "Vary: Foo, Bar", ["Foo: 1|Bar: abc", "Foo: 2|Bar: abc"]),
    vary("vary-2-match-omit", "Vary: Foo, Bar", ["Foo: 1|Bar: abc", ""]),
    vary(
        "vary-3-no-match",
        "Vary: Foo, Bar, Baz",
        ["Foo: 1|Bar: abc|Baz: 789", "Foo: 2|Bar: abc|Baz: 789"],
    ),
    vary(
        "vary-3-order",
        "Vary: Foo, Bar, Baz",
        ["Foo: 1|Bar: abc|Baz: 789", "Foo: 1|Baz: 789|Bar: abcde"],
    ),
    vary("vary-star", "Vary: *", STAR),
    vary("vary-syntax-star", "Vary: *", STAR),
    vary("vary-syntax-star-star", "Vary: *, *", STAR),
    vary("vary-syntax-star-star-lines", "Vary: *|Vary: *", STAR),
    vary("vary-syntax-empty-star", "Vary: , *", STAR),
    vary("vary-syntax-empty-star-lines", "Vary: |Vary: *", STAR),
    vary("vary-syntax-star-foo", "Vary: *, Foo", STAR),
    vary("vary-syntax-foo-star", "Vary: Foo, *", STAR),
    row(
        "headers-omit-headers-listed-in-Connection",
        "Connection: a, b|a: 1|b: 2|c: 3",
        Without("a"),
    ),
    row("headers-store-Test-Header", "Test-Header: x", With("test-header", "x")),
    row("headers-store-X-Test-Header", "X-Test-Header: x", With("x-test-header", "x")),
    row("headers-store-Content-Foo", "Content-Foo: x", With("content-foo", "x")),
    row("headers-store-X-Content-Foo", "X-Content-Foo: x", With("x-content-foo", "x")),
    row("headers-store-Cache-Control", FRESH, With("cache-control", "max-age=3600")),
    row("headers-store-Connection", "Connection: askcumewogyqias", Shown(0)),
    row(
        "headers-store-Content-Encoding",
        "Content-Encoding: apetixmbqfujync",
        With("content-encoding", "apetixmbqfujync"),
    ),
    row("headers-store-Content-Length", FRESH, With("content-length", "3")),
    row(
        "headers-store-Content-Location",
        "Content-Location: /bar",
        With("content-location", "/bar"),
    ),
    row(
        "headers-store-Content-MD5",
        "Content-MD5: N7UdGUp1E+RbVvZSTy1R8g==",
        With("content-md5", "N7UdGUp1E+RbVvZSTy1R8g=="),
    ),
    row("headers-store-Content-Range", "Content-Range: x", With("content-range", "x")),
    row(
        "headers-store-Content-Security-Policy",
        "Content-Security-Policy: default-src 'self'",
        With("content-security-policy", "default-src 'self'"),
    ),
    row(
        "headers-store-Content-Type",
        "Content-Type: text/plain;charset=utf-8",
        With("content-type", "text/plain;charset=utf-8"),
    ),
    row(
        "headers-store-Clear-Site-Data",
        "Clear-Site-Data: cookies",
        With("clear-site-data", "cookies"),
    ),
    row("headers-store-ETag", "ETag: \"ghijkl\"", With("etag", "\"ghijkl\"")),
    row(
        "headers-store-Expires",
        "Expires: Mon, 11 Jan 2038 11:11:11 GMT",
        With("expires", "Mon, 11 Jan 2038 11:11:11 GMT"),
    ),
    row("headers-store-Keep-Alive", "Keep-Alive: x", Without("keep-alive")),
    row("headers-store-Proxy-Authenticate", "Proxy-Authenticate: x", Without("proxy-authenticate")),
    row(
        "headers-store-Proxy-Authentication-Info",
        "Proxy-Authentication-Info: x",
        Without("proxy-authentication-info"),
    ),
    row(
        "headers-store-Proxy-Authorization",
        "Proxy-Authorization: x",
        Without("proxy-authorization"),
    ),
    row("headers-store-Proxy-Connection", "Proxy-Connection: x", Without("proxy-connection")),
    row("headers-store-Public-Key-Pins", "Public-Key-Pins: x", With("public-key-pins", "x")),
    row("headers-store-Set-Cookie", "Set-Cookie: a=c", With("set-cookie", "a=c")),
    row("headers-store-Set-Cookie2", "Set-Cookie2: a=c", With("set-cookie2", "a=c")),
    row("headers-store-TE", "TE: x", Without("te")),
    row("headers-store-Transfer-Encoding", "Transfer-Encoding: x", Hidden),
    row("headers-store-Upgrade", "Upgrade: x", Without("upgrade")),
    row(
        "headers-store-X-Frame-Options",
        "X-Frame-Options: sameorigin",
        With("x-frame-options", "sameorigin"),
    ),
    row(
        "headers-store-X-XSS-Protection",
        "X-XSS-Protection: 1; mode=block",
        With("x-xss-protection", "1; mode=block"),
    ),
    ("invalidate-POST", 200, FRESH, ["", ""], Mutation("POST"), Hidden),
    ("invalidate-PUT", 200, FRESH, ["", ""], Mutation("PUT"), Hidden),
    ("invalidate-DELETE", 200, FRESH, ["", ""], Mutation("DELETE"), Hidden),
    ("other-authorization", 200, FRESH, ["Authorization: FOO", ""], Nothing, Hidden),
    row("other-age-gen", "Cache-Control: max-age=100000|Age: 3", Shown(3)),
    row("other-age-update-expires", "Date: {now}|Expires: {later}|Age: 30", Shown(30)),
    row("other-age-update-max-age", "Cache-Control: max-age=100000|Age: 30", Shown(30)),
    row("other-date-update", "Cache-Control: max-age=100000|Date: {now}", With("date", "{now}")),
    row("other-date-update-expires", "Expires: {later}|Date: {now}", With("date", "{now}")),
    ("query-args-different", 200, FRESH, ["?test=a", "?test=b"], Nothing, Hidden),
    row("interim-not-cached", "{interim}", Without("link")),
];

/// Why a must-id is none of ours.
pub(super) const NOT_OURS: &[(&str, &[&str])] = &[
    (
        "it is for browsers",
        &[
            "freshness-max-age-s-maxage-private",
            "freshness-max-age-s-maxage-private-multiple",
            "cc-resp-immutable-stale",
        ],
    ),
    (
        "nothing is answered from what is kept while the provider answers, so that nothing is revalidated or cut into parts",
        &[
            "conditional-304-etag",
            "conditional-etag-precedence",
            "conditional-etag-vary-headers",
            "304-lm-use-stored-Test-Header",
            "304-etag-update-response-Test-Header",
            "304-etag-update-response-X-Test-Header",
            "304-etag-update-response-Content-Foo",
            "304-etag-update-response-X-Content-Foo",
            "304-etag-update-response-Cache-Control",
            "304-etag-update-response-Content-Length",
            "partial-use-headers",
            "partial-use-stored-headers",
        ],
    ),
    (
        "RFC 9213 addresses caches of the provider's own CDN",
        &[
            "cdn-max-age-age",
            "cdn-max-age-0",
            "cdn-max-age-0-expires",
            "cdn-max-age-long-cc-max-age",
            "cdn-private",
            "cdn-no-cache",
            "cdn-no-store-cc-fresh",
            "cdn-fresh-cc-nostore",
            "cdn-cc-invalid-sh-type-unknown",
            "cdn-cc-invalid-sh-type-wrong",
        ],
    ),
    ("a contract names no such method, so that it is not sent", &["invalidate-M-SEARCH"]),
];

/// Must-ids that are not kept, and why.
pub(super) const FAILS: &[(&str, &str)] = &[
    ("headers-store-Set-Cookie", "R-181: a cookie is for one caller at one time"),
    ("headers-store-Set-Cookie2", "R-181: a cookie is for one caller at one time"),
];
