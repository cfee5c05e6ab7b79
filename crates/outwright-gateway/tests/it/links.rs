//! `links: rewrite`: what a provider says of itself leads back through the gateway.

use std::net::TcpListener;

use crate::held::{End, Held, coalesced};
use crate::http2::client;
use crate::peer::{Peer, Says};
use crate::stage::{Answer, Stage, ask};

/// A gateway before this peer, whose contract has these further lines.
fn before(peer: &Peer, lines: &str) -> Stage {
    Stage::before(peer, |contract| contract.replace("\negress:", &format!("\n{lines}\negress:")))
}

const LIST: &str = "GET /demo/v1/charges";

#[test]
fn page_two_leads_through_the_gateway_by_path() {
    let peer = Peer::knowing(|port| {
        let there = format!("http://127.0.0.1:{port}");
        let fields = format!(
            "Location: {there}/v1/charges/1\r\nContent-Location: /v1/charges?page=1\r\n\
             Link: <{there}/v1/charges?page=2>; rel=\"next\", <https://docs.example/>; rel=\"help\"\r\n\
             Link: </v1/charges?page=9>; rel=last\r\n"
        );
        vec![Says::ok(&fields, "fine")]
    });
    let stage = before(&peer, "links: rewrite");
    let here = format!("http://{}/demo", stage.data());
    let answer = stage.ask(LIST, &[], "");
    assert_eq!(answer.field("location"), Some(&*format!("{here}/v1/charges/1")));
    assert_eq!(answer.field("content-location"), Some("/demo/v1/charges?page=1"));
    let first =
        format!("<{here}/v1/charges?page=2>; rel=\"next\", <https://docs.example/>; rel=\"help\"");
    assert_eq!(answer.all("link"), [&*first, "</demo/v1/charges?page=9>; rel=last"]);
    let two = answer.all("link")[0].split(['<', '>']).nth(1).unwrap().to_owned();
    let path = two.strip_prefix(&format!("http://{}", stage.data())).unwrap();
    assert_eq!(stage.ask(&format!("GET {path}"), &[], "").status, 200);
    let lines: Vec<_> = peer.seen().iter().map(|seen| seen.line().to_owned()).collect();
    assert_eq!(lines, ["GET /v1/charges HTTP/1.1", "GET /v1/charges?page=2 HTTP/1.1"]);
}

#[test]
fn page_two_leads_through_the_door_by_which_page_one_came() {
    let peer = Peer::knowing(|port| {
        let link = format!("Link: <http://127.0.0.1:{port}/v1/charges?page=2>; rel=\"next\"\r\n");
        vec![Says::ok(&link, "fine")]
    });
    let stage = before(&peer, "links: rewrite\nlisten: { host: demo.localhost }");
    for host in ["demo.localhost", "Demo.LocalHost"] {
        let host = format!("{host}:{}", stage.data().port());
        let answer = ask(stage.data(), &host, "GET /v1/charges", &[], "");
        let expected = format!("<http://{host}/v1/charges?page=2>; rel=\"next\"");
        assert_eq!(answer.field("link"), Some(&*expected));
    }
    // The negative control of the address: a foreign name is refused before it could stand in a link.
    let foreign = ask(stage.data(), "evil.example", "GET /v1/charges", &[], "");
    assert_eq!((foreign.status, foreign.problem().as_str()), (421, "host-foreign"));
    assert!(!foreign.head.contains("link"), "{foreign:?}");
}

#[test]
fn a_port_of_its_own_is_an_address_too() {
    let door = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let peer = Peer::knowing(|port| {
        vec![Says::ok(&format!("Location: http://127.0.0.1:{port}/v1/charges\r\n"), "fine")]
    });
    let stage = before(&peer, &format!("links: rewrite\nlisten: {{ port: {} }}", door.port()));
    let answer = ask(door, &door.to_string(), "GET /v1/charges", &[], "");
    assert_eq!(answer.field("location"), Some(&*format!("http://{door}/v1/charges")));
    let expected = format!("http://{}/demo/v1/charges", stage.data());
    assert_eq!(stage.ask(LIST, &[], "").field("location"), Some(&*expected));
}

/// The negative control: without the key nothing is touched.
#[test]
fn links_are_kept_unless_the_contract_says_otherwise() {
    for lines in ["tier: important", "links: keep"] {
        let peer = Peer::knowing(|port| {
            let there = format!("http://127.0.0.1:{port}/v1");
            let fields = format!(
                "Location: {there}\r\nLink: <{there}>; rel=next\r\n\
                 Content-Type: application/json\r\n"
            );
            vec![Says::ok(&fields, &format!("{{\"next\":\"{there}\"}}"))]
        });
        let stage = Stage::before(&peer, |contract| {
            contract
                .replace("tier: best_effort", &format!("tier: best_effort\n{lines}"))
                .replace("tier: best_effort\ntier", "tier")
        });
        let there = format!("http://127.0.0.1:{}/v1", peer.port());
        let answer = stage.ask(LIST, &["Range: bytes=0-9", "Accept-Encoding: gzip"], "");
        assert_eq!(answer.field("location"), Some(&*there));
        assert_eq!(answer.field("link"), Some(&*format!("<{there}>; rel=next")));
        assert_eq!(answer.body, format!("{{\"next\":\"{there}\"}}"));
        assert_eq!(peer.only().all("range"), ["bytes=0-9"]);
        assert_eq!(peer.only().all("accept-encoding"), ["gzip"]);
    }
}

const JSON: &str = "links: { json: [/next, /data/*/url] }";
const SUMS: &str = "Content-Digest: sha-256=:AAAA:\r\nContent-MD5: AAAA\r\nETag: \"1\"\r\n";

fn page(there: &str) -> String {
    format!(
        "{{\"data\": [{{\"url\": \"{there}/v1/charges/1\"}}], \"next\": \"{there}/v1/charges?page=2\", \
         \"uri\": \"{there}\"}}"
    )
}

#[test]
fn urls_in_a_body_are_led_back_where_the_contract_points_at_them() {
    let peer = Peer::knowing(|port| {
        let fields = format!("{SUMS}Content-Type: application/problem+json; charset=utf-8\r\n");
        vec![Says::ok(&fields, &page(&format!("http://127.0.0.1:{port}")))]
    });
    let stage = before(&peer, JSON);
    let fields = ["Accept-Encoding: gzip", "Range: bytes=0-9", "If-Range: \"1\""];
    let answer = stage.ask(LIST, &fields, "");
    let here = format!("http://{}/demo", stage.data());
    let there = format!("http://127.0.0.1:{}", peer.port());
    // What is not named stays, and so does every other byte.
    let expected =
        page(&here).replace(&format!("\"uri\": \"{here}\""), &format!("\"uri\": \"{there}\""));
    assert_eq!(answer.body, expected);
    assert_eq!(answer.field("content-length"), Some(&*expected.len().to_string()));
    assert_eq!((answer.field("content-digest"), answer.field("content-md5")), (None, None));
    assert_eq!(answer.field("etag"), Some("\"1\""));
    let seen = peer.only();
    assert_eq!(seen.all("accept-encoding"), ["identity"]);
    assert_eq!((seen.all("range"), seen.all("if-range")), (vec![], vec![]));
}

/// HTTP/2 names the host in another place.
#[test]
fn a_caller_over_http2_is_led_back_too() {
    let peer = Peer::knowing(|port| {
        let there = format!("http://127.0.0.1:{port}");
        let fields =
            format!("Location: {there}/v1/charges/1\r\nContent-Type: application/json\r\n");
        vec![Says::ok(&fields, &page(&there))]
    });
    let stage = before(&peer, JSON);
    let here = format!("http://{}/demo", stage.data());
    let Some(text) = client("nghttp", &["-v", "--no-dep", &format!("{here}/v1/charges")]) else {
        return;
    };
    for part in [
        &format!("location: {here}/v1/charges/1"),
        &format!("\"next\": \"{here}/v1/charges?page=2\""),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// An answer for each way in which a body is not read, or not changed.
fn untouched(answer: impl Fn(&str) -> Says) -> (Answer, String) {
    let peer = Peer::knowing(|port| vec![answer(&format!("http://127.0.0.1:{port}"))]);
    let stage = before(&peer, JSON);
    (stage.ask(LIST, &[], ""), format!("http://127.0.0.1:{}", peer.port()))
}

#[test]
fn a_body_without_such_a_link_goes_on_byte_for_byte_with_its_sums() {
    let json = "Content-Type: application/json\r\n";
    let text = "Content-Type: text/json-like\r\n";
    let coded = "Content-Type: application/json\r\nContent-Encoding: x-unknown\r\n";
    for (fields, body) in [
        (json, "{\"next\": null}"),
        (json, "{\"next\": \"/v1/charges\"}"),
        (json, "{\"next\": \"THERE/v1\""),
        (json, ""),
        (text, "{\"next\": \"THERE/v1\"}"),
        ("", "{\"next\": \"THERE/v1\"}"),
    ] {
        let (answer, there) =
            untouched(|there| Says::ok(&format!("{fields}{SUMS}"), &body.replace("THERE", there)));
        assert_eq!(answer.body, body.replace("THERE", &there), "{fields}{body}");
        assert_eq!(answer.field("content-length"), Some(&*answer.body.len().to_string()));
        let kept = (!body.is_empty()).then_some("sha-256=:AAAA:");
        assert_eq!(answer.field("content-digest"), kept, "{fields}{body}");
    }
    let (answer, there) = untouched(|there| {
        Says::ok(&format!("{coded}{SUMS}"), &format!("{{\"next\":\"{there}/v1\"}}"))
    });
    if answer.status == 200 {
        assert_eq!(answer.body, format!("{{\"next\":\"{there}/v1\"}}"));
    }
}

fn cut(body: &str) -> Says {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    Says::raw(format!("{head}{:x}\r\n{body}\r\n", body.len())).closing()
}

/// R-063: what breaks off before anything of it was shown is told as that, and counted as what the caller got.
#[test]
fn a_body_that_breaks_off_while_it_is_read_is_an_answer_of_our_own() {
    let peer =
        Peer::knowing(|port| vec![cut(&format!("{{\"next\":\"http://127.0.0.1:{port}/v1\""))]);
    let mut stage = before(&peer, JSON);
    let answer = stage.ask(LIST, &[], "");
    assert_eq!((answer.status, answer.problem().as_str()), (502, "provider-malformed"));
    assert_eq!(answer.json()["cause"], "body_truncated");
    let charge = ["Idempotency-Key: k"];
    let mutation = stage.ask("POST /demo/v1/charges", &charge, "{}");
    assert!(mutation.status >= 500 && !mutation.problem().is_empty(), "{mutation:?}");
    let log = stage.log();
    let got = (&log[0]["http.response.status_code"], &log[0]["outcome"]);
    assert_eq!(got, (&502.into(), &"provider_error".into()));
    assert_eq!(log.len(), 2, "each is told once: {log:?}");
}

/// R-063: the same for every caller of a read that is shared, also for one whose call sent nothing.
#[test]
fn a_shared_body_that_breaks_off_while_it_is_read_is_an_answer_of_our_own_to_each() {
    let held = Held::new();
    let mut stage = Stage::before(&held.peer, |contract| {
        let contract = coalesced(&held.calm(&contract));
        contract.replace("\negress:", &format!("\n{JSON}\negress:"))
    });
    let leader = End::asks(stage.data(), LIST, &[]);
    let (provider, _) = held.arrives();
    let mut callers = [leader, End::asks(stage.data(), LIST, &[])];
    stage.until(r#"outwright_coalesced_waiting{provider="demo"}"#, "1");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n";
    provider.ends(format!("{head}{{\"next\":"));
    let answers = callers.each_mut().map(|caller| Answer::of(&caller.rest()));
    for (answer, attempts) in answers.iter().zip(["1", "0"]) {
        assert_eq!((answer.status, answer.problem().as_str()), (502, "provider-malformed"));
        assert_eq!(answer.json()["cause"], "body_truncated");
        assert_eq!(answer.field("outwright-attempts"), Some(attempts));
    }
    held.is_idle();
    stage.until("outwright_process_calls", "0");
    stage.until("outwright_kept_bytes", "0");
    let log = stage.log();
    assert_eq!(log.len(), 2, "each is told once: {log:?}");
    for line in log {
        let got = (&line["http.response.status_code"], &line["outcome"]);
        assert_eq!(got, (&502.into(), &"provider_error".into()));
    }
}

/// A bad end is never a clean one, also where the beginning was read and is on its way.
#[test]
fn a_body_that_breaks_off_behind_what_was_read_still_breaks_off() {
    let (answer, _) = untouched(|there| cut(&format!("{{\"x\":\"{there}{}", "x".repeat(5 << 20))));
    assert_eq!(answer.status, 200);
    assert!(!answer.body.ends_with("0\r\n\r\n"), "it has no end");
}

#[test]
fn a_body_beyond_the_bound_goes_on_as_it_came() {
    let (answer, there) = untouched(|there| {
        let body = format!("{{\"x\":\"{}\",\"next\":\"{there}/v1\"}}", "x".repeat(5 << 20));
        Says::ok("Content-Type: application/json\r\n", &body)
    });
    assert_eq!(answer.body.len(), "{\"x\":\"\",\"next\":\"/v1\"}".len() + (5 << 20) + there.len());
    assert!(answer.body.ends_with(&format!("\"next\":\"{there}/v1\"}}")));
}

#[test]
fn an_answer_to_head_says_nothing_of_a_body_that_nobody_would_get() {
    let peer = Peer::knowing(|_| {
        let fields = format!("Content-Type: application/json\r\n{SUMS}");
        vec![Says::raw(format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 50\r\n\r\n"))]
    });
    let stage = before(&peer, JSON);
    let answer = stage.ask("HEAD /demo/v1/charges", &[], "");
    assert_eq!((answer.status, answer.field("content-length")), (200, None), "{answer:?}");
    assert_eq!(answer.field("content-digest"), None);
    assert_eq!(answer.field("etag"), Some("\"1\""));
}

#[test]
fn a_hostile_link_field_stays_and_harms_nobody() {
    for hostile in [
        "<<<<http://127.0.0.1:PORT/v1>",
        "<http://127.0.0.1:PORT/v1>; title=\"",
        "<http://127.0.0.1:PORT@evil.example/v1>; rel=next",
        "<http://127.0.0.1:PORT/../other/v1>; rel=next",
        "<http://127.0.0.1:PORT/%2e%2e/other/v1>; rel=next",
        ">; rel=next, http://127.0.0.1:PORT/v1",
    ] {
        let peer = Peer::knowing(|port| {
            vec![Says::ok(
                &format!("Link: {hostile}\r\n").replace("PORT", &port.to_string()),
                "fine",
            )]
        });
        let stage = before(&peer, "links: rewrite");
        let expected = hostile.replace("PORT", &peer.port().to_string());
        assert_eq!(stage.ask(LIST, &[], "").field("link"), Some(&*expected), "{hostile}");
    }
}
