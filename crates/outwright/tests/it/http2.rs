//! HTTP/2 to a provider, on frames that we write ourselves and on a server that we did not write (`nghttpd`).

mod cases;
mod foreign;
mod silence;

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outwright::Outcome;
use outwright_core::outcome::Fault;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

use crate::world::{Got, Terms, World, demo, on_a_core};

use On::{It, Number};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const ACK: u8 = 1;

/// The stream that a frame is on.
#[derive(Clone, Copy, Debug)]
enum On {
    /// That of the request.
    It,
    /// This one.
    Number(u32),
}

/// A frame, its length as it is unless a case says otherwise.
#[derive(Clone, Debug)]
struct Frame(u8, u8, On, Cow<'static, [u8]>);

/// `:status: 200` (RFC 7541, static table, entry 8).
const OK: &[u8] = &[0x88];

fn frame(kind: u8, flags: u8, on: On, payload: impl AsRef<[u8]>) -> Frame {
    Frame(kind, flags, on, Cow::Owned(payload.as_ref().to_vec()))
}

fn bytes(frame: &Frame, stream: u32) -> Vec<u8> {
    let Frame(kind, flags, on, payload) = frame;
    let stream = if let Number(number) = on { *number } else { stream };
    let mut all = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    all.extend_from_slice(&[*kind, *flags]);
    all.extend_from_slice(&stream.to_be_bytes());
    all.extend_from_slice(payload);
    all
}

/// A frame that came.
#[derive(Debug)]
struct Came {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

async fn read(stream: &mut TlsStream<TcpStream>) -> Option<Came> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.ok()?;
    let number = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
    Some(Came { kind: head[3], flags: head[4], stream: number, payload })
}

/// What a scripted provider does with a connection.
type Script =
    Rc<dyn Fn(usize, TlsStream<TcpStream>) -> std::pin::Pin<Box<dyn Future<Output = ()>>>>;

/// A provider on loopback with a certificate of its own, speaking HTTP/2 as a test writes it.
struct Peer {
    port: u16,
    connections: Rc<RefCell<usize>>,
    _folder: tempfile::TempDir,
    ca: std::path::PathBuf,
}

impl Peer {
    async fn start(script: Script) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, certificate.pem()).unwrap();
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], der)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Rc::new(RefCell::new(0));
        let count = Rc::clone(&connections);
        drop(tokio::task::spawn_local(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                *count.borrow_mut() += 1;
                let number = *count.borrow();
                let (acceptor, script) = (acceptor.clone(), Rc::clone(&script));
                drop(tokio::task::spawn_local(async move {
                    let Ok(mut stream) = acceptor.accept(socket).await else { return };
                    let mut preface = [0; 24];
                    if stream.read_exact(&mut preface).await.is_ok() {
                        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
                        script(number, stream).await;
                    }
                }));
            }
        }));
        Self { port, connections, _folder: folder, ca }
    }

    fn terms(&self, demo: &outwright_gateway::demo::Demo) -> Terms {
        Terms {
            base_url: format!("https://127.0.0.1:{}", self.port),
            egress: format!("{{ private: [127.0.0.0/8], ca: {} }}", self.ca.display()),
            ..Terms::plain(demo)
        }
    }
}

async fn write(stream: &mut TlsStream<TcpStream>, frames: &[Frame], on: u32) {
    let all: Vec<u8> = frames.iter().flat_map(|frame| bytes(frame, on)).collect();
    // A peer that has closed already is what some cases are about.
    let _gone = stream.write_all(&all).await;
    let _gone = stream.flush().await;
}

/// Settings, their acknowledgement, and the number of the first request's stream.
async fn greet(stream: &mut TlsStream<TcpStream>) -> Option<u32> {
    write(stream, &[frame(SETTINGS, 0, Number(0), b"")], 0).await;
    next_request(stream).await
}

/// The stream of the next request whose head came.
async fn next_request(stream: &mut TlsStream<TcpStream>) -> Option<u32> {
    loop {
        let came = read(stream).await?;
        match came.kind {
            HEADERS => return Some(came.stream),
            SETTINGS if came.flags & ACK == 0 => {
                write(stream, &[frame(SETTINGS, ACK, Number(0), b"")], 0).await;
            }
            _ => {}
        }
    }
}

/// A whole answer: 200 and a body.
fn answer(body: &[u8]) -> Vec<Frame> {
    vec![frame(HEADERS, END_HEADERS, It, OK), frame(DATA, END_STREAM, It, body)]
}

fn fault(got: Got) -> Fault {
    match got {
        Got::Reply(_, Err(broken)) => broken.0,
        Got::Reply(status, Ok(body)) => panic!("a reply came: {status} {body:?}"),
        Got::Other(outcome) => match *outcome {
            Outcome::Failed(failure) => failure.fault,
            other @ (Outcome::Refused(_) | Outcome::Misuse(_)) => panic!("{other:?}"),
        },
    }
}

fn script<F: Future<Output = ()> + 'static>(
    script: impl Fn(usize, TlsStream<TcpStream>) -> F + 'static,
) -> Script {
    Rc::new(move |number, stream| Box::pin(script(number, stream)))
}

/// Answers every request, to the end of the connection.
async fn serve(stream: &mut TlsStream<TcpStream>, first: Option<u32>, body: &[u8]) {
    let mut on = first;
    while let Some(number) = on {
        write(stream, &answer(body), number).await;
        on = next_request(stream).await;
    }
}

#[test]
fn calls_share_one_connection() {
    let demo = demo();
    on_a_core(async {
        let peer = Peer::start(script(|_, mut stream| async move {
            let first = greet(&mut stream).await;
            serve(&mut stream, first, b"fine").await;
        }))
        .await;
        let world = Rc::new(World::new(&peer.terms(&demo)));
        let calls = (0..16).map(|_| {
            let world = Rc::clone(&world);
            tokio::task::spawn_local(async move { world.get("/v1/charges").await.0 })
        });
        for call in calls.collect::<Vec<_>>() {
            let got = call.await.unwrap();
            assert!(
                matches!(&got, Got::Reply(status, Ok(body)) if *status == 200 && body == "fine"),
                "{got:?}"
            );
        }
        assert_eq!(*peer.connections.borrow(), 1);
        world.assert_at_rest();
    });
}

/// a refused stream was not processed, whatever the plan; and it does not loop.
#[test]
fn a_refused_stream_is_sent_again_and_not_for_ever() {
    let demo = demo();
    on_a_core(async {
        let seen = Rc::new(RefCell::new(0));
        let count = Rc::clone(&seen);
        let peer = Peer::start(script(move |_, mut stream| {
            let count = Rc::clone(&count);
            async move {
                let mut on = greet(&mut stream).await;
                while let Some(number) = on {
                    *count.borrow_mut() += 1;
                    let refused = [frame(RST_STREAM, 0, It, 7_u32.to_be_bytes())];
                    let frames = if *count.borrow() == 1 || *count.borrow() > 2 {
                        refused.to_vec()
                    } else {
                        answer(b"fine")
                    };
                    write(&mut stream, &frames, number).await;
                    on = next_request(&mut stream).await;
                }
            }
        }))
        .await;
        let terms = Terms { create: "    idempotency: { plan: once }\n", ..peer.terms(&demo) };
        let world = World::new(&terms);
        let (got, record) = world.post("/v1/charges", "{}").await;
        assert!(matches!(&got, Got::Reply(_, Ok(body)) if body == "fine"), "{got:?}");
        assert_eq!(*seen.borrow(), 2, "{record:?}");
        let (got, _) = world.post("/v1/charges", "{}").await;
        assert_eq!(fault(got), Fault::RefusedStream);
        assert!(*seen.borrow() <= 2 + 3, "{} sends", seen.borrow());
        world.assert_at_rest();
    });
}

/// above GOAWAY's last stream nothing was done; below it nobody knows.
#[test]
fn goaway_tells_what_was_not_processed() {
    let demo = demo();
    for (last, repeated) in [(0_u32, true), (1, false)] {
        on_a_core(async {
            let peer = Peer::start(script(move |number, mut stream| async move {
                let first = greet(&mut stream).await;
                if number == 1 {
                    let payload = [last.to_be_bytes(), 0_u32.to_be_bytes()].concat();
                    write(&mut stream, &[frame(GOAWAY, 0, Number(0), payload)], 0).await;
                    // Closed in front of an answer.
                    return;
                }
                serve(&mut stream, first, b"fine").await;
            }))
            .await;
            let terms = Terms { create: "    idempotency: { plan: once }\n", ..peer.terms(&demo) };
            let world = World::new(&terms);
            let (got, _) = world.post("/v1/charges", "{}").await;
            if repeated {
                assert!(matches!(&got, Got::Reply(_, Ok(body)) if body == "fine"), "{got:?}");
            } else {
                assert_eq!(fault(got), Fault::Reset);
                let (got, _) = world.post("/v1/charges", "{}").await;
                assert!(matches!(&got, Got::Reply(_, Ok(_))), "{got:?}");
            }
            assert_eq!(*peer.connections.borrow(), 2);
            world.assert_at_rest();
        });
    }
}

///
#[test]
fn a_provider_that_wants_the_older_version_gets_it() {
    let demo = demo();
    on_a_core(async {
        let peer = Peer::start(script(|_, mut stream| async move {
            let first = greet(&mut stream).await.unwrap_or(1);
            let wants = frame(RST_STREAM, 0, It, 13_u32.to_be_bytes());
            write(&mut stream, &[wants], first).await;
            while next_request(&mut stream).await.is_some() {}
        }))
        .await;
        let world = World::new(&peer.terms(&demo));
        let (got, _) = world.get("/v1/charges").await;
        // It speaks nothing but HTTP/2, so the handshake for the older version is refused.
        assert_eq!(fault(got), Fault::TlsRefused);
        assert_eq!(*peer.connections.borrow(), 2);
    });
}

/// an answer before the end of the request is the answer.
#[test]
fn an_early_answer_is_the_answer() {
    let demo = demo();
    on_a_core(async {
        let peer = Peer::start(script(|_, mut stream| async move {
            let first = greet(&mut stream).await.unwrap_or(1);
            // `:status: 413` as a literal; no window is given for the body.
            let head = frame(HEADERS, END_HEADERS | END_STREAM, It, b"\x08\x03413");
            let enough = frame(RST_STREAM, 0, It, 0_u32.to_be_bytes());
            write(&mut stream, &[head, enough], first).await;
            while next_request(&mut stream).await.is_some() {}
        }))
        .await;
        let world = World::new(&peer.terms(&demo));
        let (got, record) = world.post("/v1/charges", vec![b'x'; 500_000]).await;
        assert!(matches!(&got, Got::Reply(status, Ok(_)) if *status == 413), "{got:?}");
        assert_eq!(record.attempts.count(), 1);
        world.assert_at_rest();
    });
}

/// a head without a status is no answer, whether its stream goes on or not.
#[test]
fn a_head_without_a_status_is_no_success() {
    let demo = demo();
    for flags in [END_HEADERS, END_HEADERS | END_STREAM] {
        on_a_core(async {
            let peer = Peer::start(script(move |_, mut stream| async move {
                let mut on = greet(&mut stream).await;
                while let Some(number) = on {
                    // `x-dummy: y`, and nothing else.
                    let head = frame(HEADERS, flags, It, b"\x00\x07x-dummy\x01y");
                    write(&mut stream, &[head], number).await;
                    on = next_request(&mut stream).await;
                }
            }))
            .await;
            let world = World::new(&peer.terms(&demo));
            let (got, _) = world.get("/v1/charges").await;
            assert_eq!(fault(got), Fault::Malformed);
            world.assert_at_rest();
        });
    }
}

/// a peer may allow no stream for a while; calls wait, and give up in time.
#[test]
fn the_peers_limit_of_streams_is_obeyed() {
    let demo = demo();
    on_a_core(async {
        let most = Rc::new(RefCell::new((0_usize, 0_usize)));
        let count = Rc::clone(&most);
        let peer = Peer::start(script(move |_, mut stream| {
            let count = Rc::clone(&count);
            async move {
                let two = [0, 3, 0, 0, 0, 2];
                write(&mut stream, &[frame(SETTINGS, 0, Number(0), two)], 0).await;
                let mut open = Vec::new();
                while let Some(number) = next_request(&mut stream).await {
                    open.push(number);
                    {
                        let mut count = count.borrow_mut();
                        count.0 += 1;
                        count.1 = count.1.max(open.len());
                    }
                    if open.len() == 2 || count.borrow().0 == 9 {
                        for number in open.drain(..) {
                            write(&mut stream, &answer(b"fine"), number).await;
                        }
                    }
                }
            }
        }))
        .await;
        let world = Rc::new(World::new(&peer.terms(&demo)));
        // The first one learns the limit.
        let calls = (0..9).map(|_| {
            let world = Rc::clone(&world);
            tokio::task::spawn_local(async move { world.get("/v1/charges").await.0 })
        });
        for call in calls.collect::<Vec<_>>() {
            let got = call.await.unwrap();
            assert!(matches!(&got, Got::Reply(_, Ok(body)) if body == "fine"), "{got:?}");
        }
        assert_eq!((most.borrow().0, *peer.connections.borrow()), (9, 1));
        world.assert_at_rest();
    });
}

fn nghttpd(folder: &Path) -> Option<(std::process::Child, u16)> {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let started = Command::new("nghttpd")
        .args(["-d"])
        .arg(folder)
        .args(["--echo-upload", "-a", "127.0.0.1", &port.to_string()])
        .arg(folder.join("key.pem"))
        .arg(folder.join("cert.pem"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = started else {
        eprintln!("SKIPPED nghttpd: it is not installed; `cargo xtask test` installs it");
        assert!(std::env::var_os("CI").is_none(), "nghttpd may not be skipped in CI");
        return None;
    };
    let began = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "nghttpd did not listen");
        std::thread::yield_now();
    }
    Some((child, port))
}

#[test]
fn nghttpd_is_called_with_bodies_in_both_directions() {
    let folder = tempfile::tempdir().unwrap();
    crate::tls::certificate(folder.path());
    std::fs::create_dir(folder.path().join("v1")).unwrap();
    let large: Vec<u8> = (0..400_000_u32).flat_map(u32::to_be_bytes).take(700_000).collect();
    std::fs::write(folder.path().join("v1/charges"), &large).unwrap();
    let Some((mut child, port)) = nghttpd(folder.path()) else { return };
    let demo = demo();
    on_a_core(async {
        let world = World::new(&Terms {
            base_url: format!("https://127.0.0.1:{port}"),
            egress: format!(
                "{{ private: [127.0.0.0/8], ca: {} }}",
                folder.path().join("cert.pem").display()
            ),
            ..Terms::plain(&demo)
        });
        for _ in 0..3 {
            let (got, _) = world.get("/v1/charges").await;
            assert!(matches!(&got, Got::Reply(_, Ok(body)) if *body == large), "the file arrives");
            // Larger than any window, and larger than what is kept.
            let (got, _) = world.post("/v1/charges", large.clone()).await;
            assert!(matches!(&got, Got::Reply(_, Ok(body)) if *body == large), "the echo arrives");
        }
        assert_eq!(world.pool().connected, 1);
        world.assert_at_rest();
    });
    // Both fail only when the process is gone already.
    let _ = child.kill();
    let _ = child.wait();
}
