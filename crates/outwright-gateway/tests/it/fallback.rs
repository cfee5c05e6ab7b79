//! What a caller gets when the provider cannot: on the wire, marked, and no more than the provider allows.

use super::stage::{Answer, Stage, raw};
use crate::peer::{Peer, Says};

const GET: &str = "GET /demo/v1/charges/ch_1";

/// A gateway in front of a script, whose reads have this fallback and one attempt.
fn stage(script: Vec<Says>, fallback: &str) -> (Peer, Stage) {
    let peer = Peer::start(script);
    let stage = Stage::before(&peer, |contract| {
        contract
            .replace("attempts: 3", "attempts: 1")
            .replace("    fallback: none", &format!("    fallback: {fallback}"))
            .replace(
                "request: OPTIONS /v1/charges\n    needs: [all]\n    fallback:",
                "request: OPTIONS /v1/charges\n    needs: [all]\n    fallback: none #",
            )
    });
    (peer, stage)
}

fn unavailable() -> Says {
    Says::raw("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nsorry")
}

fn cut() -> Says {
    Says::raw("").closing()
}

/// A good answer with these fields, then what comes after it.
fn once(fields: &str, then: Says) -> Vec<Says> {
    vec![Says::ok(fields, "good"), then]
}

fn is_stale(answer: &Answer) -> bool {
    let marked = answer.field("outwright-degraded") == Some("stale");
    assert_eq!(marked, answer.field("outwright-origin") == Some("cache"), "{answer:?}");
    marked
}

/// R-173, R-176, R-194: it is what it was, marked as what it is.
#[test]
fn the_last_good_answer_is_shown_with_its_age_and_its_mark() {
    let fields =
        "Content-Type: text/plain\r\nETag: \"1\"\r\nAge: 7\r\nCache-Control: max-age=5\r\n";
    let (peer, mut stage) = stage(once(fields, unavailable()), "{ stale: 10m }");
    let good = stage.ask(GET, &[], "");
    assert_eq!(good.field("cache-status"), Some("outwright; fwd=bypass; stored"));
    assert_eq!(good.field("outwright-degraded"), None);
    let stale = stage.ask(GET, &[], "");
    assert!(is_stale(&stale));
    assert_eq!((stale.status, stale.body.as_str()), (200, "good"));
    assert_eq!(stale.field("etag"), Some("\"1\""));
    let age: u64 = stale.field("age").unwrap().parse().unwrap();
    assert!((7..60).contains(&age), "{age}");
    let status = stale.field("cache-status").unwrap();
    let expected = format!("outwright; fwd=stale; fwd-status=503; ttl=-{}", age - 5);
    assert_eq!(status, format!("{expected}; detail=stale-fallback"));
    let status = stale.field("proxy-status").unwrap();
    assert_eq!(status, "outwright; received-status=503; details=\"stale-fallback\"");
    assert_eq!(stale.field("warning"), None);
    assert_eq!(stale.field("outwright-attempts"), Some("1"));
    assert_eq!(stale.field("x-should-retry"), Some("false"));
    assert_eq!(stale.field("demo-should-retry"), Some("false"));
    assert_eq!(peer.seen().len(), 2, "the provider is asked first");
    stage.until(
        r#"outwright_calls_total{provider="demo",operation="get_charge",outcome="degraded"}"#,
        "1",
    );
    stage.until(
        r#"outwright_fallbacks_total{provider="demo",operation="get_charge",kind="stale"}"#,
        "1",
    );
    stage.until(
        r#"outwright_cache_lookups_total{provider="demo",operation="get_charge",result="shown"}"#,
        "1",
    );
    stage.until(r#"outwright_cache_entries{provider="demo"}"#, "1");
    let log = stage.log();
    assert_eq!(log[1]["outcome"], "degraded");
    assert_eq!(log[1]["degraded"], "stale");
    assert!(log[1]["age_ms"].as_f64().unwrap() >= 7_000.0);
}

/// R-173: whatever the way to the provider did.
#[test]
fn it_is_shown_for_errors_of_the_provider_and_of_the_way_to_it() {
    let reply =
        |status: &str| Says::raw(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
    for (then, stale) in [
        (reply("500"), true),
        (reply("502"), true),
        (reply("503"), true),
        (reply("504"), true),
        (reply("429"), true),
        (cut(), true),
        (Says::raw("nonsense\r\n\r\n"), true),
        (reply("400"), false),
        (reply("403"), false),
        (reply("501"), false),
    ] {
        let (_peer, stage) = stage(once("", then.clone()), "{ stale: 10m }");
        assert_eq!(stage.ask(GET, &[], "").status, 200);
        let answer = stage.ask(GET, &[], "");
        assert_eq!(is_stale(&answer), stale, "{then:?}: {answer:?}");
    }
}

/// R-174, R-193: per directive, and what the contract names is shown.
#[test]
fn what_the_provider_forbids_is_a_504_that_says_why() {
    for (value, directive) in [
        ("no-store", "no-store"),
        ("private", "private"),
        ("no-cache", "no-cache"),
        ("max-age=0, must-revalidate", "must-revalidate"),
        ("max-age=0, proxy-revalidate", "proxy-revalidate"),
        ("s-maxage=0", "s-maxage"),
    ] {
        let script = || once(&format!("Cache-Control: {value}\r\n"), cut());
        let (_peer, forbidden) = stage(script(), "{ stale: 10m }");
        assert_eq!(forbidden.ask(GET, &[], "").status, 200);
        let answer = forbidden.ask(GET, &[], "");
        assert_eq!((answer.status, answer.problem().as_str()), (504, "stale-forbidden"), "{value}");
        assert_eq!(answer.json()["directive"], directive);
        assert_eq!(answer.json()["cause"], "reset");
        assert_eq!(answer.field("outwright-origin"), Some("outwright"));
        assert_eq!(answer.field("outwright-degraded"), None);
        let status = answer.field("proxy-status").unwrap();
        assert_eq!(status, "outwright; error=connection_terminated");

        let fallback = format!("{{ stale: 10m, despite: [{directive}], because: \"a test\" }}");
        let (_peer, allowed) = stage(script(), &fallback);
        assert_eq!(allowed.ask(GET, &[], "").status, 200);
        let answer = allowed.ask(GET, &[], "");
        assert!(is_stale(&answer), "{value}: {answer:?}");
        assert!(!answer.field("cache-status").unwrap().contains("hit"));
    }
}

/// R-174: a reply of the provider itself says more than a 504 of ours.
#[test]
fn a_reply_of_the_provider_passes_where_nothing_may_be_shown() {
    let script = once("Cache-Control: no-store\r\n", unavailable());
    let (_peer, mut stage) = stage(script, "{ stale: 10m }");
    stage.ask(GET, &[], "");
    let answer = stage.ask(GET, &[], "");
    assert_eq!((answer.status, answer.body.as_str()), (503, "sorry"));
    assert_eq!(answer.field("outwright-origin"), Some("provider"));
    let log = stage.log();
    assert_eq!(log[1]["fallback_skipped"], "forbidden");
    assert_eq!(log[1]["directive"], "no-store");
}

/// R-170: what is no whole good answer is not kept.
#[test]
fn what_is_not_whole_and_good_is_not_kept() {
    for (first, wish) in [
        (Says::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").closing(), ""),
        (
            Says::raw(
                "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-3/9\r\nContent-Length: 4\r\n\r\npart",
            ),
            "",
        ),
        (Says::raw("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"), ""),
        (Says::ok("Vary: *\r\n", "any"), ""),
        (Says::ok("", "good"), "Cache-Control: no-store\r\n"),
        (Says::ok("", "good"), "Range: bytes=0-3\r\n"),
        (Says::ok(&format!("X-Long: {}\r\n", "x".repeat(99)), &"x".repeat((1 << 20) + 1)), ""),
    ] {
        let (_peer, stage) = stage(vec![first.clone(), unavailable()], "{ stale: 10m }");
        let host = stage.data();
        let head = format!("{GET} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nX-None: 1\r\n");
        // A reply that breaks off may leave nothing of itself at the caller.
        raw(host, format!("{head}{wish}\r\n").as_bytes());
        let answer = stage.ask(GET, &["X-None: 1"], "");
        assert_eq!(answer.status, 503, "{wish} {answer:?}");
        assert_eq!(stage.metric(r#"outwright_cache_entries{provider="demo"}"#).unwrap(), "0");
    }
}

/// R-171, R-172: the same target is another answer for another caller, other fields, another method.
#[test]
fn nobody_is_shown_what_was_answered_to_somebody_else() {
    let (_peer, stage) = stage(once("", unavailable()), "{ stale: 10m }");
    let mine = ["Accept: text/plain", "X-Account: one", "User-Agent: a", "Traceparent: x"];
    assert_eq!(stage.ask(GET, &mine, "").status, 200);
    for other in [
        &[][..],
        &["Accept: text/plain"],
        &["Accept: text/plain", "X-Account: two"],
        &["Accept: application/json", "X-Account: one"],
        &["Accept: text/plain", "X-Account: one", "X-Session: s"],
    ] {
        assert_eq!(stage.ask(GET, other, "").status, 503, "{other:?}");
    }
    assert_eq!(stage.ask(&format!("{GET}?page=2"), &mine, "").status, 503);
    assert_eq!(stage.ask("GET /demo/v1/charges", &mine, "").status, 503);
    // The order of fields, and what only names the program or the trace, make no other caller.
    let same = ["X-Account: one", "Accept: text/plain", "User-Agent: b", "X-Request-Id: 7"];
    assert!(is_stale(&stage.ask(GET, &same, "")));
}

/// R-172.
#[test]
fn a_variant_is_shown_to_those_who_ask_for_it() {
    let script = once("Vary: Accept-Encoding\r\n", unavailable());
    let (_peer, stage) = stage(script, "{ stale: 10m }");
    stage.ask(GET, &["Accept-Encoding: gzip"], "");
    assert_eq!(stage.ask(GET, &[], "").status, 503);
    assert_eq!(stage.ask(GET, &["Accept-Encoding: identity"], "").status, 503);
    assert!(is_stale(&stage.ask(GET, &["Accept-Encoding: gzip"], "")));
}

/// R-181.
#[test]
fn what_was_said_to_one_caller_at_one_time_is_not_shown_again() {
    let fields = "Set-Cookie: a=b\r\nRateLimit-Remaining: 3\r\nX-RateLimit-Reset: 9\r\nConnection: X-Hop\r\nX-Hop: 1\r\nRetry-After: 3\r\nCache-Status: edge; hit\r\nX-Kept: yes\r\n";
    let (_peer, stage) = stage(once(fields, unavailable()), "{ stale: 10m }");
    stage.ask(GET, &[], "");
    let answer = stage.ask(GET, &[], "");
    assert!(is_stale(&answer));
    assert_eq!(answer.field("x-kept"), Some("yes"));
    for gone in ["set-cookie", "ratelimit-remaining", "x-ratelimit-reset", "x-hop", "retry-after"] {
        assert_eq!(answer.field(gone), None, "{gone}");
    }
    assert_eq!(answer.all("cache-status").len(), 1);
    assert_eq!(answer.all("via").len(), 1);
}

/// R-177: what changed is not shown as it was.
#[test]
fn a_mutation_that_went_well_makes_its_target_old() {
    let location = |to: &str| {
        Says::raw(format!("HTTP/1.1 201 Created\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"))
    };
    let failed = Says::raw("HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n");
    for (mutation, gone) in
        [(Says::ok("", ""), true), (location("/v1/charges/9"), true), (failed, false)]
    {
        let script = vec![Says::ok("", "list"), mutation.clone(), unavailable()];
        let (_peer, stage) = stage(script, "{ stale: 10m }");
        stage.ask("GET /demo/v1/charges", &[], "");
        stage.ask("POST /demo/v1/charges", &["Idempotency-Key: k"], "{}");
        let answer = stage.ask("GET /demo/v1/charges", &[], "");
        assert_eq!(answer.status == 503, gone, "{mutation:?}");
    }
    for (to, gone) in [("/v1/charges/ch_1", true), ("http://other.example/v1/charges/ch_1", false)]
    {
        let script = vec![Says::ok("", "one"), location(to), unavailable()];
        let (_peer, stage) = stage(script, "{ stale: 10m }");
        stage.ask(GET, &[], "");
        stage.ask("POST /demo/v1/charges", &["Idempotency-Key: k"], "{}");
        assert_eq!(stage.ask(GET, &[], "").status == 503, gone, "{to}");
    }
}

/// What the provider says is gone is not shown as if it were there.
#[test]
fn what_is_not_there_any_more_is_not_shown() {
    let gone = Says::raw("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let (_peer, stage) = stage(vec![Says::ok("", "one"), gone, unavailable()], "{ stale: 10m }");
    stage.ask(GET, &[], "");
    assert_eq!(stage.ask(GET, &[], "").status, 404);
    assert_eq!(stage.ask(GET, &[], "").status, 503);
}

/// R-173: a caller may want less than the contract allows.
#[test]
fn a_caller_who_wants_nothing_kept_gets_the_failure() {
    let (_peer, stage) =
        stage(once("Cache-Control: max-age=60\r\n", unavailable()), "{ stale: 10m }");
    stage.ask(GET, &[], "");
    for wish in ["Cache-Control: no-cache", "Pragma: no-cache", "Cache-Control: min-fresh=999"] {
        assert_eq!(stage.ask(GET, &[wish], "").status, 503, "{wish}");
    }
    assert!(is_stale(&stage.ask(GET, &["Cache-Control: max-stale=60"], "")));
}

/// R-180: what was read with a credential is not shown once that is withdrawn.
#[test]
fn a_new_credential_forgets_what_the_old_one_read() {
    let (_peer, stage) = stage(once("", unavailable()), "{ stale: 10m }");
    stage.ask(GET, &[], "");
    assert!(is_stale(&stage.ask(GET, &[], "")));
    stage.rotate("another-secret-0000000000000000000000");
    stage.until(r#"outwright_cache_entries{provider="demo"}"#, "0");
    assert_eq!(stage.ask(GET, &[], "").status, 503);
}

/// R-182: a fixed answer says what it is and why, and the provider is asked first.
#[test]
fn a_fixed_answer_is_marked() {
    let fallback =
        r#"{ static: { status: 203, content_type: application/vnd.x+json, body: "[]" } }"#;
    for (then, status) in [
        (unavailable(), "outwright; error=destination_unavailable; received-status=503"),
        (cut(), "outwright; error=connection_terminated"),
    ] {
        let (peer, mut stage) = stage(vec![then], fallback);
        let answer = stage.ask(GET, &[], "");
        assert_eq!((answer.status, answer.body.as_str()), (203, "[]"));
        assert_eq!(answer.field("content-type"), Some("application/vnd.x+json"));
        assert_eq!(answer.field("content-length"), Some("2"));
        assert_eq!(answer.field("outwright-degraded"), Some("static"));
        assert_eq!(answer.field("outwright-origin"), Some("outwright"));
        let expected = format!("{status}; details=\"static-fallback\"");
        assert_eq!(answer.field("proxy-status"), Some(expected.as_str()));
        assert_eq!(answer.field("cache-control"), Some("no-store"));
        assert_eq!((answer.field("age"), answer.field("cache-status")), (None, None));
        assert_eq!(answer.field("x-should-retry"), Some("false"));
        assert_eq!(peer.seen().len(), 1);
        assert_eq!(stage.log()[0]["degraded"], "static");
    }
}

/// A HEAD has its own answer, with the length of what GET would bring.
#[test]
fn a_head_is_shown_without_a_body() {
    let head = Says::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX-Kept: yes\r\n\r\n");
    let (_peer, stage) = stage(vec![head, unavailable_head()], "{ stale: 10m }");
    stage.ask("HEAD /demo/v1/charges", &[], "");
    let answer = stage.ask("HEAD /demo/v1/charges", &[], "");
    assert!(is_stale(&answer), "{answer:?}");
    assert_eq!(
        (answer.status, answer.field("content-length"), answer.body.as_str()),
        (200, Some("99"), "")
    );
    stage.until(HEAD_DEGRADED, "1");
}

/// It has no body to be taken, and is over all the same: nobody has given it up.
#[test]
fn a_fixed_answer_to_head_has_the_length_of_its_body_and_is_counted_as_what_it_is() {
    let fallback = r#"{ static: { status: 203, content_type: text/plain, body: "four" } }"#;
    let (_peer, stage) = stage(vec![unavailable_head()], fallback);
    let answer = stage.ask("HEAD /demo/v1/charges", &[], "");
    assert_eq!(
        (answer.status, answer.field("content-length"), answer.body.as_str()),
        (203, Some("4"), "")
    );
    stage.until(HEAD_DEGRADED, "1");
}

const HEAD_DEGRADED: &str =
    r#"outwright_calls_total{provider="demo",operation="head_charges",outcome="degraded"}"#;

/// R-177: a mutation is done, whether its caller could be given the answer or not.
#[test]
fn a_mutation_whose_answer_nobody_may_be_given_makes_its_target_old() {
    let other = Says::ok("Content-Type: text/html\r\n", "<p>done</p>");
    let packed = Says::ok("Content-Encoding: x-unknown\r\n", "packed");
    for (answer, bodies) in [(other, "media: json"), (packed, "decoded: 1KiB")] {
        let peer = Peer::start(vec![
            Says::ok("Content-Type: application/json\r\n", "[]"),
            answer,
            unavailable(),
        ]);
        let stage = Stage::before(&peer, |contract| {
            contract
                .replace("attempts: 3", "attempts: 1")
                .replace("response: 8MiB", &format!("response: 8MiB, {bodies}"))
                .replace("    fallback: none", "    fallback: { stale: 10m }")
                .replace(
                    "request: OPTIONS /v1/charges\n    needs: [all]\n    fallback:",
                    "request: OPTIONS /v1/charges\n    needs: [all]\n    fallback: none #",
                )
        });
        assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200);
        let done = stage.ask("POST /demo/v1/charges", &["Idempotency-Key: k"], "{}");
        assert_eq!(done.status, 502, "{done:?}");
        assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 503, "{bodies}");
    }
}

fn unavailable_head() -> Says {
    Says::raw("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\n")
}

/// Nothing is sent while the breaker is open, and nothing claims that it was forwarded.
#[test]
fn a_breaker_that_is_open_shows_what_is_kept() {
    let (peer, stage) =
        stage(once("Cache-Control: max-age=60\r\n", unavailable()), "{ stale: 10m }");
    stage.ask(GET, &[], "");
    let mut sent = 0;
    let refused = (0..200).find_map(|_| {
        let answer = stage.ask(GET, &[], "");
        assert!(is_stale(&answer), "{answer:?}");
        sent += 1;
        (answer.field("outwright-attempts") == Some("0")).then_some(answer)
    });
    let answer = refused.expect("the breaker opens");
    assert_eq!(peer.seen().len(), sent);
    let status = answer.field("cache-status").unwrap();
    assert!(status.starts_with("outwright; ttl=") && !status.contains("fwd"), "{status}");
    assert_eq!(answer.field("outwright-retry"), Some("refused"));
    let status = answer.field("proxy-status").unwrap();
    assert_eq!(status, "outwright; error=destination_unavailable; details=\"stale-fallback\"");
}
