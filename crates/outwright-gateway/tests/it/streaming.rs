//! Bodies that stream, in both directions: part by part, with trailers, with an answer before the end.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::stage::{LONG, Stage};
use crate::peer::{Peer, Says};

/// A gateway in front of a provider that the test itself is.
fn stage() -> (TcpListener, Stage) {
    let provider = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = Peer::start(vec![Says::ok("", "not asked")]);
    let (there, here) = (peer.port(), provider.local_addr().unwrap().port());
    let stage = Stage::before(&peer, |contract| {
        let large = contract.replace("request: 1KiB, replay: 1KiB", "request: 64MiB, replay: 1KiB");
        let calm = large.replace("first_byte: 1s, idle: 1s, attempt: 2s, total: 10s", CALM);
        calm.replace(&format!("127.0.0.1:{there}"), &format!("127.0.0.1:{here}"))
    });
    (provider, stage)
}

/// Times in which nothing on loopback is late.
const CALM: &str = "first_byte: 10s, idle: 10s, attempt: 15s, total: 50s";

/// One end of a conversation of bytes.
struct End(TcpStream);

impl End {
    fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        Self(stream)
    }

    fn says(&mut self, text: impl AsRef<[u8]>) {
        self.0.write_all(text.as_ref()).unwrap();
    }

    /// What comes until this does.
    fn until(&mut self, mark: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(mark.as_bytes()) {
            let mut byte = [0];
            let bytes = self.0.read(&mut byte).unwrap();
            assert_eq!(bytes, 1, "{mark:?} does not come: {}", String::from_utf8_lossy(&text));
            text.push(byte[0]);
        }
        String::from_utf8(text).unwrap()
    }

    fn rest(&mut self) -> String {
        let mut text = Vec::new();
        // A reset after the answer loses nothing that a test looks at.
        let _ended = self.0.read_to_end(&mut text);
        String::from_utf8(text).unwrap()
    }
}

fn caller(stage: &Stage, line: &str, fields: &str) -> End {
    let mut caller = End::of(TcpStream::connect(stage.data()).unwrap());
    caller.says(format!("{line} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", stage.data()));
    caller
}

fn arrives(provider: &TcpListener) -> (End, String) {
    let mut provider = End::of(provider.accept().unwrap().0);
    let head = provider.until("\r\n\r\n");
    (provider, head)
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// `product.md` 4: server-sent events pass untouched and are not delayed: each is there before the next is sent.
#[test]
fn an_event_passes_before_the_next_one_is_sent() {
    let (provider, stage) = stage();
    let mut caller = caller(&stage, "GET /demo/v1/charges", "Accept: text/event-stream\r\n");
    let (mut provider, _) = arrives(&provider);
    provider.says(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    assert!(caller.until("\r\n\r\n").contains("content-type: text/event-stream"));
    for number in 0..20 {
        let event = format!("id: {number}\ndata: {{\"n\": {number}}}\n\n");
        provider.says(chunk(&event));
        assert_eq!(caller.until(&chunk(&event)), chunk(&event));
    }
    provider.says("0\r\n\r\n");
    assert_eq!(caller.until("0\r\n\r\n"), "0\r\n\r\n");
}

/// A part of a body is at the provider before the caller has the next one, and so is the answer on its way back.
#[test]
fn both_bodies_stream_at_once() {
    let (provider, stage) = stage();
    let fields = "Transfer-Encoding: chunked\r\nIdempotency-Key: k\r\n";
    let mut caller = caller(&stage, "POST /demo/v1/charges", fields);
    // Past what is kept for a repeat, it streams.
    caller.says(chunk(&"x".repeat(2_000)));
    let (mut provider, _) = arrives(&provider);
    provider.until(&"x".repeat(2_000));
    provider.until("\r\n");
    provider.says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    caller.until("\r\n\r\n");
    for number in 0..10 {
        let part = chunk(&format!("part {number}"));
        caller.says(&part);
        assert_eq!(provider.until(&part), part, "{number}");
        provider.says(&part);
        assert_eq!(caller.until(&part), part, "{number}");
    }
    caller.says("0\r\n\r\n");
    provider.until("0\r\n\r\n");
    provider.says("0\r\n\r\n");
    caller.until("0\r\n\r\n");
}

/// Writes parts of a body until nobody takes any more, or so many are written.
fn pour(caller: &mut TcpStream, parts: usize) -> usize {
    let part = chunk(&"x".repeat(16 * 1024));
    caller.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    (0..parts).take_while(|_| caller.write_all(part.as_bytes()).is_ok()).count()
}

/// R-047: a provider that has heard enough is not sent the rest, and its answer is the answer.
#[test]
fn an_answer_before_the_end_of_a_large_body_is_the_answer() {
    for close in ["", "Connection: close\r\n"] {
        let (provider, stage) = stage();
        let fields = "Transfer-Encoding: chunked\r\nIdempotency-Key: k\r\n";
        let mut caller = caller(&stage, "POST /demo/v1/charges", fields);
        let mut writer = caller.0.try_clone().unwrap();
        let writer = std::thread::spawn(move || pour(&mut writer, 4_000));
        let (mut provider, _) = arrives(&provider);
        // It takes no more than its sockets hold.
        let answer =
            format!("HTTP/1.1 413 Content Too Large\r\n{close}Content-Length: 9\r\n\r\ntoo large");
        provider.says(answer);
        let head = caller.until("\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 413"), "{head}");
        assert_eq!(caller.until("too large"), "too large");
        let written = writer.join().unwrap();
        assert!(written < 4_000, "all of it was taken");
        drop(caller);
        // The connection on which half a request was sent carries no other.
        stage.until(r#"outwright_calls_in_flight{provider="demo"}"#, "0");
        let mut sink = vec![0; 64 * 1024];
        let ended = loop {
            match provider.0.read(&mut sink) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) => break error.kind() == ErrorKind::ConnectionReset,
            }
        };
        assert!(ended, "its connection is over");
        let mut stage = stage;
        let line = stage.log().pop().unwrap();
        assert_eq!(
            (line["http.response.status_code"].as_u64(), line["outcome"].as_str()),
            (Some(413), Some("client_error")),
            "{line}"
        );
    }
}

/// R-049: who asks for trailers gets them, over HTTP/1.1 as well, and the provider knows that somebody does.
#[test]
fn trailers_pass_to_a_caller_that_asks_for_them() {
    let (provider, stage) = stage();
    let fields = "TE: deflate;q=0.5, trailers\r\nConnection: TE, close\r\n";
    let mut caller = caller(&stage, "GET /demo/v1/charges", fields);
    let (mut provider, head) = arrives(&provider);
    let head = head.to_ascii_lowercase();
    assert!(head.contains("\r\nte: trailers\r\n"), "{head}");
    assert!(head.contains("\r\nconnection: te\r\n"), "{head}");
    provider.says("HTTP/1.1 200 OK\r\nTrailer: X-Sum, RateLimit, Authorization\r\nTransfer-Encoding: chunked\r\n\r\n");
    provider.says(chunk("fine"));
    provider.says(
        "0\r\nX-Sum: 4\r\nRateLimit: \"a\";r=1\r\nAuthorization: x\r\nX-Other: unannounced\r\n\r\n",
    );
    let head = caller.until("\r\n\r\n");
    assert!(head.contains("\r\ntrailer: x-sum"), "{head}");
    assert!(!head.to_ascii_lowercase().contains("authorization"), "{head}");
    let rest = caller.rest().to_ascii_lowercase();
    assert_eq!(rest, "4\r\nfine\r\n0\r\nx-sum: 4\r\n\r\n");
}

/// R-049, the other way: nobody asked, so nobody says so, and what comes all the same ends here.
#[test]
fn trailers_that_nobody_asked_for_end_here() {
    for fields in ["", "TE: gzip\r\nConnection: TE\r\n", "TE: trailersx\r\n"] {
        let (provider, stage) = stage();
        let mut caller =
            caller(&stage, "GET /demo/v1/charges", &format!("{fields}Connection: close\r\n"));
        let (mut provider, head) = arrives(&provider);
        assert!(!head.to_ascii_lowercase().contains("\r\nte:"), "{head}");
        provider.says("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n");
        provider.says(format!("{}0\r\nX-Sum: 4\r\n\r\n", chunk("fine")));
        let head = caller.until("\r\n\r\n");
        assert!(!head.contains("trailer:"), "{head}");
        assert_eq!(caller.rest(), "4\r\nfine\r\n0\r\n\r\n");
    }
}

/// What is larger than its bound streams: the bound holds while it passes, and ends it.
#[test]
fn a_body_of_unknown_size_is_cut_at_its_bound() {
    let (provider, mut stage) = stage();
    stage.reload(|contract| contract.replace("request: 64MiB", "request: 100KiB"), &[]).unwrap();
    let fields = "Transfer-Encoding: chunked\r\nIdempotency-Key: k\r\n";
    let mut caller = caller(&stage, "POST /demo/v1/charges", fields);
    let mut writer = caller.0.try_clone().unwrap();
    let writer = std::thread::spawn(move || pour(&mut writer, 10));
    let (mut provider, _) = arrives(&provider);
    let taken = provider.rest();
    assert!(taken.len() < 110 * 1024 && !taken.ends_with("0\r\n\r\n"), "{} bytes", taken.len());
    writer.join().unwrap();
    let answer = caller.until("\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5"), "{answer}");
    stage.until(r#"outwright_calls_in_flight{provider="demo"}"#, "0");
}
