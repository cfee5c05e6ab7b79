//! Where calls may go and what may come back, on the wire.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::stage::{Stage, raw_bytes};
use crate::peer::{Peer, Says};

const LIST: &str = "GET /demo/v1/charges";

/// R-012, R-097, R-099: the caller sees where it was sent; outwright goes nowhere.
#[test]
fn a_redirect_is_told_and_not_followed() {
    let elsewhere = Peer::start(vec![Says::ok("", "elsewhere")]);
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        for place in
            [format!("http://127.0.0.1:{}/v1/charges", elsewhere.port()), "/v1/other".to_owned()]
        {
            let reply =
                format!("HTTP/1.1 {status}\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n");
            let peer = Peer::start(vec![Says::raw(reply)]);
            let stage = Stage::before(&peer, |contract| contract);
            let answer = stage.ask(LIST, &[], "");
            assert!(status.starts_with(&answer.status.to_string()), "{answer:?}");
            assert_eq!(answer.field("location"), Some(&*place));
            assert_eq!(peer.seen().len(), 1, "{status}");
        }
    }
    assert!(elsewhere.seen().is_empty());
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn get(stage: &Stage) -> Vec<u8> {
    let host = stage.data();
    let text =
        format!("GET /demo/v1/charges HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    raw_bytes(host, text.as_bytes())
}

fn once(contract: String) -> String {
    contract.replace("retry: { attempts: 3", "retry: { attempts: 1")
}

/// R-014, R-560, R-561: a bomb ends in front of the caller, and the connection with it; what is honest passes untouched.
#[test]
fn a_decompression_bomb_does_not_reach_its_caller() {
    let bomb = zipped(&vec![b'0'; 64 * 1024 * 1024]);
    let text: Vec<u8> = (0..100_000_u32).flat_map(|n| n.to_string().into_bytes()).collect();
    let honest = zipped(&text);
    let script = || vec![Says::raw(coded("gzip", &bomb)), Says::raw(coded("gzip", &honest))];
    let peer = Peer::start(script());
    let stage = Stage::before(&peer, once);
    let stopped = get(&stage);
    assert!(stopped.len() < bomb.len(), "{} of {} bytes passed", stopped.len(), bomb.len());
    assert!(get(&stage).ends_with(&honest));
    assert_eq!(peer.seen()[1].connection, 2, "the bomb's connection is gone");
    let peer = Peer::start(script());
    let unchecked = |contract: String| {
        once(contract).replace(
            "response: 8MiB",
            "response: 8MiB, decoded: unchecked, because: \"the test sends a bomb\"",
        )
    };
    let stage = Stage::before(&peer, unchecked);
    assert!(get(&stage).ends_with(&bomb), "the contract took it upon itself");
}

/// R-561, R-562: codings that cannot be bounded are not asked for, and refused when they come.
#[test]
fn only_codings_that_can_be_bounded_are_asked_for_and_taken() {
    for (asked, sent) in [
        ("gzip", "gzip"),
        ("gzip, deflate", "gzip, deflate"),
        ("gzip;q=1.0, br;q=0.5, *;q=0", "gzip;q=1.0"),
        ("br, zstd", "identity"),
        ("*", "identity"),
    ] {
        let peer = Peer::start(vec![Says::ok("", "fine")]);
        let stage = Stage::before(&peer, |contract| contract);
        stage.ask(LIST, &[&format!("Accept-Encoding: {asked}")], "");
        assert_eq!(peer.only().all("accept-encoding"), [sent], "{asked}");
    }
    for coding in ["br", "zstd", "gzip, gzip"] {
        let peer = Peer::start(vec![Says::raw(coded(coding, b"whatever"))]);
        let stage = Stage::before(&peer, once);
        let answer = stage.ask(LIST, &[], "");
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (502, "provider-malformed"),
            "{coding}"
        );
        let status = answer.field("proxy-status").unwrap();
        assert_eq!(status, "outwright; error=http_response_content_coding");
    }
}

/// R-014, R-560: every part of a reply has its bound; beyond it nothing more is read.
#[test]
fn every_part_of_a_reply_is_bounded() {
    let fields = |count: usize| "X: y\r\n".repeat(count);
    let long = |bytes: usize| format!("X: {}\r\n", "y".repeat(bytes));
    let trailers = |count: usize| {
        let trailers: String =
            (0..count).map(|n| format!("X-{n}: {}\r\n", "y".repeat(100))).collect();
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n{trailers}\r\n"
        )
    };
    let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 4\r\n\r\nfine");
    let cases = [
        (head(&fields(99)), Some(200), ""),
        (head(&fields(101)), Some(502), "http_response_header_section_size"),
        (head(&long(16_000)), Some(200), ""),
        (head(&long(16_400)), Some(502), "http_response_header_section_size"),
        (head(&long(15_000).repeat(3)), Some(200), ""),
        (head(&long(15_000).repeat(5)), Some(502), "http_response_header_section_size"),
        (
            head("").replace("Content-Length: 4", "Content-Length: 9000000"),
            Some(502),
            "http_response_body_size",
        ),
        (trailers(10), Some(200), ""),
        (trailers(1_000), None, ""),
    ];
    for (reply, status, error) in cases {
        let peer = Peer::start(vec![Says::raw(&reply)]);
        let stage = Stage::before(&peer, once);
        let bytes = get(&stage);
        let text: String = String::from_utf8_lossy(&bytes).chars().filter(|c| *c != 'y').collect();
        let shown: String = reply.chars().take(60).collect();
        match status {
            Some(status) => {
                let error = error.replace('y', "");
                assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{shown}: {text}");
                assert!(
                    text.contains(&format!("error={error}")) || error.is_empty(),
                    "{shown}: {text}"
                );
            }
            // The body is whole by then, but what ends it is not: no clean end.
            None => assert!(!text.ends_with("0\r\n\r\n"), "{shown}: {text}"),
        }
    }
}
