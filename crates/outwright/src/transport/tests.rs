//! How much was sent, for every way in which a connection can end.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use outwright_core::outcome::{Fault, Sent};
use outwright_core::timeout::Limits;

use super::{Carrier, Cause, Failed, Limited, Origin, SendBody, Trust};
use crate::clock::Clock;
use crate::dns::Resolver;

const CONTRACT: &str = "outwright: 1
provider: peer
base_url: http://127.0.0.1:1
egress: { private: [127.0.0.0/8], plain_http: loopback }
owner: { team: a, contact: a@example.com }
tier: best_effort
reviewed: 2026-11-23
slo: { availability: 99.9%, latency: { p99: 70s }, window: 30d }
timeouts: { connect: 5s, first_byte: 10s, idle: 10s, attempt: 20s, total: 70s }
retry: { attempts: 1, backoff: { base: 10ms, cap: 20ms, jitter: full }, budget: { ratio: 20%, burst: 100 } }
breaker: { window: 10s, min_calls: 20, failure_ratio: 90%, open: { base: 1s, cap: 10s }, probes: 1 }
concurrency: { max: 20, queue: 40, queue_wait: 100ms }
alerts: { page: nobody, ticket: nobody, runbook: https://example.com/r }
checked: 2026-11-23
docs: https://example.com/demo
sla: { availability: none }
limits: { dialect: ietf }
operations:
  read:
    request: GET /
    fallback: none
lifecycle: { notice: 30d }
";

/// An origin at this address, with limits that one test waits for.
fn origin(address: SocketAddr) -> (Rc<Origin>, Limits) {
    use outwright_contract::{Date, Options, Source, load};
    let options = Options::run(Date::from_unix(1_795_400_000)).dev(true);
    let options = options.base_url("peer", format!("http://{address}"));
    let loaded = load(&[Source::new("contracts/peer.yaml", CONTRACT)], &options);
    assert_eq!(loaded.report.errors(), 0, "{:#?}", loaded.report);
    let clock = Clock::start();
    let resolver = Rc::new(Resolver::new(&[]));
    let origin = Origin::new(&loaded.providers[0], None, resolver, (clock, Arc::default()));
    let now = clock.mono();
    let limits = Limits {
        connect: now.plus(Duration::from_secs(5)),
        first_byte: Duration::from_millis(600),
        idle: Duration::from_millis(200),
        end: now.plus(Duration::from_secs(20)),
        stream: None,
    };
    (Rc::new(origin), limits)
}

/// A peer that treats its first connection like this, in a thread of its own.
fn peer(script: impl FnOnce(std::net::TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        // Whoever connects again is refused from here on, not left in a queue.
        drop(listener);
        script(stream);
    });
    address
}

fn request(body: SendBody) -> Request<SendBody> {
    Request::post("/").header("host", "peer").body(body).unwrap()
}

fn small() -> SendBody {
    SendBody::kept(Bytes::from_static(b"hello"))
}

/// Reads a request whose body is `hello`.
fn read_request(stream: &mut std::net::TcpStream) {
    let mut all = Vec::new();
    let mut part = [0; 1_024];
    while !all.ends_with(b"\r\n\r\nhello") {
        let bytes = stream.read(&mut part).unwrap();
        assert!(bytes > 0, "the request ended early");
        all.extend_from_slice(&part[..bytes]);
    }
}

/// A connection and an exchange on it, as a call makes them.
async fn send(
    origin: &Rc<Origin>,
    request: Request<SendBody>,
    limits: &Limits,
) -> Result<super::Arrived, Failed> {
    send_with(origin, Trust::Recent, request, limits).await
}

async fn send_with(
    origin: &Rc<Origin>,
    trust: Trust,
    request: Request<SendBody>,
    limits: &Limits,
) -> Result<super::Arrived, Failed> {
    match origin.reach(trust, limits).await {
        Ok(Carrier::Shared(_)) => panic!("nobody speaks HTTP/2 here"),
        Ok(Carrier::Own(connection)) => {
            let limits = Limited { limits: *limits, now: origin.clock.mono(), bytes_max: 1_024 };
            let (mut exchange, given) = origin.begin(connection, request, limits);
            let mut given = pin!(given);
            let given = poll_fn(|cx| exchange.poll(given.as_mut(), cx)).await;
            origin.arrived(exchange, given)
        }
        Err(fault) => Err(Failed { sent: Sent::Nothing, fault, unused: Some(Box::new(request)) }),
    }
}

fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

async fn failed(origin: &Rc<Origin>, limits: &Limits, body: SendBody) -> Failed {
    match send(origin, request(body), limits).await {
        Err(failed) => failed,
        Ok(arrived) => panic!("a reply came: {}", arrived.head.status),
    }
}

/// The failure of a first request to such a peer, and whether the request came back.
fn check(address: SocketAddr, body: SendBody, want: (Fault, Sent), back: Back) {
    run(async {
        let (origin, limits) = origin(address);
        let Failed { sent, fault, unused } = failed(&origin, &limits, body).await;
        assert_eq!((fault, sent), want);
        assert_eq!(unused.is_some(), back == Back::Yes);
        assert_eq!(origin.pool_counts().idle, 0, "a connection that failed is not kept");
    });
}

#[derive(PartialEq)]
enum Back {
    Yes,
    No,
}

#[test]
fn a_refused_connection_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    check(address, small(), (Fault::ConnectRefused, Sent::Nothing), Back::Yes);
}

#[test]
fn a_connection_that_ends_after_the_request_sent_all_of_it() {
    let address = peer(|mut stream| read_request(&mut stream));
    check(address, small(), (Fault::Reset, Sent::All), Back::No);
}

#[test]
fn a_head_that_is_not_http_comes_after_the_whole_request() {
    for (head, fault) in [
        ("SSH-2.0-x\r\n\r\n", Fault::Malformed),
        ("HTTP/1.1 abc\r\n\r\n", Fault::Malformed),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Fault::Malformed),
        ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", Fault::Malformed),
        (
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            Fault::Malformed,
        ),
    ] {
        let address = peer(move |mut stream| {
            read_request(&mut stream);
            stream.write_all(head.as_bytes()).unwrap();
            // Ends when the other side has given up.
            let _ended = stream.read(&mut [0; 1]);
        });
        check(address, small(), (fault, Sent::All), Back::No);
    }
}

#[test]
fn a_peer_that_stops_taking_bytes_got_a_part() {
    let (done, wait) = mpsc::channel::<()>();
    let address = peer(move |mut stream| {
        stream.read_exact(&mut [0; 16]).unwrap();
        let _until = wait.recv();
    });
    let large = SendBody::kept(Bytes::from(vec![0; 32 * 1024 * 1024]));
    check(address, large, (Fault::WriteTimeout, Sent::Part), Back::No);
    drop(done);
}

#[test]
fn a_peer_that_says_nothing_got_all_and_is_late() {
    let (done, wait) = mpsc::channel::<()>();
    let address = peer(move |mut stream| {
        read_request(&mut stream);
        let _until = wait.recv();
    });
    check(address, small(), (Fault::FirstByteTimeout, Sent::All), Back::No);
    drop(done);
}

#[test]
fn a_callers_body_that_breaks_off_is_no_fault_of_the_peer() {
    let address = peer(|mut stream| while stream.read(&mut [0; 1_024]).is_ok_and(|n| n > 0) {});
    let body = SendBody::streamed(Box::pin(Breaking(false)));
    run(async {
        let (origin, limits) = origin(address);
        let failed = failed(&origin, &limits, body).await;
        assert_eq!(failed.fault, Fault::RequestBroken);
        assert_ne!(failed.sent, Sent::All);
    });
}

/// A body that breaks off after two bytes.
struct Breaking(bool);

impl Body for Breaking {
    type Data = Bytes;
    type Error = Cause;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cause>>> {
        Poll::Ready(Some(if std::mem::replace(&mut self.0, true) {
            Err("gone".into())
        } else {
            Ok(Frame::data(Bytes::from_static(b"he")))
        }))
    }
}

/// What a provider does with a connection after its first reply, at a time when nobody reads it.
fn closing_peer() -> (SocketAddr, impl FnOnce()) {
    let (close, closing) = mpsc::channel::<()>();
    let (closed, wait) = mpsc::channel::<()>();
    let address = peer(move |mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        closing.recv().unwrap();
        drop(stream);
        closed.send(()).unwrap();
    });
    let now_close = move || {
        close.send(()).unwrap();
        wait.recv().unwrap();
    };
    (address, now_close)
}

/// The system may bring an end a moment late; the runtime looks at its sockets at every turn.
async fn arrives() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_connection_that_was_idle_is_looked_at_before_it_is_used() {
    let (address, close) = closing_peer();
    run(async {
        let (origin, limits) = origin(address);
        let mut origin = Rc::into_inner(origin).unwrap();
        origin.look_again_after = Duration::ZERO;
        let origin = Rc::new(origin);
        let arrived = send(&origin, request(small()), &limits).await;
        assert_eq!(arrived.ok().map(|arrived| arrived.sent), Some(Sent::All));
        assert_eq!(origin.pool_counts().idle, 1);
        close();
        arrives().await;
        let Failed { sent, fault, unused } = failed(&origin, &limits, small()).await;
        // The peer is gone for good: that a new connection is refused shows that one was made.
        assert_eq!((fault, sent), (Fault::ConnectRefused, Sent::Nothing));
        assert!(unused.is_some(), "the request comes back");
        let counts = origin.pool_counts();
        assert_eq!((counts.idle, counts.closed), (0, 1));
    });
}

/// A hold that came while it was made costs the next call no second handshake.
#[test]
fn a_new_connection_that_was_not_used_is_kept() {
    let (done, wait) = mpsc::channel::<()>();
    let address = peer(move |_stream| {
        let _until = wait.recv();
    });
    run(async {
        let (origin, limits) = origin(address);
        let connection = origin.reach(Trust::Recent, &limits).await.expect("it listens");
        origin.spare(connection, origin.clock.mono());
        assert_eq!(origin.pool_counts().idle, 1);
        assert!(origin.at_hand(Trust::Recent, origin.clock.mono()).is_some());
    });
    drop(done);
}

/// A call that may be sent once only trusts no connection, however short it was idle.
#[test]
fn a_connection_that_ended_unseen_is_not_used_by_who_trusts_none() {
    let (address, close) = closing_peer();
    run(async {
        let (origin, limits) = origin(address);
        let arrived = send(&origin, request(small()), &limits).await;
        assert_eq!(arrived.ok().map(|arrived| arrived.sent), Some(Sent::All));
        close();
        arrives().await;
        let sent = send_with(&origin, Trust::None, request(small()), &limits).await;
        let Err(failed) = sent else { panic!("a reply came") };
        assert_eq!((failed.fault, failed.sent), (Fault::ConnectRefused, Sent::Nothing));
        assert_eq!(origin.pool_counts().closed, 1);
    });
}

/// The other side of it: what was in use a moment ago is trusted, and what cannot be known is not claimed.
#[test]
fn a_connection_that_ended_unseen_leaves_open_what_was_sent() {
    let (address, close) = closing_peer();
    run(async {
        let (origin, limits) = origin(address);
        let arrived = send(&origin, request(small()), &limits).await;
        assert_eq!(arrived.ok().map(|arrived| arrived.sent), Some(Sent::All));
        close();
        let Failed { sent, fault, unused } = failed(&origin, &limits, small()).await;
        assert_eq!((fault, sent), (Fault::Reset, Sent::All));
        assert!(unused.is_none());
    });
}

#[test]
fn a_reply_before_the_whole_request_is_relayed_and_its_connection_closed() {
    let (done, wait) = mpsc::channel::<()>();
    let address = peer(move |mut stream| {
        stream.read_exact(&mut [0; 16]).unwrap();
        stream.write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n").unwrap();
        let _until = wait.recv();
    });
    run(async {
        let (origin, limits) = origin(address);
        let large = SendBody::kept(Bytes::from(vec![0; 32 * 1024 * 1024]));
        let arrived = send(&origin, request(large), &limits).await;
        let Ok(arrived) = arrived else { panic!("no reply") };
        assert_eq!((arrived.head.status.as_u16(), arrived.sent), (413, Sent::Part));
        assert_eq!(origin.pool_counts().idle, 0);
    });
    drop(done);
}
