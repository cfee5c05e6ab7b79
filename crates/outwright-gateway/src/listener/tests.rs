//! The listener over real sockets, with answers that say what they saw.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::LocalSet;

use super::{Answers, Bound, Inbound, Shared, bind, serve};
use crate::guard::Watch;
use crate::problem::{Kind, Place, Problem};

/// Says the path and the body that it saw.
#[derive(Default)]
struct Echo {
    answered: Cell<u32>,
}

impl Answers for Echo {
    type Body = Full<Bytes>;

    async fn answer(
        self: Rc<Self>,
        request: Request<Inbound>,
        watch: Rc<Watch>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        watch.call_begins();
        let path = request.uri().path().to_owned();
        let text = match request.into_body().collect().await {
            Ok(body) => [path.as_bytes(), b" ", &body.to_bytes()].concat(),
            Err(_) => b"broken".to_vec(),
        };
        self.answered.set(self.answered.get() + 1);
        watch.call_ends();
        Ok(Response::new(Full::from(text)))
    }

    fn turn_away(&self, kind: &'static Kind) -> (Parts, Vec<u8>) {
        let (head, ()) = Response::builder().status(kind.status).body(()).unwrap().into_parts();
        (head, Problem::of(kind).document(&Place::default()))
    }
}

/// Everything that comes back for these bytes, to the end of the connection.
async fn exchange(address: SocketAddr, pieces: &[&[u8]]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    for piece in pieces {
        socket.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut text = Vec::new();
    // A reset at the end loses nothing that the test looks at.
    let _ended = socket.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

fn with_listener<F: AsyncFnOnce(SocketAddr, Rc<Echo>, watch::Sender<bool>)>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into(), Shared::WithNobody).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let echo = Rc::new(Echo::default());
        let served =
            serve(Bound::Port(listener, None), Rc::clone(&echo), stopped, Duration::from_secs(5));
        let served = tokio::task::spawn_local(served);
        let bounded = tokio::time::timeout(Duration::from_secs(20), test(address, echo, stop));
        bounded.await.expect("the exchange ends by itself");
        served.await.unwrap().unwrap();
    });
}

const LAST: &[u8] = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[test]
fn requests_on_one_connection_are_answered_in_order() {
    with_listener(async |address, _, stop| {
        let first = b"POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        let chunked = b"POST /second HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n";
        let text = exchange(address, &[first, chunked, LAST]).await;
        let places: Vec<_> = ["/first abc", "/second de", "/last "]
            .iter()
            .map(|answer| text.find(answer).unwrap_or_else(|| panic!("{answer} in {text}")))
            .collect();
        assert!(places.is_sorted(), "{text}");
        stop.send_replace(true);
    });
}

/// a bad head gets a problem document, whatever hyper would have done with it.
#[test]
fn a_bad_head_gets_a_problem_document() {
    with_listener(async |address, echo, stop| {
        for (head, status) in [
            (
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                400,
            ),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
                400,
            ),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            ("GET / HTTP/1.1\nHost: x\n\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400),
            ("GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("CONNECT y:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("nonsense\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
        ] {
            let text = exchange(address, &[head.as_bytes()]).await;
            assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{head:?} gave {text:?}");
            assert!(text.contains("urn:outwright:problem:bad-request"), "{head:?} gave {text:?}");
            // The same in two pieces, of which hyper has seen the first.
            let (one, two) = head.split_at(9);
            let text = exchange(address, &[one.as_bytes(), two.as_bytes()]).await;
            assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{head:?} gave {text:?}");
        }
        assert_eq!(echo.answered.get(), 0);
        stop.send_replace(true);
    });
}

///
#[test]
fn a_head_that_is_too_large_is_told_so() {
    with_listener(async |address, _, stop| {
        let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(101));
        let text = exchange(address, &[many.as_bytes()]).await;
        assert!(text.starts_with("HTTP/1.1 431 "), "{text}");
        let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(20_000));
        let text = exchange(address, &[long.as_bytes()]).await;
        assert!(text.starts_with("HTTP/1.1 414 "), "{text}");
        let fine =
            format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "a".repeat(8_000));
        let text = exchange(address, &[fine.as_bytes()]).await;
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
        stop.send_replace(true);
    });
}

/// what came before a bad head is answered, and nothing after it.
#[test]
fn a_bad_head_behind_a_good_one_closes_the_connection_after_both_answers() {
    with_listener(async |address, echo, stop| {
        let good = "GET /good HTTP/1.1\r\nHost: x\r\n\r\n";
        let both = format!("{good}GET /bad HTTP/1.1\r\nHost : x\r\n\r\n{good}");
        let text = exchange(address, &[both.as_bytes()]).await;
        let first = text.find("/good ").expect("the first is answered");
        let second = text.find("HTTP/1.1 400 ").expect("the second is refused");
        assert!(first < second, "{text}");
        assert_eq!(echo.answered.get(), 1);
        stop.send_replace(true);
    });
}

#[test]
fn a_body_that_is_framed_wrongly_is_broken_for_its_reader() {
    with_listener(async |address, _, stop| {
        let head = b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n";
        let text = exchange(address, &[head]).await;
        assert!(!text.contains("/p ab"), "{text}");
        stop.send_replace(true);
    });
}

/// Draining: a connection without a call ends at once, and nobody new is let in.
#[test]
fn a_stopped_listener_ends_idle_connections() {
    with_listener(async |address, _, stop| {
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET /one HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 512];
        assert!(idle.read(&mut answer).await.unwrap() > 0);
        stop.send_replace(true);
        assert_eq!(idle.read(&mut answer).await.unwrap(), 0);
    });
}
