//! What passes between a caller and its provider, byte for byte, and what stays behind.

use outwright_gateway::demo::Settings;

use super::stage::{Answer, SECRET, Stage, ask, raw};
use crate::peer::{Peer, Says};

const LIST: &str = "GET /demo/v1/charges";

fn stage(script: Vec<Says>) -> (Peer, Stage) {
    changed(script, |contract| contract)
}

fn changed(script: Vec<Says>, change: impl FnOnce(String) -> String) -> (Peer, Stage) {
    let peer = Peer::start(script);
    let stage = Stage::before(&peer, change);
    (peer, stage)
}

fn fine() -> Vec<Says> {
    vec![Says::ok("", "fine")]
}

/// in both directions, and never what outwright itself puts on.
#[test]
fn what_belongs_to_a_connection_goes_no_further() {
    let (peer, stage) = stage(vec![Says::ok(
        "Connection: Bar, X-Own\r\nBar: 1\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\n\
         Proxy-Authenticate: Basic\r\nProxy-Connection: x\r\nTrailer: X\r\nX-Kept: 1\r\n",
        "fine",
    )]);
    let fields = [
        "Connection: foo , X-Secret,authorization",
        "Connection: via, outwright-call",
        "Foo: 1",
        "X-Secret: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic Zm9v",
        "Proxy-Status: edge; error=dns_error",
        "TE: gzip",
        "Authorization: Bearer callers-own",
        "Outwright-Tenant: a",
        "X-Kept: 1",
    ];
    let answer = stage.ask(LIST, &fields, "");
    assert_eq!((answer.status, answer.body.as_str()), (200, "fine"));
    for gone in ["bar", "x-own", "keep-alive", "proxy-authenticate", "proxy-connection", "trailer"]
    {
        assert_eq!(answer.field(gone), None, "{}", answer.head);
    }
    assert_eq!(answer.field("x-kept"), Some("1"));
    let seen = peer.only();
    for gone in [
        "connection",
        "foo",
        "x-secret",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "proxy-status",
        "te",
        "outwright-tenant",
    ] {
        assert!(seen.all(gone).is_empty(), "{}", seen.head);
    }
    assert_eq!(seen.all("x-kept"), ["1"]);
    assert_eq!(seen.all("authorization"), [format!("Bearer {SECRET}")]);
    assert_eq!(seen.all("via"), ["1.1 outwright"]);
}

/// the mark of who passed it on, and the provider's own name.
#[test]
fn a_request_shows_who_passed_it_on_and_is_addressed_to_its_provider() {
    let (peer, stage) = stage(fine());
    stage.ask(LIST, &["Via: 1.0 fred"], "");
    raw(
        stage.data(),
        format!("GET /demo/v1/charges HTTP/1.0\r\nHost: {}\r\n\r\n", stage.data()).as_bytes(),
    );
    let seen = peer.seen();
    assert_eq!(seen[0].all("via"), ["1.0 fred", "1.1 outwright"]);
    assert_eq!(seen[1].all("via"), ["1.0 outwright"]);
    for seen in seen {
        assert_eq!(seen.all("host"), [format!("127.0.0.1:{}", peer.port())]);
    }
}

///
#[test]
fn a_request_that_was_here_before_is_not_sent_again() {
    let (peer, stage) = stage(fine());
    for field in ["Via: 1.1 outwright", "CDN-Loop: outwright"] {
        let answer = stage.ask(LIST, &[field], "");
        assert_eq!((answer.status, answer.problem().as_str()), (502, "loop-detected"));
        let status = answer.field("proxy-status").unwrap();
        assert_eq!(status, "outwright; error=proxy_loop_detected");
    }
    assert!(peer.seen().is_empty());
}

///
#[test]
fn trace_is_refused_and_options_go_as_far_as_they_may() {
    let (peer, stage) = stage(fine());
    let answer = stage.ask("TRACE /demo/v1/charges", &[], "");
    assert_eq!((answer.status, answer.problem().as_str()), (405, "trace-refused"));
    assert_eq!(answer.field("allow"), Some("GET, POST, HEAD, OPTIONS"));
    let answer = stage.ask("OPTIONS /demo/v1/charges", &["Max-Forwards: 0"], "");
    assert_eq!((answer.status, answer.problem().as_str()), (200, "forwards-used-up"));
    assert_eq!(answer.field("allow"), Some("GET, POST, HEAD, OPTIONS"));
    assert!(peer.seen().is_empty());
    stage.ask("OPTIONS /demo/v1/charges", &["Max-Forwards: 7"], "");
    stage.ask(LIST, &["Max-Forwards: 0"], "");
    let seen = peer.seen();
    assert_eq!(seen[0].all("max-forwards"), ["6"]);
    assert_eq!(seen[1].all("max-forwards"), ["0"], "it means nothing on other methods");
}

/// nothing is decoded and nothing encoded again.
#[test]
fn path_and_query_are_forwarded_byte_for_byte() {
    let (peer, stage) = stage(fine());
    let targets = [
        "/v1/charges/a%20b",
        "/v1/charges/a%2Cb,c;d=e",
        "/v1/charges/%E2%82%AC",
        "/v1/charges/~a!$&'()*+,;=:@",
        "/v1/charges?q=%2F..%2F&r=a+b&&=x&s[]=1|2",
        "/v1/charges?",
        "/v1/charges??a=/../b",
        "/v1/charges/a%7Eb",
    ];
    for target in targets {
        assert_eq!(stage.ask(&format!("GET /demo{target}"), &[], "").status, 200, "{target}");
    }
    let seen: Vec<_> = peer.seen().iter().map(|seen| seen.line().to_owned()).collect();
    assert_eq!(seen, targets.map(|target| format!("GET {target} HTTP/1.1")));
}

/// what is not known passes; what is invalid does not.
#[test]
fn statuses_pass_as_they_are_unless_there_is_no_such_class() {
    for (line, status) in [("299 Odd", 299), ("499 Gone away", 499), ("404 ", 404), ("599 X", 599)]
    {
        let reply = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
        let (_peer, stage) = stage(vec![Says::raw(reply)]);
        let answer = stage.ask(LIST, &[], "");
        assert_eq!((answer.status, answer.field("outwright-origin")), (status, Some("provider")));
    }
    for line in ["600 X", "999 X", "101 Switching Protocols\r\nUpgrade: x"] {
        let reply = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
        let (_peer, stage) = stage(vec![Says::raw(reply).closing()]);
        let answer = stage.ask(LIST, &[], "");
        assert_eq!((answer.status, answer.problem().as_str()), (502, "provider-malformed"));
    }
}

///
#[test]
fn what_says_who_the_caller_is_passes_only_by_the_contract() {
    let fields = [
        "Cookie: a=1",
        "Forwarded: for=10.0.0.1",
        "X-Forwarded-For: 10.0.0.1",
        "X-Forwarded-Host: inside",
        "X-Real-IP: 10.0.0.1",
        "X-Client-IP: 10.0.0.1",
        "True-Client-IP: 10.0.0.1",
        "CF-Connecting-IP: 10.0.0.1",
        "Baggage: user=1",
        "X-Stripe-Client-User-Agent: {}",
    ];
    let (peer, stage) = stage(fine());
    stage.ask(LIST, &fields, "");
    let seen = peer.only();
    for field in fields.iter().take(9) {
        let name = field.split_once(':').unwrap().0;
        assert!(seen.all(name).is_empty(), "{}", seen.head);
    }
    assert_eq!(seen.all("x-stripe-client-user-agent"), ["{}"], "others pass");
    let (peer, stage) = changed(fine(), |contract| {
        contract
            .replace("\negress:", "\nfields: { pass: [Cookie, X-Forwarded-For, baggage] }\negress:")
    });
    stage.ask(LIST, &fields, "");
    let seen = peer.only();
    for (name, count) in [("cookie", 1), ("x-forwarded-for", 1), ("baggage", 1), ("forwarded", 0)] {
        assert_eq!(seen.all(name).len(), count, "{}", seen.head);
    }
}

/// without a credential of ours a caller's own stays behind too, unless the contract lets it pass.
#[test]
fn a_callers_own_credential_passes_only_by_the_contract() {
    let bare = |contract: String| {
        let (before, rest) = contract.split_once("credentials:").unwrap();
        let (_, operations) = rest.split_once("operations:").unwrap();
        format!("{before}operations:{operations}").replace("    needs: [all]\n", "")
    };
    let own = ["Authorization: Bearer callers-own"];
    let (peer, stage) = changed(fine(), bare);
    stage.ask(LIST, &own, "");
    assert!(peer.only().all("authorization").is_empty());
    let (peer, stage) = changed(fine(), |contract| {
        bare(contract).replace("\negress:", "\nfields: { pass: [Authorization] }\negress:")
    });
    stage.ask(LIST, &own, "");
    assert_eq!(peer.only().all("authorization"), ["Bearer callers-own"]);
}

///
#[test]
fn conditions_are_the_providers_to_judge() {
    let reply = "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 10\r\n\r\n";
    let (peer, stage) = stage(vec![Says::raw(reply)]);
    let fields = [
        "If-None-Match: \"x\"",
        "If-Match: *",
        "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
        "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
        "If-Range: \"x\"",
        "Range: bytes=0-1",
    ];
    for _ in 0..2 {
        let answer = stage.ask(LIST, &fields, "");
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{answer:?}");
        assert_eq!(answer.field("etag"), Some("\"x\""));
    }
    for seen in peer.seen() {
        for field in fields {
            let (name, value) = field.split_once(": ").unwrap();
            assert_eq!(seen.all(name), [value], "{}", seen.head);
        }
        assert_eq!(seen.connection, 1, "R-068: a 304 has no body, whatever its length says");
    }
}

/// gzip, with what vouches for its bytes.
#[test]
fn a_body_arrives_as_it_was_sent() {
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x4b\xcb\xcc\x4b\x05\x00\x38\x0b\x7a\xe5\x04\x00\x00\x00";
    let mut reply = format!(
        "HTTP/1.1 200 OK\r\nCache-Control: no-transform\r\nContent-Encoding: gzip\r\nETag: \"strong\"\r\n\
         Content-Digest: sha-256=:AAAA:\r\nContent-Length: {}\r\n\r\n",
        gzip.len()
    )
    .into_bytes();
    reply.extend_from_slice(gzip);
    let (peer, stage) = stage(vec![Says::raw(reply)]);
    let host = stage.data();
    let request = format!(
        "GET /demo/v1/charges HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n"
    );
    let bytes = super::stage::raw_bytes(host, request.as_bytes());
    assert!(bytes.ends_with(gzip));
    let head = String::from_utf8_lossy(&bytes);
    for field in [
        "content-encoding: gzip",
        "etag: \"strong\"",
        "content-digest: sha-256=:AAAA:",
        "cache-control: no-transform",
    ] {
        assert!(head.contains(field), "{field}: {head}");
    }
    assert_eq!(peer.only().all("accept-encoding"), ["gzip"]);
}

///
#[test]
fn a_reply_without_a_date_gets_one() {
    let (_peer, stage) =
        stage(vec![Says::ok("", "a"), Says::ok("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "b")]);
    assert!(stage.ask(LIST, &[], "").field("date").is_some_and(|date| date.ends_with(" GMT")));
    assert_eq!(stage.ask(LIST, &[], "").field("date"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
}

///
#[test]
fn interim_answers_are_not_the_answer() {
    let (_peer, stage) = stage(vec![Says::raw(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n\
         HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine",
    )]);
    for _ in 0..2 {
        let answer = stage.ask(LIST, &[], "");
        assert_eq!((answer.status, answer.body.as_str()), (200, "fine"));
        assert_eq!(answer.field("link"), None);
    }
}

/// a caller that waits for permission is told at once, or refused before it sends.
#[test]
fn a_caller_that_expects_to_be_told_is_told() {
    let (peer, stage) = stage(fine());
    let host = stage.data();
    let text = raw(host, format!(
        "POST /demo/v1/orders HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab"
    ).as_bytes());
    assert!(text.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{text}");
    assert!(peer.only().all("expect").is_empty());
    let text = raw(host, format!(
        "POST /demo/v1/unknown HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    ).as_bytes());
    assert!(text.starts_with("HTTP/1.1 403 "), "{text}");
    assert!(!text.contains("100 Continue"), "{text}");
}

/// a known length is said; never two framings.
#[test]
fn a_body_is_framed_in_one_way() {
    let (peer, stage) =
        changed(fine(), |contract| contract.replace("request: 1KiB", "request: 1MiB"));
    let host = stage.data();
    let large = "x".repeat(100_000);
    let chunked = |body: &str| {
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    };
    let sized = |length: &str, body: &str| format!("Content-Length: {length}\r\n\r\n{body}");
    let cases = [
        (sized("3", "abc"), Some("3")),
        (sized("0003", "abc"), Some("3")),
        (chunked("abc"), Some("3")),
        (sized("100000", &large), Some("100000")),
        (chunked(&large), None),
        (sized("0", ""), Some("0")),
    ];
    for (rest, _) in &cases {
        let text = raw(
            host,
            format!("POST /demo/v1/orders HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{rest}")
                .as_bytes(),
        );
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    }
    for (seen, (_, length)) in peer.seen().iter().zip(&cases) {
        assert_eq!(seen.all("content-length"), Vec::from_iter(*length), "{}", seen.head);
        let coding = if length.is_some() { vec![] } else { vec!["chunked"] };
        assert_eq!(seen.all("transfer-encoding"), coding, "{}", seen.head);
    }
    assert_eq!(peer.seen().len(), cases.len());
}

/// whoever says that it is over, or cannot say that it goes on, gets no second request.
#[test]
fn a_connection_that_was_said_to_end_is_not_used_again() {
    for reply in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine",
        "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 4\r\n\r\nfine",
        "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nfine",
    ] {
        let (peer, stage) = stage(vec![Says::raw(reply)]);
        for number in 1..=2 {
            assert_eq!(stage.ask(LIST, &[], "").body, "fine");
            assert_eq!(peer.seen().last().unwrap().connection, number, "{reply}");
        }
    }
}

/// order is kept, and a bad request ends the connection behind the answers before it.
#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let (peer, stage) = stage(vec![Says::ok("", "one"), Says::ok("", "two")]);
    let host = stage.data();
    let get = format!("GET /demo/v1/charges HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let text = raw(host, format!("{get}{get}GET / HTTP/9\r\n\r\n{get}").as_bytes());
    let statuses: Vec<_> =
        text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "200", "400"], "{text}");
    assert!(text.find("one") < text.find("two"), "{text}");
    assert_eq!(peer.seen().len(), 2);
}

///
#[test]
fn a_reply_that_can_have_no_body_has_none() {
    let length = "Content-Length: 10\r\n\r\n";
    for (line, head) in [
        ("HEAD /demo/v1/charges", "HTTP/1.1 200 OK\r\n"),
        (LIST, "HTTP/1.1 204 No Content\r\n"),
        (LIST, "HTTP/1.1 304 Not Modified\r\n"),
    ] {
        let (peer, stage) = stage(vec![Says::raw(format!("{head}{length}"))]);
        for _ in 0..2 {
            let answer = stage.ask(line, &[], "");
            assert_eq!(answer.body, "", "{answer:?}");
            assert!(head.contains(&answer.status.to_string()), "{answer:?}");
        }
        assert_eq!(peer.seen().last().unwrap().connection, 1, "{head}");
    }
}

/// by default a provider gets ids that lead nowhere; a contract may say more or nothing.
#[test]
fn a_trace_reaches_the_provider_as_far_as_the_contract_lets_it() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let fields = [
        &format!("Traceparent: 00-{TRACE}-00f067aa0ba902b7-01")[..],
        "Tracestate: a=1",
        "tracestate: b=2",
    ];
    let with = |word: &'static str| {
        changed(fine(), move |contract| {
            contract.replace("\negress:", &format!("\nfields: {{ trace: {word} }}\negress:"))
        })
    };
    for (word, same, state) in [
        ("restart", Some(false), vec![]),
        ("forward", Some(true), vec!["a=1,b=2"]),
        ("off", None, vec![]),
    ] {
        let (peer, stage) = with(word);
        stage.ask(LIST, &fields, "");
        let seen = peer.only();
        assert_eq!(seen.all("tracestate"), state, "{word}");
        let parents = seen.all("traceparent");
        assert_eq!(
            parents.first().map(|parent| parent.contains(TRACE)),
            same,
            "{word}: {parents:?}"
        );
        assert!(parents.iter().all(|parent| parent.len() == 55 && parent.ends_with("-01")));
        assert!(!parents.iter().any(|parent| parent.contains("00f067aa0ba902b7")), "{parents:?}");
    }
}

/// every attempt is a span of its own.
#[test]
fn a_repeat_has_another_parent_in_the_same_trace() {
    let (peer, stage) = changed(
        vec![Says::raw("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"), Says::ok("", "fine")],
        |contract| contract.replace("\negress:", "\nfields: { trace: forward }\negress:"),
    );
    let answer: Answer = stage.ask(LIST, &[], "");
    assert_eq!((answer.status, answer.field("outwright-attempts")), (200, Some("2")));
    let seen = peer.seen();
    let parents: Vec<_> = seen.iter().map(|seen| seen.all("traceparent")[0]).collect();
    assert_eq!(parents[0][..36], parents[1][..36], "{parents:?}");
    assert_ne!(parents[0], parents[1]);
}

/// `outwright.yaml` gives a deployment its name.
#[test]
fn the_default_name_is_told_in_both_directions() {
    let stage = Stage::new(Settings::default());
    let address = stage.data();
    let answer = ask(address, &address.to_string(), LIST, &[], "");
    assert_eq!(answer.field("via"), Some("1.1 outwright"));
    assert_eq!(stage.demo.wire_log()[0].header("via"), Some("1.1 outwright"));
}

/// a connection that ends as a request is written leaves open whether it was read; nobody sends it again.
#[test]
fn a_write_that_nothing_protects_is_not_repeated_on_a_stale_connection() {
    let (peer, stage) = stage(vec![Says::ok("", "fine"), Says::raw("").closing()]);
    assert_eq!(stage.ask("POST /demo/v1/orders", &[], "a").status, 200);
    let answer = stage.ask("POST /demo/v1/orders", &[], "b");
    assert_eq!((answer.status, answer.problem().as_str()), (502, "outcome-unknown"), "{answer:?}");
    let bodies: Vec<_> = peer.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [b"a", b"b"]);
}

/// whatever the plan; the provider says itself that nothing was done.
#[test]
fn a_misdirected_request_is_repeated_once_on_a_connection_of_its_own() {
    let misdirected = "HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n";
    let (peer, stage) = stage(vec![Says::raw(misdirected), Says::ok("", "fine")]);
    let answer = stage.ask("POST /demo/v1/orders", &[], "a");
    assert_eq!((answer.status, answer.body.as_str()), (200, "fine"), "{answer:?}");
    let connections: Vec<_> = peer.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 2]);
    let (peer, stage) = self::stage(vec![Says::raw(misdirected)]);
    assert_eq!(stage.ask("POST /demo/v1/orders", &[], "a").status, 421);
    assert_eq!(peer.seen().len(), 2);
}

/// what a provider says of its limits, changes and requests is the caller's to read; its cookies are
/// nobody's to keep.
#[test]
fn what_a_provider_says_of_itself_arrives_and_is_not_kept() {
    let fields = [
        ("RateLimit", "\"account\";r=50;t=30"),
        ("RateLimit-Policy", "\"account\";q=100;w=60"),
        ("X-RateLimit-Remaining", "50"),
        ("Deprecation", "@1688169599"),
        ("Sunset", "Sun, 30 Jun 2030 23:59:59 GMT"),
        ("Link", "</v2>; rel=\"successor-version\""),
        ("Request-Id", "req_1"),
        ("Set-Cookie", "session=1; Path=/"),
    ];
    let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (peer, stage) = stage(vec![Says::ok(&lines, "fine")]);
    for _ in 0..2 {
        let answer = stage.ask(LIST, &[], "");
        for (name, value) in fields {
            assert_eq!(answer.field(name), Some(value), "{}", answer.head);
        }
    }
    assert!(peer.seen().iter().all(|seen| seen.all("cookie").is_empty()));
}
