//! HTTP/2 from callers: clients that we did not write (`nghttp`, `h2load`), and frames that we write ourselves.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use outwright_gateway::demo::Settings;

use crate::peer::{Peer, Says};
use crate::stage::{LONG, Stage};

mod cases;
mod foreign;
mod windows;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The output of a foreign client; none where it is not installed.
pub(crate) fn client(program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        eprintln!("SKIPPED {program}: it is not installed; `cargo xtask test` installs it");
        assert!(std::env::var_os("CI").is_none(), "{program} may not be skipped in CI");
        return None;
    };
    let text = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn nghttp_gets_its_answer_with_our_fields() {
    let stage = Stage::new(Settings::default());
    let url = format!("http://{}/demo/v1/charges?limit=3", stage.data());
    let Some(text) = client("nghttp", &["-v", "--no-dep", &url]) else { return };
    for line in [":status: 200", "outwright-origin: provider", "via: 1.1 outwright", "date: "] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let seen = &stage.demo.wire_log()[0];
    assert_eq!(seen.head.as_ref().unwrap().target, "/v1/charges?limit=3");
    assert_eq!(seen.header("via"), Some("2 outwright"));
    let Some(text) = client("nghttp", &["-v", "--no-dep", &url.replace("/demo/", "/other/")])
    else {
        return;
    };
    assert!(text.contains(":status: 404"), "{text}");
    assert!(text.contains("urn:outwright:problem:provider-unknown"), "{text}");
}

#[test]
fn h2load_makes_many_calls_on_a_few_connections() {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage =
        Stage::before(&peer, |contract| contract.replace("requests: 500", "requests: 100000"));
    let url = format!("http://{}/demo/v1/charges", stage.data());
    let Some(text) = client("h2load", &["-n", "2000", "-c", "2", "-m", "10", &url]) else { return };
    assert!(text.contains("2000 succeeded, 0 failed, 0 errored"), "{text}");
    stage.until(r#"outwright_calls_in_flight{provider="demo"}"#, "0");
}

/// A caller that knows frames only.
struct Caller {
    socket: TcpStream,
}

/// A frame that came.
#[derive(Debug)]
struct Came {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Caller {
    /// A connection with its preface and settings.
    fn greet(to: SocketAddr) -> Self {
        let mut caller = Self::connect(to);
        caller.send(PREFACE);
        caller.frame(SETTINGS, 0, 0, b"");
        caller
    }

    fn connect(to: SocketAddr) -> Self {
        let socket = TcpStream::connect(to).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        Self { socket }
    }

    fn send(&mut self, bytes: &[u8]) {
        // A gateway that has closed already is what some cases are about.
        let _gone = self.socket.write_all(bytes);
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut all = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        all.extend_from_slice(&[kind, flags]);
        all.extend_from_slice(&stream.to_be_bytes());
        all.extend_from_slice(payload);
        self.send(&all);
    }

    fn read(&mut self) -> Option<Came> {
        let mut head = [0; 9];
        self.socket.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.socket.read_exact(&mut payload).ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
        Some(Came { kind: head[3], flags: head[4], stream, payload })
    }

    /// The frames of a stream, up to its end; of several kinds on stream 0 nothing is kept.
    fn answer(&mut self, stream: u32) -> Vec<Came> {
        let mut all = Vec::new();
        while let Some(came) = self.read() {
            if came.stream != stream {
                continue;
            }
            let over = came.kind == RST_STREAM
                || (matches!(came.kind, DATA | HEADERS) && came.flags & END_STREAM != 0);
            all.push(came);
            if over {
                break;
            }
        }
        all
    }
}

/// A field as a literal that is not indexed.
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        assert!(text.len() < 127, "longer texts have another form");
        bytes.push(u8::try_from(text.len()).unwrap());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// The head of a request.
fn head(method: &str, path: &str, authority: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in
        [(":method", method), (":scheme", "http"), (":path", path), (":authority", authority)]
    {
        if !value.is_empty() {
            block.extend(field(name, value));
        }
    }
    block.extend(more.iter().flat_map(|(name, value)| field(name, value)));
    block
}

/// The problem of an answer that is a document of ours.
fn problem(frames: &[Came]) -> String {
    let data: Vec<u8> = frames
        .iter()
        .filter(|came| came.kind == DATA)
        .flat_map(|came| came.payload.clone())
        .collect();
    let document: serde_json::Value = serde_json::from_slice(&data).unwrap_or_default();
    let kind = document["type"].as_str().unwrap_or_default();
    kind.trim_start_matches("urn:outwright:problem:").to_owned()
}

/// R-038, R-060, R-065, R-574: what would be read differently in HTTP/1.1 is refused, and the connection goes on.
#[test]
fn a_request_that_another_protocol_would_read_differently_is_refused() {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::before(&peer, |contract| contract);
    let host = stage.data().to_string();
    let path = "/demo/v1/charges";
    let many: Vec<_> = (0..101).map(|_| ("x", "y")).collect();
    let mut caller = Caller::greet(stage.data());
    let mut stream = 1;
    for (block, wanted) in [
        (head("GET", path, &host, &[("test1", "\ta\t")]), "bad-request"),
        (head("GET", path, &host, &[("test1", "a ")]), "bad-request"),
        (head("GET", path, &host, &[("host", "other")]), "bad-request"),
        (head("GET", path, &host, &[("host", &host), ("host", &host)]), "bad-request"),
        (head("GET", path, "", &[]), "bad-request"),
        (head("OPTIONS", "*", &host, &[]), "bad-request"),
        (head("GET", path, &host, &many), "head-too-large"),
        (head("GET", path, "evil.example", &[]), "host-foreign"),
        (head("GET", path, &host, &[("origin", "http://localhost")]), "browser-refused"),
        (head("GET", "/demo/v1/../x", &host, &[]), "path-ambiguous"),
    ] {
        caller.frame(HEADERS, END_HEADERS | END_STREAM, stream, &block);
        let frames = caller.answer(stream);
        assert_eq!(problem(&frames), wanted, "{:?}: {frames:?}", String::from_utf8_lossy(&block));
        stream += 2;
    }
    assert!(peer.seen().is_empty());
    caller.frame(HEADERS, END_HEADERS | END_STREAM, stream, &head("GET", path, &host, &[]));
    let frames = caller.answer(stream);
    assert!(frames.iter().any(|came| came.payload == b"fine"), "{frames:?}");
}

/// Nothing of a request's frames is left in what the provider gets: one length, the body, no cookie.
#[test]
fn a_body_goes_on_in_the_framing_of_the_provider() {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::before(&peer, |contract| {
        contract.replace("\negress:", "\nfields: { pass: [cookie] }\negress:")
    });
    let host = stage.data().to_string();
    let mut caller = Caller::greet(stage.data());
    let fields = [("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")];
    caller.frame(HEADERS, END_HEADERS, 1, &head("POST", "/demo/v1/orders", &host, &fields));
    caller.frame(DATA, 0, 1, b"ab");
    caller.frame(DATA, END_STREAM, 1, b"c");
    let frames = caller.answer(1);
    assert!(frames.iter().any(|came| came.payload == b"fine"), "{frames:?}");
    let seen = peer.only();
    assert_eq!((seen.all("content-length"), seen.body.as_slice()), (vec!["3"], &b"abc"[..]));
    assert_eq!(seen.all("cookie"), ["a=1; b=2"], "RFC 9113 section 8.2.3");
    assert_eq!(seen.all("te"), ["trailers"], "R-049: it was asked");
}

/// R-050: trailers arrive, but nothing in them that would be read as a part of the head; those of a caller stay behind.
#[test]
fn trailers_are_no_second_head() {
    let reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\
                 X-Checksum: 1\r\nAuthorization: Bearer x\r\nContent-Length: 9\r\n\
                 RateLimit: \"a\";r=1\r\nSet-Cookie: a=1\r\nOutwright-Origin: ours\r\n\r\n";
    let peer = Peer::start(vec![Says::raw(reply)]);
    let stage = Stage::before(&peer, |contract| contract.replace("request: 1KiB", "request: 1MiB"));
    let host = stage.data().to_string();
    let mut caller = Caller::greet(stage.data());
    caller.frame(HEADERS, END_HEADERS, 1, &head("POST", "/demo/v1/orders", &host, &[]));
    caller.frame(DATA, 0, 1, &[b'x'; 4_000]);
    let trailers = field("authorization", "Bearer y");
    caller.frame(HEADERS, END_HEADERS | END_STREAM, 1, &trailers);
    let frames = caller.answer(1);
    assert!(frames.iter().any(|came| came.payload == b"fine"), "{frames:?}");
    let seen = peer.only();
    let sent = String::from_utf8_lossy(&seen.body).to_ascii_lowercase();
    assert!(!sent.contains("bearer y") && !seen.head.contains("bearer y"), "{sent}");
    let url = format!("http://{host}/demo/v1/charges");
    let Some(text) = client("nghttp", &["-v", "--no-dep", &url]) else { return };
    assert!(text.contains("x-checksum: 1"), "{text}");
    for gone in ["bearer x", "content-length: 9", "ratelimit", "set-cookie", "origin: ours"] {
        assert!(!text.to_ascii_lowercase().contains(gone), "{gone}: {text}");
    }
}

/// A caller that resets its stream gives its slot back, and the next stream is served.
#[test]
fn a_reset_is_a_caller_that_goes() {
    let stage = Stage::new(Settings::default());
    stage.demo.fault(outwright_gateway::demo::Injection::once(
        outwright_gateway::demo::Fault::Slow { by: Duration::from_secs(5) },
    ));
    let host = stage.data().to_string();
    let mut caller = Caller::greet(stage.data());
    let get = head("GET", "/demo/v1/charges", &host, &[]);
    caller.frame(HEADERS, END_HEADERS | END_STREAM, 1, &get);
    stage.until_arrived(1);
    caller.frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes());
    stage.until(r#"outwright_calls_in_flight{provider="demo"}"#, "0");
    caller.frame(HEADERS, END_HEADERS | END_STREAM, 3, &get);
    let frames = caller.answer(3);
    assert!(frames.iter().any(|came| came.kind == DATA), "{frames:?}");
}

/// R-574: streams that are opened and reset at once do not pile up.
#[test]
fn a_rapid_reset_ends_the_connection() {
    let stage = Stage::new(Settings::default());
    let host = stage.data().to_string();
    let mut caller = Caller::greet(stage.data());
    let get = head("GET", "/demo/v1/charges", &host, &[]);
    for stream in (1..20_000).step_by(2) {
        caller.frame(HEADERS, END_HEADERS | END_STREAM, stream, &get);
        caller.frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
    }
    let mut ended = None;
    while let Some(came) = caller.read() {
        if came.kind == GOAWAY {
            ended = Some(came.payload[4..8].to_vec());
        }
    }
    assert!(ended.is_none_or(|code| code == 11_u32.to_be_bytes()), "ENHANCE_YOUR_CALM");
    stage.until(r#"outwright_calls_in_flight{provider="demo"}"#, "0");
    assert_eq!(stage.ask("GET /demo/v1/charges", &[], "").status, 200, "others are served");
}
