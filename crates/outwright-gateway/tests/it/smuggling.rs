//! T-12: bytes that two readers understand differently, in both directions.
//!
//! The cases follow the numbered findings of the HTTP Garden (`TROPHIES.md`, January 2025: 48 of servers, 24 of
//! forwarders); each is written anew against outwright's own paths. Left out are its five crashes of C programs
//! (any request at all crashes them) and two of translation from HTTP/2.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::peer::{Peer, Says};
use crate::stage::{LONG, Stage};

/// What becomes of the bytes of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// One 400, nothing sent, the connection ends.
    Refused,
    /// One request went out as it should; then a refusal, and the connection ends.
    OneThenRefused,
    /// So many requests went out, each what its sender meant.
    Fine(usize),
}
use Verdict::{Fine, OneThenRefused, Refused};

/// `{get}` and `{post}` are a request line with its Host; `{evil}` is a request that must never arrive.
const CALLERS: [(&str, &[u8], Verdict); 79] = [
    ("server 1: underscore in a size", b"{post}Transfer-Encoding: chunked\r\n\r\n0_2e\r\n\r\n{evil}", Refused),
    ("server 1: sign in a size", b"{post}Transfer-Encoding: chunked\r\n\r\n+1\r\nZ\r\n0\r\n\r\n", Refused),
    ("server 2: NUL in a value", b"{get}A: v\x00w\r\n\r\n", Refused),
    ("server 2: CR in a value", b"{get}A: v\rw\r\n\r\n", Refused),
    ("server 2: LF in a value", b"{get}A: v\nw\r\n\r\n", Refused),
    ("server 3: space before the colon", b"{post}Content-Length : 34\r\n\r\n{evil}", Refused),
    ("server 4: tab before the first name", b"GET /demo/v1/charges HTTP/1.1\r\n\tContent-Length: 1\r\n{host}\r\n\r\nX", Refused),
    ("server 5: a version of four digits", b"GET /demo/v1/charges HTTP/1.32\r\n{host}\r\n\r\n", Refused),
    ("server 6: a method with separators", b"G=\":<>(e),[T];?\" /demo/v1/charges HTTP/1.1\r\n{host}\r\n\r\n", Refused),
    ("server 7: a target without a slash", b"GET ! HTTP/1.1\r\n{host}\r\n\r\n", Refused),
    ("server 8: a name beyond ASCII", b"{get}\xeffoo: bar\r\n\r\n", Refused),
    ("server 9: LF in the request line", b"GET /demo/v1/charges\nHTTP/1.1\r\n{host}\r\n\r\n", Refused),
    ("server 10: sign and underscore in a length", b"{post}Content-Length: +1_0\r\n\r\n0123456789", Refused),
    ("server 11: chunked twice", b"{post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n", Refused),
    ("server 12: a coding in high spaces", b"{post}Transfer-Encoding: \xa0chunked\xa0\r\n\r\n0\r\n\r\n", Refused),
    ("server 13: CR as the end of a line", b"{get}Visible: :/\rSmuggled: :)\r\n\r\n", Refused),
    ("server 14: controls in a name", b"{get}\x01\x02\x0b: a\r\n\r\n", Refused),
    ("server 14: separators in a name", b"{get}a(b)[c]: a\r\n\r\n", Refused),
    ("server 15: a version with CR", b"GET /demo/v1/charges HTTP/\r\r1.1\r\n{host}\r\n\r\n", Refused),
    ("server 16: an empty length", b"{post}Content-Length: \r\n\r\n", Refused),
    ("server 17: an empty size", b"{post}Transfer-Encoding: chunked\r\n\r\n\r\n\r\n", Refused),
    ("server 18: an empty name", b"{get}: ignored\r\n\r\n", Refused),
    ("server 19: LF before a value", b"{get}Useless:\n\n{evil}", Refused),
    ("server 20: a name that ends in a high space", b"{post}Content-Length\x85: 10\r\n\r\n0123456789", Refused),
    ("server 21: an empty coding, and a length", b"{post}Transfer-Encoding: ,chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", Refused),
    ("server 22: a size with a tail", b"{post}Transfer-Encoding: chunked\r\n\r\n1these-bytes\r\nZ\r\n0\r\n\r\n", Refused),
    ("server 23: two lengths, the first", b"{post}Content-Length: 1\r\nContent-Length: 0\r\n\r\nZ", Refused),
    ("server 24: a version that overflows", b"GET /demo/v1/charges HTTP/4294967295.255\r\n{host}\r\n\r\n", Refused),
    ("server 25: a size with a prefix", b"{post}Transfer-Encoding: chunked\r\n\r\n0x1\r\nZ\r\n0\r\n\r\n", Refused),
    ("server 26: a negative length", b"{post}Content-Length: -48\r\n\r\n", Refused),
    ("server 27: neither name nor value", b"{get}:\r\nI: am chopped off\r\n\r\n", Refused),
    ("server 28: no colon", b"{post}Content-Length 10\r\n\r\n0123456789", Refused),
    ("server 29: a length with a tail", b"{post}Content-Length: 1Z\r\n\r\nZ", Refused),
    ("server 30: CR and any byte as the end of a head", b"{get}\rZ{evil}", Refused),
    ("server 31: CR in the line of a size", b"{post}Transfer-Encoding: chunked\r\n\r\n5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n", Refused),
    ("server 32: a length that looks octal", b"{post}Content-Length: 010\r\n\r\n0123456789", Fine(1)),
    ("server 32: a length that looks hexadecimal", b"{post}Content-Length: 0x8\r\n\r\n01234567", Refused),
    ("server 33: two lengths, the last", b"{post}Content-Length: 0\r\nContent-Length: 1\r\n\r\nZ", Refused),
    ("server 34: CR in a value", b"{get}Header: va\rlue\r\n\r\n", Refused),
    ("server 35: NUL hides the rest", b"{get}Test: test\x00dropped\r\n\r\n", Refused),
    ("server 36: CR in an extension", b"{post}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\rX\r\n0\r\n\r\n", Refused),
    ("server 37: a name over two lines", b"{post}Transfer-\r\nEncoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", Refused),
    ("server 38: an empty length, then a request", b"{post}Content-Length: \r\n\r\n{evil}", Refused),
    ("server 39: any two bytes after a chunk", b"{post}Transfer-Encoding: chunked\r\n\r\n1\r\nZXX0\r\n\r\n", Refused),
    ("server 40: neither method nor version", b"\x00 / HTTP/............0596.7407.\r\n\r\n", Refused),
    ("server 41: high bytes around a value", b"{get}User: \x85admin\xa0\r\n\r\n", Fine(1)),
    ("server 42: an empty length before another", b"{post}Content-Length: \r\nContent-Length: 43\r\n\r\n{evil}", Refused),
    ("server 43: NUL at the end of a value", b"{get}Evil: evil\x00\r\n\r\n", Refused),
    ("server 44: an unknown coding", b"{post}Transfer-Encoding: blegh\r\n\r\n1\r\nZ\r\n0\r\n\r\n", Refused),
    ("server 45: nonsense behind a whole request", b"{get}\r\nInvalid\r\n\r\n", OneThenRefused),
    ("server 46: high bytes around a coding", b"{post}Transfer-Encoding: \xffchunked\xff\r\n\r\n1\r\nZ\r\n0\r\n\r\n", Refused),
    ("server 47: a request behind a bad chunk", b"{post}Transfer-Encoding: chunked\r\n\r\nINVALID!!!\r\n{evil}", Refused),
    ("server 48: no body, and a second request", b"{post}Content-Length: 0\r\n\r\n{get}\r\n", Fine(2)),
    ("forwarder 1: a hexadecimal length", b"{post}Content-Length: 0x10\r\n\r\nZ", Refused),
    ("forwarder 2: sizes without digits", b"{post}Transfer-Encoding: chunked\r\n\r\nZ\r\nZZ\r\nZZZ\r\n\r\n", Refused),
    ("forwarder 3: CR before an extension", b"{post}Transfer-Encoding: chunked\r\n\r\n2\r\r;a\r\n02\r\n0\r\n\r\n{evil}", Refused),
    ("forwarder 4: half a line end", b"{post}Transfer-Encoding: chunked\r\n\r\n1\r0\n", Refused),
    ("forwarder 5: an empty length", b"{get}content-length: \r\n\r\n", Refused),
    ("forwarder 6: a high byte in a name", b"{get}Header\x85: value\r\n\r\n", Refused),
    ("forwarder 7: a size with a tail", b"{post}Transfer-Encoding: chunked\r\n\r\n1never-validated\r\nZ\r\n0\r\n\r\n", Refused),
    ("forwarder 9: an empty coding", b"{post}Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", Refused),
    ("forwarder 10: CR in a value", b"{get}Header: this\rvalue\ris\rinvalid\r\n\r\n", Refused),
    ("forwarder 11: an empty length first", b"{post}content-length: \r\ncontent-length: 59\r\n\r\n{evil}", Refused),
    ("forwarder 12: NUL in Host", b"GET /demo/v1/charges HTTP/1.1\r\n{host}\x00.example\r\n\r\n", Refused),
    ("forwarder 13: LF after a chunk", b"{post}Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\n0\r\n\r\n", Refused),
    ("forwarder 14: a line without a colon", b"{get}Te\nst: test\r\n\r\n", Refused),
    ("forwarder 15: a length and an odd coding", b"{get}Transfer-Encoding: ,chunked\r\nContent-Length: 5\r\n\r\n0r\n\r\n", Refused),
    ("forwarder 16: LF everywhere", b"GET /demo/v1/charges HTTP/1.1\n{host}\n\n", Refused),
    ("forwarder 17: an empty line before the last chunk", b"{post}Transfer-Encoding: chunked\r\n\r\n1\r\nZ\r\n\r\n0\r\n\r\n", Refused),
    ("forwarder 18: an odd coding and a length", b"{post}Transfer-Encoding: ,chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", Refused),
    ("forwarder 19: a signed size", b"{post}Transfer-Encoding: chunked\r\n\r\n-0x0\r\n\r\n", Refused),
    ("forwarder 20: NUL in a name", b"{get}a:b\r\nc\x00\r\n\r\n", Refused),
    ("forwarder 21: a GET with a body", b"{get}Content-Length: 10\r\n\r\n1234567890", Fine(1)),
    ("forwarder 22: two lengths", b"{post}Content-Length: 0\r\nContent-Length: 31\r\n\r\n{evil}", Refused),
    ("forwarder 23: a length and a coding", b"{post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Refused),
    ("forwarder 24: spaces before a size", b"{post}Transfer-Encoding: chunked\r\n\r\n      0\r\n\r\n", Refused),
    ("forwarder 25: chunked twice", b"{post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Refused),
    ("ours: a folded line", b"{get}A: b\r\n c\r\n\r\n", Refused),
    ("ours: two hosts", b"{get}Host: other\r\n\r\n", Refused),
];

///
#[test]
fn no_request_of_a_caller_can_be_read_in_two_ways() {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::before(&peer, |contract| contract);
    let host = format!("Host: {}", stage.data());
    let get = format!("GET /demo/v1/charges HTTP/1.1\r\n{host}\r\n");
    let post = format!("POST /demo/v1/orders HTTP/1.1\r\n{host}\r\n");
    let evil = format!("GET /demo/v1/charges/evil HTTP/1.1\r\n{host}\r\n\r\n");
    for (name, bytes, verdict) in CALLERS {
        let before = peer.seen().len();
        let mut bytes = bytes.to_vec();
        for (mark, text) in
            [("{get}", &get), ("{post}", &post), ("{evil}", &evil), ("{host}", &host)]
        {
            bytes = replaced(&bytes, mark.as_bytes(), text.as_bytes());
        }
        let wanted: &[&str] = match verdict {
            Refused => &["400"],
            OneThenRefused => &["200", "400"],
            Fine(1) => &["200"],
            Fine(_) => &["200", "200"],
        };
        let text = answers(&stage, &bytes, (wanted.len(), verdict));
        let statuses: Vec<_> =
            text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect();
        assert_eq!(statuses, wanted, "{name}: {text}");
        let seen = peer.seen();
        let arrived: Vec<_> = seen[before..].iter().map(|seen| seen.line()).collect();
        let count = wanted.iter().filter(|status| **status == "200").count();
        assert_eq!(arrived.len(), count, "{name}: {arrived:?}");
        assert!(!arrived.iter().any(|line| line.contains("evil")), "{name}: {arrived:?}");
    }
    let last = |name: &str| {
        let index = CALLERS.iter().filter(|(_, _, verdict)| *verdict != Refused);
        let seen = peer.seen();
        let mut at = 0;
        for (known, _, verdict) in index {
            if *known == name {
                return seen[at].clone();
            }
            at += if let Fine(count) = verdict { *count } else { 1 };
        }
        panic!("{name} is not in the table")
    };
    let octal = last("server 32: a length that looks octal");
    assert_eq!(
        (octal.all("content-length"), octal.body.as_slice()),
        (vec!["10"], &b"0123456789"[..])
    );
    let body = last("forwarder 21: a GET with a body");
    assert_eq!(
        (body.all("content-length"), body.body.as_slice()),
        (vec!["10"], &b"1234567890"[..])
    );
    assert!(last("server 41: high bytes around a value").head.contains("\u{fffd}admin\u{fffd}"));
}

/// What comes back: to the end of the connection, or so many answers where that stays.
fn answers(stage: &Stage, bytes: &[u8], (count, verdict): (usize, Verdict)) -> String {
    let mut socket = TcpStream::connect(stage.data()).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    socket.write_all(bytes).unwrap();
    let mut text = String::new();
    let mut part = [0; 4_096];
    loop {
        match socket.read(&mut part) {
            Ok(0) => break,
            Ok(read) => text.push_str(&String::from_utf8_lossy(&part[..read])),
            // A reset after the answer loses nothing that the test looks at.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("the connection neither answers nor ends: {error}: {text}"),
        }
        if matches!(verdict, Fine(_)) && text.matches("fine").count() == count {
            break;
        }
    }
    text
}

fn replaced(bytes: &[u8], mark: &[u8], text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(text);
        rest = &rest[at + mark.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// What becomes of the bytes of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    /// 502, nothing of it is shown.
    Malformed,
    /// This body arrives; the connection carries the next call.
    Kept(&'static str),
    /// This body arrives; the connection carries nothing more.
    Closed(&'static str),
    /// The stream is cut, before the head was written or behind it: no clean end.
    Cut,
}
use Reply::{Closed, Cut, Kept, Malformed};

const PROVIDERS: [(&str, &[u8], Reply); 48] = [
    ("a length", b"Content-Length: 4\r\n\r\nfine", Kept("fine")),
    ("chunks", b"Transfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2;x=\"y\"\r\nne\r\n0\r\n\r\n", Kept("fine")),
    ("chunks with a trailer", b"Transfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\nX: y\r\n\r\n", Kept("fine")),
    ("a coding in capitals", b"Transfer-Encoding: Chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n", Kept("fine")),
    ("two equal lengths", b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nfine", Closed("fine")),
    ("two lengths", b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nfine", Malformed),
    ("a list of lengths", b"Content-Length: 4, 5\r\n\r\nfine", Malformed),
    ("a length and chunks", b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n", Closed("fine")),
    ("chunks and a length", b"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n4\r\nfine\r\n0\r\n\r\n", Closed("fine")),
    ("a signed length", b"Content-Length: +4\r\n\r\nfine", Malformed),
    ("a negative length", b"Content-Length: -4\r\n\r\nfine", Malformed),
    ("a hexadecimal length", b"Content-Length: 0x4\r\n\r\nfine", Malformed),
    ("an underscore in a length", b"Content-Length: 0_4\r\n\r\nfine", Malformed),
    ("an empty length", b"Content-Length:\r\n\r\nfine", Malformed),
    ("a length with a tail", b"Content-Length: 4Z\r\n\r\nfine", Malformed),
    ("a length beyond 64 bits", b"Content-Length: 18446744073709551620\r\n\r\nfine", Malformed),
    ("an unknown coding", b"Transfer-Encoding: blegh\r\n\r\n4\r\nfine\r\n0\r\n\r\n", Malformed),
    ("chunked and then identity", b"Transfer-Encoding: chunked, identity\r\n\r\n4\r\nfine\r\n0\r\n\r\n", Malformed),
    ("chunked twice", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n", Malformed),
    ("chunked twice in a list", b"Transfer-Encoding: chunked, chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n", Malformed),
    ("an empty coding", b"Transfer-Encoding: ,chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n", Malformed),
    ("high spaces around a coding", b"Transfer-Encoding: \xa0chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n", Malformed),
    ("a size with a prefix", b"Transfer-Encoding: chunked\r\n\r\n0x4\r\nfine\r\n0\r\n\r\n", Cut),
    ("a signed size", b"Transfer-Encoding: chunked\r\n\r\n-4\r\nfine\r\n0\r\n\r\n", Cut),
    ("an underscore in a size", b"Transfer-Encoding: chunked\r\n\r\n0_4\r\nfine\r\n0\r\n\r\n", Cut),
    ("an empty size", b"Transfer-Encoding: chunked\r\n\r\n\r\nfine\r\n0\r\n\r\n", Cut),
    ("a size beyond 64 bits", b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nfine\r\n0\r\n\r\n", Cut),
    ("a size with a tail", b"Transfer-Encoding: chunked\r\n\r\n4tail\r\nfine\r\n0\r\n\r\n", Cut),
    ("LF after a size", b"Transfer-Encoding: chunked\r\n\r\n4\nfine\r\n0\r\n\r\n", Cut),
    ("LF after a chunk", b"Transfer-Encoding: chunked\r\n\r\n4\r\nfine\n0\r\n\r\n", Cut),
    ("any two bytes after a chunk", b"Transfer-Encoding: chunked\r\n\r\n4\r\nfineXX0\r\n\r\n", Cut),
    ("CR and any byte after a size", b"Transfer-Encoding: chunked\r\n\r\n4\rXfine\r\n0\r\n\r\n", Cut),
    ("LF in an extension", b"Transfer-Encoding: chunked\r\n\r\n4;a\nb\r\nfine\r\n0\r\n\r\n", Cut),
    ("no last chunk", b"Transfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n", Cut),
    ("a last chunk without its end", b"Transfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n", Cut),
    ("fewer bytes than the length says", b"Content-Length: 9\r\n\r\nfine", Cut),
    ("more bytes than the length says", b"Content-Length: 4\r\n\r\nfineHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", Closed("fine")),
    ("a second reply behind chunks", b"Transfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", Closed("fine")),
    ("a folded line", b"A: b\r\n c\r\nContent-Length: 4\r\n\r\nfine", Malformed),
    ("space before the colon", b"Content-Length : 4\r\n\r\nfine", Malformed),
    ("space before the first name", b" A: b\r\nContent-Length: 4\r\n\r\nfine", Malformed),
    ("no colon", b"A\r\nContent-Length: 4\r\n\r\nfine", Malformed),
    ("an empty name", b": b\r\nContent-Length: 4\r\n\r\nfine", Malformed),
    ("NUL in a value", b"A: b\x00c\r\nContent-Length: 4\r\n\r\nfine", Malformed),
    ("CR in a value", b"A: b\rc\r\nContent-Length: 4\r\n\r\nfine", Malformed),
    ("a control in a value", b"A: b\x07c\r\nContent-Length: 4\r\n\r\nfine", Malformed),
    ("a high byte in a name", b"A\x85: b\r\nContent-Length: 4\r\n\r\nfine", Malformed),
    ("LF as the end of lines", b"A: b\nContent-Length: 4\n\nfine", Kept("fine")),
];

///
#[test]
fn no_reply_of_a_provider_can_be_read_in_two_ways() {
    for (name, bytes, wanted) in PROVIDERS {
        let mut reply = b"HTTP/1.1 200 OK\r\n".to_vec();
        reply.extend_from_slice(bytes);
        let ends = matches!(wanted, Cut) || bytes.windows(3).any(|window| window == b"beyond");
        let first = Says::raw(reply);
        let peer =
            Peer::start(vec![if ends { first.closing() } else { first }, Says::ok("", "next")]);
        let stage = Stage::before(&peer, |contract| {
            contract.replace("retry: { attempts: 3", "retry: { attempts: 1")
        });
        let request = format!(
            "GET /demo/v1/charges HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            stage.data()
        );
        let text = crate::stage::raw(stage.data(), request.as_bytes());
        match wanted {
            Malformed => {
                assert!(text.starts_with("HTTP/1.1 502 "), "{name}: {text}");
                assert!(
                    text.contains("urn:outwright:problem:provider-malformed"),
                    "{name}: {text}"
                );
                assert!(!text.contains("fine"), "{name}: {text}");
            }
            Kept(body) | Closed(body) => {
                let whole = text.ends_with(&format!("\r\n\r\n{body}"))
                    || text.ends_with(&format!("\r\n\r\n4\r\n{body}\r\n0\r\n\r\n"))
                    || text.ends_with("\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n");
                assert!(text.starts_with("HTTP/1.1 200 ") && whole, "{name}: {text}");
            }
            Cut => {
                let clean = text.ends_with("0\r\n\r\n") || text.contains("content-length: 4\r\n");
                let begun = text.is_empty() || text.starts_with("HTTP/1.1 200 ");
                assert!(begun && !clean, "{name}: {text}");
            }
        }
        assert!(!text.contains("evil"), "{name}: {text}");
        let answer = stage.ask("GET /demo/v1/charges", &[], "");
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, "next"),
            "after {name}: {answer:?}"
        );
        let connection = peer.seen().last().unwrap().connection;
        let same = matches!(wanted, Kept(_));
        assert_eq!(connection, if same { 1 } else { 2 }, "after {name}");
    }
}
